// One person's stay at one draft: the document, its client id, what is kept on the device, and what to do when the
// server says never. A document that was refused something is thrown away and built anew from the server under a new
// client id, because a refused stroke has used up clocks. No DOM in here: the editor gives a `SessionView`.

import * as Y from "yjs";
import { Arrivals } from "./arrivals.ts";
import { endLife, Leaving, offerAside, setAside, type Life } from "./life.ts";
import type { Box, StoredBox } from "./outbox.ts";
import { Pointing, REMOTE } from "./pointing.ts";
import { onlySuggests, type AccessNews, type JoinReply, type JoinRequest, type Person, type WireError } from "./protocol.ts";
import { FRAGMENT, SCHEMA_NUMBER } from "./schema.ts";
import type { SessionOptions } from "./session_view.ts";
import { insertedText, storedText } from "./strokes.ts";
import { Wire, type Stroke } from "./wire.ts";

// Rebuilding so often without one stroke saved in between means that something is wrong for good.
const MAX_REBUILDS = 5;
// What these refuse may still be sent, after a new sign-in or by a newer editor: the device goes on keeping it.
const KEPT = new Set(["unauthenticated", "outdated"]);

export class Session {
  private life: Life | null = null;
  private counter = 0;
  private adopted: StoredBox[] = [];
  private refusal: string | null = null;
  private stopped = false;
  private rebuilds = 0;
  private leaving: Leaving | null = null;
  private known: { clientId: number; history: string } | null;

  constructor(private readonly options: SessionOptions) {
    this.known = options.known ?? null;
  }

  async start(): Promise<void> {
    const { outbox, draft, lock } = this.options;
    for (const box of await outbox.read(draft)) {
      if (!lock || (await lock(box.clientId))) this.adopted.push(box);
    }
    const last = this.adopted[this.adopted.length - 1];
    if (last) this.known = { clientId: last.clientId, history: last.history };
    for (const box of this.adopted) for (const stroke of box.strokes) this.counter = Math.max(this.counter, stroke.n);
    this.begin();
  }

  get pending(): number {
    return this.life?.wire.pending.length ?? 0;
  }

  /** What the server has not said it keeps. */
  get unsaved(): Uint8Array[] {
    return this.life?.wire.pending.map((stroke) => stroke.update) ?? [];
  }

  /** The number of the last stroke that came, one's own or another's. */
  get seq(): number | null {
    return this.life?.seq ?? null;
  }

  get doc(): Y.Doc | null {
    return this.life?.doc ?? null;
  }

  get clientId(): number | null {
    return this.life?.clientId ?? null;
  }

  /** Called when a composition ended: what waited may come in. */
  compositionEnded(): void {
    this.life?.arrivals.release();
  }

  /** The server does not let this browser in at all: the session behind the cookie has ended. */
  notLetIn(code: string): void {
    const life = this.life;
    if (this.stopped || !life) return;
    this.refusal = code;
    this.offer(life, code);
    this.stop(code);
  }

  /** Called when what was typed has reached this device. */
  kept(): void {
    this.say();
  }

  dismissRefusal(): void {
    this.refusal = null;
    this.say();
  }

  end(): void {
    this.finishLife();
    this.stopped = true;
  }

