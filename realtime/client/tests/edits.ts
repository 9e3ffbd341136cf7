// Edits as people make them, by lot: what the walks of several tests are made of.

import { Slice } from "prosemirror-model";
import { redoCommand, undoCommand } from "y-prosemirror";
import { backspace, deleteForward, enter, indent, insertHardBreak, outdent, setBlock, toggleEm, toggleList, toggleNote, toggleStrong } from "../commands.ts";
import { makeBlock } from "../blocks.ts";
import { addPart, insertBlock } from "../parts.ts";
import { markType } from "../schema.ts";
import { addColumn, addRow, deleteColumn, deleteRow, insertTable } from "../tables.ts";
import { deleteBlock, moveBlock, toPlain } from "../units.ts";
import type { Headless } from "./headless.ts";

const PUT_IN = ["steps", "documents", "further", "cost", "delay", "legal", "question", "definition", "situations", "variants"];
const CHOSEN: Record<string, Record<string, unknown>> = {
  contact: { administration: "province-sud", counter: 12 },
  service: { service: "changer-d-adresse" },
  image: { image: "abc", alt: "Un plan", width: 640, height: 360 },
};

/** What is done to whole blocks: put in, changed in its values, moved, taken apart, deleted. */
function blockEdit(editor: Headless, random: () => number): void {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const roll = random();
  if (roll < 0.3) {
    const name = pick(PUT_IN);
    editor.run(insertBlock(() => makeBlock(name)));
  } else if (roll < 0.4) {
    const name = pick(Object.keys(CHOSEN));
    editor.run(insertBlock(() => makeBlock(name, CHOSEN[name])));
  } else if (roll < 0.5) editor.run(addPart());
  else if (roll < 0.8) editor.run(moveBlock(pick([-1, 1])));
  else if (roll < 0.88) editor.run(toPlain());
  else if (roll < 0.92) editor.run(deleteBlock());
  else {
    const found: number[] = [];
    editor.state.doc.descendants((node, pos) => {
      if (node.type.name === "variant" || node.type.name === "legal") found.push(pos);
    });
    if (found.length === 0) return;
    const pos = pick(found);
    const [name, value] = editor.state.doc.nodeAt(pos)!.type.name === "variant" ? ["territories", "province-sud noumea"] : ["date", "2021-05-03"];
    editor.dispatch(editor.state.tr.setNodeAttribute(pos, name, value));
  }
}

/** A place where a browser would put a cursor: never between the two halves of an emoji, which the server refuses. */
export function whole(editor: Headless, pos: number): number {
  const before = pos > 0 ? editor.state.doc.textBetween(pos - 1, pos) : "";
  return /[\ud800-\udbff]/u.test(before) ? pos + 1 : pos;
}

export const somewhere = (editor: Headless, random: () => number): number =>
  whole(editor, Math.floor(random() * (editor.state.doc.content.size + 1)));

/** What is selected, once more somewhere else. */
export function copySomewhere(editor: Headless, random: () => number): void {
  const { from, to } = editor.state.selection;
  const slice = editor.state.doc.slice(from, to);
  const target = somewhere(editor, random);
  editor.dispatch(editor.state.tr.replaceRange(target, target, new Slice(slice.content, slice.openStart, slice.openEnd)));
}

/** One edit as a person makes it. `paste` is what is done now and then with what is selected. */
export function randomEdit(
  editor: Headless,
  random: () => number,
  word: () => string,
  paste: (editor: Headless, random: () => number) => void,
  undoes = true,
): void {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const size = editor.state.doc.content.size;
  const from = somewhere(editor, random);
  // Mostly a cursor or a few characters; now and then a selection over blocks.
  const to = random() < 0.5 ? from : whole(editor, Math.min(size, from + Math.floor(random() * (random() < 0.2 ? 60 : 6))));
  editor.select(from, to);
  if (random() < 0.15) {
    blockEdit(editor, random);
    return;
  }
  const roll = random();
  if (roll < 0.35) {
    if (editor.state.selection.$from.parent.isTextblock) editor.type(word());
  } else if (roll < 0.45) editor.run(enter);
  else if (roll < 0.55) editor.run(backspace);
  else if (roll < 0.6) editor.run(deleteForward);
  else if (roll < 0.68) editor.run(pick([toggleStrong, toggleEm]));
  else if (roll < 0.71) {
    const { from: a, to: b } = editor.state.selection;
    if (a < b) editor.dispatch(editor.state.tr.addMark(a, b, markType("link").create({ href: pick(["https://a.nc", "tel:1"]) })));
  } else if (roll < 0.74) editor.run(insertHardBreak);
  else if (roll < 0.8) editor.run(toggleList(pick(["bullet_list", "ordered_list"])));
  else if (roll < 0.85) editor.run(pick([indent, outdent]));
  else if (roll < 0.89) editor.run(setBlock(pick(["paragraph", "lead", "heading"])));
  else if (roll < 0.92) editor.run(toggleNote(pick(["note", "warning"])));
  else if (roll < 0.94) editor.run(pick([insertTable, addRow("after"), addColumn("before"), deleteRow, deleteColumn]));
  else if (roll < 0.97) paste(editor, random);
  else if (undoes) editor.run(random() < 0.7 ? undoCommand : redoCommand);
}
