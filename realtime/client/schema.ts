// The grammar of a text, read from drafts/schema.json, which the server reads too.
//
// Every content expression there is `block*`, `inline*` or `text*`: y-prosemirror deletes for everybody a node whose
// content check fails, so nothing that two people may do at once can be allowed to fail it.

import { Schema, type AttributeSpec, type DOMOutputSpec, type MarkSpec, type NodeSpec } from "prosemirror-model";
import grammar from "../../drafts/schema.json";
import { BLOCK_DRESS, MARK_DRESS as OTHER_MARKS, read, withId } from "./dress.ts";
import { safeHref } from "./href.ts";
import { isBold, isItalic, isPlain, styleOf } from "./paste_style.ts";

export { safeHref } from "./href.ts";

export const SCHEMA_NUMBER: number = grammar.schema;
export const FRAGMENT: string = grammar.fragment;

interface GrammarAttribute {
  type: string;
  default: string | number | null;
  values?: (string | number)[];
}
interface GrammarNode {
  content?: string;
  group?: string;
  inline?: boolean;
  leaf?: boolean;
  attrs?: Record<string, GrammarAttribute>;
}
interface GrammarMark {
  attrs: Record<string, GrammarAttribute>;
  inclusive?: boolean;
  excludes?: string;
}

const NODES = grammar.nodes as Record<string, GrammarNode>;
const MARKS = grammar.marks as Record<string, GrammarMark>;
function level(value: unknown): 2 | 3 | 4 {
  return value === 3 || value === 4 ? value : 2;
}

const block =
  (tag: string, more: Record<string, string> = {}) =>
  (node: { attrs: Record<string, unknown> }): DOMOutputSpec => [tag, withId(node.attrs, more), 0];

// How each node looks in the page and how it is read from pasted markup. A node of the grammar without a line here
// still works: it becomes a plain <div>.
const DRESS: Record<string, Partial<NodeSpec>> = {
  doc: {},
  text: {},
  paragraph: { parseDOM: [{ tag: "p", getAttrs: read }], toDOM: block("p") },
  lead: {
    parseDOM: [{ tag: "p.lead", priority: 60, getAttrs: read }],
    toDOM: block("p", { class: "lead" }),
    defining: true,
  },
  heading: {
    defining: true,
    // A pasted title of level 1 would compete with the article's own.
    parseDOM: [
      { tag: "h1", getAttrs: (dom) => ({ ...read(dom), level: 2 }) },
      { tag: "h2", getAttrs: (dom) => ({ ...read(dom), level: 2 }) },
      { tag: "h3", getAttrs: (dom) => ({ ...read(dom), level: 3 }) },
      { tag: "h4", getAttrs: (dom) => ({ ...read(dom), level: 4 }) },
      { tag: "h5", getAttrs: (dom) => ({ ...read(dom), level: 4 }) },
      { tag: "h6", getAttrs: (dom) => ({ ...read(dom), level: 4 }) },
    ],
    toDOM: (node) => [`h${level(node.attrs["level"])}`, withId(node.attrs), 0],
  },
  bullet_list: { parseDOM: [{ tag: "ul", getAttrs: read }], toDOM: block("ul") },
  ordered_list: { parseDOM: [{ tag: "ol", getAttrs: read }], toDOM: block("ol") },
  list_item: { parseDOM: [{ tag: "li", getAttrs: read }], toDOM: block("li"), defining: true },
  note: {
    parseDOM: [
      {
        tag: "div.note",
        getAttrs: (dom) => ({ ...read(dom), kind: dom.getAttribute("data-kind") === "warning" ? "warning" : "note" }),
      },
    ],
    toDOM: (node) => {
      const kind = node.attrs["kind"] === "warning" ? "warning" : "note";
      const label = kind === "warning" ? "Attention" : "À noter";
      return ["div", withId(node.attrs, { class: `note note-${kind}`, "data-kind": kind, role: "note", "aria-label": label }), 0];
    },
    defining: true,
  },
  table: {
    parseDOM: [{ tag: "table", getAttrs: read }],
    toDOM: (node) => ["table", withId(node.attrs), ["tbody", 0]],
    isolating: true,
  },
  table_row: { parseDOM: [{ tag: "tr", getAttrs: read }], toDOM: block("tr") },
  table_header: { parseDOM: [{ tag: "th", getAttrs: read }], toDOM: block("th", { scope: "col" }), isolating: true },
  table_cell: { parseDOM: [{ tag: "td", getAttrs: read }], toDOM: block("td"), isolating: true },
  ...BLOCK_DRESS,
  hard_break: { parseDOM: [{ tag: "br" }], toDOM: () => ["br"], selectable: false },
};

