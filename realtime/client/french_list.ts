// The list of what was found, in reading order. An entry stays the same element while its finding is there, so that
// neither the keyboard nor what is being typed is lost; where it goes, the keyboard goes to the next one.

import { button, element } from "./elements.ts";
import { Entry, type EntryDeeds } from "./french_entry.ts";
import type { Placed } from "./french_reading.ts";
import { counted } from "./french_words.ts";

/** So many more are shown at a time. */
const STEP = 40;

export class FrenchList {
  readonly element = element("div", "");
  private readonly list = element("ol", "plain-list");
  private readonly more: HTMLButtonElement;
  private entries = new Map<string, Entry>();
  private order: string[] = [];
  private most = STEP;
  private placed: readonly Placed[] = [];
  private current: string | null = null;

  /** `rest`: where the keyboard goes when there is no entry left. */
  constructor(private readonly deeds: EntryDeeds, private readonly rest: HTMLElement) {
    this.list.setAttribute("aria-label", "Passages à simplifier");
    this.more = button("", () => {
      const first = this.order.length;
      this.most += STEP;
      this.draw(this.placed, this.current);
      this.entries.get(this.order[first] ?? "")?.head.focus();
    });
    this.element.append(this.list, this.more);
  }

  draw(placed: readonly Placed[], current: string | null): void {
    this.placed = placed;
    this.current = current;
    const index = placed.findIndex(({ key }) => key === current);
    if (index >= this.most) this.most = Math.ceil((index + 1) / STEP) * STEP;
    const focused = this.focusedKey();
    const before = this.order;
    const shown = placed.slice(0, this.most);
    const entries = new Map<string, Entry>();
    const items = shown.map((one) => {
      const entry = this.entries.get(one.key) ?? new Entry(this.deeds);
      entries.set(one.key, entry);
      entry.draw(one, one.key === current);
      return entry.item;
    });
    for (const [key, entry] of this.entries) if (!entries.has(key)) entry.item.remove();
    // What stands in its place is not moved: a field that is moved loses the keyboard.
    items.forEach((item, at) => {
      if (this.list.children[at] !== item) this.list.insertBefore(item, this.list.children[at] ?? null);
    });
    this.entries = entries;
    this.order = shown.map(({ key }) => key);
    this.list.hidden = shown.length === 0;
    const left = placed.length - shown.length;
    this.more.hidden = left === 0;
    if (left > 0) this.more.textContent = `Montrer la suite (${counted(left, "passage", "passages")})`;
    if (focused !== null && !this.element.contains(document.activeElement)) this.refocus(focused, before);
  }

  entry(key: string): Entry | null {
    return this.entries.get(key) ?? null;
  }

  private focusedKey(): string | null {
    const at = document.activeElement;
    if (!at || !this.list.contains(at)) return null;
    for (const [key, entry] of this.entries) if (entry.item.contains(at)) return key;
    return null;
  }

  private refocus(key: string, before: readonly string[]): void {
    const at = before.indexOf(key);
    const next = [...before.slice(at), ...before.slice(0, at).reverse()].find((one) => this.entries.has(one));
    (next === undefined ? this.rest : this.entries.get(next)!.head).focus();
  }
}
