// What a person can do to blocks. The grammar is loose (any block may stand in any other), so ProseMirror's own guesses
// about where a block fits are too generous: these commands keep lists made of items, items of paragraphs, and so on.

import {
  chainCommands,
  createParagraphNear,
  deleteSelection,
  joinTextblockBackward,
  joinTextblockForward,
  liftEmptyBlock,
  selectNodeBackward,
  selectNodeForward,
  splitBlock,
  toggleMark,
} from "prosemirror-commands";
import { Fragment, NodeRange, type Node, type NodeType, type ResolvedPos } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem } from "prosemirror-schema-list";
import { Selection, TextSelection, type Command, type EditorState, type Transaction } from "prosemirror-state";
import { liftTarget } from "prosemirror-transform";
import { CELLS as CELL, CONTAINERS, LISTS as LIST, PARTS, makeBlock } from "./blocks.ts";
import { backspaceInPart, deleteAtImage, enterInPart } from "./parts.ts";
import { markType, nodeType } from "./schema.ts";

export function ancestorDepth($pos: ResolvedPos, names: readonly string[]): number | null {
  for (let depth = $pos.depth; depth > 0; depth -= 1) {
    if (names.includes($pos.node(depth).type.name)) return depth;
  }
  return null;
}

export const inCell = (state: EditorState): boolean => ancestorDepth(state.selection.$from, CELL) !== null;

/** The innermost list, note or cell that holds the selection's start, with its depth. */
function container($pos: ResolvedPos): { name: string; depth: number } | null {
  const depth = ancestorDepth($pos, [...LIST, "note", ...CELL]);
  return depth === null ? null : { name: $pos.node(depth).type.name, depth };
}

/** Turns the selected text blocks into `type`, each keeping its id. Titles and the lead stand only at the top. */
export function setBlock(name: string, attrs: Record<string, unknown> = {}): Command {
  return (state, dispatch) => {
    const type = nodeType(name);
    const { from, to } = state.selection;
    const targets: { node: Node; pos: number }[] = [];
    state.doc.nodesBetween(from, to, (node, pos, parent) => {
      if (!node.isTextblock) return true;
      // A caption is no block of its own: turning it into a title would lose the image.
      if (node.type.name === "image") return false;
      if ((name === "paragraph" || parent === state.doc) && !node.hasMarkup(type, { ...attrs, id: node.attrs["id"] })) {
        targets.push({ node, pos });
      }
      return false;
    });
    if (targets.length === 0) return false;
    if (dispatch) {
      const tr = state.tr;
      for (const { node, pos } of targets) {
        tr.setNodeMarkup(tr.mapping.map(pos), type, { ...attrs, id: node.attrs["id"] });
      }
      dispatch(tr.scrollIntoView());
    }
    return true;
  };
}

export function blockIs(state: EditorState, name: string, attrs: Record<string, unknown> = {}): boolean {
  const parent = state.selection.$from.parent;
  return parent.type.name === name && Object.entries(attrs).every(([key, value]) => parent.attrs[key] === value);
}

/** The sibling blocks around the selection, directly in the document, a note, a cell, a step and the like. */
function outerRange(state: EditorState): NodeRange | null {
  const { $from, $to } = state.selection;
  const homes = ["doc", "note", ...CELL, ...PARTS];
  return $from.blockRange($to, (node) => homes.includes(node.type.name));
}

const isWords = (node: Node): boolean => node.isTextblock && node.type.name !== "image" && node.type.name !== "label";

/** Inside a list or a note only plain paragraphs make sense: titles and leads become paragraphs. */
function plainParagraphs(tr: Transaction, from: number, to: number): void {
  const found: number[] = [];
  tr.doc.nodesBetween(from, to, (node, pos) => {
    if (node.isTextblock && node.type.name !== "paragraph") found.push(pos);
    return !node.isTextblock;
  });
  for (const pos of found) {
    tr.setNodeMarkup(pos, nodeType("paragraph"), { id: tr.doc.nodeAt(pos)!.attrs["id"] });
  }
}

