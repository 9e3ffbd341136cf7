// What the clipboard gives, before the browser parses it and after: inert markup, plain text as blocks, what fits.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fragment, Slice } from "prosemirror-model";
import { prosemirrorToYXmlFragment } from "y-prosemirror";
import * as Y from "yjs";
import { fitSlice, fitsTheDoors, weigh } from "../fitting.ts";
import { cleanText, inertMarkup } from "../markup.ts";
import { block } from "../nesting.ts";
import { blocksOfText } from "../pasted_text.ts";
import { schema } from "../schema.ts";
import { door } from "../strokes.ts";

const shape = (text: string): string => blocksOfText(text).map(String).join(", ");

test("pasted markup loses scripts, styles, comments and handlers, and prose about them stays", () => {
  const cases: [string, string][] = [
    [
      `<style>p{}</style><p style="color:red" onclick='x()'>a style = b, onclick = c</p><script>x()</script>`,
      `<p data-style="color:red">a style = b, onclick = c</p>`,
    ],
    [`<!--[if gte mso 9]><xml><w:WordDocument/></xml><![endif]--><p>un</p>`, "<p>un</p>"],
    [`<![if !supportLists]><span style='mso-list:Ignore'>·</span><![endif]>deux`, '<span data-style="mso-list:Ignore">·</span>deux'],
    [`<a title="> onclick=x" href=javascript:x() ONCLICK = y>un</a>`, '<a title="> onclick=x" href="javascript:x()">un</a>'],
    [`<img src="x" onerror="y"srcset=z alt='"'>`, '<img alt="&quot;">'],
    [`<p/onclick=x/style=y style=z>un`, '<p data-style="z">un'],
    [`<SCRIPT>jamais fini <p>un`, ""],
    [`1 < 2 et <3`, "1 &lt; 2 et &lt;3"],
    [`<p data-style="a" style="b">`, '<p data-style="a">'],
    [`fin <`, "fin &lt;"],
    [`<p class="x`, '<p class="&quot;x">'],
  ];
  for (const [dirty, clean] of cases) assert.equal(inertMarkup(dirty), clean, dirty);
});

test("markup that never ends costs no more than its length", () => {
  const began = performance.now();
  for (const dirty of ["<a ".repeat(200_000), "<!-".repeat(200_000), '<p x="'.repeat(200_000), "</".repeat(200_000), `<script>${"</script".repeat(200_000)}`]) inertMarkup(dirty);
  assert.ok(performance.now() - began < 5_000, `${performance.now() - began} ms`);
});

test("what nobody typed goes out of pasted words", () => {
  assert.equal(cleanText("a\0b\u200bc\ud800d\ufeff\te\u{1f600}"), "abc\ufffdd\te\u{1f600}");
});

test("plain text: lines, paragraphs, bullets and numbers", () => {
  const cases: [string, string][] = [
    ["une phrase", 'paragraph("une phrase")'],
    ["un\r\ndeux", 'paragraph("un"), paragraph("deux")'],
    ["un\nsuite\n\ndeux\n", 'paragraph("un", hard_break, "suite"), paragraph("deux")'],
    ["Il faut\u00a0:\n• une pièce\n• un bail", 'paragraph("Il faut\u00a0:"), bullet_list(list_item(paragraph("une pièce")), list_item(paragraph("un bail")))'],
    ["1. un\n2) deux", 'ordered_list(list_item(paragraph("un")), list_item(paragraph("deux")))'],
    ["- un\n  - deux\n- trois", 'bullet_list(list_item(paragraph("un"), bullet_list(list_item(paragraph("deux")))), list_item(paragraph("trois")))'],
    ["2. juin est un jour", 'paragraph("2. juin est un jour")'],
    ["\n\n", ""],
  ];
  for (const [text, wanted] of cases) assert.equal(shape(text), wanted, JSON.stringify(text));
});

test("attributes that somebody else wrote are put back into the grammar", () => {
  const link = schema.marks["link"]!.create({ href: "javascript:alert(1)" });
  const wild = schema.node("heading", { id: "un deux", level: 99 }, [schema.text("un", [link])]);
  const fit = fitSlice(new Slice(Fragment.from(wild), 0, 0)).content.firstChild!;
  assert.deepEqual({ ...fit.attrs }, { id: null, level: 2 });
  assert.equal(fit.toString(), 'heading("un")');
  const legal = schema.node("legal", { href: "javascript:x", number: 3, date: "x".repeat(3000) });
  const law = fitSlice(new Slice(Fragment.from(legal), 0, 0)).content.firstChild!;
  assert.deepEqual({ ...law.attrs }, { id: null, number: "", date: "", href: "" });
  let deep = schema.node("paragraph");
  for (let i = 0; i < 40; i += 1) deep = schema.node("note", null, [deep]);
  let depth = 0;
  for (let node = fitSlice(new Slice(Fragment.from(deep), 0, 0)).content.firstChild; node; node = node.firstChild) depth += 1;
  assert.ok(depth <= 16, String(depth));
  const wrong = schema.nodes["legal"]!.create(null, [schema.node("paragraph", null, [schema.text("un")])]);
  assert.equal(fitSlice(new Slice(Fragment.from(wrong), 2, 2)).toString(), '<paragraph("un")>(1,1)');
  const good = new Slice(Fragment.from(block("paragraph", [schema.text("un")])), 1, 1);
  assert.equal(fitSlice(good), good);
});

test("the weight of a piece is never less than what it costs on the wire", () => {
  const link = schema.marks["link"]!.create({ href: "https://exemple.nc/" });
  const strong = schema.marks["strong"]!.create();
  const words = (i: number) => [schema.text(`Démarche ${i}, `), schema.text("gras", [strong]), schema.text(" lien", [link])];
  const pieces = [
    Array.from({ length: 400 }, (_, i) => block("paragraph", words(i))),
    [block("table", Array.from({ length: 200 }, (_, i) => block("table_row", [block("table_cell", [block("paragraph", words(i))])])))],
    Array.from({ length: 50 }, (_, i) => block("heading", [schema.text("é😀".repeat(i + 1))], { level: 4 })),
  ];
  for (const piece of pieces) {
    const doc = new Y.Doc();
    const content = Fragment.from(piece);
    prosemirrorToYXmlFragment(schema.node("doc", null, content), doc.getXmlFragment("content"));
    const update = Y.encodeStateAsUpdate(doc);
    const weight = weigh(content);
    assert.ok(weight.bytes >= update.byteLength, `${weight.bytes} < ${update.byteLength}`);
    assert.ok(weight.structs >= Y.decodeUpdate(update).structs.length);
    // And not so much more that what would pass is refused.
    assert.ok(weight.bytes < 2.5 * update.byteLength, `${weight.bytes} for ${update.byteLength}`);
  }
});

test("what is beyond the bulk door is known before it is put into the text", () => {
  const page = (paragraphs: number, length: number) =>
    Fragment.from(Array.from({ length: paragraphs }, () => block("paragraph", [schema.text("x".repeat(length))])));
  const large = page(300, 1_000);
  assert.equal(fitsTheDoors(large), true);
  const doc = new Y.Doc();
  prosemirrorToYXmlFragment(schema.node("doc", null, large), doc.getXmlFragment("content"));
  assert.equal(door(Y.encodeStateAsUpdate(doc)), "bulk");
  assert.equal(fitsTheDoors(page(5_000, 1_000)), false);
  assert.equal(fitsTheDoors(page(40_000, 1)), false);
});
