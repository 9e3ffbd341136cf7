// A small server that speaks the protocol of /drafts, in memory: the other side of the wire for these tests. It keeps
// the promises the client relies on (one seat per client id, order, `saved` after `update`), and can be told to refuse.

import { createServer, type Server as HttpServer } from "node:http";
import { Server, type Socket } from "socket.io";
import * as Y from "yjs";
import type { Person, WireError } from "../protocol.ts";
import { SCHEMA_NUMBER } from "../schema.ts";

interface Seat {
  socket: Socket;
  clientId: number;
  person: string;
  /** The life of the document it joined. */
  history: string;
}

export interface Refusal {
  error: WireError;
  withVector?: boolean;
}

export class Peer {
  readonly http: HttpServer;
  readonly io: Server;
  doc = new Y.Doc();
  history = "h1";
  seq = 0;
  schema = SCHEMA_NUMBER;
  canWrite = true;
  rights = ["read", "remark", "suggest", "write"];
  /** Client id -> person, for ever. */
  readonly registered = new Map<number, string>();
  readonly seats = new Map<Socket, Seat>();
  readonly received: { n: number; bulk: boolean; bytes: number; person: string }[] = [];
  joins: Record<string, unknown>[] = [];
  /** Looked at for each update: a refusal, "mute" (no answer at all), or null to accept. */
  judge: (payload: { n: number; update: Uint8Array; bulk?: boolean }) => Refusal | "mute" | null = () => null;
  /** Sockets whose every word is lost on the way. */
  readonly deaf = new Set<Socket>();
  judgeJoin: () => WireError | null = () => null;
  /** Names by token given in the handshake. */
  readonly names: Record<string, { name: string; administration: string }> = {};
  private nextClient = 1000;

  constructor(handler?: Parameters<typeof createServer>[1]) {
    this.http = createServer(handler as never);
    this.io = new Server(this.http, { maxHttpBufferSize: 6_000_000 });
    this.io.of("/drafts").on("connection", (socket) => this.serve(socket));
  }

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.http.listen(port, "127.0.0.1", resolve));
    const address = this.http.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  async close(): Promise<void> {
    await this.io.close();
  }

  text(): string {
    return this.doc.getXmlFragment("content").toString();
  }

  /** A restore from backup: another life of the document. */
  restore(update: Uint8Array, history: string): void {
    this.doc = new Y.Doc();
    Y.applyUpdate(this.doc, update);
    this.history = history;
    this.io.of("/drafts").emit("reload", { draft: 12, reason: "history" });
  }

  people(): Person[] {
    return [...this.seats.values()].map((seat) => ({
      client_id: seat.clientId,
      person: seat.person,
      name: this.names[seat.person]?.name ?? seat.person,
      administration: this.names[seat.person]?.administration ?? "Province",
    }));
  }

  private serve(socket: Socket): void {
    const query = socket.handshake.query["person"];
    const cookie = /person=([a-z]+)/u.exec(socket.handshake.headers.cookie ?? "")?.[1];
    const person = typeof query === "string" ? query : (cookie ?? "nadia");
    socket.use((_event, next) => {
      if (!this.deaf.has(socket)) next();
    });
    socket.on("join", (payload, answer) => this.join(socket, person, payload, answer));
    socket.on("update", (payload) => this.update(socket, payload));
    socket.on("awareness", (payload) => {
      if (this.seats.has(socket)) socket.broadcast.emit("awareness", payload);
    });
    socket.on("leave", (_payload, answer) => {
      this.leave(socket);
      if (typeof answer === "function") answer({ ok: true });
    });
    socket.on("disconnect", () => this.leave(socket));
  }

  private leave(socket: Socket): void {
    if (!this.seats.delete(socket)) return;
    this.io.of("/drafts").emit("people", { draft: 12, people: this.people() });
  }

  private join(socket: Socket, person: string, payload: any, answer: (reply: unknown) => void): void {
    this.joins.push(payload);
    const error = this.judgeJoin();
    if (error) {
      answer({ ok: false, error });
      return;
    }
    if (payload.schema !== undefined && payload.schema < this.schema) {
      socket.emit("reload", { draft: 12, reason: "schema" });
      answer({ ok: false, error: { code: "schema", message: "" } });
      return;
    }
    this.seats.delete(socket);
    const asked: number | undefined = payload.client_id;
    const taken = [...this.seats.values()].some((seat) => seat.clientId === asked);
    let clientId = asked;
    if (clientId === undefined || taken || this.registered.get(clientId) !== person) {
      this.nextClient += 1 + Math.floor(Math.random() * 1000);
      clientId = this.nextClient;
      this.registered.set(clientId, person);
    }
    this.seats.set(socket, { socket, clientId, person, history: this.history });
    const same = payload.history === undefined || payload.history === this.history;
    const vector = same ? new Uint8Array(payload.state_vector) : new Uint8Array([0]);
    answer({
      ok: true,
      seq: this.seq,
      client_id: clientId,
      history: this.history,
      schema: this.schema,
      rights: this.rights,
      can_write: this.canWrite,
      update: Buffer.from(Y.encodeStateAsUpdate(this.doc, vector)),
      state_vector: Buffer.from(Y.encodeStateVector(this.doc)),
      people: this.people(),
    });
    socket.broadcast.emit("people", { draft: 12, people: this.people() });
  }

  private update(socket: Socket, payload: any): void {
    const seat = this.seats.get(socket);
    const refuse = (refusal: Refusal) =>
      socket.emit("refused", {
        draft: 12,
        n: payload.n,
        error: refusal.error,
        ...(refusal.withVector ? { state_vector: Buffer.from(Y.encodeStateVector(this.doc)) } : {}),
      });
    // A stroke may still be on its way when another life begins: it builds on words that are not known there.
    if (!seat || seat.history !== this.history) {
      refuse({ error: { code: "resync" } });
      return;
    }
    const update = new Uint8Array(payload.update);
    this.received.push({ n: payload.n, bulk: payload.bulk === true, bytes: update.byteLength, person: seat.person });
    const verdict = this.judge(payload);
    if (verdict === "mute") return;
    if (verdict) {
      refuse(verdict);
      return;
    }
    const vector = Y.decodeStateVector(Y.encodeStateVector(this.doc));
    const meta = Y.parseUpdateMeta(update);
    for (const [client, from] of meta.from) {
      if (this.registered.get(client) !== seat.person) {
        refuse({ error: { code: "forged" } });
        return;
      }
      if (from > (vector.get(client) ?? 0)) {
        refuse({ error: { code: "resync" }, withVector: true });
        return;
      }
    }
    Y.applyUpdate(this.doc, update);
    if (this.doc.store.pendingStructs) throw new Error("the peer accepted a gap");
    this.seq += 1;
    this.io.of("/drafts").emit("update", {
      draft: 12,
      update: Buffer.from(update),
      seq: this.seq,
      saved: { [seat.clientId]: payload.n },
    });
  }
}

/** What the server does once, when a draft is made. */
export function seed(doc: Y.Doc, paragraphs: readonly string[]): void {
  const fragment = doc.getXmlFragment("content");
  doc.transact(() => {
    paragraphs.forEach((text, i) => {
      const paragraph = new Y.XmlElement("paragraph");
      paragraph.setAttribute("id", `p${i + 1}`);
      const inside = new Y.XmlText();
      inside.insert(0, text);
      if (text) paragraph.insert(0, [inside]);
      fragment.push([paragraph]);
    });
  });
}
