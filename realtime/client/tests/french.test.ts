// What is known of plain French beside a text that goes on changing: places carried along, blocks asked about again,
// and what is shown.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "prosemirror-model";
import { EditorState } from "prosemirror-state";
import type { Decoration } from "prosemirror-view";
import grammar from "../../../drafts/schema.json";
import { BESIDE, carriedSpots, jsonOf, type Advice, type Finding } from "../french_blocks.ts";
import { FrenchMarks } from "../french_marks.ts";
import { Reading, type Asked } from "../french_reading.ts";
import { adviceOf, easeIn, sumOf } from "../french_words.ts";
import { schema } from "../schema.ts";
import { randomFrom } from "./headless.ts";

const paragraph = (id: string | null, ...words: string[]): Node =>
  schema.node("paragraph", { id }, words.filter(Boolean).map((word) => schema.text(word)));
const doc = (...blocks: Node[]): Node => schema.node("doc", null, blocks);

const finding = (text: string, words: string, rule = "formula", better: string | null = null): Finding => {
  const start = text.indexOf(words);
  assert.ok(start >= 0);
  return { rule, name: "Formule", why: "Parce que.", start, end: start + words.length, words, better, rather: null };
};

const advice = (findings: readonly Finding[], more: Partial<Advice> = {}): Advice => ({
  findings, spells: [], terms: [], score: { words: 10, sentences: 1, syllables: 15 }, ...more,
});

/** What a server would say that minds « mal » and acronyms, and that words of « sait » spell out. */
function read(asked: readonly Asked[]): Record<string, Advice> {
  const found: Record<string, Advice> = {};
  for (const { id, node } of asked) {
    const text = node.textBetween(0, node.content.size, undefined, "\n");
    const findings: Finding[] = [];
    for (const match of text.matchAll(/mal|\b[A-Z]{3,}\b/gu)) {
      const rule = match[0] === "mal" ? "formula" : "acronym";
      const at = { start: match.index, end: match.index + match[0].length };
      findings.push({ rule, name: rule, why: "", ...at, words: match[0], better: null, rather: null });
    }
    found[id] = advice(findings, { spells: /sait ([A-Z]+)/u.exec(text)?.slice(1) ?? [] });
  }
  return found;
}

function readAll(reading: Reading, text: Node): string[] {
  const ids: string[] = [];
  for (;;) {
    const { batch } = reading.due(text);
    if (batch.length === 0) break;
    ids.push(...batch.map(({ id }) => id));
    reading.told(batch, read(batch), "1");
  }
  reading.look(text);
  return ids;
}

const shown = (reading: Reading, text: Node): string[] =>
  reading.placed(text).map(({ block, from, to }) => `${block} ${from} ${text.textBetween(from, to)}`);

test("places are carried past an edit, and left out where the edit touched them", () => {
  const before = "On procède à la vente du bien.";
  const spots = [finding(before, "procède à la vente"), finding(before, "bien")];
  const words = (after: string) => carriedSpots(spots, before, after).map(({ start, end }) => after.slice(start, end));
  assert.deepEqual(words("Là, on procède à la vente du bien."), ["procède à la vente", "bien"]);
  assert.deepEqual(words("On procède à la belle vente du bien."), ["bien"]);
  assert.deepEqual(words("On procède à la vente du biens."), ["procède à la vente"], "another word");
  assert.deepEqual(words("On procède à la vente du bien, vite."), ["procède à la vente", "bien"]);
  assert.deepEqual(words(""), []);
});

test("a stretch that is edited inside stays a stretch, with its new words", () => {
  const before = "Une phrase qui est longue. Une autre.";
  const [kept] = carriedSpots([finding(before, "Une phrase qui est longue.", "long_sentence")], before, "Une phrase qui est trop longue. Une autre.");
  assert.equal(kept?.words, "Une phrase qui est trop longue.");
  assert.equal(kept?.end, 31);
});

test("whatever is edited, what is carried stands on its own words", () => {
  const random = randomFrom(20261130);
  const pick = (most: number): number => Math.floor(random() * (most + 1));
  const signs = "ab é😀 m";
  for (let round = 0; round < 5_000; round += 1) {
    const make = (length: number): string => Array.from({ length }, () => signs[pick(signs.length - 1)]!).join("");
    const before = make(pick(24));
    const start = pick(before.length);
    const end = start + pick(before.length - start);
    const spots = end > start ? [{ ...finding("x", "x"), start, end, words: before.slice(start, end) }] : [];
    const from = pick(before.length);
    const after = before.slice(0, from) + make(pick(4)) + before.slice(from + pick(before.length - from));
    for (const spot of carriedSpots(spots, before, after)) assert.equal(after.slice(spot.start, spot.end), spot.words);
  }
});

