// What a piece of advice may change in the text: ordinary edits of the person who takes it, which the suggestion mode
// turns into suggestions and Ctrl+Z takes back one by one.

import type { Node } from "prosemirror-model";
import { TextSelection } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import type { FrenchHooks } from "./french.ts";
import type { Finding, Term } from "./french_blocks.ts";
import type { Placed } from "./french_reading.ts";

const SUGGESTED: readonly string[] = ["insertion", "deletion"];

/** Words of which somebody suggests something are answered first: putting others there would decide it unasked. */
export function isSuggestedIn(doc: Node, from: number, to: number): boolean {
  let found = false;
  doc.nodesBetween(from, to, (node) => {
    found ||= node.marks.some(({ type }) => SUGGESTED.includes(type.name));
    return !found;
  });
  return found;
}

const says = (doc: Node, from: number, to: number, { words }: Finding): boolean =>
  to <= doc.content.size && doc.textBetween(from, to, "\n", "\n") === words;

/** A deed that can be taken back as long as one has done nothing after it. */
export interface Done {
  isLast(): boolean;
  undo(): boolean;
}

/** Puts the better words in the place of those that were found. Null when nothing was changed. */
export function replaceWords(view: EditorView, hooks: FrenchHooks, { finding, from, to }: Placed): Done | null {
  const { state } = view;
  const { schema } = state;
  const { better } = finding;
  if (better === null || !says(state.doc, from, to, finding) || isSuggestedIn(state.doc, from, to)) return null;
  const manager = hooks.undoManager(state);
  // A step of its own: what was typed just before stays when it is taken back.
  manager?.stopCapturing();
  const $from = state.doc.resolve(from);
  const marks = $from.marksAcross(state.doc.resolve(to)) ?? $from.marks();
  const tr = better === "" ? state.tr.delete(from, to) : state.tr.replaceWith(from, to, schema.text(better, marks));
  view.dispatch(tr);
  manager?.stopCapturing();
  if (view.state.doc.eq(state.doc)) return null;
  const done = manager?.undoStack.at(-1);
  const isLast = (): boolean => done !== undefined && hooks.undoManager(view.state)?.undoStack.at(-1) === done;
  return { isLast, undo: () => isLast() && hooks.undoManager(view.state)!.undo() !== null };
}

/** A definition of the word, behind the block that uses it. False where none can stand. */
export function addDefinition(view: EditorView, hooks: FrenchHooks, block: string, { term, definition }: Term): boolean {
  const at = hooks.blockWithId(view.state.doc, block);
  const node = at === null ? null : view.state.doc.nodeAt(at);
  if (at === null || !node) return false;
  const { schema } = view.state;
  const words = (text: string): Node[] => (text ? [schema.text(text)] : []);
  const paragraphs = definition
    .split(/\n+/u)
    .map((line) => schema.node("paragraph", null, words(line.trim())));
  const made = schema.node("definition", null, [schema.node("label", null, words(term.trim())), ...paragraphs]);
  hooks.undoManager(view.state)?.stopCapturing();
  view.dispatch(view.state.tr.setSelection(TextSelection.create(view.state.doc, at + 1 + node.content.size)));
  const before = view.state.doc;
  return hooks.insertBlock(() => made)(view.state, view.dispatch, view) && !view.state.doc.eq(before);
}
