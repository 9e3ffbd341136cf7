// Undo of who may only suggest. What was one's own may have become the text since, or stand among words of others: then
// to take it back is no suggestion.
//
// Yjs undoes struct by struct. To strike words beside a colleague's suggestion moves the marks where it begins and ends,
// so that undo writes the old ones again, and does so too when the words they marked have gone elsewhere meanwhile. A
// mark of somebody else's that covers nothing would lie in wait for what is written there next, and the server refuses
// it (drafts/suggest_gate.py): what undo wrote and nothing needs is taken out again.

import type { Node } from "prosemirror-model";
import * as Y from "yjs";
import { onlySuggests, type Own } from "./suggesting.ts";

const guarded = new WeakSet<Y.UndoManager>();

/** `doc`: the text as the editor shows it, or null while nobody has to be held to anything. */
export function guardUndo(manager: Y.UndoManager, doc: () => Node | null, own: Own, refused: () => void): void {
  if (guarded.has(manager)) return;
  guarded.add(manager);
  const undo = manager.undo.bind(manager);
  const redo = manager.redo.bind(manager);
  const guard = (run: typeof undo, back: typeof undo, stack: () => unknown[]) => (): ReturnType<typeof undo> => {
    const before = doc();
    if (!before) return run();
    const clock = Y.getState(manager.doc.store, manager.doc.clientID);
    let done = run();
    const after = doc();
    if (done && after && !onlySuggests(before, after, own)) {
      back();
      stack().pop();
      done = null;
      refused();
    }
    // All of it goes to the server as one stroke: nobody yields in between.
    takeOutIdle(manager.doc, clock);
    return done;
  };
  manager.undo = guard(undo, redo, () => manager.undoStack);
  manager.redo = guard(redo, undo, () => manager.redoStack);
}

type Format = Y.Item & { content: Y.ContentFormat };

const isFormat = (item: unknown): item is Format =>
  item instanceof Y.Item && !item.deleted && item.content instanceof Y.ContentFormat;

/** Takes out the marks that this replica began since `clock` and that cover nothing. */
function takeOutIdle(doc: Y.Doc, clock: number): void {
  const structs = doc.store.clients.get(doc.clientID) ?? [];
  const written = new Set<Y.Item>();
  for (let i = structs.length - 1; i >= 0 && structs[i]!.id.clock >= clock; i -= 1) {
    const item = structs[i];
    if (isFormat(item)) written.add(item);
  }
  const texts = new Set([...written].map((item) => item.parent as Y.XmlText));
  const idle = [...texts].flatMap((text) => idleIn(text, written));
  // No origin: this is no step to take back.
  if (idle.length > 0) doc.transact((transaction) => idle.forEach((item) => item.delete(transaction)));
}

/** Those of `written` without which all words of a text are marked as they are: of two words' marks the last counts. */
function idleIn(text: Y.XmlText, written: ReadonlySet<Y.Item>): Y.Item[] {
  const idle: Y.Item[] = [];
  const standing = new Map<string, string>();
  const between = new Map<string, Format[]>();
  const atWords = (isEnd: boolean): void => {
    for (const [key, marks] of between) {
      const last = marks[marks.length - 1]!;
      const kept = marks.filter((mark) => !written.has(mark)).pop();
      const without = kept ? valueOf(kept) : (standing.get(key) ?? "null");
      const found = marks.filter((mark) => written.has(mark) && (isEnd || mark !== last || valueOf(mark) === without));
      // An end alone marks nothing, and may be the one that somebody else's redo counts on.
      if (found.some((mark) => valueOf(mark) !== "null")) idle.push(...found);
      standing.set(key, valueOf(last));
    }
    between.clear();
  };
  for (let item = text._start; item !== null; item = item.right) {
    if (isFormat(item)) between.set(item.content.key, [...(between.get(item.content.key) ?? []), item]);
    else if (!item.deleted && item.countable) atWords(false);
  }
  atWords(true);
  return idle;
}

const valueOf = (mark: Format): string => JSON.stringify(mark.content.value);
