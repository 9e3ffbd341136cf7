// One seat at the table: joins, numbers one's strokes, sends them, believes only the server's word that they are kept,
// and knows which refusal means "again" and which means "never". No DOM and no document in here: the session gives the
// bytes, so that this file is tested with a real Socket.IO server in Node.

import {
  ACK_TIMEOUT,
  bytes,
  isTransient,
  needsJoin,
  onlySuggests,
  type AccessNews,
  type JoinAnswer,
  type JoinReply,
  type JoinRequest,
  type Person,
  type RefusedNews,
  type UpdateNews,
  type WireError,
} from "./protocol.ts";
import { isEmpty, packed, trimmed } from "./strokes.ts";

export interface SocketLike {
  connected: boolean;
  emit(event: string, ...args: unknown[]): unknown;
  on(event: string, listener: (...args: any[]) => void): unknown;
  off(event: string, listener?: (...args: any[]) => void): unknown;
}

export interface Stroke {
  /** Number of the stroke in its outbox. */
  readonly n: number;
  readonly update: Uint8Array;
}

interface Message {
  n: number;
  strokes: Stroke[];
  sentAt: number;
  /** A refused message is not covered by a later number: it has to be sent again. */
  refused: boolean;
}

export type Phase = "offline" | "joining" | "open" | "paused" | "closed";

export interface WireHooks {
  /** What to say in `join`, from the document as it is now. */
  request(): JoinRequest;
  /** The client id this document writes under, once the server has given one. */
  clientId(): number | null;
  /** Takes the joined state in. False: this reply belongs to another life of the document; nothing may be sent. */
  joined(reply: JoinReply): boolean;
  remote(update: Uint8Array, seq: number): void;
  awareness(update: Uint8Array): void;
  people(people: Person[]): void;
  access(news: AccessNews): void;
  stage(stage: string): void;
  reload(reason: string): void;
  /** The number of the last change of a remark. */
  remarks?(number: number): void;
  /** These strokes are on the server's disk. */
  saved(strokes: readonly Stroke[]): void;
  /** A final refusal, of a stroke or (`atJoin`) of the join itself. */
  refused(error: WireError, atJoin: boolean): void;
  /** Neither a stroke nor a join was answered: the line may be dead, although it looks open. */
  mute(): void;
  /** Anything a person may be shown has changed. */
  changed(): void;
}

export interface WireOptions {
  draft: number;
  /** Strokes of one animation frame or so go out together, milliseconds. */
  window?: number;
  ackTimeout?: number;
  joinTimeout?: number;
}

const MAX_WINDOW = 250;
const MOST_ASTRAY = 4;

export class Wire {
  phase: Phase = "offline";
  /** Whether strokes are taken from this seat. */
  canWrite = false;
  /** They may only suggest. */
  onlySuggests = false;
  private astray = 0;
  /** Why nobody can write for now, when it is the text and not the person: "damaged" or "healing". */
  closed: string | null = null;
  /** Sent or not, what the server has not said it keeps. In order. */
  pending: Stroke[] = [];
  lastError: WireError | null = null;

  private readonly window: number;
  private readonly ackTimeout: number;
  private readonly joinTimeout: number;
  private flying: Message[] = [];
  private early: UpdateNews[] = [];
  private unsent: Stroke[] = [];
  private messageNumber = 0;
  private joinNumber = 0;
  private joinFailures = 0;
  private joinPatience: number;
  private roundTrip = 0;
  private lastFlush = 0;
  private flushTimer: ReturnType<typeof setTimeout> | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private joinTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly watch: ReturnType<typeof setInterval>;
  private readonly listeners: [string, (...args: any[]) => void][] = [];

  constructor(
    private readonly socket: SocketLike,
    private readonly hooks: WireHooks,
    private readonly options: WireOptions,
  ) {
    this.window = options.window ?? 20;
    this.ackTimeout = options.ackTimeout ?? ACK_TIMEOUT;
    this.joinTimeout = this.joinPatience = options.joinTimeout ?? 30_000;
    this.listen("connect", () => this.join());
    this.listen("disconnect", () => this.lost());
    this.listen("update", (news: UpdateNews) => this.onUpdate(news));
    this.listen("refused", (news: RefusedNews) => this.onRefused(news));
    this.listen("awareness", (news: { draft: number; update: unknown }) => {
      if (this.mine(news)) this.hooks.awareness(bytes(news.update));
    });
    this.listen("people", (news: { draft: number; people: Person[] }) => {
      if (this.mine(news)) this.hooks.people(news.people);
    });
    this.listen("access", (news: AccessNews) => this.onAccess(news));
    this.listen("stage", (news: { draft: number; stage: string }) => {
      if (this.mine(news)) this.hooks.stage(news.stage);
    });
    this.listen("remarks", (news: { draft: number; number: number }) => {
      if (this.mine(news)) this.hooks.remarks?.(news.number);
    });
    this.listen("reload", (news: { draft: number; reason?: string }) => {
      if (this.mine(news)) this.hooks.reload(news.reason ?? "");
    });
    this.watch = setInterval(() => this.lookAtClock(), Math.min(1_000, this.ackTimeout / 4));
    if (socket.connected) this.join();
  }

