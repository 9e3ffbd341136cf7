// Makes tests/vectors/yjs_strokes.json.gz: what real editors (yjs, y-prosemirror) send, for the tests of the gate,
// which then need no Node. Run from the root of the repository: node tests/drafts/yjs_strokes.mjs
//
// With a number and a file (node … soak 500 out.json.gz) it records that many random sessions instead.

import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { joinBackward, joinForward, lift, setBlockType, splitBlock, toggleMark, wrapIn } from "prosemirror-commands";
import { Fragment, Schema, Slice } from "prosemirror-model";
import { liftListItem, sinkListItem, splitListItem, wrapInList } from "prosemirror-schema-list";
import { AllSelection, EditorState, Plugin, Selection, TextSelection } from "prosemirror-state";
import { redo, undo, yUndoPlugin, yUndoPluginKey, ySyncPlugin, ySyncPluginKey } from "y-prosemirror";
import * as Y from "yjs";

const grammar = JSON.parse(readFileSync("drafts/schema.json", "utf8"));
const plain = (attrs = {}) => Object.fromEntries(Object.entries(attrs).map(([name, { default: value }]) => [name, { default: value }]));
const order = ["paragraph", ...Object.keys(grammar.nodes).filter((name) => name !== "paragraph")];
const schema = new Schema({
  topNode: "doc",
  nodes: Object.fromEntries(order.map((name) => [name, { ...grammar.nodes[name], attrs: plain(grammar.nodes[name].attrs) }])),
  marks: Object.fromEntries(Object.entries(grammar.marks).map(([name, spec]) => [name, { ...spec, attrs: plain(spec.attrs) }])),
});

const [mode, count, file] = process.argv.slice(2);

let seed = 1;
function random() {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const pick = (list) => list[Math.floor(random() * list.length)];
const upTo = (limit) => Math.floor(random() * (limit + 1));

let minted = 0;
const blockIds = () =>
  new Plugin({
    appendTransaction(transactions, _before, after) {
      if (!transactions.some((tr) => tr.docChanged) || transactions.some((tr) => tr.getMeta(ySyncPluginKey)?.isChangeOrigin)) return null;
      const seen = new Set();
      const tr = after.tr;
      after.doc.descendants((node, pos) => {
        if (!node.isBlock) return false;
        if (node.attrs.id === null || seen.has(node.attrs.id)) {
          minted += 1;
          tr.setNodeAttribute(pos, "id", `b${minted}`);
        } else seen.add(node.attrs.id);
        return true;
      });
      return tr.docChanged ? tr : null;
    },
  });

// The part of an EditorView that the plugins use, without a page.
class View {
  constructor(state) {
    this.state = state;
    this.parts = [];
    // The first render is dispatched while the plugins are being made.
    for (const plugin of state.plugins) if (plugin.spec.view) this.parts.push(plugin.spec.view(this));
  }
  hasFocus() {
    return false;
  }
  dispatch(tr) {
    const before = this.state;
    this.state = this.state.apply(tr);
    for (const part of this.parts) part.update?.(this, before);
  }
}

class Replica {
  constructor(server, client) {
    this.server = server;
    this.client = client;
    this.inbox = [];
    this.online = true;
    this.doc = new Y.Doc();
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(server.doc), "server");
    this.doc.clientID = client;
    this.doc.on("update", (update, origin) => {
      if (origin !== "server") this.send(update);
    });
    const fragment = this.doc.getXmlFragment(grammar.fragment);
    this.view = new View(EditorState.create({ schema, plugins: [ySyncPlugin(fragment), yUndoPlugin(), blockIds()] }));
    server.replicas.push(this);
  }
  get state() {
    return this.view.state;
  }
  send(update) {
    if (this.online) this.server.take(this, update);
  }
  /** Deliver what waits; all of it, or the first `count`. */
  receive(count = Infinity) {
    while (this.online && this.inbox.length > 0 && count-- > 0) Y.applyUpdate(this.doc, this.inbox.shift(), "server");
  }
  leave() {
    this.receive();
    this.online = false;
  }
  /** What a client does on joining again: give what the server lacks, take what it lacks. */
  join() {
    this.online = true;
    const missing = Y.encodeStateAsUpdate(this.doc, Y.encodeStateVector(this.server.doc));
    this.inbox = [Y.encodeStateAsUpdate(this.server.doc, Y.encodeStateVector(this.doc))];
    this.server.take(this, missing);
    this.receive();
  }
  run(command) {
    yUndoPluginKey.getState(this.state).undoManager.stopCapturing();
    return command(this.state, (tr) => this.view.dispatch(tr));
  }
  edit(change) {
    yUndoPluginKey.getState(this.state).undoManager.stopCapturing();
    const tr = this.state.tr;
    change(tr);
    this.view.dispatch(tr);
  }
  /** The nearest position in the document that a caret can take: never inside a surrogate pair. */
  whole(position) {
    const inside = Math.max(0, Math.min(position, this.state.doc.content.size));
    const low = this.state.doc.textBetween(inside, Math.min(inside + 1, this.state.doc.content.size));
    return /^[\udc00-\udfff]/.test(low) ? inside - 1 : inside;
  }
  at(from, to = from) {
    const near = (position) => Selection.near(this.state.doc.resolve(this.whole(position)));
    const [start, end] = [near(from), near(to)];
    const words = start.$from.parent.inlineContent && end.$to.parent.inlineContent;
    this.view.dispatch(this.state.tr.setSelection(words && from !== to ? TextSelection.between(start.$from, end.$to) : start));
    return this;
  }
  end() {
    this.view.dispatch(this.state.tr.setSelection(Selection.atEnd(this.state.doc)));
    return this;
  }
  all() {
    this.view.dispatch(this.state.tr.setSelection(new AllSelection(this.state.doc)));
    return this;
  }
  /** Each character is one stroke. */
  type(text) {
    if (!this.state.selection.$from.parent.inlineContent) this.paste(p(""));
    if (!this.state.selection.$from.parent.inlineContent) this.end();
    for (const character of text) this.view.dispatch(this.state.tr.insertText(character));
    return this;
  }
  paste(...blocks) {
    this.edit((tr) => tr.replaceSelection(new Slice(Fragment.from(blocks.map((block) => schema.nodeFromJSON(block))), 0, 0)));
  }
  insert(position, ...blocks) {
    this.edit((tr) => tr.insert(position, blocks.map((block) => schema.nodeFromJSON(block))));
  }
  undo() {
    undo(this.state);
  }
  redo() {
    redo(this.state);
  }
}

