// What can be done to the blocks around the cursor: one group of the menu for each, the innermost first.

import type { Command, EditorState } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import type { Asks } from "./asks.ts";
import { ASKED, containerOf } from "./blocks.ts";
import { TITLES } from "./dress.ts";
import type { MenuGroup, MenuItem } from "./menu.ts";
import { addPart } from "./parts.ts";
import { CONVERTIBLE, blockWithId, deleteBlock, moveBlock, toPlain, unitsAround, unitsAt, type Unit } from "./units.ts";

const OTHER_TITLES: Readonly<Record<string, string>> = {
  paragraph: "Paragraphe",
  lead: "Chapeau",
  heading: "Titre",
  bullet_list: "Liste",
  ordered_list: "Liste",
  list_item: "Élément de la liste",
  table: "Tableau",
  table_row: "Ligne du tableau",
};

/** What a block is called where one acts on it: « Étape 2 », « Liste ». */
export function titleOf({ node, parent, index }: Unit): string {
  const name = node.type.name;
  if (name === "note") return node.attrs["kind"] === "warning" ? "Avertissement" : "Note";
  const title = TITLES[name] ?? OTHER_TITLES[name] ?? "Bloc";
  return containerOf(name) === parent.type.name ? `${title} ${index + 1}` : title;
}

const ADD: Readonly<Record<string, string>> = {
  step: "Ajouter une étape",
  situation: "Ajouter une situation",
  variant: "Ajouter une variante",
};

export function blockGroups(view: EditorView, asks: Asks, announce: (text: string) => void, pos?: number): MenuGroup[] {
  const { state } = view;
  return unitsOf(state, pos).map((unit) => {
    const title = titleOf(unit);
    const { id } = unit.node.attrs;
    // Colleagues write while the menu is open: the block is found again by its id.
    const place = (): number | null => (typeof id === "string" ? blockWithId(view.state.doc, id) : unit.pos);
    const item = (name: string, words: string, act: (at: number) => Command, said: string, keys?: string): MenuItem => ({
      name,
      words,
      keys,
      enabled: act(unit.pos)(state) === true,
      run: () => {
        const at = place();
        if (at !== null && act(at)(view.state, view.dispatch, view)) announce(`${title}\u00a0: ${said}`);
        view.focus();
      },
    });
    const name = unit.node.type.name;
    const items: MenuItem[] = [];
    if (ASKED.includes(name)) {
      const words = name === "variant" ? "Choisir les territoires…" : "Modifier…";
      items.push({ name: "edit", words, enabled: true, run: () => asks.edit(view, place() ?? unit.pos) });
    }
    if (ADD[name]) items.push(item("add", ADD[name], addPart, "ajouté."));
    items.push(item("up", "Monter", (at) => moveBlock(-1, at), "monté.", "Alt+Shift+ArrowUp"));
    items.push(item("down", "Descendre", (at) => moveBlock(1, at), "descendu.", "Alt+Shift+ArrowDown"));
    if (CONVERTIBLE.includes(name)) items.push(item("plain", "Convertir en texte simple", toPlain, "converti."));
    items.push(item("delete", "Supprimer", deleteBlock, "supprimé."));
    return { words: title, items };
  });
}

function unitsOf(state: EditorState, pos: number | undefined): Unit[] {
  if (pos === undefined) {
    const found = unitsAt(state);
    // A lone paragraph of a step is moved with its step, and a legal reference there can still be changed.
    const { $from } = state.selection;
    const { parent } = $from;
    if ($from.depth > 0 && ASKED.includes(parent.type.name) && !found.some(({ node }) => node === parent)) {
      found.unshift({ node: parent, pos: $from.before(), parent: $from.node(-1), index: $from.index(-1) });
    }
    return found;
  }
  const node = state.doc.nodeAt(pos);
  const $pos = state.doc.resolve(pos);
  if (!node) return [];
  return [{ node, pos, parent: $pos.parent, index: $pos.index() }, ...unitsAround($pos)];
}

