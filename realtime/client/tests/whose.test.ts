// Whose words a passage is, while the text goes on changing under it.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "prosemirror-model";
import { schema } from "../schema.ts";
import { carried, partsOf, passageAt, Whose, type Run } from "../whose.ts";
import { initials } from "../people.ts";

const RUNS: Run[] = [[0, 5, 1, 10], [5, 5, 2, 20]];
const text = (doc: Node) => (passages: ReturnType<Whose["passages"]>) =>
  passages.map(({ from, to, person }) => [doc.textBetween(from, to), person]);

const paragraph = (id: string, ...words: (string | Node)[]): Node =>
  schema.node("paragraph", { id }, words.map((word) => (typeof word === "string" ? schema.text(word) : word)));
const doc = (...blocks: Node[]): Node => schema.node("doc", null, blocks);

test("what is typed into a passage parts it, and is nobody's until the server says", () => {
  assert.deepEqual(carried(RUNS, "aaaaabbbbb", "aaXaaabbbbb"), [[0, 2, 1, 10], [3, 3, 1, 10], [6, 5, 2, 20]]);
  assert.deepEqual(carried(RUNS, "aaaaabbbbb", "aaaaaXXbbbbb"), [[0, 5, 1, 10], [7, 5, 2, 20]]);
  assert.deepEqual(carried(RUNS, "aaaaabbbbb", "Xaaaaabbbbb"), [[1, 5, 1, 10], [6, 5, 2, 20]]);
});

test("what is taken out is taken out of its passage", () => {
  assert.deepEqual(carried(RUNS, "aaaaabcdef", "aaadef"), [[0, 3, 1, 10], [3, 3, 2, 20]]);
  assert.deepEqual(carried(RUNS, "aaaaabcdef", ""), []);
  assert.deepEqual(carried(RUNS, "aaaaabcdef", "bcdef"), [[0, 5, 2, 20]]);
});

test("under an input method the passage is not parted", () => {
  assert.deepEqual(carried(RUNS, "aaaaabcdef", "aaXaaabcdef", true), [[0, 6, 1, 10], [6, 5, 2, 20]]);
});

test("passages are found in the blocks they were told of, wherever these stand now", () => {
  const whose = new Whose();
  const before = doc(paragraph("one", "Bonjour à tous"), paragraph("two", "Deuxième 😀 ligne"));
  whose.told([["one", [[0, 8, 1, 10], [8, 6, 2, 20]]], ["two", [[0, 17, 2, 20]]]], before);
  assert.deepEqual(text(before)(whose.passages(before)), [["Bonjour ", 1], ["à tous", 2], ["Deuxième 😀 ligne", 2]]);
  const after = doc(paragraph("two", "Deuxième 😀 longue ligne"), paragraph("new", "Neuf"), paragraph("one", "Bonjour à tous"));
  assert.deepEqual(text(after)(whose.passages(after)), [
    ["Deuxième 😀 l", 2], ["igne", 2], ["Bonjour ", 1], ["à tous", 2],
  ]);
});

test("a block that has moved on since the server looked keeps what was known of it", () => {
  const whose = new Whose();
  const first = doc(paragraph("one", "Bonjour"));
  whose.told([["one", [[0, 7, 1, 10]]]], first);
  const longer = doc(paragraph("one", "Bonjour toi"));
  whose.told([["one", [[0, 7, 2, 20]]]], longer);
  assert.deepEqual(text(longer)(whose.passages(longer)), [["Bonjour", 1]]);
  whose.told([["one", [[0, 7, 1, 10], [7, 4, 2, 20]]]], longer);
  assert.deepEqual(text(longer)(whose.passages(longer)), [["Bonjour", 1], [" toi", 2]]);
  const gone = doc(paragraph("two", "Autre"));
  whose.told([], gone);
  assert.deepEqual(whose.passages(gone), []);
  assert.deepEqual(whose.passages(longer), [], "what is gone is forgotten");
});

test("a line break is nobody's and takes a place", () => {
  const whose = new Whose();
  const broken = doc(paragraph("one", "un", schema.node("hard_break"), "deux"));
  whose.told([["one", [[0, 2, 1, 10], [3, 4, 2, 20]]]], broken);
  assert.deepEqual(text(broken)(whose.passages(broken)), [["un", 1], ["deux", 2]]);
});

test("who wrote a selection, and what stands at a caret", () => {
  const whose = new Whose();
  const shown = doc(paragraph("one", "Bonjour à tous"), paragraph("two", "😀 fin"));
  whose.told([["one", [[0, 8, 1, 10], [8, 6, 2, 20]]], ["two", [[0, 6, 2, 20]]]], shown);
  const passages = whose.passages(shown);
  assert.deepEqual(partsOf(passages, shown, 6, shown.content.size), [
    { person: 2, administration: 20, characters: 11 },
    { person: 1, administration: 10, characters: 3 },
  ]);
  assert.equal(passageAt(passages, 1)?.person, 1);
  assert.equal(passageAt(passages, 9)?.person, 2, "the caret before a sign is at that sign");
  assert.equal(passageAt(passages, 15)?.person, 2, "behind the last sign it is at the last");
  assert.equal(passageAt([], 3), null);
});

test("initials", () => {
  assert.equal(initials("Éloïse Martinelle"), "ÉM");
  assert.equal(initials("Poindi"), "P");
  assert.equal(initials("Marie-Claire de la Fontaine"), "MF");
});
