// Random sessions of people who suggest and one who writes, for the tests of the server's gate: every stroke in the
// order in which the server gets it, some of them made before what came before them was known. Run by
// tests/drafts/suggest_strokes.mjs.

import { TextSelection, type Transaction } from "prosemirror-state";
import { undoCommand, yXmlFragmentToProseMirrorRootNode } from "y-prosemirror";
import * as Y from "yjs";
import { isFromShared } from "../ids.ts";
import { FRAGMENT, schema } from "../schema.ts";
import { mended } from "../suggest_mend.ts";
import { onlySuggests, plainWords } from "../suggesting.ts";
import { Headless, randomFrom } from "./headless.ts";
import { copied, Suggester } from "./suggester.ts";

export interface Stroke {
  client: number;
  suggests: boolean;
  update: string;
  /** Words in it are no suggestion any more: the server asks for it again, and nothing of it may stay. */
  astray: boolean;
}

export interface Case {
  name: string;
  /** What everybody reads in the end. */
  words: string;
  state: string;
  strokes: Stroke[];
}

/** What people are at: bounds of one random number for typing, taking out and replacing; the rest is undo. */
const HABITS = {
  writing: { rounds: 25, type: 0.3, erase: 0.65, replace: 0.8, undo: 0.6, separate: 0.5 },
  /** Every second act is taken back, while the words move between blocks that are split and joined. */
  undoing: { rounds: 40, type: 0.22, erase: 0.45, replace: 0.55, undo: 0.93, separate: 0.7 },
};
export type Habit = keyof typeof HABITS;

const WORDS = ["un", "mairie", "élu", "a", "aa", "😀", "le ", " la", "’", "  ", "démarche "];

function text(): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = 1;
  const fragment = doc.getXmlFragment(FRAGMENT);
  const block = (name: string, id: string, ...parts: (Y.XmlText | Y.XmlElement)[]): void => {
    const made = new Y.XmlElement(name);
    made.setAttribute("id", id);
    made.insert(0, parts);
    fragment.push([made]);
  };
  const words = (...runs: [string, Record<string, unknown>][]): Y.XmlText => {
    const made = new Y.XmlText();
    made.applyDelta(runs.map(([insert, attributes]) => ({ insert, attributes })));
    return made;
  };
  block("lead", "b1", words(["L’essentiel en une phrase.", {}]));
  block("paragraph", "b2", words(["Voyez ", {}], ["la carte", { link: { href: "https://exemple.nc/" } }], [" des ", {}], ["mairies", { strong: {} }], [" aaa", {}]));
  block("paragraph", "b3", words(["avant", {}]), new Y.XmlElement("hard_break"), words(["après 😀😀", { em: {} }]));
  block("heading", "b4");
  return doc;
}

class Desk {
  readonly inbox: Uint8Array[] = [];
  readonly outbox: Uint8Array[] = [];
  constructor(readonly editor: Headless, readonly suggests: boolean) {
    editor.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "remote") this.outbox.push(update);
    });
  }
  get client(): number {
    return this.editor.doc.clientID;
  }
}

/** Who writes, and does not suggest. */
class Writer extends Headless {
  constructor(doc: Y.Doc) {
    super(doc);
    const plain = this.dispatch;
    this.dispatch = (tr: Transaction) => plain(tr.docChanged && !isFromShared(tr) ? plainWords(tr) : tr);
  }
}

/**
 * One session. `apart`: how often people write without having heard of one another, from 0 to 1. Of two who suggest to
 * take out the same words at one moment the second is refused, so that when people are apart only one suggests.
 */
