// The address of a link: asked for, completed, judged.

import type { EditorView } from "prosemirror-view";
import { Dialog, textInput } from "./dialog.ts";
import { safeHref } from "./href.ts";
import { markRun, runAround, type Run } from "./marks.ts";

/** What a person typed, as an address: a bare domain gets https://, a bare mail address mailto:. */
export function completeHref(typed: string): string | null {
  const text = typed.trim();
  const direct = safeHref(text);
  if (direct !== null) return direct;
  if (/^[a-z][a-z0-9+.-]*:/iu.test(text) && !/^[^/]+:\d+(\/|$)/u.test(text)) return null;
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/u.test(text)) return safeHref(`mailto:${text}`);
  if (/^[^\s/@]+\.[^\s/@]{2,}(\/.*)?$/u.test(text)) return safeHref(`https://${text}`);
  return null;
}

export class LinkDialog {
  private readonly dialog: Dialog;
  private readonly input = textInput("url");
  private readonly remove: HTMLButtonElement;
  private view: EditorView | null = null;
  private run: Run = { from: 0, to: 0, mark: null };

  constructor(parent: HTMLElement) {
    this.dialog = new Dialog(parent, "Lien", "Appliquer", () => this.apply());
    this.input.spellcheck = false;
    const hint = "Une page (https://…), une adresse électronique ou un numéro de téléphone (tel:…).";
    this.dialog.field("Adresse du lien", this.input, hint);
    this.remove = this.dialog.button("Retirer le lien", () => this.set(null));
  }

  open(view: EditorView): void {
    this.view = view;
    this.run = runAround(view.state, "link");
    this.input.value = String(this.run.mark?.attrs["href"] ?? "");
    this.remove.hidden = this.input.value === "";
    this.dialog.open(view, this.input);
  }

  private apply(): void {
    if (this.input.value.trim() === "") {
      this.set(null);
      return;
    }
    const href = completeHref(this.input.value);
    if (href === null) {
      this.dialog.fault("Cette adresse n’est pas acceptée. Écrivez par exemple https://service-public.nc/", this.input);
      return;
    }
    this.set(href);
  }

  private set(href: string | null): void {
    this.dialog.close();
    const { view } = this;
    if (!view) return;
    const words = (href ?? "").replace(/^(mailto|tel):/iu, "");
    const tr = markRun(view.state, this.run, "link", href === null ? null : { href }, words);
    if (tr.docChanged) view.dispatch(tr);
  }
}
