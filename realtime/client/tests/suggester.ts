// An editor in the mode of suggestions, without a screen: edits go the way they go in the page.

import { Plugin, TextSelection, type Transaction } from "prosemirror-state";
import { redoCommand, undoCommand, yUndoPluginKey } from "y-prosemirror";
import * as Y from "yjs";
import { leaveAsItCame } from "../arrivals.ts";
import { isFromShared } from "../ids.ts";
import { FRAGMENT } from "../schema.ts";
import { AS_IT_IS } from "../suggest_mend.ts";
import { onlySuggests, suggested, type Fault, type Own } from "../suggesting.ts";
import { guardUndo } from "../suggest_undo.ts";
import { Headless } from "./headless.ts";

/** A document of paragraphs. */
export function seeded(...blocks: string[]): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const fragment = doc.getXmlFragment(FRAGMENT);
  blocks.forEach((words, i) => {
    const block = new Y.XmlElement("paragraph");
    block.setAttribute("id", `b${i}`);
    if (words) block.insert(0, [new Y.XmlText(words)]);
    fragment.push([block]);
  });
  return doc;
}

/** The same document on another machine. */
export function copied(doc: Y.Doc, clientId: number): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc), "remote");
  copy.clientID = clientId;
  leaveAsItCame(copy);
  return copy;
}

export class Suggester extends Headless {
  readonly faults: Fault[] = [];
  /** How often undo was refused. */
  undone = 0;
  readonly asItIs: (tr: Transaction) => void;
  readonly own: Own;

  constructor(doc: Y.Doc, clientId: number) {
    // As in suggest_mode.ts: what plugins append is held to it too.
    const held = new Plugin({
      filterTransaction: (tr, state) =>
        !tr.docChanged || isFromShared(tr) || tr.getMeta(AS_IT_IS) === true || onlySuggests(state.doc, tr.doc, this.own),
    });
    super(copied(doc, clientId), [held]);
    let count = 0;
    this.own = { has: (id) => id.startsWith(`${clientId}-`), mint: () => `${clientId}-${(count += 1)}` };
    if (doc.clientID !== clientId) {
      this.doc.on("update", (update: Uint8Array, origin: unknown) => {
        if (origin !== "remote") Y.applyUpdate(doc, update, "remote");
      });
    }
    const manager = (yUndoPluginKey.getState(this.state) as { undoManager: Y.UndoManager }).undoManager;
    guardUndo(manager, () => this.state.doc, this.own, () => (this.undone += 1));
    const plain = (this.asItIs = this.dispatch);
    this.dispatch = (tr: Transaction) => {
      if (!tr.docChanged || isFromShared(tr)) return plain(tr);
      const made = suggested(this.state, tr, this.own);
      if (typeof made === "string") this.faults.push(made);
      else if (onlySuggests(this.state.doc, made.doc, this.own)) plain(made);
      else throw new Error("made of an edit what is no suggestion");
    };
  }

  /** As a key does it: the caret stands where it did. */
  erase(from: number, to: number): void {
    this.dispatch(this.state.tr.delete(from, to));
  }

  put(at: number, words: string): void {
    this.dispatch(this.state.tr.insertText(words, at));
  }

  /** Each act is one step to take back. */
  separate(): void {
    (yUndoPluginKey.getState(this.state) as { undoManager: Y.UndoManager }).undoManager.stopCapturing();
  }

  undo(): boolean {
    return undoCommand(this.state, this.dispatch);
  }

  redo(): boolean {
    return redoCommand(this.state, this.dispatch);
  }

  caret(at: number): void {
    this.dispatch(this.state.tr.setSelection(TextSelection.near(this.state.doc.resolve(at))));
  }
}
