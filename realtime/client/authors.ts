// « Qui a écrit quoi »: shares beside the text, passages marked in it, and who wrote the one that is pointed at. A part
// of its own, loaded when it is wanted. It asks again some seconds after the text has moved, as long as it is open.

import type { EditorState } from "prosemirror-state";
import { Decoration, DecorationSet, type EditorView } from "prosemirror-view";
import { askAsJson } from "./ask.ts";
import { Whose, partsOf, passageAt, type Part, type Passage, type Run } from "./whose.ts";

interface Share {
  name: string;
  characters: number;
  percent: number;
}

interface Answer {
  seq: number;
  is_damaged: boolean;
  characters: number;
  inherited: number;
  administrations: (Share & { id: number; acronym: string })[];
  people: (Share & { person: number; administration: number })[];
  blocks: [string, Run[]][];
  is_cut: boolean;
}

export interface AuthorsOptions {
  panel: HTMLElement;
  draft: number;
  say(words: string, shown?: boolean, kind?: string): void;
  seq(): number | null;
  view(): EditorView | null;
}

/** The server is not asked more often, milliseconds. */
const PAUSE = 3_000;
/** A caret that has come to rest, milliseconds. */
const REST = 400;
/** As many marks as app.css has (.by-0 …); more administrations begin again, and have their names. */
const MARKS = 8;
/** So many people of a selection are named. */
const NAMED = 4;

export class Authors {
  private readonly whose = new Whose();
  private answer: Answer | null = null;
  private open = false;
  private asking: Promise<boolean> | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private resting: ReturnType<typeof setTimeout> | null = null;
  private marked: { doc: unknown; here: Passage | null; set: DecorationSet } | null = null;
  private here: Passage | null = null;
  private dressed: EditorView | null = null;
  private selected = "";
  private readonly toggleButton: HTMLButtonElement;
  private readonly shares = document.createElement("div");
  private readonly place = document.createElement("p");

  constructor(private readonly options: AuthorsOptions) {
    const { panel } = options;
    this.toggleButton = panel.querySelector<HTMLButtonElement>("[data-authors-toggle]")!;
    this.shares.hidden = true;
    this.place.className = "authors-here";
    this.toggleButton.parentElement!.after(this.shares);
    document.addEventListener("selectionchange", () => this.pointed());
    document.addEventListener("visibilitychange", () => this.soon());
  }

  async toggle(): Promise<void> {
    this.open = !this.open;
    this.toggleButton.setAttribute("aria-pressed", String(this.open));
    if (!this.open) {
      this.shares.hidden = true;
      this.dress();
      this.options.say("Les auteurs ne sont plus marqués.", false, "authors");
      return;
    }
    if (!(await this.ask())) {
      this.open = false;
      this.toggleButton.setAttribute("aria-pressed", "false");
      return;
    }
    this.shares.hidden = false;
    this.dress();
    this.pointed();
    this.options.say(`Les auteurs sont marqués dans le texte. ${this.sum()}`, false, "authors");
  }

  /** By a key in the text: who wrote the selection, or the passage with the caret. */
  async tell(): Promise<void> {
    if (this.answer?.seq !== this.options.seq() && !(await this.ask())) return;
    const view = this.options.view();
    if (view) this.options.say(this.words(view.state), true, "authors");
  }

  /** The editor's state changed, or its document was built anew. */
  changed(): void {
    if (!this.open) return;
    if (this.dressed !== this.options.view()) this.dress();
    this.pointed();
    this.soon();
  }