test("the marks that stand beside the text are those of the grammar, and are not sent", () => {
  const beside = Object.entries(grammar.marks as Record<string, { beside?: boolean }>).filter(([, mark]) => mark.beside);
  assert.deepEqual(beside.map(([name]) => name), BESIDE);
  const remark = schema.mark("remark", { id: "r1" });
  const marked = schema.node("paragraph", { id: "p" }, [schema.text("a", [schema.mark("strong"), remark])]);
  assert.deepEqual(JSON.parse(jsonOf(marked)), {
    type: "paragraph", attrs: { id: "p" }, content: [{ type: "text", text: "a", marks: [{ type: "strong", attrs: {} }] }],
  });
});

test("only what changed is asked about again, and what is gone is forgotten", () => {
  const reading = new Reading();
  const first = doc(paragraph("a", "un mal"), paragraph("b", "deux mal"), paragraph("c"), paragraph(null, "sans nom"));
  assert.deepEqual(readAll(reading, first), ["a", "b"], "neither what is empty nor what has no name");
  assert.deepEqual(reading.due(first).batch, []);
  const second = doc(paragraph("b", "deux très mal"), paragraph("a", "un mal"));
  assert.deepEqual(reading.due(second).batch.map(({ id }) => id), ["b"]);
  assert.deepEqual(shown(reading, second), ["b 11 mal", "a 19 mal"], "until then it is shown where it stands now");
  readAll(reading, second);
  const third = doc(paragraph("b", "deux très mal"));
  reading.due(third);
  assert.deepEqual(readAll(reading, doc(paragraph("a", "un mal"), paragraph("b", "deux très mal"))), ["a"], "a came back");
});

test("a remark on the words does not make them be read again", () => {
  const reading = new Reading();
  readAll(reading, doc(paragraph("a", "un mal")));
  const remarked = schema.node("paragraph", { id: "a" }, [schema.text("un "), schema.text("mal", [schema.mark("remark", { id: "r1" })])]);
  assert.deepEqual(reading.due(doc(remarked)).batch, []);
  assert.deepEqual(shown(reading, doc(remarked)), ["a 4 mal"]);
});

test("what was typed while an answer was on its way moves it, or makes it be left out", () => {
  const reading = new Reading();
  const { batch } = reading.due(doc(paragraph("a", "un mal, un mal")));
  reading.told(batch, read(batch), "1");
  assert.deepEqual(shown(reading, doc(paragraph("a", "tout un mal, un mal"))), ["a 9 mal", "a 17 mal"]);
  const now = doc(paragraph("a", "tout un mâl, un mal"));
  assert.deepEqual(shown(reading, now), ["a 17 mal"]);
  assert.deepEqual(reading.due(now).batch.map(({ id }) => id), ["a"], "and it is asked about again");
});

test("a letter that is put in and taken out again leaves everything as it was", () => {
  const reading = new Reading();
  readAll(reading, doc(paragraph("a", "un mal")));
  assert.deepEqual(shown(reading, doc(paragraph("a", "un maxl"))), []);
  const back = doc(paragraph("a", "un mal"));
  assert.deepEqual(shown(reading, back), ["a 4 mal"]);
  assert.deepEqual(reading.due(back).batch, []);
});

test("a long sentence keeps its name while it is made shorter", () => {
  const reading = new Reading();
  const text = "Une phrase qui est longue.";
  const before = doc(paragraph("a", text));
  const { batch } = reading.due(before);
  reading.told(batch, { a: advice([finding(text, text, "long_sentence")]) }, "1");
  const [first] = reading.placed(before);
  const [now] = reading.placed(doc(paragraph("a", "Une phrase longue.")));
  assert.equal(now?.key, first?.key);
  assert.equal(now?.finding.words, "Une phrase longue.");
});

test("of two blocks with one id the first is read", () => {
  const reading = new Reading();
  const twice = doc(paragraph("a", "un mal"), paragraph("a", "deux"));
  readAll(reading, twice);
  assert.deepEqual(shown(reading, twice), ["a 4 mal"]);
});

test("an acronym that another block explains, or a definition, is left out", () => {
  const reading = new Reading();
  const alone = doc(paragraph("a", "La CAFAT paie."));
  readAll(reading, alone);
  assert.deepEqual(shown(reading, alone), ["a 4 CAFAT"]);
  const told = doc(paragraph("a", "La CAFAT paie."), paragraph("b", "On sait CAFAT."));
  readAll(reading, told);
  assert.deepEqual(shown(reading, told), []);
  const label = schema.node("label", { id: "d1" }, [schema.text("Caisse (CAFAT)")]);
  const defined = doc(paragraph("a", "La CAFAT paie."), schema.node("definition", { id: "d" }, [label]));
  readAll(reading, alone);
  readAll(reading, defined);
  assert.deepEqual(shown(reading, defined), []);
});

