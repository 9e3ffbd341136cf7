// « Français simple » beside the text: what could be said more plainly, at its place, explained, with what to write
// instead. A part of its own, loaded when it is wanted. It writes nothing by itself, and asks as long as it is open.

import { TextSelection, type EditorState } from "prosemirror-state";
import type { DecorationSet } from "prosemirror-view";
import type { FrenchHooks } from "./french.ts";
import { Asking, type State } from "./french_asking.ts";
import { addDefinition, isSuggestedIn, replaceWords, type Done } from "./french_edits.ts";
import { element } from "./elements.ts";
import { GlossaryList, PassedList } from "./french_folded.ts";
import { FrenchList } from "./french_list.ts";
import { FrenchMarks } from "./french_marks.ts";
import { Notice } from "./french_notice.ts";
import { Reading, type Asked, type PassedOver, type Placed, type PlacedTerm } from "./french_reading.ts";
import { FrenchServer, NotRead } from "./french_server.ts";
import { Sight, bringIntoSight, bringUp, showMarks } from "./french_sight.ts";
import { STATES, easeIn, quoted, sumOf } from "./french_words.ts";

/** How long the text has to be at rest before the list follows it, milliseconds. */
const REST = 400;
/** What colleagues left as it is, or took back, is asked for again with an answer, at most so often. */
const PASSED_AGAIN = 30_000;
const NO_LINE = "Pas de connexion\u00a0: cela n’a pas été enregistré.";

export class FrenchPanel {
  private readonly section: HTMLElement;
  private readonly toggleButton: HTMLElement;
  private readonly inner = element("div", "plain-inner");
  private readonly sum = element("p", "plain-sum");
  private readonly state = element("p", "plain-state");
  private readonly notice = new Notice(this.sum);
  private readonly list: FrenchList;
  private readonly passedList: PassedList;
  private readonly glossary: GlossaryList;
  private readonly server: FrenchServer;
  private readonly reading = new Reading();
  private readonly marks = new FrenchMarks(this.reading, () => this.view?.composing ?? false);
  private readonly sight = new Sight(this.marks, () => (this.isOpen ? this.view : null));
  private readonly asking: Asking;
  private readonly names = new Map<string, string>();
  private placed: readonly Placed[] = [];
  private passed: readonly PassedOver[] = [];
  private current: string | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private passedAt = 0;
  private listed: unknown = null;
  private suggested = false;
  private told = false;

