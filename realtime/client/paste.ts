// Pasted markup, before it is parsed. The page's CSP forbids style and event attributes and would say so for each of
// them; their names are changed, and what is worth keeping of a style (bold, italic) is read from the new name.

/** NUL is refused by the server, and nobody typed it on purpose. */
export const cleanText = (text: string): string => text.replaceAll("\0", "");

export function cleanMarkup(html: string): string {
  return cleanText(html)
    .replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/giu, "")
    .replace(/<[a-z][^>]*>/giu, (tag) =>
      tag.replace(/(\s|["'\/])style\s*=/giu, "$1 data-style=").replace(/(\s|["'\/])on[a-z]+\s*=/giu, "$1 data-gone="),
    );
}

const styleOf = (dom: HTMLElement): string => dom.dataset["style"] ?? "";

export const isBold = (dom: HTMLElement): boolean => /font-weight\s*:\s*(bold|[6-9]\d\d)/iu.test(styleOf(dom));
export const isPlain = (dom: HTMLElement): boolean => /font-weight\s*:\s*(normal|400)/iu.test(styleOf(dom));
export const isItalic = (dom: HTMLElement): boolean => /font-style\s*:\s*italic/iu.test(styleOf(dom));
