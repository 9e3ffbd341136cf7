// What an abbreviation stands for.

import type { EditorView } from "prosemirror-view";
import { Dialog, textInput } from "./dialog.ts";
import { markRun, runAround, type Run } from "./marks.ts";

export class AbbrDialog {
  private readonly dialog: Dialog;
  private readonly short = textInput();
  private readonly long = textInput();
  private readonly remove: HTMLButtonElement;
  private view: EditorView | null = null;
  private run: Run = { from: 0, to: 0, mark: null };

  constructor(parent: HTMLElement) {
    this.dialog = new Dialog(parent, "Abréviation", "Appliquer", () => this.submit());
    this.short.maxLength = 100;
    this.long.maxLength = 500;
    this.dialog.field("Abréviation", this.short, "Par exemple CAFAT.");
    this.dialog.field("Ce qu’elle veut dire", this.long);
    this.remove = this.dialog.button("Retirer l’explication", () => this.set(null));
  }

  open(view: EditorView): void {
    this.view = view;
    this.run = runAround(view.state, "abbr");
    const words = view.state.doc.textBetween(this.run.from, this.run.to);
    this.short.value = words;
    this.short.readOnly = words !== "";
    this.long.value = String(this.run.mark?.attrs["title"] ?? "");
    this.remove.hidden = this.run.mark === null;
    this.dialog.open(view, words ? this.long : this.short);
  }

  private submit(): void {
    const title = this.long.value.trim();
    if (!this.short.value.trim()) this.dialog.fault("Écrivez l’abréviation.", this.short);
    else if (!title) this.dialog.fault("Écrivez ce que l’abréviation veut dire.", this.long);
    else this.set({ title });
  }

  private set(attrs: Record<string, string> | null): void {
    this.dialog.close();
    const { view } = this;
    if (view) view.dispatch(markRun(view.state, this.run, "abbr", attrs, this.short.value.trim()));
  }
}
