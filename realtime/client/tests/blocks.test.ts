// The blocks of a procedure under the hands: put in, walked through with Enter and Backspace, moved, taken apart.

import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeSelection } from "prosemirror-state";
import type { Command } from "prosemirror-state";
import * as Y from "yjs";
import { isBlank, makeBlock, mayHold } from "../blocks.ts";
import { backspace, deleteForward, enter, indent, setBlock, toggleList } from "../commands.ts";
import { addPart, insertBlock } from "../parts.ts";
import { BLOCK_NAMES, schema } from "../schema.ts";
import { blockWithId, carry, deleteBlock, moveBlock, toPlain, unitStarting, unitsAt } from "../units.ts";
import { Headless } from "./headless.ts";
import { seed } from "./peer.ts";

function editor(...paragraphs: string[]): Headless {
  const doc = new Y.Doc();
  seed(doc, paragraphs);
  const one = new Headless(doc);
  one.select(1);
  return one;
}

const put = (name: string): Command => insertBlock(() => makeBlock(name));
const shape = (one: Headless): string => one.state.doc.toString();

/** The caret behind those words. */
function caret(one: Headless, words: string, before = false): void {
  let found = -1;
  one.state.doc.descendants((node, pos) => {
    const at = node.isText ? node.text!.indexOf(words) : -1;
    if (found < 0 && at >= 0) found = pos + at + (before ? 0 : words.length);
  });
  assert.ok(found >= 0, `no ${words} in ${shape(one)}`);
  one.select(found);
}

function positionOf(one: Headless, name: string, index = 0): number {
  const found: number[] = [];
  one.state.doc.descendants((node, pos) => {
    if (node.type.name === name) found.push(pos);
  });
  assert.ok(found[index] !== undefined, `no ${name} in ${shape(one)}`);
  return found[index]!;
}

function everyIdOnce(one: Headless): void {
  const all: unknown[] = [];
  one.state.doc.descendants((node) => {
    if (node.isBlock) all.push(node.attrs["id"]);
  });
  assert.ok(all.every((id) => typeof id === "string" && id.length > 0), JSON.stringify(all));
  assert.equal(new Set(all).size, all.length, JSON.stringify(all));
}

const KINDS: [string, string][] = [
  ["steps", 'steps(step(label, paragraph))'],
  ["documents", "documents(list_item(paragraph))"],
  ["further", "further(list_item(paragraph))"],
  ["cost", "cost"],
  ["delay", "delay"],
  ["legal", "legal"],
  ["question", "question(label, paragraph)"],
  ["definition", "definition(label, paragraph)"],
  ["situations", "situations(situation(label, paragraph), situation(label, paragraph))"],
  ["variants", "variants(variant(paragraph))"],
  ["contact", "contact"],
  ["service", "service"],
  ["image", "image"],
];

test("each block is put in with its inner structure: below words, in the place of an empty paragraph", () => {
  for (const [name, made] of KINDS) {
    assert.ok(BLOCK_NAMES.has(name));
    const goesOn = ["cost", "delay", "legal", "image"].includes(name) ? "" : ", paragraph";
    const below = editor("avant");
    assert.ok(below.run(put(name)), name);
    assert.equal(shape(below), `doc(paragraph("avant"), ${made}${goesOn})`);
    everyIdOnce(below);
    const instead = editor("", "après");
    assert.ok(instead.run(put(name)), name);
    assert.equal(shape(instead), `doc(${made}, paragraph("après"))`);
    everyIdOnce(instead);
    instead.state.doc.check();
  }
});

