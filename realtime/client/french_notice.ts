// What one has just done, and the button that takes it back, as long as that is possible.

import type { Done } from "./french_edits.ts";
import { button, element } from "./elements.ts";

export class Notice {
  readonly element = element("p", "plain-notice");
  private done: Done | null = null;

  /** `rest`: where the keyboard goes from a button that goes. */
  constructor(private readonly rest: HTMLElement) {
    this.element.hidden = true;
  }

  tell(words: string, undo: (() => void) | null, done: Done | null = null): void {
    this.done = done;
    this.element.replaceChildren(`${words} `);
    if (undo) this.element.append(button("Annuler", undo, `Annuler\u00a0: ${words}`));
    this.element.hidden = false;
  }

  hide(): void {
    const focused = this.element.contains(document.activeElement);
    this.element.hidden = true;
    if (focused) this.rest.focus();
  }

  /** What was taken back by a key, or written over since, is not offered any more. */
  look(): void {
    if (this.done && !this.done.isLast() && !this.element.contains(document.activeElement)) this.hide();
  }
}
