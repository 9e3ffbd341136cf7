// The blocks a person can move, delete or turn into plain text: those around the cursor, the innermost first.

import { Fragment, type Node, type ResolvedPos } from "prosemirror-model";
import { NodeSelection, Selection, TextSelection, type Command, type EditorState, type Transaction } from "prosemirror-state";
import { CELLS, CONTAINERS, LISTS, PARTS } from "./blocks.ts";
import { nodeType } from "./schema.ts";

export interface Unit {
  node: Node;
  pos: number;
  parent: Node;
  index: number;
}

/** Whether a block is moved by itself and not only together with the one around it. */
function isUnit(parent: Node, node: Node): boolean {
  const name = node.type.name;
  if (name === "label" || CELLS.includes(name)) return false;
  const around = parent.type.name;
  if (around === "doc" || around === "table" || LISTS.includes(around) || around in CONTAINERS) return true;
  if (around !== "note" && !PARTS.includes(around)) return false;
  let movable = 0;
  parent.forEach((child) => {
    if (child.type.name !== "label") movable += 1;
  });
  return movable > 1 || !node.isTextblock;
}

export function unitsAround($pos: ResolvedPos): Unit[] {
  const found: Unit[] = [];
  for (let depth = $pos.depth; depth > 0; depth -= 1) {
    const node = $pos.node(depth);
    const parent = $pos.node(depth - 1);
    if (isUnit(parent, node)) found.push({ node, pos: $pos.before(depth), parent, index: $pos.index(depth - 1) });
  }
  return found;
}

export function unitsAt(state: EditorState): Unit[] {
  const { selection } = state;
  const around = unitsAround(selection.$from);
  if (!(selection instanceof NodeSelection) || !selection.node.isBlock) return around;
  const { $from, node } = selection;
  return [{ node, pos: $from.pos, parent: $from.parent, index: $from.index() }, ...around];
}

/** The block that begins at a position, as something to act on. */
export function unitStarting(state: EditorState, pos: number): Unit | null {
  const node = state.doc.nodeAt(pos);
  if (!node?.isBlock) return null;
  const $pos = state.doc.resolve(pos);
  return { node, pos, parent: $pos.parent, index: $pos.index() };
}

/** The position of the block with that id; null when somebody has deleted it. */
export function blockWithId(doc: Node, id: unknown): number | null {
  let found: number | null = null;
  if (typeof id !== "string") return null;
  doc.descendants((node, pos) => {
    if (found === null && node.attrs["id"] === id) found = pos;
    return found === null && !node.isTextblock;
  });
  return found;
}

const isHeaderRow = (node: Node): boolean => node.firstChild?.type.name === "table_header";

/** Where the block goes when it moves one place up (-1) or down (1); null where that is not possible. */
function nextPlace(unit: Unit, step: 1 | -1): number | null {
  const sibling = unit.parent.maybeChild(unit.index + step);
  if (!sibling || sibling.type.name === "label") return null;
  // What heads a table stays its first row.
  if (unit.parent.type.name === "table" && isHeaderRow(unit.node) !== isHeaderRow(sibling)) return null;
  return step < 0 ? unit.pos - sibling.nodeSize : unit.pos + unit.node.nodeSize + sibling.nodeSize;
}

/** Carries a block to a position between two blocks, under its own id, and the cursor with it. */
export function carry(state: EditorState, unit: Unit, target: number): Transaction {
  const { selection } = state;
  const end = unit.pos + unit.node.nodeSize;
  const inside = selection.from >= unit.pos && selection.to <= end;
  const tr = state.tr.delete(unit.pos, end);
  const to = tr.mapping.map(target);
  tr.insert(to, unit.node);
  const moved = (pos: number): number => to + pos - unit.pos;
  if (selection instanceof TextSelection && inside) {
    tr.setSelection(TextSelection.create(tr.doc, moved(selection.anchor), moved(selection.head)));
  } else if (unit.node.isTextblock || unit.node.isLeaf || !(selection instanceof TextSelection)) {
    tr.setSelection(unit.node.isLeaf ? NodeSelection.create(tr.doc, to) : Selection.near(tr.doc.resolve(to + 1), 1));
  }
  return tr.scrollIntoView();
}

/** Moves the block at `pos`, or the innermost one around the cursor, past its neighbour. */
export function moveBlock(step: 1 | -1, pos?: number): Command {
  return (state, dispatch) => {
    const unit = pos === undefined ? unitsAt(state)[0] : unitStarting(state, pos);
    const target = unit ? nextPlace(unit, step) : null;
    if (!unit || target === null) return false;
    dispatch?.(carry(state, unit, target));
    return true;
  };
}

/** Deletes a block; with its last part a container goes too, and a text is never left without a place to write. */
export function deleteBlock(pos?: number): Command {
  return (state, dispatch) => {
    let unit = pos === undefined ? unitsAt(state)[0] : unitStarting(state, pos);
    if (!unit) return false;
    if (dispatch) {
      const $pos = state.doc.resolve(unit.pos);
      for (let depth = $pos.depth; depth > 0 && unit.parent.childCount === 1; depth -= 1) {
        const name = unit.parent.type.name;
        if (!LISTS.includes(name) && !(name in CONTAINERS) && name !== "table") break;
        unit = unitStarting(state, $pos.before(depth))!;
      }
      const tr = state.tr.delete(unit.pos, unit.pos + unit.node.nodeSize);
      if (unit.parent.childCount === 1) tr.insert(unit.pos, nodeType("paragraph").create());
      const $at = tr.doc.resolve(Math.min(unit.pos, tr.doc.content.size));
      dispatch(tr.setSelection(Selection.near($at, $at.nodeAfter ? 1 : -1)).scrollIntoView());
    }
    return true;
  };
}

const paragraphOf = (node: Node): Node => nodeType("paragraph").create({ id: node.attrs["id"] }, node.content);

/** What is left of a block without its shape: titles become paragraphs, what stood under them stands by itself. */
export function plainBlocks(node: Node): Node[] {
  const name = node.type.name;
  if (name === "image") return node.content.size > 0 ? [paragraphOf(node)] : [];
  if (node.isTextblock) return [paragraphOf(node)];
  const found: Node[] = [];
  node.forEach((child) => {
    const shell = child.type.name === "list_item" || PARTS.includes(child.type.name);
    if (shell) found.push(...plainBlocks(child));
    else if (child.type.name !== "label") found.push(child);
    else if (child.content.size > 0) found.push(paragraphOf(child));
  });
  return found;
}

export const CONVERTIBLE: readonly string[] = [...LISTS, ...Object.keys(CONTAINERS), "question", "definition", "note", "cost", "delay", "legal", "heading", "lead"];

/** Takes the shape away and keeps the words. */
export function toPlain(pos?: number): Command {
  return (state, dispatch) => {
    const unit =
      pos === undefined
        ? unitsAt(state).find(({ node }) => CONVERTIBLE.includes(node.type.name))
        : unitStarting(state, pos);
    if (!unit || !CONVERTIBLE.includes(unit.node.type.name)) return false;
    if (dispatch) {
      const blocks = plainBlocks(unit.node);
      if (blocks.length === 0) blocks.push(nodeType("paragraph").create());
      const tr = state.tr.replaceWith(unit.pos, unit.pos + unit.node.nodeSize, Fragment.from(blocks));
      dispatch(tr.setSelection(Selection.near(tr.doc.resolve(unit.pos + 1), 1)).scrollIntoView());
    }
    return true;
  };
}