  private begin(): void {
    const doc = new Y.Doc();
    const life: Life = {
      doc,
      pointing: new Pointing(doc, (update) => {
        if (this.life === life && life.clientId !== null) life.wire.sendAwareness(update);
      }),
      arrivals: new Arrivals(doc, () => this.options.view.composing(), () => {
        if (this.life === life) life.wire.join();
      }),
      clientId: null,
      keptUnder: 0,
      history: null,
      person: "",
      seq: null,
      based: false,
      wire: null as unknown as Wire,
    };
    this.life = life;
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === REMOTE) return;
      if (this.life === life) this.stroke(life, update);
      else if (this.leaving?.life === life) this.leaving.typed(update);
    });
    doc.on("afterTransactionCleanup", () => this.checkId(life));
    life.wire = new Wire(
      this.options.socket,
      {
        request: () => this.request(life),
        clientId: () => life.clientId,
        joined: (reply) => this.joined(life, reply),
        remote: (update, seq) => this.remote(life, update, seq),
        awareness: (update) => life.pointing.take(update),
        people: (people) => this.takePeople(life, people),
        access: (news) => this.access(life, news),
        stage: (stage) => this.options.view.stage(stage),
        remarks: (number) => this.options.view.remarks?.(number),
        reload: (reason) => this.reload(life, reason),
        mute: () => this.options.renewLine?.(),
        saved: (strokes) => {
          this.rebuilds = 0;
          this.options.outbox.erase(this.box(life), strokes);
        },
        refused: (error, atJoin) => this.refused(life, error, atJoin),
        changed: () => this.say(),
      },
      this.options,
    );
    this.say();
  }

  /** The document goes, and its editor with it. */
  private finishLife(): void {
    const life = this.life;
    this.life = null;
    this.options.view.unmount();
    this.leaving?.end();
    this.leaving = null;
    if (life) endLife(life);
  }

  /** Asks the server for the document again, under a new client id; this one is thrown away when that one is there. */
  private rebuild(life: Life, code: string): void {
    this.rebuilds += 1;
    this.known = null;
    this.refusal = life.wire.pending.length > 0 ? code : this.refusal;
    void this.options.outbox.eraseBox(this.box(life));
    life.arrivals.stop();
    this.life = null;
    const waiting = life.wire.pending.map((stroke) => stroke.update);
    this.leaving = new Leaving(life, waiting, code, this.options.view);
    if (this.rebuilds > MAX_REBUILDS) this.stop("unavailable");
    else this.begin();
  }

  /** Nothing more is tried. The text stays in sight, read-only, unless the person may no longer see it. */
  private stop(code: string): void {
    this.stopped = true;
    if (code === "not_found" || code === "forbidden") {
      this.finishLife();
    } else {
      this.life?.arrivals.stop();
      this.life?.wire.close();
      this.options.view.setWritable(false);
      if (code === "unauthenticated") setAside(this.life, this.options.view);
    }
    this.options.view.stopped(code);
    this.say();
  }

  private box(life: Life): Box {
    return { draft: this.options.draft, history: life.history ?? "", clientId: life.keptUnder, person: life.person };
  }

  private request(life: Life): JoinRequest {
    const known = life.history === null ? this.known : { clientId: life.clientId, history: life.history };
    return {
      draft: this.options.draft,
      state_vector: Y.encodeStateVector(life.doc),
      schema: SCHEMA_NUMBER,
      ...(known?.clientId ? { client_id: known.clientId } : {}),
      ...(known ? { history: known.history } : {}),
      ...(life.seq === null ? {} : { seq: life.seq }),
    };
  }

  private joined(life: Life, reply: JoinReply): boolean {
    if (this.life !== life) return false;
    const first = life.history === null;
    if (!first && reply.history !== life.history) {
      // Another life of the document: clocks may have been used again, nothing of ours fits it.
      this.rebuild(life, "history");
      return false;
    }
    Y.applyUpdate(life.doc, reply.update, REMOTE);
    if (first) {
      const own = reply.people.find((person) => person.client_id === reply.client_id);
      life.person = own === undefined ? "" : String(own.person);
      life.history = reply.history;
    }
    const before = this.box(life);
    const adopted = first ? this.adopt(life, reply) : [];
    life.seq = reply.seq;
    life.clientId = reply.client_id;
    life.keptUnder = reply.client_id;
    life.doc.clientID = reply.client_id;
    life.pointing.seat(reply.client_id);
    this.known = { clientId: reply.client_id, history: reply.history };
    this.options.remember?.(this.known);
    void this.options.lock?.(reply.client_id);
    if (first) {
      for (const box of adopted) this.takeOver(life, box);
    } else if (before.clientId !== reply.client_id && life.wire.pending.length > 0) {
      // The strokes still to be sent are kept under the id that a reload will ask for.
      for (const stroke of life.wire.pending) this.options.outbox.put(this.box(life), stroke);
      void this.options.outbox.eraseBox(before);
    }
    if (reply.awareness) life.pointing.take(reply.awareness);
    if (this.leaving) this.options.view.unmount();
    this.leaving?.end(life, reply.can_write);
    this.leaving = null;
    if (first) this.options.view.mount(life.doc, life.pointing.awareness);
    if (first) offerAside(life, this.options.view, reply.can_write);
    this.takePeople(life, reply.people);
    this.options.view.setWritable(reply.can_write || onlySuggests(reply), onlySuggests(reply));
    if (reply.remarks !== undefined) this.options.view.remarks?.(reply.remarks);
    life.pointing.soon();
    return true;
  }

  /** Strokes kept by an earlier tab of the same person: those of this life are put into the document. */
  private adopt(life: Life, reply: JoinReply): StoredBox[] {
    const mine = this.adopted.filter((box) => box.person === life.person);
    this.adopted = [];
    const live = mine.filter((box) => box.history === reply.history);
    for (const box of mine) {
      if (box.history === reply.history) continue;
      const updates = box.strokes.map((stroke) => stroke.update);
      this.options.view.unsent(storedText(box.base, updates, FRAGMENT), "history", false);
      void this.options.outbox.eraseBox(box);
    }
    // Before the client id is set: Yjs takes a new one when its own strokes come in from outside.
    for (const box of live) for (const stroke of box.strokes) Y.applyUpdate(life.doc, stroke.update, REMOTE);
    return live;
  }

  private takeOver(life: Life, box: StoredBox): void {
    if (box.clientId === life.clientId) {
      life.wire.restore(box.strokes);
      return;
    }
    const renumbered = box.strokes.map((stroke) => ({ n: ++this.counter, update: stroke.update }));
    for (const stroke of renumbered) this.options.outbox.put(this.box(life), stroke);
    void this.options.outbox.eraseBox(box);
    life.wire.restore(renumbered);
  }

  private stroke(life: Life, update: Uint8Array): void {
    // A seat that only reads sends nothing, whatever a plugin may have tidied.
    if (!life.wire.canWrite) return;
    const stroke: Stroke = { n: ++this.counter, update };
    this.refusal = null;
    this.options.outbox.put(this.box(life), stroke);
    life.wire.push(stroke);
  }

  /** Yjs changes its id when somebody else seems to write under it: no stroke may be made before a new seat. */
  private checkId(life: Life): void {
    if (this.life !== life || life.clientId === null || life.doc.clientID === life.clientId) return;
    life.clientId = null;
    this.known = null;
    this.options.view.setWritable(false);
    queueMicrotask(() => {
      if (this.life === life) life.wire.join();
    });
  }

  private remote(life: Life, update: Uint8Array, seq: number): void {
    if (this.life !== life) return;
    life.seq = seq;
    life.arrivals.take(update);
  }

  private takePeople(life: Life, people: readonly Person[]): void {
    if (this.life !== life) return;
    life.pointing.keep(new Set(people.map((person) => person.client_id)));
    this.options.view.people(people, life.clientId);
  }

  private access(life: Life, news: AccessNews): void {
    if (this.life !== life) return;
    if (!news.rights.includes("read")) {
      const code = news.reason === "unauthenticated" ? "unauthenticated" : "not_found";
      this.refusal = code;
      this.offer(life, code);
      // Whose session ended may sign in again and find their strokes; who was sent away may not keep them.
      if (code === "not_found") void this.options.outbox.eraseBox(this.box(life));
      this.stop(code);
      return;
    }
    this.options.view.setWritable(news.can_write || onlySuggests(news), onlySuggests(news));
    // While the server writes the text anew strokes wait: the new life, which `reload` announces, offers them.
    if (news.can_write || life.wire.pending.length === 0 || news.reason === "healing") return;
    this.refused(life, { code: news.reason === "damaged" ? "damaged" : "forbidden" }, false);
  }

  private reload(life: Life, reason: string): void {
    if (this.life !== life) return;
    if (reason === "schema") this.outdated(life);
    // A restored or healed document: the next join tells whether it is another life.
    else life.wire.join();
  }

  /** This editor is older than the text, and would delete what it does not know: it stops. */
  private outdated(life: Life): void {
    if (this.stopped) return;
    // A page that has shown no text yet was perhaps only kept too long by the browser: nobody minds if it is fetched.
    if (life.history === null && this.leaving === null && this.options.view.reloadPage()) {
      this.stopped = true;
      return;
    }
    this.refusal = "outdated";
    this.offer(life, "outdated");
    const keeps = this.options.outbox.keeps && (life.wire.pending.length > 0 || this.adopted.length > 0);
    this.stop("outdated");
    this.options.view.outdated(keeps);
  }

  private refused(life: Life, error: WireError, atJoin: boolean): void {
    if (this.life !== life) return;
    if (atJoin && error.code === "schema") return this.outdated(life);
    this.refusal = error.code;
    if (error.code === "unauthenticated") {
      // The session ended, the person may sign in again: what the device keeps waits for them.
      this.offer(life, error.code);
      this.stop(error.code);
    } else if (atJoin) {
      this.offer(life, error.code);
      if (life.history !== null) void this.options.outbox.eraseBox(this.box(life));
      this.stop(error.code);
    } else {
      this.rebuild(life, error.code === "forbidden" && life.wire.onlySuggests ? "suggestion" : error.code);
    }
  }

  private offer(life: Life, code: string): void {
    const updates = life.wire.pending.map((stroke) => stroke.update);
    if (updates.length === 0) return;
    this.refusal = code;
    const text = insertedText(life.doc.getXmlFragment(FRAGMENT), updates);
    this.options.view.unsent(text, code, this.options.outbox.keeps && KEPT.has(code));
  }

  private say(): void {
    const life = this.life;
    const wire = life?.wire as Wire | null | undefined;
    const pending = wire?.pending.length ?? 0;
    const online = wire?.phase === "open" || wire?.phase === "paused";
    this.options.view.said({
      joined: life !== null && life.history !== null,
      stopped: this.stopped,
      online,
      canWrite: wire?.canWrite ?? false,
      pending,
      refusal: this.refusal,
      keeps: this.options.outbox.keeps,
      unkept: this.options.outbox.unkept,
      sharedComputer: this.options.sharedComputer,
      closed: wire?.closed ?? null,
      unavailable: wire?.lastError?.code === "unavailable",
    });
    if (life && pending > 0 && !online) this.keepBase(life);
    if (life && pending === 0) life.based = false;
  }

  /** Once per spell without the line: the document the unsent strokes belong to. */
  private keepBase(life: Life): void {
    if (life.based || !this.options.outbox.keeps || life.history === null) return;
    life.based = true;
    this.options.outbox.putBase(this.box(life), Y.encodeStateAsUpdate(life.doc));
  }
}