test("what was left with a reason, and what was just put right, is not shown", () => {
  const reading = new Reading();
  const text = doc(paragraph("a", "un mal"), paragraph("b", "un mal"));
  readAll(reading, text);
  reading.leaveOut([{ id: 1, block: "a", rule: "formula", words: "mal", reason: "oui", by: "Ana", at: "" }]);
  assert.deepEqual(shown(reading, text), ["b 12 mal"]);
  const [placed] = reading.placed(text);
  reading.settled("b", placed!.finding);
  assert.deepEqual(shown(reading, text), []);
  reading.leaveOut([]);
  assert.deepEqual(shown(reading, text), ["a 4 mal"]);
});

test("other rules make everything be read again; what cannot be read is not asked for again", () => {
  const reading = new Reading();
  const text = doc(paragraph("a", "un mal"), paragraph("b", "deux"));
  readAll(reading, text);
  const changed = doc(paragraph("a", "un mal."), paragraph("b", "deux"));
  const { batch } = reading.due(changed);
  reading.told(batch, read(batch), "2");
  assert.deepEqual(reading.due(changed).batch.map(({ id }) => id), ["b"]);
  reading.unreadable(reading.due(changed).batch);
  assert.deepEqual(reading.due(changed).batch, []);
});

test("a long text is asked about in several calls, and no call is larger than the server takes", () => {
  const reading = new Reading();
  const text = doc(...Array.from({ length: 500 }, (_, at) => paragraph(`p${at}`, "é".repeat(at % 7 === 0 ? 9_000 : 200))));
  const calls: number[] = [];
  for (;;) {
    const { batch, left } = reading.due(text);
    if (batch.length === 0) break;
    assert.ok(batch.length <= 300);
    assert.ok(Buffer.byteLength(batch.map(({ json }) => json).join(",")) < 500 * 1024);
    calls.push(batch.length);
    reading.told(batch, {}, "1");
    assert.equal(left, 500 - calls.reduce((sum, one) => sum + one, 0));
  }
  assert.ok(calls.length > 2);
});

test("the score of a text is the sum of those of its blocks that are still there", () => {
  const reading = new Reading();
  readAll(reading, doc(paragraph("a", "un"), paragraph("b", "deux"), paragraph("c", "trois")));
  assert.deepEqual(reading.score(doc(paragraph("a", "un"), paragraph("c", "trois"))), { words: 20, sentences: 2, syllables: 30 });
});

test("each word of the glossary is listed once, and not when the text defines it", () => {
  const reading = new Reading();
  const term = { term: "Régie", start: 0, end: 5, definition: "Une caisse." };
  const text = doc(paragraph("a", "Régie une"), paragraph("b", "Régie deux"));
  const { batch } = reading.due(text);
  reading.told(batch, { a: advice([], { terms: [term] }), b: advice([], { terms: [term] }) }, "1");
  reading.look(text);
  assert.deepEqual(reading.terms(text).map(({ block, term }) => [block, term.term]), [["a", "Régie"]]);
  const label = schema.node("label", { id: "l" }, [schema.text("régie")]);
  const defined = doc(paragraph("a", "Régie une"), schema.node("definition", { id: "d" }, [label]));
  reading.look(defined);
  assert.deepEqual(reading.terms(defined), []);
});

// In the text

const drawn = (set: { find(): Decoration[] }): string[] =>
  set.find().map((one) => `${one.from}-${one.to} ${JSON.stringify((one as unknown as { type: { attrs: unknown } }).type.attrs)}`).sort();
const stateOf = (text: Node): EditorState => EditorState.create({ doc: text, schema });

test("what is drawn follows the text as if it were drawn anew, whoever changes it", () => {
  const random = randomFrom(7);
  const pick = (most: number): number => Math.floor(random() * most);
  const words = ["mal ", "un ", "mal", "😀", "x", "mâl "];
  let text = doc(...Array.from({ length: 12 }, (_, at) => paragraph(`p${at}`, `mot ${at} mal et mal encore`)));
  const reading = new Reading();
  readAll(reading, text);
  const marks = new FrenchMarks(reading, () => false);
  let state = stateOf(text);
  marks.decorations(state);
  for (let round = 0; round < 400; round += 1) {
    const block = pick(text.childCount);
    let pos = 0;
    for (let at = 0; at < block; at += 1) pos += text.child(at).nodeSize;
    const node = text.child(block);
    const from = pos + 1 + pick(node.content.size + 1);
    const to = from + pick(Math.min(4, pos + 1 + node.content.size - from + 1));
    const tr = state.tr;
    if (round % 29 === 28) tr.delete(pos, pos + node.nodeSize).insert(0, node);
    else tr.insertText(words[pick(words.length)]!, from, to);
    // What comes from elsewhere takes the place of the whole document.
    const after = round % 2 === 0 ? tr.doc : state.tr.replaceWith(0, text.content.size, tr.doc.content).doc;
    text = after;
    state = stateOf(text);
    if (round % 37 === 36) {
      const { batch } = reading.due(text);
      reading.told(batch, read(batch), "1");
      marks.redraw(text, new Set(batch.map(({ id }) => id)));
    }
    assert.deepEqual(drawn(marks.decorations(state)), drawn(new FrenchMarks(reading, () => false).decorations(state)), `round ${round}`);
  }
});

