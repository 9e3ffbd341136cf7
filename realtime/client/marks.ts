// The whole run of a link, an abbreviation or a reference around the cursor, and how such a mark is put on and off.

import type { Mark, Node } from "prosemirror-model";
import type { EditorState, Transaction } from "prosemirror-state";
import { markType } from "./schema.ts";

export interface Run {
  from: number;
  to: number;
  mark: Mark | null;
}

/** The run around the cursor, or the selection. */
export function runAround(state: EditorState, name: string): Run {
  const type = markType(name);
  let { from, to } = state.selection;
  const { $from, empty } = state.selection;
  const mark = type.isInSet($from.marks()) ?? ($from.nodeAfter ? type.isInSet($from.nodeAfter.marks) : undefined);
  if (empty && mark) {
    const parent = $from.parent;
    const start = $from.start();
    parent.forEach((node, offset) => {
      if (!mark.isInSet(node.marks)) return;
      const nodeFrom = start + offset;
      const nodeTo = nodeFrom + node.nodeSize;
      // Pieces that touch are one run, bold or not.
      if (nodeTo < from && !touches(parent, nodeTo - start, from - start, mark)) return;
      if (nodeFrom > to && !touches(parent, to - start, nodeFrom - start, mark)) return;
      from = Math.min(from, nodeFrom);
      to = Math.max(to, nodeTo);
    });
  }
  return { from, to, mark: mark ?? null };
}

function touches(parent: Node, from: number, to: number, mark: Mark): boolean {
  let whole = true;
  parent.nodesBetween(from, to, (node) => {
    if (node.isText && !mark.isInSet(node.marks)) whole = false;
  });
  return whole;
}

/** Puts the mark on a run, on `words` where nothing is selected, or takes it off (`attrs` null). */
export function markRun(
  state: EditorState,
  run: Run,
  name: string,
  attrs: Record<string, string> | null,
  words: string,
): Transaction {
  const type = markType(name);
  const { size } = state.doc.content;
  const from = Math.min(run.from, size);
  const to = Math.min(run.to, size);
  const tr = state.tr;
  if (attrs === null) tr.removeMark(from, to, type);
  else if (from === to) {
    tr.insertText(words, from);
    tr.addMark(from, tr.mapping.map(from), type.create(attrs));
  } else tr.addMark(from, to, type.create(attrs));
  return tr.scrollIntoView();
}
