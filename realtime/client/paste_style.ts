// What is worth reading of a pasted style: it says bold, italic and hidden where no element does.

export const styleOf = (dom: Element): string => dom.getAttribute("data-style") ?? "";

export const isBold = (style: string): boolean => /(?:^|[;\s])font-weight\s*:\s*(bold|[6-9]\d\d)/iu.test(style);
export const isPlain = (style: string): boolean => /(?:^|[;\s])font-weight\s*:\s*(normal|[1-4]00)/iu.test(style);
export const isItalic = (style: string): boolean => /(?:^|[;\s])font-style\s*:\s*(italic|oblique)/iu.test(style);
export const isUpright = (style: string): boolean => /(?:^|[;\s])font-style\s*:\s*normal/iu.test(style);
export const isHidden = (style: string): boolean =>
  /(^|[;\s])(display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)/iu.test(style);
