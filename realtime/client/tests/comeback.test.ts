// Lines that are cut, tabs that are closed, documents that were restored: what was typed comes back, once, or is offered.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { MemoryOutbox } from "../outbox.ts";
import { Peer, seed } from "./peer.ts";
import { join, pause, table, until } from "./tab.ts";

test("the line is cut, both go on, it comes back: all is there", async (t) => {
  const { peer, port } = await table(t);
  const [nadia, paul] = [await join(port, "nadia"), await join(port, "paul")];
  nadia.socket.disconnect();
  for (const letter of " hors ligne") nadia.type(letter);
  paul.type("Paul: ", 0);
  await paul.saved();
  assert.equal(nadia.state, "offline");
  assert.equal(nadia.words, "Hors ligne\u00a0: 11\u00a0modifications gardées sur cet appareil");
  nadia.socket.connect();
  await nadia.saved();
  await until("same", () => paul.text() === nadia.text() && peer.text() === paul.text());
  assert.equal(peer.text(), '<paragraph id="p1">Paul: Bonjour hors ligne</paragraph>');
});

test("a tab closed without the line and opened again brings its strokes back, once", async (t) => {
  const { peer, port } = await table(t);
  const outbox = new MemoryOutbox();
  const first = await join(port, "nadia", outbox);
  const id = first.session.clientId;
  first.type(" avant");
  await first.saved();
  assert.equal(outbox.rows.length, 0, "acknowledged strokes are erased");
  first.socket.disconnect();
  first.type(" pendant");
  assert.ok(outbox.rows.length > 0);
  first.shut();
  const paul = await join(port, "paul");
  paul.type("Paul ", 0);
  await paul.saved();
  const second = await join(port, "nadia", outbox);
  await second.saved();
  assert.equal(second.session.clientId, id, "the same id, as it was free");
  await until("same", () => peer.text() === '<paragraph id="p1">Paul Bonjour avant pendant</paragraph>');
  assert.equal(second.text(), peer.text());
  assert.equal(outbox.rows.length, 0);
  second.type("!");
  await second.saved();
  assert.ok(peer.text().includes("pendant!"));
});

test("the same when another tab has taken the id meanwhile: a fresh one, and the old strokes still pass", async (t) => {
  const { peer, port } = await table(t);
  const outbox = new MemoryOutbox();
  const first = await join(port, "nadia", outbox);
  const id = first.session.clientId!;
  first.socket.disconnect();
  first.type(" pendant");
  first.shut();
  const other = await join(port, "nadia", new MemoryOutbox(), { clientId: id, history: "h1" });
  assert.equal(other.session.clientId, id);
  const second = await join(port, "nadia", outbox);
  await second.saved();
  assert.notEqual(second.session.clientId, id);
  await until("there once", () => peer.text() === '<paragraph id="p1">Bonjour pendant</paragraph>');
  assert.equal(outbox.rows.length, 0);
});

test("another person on the same device neither sees nor sends the strokes, and their owner finds them", async (t) => {
  const { peer, port } = await table(t);
  const outbox = new MemoryOutbox();
  const first = await join(port, "nadia", outbox);
  first.socket.disconnect();
  first.type(" secret");
  first.shut();
  const stranger = await join(port, "paul", outbox);
  await pause(50);
  assert.ok(!stranger.text().includes("secret"));
  assert.deepEqual(stranger.given, []);
  assert.equal(peer.received.length, 0);
  stranger.shut();
  const owner = await join(port, "nadia", outbox);
  await owner.saved();
  assert.ok(peer.text().includes("secret"));
});

