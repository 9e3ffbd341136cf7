// Three ProseMirror clients make random legal edits; their updates arrive in random order. All end with one text, and
// nothing that somebody wrote is gone unless a person's own act removed it: no plugin, no repair, no schema check may.
// Fixed seeds; SOAK=1 walks tens of thousands.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "prosemirror-model";
import { initProseMirrorDoc } from "y-prosemirror";
import * as Y from "yjs";
import { FRAGMENT, schema } from "../schema.ts";
import { copySomewhere, randomEdit } from "./edits.ts";
import { Headless, randomFrom } from "./headless.ts";
import { seed } from "./peer.ts";

const SOAK = process.env["SOAK"] === "1";
const RUNS = SOAK ? 20_000 : 100;
const EDITS = 60;
const REMOTE = "remote";

class Replica {
  readonly doc = new Y.Doc({ gc: false });
  readonly editor: Headless;
  readonly inbox: { from: number; update: Uint8Array }[] = [];
  acting = false;

  constructor(
    readonly index: number,
    start: Uint8Array,
    readonly legal: Set<string>,
    send: (from: number, update: Uint8Array) => void,
    answered: () => void,
  ) {
    Y.applyUpdate(this.doc, start, REMOTE);
    this.doc.clientID = index + 1;
    this.editor = new Headless(this.doc);
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== REMOTE) send(index, update);
    });
    this.doc.on("afterTransaction", (transaction: Y.Transaction) => {
      if (transaction.origin === REMOTE) return;
      if (!this.acting) {
        if (transaction.changed.size > 0) answered();
        return;
      }
      for (const [client, ranges] of transaction.deleteSet.clients) {
        for (const { clock, len } of ranges) for (let i = 0; i < len; i += 1) legal.add(`${client}:${clock + i}`);
      }
    });
  }

  act(work: () => void): void {
    this.acting = true;
    work();
    this.acting = false;
  }

  receive(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, REMOTE);
  }
}

function walk(seedNumber: number): void {
  const random = randomFrom(seedNumber);
  const origin = new Y.Doc({ gc: false });
  origin.clientID = 999;
  seed(origin, ["Bonjour à tous les lecteurs", "", "Deuxième paragraphe 😀 avec un emoji", "Dernier"]);
  const start = Y.encodeStateAsUpdate(origin);
  const legal = new Set<string>();
  const replicas: Replica[] = [];
  for (let i = 0; i < 3; i += 1) {
    replicas.push(
      new Replica(
        i,
        start,
        legal,
        (from, update) => {
          for (const other of replicas) if (other.index !== from) other.inbox.push({ from, update });
        },
        () => assert.fail(`seed ${seedNumber}: something was written in answer to a remote change`),
      ),
    );
  }
  let words = 0;
  const word = () => `w${(words += 1)}`;
  const deliver = (replica: Replica): void => {
    // Any sender's next update: in order for each sender, in any order between them.
    const senders = [...new Set(replica.inbox.map((one) => one.from))];
    const sender = senders[Math.floor(random() * senders.length)];
    const index = replica.inbox.findIndex((one) => one.from === sender);
    replica.receive(replica.inbox.splice(index, 1)[0]!.update);
  };
  for (let i = 0; i < EDITS; i += 1) {
    const replica = replicas[Math.floor(random() * 3)]!;
    if (replica.inbox.length > 0 && random() < 0.5) deliver(replica);
    else replica.act(() => randomEdit(replica.editor, random, word, copySomewhere));
  }
  for (let guard = 0; replicas.some((one) => one.inbox.length > 0); guard += 1) {
    assert.ok(guard < 20_000, `seed ${seedNumber}: the clients answer one another without end`);
    const waiting = replicas.filter((one) => one.inbox.length > 0);
    deliver(waiting[Math.floor(random() * waiting.length)]!);
  }
  const texts = replicas.map((one) => one.doc.getXmlFragment(FRAGMENT).toString());
  assert.equal(texts[1], texts[0], `seed ${seedNumber}`);
  assert.equal(texts[2], texts[0], `seed ${seedNumber}`);
  for (const replica of replicas) {
    const fresh = initProseMirrorDoc(replica.doc.getXmlFragment(FRAGMENT), schema).doc;
    assert.equal(shown(replica.editor.state.doc), shown(fresh), `seed ${seedNumber}: what is shown is not what is shared`);
    replica.editor.state.doc.check();
    assert.equal(replica.doc.store.pendingStructs, null);
  }
  nothingDisappeared(replicas[0]!.doc, legal, seedNumber);
  for (const replica of replicas) replica.editor.destroy();
}

/** A line break has no look of its own: y-prosemirror does not share the marks on it, and nobody sees them. */
function shown(doc: Node): string {
  return JSON.stringify(doc, (_key, value) => (value?.type === "hard_break" ? { type: "hard_break" } : value));
}

/** Each deleted character was deleted by a person, itself or with the block it stood in. */
function nothingDisappeared(doc: Y.Doc, legal: Set<string>, seedNumber: number): void {
  for (const structs of doc.store.clients.values()) {
    for (const struct of structs) {
      if (!(struct instanceof Y.Item) || !struct.deleted || !(struct.content instanceof Y.ContentString)) continue;
      for (let i = 0; i < struct.length; i += 1) {
        if (legal.has(`${struct.id.client}:${struct.id.clock + i}`)) continue;
        let parent = struct.parent as Y.AbstractType<unknown> | null;
        let removed = false;
        while (parent?._item) {
          removed ||= legal.has(`${parent._item.id.client}:${parent._item.id.clock}`);
          parent = parent._item.parent as Y.AbstractType<unknown> | null;
        }
        assert.ok(removed, `seed ${seedNumber}: ${JSON.stringify(struct.content.str)} disappeared and nobody deleted it`);
      }
    }
  }
}

test(`three clients converge and no insertion disappears (${RUNS} walks of ${EDITS} edits)`, { timeout: SOAK ? 7_200_000 : 300_000 }, () => {
  const first = Number(process.env["SEED"] ?? 1);
  for (let i = 0; i < RUNS; i += 1) {
    try {
      walk(first + i);
    } catch (error) {
      // The seed is what one needs to see it again.
      console.error(`seed ${first + i}`);
      throw error;
    }
    if (SOAK && i % 1_000 === 999) console.log(`# ${i + 1} walks`);
  }
});
