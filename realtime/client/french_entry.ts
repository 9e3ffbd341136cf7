// One piece of advice beside the text: what was found, why it matters, what to write instead, and what one may do.

import { button, element } from "./elements.ts";
import { adviceOf, quoted } from "./french_words.ts";
import type { Placed } from "./french_reading.ts";

/** As drafts/plain_models.py has it. */
const SHORTEST_REASON = 3;
const LONGEST_REASON = 300;

export interface EntryDeeds {
  /** Looks at it, or no more. */
  choose(key: string, open: boolean): void;
  toText(key: string): void;
  replace(key: string): void;
  /** Keeps the words as they are; throws with words for the person. */
  leave(key: string, reason: string): Promise<void>;
  /** Whether this person may say that words stay as they are. */
  readonly mayLeave: boolean;
  /** Whether the better words may be put there by the press of a button. */
  mayReplace(placed: Placed): boolean;
}

let made = 0;

export class Entry {
  readonly item = element("li", "plain-entry");
  readonly head: HTMLButtonElement;
  private readonly detail = element("div", "plain-detail");
  private readonly name = element("strong", "");
  private readonly words = element("span", "plain-words");
  private placed: Placed | null = null;
  private form: HTMLFormElement | null = null;
  private drawn = "";

  constructor(private readonly deeds: EntryDeeds) {
    this.head = button("", () => this.deeds.choose(this.placed!.key, this.detail.hidden === true));
    this.head.className = "check";
    this.head.append(this.name, " ", this.words);
    this.detail.id = `plain-detail-${(made += 1)}`;
    this.head.setAttribute("aria-controls", this.detail.id);
    this.item.append(this.head, this.detail);
    this.detail.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.form) return;
      event.preventDefault();
      this.closeForm();
    });
  }

  draw(placed: Placed, open: boolean): void {
    this.placed = placed;
    const { finding } = placed;
    if (this.name.textContent !== finding.name) this.name.textContent = finding.name;
    const words = quoted(finding.words);
    if (this.words.textContent !== words) this.words.textContent = words;
    this.head.setAttribute("aria-expanded", String(open));
    this.item.classList.toggle("plain-current", open);
    this.detail.hidden = !open;
    if (!open) {
      this.form = null;
      this.drawn = "";
      this.detail.replaceChildren();
      return;
    }
    const replaces = this.deeds.mayReplace(placed);
    const state = JSON.stringify([finding.why, finding.better, finding.rather, replaces]);
    // What is being typed, and the button with the focus, stay.
    if (state === this.drawn) return;
    this.drawn = state;
    this.fill(placed, replaces);
  }

  private fill({ key, finding }: Placed, replaces: boolean): void {
    const parts = [element("p", "", finding.why)];
    const advice = adviceOf(finding);
    if (advice) parts.push(element("p", "plain-advice", advice));
    const row = element("p", "plain-buttons");
    if (finding.better !== null && replaces) {
      row.append(
        button(finding.better === "" ? "Supprimer ces mots" : `Remplacer par ${quoted(finding.better)}`, () => this.deeds.replace(key)),
      );
    }
    const name = `${finding.name}, ${quoted(finding.words)}`;
    row.append(button("Aller au passage", () => this.deeds.toText(key), `Aller au passage\u00a0: ${name}`));
    if (this.deeds.mayLeave) {
      row.append(button("Laisser, avec une raison", () => this.openForm(), `Laisser, avec une raison\u00a0: ${name}`));
    }
    const close = (): void => {
      this.head.focus();
      this.deeds.choose(key, false);
    };
    row.append(button("Fermer", close, `Fermer\u00a0: ${name}`));
    const typed = this.form?.querySelector("input")?.value;
    const focused = this.detail.contains(document.activeElement);
    this.form = null;
    this.detail.replaceChildren(...parts, row);
    if (typed !== undefined) this.openForm(typed, focused);
    else if (focused) this.head.focus();
  }

  private openForm(typed = "", focus = true): void {
    if (this.form) return;
    const name = `${this.detail.id}-reason`;
    const form = document.createElement("form");
    form.className = "plain-reason";
    form.noValidate = true;
    const label = document.createElement("label");
    label.htmlFor = name;
    label.textContent = "Pourquoi garder ces mots\u00a0?";
    const field = document.createElement("input");
    field.type = "text";
    field.id = name;
    field.maxLength = LONGEST_REASON;
    field.value = typed;
    const hint = element("p", "hint", "Une phrase, que les autres liront.");
    hint.id = `${name}-hint`;
    const error = element("p", "field-error");
    error.id = `${name}-error`;
    error.setAttribute("role", "alert");
    field.setAttribute("aria-describedby", `${hint.id} ${error.id}`);
    const send = document.createElement("button");
    send.type = "submit";
    send.textContent = "Laisser ces mots";
    const row = element("p", "plain-buttons", send, button("Annuler", () => this.closeForm()));
    form.append(label, field, hint, error, row);
    let sending = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const reason = field.value.trim();
      if (sending) return;
      if (reason.length < SHORTEST_REASON) {
        error.textContent = "Écrivez une raison, en quelques mots.";
        field.setAttribute("aria-invalid", "true");
        field.focus();
        return;
      }
      sending = true;
      send.setAttribute("aria-disabled", "true");
      this.deeds.leave(this.placed!.key, reason).catch((failure: unknown) => {
        sending = false;
        send.removeAttribute("aria-disabled");
        error.textContent = failure instanceof Error && failure.message ? failure.message : "Cela n’a pas réussi. Votre texte reste ici.";
      });
    });
    this.form = form;
    this.detail.append(form);
    if (focus) field.focus();
  }

  private closeForm(): void {
    this.form?.remove();
    this.form = null;
    this.head.focus();
  }
}
