// One life of a local document, and what is left of it once the server has said never.

import type * as Y from "yjs";
import type { Arrivals } from "./arrivals.ts";
import type { Pointing } from "./pointing.ts";
import { FRAGMENT } from "./schema.ts";
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
    private readonly offer: (text: string) => void,
    late: () => void,
  ) {
    life.wire.close();
    this.timer = setTimeout(() => {
      late();
      this.tell();
    }, PATIENCE);
  }

  typed(update: Uint8Array): void {
    this.updates.push(update);
  }

  private tell(): void {
    if (this.offered || this.updates.length === 0) return;
    this.offered = true;
    this.offer(insertedText(this.life.doc.getXmlFragment(FRAGMENT), this.updates));
  }

  end(): void {
    clearTimeout(this.timer);
    this.tell();
    endLife(this.life);
  }
}
