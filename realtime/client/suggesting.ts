// Edits as suggestions. What somebody does inside one block becomes marks: words put in carry `insertion`, words taken
// out stay and carry `deletion`. Nothing else can be suggested. No DOM in here: the tests make thousands of strokes.

import { Fragment, type Mark, type Node } from "prosemirror-model";
import { TextSelection, type EditorState, type Transaction } from "prosemirror-state";
import { ReplaceStep } from "prosemirror-transform";
import { markType } from "./schema.ts";

export const INSERTION = "insertion";
export const DELETION = "deletion";

/** Whose a suggestion is. */
export interface Own {
  has(id: string): boolean;
  mint(): string;
}

/** Why an edit is no suggestion: it is about blocks, a line break, formatting, or somebody else's suggestion. */
export type Fault = "block" | "break" | "format" | "other";

/** A part of a block: what was from `from` to `to` gives way to these words. */
interface Change {
  from: number;
  to: number;
  put: readonly Node[];
}

export const idOf = (node: Node | null | undefined, name: string): string | null =>
  (node?.marks.find((mark) => mark.type.name === name)?.attrs["id"] as string | undefined) ?? null;

/** The client id a suggestion was made under: `<client id>-<number>`. */
export const clientOf = (id: string): number => Number(/^([1-9]\d{0,15})-[A-Za-z0-9]{1,15}$/u.exec(id)?.[1] ?? 0);

function isFault(change: Change | Fault | null): change is Fault {
  return typeof change === "string";
}

function change(before: Node, from: number, to: number, put: Fragment): Change | Fault | null {
  const $from = before.resolve(from);
  if (!$from.sameParent(before.resolve(to)) || !$from.parent.inlineContent) return "block";
  for (const node of put.content) if (!node.isText) return node.isBlock ? "block" : "break";
  const gone = before.slice(from, to).content;
  if (gone.eq(put)) return null;
  if (put.size > 0 && gone.textBetween(0, gone.size, "", "\n") === put.textBetween(0, put.size)) return "format";
  return { from, to, put: put.content };
}

/** What is typed in the middle of a suggestion without suggesting is the text, and nobody else's suggestion. */
export function plainWords(tr: Transaction): Transaction {
  const step = tr.steps[0];
  if (tr.steps.length !== 1 || !(step instanceof ReplaceStep)) return tr;
  const { from, slice } = step;
  if (slice.openStart > 0 || slice.openEnd > 0 || slice.content.content.some((node) => !node.isText)) return tr;
  if (slice.content.content.every((node) => idOf(node, INSERTION) === null && idOf(node, DELETION) === null)) return tr;
  const { selection } = tr;
  for (const name of [INSERTION, DELETION]) tr.removeMark(from, from + slice.size, markType(name));
  return tr.setSelection(selection.map(tr.doc, tr.mapping.slice(1)));
}

/** What a transaction does to the text, when it is all inside one block. */
function changeOf(before: Node, tr: Transaction): Change | Fault | null {
  const step = tr.steps[0];
  // The step knows where it stands; of equal letters side by side a comparison does not.
  if (tr.steps.length === 1 && step instanceof ReplaceStep && step.slice.openStart === 0 && step.slice.openEnd === 0) {
    return change(before, step.from, step.to, step.slice.content);
  }
  const from = before.content.findDiffStart(tr.doc.content);
  if (from === null) return null;
  let { a: to, b: end } = before.content.findDiffEnd(tr.doc.content)!;
  const overlap = from - Math.min(to, end);
  if (overlap > 0) {
    to += overlap;
    end += overlap;
  }
  const $start = tr.doc.resolve(from);
  if (!$start.sameParent(tr.doc.resolve(end)) || !$start.parent.inlineContent) return "block";
  return change(before, from, to, tr.doc.slice(from, end).content);
}

/** The same edit as suggestions. A fault when it cannot be suggested: then nothing may change. */
export function suggested(state: EditorState, tr: Transaction, own: Own): Transaction | Fault {
  const { doc } = state;
  const wanted = changeOf(doc, tr);
  if (isFault(wanted)) return wanted;
  const out = state.tr;
  for (const [key, value] of Object.entries((tr as unknown as { meta: Record<string, unknown> }).meta)) out.setMeta(key, value);
  if (tr.scrolledIntoView) out.scrollIntoView();
  if (wanted === null) return out;
  const { from, to, put } = wanted;
  const gone: { from: number; to: number; node: Node }[] = [];
  const struck: typeof gone = [];
  let fault: Fault | null = null;
  let replaced: string | null = null;
  doc.nodesBetween(from, to, (node, pos) => {
    if (!node.isInline) return true;
    const part = { from: Math.max(from, pos), to: Math.min(to, pos + node.nodeSize), node };
    if (part.from >= part.to) return false;
    const id = idOf(node, INSERTION);
    if (!node.isText) fault ??= "break";
    else if (id !== null && !own.has(id)) fault ??= "other";
    else if (id !== null) gone.push(part);
    else if (idOf(node, DELETION) === null) struck.push(part);
    replaced ??= id;
    return false;
  });
  if (fault !== null) return fault;
  const mine = (node: Node | null, name: string): string | null => {
    const id = idOf(node, name);
    return id !== null && own.has(id) ? id : null;
  };
  const [left, right] = [doc.resolve(from).nodeBefore, doc.resolve(to).nodeAfter];
  if (put.length > 0 && from === to && isInside(left, right, own)) return "other";
  let id: string | null = null;
  if (put.length > 0) id = mine(right, INSERTION) ?? (struck.length > 0 ? null : mine(left, INSERTION)) ?? replaced;
  else if (struck.length > 0) id = mine(left, DELETION) ?? mine(right, DELETION);
  const name = (): string => (id ??= own.mint());
  for (const part of [...struck, ...gone].sort((a, b) => b.from - a.from)) {
    if (gone.includes(part)) out.delete(part.from, part.to);
    else out.addMark(part.from, part.to, markType(DELETION).create({ id: name() }));
  }
  const at = out.mapping.map(to);
  if (put.length > 0) {
    const near = doc.resolve(from).marks();
    out.insert(at, put.map((node) => node.mark(insertedMarks(node.marks, near, name()))));
  }
  return out.setSelection(caret(state, tr, wanted, out, at));
}