test("a block is put where it is at home, else below the block that is in its way", () => {
  const one = editor("");
  one.run(put("steps"));
  one.type("Prévenir");
  one.run(enter);
  one.run(put("cost"));
  one.type("Gratuit");
  assert.equal(shape(one), 'doc(steps(step(label("Prévenir"), cost("Gratuit"))), paragraph)');
  one.run(put("steps"));
  assert.equal(shape(one), 'doc(steps(step(label("Prévenir"), cost("Gratuit"))), steps(step(label, paragraph)), paragraph)');
  assert.ok(mayHold(["situation", "situations"], "steps") && !mayHold(["situation", "situations"], "situations"));
  assert.ok(!mayHold(["step", "steps"], "heading") && !mayHold(["list_item", "bullet_list"], "contact"));
  everyIdOnce(one);
});

test("steps are written with Enter alone: title, text, next step, and out", () => {
  const one = editor("");
  one.run(put("steps"));
  one.type("Un");
  one.run(enter);
  one.type("texte un");
  one.run(enter);
  one.run(enter);
  one.type("Deux");
  one.run(enter);
  one.type("texte deux");
  one.run(enter);
  one.run(enter);
  one.run(enter);
  one.type("dehors");
  assert.equal(
    shape(one),
    'doc(steps(step(label("Un"), paragraph("texte un")), step(label("Deux"), paragraph("texte deux"))), paragraph("dehors"), paragraph)',
  );
  everyIdOnce(one);
});

test("Enter in the middle of a title takes the rest below, and never makes a second cost", () => {
  const one = editor("");
  one.run(put("question"));
  one.type("Combien cela coûte");
  caret(one, "Combien");
  one.run(enter);
  assert.equal(shape(one), 'doc(question(label("Combien"), paragraph(" cela coûte"), paragraph), paragraph)');
  const cost = editor("");
  cost.run(put("cost"));
  cost.type("Gratuit");
  cost.run(enter);
  cost.type("suite");
  assert.equal(shape(cost), 'doc(cost("Gratuit"), paragraph("suite"))');
});

test("Enter in an empty last paragraph leaves a question; in an empty question it goes away", () => {
  const one = editor("");
  one.run(put("question"));
  one.type("Où");
  one.run(enter);
  one.type("Ici");
  one.run(enter);
  one.run(enter);
  one.type("suite");
  assert.equal(shape(one), 'doc(question(label("Où"), paragraph("Ici")), paragraph("suite"), paragraph)');
  const empty = editor("");
  empty.run(put("definition"));
  empty.run(enter);
  assert.equal(shape(empty), "doc(paragraph, paragraph)");
});

