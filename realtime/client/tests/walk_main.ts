// Sessions of three people in the real editor, for tests/drafts/test_walks.py: what each sends, and whose each sign is.
// Every sign is typed once, so that nobody has to guess later whose it is.
//
// node …/walk_main.mjs FIRST_SEED SESSIONS STEPS FILE

import { writeFileSync } from "node:fs";
import type { Slice } from "prosemirror-model";
import * as Y from "yjs";
import { markType, nodeType, schema } from "../schema.ts";
import { randomEdit, somewhere, whole } from "./edits.ts";
import { Headless, randomFrom } from "./headless.ts";

const REMOTE = "remote";
const PEOPLE = 3;

interface Stroke {
  person: number;
  /** What the person was doing, for the reader of a failure. */
  deed: string;
  update: string;
}

class Replica {
  readonly doc = new Y.Doc({ gc: false });
  readonly editor: Headless;
  readonly inbox: Uint8Array[] = [];

  constructor(readonly person: number, start: Uint8Array, send: (from: Replica, update: Uint8Array) => void) {
    Y.applyUpdate(this.doc, start, REMOTE);
    this.doc.clientID = 100 + person;
    this.editor = new Headless(this.doc);
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== REMOTE) send(this, update);
    });
  }

  receive(): void {
    for (const update of this.inbox.splice(0)) Y.applyUpdate(this.doc, update, REMOTE);
  }
}

function session(seed: number, steps: number) {
  const random = randomFrom(seed);
  // In every second session people see each other's strokes at once and take nothing back; in the others they have not
  // seen the last ones, or undo what was built upon meanwhile, and Yjs puts the same words in several places.
  const calm = seed % 2 === 1;
  const late = seed % 4 === 0;
  const signs: Record<string, number> = {};
  const strokes: Stroke[] = [];
  let count = 0;
  let deed = "";
  const words = (person: number): string => {
    let text = "";
    for (let left = 2 + Math.floor(random() * 30); left > 0; left -= 1) {
      count += 1;
      // Signs of two, three and four bytes.
      const sign = String.fromCodePoint(count % 3 === 0 ? 0x20000 + count : count % 3 === 1 || count > 500 ? 0x4e00 + count : 0x100 + count);
      signs[sign] = person;
      text += sign;
    }
    return text;
  };
  const replicas: Replica[] = [];
  const start = Y.encodeStateAsUpdate(new Y.Doc());
  for (let person = 1; person <= PEOPLE; person += 1) {
    replicas.push(
      new Replica(person, start, (from, update) => {
        strokes.push({ person: from.person, deed, update: Buffer.from(update).toString("base64") });
        for (const other of replicas) if (other !== from) other.inbox.push(update);
      }),
    );
  }
  const [first] = replicas;
  deed = "begin";
  const paragraphs = [0, 1, 2].map(() => nodeType("paragraph").create(null, schema.text(words(1))));
  first!.editor.dispatch(first!.editor.state.tr.insert(0, paragraphs));
  let cut: Slice | null = null;
  /** Cut by one, pasted by one or by another. */
  const cutOrPaste = (editor: Headless): void => {
    const { selection, doc, tr } = editor.state;
    if (cut === null) {
      if (selection.empty) return;
      const slice = doc.slice(selection.from, selection.to);
      // A single sign that turns up elsewhere is nobody's in particular.
      if (slice.content.textBetween(0, slice.content.size, " ", " ").split(" ").some((words) => [...words].length === 1)) return;
      deed = "cut";
      cut = slice;
      editor.dispatch(tr.deleteSelection());
    } else {
      deed = "paste";
      const target = somewhere(editor, random);
      editor.dispatch(tr.replaceRange(target, target, cut));
      cut = null;
    }
  };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  for (let step = 0; step < steps; step += 1) {
    const replica = pick(replicas);
    if (!late || random() < 0.4) replica.receive();
    deed = "edit";
    const { editor, person } = replica;
    const roll = random();
    if (roll < 0.08) cutOrPaste(editor);
    else if (roll < 0.16) {
      // A suggestion is made, taken up or turned down; a remark is anchored: marks over words of others.
      deed = "mark";
      const from = somewhere(editor, random);
      const to = whole(editor, Math.min(editor.state.doc.content.size, from + 1 + Math.floor(random() * 20)));
      const name = pick(["insertion", "deletion", "remark"]);
      const tr = editor.state.tr;
      if (random() < 0.5) tr.addMark(from, to, markType(name).create({ id: `s${step}` }));
      else tr.removeMark(from, to, markType(name));
      if (tr.docChanged) editor.dispatch(tr);
    } else randomEdit(editor, random, () => words(person), cutOrPaste, !calm);
  }
  for (const replica of replicas) replica.receive();
  for (const replica of replicas) replica.editor.destroy();
  return { seed, calm, signs, strokes };
}

const [first, sessions, steps, file] = process.argv.slice(2);
const made = [];
for (let i = 0; i < Number(sessions); i += 1) made.push(session(Number(first) + i, Number(steps)));
writeFileSync(file!, JSON.stringify(made));
// The undo plugin's time-outs would keep the process for a while.
process.exit(0);
