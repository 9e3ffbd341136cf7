// Administrations, counters and online services, by their names. A text keeps only what they are called in addresses;
// the names are asked for once for all blocks of the page, and kept.

import { askAsJson } from "./ask.ts";

export interface Reference {
  administration?: string;
  counter?: number;
  service?: string;
  label: string;
  detail: string;
}

/** What a search gives; `more`: not all of what it found. */
export interface Found {
  items: Reference[];
  more: boolean;
}

export type Kind = "contact" | "service";

/** What a block says of its reference: known, not there (any more), or not to be had just now. */
export type Answer = Reference | "unknown" | "unreachable";

/** So many in one request: an address has to stay short. */
const MOST = 40;
/** Blocks that are drawn together are asked for together, milliseconds. */
const PAUSE = 30;

export const contactKey = (administration: unknown, counter: unknown): string => `contact=${String(administration)}:${Number(counter) || 0}`;
export const serviceKey = (service: unknown): string => `service=${String(service)}`;

const keyOf = (found: Reference): string =>
  found.service !== undefined ? serviceKey(found.service) : contactKey(found.administration, found.counter);

export class Directory {
  private readonly known = new Map<string, Reference | "unknown">();
  private readonly asked = new Map<string, ((answer: Answer) => void)[]>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly address: string) {}

  /** Calls back with the name, at once when it is known. */
  want(key: string, tell: (answer: Answer) => void): void {
    const known = this.known.get(key);
    if (known !== undefined) {
      tell(known);
      return;
    }
    this.asked.set(key, [...(this.asked.get(key) ?? []), tell]);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      void this.ask();
    }, PAUSE);
  }

  async search(kind: Kind, words: string): Promise<Found> {
    const found = await this.fetch(new URLSearchParams({ sorte: kind, q: words }).toString());
    for (const item of found.items) this.known.set(keyOf(item), item);
    return found;
  }

  private async ask(): Promise<void> {
    const waiting = [...this.asked];
    this.asked.clear();
    for (let at = 0; at < waiting.length; at += MOST) {
      const some = waiting.slice(at, at + MOST);
      let failed = false;
      try {
        const query = some.map(([key]) => key.split("=").map(encodeURIComponent).join("=")).join("&");
        for (const item of (await this.fetch(query)).items) this.known.set(keyOf(item), item);
      } catch {
        // A line that is down says nothing about the directory: asked again when the block is next drawn.
        failed = true;
      }
      for (const [key, tellers] of some) {
        if (!failed && !this.known.has(key)) this.known.set(key, "unknown");
        const answer = this.known.get(key) ?? "unreachable";
        for (const tell of tellers) tell(answer);
      }
    }
  }

  private async fetch(query: string): Promise<Found> {
    const answer = await askAsJson(`${this.address}?${query}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const body = (await answer.json()) as Partial<Found>;
    return { items: body.items ?? [], more: body.more === true };
  }
}
