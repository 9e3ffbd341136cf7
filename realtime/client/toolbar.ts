// The toolbar: one stop for the Tab key, arrows inside, words that can be read aloud and clicked by voice.

import { redoCommand, undoCommand } from "y-prosemirror";
import type { Command, EditorState } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import type { Entry } from "./catalogue.ts";
import { blockIs, fillEmpty, listIs, markIsOn, setBlock, toggleEm, toggleList, toggleStrong } from "./commands.ts";
import { Menu, spoken, type MenuGroup } from "./menu.ts";
import { addColumn, addRow, deleteColumn, deleteRow, deleteTable, inTable } from "./tables.ts";

export interface Tool {
  name: string;
  words: string;
  /** Where the row is short of room, a part of the words says enough to the eye. */
  short?: string;
  /** As aria-keyshortcuts says it, with Control; the tooltip says it in French. */
  keys?: string;
  run(view: EditorView): void;
  can(state: EditorState): boolean;
  on?(state: EditorState): boolean;
  onlyInTable?: boolean;
  /** Changes nothing of the text: for those as well who may not write. */
  reads?: boolean;
  /** Opens a menu below the button instead of acting at once. */
  menu?(view: EditorView): MenuGroup[];
  /** What the button says instead of its name: the kind of the block with the cursor. */
  says?(state: EditorState): string;
}

const command = (run: Command): Pick<Tool, "run" | "can"> => ({
  run: (view) => {
    run(view.state, view.dispatch, view);
    view.focus();
  },
  can: (state) => run(state) === true,
});

export interface ToolbarOptions {
  /** The id of what the toolbar acts on. */
  controls: string;
  openLink(view: EditorView): void;
  entries: readonly Entry[];
  blockGroups(view: EditorView): MenuGroup[];
  /** Absent for who may make no remark. */
  remark: ((view: EditorView) => void) | undefined;
  /** Tools of the page beside those of the text. */
  more: readonly Tool[];
  /** What is written is only suggested: what cannot be suggested is out of reach. */
  suggesting(): boolean;
  /** Menus stand in here, outside of the row that may be pushed sideways. */
  menus: HTMLElement;
}

function tools(options: ToolbarOptions): Tool[][] {
  return [
    [
      { name: "undo", words: "Annuler", keys: "Control+Z", ...command(undoCommand) },
      { name: "redo", words: "Rétablir", keys: "Control+Y", ...command(redoCommand) },
      ...options.more,
    ],
    [
      { name: "strong", words: "Gras", keys: "Control+B", ...command(toggleStrong), on: (s) => markIsOn(s, "strong") },
      { name: "em", words: "Italique", keys: "Control+I", ...command(toggleEm), on: (s) => markIsOn(s, "em") },
      {
        name: "link",
        words: "Lien",
        keys: "Control+K",
        run: options.openLink,
        can: (state) => state.selection.$from.parent.inlineContent,
        on: (s) => markIsOn(s, "link"),
      },
    ],
    [
      { name: "style", words: "Style", ...opens, menu: (view) => styleGroups(view), says: (state) => styleOf(state)?.words.split(" «")[0] ?? "Style" },
      { name: "bullet-list", words: "Liste à puces", short: "Puces", keys: "Control+Shift+8", ...command(toggleList("bullet_list")), on: (s) => listIs(s, "bullet_list") },
      { name: "ordered-list", words: "Liste numérotée", short: "Numérotée", keys: "Control+Shift+7", ...command(toggleList("ordered_list")), on: (s) => listIs(s, "ordered_list") },
    ],
    [
      { name: "insert", words: "Insérer", ...opens, menu: (view) => insertGroups(view, options) },
      { name: "block", words: "Bloc", ...opens, menu: options.blockGroups },
      ...(options.remark
        ? [{ name: "remark", words: "Remarquer", keys: "Control+Alt+M", run: options.remark, can: () => true, reads: true }]
        : []),
    ],
    [
      { name: "row-after", words: "Ajouter une ligne", ...command(addRow("after")), onlyInTable: true },
      { name: "column-after", words: "Ajouter une colonne", ...command(addColumn("after")), onlyInTable: true },
      { name: "row-delete", words: "Supprimer la ligne", ...command(deleteRow), onlyInTable: true },
      { name: "column-delete", words: "Supprimer la colonne", ...command(deleteColumn), onlyInTable: true },
      { name: "table-delete", words: "Supprimer le tableau", ...command(deleteTable), onlyInTable: true },
    ],
  ];
}

const opens: Pick<Tool, "run" | "can"> = { run: () => {}, can: () => true };

interface Style {
  name: string;
  words: string;
  keys?: string;
  block: string;
  attrs: Record<string, unknown>;
}

const heading = (level: number): Style => ({
  name: `heading-${level}`,
  words: `Titre ${level}`,
  keys: `Control+Alt+${level}`,
  block: "heading",
  attrs: { level },
});

const STYLES: readonly Style[] = [
  { name: "paragraph", words: "Paragraphe", keys: "Control+Alt+0", block: "paragraph", attrs: {} },
  heading(2),
  heading(3),
  heading(4),
  { name: "lead", words: "Chapeau «\u00a0en bref\u00a0»", block: "lead", attrs: {} },
];

