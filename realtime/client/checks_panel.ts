// What keeps the text from being submitted, shown while it is written, each a click away from its place. The server
// judges what is stored, with the very checks of the submission; this asks again when the text has come to rest.

import type { EditorView } from "prosemirror-view";
import { askAsJson } from "./ask.ts";
import { goToBlock } from "./block_links.ts";

interface Finding {
  code: string;
  block: string | null;
  message: string;
  /** Where it is put right on the page of the article's fields; "" is that page as a whole. */
  field?: string | null;
}

/** What a finding says in place of a field that is put right on the page of the easy-to-read twin, and its address. */
const EASY_PAGE = "facile";
/** How long the text has to be saved and at rest, milliseconds. */
const REST = 2_500;
/** More than these are counted: who has thirty faults mends the first. */
const MOST = 30;

export interface ChecksOptions {
  panel: HTMLElement | null;
  draft: number;
  say(words: string, shown?: boolean, kind?: string): void;
  /** The number of the last stroke that came; the checks are about what is stored. */
  seq(): number | null;
  view(): EditorView | null;
}

export class ChecksPanel {
  private readonly list: HTMLElement | null;
  private readonly sum: HTMLElement | null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asked: number | null = null;
  private count: number | null = null;
  private asking = false;
  private resting = false;

  constructor(private readonly options: ChecksOptions) {
    this.list = options.panel?.querySelector("[data-checks-list]") ?? null;
    this.sum = options.panel?.querySelector("[data-checks-sum]") ?? null;
    document.addEventListener("visibilitychange", () => {
      if (this.resting && !document.hidden) this.soon();
    });
  }

  /** The save state: only what is saved can be judged, and nobody asks without a line. */
  saveState(state: string): void {
    this.resting = state === "saved";
    if (this.resting) this.soon();
    else this.wait();
  }

  /** The text changed, by whomever. */
  changed(): void {
    if (this.resting) this.soon();
  }

  /** Something beside the text changed that is said here too. */
  again(): void {
    this.asked = null;
    this.changed();
  }

  private wait(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private soon(): void {
    if (!this.list || this.options.seq() === this.asked) return;
    this.wait();
    this.timer = setTimeout(() => void this.ask(), REST);
  }

  private async ask(): Promise<void> {
    this.timer = null;
    const seq = this.options.seq();
    if (this.asking || !this.resting || seq === this.asked || !navigator.onLine || document.hidden) return;
    this.asking = true;
    try {
      const answer = await askAsJson(`/brouillons/${this.options.draft}/controles`);
      if (answer.ok) {
        const found = (await answer.json()) as { seq: number; findings: Finding[]; warnings?: Finding[] };
        this.asked = Math.max(found.seq, seq ?? 0);
        this.show(found.findings, found.warnings ?? []);
      } else if (answer.status < 500) {
        // It will not become allowed by asking again.
        this.asked = seq;
      }
    } catch {
      // The line is gone or the answer is none: the next rest asks again.
    } finally {
      this.asking = false;
    }
    if (this.resting) this.soon();
  }

  private show(findings: readonly Finding[], warnings: readonly Finding[]): void {
    const { list, sum } = this;
    if (!list || !sum) return;
    const many = findings.length;
    const words = many === 0 ? "Rien n’empêche de proposer ce texte." : many === 1 ? "1\u00a0point à corriger\u00a0:" : `${many}\u00a0points à corriger\u00a0:`;
    if (sum.textContent !== words) sum.textContent = words;
    const focused = document.activeElement?.closest<HTMLElement>("[data-checks-list] button")?.textContent ?? null;
    const later = warnings.map(({ message, ...rest }) => ({ ...rest, message: `Avant de publier\u00a0: ${message}` }));
    list.replaceChildren(...[...findings, ...later].slice(0, MOST).map((finding) => this.line(finding)));
    list.hidden = many + later.length === 0;
    // The keyboard stays where it was when the same line is still there.
    if (focused !== null) [...list.querySelectorAll("button")].find((button) => button.textContent === focused)?.focus();
    if (this.count !== null && this.count !== many) this.options.say(words.replace(/\u00a0:$/u, "."), false, "checks");
    this.count = many;
  }

  private line({ block, message, field }: Finding): HTMLElement {
    const item = document.createElement("li");
    if (block === null && typeof field === "string") {
      const link = document.createElement("a");
      link.href = `/brouillons/${this.options.draft}/${field === EASY_PAGE ? EASY_PAGE : `champs${field && `#${field}`}`}`;
      link.textContent = message;
      item.append(link);
      return item;
    }
    if (block === null) {
      item.textContent = message;
      return item;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "check";
    button.textContent = message;
    button.addEventListener("click", () => {
      const view = this.options.view();
      if (!view || goToBlock(view, block)) return;
      this.options.say("Ce passage n’est plus dans le texte.", true, "checks");
    });
    item.append(button);
    return item;
  }
}