  /** Strokes kept from an earlier life of this tab, in order, before the first join. */
  restore(strokes: readonly Stroke[]): void {
    this.pending.push(...strokes);
    this.unsent.push(...strokes);
  }

  push(stroke: Stroke): void {
    this.pending.push(stroke);
    this.unsent.push(stroke);
    if (this.phase === "open") this.schedule();
    this.hooks.changed();
  }

  sendAwareness(update: Uint8Array): void {
    if (this.phase === "open" || this.phase === "paused") {
      this.socket.emit("awareness", { draft: this.options.draft, update });
    }
  }

  /** Joins again: after a gap, a time-out, a changed client id. */
  join(): void {
    if (this.phase === "closed" || !this.socket.connected) return;
    this.clearTimers();
    this.phase = "joining";
    this.early = [];
    this.unsent = [...this.pending];
    this.flying = [];
    const number = ++this.joinNumber;
    this.joinTimer = setTimeout(() => {
      if (number !== this.joinNumber || this.phase !== "joining") return;
      // On a slow line a long text takes its time, and asking for it again makes it longer: the patience grows.
      this.joinPatience *= 2;
      this.hooks.mute();
      if (number === this.joinNumber) this.join();
    }, this.joinPatience);
    this.socket.emit("join", this.hooks.request(), (answer: JoinAnswer) => {
      if (number === this.joinNumber && this.phase === "joining") this.onJoined(answer);
    });
    this.hooks.changed();
  }

  /** Stops for good; `leave` is said when the line is there. */
  close(): void {
    if (this.phase !== "closed" && this.socket.connected) this.socket.emit("leave", { draft: this.options.draft });
    this.phase = "closed";
    this.clearTimers();
    clearInterval(this.watch);
    for (const [event, listener] of this.listeners) this.socket.off(event, listener);
    this.listeners.length = 0;
  }

  private listen(event: string, listener: (...args: any[]) => void): void {
    this.socket.on(event, listener);
    this.listeners.push([event, listener]);
  }

  private mine(news: { draft: number }): boolean {
    return this.phase !== "closed" && Number(news.draft) === this.options.draft;
  }

  private clearTimers(): void {
    for (const timer of [this.flushTimer, this.retryTimer, this.joinTimer]) if (timer !== null) clearTimeout(timer);
    this.flushTimer = this.retryTimer = this.joinTimer = null;
  }

  private lost(): void {
    if (this.phase === "closed") return;
    this.clearTimers();
    this.joinPatience = this.joinTimeout;
    this.phase = "offline";
    this.joinNumber += 1;
    this.flying = [];
    this.unsent = [...this.pending];
    this.hooks.changed();
  }

  private onJoined(answer: JoinAnswer): void {
    this.clearTimers();
    this.joinPatience = this.joinTimeout;
    if (!answer.ok) {
      this.lastError = answer.error;
      if (!isTransient(answer.error.code)) {
        this.refuse(answer.error, true);
        return;
      }
      this.joinFailures += 1;
      const wait = (answer.error.retry_after ?? Math.min(10, 0.5 * 2 ** this.joinFailures)) * 1_000;
      this.retryTimer = setTimeout(() => this.join(), wait * (1 + Math.random() / 4));
      this.hooks.changed();
      return;
    }
    this.joinFailures = 0;
    const reply: JoinReply = {
      ...answer,
      update: bytes(answer.update),
      state_vector: bytes(answer.state_vector),
      ...(answer.awareness === undefined ? {} : { awareness: bytes(answer.awareness) }),
    };
    if (!this.hooks.joined(reply)) return;
    this.seated(reply);
    this.lastError = null;
    this.phase = "open";
    for (const news of this.early.splice(0)) this.onUpdate(news);
    if (this.pending.length > 0) {
      if (!this.canWrite) {
        this.refuse({ code: reply.reason === "damaged" ? "damaged" : "forbidden" }, false);
        return;
      }
      this.resend(reply.state_vector);
    }
    this.hooks.changed();
  }

  private seated(news: JoinReply | AccessNews): void {
    this.onlySuggests = onlySuggests(news);
    this.canWrite = news.can_write || this.onlySuggests;
    this.closed = this.canWrite ? null : (news.reason ?? null);
  }

