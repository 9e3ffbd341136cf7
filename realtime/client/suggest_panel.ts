// The list of open suggestions beside the text, person by person, with their answers. Accepting and refusing is done by
// the server, which credits who suggested; « Annuler » after it is an edit of one's own.

import type { Fragment } from "prosemirror-model";
import { TextSelection } from "prosemirror-state";
import { button, element } from "./elements.ts";
import { called, type Author, type Found, type SuggestPart } from "./suggest_part.ts";
import { AS_IT_IS } from "./suggest_mend.ts";
import { answered } from "./suggesting.ts";

/** More than these are on the page of their own. */
const MOST = 40;
const QUOTED = 80;
const REST = 120;

type How = "accept" | "reject";

interface Group {
  author: Author | null;
  all: Found[];
}

/** What the blocks said before an answer, for « Annuler ». */
interface Before {
  block: string;
  was: Fragment;
  now: Fragment;
}

/** A button that is found again by `key` when the list is drawn anew. */
function keyed(words: string, key: string, run: () => void, label = ""): HTMLButtonElement {
  const made = button(words, run, label);
  made.dataset["key"] = key;
  return made;
}

const short = (words: string): string => (words.length > QUOTED ? `${words.slice(0, QUOTED - 1).trimEnd()}…` : words);

const counted = (count: number, one: string, many: string): string => `${count}\u00a0${count > 1 ? many : one}`;

/** What a suggestion is, for who hears it. */
function spokenWords({ inserted, deleted }: Found): string {
  if (inserted && deleted) return `remplacer «\u00a0${short(deleted)}\u00a0» par «\u00a0${short(inserted)}\u00a0»`;
  return inserted ? `ajouter «\u00a0${short(inserted)}\u00a0»` : `supprimer «\u00a0${short(deleted)}\u00a0»`;
}

export class SuggestPanel {
  private readonly card: HTMLElement | null;
  private readonly heading: HTMLElement | null;
  private readonly list: HTMLElement;
  private readonly notice: HTMLElement;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private written = "";
  private busy = false;

  constructor(private readonly part: SuggestPart) {
    this.card = part.mode.hooks.page.part("suggestions");
    this.heading = this.card?.querySelector("h2") ?? null;
    this.heading?.setAttribute("tabindex", "-1");
    this.list = element("div", "");
    this.notice = element("p", "suggestion-notice");
    this.notice.hidden = true;
    this.card?.append(this.notice, this.list);
  }

  private get page() {
    return this.part.mode.hooks.page;
  }

  private get answers(): boolean {
    return (this.page.root.dataset["rights"] ?? "").split(" ").includes("write") && !this.part.mode.only;
  }

  soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.render();
    }, REST);
  }

  render(): void {
    if (!this.card) return;
    const found = this.part.found();
    const groups = new Map<string, Group>();
    for (const one of found) {
      const author = this.part.author(one.id);
      const key = author?.person === undefined ? "" : String(author.person);
      const group = groups.get(key) ?? { author, all: [] };
      groups.set(key, group);
      group.all.push(one);
    }
    const { mode } = this.part;
    const state = JSON.stringify([[...groups.values()], mode.on, mode.only, this.answers]);
    if (state === this.written) return;
    this.written = state;
    this.card.hidden = found.length === 0 && !mode.on && this.notice.hidden;
    const focused = document.activeElement instanceof HTMLElement && this.list.contains(document.activeElement) ? document.activeElement : null;
    const order = focused ? this.keys() : [];
    const parts: HTMLElement[] = [];
    if (mode.on) {
      parts.push(
        element("p", "meta", "Ce que vous écrivez devient une suggestion. Seul le texte à l’intérieur d’un bloc peut être suggéré."),
      );
    }
    if (found.length === 0) parts.push(element("p", "", "Aucune suggestion n’attend de réponse."));
    if (groups.size > 1 && this.answers) parts.push(this.allAnswers("toutes les suggestions", "all", found, false));
    let left = MOST;
    for (const [key, group] of groups) {
      if (left > 0) parts.push(this.group(key, group, left));
      left -= group.all.length;
    }
    if (left < 0) parts.push(element("p", "meta", `${counted(-left, "autre suggestion", "autres suggestions")} sur la page des suggestions.`));
    this.list.replaceChildren(...parts);
    if (focused) this.refocus(focused.dataset["key"] ?? "", order);
  }

  private keys(): string[] {
    return [...this.list.querySelectorAll<HTMLElement>("[data-key]")].map((one) => one.dataset["key"]!);
  }

  /** The keyboard goes on where it was; when that is gone, to the next suggestion. */
  private refocus(key: string, order: readonly string[]): void {
    const kind = key.split(" ")[0];
    const after = [key, ...order.slice(order.indexOf(key) + 1).filter((one) => one.split(" ")[0] === kind)];
    const now = new Map([...this.list.querySelectorAll<HTMLElement>("[data-key]")].map((one) => [one.dataset["key"]!, one]));
    const next = after.find((one) => now.has(one));
    (next === undefined ? ([...now.values()].find((one) => one.dataset["key"]!.startsWith(`${kind} `)) ?? this.heading) : now.get(next))?.focus();
  }

  private group(key: string, { author, all }: Group, most: number): HTMLElement {
    const name = author ? (author.mine ? `${called(author)} (vous)` : called(author)) : "Auteur en cours de recherche";
    const section = element("section", "suggestions-of", element("h3", "", name));
    if (all.length > 1 && (this.answers || author?.mine)) {
      section.append(this.allAnswers(author?.mine ? "vos suggestions" : `les suggestions de ${author?.name ?? name}`, key, all, author?.mine ?? false));
    }
    section.append(element("ul", "suggestion-list", ...all.slice(0, most).map((one) => this.line(one, author))));
    return section;
  }

  private line(one: Found, author: Author | null): HTMLElement {
    const words = spokenWords(one);
    const go = keyed("", `go ${one.id}`, () => this.go(one), `Aller à la suggestion\u00a0: ${words}`);
    go.className = "check";
    if (one.deleted) go.append(element("del", "", short(one.deleted)));
    if (one.deleted && one.inserted) go.append(" ");
    if (one.inserted) go.append(element("ins", "", short(one.inserted)));
    const item = element("li", "", go);
    const box = element("span", "suggestion-answers");
    if (this.answers) box.append(this.answerButton("Accepter", "accept", [one.id], words, one.id));
    if (this.answers || author?.mine) {
      box.append(this.answerButton(author?.mine ? "Retirer" : "Refuser", "reject", [one.id], words, one.id));
    }
    if (box.childElementCount > 0) item.append(box);
    return item;
  }

  private allAnswers(whose: string, key: string, all: readonly Found[], mine: boolean): HTMLElement {
    const ids = all.map((one) => one.id);
    const box = element("p", "suggestion-answers");
    if (this.answers) box.append(this.answerButton("Tout accepter", "accept", ids, whose, `all-${key}`));
    box.append(this.answerButton(mine ? "Tout retirer" : "Tout refuser", "reject", ids, whose, `all-${key}`));
    return box;
  }

  private answerButton(words: string, how: How, ids: readonly string[], what: string, key: string): HTMLButtonElement {
    return keyed(words, `${how} ${key}`, () => void this.answer(how, ids), `${words}\u00a0: ${what}`);
  }

  private go({ id }: Found): void {
    const view = this.part.mode.hooks.view();
    const there = this.part.found().find((one) => one.id === id);
    if (!view || !there) return;
    view.focus();
    view.dispatch(view.state.tr.setSelection(TextSelection.near(view.state.doc.resolve(there.from))).scrollIntoView());
  }

  private async answer(how: How, ids: readonly string[]): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    const before = this.before(new Set(ids), how === "accept");
    try {
      const reply = await fetch(this.part.address, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.part.mode.hooks.token },
        credentials: "same-origin",
        body: JSON.stringify({ do: how, ids }),
      });
      const told = (await reply.json()) as { done?: string[]; error?: { message?: string } };
      if (!reply.ok || !told.done) {
        this.page.announce(told.error?.message ?? "La réponse n’a pas été enregistrée\u00a0: réessayez.", true, "suggest");
        return;
      }
      const many = told.done.length;
      const done = how === "accept" ? (many > 1 ? "acceptées" : "acceptée") : many > 1 ? "refusées" : "refusée";
      this.tell(`${counted(many, "suggestion", "suggestions")} ${done}.`, before);
    } catch {
      this.page.announce("Pas de connexion\u00a0: la réponse n’a pas été enregistrée.", true, "suggest");
    } finally {
      this.busy = false;
    }
  }

  private tell(words: string, before: readonly Before[]): void {
    this.page.announce(words, false, "suggest");
    this.notice.replaceChildren(`${words} `);
    if (before.length > 0 && this.answers) this.notice.append(keyed("Annuler", "undo", () => this.undo(before), `Annuler\u00a0: ${words}`));
    this.notice.hidden = false;
    if (this.card) this.card.hidden = false;
  }

  /** What the blocks say, and what the answer makes of them. */
  private before(ids: ReadonlySet<string>, accepted: boolean): Before[] {
    const found: Before[] = [];
    this.part.mode.hooks.view()?.state.doc.descendants((node) => {
      if (!node.inlineContent) return true;
      const now = answered(node.content, ids, accepted);
      const block: unknown = node.attrs["id"];
      if (!now.eq(node.content) && typeof block === "string") found.push({ block, was: node.content, now });
      return false;
    });
    return found;
  }

  private undo(before: readonly Before[]): void {
    const view = this.part.mode.hooks.view();
    if (!view) return;
    const places = new Map<string, number>();
    view.state.doc.descendants((node, pos) => {
      if (typeof node.attrs["id"] === "string") places.set(node.attrs["id"], pos);
      return !node.inlineContent;
    });
    const tr = view.state.tr.setMeta(AS_IT_IS, true);
    let kept = 0;
    for (const { block, was, now } of before) {
      const at = places.get(block);
      const node = at === undefined ? null : view.state.doc.nodeAt(at);
      // Somebody has written there since: their words are worth more than this button.
      if (at === undefined || !node?.content.eq(now)) kept += 1;
      else tr.replaceWith(tr.mapping.map(at) + 1, tr.mapping.map(at + node.nodeSize) - 1, was);
    }
    if (tr.docChanged) view.dispatch(tr);
    this.notice.hidden = true;
    this.heading?.focus();
    const words = tr.docChanged ? "La réponse est annulée." : "Rien n’a été annulé.";
    this.page.announce(
      kept > 0 ? `${words} Le passage a changé depuis\u00a0: ${counted(kept, "bloc est resté", "blocs sont restés")} comme il est.` : words,
      kept > 0,
      "suggest",
    );
  }
}
