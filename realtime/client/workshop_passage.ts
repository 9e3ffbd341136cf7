// The text beside the room: what the facilitator shows, for who follows; and the choice of a passage, for who shows.

import { make } from "./workshop_dom.ts";

interface Shown { draft: number; title: string; seq: number; html: string; blocks: { id: string; words: string }[] }

interface Policies { createPolicy(name: string, rules: { createHTML(html: string): string }): { createHTML(html: string): string } }

// The one string that the room hands to the browser's parser, by the one policy that its page allows (labs/room_routes.py).
const policy = (window as { trustedTypes?: Policies }).trustedTypes?.createPolicy("openlab-passage", { createHTML: (html) => html });

/** What our server wrote, marked for browsers that parse nothing else. */
function trusted(html: string): string {
  return policy ? policy.createHTML(html) : html;
}

async function fetched(draft: number): Promise<Shown | null> {
  try {
    const answer = await fetch(`/brouillons/${draft}/passage.json`, { headers: { Accept: "application/json" } });
    return answer.ok ? ((await answer.json()) as Shown) : null;
  } catch {
    return null;
  }
}

export class PassagePane {
  private wanted = 0;

  constructor(private readonly pane: HTMLElement) {}

  /** Show a text with one of its blocks in sight; null puts the pane away. */
  async show(at: { draft: number; block: string | null } | null): Promise<void> {
    const mine = ++this.wanted;
    if (at === null) {
      this.pane.hidden = true;
      return;
    }
    const text = await fetched(at.draft);
    if (mine !== this.wanted) return;
    this.pane.hidden = false;
    if (text === null) {
      this.pane.replaceChildren(make("p", {}, "Ce texte ne peut pas être montré ici pour le moment."));
      return;
    }
    // Written by our server, which escapes every word of it; parsed apart, so that nothing in it runs.
    const parsed = new DOMParser().parseFromString(trusted(text.html), "text/html");
    // Its ids may be those of the page.
    for (const element of parsed.querySelectorAll("[id]")) {
      element.setAttribute("data-block", element.id);
      element.removeAttribute("id");
    }
    const block = at.block === null ? null : parsed.querySelector(`[data-block="${CSS.escape(at.block)}"]`);
    block?.classList.add("passage-shown");
    const words = make("div", { class: "text" }, ...parsed.body.childNodes);
    const region = make("div", { class: "passage-text", role: "region", "aria-label": text.title, tabindex: 0 }, words);
    this.pane.replaceChildren(make("p", { class: "meta" }, `${text.title}, état n°\u00a0${text.seq}`), region);
    const place = region.querySelector<HTMLElement>(".passage-shown");
    // Only the pane moves: the page stays where its reader is.
    region.scrollTop = place ? place.offsetTop - region.offsetTop - 24 : 0;
  }
}

/** Let who shows choose a block once a text is chosen. */
export function chooseBlocks(form: HTMLFormElement): void {
  const text = form.querySelector<HTMLSelectElement>("[data-about]");
  const field = form.querySelector<HTMLElement>("[data-blocks]");
  const blocks = field?.querySelector("select");
  if (!text || !field || !blocks) return;
  let wanted = 0;
  text.addEventListener("change", () => {
    const mine = ++wanted;
    field.hidden = true;
    blocks.replaceChildren();
    const draft = Number(text.value);
    if (!text.value || !Number.isInteger(draft)) return;
    void fetched(draft).then((found) => {
      if (found === null || mine !== wanted) return;
      blocks.append(new Option("Le texte entier", ""), ...found.blocks.map((block) => new Option(block.words.slice(0, 80), block.id)));
      field.hidden = false;
    });
  });
}