class Server {
  constructor() {
    this.replicas = [];
    this.strokes = [];
    this.log = [];
    this.late = false;
  }
  /** A fresh document each time: one that lives would tidy marks by itself (Yjs does) and tell nobody. */
  get doc() {
    if (this.loaded?.rows !== this.log.length) {
      const doc = new Y.Doc();
      if (this.log.length > 0) Y.applyUpdate(doc, Y.mergeUpdates(this.log));
      this.loaded = { rows: this.log.length, doc };
    }
    return this.loaded.doc;
  }
  take(from, update, allowed = [from.client]) {
    this.log.push(update);
    this.strokes.push({ allowed, update: Buffer.from(update).toString("base64") });
    for (const replica of this.replicas) {
      if (replica === from || !replica.online) continue;
      replica.inbox.push(update);
      if (!this.late) replica.receive();
    }
  }
  settle() {
    for (const replica of this.replicas) if (!replica.online) replica.join();
    while (this.replicas.some((replica) => replica.inbox.length > 0)) for (const replica of this.replicas) replica.receive();
  }
}

/** The document as lists: [name, attributes, children] for an element, [[words, marks], …] for a text. */
function picture(type) {
  return type.toArray().map((child) => {
    if (child instanceof Y.XmlText) return child.toDelta().map(({ insert, attributes }) => [insert, attributes ?? {}]);
    return [child.nodeName, child.getAttributes(), picture(child)];
  });
}

const p = (text, id = null) => ({ type: "paragraph", attrs: { id }, content: text ? [{ type: "text", text }] : [] });
const LOREM = "Pour déménager en Nouvelle-Calédonie, prévenez d’abord la mairie, la CAFAT et l’OPT. ";

const cases = [];
function record(name, play) {
  const server = new Server();
  try {
    play(server);
  } catch (error) {
    // Yjs's undo also throws, as seldom; what was sent before counts.
    if (mode === "soak") return void cases.push({ name, strokes: server.strokes, expected: null });
    error.message = `${name}: ${error.message}`;
    throw error;
  }
  server.settle();
  if (server.doc.store.pendingStructs) throw new Error(`${name}: the server waits for a base`);
  const expected = picture(server.doc.getXmlFragment(grammar.fragment));
  // Yjs's own undo can, once in some hundred sessions, write a block whose origins are crossed; then its replicas differ
  // among themselves, and no reading is the right one.
  const agreed = server.replicas.every((replica) => same(picture(replica.doc.getXmlFragment(grammar.fragment)), expected));
  if (!agreed && mode !== "soak") throw new Error(`${name}: replicas differ`);
  cases.push({ name, strokes: server.strokes, expected: agreed ? expected : null });
}
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value && typeof value === "object") return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
  return value;
}
const same = (one, other) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
function table(server, ...blocks) {
  const anne = new Replica(server, 3000000001);
  anne.insert(0, ...(blocks.length ? blocks : [p("Bonjour à tous"), p("Deuxième paragraphe")]));
  return [anne, new Replica(server, 1700000002)];
}
const link = (href) => schema.marks.link.create({ href });

