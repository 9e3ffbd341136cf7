// Remarks on the server: what it tells, and what is asked of it.

import type { Passage } from "./remark_places.ts";

export interface Message {
  person: string;
  administration: string;
  text: string;
  at: string;
  mentions: string[];
  mentions_me: boolean;
  is_mine: boolean;
}

export interface Thread {
  id: string;
  block: string | null;
  quote: string;
  blocking: boolean;
  open: boolean;
  resolved_by: string;
  resolved_at: string | null;
  messages: Message[];
  may_settle: boolean;
  may_block: boolean;
}

export interface Someone {
  id: number;
  name: string;
  administration: string;
}

export type Deed = "answer" | "resolve" | "reopen" | "block" | "unblock";

/** What went wrong, in words for the person. */
export class Refused extends Error {
  /** `stale`: somebody acted first, what is shown is out of date. */
  constructor(words: string, readonly stale = false) {
    super(words);
  }
}

export class RemarkServer {
  private folk: Promise<Someone[]> | null = null;

  /** `address`: where the remarks of this draft are, such as /brouillons/12/remarques; `token` goes with what is sent. */
  constructor(private readonly address: string, private readonly token: string) {}

  all(): Promise<{ remarks: Thread[]; notices: number }> {
    return this.fetch(".json");
  }

  people(): Promise<Someone[]> {
    this.folk ??= this.fetch<{ people: Someone[] }>("/personnes.json").then(({ people }) => people);
    // Asked again when the line is back.
    this.folk.catch(() => (this.folk = null));
    return this.folk;
  }

  open(passages: Passage[], text: string, blocking: boolean, mentions: number[]): Promise<Thread> {
    return this.fetch(".json", { passages, text, blocking, mentions });
  }

  change(id: string, deed: Deed, more: { text?: string; mentions?: number[] } = {}): Promise<Thread> {
    return this.fetch(`/${encodeURIComponent(id)}.json`, { do: deed, ...more });
  }

  private async fetch<T>(path: string, body?: unknown): Promise<T> {
    let answer: Response;
    try {
      answer = await fetch(this.address + path, {
        credentials: "same-origin",
        headers: { Accept: "application/json", ...(body ? { "Content-Type": "application/json", "X-CSRFToken": this.token } : {}) },
        ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
      });
    } catch {
      throw new Refused("Le serveur ne répond pas. Votre texte reste ici\u00a0: réessayez dans un instant.");
    }
    const given = (await answer.json().catch(() => null)) as (T & { error?: { message?: string } }) | null;
    if (answer.ok && given) return given;
    throw new Refused(given?.error?.message ?? "Le serveur n’a pas accepté cette demande. Votre texte reste ici.", answer.status === 409);
  }
}
