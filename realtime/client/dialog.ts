// A question asked in a native <dialog>: focus stays inside, Escape closes it, and the text has the focus again after.

import type { EditorView } from "prosemirror-view";

let made = 0;

export class Dialog {
  readonly element = document.createElement("dialog");
  readonly form = document.createElement("form");
  readonly buttons = document.createElement("p");
  private readonly heading = document.createElement("h2");
  private readonly error = document.createElement("p");
  private readonly name = `editor-dialog-${(made += 1)}`;
  private view: EditorView | null = null;

  /** `submit`: what the first button says, null where choosing is enough. `answer` is called when it is pressed. */
  constructor(parent: HTMLElement, title: string, submit: string | null, answer: () => void) {
    this.element.className = "editor-dialog";
    this.heading.id = `${this.name}-title`;
    this.element.setAttribute("aria-labelledby", this.heading.id);
    this.retitle(title);
    this.error.id = `${this.name}-error`;
    this.error.className = "field-error";
    this.error.setAttribute("role", "alert");
    this.buttons.className = "editor-dialog-buttons";
    if (submit !== null) {
      const first = document.createElement("button");
      first.type = "submit";
      first.textContent = submit;
      this.buttons.append(first);
    }
    this.button("Annuler", () => this.close());
    this.form.method = "dialog";
    this.form.noValidate = true;
    this.form.append(this.heading, this.error, this.buttons);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer();
    });
    this.element.append(this.form);
    this.element.addEventListener("close", () => this.view?.focus());
    parent.append(this.element);
  }

  retitle(title: string): void {
    this.heading.textContent = title;
  }

  /** A further button, before « Annuler ». */
  button(words: string, press: () => void): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "second";
    button.textContent = words;
    button.addEventListener("click", press);
    this.buttons.insertBefore(button, this.buttons.lastElementChild === this.buttons.firstElementChild ? null : this.buttons.lastElementChild);
    return button;
  }

  /** A field with its label, above the buttons. */
  field(words: string, input: HTMLInputElement, hint = ""): HTMLInputElement {
    const box = document.createElement("p");
    box.className = "editor-dialog-field";
    const label = document.createElement("label");
    input.id = `${this.name}-${this.form.elements.length}`;
    label.htmlFor = input.id;
    label.textContent = words;
    const described = [this.error.id];
    const check = input.type === "checkbox";
    if (check) box.classList.add("box");
    box.append(...(check ? [input, label] : [label, input]));
    if (hint) {
      const said = document.createElement("span");
      said.id = `${input.id}-hint`;
      said.className = "hint";
      said.textContent = hint;
      described.unshift(said.id);
      box.append(said);
    }
    input.setAttribute("aria-describedby", described.join(" "));
    this.put(box);
    return input;
  }

  put(element: HTMLElement): void {
    this.form.insertBefore(element, this.error);
  }

  open(view: EditorView, focus: HTMLElement): void {
    this.view = view;
    this.fault("");
    this.element.showModal();
    focus.focus();
    if (focus instanceof HTMLInputElement && focus.type !== "file" && focus.type !== "checkbox") focus.select();
  }

  close(): void {
    if (this.element.open) this.element.close();
  }

  /** Says what is wrong, beside the buttons, and puts the focus where it is put right. */
  fault(text: string, at?: HTMLElement): void {
    this.error.textContent = text;
    for (const wrong of this.form.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
    if (text && at) {
      at.setAttribute("aria-invalid", "true");
      at.focus();
    }
  }
}

export function textInput(inputMode = "text"): HTMLInputElement {
  const input = document.createElement("input");
  input.type = "text";
  input.inputMode = inputMode;
  input.autocomplete = "off";
  return input;
}
