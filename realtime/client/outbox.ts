// What this device keeps: one's own strokes that the server has not acknowledged, as separate rows, and a copy of the
// document they belong to, so that they can be shown as text if they can never be sent. Rows go away when they are
// acknowledged, at sign-out and when access is lost. On a shared computer nothing is ever written.

import type { Stroke } from "./wire.ts";

const DATABASE = "open-lab";
const STROKES = "strokes";
const BASES = "bases";

/** After this time, in milliseconds, rows of somebody who never came back are dropped: 30 days. */
const FORGOTTEN = 30 * 24 * 3_600_000;

export interface Box {
  draft: number;
  history: string;
  clientId: number;
  /** Whose strokes these are; another person signing in on this device must never see or send them. */
  person: string;
}

export interface StoredBox extends Box {
  strokes: Stroke[];
  base: Uint8Array | null;
}

export interface Outbox {
  /** False when nothing is kept: a shared computer, or a browser that refuses. */
  readonly keeps: boolean;
  /** Rows on their way to the device: a tab closed now would lose them. */
  readonly unkept: number;
  put(box: Box, stroke: Stroke): void;
  putBase(box: Box, state: Uint8Array): void;
  erase(box: Box, strokes: readonly Stroke[]): void;
  eraseBox(box: Pick<Box, "draft" | "clientId">): Promise<void>;
  read(draft: number): Promise<StoredBox[]>;
  clear(): Promise<void>;
}

interface Row {
  draft: number;
  client: number;
  n: number;
  history: string;
  person: string;
  at: number;
  update: Uint8Array;
}

interface BaseRow extends Omit<Row, "n" | "update"> {
  state: Uint8Array;
}

/** Groups rows into boxes. Shared by the two outboxes, exported for the tests. */
export function boxes(rows: readonly Row[], bases: readonly BaseRow[]): StoredBox[] {
  const found = new Map<string, StoredBox>();
  for (const row of [...rows].sort((a, b) => a.n - b.n)) {
    const key = `${row.client} ${row.history} ${row.person}`;
    let box = found.get(key);
    if (!box) {
      const base = bases.find((one) => one.client === row.client && one.history === row.history);
      box = {
        draft: row.draft,
        history: row.history,
        clientId: row.client,
        person: row.person,
        strokes: [],
        base: base?.state ?? null,
      };
      found.set(key, box);
    }
    box.strokes.push({ n: row.n, update: row.update });
  }
  return [...found.values()];
}

export class NoOutbox implements Outbox {
  readonly keeps = false;
  readonly unkept = 0;
  put(): void {}
  putBase(): void {}
  erase(): void {}
  async eraseBox(): Promise<void> {}
  async read(): Promise<StoredBox[]> {
    return [];
  }
  async clear(): Promise<void> {}
}

/** The same manners in memory, for a test that closes a tab and opens it again. */
export class MemoryOutbox implements Outbox {
  readonly keeps = true;
  unkept = 0;
  rows: Row[] = [];
  bases: BaseRow[] = [];

  put(box: Box, stroke: Stroke): void {
    const { draft, history, person, clientId: client } = box;
    this.rows.push({ draft, history, person, client, n: stroke.n, at: Date.now(), update: stroke.update });
  }
  putBase(box: Box, state: Uint8Array): void {
    const { draft, history, person, clientId: client } = box;
    this.bases = this.bases.filter((row) => row.client !== client);
    this.bases.push({ draft, history, person, client, at: Date.now(), state });
  }
  erase(box: Box, strokes: readonly Stroke[]): void {
    const numbers = new Set(strokes.map((stroke) => stroke.n));
    this.rows = this.rows.filter((row) => row.client !== box.clientId || !numbers.has(row.n));
    if (!this.rows.some((row) => row.client === box.clientId)) {
      this.bases = this.bases.filter((row) => row.client !== box.clientId);
    }
  }
  async eraseBox(box: Pick<Box, "draft" | "clientId">): Promise<void> {
    this.rows = this.rows.filter((row) => row.client !== box.clientId);
    this.bases = this.bases.filter((row) => row.client !== box.clientId);
  }
  async read(draft: number): Promise<StoredBox[]> {
    return boxes(
      this.rows.filter((row) => row.draft === draft),
      this.bases,
    );
  }
  async clear(): Promise<void> {
    this.rows = [];
    this.bases = [];
  }
}

function wish<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

export class DeviceOutbox implements Outbox {
  keeps = true;
  private readonly based = new Set<number>();
  /** Rows that wait for the transaction in flight, and how many rows that one carries. */
  private waiting: Row[] = [];
  private inFlight = 0;

  private constructor(
    private readonly database: IDBDatabase,
    private readonly onFailure: () => void,
    private readonly onKept: () => void,
  ) {
    // Another tab erases everything at sign-out: let it.
    database.onversionchange = () => {
      database.close();
      this.fail();
    };
  }

