// A ProseMirror editor without a screen: the same plugins as in the page, on the least view that y-prosemirror asks
// for. Good for thousands of edits a second.

import { EditorState, TextSelection, type Command, type Plugin, type PluginView, type Transaction } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import * as Y from "yjs";
import { leaveAsItCame } from "../arrivals.ts";
import { initialState } from "../editor.ts";
import { FRAGMENT } from "../schema.ts";

export class Headless {
  state: EditorState;
  private readonly views: PluginView[];

  constructor(readonly doc: Y.Doc, more: readonly Plugin[] = []) {
    leaveAsItCame(doc);
    this.state = initialState(doc, more, () => {});
    const view = this as unknown as EditorView;
    this.views = this.state.plugins.flatMap((plugin) => (plugin.spec.view ? [plugin.spec.view(view)] : []));
  }

  hasFocus(): boolean {
    return false;
  }

  dispatch = (tr: Transaction): void => {
    const before = this.state;
    this.state = this.state.apply(tr);
    for (const view of this.views) view.update?.(this as unknown as EditorView, before);
  };

  run(command: Command): boolean {
    return command(this.state, this.dispatch, this as unknown as EditorView);
  }

  /** There is one line to a block where there is no screen. */
  endOfTextblock(direction: string): boolean {
    const { $head } = this.state.selection;
    return direction === "backward" || direction === "left"
      ? $head.parentOffset === 0
      : $head.parentOffset === $head.parent.content.size;
  }

  select(from: number, to = from): void {
    const { doc } = this.state;
    this.dispatch(this.state.tr.setSelection(TextSelection.between(doc.resolve(from), doc.resolve(to))));
  }

  type(text: string): void {
    this.dispatch(this.state.tr.insertText(text));
  }

  fragment(): Y.XmlFragment {
    return this.doc.getXmlFragment(FRAGMENT);
  }

  destroy(): void {
    for (const view of this.views) view.destroy?.();
  }
}

/** A small generator with a seed (mulberry32): the same seed makes the same walk. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
