// Addresses that may stand in a text. One judge for what is typed, pasted and shown; schemes and length come from the
// grammar, which the server's gate reads too.

import grammar from "../../drafts/schema.json";

const SCHEMES = grammar.types.href.schemes;
const HREF_MAX = grammar.types.href.max;

/** The link target as it may be stored, or null when it may not. */
export function safeHref(raw: string | null | undefined): string | null {
  const href = (raw ?? "").trim();
  // Control characters and backslashes are read differently by different browsers: no honest address needs them.
  if (!href || href.length > HREF_MAX || /[\u0000-\u0020\u007f-\u00a0\\<>"]/u.test(href)) return null;
  const scheme = /^([a-z][a-z0-9+.-]*):/iu.exec(href)?.[1]?.toLowerCase();
  if (!scheme || !SCHEMES.includes(scheme)) return null;
  if (scheme === "http" || scheme === "https") {
    // A name before @ hides the real host from the reader.
    const authority = /^https?:\/\/([^/?#]+)/iu.exec(href)?.[1];
    if (!authority || authority.includes("@")) return null;
  }
  return href;
}
