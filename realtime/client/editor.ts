// The ProseMirror view on a joined document.

import { baseKeymap, selectAll } from "prosemirror-commands";
import { dropCursor } from "prosemirror-dropcursor";
import { gapCursor } from "prosemirror-gapcursor";
import { keymap } from "prosemirror-keymap";
import { EditorState, Plugin, type Command, type Transaction } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { initProseMirrorDoc, redoCommand, undoCommand, yUndoPlugin, yUndoPluginKey, ySyncPlugin } from "y-prosemirror";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import {
  backspace,
  clearCells,
  deleteForward,
  enter,
  fillEmpty,
  indent,
  insertHardBreak,
  inCell,
  outdent,
  setBlock,
  toggleEm,
  toggleList,
  toggleStrong,
} from "./commands.ts";
import { findPlugin } from "./find.ts";
import { blockIds } from "./ids.ts";
import type { Asks } from "./asks.ts";
import { cleanText } from "./markup.ts";
import { nodeViews } from "./node_views.ts";
import { pasting } from "./paste.ts";
import { BLOCK_NAMES, FRAGMENT, schema } from "./schema.ts";
import { emptyHeaders, goToCell } from "./tables.ts";
import { moveBlock } from "./units.ts";

export interface EditorOptions {
  place: HTMLElement;
  doc: Y.Doc;
  awareness: Awareness;
  cursors(awareness: Awareness): Plugin;
  writable(): boolean;
  asks: Asks;
  openLink(view: EditorView): void;
  /** What belongs to the screen: the slash, the handle, dropped files. */
  aids: readonly Plugin[];
  /** Height of what stays above the text while it scrolls, pixels. */
  covered(): number;
  changed(view: EditorView): void;
  /** What becomes of an edit before anybody sees it; null: nothing. */
  shape(state: EditorState, tr: Transaction): Transaction | null;
  compositionEnded(): void;
  announce(words: string, shown?: boolean): void;
  /** Keys of what stands around the text. */
  moreKeys: Record<string, Command>;
}

/** What ProseMirror reads the page with; it has no public name. */
interface Observed {
  domObserver: { flush(): void };
}

/** Tab moves in tables and lists and otherwise leaves the text, so that nobody is trapped in it. */
const tab: Command = (state, dispatch) => (inCell(state) ? goToCell(1)(state, dispatch) : indent(state, dispatch));

const shiftTab: Command = (state, dispatch) => {
  if (inCell(state)) return goToCell(-1)(state, dispatch);
  const { $from } = state.selection;
  // Only an inner item: at the outermost level Shift+Tab belongs to the page.
  if ($from.depth < 5 || $from.node(-3)?.type.name !== "list_item") return false;
  return outdent(state, dispatch);
};

export function keys(openLink: (view: EditorView) => void): Record<string, Command> {
  return {
    "Mod-z": undoCommand,
    "Mod-y": redoCommand,
    "Shift-Mod-z": redoCommand,
    "Mod-b": toggleStrong,
    "Mod-B": toggleStrong,
    "Mod-i": toggleEm,
    "Mod-I": toggleEm,
    "Mod-k": (_state, _dispatch, view) => {
      if (view) openLink(view);
      return true;
    },
    "Mod-Alt-0": setBlock("paragraph"),
    "Mod-Alt-2": setBlock("heading", { level: 2 }),
    "Mod-Alt-3": setBlock("heading", { level: 3 }),
    "Mod-Alt-4": setBlock("heading", { level: 4 }),
    "Shift-Mod-7": toggleList("ordered_list"),
    "Shift-Mod-8": toggleList("bullet_list"),
    "Shift-Enter": insertHardBreak,
    Enter: enter,
    Backspace: backspace,
    "Mod-Backspace": backspace,
    "Shift-Backspace": backspace,
    Delete: deleteForward,
    "Mod-Delete": deleteForward,
    Tab: tab,
    "Shift-Tab": shiftTab,
    "Mod-a": selectAll,
    // Where the block cannot go any further the key must still not select text.
    "Alt-Shift-ArrowUp": (state, dispatch) => moveBlock(-1)(state, dispatch) || true,
    "Alt-Shift-ArrowDown": (state, dispatch) => moveBlock(1)(state, dispatch) || true,
  };
}

