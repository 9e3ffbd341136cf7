// For tests/drafts/gate_mutations.py: loads each room in a fresh Yjs, applies the update that the gate let through, and
// says in one line each what is wrong: an exception, a base that is waited for, another reading than the server's.

import { readFileSync } from "node:fs";
import * as Y from "yjs";

function picture(type) {
  return type.toArray().map((child) => {
    if (child instanceof Y.XmlText) return child.toDelta().map(({ insert, attributes }) => [insert, attributes ?? {}]);
    return [child.nodeName, child.getAttributes(), picture(child)];
  });
}
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value && typeof value === "object") return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
  return value;
}
const same = (one, other) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

readFileSync(0, "utf8").split("\n").filter(Boolean).forEach((line, at) => {
  try {
    const [state, update, expected] = JSON.parse(line);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Buffer.from(state, "base64"));
    Y.applyUpdate(doc, Buffer.from(update, "base64"));
    const seen = picture(doc.getXmlFragment("content"));
    if (doc.store.pendingStructs || doc.store.pendingDs) console.log(`${at}: waits`);
    else if (!same(seen, expected)) console.log(`${at}: reads otherwise: ${JSON.stringify(seen)} / ${JSON.stringify(expected)}`);
    const again = new Y.Doc();
    Y.applyUpdate(again, Y.encodeStateAsUpdate(doc));
    if (!same(picture(again.getXmlFragment("content")), seen)) console.log(`${at}: reloads otherwise`);
  } catch (error) {
    console.log(`${at}: ${error.message}`);
  }
});
