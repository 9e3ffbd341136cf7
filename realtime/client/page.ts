// The places in the page that the template gives; what is missing is made, so that the editor works on a bare page.

export interface Page {
  root: HTMLElement;
  draft: number;
  sharedComputer: boolean;
  static: HTMLElement | null;
  place: HTMLElement;
  toolbar: HTMLElement;
  people: HTMLElement;
  state: HTMLElement;
  unsent: HTMLElement;
  announce(text: string): void;
}

function find(selector: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(selector);
}

function make(tag: string, attributes: Record<string, string>, parent: HTMLElement, first = false): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (first) parent.prepend(element);
  else parent.append(element);
  return element;
}

export function readPage(): Page | null {
  const root = find("[data-editor-root]");
  const draft = Number(root?.dataset["draft"]);
  if (!root || !Number.isSafeInteger(draft) || draft <= 0) return null;
  const text = find("[data-editor-static]");
  const place = document.createElement("div");
  place.className = "editor-place";
  place.hidden = true;
  if (text) text.after(place);
  else root.append(place);
  const toolbar = find("[data-toolbar]") ?? make("div", { "data-toolbar": "" }, root, true);
  const state = find("[data-save-state]") ?? make("p", { "data-save-state": "readonly", role: "status" }, root, true);
  const people = find("[data-people]") ?? make("ul", { "data-people": "", "aria-label": "À la table" }, root);
  const unsent = find("[data-unsent]") ?? make("div", { "data-unsent": "", hidden: "" }, root);
  const status =
    find("[data-announce]") ?? make("p", { "data-announce": "", role: "status", class: "visually-hidden" }, root);
  status.setAttribute("aria-live", "polite");
  let clear: ReturnType<typeof setTimeout> | null = null;
  return {
    root,
    draft,
    sharedComputer: root.dataset["sharedComputer"] === "1",
    static: text,
    place,
    toolbar,
    people,
    state,
    unsent,
    announce(words) {
      // Several people may come at once: said together, not one instead of the other.
      status.textContent = status.textContent ? `${status.textContent} ${words}` : words;
      if (clear !== null) clearTimeout(clear);
      clear = setTimeout(() => {
        status.textContent = "";
      }, 5_000);
    },
  };
}
