// What a person reads: the save state, link addresses. And what goes on the wire by which door.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as Y from "yjs";
import { completeHref } from "../link.ts";
import { saveState, type Situation } from "../savestate.ts";
import { door, packed, trimmed, isEmpty } from "../strokes.ts";

const CALM: Situation = {
  joined: true, stopped: false, online: true, canWrite: true, pending: 0, refusal: null, keeps: true, sharedComputer: false,
};

test("the save state and its words", () => {
  const cases: [Partial<Situation>, string, string][] = [
    [{}, "saved", "Enregistré"],
    [{ pending: 2 }, "saving", "Enregistrement…"],
    [{ pending: 2, unavailable: true }, "saving", "Pas encore enregistré : le service ne répond pas, la page réessaie"],
    [{ unavailable: true }, "saved", "Enregistré"],
    [{ online: false, pending: 3 }, "offline", "Hors ligne : 3 modifications gardées sur cet appareil"],
    [{ online: false, pending: 1 }, "offline", "Hors ligne : 1 modification gardée sur cet appareil"],
    [{ online: false }, "offline", "Hors ligne : tout ce que vous avez écrit est enregistré"],
    [
      { online: false, pending: 2, keeps: false, sharedComputer: true },
      "offline",
      "Hors ligne : 2 modifications non envoyées (poste partagé : ne fermez pas cette page)",
    ],
    [{ canWrite: false }, "readonly", "Lecture seule"],
    [{ canWrite: false, closed: "changed" }, "readonly", "Lecture seule"],
    [{ canWrite: false, closed: "healing", pending: 2 }, "readonly", "Lecture seule pour un instant, le texte est vérifié"],
    [
      { canWrite: false, closed: "damaged" },
      "readonly",
      "Lecture seule : une partie de ce texte ne peut plus être relue, l’administrateur est prévenu",
    ],
    [
      { online: false, pending: 3, unkept: 2 },
      "saving",
      "Hors ligne : vos modifications sont mises à l’abri sur cet appareil…",
    ],
    [{ online: false, pending: 3, unkept: 0 }, "offline", "Hors ligne : 3 modifications gardées sur cet appareil"],
    [{ joined: false, online: false }, "readonly", "Connexion…"],
    [{ refusal: "too_large" }, "refused", "Refusé : la modification est trop grande"],
    [{ refusal: "never_heard_of" }, "refused", "Refusé : la modification n’a pas été acceptée"],
  ];
  for (const [change, state, text] of cases) {
    const said = saveState({ ...CALM, ...change });
    assert.equal(said.state, state);
    assert.equal(said.text.replaceAll("\u00a0", " "), text);
  }
});

test("addresses are completed, never made dangerous", () => {
  const cases: [string, string | null][] = [
    ["gouv.nc", "https://gouv.nc"],
    ["www.province-sud.nc/page?x=1", "https://www.province-sud.nc/page?x=1"],
    ["accueil@gouv.nc", "mailto:accueil@gouv.nc"],
    ["tel:+687273000", "tel:+687273000"],
    ["http://x.nc", "http://x.nc"],
    ["javascript:alert(1)", null],
    ["data:text/html,x", null],
    ["//evil.nc", null],
    ["n’importe quoi", null],
    ["", null],
  ];
  for (const [typed, href] of cases) assert.equal(completeHref(typed), href, typed);
});

function typing(strokes: number): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  const text = doc.getText("t");
  for (let i = 0; i < strokes; i += 1) text.insert(i % 2 ? 0 : text.length, "x");
  return { doc, updates };
}

test("the door follows bytes, structs and ranges", () => {
  assert.equal(door(typing(10).updates[0]!), "stroke");
  assert.equal(door(Y.mergeUpdates(typing(4_500).updates)), "bulk");
  const large = new Y.Doc();
  large.getText("t").insert(0, "x".repeat(250_000));
  assert.equal(door(Y.encodeStateAsUpdate(large)), "bulk");
  large.getText("t").insert(0, "x".repeat(4_200_000));
  assert.equal(door(Y.encodeStateAsUpdate(large)), "none");
});

test("what is packed together makes the same document, and each part fits a door", () => {
  const { doc, updates } = typing(300);
  const packs = packed(updates.map((update, n) => ({ n, update })));
  const copy = new Y.Doc();
  for (const pack of packs) Y.applyUpdate(copy, pack.update);
  assert.equal(copy.getText("t").toString(), doc.getText("t").toString());
  assert.ok(packs.every((pack) => pack.door !== "none"));
});

test("what the server has already is not sent again", () => {
  const { doc, updates } = typing(20);
  const server = new Y.Doc();
  for (const update of updates.slice(0, 12)) Y.applyUpdate(server, update);
  const vector = Y.encodeStateVector(server);
  assert.ok(updates.slice(0, 12).every((update) => isEmpty(trimmed(update, vector))));
  for (const update of updates.slice(12)) Y.applyUpdate(server, trimmed(update, vector));
  assert.equal(server.getText("t").toString(), doc.getText("t").toString());
});
