// Whose words each passage is, kept beside a text that goes on changing. The server tells it of the text as it is
// stored; until it is asked again, what was typed meanwhile belongs to nobody yet and the rest moves along.
//
// By blocks and not by positions: y-prosemirror writes the document anew for every change that comes from elsewhere, so
// positions cannot be carried through transactions.

import type { Node } from "prosemirror-model";

/** [start, length, person, administration] in UTF-16 units of the block's text. */
export type Run = readonly [start: number, length: number, person: number, administration: number];

interface Known {
  node: Node;
  text: string;
  runs: readonly Run[];
}

export interface Passage {
  from: number;
  to: number;
  person: number;
  administration: number;
}

/** The words of a block, one unit for each leaf in it: as the server counts. */
const textOf = (node: Node): string => node.textBetween(0, node.content.size, undefined, "\n");

/**
 * The runs of a text after an edit: what stood before and behind the edit keeps its people. With `glue`, what was put
 * into the middle of a run is shown as a part of it.
 */
export function carried(runs: readonly Run[], before: string, after: string, glue = false): Run[] {
  const most = Math.min(before.length, after.length);
  let left = 0;
  while (left < most && before[left] === after[left]) left += 1;
  let right = 0;
  while (right < most - left && before[before.length - 1 - right] === after[after.length - 1 - right]) right += 1;
  const cut = before.length - right;
  const shift = after.length - before.length;
  const found: Run[] = [];
  const put = (start: number, end: number, person: number, place: number): void => {
    if (end > start) found.push([start, end - start, person, place]);
  };
  for (const [start, length, person, place] of runs) {
    const end = start + length;
    if (glue && start < left && end >= cut) {
      put(start, end + shift, person, place);
      continue;
    }
    put(start, Math.min(end, left), person, place);
    put(Math.max(start, cut) + shift, end + shift, person, place);
  }
  return found;
}

export class Whose {
  private readonly known = new Map<string, Known>();
  private doc: Node | null = null;
  private found: Passage[] = [];
  /** While an input method is composing, the marks around its words must not change. */
  glue = false;

  /** What the server says of a text that `doc` shows, give or take what is under way. */
  told(blocks: readonly (readonly [string, readonly Run[]])[], doc: Node): void {
    this.passages(doc);
    const told = new Map(blocks);
    const gone = new Set(this.known.keys());
    this.eachBlock(doc, (id, node) => {
      const text = textOf(node);
      const runs = told.get(id);
      const last = runs?.[runs.length - 1];
      // A block that has moved on since keeps what was known of it: the next answer will be right.
      if (runs && last && last[0] + last[1] <= text.length && spans(runs, text)) this.known.set(id, { node, text, runs });
      gone.delete(id);
    });
    for (const id of gone) this.known.delete(id);
    this.doc = null;
  }

  /** The passages of a document, in order. */
  passages(doc: Node): readonly Passage[] {
    if (doc === this.doc) return this.found;
    this.doc = doc;
    this.found = [];
    this.eachBlock(doc, (id, node, pos) => {
      let known = this.known.get(id);
      if (!known) return;
      if (known.node !== node) {
        const text = textOf(node);
        known = { node, text, runs: text === known.text ? known.runs : carried(known.runs, known.text, text, this.glue) };
        this.known.set(id, known);
      }
      for (const [start, length, person, administration] of known.runs) {
        const from = pos + 1 + start;
        this.found.push({ from, to: from + length, person, administration });
      }
    });
    return this.found;
  }

  private eachBlock(doc: Node, visit: (id: string, node: Node, pos: number) => void): void {
    const seen = new Set<string>();
    doc.descendants((node, pos) => {
      if (!node.isTextblock) return true;
      const id: unknown = node.attrs["id"];
      // Of two with one id the first has it, as at the server.
      if (typeof id === "string" && !seen.has(id)) {
        seen.add(id);
        visit(id, node, pos);
      }
      return false;
    });
  }
}

/** Whether runs and line breaks make up the whole of a text: else it is another one than was told of. */
function spans(runs: readonly Run[], text: string): boolean {
  let at = 0;
  for (const [start, length] of runs) {
    for (; at < start; at += 1) if (text[at] !== "\n") return false;
    at = start + length;
  }
  for (; at < text.length; at += 1) if (text[at] !== "\n") return false;
  return true;
}

export interface Part {
  person: number;
  administration: number;
  characters: number;
}

/** Who wrote what stands between two positions, who wrote most first. */
export function partsOf(passages: readonly Passage[], doc: Node, from: number, to: number): Part[] {
  const found = new Map<number, Part>();
  for (const passage of passages) {
    const start = Math.max(from, passage.from);
    const end = Math.min(to, passage.to);
    if (end <= start) continue;
    const { person, administration } = passage;
    const part = found.get(person) ?? { person, administration, characters: 0 };
    part.characters += [...doc.textBetween(start, end)].length;
    found.set(person, part);
  }
  return [...found.values()].sort((one, other) => other.characters - one.characters);
}

/** The passage at a caret: the one it stands in, or behind. */
export function passageAt(passages: readonly Passage[], pos: number): Passage | null {
  return passages.find(({ from, to }) => from <= pos && pos < to) ?? passages.find(({ to }) => to === pos) ?? null;
}
