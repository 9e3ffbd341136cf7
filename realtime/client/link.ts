// The link dialogue: a native <dialog>, so that focus stays inside and Escape closes it.

import type { Mark } from "prosemirror-model";
import type { EditorView } from "prosemirror-view";
import { markType, safeHref } from "./schema.ts";

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

/** The whole link around the cursor, or the selection. */
function linkRange(view: EditorView): { from: number; to: number; href: string } {
  const { state } = view;
  const type = markType("link");
  let { from, to } = state.selection;
  const { $from, empty } = state.selection;
  const mark = type.isInSet($from.marks()) ?? ($from.nodeAfter ? type.isInSet($from.nodeAfter.marks) : undefined);
  if (empty && mark) {
    const parent = $from.parent;
    const start = $from.start();
    parent.forEach((node, offset) => {
      if (!mark.isInSet(node.marks)) return;
      const nodeFrom = start + offset;
      const nodeTo = nodeFrom + node.nodeSize;
      // Pieces that touch are one link, bold or not.
      if (nodeTo < from && !touches(parent, nodeTo - start, from - start, mark)) return;
      if (nodeFrom > to && !touches(parent, to - start, nodeFrom - start, mark)) return;
      from = Math.min(from, nodeFrom);
      to = Math.max(to, nodeTo);
    });
  }
  return { from, to, href: String(mark?.attrs["href"] ?? "") };
}

function touches(parent: EditorView["state"]["doc"], from: number, to: number, mark: Mark): boolean {
  let whole = true;
  parent.nodesBetween(from, to, (node) => {
    if (node.isText && !mark.isInSet(node.marks)) whole = false;
  });
  return whole;
}

export class LinkDialog {
  private readonly dialog = document.createElement("dialog");
  private readonly input = document.createElement("input");
  private readonly error = document.createElement("p");
  private readonly remove = document.createElement("button");
  private view: EditorView | null = null;
  private range = { from: 0, to: 0, href: "" };

  constructor(parent: HTMLElement) {
    this.dialog.className = "link-dialog";
    this.dialog.setAttribute("aria-labelledby", "link-dialog-title");
    const form = document.createElement("form");
    form.method = "dialog";
    form.noValidate = true;
    const title = document.createElement("h2");
    title.id = "link-dialog-title";
    title.textContent = "Lien";
    const label = document.createElement("label");
    label.htmlFor = "link-dialog-href";
    label.textContent = "Adresse du lien";
    const hint = document.createElement("p");
    hint.id = "link-dialog-hint";
    hint.className = "hint";
    hint.textContent = "Une page (https://…), une adresse électronique ou un numéro de téléphone (tel:…).";
    this.input.id = "link-dialog-href";
    this.input.type = "text";
    this.input.inputMode = "url";
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.setAttribute("aria-describedby", "link-dialog-hint link-dialog-error");
    this.error.id = "link-dialog-error";
    this.error.className = "field-error";
    this.error.setAttribute("role", "alert");
    const apply = document.createElement("button");
    apply.type = "submit";
    apply.textContent = "Appliquer";
    this.remove.type = "button";
    this.remove.className = "second";
    this.remove.textContent = "Retirer le lien";
    this.remove.addEventListener("click", () => this.set(null));
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.className = "second";
    cancel.textContent = "Annuler";
    cancel.addEventListener("click", () => this.dialog.close());
    const buttons = document.createElement("p");
    buttons.className = "link-dialog-buttons";
    buttons.append(apply, this.remove, cancel);
    form.append(title, label, this.input, hint, this.error, buttons);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.apply();
    });
    this.dialog.append(form);
    this.dialog.addEventListener("close", () => this.view?.focus());
    parent.append(this.dialog);
  }

  open(view: EditorView): void {
    this.view = view;
    this.range = linkRange(view);
    this.input.value = this.range.href;
    this.say("");
    this.remove.hidden = this.range.href === "";
    this.dialog.showModal();
    this.input.select();
  }

  private say(text: string): void {
    this.error.textContent = text;
    if (text) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }

  private apply(): void {
    if (this.input.value.trim() === "") {
      this.set(null);
      return;
    }
    const href = completeHref(this.input.value);
    if (href === null) {
      this.say("Cette adresse n’est pas acceptée. Écrivez par exemple https://service-public.nc/");
      this.input.focus();
      return;
    }
    this.set(href);
  }

  private set(href: string | null): void {
    const { view } = this;
    this.dialog.close();
    if (!view) return;
    const size = view.state.doc.content.size;
    const from = Math.min(this.range.from, size);
    const to = Math.min(this.range.to, size);
    const type = markType("link");
    const tr = view.state.tr;
    if (href === null) {
      tr.removeMark(from, to, type);
    } else if (from === to) {
      tr.insertText(href.replace(/^(mailto|tel):/iu, ""), from);
      tr.addMark(from, tr.mapping.map(from), type.create({ href }));
    } else {
      tr.addMark(from, to, type.create({ href }));
    }
    if (tr.docChanged) view.dispatch(tr.scrollIntoView());
  }
}