  private soon(): void {
    if (!this.open || this.timer !== null || document.hidden || this.answer?.seq === this.options.seq()) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.open && !document.hidden && navigator.onLine) void this.ask(true).then(() => this.soon());
      else if (this.open && !document.hidden) this.soon();
    }, PAUSE);
  }

  /** One request at a time. False when there is no answer. */
  private ask(quietly = false): Promise<boolean> {
    this.asking ??= this.fetch(quietly).finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private async fetch(quietly: boolean): Promise<boolean> {
    try {
      const answer = await askAsJson(`/brouillons/${this.options.draft}/auteurs`);
      if (!answer.ok) throw new Error(String(answer.status));
      this.answer = (await answer.json()) as Answer;
    } catch {
      if (!quietly) this.options.say("Les auteurs ne peuvent pas être demandés au serveur. Réessayez dans un instant.", true, "authors");
      return false;
    }
    const view = this.options.view();
    if (view) this.whose.told(this.answer.blocks, view.state.doc);
    this.show();
    // Under an input method nothing may be drawn anew: the next answer, or the next key, does it.
    if (view?.composing) return true;
    this.marked = null;
    if (view && this.open) view.setProps({});
    return true;
  }

  /** The marks in the text, as a property of the view: its plugins must not be made anew for it. */
  private dress(): void {
    const view = this.options.view();
    this.marked = null;
    this.dressed = this.open ? view : null;
    view?.setProps({ decorations: this.open ? (state: EditorState) => this.marks(state) : () => null });
  }

  private marks(state: EditorState): DecorationSet {
    const { doc } = state;
    if (this.marked?.doc === doc && this.marked.here === this.here) return this.marked.set;
    this.whose.glue = this.options.view()?.composing ?? false;
    const marks = this.whose.passages(doc).map((passage) => {
      const here = this.here !== null && passage.from === this.here.from && passage.to === this.here.to;
      return Decoration.inline(passage.from, passage.to, {
        class: `by ${this.classOf(passage)}${here ? " by-here" : ""}`,
        "data-by": `${this.placeName(passage.administration, passage.person)} – ${this.personName(passage.person)}`,
      });
    });
    this.marked = { doc, here: this.here, set: DecorationSet.create(doc, marks) };
    return this.marked.set;
  }

  private classOf({ administration, person }: { administration: number; person: number }): string {
    const place = this.answer?.administrations.findIndex(({ id }) => id === administration) ?? -1;
    return person === 0 || place < 0 ? "by-nobody" : `by-${place % MARKS}`;
  }

  private placeName(administration: number, person: number): string {
    if (person === 0) return "Version publiée";
    const place = this.answer?.administrations.find(({ id }) => id === administration);
    return place ? place.acronym || place.name : "Sans administration";
  }

  private personName(person: number): string {
    if (person === 0) return "texte repris";
    return this.answer?.people.find((one) => one.person === person)?.name ?? "compte effacé";
  }

  private who({ administration, person }: Pick<Part, "administration" | "person">): string {
    if (person === 0) return "version publiée";
    const place = this.answer?.administrations.find(({ id }) => id === administration);
    return `${place?.name ?? "sans administration"} (${this.personName(person)})`;
  }

  /** What is said of the selection, or of the passage with the caret. */
  private words(state: EditorState): string {
    const { doc, selection } = state;
    const passages = this.whose.passages(doc);
    if (!selection.empty) {
      const parts = partsOf(passages, doc, selection.from, selection.to);
      if (parts.length === 0) return "Le passage choisi\u00a0: auteurs pas encore connus.";
      const named = parts.slice(0, NAMED).map((part) => `${this.who(part)}, ${characters(part.characters)}`);
      const more = parts.length > NAMED ? `\u00a0; ${parts.length - NAMED} autres` : "";
      return `Le passage choisi\u00a0: ${named.join("\u00a0; ")}${more}.`;
    }
    const at = passageAt(passages, selection.head);
    if (!at) return "Ici\u00a0: pas encore d’auteur connu.";
    return `Ici\u00a0: ${this.who(at)}, ${characters([...doc.textBetween(at.from, at.to)].length)}.`;
  }

  /** The caret or the selection moved: said beside the text, and a selection aloud too. */
  private pointed(): void {
    if (!this.open || this.resting !== null) return;
    this.resting = setTimeout(() => {
      this.resting = null;
      const view = this.options.view();
      if (!this.open || !view || !this.answer || view.composing) return;
      const { state } = view;
      const words = this.words(state);
      if (this.place.textContent !== words) this.place.textContent = words;
      const here = state.selection.empty && view.hasFocus() ? passageAt(this.whose.passages(state.doc), state.selection.head) : null;
      if (here?.from !== this.here?.from || here?.to !== this.here?.to) {
        this.here = here;
        view.setProps({});
      }
      const selected = state.selection.empty ? "" : words;
      if (selected && selected !== this.selected) this.options.say(selected, false, "authors");
      this.selected = selected;
    }, REST);
  }

  private sum(): string {
    const { administrations = [], characters: whole = 0 } = this.answer ?? {};
    return administrations.slice(0, NAMED).map((one) => `${one.name}\u00a0: ${percentOf(one, whole)}`).join(", ") + ".";
  }

  private show(): void {
    const { answer } = this;
    if (!answer) return;
    const list = document.createElement("ul");
    list.className = "shares";
    list.setAttribute("aria-label", "Parts du texte par administration");
    for (const [index, place] of answer.administrations.entries()) {
      const item = document.createElement("li");
      const name = document.createElement("span");
      name.className = `by by-${index % MARKS}`;
      name.textContent = place.name;
      const people = answer.people.filter(({ administration }) => administration === place.id);
      const names = document.createElement("span");
      names.className = "meta";
      names.textContent = people.map((one) => `${one.name} ${percentOf(one, answer.characters)}`).join(", ");
      item.append(name, ` ${percentOf(place, answer.characters)}`, bar(place.percent), names);
      list.append(item);
    }
    const notes = [
      answer.inherited > 0 ? `${characters(answer.inherited)} de la version publiée, comptés à ses auteurs.` : "",
      answer.is_cut ? "Ce texte a trop de passages pour les marquer tous." : "",
      answer.is_damaged ? "Une partie de ce texte ne peut plus être relue." : "",
      answer.administrations.length === 0 ? "Ce texte est encore vide." : "",
    ].filter(Boolean);
    const note = document.createElement("p");
    note.className = "meta";
    note.textContent = notes.join(" ");
    note.hidden = notes.length === 0;
    this.shares.replaceChildren(this.place, list, note);
  }
}

const characters = (many: number): string => `${many}\u00a0caractère${many > 1 ? "s" : ""}`;

/** Of a whole in which others have a part, however small, nobody has a hundred. */
function percentOf({ percent, characters: many }: Share, whole: number): string {
  if (percent === 0 && many > 0) return "moins de 1\u00a0%";
  return percent === 100 && many < whole ? "plus de 99\u00a0%" : `${percent}\u00a0%`;
}

function bar(share: number): SVGElement {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("class", "share-bar");
  drawing.setAttribute("aria-hidden", "true");
  const part = document.createElementNS(space, "rect");
  part.setAttribute("width", `${share}%`);
  part.setAttribute("height", "100%");
  drawing.append(part);
  return drawing;
}
