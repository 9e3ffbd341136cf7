// Where remarks stand in the text: the passages of a selection, as the server wants to hear of them, and the words that
// carry an anchor.

import type { Node } from "prosemirror-model";
import type { EditorState } from "prosemirror-state";

/** Words of one block; `start` counts UTF-16 units from the beginning of the block, a line break as one. */
export interface Passage {
  block: string;
  start: number;
  quote: string;
  before: string;
}

export interface Range {
  from: number;
  to: number;
}

/** How many characters in front of the words help to find them again. */
const CONTEXT = 60;

const wordsOf = (block: Node, from: number, to: number): string => block.textBetween(from, to, "", () => "\n");

/** The words of the selection, block by block; where nothing is selected, those of the block with the caret. */
export function passagesOf(state: EditorState): Passage[] {
  const { empty, $from } = state.selection;
  const inside = empty && $from.parent.isTextblock;
  const from = inside ? $from.start() : state.selection.from;
  const to = inside ? $from.end() : state.selection.to;
  const found: Passage[] = [];
  state.doc.nodesBetween(from, to, (node, pos) => {
    if (!node.isTextblock) return true;
    const start = Math.max(0, from - pos - 1);
    const end = Math.min(node.content.size, to - pos - 1);
    const quote = start < end ? wordsOf(node, start, end) : "";
    if (quote.trim() !== "") {
      const { id } = node.attrs;
      found.push({
        block: typeof id === "string" ? id : "",
        start,
        quote,
        before: wordsOf(node, Math.max(0, start - CONTEXT), start),
      });
    }
    return false;
  });
  return found;
}

/** The words that carry anchors, by the id of the remark, in the order of the text. */
export function anchorsIn(doc: Node): Map<string, Range[]> {
  const found = new Map<string, Range[]>();
  doc.descendants((node, pos) => {
    for (const mark of node.marks) {
      const id = mark.type.name === "remark" ? (mark.attrs["id"] as string) : "";
      if (!id) continue;
      const ranges = found.get(id) ?? [];
      found.set(id, ranges);
      const last = ranges[ranges.length - 1];
      // Bold or not, words that follow one another are one stretch.
      if (last && last.to === pos) last.to = pos + node.nodeSize;
      else ranges.push({ from: pos, to: pos + node.nodeSize });
    }
  });
  return found;
}
