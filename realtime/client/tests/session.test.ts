// The session against a real Socket.IO server: what is promised about saving, refusing and rights.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { MemoryOutbox, NoOutbox } from "../outbox.ts";
import { join, open, pause, Tab, table, until } from "./tab.ts";
import { SCHEMA_NUMBER } from "../schema.ts";

test("two write, both read the same, and saved is said after the server's word", async (t) => {
  const { peer, port } = await table(t);
  const [nadia, paul] = [await join(port, "nadia"), await join(port, "paul")];
  nadia.type(" Nadia");
  assert.equal(nadia.state, "saving");
  paul.type(" Paul");
  await nadia.saved();
  await paul.saved();
  await until("same text", () => nadia.text() === paul.text() && paul.text() === peer.text());
  assert.ok(peer.text().includes("Nadia") && peer.text().includes("Paul"));
  await until("people", () => nadia.at.length === 2);
});

test("nobody answers to what comes in: the same words made bold by two are two strokes", async (t) => {
  const { peer, port } = await table(t);
  const [nadia, paul] = [await join(port, "nadia"), await join(port, "paul")];
  const bold = (tab: Tab): void => {
    const block = tab.session.doc!.getXmlFragment("content").get(0) as Y.XmlElement;
    (block.get(0) as Y.XmlText).format(0, 3, { strong: {} });
  };
  bold(paul);
  bold(nadia);
  for (const tab of [nadia, paul]) await tab.saved();
  await until("both are heard", () => [nadia, paul].every((tab) => tab.session.seq === 2 && tab.session.pending === 0));
  await pause(50);
  assert.deepEqual(peer.received.map(({ person }) => person).sort(), ["nadia", "paul"]);
});

test("the client id is the server's, set before the first stroke", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  assert.ok(peer.registered.has(nadia.session.clientId!));
  assert.equal(nadia.session.doc!.clientID, nadia.session.clientId);
  nadia.type("x");
  await nadia.saved();
  assert.ok(Y.decodeStateVector(Y.encodeStateVector(peer.doc)).has(nadia.session.clientId!));
});

test("a stroke without an answer is sent again after the time-out, and is there once", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  let mute = 1;
  peer.judge = () => (mute-- > 0 ? "mute" : null);
  nadia.type("!");
  await pause(150);
  assert.equal(nadia.state, "saving");
  await nadia.saved();
  assert.equal(peer.text(), '<paragraph id="p1">Bonjour!</paragraph>');
  assert.equal(peer.joins.length, 2);
});

test("a line that swallows everything: the person is told, it is left for another, and the stroke is there once", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  for (const socket of peer.seats.keys()) peer.deaf.add(socket);
  nadia.type("!");
  await until("told", () => nadia.state === "offline");
  assert.equal(nadia.words, "Hors ligne\u00a0: 1\u00a0modification gardée sur cet appareil");
  await nadia.saved();
  assert.equal(nadia.renewals, 1);
  assert.equal(peer.text(), '<paragraph id="p1">Bonjour!</paragraph>');
});

for (const code of ["resync", "stale", "rate_limited", "unavailable"]) {
  test(`${code}: kept and sent again, nothing lost, nothing twice`, async (t) => {
    const { peer, port } = await table(t);
    const [nadia, paul] = [await join(port, "nadia"), await join(port, "paul")];
    let refusals = 1;
    peer.judge = () => (refusals-- > 0 ? { error: { code, retry_after: 0.05 } } : null);
    nadia.type("a");
    await pause(15);
    nadia.type("b");
    await pause(15);
    nadia.type("c");
    await nadia.saved();
    paul.type("d");
    await paul.saved();
    await until("same", () => nadia.text() === paul.text() && peer.text() === paul.text());
    assert.match(peer.text(), /Bonjourabcd/u);
    assert.deepEqual(nadia.given, []);
  });
}

for (const code of ["malformed", "forged", "schema", "forbidden", "too_large", "something_new"]) {
  test(`${code}: the text is given back, the document comes anew under a new id, and writing goes on`, async (t) => {
    const { peer, port } = await table(t);
    const outbox = new MemoryOutbox();
    const nadia = await join(port, "nadia", outbox);
    const paul = await join(port, "paul");
    const before = nadia.session.clientId;
    let refusals = 1;
    peer.judge = () => (refusals-- > 0 ? { error: { code } } : null);
    nadia.type(" refusé");
    await until("rebuilt", () => nadia.mounts === 2);
    assert.deepEqual(nadia.given, [{ text: " refusé", code }]);
    assert.equal(nadia.state, "refused");
    assert.notEqual(nadia.session.clientId, before);
    assert.equal(outbox.rows.length, 0);
    assert.equal(nadia.text(), '<paragraph id="p1">Bonjour</paragraph>');
    nadia.type(" un");
    await nadia.saved();
    nadia.type(" deux");
    await nadia.saved();
    await until("same", () => paul.text() === nadia.text());
    assert.equal(peer.text(), '<paragraph id="p1">Bonjour un deux</paragraph>');
  });
}