  constructor(private readonly hooks: FrenchHooks, private readonly remember: (open: boolean) => void) {
    const { page } = hooks;
    this.section = page.part("french")!;
    this.toggleButton = page.part("french-open")!;
    this.server = new FrenchServer(`/brouillons/${page.draft}/francais-simple`, page.root.dataset["csrf"] ?? "");
    const mayLeave = (page.root.dataset["rights"] ?? "").split(" ").includes("write");
    this.sum.tabIndex = -1;
    this.list = new FrenchList(
      {
        choose: (key, open) => this.choose(key, open),
        toText: (key) => this.toText(key),
        replace: (key) => this.replace(key),
        leave: (key, reason) => this.leave(key, reason),
        mayLeave,
        mayReplace: ({ from, to }) => !!this.view && !isSuggestedIn(this.view.state.doc, from, to),
      },
      this.sum,
    );
    this.passedList = new PassedList(mayLeave ? (id) => void this.takeBack(id) : null, this.sum);
    this.glossary = new GlossaryList((term) => this.define(term));
    this.asking = new Asking({
      reading: this.reading,
      doc: () => this.view?.state.doc ?? null,
      waits: () => document.hidden || (this.view?.composing ?? false),
      ask: (batch) => this.server.read(batch),
      heard: (state, asked) => this.heard(state, asked),
    });
    this.inner.append(
      this.sum, this.state, this.notice.element, this.list.element, this.glossary.element, this.passedList.element,
    );
    this.toggleButton.setAttribute("aria-controls", (this.inner.id = "francais-simple-panneau"));
    this.toggleButton.parentElement!.after(this.inner);
    this.section.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !this.isOpen) return;
      event.preventDefault();
      this.focusText();
    });
    addEventListener("online", () => this.asking.again());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.asking.again();
    });
    // Two panels that follow the reader would lie on one another.
    page.root.addEventListener("open-lab:panel", (event) => {
      if ((event as CustomEvent<string>).detail !== "french") this.close();
    });
    this.show(false);
  }

  private get view() {
    return this.hooks.view();
  }

  private say(words: string, shown = false): void {
    this.hooks.page.announce(words, shown, "french");
  }

  // Open and closed

  get isOpen(): boolean {
    return !this.inner.hidden;
  }

  toggle(): void {
    if (!this.isOpen) return this.open(true);
    this.close();
    this.remember(false);
  }

  open(byHand: boolean): void {
    if (byHand) this.remember(true);
    if (this.isOpen) return;
    this.show(true);
    this.hooks.page.root.dispatchEvent(new CustomEvent("open-lab:panel", { detail: "french" }));
    this.sight.look();
    this.told = !this.reading.isBlank;
    this.passedAt = 0;
    this.asking.start();
    void this.askPassed();
    this.refresh();
  }

  close(): void {
    if (!this.isOpen) return;
    this.asking.stop();
    this.current = this.marks.here = null;
    this.notice.element.hidden = true;
    this.show(false);
    this.dress();
  }

  private show(open: boolean): void {
    this.inner.hidden = !open;
    this.section.classList.toggle("plain-open", open);
    this.toggleButton.textContent = open ? "Fermer les conseils" : "Ouvrir les conseils";
    this.toggleButton.setAttribute("aria-expanded", String(open));
  }

  // What the text and the server tell

  decorations(state: EditorState): DecorationSet | null {
    return this.isOpen ? this.marks.decorations(state) : null;
  }

  /** There is another editor. */
  mounted(): void {
    this.marks.forget();
    this.sight.look();
    if (this.isOpen) this.asking.again();
  }

  /** After each change of the editor's state: with each key, so nothing is done but to set a clock. */
  changed(): void {
    if (!this.isOpen) return;
    this.asking.changed();
    this.timer ??= setTimeout(() => {
      this.timer = null;
      const quiet = (globalThis as { requestIdleCallback?: (run: () => void, options: { timeout: number }) => void }).requestIdleCallback;
      if (quiet) quiet(() => this.followed(), { timeout: 1_000 });
      else this.followed();
    }, REST);
  }

  /** A caret that moved changes nothing in the list. */
  private followed(): void {
    if (this.view?.state.doc !== this.listed || this.hooks.suggesting() !== this.suggested) this.refresh();
  }

  private heard(state: State, asked: readonly Asked[]): void {
    const words = STATES[state];
    if (this.state.textContent !== words) this.state.textContent = words;
    this.state.hidden = words === "";
    if (asked.length > 0) {
      const view = this.view;
      if (view) this.marks.redraw(view.state.doc, new Set(asked.map(({ id }) => id)));
      this.refresh();
      showMarks(view);
      if (Date.now() - this.passedAt > PASSED_AGAIN) void this.askPassed();
    }
    if (state === "current" && !this.told) {
      this.told = true;
      this.refresh();
      this.say(`${sumOf(this.placed.length)} ${this.easeWords()}`);
    }
  }

  private async askPassed(): Promise<void> {
    this.passedAt = Date.now();
    try {
      this.take(await this.server.passedOver());
    } catch {
      // The next answer asks again.
    }
  }

  private take(passed: readonly PassedOver[]): void {
    this.passed = passed;
    this.reading.leaveOut(passed);
    this.dress();
    this.refresh();
  }

  /** What is shown in the text is made anew. */
  private dress(): void {
    this.marks.forget();
    showMarks(this.view);
  }

  private easeWords(): string {
    const view = this.view;
    return view ? easeIn(this.reading.score(view.state.doc)) : "";
  }

  private refresh(): void {
    const view = this.view;
    if (!view || !this.isOpen) return;
    this.sight.follow();
    const { doc } = view.state;
    this.listed = doc;
    this.notice.look();
    this.suggested = this.hooks.suggesting();
    if (this.reading.look(doc)) this.dress();
    this.placed = this.reading.placed(doc);
    for (const { finding } of this.placed) this.names.set(finding.rule, finding.name);
    if (!this.placed.some(({ key }) => key === this.current)) this.current = this.marks.here = null;
    const words = this.reading.isBlank ? "" : `${sumOf(this.placed.length)} ${this.easeWords()} ${this.hooks.length(doc)}.`;
    if (this.sum.textContent !== words) this.sum.textContent = words;
    this.list.draw(this.placed, this.current);
    this.passedList.draw(this.passed, (rule) => this.names.get(rule) ?? "");
    this.glossary.draw(this.reading.terms(doc), !this.suggested);
  }

  // Which one is looked at

  /** The finding where it stands now: the text may have moved since the list was made. */
  private now(key: string): Placed | null {
    const view = this.view;
    return (view && this.reading.placed(view.state.doc).find((one) => one.key === key)) ?? null;
  }

  private choose(key: string, open: boolean): void {
    this.current = this.marks.here = open ? key : null;
    this.dress();
    this.refresh();
    const placed = open ? this.now(key) : null;
    if (placed) this.reveal(placed);
  }

  /** Selects the words and brings them into sight; the keyboard stays where it is. */
  private reveal({ from, to }: Placed): void {
    const view = this.view;
    if (!view) return;
    view.dispatch(view.state.tr.setSelection(TextSelection.create(view.state.doc, from, to)));
    bringIntoSight(view, from, this.section);
  }

  private toText(key: string): void {
    const placed = this.now(key);
    if (!placed) return this.gone();
    this.focusText();
    this.reveal(placed);
  }

  private focusText(): void {
    this.view?.focus();
  }

  private gone(): void {
    this.say("Ce passage a changé\u00a0: ce conseil n’a plus lieu d’être.", true);
    this.refresh();
  }

  private bringUp(key: string, focus: boolean): void {
    const entry = this.list.entry(key);
    if (!entry) return;
    bringUp(entry.item, this.section);
    if (focus) entry.head.focus({ preventScroll: true });
  }

  /** The words were clicked: their advice comes into sight; the caret stays in the text. */
  clicked(pos: number): boolean {
    const there = this.isOpen ? this.at(pos) : null;
    if (!there) return false;
    this.current = this.marks.here = there.key;
    this.dress();
    this.refresh();
    this.bringUp(there.key, false);
    return false;
  }

  /** Of several at one place the shortest. */
  private at(pos: number): Placed | null {
    const view = this.view;
    if (!view) return null;
    const around = this.reading.placed(view.state.doc).filter(({ from, to }) => from <= pos && pos <= to);
    return around.sort((one, other) => one.to - one.from - (other.to - other.from))[0] ?? null;
  }

  /** By a key in the text: the next finding or the one before, in a ring. */
  go(by: 1 | -1): boolean {
    const view = this.view;
    if (!view || !this.isOpen) return false;
    const all = this.reading.placed(view.state.doc);
    if (all.length === 0) {
      this.say(this.told ? sumOf(0) : STATES.reading);
      return true;
    }
    const { from, to } = view.state.selection;
    let index = all.findIndex((one) => one.key === this.current && one.from === from && one.to === to);
    if (index >= 0) index += by;
    else if (by > 0) index = all.findIndex((one) => one.from >= from);
    else index = all.filter((one) => one.to <= to).length - 1;
    if (index < 0 && by > 0) index = 0;
    const placed = all[(index + all.length) % all.length]!;
    this.choose(placed.key, true);
    this.bringUp(placed.key, false);
    const at = all.indexOf(placed) + 1;
    const { name, words } = placed.finding;
    this.say(`Passage ${at} sur ${all.length}. ${name}\u00a0: ${quoted(words)}. Ctrl+Alt+F pour lire le conseil.`);
    return true;
  }

  /** From the text to the advice about the place of the caret, or else to the beginning of the list. */
  lead(): void {
    this.open(true);
    const view = this.view;
    const there = view ? (this.placed.find(({ key }) => key === this.current) ?? this.at(view.state.selection.head)) : null;
    if (!there) return this.sum.focus();
    this.choose(there.key, true);
    this.bringUp(there.key, true);
  }

  // What one does about it

  private tell(words: string, undo: (() => void) | null = null, done: Done | null = null): void {
    this.notice.tell(words, undo, done);
    this.say(`${words} ${sumOf(this.placed.length)}`);
  }

  private replace(key: string): void {
    const { view } = this;
    const placed = this.now(key);
    if (!view || !placed) return this.gone();
    if (!this.hooks.writable()) return this.say("Le texte ne peut pas être changé pour le moment.", true);
    const done = replaceWords(view, this.hooks, placed);
    if (!done) return this.gone();
    this.reading.settled(placed.block, placed.finding);
    const { better } = placed.finding;
    this.dress();
    this.refresh();
    const undo = (): void => {
      this.notice.hide();
      this.say(done.undo() ? "Annulé." : "Le texte a changé depuis\u00a0: Ctrl+Z annule pas à pas.", true);
    };
    this.tell(better === "" ? "Mots supprimés." : `Remplacé par ${quoted(better ?? "")}.`, undo, done);
  }

  private async leave(key: string, reason: string): Promise<void> {
    const placed = this.now(key);
    if (!placed) return this.gone();
    const { rule, words } = placed.finding;
    try {
      await this.server.leave(placed.block, rule, words, reason);
    } catch (failure) {
      throw failure instanceof NotRead ? failure : new Error(NO_LINE);
    }
    await this.askPassed();
    const mine = this.passed.find((one) => one.block === placed.block && one.rule === rule && one.words === words);
    this.tell(`Laissé\u00a0: ${quoted(words)}.`, mine ? () => void this.takeBack(mine.id) : null);
  }

  private async takeBack(id: number): Promise<void> {
    try {
      await this.server.takeBack(id);
    } catch (failure) {
      return this.say(failure instanceof NotRead && failure.message ? failure.message : NO_LINE, true);
    }
    this.notice.hide();
    await this.askPassed();
    this.say(`Repris. ${sumOf(this.placed.length)}`);
  }

  private define({ block, term }: PlacedTerm): void {
    const { view } = this;
    if (!view || !this.hooks.writable()) return this.say("Le texte ne peut pas être changé pour le moment.", true);
    if (!addDefinition(view, this.hooks, block, term)) return this.say("Une définition ne peut pas être mise à cet endroit.", true);
    this.focusText();
    this.refresh();
    this.say("Définition ajoutée au texte, où vous êtes maintenant.");
  }
}
