// An image: chosen, sent at once, and put into the text only when somebody has said what it shows, or that it says
// nothing to who cannot see it.

import type { EditorView } from "prosemirror-view";
import { Dialog, textInput } from "./dialog.ts";
import { KINDS, refusedFile, sendImage, type Stored } from "./upload.ts";

export interface ImageValues {
  image: string;
  alt: string;
  decorative: number;
  width: number;
  height: number;
}

const LONGEST_ALT = 2000;

export class ImageDialog {
  private readonly dialog: Dialog;
  private readonly file = document.createElement("input");
  private readonly alt = textInput();
  private readonly decorative = document.createElement("input");
  private readonly status = document.createElement("p");
  private readonly bar = document.createElement("progress");
  private sending: AbortController | null = null;
  private stored: Stored | null = null;
  private answer: (values: ImageValues) => void = () => {};

  constructor(parent: HTMLElement, private readonly address: string, private readonly token: string) {
    this.dialog = new Dialog(parent, "Image", "Insérer", () => this.submit());
    this.file.type = "file";
    this.file.accept = KINDS.join(",");
    this.dialog.field("Fichier de l’image", this.file, "JPEG, PNG, WebP ou GIF, 10\u00a0Mo au plus.");
    this.bar.max = 1;
    this.bar.setAttribute("aria-label", "Envoi de l’image");
    this.status.setAttribute("role", "status");
    this.status.className = "hint";
    this.dialog.put(this.bar);
    this.dialog.put(this.status);
    this.alt.maxLength = LONGEST_ALT;
    this.dialog.field("Texte de remplacement", this.alt, "Ce que l’image montre, pour qui ne la voit pas.");
    this.decorative.type = "checkbox";
    this.dialog.field("Image décorative\u00a0: elle n’apprend rien au lecteur", this.decorative);
    this.file.addEventListener("change", () => {
      const file = this.file.files?.[0];
      if (file) this.send(file);
    });
    this.decorative.addEventListener("change", () => {
      this.alt.disabled = this.decorative.checked;
    });
    this.dialog.element.addEventListener("close", () => this.sending?.abort());
  }

  /** `had`: the values of an image that is in the text already; its file stays unless another is chosen. */
  open(view: EditorView, had: ImageValues | null, file: File | null, answer: (values: ImageValues) => void): void {
    this.answer = answer;
    this.sending = null;
    this.stored = had?.image ? { ...had, url: "" } : null;
    this.file.value = "";
    this.alt.value = had?.alt ?? "";
    this.decorative.checked = had?.decorative === 1;
    this.alt.disabled = this.decorative.checked;
    this.bar.hidden = true;
    this.status.textContent = "";
    this.dialog.retitle(had ? "Modifier l’image" : "Insérer une image");
    this.dialog.buttons.querySelector("button")!.textContent = had ? "Appliquer" : "Insérer";
    this.dialog.open(view, had || file ? this.alt : this.file);
    if (file) this.send(file);
  }

  private send(file: File): void {
    this.sending?.abort();
    this.stored = null;
    const refused = refusedFile(file);
    this.bar.hidden = refused !== null;
    this.status.textContent = refused === null ? `Envoi de ${file.name}…` : "";
    this.dialog.fault(refused ?? "", refused === null ? undefined : this.file);
    if (refused !== null) return;
    const sending = new AbortController();
    this.sending = sending;
    this.bar.value = 0;
    sendImage(this.address, this.token, file, (share) => (this.bar.value = share), sending.signal).then(
      (stored) => {
        if (this.sending !== sending) return;
        this.sending = null;
        this.stored = stored;
        this.bar.hidden = true;
        this.status.textContent = `${file.name} est enregistrée.`;
      },
      (why: string | null) => {
        if (this.sending !== sending || why === null) return;
        this.sending = null;
        this.bar.hidden = true;
        this.status.textContent = "";
        this.dialog.fault(why, this.file);
      },
    );
  }

  private submit(): void {
    const alt = this.alt.value.trim();
    const decorative = this.decorative.checked;
    if (this.sending) this.dialog.fault("L’image n’est pas encore arrivée. Attendez un instant.");
    else if (!this.stored) this.dialog.fault("Choisissez d’abord une image.", this.file);
    else if (!alt && !decorative) this.dialog.fault("Écrivez ce que l’image montre, ou cochez qu’elle est décorative.", this.alt);
    else {
      const { image, width, height } = this.stored;
      this.dialog.close();
      this.answer({ image, width, height, alt: decorative ? "" : alt, decorative: decorative ? 1 : 0 });
    }
  }
}
