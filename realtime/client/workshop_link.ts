// The line of a room: joins, hears, and sends acts until they are answered. What was sent before a cut is sent again under
// the same key, so that nothing is done twice and nothing is lost.

import { openLine, type Line } from "./connection.ts";
import type { Patch, State } from "./workshop_state.ts";

export interface Person { person: number; name: string; administration: string }
export interface Refusal { code: string; message: string; retry_after?: number }
export interface Joined {
  number: number;
  now: number;
  state: State;
  names: Person[];
  people: Person[];
  turnout: Record<string, number>;
  voted: number[];
  leads: boolean;
}
export interface Moved { session: number; number: number; now: number; patches: Patch[]; names: Person[] }
export interface Access { session: number; leads: boolean; gone?: boolean; message?: string }
export interface Outcome { number: number | null; again: boolean }

export interface Ears {
  /** `trip`: how long the answer took, milliseconds. */
  joined(found: Joined, trip: number): void;
  moved(news: Moved): void;
  people(people: Person[]): void;
  turnout(turnout: Record<string, number>): void;
  access(news: Access): void;
  /** Whether the line is up, and how many acts wait for an answer. */
  line(up: boolean, waiting: number): void;
  ended(code: string): void;
}

interface Act {
  fields: Record<string, unknown>;
  done(outcome: Outcome): void;
  failed(refusal: Refusal): void;
}

/** An act or a join that is not answered in this time is taken up anew, milliseconds. */
const PATIENCE = 10_000;
const PASSES = new Set(["unavailable", "rate_limited"]);

function key(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class RoomLink {
  private readonly line: Line;
  private readonly acts: Act[] = [];
  private joined = false;
  private sending = false;
  private again: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly session: number,
    private readonly ears: Ears,
  ) {
    this.line = openLine("/labs", "/socket.io", (code) => ears.ended(code));
    const { socket } = this.line;
    socket.on("connect", () => this.join());
    socket.on("disconnect", () => {
      this.joined = this.sending = false;
      this.tellLine();
    });
    const mine = <News extends { session: number }>(hear: (news: News) => void) => (news: News) => {
      if (news.session === this.session && this.joined) hear(news);
    };
    socket.on("moved", mine<Moved>((news) => ears.moved(news)));
    socket.on("people", mine<{ session: number; people: Person[] }>((news) => ears.people(news.people)));
    socket.on("turnout", mine<{ session: number; turnout: Record<string, number> }>((news) => ears.turnout(news.turnout)));
    socket.on("access", mine<Access>((news) => ears.access(news)));
  }

  /** Do something in the room; answered now, or once the line is there again. */
  act(fields: Record<string, unknown>): Promise<Outcome> {
    return new Promise((done, failed) => {
      this.acts.push({ fields: { ...fields, session: this.session, key: key() }, done, failed });
      this.tellLine();
      this.send();
    });
  }

  /** Something did not fit: be given the whole state again. */
  join(): void {
    const begun = performance.now();
    this.joined = this.sending = false;
    this.line.socket.timeout(PATIENCE).emit("join", { session: this.session }, (gone: Error | null, answer: Answer<Joined>) => {
      if (gone) {
        this.line.renew();
        return;
      }
      if (!answer.ok) {
        if (PASSES.has(answer.error.code)) this.later(() => this.join(), answer.error.retry_after);
        else this.ears.ended(answer.error.code);
        return;
      }
      this.line.works();
      this.joined = true;
      this.ears.joined(answer, performance.now() - begun);
      this.tellLine();
      this.send();
    });
  }

  private later(what: () => void, seconds = 1): void {
    if (this.again !== null) clearTimeout(this.again);
    this.again = setTimeout(what, Math.max(seconds, 0.2) * 1000);
  }

  private tellLine(): void {
    this.ears.line(this.joined, this.acts.length);
  }

  /** One act after the other, in the order they were meant. */
  private send(): void {
    const act = this.acts[0];
    if (!act || !this.joined || this.sending) return;
    this.sending = true;
    this.line.socket.timeout(PATIENCE).emit("do", act.fields, (gone: Error | null, answer: Answer<Outcome>) => {
      if (act !== this.acts[0]) return;
      this.sending = false;
      if (gone) {
        if (this.joined) this.line.renew();
        return;
      }
      if (!answer.ok && (PASSES.has(answer.error.code) || answer.error.retry_after !== undefined)) {
        if (answer.error.code === "moved_on") this.join();
        else this.later(() => this.send(), answer.error.retry_after);
        return;
      }
      this.acts.shift();
      if (answer.ok) act.done(answer);
      else act.failed(answer.error);
      this.tellLine();
      this.send();
    });
  }
}

type Answer<Found> = ({ ok: true } & Found) | { ok: false; error: Refusal };
