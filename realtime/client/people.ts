// Who is at the table: a visible list, a polite word when somebody comes or goes, and the colours of their cursors.

import type { Awareness } from "y-protocols/awareness";
import { yCursorPlugin } from "y-prosemirror";
import type { DecorationAttrs } from "prosemirror-view";
import type { Plugin } from "prosemirror-state";
import type { Person } from "./protocol.ts";

/** Colours of editor.css (.colour-0 …), each with a contrast above 4.5 against white text. */
const COLOURS = 8;

export class Table {
  private byClient = new Map<number, Person>();
  private present = new Map<string, Person>();
  private known = false;

  constructor(
    private readonly list: HTMLElement,
    private readonly announce: (text: string) => void,
  ) {}

  update(people: readonly Person[], own: number | null): void {
    this.byClient = new Map(people.map((person) => [person.client_id, person]));
    const present = new Map(people.map((person) => [String(person.person), person]));
    const self = own === null ? undefined : this.byClient.get(own);
    if (this.known) {
      for (const [key, person] of present) {
        if (!this.present.has(key) && key !== String(self?.person)) this.announce(`${person.name} a rejoint la table.`);
      }
      for (const [key, person] of this.present) {
        if (!present.has(key) && key !== String(self?.person)) this.announce(`${person.name} a quitté la table.`);
      }
    }
    this.known = true;
    this.present = present;
    this.render(self);
  }

  private render(self: Person | undefined): void {
    const items = [...this.present.values()].map((person) => {
      const item = document.createElement("li");
      item.dataset["person"] = String(person.person);
      const dot = document.createElement("span");
      dot.className = `person-dot colour-${colourOf(person)}`;
      dot.setAttribute("aria-hidden", "true");
      const administration = person.administration ? ` – ${person.administration}` : "";
      const you = person.person === self?.person ? " (vous)" : "";
      item.append(dot, `${person.name}${administration}${you}`);
      return item;
    });
    this.list.replaceChildren(...items);
  }

  /** Remote cursors. The name is drawn by the style sheet from an attribute: no text of it enters the sentence. */
  cursors(awareness: Awareness): Plugin {
    return yCursorPlugin(awareness, {
      awarenessStateFilter: (own: number, client: number) => client !== own && this.byClient.has(client),
      cursorBuilder: (_user: unknown, client: number): HTMLElement => {
        const person = this.byClient.get(client);
        const cursor = document.createElement("span");
        cursor.className = `cursor colour-${colourOf(person)}`;
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

/** The server's choice when it made one; otherwise the same for the same person on every screen. */
function colourOf(person: Person | undefined): number {
  if (!person) return 0;
  if (typeof person.colour === "number") return Math.abs(Math.trunc(person.colour)) % COLOURS;
  let sum = 0;
  for (const char of String(person.person)) sum = (sum * 31 + char.codePointAt(0)!) >>> 0;
  return sum % COLOURS;
}
