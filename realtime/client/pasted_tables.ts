// Tables from pasted markup: header cells, and one cell for each place even where one reached over several.

import type { Node } from "prosemirror-model";
import { block } from "./nesting.ts";
import { markType } from "./schema.ts";

// Nobody reads a table wider than this; a hostile page says a million.
const MOST_COLUMNS = 50;

const span = (cell: Element, name: string): number => Math.min(MOST_COLUMNS, Math.max(1, Number(cell.getAttribute(name)) || 1));

/** True when every word of the cells is bold, and there is one. */
function allStrong(cells: readonly Node[][]): boolean {
  let said = false;
  let strong = true;
  for (const node of cells.flat()) {
    node.descendants((inner) => {
      if (!inner.isText || !inner.text!.trim()) return;
      said = true;
      strong &&= markType("strong").isInSet(inner.marks) !== undefined;
    });
  }
  return said && strong;
}

function withoutStrong(node: Node): Node {
  if (node.isText) return node.mark(markType("strong").removeFromSet(node.marks));
  const content: Node[] = [];
  node.content.forEach((child) => content.push(withoutStrong(child)));
  return node.type.create(node.attrs, content);
}

/** The rows of a table; `read` gives the blocks of a cell. */
export function rowsOf(table: HTMLTableElement, read: (cell: Element) => Node[]): Node[] {
  const grid: { header: boolean; blocks: Node[] }[][] = [];
  const taken: number[] = [];
  for (const row of table.rows) {
    const cells: { header: boolean; blocks: Node[] }[] = [];
    const empty = { header: false, blocks: [] };
    const skip = (): void => {
      while ((taken[cells.length] ?? 0) > 0) {
        taken[cells.length]! -= 1;
        cells.push(empty);
      }
    };
    for (const cell of row.cells) {
      skip();
      const header = cell.localName === "th" || row.parentElement?.localName === "thead";
      const height = span(cell, "rowspan");
      const width = span(cell, "colspan");
      for (let i = 0; i < width && cells.length < MOST_COLUMNS; i += 1) {
        taken[cells.length] = height - 1;
        cells.push(i === 0 ? { header, blocks: read(cell) } : { header, blocks: [] });
      }
    }
    skip();
    if (cells.some((cell) => cell.blocks.length > 0)) grid.push(cells);
  }
  const [first] = grid;
  // Few programs have header cells: a first row in bold means one.
  const named = grid.some((cells) => cells.some((cell) => cell.header));
  if (first && grid.length > 1 && !named && allStrong(first.map((cell) => cell.blocks))) {
    for (const cell of first) cell.header = true;
  }
  return grid.map((cells) =>
    block(
      "table_row",
      cells.map(({ header, blocks }) => {
        const content = blocks.length > 0 ? blocks : [block("paragraph", null)];
        return block(header ? "table_header" : "table_cell", header ? content.map(withoutStrong) : content);
      }),
    ),
  );
}
