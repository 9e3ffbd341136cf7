// The little that the editor knows of remarks at once: where they hang in it. The panel itself is loaded when the text
// has been joined.

import { Plugin } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { onDemand } from "./on_demand.ts";
import type { Page } from "./page.ts";
import type { RemarksPanel } from "./remarks_panel.ts";

export class Remarks {
  private panel: RemarksPanel | null = null;
  private readonly ask: (run: (panel: RemarksPanel) => unknown) => void;
  readonly mayWrite: boolean;
  private number: number;

  readonly plugin = new Plugin({
    props: {
      decorations: (state) => this.panel?.decorations(state),
      handleClick: (_view, pos) => this.panel?.clicked(pos) ?? false,
      handleDOMEvents: {
        // A text that one only reads has no keymap.
        keydown: (view, event) => {
          if (view.editable || !event.altKey || !(event.ctrlKey || event.metaKey) || event.code !== "KeyM") return false;
          event.preventDefault();
          this.begin();
          return true;
        },
      },
    },
  });

  constructor(page: Page, view: () => EditorView | null) {
    const load = onDemand(
      () => import("./remarks_panel.ts").then((part) => (this.panel = new part.RemarksPanel(page, view, this.mayWrite))),
      page.announce,
    );
    this.ask = (run) => {
      if (page.part("remarks")) load(run);
    };
    this.mayWrite = (page.root.dataset["rights"] ?? "").includes("remark");
    // As the page was made: it says how many are open, and what the last change was that it knows of.
    const given = page.part("remarks")?.dataset ?? {};
    this.number = Number(given["number"]);
    if (Number(given["open"]) > 0) this.number = -1;
    const toggle = page.part("remarks-open");
    if (toggle) {
      toggle.hidden = false;
      toggle.addEventListener("click", () => this.ask((panel) => panel.toggle()));
    }
  }

  /** The number of the last change of a remark: what is new is asked for. */
  heard(number: number): boolean {
    if (number === this.number) return false;
    this.number = number;
    this.ask((panel) => panel.refresh());
    return true;
  }

  /** A remark on what is selected, or the remark at the caret. */
  begin = (): void => this.ask((panel) => panel.begin());
}
