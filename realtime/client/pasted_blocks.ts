// Markup of other programs as blocks of the grammar: the structure is kept, everything else is left behind. Only
// nodes made here come out, so that nothing active can.

import type { Node } from "prosemirror-model";
import { block, MOST_LEVELS, nested, type ListLine } from "./nesting.ts";
import { Paragraph, PLAIN, shapeIn, type Shape } from "./paragraph.ts";
import { isHidden, styleOf } from "./paste_style.ts";
import { rowsOf } from "./pasted_tables.ts";
import { listLine } from "./word_lists.ts";

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));

// No text for a reader: programs, pictures, what one fills in, what leads about a site.
const DROPPED = words(
  "script style template noscript iframe frame frameset object embed applet param audio video canvas svg math map area " +
    "head title meta link base input button select textarea option datalist progress meter dialog nav menu del col colgroup " +
    "xml track source v:imagedata w:sdtpr",
);
const PICTURES = words("img picture image v:shape");
// What ends a paragraph before and after itself.
const BLOCKS = words(
  "p div section article main header footer aside address blockquote center fieldset figure figcaption form hgroup " +
    "h1 h2 h3 h4 h5 h6 ul ol li dir table caption thead tbody tfoot tr td th dl dt dd details summary pre hr body html legend search",
);

/** Where blocks are read: what stands in a cell or an item is plain. */
export interface Around {
  top: boolean;
  lists: number;
  inTable: boolean;
  headings: ReadonlyMap<number, number>;
}

export interface Pasted {
  blocks: Node[];
  pictures: number;
}

function headingRank(dom: Element): number | null {
  const tag = /^h([1-6])$/u.exec(dom.localName);
  if (tag) return Number(tag[1]);
  if (dom.getAttribute("role") === "heading") return Number(dom.getAttribute("aria-level")) || 2;
  const style = /\bMso(?:Heading([1-9])|(Title))\b/u.exec(dom.getAttribute("class") ?? "");
  if (!style) return null;
  return style[2] ? 0 : Number(style[1]);
}

/** The levels of titles found, whatever they are, as 2, 3 and 4: the highest is 2, so that none is skipped. */
function headingLevels(root: Element): Map<number, number> {
  const found = new Set<number>();
  root.querySelectorAll("h1,h2,h3,h4,h5,h6,[role=heading],[class^=Mso]").forEach((dom) => {
    const rank = headingRank(dom);
    if (rank !== null && dom.textContent?.trim() && !leftOut(dom)) found.add(rank);
  });
  return new Map([...found].sort((a, b) => a - b).map((rank, i) => [rank, Math.min(4, i + 2)]));
}

function leftOut(dom: Element): boolean {
  if (DROPPED.has(dom.localName) || dom.hasAttribute("hidden") || dom.getAttribute("aria-hidden") === "true") return true;
  const style = styleOf(dom);
  if (isHidden(style) || /mso-list\s*:\s*Ignore|mso-element\s*:\s*comment/iu.test(style)) return true;
  const role = dom.getAttribute("role");
  if (role === "navigation" || role === "menu" || role === "button") return true;
  return /\b(MsoCommentReference|msocomanchor|msocomtxt|Apple-interchange-newline)\b/u.test(dom.getAttribute("class") ?? "");
}

class Reader {
  private out: (Node | ListLine)[] = [];
  private paragraph = new Paragraph();

  constructor(
    private readonly around: Around,
    private readonly count: { pictures: number },
  ) {}

  walk(parent: Element, shape: Shape): this {
    for (const child of parent.childNodes) {
      if (child.nodeType === 3) this.paragraph.text(child.nodeValue ?? "", shape);
      else if (child.nodeType === 1) this.element(child as Element, shape);
    }
    return this;
  }

  finish(): Node[] {
    this.close();
    const blocks: Node[] = [];
    let lines: ListLine[] = [];
    const closeList = (): void => {
      blocks.push(...nested(lines));
      lines = [];
    };
    for (const one of this.out) {
      if ("blocks" in one) lines.push(one);
      else {
        closeList();
        blocks.push(one);
      }
    }
    closeList();
    return blocks;
  }

  private element(dom: Element, shape: Shape): void {
    const name = dom.localName;
    if (PICTURES.has(name)) {
      this.count.pictures += 1;
      return;
    }
    if (leftOut(dom)) return;
    if (name === "br") {
      this.paragraph.lineEnd();
      if (this.paragraph.endsTwice) this.close();
      return;
    }
    if (!BLOCKS.has(name) && dom.getAttribute("role") !== "heading") {
      this.walk(dom, shapeIn(dom, shape));
      return;
    }
    this.close();
    this.block(dom, name, shapeIn(dom, shape));
    this.close();
  }

