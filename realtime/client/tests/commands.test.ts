import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "prosemirror-model";
import { AllSelection } from "prosemirror-state";
import { undoCommand } from "y-prosemirror";
import * as Y from "yjs";
import {
  backspace,
  clearCells,
  enter,
  fillEmpty,
  indent,
  outdent,
  setBlock,
  toggleList,
  toggleNote,
} from "../commands.ts";
import { schema } from "../schema.ts";
import { addColumn, addRow, deleteColumn, deleteRow, goToCell, insertTable, tidyPasted } from "../tables.ts";
import { Headless } from "./headless.ts";
import { seed } from "./peer.ts";

function editor(...paragraphs: string[]): Headless {
  const doc = new Y.Doc();
  seed(doc, paragraphs);
  return new Headless(doc);
}

/** Position of the first occurrence of `text`, or just after it. */
function at(one: Headless, text: string, after = false): number {
  let found = -1;
  one.state.doc.descendants((node, pos) => {
    const index = node.isText ? node.text!.indexOf(text) : -1;
    if (found < 0 && index >= 0) found = pos + index + (after ? text.length : 0);
  });
  assert.ok(found >= 0, `no ${text} in ${one.state.doc}`);
  return found;
}

function ids(doc: Node): (string | null)[] {
  const found: (string | null)[] = [];
  doc.descendants((node) => {
    if (node.isBlock) found.push(node.attrs["id"]);
  });
  return found;
}

function everyIdOnce(one: Headless): void {
  const all = ids(one.state.doc);
  assert.ok(all.every((id) => typeof id === "string" && /^[A-Za-z0-9_-]{1,32}$/u.test(id)), JSON.stringify(all));
  assert.equal(new Set(all).size, all.length, JSON.stringify(all));
}

const shape = (one: Headless): string => one.state.doc.toString();

test("Enter over all the text leaves one empty paragraph to write in", () => {
  const one = editor("Bonjour", "à tous");
  one.dispatch(one.state.tr.setSelection(new AllSelection(one.state.doc)));
  assert.equal(one.run(enter), true);
  assert.equal(shape(one), "doc(paragraph)");
  everyIdOnce(one);
  one.type("encore");
  assert.equal(shape(one), 'doc(paragraph("encore"))');
});

test("splitting: the first half keeps its id; joining: the first block's id stays", () => {
  const one = editor("Bonjour à tous");
  one.select(at(one, "à tous"));
  one.run(enter);
  everyIdOnce(one);
  assert.equal(one.state.doc.child(0).attrs["id"], "p1");
  assert.equal(shape(one), 'doc(paragraph("Bonjour "), paragraph("à tous"))');
  one.run(backspace);
  assert.equal(shape(one), 'doc(paragraph("Bonjour à tous"))');
  assert.deepEqual(ids(one.state.doc), ["p1"]);
});

test("pasting: a copy gets new ids, a block that was cut comes back under its own", () => {
  const one = editor("un", "deux");
  const first = one.state.doc.child(0);
  one.dispatch(one.state.tr.insert(0, first));
  everyIdOnce(one);
  assert.equal(one.state.doc.child(1).attrs["id"], "p1", "the block that was there keeps its id");
  const cut = one.state.doc.child(2);
  one.dispatch(one.state.tr.delete(one.state.doc.content.size - cut.nodeSize, one.state.doc.content.size));
  one.dispatch(one.state.tr.insert(0, cut));
  assert.equal(one.state.doc.child(0).attrs["id"], "p2");
  everyIdOnce(one);
});

test("a remote change is never answered, even when ids are missing or doubled", () => {
  const one = editor("un");
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one.doc));
  for (const id of [undefined, "p1"]) {
    const element = new Y.XmlElement("paragraph");
    if (id) element.setAttribute("id", id);
    other.getXmlFragment("content").push([element]);
  }
  let answers = 0;
  one.doc.on("update", (_update: Uint8Array, origin: unknown) => {
    if (origin !== "remote") answers += 1;
  });
  Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(other), "remote");
  assert.equal(answers, 0);
  assert.deepEqual(ids(one.state.doc), ["p1", null, "p1"]);
  one.select(1);
  one.type("x");
  assert.deepEqual(ids(one.state.doc), ["p1", null, "p1"], "typing elsewhere repairs nothing either");
});

