// Where one looks: the words in the page and the advice in the panel are brought into sight without taking the keyboard.

import type { EditorView } from "prosemirror-view";
import type { FrenchMarks, Stretch } from "./french_marks.ts";

/** Below what the words may stand, from the upper edge of what is free, as a part of it. */
const HIGH = 0.3;
const MARGIN = 8;
/** So long after the page was moved the marks follow, milliseconds. */
const REST = 100;

/** Scrolls the page to a place of the text, into what neither the toolbar nor a panel at the foot of the window covers. */
export function bringIntoSight(view: EditorView, pos: number, panel: HTMLElement): void {
  const at = view.coordsAtPos(pos);
  const top = Math.max(0, document.querySelector(".editor-bar")?.getBoundingClientRect().bottom ?? 0);
  const covers = getComputedStyle(panel).position === "fixed";
  const bottom = covers ? panel.getBoundingClientRect().top : innerHeight;
  if (at.top < top + MARGIN || at.bottom > bottom - MARGIN) scrollBy(0, at.top - top - (bottom - top) * HIGH);
}

/** Scrolls the panel by hand: scrollIntoView would move the page as well. */
export function bringUp(item: HTMLElement, panel: HTMLElement): void {
  panel.scrollTop += item.getBoundingClientRect().top - panel.getBoundingClientRect().top - MARGIN;
}

/** The blocks that stand in the window, or less than `around` pixels above or below it. */
function inSight(view: EditorView, around: number): Stretch {
  const blocks = view.dom.children;
  // They stand one below the other, so halving finds the first that reaches below a line.
  const firstBelow = (line: number): number => {
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (blocks[middle]!.getBoundingClientRect().bottom > line) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const at = (index: number): number =>
    index >= blocks.length ? view.state.doc.content.size : view.posAtDOM(view.dom, index);
  return { from: at(firstBelow(-around)), to: at(firstBelow(innerHeight + around) + 1) };
}

/** Shows the marks as they are known now; under an input method nothing may be drawn anew. */
export function showMarks(view: EditorView | null): void {
  if (view && !view.composing) view.setProps({});
}

/** Where the reader looks is marked, and a window's height more on both sides, so that little moving needs no drawing. */
export class Sight {
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** `view`: null as long as nothing is to be marked. */
  constructor(private readonly marks: FrenchMarks, private readonly view: () => EditorView | null) {
    const moved = (): void => {
      if (this.view()) this.timer ??= setTimeout(() => this.follow(), REST);
    };
    addEventListener("scroll", moved, { passive: true, capture: true });
    addEventListener("resize", moved, { passive: true });
  }

  follow(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const view = this.view();
    if (view && !this.marks.covers(inSight(view, 0))) this.look();
  }

  look(): void {
    const view = this.view();
    if (!view) return;
    this.marks.drawNear(inSight(view, innerHeight));
    showMarks(view);
  }
}
