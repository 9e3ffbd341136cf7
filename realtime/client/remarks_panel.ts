// The remarks beside the text: which words they are about, the threads, and a new one. What the server tells is the
// truth; the text only says where the words stand now. Only open remarks are shown in it, and nobody writes to hide one.

import { TextSelection, type EditorState } from "prosemirror-state";
import { Decoration, DecorationSet, type EditorView } from "prosemirror-view";
import type { Page } from "./page.ts";
import { RemarkForm } from "./remark_form.ts";
import { anchorsIn, passagesOf, type Passage, type Range } from "./remark_places.ts";
import { RemarkServer, type Thread } from "./remark_server.ts";
import { ThreadView } from "./remark_thread.ts";

/** The filters: what each is called, and which threads it lets through. */
const FILTERS: readonly [string, string, (thread: Thread) => boolean][] = [
  ["open", "Ouvertes", (thread) => thread.open],
  ["blocking", "Bloquantes", (thread) => thread.open && thread.blocking],
  ["mine", "Où j’ai écrit", (thread) => thread.messages.some((message) => message.is_mine)],
  ["mentions", "Qui me mentionnent", (thread) => thread.messages.some((message) => message.mentions_me)],
  ["resolved", "Résolues", (thread) => !thread.open],
];
/** What the server takes in one remark. */
const LONGEST_QUOTE = 2_000;
/** Several remarks in one breath are asked for once, milliseconds. */
const PAUSE = 50;
const WIDE = "(min-width: 56.01rem)";

export class RemarksPanel {
  private readonly section: HTMLElement;
  private readonly count: HTMLElement | null;
  private readonly button: HTMLElement;
  private readonly inner = document.createElement("div");
  private readonly filter = document.createElement("select");
  private readonly list = document.createElement("div");
  private readonly none = document.createElement("p");
  private readonly quote = document.createElement("blockquote");
  private readonly server: RemarkServer;
  private readonly composer: RemarkForm;
  private threads: Thread[] = [];
  private readonly views = new Map<string, ThreadView>();
  private passages: Passage[] = [];
  private anchors = new Map<string, Range[]>();
  private decorated: { doc: unknown; threads: readonly Thread[]; set: DecorationSet } | null = null;
  private current: string | null = null;
  private asked = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private frame = 0;
  private known = false;

