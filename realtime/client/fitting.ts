// Does a piece of text fit: into the grammar, into the depth the server reads, through its doors? Asked of what comes
// from the clipboard before it is put into the document, because the server refuses a misfit for good.

import { Fragment, Mark, Slice, type Node } from "prosemirror-model";
import grammar from "../../drafts/schema.json";
import { BULK_BYTES, BULK_STRUCTS } from "./protocol.ts";
import { safeHref } from "./schema.ts";

interface Spec {
  type: string;
  default: string | number | null;
  values?: readonly (string | number)[];
}
type Attributes = Record<string, Spec>;

const NODES = grammar.nodes as unknown as Record<string, { attrs?: Attributes }>;
const MARKS = grammar.marks as unknown as Record<string, { attrs?: Attributes }>;
const TYPES = grammar.types as Record<string, { pattern?: string; max?: number }>;
const PATTERNS = new Map(
  Object.entries(TYPES).flatMap(([name, type]) => (type.pattern === undefined ? [] : [[name, new RegExp(type.pattern)] as const])),
);
/** The server reads no text nested deeper than 32; half of that is left to the place where it is put. */
const DEEPEST = 16;

function fits(value: unknown, spec: Spec): boolean {
  if (value === spec.default) return true;
  if (spec.values) return spec.values.includes(value as string | number);
  if (spec.type === "integer") return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
  if (typeof value !== "string" || value.includes("\0") || value.length > (TYPES[spec.type]?.max ?? 2000)) return false;
  if (spec.type === "href") return safeHref(value) === value;
  return PATTERNS.get(spec.type)?.test(value) ?? true;
}

/** The attributes with every value outside the grammar put back to its default; null when all fit. */
function fitted(attrs: Readonly<Record<string, unknown>>, specs: Attributes): Record<string, unknown> | null {
  const wrong = Object.entries(specs).filter(([name, spec]) => !fits(attrs[name], spec));
  if (wrong.length === 0) return null;
  return { ...attrs, ...Object.fromEntries(wrong.map(([name, spec]) => [name, spec.default])) };
}

function fitMarks(marks: readonly Mark[]): readonly Mark[] {
  if (marks.every((mark) => fitted(mark.attrs, MARKS[mark.type.name]?.attrs ?? {}) === null)) return marks;
  // A link without its address is no link.
  return marks.filter((mark) => fitted(mark.attrs, MARKS[mark.type.name]?.attrs ?? {}) === null);
}

/** The node as the grammar has it; what cannot hold its content is left out around it. */
function fitNode(node: Node, depth: number): readonly Node[] {
  const marks = fitMarks(node.marks);
  if (node.isText) return [marks === node.marks ? node : node.mark(marks)];
  if (depth > DEEPEST) return [];
  const attrs = fitted(node.attrs, NODES[node.type.name]?.attrs ?? {});
  const content = fitContent(node.content, depth + 1);
  if (!node.type.validContent(content)) {
    return content.firstChild?.isInline ? [] : content.content;
  }
  if (attrs === null && content === node.content && marks === node.marks) return [node];
  return [node.type.create(attrs ?? node.attrs, content, marks)];
}

function fitContent(content: Fragment, depth: number): Fragment {
  const out: Node[] = [];
  let same = true;
  content.forEach((node) => {
    const fit = fitNode(node, depth);
    out.push(...fit);
    same &&= fit.length === 1 && fit[0] === node;
  });
  return same ? content : Fragment.from(out);
}

/** A slice whose attributes come from markup that anybody may have written. */
export function fitSlice(slice: Slice): Slice {
  const content = fitContent(slice.content, 1);
  if (content === slice.content) return slice;
  // How far the ends are open was said in the same markup: only what is there can be open.
  const most = Slice.maxOpen(content);
  return new Slice(content, Math.min(slice.openStart, most.openStart), Math.min(slice.openEnd, most.openEnd));
}

/** What a piece costs on the wire, a little too much rather than too little: Yjs structs, and bytes. */
export function weigh(content: Fragment): { structs: number; bytes: number } {
  let structs = 0;
  let bytes = 0;
  content.descendants((node) => {
    if (node.isText) {
      let marks = 0;
      for (const mark of node.marks) marks += 48 + 2 * JSON.stringify(mark.attrs).length;
      structs += 1 + 2 * node.marks.length;
      // Three bytes is the most that one UTF-16 unit takes; most take one.
      bytes += 12 + marks + utf8(node.text!);
    } else {
      structs += 2;
      bytes += 40 + node.type.name.length;
      for (const value of Object.values(node.attrs)) {
        structs += 1;
        bytes += 32 + String(value).length * 3;
      }
    }
  });
  return { structs, bytes };
}

function utf8(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) bytes += code > 0x7ff ? 2 : 1;
  }
  return bytes;
}

/** False for what even the wide door refuses. */
export function fitsTheDoors(content: Fragment): boolean {
  const { structs, bytes } = weigh(content);
  return structs <= BULK_STRUCTS && bytes <= BULK_BYTES;
}
