// A browser tab without a browser: a session on a real socket, and what its person would see.

import { after, type TestContext } from "node:test";
import { io, type Socket } from "socket.io-client";
import * as Y from "yjs";
import { copyOf, type Copy } from "../left_text.ts";
import type { Aside } from "../life.ts";
import { MemoryOutbox, type Outbox } from "../outbox.ts";
import type { Person } from "../protocol.ts";
import { saveState, type Situation } from "../savestate.ts";
import { Session } from "../session.ts";
import type { SessionView } from "../session_view.ts";
import { Peer, seed } from "./peer.ts";

export async function until(what: string, condition: () => boolean, patience = 5_000): Promise<void> {
  const end = Date.now() + patience;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export async function table(t: TestContext): Promise<{ peer: Peer; port: number }> {
  const peer = new Peer();
  seed(peer.doc, ["Bonjour"]);
  const port = await peer.listen();
  t.after(() => peer.close());
  return { peer, port };
}

/** A tab without a screen: it writes straight into the shared document. */
export class Tab implements SessionView {
  readonly socket: Socket;
  readonly session: Session;
  readonly states: string[] = [];
  situation: Situation | null = null;
  mounts = 0;
  writable = false;
  busy = false;
  given: { text: string; code: string }[] = [];
  /** For each of them: whether it was said that the device keeps it too. */
  kept: boolean[] = [];
  at: readonly Person[] = [];
  halted: string | null = null;
  reloads = 0;
  reloadable = true;
  renewals = 0;
  old: { keeps: boolean } | null = null;
  left: (Copy & { mayKeep: boolean })[] = [];
  aside: Aside | null = null;

  constructor(
    port: number,
    readonly person: string,
    readonly outbox: Outbox = new MemoryOutbox(),
    known: { clientId: number; history: string } | null = null,
    shared = false,
  ) {
    this.socket = io(`http://127.0.0.1:${port}/drafts`, {
      transports: ["websocket"],
      query: { person },
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 50,
    });
    this.session = new Session({
      draft: 12,
      sharedComputer: shared,
      socket: this.socket,
      outbox,
      view: this,
      known,
      window: 5,
      ackTimeout: 400,
      renewLine: () => {
        this.renewals += 1;
        this.socket.io.engine.close();
      },
    });
  }

  mount(): void {
    this.mounts += 1;
  }
  unmount(): void {}
  setWritable(writable: boolean): void {
    this.writable = writable;
  }
  composing(): boolean {
    return this.busy;
  }
  people(people: readonly Person[]): void {
    this.at = people;
  }
  said(situation: Situation): void {
    this.situation = situation;
    const { state } = saveState(situation);
    if (this.states[this.states.length - 1] !== state) this.states.push(state);
  }
  unsent(text: string, code: string, kept: boolean): void {
    this.given.push({ text, code });
    this.kept.push(kept);
  }
  copies(run: (copies: typeof copyOf) => void): void {
    run(copyOf);
  }
  leftBehind(copy: Copy, mayKeep: boolean): void {
    this.left.push({ ...copy, mayKeep });
  }
  setAside(aside: Aside): void {
    this.aside = aside;
  }
  takeAside(): Aside | null {
    const aside = this.aside;
    this.aside = null;
    return aside;
  }
  stage(): void {}
  stopped(code: string): void {
    this.halted = code;
  }
  reloadPage(): boolean {
    this.reloads += 1;
    return this.reloadable;
  }
  outdated(keeps: boolean): void {
    this.old = { keeps };
  }

  get state(): string {
    return saveState(this.situation!).state;
  }
  get words(): string {
    return saveState(this.situation!).text;
  }
  text(): string {
    return this.session.doc!.getXmlFragment("content").toString();
  }
  type(text: string, at?: number): void {
    const first = this.session.doc!.getXmlFragment("content").get(0) as Y.XmlElement;
    const inside = first.get(0) as Y.XmlText;
    inside.insert(at ?? inside.length, text);
  }
  async ready(): Promise<this> {
    await until("joined", () => this.mounts > 0);
    return this;
  }
  async saved(): Promise<void> {
    await until("saved", () => this.state === "saved");
  }
  /** The tab is closed: nothing is said, nothing is sent any more. */
  shut(): void {
    this.socket.disconnect();
    this.session.end();
    open.delete(this);
  }
}

export const open = new Set<Tab>();
after(() => {
  for (const tab of open) tab.shut();
});

export async function join(
  port: number,
  person: string,
  outbox?: Outbox,
  known?: { clientId: number; history: string },
  aside: Aside | null = null,
): Promise<Tab> {
  const tab = new Tab(port, person, outbox, known ?? null);
  tab.aside = aside;
  open.add(tab);
  await tab.session.start();
  return tab.ready();
}