/** In the middle of what somebody else suggests: it would be cut in two. */
function isInside(left: Node | null, right: Node | null, own: Own): boolean {
  const id = idOf(left, INSERTION);
  return id !== null && id === idOf(right, INSERTION) && !own.has(id);
}

function insertedMarks(marks: readonly Mark[], near: readonly Mark[], id: string): readonly Mark[] {
  // An anchor of a remark goes on where it is written in, and is not brought along from elsewhere.
  const kept = marks.filter((mark) => {
    if (mark.type.name === INSERTION || mark.type.name === DELETION) return false;
    return mark.type.name !== "remark" || mark.isInSet(near);
  });
  return markType(INSERTION).create({ id }).addToSet(kept);
}

function caret(state: EditorState, tr: Transaction, { from, to, put }: Change, out: Transaction, at: number): TextSelection {
  const { selection } = state;
  const size = put.reduce((sum, node) => sum + node.nodeSize, 0);
  if (size > 0) {
    const place = (pos: number): number => at + Math.min(size, Math.max(0, pos - from));
    return TextSelection.create(out.doc, place(tr.selection.anchor), place(tr.selection.head));
  }
  // Taken out forwards, the caret goes on behind the words that stay; backwards, in front of them.
  const forwards = selection.empty && selection.head === from && to > from;
  return TextSelection.create(out.doc, forwards ? at : from);
}

/** One block as it stands with every suggestion refused, and each suggestion by itself. As drafts/suggest_gate.py. */
interface View {
  standing: string;
  suggestions: Map<string, string>;
  /** Whose taking out lies under words that are put in: it means nothing there, until these are accepted. */
  under: Set<string>;
}

function viewOf(block: Node): View {
  const runs: [string, string][] = [];
  const pieces = new Map<string, [string, number, string, string][]>();
  const under = new Set<string>();
  let at = 0;
  block.forEach((node) => {
    const others = node.marks.filter(({ type }) => type.name !== INSERTION && type.name !== DELETION);
    const beside = JSON.stringify(others.map((mark) => mark.toJSON() as unknown));
    const words = node.isText ? node.text! : `\u0000${node.type.name}`;
    const [inserted, deleted] = [idOf(node, INSERTION), idOf(node, DELETION)];
    const id = inserted ?? deleted;
    if (inserted !== null && deleted !== null) under.add(deleted);
    if (id !== null) {
      const piece: [string, number, string, string] =
        inserted !== null ? [INSERTION, at, words, beside] : [DELETION, at, words, ""];
      const held = pieces.get(id) ?? [];
      pieces.set(id, held);
      const last = held[held.length - 1];
      const goesOn = last && last[0] === piece[0] && last[3] === piece[3];
      if (goesOn && (inserted !== null ? last[1] === at : last[1] + last[2].length === at)) last[2] += words;
      else held.push(piece);
    }
    if (inserted !== null) return;
    const last = runs[runs.length - 1];
    if (last && last[1] === beside) last[0] += words;
    else runs.push([words, beside]);
    at += words.length;
  });
  const suggestions = new Map([...pieces].map(([id, held]) => [id, JSON.stringify(held)]));
  return { standing: JSON.stringify(runs), suggestions, under };
}

/** Whether nothing but one's own suggestions differs between two documents. */
export function onlySuggests(before: Node, after: Node, own: Pick<Own, "has">): boolean {
  if (before === after) return true;
  if (!before.sameMarkup(after)) return false;
  if (!before.inlineContent) {
    if (before.childCount !== after.childCount) return false;
    for (let i = 0; i < before.childCount; i += 1) if (!onlySuggests(before.child(i), after.child(i), own)) return false;
    return true;
  }
  if (before.eq(after)) return true;
  const [was, now] = [viewOf(before), viewOf(after)];
  if (was.standing !== now.standing) return false;
  for (const id of new Set([...was.suggestions.keys(), ...now.suggestions.keys()])) {
    if (was.suggestions.get(id) !== now.suggestions.get(id) && !own.has(id)) return false;
  }
  for (const id of now.under) if (!was.under.has(id) && !was.suggestions.has(id) && !own.has(id)) return false;
  return true;
}

/** The content of a block once these suggestions are answered: what the server makes of it. */
export function answered(content: Fragment, ids: ReadonlySet<string>, accepted: boolean): Fragment {
  const kept: Node[] = [];
  content.forEach((node) => {
    const [inserted, deleted] = [idOf(node, INSERTION), idOf(node, DELETION)];
    const [isIn, isOut] = [inserted !== null && ids.has(inserted), deleted !== null && ids.has(deleted)];
    if (accepted ? isOut && inserted === null : isIn) return;
    kept.push(
      node.mark(
        node.marks.filter(({ type }) => !(type.name === INSERTION && isIn) && !(type.name === DELETION && (isIn || isOut))),
      ),
    );
  });
  return Fragment.fromArray(kept);
}
