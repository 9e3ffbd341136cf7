// Finding, replacing, counting, the outline and the list of shortcuts, without a screen.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EditorState } from "prosemirror-state";
import { readingMinutes, spokenLength, wordCount } from "../counting.ts";
import { keys } from "../editor.ts";
import { Finder, findPlugin, folded, foundIn, look, replaceAll, replaceOne, step } from "../find.ts";
import { headingsIn } from "../outline.ts";
import { schema } from "../schema.ts";
import { KEY_WORDS, keyName, shortcutLines } from "../shortcuts.ts";

const paragraph = (...texts: string[]) =>
  schema.node("paragraph", { id: texts[0]!.slice(0, 3) }, texts.map((text, i) => schema.text(text, i % 2 ? [schema.mark("strong")] : [])));
const doc = (...texts: string[]) => schema.node("doc", null, texts.map((text) => paragraph(text)));

function editing(...texts: string[]): { state: EditorState } {
  return { state: EditorState.create({ doc: doc(...texts), plugins: [findPlugin()] }) };
}

function matches(text: string, words: string, exact = false): string[] {
  const node = doc(text);
  return new Finder({ words, exact }).inText(node).map(({ from, to }) => node.textBetween(from, to));
}

test("accents, capitals and typography do not count, unless one asks for it", () => {
  assert.deepEqual(matches("Une Démarche, des demarches, DÉMARCHE", "demarche"), ["Démarche", "demarche", "DÉMARCHE"]);
  assert.deepEqual(matches("Une Démarche, des demarches", "demarche", true), ["demarche"]);
  assert.deepEqual(matches("L’aide à l'aide", "l'aide"), ["L’aide", "l'aide"]);
  assert.deepEqual(matches("2\u202f000 F et 2 000 F", "2 000"), ["2\u202f000", "2 000"]);
  assert.deepEqual(matches("cœur et coeur", "coeur"), ["cœur", "coeur"]);
  assert.deepEqual(matches("cœur", "co"), [], "half of an œ is not found");
  assert.deepEqual(matches("e\u0301te\u0301 😀 été", "été"), ["e\u0301te\u0301", "été"]);
  assert.deepEqual(matches("aaaa", "aa"), ["aa", "aa"]);
  assert.deepEqual(matches("rien", ""), []);
  assert.equal(folded("Ça", false).text, "ca");
});

test("words over bold and plain are found, over two paragraphs they are not", () => {
  const node = schema.node("doc", null, [paragraph("la mai", "rie de"), paragraph(" Nouméa")]);
  assert.equal(new Finder({ words: "mairie", exact: false }).inText(node).length, 1);
  assert.equal(new Finder({ words: "de noumea", exact: false }).inText(node).length, 0);
});

test("from the cursor on, round the end and back, and along when the text changes", () => {
  const one = editing("un deux un", "un");
  one.state = one.state.apply(look(one.state, { words: "un", exact: false }));
  assert.deepEqual([foundIn(one.state).matches.length, foundIn(one.state).current], [3, 0]);
  one.state = one.state.apply(step(one.state, -1)!);
  assert.equal(foundIn(one.state).current, 2);
  one.state = one.state.apply(step(one.state, 1)!);
  one.state = one.state.apply(step(one.state, 1)!);
  assert.equal(foundIn(one.state).current, 1);
  one.state = one.state.apply(one.state.tr.insertText("un ", 1));
  assert.deepEqual([foundIn(one.state).matches.length, foundIn(one.state).current], [4, 2]);
  one.state = one.state.apply(look(one.state, { words: "", exact: false }));
  assert.equal(foundIn(one.state).matches.length, 0);
});

test("looking changes no word; replacing all is one step back", () => {
  const one = editing("Le guichet du guichet", "Guichet");
  const before = one.state.doc;
  one.state = one.state.apply(look(one.state, { words: "guichet", exact: false }));
  assert.equal(one.state.doc, before);
  one.state = one.state.apply(replaceOne(one.state, "guichets")!);
  assert.equal(one.state.doc.textContent, "Le guichets du guichetGuichet");
  assert.equal(foundIn(one.state).current, 1, "the word put in is not the next one");
  const tr = replaceAll(one.state, "")!;
  assert.equal(one.state.apply(tr).doc.textContent, "Le s du ");
});

test("replaced words look like those they replace", () => {
  const node = schema.node("doc", null, [paragraph("une ", "mairie", " ici")]);
  let state = EditorState.create({ doc: node, plugins: [findPlugin()] });
  state = state.apply(look(state, { words: "mairie", exact: false }));
  state = state.apply(replaceAll(state, "commune")!);
  assert.equal(state.doc.toString(), 'doc(paragraph("une ", strong("commune"), " ici"))');
});

test("finding in a long text is quick, and quicker when one paragraph changed", () => {
  const text = doc(...Array.from({ length: 1_000 }, (_, i) => `Paragraphe ${i} sur la démarche à faire au guichet de la mairie, avec une pièce. `.repeat(2)));
  const finder = new Finder({ words: "demarche", exact: false });
  const began = performance.now();
  assert.equal(finder.inText(text).length, 2_000);
  const first = performance.now() - began;
  const again = performance.now();
  finder.inText(text);
  assert.ok(first < 1_000 && performance.now() - again < first, `${first} ms`);
});

test("words are counted as the server counts them", () => {
  const { cases } = JSON.parse(readFileSync("tests/vectors/words.json", "utf8")) as { cases: { text: string; words: number }[] };
  for (const { text, words } of cases) assert.equal(wordCount(doc(text || " ")), words, text);
  for (const [words, minutes] of [[0, 1], [1, 1], [300, 2], [500, 2], [501, 3], [700, 4], [642, 3]] as const) assert.equal(readingMinutes(words), minutes);
  assert.equal(spokenLength(642).replaceAll("\u00a0", " "), "642 mots, 3 minutes de lecture");
  assert.equal(spokenLength(1).replaceAll("\u00a0", " "), "1 mot, 1 minute de lecture");
  assert.equal(spokenLength(12_345).replaceAll(/[\u00a0\u202f]/gu, " "), "12 345 mots, 62 minutes de lecture");
});

test("the outline names the titles that say something", () => {
  const heading = (level: number, text: string) => schema.node("heading", { level }, text ? [schema.text(text)] : []);
  const found = headingsIn(schema.node("doc", null, [heading(2, "Un"), heading(3, ""), paragraph("x"), heading(4, "Deux ")]));
  assert.deepEqual(found, [{ pos: 0, level: 2, words: "Un" }, { pos: 9, level: 4, words: "Deux" }]);
});

test("every key of the editor is named in the list of shortcuts, or known to be ordinary", () => {
  const all = Object.keys(keys(() => {}));
  assert.deepEqual(all.filter((key) => !(key in KEY_WORDS)), [], "give these keys words in KEY_WORDS, or null");
  assert.equal(shortcutLines(["Mod-b", "Enter"]).length, 1);
  assert.deepEqual(["Shift-Mod-7", "Mod-Alt-2", "Mod-/", "F3", "Alt-ArrowUp"].map(keyName), ["Ctrl+Maj+7", "Ctrl+Alt+2", "Ctrl+/", "F3", "Alt+↑"]);
});

