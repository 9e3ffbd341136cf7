// Words that were typed as a suggestion and are none any more before the server has them: they went on in one that a
// colleague answered, cut or moved at that very moment. The server asks for them again (`resync`), and who typed them,
// and nobody else, marks them anew.

import type { EditorState, Transaction } from "prosemirror-state";
import { relativePositionToAbsolutePosition, ySyncPluginKey } from "y-prosemirror";
import * as Y from "yjs";
import { markType } from "./schema.ts";
import { insertedRanges } from "./strokes.ts";
import { INSERTION, type Own } from "./suggesting.ts";

/** Edits with this are what they are, whatever the mode. */
export const AS_IT_IS = "suggest-as-it-is";

interface Stretch {
  text: Y.XmlText;
  index: number;
  length: number;
}

function plainStretches(type: Y.XmlFragment | Y.XmlElement, ranges: ReadonlyMap<number, [number, number][]>, found: Stretch[]): void {
  for (const child of type.toArray()) {
    if (child instanceof Y.XmlElement) plainStretches(child, ranges, found);
    if (!(child instanceof Y.XmlText)) continue;
    let index = 0;
    let marked = false;
    for (let item = child._start; item !== null; item = item.right) {
      if (item.deleted) continue;
      if (item.content instanceof Y.ContentFormat) {
        if (item.content.key === INSERTION) marked = item.content.value !== null;
      } else if (item.content instanceof Y.ContentString) {
        for (const [from, to] of marked ? [] : (ranges.get(item.id.client) ?? [])) {
          const start = Math.max(0, from - item.id.clock);
          const end = Math.min(item.length, to - item.id.clock);
          if (start < end) found.push({ text: child, index: index + start, length: end - start });
        }
        index += item.length;
      }
    }
  }
}

/** Marks what these strokes, not saved yet, put in and what no longer is a suggestion; null when there is nothing. */
export function mended(state: EditorState, updates: readonly Uint8Array[], own: Own): Transaction | null {
  const { binding, doc, type } = ySyncPluginKey.getState(state) as { binding: { mapping: any }; doc: Y.Doc; type: Y.XmlFragment };
  const found: Stretch[] = [];
  plainStretches(type, insertedRanges(updates), found);
  const tr = state.tr.setMeta(AS_IT_IS, true);
  const mark = markType(INSERTION).create({ id: found.length > 0 ? own.mint() : "" });
  for (const { text, index, length } of found) {
    const at = relativePositionToAbsolutePosition(doc, type, Y.createRelativePositionFromTypeIndex(text, index), binding.mapping);
    if (at !== null) tr.addMark(at, at + length, mark);
  }
  return tr.docChanged ? tr : null;
}
