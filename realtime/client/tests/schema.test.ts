import assert from "node:assert/strict";
import { test } from "node:test";
import grammar from "../../../drafts/schema.json";
import { BLOCK_NAMES, safeHref, schema } from "../schema.ts";

test("no content expression can fail, every attribute has a default", () => {
  for (const [name, type] of Object.entries(schema.nodes)) {
    const content = type.spec.content;
    assert.ok(content === undefined || /^(block|inline|text)\*$/u.test(content), `${name}: ${content}`);
    assert.ok(!type.hasRequiredAttrs(), name);
  }
  for (const mark of Object.values(schema.marks)) {
    for (const attribute of Object.values(mark.spec.attrs ?? {})) assert.notEqual(attribute.default, undefined);
  }
});

test("the schema holds the grammar's names and no other", () => {
  assert.deepEqual(Object.keys(schema.nodes).sort(), Object.keys(grammar.nodes).sort());
  assert.deepEqual(Object.keys(schema.marks).sort(), Object.keys(grammar.marks).sort());
  assert.ok(BLOCK_NAMES.has("table_cell") && !BLOCK_NAMES.has("doc") && !BLOCK_NAMES.has("text"));
});

test("any block may stand in any other: two legal deletions never make a node invalid", () => {
  const blocks = Object.values(schema.nodes).filter((type) => type.isBlock && !type.isTextblock);
  for (const outer of blocks.filter((type) => !type.isLeaf)) {
    schema.node(outer.name).check();
    for (const inner of blocks) {
      if (inner.name !== "doc") schema.node(outer.name, null, [schema.node(inner.name)]).check();
    }
  }
});

test("a paragraph is what is made when nothing says otherwise", () => {
  assert.equal(schema.nodes["doc"]!.contentMatch.defaultType?.name, "paragraph");
});

test("only safe link targets", () => {
  for (const href of ["https://service-public.nc/a?b=c#d", "http://x.nc", "mailto:a@b.nc", "tel:+687123456"]) {
    assert.equal(safeHref(href), href);
  }
  const bad = [
    "javascript:alert(1)", " JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "//evil.nc", "/local",
    "https://gouv.nc@evil.nc/", "https:\\\\evil.nc", "https:evil", "", null, undefined, "https://a b.nc", "https://",
    `https://${"a".repeat(2000)}.nc`,
  ];
  for (const href of bad) assert.equal(safeHref(href), null, String(href));
});
