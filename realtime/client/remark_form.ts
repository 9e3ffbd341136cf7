// A text about a text: a field with its buttons, and people who are called by their names after an @. What was typed
// stays in the field until the server has it.

import { Choices } from "./choices.ts";
import { Refused, type RemarkServer, type Someone } from "./remark_server.ts";

export interface RemarkFormOptions {
  label: string;
  submit: string;
  server: RemarkServer;
  /** A box beside the field, for who opens a thread. */
  blocking: boolean;
  send(text: string, mentions: number[], blocking: boolean): Promise<void>;
  cancel(): void;
  say(words: string, shown?: boolean, kind?: string): void;
}

const LONGEST = 4_000;
/** Names below the field; who has more writes one letter more. */
const MOST_NAMES = 8;
/** What stands between an @ and the caret. */
const CALLED = /(?:^|\s)@([^\s@][^@\n]{0,40})?$/u;

const plain = (words: string): string => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
let made = 0;

export class RemarkForm {
  readonly form = document.createElement("form");
  readonly field = document.createElement("textarea");
  readonly box = document.createElement("input");
  private readonly button = document.createElement("button");
  private readonly error = document.createElement("p");
  private readonly names: Choices;
  private readonly mentioned = new Map<number, string>();
  private found: Someone[] = [];
  private asked = 0;
  private sending = false;

  constructor(private readonly options: RemarkFormOptions) {
    const { form, field, error, button } = this;
    const name = `remark-form-${(made += 1)}`;
    form.className = "remark-form";
    form.noValidate = true;
    const label = document.createElement("label");
    label.textContent = options.label;
    label.htmlFor = field.id = `${name}-text`;
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.id = `${name}-hint`;
    hint.textContent = "@ et un nom pour prévenir quelqu’un.";
    error.className = "field-error";
    error.id = `${name}-error`;
    error.setAttribute("role", "alert");
    field.rows = 3;
    field.maxLength = LONGEST;
    field.setAttribute("aria-describedby", `${hint.id} ${error.id}`);
    this.names = new Choices("Personnes", (index) => this.choose(index), () => this.point());
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.names.list.id);
    field.addEventListener("input", () => void this.look());
    field.addEventListener("keydown", (event) => this.onKey(event));
    field.addEventListener("blur", () => this.names.show([]));
    button.type = "submit";
    button.textContent = options.submit;
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.className = "second";
    cancel.textContent = "Annuler";
    cancel.addEventListener("click", () => {
      this.clear();
      options.cancel();
    });
    const buttons = document.createElement("p");
    buttons.className = "remark-buttons";
    buttons.append(button, cancel);
    form.append(label, field, this.names.list, hint);
    if (options.blocking) form.append(this.blockingBox(name));
    form.append(error, buttons);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
    this.names.show([]);
  }

  private blockingBox(name: string): HTMLElement {
    const { box } = this;
    const label = document.createElement("label");
    label.className = "remark-blocking-box";
    box.type = "checkbox";
    box.id = `${name}-blocking`;
    label.append(box, " Bloquante\u00a0: la publication attend qu’elle soit résolue");
    return label;
  }

  clear(): void {
    this.field.value = "";
    this.box.checked = false;
    this.error.textContent = "";
    this.mentioned.clear();
    this.names.show([]);
  }

  private async submit(): Promise<void> {
    const { field, error, button } = this;
    if (this.sending) return;
    const text = field.value.trim();
    if (text === "") {
      error.textContent = "Écrivez quelque chose avant d’envoyer.";
      field.focus();
      return;
    }
    this.sending = true;
    button.setAttribute("aria-disabled", "true");
    try {
      const mentions = [...this.mentioned].filter(([, name]) => text.includes(`@${name}`)).map(([id]) => id);
      await this.options.send(text, mentions, this.box.checked);
      this.clear();
    } catch (refusal) {
      error.textContent = refusal instanceof Refused ? refusal.message : "Cela n’a pas réussi. Votre texte reste ici.";
      field.focus();
    } finally {
      this.sending = false;
      button.removeAttribute("aria-disabled");
    }
  }

  private onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const open = !this.names.list.hidden;
    if (open && event.key === "Escape") this.names.show([]);
    else if (open && event.key === "Tab" && !event.shiftKey) this.names.key("Enter");
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void this.submit();
    else if (!open || !this.names.key(event.key)) return;
    event.preventDefault();
    // The panel closes on Escape as well: one key, one thing.
    event.stopPropagation();
  }

  /** The letters after the last @ before the caret; null when nobody is being called. */
  private called(): string | null {
    const { field } = this;
    if (field.selectionStart !== field.selectionEnd) return null;
    const before = CALLED.exec(field.value.slice(0, field.selectionStart));
    return before ? (before[1] ?? "") : null;
  }

  private async look(): Promise<void> {
    const mine = (this.asked += 1);
    if (this.called() === null) {
      this.names.show([]);
      return;
    }
    let people: Someone[] = [];
    try {
      people = await this.options.server.people();
    } catch {
      this.options.say("La liste des personnes ne répond pas.", false, "mention");
    }
    const wanted = this.called();
    if (mine !== this.asked || wanted === null) return;
    const letters = plain(wanted);
    this.found = people.filter(({ name }) => plain(name).split(/[\s-]+/u).some((part) => part.startsWith(letters)) || plain(name).startsWith(letters));
    this.found = this.found.slice(0, MOST_NAMES);
    this.names.show(this.found.map(({ name, administration }) => ({ words: name, detail: administration })));
    const many = this.found.length;
    if (many > 0) this.options.say(`${many}\u00a0${many > 1 ? "personnes" : "personne"}, flèches pour choisir`, false, "mention");
  }

  private point(): void {
    const { active } = this.names;
    if (active) this.field.setAttribute("aria-activedescendant", active);
    else this.field.removeAttribute("aria-activedescendant");
  }

  private choose(index: number): void {
    const person = this.found[index];
    const wanted = this.called();
    if (!person || wanted === null) return;
    const { field } = this;
    const end = field.selectionStart;
    field.setRangeText(`@${person.name} `, end - wanted.length - 1, end, "end");
    this.mentioned.set(person.id, person.name);
    this.names.show([]);
    field.focus();
  }
}
