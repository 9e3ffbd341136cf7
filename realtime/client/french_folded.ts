// Below the findings: what people left as it is, with their reasons, and the words that the glossary explains. Both are
// made anew when they say something else, and the keyboard stays on the same button, or goes to the heading.

import { button, element } from "./elements.ts";
import type { PassedOver, PlacedTerm } from "./french_reading.ts";
import { counted, quoted } from "./french_words.ts";

/** More than these are counted only. */
const MOST = 40;

const DAY = new Intl.DateTimeFormat("fr-FR", { dateStyle: "long", timeZone: "Pacific/Noumea" });

function dayOf(at: string): string {
  const when = new Date(at);
  return Number.isNaN(when.getTime()) ? "" : `, le ${DAY.format(when)}`;
}

/** The same button after the lines were made anew. */
function kept(place: HTMLElement, make: () => void, rest: HTMLElement): void {
  const focused = document.activeElement instanceof HTMLElement && place.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.dataset["key"];
  make();
  if (!focused || place.contains(document.activeElement)) return;
  const same = [...place.querySelectorAll<HTMLElement>("[data-key]")].find((one) => one.dataset["key"] === key);
  (same ?? rest).focus();
}

export class PassedList {
  readonly element = document.createElement("details");
  private readonly summary = document.createElement("summary");
  private readonly list = element("ul", "plain-passed");
  private drawn = "";

  /** `takeBack`: for who may. */
  constructor(private readonly takeBack: ((id: number) => void) | null, private readonly rest: HTMLElement) {
    this.element.append(this.summary, this.list);
    this.element.hidden = true;
  }

  draw(passed: readonly PassedOver[], nameOf: (rule: string) => string): void {
    const state = JSON.stringify(passed.map((one) => [one, nameOf(one.rule)]));
    if (state === this.drawn) return;
    this.drawn = state;
    this.summary.textContent = `Laissés avec une raison (${passed.length})`;
    kept(
      this.element,
      () => {
        this.list.replaceChildren(...passed.slice(0, MOST).map((one) => this.line(one, nameOf(one.rule))));
        this.element.hidden = passed.length === 0;
      },
      this.rest,
    );
  }

  private line({ id, words, reason, by, at }: PassedOver, name: string): HTMLElement {
    const item = element(
      "li",
      "",
      element("span", "plain-words", name ? `${name} ${quoted(words)}` : quoted(words)),
      element("span", "plain-why", reason),
      element("span", "meta", `${by}${dayOf(at)}`),
    );
    const { takeBack } = this;
    if (takeBack) {
      const back = button("Reprendre", () => takeBack(id), `Reprendre\u00a0: ${quoted(words)}`);
      back.dataset["key"] = String(id);
      item.append(back);
    }
    return item;
  }
}

export class GlossaryList {
  readonly element = element("section", "plain-glossary");
  private readonly heading = element("h3", "", "Mots expliqués au glossaire");
  private readonly list = element("ul", "plain-terms");
  private readonly note = element("p", "meta");
  private drawn = "";

  constructor(private readonly add: (term: PlacedTerm) => void) {
    this.heading.tabIndex = -1;
    this.element.append(this.heading, this.note, this.list);
    this.element.hidden = true;
  }

  /** `adds`: a definition may be put into the text now. */
  draw(terms: readonly PlacedTerm[], adds: boolean): void {
    const state = JSON.stringify([terms.map(({ block, term }) => [block, term.term, term.definition]), adds]);
    if (state === this.drawn) return;
    this.drawn = state;
    const left = terms.length - MOST;
    this.note.textContent = [
      adds ? "" : "Une définition ne peut pas être suggérée.",
      left > 0 ? `${counted(left, "autre mot", "autres mots")} plus loin dans le texte.` : "",
    ].filter(Boolean).join(" ");
    this.note.hidden = this.note.textContent === "";
    kept(
      this.element,
      () => {
        this.list.replaceChildren(...terms.slice(0, MOST).map((one) => this.line(one, adds)));
        this.element.hidden = terms.length === 0;
      },
      this.heading,
    );
  }

  private line(one: PlacedTerm, adds: boolean): HTMLElement {
    const { term, definition } = one.term;
    const item = element("li", "", element("strong", "", term), " ", element("span", "", definition));
    if (adds) {
      const put = button("Ajouter la définition", () => this.add(one), `Ajouter la définition\u00a0: ${term}`);
      put.dataset["key"] = term;
      item.append(put);
    }
    return item;
  }
}