export function session(seed: number, apart: number, habit: Habit = "writing"): Case {
  const often = HABITS[habit];
  const random = randomFrom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const server = copied(text(), 1);
  const start = Buffer.from(Y.encodeStateAsUpdate(server)).toString("base64");
  const strokes: Stroke[] = [];
  const suggesters = (apart > 0 ? [10] : [10, 20]).map((client) => new Desk(new Suggester(copied(server, client), client), true));
  const writer = new Desk(new Writer(copied(server, 30)), false);
  const desks = [...suggesters, writer];
  const deliver = (desk: Desk): void => {
    for (const update of desk.inbox.splice(0)) Y.applyUpdate(desk.editor.doc, update, "remote");
  };
  const note = (desk: Desk, update: Uint8Array, astray: boolean): void => {
    strokes.push({ client: desk.client, suggests: desk.suggests, update: Buffer.from(update).toString("base64"), astray });
  };
  /** As the server would see it. */
  const isAstray = ({ editor }: Desk, update: Uint8Array): boolean => {
    if (!(editor instanceof Suggester)) return false;
    const [before, after] = [copied(server, 1), copied(server, 1)];
    Y.applyUpdate(after, update);
    const shown = (doc: Y.Doc) => yXmlFragmentToProseMirrorRootNode(doc.getXmlFragment(FRAGMENT), schema);
    return !onlySuggests(shown(before), shown(after), editor.own);
  };
  const send = (desk: Desk): void => {
    const whole = (): Uint8Array => (desk.outbox.length === 1 ? desk.outbox[0]! : Y.mergeUpdates(desk.outbox));
    if (desk.outbox.length === 0) return;
    let update = whole();
    if (isAstray(desk, update)) {
      note(desk, update, true);
      deliver(desk);
      const mending = mended(desk.editor.state, desk.outbox, (desk.editor as Suggester).own);
      if (mending) (desk.editor as Suggester).asItIs(mending);
      update = whole();
    }
    desk.outbox.length = 0;
    Y.applyUpdate(server, update);
    note(desk, update, false);
    for (const other of desks) if (other !== desk) other.inbox.push(update);
  };
  const act = (desk: Desk): void => {
    const { editor } = desk;
    const size = editor.state.doc.content.size;
    const whole = (at: number): number => (/^[\udc00-\udfff]/u.test(editor.state.doc.textBetween(at, Math.min(size, at + 1))) ? at - 1 : at);
    const place = (): number => whole(Math.floor(random() * size));
    const $at = editor.state.doc.resolve(place());
    if (!$at.parent.inlineContent) return;
    const at = $at.pos;
    const kind = random();
    if (kind < often.type) {
      if (random() < 0.5) editor.select(at);
      for (let i = 0; i < 1 + random() * 3; i += 1) editor.type(pick(WORDS));
    } else if (kind < often.erase) {
      const to = whole(Math.min($at.end(), at + 1 + Math.floor(random() * 6)));
      if (to <= at) return;
      editor.select(random() < 0.5 ? at : to);
      if (random() < 0.3) editor.select(at, to);
      editor.dispatch(editor.state.tr.delete(at, to));
    } else if (kind < often.replace) {
      const to = whole(Math.min($at.end(), at + 1 + Math.floor(random() * 5)));
      if (to <= at) return;
      editor.select(at, to);
      editor.type(pick(WORDS));
    } else if (editor instanceof Suggester && random() < often.undo) {
      if (random() < often.separate) editor.separate();
      if (random() < 0.7) editor.undo();
      else editor.redo();
    } else if (editor instanceof Suggester) {
      // What is refused must leave no trace on the wire either.
      editor.dispatch(pick([() => editor.state.tr.setNodeAttribute(0, "id", "x"), () => editor.state.tr.split(at), () => editor.state.tr.delete(0, editor.state.doc.firstChild!.nodeSize)])());
    } else if (habit === "undoing" && random() < 0.5) {
      const $start = editor.state.doc.resolve($at.before());
      if (random() < 0.5) undoCommand(editor.state, editor.dispatch);
      else if ($start.nodeBefore?.type === $at.parent.type) editor.dispatch(editor.state.tr.join($start.pos));
    } else if (random() < 0.5) {
      editor.dispatch(editor.state.tr.split(at));
    }
    const { selection } = editor.state;
    if (!(selection instanceof TextSelection)) editor.select(1);
  };
  for (let round = 0; round < often.rounds; round += 1) {
    const desk = pick(desks);
    if (random() >= apart) deliver(desk);
    act(desk);
    if (apart === 0 || random() < 0.8) send(desk);
    if (random() >= apart) for (const other of desks) if (other.outbox.length === 0) deliver(other);
  }
  for (const desk of desks) send(desk);
  for (const desk of desks) {
    deliver(desk);
  }
  for (const desk of desks) desk.editor.destroy();
  const words = writer.editor.state.doc.textBetween(0, writer.editor.state.doc.content.size, "\n", "\n");
  return { name: `${habit} ${seed}, apart ${apart}`, words, state: start, strokes };
}
