import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { canonical, fingerprint, type TreeNode } from "../canonical.ts";

interface Vector {
  name: string;
  tree: TreeNode[];
  fields: Record<string, unknown>;
  canonical: string;
  fingerprint: string;
}

const VECTORS = JSON.parse(readFileSync(path.resolve("tests/vectors/canonical.json"), "utf8")) as Vector[];

test(`the ${VECTORS.length} vectors that Python reads too`, async () => {
  assert.ok(VECTORS.length > 10);
  for (const vector of VECTORS) {
    const form = canonical(vector.tree, vector.fields);
    assert.equal(form, vector.canonical, vector.name);
    assert.equal(await fingerprint(form), vector.fingerprint, vector.name);
  }
});

test("an open suggestion has no canonical form", () => {
  const text: TreeNode = { type: "text", text: "x", marks: [{ type: "insertion--abc", attrs: { id: "1" } }] };
  assert.throws(() => canonical([{ type: "paragraph", content: [text] }], {}), /suggestion/u);
});