  /** Null when the browser keeps nothing (private window, storage refused). */
  static async open(onFailure: () => void, onKept: () => void): Promise<DeviceOutbox | null> {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(STROKES, { keyPath: ["draft", "client", "n"] });
        request.result.createObjectStore(BASES, { keyPath: ["draft", "client"] });
      };
      return new DeviceOutbox(await wish(request), onFailure, onKept);
    } catch {
      return null;
    }
  }

  private fail(): void {
    if (!this.keeps) return;
    this.keeps = false;
    this.onFailure();
  }

  private write(stores: string[], work: (transaction: IDBTransaction) => void): Promise<void> {
    if (!this.keeps) return Promise.resolve();
    try {
      const transaction = this.database.transaction(stores, "readwrite");
      work(transaction);
      return done(transaction).catch(() => this.fail());
    } catch {
      this.fail();
      return Promise.resolve();
    }
  }

  put(box: Box, stroke: Stroke): void {
    const row: Row = {
      draft: box.draft,
      client: box.clientId,
      n: stroke.n,
      history: box.history,
      person: box.person,
      at: Date.now(),
      update: stroke.update,
    };
    this.waiting.push(row);
    void this.flush();
  }

  get unkept(): number {
    return this.keeps ? this.waiting.length + this.inFlight : 0;
  }

  /** One transaction at a time takes all that waits: on a busy machine each of them takes tens of milliseconds. */
  private async flush(): Promise<void> {
    if (this.inFlight > 0) return;
    while (this.waiting.length > 0 && this.keeps) {
      const rows = this.waiting;
      this.waiting = [];
      this.inFlight = rows.length;
      await this.write([STROKES], (transaction) => {
        for (const row of rows) transaction.objectStore(STROKES).put(row);
      });
      this.inFlight = 0;
    }
    this.onKept();
  }

  putBase(box: Box, state: Uint8Array): void {
    this.based.add(box.clientId);
    const { draft, history, person, clientId: client } = box;
    const row: BaseRow = { draft, client, history, person, at: Date.now(), state };
    void this.write([BASES], (transaction) => transaction.objectStore(BASES).put(row));
  }

  erase(box: Box, strokes: readonly Stroke[]): void {
    const numbers = new Set(strokes.map((stroke) => stroke.n));
    this.waiting = this.waiting.filter((row) => row.client !== box.clientId || !numbers.has(row.n));
    void this.write([STROKES, BASES], (transaction) => {
      const store = transaction.objectStore(STROKES);
      for (const stroke of strokes) store.delete([box.draft, box.clientId, stroke.n]);
      if (!this.based.has(box.clientId)) return;
      const count = store.count(range(box.draft, box.clientId));
      count.onsuccess = () => {
        if (count.result === 0) transaction.objectStore(BASES).delete([box.draft, box.clientId]);
      };
    });
  }

  async eraseBox(box: Pick<Box, "draft" | "clientId">): Promise<void> {
    this.waiting = this.waiting.filter((row) => row.client !== box.clientId);
    await this.write([STROKES, BASES], (transaction) => {
      transaction.objectStore(STROKES).delete(range(box.draft, box.clientId));
      transaction.objectStore(BASES).delete([box.draft, box.clientId]);
    });
  }

  async read(draft: number): Promise<StoredBox[]> {
    try {
      const transaction = this.database.transaction([STROKES, BASES], "readonly");
      const within = IDBKeyRange.bound([draft], [draft, []]);
      const [rows, bases] = await Promise.all([
        wish(transaction.objectStore(STROKES).getAll(within)) as Promise<Row[]>,
        wish(transaction.objectStore(BASES).getAll(within)) as Promise<BaseRow[]>,
      ]);
      for (const base of bases) this.based.add(base.client);
      const limit = Date.now() - FORGOTTEN;
      const live = rows.filter((row) => row.at >= limit);
      for (const client of new Set(rows.filter((row) => row.at < limit).map((row) => row.client))) {
        if (!live.some((row) => row.client === client)) await this.eraseBox({ draft, clientId: client });
      }
      return boxes(live, bases);
    } catch {
      this.fail();
      return [];
    }
  }

  async clear(): Promise<void> {
    this.waiting = [];
    await this.write([STROKES, BASES], (transaction) => {
      transaction.objectStore(STROKES).clear();
      transaction.objectStore(BASES).clear();
    });
  }
}

function range(draft: number, client: number): IDBKeyRange {
  return IDBKeyRange.bound([draft, client], [draft, client, []]);
}

/** Erases everything this device keeps of any draft. */
export function forgetEverything(): Promise<void> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(STROKES, { keyPath: ["draft", "client", "n"] });
        request.result.createObjectStore(BASES, { keyPath: ["draft", "client"] });
      };
      request.onerror = () => resolve();
      request.onsuccess = () => {
        const database = request.result;
        const transaction = database.transaction([STROKES, BASES], "readwrite");
        transaction.objectStore(STROKES).clear();
        transaction.objectStore(BASES).clear();
        transaction.oncomplete = transaction.onabort = () => {
          database.close();
          resolve();
        };
      };
    } catch {
      resolve();
    }
  });
}