function fixedCases() {
  record("typing", (server) => {
    const [anne, bob] = table(server, p(""));
    anne.at(1).type(LOREM);
    bob.at(5).type("Ô temps");
    anne.at(3, 9).type("x");
  });
  record("split and join", (server) => {
    const [anne, bob] = table(server);
    anne.at(5).run(splitBlock);
    bob.at(3).type("abc");
    anne.run(joinBackward);
    bob.at(2).run(splitBlock);
    bob.run(splitBlock);
    anne.at(1).run(joinForward);
  });
  record("lists", (server) => {
    const [anne, bob] = table(server);
    anne.all().run(wrapInList(schema.nodes.bullet_list));
    bob.end().run(splitListItem(schema.nodes.list_item));
    bob.type("un point de plus");
    bob.run(sinkListItem(schema.nodes.list_item));
    anne.end().run(liftListItem(schema.nodes.list_item));
    anne.at(4).run(wrapIn(schema.nodes.note));
    bob.at(5).run(lift);
  });
  record("marks", (server) => {
    const [anne, bob] = table(server);
    anne.at(2, 9).run(toggleMark(schema.marks.strong));
    bob.at(4, 14).run(toggleMark(schema.marks.em));
    anne.edit((tr) => tr.addMark(3, 12, link("https://service-public.nc/é?a=1&b=2")));
    bob.edit((tr) => tr.addMark(6, 20, link("mailto:a@b.example")));
    anne.at(2, 9).run(toggleMark(schema.marks.strong));
    anne.at(6).type("dedans");
    bob.undo();
    anne.undo();
  });
  record("headings and levels", (server) => {
    const [anne, bob] = table(server);
    for (const level of [2, 3, 4, 3]) anne.at(2).run(setBlockType(schema.nodes.heading, { level, id: "t1" }));
    bob.at(3).run(setBlockType(schema.nodes.lead, { id: "t1" }));
    for (const kind of ["warning", "note", "warning"]) {
      anne.insert(0, { type: "note", attrs: { kind, id: null }, content: [p("Attention")] });
      bob.edit((tr) => tr.setNodeAttribute(0, "kind", kind === "note" ? "warning" : "note"));
      bob.edit((tr) => tr.setNodeAttribute(0, "kind", kind));
      bob.undo();
      bob.undo();
      bob.redo();
    }
  });
  record("two at the same attribute", (server) => {
    const [anne, bob] = table(server, { type: "heading", attrs: { id: "h", level: 2 }, content: [{ type: "text", text: "Titre" }] });
    server.late = true;
    for (let round = 0; round < 6; round += 1) {
      anne.edit((tr) => tr.setNodeAttribute(0, "level", 2 + ((round + 1) % 3)));
      bob.edit((tr) => tr.setNodeAttribute(0, "level", 2 + ((round + 2) % 3)));
      if (round % 2) anne.undo();
      anne.receive();
      bob.receive();
    }
  });
  record("undo and redo", (server) => {
    const [anne, bob] = table(server);
    anne.at(4).type("abc").run(splitBlock);
    anne.type("def");
    for (let i = 0; i < 4; i += 1) anne.undo();
    bob.at(2).type("entre-temps");
    for (let i = 0; i < 4; i += 1) anne.redo();
    for (let i = 0; i < 3; i += 1) bob.undo();
    anne.all().edit((tr) => tr.deleteSelection());
    bob.end().type("resté");
    anne.undo();
    anne.redo();
    anne.undo();
  });
  record("undo of delete all", (server) => {
    const [anne, bob] = table(server, ...Array.from({ length: 30 }, (_, i) => p(LOREM.repeat(3), `p${i}`)));
    for (let i = 0; i < 60; i += 1) bob.at(upTo(4000)).type(pick(["x", "é", "mot ", "😀"]));
    for (let i = 0; i < 10; i += 1) anne.at(upTo(4000)).run(splitBlock);
    anne.all().edit((tr) => tr.deleteSelection());
    anne.undo();
    anne.at(7).type("suite");
    bob.all().edit((tr) => tr.deleteSelection());
    bob.undo();
    bob.redo();
    bob.undo();
  });
  record("paste", (server) => {
    const [anne, bob] = table(server);
    const cell = (type, text) => ({ type, attrs: { id: null }, content: [p(text)] });
    const row = (type, ...texts) => ({ type: "table_row", attrs: { id: null }, content: texts.map((text) => cell(type, text)) });
    anne.end().paste(
      { type: "heading", attrs: { id: "colle", level: 4 }, content: [{ type: "text", text: "Tarifs" }] },
      { type: "table", attrs: { id: null }, content: [row("table_header", "Quoi", "Combien"), row("table_cell", "Permis", "6 000 F")] },
      { type: "paragraph", attrs: { id: null }, content: [{ type: "text", text: "avant" }, { type: "hard_break" }, { type: "text", text: "après", marks: [{ type: "em" }] }] },
      { type: "ordered_list", attrs: { id: null }, content: [{ type: "list_item", attrs: { id: null }, content: [p("un"), p("deux")] }] },
    );
    bob.end().type("\u00a0fin");
    anne.undo();
    bob.paste(...Array.from({ length: 400 }, (_, i) => p(LOREM + i)));
  });
  record("emoji", (server) => {
    const [anne, bob] = table(server, p("a😀b👨‍👩‍👧c"));
    anne.at(4).type("👍🏽😁😀😀");
    // Same first half, other second half: a diff by code units would cut the pair.
    for (const face of ["😁", "😂", "😀", "🤀"]) anne.edit((tr) => tr.insertText(face, 2, 4));
    bob.at(6).type("😀".repeat(5));
    bob.edit((tr) => tr.delete(4, 10));
    bob.at(2, 8).run(toggleMark(schema.marks.strong));
    anne.undo();
    bob.undo();
    anne.at(2).run(splitBlock);
    bob.at(3).run(joinBackward);
  });
  record("offline", (server) => {
    const [anne, bob] = table(server, p("Premier"), p("Deuxième"), p("Troisième"));
    bob.leave();
    anne.leave();
    bob.at(12).type("écrit dans ce que l’autre supprime");
    bob.run(wrapInList(schema.nodes.bullet_list));
    bob.insert(0, p("provisoire"));
    bob.edit((tr) => tr.delete(0, 12));
    bob.undo();
    bob.redo();
    anne.all().edit((tr) => tr.deleteSelection());
    anne.type("Tout neuf 😀").run(splitBlock);
    anne.type("deux");
    anne.join();
    bob.join();
    bob.undo();
    bob.undo();
    anne.leave();
    for (const character of "hors ligne encore") anne.type(character);
    anne.join();
    anne.join();
  });
  record("a type left by a deletion", (server) => {
    const item = (text) => ({ type: "list_item", attrs: { id: null }, content: [p(text)] });
    const [anne, bob] = table(server, { type: "bullet_list", attrs: { id: "l" }, content: [item("un"), item("deux")] }, p("reste"));
    bob.leave();
    bob.at(5).type("dans la liste");
    bob.run(splitListItem(schema.nodes.list_item));
    bob.insert(1, item("en tête"));
    anne.edit((tr) => tr.delete(0, tr.doc.child(0).nodeSize));
    bob.join();
    anne.undo();
    bob.end().type("!");
  });
  record("resent and merged strokes", (server) => {
    const [anne, bob] = table(server);
    const bytes = (stroke) => new Uint8Array(Buffer.from(stroke.update, "base64"));
    anne.at(3).type("abcdef😀ghi");
    const own = server.strokes.slice(-10).map(bytes);
    server.take(anne, own[3]);
    server.take(anne, Y.mergeUpdates(own));
    server.take(anne, Y.encodeStateAsUpdate(anne.doc), [anne.client]);
    anne.online = false;
    anne.type("jkl");
    anne.online = true;
    const late = Y.diffUpdate(Y.encodeStateAsUpdate(anne.doc), Y.encodeStateVectorFromUpdate(Y.mergeUpdates(own.slice(0, 4))));
    server.take(anne, late);
    server.take(bob, Y.encodeStateAsUpdate(bob.doc), [bob.client]);
  });
  record("two ids of one person", (server) => {
    const [anne, bob] = table(server);
    anne.leave();
    anne.at(4).type("avant ");
    anne.doc.clientID = 42;
    anne.type("après ").run(splitBlock);
    anne.at(2).type("et au début");
    anne.online = true;
    server.take(anne, Y.encodeStateAsUpdate(anne.doc, Y.encodeStateVector(server.doc)), [anne.client, 42]);
    bob.at(3).type("bob");
  });
  for (let round = 0; round < 6; round += 1) record(`random ${round}`, (server) => session(server, 120));
}

