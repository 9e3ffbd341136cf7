// Block ids: whoever makes a block mints its id. Splitting leaves the id to the first half, joining keeps the first
// block's, pasting keeps an id only when its owner is gone. Nothing is ever repaired in answer to a remote change:
// fifty clients would repair the same fact fifty times.

import type { Node } from "prosemirror-model";
import { Plugin, type EditorState, type Transaction } from "prosemirror-state";
import { ySyncPluginKey } from "y-prosemirror";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** A new block id: 12 characters of 64, 72 random bits, in the grammar's shape. */
export function mintId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  let id = "";
  for (const byte of bytes) id += ALPHABET[byte & 63];
  return id;
}

/** True when the transaction shows what came from elsewhere, or one's own undo, which brings its own ids back. */
export function isFromShared(tr: Transaction): boolean {
  const meta = tr.getMeta(ySyncPluginKey) as { isChangeOrigin?: boolean } | undefined;
  return meta?.isChangeOrigin === true;
}

function changedRange(transactions: readonly Transaction[], size: number): { from: number; to: number } | null {
  let from = Infinity;
  let to = -Infinity;
  transactions.forEach((tr, i) => {
    tr.steps.forEach((_step, s) => {
      tr.mapping.maps[s]!.forEach((_oldStart, _oldEnd, newStart, newEnd) => {
        let start = tr.mapping.slice(s + 1).map(newStart, -1);
        let end = tr.mapping.slice(s + 1).map(newEnd, 1);
        for (const later of transactions.slice(i + 1)) {
          start = later.mapping.map(start, -1);
          end = later.mapping.map(end, 1);
        }
        from = Math.min(from, start);
        to = Math.max(to, end);
      });
    });
  });
  if (from > to) return null;
  return { from: Math.max(0, from - 1), to: Math.min(size, to + 1) };
}

/** Old blocks that are still there, as (new position -> id): they keep their ids against any copy. */
function survivors(transactions: readonly Transaction[], before: Node): Map<number, string> {
  const kept = new Map<number, string>();
  before.descendants((node, pos) => {
    if (!node.isBlock) return false;
    const id: unknown = node.attrs["id"];
    if (typeof id === "string") {
      let at = pos;
      let gone = false;
      for (const tr of transactions) {
        const result = tr.mapping.mapResult(at, 1);
        gone ||= result.deletedAfter;
        at = result.pos;
      }
      if (!gone) kept.set(at, id);
    }
    return !node.isTextblock;
  });
  return kept;
}

/** The positions whose block needs a new id after these local transactions. Exported for the tests. */
export function blocksToName(transactions: readonly Transaction[], before: Node, after: Node): number[] {
  const range = changedRange(transactions, after.content.size);
  if (range === null) return [];
  const $from = after.resolve(range.from);
  // Ordinary typing stays inside one text block that has its id already: nothing to look for.
  if ($from.parent.isTextblock && range.to <= $from.end() && $from.parent.attrs["id"] !== null) {
    return [];
  }
  const places = new Map<string, number[]>();
  const fresh: number[] = [];
  after.descendants((node, pos) => {
    if (!node.isBlock) return false;
    const touched = pos <= range.to && pos + node.nodeSize >= range.from;
    const id: unknown = node.attrs["id"];
    if (typeof id === "string") places.set(id, [...(places.get(id) ?? []), pos]);
    else if (touched && pos >= range.from - 1 && node.type.spec.attrs?.["id"] !== undefined) fresh.push(pos);
    return !node.isTextblock;
  });
  const doubled = [...places.entries()].filter(([, positions]) => positions.length > 1);
  if (doubled.length > 0) {
    const kept = survivors(transactions, before);
    for (const [id, positions] of doubled) {
      const keeper = positions.find((pos) => kept.get(pos) === id) ?? positions[0]!;
      for (const pos of positions) {
        // A double that was there before, or lies outside what this person did, is left for the freeze to mend.
        if (pos !== keeper && kept.get(pos) !== id && pos >= range.from - 1 && pos <= range.to) fresh.push(pos);
      }
    }
  }
  return fresh.sort((a, b) => a - b);
}

export function blockIds(): Plugin {
  return new Plugin({
    appendTransaction(transactions, before: EditorState, after: EditorState) {
      const local = transactions.filter((tr) => tr.docChanged);
      if (local.length === 0 || local.some(isFromShared)) return null;
      const fresh = blocksToName(local, before.doc, after.doc);
      if (fresh.length === 0) return null;
      const tr = after.tr;
      for (const pos of fresh) tr.setNodeAttribute(pos, "id", mintId());
      // Without this, a bold mark chosen before Enter would be forgotten.
      return tr.setStoredMarks(after.storedMarks);
    },
  });
}
