// The outline of the text beside it: its headings, to move by, and how long the whole is. Made anew in a quiet moment
// after the last change, and only where it says something else than before.

import type { Node } from "prosemirror-model";
import { TextSelection } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { spokenLength, wordCount } from "./counting.ts";

/** How long the text has to be at rest, milliseconds. */
const REST = 400;

interface Heading {
  pos: number;
  level: number;
  words: string;
}

export function headingsIn(doc: Node): Heading[] {
  const found: Heading[] = [];
  doc.descendants((node, pos) => {
    if (node.type.name === "heading" && node.textContent.trim()) {
      found.push({ pos, level: Number(node.attrs["level"]) || 2, words: node.textContent.trim() });
    }
    return !node.isTextblock;
  });
  return found;
}

export class Outline {
  private view: EditorView | null = null;
  private doc: Node | null = null;
  private said = "";
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly list: HTMLElement | null,
    private readonly none: HTMLElement | null,
    private readonly length: HTMLElement | null,
  ) {
    list?.addEventListener("click", (event) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      if (!link || !this.view) return;
      event.preventDefault();
      this.go([...this.list!.querySelectorAll("a")].indexOf(link));
    });
  }

  attach(view: EditorView | null): void {
    this.view = view;
    if (view) this.refresh();
  }

  /** After each change of the editor's state. */
  changed(): void {
    if (!this.view || this.view.state.doc === this.doc || this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      const quiet = (globalThis as { requestIdleCallback?: (run: () => void, options: { timeout: number }) => void }).requestIdleCallback;
      if (quiet) quiet(() => this.refresh(), { timeout: 1_000 });
      else this.refresh();
    }, REST);
  }

  private refresh(): void {
    const doc = this.view?.state.doc;
    if (!doc || doc === this.doc) return;
    this.doc = doc;
    if (this.length) {
      const words = spokenLength(wordCount(doc));
      if (this.length.textContent !== words) this.length.textContent = words;
    }
    if (!this.list) return;
    const headings = headingsIn(doc);
    const said = JSON.stringify(headings.map(({ level, words }) => [level, words]));
    if (said === this.said) return;
    this.said = said;
    this.list.hidden = headings.length === 0;
    if (this.none) this.none.hidden = headings.length > 0;
    this.write(headings);
  }

  /** Line by line, so that the line with the focus keeps it. */
  private write(headings: readonly Heading[]): void {
    const { list } = this;
    if (!list) return;
    while (list.children.length > headings.length) list.lastElementChild!.remove();
    headings.forEach(({ level, words }, i) => {
      let item = list.children[i];
      if (!item) {
        item = document.createElement("li");
        const link = document.createElement("a");
        link.href = "#texte";
        item.append(link);
        list.append(item);
      }
      item.className = `outline-${level}`;
      const link = item.querySelector("a")!;
      if (link.textContent !== words) link.textContent = words;
    });
  }

  private go(index: number): void {
    const { view } = this;
    const heading = view && headingsIn(view.state.doc)[index];
    if (!view || !heading) return;
    // The focus first: what has no focus is not scrolled to.
    view.focus();
    view.dispatch(view.state.tr.setSelection(TextSelection.create(view.state.doc, heading.pos + 1)).scrollIntoView());
  }
}