  private block(dom: Element, name: string, shape: Shape): void {
    const rank = headingRank(dom);
    if (rank !== null && this.around.top) {
      this.walk(dom, shape);
      this.close("heading", { level: this.around.headings.get(rank) ?? 4 });
    } else if (name === "ul" || name === "ol" || name === "dir") {
      this.list(dom, name === "ol", shape, 1);
    } else if (name === "table") {
      this.table(dom as HTMLTableElement, shape);
    } else if (name === "dl") {
      this.terms(dom, shape);
    } else if (name === "details") {
      this.details(dom, shape);
    } else if (dom.getAttribute("role") === "note" && this.around.top) {
      const content = this.inner(dom, shape);
      if (content.length > 0) this.out.push(block("note", content, { kind: /warning/u.test(dom.className) ? "warning" : "note" }));
    } else if (!(name === "p" && /\bnote-label\b/u.test(dom.className))) {
      this.walk(dom, shape);
      this.closeLine(dom);
    }
  }

  /** The blocks of an element, read by themselves. */
  private inner(dom: Element, shape: Shape, more: Partial<Around> = {}): Node[] {
    return new Reader({ ...this.around, top: false, ...more }, this.count).walk(dom, shape).finish();
  }

  private close(name = "paragraph", attrs: Record<string, unknown> = {}): void {
    const made = this.paragraph.block(name, attrs);
    if (made) this.out.push(made);
    this.paragraph = new Paragraph();
  }

  /** A paragraph that may be one of Word's list lines. */
  private closeLine(dom: Element): void {
    const line = listLine(dom, this.paragraph);
    const before = this.out[this.out.length - 1];
    if (line === "continued" && before !== undefined && "blocks" in before) {
      const made = this.paragraph.block("paragraph");
      if (made) before.blocks.push(made);
      this.paragraph = new Paragraph();
    } else if (line !== null && line !== "continued") {
      const made = this.paragraph.block("paragraph");
      if (made) this.out.push({ ...line, blocks: [made] });
      this.paragraph = new Paragraph();
    } else {
      this.close();
    }
  }

  private list(dom: Element, ordered: boolean, shape: Shape, level: number): void {
    const { lists } = this.around;
    let fresh = level === 1;
    for (const child of dom.children) {
      const name = child.localName;
      if (leftOut(child)) continue;
      if (name === "ul" || name === "ol") {
        // Google Docs and LibreOffice put an inner list beside the item it belongs to.
        this.list(child, name === "ol", shapeIn(child, shape), level + 1);
        continue;
      }
      const deep = lists >= MOST_LEVELS;
      const blocks = this.inner(child, shapeIn(child, shape), { lists: lists + 1 });
      if (blocks.length === 0) continue;
      if (deep) {
        this.out.push(...blocks);
        continue;
      }
      // Word on the web makes a list of each item and says the level beside it.
      const said = Number(child.getAttribute("data-aria-level")) || null;
      this.out.push({ level: said ?? level, ordered, blocks, fresh: fresh && said === null });
      fresh = false;
    }
  }

  private table(dom: HTMLTableElement, shape: Shape): void {
    const caption = dom.caption;
    if (caption) this.out.push(...this.inner(caption, shapeIn(caption, shape)));
    const role = dom.getAttribute("role");
    const cells = [...dom.rows].reduce((sum, row) => sum + row.cells.length, 0);
    // What only lays out a page is no table for a reader, and a table in a table is none either.
    if (role === "presentation" || role === "none" || cells < 2 || this.around.inTable) {
      for (const row of dom.rows) {
        for (const cell of row.cells) {
          this.walk(cell, shapeIn(cell, shape));
          this.close();
        }
      }
      return;
    }
    const rows = rowsOf(dom, (cell) => this.inner(cell, shapeIn(cell, shape), { inTable: true }));
    if (rows.length > 0) this.out.push(block("table", rows));
  }

  /** Terms and what they mean. */
  private terms(dom: Element, shape: Shape): void {
    let label = new Paragraph();
    let said: Node[] = [];
    const end = (): void => {
      const term = label.block("label");
      if (term || said.length > 0) this.out.push(block("definition", [...(term ? [term] : []), ...said]));
      label = new Paragraph();
      said = [];
    };
    for (const child of dom.querySelectorAll("dt, dd")) {
      if (child.parentElement?.closest("dl") !== dom || leftOut(child)) continue;
      if (child.localName === "dd") said.push(...this.inner(child, shapeIn(child, shape)));
      else {
        if (said.length > 0) end();
        if (label.words) label.text(", ", PLAIN);
        label.text(child.textContent ?? "", PLAIN);
      }
    }
    end();
  }

  /** A folded part: a question with its answer when it is put as one, else a line in bold and what it hides. */
  private details(dom: Element, shape: Shape): void {
    const summary = [...dom.children].find((child) => child.localName === "summary");
    const title = new Paragraph();
    title.text(summary?.textContent ?? "", { ...PLAIN, bold: true });
    summary?.remove();
    const content = this.inner(dom, shape);
    const asked = title.words.trim().endsWith("?");
    const line = title.block(asked ? "label" : "paragraph");
    const all = [...(line ? [line] : []), ...content];
    if (asked) this.out.push(block("question", all));
    else this.out.push(...all);
  }
}

/** What was pasted, as blocks. `root` is the body of a document that is never shown. */
export function blocksOfMarkup(root: Element): Pasted {
  const count = { pictures: 0 };
  const around: Around = { top: true, lists: 0, inTable: false, headings: headingLevels(root) };
  const blocks = new Reader(around, count).walk(root, PLAIN).finish();
  return { blocks, pictures: count.pictures };
}
