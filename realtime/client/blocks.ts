// What each block is made of and what it may stand in, as people expect it. The grammar itself is loose (`block*`
// everywhere); these rules only say what the commands of the editor make.

import type { Node } from "prosemirror-model";
import { nodeType } from "./schema.ts";

export const LISTS: readonly string[] = ["bullet_list", "ordered_list", "documents", "further"];
export const CELLS: readonly string[] = ["table_cell", "table_header"];

/** A container and what it is made of. */
export const CONTAINERS: Readonly<Record<string, string>> = { steps: "step", situations: "situation", variants: "variant" };

/** Blocks that hold blocks under a title of their own. */
export const PARTS: readonly string[] = ["step", "situation", "variant", "question", "definition"];

/** One line of words each: Enter after it begins a paragraph. */
export const ONE_LINERS: readonly string[] = ["cost", "delay", "legal", "label", "image"];

/** Blocks whose values are asked for in a dialogue. */
export const ASKED: readonly string[] = ["contact", "service", "legal", "image", "variant"];

const STRUCTURES = ["steps", "situations", "variants", "question", "definition"];

export const containerOf = (part: string): string | null =>
  Object.keys(CONTAINERS).find((name) => CONTAINERS[name] === part) ?? null;

/** A new block with its inner structure. Ids are given by the plugin of ids.ts, on this person's own change. */
export function makeBlock(name: string, attrs: Record<string, unknown> | null = null): Node {
  const make = (type: string, ...content: Node[]): Node => nodeType(type).create(null, content);
  const inside = (): Node[] => {
    switch (name) {
      case "steps":
      case "variants":
        return [makeBlock(CONTAINERS[name]!)];
      case "situations":
        // One case is no choice.
        return [makeBlock("situation"), makeBlock("situation")];
      case "step":
      case "situation":
      case "question":
      case "definition":
        return [make("label"), make("paragraph")];
      case "variant":
      case "list_item":
      case "note":
        return [make("paragraph")];
      case "documents":
      case "further":
        return [make("list_item", make("paragraph"))];
      default:
        return [];
    }
  };
  return nodeType(name).create(attrs, inside());
}

/**
 * Whether a block of that name is at home in a place. `around`: the names of the blocks around the place, innermost
 * first, without the document.
 */
export function mayHold(around: readonly string[], name: string): boolean {
  const parent = around[0];
  if (name === "list_item") return parent !== undefined && LISTS.includes(parent);
  const container = containerOf(name);
  if (container !== null) return parent === container;
  if (parent === undefined) return name !== "label";
  if (["heading", "lead", "table", "table_row", "label", ...CELLS].includes(name)) return false;
  if (parent === "note") return name === "paragraph" || LISTS.includes(name);
  if (!PARTS.includes(parent)) return false;
  if (STRUCTURES.includes(name)) return (parent === "situation" || parent === "variant") && !around.includes(name);
  return true;
}

/** Nothing in it that anybody wrote or chose. */
export function isBlank(node: Node): boolean {
  if (node.textContent.trim() !== "") return false;
  let blank = true;
  node.descendants((child) => {
    if (child.type.name === "image" || (child.isLeaf && !child.isText)) blank = false;
    return blank;
  });
  return blank && node.type.name !== "image" && !(node.isLeaf && !node.isText);
}
