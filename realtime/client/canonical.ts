// The canonical form of a text (docs/canonical.md), form 1: what a signature signs. The server's is the one that
// counts; this second implementation reads the same vectors, so that the page which describes it stays true.

import grammar from "../../drafts/schema.json";

export const CANON = 1;

export interface TreeNode {
  type: string;
  attrs?: Record<string, unknown>;
  content?: TreeNode[];
  text?: string;
  marks?: { type: string; attrs?: Record<string, unknown> }[];
}

interface AttributeRule {
  type: string;
  default: string | number | null;
  values?: (string | number)[];
}
interface NodeRule {
  content?: string;
  group?: string;
  leaf?: boolean;
  attrs?: Record<string, AttributeRule>;
}

const NODES = grammar.nodes as Record<string, NodeRule>;
const MARKS = grammar.marks as Record<string, { attrs: Record<string, AttributeRule>; beside?: boolean }>;
const TYPES = grammar.types as Record<string, { pattern?: string; max?: number }>;
const PATTERNS = new Map(
  Object.entries(TYPES).flatMap(([name, type]) => (type.pattern ? [[name, new RegExp(type.pattern, "u")] as const] : [])),
);
// What a type of the grammar does not say: as in drafts/grammar.py.
const LONGEST = 2000;
const SUGGESTIONS = new Set(["insertion", "deletion", "modification"]);

const isBlock = (name: string): boolean => NODES[name]?.group === "block";

/** The canonical form of a whole text. Throws for an open suggestion or a value that JSON cannot carry exactly. */
export function canonical(tree: readonly TreeNode[], fields: Readonly<Record<string, unknown>>): string {
  refuseSuggestions(tree);
  const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  return json({ canon: CANON, fields: composed(present), blocks: blocks(tree) });
}

/** SHA-256 of a canonical form, 64 hexadecimal digits. */
export async function fingerprint(form: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(form));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function refuseSuggestions(tree: readonly TreeNode[]): void {
  for (const node of tree) {
    if (node.marks?.some((mark) => SUGGESTIONS.has(mark.type.split("--")[0]!))) {
      throw new Error("a suggestion is still open");
    }
    refuseSuggestions(node.content ?? []);
  }
}

function blocks(tree: readonly TreeNode[]): TreeNode[] {
  const found: TreeNode[] = [];
  let stray: TreeNode[] = [];
  const close = () => {
    const runs = joined(stray);
    stray = [];
    if (runs.length > 0) found.push({ type: "paragraph", content: runs });
  };
  for (const node of tree) {
    if (!isBlock(node.type)) {
      stray.push(...inline([node]));
      continue;
    }
    close();
    const rule = NODES[node.type]!;
    const attrs = attributes(rule.attrs ?? {}, node.attrs ?? {});
    const content = rule.leaf ? [] : (node.content ?? []);
    const inner = rule.content === "inline*" ? joined(inline(content)) : blocks(content);
    found.push({
      type: node.type,
      ...(Object.keys(attrs).length > 0 ? { attrs } : {}),
      ...(inner.length > 0 ? { content: inner } : {}),
    });
  }
  close();
  return found;
}

function inline(nodes: readonly TreeNode[]): TreeNode[] {
  return nodes.flatMap((node): TreeNode[] => {
    if (node.type === "text") {
      const known = marks(node.marks ?? []);
      return [{ type: "text", text: node.text ?? "", ...(known.length > 0 ? { marks: known } : {}) }];
    }
    if (isBlock(node.type)) return inline(node.content ?? []);
    return NODES[node.type]?.leaf ? [{ type: node.type }] : [];
  });
}

function marks(given: NonNullable<TreeNode["marks"]>): NonNullable<TreeNode["marks"]> {
  const found = new Map<string, Record<string, unknown>>();
  for (const mark of given) {
    const name = mark.type.split("--")[0]!;
    const rule = MARKS[name];
    // What stands beside the text (anchors of remarks) is no part of it.
    if (rule && !rule.beside) found.set(name, attributes(rule.attrs, mark.attrs ?? {}));
  }
  return [...found.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, attrs]) => ({ type, ...(Object.keys(attrs).length > 0 ? { attrs } : {}) }));
}

function attributes(rules: Record<string, AttributeRule>, given: Record<string, unknown>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(rules)) {
    const value = typed(rule, given[name]);
    if (value !== undefined && value !== null && value !== rule.default) found[name] = composed(value);
  }
  return found;
}

function typed(rule: AttributeRule, value: unknown): unknown {
  if (rule.values && !rule.values.includes(value as string | number)) return undefined;
  if (rule.type === "integer") return Number.isInteger(value) ? value : undefined;
  if (typeof value !== "string") return undefined;
  if (PATTERNS.get(rule.type)?.test(value) === false) return undefined;
  return [...value].length <= (TYPES[rule.type]?.max ?? LONGEST) ? value : undefined;
}

/** Neighbours of equal marks joined, then composed; empty ones left out. */
function joined(runs: readonly TreeNode[]): TreeNode[] {
  const found: TreeNode[] = [];
  for (const run of runs) {
    if (run.type === "text" && !run.text) continue;
    const last = found[found.length - 1];
    if (run.type === "text" && last?.type === "text" && json(last.marks ?? []) === json(run.marks ?? [])) {
      last.text += run.text!;
    } else {
      found.push({ ...run });
    }
  }
  for (const run of found) if (run.text !== undefined) run.text = run.text.normalize("NFC");
  return found;
}

function composed(value: unknown): unknown {
  if (typeof value === "string") return value.normalize("NFC");
  if (Array.isArray(value)) return value.map(composed);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.normalize("NFC"), composed(inner)]));
  }
  return value;
}

/** RFC 8785. JavaScript's own JSON writes numbers and strings as it asks; keys are sorted here, by UTF-16 code units. */
function json(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error("a number that JSON does not know");
  if (typeof value === "string" && /\p{Surrogate}/u.test(value)) throw new Error("half of a surrogate pair");
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${json(inner)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