  /** Everything pending, without what the server says it has already. Strokes it had entirely are done. */
  private resend(serverVector: Uint8Array | null): void {
    const todo: Stroke[] = [];
    for (const stroke of this.pending) {
      const update = serverVector === null ? stroke.update : trimmed(stroke.update, serverVector);
      if (isEmpty(update)) continue;
      todo.push({ n: stroke.n, update });
    }
    const left = new Set(todo.map((stroke) => stroke.n));
    const done = this.pending.filter((stroke) => !left.has(stroke.n));
    this.unsent = [];
    if (done.length > 0) this.finish(done);
    this.send(todo);
  }

  private schedule(): void {
    if (this.flushTimer !== null) return;
    // On a slow line every message costs a round trip of its own: wait a little longer and send fewer.
    const pause = Math.min(MAX_WINDOW, Math.max(this.window, this.roundTrip / 2));
    const wait = Math.max(0, this.lastFlush + pause - Date.now());
    this.flushTimer = setTimeout(() => {
      this.flushTimer = null;
      this.flush();
    }, wait);
  }

  private flush(): void {
    if (this.phase !== "open" || this.unsent.length === 0) return;
    const strokes = this.unsent;
    this.unsent = [];
    this.send(strokes);
  }

  private send(strokes: readonly Stroke[]): void {
    this.lastFlush = Date.now();
    for (const pack of packed(strokes)) {
      if (pack.door === "none") {
        this.refuse({ code: "too_large" }, false);
        return;
      }
      const n = ++this.messageNumber;
      this.flying.push({ n, strokes: pack.strokes, sentAt: Date.now(), refused: false });
      const payload: Record<string, unknown> = { draft: this.options.draft, update: pack.update, n };
      if (pack.door === "bulk") payload["bulk"] = true;
      this.socket.emit("update", payload);
    }
  }

  private onUpdate(news: UpdateNews): void {
    if (!this.mine(news)) return;
    // Between `join` and its answer nobody knows yet whether this is still the same life of the document.
    if (this.phase === "joining") {
      this.early.push(news);
      return;
    }
    if (this.phase === "offline") return;
    const update = bytes(news.update);
    if (update.byteLength > 0) this.hooks.remote(update, news.seq);
    const client = this.hooks.clientId();
    const through = client === null ? undefined : news.saved?.[String(client)];
    if (through !== undefined) this.acknowledged(through);
  }

  private acknowledged(through: number): void {
    const done = this.flying.filter((message) => message.n <= through && !message.refused);
    if (done.length === 0) return;
    this.roundTrip = Date.now() - done[done.length - 1]!.sentAt;
    this.flying = this.flying.filter((message) => !done.includes(message));
    this.finish(done.flatMap((message) => message.strokes));
    this.hooks.changed();
  }

  private finish(strokes: readonly Stroke[]): void {
    const numbers = new Set(strokes.map((stroke) => stroke.n));
    this.pending = this.pending.filter((stroke) => !numbers.has(stroke.n));
    this.lastError = null;
    this.astray = 0;
    this.hooks.saved(strokes);
  }

  private onRefused(news: RefusedNews): void {
    if (!this.mine(news)) return;
    const message = this.flying.find((one) => one.n === news.n);
    // Refusals of messages already given up, or following the one that opened a gap, tell nothing new.
    if (!message || message.refused) return;
    message.refused = true;
    this.lastError = news.error;
    // Words that are no suggestion any more are asked for again and marked anew; not for ever.
    if (this.onlySuggests && news.error.code === "resync" && (this.astray += 1) > MOST_ASTRAY) {
      this.refuse({ code: "forbidden" }, false);
      return;
    }
    if (!isTransient(news.error.code)) {
      this.refuse(news.error, false);
      return;
    }
    if (this.phase !== "open") return;
    this.clearTimers();
    this.phase = "paused";
    const wait = (news.error.retry_after ?? (needsJoin(news.error.code) ? 0 : 1)) * 1_000 * (1 + Math.random() / 4);
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null;
      if (needsJoin(news.error.code)) {
        this.join();
      } else {
        this.phase = "open";
        this.flying = [];
        this.resend(null);
        this.hooks.changed();
      }
    }, wait);
    this.hooks.changed();
  }

  private onAccess(news: AccessNews): void {
    if (!this.mine(news)) return;
    this.seated(news);
    this.hooks.access(news);
    this.hooks.changed();
  }

  private refuse(error: WireError, atJoin: boolean): void {
    this.phase = "closed";
    this.clearTimers();
    this.lastError = error;
    this.hooks.refused(error, atJoin);
    this.hooks.changed();
  }

  /** A stroke without an answer for ten seconds: the line may be dead without anybody having said so. */
  private lookAtClock(): void {
    if (this.phase !== "open") return;
    const oldest = this.flying[0];
    if (!oldest || Date.now() - oldest.sentAt <= this.ackTimeout) return;
    this.joinPatience = this.ackTimeout;
    this.join();
  }
}
