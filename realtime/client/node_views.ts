// Blocks that show more than their words: a name from the directory, a stored image, the territories of a variant. What
// is drawn here is never part of the text, and nothing here writes: names that arrive late change the screen only.

import type { Node } from "prosemirror-model";
import type { EditorView, NodeView, NodeViewConstructor } from "prosemirror-view";
import type { Asks } from "./asks.ts";
import { contactKey, serviceKey, type Answer } from "./directory.ts";
import { TITLES, imageAddress } from "./dress.ts";
import { safeHref } from "./href.ts";
import { namesOf } from "./territories_dialog.ts";

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** What all of them have: a frame with a name, a head that cannot be typed in, and a way to the dialogue. */
abstract class BlockView implements NodeView {
  readonly dom: HTMLElement;
  contentDOM?: HTMLElement | null;
  protected readonly head = make("div", "block-head");
  private readonly change: HTMLButtonElement;

  constructor(
    protected node: Node,
    view: EditorView,
    getPos: () => number | undefined,
    protected readonly asks: Asks,
    change: string,
    tag: "div" | "figure" = "div",
  ) {
    this.dom = make(tag);
    this.dom.dataset["block"] = node.type.name;
    // A figure is a group by itself.
    if (tag === "div") this.dom.setAttribute("role", "group");
    this.head.contentEditable = "false";
    this.change = make("button", "block-change", change);
    this.change.type = "button";
    // By keyboard the same is in the menu of the block: a stop of Tab in the middle of a text would be in the way.
    this.change.tabIndex = -1;
    this.change.addEventListener("mousedown", (event) => event.preventDefault());
    this.change.addEventListener("click", () => {
      const pos = getPos();
      if (pos !== undefined && view.editable) asks.edit(view, pos);
    });
  }

  /** Fills the head, with the button at its end. */
  protected fill(...parts: (HTMLElement | string)[]): void {
    this.head.replaceChildren(...parts, this.change);
    const id: unknown = this.node.attrs["id"];
    if (typeof id === "string") this.dom.dataset["id"] = id;
  }

  protected name(words: string): void {
    this.dom.setAttribute("aria-label", words);
  }

  protected abstract draw(): void;

  update(node: Node): boolean {
    if (node.type !== this.node.type) return false;
    const same = node.hasMarkup(this.node.type, this.node.attrs);
    this.node = node;
    if (!same) this.draw();
    return true;
  }

  stopEvent(event: Event): boolean {
    return event.target instanceof HTMLElement && this.change.contains(event.target);
  }

  ignoreMutation(mutation: { type: string; target: globalThis.Node }): boolean {
    if (mutation.type === "selection") return false;
    return !this.contentDOM?.contains(mutation.target);
  }
}

class ReferenceView extends BlockView {
  private drawn = 0;

  constructor(node: Node, view: EditorView, getPos: () => number | undefined, asks: Asks) {
    super(node, view, getPos, asks, "Modifier");
    this.dom.contentEditable = "false";
    this.dom.append(this.head);
    this.draw();
  }

  protected draw(): void {
    const mine = (this.drawn += 1);
    const { attrs } = this.node;
    const contact = this.node.type.name === "contact";
    const named = String(attrs[contact ? "administration" : "service"] ?? "");
    this.say("Chargement…", "");
    if (!named) this.say("À choisir", "");
    else
      this.asks.directory.want(contact ? contactKey(named, attrs["counter"]) : serviceKey(named), (answer: Answer) => {
        if (mine !== this.drawn) return;
        if (answer === "unknown") this.say("Référence inconnue", named);
        else if (answer === "unreachable") this.say(named, "L’annuaire ne répond pas.");
        else this.say(answer.label, answer.detail);
      });
  }

  private say(label: string, detail: string): void {
    this.name(`${TITLES[this.node.type.name]}\u00a0: ${label}`);
    this.fill(make("strong", "block-label", label), make("span", "block-detail", detail));
  }

  destroy(): void {
    this.drawn = -1;
  }
}

class ImageView extends BlockView {
  private readonly image = make("img");

  constructor(node: Node, view: EditorView, getPos: () => number | undefined, asks: Asks) {
    super(node, view, getPos, asks, "Modifier", "figure");
    this.image.contentEditable = "false";
    this.image.draggable = false;
    this.contentDOM = make("figcaption");
    this.dom.append(this.image, this.head, this.contentDOM);
    this.draw();
  }

  protected draw(): void {
    const { image, alt, decorative, width, height } = this.node.attrs as Record<string, unknown>;
    const source = imageAddress(image);
    if (source) this.image.setAttribute("src", source);
    this.image.hidden = source === null;
    this.image.alt = decorative === 1 ? "" : String(alt ?? "");
    // The place is kept before the image has come, so that the text does not jump.
    for (const [name, value] of [["width", width], ["height", height]] as const) {
      if (Number(value) > 0) this.image.setAttribute(name, String(value));
      else this.image.removeAttribute(name);
    }
    this.name(TITLES["image"]!);
    const said = decorative === 1 ? "Image décorative" : alt ? `Texte de remplacement\u00a0: ${String(alt)}` : "Texte de remplacement manquant";
    this.fill(make("span", alt || decorative === 1 ? "block-detail" : "block-missing", said));
  }
}

class LegalView extends BlockView {
  constructor(node: Node, view: EditorView, getPos: () => number | undefined, asks: Asks) {
    super(node, view, getPos, asks, "Modifier");
    this.contentDOM = make("div", "legal-title");
    // The words come last, though the style sheet shows them first: Control+End goes to what can be written in.
    this.dom.append(this.head, this.contentDOM);
    this.draw();
  }

  protected draw(): void {
    const { number, date, href } = this.node.attrs as Record<string, string>;
    this.name(TITLES["legal"]!);
    const facts = [number ? `n°\u00a0${number}` : "", date ? `du ${frenchDate(date)}` : ""].filter(Boolean).join(" ");
    this.fill(make("span", "block-detail", [facts, safeHref(href)].filter(Boolean).join(" – ") || "Numéro, date et adresse à compléter"));
  }
}

function frenchDate(iso: string): string {
  const date = new Date(`${iso}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleDateString("fr-FR", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
}

class VariantView extends BlockView {
  constructor(node: Node, view: EditorView, getPos: () => number | undefined, asks: Asks) {
    super(node, view, getPos, asks, "Choisir les territoires");
    this.contentDOM = make("div", "variant-text");
    this.dom.append(this.head, this.contentDOM);
    this.draw();
  }

  protected draw(): void {
    const names = namesOf(this.node.attrs["territories"], this.asks.territories);
    this.name(`Variante\u00a0: ${names || "territoires à choisir"}`);
    this.fill(make("strong", names ? "block-label" : "block-missing", names || "Territoires à choisir"));
  }
}

export function nodeViews(asks: Asks): Record<string, NodeViewConstructor> {
  const made =
    (View: new (node: Node, view: EditorView, getPos: () => number | undefined, asks: Asks) => NodeView): NodeViewConstructor =>
    (node, view, getPos) =>
      new View(node, view, getPos, asks);
  return {
    contact: made(ReferenceView),
    service: made(ReferenceView),
    image: made(ImageView),
    legal: made(LegalView),
    variant: made(VariantView),
  };
}