/** The plugins of a collaborating state. Without a view they serve the tests too. */
export function plugins(doc: Y.Doc, mapping: any, more: readonly Plugin[], link: (view: EditorView) => void): Plugin[] {
  return [
    ySyncPlugin(doc.getXmlFragment(FRAGMENT), { mapping }) as Plugin,
    // One's own undo never deletes a block that a colleague has filled meanwhile.
    yUndoPlugin({ protectedNodes: new Set(BLOCK_NAMES) }) as Plugin,
    ...more,
    blockIds(),
    keymap(keys(link)),
    keymap(baseKeymap),
  ];
}

/** What takes one's own steps back. */
export const undoManager = (state: EditorState): Y.UndoManager | null =>
  (yUndoPluginKey.getState(state) as { undoManager: Y.UndoManager } | undefined)?.undoManager ?? null;

export function initialState(doc: Y.Doc, more: readonly Plugin[], link: (view: EditorView) => void): EditorState {
  const { doc: node, mapping } = initProseMirrorDoc(doc.getXmlFragment(FRAGMENT), schema);
  return EditorState.create({ doc: node, schema, plugins: plugins(doc, mapping, more, link) });
}

export function mountEditor(options: EditorOptions): EditorView {
  const { place, doc, awareness } = options;
  const state = initialState(doc, [
    options.cursors(awareness),
    emptyHeaders(),
    ...options.aids,
    pasting(options),
    findPlugin(),
    keymap(options.moreKeys),
    dropCursor(),
    gapCursor(),
  ], options.openLink);
  const fill = (view: EditorView): void => {
    const tr = options.writable() ? fillEmpty(view.state) : null;
    if (tr) view.dispatch(tr);
  };
  const view: EditorView = new EditorView(place, {
    state,
    nodeViews: nodeViews(options.asks),
    editable: () => options.writable(),
    scrollThreshold: { top: options.covered() + 10, right: 5, bottom: 10, left: 5 },
    scrollMargin: { top: options.covered() + 20, right: 5, bottom: 40, left: 5 },
    attributes: () => ({
      id: "editor-text",
      "data-editor": "",
      role: "textbox",
      "aria-multiline": "true",
      "aria-label": "Texte de l’article",
      "aria-readonly": String(!options.writable()),
      lang: "fr",
      spellcheck: "true",
      // A read-only text must still be reached and scrolled from the keyboard.
      ...(options.writable() ? {} : { tabindex: "0" }),
    }),
    dispatchTransaction(tr) {
      const made = options.shape(view.state, tr);
      // Without one the page is drawn again as it was: the browser may have written into it already.
      view.updateState(made ? view.state.apply(made) : view.state);
      options.changed(view);
    },
    handleTextInput: (current, _from, _to, text) => {
      // Typing over a selection of several cells empties them first and keeps the table whole.
      if (!clearCells(current.state, current.dispatch)) return false;
      current.dispatch(current.state.tr.insertText(cleanText(text)));
      return true;
    },
    handleClickOn: (current, _pos, _node, nodePos, _event, direct) => {
      if (!direct || !options.writable()) return false;
      const tr = fillEmpty(current.state, nodePos);
      if (!tr) return false;
      current.dispatch(tr);
      return true;
    },
    handleDOMEvents: {
      keydown: (current, event) => {
        // An arrow moves the caret in the page at once, and the browser tells of it a moment later. A key that is
        // pressed within that moment would be done to the selection before: Enter would replace words that the arrow
        // had just left. So the page is asked before each key.
        // 229 is what a phone's keyboard says while it is still making up its mind.
        if (!current.composing && event.keyCode !== 229) (current as unknown as Observed).domObserver.flush();
        return false;
      },
      beforeinput: (current) => {
        fill(current);
        return false;
      },
      compositionstart: (current) => {
        fill(current);
        return false;
      },
      paste: (current) => {
        fill(current);
        return false;
      },
      compositionend: () => {
        // ProseMirror reads the composed text a moment later; what waited comes in after that.
        setTimeout(() => {
          if (!view.composing) options.compositionEnded();
        }, 60);
        return false;
      },
    },
  });
  return view;
}
