// How the blocks of a procedure look in the page, and how they are read back from the editor's own clipboard. Their
// headings (« Pièces à fournir », « Étape 2 ») are not words of the text: the style sheet writes them for the eye, and a
// label says them to a screen reader. `data-block` keeps a foreign page's <div class="step"> from passing for a step.

import type { DOMOutputSpec, MarkSpec, NodeSpec } from "prosemirror-model";
import grammar from "../../drafts/schema.json";
import { safeHref } from "./href.ts";

type Attrs = Record<string, unknown>;

const ID = new RegExp(grammar.types.id.pattern);
const SLUG = new RegExp(grammar.types.slug.pattern);
const SLUGS = new RegExp(grammar.types.slugs.pattern);
const LONGEST = grammar.types.string.max;

/** A block id found in pasted markup, when it has the grammar's shape. */
function pastedId(dom: HTMLElement): string | null {
  const id = dom.getAttribute("data-id");
  return id !== null && ID.test(id) ? id : null;
}

export const read = (dom: HTMLElement): Attrs => ({ id: pastedId(dom) });

export function withId(attrs: Attrs, more: Record<string, string> = {}): Record<string, string> {
  return typeof attrs["id"] === "string" ? { "data-id": attrs["id"], ...more } : more;
}

const slug = (value: unknown): string => (typeof value === "string" && SLUG.test(value) ? value : "");
const words = (value: unknown): string => (typeof value === "string" ? value.slice(0, LONGEST) : "");
const isoDate = (value: unknown): string => (typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/u.test(value) ? value : "");

function whole(value: unknown): number {
  const found = Number(value);
  return Number.isSafeInteger(found) && found >= 0 ? found : 0;
}

/** Where the server shows a stored image; null when there is none. */
export function imageAddress(image: unknown): string | null {
  const id = slug(image);
  return id ? `/images/${id}.webp` : null;
}

export const TITLES: Readonly<Record<string, string>> = {
  steps: "Étapes",
  step: "Étape",
  documents: "Pièces à fournir",
  further: "Pour aller plus loin",
  cost: "Coût",
  delay: "Délai",
  legal: "Texte de référence",
  question: "Question et réponse",
  definition: "Définition",
  situations: "Choix de la situation",
  situation: "Situation",
  variants: "Variantes selon le territoire",
  variant: "Variante",
  contact: "Contact",
  service: "Démarche en ligne",
  image: "Image",
};

function region(name: string, tag = "div", role: string | null = "group"): Partial<NodeSpec> {
  return {
    defining: true,
    parseDOM: [{ tag: `${tag}[data-block=${name}]`, priority: 60, getAttrs: read }],
    toDOM: (node): DOMOutputSpec => [
      tag,
      withId(node.attrs, { "data-block": name, "aria-label": TITLES[name]!, ...(role ? { role } : {}) }),
      0,
    ],
  };
}

/** The attributes of a block in which its own values are kept for the clipboard. */
function carried(name: string, attrs: Attrs, keys: readonly string[]): Record<string, string> {
  const found = withId(attrs, { "data-block": name });
  for (const key of keys) found[`data-${key}`] = String(attrs[key] ?? "");
  return found;
}

function leaf(name: string, keys: readonly string[], getAttrs: (dom: HTMLElement) => Attrs): Partial<NodeSpec> {
  return {
    selectable: true,
    parseDOM: [{ tag: `div[data-block=${name}]`, priority: 60, getAttrs: (dom) => ({ ...read(dom), ...getAttrs(dom) }) }],
    toDOM: (node): DOMOutputSpec => ["div", carried(name, node.attrs, keys)],
  };
}

