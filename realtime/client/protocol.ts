// The words of the wire, namespace /drafts, as docs/protocol.md says them.

export interface Person {
  client_id: number;
  person: string | number;
  name: string;
  administration?: string | null;
  colour?: number | null;
}

export interface WireError {
  code: string;
  message?: string;
  /** Seconds. */
  retry_after?: number;
}

export interface JoinRequest {
  draft: number;
  state_vector: Uint8Array;
  schema: number;
  client_id?: number;
  history?: string;
  seq?: number;
}

export interface JoinReply {
  ok: true;
  seq: number;
  client_id: number;
  history: string;
  schema: number;
  rights: string[];
  can_write: boolean;
  /** With `can_write: false`: why nobody can write ("damaged"). */
  reason?: string;
  update: Uint8Array;
  state_vector: Uint8Array;
  awareness?: Uint8Array;
  people: Person[];
  /** The number of the last change of a remark. */
  remarks?: number;
}

export type JoinAnswer = JoinReply | { ok: false; error: WireError };

export interface UpdateNews {
  draft: number;
  update: Uint8Array;
  seq: number;
  saved?: Record<string, number>;
}

export interface RefusedNews {
  draft: number;
  n: number;
  error: WireError;
  state_vector?: Uint8Array;
}

export interface AccessNews {
  draft: number;
  rights: string[];
  can_write: boolean;
  reason?: string;
}

/** A seat that may suggest and not write. While nobody may write in the text, it may not either. */
export const onlySuggests = ({ rights, reason }: { rights: readonly string[]; reason?: string }): boolean =>
  rights.includes("suggest") && !rights.includes("write") && reason !== "damaged" && reason !== "healing";

/** Refusals after which the strokes are kept and sent again. */
const TRANSIENT = new Set(["resync", "stale", "rate_limited", "unavailable"]);

/** Transient refusals that a pause cannot mend: the client has to join again. */
const REJOIN = new Set(["resync", "stale"]);

/** An unknown code is taken as final: sending the same bytes for ever would help nobody. */
export const isTransient = (code: string): boolean => TRANSIENT.has(code);
export const needsJoin = (code: string): boolean => REJOIN.has(code);

// What the server's two doors take (realtime.md, "The gate"). The client turns to the bulk door a little earlier, so
// that a difference in counting never refuses a stroke.
export const STROKE_BYTES = 200 * 1024;
export const STROKE_STRUCTS = 4_000;
export const STROKE_RANGES = 4_000;
export const BULK_BYTES = 4 * 1024 * 1024;
export const BULK_STRUCTS = 100_000;
export const BULK_RANGES = 20_000;

/** Acknowledgement time-out of a stroke, milliseconds (realtime.md, promise 2). */
export const ACK_TIMEOUT = 10_000;

/** Socket.IO gives Uint8Array as ArrayBuffer in browsers and as Buffer in Node. */
export function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return new Uint8Array(0);
}
