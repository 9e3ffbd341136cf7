// Typing « / » at the start of an empty block, or after a space, opens the list of blocks. The slash and what follows
// are ordinary words of the text until something is chosen; Escape leaves them as they are.

import { Plugin, PluginKey, TextSelection, type EditorState, type Transaction } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { matching, type Entry } from "./catalogue.ts";
import { Choices } from "./choices.ts";
import { isFromShared } from "./ids.ts";

export interface Slash {
  /** Where the slash stands. */
  from: number;
  query: string;
}

const KEY = new PluginKey<Slash | null>("slash");
/** A word or two; a sentence that happens to have a slash in it is none of ours. */
const QUERY = /^\/([\p{L}\p{N}][\p{L}\p{N}’' -]{0,30})?$/u;

/** What stands between the slash and the cursor, when that is still a question to the list. */
function queryAt(state: EditorState, from: number): string | null {
  const { selection } = state;
  if (!(selection instanceof TextSelection) || !selection.empty) return null;
  const { $head } = selection;
  if (from < $head.start() || from >= $head.pos || $head.parent.type.name !== "paragraph") return null;
  const found = QUERY.exec(state.doc.textBetween(from, $head.pos, "\n", "\n"));
  return found ? (found[1] ?? "") : null;
}

/** The slash that this change has just put before the cursor. */
function opened(tr: Transaction, before: EditorState, state: EditorState): Slash | null {
  if (!tr.docChanged || isFromShared(tr) || tr.getMeta("uiEvent") !== undefined) return null;
  // The first key in an empty text brings its paragraph along.
  const brought = before.doc.content.size === 0 ? 2 : 0;
  if (state.doc.content.size !== before.doc.content.size + 1 + brought) return null;
  const { $head } = state.selection;
  const from = $head.pos - 1;
  const ahead = $head.parent.isTextblock ? $head.parent.textBetween(0, $head.parentOffset, "\n", "\n") : "";
  if (!/(^|[\s\u00a0])\/$/u.test(ahead)) return null;
  return queryAt(state, from) === "" ? { from, query: "" } : null;
}

export const slashIn = (state: EditorState): Slash | null => KEY.getState(state) ?? null;

/** The state as it would be without the slash and what follows it. */
function without(state: EditorState, slash: Slash): Transaction {
  return state.tr.delete(slash.from, state.selection.head);
}

export interface SlashOptions {
  entries: readonly Entry[];
  /** The list stands in here, beside the text. */
  place: HTMLElement;
  writable(): boolean;
  announce(text: string): void;
}

class SlashList {
  private readonly choices: Choices;
  private shown: Entry[] = [];
  private last: Slash | null = null;

  constructor(
    private readonly view: EditorView,
    private readonly options: SlashOptions,
  ) {
    this.choices = new Choices("Blocs à insérer", (index) => this.choose(index), () => this.point());
    this.choices.list.classList.add("slash-list");
    this.choices.show([]);
    options.place.append(this.choices.list);
  }

  get open(): boolean {
    return this.shown.length > 0;
  }

  update(): void {
    const slash = slashIn(this.view.state);
    if (slash?.from === this.last?.from && slash?.query === this.last?.query) return;
    const before = this.last;
    this.last = slash;
    if (!slash || !this.options.writable()) {
      this.close();
      return;
    }
    const { state } = this.view;
    const after = state.apply(without(state, slash));
    const possible = this.options.entries.filter((entry) => !entry.inline && entry.can(after));
    this.shown = matching(possible, slash.query);
    this.choices.show(this.shown.map(({ words }) => ({ words })));
    if (!this.open) return;
    this.stand(slash.from);
    const many = this.shown.length > 1 ? "s" : "";
    if (before === null) {
      this.options.announce(`${this.shown.length} bloc${many} à insérer. Flèches pour choisir, Entrée pour insérer, Échap pour fermer.`);
    } else this.options.announce(`${this.shown.length} bloc${many}\u00a0: ${this.shown[0]!.words}`);
  }

  /** Below the slash, or above it where there is no room; never wider than the text. */
  private stand(from: number): void {
    const { list } = this.choices;
    const frame = this.options.place.getBoundingClientRect();
    const at = this.view.coordsAtPos(from);
    const room = window.innerHeight - at.bottom;
    const above = room < list.offsetHeight + 8 && at.top > list.offsetHeight + 8;
    list.style.top = `${(above ? at.top - list.offsetHeight - 4 : at.bottom + 4) - frame.top}px`;
    list.style.left = `${Math.max(0, Math.min(at.left - frame.left, frame.width - list.offsetWidth))}px`;
  }

  /** The text tells a screen reader which entry is meant. */
  private point(): void {
    const { dom } = this.view;
    if (this.choices.list.hidden || this.choices.active === null) {
      dom.removeAttribute("aria-activedescendant");
      dom.removeAttribute("aria-controls");
    } else {
      dom.setAttribute("aria-controls", this.choices.list.id);
      dom.setAttribute("aria-activedescendant", this.choices.active);
    }
  }

  private close(): void {
    this.shown = [];
    this.choices.show([]);
  }

  private choose(index: number): void {
    const entry = this.shown[index];
    const slash = slashIn(this.view.state);
    if (!entry || !slash) return;
    this.view.dispatch(without(this.view.state, slash).setMeta(KEY, "close"));
    entry.run(this.view);
    this.options.announce(`${entry.words.replace(/…$/u, "")}\u00a0: choisi.`);
  }

  key(event: KeyboardEvent): boolean {
    if (!this.open || event.isComposing) return false;
    if (event.key === "Escape") {
      this.view.dispatch(this.view.state.tr.setMeta(KEY, "close"));
      this.options.announce("Liste fermée.");
      return true;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    return this.choices.key(event.key);
  }

  destroy(): void {
    this.close();
    this.choices.list.remove();
  }
}

export function slashMenu(options: SlashOptions): Plugin<Slash | null> {
  let list: SlashList | null = null;
  return new Plugin<Slash | null>({
    key: KEY,
    state: {
      init: () => null,
      apply(tr, slash, before, state) {
        if (tr.getMeta(KEY) === "close") return null;
        if (slash === null) return opened(tr, before, state);
        const at = tr.mapping.mapResult(slash.from, 1);
        // A document that was drawn anew by a colleague's change has the slash where the cursor says.
        const from = isFromShared(tr) ? state.selection.head - slash.query.length - 1 : at.pos;
        const query = queryAt(state, from);
        return query === null ? null : { from, query };
      },
    },
    props: {
      handleKeyDown: (_view, event) => list?.key(event) ?? false,
    },
    view(view) {
      list = new SlashList(view, options);
      return list;
    },
  });
}
