// One life of a local document, and what is left of it once the server has said never.

import * as Y from "yjs";
import grammar from "../../drafts/schema.json";
import type { Arrivals } from "./arrivals.ts";
import type { Copy } from "./left_text.ts";
import type { Pointing } from "./pointing.ts";
import { FRAGMENT } from "./schema.ts";
import type { SessionView } from "./session_view.ts";
import { insertedText } from "./strokes.ts";
import type { Wire } from "./wire.ts";

export interface Life {
  doc: Y.Doc;
  pointing: Pointing;
  arrivals: Arrivals;
  wire: Wire;
  clientId: number | null;
  /** The id under which the device keeps this life's strokes. */
  keptUnder: number;
  history: string | null;
  person: string;
  seq: number | null;
  based: boolean;
}

export function endLife(life: Life): void {
  life.wire.close();
  life.arrivals.stop();
  life.pointing.end();
  life.doc.destroy();
}

/** How the server calls a life that began from a backup (docs/protocol.md): browsers may then hold newer text than it. */
const RESTORED = "restored-";

/** What a tab showed when its sign-in had ended, for whoever signs in again in that very tab. */
export interface Aside extends Copy {
  person: string;
  history: string;
}

/** What lives read at this moment. Few browsers ever live through a restored backup, so that the words are made by a part of
 * its own, which is fetched when they are wanted; what is read is held still meanwhile. */
function withCopies(view: SessionView, lives: Life[], run: (...copies: Copy[]) => void): void {
  const still = lives.map(({ doc }) => Y.encodeStateAsUpdate(doc));
  view.copies?.((copyOf) => {
    const copies = still.map((state) => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, state);
      return copyOf(doc.getXmlFragment(FRAGMENT), grammar.nodes);
    });
    run(...copies);
  });
}

/** A restored backup holds no sign-ins: the person comes back by another page, and this one is gone then. */
export function setAside(life: Life | null, view: SessionView): void {
  if (!life?.history) return;
  const { person, history } = life;
  withCopies(view, [life], (copy) => view.setAside?.({ ...copy!, person, history }));
}

/** Offered only where the text began anew from a backup meanwhile; in every other case it is forgotten. */
export function offerAside(life: Life, view: SessionView, mayKeep: boolean): void {
  const aside = view.takeAside?.();
  if (!aside || aside.person !== life.person || aside.history === life.history) return;
  if (!life.history?.startsWith(RESTORED)) return;
  withCopies(view, [life], (now) => {
    if (aside.html !== now!.html) view.leftBehind?.(aside, mayKeep);
  });
}

/** Longer than this, milliseconds, nobody should write into a document that will be thrown away. */
const PATIENCE = 2_000;

/**
 * A document that stays in sight until its successor is there, so that a person who goes on typing types into
 * something. What they type meanwhile is offered together with what was refused.
 */
export class Leaving {
  private readonly timer: ReturnType<typeof setTimeout>;
  private offered = false;

  constructor(
    readonly life: Life,
    private readonly updates: Uint8Array[],
    private readonly code: string,
    private readonly view: SessionView,
  ) {
    life.wire.close();
    this.timer = setTimeout(() => {
      view.setWritable(false);
      this.tell();
    }, PATIENCE);
  }

  typed(update: Uint8Array): void {
    this.updates.push(update);
  }

  private tell(): void {
    if (this.offered || this.updates.length === 0) return;
    this.offered = true;
    this.view.unsent(insertedText(this.life.doc.getXmlFragment(FRAGMENT), this.updates), this.code, false);
  }

  /** `next` is the life that takes its place; `mayKeep`: whether the person may bring text into it. */
  end(next?: Life, mayKeep = false): void {
    clearTimeout(this.timer);
    this.tell();
    // After a redaction or a repair there is nothing to be kept: only a backup knows less than a browser.
    if (next?.history?.startsWith(RESTORED)) {
      withCopies(this.view, [this.life, next], (copy, now) => {
        if (copy!.html !== now!.html) this.view.leftBehind?.(copy!, mayKeep);
      });
    }
    endLife(this.life);
  }
}
