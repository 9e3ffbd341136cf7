// Suggesting, as much of it as every page loads: whether what is typed becomes a suggestion. The rest (how an edit
// becomes one, whose they are, the list with its answers) is a part of its own, loaded when somebody suggests or when
// there is a suggestion to see.

import { Plugin, type EditorState, type Transaction } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { isFromShared } from "./ids.ts";
import type { Page } from "./page.ts";
import type { Session } from "./session.ts";
import type { SuggestPart } from "./suggest_part.ts";

export interface SuggestHooks {
  page: Page;
  token: string;
  session(): Session;
  view(): EditorView | null;
  /** The mode, or whether anything can be written at all, is another. */
  changed(): void;
}

export class SuggestMode {
  /** This seat may do nothing else. */
  only = false;
  private wanted = false;
  private part: SuggestPart | null = null;
  private loading = false;

  constructor(readonly hooks: SuggestHooks, private readonly key: string) {
    try {
      this.wanted = sessionStorage.getItem(key) !== null;
    } catch {
      // Then each page begins without it.
    }
  }

  /** What is typed becomes a suggestion. */
  get on(): boolean {
    return this.only || this.wanted;
  }

  /** False until the part is there that turns edits into suggestions: nothing may be written meanwhile. */
  get isReady(): boolean {
    return !this.on || this.part !== null;
  }

  seat(only: boolean): void {
    this.only = only;
    this.look(this.on);
    this.part?.seated();
  }

  toggle = (): void => {
    if (this.only) return;
    this.wanted = !this.wanted;
    try {
      if (this.wanted) sessionStorage.setItem(this.key, "1");
      else sessionStorage.removeItem(this.key);
    } catch {
      // See above.
    }
    this.hooks.page.announce(this.wanted ? "Mode suggestion activé." : "Mode suggestion désactivé.", false, "suggest");
    this.look(this.wanted);
    this.hooks.changed();
  };

  /** After a change of the text: the list is for whoever has something to see in it. */
  look(needed = this.hooks.page.place.querySelector(".suggestion") !== null): void {
    if (this.part) this.part.changed();
    else if (needed && !this.loading) {
      this.loading = true;
      import("./suggest_part.ts").then(
        ({ SuggestPart }) => {
          this.part = new SuggestPart(this);
          this.hooks.changed();
        },
        () => {
          this.loading = false;
          this.hooks.page.announce("Pas de connexion\u00a0: le mode suggestion n’a pas pu être chargé.", true);
        },
      );
    }
  }

  /** What becomes of an edit: itself, suggestions, or nothing. */
  shape(state: EditorState, tr: Transaction): Transaction | null {
    return tr.docChanged && !isFromShared(tr) && this.part ? this.part.shape(state, tr) : tr;
  }

  plugin(): Plugin {
    return new Plugin({
      // What plugins append is held to it too.
      filterTransaction: (tr, state) =>
        !this.on || !tr.docChanged || isFromShared(tr) || (this.part?.allows(state, tr) ?? false),
      props: { decorations: (state) => this.part?.decorations(state) },
    });
  }
}
