// Plain text from the clipboard: blank lines separate paragraphs, bullets and numbers make lists.

import type { Node } from "prosemirror-model";
import { cleanText } from "./markup.ts";
import { block, nested, type ListLine } from "./nesting.ts";
import { nodeType, schema } from "./schema.ts";

const BULLET = /^([ \t]*)(?:[•·▪◦‣●○■\uf0b7*–-]|o(?=\t))[ \t\u00a0]+(?=\S)/u;
const NUMBER = /^([ \t]*)(?:\d{1,3}|[a-z])[.)°][ \t\u00a0]+(?=\S)/u;

function words(lines: readonly string[]): Node[] {
  const out: Node[] = [];
  for (const line of lines) {
    const text = line.replace(/[ \t]+/gu, " ").trim();
    if (!text) continue;
    if (out.length > 0) out.push(nodeType("hard_break").create());
    out.push(schema.text(text));
  }
  return out;
}

/** The indentation of a line as a level, a tab being as wide as four spaces. */
function level(indent: string): number {
  let width = 0;
  for (const char of indent) width += char === "\t" ? 4 : 1;
  return Math.floor(width / 2);
}

export function blocksOfText(source: string): Node[] {
  const lines = cleanText(source).split(/\r\n?|\n|\u2028|\u2029/u);
  // Where blank lines separate paragraphs, a single line end is inside one; where there are none, each line is one.
  const separated = lines.slice(1, -1).some((line, i) => !line.trim() && lines[i]!.trim() && lines[i + 2]!.trim());
  const numbers = lines.filter((line) => NUMBER.test(line)).length;
  const out: Node[] = [];
  let paragraph: string[] = [];
  let list: ListLine[] = [];
  const close = (): void => {
    const content = words(paragraph);
    if (content.length > 0) out.push(block("paragraph", content));
    paragraph = [];
    out.push(...nested(list));
    list = [];
  };
  for (const line of lines) {
    // One numbered line alone is a sentence that begins with a number.
    const mark = BULLET.exec(line) ?? (numbers > 1 ? NUMBER.exec(line) : null);
    if (mark) {
      if (paragraph.length > 0) close();
      const ordered = !BULLET.test(line);
      list.push({ level: level(mark[1]!), ordered, fresh: false, blocks: [block("paragraph", words([line.slice(mark[0].length)]))] });
    } else if (!line.trim()) {
      if (list.length === 0 || paragraph.length > 0) close();
    } else {
      if (list.length > 0 || !separated) close();
      paragraph.push(line);
    }
  }
  close();
  return out;
}
