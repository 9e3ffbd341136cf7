// What a session asks of the editor that shows it, and of the place it runs in.

import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { Copy } from "./left_text.ts";
import type { Aside } from "./life.ts";
import type { Outbox } from "./outbox.ts";
import type { Person } from "./protocol.ts";
import type { Situation } from "./savestate.ts";
import type { SocketLike } from "./wire.ts";

export interface SessionView {
  mount(doc: Y.Doc, awareness: Awareness): void;
  unmount(): void;
  /** `onlySuggests`: nothing but suggestions may be written. */
  setWritable(writable: boolean, onlySuggests?: boolean): void;
  /** True while an input method or a dead key is composing: nothing may change under it. */
  composing(): boolean;
  people(people: readonly Person[], own: number | null): void;
  said(situation: Situation): void;
  /** `kept`: the device keeps it too, and sends it once that is possible again. */
  unsent(text: string, code: string, kept: boolean): void;
  /** What makes copies of texts, when it is there: it is fetched for that. */
  copies?(run: (copyOf: typeof import("./left_text.ts").copyOf) => void): void;
  /** The text began anew from a backup, and this browser showed another one: `mayKeep` says whether it may be brought in. */
  leftBehind?(copy: Copy, mayKeep: boolean): void;
  /** Keep for this tab what it showed, until it is taken. */
  setAside?(aside: Aside): void;
  takeAside?(): Aside | null;
  stage(stage: string): void;
  /** The number of the last change of a remark. */
  remarks?(number: number): void;
  stopped(code: string): void;
  /** Loads the page again for a newer editor, once: false when that was tried a moment ago and did not help. */
  reloadPage(): boolean;
  /** Only the person can load the page again; `keeps`: what was not sent waits on this device. */
  outdated(keeps: boolean): void;
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
  /** The line takes what is said and answers nothing: another one is wanted. */
  renewLine?(): void;
  window?: number;
  ackTimeout?: number;
}