export const BLOCK_DRESS: Record<string, Partial<NodeSpec>> = {
  label: {
    defining: true,
    parseDOM: [{ tag: "p[data-block=label]", priority: 60, getAttrs: read }],
    toDOM: (node) => ["p", withId(node.attrs, { "data-block": "label" }), 0],
  },
  steps: region("steps", "ol", "list"),
  // The place in the list is said by the list itself.
  step: {
    ...region("step", "li"),
    toDOM: (node) => ["li", withId(node.attrs, { "data-block": "step" }), 0],
  },
  documents: region("documents", "ul", null),
  further: region("further", "ul", null),
  cost: region("cost"),
  delay: region("delay"),
  question: region("question"),
  definition: region("definition"),
  situations: region("situations"),
  situation: region("situation"),
  variants: region("variants"),
  variant: {
    defining: true,
    parseDOM: [
      {
        tag: "div[data-block=variant]",
        priority: 60,
        contentElement: (dom) => dom.querySelector<HTMLElement>(":scope > [data-inside]") ?? dom,
        getAttrs: (dom) => {
          const territories = dom.getAttribute("data-territories") ?? "";
          return { ...read(dom), territories: SLUGS.test(territories) ? territories : "" };
        },
      },
    ],
    toDOM: (node) => [
      "div",
      { ...carried("variant", node.attrs, ["territories"]), role: "group", "aria-label": TITLES["variant"]! },
      ["div", { "data-inside": "" }, 0],
    ],
  },
  legal: {
    defining: true,
    parseDOM: [
      {
        tag: "div[data-block=legal]",
        priority: 60,
        contentElement: (dom) => dom.querySelector<HTMLElement>(":scope > [data-inside]") ?? dom,
        getAttrs: (dom) => ({
          ...read(dom),
          number: words(dom.getAttribute("data-number")),
          date: isoDate(dom.getAttribute("data-date")),
          href: safeHref(dom.getAttribute("data-href")) ?? "",
        }),
      },
    ],
    toDOM: (node) => [
      "div",
      {
        ...carried("legal", { ...node.attrs, href: safeHref(node.attrs["href"]) ?? "" }, ["number", "date", "href"]),
        role: "group",
        "aria-label": TITLES["legal"]!,
      },
      ["span", { "data-inside": "" }, 0],
    ],
  },
  contact: leaf("contact", ["administration", "counter"], (dom) => ({
    administration: slug(dom.getAttribute("data-administration")),
    counter: whole(dom.getAttribute("data-counter")),
  })),
  service: leaf("service", ["service"], (dom) => ({ service: slug(dom.getAttribute("data-service")) })),
  image: {
    defining: true,
    isolating: true,
    parseDOM: [
      {
        tag: "figure[data-block=image]",
        priority: 60,
        contentElement: "figcaption",
        getAttrs: (dom) => ({
          ...read(dom),
          image: slug(dom.getAttribute("data-image")),
          alt: words(dom.getAttribute("data-alt")),
          decorative: dom.getAttribute("data-decorative") === "1" ? 1 : 0,
          width: whole(dom.getAttribute("data-width")),
          height: whole(dom.getAttribute("data-height")),
        }),
      },
    ],
    toDOM: (node) => {
      const source = imageAddress(node.attrs["image"]);
      const alt = node.attrs["decorative"] === 1 ? "" : words(node.attrs["alt"]);
      const figure = carried("image", node.attrs, ["image", "alt", "decorative", "width", "height"]);
      return ["figure", figure, ["img", source ? { src: source, alt } : { alt }], ["figcaption", 0]];
    },
  },
};

export const MARK_DRESS: Record<string, Partial<MarkSpec>> = {
  service_link: {
    parseDOM: [
      {
        tag: "span[data-service]",
        getAttrs: (dom) => {
          const service = slug(dom.getAttribute("data-service"));
          return service === "" ? false : { service };
        },
      },
    ],
    toDOM: (mark) => ["span", { class: "service-link", "data-service": slug(mark.attrs["service"]) }, 0],
  },
  abbr: {
    parseDOM: [
      {
        tag: "abbr[title]",
        getAttrs: (dom) => {
          const title = words(dom.getAttribute("title")).trim();
          return title === "" ? false : { title };
        },
      },
    ],
    toDOM: (mark) => ["abbr", { title: words(mark.attrs["title"]) }, 0],
  },
  // Suggestions and anchors of remarks are read from nothing that is pasted: whose they are is in their id.
  insertion: { toDOM: (mark) => ["ins", { class: "suggestion", "data-suggestion": words(mark.attrs["id"]) }, 0] },
  deletion: { toDOM: (mark) => ["del", { class: "suggestion", "data-suggestion": words(mark.attrs["id"]) }, 0] },
  remark: { toDOM: (mark) => ["span", { class: "remarked", "data-remark": words(mark.attrs["id"]) }, 0] },
};
