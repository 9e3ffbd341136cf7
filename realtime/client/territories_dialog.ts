// For which provinces and communes a variant holds.

import type { EditorView } from "prosemirror-view";
import { Dialog } from "./dialog.ts";

/** Slug -> name, in the order of the screens. */
export type Territories = Readonly<Record<string, string>>;

export const slugsOf = (value: unknown): string[] => String(value ?? "").split(" ").filter(Boolean);

export function namesOf(value: unknown, known: Territories): string {
  return slugsOf(value).map((slug) => known[slug] ?? slug).join(", ");
}

export class TerritoriesDialog {
  private readonly dialog: Dialog;
  private readonly boxes = new Map<string, HTMLInputElement>();
  private unknown: string[] = [];
  private answer: (territories: string) => void = () => {};

  constructor(parent: HTMLElement, territories: Territories) {
    this.dialog = new Dialog(parent, "Territoires de la variante", "Appliquer", () => this.submit());
    const set = document.createElement("fieldset");
    set.className = "editor-dialog-boxes";
    const legend = document.createElement("legend");
    legend.textContent = "Cette variante vaut pour";
    const list = document.createElement("ul");
    list.className = "boxes";
    for (const [slug, name] of Object.entries(territories)) {
      const item = document.createElement("li");
      const label = document.createElement("label");
      const box = document.createElement("input");
      box.type = "checkbox";
      this.boxes.set(slug, box);
      label.append(box, ` ${name}`);
      item.append(label);
      list.append(item);
    }
    set.append(legend, list);
    this.dialog.put(set);
  }

  open(view: EditorView, had: string, answer: (territories: string) => void): void {
    this.answer = answer;
    const chosen = slugsOf(had);
    // A place that this page does not know stays chosen: nobody has taken it away.
    this.unknown = chosen.filter((slug) => !this.boxes.has(slug));
    for (const [slug, box] of this.boxes) box.checked = chosen.includes(slug);
    this.dialog.open(view, [...this.boxes.values()][0] ?? this.dialog.element);
  }

  private submit(): void {
    const chosen = [...this.boxes].filter(([, box]) => box.checked).map(([slug]) => slug);
    const all = [...chosen, ...this.unknown];
    if (all.length === 0) {
      this.dialog.fault("Choisissez au moins un territoire.", [...this.boxes.values()][0]);
      return;
    }
    this.dialog.close();
    this.answer(all.join(" "));
  }
}
