// What others write, on its way into the document: it waits while an input method is composing, and what arrives
// before the things it builds on is asked for again.

import * as Y from "yjs";
import { REMOTE } from "./pointing.ts";

// How long a composition may hold other people's strokes back, milliseconds.
const MAX_HOLD = 10_000;
// A gap that the server did not close by itself in this time, milliseconds, is closed by joining again.
const GAP_PATIENCE = 2_000;

/**
 * Leaves what comes in as it came. Yjs answers to it by taking out marks that change nothing at that moment: everybody at
 * the table would send that, and the redo of who has just undone something would run on without the end it counts on.
 */
export function leaveAsItCame(doc: Y.Doc): void {
  // Told just before Yjs looks whether it shall tidy up.
  doc.on("afterTransaction", (transaction) => {
    transaction._needFormattingCleanup = false;
  });
}

export class Arrivals {
  private held: Uint8Array[] = [];
  private holdTimer: ReturnType<typeof setTimeout> | null = null;
  private gapTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly doc: Y.Doc,
    private readonly composing: () => boolean,
    private readonly joinAgain: () => void,
  ) {
    leaveAsItCame(doc);
  }

  take(update: Uint8Array): void {
    if (this.held.length > 0 || this.composing()) {
      this.held.push(update);
      this.holdTimer ??= setTimeout(() => this.release(), MAX_HOLD);
      return;
    }
    this.apply(update);
  }

  /** The composition ended: what waited comes in. */
  release(): void {
    if (this.holdTimer !== null) clearTimeout(this.holdTimer);
    this.holdTimer = null;
    for (const update of this.held.splice(0)) this.apply(update);
  }

  /** Nothing that waits comes in any more. */
  stop(): void {
    for (const timer of [this.holdTimer, this.gapTimer]) if (timer !== null) clearTimeout(timer);
    this.holdTimer = this.gapTimer = null;
    this.held = [];
  }

  private apply(update: Uint8Array): void {
    Y.applyUpdate(this.doc, update, REMOTE);
    if (this.doc.store.pendingStructs === null || this.gapTimer !== null) return;
    this.gapTimer = setTimeout(() => {
      this.gapTimer = null;
      if (this.doc.store.pendingStructs !== null) this.joinAgain();
    }, GAP_PATIENCE);
  }
}
