// Number, date and address of a legal reference; its title is written in the text.

import type { EditorView } from "prosemirror-view";
import { Dialog, textInput } from "./dialog.ts";
import { completeHref } from "./link.ts";

export interface LegalValues {
  number: string;
  date: string;
  href: string;
}

export class LegalDialog {
  private readonly dialog: Dialog;
  private readonly number = textInput();
  private readonly date = document.createElement("input");
  private readonly href = textInput("url");
  private answer: (values: LegalValues) => void = () => {};

  constructor(parent: HTMLElement) {
    this.dialog = new Dialog(parent, "Texte de référence", "Appliquer", () => this.submit());
    this.number.maxLength = 200;
    this.date.type = "date";
    this.dialog.field("Numéro", this.number, "Par exemple 2021-12 ou Lp.\u00a03. Peut rester vide.");
    this.dialog.field("Date", this.date);
    this.dialog.field("Adresse", this.href, "La page où l’on peut lire le texte (https://…).");
  }

  open(view: EditorView, had: LegalValues, answer: (values: LegalValues) => void): void {
    this.answer = answer;
    this.number.value = had.number;
    this.date.value = had.date;
    this.href.value = had.href;
    this.dialog.open(view, this.number);
  }

  private submit(): void {
    const typed = this.href.value.trim();
    const href = typed ? completeHref(typed) : "";
    if (href === null) {
      this.dialog.fault("Cette adresse n’est pas acceptée. Écrivez par exemple https://juridoc.gouv.nc/", this.href);
      return;
    }
    this.dialog.close();
    this.answer({ number: this.number.value.trim(), date: this.date.value, href });
  }
}
