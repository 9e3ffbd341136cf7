// Where the cursor stands, said in a way that survives a rebuilt document: the block's id and the offset in it.

import { TextSelection, type EditorState, type Transaction } from "prosemirror-state";

export interface Place {
  block: unknown;
  offset: number;
  pos: number;
}

export function placeOf(state: EditorState): Place {
  const { $head, head } = state.selection;
  return { block: $head.parent.attrs["id"] ?? null, offset: $head.parentOffset, pos: head };
}

/** Puts the cursor back: into the same block when it is still there, else as near as can be. */
export function returnTo(state: EditorState, place: Place): Transaction {
  let target = Math.min(place.pos, state.doc.content.size);
  state.doc.descendants((node, pos) => {
    if (place.block !== null && node.isTextblock && node.attrs["id"] === place.block) {
      target = pos + 1 + Math.min(place.offset, node.content.size);
    }
    return !node.isTextblock;
  });
  return state.tr.setSelection(TextSelection.near(state.doc.resolve(target), -1));
}
