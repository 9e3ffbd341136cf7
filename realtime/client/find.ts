// Find and replace. What is found is only shown: no word of the text changes until somebody replaces it.

import type { Node } from "prosemirror-model";
import { Plugin, PluginKey, TextSelection, type EditorState, type Transaction } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";
import { schema } from "./schema.ts";

export interface Wanted {
  words: string;
  /** Capitals and accents count. */
  exact: boolean;
}

export interface Match {
  from: number;
  to: number;
}

interface Found {
  wanted: Wanted;
  matches: readonly Match[];
  current: number;
  shown: DecorationSet;
}

const NOTHING: Found = { wanted: { words: "", exact: false }, matches: [], current: -1, shown: DecorationSet.empty };
/** More than these are counted and replaced, but not coloured: nobody sees ten thousand. */
const MOST_SHOWN = 2_000;

const folds = new Map<string, string>();

/** A character without its accent and capital, its kind of apostrophe, dash and space. May be two letters, or none. */
function foldedChar(char: string): string {
  let fold = folds.get(char);
  if (fold === undefined) {
    fold = char
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/œ/gu, "oe")
      .replace(/æ/gu, "ae")
      .replace(/[’‘ʼ]/gu, "'")
      .replace(/[\u2010-\u2015]/gu, "-")
      .replace(/[\s\u00a0\u202f]/gu, " ");
    folds.set(char, fold);
  }
  return fold;
}

/** Typography never counts: nobody knows whether a colleague typed ' or ’. */
const exactChar = (char: string): string => (/[’‘ʼ\u00a0\u202f]/u.test(char) ? foldedChar(char) : char);

/** The text as it is compared, and for each of its characters where it begins in the original. */
export function folded(text: string, exact: boolean): { text: string; places: number[] } {
  let out = "";
  const places: number[] = [];
  let at = 0;
  for (const char of text) {
    const fold = exact ? exactChar(char) : foldedChar(char);
    for (let i = 0; i < fold.length; i += 1) places.push(at);
    out += fold;
    at += char.length;
  }
  places.push(at);
  return { text: out, places };
}

/** The words of a text block; a line end and whatever else is no text takes one place and fits no word. */
function wordsOf(node: Node): string {
  return node.textBetween(0, node.content.size, "\ufffc", "\ufffc");
}

export class Finder {
  /** A block that nobody touched is the same object as before: its matches are too. */
  private known = new WeakMap<Node, readonly Match[]>();
  private needle: string;

  constructor(readonly wanted: Wanted) {
    this.needle = folded(wanted.words, wanted.exact).text;
  }

  inBlock(node: Node): readonly Match[] {
    const before = this.known.get(node);
    if (before) return before;
    const { text, places } = folded(wordsOf(node), this.wanted.exact);
    const found: Match[] = [];
    for (let at = text.indexOf(this.needle); at >= 0; at = text.indexOf(this.needle, at + this.needle.length)) {
      const to = at + this.needle.length;
      const end = places[to]!;
      // Half of an œ is not found, and an accent written apart belongs to its letter.
      if ((at > 0 && places[at - 1] === places[at]) || (to < text.length && places[to - 1] === end)) continue;
      found.push({ from: places[at]!, to: end });
    }
    this.known.set(node, found);
    return found;
  }

  inText(doc: Node): Match[] {
    const found: Match[] = [];
    if (!this.needle) return found;
    doc.descendants((node, pos) => {
      if (!node.isTextblock) return true;
      for (const match of this.inBlock(node)) found.push({ from: pos + 1 + match.from, to: pos + 1 + match.to });
      return false;
    });
    return found;
  }
}

export const finding = new PluginKey<Found>("finding");

