// What suggesting needs beside the editor: edits turned into suggestions, whose each one is, how they look, the list
// with its answers. Loaded on demand (suggest_mode.ts).

import type { Node } from "prosemirror-model";
import type { EditorState, Transaction } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";
import { yUndoPluginKey } from "y-prosemirror";
import type { UndoManager } from "yjs";
import { askAsJson } from "./ask.ts";
import type { SuggestMode } from "./suggest_mode.ts";
import { SuggestPanel } from "./suggest_panel.ts";
import { AS_IT_IS, mended } from "./suggest_mend.ts";
import { guardUndo } from "./suggest_undo.ts";
import { DELETION, INSERTION, clientOf, idOf, onlySuggests, plainWords, suggested, type Fault, type Own } from "./suggesting.ts";

export interface Author {
  person: string;
  name: string;
  administration: string;
  mine: boolean;
}

/** One open suggestion as it stands in the editor's own text. */
export interface Found {
  id: string;
  from: number;
  inserted: string;
  deleted: string;
}

const FAULTS: Record<Fault, string> = {
  block: "En mode suggestion, on ne change que le texte à l’intérieur d’un bloc\u00a0: rien n’a été changé.",
  break: "Un retour à la ligne ne peut pas être suggéré\u00a0: rien n’a été changé.",
  format: "La mise en forme ne peut pas être suggérée\u00a0: rien n’a été changé.",
  other: "Cette suggestion est de quelqu’un d’autre\u00a0: rien n’a été changé.",
};

/** Who is behind an id that came in is asked at most so often, milliseconds. */
const ASKING = 2_000;

export class SuggestPart {
  private readonly authors = new Map<number, Author>();
  private readonly panel: SuggestPanel;
  private shown: { doc: Node; set: DecorationSet } | null = null;
  private known = new WeakMap<Node, readonly [string, string, number, number][]>();
  private last = 0;
  private askedAt = 0;
  private asking: ReturnType<typeof setTimeout> | null = null;

  readonly own: Own = {
    has: (id) => {
      const client = clientOf(id);
      return client > 0 && (client === this.session.clientId || this.authors.get(client)?.mine === true);
    },
    mint: () => {
      // Grows from tab to tab too: the same client id may have been here before a reload.
      this.last = Math.max(this.last + 1, Date.now());
      return `${this.session.clientId}-${this.last.toString(36)}`;
    },
  };

  constructor(readonly mode: SuggestMode) {
    this.panel = new SuggestPanel(this);
    this.seated();
    this.changed();
    if (mode.on) this.ask();
  }

  private get session() {
    return this.mode.hooks.session();
  }

  get address(): string {
    return `/brouillons/${this.mode.hooks.page.draft}/suggestions`;
  }

  shape(state: EditorState, tr: Transaction): Transaction | null {
    if (tr.getMeta(AS_IT_IS)) return tr;
    if (!this.mode.on) return plainWords(tr);
    const made = suggested(state, tr, this.own);
    if (typeof made !== "string") return made;
    this.mode.hooks.page.announce(FAULTS[made], true, "suggest");
    return null;
  }

  allows(state: EditorState, tr: Transaction): boolean {
    return tr.getMeta(AS_IT_IS) === true || onlySuggests(state.doc, tr.doc, this.own);
  }

  /** The editor is another one, or its rights are. */
  seated(): void {
    const view = this.mode.hooks.view();
    const mending = view && this.mode.only ? mended(view.state, this.session.unsaved, this.own) : null;
    if (mending) view!.dispatch(mending);
    const manager = view && (yUndoPluginKey.getState(view.state) as { undoManager: UndoManager } | undefined)?.undoManager;
    if (manager) {
      guardUndo(manager, () => (this.mode.only ? (this.mode.hooks.view()?.state.doc ?? null) : null), this.own, () =>
        this.mode.hooks.page.announce("Cela ne peut plus être annulé\u00a0: vos mots font maintenant partie du texte.", true, "suggest"),
      );
    }
    this.panel.render();
  }

  // What there is, and whose it is

  /** The suggestions of the text, in reading order. */
  found(): Found[] {
    const all = new Map<string, Found>();
    this.mode.hooks.view()?.state.doc.descendants((node, pos) => {
      if (!node.inlineContent) return true;
      for (const [id, kind, from, to] of this.inBlock(node)) {
        const one = all.get(id) ?? { id, from: pos + 1 + from, inserted: "", deleted: "" };
        all.set(id, one);
        one[kind === INSERTION ? "inserted" : "deleted"] += node.textBetween(from, to);
      }
      return false;
    });
    return [...all.values()];
  }

  /** A block that nobody touched is the same object as before. */
  private inBlock(block: Node): readonly [string, string, number, number][] {
    let found = this.known.get(block);
    if (!found) {
      const parts: [string, string, number, number][] = [];
      block.forEach((node, offset) => {
        for (const kind of [INSERTION, DELETION]) {
          const id = idOf(node, kind);
          if (id === null) continue;
          parts.push([id, kind, offset, offset + node.nodeSize]);
          break;
        }
      });
      this.known.set(block, (found = parts));
    }
    return found;
  }

  author(id: string): Author | null {
    const client = clientOf(id);
    const found = this.authors.get(client);
    if (!found && client > 0) this.askSoon();
    return found ?? null;
  }

  private askSoon(): void {
    this.asking ??= setTimeout(() => this.ask(), Math.max(200, this.askedAt + ASKING - Date.now()));
  }

  private ask(): void {
    if (this.asking) clearTimeout(this.asking);
    this.asking = null;
    this.askedAt = Date.now();
    askAsJson(`${this.address}/auteurs`)
      .then((answer) => (answer.ok ? (answer.json() as Promise<{ authors: Record<string, Author> }>) : null))
      .then(
        (told) => {
          if (!told) return;
          for (const [client, author] of Object.entries(told.authors)) this.authors.set(Number(client), author);
          this.shown = null;
          this.mode.hooks.view()?.setProps({});
          this.panel.render();
        },
        () => {
          // Without a line they stay unnamed; the next change asks again.
        },
      );
  }

  changed(): void {
    this.panel.soon();
  }

  /** Who suggested, when the pointer rests on the words. */
  decorations({ doc }: EditorState): DecorationSet {
    if (this.shown?.doc === doc) return this.shown.set;
    const all: Decoration[] = [];
    doc.descendants((node, pos) => {
      if (!node.inlineContent) return true;
      for (const [id, kind, from, to] of this.inBlock(node)) {
        const author = this.author(id);
        const what = kind === INSERTION ? "Ajout suggéré" : "Suppression suggérée";
        const title = author ? `${what} par ${author.mine ? "vous" : called(author)}` : what;
        all.push(Decoration.inline(pos + 1 + from, pos + 1 + to, { title }));
      }
      return false;
    });
    this.shown = { doc, set: DecorationSet.create(doc, all) };
    return this.shown.set;
  }
}

export const called = ({ name, administration }: Author): string => (administration ? `${name} – ${administration}` : name);
