// Who is at the table: a visible list, a polite word when somebody comes or goes, and the colours of their cursors.

import type { Awareness } from "y-protocols/awareness";
import { yCursorPlugin } from "y-prosemirror";
import type { DecorationAttrs } from "prosemirror-view";
import type { Plugin } from "prosemirror-state";
import { Comings } from "./comings.ts";
import { onDemand } from "./on_demand.ts";
import type { Following } from "./following.ts";
import type { Person } from "./protocol.ts";

/** Colours of editor.css (.colour-0 …), each with a contrast above 4.5 against white text. */
const COLOURS = 8;

const counted = (many: number, word: string): string => `${many}\u00a0${word}${many > 1 ? "s" : ""}`;

export class Table {
  private byClient = new Map<number, Person>();
  private present = new Map<string, Person>();
  private known = false;
  private readonly comings: Comings;
  private readonly ask: (run: (following: Following) => unknown) => void;
  private self: Person | undefined;
  private following: Following | null = null;

  constructor(
    private readonly list: HTMLElement,
    private readonly sum: HTMLElement | null,
    announce: (text: string) => void,
  ) {
    this.comings = new Comings(announce);
    this.ask = onDemand(
      () => import("./following.ts").then(({ Following }) => new Following(announce, () => this.render())),
      announce,
    );
    list.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLElement>("[data-follow]");
      if (button) this.follow(button.dataset["follow"]!);
    });
  }

  private follow(key: string): void {
    this.ask((following) => {
      this.following = following;
      const person = this.present.get(key);
      if (person) following.toggle(key, person.name);
    });
  }

  update(people: readonly Person[], own: number | null): void {
    this.byClient = new Map(people.map((person) => [person.client_id, person]));
    const present = new Map(people.map((person) => [String(person.person), person]));
    const self = own === null ? undefined : this.byClient.get(own);
    if (this.known) {
      for (const [key, person] of present) {
        if (!this.present.has(key) && key !== String(self?.person)) this.comings.come(key, person.name);
      }
      for (const [key, person] of this.present) {
        if (!present.has(key) && key !== String(self?.person)) this.comings.leave(key, person.name);
      }
    }
    this.known = true;
    this.present = present;
    this.self = self;
    this.following?.keep(present);
    this.render();
  }

  /** The list by administration, one's own first; somebody in two tabs is there once. */
  private render(): void {
    const mine = this.self?.administration ?? "";
    const groups = new Map<string, Person[]>(this.self ? [[mine, []]] : []);
    for (const person of this.present.values()) {
      const place = person.administration ?? "";
      groups.set(place, [...(groups.get(place) ?? []), person]);
    }
    const focused = (document.activeElement as HTMLElement | null)?.dataset["follow"];
    this.list.replaceChildren(
      ...[...groups].map(([place, people]) => {
        const group = document.createElement("li");
        const inner = document.createElement("ul");
        inner.append(...people.map((person) => this.line(person)));
        group.append(`${place || "Sans administration"}${people.length > 1 ? ` (${people.length})` : ""}`, inner);
        return group;
      }),
    );
    // The keyboard stays on the button it was on, though the list was written anew.
    if (focused !== undefined) this.list.querySelector<HTMLElement>(`[data-follow="${CSS.escape(focused)}"]`)?.focus();
    const places = groups.size;
    if (this.sum) this.sum.textContent = `${counted(this.present.size, "personne")}, ${counted(places, "administration")}`;
  }

  private line(person: Person): HTMLElement {
    const key = String(person.person);
    const item = document.createElement("li");
    item.dataset["person"] = key;
    const dot = document.createElement("span");
    dot.className = `person-dot colour-${colourOf(person)}`;
    dot.setAttribute("aria-hidden", "true");
    dot.textContent = initials(person.name);
    const name = document.createElement("span");
    name.textContent = person.name + (key === String(this.self?.person) ? " (vous)" : "");
    item.append(dot, name);
    if (key !== String(this.self?.person)) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "second";
      button.dataset["follow"] = key;
      button.textContent = "Suivre";
      button.setAttribute("aria-label", `Suivre ${person.name}`);
      button.setAttribute("aria-pressed", String(this.following?.whom === key));
      item.append(button);
    }
    return item;
  }

  /** Remote cursors. The name is drawn by the style sheet from an attribute: no text of it enters the sentence. */
  cursors(awareness: Awareness): Plugin {
    return yCursorPlugin(awareness, {
      awarenessStateFilter: (own: number, client: number) => client !== own && this.byClient.has(client),
      cursorBuilder: (_user: unknown, client: number): HTMLElement => {
        const person = this.byClient.get(client);
        const cursor = document.createElement("span");
        cursor.className = `cursor colour-${colourOf(person)}`;
        cursor.dataset["whose"] = String(person?.person);
        cursor.setAttribute("aria-hidden", "true");
        const label = document.createElement("span");
        label.className = "cursor-name";
        label.dataset["name"] = person?.name ?? "";
        cursor.append(label);
        return cursor;
      },
      selectionBuilder: (_user: unknown, client: number): DecorationAttrs => ({
        class: `cursor-selection colour-${colourOf(this.byClient.get(client))}`,
      }),
    }) as Plugin;
  }
}

/** Two letters beside the colour: « Éloïse Martinelle » is ÉM. */
export function initials(name: string): string {
  const words = name.split(/[\s-]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0]!, words[words.length - 1]!] : words;
  return letters.map((word) => [...word][0]!.toUpperCase()).join("");
}

/** The server's choice. */
function colourOf(person: Person | undefined): number {
  return Math.abs(Math.trunc(person?.colour ?? 0)) % COLOURS;
}
