// Choosing whom to contact, or an online service, from the directory.

import type { EditorView } from "prosemirror-view";
import { Choices } from "./choices.ts";
import { Dialog, textInput } from "./dialog.ts";
import type { Directory, Kind, Reference } from "./directory.ts";

const WORDS: Record<Kind, { title: string; field: string; hint: string }> = {
  contact: {
    title: "Qui contacter",
    field: "Administration ou point d’accueil",
    hint: "Écrivez quelques lettres de son nom, puis choisissez dans la liste.",
  },
  service: {
    title: "Démarche en ligne",
    field: "Démarche, formulaire ou rendez-vous",
    hint: "Écrivez quelques lettres de son titre, puis choisissez dans la liste.",
  },
};

/** Nobody types two letters faster, milliseconds. */
const PAUSE = 200;

export class ReferenceDialog {
  private readonly dialog: Dialog;
  private readonly input = textInput("search");
  private readonly choices: Choices;
  private readonly status = document.createElement("p");
  private found: Reference[] = [];
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private chosen: (reference: Reference) => void = () => {};

  constructor(parent: HTMLElement, private readonly directory: Directory, private readonly kind: Kind) {
    const words = WORDS[kind];
    this.dialog = new Dialog(parent, words.title, null, () => {});
    this.dialog.field(words.field, this.input, words.hint);
    this.choices = new Choices(words.field, (index) => this.choose(index), () => this.point());
    this.status.setAttribute("role", "status");
    this.status.className = "hint";
    this.dialog.put(this.choices.list);
    this.dialog.put(this.status);
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-controls", this.choices.list.id);
    this.input.addEventListener("input", () => this.soon());
    this.input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      // Enter sends no form here: there is nothing to send but a choice.
      if (this.choices.key(event.key) || event.key === "Enter") event.preventDefault();
    });
    this.choices.show([]);
  }

  open(view: EditorView, chosen: (reference: Reference) => void): void {
    this.chosen = chosen;
    this.input.value = "";
    this.choices.show([]);
    this.status.textContent = "";
    this.dialog.open(view, this.input);
    void this.search();
  }

  private soon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.search(), PAUSE);
  }

  private async search(): Promise<void> {
    const mine = (this.asked += 1);
    let found: Reference[] = [];
    let more = false;
    try {
      ({ items: found, more } = await this.directory.search(this.kind, this.input.value.trim()));
      if (mine !== this.asked) return;
      this.dialog.fault("");
    } catch {
      if (mine !== this.asked) return;
      this.dialog.fault("L’annuaire ne répond pas. Réessayez dans un instant.");
    }
    this.found = found;
    this.choices.show(found.map(({ label, detail }) => ({ words: label, detail })));
    const many = found.length > 1 ? "s" : "";
    const count = found.length > 0 ? `${found.length}\u00a0résultat${many}` : "Aucun résultat";
    this.status.textContent = more ? `Les ${found.length}\u00a0premiers résultats\u00a0: précisez votre recherche` : count;
  }

  private point(): void {
    this.input.setAttribute("aria-expanded", String(!this.choices.list.hidden));
    const { active } = this.choices;
    if (active) this.input.setAttribute("aria-activedescendant", active);
    else this.input.removeAttribute("aria-activedescendant");
  }

  private choose(index: number): void {
    const reference = this.found[index];
    if (!reference) return;
    this.dialog.close();
    this.chosen(reference);
  }
}
