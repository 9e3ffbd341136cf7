// What becomes of an edit in the mode of suggestions, on the editor without a screen.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "prosemirror-model";
import { TextSelection, type Transaction } from "prosemirror-state";
import * as Y from "yjs";
import { backspace, enter, toggleStrong } from "../commands.ts";
import { FRAGMENT, schema } from "../schema.ts";
import { answered, onlySuggests, plainWords, suggested, type Fault } from "../suggesting.ts";
import { Headless } from "./headless.ts";
import { copied, seeded, Suggester } from "./suggester.ts";

/** The text with its suggestions: +put in+, -taken out-, by whom. */
function shown(doc: Node): string {
  let out = "";
  doc.descendants((node) => {
    if (node.isTextblock && out) out += "|";
    if (!node.isText) return;
    const mark = node.marks.find(({ type }) => type.name === "insertion" || type.name === "deletion");
    const sign = mark ? (mark.type.name === "insertion" ? "+" : "-") : "";
    out += `${sign}${node.text}${sign}`;
  });
  return out;
}

const ids = (doc: Node): string[] => {
  const found = new Set<string>();
  doc.descendants((node) => {
    for (const mark of node.marks) if (mark.type.name === "insertion" || mark.type.name === "deletion") found.add(mark.attrs["id"]);
  });
  return [...found];
};

const ana = (...blocks: string[]): Suggester => new Suggester(seeded(...(blocks.length ? blocks : ["bonjour à tous"])), 11);

test("typing puts in, and goes on under the same id", () => {
  const editor = ana();
  editor.select(8);
  editor.type("hé ");
  editor.type("ho ");
  assert.equal(shown(editor.state.doc), "bonjour+hé ho + à tous");
  assert.equal(ids(editor.state.doc).length, 1);
  assert.match(ids(editor.state.doc)[0]!, /^11-[a-z0-9]+$/u);
  editor.select(3);
  editor.type("x");
  assert.equal(ids(editor.state.doc).length, 2);
});

test("what is taken out stays, with the caret on the right side of it", () => {
  const editor = ana();
  editor.select(8);
  editor.erase(7, 8);
  editor.erase(6, 7);
  assert.equal(shown(editor.state.doc), "bonjo-ur- à tous");
  assert.equal(editor.state.selection.head, 6);
  assert.equal(ids(editor.state.doc).length, 1);
  editor.select(9);
  editor.erase(9, 10);
  assert.equal(shown(editor.state.doc), "bonjo-ur- -à- tous");
  assert.equal(editor.state.selection.head, 10);
  // Taken out already: only the caret moves.
  editor.select(8);
  editor.erase(7, 8);
  assert.equal(shown(editor.state.doc), "bonjo-ur- -à- tous");
  assert.equal(editor.state.selection.head, 7);
});

test("one's own words really go; a replacement is one suggestion", () => {
  const editor = ana();
  editor.select(1, 8);
  editor.type("salut");
  assert.equal(shown(editor.state.doc), "-bonjour-+salut+ à tous");
  assert.equal(ids(editor.state.doc).length, 1);
  editor.select(8, 13);
  editor.type("ciao");
  assert.equal(shown(editor.state.doc), "-bonjour-+ciao+ à tous");
  assert.equal(ids(editor.state.doc).length, 1);
  editor.erase(8, 12);
  assert.equal(shown(editor.state.doc), "-bonjour- à tous");
});

test("undo takes back, redo brings back", () => {
  const editor = ana();
  editor.select(1, 8);
  editor.type("salut");
  editor.undo();
  assert.equal(shown(editor.state.doc), "bonjour à tous");
  editor.redo();
  assert.equal(shown(editor.state.doc), "-bonjour-+salut+ à tous");
});

/** What an editor says from now on, and what it has to hear. */
function line(editor: Headless): { said: Uint8Array[]; hear(updates: readonly Uint8Array[]): void } {
  const said: Uint8Array[] = [];
  editor.doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin !== "remote") said.push(update);
  });
  return { said, hear: (updates) => updates.forEach((update) => Y.applyUpdate(editor.doc, update, "remote")) };
}

/** The marks that an update leaves open, by name and id. */
function begun(update: Uint8Array): string[] {
  const { structs, ds } = Y.decodeUpdate(update);
  const gone = (id: Y.ID): boolean =>
    (ds.clients.get(id.client) ?? []).some(({ clock, len }) => clock <= id.clock && id.clock < clock + len);
  return structs.flatMap((struct) => {
    if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentFormat)) return [];
    const { key, value } = struct.content as Y.ContentFormat & { value: { id?: string } | null };
    return value === null || gone(struct.id) ? [] : [`${key} ${value.id ?? ""}`];
  });
}

test("undo opens no mark of somebody else's whose words have gone elsewhere meanwhile", () => {
  const doc = seeded("les mairies aaa");
  ((doc.getXmlFragment(FRAGMENT).get(0) as Y.XmlElement).get(0) as Y.XmlText).format(4, 7, { strong: {} });
  new Suggester(doc, 11).erase(10, 14);
  const editor = new Suggester(doc, 22);
  const writer = new Headless(copied(doc, 30));
  const [heard, written] = [line(editor), line(writer)];
  editor.erase(9, 10);
  assert.equal(shown(editor.state.doc), "les mair-i--es-- a-aa");
  written.hear(heard.said.splice(0));
  writer.dispatch(writer.state.tr.split(2));
  heard.hear(written.said);
  editor.undo();
  assert.equal(editor.undone, 0);
  assert.equal(heard.said.length > 0, true);
  assert.deepEqual(begun(Y.mergeUpdates(heard.said)), []);
  // The words themselves are as they were, and so is redo.
  assert.equal(shown(editor.state.doc), "l|es mair-i--es-- a-aa");
  const before = editor.state.doc;
  editor.redo();
  assert.ok(editor.state.doc.eq(before));
});

