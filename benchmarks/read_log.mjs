// The words of one block after a fresh Yjs has taken in the rows of a log, one by one.
//
// node benchmarks/read_log.mjs BLOCK_ID < rows, each row as its length (four bytes, big end first) and its bytes.

import { readFileSync } from "node:fs";
import * as Y from "yjs";

const rows = readFileSync(0);
const doc = new Y.Doc();
for (let at = 0; at < rows.length; ) {
  const length = rows.readUInt32BE(at);
  Y.applyUpdate(doc, rows.subarray(at + 4, at + 4 + length));
  at += 4 + length;
}
const words = (node) =>
  node instanceof Y.XmlText
    ? node.toDelta().map((run) => (typeof run.insert === "string" ? run.insert : "")).join("")
    : node.toArray().map(words).join("");
const block = doc.getXmlFragment("content").toArray().find((node) => node.getAttribute?.("id") === process.argv[2]);
process.stdout.write(block ? words(block) : "");
