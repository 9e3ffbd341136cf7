// When the server is asked about plain French: after a pause, one call at a time, and less often while it cannot answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "prosemirror-model";
import { Asking, type State } from "../french_asking.ts";
import type { Asked } from "../french_reading.ts";
import { Reading } from "../french_reading.ts";
import { NotRead, type Answer } from "../french_server.ts";
import { schema } from "../schema.ts";

const PAUSE = 30;

const text = (...words: string[]): Node =>
  schema.node("doc", null, words.map((word, at) => schema.node("paragraph", { id: `p${at}` }, word ? [schema.text(word)] : [])));

/** A server whose answers wait until they are let go. */
class Desk {
  readonly calls: string[][] = [];
  readonly states: State[] = [];
  doc: Node;
  composing = false;
  answer: () => Promise<void> = () => Promise.resolve();
  readonly reading = new Reading();
  readonly asking: Asking;

  constructor(doc: Node) {
    this.doc = doc;
    this.asking = new Asking({
      reading: this.reading,
      doc: () => this.doc,
      waits: () => this.composing,
      ask: (batch) => this.ask(batch),
      heard: (state) => {
        if (this.states.at(-1) !== state) this.states.push(state);
      },
      pause: PAUSE,
      again: PAUSE,
    });
  }

  private async ask(batch: readonly Asked[]): Promise<Answer> {
    this.calls.push(batch.map(({ id }) => id));
    await this.answer();
    return { blocks: {}, rules: "1" };
  }

  type(...words: string[]): void {
    this.doc = text(...words);
    this.asking.changed();
  }
}

async function until(what: () => boolean, told: () => unknown): Promise<void> {
  const end = Date.now() + 5_000;
  while (!what()) {
    assert.ok(Date.now() < end, JSON.stringify(told()));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const pause = (times: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE * times));

test("the text is read when it is opened, and what changes after a pause, once", async (t) => {
  const desk = new Desk(text("un", "deux"));
  t.after(() => desk.asking.stop());
  desk.asking.start();
  await until(() => desk.states.at(-1) === "current", () => desk.states);
  assert.deepEqual(desk.calls, [["p0", "p1"]]);
  for (const letter of ["a", "ab", "abc"]) desk.type("un", letter);
  assert.equal(desk.calls.length, 1, "while one types nothing is asked");
  await until(() => desk.calls.length === 2, () => desk.calls);
  await pause(4);
  assert.deepEqual(desk.calls, [["p0", "p1"], ["p1"]]);
});

test("what is typed while an answer is on its way waits for it", async (t) => {
  const desk = new Desk(text("un"));
  t.after(() => desk.asking.stop());
  let letGo = (): void => {};
  desk.answer = () => new Promise((resolve) => (letGo = resolve));
  desk.asking.start();
  await until(() => desk.calls.length === 1, () => desk.calls);
  desk.type("une");
  await pause(4);
  assert.equal(desk.calls.length, 1, "one call at a time");
  letGo();
  await until(() => desk.calls.length === 2, () => desk.calls);
  letGo();
  await until(() => desk.states.at(-1) === "current", () => desk.states);
});

test("a server that cannot answer is left alone ever longer, and said so", async (t) => {
  const desk = new Desk(text("un"));
  t.after(() => desk.asking.stop());
  const times: number[] = [];
  desk.answer = () => {
    times.push(Date.now());
    return Promise.reject(times.length === 1 ? new TypeError("no line") : new NotRead(503, null, ""));
  };
  desk.asking.start();
  await until(() => times.length === 4, () => times);
  assert.deepEqual(desk.states, ["reading", "offline", "busy"]);
  assert.ok(times[3]! - times[2]! > (times[1]! - times[0]!) * 1.5, JSON.stringify(times));
  const before = times.length;
  desk.type("une autre");
  await pause(1);
  assert.equal(times.length, before, "typing does not bring it back sooner");
  desk.answer = () => Promise.resolve();
  desk.asking.again();
  await until(() => desk.states.at(-1) === "current", () => desk.states);
});

test("the server says how long it wants to be left alone", async (t) => {
  const desk = new Desk(text("un"));
  t.after(() => desk.asking.stop());
  desk.answer = () => Promise.reject(new NotRead(429, 60, ""));
  desk.asking.start();
  await until(() => desk.states.at(-1) === "busy", () => desk.states);
  await pause(6);
  assert.equal(desk.calls.length, 1);
});

test("who may not ask does not ask again; what cannot be read is left out", async (t) => {
  const refused = new Desk(text("un"));
  t.after(() => refused.asking.stop());
  refused.answer = () => Promise.reject(new NotRead(403, null, ""));
  refused.asking.start();
  await until(() => refused.states.at(-1) === "refused", () => refused.states);
  refused.type("une");
  await pause(4);
  assert.equal(refused.calls.length, 1);
  const strange = new Desk(text("un", "deux"));
  t.after(() => strange.asking.stop());
  strange.answer = () => Promise.reject(new NotRead(422, null, ""));
  strange.asking.start();
  await until(() => strange.states.at(-1) === "current", () => strange.states);
  assert.equal(strange.calls.length, 1);
  strange.type("un", "trois");
  await until(() => strange.calls.length === 2, () => strange.calls);
  assert.deepEqual(strange.calls[1], ["p1"]);
});

test("under an input method nothing is asked, and when it is closed nothing at all", async (t) => {
  const desk = new Desk(text("un"));
  t.after(() => desk.asking.stop());
  desk.composing = true;
  desk.asking.start();
  await pause(4);
  assert.equal(desk.calls.length, 0);
  desk.composing = false;
  await until(() => desk.calls.length === 1, () => desk.calls);
  desk.asking.stop();
  desk.type("une");
  await pause(4);
  assert.equal(desk.calls.length, 1);
});
