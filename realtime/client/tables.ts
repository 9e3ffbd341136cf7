// Small table commands. No plugin repairs tables: prosemirror-tables' would write in answer to a colleague's change.
// A row may have more or fewer cells than its neighbours; every command copes with that.

import { Fragment, type Node, type ResolvedPos } from "prosemirror-model";
import { Plugin, Selection, TextSelection, type Command, type EditorState } from "prosemirror-state";
import { Decoration, DecorationSet } from "prosemirror-view";
import { CELLS as CELL, CONTAINERS } from "./blocks.ts";
import { ancestorDepth, fillEmpty } from "./commands.ts";
import { nodeType } from "./schema.ts";

interface Place {
  table: Node;
  tablePos: number;
  row: Node;
  rowPos: number;
  rowIndex: number;
  column: number;
}

function place($pos: ResolvedPos): Place | null {
  const cell = ancestorDepth($pos, CELL);
  if (cell === null || cell < 3) return null;
  const row = $pos.node(cell - 1);
  const table = $pos.node(cell - 2);
  if (row.type.name !== "table_row" || table.type.name !== "table") return null;
  return {
    table,
    tablePos: $pos.before(cell - 2),
    row,
    rowPos: $pos.before(cell - 1),
    rowIndex: $pos.index(cell - 2),
    column: $pos.index(cell - 1),
  };
}

export const inTable = (state: EditorState): boolean => place(state.selection.$from) !== null;

function newCell(header: boolean): Node {
  return nodeType(header ? "table_header" : "table_cell").create(null, nodeType("paragraph").create());
}

/** Three columns, a header row and two rows: enough to see what it is, small enough to change. */
export const insertTable: Command = (state, dispatch) => {
  const { $from } = state.selection;
  if (ancestorDepth($from, ["table", "list_item", "note"]) !== null || $from.depth === 0) return false;
  if (dispatch) {
    const rows = [true, false, false].map((header) =>
      nodeType("table_row").create(null, [newCell(header), newCell(header), newCell(header)]),
    );
    const table = nodeType("table").create(null, rows);
    const tr = state.tr;
    const after = $from.after(1);
    const follows = state.doc.resolve(after).nodeAfter;
    // Without a paragraph after it there would be no way to go on writing below a table.
    const content = follows ? [table] : [table, nodeType("paragraph").create()];
    const replaces = $from.parent.content.size === 0 && $from.depth === 1;
    const start = replaces ? $from.before(1) : after;
    if (replaces) tr.replaceWith(start, after, content);
    else tr.insert(after, content);
    tr.setSelection(Selection.near(tr.doc.resolve(start + 1), 1));
    dispatch(tr.scrollIntoView());
  }
  return true;
};

export function addRow(side: "before" | "after"): Command {
  return (state, dispatch) => {
    const here = place(state.selection.$from);
    if (!here) return false;
    if (dispatch) {
      const cells: Node[] = [];
      for (let i = 0; i < Math.max(1, here.row.childCount); i += 1) cells.push(newCell(false));
      const pos = side === "before" ? here.rowPos : here.rowPos + here.row.nodeSize;
      const tr = state.tr.insert(pos, nodeType("table_row").create(null, cells));
      dispatch(tr.setSelection(Selection.near(tr.doc.resolve(pos + 1), 1)).scrollIntoView());
    }
    return true;
  };
}

export function addColumn(side: "before" | "after"): Command {
  return (state, dispatch) => {
    const here = place(state.selection.$from);
    if (!here) return false;
    if (dispatch) {
      const tr = state.tr;
      const column = here.column + (side === "after" ? 1 : 0);
      here.table.forEach((row, offset) => {
        if (row.type.name !== "table_row") return;
        let pos = here.tablePos + 1 + offset + 1;
        const until = Math.min(column, row.childCount);
        for (let i = 0; i < until; i += 1) pos += row.child(i).nodeSize;
        const like = row.childCount > 0 ? row.child(Math.max(0, Math.min(here.column, row.childCount - 1))) : null;
        tr.insert(tr.mapping.map(pos), newCell(like?.type.name === "table_header"));
      });
      dispatch(tr.scrollIntoView());
    }
    return true;
  };
}