test("a stroke looks at its own block and at no other", () => {
  const reading = new Reading();
  const text = doc(...Array.from({ length: 300 }, (_, at) => paragraph(`p${at}`, "un mal")));
  readAll(reading, text);
  const marks = new FrenchMarks(reading, () => false);
  let state = stateOf(text);
  marks.decorations(state);
  const looked: string[] = [];
  const findingsOf = reading.findingsOf.bind(reading);
  reading.findingsOf = (node) => {
    looked.push(String(node.attrs["id"]));
    return findingsOf(node);
  };
  state = state.apply(state.tr.insertText("x", 8 * 150 + 2));
  marks.decorations(state);
  marks.decorations(state);
  assert.deepEqual(looked, ["p150"]);
});

test("only what is near the reader is drawn, and stays so while others write above", () => {
  const reading = new Reading();
  const text = doc(...Array.from({ length: 30 }, (_, at) => paragraph(`p${at}`, "un mal")));
  readAll(reading, text);
  const marks = new FrenchMarks(reading, () => false);
  assert.ok(marks.covers({ from: 0, to: text.content.size }), "as long as nobody says where one looks");
  // Each paragraph takes eight positions; one that is touched is drawn whole.
  marks.drawNear({ from: 8 * 10, to: 8 * 12 - 1 });
  let state = stateOf(text);
  const blocks = (): number[] => [...new Set(marks.decorations(state).find().map(({ from }) => Math.floor(from / 8)))].sort((a, b) => a - b);
  assert.deepEqual(blocks(), [9, 10, 11]);
  assert.ok(marks.covers({ from: 8 * 10, to: 8 * 11 }) && !marks.covers({ from: 8 * 10, to: 8 * 13 }));
  state = stateOf(state.tr.insert(0, paragraph("q", "un mal")).doc);
  assert.deepEqual(blocks(), [10, 11, 12], "the same ones, where they stand now");
  assert.ok(marks.covers({ from: 8 * 11, to: 8 * 12 }) && !marks.covers({ from: 8 * 9, to: 8 * 10 }));
  // What is written far away is not drawn before somebody looks there.
  state = stateOf(state.tr.insertText("x", 8 * 25 + 1).doc);
  assert.deepEqual(blocks(), [10, 11, 12]);
  marks.drawNear({ from: 9, to: 10 });
  assert.deepEqual(blocks(), [1]);
});

test("under an input method nothing is drawn anew, and everything right after it", () => {
  const reading = new Reading();
  const text = doc(paragraph("a", "un mal"), paragraph("b", "un mal"));
  readAll(reading, text);
  let composing = true;
  const marks = new FrenchMarks(reading, () => composing);
  let state = stateOf(text);
  const before = drawn(marks.decorations(state)).length;
  state = state.apply(state.tr.insertText("â", 5, 6));
  assert.equal(drawn(marks.decorations(state)).length, before, "the words under the hands stay as they are dressed");
  composing = false;
  state = state.apply(state.tr.insertText("!", state.doc.content.size - 1));
  assert.deepEqual(drawn(marks.decorations(state)), drawn(new FrenchMarks(reading, () => false).decorations(state)));
});

test("what the panel says in words", () => {
  assert.equal(sumOf(0), "Rien à simplifier.");
  assert.equal(sumOf(1), "1\u00a0passage à simplifier.");
  assert.equal(sumOf(12), "12\u00a0passages à simplifier.");
  assert.equal(easeIn({ words: 99, sentences: 9, syllables: 150 }), "Texte trop court pour dire s’il est facile à lire.");
  // 207 − 10.15 − 110.4 = 86.5; with sentences of 25 words and longer words 207 − 25.4 − 147.2 = 34.4.
  assert.equal(easeIn({ words: 100, sentences: 10, syllables: 150 }), "Texte facile à lire.");
  assert.equal(easeIn({ words: 100, sentences: 4, syllables: 200 }), "Texte difficile à lire.");
  assert.equal(easeIn({ words: 100, sentences: 1, syllables: 300 }), "Texte très difficile à lire.");
  assert.equal(adviceOf(finding("a", "a")), "");
  assert.equal(adviceOf({ ...finding("a", "a"), better: "" }), "Ces mots peuvent être supprimés.");
});