test("a list of documents is a list: Enter makes items, twice leaves, Tab makes an ordinary list below", () => {
  const one = editor("");
  one.run(put("documents"));
  one.type("un");
  one.run(enter);
  one.type("deux");
  one.run(indent);
  assert.equal(shape(one), 'doc(documents(list_item(paragraph("un"), bullet_list(list_item(paragraph("deux"))))), paragraph)');
  everyIdOnce(one);
  one.run(enter);
  one.run(enter);
  one.run(enter);
  one.type("dehors");
  assert.ok(shape(one).includes('paragraph("dehors")') && !/documents\(.*dehors/u.test(shape(one).split(", paragraph(\"dehors")[0]!), shape(one));
  const kind = editor("a");
  kind.run(toggleList("bullet_list"));
  kind.run(toggleList("documents"));
  assert.equal(shape(kind), 'doc(documents(list_item(paragraph("a"))))');
});

function twoSteps(): Headless {
  const one = editor("avant", "");
  one.select(one.state.doc.content.size - 1);
  one.run(put("steps"));
  one.type("Un");
  one.run(enter);
  one.type("texte un");
  one.run(addPart());
  one.type("Deux");
  one.run(enter);
  one.type("texte deux");
  return one;
}

test("Backspace at the start of a step: an empty one goes, a later one joins the one before, a first one dissolves", () => {
  const empty = twoSteps();
  empty.run(addPart());
  empty.run(backspace);
  assert.equal(
    shape(empty),
    'doc(paragraph("avant"), steps(step(label("Un"), paragraph("texte un")), step(label("Deux"), paragraph("texte deux"))), paragraph)',
  );
  empty.type("!");
  assert.ok(shape(empty).includes("texte deux!"), "the cursor is behind the last words");

  const later = twoSteps();
  caret(later, "Deux", true);
  later.run(backspace);
  assert.ok(
    shape(later).includes('step(label("Un"), paragraph("texte un"), paragraph("Deux"), paragraph("texte deux"))'),
    shape(later),
  );
  later.type("+");
  assert.ok(shape(later).includes('"+Deux"'), shape(later));

  const first = twoSteps();
  caret(first, "Un", true);
  first.run(backspace);
  assert.equal(
    shape(first),
    'doc(paragraph("avant"), paragraph("Un"), paragraph("texte un"), steps(step(label("Deux"), paragraph("texte deux"))), paragraph)',
  );
  everyIdOnce(first);
  caret(first, "Deux", true);
  first.run(backspace);
  assert.ok(!shape(first).includes("steps"), "with its last step the container goes");

  const only = editor("");
  only.run(put("variants"));
  only.run(backspace);
  assert.equal(shape(only), "doc(paragraph, paragraph)");
});

test("an empty title before a text is not swept away, nor an image without a caption", () => {
  const one = editor("");
  one.run(put("question"));
  one.run(enter);
  const part = editor("");
  part.run(put("steps"));
  part.run(enter);
  assert.equal(shape(part), "doc(paragraph, paragraph)");
  const titled = editor("");
  titled.run(put("steps"));
  titled.type("x");
  titled.run(enter);
  titled.type("texte");
  titled.select(positionOf(titled, "label") + 1, positionOf(titled, "label") + 2);
  titled.run(backspace);
  caret(titled, "texte", true);
  titled.run(backspace);
  assert.ok(shape(titled).includes('step(label("texte"))'), shape(titled));

  const image = editor("", "après");
  image.run(insertBlock(() => makeBlock("image", { image: "abc", alt: "Un plan" })));
  caret(image, "après", true);
  image.run(backspace);
  assert.equal(shape(image), 'doc(image, paragraph("après"))');
  assert.ok(image.state.selection instanceof NodeSelection && image.state.selection.node.type.name === "image");
  image.run(backspace);
  assert.equal(shape(image), 'doc(paragraph("après"))');
});

test("a caption keeps to itself: no title, no list, nothing joined to it", () => {
  const one = editor("", "après");
  one.run(insertBlock(() => makeBlock("image", { image: "abc", alt: "Un plan" })));
  one.type("Légende");
  assert.equal(one.run(setBlock("heading", { level: 2 })), false);
  assert.equal(one.run(toggleList("bullet_list")), false);
  assert.ok(one.run(deleteForward));
  assert.equal(shape(one), 'doc(image("Légende"), paragraph("après"))');
  one.run(enter);
  one.type("dessous");
  assert.equal(shape(one), 'doc(image("Légende"), paragraph("dessous"), paragraph("après"))');
});

test("Backspace at the start of a cost leaves its words", () => {
  const one = editor("");
  one.run(put("cost"));
  one.type("Gratuit");
  const { id } = one.state.doc.child(0).attrs;
  caret(one, "Gratuit", true);
  one.run(backspace);
  assert.equal(shape(one), 'doc(paragraph("Gratuit"))');
  assert.equal(one.state.doc.child(0).attrs["id"], id);
});

test("a block moves past its neighbour, with its id and the cursor, and stops at the end", () => {
  const one = editor("un", "deux", "trois");
  caret(one, "deux");
  assert.ok(one.run(moveBlock(-1)));
  assert.equal(shape(one), 'doc(paragraph("deux"), paragraph("un"), paragraph("trois"))');
  assert.equal(one.state.doc.child(0).attrs["id"], "p2");
  one.type("!");
  assert.equal(one.state.doc.child(0).textContent, "deux!");
  assert.equal(one.run(moveBlock(-1)), false);
  one.run(moveBlock(1));
  one.run(moveBlock(1));
  assert.equal(shape(one), 'doc(paragraph("un"), paragraph("trois"), paragraph("deux!"))');
  assert.equal(one.run(moveBlock(1)), false);
  everyIdOnce(one);
});

test("inside steps the step moves; the shared document says the same", () => {
  const one = twoSteps();
  const second = one.state.doc.nodeAt(positionOf(one, "step", 1))!.attrs["id"];
  caret(one, "texte deux");
  assert.ok(one.run(moveBlock(-1)));
  assert.ok(shape(one).includes('steps(step(label("Deux"), paragraph("texte deux")), step(label("Un"), paragraph("texte un")))'));
  assert.equal(one.state.doc.nodeAt(positionOf(one, "step", 0))!.attrs["id"], second);
  everyIdOnce(one);
  const again = new Headless(one.doc);
  assert.equal(shape(again), shape(one));
  again.destroy();
  assert.deepEqual(unitsAt(one.state).map(({ node }) => node.type.name), ["step", "steps"]);
});

test("a title stays the first line of its step, a header the first row of its table", () => {
  const one = twoSteps();
  caret(one, "texte un");
  one.run(enter);
  one.type("encore");
  caret(one, "texte un");
  assert.equal(one.run(moveBlock(-1)), false);
  assert.ok(one.run(moveBlock(1)));
  assert.ok(shape(one).includes('label("Un"), paragraph("encore"), paragraph("texte un")'));
});

test("carrying a block elsewhere keeps its id; deleting and taking apart leave a place to write", () => {
  const one = twoSteps();
  const steps = blockWithId(one.state.doc, one.state.doc.child(1).attrs["id"])!;
  const unit = unitStarting(one.state, steps)!;
  one.dispatch(carry(one.state, unit, 0));
  assert.ok(shape(one).startsWith("doc(steps(step("));
  assert.equal(one.state.doc.child(0).attrs["id"], unit.node.attrs["id"]);
  everyIdOnce(one);
  assert.ok(one.run(toPlain(0)));
  assert.equal(
    shape(one),
    'doc(paragraph("Un"), paragraph("texte un"), paragraph("Deux"), paragraph("texte deux"), paragraph("avant"), paragraph)',
  );
  everyIdOnce(one);
  while (one.state.doc.childCount > 1) assert.ok(one.run(deleteBlock(0)));
  one.run(deleteBlock(0));
  assert.equal(shape(one), "doc(paragraph)");
  const last = editor("");
  last.run(put("variants"));
  last.run(deleteBlock());
  assert.equal(shape(last), "doc(paragraph)", "with its only variant the container goes");
});

test("blank means that nobody wrote or chose anything in it", () => {
  assert.ok(isBlank(makeBlock("steps")) && isBlank(makeBlock("variant")));
  const chosen = schema.node("step", null, [schema.node("contact", { administration: "province-sud" })]);
  assert.ok(!isBlank(chosen));
  assert.ok(!isBlank(schema.node("step", null, [schema.node("image", { image: "abc" })])));
});

test("nothing is written when a colleague's change arrives, whatever blocks it holds", () => {
  const one = editor("Bonjour");
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(one.doc));
  const two = new Headless(doc);
  let answers = 0;
  one.doc.on("update", (_update: Uint8Array, origin: unknown) => {
    if (origin !== "remote") answers += 1;
  });
  doc.on("update", (update: Uint8Array, origin: unknown) => origin !== "remote" && Y.applyUpdate(one.doc, update, "remote"));
  two.select(1);
  for (const [name] of KINDS) two.run(put(name));
  two.run(moveBlock(-1));
  // Shells and stray parts, as two deletions at once may leave them.
  for (const name of ["steps", "step", "label", "variants", "contact", "image", "documents"]) {
    two.dispatch(two.state.tr.insert(0, schema.node(name)));
  }
  assert.equal(answers, 0);
  assert.equal(shape(one), shape(two));
});