test("a refused stroke is not counted as saved by a later one that passes", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  let seen = 0;
  peer.judge = () => (++seen === 1 ? { error: { code: "rate_limited", retry_after: 0.2 } } : null);
  nadia.type("gardé");
  await pause(20);
  // Only a deletion: no clock gap, the server takes it and says that everything up to its number is saved.
  const text = (nadia.session.doc!.getXmlFragment("content").get(0) as Y.XmlElement).get(0) as Y.XmlText;
  text.delete(0, 3);
  await pause(60);
  assert.notEqual(nadia.state, "saved");
  await nadia.saved();
  assert.equal(peer.text(), '<paragraph id="p1">jourgardé</paragraph>');
});

test("on a shared computer nothing is kept, and the words say so", async (t) => {
  const { port } = await table(t);
  const tab = new Tab(port, "nadia", new NoOutbox(), null, true);
  open.add(tab);
  await tab.session.start();
  await tab.ready();
  tab.socket.disconnect();
  tab.type("x");
  assert.match(tab.words, /1\u00a0modification non envoyée \(poste partagé/u);
  assert.equal(tab.session.pending, 1);
});

test("a seat that only reads cannot write, and gets its pen when the right comes", async (t) => {
  const { peer, port } = await table(t);
  peer.canWrite = false;
  peer.rights = ["read", "remark"];
  const nadia = await join(port, "nadia");
  assert.equal(nadia.writable, false);
  assert.equal(nadia.state, "readonly");
  nadia.type("x");
  await pause(50);
  assert.equal(peer.received.length, 0);
  peer.io.of("/drafts").emit("access", { draft: 12, rights: ["read", "write"], can_write: true, reason: "" });
  await until("writable", () => nadia.writable);
});

test("a seat that may only suggest sends, and what goes astray again and again is given back", async (t) => {
  const { peer, port } = await table(t);
  peer.canWrite = false;
  peer.rights = ["read", "remark", "suggest"];
  const nadia = await join(port, "nadia");
  assert.equal(nadia.writable, true);
  nadia.type("x");
  await nadia.saved();
  let asked = 0;
  peer.judge = () => {
    asked += 1;
    return { error: { code: "resync", retry_after: 0 } };
  };
  nadia.type(" perdu");
  await until("given back", () => nadia.given.length > 0);
  assert.deepEqual(nadia.given, [{ text: " perdu", code: "suggestion" }]);
  assert.equal(asked, 5);
});

test("access lost: the unsent text is offered, then nothing of it stays on the device", async (t) => {
  const { peer, port } = await table(t);
  const outbox = new MemoryOutbox();
  const nadia = await join(port, "nadia", outbox);
  peer.judge = () => "mute";
  nadia.type(" en route");
  await pause(30);
  peer.io.of("/drafts").emit("access", { draft: 12, rights: [], can_write: false, reason: "removed" });
  await until("stopped", () => nadia.halted !== null);
  assert.deepEqual(nadia.given, [{ text: " en route", code: "not_found" }]);
  assert.equal(nadia.words, "Refusé\u00a0: ce texte n’est plus accessible");
  assert.equal(outbox.rows.length, 0);
});

test("a session that ended: the text is offered and also kept for the next sign-in", async (t) => {
  const { peer, port } = await table(t);
  const outbox = new MemoryOutbox();
  const nadia = await join(port, "nadia", outbox);
  peer.judge = () => ({ error: { code: "unauthenticated" } });
  nadia.type(" en route");
  await until("stopped", () => nadia.halted === "unauthenticated");
  assert.equal(nadia.given[0]!.text, " en route");
  assert.ok(outbox.rows.length > 0);
  nadia.shut();
  peer.judge = () => null;
  const again = await join(port, "nadia", outbox);
  await again.saved();
  assert.ok(peer.text().includes("en route"));
});

test("an older editor is told to load the page again and gets no text", async (t) => {
  const { peer, port } = await table(t);
  peer.schema = SCHEMA_NUMBER + 1;
  const tab = new Tab(port, "nadia");
  open.add(tab);
  await tab.session.start();
  await until("reload", () => tab.reloads > 0);
  assert.equal(tab.mounts, 0);
  assert.equal(tab.reloads, 1);
  assert.equal(tab.old, null, "the page is on its way out");
});

test("when loading the page again did not help, the person is asked to", async (t) => {
  const { peer, port } = await table(t);
  peer.schema = SCHEMA_NUMBER + 1;
  const tab = new Tab(port, "nadia");
  tab.reloadable = false;
  open.add(tab);
  await tab.session.start();
  await until("asked", () => tab.old !== null);
  assert.equal(tab.words, "Interrompu\u00a0: cette page est d’une version trop ancienne, rechargez-la");
  assert.deepEqual([tab.mounts, tab.halted, tab.old], [0, "outdated", { keeps: false }]);
});

test("a grammar that grows under ones hands: nothing reloads by itself, what was not sent is offered and kept", async (t) => {
  const { peer, port } = await table(t);
  const outbox = new MemoryOutbox();
  const nadia = await join(port, "nadia", outbox);
  nadia.socket.disconnect();
  nadia.type(" en route");
  peer.schema = SCHEMA_NUMBER + 1;
  nadia.socket.connect();
  await until("asked", () => nadia.old !== null);
  assert.equal(nadia.reloads, 0);
  assert.deepEqual(nadia.given, [{ text: " en route", code: "outdated" }]);
  assert.deepEqual([nadia.kept, nadia.old, nadia.writable], [[true], { keeps: true }, false]);
  assert.equal(peer.text(), '<paragraph id="p1">Bonjour</paragraph>');
  nadia.shut();
  peer.schema = SCHEMA_NUMBER;
  const newer = await join(port, "nadia", outbox);
  await newer.saved();
  assert.equal(peer.text(), '<paragraph id="p1">Bonjour en route</paragraph>');
});

test("a large paste takes the bulk door; one beyond 4 MiB is given back", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  nadia.type("p".repeat(300_000));
  await nadia.saved();
  assert.deepEqual(peer.received.map((one) => one.bulk), [true]);
  nadia.type("q".repeat(4_400_000));
  await until("given back", () => nadia.given.length > 0);
  assert.equal(nadia.given[0]!.code, "too_large");
  await until("rebuilt", () => nadia.mounts === 2);
  assert.ok(!nadia.text().includes("q"));
});

