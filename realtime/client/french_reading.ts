// What is known of each block of a text, beside a text that goes on changing: which blocks have to be read again, what
// the answers say, and what of it is to be shown. No DOM in here, and no clock.

import type { Node } from "prosemirror-model";
import {
  STRETCHES, blockIdOf, carriedSpots, eachBlock, explainedIn, folded, jsonOf, textOf, type Advice, type Finding, type Score, type Term,
} from "./french_blocks.ts";

interface Known extends Advice {
  node: Node;
  text: string;
  /** What was asked about; another one now is asked about again. */
  json: string;
  /** The answer, as long as the block says what it is about. */
  told: Advice;
}

/** A block on its way to be read. */
export interface Asked {
  id: string;
  node: Node;
  json: string;
}

/** A finding at its place in a document. */
export interface Placed {
  key: string;
  block: string;
  finding: Finding;
  from: number;
  to: number;
}

export interface PlacedTerm {
  block: string;
  term: Term;
}

/** What a person decided to leave as it is. */
export interface PassedOver {
  id: number;
  block: string;
  rule: string;
  words: string;
  reason: string;
  by: string;
  at: string;
}

export const ACRONYM = "acronym";
/**
 * The server takes 300 blocks and 512 KiB a call. Smaller ones let the first findings come sooner, and come through where the
 * reader has to share its processor: 16,000 units take it a quarter of a second.
 */
const BATCH_BLOCKS = 120;
const BATCH_UNITS = 16_000;
/** A unit is three bytes at most: what is longer than this is not sent. */
const LONGEST = 170_000;
const NOTHING: Advice = { findings: [], spells: [], terms: [], score: { words: 0, sentences: 0, syllables: 0 } };

export const passKey = (block: string, rule: string, words: string): string => JSON.stringify([block, rule, words]);

/** Names that stay with a finding while the text changes: of equal ones in a block the first, the second … */
export function keyed(block: string, findings: readonly Finding[]): [string, Finding][] {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const { rule, words } = finding;
    // The words of a stretch change under the hands of who makes it shorter.
    const name = passKey(block, rule, STRETCHES.has(rule) ? "" : words);
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    return [`${name} ${times}`, finding];
  });
}

export class Reading {
  private readonly known = new Map<string, Known>();
  private spelled: ReadonlySet<string> = new Set();
  private explained: ReadonlySet<string> = new Set();
  private passed: ReadonlySet<string> = new Set();
  private version = "";

  /** Whether anything was ever read. */
  get isBlank(): boolean {
    return this.known.size === 0;
  }

  /** The blocks that say something else than what was asked about, at most one call's worth; gone ones are forgotten. */
  due(doc: Node): { batch: Asked[]; left: number } {
    const batch: Asked[] = [];
    let left = 0;
    let units = 0;
    const gone = new Set(this.known.keys());
    eachBlock(doc, (id, node) => {
      gone.delete(id);
      const known = this.known.get(id);
      if (known?.node === node && known.json === jsonOf(node)) return;
      const json = jsonOf(node);
      if (known?.json === json) return;
      if (node.content.size === 0 || json.length > LONGEST) {
        this.known.set(id, { ...NOTHING, told: NOTHING, node, text: textOf(node), json });
        return;
      }
      const fits = batch.length < BATCH_BLOCKS && (batch.length === 0 || units + json.length <= BATCH_UNITS);
      if (!fits || left > 0) left += 1;
      else {
        batch.push({ id, node, json });
        units += json.length;
      }
    });
    for (const id of gone) this.known.delete(id);
    return { batch, left };
  }

  /** The answer to a call. What the blocks say by now, they say somewhere else: that is carried when it is shown. */
  told(asked: readonly Asked[], advice: Readonly<Record<string, Advice>>, version: string): void {
    // Other rules: what the old ones found is asked for again.
    if (this.version && this.version !== version) this.known.clear();
    this.version = version;
    for (const { id, node, json } of asked) {
      const told = advice[id] ?? NOTHING;
      this.known.set(id, { ...told, told, node, text: textOf(node), json });
    }
  }

  /** The server cannot read these: they are not asked about again until they change. */
  unreadable(asked: readonly Asked[]): void {
    this.told(asked, {}, this.version);
  }

  leaveOut(passed: readonly PassedOver[]): void {
    this.passed = new Set(passed.map(({ block, rule, words }) => passKey(block, rule, words)));
  }

  /** What one has just put right is not shown until the next answer says so. */
  settled(block: string, finding: Finding): void {
    const known = this.known.get(block);
    if (known) this.known.set(block, { ...known, findings: known.findings.filter((one) => !isSame(one, finding)) });
  }

  private at(id: string, node: Node): Known | null {
    const known = this.known.get(id);
    if (!known || known.node === node) return known ?? null;
    const text = textOf(node);
    // A letter put in and taken out again leaves what the answer was about.
    const isBack = jsonOf(node) === known.json;
    const now = {
      ...known,
      node,
      text,
      findings: isBack ? known.told.findings : carriedSpots(known.findings, known.text, text),
      terms: isBack ? known.told.terms : carriedSpots(known.terms, known.text, text),
    };
    this.known.set(id, now);
    return now;
  }

  /** What to show of a block, in the block's own offsets. */
  findingsOf(node: Node): readonly Finding[] {
    const id = blockIdOf(node);
    const known = id === null ? null : this.at(id, node);
    return known ? known.findings.filter((finding) => this.isShown(id!, finding)) : [];
  }

  private isShown(block: string, { rule, words }: Finding): boolean {
    if (rule === ACRONYM && this.spelled.has(words)) return false;
    return !this.passed.has(passKey(block, rule, words));
  }

  /** Looks at the text as a whole. True when what is to be shown of blocks that did not change may be something else. */
  look(doc: Node): boolean {
    const { words, terms } = explainedIn(doc);
    eachBlock(doc, (id, node) => {
      for (const name of this.at(id, node)?.spells ?? []) words.add(name);
    });
    const changed = words.size !== this.spelled.size || [...words].some((word) => !this.spelled.has(word));
    this.spelled = words;
    this.explained = terms;
    return changed;
  }

  /** All that is shown, in reading order. */
  placed(doc: Node): Placed[] {
    const found: Placed[] = [];
    eachBlock(doc, (block, node, pos) => {
      for (const [key, finding] of keyed(block, this.findingsOf(node))) {
        found.push({ key, block, finding, from: pos + 1 + finding.start, to: pos + 1 + finding.end });
      }
    });
    return found;
  }

  /** Words of the glossary that the text does not explain yet, each where it first stands. */
  terms(doc: Node): PlacedTerm[] {
    const found: PlacedTerm[] = [];
    const seen = new Set(this.explained);
    eachBlock(doc, (block, node) => {
      for (const term of this.at(block, node)?.terms ?? []) {
        const name = folded(term.term);
        if (seen.has(name)) continue;
        seen.add(name);
        found.push({ block, term });
      }
    });
    return found;
  }

  score(doc: Node): Score {
    const sum = { words: 0, sentences: 0, syllables: 0 };
    eachBlock(doc, (id) => {
      const score = this.known.get(id)?.score ?? NOTHING.score;
      sum.words += score.words;
      sum.sentences += score.sentences;
      sum.syllables += score.syllables;
    });
    return sum;
  }
}

const isSame = (one: Finding, other: Finding): boolean =>
  one.rule === other.rule && one.start === other.start && one.end === other.end;
