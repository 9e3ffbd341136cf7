// Markup from the clipboard, made inert before any parser of the browser sees it.
//
// The page's CSP forbids style and event attributes, and a browser says so for each of them even in a document that is
// never shown: so the tags are written anew here, with the attributes that say something about the structure and no
// others. What keeps a text harmless is not this file but the grammar, which has no place for anything active; this
// file keeps the browser from having to object.

/** NUL is refused by the server, and nobody typed it on purpose; the other controls have no meaning in a text. */
export const cleanText = (text: string): string =>
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u200b\ufeff]/gu, "").replace(/\p{Surrogate}/gu, "\ufffd");

// Their content is no markup: a tag in it must not be taken for one.
const RAW = new Set(["script", "style", "xmp", "iframe", "noembed", "noframes", "textarea", "title", "plaintext"]);

// Without content, and about the page they stood in: a browser heeds <base> even in a document that is never shown.
const GONE = new Set(["base", "meta", "link"]);

const KEPT = new Set([
  "href", "class", "title", "role", "hidden", "lang", "dir", "start", "scope", "colspan", "rowspan", "alt", "width",
  "height", "aria-level", "aria-hidden", "aria-label",
]);

const ATTRIBUTE = /[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?/uy;

function kept(name: string): string | null {
  // Word and Google Docs say half of the structure in styles: they stay readable under a name without effect.
  if (name === "style") return "data-style";
  return KEPT.has(name) || /^data-[a-z0-9-]+$/u.test(name) ? name : null;
}

/** The attributes from `at` to the end of the tag, and where that is. */
function attributes(html: string, at: number): { text: string; end: number } {
  const seen = new Set<string>();
  let text = "";
  let place = at;
  for (;;) {
    while (place < html.length && /[\s/]/u.test(html[place]!)) place += 1;
    if (place >= html.length || html[place] === ">") return { text, end: Math.min(html.length, place + 1) };
    ATTRIBUTE.lastIndex = place;
    const found = ATTRIBUTE.exec(html);
    if (!found || found[0] === "") {
      place += 1;
      continue;
    }
    place = ATTRIBUTE.lastIndex;
    const name = kept(found[1]!.toLowerCase());
    if (name === null || seen.has(name)) continue;
    seen.add(name);
    const value = (found[2] ?? found[3] ?? found[4] ?? "").replaceAll('"', "&quot;");
    text += ` ${name}="${value}"`;
  }
}

/** The same markup without comments, scripts, styles and every attribute that is not about the structure. */
export function inertMarkup(html: string): string {
  const out: string[] = [];
  let place = 0;
  while (place < html.length) {
    const open = html.indexOf("<", place);
    if (open < 0) {
      out.push(html.slice(place));
      break;
    }
    out.push(html.slice(place, open));
    if (html.startsWith("<!--", open)) {
      // Word hides whole documents in conditional comments.
      const close = html.indexOf("-->", open + 2);
      place = close < 0 ? html.length : close + 3;
      continue;
    }
    const tag = /^<(\/?)([a-z][^\s/>]*)/iu.exec(html.slice(open, open + 80));
    if (!tag) {
      if (!/^<[!?/]/u.test(html.slice(open, open + 2))) {
        out.push("&lt;");
        place = open + 1;
        continue;
      }
      const close = html.indexOf(">", open);
      place = close < 0 ? html.length : close + 1;
      continue;
    }
    const name = tag[2]!.toLowerCase();
    const { text, end } = attributes(html, open + tag[0].length);
    place = end;
    if (tag[1]) {
      out.push(`</${name}>`);
    } else if (RAW.has(name)) {
      const ending = new RegExp(`</${name}[^<>]*>`, "igu");
      ending.lastIndex = end;
      place = ending.exec(html) ? ending.lastIndex : html.length;
    } else if (!GONE.has(name)) {
      out.push(`<${name}${text}>`);
    }
  }
  return cleanText(out.join(""));
}
