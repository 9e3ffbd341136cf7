// What a session asks of the editor that shows it, and of the place it runs in.

import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { Outbox } from "./outbox.ts";
import type { Person } from "./protocol.ts";
import type { Situation } from "./savestate.ts";
import type { SocketLike } from "./wire.ts";

export interface SessionView {
  mount(doc: Y.Doc, awareness: Awareness): void;
  unmount(): void;
  setWritable(writable: boolean): void;
  /** True while an input method or a dead key is composing: nothing may change under it. */
  composing(): boolean;
  people(people: readonly Person[], own: number | null): void;
  said(situation: Situation): void;
  unsent(text: string, code: string): void;
  stage(stage: string): void;
  stopped(code: string): void;
  /** The page itself has to be loaded again, for a newer editor. */
  reloadPage(): void;
}

export interface SessionOptions {
  draft: number;
  sharedComputer: boolean;
  socket: SocketLike;
  outbox: Outbox;
  view: SessionView;
  /** The id this tab had before a reload. */
  known?: { clientId: number; history: string } | null;
  remember?(known: { clientId: number; history: string }): void;
  /** Takes the lock of a client id for as long as the tab lives; false when another living tab has it. */
  lock?(clientId: number): Promise<boolean>;
  window?: number;
  ackTimeout?: number;
}