function shownIn(doc: Node, matches: readonly Match[], current: number): DecorationSet {
  const first = Math.max(0, Math.min(current, matches.length) - MOST_SHOWN / 2);
  return DecorationSet.create(
    doc,
    matches.slice(first, first + MOST_SHOWN).map(({ from, to }, i) =>
      Decoration.inline(from, to, { class: first + i === current ? "found found-current" : "found" }),
    ),
  );
}

/** Keeps what is found up to date while somebody looks for something; costs nothing otherwise. */
export function findPlugin(): Plugin<Found> {
  let finder = new Finder(NOTHING.wanted);
  return new Plugin<Found>({
    key: finding,
    state: {
      init: () => NOTHING,
      apply(tr, before) {
        const asked = tr.getMeta(finding) as { wanted?: Wanted; current?: number } | undefined;
        if (!asked && (!tr.docChanged || !before.wanted.words)) return before;
        const wanted = asked?.wanted ?? before.wanted;
        if (!wanted.words) return NOTHING;
        if (wanted.words !== finder.wanted.words || wanted.exact !== finder.wanted.exact) finder = new Finder(wanted);
        const matches = tr.docChanged || asked?.wanted ? finder.inText(tr.doc) : before.matches;
        let current = asked?.current ?? -1;
        if (current < 0 && before.current >= 0 && !asked?.wanted) {
          // The one that was current stays so when a colleague writes before it.
          const was = before.matches[before.current];
          const gone = was !== undefined && tr.mapping.mapResult(was.from, 1).deletedAfter;
          const at = was ? tr.mapping.map(gone ? was.to : was.from, 1) : 0;
          current = matches.findIndex((match) => match.from >= at);
          if (current < 0 && matches.length > 0) current = 0;
        }
        return { wanted, matches, current, shown: shownIn(tr.doc, matches, current) };
      },
    },
    props: {
      decorations: (state) => finding.getState(state)?.shown,
    },
  });
}

export function foundIn(state: EditorState): Found {
  return finding.getState(state) ?? NOTHING;
}

/** Looks for other words: from the cursor on. */
export function look(state: EditorState, wanted: Wanted): Transaction {
  const tr = state.tr.setMeta(finding, { wanted }).setMeta("addToHistory", false);
  const matches = wanted.words ? new Finder(wanted).inText(state.doc) : [];
  const next = matches.findIndex((match) => match.from >= state.selection.from);
  return tr.setMeta(finding, { wanted, current: matches.length === 0 ? -1 : Math.max(0, next) });
}

/** The next or the one before; after the last comes the first. */
export function step(state: EditorState, by: 1 | -1): Transaction | null {
  const { matches, current } = foundIn(state);
  if (matches.length === 0) return null;
  const next = (current + by + matches.length) % matches.length;
  const { from, to } = matches[next]!;
  return state.tr
    .setMeta(finding, { current: next })
    .setSelection(TextSelection.create(state.doc, from, to))
    .setMeta("addToHistory", false)
    .scrollIntoView();
}

function put(tr: Transaction, match: Match, words: string): void {
  const $from = tr.doc.resolve(match.from);
  if (words) tr.replaceWith(match.from, match.to, schema.text(words, $from.marksAcross(tr.doc.resolve(match.to)) ?? $from.marks()));
  else tr.delete(match.from, match.to);
}

/** Puts `words` in the place of the current match and goes to the next. */
export function replaceOne(state: EditorState, words: string): Transaction | null {
  const { matches, current } = foundIn(state);
  const match = matches[current];
  if (!match) return null;
  const tr = state.tr;
  put(tr, match, words);
  // The next one becomes current; the words put in are not looked at again.
  return tr.setSelection(TextSelection.create(tr.doc, match.from + words.length));
}

/** All of them in one transaction, which is one stroke on the wire and one undo. */
export function replaceAll(state: EditorState, words: string): Transaction | null {
  const { matches } = foundIn(state);
  if (matches.length === 0) return null;
  const tr = state.tr;
  for (const match of [...matches].reverse()) put(tr, match, words);
  return tr;
}
