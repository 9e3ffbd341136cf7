// The browser's half of a room's state: patches add up to what the server folds (tests/vectors/room.json), and the clock.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { apply, clockFace, endOf, type Patch, type State } from "../workshop_state.ts";

interface Told { start: State; patches: Patch[]; state: State }
const told = JSON.parse(readFileSync("tests/vectors/room.json", "utf8")) as Told;

test("patches add up to the state, from any point on", () => {
  const states = [structuredClone(told.start)];
  for (const patch of told.patches) {
    const next = structuredClone(states.at(-1)!);
    apply(next, patch);
    states.push(next);
  }
  assert.deepEqual(states.at(-1), told.state);
  for (const [joined, state] of states.entries()) {
    const late = structuredClone(state);
    for (const patch of told.patches.slice(joined)) apply(late, patch);
    assert.deepEqual(late, told.state);
  }
});

test("an entry that is taken away is gone", () => {
  const state = structuredClone(told.state);
  apply(state, { chat: { 7: null, 99: { person: 1, at: 0, text: "là", mentions: [] } } });
  assert.deepEqual(Object.keys(state.chat), ["99"]);
});

test("the time that is left is read to the second", () => {
  const state = structuredClone(told.start);
  assert.equal(endOf(state), null);
  for (const patch of told.patches.slice(0, 6)) apply(state, patch);
  assert.equal(endOf(state), state.item!.started_at + 20 * 60_000);
  assert.equal(clockFace(20 * 60_000), "20:00");
  assert.equal(clockFace(61_001), "1:02");
  assert.equal(clockFace(0), "0:00");
  assert.equal(clockFace(-1), "+ 0:01");
  assert.equal(clockFace(-65_000), "+ 1:05");
});