test("a redo runs over nobody's words, though others have heard of the undo and not yet of the redo", () => {
  const doc = seeded("bonjour");
  const editor = new Suggester(doc, 11);
  editor.put(1, "un ");
  const writer = new Headless(copied(doc, 30));
  const [heard, written] = [line(editor), line(writer)];
  // Where the suggestion ended, plain words are written: the end is theirs from now on.
  const plain = (tr: Transaction): void => writer.dispatch(plainWords(tr));
  writer.select(2);
  plain(writer.state.tr.insertText("x", 4));
  heard.hear(written.said.splice(0));
  const [together] = [shown(editor.state.doc)];
  editor.undo();
  written.hear(heard.said.splice(0));
  editor.redo();
  heard.hear(written.said.splice(0));
  written.hear(heard.said.splice(0));
  assert.equal(shown(editor.state.doc), together);
  assert.equal(shown(writer.state.doc), together);
});

test("what is not text inside one block is refused, and nothing changes", () => {
  const editor = ana("un deux", "trois");
  const before = editor.state.doc;
  const refused = (act: () => void, fault: Fault): void => {
    editor.faults.length = 0;
    act();
    assert.deepEqual(editor.faults, [fault]);
    assert.ok(editor.state.doc.eq(before));
  };
  editor.select(3);
  refused(() => editor.run(enter), "block");
  editor.select(1, 4);
  refused(() => editor.run(toggleStrong), "format");
  editor.select(10);
  refused(() => editor.run(backspace), "block");
  editor.select(2, 12);
  refused(() => editor.run(backspace), "block");
  refused(() => editor.dispatch(editor.state.tr.setNodeAttribute(0, "id", "other")), "block");
  refused(() => editor.dispatch(editor.state.tr.insert(0, schema.nodes["paragraph"]!.create())), "block");
  refused(() => editor.dispatch(editor.state.tr.insert(3, schema.nodes["hard_break"]!.create())), "break");
  refused(() => editor.dispatch(editor.state.tr.delete(0, 9)), "block");
});

test("another person's suggestion is left alone, but one may write beside it", () => {
  const doc = seeded("un deux");
  const ben = new Suggester(doc, 22);
  ben.select(4);
  ben.type("et ");
  ben.erase(1, 3);
  assert.equal(shown(ben.state.doc), "-un- +et +deux");
  const editor = new Suggester(doc, 11);
  for (const act of [() => editor.erase(4, 6), () => editor.put(5, "x"), () => editor.erase(1, 9)]) {
    editor.faults.length = 0;
    act();
    assert.deepEqual(editor.faults, ["other"]);
    assert.equal(shown(editor.state.doc), "-un- +et +deux");
  }
  editor.put(7, "ou ");
  editor.put(2, "x");
  assert.equal(shown(editor.state.doc), "-u-+x+-n- +et ++ou +deux");
  editor.select(1);
  editor.erase(1, 2);
  assert.equal(shown(editor.state.doc), "-u-+x+-n- +et ++ou +deux");
});

test("what a transaction brings in with marks of suggestions is marked anew", () => {
  const editor = ana("un deux");
  const mark = schema.marks["insertion"]!.create({ id: "99-a" });
  editor.dispatch(editor.state.tr.insert(3, schema.text("x", [mark])));
  assert.deepEqual(ids(editor.state.doc).map((id) => id.split("-")[0]), ["11"]);
});

test("the judge of the browser sees what the judge of the server sees", () => {
  const before = ana("un deux").state;
  const own = { has: (id: string) => id.startsWith("11-"), mint: () => "11-z" };
  const tries: [(tr: Transaction) => Transaction, boolean][] = [
    [(tr) => tr.insert(2, schema.text("x", [schema.marks["insertion"]!.create({ id: "11-a" })])), true],
    [(tr) => tr.insert(2, schema.text("x", [schema.marks["insertion"]!.create({ id: "12-a" })])), false],
    [(tr) => tr.insert(2, schema.text("x")), false],
    [(tr) => tr.delete(1, 2), false],
    [(tr) => tr.addMark(1, 3, schema.marks["deletion"]!.create({ id: "11-a" })), true],
    [(tr) => tr.addMark(1, 3, schema.marks["deletion"]!.create({ id: "12-a" })), false],
    [(tr) => tr.addMark(1, 3, schema.marks["strong"]!.create()), false],
    [(tr) => tr.split(2), false],
    // Under words that one puts in somebody else's would strike them once they are accepted.
    [(tr) => tr.insert(2, schema.text("x", ["11-a", "12-a"].map((id, i) => schema.marks[i ? "deletion" : "insertion"]!.create({ id })))), false],
  ];
  for (const [make, ok] of tries) assert.equal(onlySuggests(before.doc, make(before.tr).doc, own), ok);
});

test("an answer as the browser foresees it", () => {
  const editor = ana();
  editor.select(1, 8);
  editor.type("salut");
  const all = new Set(ids(editor.state.doc));
  const { content } = editor.state.doc.firstChild!;
  assert.equal(answered(content, all, true).textBetween(0, 12), "salut à tous");
  assert.equal(answered(content, all, false).textBetween(0, 14), "bonjour à tous");
  assert.equal(answered(content, all, false).childCount, 1);
});

test("a selection alone is no edit", () => {
  const editor = ana();
  const tr = editor.state.tr.setSelection(TextSelection.create(editor.state.doc, 3));
  assert.equal(typeof suggested(editor.state, tr, editor.own), "object");
  assert.ok(Y.encodeStateAsUpdate(editor.doc).length > 0);
});