test("lists: made of items, split, indented, left", () => {
  const one = editor("un", "deux");
  one.select(2, one.state.doc.content.size - 1);
  assert.ok(one.run(toggleList("bullet_list")));
  assert.equal(shape(one), 'doc(bullet_list(list_item(paragraph("un")), list_item(paragraph("deux"))))');
  everyIdOnce(one);
  assert.deepEqual(ids(one.state.doc).filter((id) => /^p\d/u.test(String(id))), ["p1", "p2"]);
  one.select(at(one, "deux", true));
  assert.ok(one.run(indent));
  assert.equal(
    shape(one),
    'doc(bullet_list(list_item(paragraph("un"), bullet_list(list_item(paragraph("deux"))))))',
  );
  one.run(enter);
  one.type("trois");
  everyIdOnce(one);
  one.run(enter);
  one.run(enter);
  one.type("quatre");
  assert.equal(
    shape(one),
    'doc(bullet_list(list_item(paragraph("un"), bullet_list(list_item(paragraph("deux")), list_item(paragraph("trois")))), list_item(paragraph("quatre"))))',
  );
  everyIdOnce(one);
  one.run(enter);
  one.run(enter);
  one.type("dehors");
  assert.ok(shape(one).endsWith(', paragraph("dehors"))'), shape(one));
  everyIdOnce(one);
});

test("outdenting an inner item keeps the items that follow it", () => {
  const one = editor("a", "b", "c");
  one.select(2, one.state.doc.content.size - 1);
  one.run(toggleList("ordered_list"));
  one.select(at(one, "b"));
  one.run(indent);
  one.select(at(one, "c"));
  one.run(indent);
  assert.equal(
    shape(one),
    'doc(ordered_list(list_item(paragraph("a"), ordered_list(list_item(paragraph("b")), list_item(paragraph("c"))))))',
  );
  one.select(at(one, "b", true));
  one.run(outdent);
  assert.equal(
    shape(one),
    'doc(ordered_list(list_item(paragraph("a")), list_item(paragraph("b"), ordered_list(list_item(paragraph("c"))))))',
  );
  one.type("!");
  assert.ok(shape(one).includes('"b!"'), "the cursor went along");
  everyIdOnce(one);
});

test("from one kind of list to the other, and out again", () => {
  const one = editor("un");
  one.select(2);
  one.run(toggleList("bullet_list"));
  one.run(toggleList("ordered_list"));
  assert.equal(shape(one), 'doc(ordered_list(list_item(paragraph("un"))))');
  one.run(toggleList("ordered_list"));
  assert.equal(shape(one), 'doc(paragraph("un"))');
  assert.deepEqual(ids(one.state.doc), ["p1"]);
});

test("Backspace after a list joins the text to the last item", () => {
  const one = editor("un", "deux");
  one.select(2);
  one.run(toggleList("bullet_list"));
  one.select(at(one, "deux"));
  one.run(backspace);
  assert.equal(shape(one), 'doc(bullet_list(list_item(paragraph("undeux"))))');
});

test("Backspace at the start of an item, a note or a first title undoes the shape and loses nothing", () => {
  const one = editor("un");
  one.select(1);
  one.run(toggleList("bullet_list"));
  one.select(at(one, "un"));
  one.run(backspace);
  assert.equal(shape(one), 'doc(paragraph("un"))');
  one.run(toggleNote("warning"));
  assert.equal(shape(one), 'doc(note(paragraph("un")))');
  assert.equal(one.state.doc.child(0).attrs["kind"], "warning");
  one.select(at(one, "un"));
  one.run(backspace);
  assert.equal(shape(one), 'doc(paragraph("un"))');
  one.run(setBlock("heading", { level: 3 }));
  assert.equal(one.state.doc.child(0).attrs["level"], 3);
  one.run(backspace);
  assert.equal(shape(one), 'doc(paragraph("un"))');
  assert.deepEqual(ids(one.state.doc), ["p1"]);
});

test("a title joined to an empty paragraph stays a title", () => {
  const one = editor("", "Titre");
  one.select(at(one, "Titre"));
  one.run(setBlock("heading", { level: 2 }));
  one.run(backspace);
  assert.equal(shape(one), 'doc(heading("Titre"))');
});

