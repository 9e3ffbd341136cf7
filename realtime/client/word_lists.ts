// Word writes lists as paragraphs: the level stands in a style, the bullet is text.

import type { ListLine } from "./nesting.ts";
import type { Paragraph } from "./paragraph.ts";
import { styleOf } from "./paste_style.ts";

const BULLET = /^[\s\u00a0]*(?:[·•§▪◦‣●○■\uf0b7\uf0a7*–-]|o(?=[\s\u00a0]{2}))[\s\u00a0]+/u;
const NUMBER = /^[\s\u00a0]*(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)°][\s\u00a0]+/iu;

/** The bullet or number that stands in a part marked to be ignored. */
function marker(dom: Element): string {
  const ignored = [...dom.querySelectorAll("[data-style]")].find((part) => /mso-list\s*:\s*Ignore/iu.test(styleOf(part)));
  return (ignored?.textContent ?? "").trim();
}

/**
 * The list line that a paragraph of Word is; "continued" for a further paragraph of the line before; null for an
 * ordinary paragraph. A bullet that stands in the words is taken out of them.
 */
export function listLine(dom: Element, paragraph: Paragraph): Omit<ListLine, "blocks"> | "continued" | null {
  const level = /mso-list\s*:[^;]*\blevel(\d)/iu.exec(styleOf(dom));
  const named = /\bMsoListParagraph/u.test(dom.getAttribute("class") ?? "");
  if (level) {
    let mark = marker(dom);
    if (!mark) {
      const written = BULLET.exec(paragraph.words) ?? NUMBER.exec(paragraph.words);
      mark = written?.[0] ?? "";
      paragraph.dropStart(mark.length);
    }
    return { level: Number(level[1]), ordered: /^[\s\u00a0(]*(\d+|[a-z]{1,4})[.)°]/iu.test(mark), fresh: false };
  }
  if (!named) return null;
  const bullet = BULLET.exec(paragraph.words);
  const written = bullet ?? NUMBER.exec(paragraph.words);
  if (!written) return "continued";
  paragraph.dropStart(written[0].length);
  return { level: 1, ordered: bullet === null, fresh: false };
}