const styleOf = (state: EditorState): Style | undefined => STYLES.find(({ block, attrs }) => blockIs(state, block, attrs));

function styleGroups(view: EditorView): MenuGroup[] {
  const current = styleOf(view.state);
  const items = STYLES.map((style) => {
    const set = command(setBlock(style.block, style.attrs));
    const checked = style === current;
    return { name: style.name, words: style.words, keys: style.keys, checked, enabled: checked || set.can(view.state), run: () => set.run(view) };
  });
  return [{ words: "Style du bloc", items }];
}

function insertGroups(view: EditorView, options: ToolbarOptions): MenuGroup[] {
  const groups = new Map<string, MenuGroup>();
  for (const entry of options.entries) {
    const group = groups.get(entry.group) ?? { words: entry.group, items: [] };
    groups.set(entry.group, group);
    group.items.push({ name: entry.name, words: entry.words, enabled: entry.can(view.state), run: () => entry.run(view) });
  }
  return [...groups.values()];
}

export class Toolbar {
  private readonly buttons: { tool: Tool; button: HTMLButtonElement }[] = [];
  private current: HTMLButtonElement | null = null;
  private view: EditorView | null = null;
  private writable = false;

  private readonly menus = new Map<string, Menu>();

  constructor(
    bar: HTMLElement,
    private readonly options: ToolbarOptions,
  ) {
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Mise en forme");
    bar.setAttribute("aria-controls", options.controls);
    bar.replaceChildren();
    for (const group of tools(options)) {
      const box = document.createElement("span");
      box.className = "toolbar-group";
      for (const tool of group) box.append(this.button(tool, options.menus));
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
      if (tool.says) {
        const says = state ? tool.says(state) : tool.words;
        if (button.textContent !== says) button.textContent = says;
        button.setAttribute("aria-label", says === tool.words ? says : `${tool.words}\u00a0: ${says}`);
      }
      if (tool.onlyInTable) button.parentElement!.hidden = button.hidden = !table;
      const free = !this.options.suggesting() || /^(?:undo|redo|suggest|remark)$/u.test(tool.name);
      const enabled = state !== undefined && (this.writable || tool.reads === true) && free && tool.can(state);
      // aria-disabled and not disabled: a button must not lose the focus because the text changed.
      button.setAttribute("aria-disabled", String(!enabled));
      if (tool.on) button.setAttribute("aria-pressed", String(state !== undefined && tool.on(state)));
    }
    for (const menu of this.menus.values()) menu.refresh();
    if (!this.current || this.current.hidden) this.makeCurrent(this.visible()[0] ?? null);
  }

  /** The state that the tools act on: an empty text has the paragraph that the first key would put in it. */
  private usable(): EditorState | undefined {
    const state = this.view?.state;
    const filling = state && this.writable ? fillEmpty(state) : null;
    return filling ? state!.apply(filling) : state;
  }

  private run(tool: Tool, view: EditorView): void {
    const filling = tool.reads ? null : fillEmpty(view.state);
    if (filling) view.dispatch(filling);
    tool.run(view);
  }

  private button(tool: Tool, menus: HTMLElement): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.dataset["tool"] = tool.name;
    button.textContent = tool.short ?? tool.words;
    if (tool.short) {
      button.setAttribute("aria-label", tool.words);
      button.title = tool.words;
    }
    if (tool.keys) {
      button.setAttribute("aria-keyshortcuts", tool.keys);
      button.title = `${tool.words} (${spoken(tool.keys)})`;
    }
    // Pressing a button must not take the selection away from the text.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => {
      this.makeCurrent(button);
      if (!this.view || button.getAttribute("aria-disabled") === "true") return;
      if (tool.menu) this.toggle(tool, button, this.view);
      else this.run(tool, this.view);
    });
    button.addEventListener("focus", () => this.makeCurrent(button));
    if (tool.menu) {
      const menu = new Menu(menus, tool.words);
      this.menus.set(tool.name, menu);
      button.setAttribute("aria-haspopup", "menu");
      button.setAttribute("aria-expanded", "false");
      button.setAttribute("aria-controls", menu.element.id);
    }
    this.buttons.push({ tool, button });
    return button;
  }

  private toggle(tool: Tool, button: HTMLButtonElement, view: EditorView): void {
    const menu = this.menus.get(tool.name)!;
    if (menu.isOpen) {
      menu.close(true);
      return;
    }
    const filling = fillEmpty(view.state);
    if (filling) view.dispatch(filling);
    menu.open(button, () => (this.view ? tool.menu!(this.view) : []));
  }

  /** The focus into the bar, for a key of the text. */
  focus(): void {
    this.current?.focus();
  }

  /** Opens the menu of blocks below another button, such as the handle beside a block. */
  openMenu(name: string, opener: HTMLElement, groups: () => MenuGroup[]): void {
    this.menus.get(name)?.open(opener, groups, () => this.view?.focus());
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
    } else if (event.key === "ArrowDown" && this.buttons.find(({ button }) => button === buttons[at])?.tool.menu) {
      event.preventDefault();
      buttons[at]!.click();
    } else if (event.key === "Escape") {
      this.view?.focus();
    }
  }
}