const MARK_DRESS: Record<string, Partial<MarkSpec>> = {
  ...OTHER_MARKS,
  strong: {
    parseDOM: [
      { tag: "strong" },
      // Google Docs wraps whole pastes in <b style="font-weight:normal"> and writes its bold as a style.
      { tag: "b", getAttrs: (dom) => !isPlain(styleOf(dom)) && null },
      { tag: "[data-style]", consuming: false, getAttrs: (dom) => isBold(styleOf(dom)) && null },
    ],
    toDOM: () => ["strong", 0],
  },
  em: {
    parseDOM: [
      { tag: "em" },
      { tag: "i" },
      { tag: "[data-style]", consuming: false, getAttrs: (dom) => isItalic(styleOf(dom)) && null },
    ],
    toDOM: () => ["em", 0],
  },
  link: {
    parseDOM: [
      {
        tag: "a[href]",
        getAttrs: (dom) => {
          const href = safeHref(dom.getAttribute("href"));
          return href === null ? false : { href };
        },
      },
    ],
    // The text may have been written by any program: what is not safe is shown without an address.
    toDOM: (mark) => {
      const href = safeHref(mark.attrs["href"]);
      return href === null ? ["span", 0] : ["a", { href, rel: "noopener noreferrer nofollow" }, 0];
    },
  },
};

function attributes(attrs: Record<string, GrammarAttribute> | undefined): Record<string, AttributeSpec> {
  return Object.fromEntries(Object.entries(attrs ?? {}).map(([name, spec]) => [name, { default: spec.default }]));
}

function nodeSpec(name: string, spec: GrammarNode): NodeSpec {
  const built: NodeSpec = { attrs: attributes(spec.attrs) };
  if (spec.content !== undefined) built.content = spec.content;
  if (spec.group !== undefined) built.group = spec.group;
  if (spec.inline) built.inline = true;
  const dress = DRESS[name] ?? { toDOM: block(spec.inline ? "span" : "div") };
  return { ...built, ...dress };
}

function markSpec(name: string, spec: GrammarMark): MarkSpec {
  const built: MarkSpec = { attrs: attributes(spec.attrs) };
  if (spec.inclusive !== undefined) built.inclusive = spec.inclusive;
  if (spec.excludes !== undefined) built.excludes = spec.excludes;
  return { ...built, ...(MARK_DRESS[name] ?? { toDOM: () => ["span", 0] }) };
}

function buildSchema(): Schema {
  // ProseMirror takes the first block of the group as the one to make when nothing says otherwise (Enter at the end of
  // a title, text pasted into a list): it has to be the paragraph.
  const names = ["paragraph", ...Object.keys(NODES).filter((name) => name !== "paragraph")];
  return new Schema({
    topNode: "doc",
    nodes: Object.fromEntries(names.map((name) => [name, nodeSpec(name, NODES[name]!)])),
    marks: Object.fromEntries(Object.entries(MARKS).map(([name, spec]) => [name, markSpec(name, spec)])),
  });
}

export const schema: Schema = buildSchema();

/** Names of all blocks but the document itself. */
export const BLOCK_NAMES: ReadonlySet<string> = new Set(
  Object.entries(NODES)
    .filter(([, spec]) => spec.group === "block")
    .map(([name]) => name),
);

export function nodeType(name: string) {
  const type = schema.nodes[name];
  if (!type) throw new Error(`the grammar has no node ${name}`);
  return type;
}

export function markType(name: string) {
  const type = schema.marks[name];
  if (!type) throw new Error(`the grammar has no mark ${name}`);
  return type;
}