function session(server, steps) {
  const replicas = table(server);
  replicas.push(new Replica(server, 900 + upTo(1000)));
  server.late = true;
  const acts = {
    type: (r) => r.at(1 + upTo(r.state.doc.content.size)).type(pick(["a", "le ", "été", "😀", "🇳🇨x"])),
    replace: (r) => { const at = upTo(r.state.doc.content.size); r.at(at, at + upTo(6)).type(pick(["z", "😁"])); },
    remove: (r) => { const at = upTo(r.state.doc.content.size); r.at(at, at + upTo(12)).edit((tr) => tr.deleteSelection()); },
    split: (r) => r.at(upTo(r.state.doc.content.size)).run(splitBlock),
    join: (r) => r.at(upTo(r.state.doc.content.size)).run(joinBackward),
    mark: (r) => { const at = upTo(r.state.doc.content.size); r.at(at, at + upTo(9)).run(toggleMark(schema.marks[pick(["strong", "em"])])); },
    link: (r) => r.edit((tr) => { const at = r.whole(upTo(tr.doc.content.size)); tr.addMark(at, r.whole(at + 5), link("https://a.nc/" + upTo(9))); }),
    wrap: (r) => r.at(upTo(r.state.doc.content.size)).run(pick([wrapInList(schema.nodes.bullet_list), wrapIn(schema.nodes.note), lift, liftListItem(schema.nodes.list_item), sinkListItem(schema.nodes.list_item)])),
    kind: (r) => r.at(upTo(r.state.doc.content.size)).run(setBlockType(schema.nodes[pick(["heading", "paragraph", "lead"])], pick([{}, { id: "b" + upTo(9) }]))),
    paste: (r) => r.at(upTo(r.state.doc.content.size)).paste(p("collé"), { type: "note", attrs: { id: null, kind: "warning" }, content: [p("noté 😀")] }),
    undo: (r) => r.undo(),
    redo: (r) => r.redo(),
    offline: (r) => (r.online ? r.leave() : r.join()),
    receive: (r) => r.receive(upTo(5)),
    clear: (r) => random() < 0.15 && r.all().edit((tr) => tr.deleteSelection()),
  };
  const names = Object.keys(acts).flatMap((name) => Array(["type", "undo", "redo", "receive"].includes(name) ? 3 : 1).fill(name));
  for (let step = 0; step < steps; step += 1) acts[pick(names)](pick(replicas));
}

