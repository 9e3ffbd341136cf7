// Plain French on the server: what it finds in blocks, and what people left as it is.

import type { Advice } from "./french_blocks.ts";
import type { Asked, PassedOver } from "./french_reading.ts";

export interface Answer {
  blocks: Record<string, Advice>;
  rules: string;
}

/** The server said no. */
export class NotRead extends Error {
  constructor(readonly status: number, readonly retryAfter: number | null, words: string) {
    super(words);
  }
}

export class FrenchServer {
  /** `address`: such as /brouillons/12/francais-simple; `token` goes with what is sent. */
  constructor(private readonly address: string, private readonly token: string) {}

  read(asked: readonly Asked[]): Promise<Answer> {
    return this.fetch("", `{"blocks":[${asked.map(({ json }) => json).join(",")}]}`);
  }

  async passedOver(): Promise<PassedOver[]> {
    return (await this.fetch<{ passed_over: PassedOver[] }>("")).passed_over;
  }

  leave(block: string, rule: string, words: string, reason: string): Promise<unknown> {
    return this.fetch("/laisser", JSON.stringify({ block, rule, words, reason }));
  }

  takeBack(id: number): Promise<unknown> {
    return this.fetch("/reprendre", JSON.stringify({ id }));
  }

  /** Throws NotRead with the server's words, or TypeError without a line. */
  private async fetch<T>(path: string, body?: string): Promise<T> {
    const answer = await fetch(this.address + path, {
      credentials: "same-origin",
      headers: { Accept: "application/json", ...(body ? { "Content-Type": "application/json", "X-CSRFToken": this.token } : {}) },
      ...(body ? { method: "POST", body } : {}),
    });
    const told: unknown = await answer.json().catch(() => null);
    if (answer.ok && told !== null) return told as T;
    const wait = Number(answer.headers.get("Retry-After") ?? NaN);
    const { message } = (told as { error?: { message?: string } } | null)?.error ?? {};
    throw new NotRead(answer.status, Number.isFinite(wait) ? wait : null, message ?? "");
  }
}