test("six thousand strokes made without the line go in one message, by the bulk door", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  nadia.socket.disconnect();
  for (let i = 0; i < 6_000; i += 1) nadia.type("x", i % 2 ? 0 : undefined);
  nadia.socket.connect();
  await until("saved", () => nadia.state === "saved", 30_000);
  assert.equal(peer.received.length, 1);
  assert.equal(peer.received[0]!.bulk, true);
  assert.equal(nadia.text(), peer.text());
});

test("what others write waits while one is composing, and comes in after", async (t) => {
  const { port } = await table(t);
  const [nadia, paul] = [await join(port, "nadia"), await join(port, "paul")];
  nadia.busy = true;
  paul.type(" de Paul");
  await paul.saved();
  await pause(50);
  assert.ok(!nadia.text().includes("Paul"));
  nadia.type("é");
  nadia.busy = false;
  nadia.session.compositionEnded();
  await nadia.saved();
  await until("same", () => nadia.text() === paul.text());
  assert.ok(nadia.text().includes("Paul") && nadia.text().includes("é"));
});

test("if Yjs takes another id, the tab asks for a new seat before it writes on", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  const id = nadia.session.clientId!;
  // Somebody writes under the same id elsewhere: Yjs sees it in the update and changes its own.
  const twin = new Y.Doc();
  Y.applyUpdate(twin, Y.encodeStateAsUpdate(peer.doc));
  twin.clientID = id;
  ((twin.getXmlFragment("content").get(0) as Y.XmlElement).get(0) as Y.XmlText).insert(0, "jumeau ");
  Y.applyUpdate(peer.doc, Y.encodeStateAsUpdate(twin));
  peer.io.of("/drafts").emit("update", { draft: 12, update: Buffer.from(Y.encodeStateAsUpdate(twin)), seq: 1 });
  await until("another seat", () => nadia.session.clientId !== null && nadia.session.clientId !== id);
  assert.equal(nadia.session.doc!.clientID, nadia.session.clientId);
  nadia.type(" suite");
  await nadia.saved();
  assert.equal(peer.text(), '<paragraph id="p1">jumeau Bonjour suite</paragraph>');
});
