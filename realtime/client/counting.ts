// How many words there are to read and how long that takes, as drafts/render.py counts them.

import type { Node } from "prosemirror-model";

const WORD = /[\p{L}\p{N}_]+(?:[’'-][\p{L}\p{N}_]+)*/gu;
/** What an adult reads with care in a minute. */
const A_MINUTE = 200;

const known = new WeakMap<Node, number>();

function inBlock(node: Node): number {
  let count = known.get(node);
  if (count === undefined) {
    count = node.textBetween(0, node.content.size, "\n", "\n").match(WORD)?.length ?? 0;
    known.set(node, count);
  }
  return count;
}

/** Only what changed since the last time is counted again. */
export function wordCount(doc: Node): number {
  let count = 0;
  doc.descendants((node) => {
    if (!node.isTextblock) return true;
    count += inBlock(node);
    return false;
  });
  return count;
}

/** At least one; a half goes to the even side, as Python rounds. */
export function readingMinutes(words: number): number {
  const exact = words / A_MINUTE;
  const whole = Math.floor(exact);
  const up = exact - whole > 0.5 || (exact - whole === 0.5 && whole % 2 === 1);
  return Math.max(1, whole + (up ? 1 : 0));
}

const thousands = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/gu, "\u202f");

export function spokenLength(words: number): string {
  const minutes = readingMinutes(words);
  return `${thousands(words)}\u00a0mot${words > 1 ? "s" : ""}, ${minutes}\u00a0minute${minutes > 1 ? "s" : ""} de lecture`;
}