function wrapInList(list: NodeType): Command {
  return (state, dispatch) => {
    const range = outerRange(state);
    if (!range) return false;
    for (let i = range.startIndex; i < range.endIndex; i += 1) {
      if (!isWords(range.parent.child(i))) return false;
    }
    if (dispatch) {
      const tr = state.tr;
      plainParagraphs(tr, range.start, range.end);
      const depth = range.depth;
      // From the last to the first, so that positions still to be used do not move.
      const starts: number[] = [];
      let pos = range.start;
      for (let i = range.startIndex; i < range.endIndex; i += 1) {
        starts.push(pos);
        pos += range.parent.child(i).nodeSize;
      }
      for (const start of starts.reverse()) {
        const size = tr.doc.nodeAt(start)!.nodeSize;
        const one = new NodeRange(tr.doc.resolve(start), tr.doc.resolve(start + size), depth);
        tr.wrap(one, [{ type: nodeType("list_item") }]);
      }
      const end = tr.mapping.map(range.end, 1);
      tr.wrap(new NodeRange(tr.doc.resolve(range.start), tr.doc.resolve(end), depth), [{ type: list }]);
      dispatch(tr.scrollIntoView());
    }
    return true;
  };
}

/** One level up: an item of an inner list becomes an item of the outer one; of an outermost list, plain paragraphs. */
export const outdent: Command = (state, dispatch) => {
  const item = nodeType("list_item");
  const { $from, $to } = state.selection;
  const range = $from.blockRange($to, (node) => node.childCount > 0 && node.firstChild!.type === item);
  if (!range) return false;
  if (range.depth < 2 || $from.node(range.depth - 1).type !== item) return liftListItem(item)(state, dispatch);
  if (dispatch) {
    const tr = state.tr;
    const list = range.parent;
    const lifted: Node[] = [];
    for (let i = range.startIndex; i < range.endIndex; i += 1) lifted.push(list.child(i));
    const after: Node[] = [];
    for (let i = range.endIndex; i < list.childCount; i += 1) after.push(list.child(i));
    const last = lifted[lifted.length - 1]!;
    // Items that followed stay under the lifted one, as a list of their own.
    if (after.length > 0) {
      const own = list.type.create(null, after);
      lifted[lifted.length - 1] = last.copy(last.content.append(Fragment.from(own)));
    }
    const outerItem = $from.node(range.depth - 1);
    const outerStart = $from.before(range.depth - 1);
    const listIndex = $from.index(range.depth - 1);
    const kept: Node[] = [];
    outerItem.forEach((child, _offset, index) => {
      if (index !== listIndex) kept.push(child);
      else if (range.startIndex > 0) {
        const before: Node[] = [];
        for (let i = 0; i < range.startIndex; i += 1) before.push(list.child(i));
        kept.push(list.copy(Fragment.from(before)));
      }
    });
    const newOuter = outerItem.copy(Fragment.from(kept));
    const offset = $from.pos - range.start;
    const headOffset = $to.pos - range.start;
    tr.replaceWith(outerStart, outerStart + outerItem.nodeSize, [newOuter, ...lifted]);
    const start = outerStart + newOuter.nodeSize;
    tr.setSelection(TextSelection.between(tr.doc.resolve(start + offset), tr.doc.resolve(start + headOffset)));
    dispatch(tr.scrollIntoView());
  }
  return true;
};

/** One level down. Below « Pièces à fournir » stands an ordinary list. */
export const indent: Command = (state, dispatch) =>
  sinkListItem(nodeType("list_item"))(
    state,
    dispatch &&
      ((tr) => {
        const { $from } = tr.selection;
        const depth = ancestorDepth($from, LIST);
        if (depth !== null && ["documents", "further"].includes($from.node(depth).type.name)) {
          tr.setNodeMarkup($from.before(depth), nodeType("bullet_list"), $from.node(depth).attrs);
        }
        dispatch(tr);
      }),
  );

export function listIs(state: EditorState, name: string): boolean {
  const { $from } = state.selection;
  const depth = ancestorDepth($from, LIST);
  return depth !== null && $from.node(depth).type.name === name;
}

/** In, out, or from one kind of list to the other. */
export function toggleList(name: string): Command {
  return (state, dispatch) => {
    const { $from } = state.selection;
    const depth = ancestorDepth($from, LIST);
    const cell = ancestorDepth($from, CELL);
    if (depth !== null && (cell === null || cell < depth)) {
      const list = $from.node(depth);
      if (list.type.name === name) return outdent(state, dispatch);
      dispatch?.(state.tr.setNodeMarkup($from.before(depth), nodeType(name), list.attrs));
      return true;
    }
    return wrapInList(nodeType(name))(state, dispatch);
  };
}

