// The places in the page that the template gives; what is missing is made, so that the editor works on a bare page.

import { Announcer } from "./announce.ts";

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
  /** Places beside the text that the template may give. */
  part(name: string): HTMLElement | null;
  announce(words: string, shown?: boolean, kind?: string): void;
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
  const notice = find("[data-notice]") ?? make("p", { "data-notice": "", hidden: "", class: "told" }, root, true);
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
    part: (name) => find(`[data-${name}]`),
    announce: new Announcer(status, notice).say,
  };
}
