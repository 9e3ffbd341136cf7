// One paragraph in the making: words and marks as they come out of pasted markup, spaces as HTML means them.

import type { Mark, Node } from "prosemirror-model";
import { block } from "./nesting.ts";
import { isBold, isItalic, isPlain, isUpright, styleOf } from "./paste_style.ts";
import { markType, nodeType, safeHref, schema } from "./schema.ts";

/** How words look at one place. */
export interface Shape {
  bold: boolean;
  italic: boolean;
  href: string | null;
  abbr: string | null;
  /** Line ends are line ends. */
  pre: boolean;
}

export const PLAIN: Shape = { bold: false, italic: false, href: null, abbr: null, pre: false };

/** What an element makes of the look of its words. */
export function shapeIn(dom: Element, around: Shape): Shape {
  const shape = { ...around };
  const style = styleOf(dom);
  switch (dom.localName) {
    case "b":
    case "strong":
      shape.bold = true;
      break;
    case "i":
    case "em":
    case "cite":
    case "dfn":
    case "var":
      shape.italic = true;
      break;
    case "a":
      shape.href = safeHref(dom.getAttribute("href")) ?? around.href;
      break;
    case "abbr":
    case "acronym":
      shape.abbr = (dom.getAttribute("title") ?? "").trim().slice(0, 200) || around.abbr;
      break;
    case "pre":
      shape.pre = true;
      break;
  }
  // Google Docs wraps whole pastes in <b style="font-weight:normal"> and writes its bold as a style.
  if (isPlain(style)) shape.bold = false;
  else if (isBold(style)) shape.bold = true;
  if (isUpright(style)) shape.italic = false;
  else if (isItalic(style)) shape.italic = true;
  return shape;
}

function marks({ bold, italic, href, abbr }: Shape): readonly Mark[] {
  let set: readonly Mark[] = [];
  if (bold) set = markType("strong").create().addToSet(set);
  if (italic) set = markType("em").create().addToSet(set);
  if (href !== null) set = markType("link").create({ href }).addToSet(set);
  if (abbr !== null && schema.marks["abbr"]) set = markType("abbr").create({ title: abbr }).addToSet(set);
  return set;
}

/** A run of several spaces is one; a single no-break space is French typography and stays. */
const collapsed = (text: string): string =>
  text.replace(/[ \t\r\n\f\u00a0\u202f]+/gu, (run) => (run === "\u00a0" || run === "\u202f" ? run : " "));

export class Paragraph {
  private runs: { text: string; shape: Shape }[] = [];

  text(raw: string, shape: Shape): void {
    if (shape.pre) {
      raw.split(/\r\n?|\n/u).forEach((line, i) => {
        if (i > 0) this.lineEnd();
        if (line) this.runs.push({ text: line.replaceAll("\t", "    "), shape });
      });
      return;
    }
    let text = collapsed(raw);
    const before = this.runs[this.runs.length - 1];
    if (/^[ \u00a0]/u.test(text) && (before === undefined || /[ \n\u00a0]$/u.test(before.text))) text = text.slice(1);
    if (text) this.runs.push({ text, shape });
  }

  lineEnd(): void {
    const before = this.runs[this.runs.length - 1];
    if (before && before.text !== "\n") before.text = before.text.replace(/ $/u, "");
    if (before) this.runs.push({ text: "\n", shape: PLAIN });
  }

  /** Two line ends in a row: how mail programs write a new paragraph. */
  get endsTwice(): boolean {
    const [last, before] = [this.runs[this.runs.length - 1], this.runs[this.runs.length - 2]];
    return last?.text === "\n" && before?.text === "\n";
  }

  get isBold(): boolean {
    const said = this.runs.filter((run) => run.text.trim());
    return said.length > 0 && said.every((run) => run.shape.bold);
  }

  get words(): string {
    return this.runs.map((run) => run.text).join("");
  }

  /** Takes words off the beginning: the bullet that Word writes as text. */
  dropStart(length: number): void {
    let left = length;
    for (const run of this.runs) {
      const cut = Math.min(left, run.text.length);
      run.text = run.text.slice(cut);
      left -= cut;
    }
    this.runs = this.runs.filter((run) => run.text);
    const first = this.runs[0];
    if (first) first.text = first.text.replace(/^[ \u00a0]+/u, "");
  }

  /** The content, or null when nothing is said. `heavy`: the block is bold by itself. */
  content(heavy = false): Node[] | null {
    const { runs } = this;
    while (runs.length > 0 && !runs[runs.length - 1]!.text.trim()) runs.pop();
    const last = runs[runs.length - 1];
    if (!last || !this.words.trim()) return null;
    last.text = last.text.replace(/[ \u00a0]+$/u, "");
    return runs
      .filter((run) => run.text)
      .map((run) =>
        run.text === "\n"
          ? nodeType("hard_break").create()
          : schema.text(run.text, marks(heavy ? { ...run.shape, bold: false } : run.shape)),
      );
  }

  block(name: string, attrs: Record<string, unknown> = {}): Node | null {
    const content = this.content(name === "heading" || name === "label");
    return content === null ? null : block(name, content, attrs);
  }
}