export function noteIs(state: EditorState, kind: string): boolean {
  const { $from } = state.selection;
  const depth = ancestorDepth($from, ["note"]);
  return depth !== null && $from.node(depth).attrs["kind"] === kind;
}

export function toggleNote(kind: "note" | "warning"): Command {
  return (state, dispatch) => {
    const { $from, $to } = state.selection;
    const depth = ancestorDepth($from, ["note"]);
    if (depth !== null) {
      const note = $from.node(depth);
      if (note.attrs["kind"] !== kind) {
        dispatch?.(state.tr.setNodeMarkup($from.before(depth), null, { ...note.attrs, kind }));
        return true;
      }
      const range = $from.blockRange($to, (node) => node.type.name === "note");
      if (!range) return false;
      dispatch?.(state.tr.lift(range, range.depth - 1).scrollIntoView());
      return true;
    }
    const range = $from.blockRange($to, (node) => node.type.name === "doc" || PARTS.includes(node.type.name));
    if (!range) return false;
    for (let i = range.startIndex; i < range.endIndex; i += 1) {
      const child = range.parent.child(i);
      if (!isWords(child) && !LIST.includes(child.type.name)) return false;
    }
    if (dispatch) {
      const tr = state.tr;
      plainParagraphs(tr, range.start, range.end);
      const whole = new NodeRange(tr.doc.resolve(range.start), tr.doc.resolve(range.end), range.depth);
      dispatch(tr.wrap(whole, [{ type: nodeType("note"), attrs: { id: null, kind } }]).scrollIntoView());
    }
    return true;
  };
}

export const toggleStrong: Command = toggleMark(markType("strong"));
export const toggleEm: Command = toggleMark(markType("em"));

export function markIsOn(state: EditorState, name: string): boolean {
  const type = markType(name);
  const { from, to, empty, $from } = state.selection;
  if (empty) return type.isInSet(state.storedMarks ?? $from.marks()) !== undefined;
  return state.doc.rangeHasMark(from, to, type);
}

export const insertHardBreak: Command = (state, dispatch) => {
  if (!state.selection.$from.parent.inlineContent) return false;
  dispatch?.(state.tr.replaceSelectionWith(nodeType("hard_break").create(), true).scrollIntoView());
  return true;
};

/** Lifts an empty last paragraph out of a note; never out of a cell or a step, where it would leave the table. */
const leaveEmptyBlock: Command = (state, dispatch) => {
  const { $from } = state.selection;
  if (ancestorDepth($from, CELL) !== null) return false;
  if ($from.depth > 1 && [...PARTS, ...Object.keys(CONTAINERS)].includes($from.node(-1).type.name)) return false;
  return liftEmptyBlock(state, dispatch);
};

/** Enter in an empty item leaves its list; in an empty further paragraph of an item it starts the next item. */
const leaveEmptyItem: Command = (state, dispatch) => {
  const { $cursor } = state.selection as TextSelection;
  if (!$cursor || $cursor.parent.content.size > 0) return false;
  if ($cursor.depth < 2 || $cursor.node(-1).type.name !== "list_item") return false;
  if ($cursor.index(-1) === 0) return outdent(state, dispatch);
  dispatch?.(state.tr.split($cursor.before(), 1).scrollIntoView());
  return true;
};

/** Enter over all the text leaves an empty paragraph: ProseMirror's own split fails where no block is left to split. */
const replaceEverything: Command = (state, dispatch) => {
  if (state.selection.empty) return false;
  const tr = state.tr.deleteSelection();
  if (tr.selection.$from.depth > 0) return false;
  const at = tr.selection.from;
  tr.insert(at, nodeType("paragraph").create());
  dispatch?.(tr.setSelection(TextSelection.create(tr.doc, at + 1)).scrollIntoView());
  return true;
};

export const enter: Command = chainCommands(
  replaceEverything,
  enterInPart,
  leaveEmptyItem,
  splitListItem(nodeType("list_item")),
  createParagraphNear,
  leaveEmptyBlock,
  splitBlock,
);

