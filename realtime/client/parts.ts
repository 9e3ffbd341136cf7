// Steps, questions, cases and variants under the hands: how they are put into a text, and what Enter and Backspace do
// inside them.

import { Fragment, type Node, type ResolvedPos } from "prosemirror-model";
import { NodeSelection, Selection, TextSelection, type Command, type EditorState, type Transaction } from "prosemirror-state";
import { chainCommands } from "prosemirror-commands";
import { CONTAINERS, ONE_LINERS, PARTS, containerOf, isBlank, makeBlock, mayHold } from "./blocks.ts";
import { nodeType } from "./schema.ts";
import { plainBlocks } from "./units.ts";

const paragraph = (): Node => nodeType("paragraph").create();

function cursorOf(state: EditorState): ResolvedPos | null {
  return state.selection instanceof TextSelection ? state.selection.$cursor : null;
}

/** The names of the blocks around a place, innermost first. */
function namesAround($pos: ResolvedPos, depth: number): string[] {
  const names: string[] = [];
  for (let at = depth; at > 0; at -= 1) names.push($pos.node(at).type.name);
  return names;
}

/** Puts a block below the one with the cursor, or in its place when that is an empty paragraph. */
export function insertBlock(make: () => Node): Command {
  return (state, dispatch) => {
    const { selection } = state;
    const { $from } = selection;
    const node = make();
    const { name } = node.type;
    const atBlock = selection instanceof NodeSelection && selection.node.isBlock;
    let home = $from.depth;
    if (!atBlock && $from.parent.isTextblock) home -= 1;
    while (home > 0 && !mayHold(namesAround($from, home), name)) home -= 1;
    if (home < 0 || !mayHold(namesAround($from, home), name)) return false;
    if (dispatch) {
      const tr = state.tr;
      const replaces =
        !atBlock && home === $from.depth - 1 && $from.parent.type.name === "paragraph" && $from.parent.content.size === 0;
      const end = home < $from.depth ? $from.after(home + 1) : selection.to;
      const start = replaces ? $from.before() : end;
      // Without a paragraph after it there would be no way to go on writing below.
      const content = ONE_LINERS.includes(name) || tr.doc.resolve(end).nodeAfter ? [node] : [node, paragraph()];
      tr.replaceWith(start, end, Fragment.from(content));
      const inside = node.isLeaf ? start + node.nodeSize : start + 1;
      tr.setSelection(Selection.near(tr.doc.resolve(Math.min(inside, tr.doc.content.size)), 1));
      dispatch(tr.scrollIntoView());
    }
    return true;
  };
}

/** The depth of the innermost of these around the selection. */
function depthOf($pos: ResolvedPos, names: readonly string[]): number | null {
  for (let depth = $pos.depth; depth > 0; depth -= 1) {
    if (names.includes($pos.node(depth).type.name)) return depth;
  }
  return null;
}

/** One more step, case or variant after the one with the cursor (or after the one at `pos`). */
export function addPart(pos?: number): Command {
  return (state, dispatch) => {
    let at = pos;
    if (at === undefined) {
      const { $from } = state.selection;
      const depth = depthOf($from, Object.values(CONTAINERS));
      if (depth === null) return false;
      at = $from.before(depth);
    }
    const part = state.doc.nodeAt(at);
    if (!part || containerOf(part.type.name) === null) return false;
    dispatch?.(startPart(state.tr, at + part.nodeSize, part.type.name));
    return true;
  };
}

function startPart(tr: Transaction, pos: number, name: string): Transaction {
  tr.insert(pos, makeBlock(name));
  return tr.setSelection(Selection.near(tr.doc.resolve(pos + 1), 1)).scrollIntoView();
}

/** Takes the part away, and its container when nothing else is in it; a paragraph below is where one goes on. */
function leave(tr: Transaction, $cursor: ResolvedPos, depth: number): Transaction {
  const contained = containerOf($cursor.node(depth).type.name) === $cursor.node(depth - 1).type.name;
  const outer = contained ? depth - 1 : depth;
  if (contained && $cursor.node(outer).childCount > 1) {
    const after = $cursor.after(outer);
    tr.insert(after, paragraph());
    tr.setSelection(TextSelection.create(tr.doc, after + 1));
    tr.delete($cursor.before(depth), $cursor.after(depth));
  } else {
    tr.replaceWith($cursor.before(outer), $cursor.after(outer), paragraph());
    tr.setSelection(TextSelection.create(tr.doc, $cursor.before(outer) + 1));
  }
  return tr.scrollIntoView();
}

const isLast = ($pos: ResolvedPos, depth: number): boolean => $pos.index(depth - 1) === $pos.node(depth - 1).childCount - 1;

/** In an empty last part, Enter goes on below; so twice Enter after the last words leaves the steps. */
const leaveBlankPart: Command = (state, dispatch) => {
  const $cursor = cursorOf(state);
  if (!$cursor || $cursor.depth < 2) return false;
  const depth = $cursor.depth - 1;
  const part = $cursor.node(depth);
  if (!PARTS.includes(part.type.name) || !isBlank(part)) return false;
  if ($cursor.index(depth) > 0 && part.firstChild?.type.name !== "label") return false;
  if (containerOf(part.type.name) !== null && !isLast($cursor, depth)) return false;
  dispatch?.(leave(state.tr, $cursor, depth));
  return true;
};

/** From the title of a part to its text. */
const enterLabel: Command = (state, dispatch) => {
  const $cursor = cursorOf(state);
  if (!$cursor || $cursor.parent.type.name !== "label") return false;
  const below = $cursor.node(-1).maybeChild($cursor.index(-1) + 1);
  if ($cursor.parentOffset < $cursor.parent.content.size || !below?.isTextblock || below.type.name === "image") return false;
  dispatch?.(state.tr.setSelection(TextSelection.create(state.doc, $cursor.after() + 1)).scrollIntoView());
  return true;
};

