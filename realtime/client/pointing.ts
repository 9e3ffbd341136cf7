// Where people point: one's own cursor goes out now and then, the others' come in. Who they are is not in here: the
// server says that in `people`.

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import type * as Y from "yjs";

/** Origin of every change that came from elsewhere; what has another origin is one's own. */
export const REMOTE = Symbol("remote");

/** A cursor moves with every key: more often than this, milliseconds, nobody needs to know. */
const PAUSE = 60;

export class Pointing {
  readonly awareness: Awareness;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    doc: Y.Doc,
    private readonly send: (update: Uint8Array) => void,
  ) {
    this.awareness = new Awareness(doc);
    this.awareness.on("update", ({ added, updated, removed }: Record<string, number[]>, origin: unknown) => {
      if (origin !== REMOTE && [...added!, ...updated!, ...removed!].includes(this.awareness.clientID)) this.soon();
    });
  }

  /** Takes the seat's client id, at each join. */
  seat(id: number): void {
    const { awareness } = this;
    if (awareness.clientID === id) return;
    const cursor: unknown = awareness.getLocalState()?.["cursor"];
    awareness.states.delete(awareness.clientID);
    awareness.meta.delete(awareness.clientID);
    awareness.clientID = id;
    awareness.setLocalState({ cursor: cursor ?? null });
  }

  soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.awareness.getLocalState() === null) return;
      this.send(encodeAwarenessUpdate(this.awareness, [this.awareness.clientID]));
    }, PAUSE);
  }

  take(update: Uint8Array): void {
    if (update.byteLength === 0) return;
    try {
      applyAwarenessUpdate(this.awareness, update, REMOTE);
    } catch {
      // Where colleagues point is a courtesy; a broken message about it must not stop the text.
    }
    this.forget();
  }

  /** Drops the cursors of those who are not at the table any more. */
  keep(present: ReadonlySet<number>): void {
    const { awareness } = this;
    const gone = [...awareness.getStates().keys()].filter((id) => id !== awareness.clientID && !present.has(id));
    if (gone.length > 0) removeAwarenessStates(awareness, gone, REMOTE);
    this.forget();
  }

  /** A colleague who reloads comes back under the same id and counts from nought again: forget how far they were. */
  private forget(): void {
    const { awareness } = this;
    for (const id of awareness.meta.keys()) {
      if (id !== awareness.clientID && !awareness.states.has(id)) awareness.meta.delete(id);
    }
  }

  end(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.awareness.destroy();
  }
}
