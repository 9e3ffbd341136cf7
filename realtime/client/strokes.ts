// Measuring, joining and cutting Yjs updates before they go on the wire.

import * as Y from "yjs";
import {
  BULK_BYTES,
  BULK_RANGES,
  BULK_STRUCTS,
  STROKE_BYTES,
  STROKE_RANGES,
  STROKE_STRUCTS,
} from "./protocol.ts";

export type Door = "stroke" | "bulk" | "none";

/** The door an update fits through. Bytes are counted first: a struct or a range never takes less than two bytes. */
export function door(update: Uint8Array): Door {
  if (update.byteLength <= Math.min(STROKE_STRUCTS, STROKE_RANGES) * 2) return "stroke";
  if (update.byteLength > BULK_BYTES) return "none";
  const { structs, ds } = Y.decodeUpdate(update);
  let ranges = 0;
  for (const list of ds.clients.values()) ranges += list.length;
  if (structs.length > BULK_STRUCTS || ranges > BULK_RANGES) return "none";
  if (update.byteLength <= STROKE_BYTES && structs.length <= STROKE_STRUCTS && ranges <= STROKE_RANGES) return "stroke";
  return "bulk";
}

/** One update of many. By fifties: Yjs sorts all its sources at each step, so 6,000 at once take seconds. */
export function merged(updates: readonly Uint8Array[]): Uint8Array {
  if (updates.length === 1) return updates[0]!;
  if (updates.length <= 50) return Y.mergeUpdates([...updates]);
  const groups: Uint8Array[] = [];
  for (let i = 0; i < updates.length; i += 50) groups.push(merged(updates.slice(i, i + 50)));
  return merged(groups);
}

/** Without the structs that the server's state vector already covers. Deletions stay: a vector says nothing of them. */
export function trimmed(update: Uint8Array, serverVector: Uint8Array): Uint8Array {
  return Y.diffUpdate(update, serverVector.byteLength > 0 ? serverVector : new Uint8Array([0]));
}

/** True when the update holds neither structs nor deletions. */
export function isEmpty(update: Uint8Array): boolean {
  return update.byteLength <= 2;
}

/**
 * Groups strokes, in order, so that each group fits one message. Typing is packed together; a stroke that is large by
 * itself stands alone. The whole goes by the bulk door when it fits there and not through the small one.
 */
export function packed<T extends { update: Uint8Array }>(strokes: readonly T[]): { strokes: T[]; update: Uint8Array; door: Door }[] {
  if (strokes.length === 0) return [];
  const whole = merged(strokes.map((stroke) => stroke.update));
  const wholeDoor = door(whole);
  if (wholeDoor !== "none" || strokes.length === 1) return [{ strokes: [...strokes], update: whole, door: wholeDoor }];
  const half = Math.ceil(strokes.length / 2);
  return [...packed(strokes.slice(0, half)), ...packed(strokes.slice(half))];
}

/** Clock ranges of what the updates insert: client -> [from, to). */
export function insertedRanges(updates: readonly Uint8Array[]): Map<number, [number, number][]> {
  const ranges = new Map<number, [number, number][]>();
  for (const update of updates) {
    const meta = Y.parseUpdateMeta(update);
    for (const [client, from] of meta.from) {
      ranges.set(client, [...(ranges.get(client) ?? []), [from, meta.to.get(client) ?? from]]);
    }
  }
  return ranges;
}

/** The text that these strokes put into the document and that still stands there, in document order, a line a block. */
export function insertedText(fragment: Y.XmlFragment, updates: readonly Uint8Array[]): string {
  const ranges = insertedRanges(updates);
  // Yjs joins what was typed stroke by stroke into one item: several ranges may lie in it.
  const inserted = (id: Y.ID, text: string): string =>
    (ranges.get(id.client) ?? [])
      .map(([from, to]) => text.slice(Math.max(0, from - id.clock), Math.max(0, to - id.clock)))
      .join("");
  const lines: string[] = [];
  const walk = (type: Y.XmlFragment | Y.XmlElement): void => {
    let line = "";
    for (const child of type.toArray()) {
      if (child instanceof Y.XmlText) {
        for (let item = child._start; item !== null; item = item.right) {
          if (item.deleted || !(item.content instanceof Y.ContentString)) continue;
          line += inserted(item.id, item.content.str);
        }
      } else if (child instanceof Y.XmlElement) {
        walk(child);
      }
    }
    if (line) lines.push(line);
  };
  walk(fragment);
  return lines.join("\n");
}

/** The same for strokes kept by an earlier tab, from the copy of the document they belong to. */
export function storedText(base: Uint8Array | null, updates: readonly Uint8Array[], fragment: string): string {
  const doc = new Y.Doc();
  for (const update of base ? [base, ...updates] : updates) Y.applyUpdate(doc, update);
  const text = insertedText(doc.getXmlFragment(fragment), updates);
  if (text) return text;
  // Without its base the document cannot be built: the typed characters, in the order they were typed.
  let typed = "";
  for (const update of updates) {
    for (const struct of Y.decodeUpdate(update).structs) {
      if (struct instanceof Y.Item && struct.content instanceof Y.ContentString) typed += struct.content.str;
    }
  }
  return typed;
}
