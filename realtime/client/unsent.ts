// The panel « non envoyé — copier »: what the server will never take is given back to the person as text.

import { copyText } from "./copying.ts";
import { refusalText } from "./savestate.ts";

/** The way back to this page leads through the sign-in. */
function signIn(): HTMLAnchorElement {
  const link = document.createElement("a");
  link.href = location.pathname + location.search;
  link.textContent = "Se connecter de nouveau";
  return link;
}

export class UnsentPanel {
  constructor(
    private readonly panel: HTMLElement,
    private readonly dismissed: () => void,
  ) {}

  /** `kept`: the device keeps it too and sends it later, so that nobody pastes it a second time. */
  show(text: string, code: string, kept: boolean): void {
    if (this.panel.hidden) this.build();
    const why = document.createElement("p");
    why.textContent = `Ce texte n’a pas été envoyé\u00a0: ${refusalText(code)}.`;
    if (kept) why.textContent += " Cet appareil le garde et l’enverra dès que ce sera possible.";
    const box = document.createElement("textarea");
    box.readOnly = true;
    box.rows = Math.min(10, Math.max(2, text.split("\n").length));
    box.setAttribute("aria-label", "Texte non envoyé");
    box.lang = "fr";
    box.value = text || "(Aucun texte\u00a0: la modification supprimait ou mettait en forme.)";
    const copy = document.createElement("button");
    copy.type = "button";
    copy.textContent = "Copier le texte non envoyé";
    copy.disabled = !text;
    copy.addEventListener("click", () => void copyText(box, copy));
    const entry = document.createElement("div");
    entry.className = "unsent-entry";
    entry.append(why, box, copy);
    if (code === "unauthenticated") entry.append(signIn());
    this.panel.append(entry);
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
    const head = document.createElement("div");
    head.className = "unsent-head";
    head.append(title, close);
    this.panel.append(head);
  }
}