test("another life of the document: the unsent text is offered and never sent", async (t) => {
  const { peer, port } = await table(t);
  const outbox = new MemoryOutbox();
  const nadia = await join(port, "nadia", outbox);
  nadia.socket.disconnect();
  nadia.type(" perdu ?");
  const other = new Y.Doc();
  seed(other, ["Rétabli"]);
  peer.restore(Y.encodeStateAsUpdate(other), "h2");
  nadia.socket.connect();
  await until("rebuilt", () => nadia.mounts === 2);
  assert.deepEqual(nadia.given, [{ text: " perdu ?", code: "history" }]);
  assert.equal(nadia.text(), '<paragraph id="p1">Rétabli</paragraph>');
  nadia.type("!");
  await nadia.saved();
  assert.equal(peer.text(), '<paragraph id="p1">Rétabli!</paragraph>');
  assert.equal(outbox.rows.length, 0);
});

test("while the server writes the text anew strokes wait, and the new life offers them", async (t) => {
  const { peer, port } = await table(t);
  const outbox = new MemoryOutbox();
  const nadia = await join(port, "nadia", outbox);
  peer.judge = () => "mute";
  nadia.type(" en route");
  peer.io.of("/drafts").emit("access", { draft: 12, rights: ["read", "write"], can_write: false, reason: "healing" });
  await until("told", () => nadia.words.startsWith("Lecture seule pour un instant"));
  assert.deepEqual(nadia.given, []);
  peer.judge = () => null;
  const other = new Y.Doc();
  seed(other, ["Réparé"]);
  peer.restore(Y.encodeStateAsUpdate(other), "h2");
  await until("rebuilt", () => nadia.mounts === 2);
  assert.deepEqual(nadia.given, [{ text: " en route", code: "history" }]);
  nadia.type("!");
  await nadia.saved();
  assert.equal(peer.text(), '<paragraph id="p1">Réparé!</paragraph>');
});

test("a stroke that is on its way when another life begins is offered there", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia", new MemoryOutbox());
  nadia.type(" en route");
  const other = new Y.Doc();
  seed(other, ["Rétabli"]);
  // Nobody tells her before it arrives.
  [peer.doc, peer.history] = [other, "h2"];
  await until("rebuilt", () => nadia.mounts === 2);
  assert.equal(peer.received.length, 0);
  assert.deepEqual(nadia.given, [{ text: " en route", code: "history" }]);
  nadia.type("!");
  await nadia.saved();
  assert.equal(peer.text(), '<paragraph id="p1">Rétabli!</paragraph>');
});

test("the same for a tab that was closed: the text comes from the rows the device kept", async (t) => {
  const { peer, port } = await table(t);
  const outbox = new MemoryOutbox();
  const first = await join(port, "nadia", outbox);
  first.socket.disconnect();
  await pause(30);
  for (const letter of " gardé") first.type(letter);
  first.shut();
  const other = new Y.Doc();
  seed(other, ["Rétabli"]);
  peer.restore(Y.encodeStateAsUpdate(other), "h2");
  const second = await join(port, "nadia", outbox);
  await until("offered", () => second.given.length > 0);
  assert.deepEqual(second.given, [{ text: " gardé", code: "history" }]);
  assert.equal(second.text(), '<paragraph id="p1">Rétabli</paragraph>');
  assert.equal(outbox.rows.length, 0);
});

test("a restored document while connected: everybody gets it by themselves", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  const other = new Y.Doc();
  seed(other, ["Rétabli"]);
  peer.restore(Y.encodeStateAsUpdate(other), "h2");
  await until("rebuilt", () => nadia.mounts === 2);
  assert.equal(nadia.text(), '<paragraph id="p1">Rétabli</paragraph>');
});

test("the server goes away in the middle of typing and comes back on the same port", async (t) => {
  const first = new Peer();
  seed(first.doc, ["Bonjour"]);
  const port = await first.listen();
  const nadia = await join(port, "nadia");
  nadia.type(" avant");
  await nadia.saved();
  await first.close();
  nadia.type(" pendant");
  const second = new Peer();
  Y.applyUpdate(second.doc, Y.encodeStateAsUpdate(first.doc));
  for (const [client, person] of first.registered) second.registered.set(client, person);
  await second.listen(port);
  t.after(() => second.close());
  await nadia.saved();
  assert.equal(second.text(), '<paragraph id="p1">Bonjour avant pendant</paragraph>');
});
