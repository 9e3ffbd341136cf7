// A text that began anew from a backup: what a browser held of the former one is offered, and put nowhere by itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import grammar from "../../../drafts/schema.json";
import { copyOf } from "../left_text.ts";
import { seed } from "./peer.ts";
import { join, table, until } from "./tab.ts";

function anew(words: string): Uint8Array {
  const other = new Y.Doc();
  seed(other, [words]);
  return Y.encodeStateAsUpdate(other);
}

test("what was saved after the backup is offered with what was not, and nothing of it is sent", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  nadia.type(" enregistré");
  await nadia.saved();
  nadia.socket.disconnect();
  nadia.type(" et gardé ici");
  const received = peer.received.length;
  peer.restore(anew("Rétabli"), "restored-h2");
  nadia.socket.connect();
  await until("offered", () => nadia.left.length === 1);
  assert.ok(nadia.left[0]!.text.endsWith(" enregistré et gardé ici"), nadia.left[0]!.text);
  assert.equal(nadia.left[0]!.mayKeep, true);
  assert.deepEqual(nadia.given, [{ text: " et gardé ici", code: "history" }]);
  nadia.type("!");
  await nadia.saved();
  assert.equal(peer.text(), '<paragraph id="p1">Rétabli!</paragraph>');
  assert.equal(peer.received.length, received + 1);
});

test("a text that reads as before is not offered, and neither is one whose words were taken out", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  const words = nadia.text();
  peer.restore(Y.encodeStateAsUpdate(nadia.session.doc!), "restored-h2");
  await until("rebuilt", () => nadia.mounts === 2);
  assert.equal(nadia.text(), words);
  // A redaction or a repair: whatever differs is meant to be gone.
  peer.restore(anew("Sans les mots"), "h3");
  await until("rebuilt again", () => nadia.mounts === 3);
  assert.deepEqual(nadia.left, []);
});

test("who has to sign in again finds the copy in the same tab, and nobody else does", async (t) => {
  const { peer, port } = await table(t);
  const nadia = await join(port, "nadia");
  nadia.type(" enregistré");
  await nadia.saved();
  nadia.session.notLetIn("unauthenticated");
  const aside = nadia.aside!;
  assert.equal(nadia.halted, "unauthenticated");
  nadia.shut();
  peer.restore(anew("Rétabli"), "restored-h2");
  const again = await join(port, "nadia", undefined, undefined, aside);
  assert.equal(again.left.length, 1);
  assert.ok(again.left[0]!.text.endsWith(" enregistré"));
  assert.equal(again.aside, null);
  const other = await join(port, "paul", undefined, undefined, aside);
  assert.deepEqual([other.left, other.aside], [[], null]);
});

test("the file says kinds, attributes and marks, and nothing in it is markup that was not meant", () => {
  const doc = new Y.Doc();
  const text = doc.getXmlFragment("content");
  const note = new Y.XmlElement("note");
  note.setAttribute("kind", "warning");
  const inside = new Y.XmlElement("paragraph");
  const words = new Y.XmlText();
  words.insert(0, "Voir <b>", {});
  words.insert(8, "la page", { link: { href: 'https://a.example/?a=1&b="2"' } });
  inside.insert(0, [words]);
  note.insert(0, [inside]);
  text.insert(0, [note]);
  const copy = copyOf(text, grammar.nodes);
  assert.equal(copy.text, "Voir <b>la page");
  assert.match(copy.html, /<section data-block="note" data-kind="warning"><p data-block="paragraph">Voir &lt;b&gt;<a href="https:\/\/a\.example\/\?a=1&amp;b=&quot;2&quot;">la page<\/a><\/p>/u);
});