test("titles and leads stand only at the top; Enter after a title makes a paragraph", () => {
  const one = editor("un");
  one.select(2);
  one.run(toggleNote("note"));
  assert.equal(one.run(setBlock("heading", { level: 2 })), false);
  one.run(toggleNote("note"));
  one.run(setBlock("heading", { level: 2 }));
  one.select(at(one, "un", true));
  one.run(enter);
  one.type("suite");
  assert.equal(shape(one), 'doc(heading("un"), paragraph("suite"))');
});

test("tables: rows, columns, Tab from cell to cell and out at the ends", () => {
  const one = editor("avant");
  one.select(3);
  assert.ok(one.run(insertTable));
  everyIdOnce(one);
  const table = () => one.state.doc.child(1);
  assert.equal(table().childCount, 3);
  assert.equal(table().child(0).child(0).type.name, "table_header");
  assert.equal(one.run(goToCell(-1)), false, "before the first cell the key goes to the page");
  for (let i = 0; i < 8; i += 1) assert.ok(one.run(goToCell(1)));
  assert.equal(one.run(goToCell(1)), false, "after the last cell too");
  one.type("dernier");
  one.run(addRow("after"));
  one.run(addColumn("after"));
  everyIdOnce(one);
  assert.equal(table().childCount, 4);
  table().forEach((row) => assert.equal(row.childCount, 4));
  one.select(at(one, "dernier"));
  one.run(deleteRow);
  one.run(deleteColumn);
  assert.equal(table().childCount, 3);
  table().forEach((row) => assert.equal(row.childCount, 3));
});

test("deleting over several cells empties them and leaves the table whole", () => {
  const one = editor("avant");
  one.select(3);
  one.run(insertTable);
  one.type("aaa");
  one.run(goToCell(1));
  one.type("bbb");
  one.select(at(one, "aaa") + 1, at(one, "bbb") + 1);
  assert.ok(one.run(clearCells));
  assert.equal(one.state.doc.child(1).child(0).childCount, 3);
  assert.equal(one.state.doc.child(1).textContent, "");
});

test("cells are not joined by Backspace", () => {
  const one = editor("avant");
  one.select(3);
  one.run(insertTable);
  one.run(goToCell(1));
  one.run(backspace);
  one.run(backspace);
  assert.equal(one.state.doc.child(1).child(0).childCount, 3);
});

test("an empty document and an empty shell get a paragraph when somebody writes there", () => {
  const one = new Headless(new Y.Doc());
  assert.equal(one.state.doc.childCount, 0);
  one.dispatch(fillEmpty(one.state)!);
  one.type("premier");
  assert.equal(shape(one), 'doc(paragraph("premier"))');
  everyIdOnce(one);
  const list = schema.node("bullet_list", null, [schema.node("list_item")]);
  one.dispatch(one.state.tr.insert(0, list));
  one.dispatch(fillEmpty(one.state, 1)!);
  one.type("x");
  assert.equal(one.state.doc.child(0).toString(), 'bullet_list(list_item(paragraph("x")))');
});

test("pasted rows and items get a table and a list", () => {
  const cell = schema.node("table_cell", null, [schema.node("paragraph")]);
  const item = schema.node("list_item", null, [schema.node("paragraph")]);
  const tidy = tidyPasted(schema.node("doc", null, [cell, cell, item, schema.node("paragraph")]).content);
  assert.equal(
    tidy.toString(),
    "<table(table_row(table_cell(paragraph), table_cell(paragraph))), bullet_list(list_item(paragraph)), paragraph>",
  );
});

test("undo takes back only one's own strokes, and never a block that a colleague filled", () => {
  const one = editor("Bonjour");
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(one.doc));
  const two = new Headless(doc);
  one.doc.on("update", (update: Uint8Array, origin: unknown) => origin !== "remote" && Y.applyUpdate(doc, update, "remote"));
  doc.on("update", (update: Uint8Array, origin: unknown) => origin !== "remote" && Y.applyUpdate(one.doc, update, "remote"));
  one.select(at(one, "Bonjour", true));
  one.run(enter);
  const place = two.state.doc.content.size - 1;
  two.select(place);
  two.type("de Paul");
  one.run(undoCommand);
  assert.ok(one.state.doc.textContent.includes("de Paul"), shape(one));
  assert.equal(shape(one), shape(two));
});

test("an emoji replaced by its neighbour is never cut in two", () => {
  const one = editor("a 😀 b");
  one.select(at(one, "😀"), at(one, "😀", true));
  one.type("😁");
  assert.equal(one.fragment().toString(), '<paragraph id="p1">a 😁 b</paragraph>');
});
