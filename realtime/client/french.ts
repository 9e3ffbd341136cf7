// The little that the editor knows of plain French at once: its place, its keys and whether it was left open. What
// reads and shows is loaded when it is first wanted.

import type { Node } from "prosemirror-model";
import { Plugin, type Command, type EditorState } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import type { UndoManager } from "yjs";
import type { FrenchPanel } from "./french_panel.ts";
import { onDemand } from "./on_demand.ts";
import type { Page } from "./page.ts";

/** Of this device: whoever writes with the advice beside the text wants it in the next text too. */
const OPEN = "open-lab.plain-french";

/** What the part needs of the editor is handed to it: a module in both would part the first bundle and make it larger. */
export interface FrenchHooks {
  page: Page;
  view(): EditorView | null;
  writable(): boolean;
  suggesting(): boolean;
  /** How many words there are to read, and how long that takes. */
  length(doc: Node): string;
  insertBlock(make: () => Node): Command;
  blockWithId(doc: Node, id: string): number | null;
  undoManager(state: EditorState): UndoManager | null;
}

export class French {
  private panel: FrenchPanel | null = null;
  private readonly ask: (run: (panel: FrenchPanel) => unknown) => void;
  private readonly isHere: boolean;

  readonly plugin = new Plugin({
    props: {
      decorations: (state) => this.panel?.decorations(state),
      handleClick: (_view, pos) => this.panel?.clicked(pos) ?? false,
    },
  });

  constructor(hooks: FrenchHooks) {
    const { page } = hooks;
    const toggle = page.part("french-open");
    this.isHere = toggle !== null;
    this.ask = onDemand(
      () => import("./french_panel.ts").then((part) => (this.panel = new part.FrenchPanel(hooks, remember))),
      page.announce,
    );
    const remember = (open: boolean): void => {
      if (page.sharedComputer) return;
      try {
        if (open) localStorage.setItem(OPEN, "1");
        else localStorage.removeItem(OPEN);
      } catch {
        // Then it begins closed.
      }
    };
    if (!toggle) return;
    toggle.hidden = false;
    toggle.addEventListener("click", () => this.ask((panel) => panel.toggle()));
  }

  /** The editor is there: what was open the last time is opened again. */
  mounted(): void {
    if (this.panel) return this.panel.mounted();
    try {
      if (this.isHere && localStorage.getItem(OPEN) !== null) this.ask((panel) => panel.open(false));
    } catch {
      // See above.
    }
  }

  changed(): void {
    this.panel?.changed();
  }

  /** The next finding or the one before; false as long as nothing is shown. */
  go = (by: 1 | -1): boolean => this.panel?.go(by) ?? false;

  /** From the text to the advice, which is opened for it. */
  lead = (): boolean => {
    if (this.isHere) this.ask((panel) => panel.lead());
    return this.isHere;
  };
}
