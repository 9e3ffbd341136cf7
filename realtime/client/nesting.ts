// Lists that come as lines with a level each: Word's paragraphs that only look like lists, Google's lists beside
// instead of inside their items, bullets in plain text.

import type { Node } from "prosemirror-model";
import { mintId } from "./ids.ts";
import { nodeType } from "./schema.ts";

export interface ListLine {
  level: number;
  ordered: boolean;
  blocks: Node[];
  /** Begins a list of its own, even right after another one. */
  fresh: boolean;
}

/** Deeper nesting than this is read by nobody; it is flattened. */
export const MOST_LEVELS = 6;

export function block(name: string, content: readonly Node[] | null, attrs: Record<string, unknown> = {}): Node {
  return nodeType(name).create({ ...attrs, id: mintId() }, content);
}

export function nested(lines: readonly ListLine[], depth = 1): Node[] {
  const lists: Node[] = [];
  let i = 0;
  while (i < lines.length) {
    const first = lines[i]!;
    const items: Node[] = [];
    while (i < lines.length) {
      const line = lines[i]!;
      if (line.level < first.level || line.ordered !== first.ordered || (line.fresh && line !== first)) break;
      let end = i + 1;
      while (end < lines.length && !lines[end]!.fresh && lines[end]!.level > first.level) end += 1;
      const inner = lines.slice(i + 1, end);
      if (depth < MOST_LEVELS) {
        items.push(block("list_item", [...line.blocks, ...nested(inner, depth + 1)]));
      } else {
        items.push(...[line, ...inner].map((one) => block("list_item", one.blocks)));
      }
      i = end;
    }
    lists.push(block(first.ordered ? "ordered_list" : "bullet_list", items));
  }
  return lists;
}