export const deleteTable: Command = (state, dispatch) => {
  const here = place(state.selection.$from);
  if (!here) return false;
  if (dispatch) {
    const tr = state.tr.delete(here.tablePos, here.tablePos + here.table.nodeSize);
    if (tr.doc.childCount === 0) tr.insert(0, nodeType("paragraph").create());
    const at = Math.min(here.tablePos, tr.doc.content.size);
    dispatch(tr.setSelection(Selection.near(tr.doc.resolve(at), -1)).scrollIntoView());
  }
  return true;
};

export const deleteRow: Command = (state, dispatch) => {
  const here = place(state.selection.$from);
  if (!here) return false;
  if (here.table.childCount < 2) return deleteTable(state, dispatch);
  if (dispatch) {
    const tr = state.tr.delete(here.rowPos, here.rowPos + here.row.nodeSize);
    const at = Math.min(here.rowPos, here.tablePos + here.table.nodeSize - here.row.nodeSize - 1);
    dispatch(tr.setSelection(Selection.near(tr.doc.resolve(at), -1)).scrollIntoView());
  }
  return true;
};

export const deleteColumn: Command = (state, dispatch) => {
  const here = place(state.selection.$from);
  if (!here) return false;
  if (here.row.childCount < 2) return deleteTable(state, dispatch);
  if (dispatch) {
    const tr = state.tr;
    here.table.forEach((row, offset) => {
      if (row.type.name !== "table_row" || here.column >= row.childCount) return;
      let pos = here.tablePos + 1 + offset + 1;
      for (let i = 0; i < here.column; i += 1) pos += row.child(i).nodeSize;
      tr.delete(tr.mapping.map(pos), tr.mapping.map(pos + row.child(here.column).nodeSize));
    });
    dispatch(tr.scrollIntoView());
  }
  return true;
};

/** Tab and Shift+Tab: cell by cell; at either end the key is left to the browser, so that nobody is trapped. */
export function goToCell(step: 1 | -1): Command {
  return (state, dispatch) => {
    const here = place(state.selection.$from);
    if (!here) return false;
    const cells: number[] = [];
    let current = -1;
    here.table.forEach((row, rowOffset, rowIndex) => {
      row.forEach((cell, offset, column) => {
        if (!CELL.includes(cell.type.name)) return;
        if (rowIndex === here.rowIndex && column === here.column) current = cells.length;
        cells.push(here.tablePos + 1 + rowOffset + 1 + offset);
      });
    });
    const target = cells[current + step];
    if (target === undefined) return false;
    if (dispatch) {
      const filled = fillEmpty(state, target);
      if (filled) {
        dispatch(filled.scrollIntoView());
      } else {
        const cell = state.doc.nodeAt(target)!;
        const from = Selection.near(state.doc.resolve(target + 1), 1).$from;
        const to = Selection.near(state.doc.resolve(target + cell.nodeSize - 1), -1).$to;
        dispatch(state.tr.setSelection(TextSelection.between(from, to)).scrollIntoView());
      }
    }
    return true;
  };
}

/** A header cell without a word heads nothing: for as long as it is empty it is read aloud as an ordinary cell. */
export function emptyHeaders(): Plugin {
  let seen: Node | null = null;
  let found = DecorationSet.empty;
  return new Plugin({
    props: {
      decorations({ doc }) {
        if (doc === seen) return found;
        const decorations: Decoration[] = [];
        doc.descendants((node, pos) => {
          if (node.type.name === "table_header" && node.textContent.trim() === "") {
            decorations.push(Decoration.node(pos, pos + node.nodeSize, { role: "cell" }));
          }
          return !node.isTextblock;
        });
        seen = doc;
        found = DecorationSet.create(doc, decorations);
        return found;
      },
    },
  });
}

/** Rows, cells, items and steps that lost their table or list on the way to the clipboard get one again. */
export function tidyPasted(fragment: Fragment): Fragment {
  let tidy = regroup(regroup(fragment, CELL, "table_row"), ["table_row"], "table");
  tidy = regroup(tidy, ["list_item"], "bullet_list");
  for (const [container, part] of Object.entries(CONTAINERS)) tidy = regroup(tidy, [part], container);
  return tidy;
}

function regroup(fragment: Fragment, names: readonly string[], parent: string): Fragment {
  const out: Node[] = [];
  let run: Node[] = [];
  const close = () => {
    if (run.length > 0) out.push(nodeType(parent).create(null, run));
    run = [];
  };
  fragment.forEach((node) => {
    if (names.includes(node.type.name)) run.push(node);
    else {
      close();
      out.push(node);
    }
  });
  close();
  return Fragment.from(out);
}
