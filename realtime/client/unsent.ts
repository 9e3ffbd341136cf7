// The panel « non envoyé — copier »: what the server will never take is given back to the person as text.

import { refusalText } from "./savestate.ts";

export class UnsentPanel {
  constructor(
    private readonly panel: HTMLElement,
    private readonly dismissed: () => void,
  ) {}

  show(text: string, code: string): void {
    if (this.panel.hidden) this.build();
    const why = document.createElement("p");
    why.textContent = `Ce texte n’a pas été envoyé\u00a0: ${refusalText(code)}.`;
    const box = document.createElement("textarea");
    box.readOnly = true;
    box.rows = Math.min(10, Math.max(2, text.split("\n").length));
    box.setAttribute("aria-label", "Texte non envoyé");
    box.lang = "fr";
    box.value = text || "(Aucun texte\u00a0: la modification supprimait ou mettait en forme.)";
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copier le texte non envoyé";
    copy.addEventListener("click", () => void this.copy(box, copy));
    this.panel.append(why, box, copy);
    this.panel.hidden = false;
  }

  private build(): void {
    this.panel.replaceChildren();
    this.panel.classList.add("unsent");
    this.panel.setAttribute("role", "region");
    this.panel.setAttribute("aria-labelledby", "unsent-title");
    const title = document.createElement("h2");
    title.id = "unsent-title";
    title.textContent = "Non envoyé — copier";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "second unsent-close";
    close.textContent = "Fermer";
    close.addEventListener("click", () => {
      this.panel.hidden = true;
      this.panel.replaceChildren();
      this.dismissed();
    });
    this.panel.append(title, close);
  }

  private async copy(box: HTMLTextAreaElement, button: HTMLButtonElement): Promise<void> {
    try {
      await navigator.clipboard.writeText(box.value);
      button.textContent = "Copié";
    } catch {
      // Without the permission the text is selected: Ctrl+C does the rest.
      box.focus();
      box.select();
      button.textContent = "Texte sélectionné\u00a0: Ctrl+C pour copier";
    }
  }
}
