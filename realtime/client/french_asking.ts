// When the server is asked what could be said more plainly: when nobody has typed for a moment, one call at a time, and
// ever more rarely while it cannot answer.

import type { Node } from "prosemirror-model";
import type { Answer } from "./french_server.ts";
import { NotRead } from "./french_server.ts";
import type { Asked, Reading } from "./french_reading.ts";

/** Without a keystroke of anybody, milliseconds. */
const PAUSE = 1_000;
/** Where somebody is always typing: at the latest after so long. */
const PATIENCE = 10_000;
/** After a first refusal, doubled with each further one, up to the last. */
const AGAIN = 2_000;
const AT_MOST = 60_000;

/** `busy`: the server cannot for the moment; `refused`: not to this person, and asking again does not help. */
export type State = "reading" | "current" | "behind" | "offline" | "busy" | "refused";

export interface AskingOptions {
  reading: Reading;
  doc(): Node | null;
  /** While an input method is composing nothing is asked, for nothing may be drawn anew. */
  waits(): boolean;
  ask(batch: readonly Asked[]): Promise<Answer>;
  /** An answer has come, about these blocks, or is not coming. */
  heard(state: State, asked: readonly Asked[]): void;
  pause?: number;
  again?: number;
}

export class Asking {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private due = Infinity;
  private since: number | null = null;
  private refusals = 0;
  private flying = false;
  private seen: Node | null = null;
  private isOn = false;
  state: State = "reading";

  constructor(private readonly options: AskingOptions) {}

  start(): void {
    this.isOn = true;
    this.refusals = 0;
    this.seen = null;
    this.say(this.options.reading.isBlank ? "reading" : this.state);
    this.soon(0);
  }

  stop(): void {
    this.isOn = false;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.since = null;
  }

  /** After each change of the editor's state: this must cost nothing. */
  changed(): void {
    const doc = this.options.doc();
    if (!this.isOn || doc === null || doc === this.seen) return;
    this.seen = doc;
    const now = Date.now();
    this.since ??= now;
    // While the server is left alone, typing does not bring it back sooner.
    if (this.refusals > 0) return;
    const pause = this.options.pause ?? PAUSE;
    this.due = Math.min(now + pause, Math.max(now, this.since + PATIENCE));
    // The timer is moved when it rings, and not with each key.
    if (this.timer === null && !this.flying) this.soon(pause);
  }

  /** The line is back, or somebody wishes it. */
  again(): void {
    if (!this.isOn || this.flying) return;
    this.refusals = 0;
    this.due = 0;
    this.soon(0);
  }

  private soon(wait: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ring(), wait);
  }

  private ring(): void {
    this.timer = null;
    if (!this.isOn || this.flying) return;
    const left = this.due - Date.now();
    if (this.refusals === 0 && left > 0 && left !== Infinity) return this.soon(left);
    if (this.options.waits()) return this.soon(this.options.pause ?? PAUSE);
    void this.ask();
  }

  private async ask(): Promise<void> {
    const { reading, doc: current, ask } = this.options;
    const doc = current();
    if (doc === null) return;
    this.since = null;
    this.due = Infinity;
    const { batch, left } = reading.due(doc);
    if (batch.length === 0) {
      // Blocks may have gone, or have become again what they were.
      this.refusals = 0;
      this.say("current");
      return;
    }
    this.flying = true;
    try {
      const answer = await ask(batch);
      this.refusals = 0;
      reading.told(batch, answer.blocks, answer.rules);
      this.flying = false;
      if (!this.isOn) return;
      this.say(left > 0 ? (this.state === "reading" ? "reading" : "behind") : "current", batch);
      // The rest of a first reading at once; what was typed meanwhile after its own pause.
      if (left > 0) this.soon(0);
      else if (this.since !== null) this.soon(this.options.pause ?? PAUSE);
    } catch (refusal) {
      this.flying = false;
      if (this.isOn) this.failed(refusal, batch);
    }
  }

  private failed(refusal: unknown, batch: readonly Asked[]): void {
    const status = refusal instanceof NotRead ? refusal.status : 0;
    if (status >= 400 && status < 500 && status !== 429 && status !== 408) {
      if ([401, 403, 404].includes(status)) {
        this.stop();
        this.say("refused");
        return;
      }
      // Something in these blocks is not to its taste: the others need not suffer for it.
      this.options.reading.unreadable(batch);
      this.soon(this.options.pause ?? PAUSE);
      return;
    }
    this.refusals += 1;
    const wait = Math.min(AT_MOST, (this.options.again ?? AGAIN) * 2 ** (this.refusals - 1));
    const asked = refusal instanceof NotRead ? (refusal.retryAfter ?? 0) * 1_000 : 0;
    this.say(status === 0 ? "offline" : "busy");
    // Some part of it by chance, so that a whole room does not come back at one moment.
    this.soon(Math.max(asked, wait * (0.75 + Math.random() / 2)));
  }

  private say(state: State, asked: readonly Asked[] = []): void {
    this.state = state;
    this.options.heard(state, asked);
  }
}
