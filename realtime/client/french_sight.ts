// Where one looks: the words in the page and the advice in the panel are brought into sight without taking the keyboard.

import type { EditorView } from "prosemirror-view";

/** Below what the words may stand, from the upper edge of what is free, as a part of it. */
const HIGH = 0.3;
const MARGIN = 8;

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