/** In an empty last paragraph of a part: the next part, or out of a question. */
const leaveLastParagraph: Command = (state, dispatch) => {
  const $cursor = cursorOf(state);
  if (!$cursor || $cursor.depth < 2) return false;
  const { parent } = $cursor;
  const depth = $cursor.depth - 1;
  const part = $cursor.node(depth);
  if (parent.type.name !== "paragraph" || parent.content.size > 0 || !PARTS.includes(part.type.name)) return false;
  if (!isLast($cursor, $cursor.depth) || $cursor.index(depth) === 0) return false;
  if (dispatch) {
    const tr = state.tr.delete($cursor.before(), $cursor.after());
    const after = tr.mapping.map($cursor.after(depth));
    if (containerOf(part.type.name) !== null) dispatch(startPart(tr, after, part.type.name));
    else {
      tr.insert(after, parent);
      dispatch(tr.setSelection(TextSelection.create(tr.doc, after + 1)).scrollIntoView());
    }
  }
  return true;
};

/** What follows the cursor in a line of its own kind becomes a paragraph below, never a second cost or title. */
const splitOneLiner: Command = (state, dispatch) => {
  const $cursor = cursorOf(state);
  if (!$cursor || $cursor.depth === 0 || !ONE_LINERS.includes($cursor.parent.type.name)) return false;
  dispatch?.(state.tr.split($cursor.pos, 1, [{ type: nodeType("paragraph") }]).scrollIntoView());
  return true;
};

export const enterInPart: Command = chainCommands(leaveBlankPart, enterLabel, leaveLastParagraph, splitOneLiner);

/** Backspace at the very start of a part: an empty one goes, a later one joins the one before, a first one dissolves. */
const backspaceAtPart: Command = (state, dispatch) => {
  const $cursor = cursorOf(state);
  if (!$cursor || $cursor.parentOffset > 0 || $cursor.depth < 2 || $cursor.index(-1) > 0) return false;
  const depth = $cursor.depth - 1;
  const part = $cursor.node(depth);
  if (!PARTS.includes(part.type.name)) return false;
  if (dispatch) {
    const container = $cursor.node(depth - 1);
    const contained = containerOf(part.type.name) === container.type.name;
    const index = $cursor.index(depth - 1);
    const from = $cursor.before(depth);
    const to = $cursor.after(depth);
    const blank = isBlank(part);
    const before = contained && index > 0 ? container.child(index - 1) : null;
    const tr = state.tr;
    if (blank && contained && container.childCount > 1) {
      tr.delete(from, to);
      tr.setSelection(Selection.near(tr.doc.resolve(from), index > 0 ? -1 : 1));
    } else if (blank) {
      leave(tr, $cursor, depth);
    } else if (before && PARTS.includes(before.type.name)) {
      const words = plainBlocks(part);
      tr.delete(from, to).insert(from - 1, words);
      tr.setSelection(TextSelection.near(tr.doc.resolve(from), 1));
    } else {
      const words = plainBlocks(part);
      const alone = contained && container.childCount === 1;
      const start = contained ? $cursor.before(depth - 1) : from;
      if (alone || !contained) tr.replaceWith(start, start + (alone ? container : part).nodeSize, words);
      else tr.delete(from, to).insert(start, words);
      tr.setSelection(TextSelection.near(tr.doc.resolve(start + 1), 1));
    }
    dispatch(tr.scrollIntoView());
  }
  return true;
};

/** Backspace at the start of a cost, a delay or a legal reference leaves its words as a paragraph. */
const unshapeOneLiner: Command = (state, dispatch) => {
  const $cursor = cursorOf(state);
  if (!$cursor || $cursor.parentOffset > 0) return false;
  const { parent } = $cursor;
  const stray = parent.type.name === "label" && !PARTS.includes($cursor.node(-1).type.name);
  if (!stray && !["cost", "delay", "legal"].includes(parent.type.name)) return false;
  dispatch?.(state.tr.setNodeMarkup($cursor.before(), nodeType("paragraph"), { id: parent.attrs["id"] }));
  return true;
};

/** Nothing is joined to a caption: the image is selected first, as a block of its own is. */
const selectImageBefore: Command = (state, dispatch) => {
  const $cursor = cursorOf(state);
  if (!$cursor || $cursor.parentOffset > 0 || $cursor.depth === 0) return false;
  const start = $cursor.before();
  const before = state.doc.resolve(start).nodeBefore;
  const target = $cursor.parent.type.name === "image" ? start : before?.type.name === "image" ? start - before.nodeSize : null;
  if (target === null) return false;
  dispatch?.(state.tr.setSelection(NodeSelection.create(state.doc, target)).scrollIntoView());
  return true;
};

export const backspaceInPart: Command = chainCommands(backspaceAtPart, unshapeOneLiner, selectImageBefore);

/** Delete at the end of a caption, or before an image. */
export const deleteAtImage: Command = (state, dispatch) => {
  const $cursor = cursorOf(state);
  if (!$cursor || $cursor.depth === 0 || $cursor.parentOffset < $cursor.parent.content.size) return false;
  if ($cursor.parent.type.name === "image") return true;
  const after = $cursor.after();
  if (state.doc.nodeAt(after)?.type.name !== "image") return false;
  dispatch?.(state.tr.setSelection(NodeSelection.create(state.doc, after)).scrollIntoView());
  return true;
};
