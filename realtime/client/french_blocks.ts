// What the rules of plain French are asked about: the blocks of a text that hold words, as the server reads them, and
// where what it found stands after the block has changed.
//
// By blocks and not by positions of the document: y-prosemirror writes the document anew for every change that comes
// from elsewhere, so positions cannot be carried through transactions (whose.ts).

import type { Mark, Node } from "prosemirror-model";

/** Offsets are UTF-16 units of the block's plain text; a forced line break is one. */
export interface Spot {
  start: number;
  end: number;
}

export interface Finding extends Spot {
  rule: string;
  name: string;
  why: string;
  words: string;
  /** What may take the place of the words as it is. */
  better: string | null;
  /** Advice that a person has to fit in. */
  rather: string | null;
}

export interface Term extends Spot {
  term: string;
  definition: string;
}

/** Those of a text are the sums of those of its blocks. */
export interface Score {
  words: number;
  sentences: number;
  syllables: number;
}

/** What the server says of one block, whatever stands around it. */
export interface Advice {
  findings: readonly Finding[];
  /** Acronyms that the block explains. */
  spells: readonly string[];
  terms: readonly Term[];
  score: Score;
}

/** Marks that the grammar calls `beside`; named here, for the grammar as a whole would part the editor's first bundle. */
export const BESIDE: readonly string[] = ["remark"];
/** These are about a stretch as a whole: words that change inside it leave it what it is until the next answer. */
export const STRETCHES: ReadonlySet<string> = new Set(["long_sentence", "long_paragraph"]);
const WORD = /[\p{L}\p{N}]/u;

/** The words of a block, one unit for each leaf in it: as the server counts. */
export const textOf = (node: Node): string => node.textBetween(0, node.content.size, undefined, "\n");

export const blockIdOf = (node: Node): string | null => (typeof node.attrs["id"] === "string" ? node.attrs["id"] : null);

/** Each block of words that has an id, in reading order. Of two with one id the first has it, as at the server. */
export function eachBlock(doc: Node, visit: (id: string, node: Node, pos: number, parent: Node) => void): void {
  const seen = new Set<string>();
  doc.descendants((node, pos, parent) => {
    if (!node.isTextblock) return true;
    const id = blockIdOf(node);
    if (id !== null && !seen.has(id)) {
      seen.add(id);
      visit(id, node, pos, parent ?? doc);
    }
    return false;
  });
}

function marksOf(marks: readonly Mark[]): unknown[] {
  return marks.filter(({ type }) => !BESIDE.includes(type.name)).map(({ type, attrs }) => ({ type: type.name, attrs }));
}

const written = new WeakMap<Node, string>();

/** A block as the server reads it. What stands beside the words (anchors of remarks) is no part of it. */
export function jsonOf(node: Node): string {
  let json = written.get(node);
  if (json === undefined) {
    const content: { type: string; text?: string; marks?: unknown[] }[] = [];
    let before = "";
    node.forEach((child) => {
      const marks = marksOf(child.marks);
      const last = content.at(-1);
      const dress = JSON.stringify(marks);
      // Words that only an anchor parts are one run.
      if (child.isText && last?.text !== undefined && dress === before) last.text += child.text!;
      else {
        content.push({
          type: child.type.name,
          ...(child.isText ? { text: child.text! } : {}),
          ...(marks.length > 0 ? { marks } : {}),
        });
      }
      before = dress;
    });
    json = JSON.stringify({ type: node.type.name, attrs: node.attrs, content });
    written.set(node, json);
  }
  return json;
}

/** Where a text was changed: as much is equal at its beginning, and behind `cut` it is equal but for a shift. */
interface Change {
  left: number;
  cut: number;
  shift: number;
}

function changeBetween(before: string, after: string): Change {
  const most = Math.min(before.length, after.length);
  let left = 0;
  while (left < most && before[left] === after[left]) left += 1;
  let right = 0;
  while (right < most - left && before[before.length - 1 - right] === after[after.length - 1 - right]) right += 1;
  return { left, cut: before.length - right, shift: after.length - before.length };
}

function moved<T extends Spot & { rule?: string }>(spot: T, { left, cut, shift }: Change, after: string): T | null {
  const { start, end } = spot;
  if (start < left && end > cut && STRETCHES.has(spot.rule ?? "")) {
    return { ...spot, end: end + shift, words: after.slice(start, end + shift) };
  }
  const by = end <= left ? 0 : start >= cut ? shift : null;
  if (by === null) return null;
  // A letter that was put right beside a word makes another word of it.
  const touched = by === 0 ? end === left : start === cut;
  const beside = by === 0 ? after[end] : after[start + by - 1];
  if (touched && beside !== undefined && WORD.test(beside)) return null;
  return { ...spot, start: start + by, end: end + by };
}

/** The same places after the text of their block has changed; those whose own words changed are left out. */
export function carriedSpots<T extends Spot & { rule?: string }>(spots: readonly T[], before: string, after: string): T[] {
  if (before === after || spots.length === 0) return [...spots];
  const change = changeBetween(before, after);
  return spots.flatMap((spot) => moved(spot, change, after) ?? []);
}

/** The words that the labels of definitions explain, and the terms themselves. */
export function explainedIn(doc: Node): { words: Set<string>; terms: Set<string> } {
  const words = new Set<string>();
  const terms = new Set<string>();
  doc.descendants((node) => {
    const label = node.type.name === "definition" && node.firstChild?.type.name === "label" ? node.firstChild : null;
    if (label) {
      const text = textOf(label);
      terms.add(folded(text));
      for (const word of text.replace(/[()]/gu, " ").split(/\s+/u)) if (word) words.add(word);
    }
    return !node.isTextblock;
  });
  return { words, terms };
}

/** Two spellings of one term. */
export const folded = (term: string): string => term.normalize("NFC").trim().replaceAll("'", "’").toLowerCase();
