// Links to a block, such as those of what is wrong with the text. The blocks of the editor carry no id of the page
// (a text must not be able to take the place of a part of the page), so such a link is followed here.

import { TextSelection } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";

/** Puts the caret at the beginning of that block and brings it into sight; false when the text has no such block. */
export function goToBlock(view: EditorView, id: string): boolean {
  let found = -1;
  view.state.doc.descendants((node, pos) => {
    if (found < 0 && node.attrs["id"] === id) found = pos;
    return found < 0;
  });
  if (found < 0) return false;
  const inside = view.state.doc.resolve(found + 1);
  // The focus first: what has no focus is not scrolled to.
  view.focus();
  view.dispatch(view.state.tr.setSelection(TextSelection.near(inside, 1)).scrollIntoView());
  return true;
}

export function followBlockLinks(view: () => EditorView | null): void {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#"]') : null;
    const editor = view();
    if (!link || !editor || editor.dom.contains(link)) return;
    const id = decodeURIComponent(link.hash.slice(1));
    // A part of the page goes before a block that happens to be called the same.
    if (id && !document.getElementById(id) && goToBlock(editor, id)) event.preventDefault();
  });
}