/** Backspace at the very start of an item, a note, a title or a lead undoes the shape before it joins any text. */
const unshape: Command = (state, dispatch) => {
  const { $cursor } = state.selection as TextSelection;
  if (!$cursor || $cursor.parentOffset > 0) return false;
  const around = container($cursor);
  if (around && LIST.includes(around.name)) {
    const itemDepth = ancestorDepth($cursor, ["list_item"]);
    const first = itemDepth !== null && $cursor.start(itemDepth) + 1 === $cursor.pos;
    return first && outdent(state, dispatch);
  }
  if (around?.name === "note") {
    if ($cursor.start(around.depth) + 1 !== $cursor.pos) return false;
    const range = $cursor.blockRange($cursor);
    const target = range && liftTarget(range);
    if (!range || target === null || target === undefined) return false;
    dispatch?.(state.tr.lift(range, target).scrollIntoView());
    return true;
  }
  if (around === null && ($cursor.parent.type.name === "heading" || $cursor.parent.type.name === "lead")) {
    const before = state.doc.resolve($cursor.before()).nodeBefore;
    if (before === null || !before.isTextblock) return setBlock("paragraph")(state, dispatch);
  }
  return false;
};

/** An empty block before the cursor goes away, so that a title joined to it stays a title. */
const dropEmptyBefore: Command = (state, dispatch) => {
  const { $cursor } = state.selection as TextSelection;
  if (!$cursor || $cursor.parentOffset > 0 || $cursor.depth === 0) return false;
  const before = state.doc.resolve($cursor.before()).nodeBefore;
  if (!before || !isWords(before) || before.content.size > 0 || $cursor.parent.content.size === 0) return false;
  dispatch?.(state.tr.delete($cursor.before() - before.nodeSize, $cursor.before()).scrollIntoView());
  return true;
};

/** A selection that starts and ends in different cells of one table empties the cells and leaves the table whole. */
export const clearCells: Command = (state, dispatch) => {
  const { $from, $to } = state.selection;
  const table = ancestorDepth($from, ["table"]);
  if (table === null || $to.depth < table || $to.before(table) !== $from.before(table)) return false;
  const fromCell = ancestorDepth($from, CELL);
  const toCell = ancestorDepth($to, CELL);
  if (fromCell === null || toCell === null || $from.before(fromCell) === $to.before(toCell)) return false;
  if (dispatch) {
    const tr = state.tr;
    const first = $from.before(fromCell);
    const last = $to.before(toCell);
    const cells: { pos: number; node: Node }[] = [];
    state.doc.nodesBetween(first, $to.after(toCell), (node, pos) => {
      if (CELL.includes(node.type.name) && pos >= first && pos <= last) {
        cells.push({ pos, node });
        return false;
      }
      return true;
    });
    for (const { pos, node } of cells.reverse()) {
      const keep = node.firstChild?.isTextblock ? node.firstChild.copy(Fragment.empty) : nodeType("paragraph").create();
      tr.replaceWith(pos + 1, pos + 1 + node.content.size, keep);
    }
    tr.setSelection(Selection.near(tr.doc.resolve(first + 1), 1));
    dispatch(tr.scrollIntoView());
  }
  return true;
};

export const backspace: Command = chainCommands(
  clearCells,
  deleteSelection,
  backspaceInPart,
  unshape,
  dropEmptyBefore,
  joinTextblockBackward,
  selectNodeBackward,
);

export const deleteForward: Command = chainCommands(
  clearCells,
  deleteSelection,
  deleteAtImage,
  joinTextblockForward,
  selectNodeForward,
);

/** An empty document or an empty shell (an item whose paragraph somebody deleted) has no place for a cursor. */
export function fillEmpty(state: EditorState, at?: number): Transaction | null {
  if (at !== undefined) {
    const node = state.doc.nodeAt(at);
    if (!node || node.isTextblock || node.isLeaf || node.childCount > 0) return null;
    if (![...CELL, ...PARTS, ...LIST, ...Object.keys(CONTAINERS), "list_item", "note"].includes(node.type.name)) return null;
    const made = CELL.includes(node.type.name) ? nodeType("paragraph").create() : (makeBlock(node.type.name).firstChild ?? makeBlock("list_item"));
    const tr = state.tr.insert(at + 1, made);
    return tr.setSelection(Selection.near(tr.doc.resolve(at + 2), 1));
  }
  if (state.doc.childCount > 0) return null;
  const tr = state.tr.insert(0, nodeType("paragraph").create());
  return tr.setSelection(TextSelection.create(tr.doc, 1));
}