/** The undo of "delete all" on a text of 105,000 characters written in many hands and places. */
function largeUndo() {
  const server = new Server();
  const anne = new Y.Doc();
  anne.clientID = 2000000001;
  const fragment = anne.getXmlFragment(grammar.fragment);
  const text = new Y.XmlText();
  anne.transact(() => {
    const element = new Y.XmlElement("paragraph");
    element.setAttribute("id", "p");
    element.insert(0, [text]);
    fragment.insert(0, [element]);
  });
  while (text.length < 105000) {
    text.insert(upTo(text.length), LOREM.slice(0, 1 + upTo(60)));
    if (random() < 0.3 && text.length > 20) text.delete(upTo(text.length - 12), 1 + upTo(10));
  }
  const before = Y.encodeStateAsUpdate(anne);
  const undoManager = new Y.UndoManager(fragment);
  const sent = [];
  anne.on("update", (update) => sent.push(update));
  text.delete(0, text.length);
  undoManager.undo();
  return {
    client: anne.clientID,
    state: Buffer.from(before).toString("base64"),
    removal: Buffer.from(sent[0]).toString("base64"),
    undo: Buffer.from(sent[1]).toString("base64"),
    length: text.length,
  };
}

if (mode === "soak") {
  seed = Number(process.argv[5] ?? 1);
  for (let round = 0; round < Number(count); round += 1) record(`soak ${round}`, (server) => session(server, 150));
  writeFileSync(file, gzipSync(JSON.stringify({ cases })));
} else {
  fixedCases();
  const vector = { cases, large_undo: largeUndo() };
  writeFileSync("tests/vectors/yjs_strokes.json.gz", gzipSync(JSON.stringify(vector), { level: 9 }));
  console.log(cases.map(({ name, strokes }) => `${name}: ${strokes.length}`).join("\n"));
}
// The undo plugin's time-outs would keep the process for a while.
process.exit(0);
