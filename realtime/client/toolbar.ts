// The toolbar: one stop for the Tab key, arrows inside, words that can be read aloud and clicked by voice.

import { redoCommand, undoCommand } from "y-prosemirror";
import type { Command, EditorState } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import {
  blockIs,
  fillEmpty,
  listIs,
  markIsOn,
  noteIs,
  setBlock,
  toggleEm,
  toggleList,
  toggleNote,
  toggleStrong,
} from "./commands.ts";
import { addColumn, addRow, deleteColumn, deleteRow, deleteTable, insertTable, inTable } from "./tables.ts";

interface Tool {
  name: string;
  words: string;
  /** As aria-keyshortcuts says it, with Control; the tooltip says it in French. */
  keys?: string;
  run(view: EditorView): void;
  can(state: EditorState): boolean;
  on?(state: EditorState): boolean;
  onlyInTable?: boolean;
}

const command = (run: Command): Pick<Tool, "run" | "can"> => ({
  run: (view) => {
    run(view.state, view.dispatch, view);
    view.focus();
  },
  can: (state) => run(state) === true,
});

function tools(openLink: (view: EditorView) => void): Tool[][] {
  const heading = (level: 2 | 3 | 4): Tool => ({
    name: `heading-${level}`,
    words: `Titre ${level}`,
    keys: `Control+Alt+${level}`,
    ...command(setBlock("heading", { level })),
    on: (state) => blockIs(state, "heading", { level }),
  });
  return [
    [
      { name: "undo", words: "Annuler", keys: "Control+Z", ...command(undoCommand) },
      { name: "redo", words: "Rétablir", keys: "Control+Y", ...command(redoCommand) },
    ],
    [
      { name: "strong", words: "Gras", keys: "Control+B", ...command(toggleStrong), on: (s) => markIsOn(s, "strong") },
      { name: "em", words: "Italique", keys: "Control+I", ...command(toggleEm), on: (s) => markIsOn(s, "em") },
      {
        name: "link",
        words: "Lien",
        keys: "Control+K",
        run: openLink,
        can: (state) => state.selection.$from.parent.inlineContent,
        on: (s) => markIsOn(s, "link"),
      },
    ],
    [
      {
        name: "paragraph",
        words: "Paragraphe",
        keys: "Control+Alt+0",
        ...command(setBlock("paragraph")),
        on: (state) => blockIs(state, "paragraph"),
      },
      heading(2),
      heading(3),
      heading(4),
      {
        name: "lead",
        words: "Chapeau «\u00a0en bref\u00a0»",
        ...command(setBlock("lead")),
        on: (state) => blockIs(state, "lead"),
      },
    ],
    [
      { name: "bullet-list", words: "Liste à puces", keys: "Control+Shift+8", ...command(toggleList("bullet_list")), on: (s) => listIs(s, "bullet_list") },
      { name: "ordered-list", words: "Liste numérotée", keys: "Control+Shift+7", ...command(toggleList("ordered_list")), on: (s) => listIs(s, "ordered_list") },
      { name: "note", words: "Note", ...command(toggleNote("note")), on: (s) => noteIs(s, "note") },
      { name: "warning", words: "Avertissement", ...command(toggleNote("warning")), on: (s) => noteIs(s, "warning") },
    ],
    [
      { name: "table", words: "Tableau", ...command(insertTable) },
      { name: "row-after", words: "Ajouter une ligne", ...command(addRow("after")), onlyInTable: true },
      { name: "column-after", words: "Ajouter une colonne", ...command(addColumn("after")), onlyInTable: true },
      { name: "row-delete", words: "Supprimer la ligne", ...command(deleteRow), onlyInTable: true },
      { name: "column-delete", words: "Supprimer la colonne", ...command(deleteColumn), onlyInTable: true },
      { name: "table-delete", words: "Supprimer le tableau", ...command(deleteTable), onlyInTable: true },
    ],
  ];
}

/** Control+B is said « Ctrl+B » in French, and ⌘ takes its place on a Mac. */
function spoken(keys: string): string {
  return keys.replace("Control", "Ctrl").replace("Shift", "Maj");
}

export class Toolbar {
  private readonly buttons: { tool: Tool; button: HTMLButtonElement }[] = [];
  private current: HTMLButtonElement | null = null;
  private view: EditorView | null = null;
  private writable = false;

  constructor(
    bar: HTMLElement,
    controls: string,
    openLink: (view: EditorView) => void,
  ) {
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Mise en forme");
    bar.setAttribute("aria-controls", controls);
    bar.replaceChildren();
    for (const group of tools(openLink)) {
      const box = document.createElement("span");
      box.className = "toolbar-group";
      for (const tool of group) box.append(this.button(tool));
      bar.append(box);
    }
    bar.addEventListener("keydown", (event) => this.onKey(event));
    this.refresh();
  }

  attach(view: EditorView | null, writable: boolean): void {
    this.view = view;
    this.writable = writable;
    this.refresh();
  }

  /** After each change of the editor's state. */
  refresh(): void {
    const state = this.usable();
    const table = state !== undefined && inTable(state);
    for (const { tool, button } of this.buttons) {
      if (tool.onlyInTable) button.hidden = !table;
      const enabled = state !== undefined && this.writable && tool.can(state);
      // aria-disabled and not disabled: a button must not lose the focus because the text changed.
      button.setAttribute("aria-disabled", String(!enabled));
      if (tool.on) button.setAttribute("aria-pressed", String(state !== undefined && tool.on(state)));
    }
    if (!this.current || this.current.hidden) this.makeCurrent(this.visible()[0] ?? null);
  }

  /** The state that the tools act on: an empty text has the paragraph that the first key would put in it. */
  private usable(): EditorState | undefined {
    const state = this.view?.state;
    const filling = state && this.writable ? fillEmpty(state) : null;
    return filling ? state!.apply(filling) : state;
  }

  private run(tool: Tool, view: EditorView): void {
    const filling = fillEmpty(view.state);
    if (filling) view.dispatch(filling);
    tool.run(view);
  }

  private button(tool: Tool): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.dataset["tool"] = tool.name;
    button.textContent = tool.words;
    if (tool.keys) {
      button.setAttribute("aria-keyshortcuts", tool.keys);
      button.title = `${tool.words} (${spoken(tool.keys)})`;
    }
    // Pressing a button must not take the selection away from the text.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => {
      this.makeCurrent(button);
      if (this.view && button.getAttribute("aria-disabled") !== "true") this.run(tool, this.view);
    });
    button.addEventListener("focus", () => this.makeCurrent(button));
    this.buttons.push({ tool, button });
    return button;
  }

  private visible(): HTMLButtonElement[] {
    return this.buttons.map(({ button }) => button).filter((button) => !button.hidden);
  }

  private makeCurrent(button: HTMLButtonElement | null): void {
    if (this.current) this.current.tabIndex = -1;
    this.current = button;
    if (button) button.tabIndex = 0;
  }

  private onKey(event: KeyboardEvent): void {
    const buttons = this.visible();
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    if (at < 0) return;
    const last = buttons.length - 1;
    const next: Record<string, number> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const target = next[event.key];
    if (target !== undefined) {
      event.preventDefault();
      buttons[target]!.focus();
    } else if (event.key === "Escape") {
      this.view?.focus();
    }
  }
}
