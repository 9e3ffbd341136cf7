// The bar of find and replace, above the text: Ctrl+F opens it, Escape closes it.

import type { EditorView } from "prosemirror-view";
import { foundIn, look, replaceAll, replaceOne, step } from "./find.ts";
import { separateUndo } from "./paste.ts";

type Say = (words: string, shown?: boolean, kind?: string) => void;

let number = 0;

function field(label: string, parent: HTMLElement): HTMLInputElement {
  const input = document.createElement("input");
  input.type = "text";
  input.autocomplete = "off";
  input.id = `find-${(number += 1)}`;
  const words = document.createElement("label");
  words.htmlFor = input.id;
  words.textContent = label;
  const box = document.createElement("span");
  box.className = "find-field";
  box.append(words, input);
  parent.append(box);
  return input;
}

export class FindBar {
  private readonly bar = document.createElement("form");
  private readonly words: HTMLInputElement;
  private readonly instead: HTMLInputElement;
  private readonly exact = document.createElement("input");
  private readonly count = document.createElement("span");
  private readonly writing: HTMLButtonElement[] = [];
  private view: EditorView | null = null;
  private writable = false;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    toolbar: HTMLElement,
    private readonly say: Say,
  ) {
    const { bar } = this;
    bar.className = "find-bar";
    bar.hidden = true;
    bar.setAttribute("role", "search");
    bar.setAttribute("aria-label", "Rechercher dans le texte");
    this.words = field("Rechercher", bar);
    this.count.className = "find-count";
    bar.append(this.count);
    this.button("Précédent", () => this.go(-1));
    this.button("Suivant", () => this.go(1));
    this.instead = field("Remplacer par", bar);
    this.writing.push(this.button("Remplacer", () => this.replace()), this.button("Tout remplacer", () => this.replaceEvery()));
    this.exact.type = "checkbox";
    const label = document.createElement("label");
    label.className = "find-exact";
    label.append(this.exact, " Respecter la casse et les accents");
    bar.append(label);
    this.button("Fermer", () => this.close());
    // In the bar that stays above the text, so that what scrolls is not hidden behind it.
    (toolbar.closest(".editor-bar") ?? toolbar).append(bar);
    this.words.addEventListener("input", () => this.soon());
    this.exact.addEventListener("change", () => this.look());
    bar.addEventListener("submit", (event) => event.preventDefault());
    bar.addEventListener("keydown", (event) => this.onKey(event));
  }

  get isOpen(): boolean {
    return !this.bar.hidden;
  }

  attach(view: EditorView | null, writable: boolean): void {
    if (view !== this.view && this.isOpen) this.bar.hidden = true;
    this.view = view;
    this.writable = writable;
    for (const button of this.writing) button.disabled = !writable;
  }

  /** With the selected words, when they are of one line. */
  open(): void {
    const { view } = this;
    if (!view) return;
    const { from, to, $from, $to } = view.state.selection;
    if (from < to && $from.sameParent($to)) this.words.value = view.state.doc.textBetween(from, to).slice(0, 200);
    this.bar.hidden = false;
    this.words.focus();
    this.words.select();
    this.look();
  }

  close(): void {
    const { view } = this;
    this.bar.hidden = true;
    if (!view) return;
    view.dispatch(look(view.state, { words: "", exact: false }));
    view.focus();
  }

  /** After a change of the text: how many there are now. */
  refresh(): void {
    if (this.isOpen) this.tell(false);
  }

  go(by: 1 | -1): void {
    const { view } = this;
    const tr = view && step(view.state, by);
    if (!view || !tr) return this.tell(true);
    view.dispatch(tr);
    this.reveal();
    this.tell(true);
  }

  /** Looking through a long text at every key would make typing here slow. */
  private soon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), 150);
  }

  private look(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { view } = this;
    if (!view || !this.isOpen) return;
    view.dispatch(look(view.state, { words: this.words.value, exact: this.exact.checked }));
    this.reveal();
    this.tell(true);
  }

  /** The focus is in the bar, so that the browser does not bring the words into sight by itself. */
  private reveal(): void {
    this.view?.dom.querySelector(".found-current")?.scrollIntoView({ block: "nearest" });
  }

  private replace(): void {
    const { view } = this;
    const tr = view && this.writable ? replaceOne(view.state, this.instead.value) : null;
    if (!view || !tr) return;
    separateUndo(view.state);
    view.dispatch(tr);
    this.reveal();
    this.tell(false);
    this.say(`Remplacé. ${this.count.textContent}`, false, "find");
  }

  private replaceEvery(): void {
    const { view } = this;
    const many = view ? foundIn(view.state).matches.length : 0;
    const tr = view && this.writable ? replaceAll(view.state, this.instead.value) : null;
    if (!view || !tr) return;
    separateUndo(view.state);
    view.dispatch(tr);
    separateUndo(view.state);
    this.tell(false);
    this.say(many > 1 ? `${many}\u00a0remplacements.` : "1\u00a0remplacement.", true, "find");
  }

  private tell(aloud: boolean): void {
    const found = this.view ? foundIn(this.view.state) : null;
    const many = found?.matches.length ?? 0;
    const words = !this.words.value ? "" : many === 0 ? "Aucun résultat" : `${found!.current + 1} sur ${many}`;
    if (this.count.textContent === words) return;
    this.count.textContent = words;
    if (aloud && words) this.say(words, false, "find");
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && event.target instanceof HTMLInputElement && event.target.type === "text") {
      event.preventDefault();
      if (this.timer !== null) this.look();
      else if (event.target === this.instead && this.writable) this.replace();
      else this.go(event.shiftKey ? -1 : 1);
    } else if (event.key === "F3") {
      event.preventDefault();
      this.go(event.shiftKey ? -1 : 1);
    }
  }

  private button(words: string, act: () => void): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "second";
    button.textContent = words;
    button.addEventListener("click", act);
    this.bar.append(button);
    return button;
  }
}