  constructor(private readonly page: Page, private readonly view: () => EditorView | null, private readonly mayWrite: boolean) {
    const { inner, filter, list, none, quote } = this;
    const section = (this.section = page.part("remarks")!);
    this.button = page.part("remarks-open")!;
    this.count = section.querySelector("[data-remarks-count]");
    this.server = new RemarkServer(`/brouillons/${page.draft}/remarques`, page.root.dataset["csrf"] ?? "");
    this.composer = new RemarkForm({
      label: "Votre remarque",
      submit: "Envoyer",
      server: this.server,
      blocking: true,
      say: page.announce,
      send: (text, mentions, blocking) => this.send(text, mentions, blocking),
      cancel: () => this.endComposing(),
    });
    this.button.setAttribute("aria-controls", (inner.id = "remarques-panneau"));
    const label = document.createElement("label");
    label.htmlFor = filter.id = "remarques-filtre";
    label.textContent = "Montrer";
    for (const [name, words] of FILTERS) filter.append(new Option(words, name));
    filter.addEventListener("change", () => this.draw());
    none.className = "meta";
    list.className = "remark-threads";
    const fresh = document.createElement("div");
    quote.className = "remark-quote";
    fresh.append(quote, this.composer.form);
    inner.append(fresh, label, filter, none, list);
    this.button.parentElement!.after(inner);
    section.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !this.isOpen) return;
      event.preventDefault();
      this.close();
      this.focusText();
    });
    page.root.addEventListener("open-lab:panel", (event) => {
      if ((event as CustomEvent<string>).detail !== "remarks") this.close();
    });
    this.endComposing(false);
    this.close();
  }

  get isOpen(): boolean {
    return !this.inner.hidden;
  }

  open(): void {
    // Two panels that follow the reader would lie on one another.
    if (!this.isOpen) this.page.root.dispatchEvent(new CustomEvent("open-lab:panel", { detail: "remarks" }));
    this.show(true);
    this.draw();
  }

  close(): void {
    this.show(false);
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
    // Opened by hand for the first time, nothing has been asked for yet.
    if (!this.known) this.refresh();
  }

  private show(open: boolean): void {
    this.inner.hidden = !open;
    this.section.classList.toggle("remarks-open", open);
    this.button.textContent = open ? "Fermer les remarques" : "Ouvrir les remarques";
    this.button.setAttribute("aria-expanded", String(open));
  }

  /** Asks the server again, a moment later. */
  refresh(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      void this.ask();
    }, PAUSE);
  }

  private async ask(): Promise<void> {
    const mine = (this.asked += 1);
    try {
      const { remarks, notices } = await this.server.all();
      if (mine !== this.asked) return;
      this.tell(remarks);
      this.take(remarks);
      showNotices(notices);
    } catch {
      // The line is gone: the next join asks again.
    }
  }

  /** What others said since is said aloud, politely. */
  private tell(now: readonly Thread[]): void {
    const before = new Map(this.threads.map((thread) => [thread.id, thread.messages.length]));
    const fresh = now.flatMap((thread) => {
      const seen = before.get(thread.id) ?? 0;
      return thread.messages.slice(seen).map((message) => ({ message, answer: before.has(thread.id) }));
    });
    const others = fresh.filter(({ message }) => !message.is_mine);
    const last = others[others.length - 1];
    if (this.known && last) {
      this.page.announce(`${last.answer ? "Réponse" : "Nouvelle remarque"} de ${last.message.person}.`, false, "remarks");
    }
    this.known = true;
  }

  private take(threads: Thread[]): void {
    this.threads = threads;
    if (this.count) this.count.textContent = `(${threads.filter((thread) => thread.open).length})`;
    const view = this.view();
    // So that the words are dressed anew.
    if (view) view.dispatch(view.state.tr.setMeta("addToHistory", false));
    this.draw();
  }

  private replace(thread: Thread): void {
    const others = this.threads.filter((one) => one.id !== thread.id);
    this.take([thread, ...others]);
    this.refresh();
  }

  // In the text

  decorations(state: EditorState): DecorationSet {
    const { decorated, threads } = this;
    if (decorated && decorated.doc === state.doc && decorated.threads === threads) return decorated.set;
    const before = [...this.anchors.keys()].join(" ");
    this.anchors = anchorsIn(state.doc);
    const words = threads
      .filter((thread) => thread.open)
      .flatMap(({ id, blocking }) =>
        (this.anchors.get(id) ?? []).map(({ from, to }) =>
          Decoration.inline(from, to, { class: blocking ? "remark-open remark-blocks" : "remark-open" }),
        ),
      );
    const set = DecorationSet.create(state.doc, words);
    this.decorated = { doc: state.doc, threads, set };
    // Words that have gone, or come back, change what the panel says.
    if (this.isOpen && before !== [...this.anchors.keys()].join(" ")) this.drawSoon();
    return set;
  }

  private drawSoon(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** The open remark at a place of the text: of several, the one with the fewest words. */
  private at(pos: number): Thread | undefined {
    const size = (thread: Thread) => Math.min(...this.anchors.get(thread.id)!.map(({ from, to }) => to - from));
    return this.threads
      .filter((thread) => thread.open && this.anchors.get(thread.id)?.some(({ from, to }) => from <= pos && pos <= to))
      .sort((one, other) => size(one) - size(other))[0];
  }

  /** The words of a remark were clicked: its thread comes into sight; the caret stays in the text. */
  clicked(pos: number): boolean {
    const thread = this.at(pos);
    if (!thread) return false;
    this.page.announce(`Remarque de ${thread.messages[0]?.person ?? ""}. Ctrl+Alt+M pour la lire.`, !matchMedia(WIDE).matches, "remarks");
    if (matchMedia(WIDE).matches) this.lead(thread.id);
    return false;
  }

  /** Shows a thread in the panel; `focus` takes the keyboard there. */
  private lead(id: string, focus = false): void {
    this.current = id;
    const thread = this.threads.find((one) => one.id === id);
    const shown = FILTERS.find(([name]) => name === this.filter.value)!;
    if (thread && !shown[2](thread)) this.filter.value = thread.open ? "open" : "resolved";
    this.open();
    const view = this.views.get(id);
    if (!view) return;
    // By hand: scrollIntoView would move the page as well.
    this.section.scrollTop = view.element.offsetTop - this.section.offsetTop - 8;
    if (focus) view.focus();
  }

  private goTo(id: string): boolean {
    const view = this.view();
    const first = this.anchors.get(id)?.[0];
    if (!view || !first) return false;
    this.current = id;
    this.focusText();
    const selection = TextSelection.create(view.state.doc, first.from, first.to);
    view.dispatch(view.state.tr.setSelection(selection).scrollIntoView());
    return true;
  }

  // A new remark

  /** A remark on what is selected; where nothing is, the remark at the caret, or one on the whole block. */
  begin(): void {
    const view = this.view();
    if (!view) return;
    const { selection } = view.state;
    const there = selection.empty ? this.at(selection.head) : undefined;
    if (there) {
      this.lead(there.id, true);
      return;
    }
    if (!this.mayWrite) {
      this.page.announce("Vous pouvez lire les remarques, mais pas en faire.", true, "remarks");
      return;
    }
    const passages = passagesOf(view.state);
    const words = passages.map((passage) => passage.quote).join("\n");
    if (words.length > LONGEST_QUOTE || passages.length > 50) {
      this.page.announce("Ce passage est trop long pour une remarque\u00a0: choisissez-en une partie.", true, "remarks");
      return;
    }
    this.passages = passages;
    this.quote.textContent = words;
    this.quote.hidden = words === "";
    this.composer.form.hidden = false;
    this.open();
    this.section.scrollTop = 0;
    this.composer.field.focus();
  }

  private async send(text: string, mentions: number[], blocking: boolean): Promise<void> {
    const thread = await this.server.open(this.passages, text, blocking, mentions);
    this.current = thread.id;
    this.replace(thread);
    this.page.announce("Remarque enregistrée.", false, "remarks");
    this.endComposing();
  }

  private endComposing(back = true): void {
    this.composer.form.hidden = this.quote.hidden = true;
    this.passages = [];
    if (back) this.focusText();
  }

  /** The keyboard back into the text. ProseMirror gives it only to a text that one may write. */
  private focusText(): void {
    const view = this.view();
    view?.focus();
    if (view && !view.editable) view.dom.focus({ preventScroll: true });
  }

  // The list

  private draw(): void {
    if (!this.isOpen) return;
    const passes = FILTERS.find(([name]) => name === this.filter.value)![2];
    const shown = this.threads.filter(passes).sort((one, other) => this.place(one) - this.place(other));
    const elements = shown.map((thread) => {
      const view = this.views.get(thread.id) ?? this.make(thread);
      view.draw(thread, thread.quote !== "" && !this.anchors.has(thread.id));
      view.element.classList.toggle("remark-current", thread.id === this.current);
      return view.element;
    });
    // What stands in its place is not moved: a field that is moved loses the keyboard.
    elements.forEach((element, index) => {
      if (this.list.children[index] !== element) this.list.insertBefore(element, this.list.children[index] ?? null);
    });
    while (this.list.children.length > elements.length) this.list.lastElementChild!.remove();
    this.none.textContent = shown.length > 0 ? "" : "Aucune remarque ici.";
    this.none.hidden = shown.length > 0;
  }

  /** In the order of the text; then those about the whole of it, then those whose words are gone. */
  private place(thread: Thread): number {
    const first = this.anchors.get(thread.id)?.[0];
    if (first) return first.from;
    return thread.quote === "" ? Number.MAX_SAFE_INTEGER - 1 : Number.MAX_SAFE_INTEGER;
  }

  private make(thread: Thread): ThreadView {
    const view = new ThreadView(thread, {
      server: this.server,
      mayWrite: this.mayWrite,
      goTo: (id) => this.goTo(id),
      changed: (now) => this.replace(now),
      stale: () => this.refresh(),
      say: this.page.announce,
    });
    this.views.set(thread.id, view);
    return view;
  }
}

/** How many notices wait, in the header of the page. */
function showNotices(count: number): void {
  const place = document.querySelector("[data-notices]");
  if (!place) return;
  const words = document.createElement("span");
  words.className = "visually-hidden";
  words.textContent = count > 1 ? " non lus" : " non lu";
  place.replaceChildren(...(count > 0 ? [`(${count}`, words, ")"] : []));
}
