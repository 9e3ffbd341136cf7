// One thread in the panel. It is drawn anew when it changed; what is being typed in it is not touched.

import { RemarkForm } from "./remark_form.ts";
import { Refused, type Deed, type RemarkServer, type Thread } from "./remark_server.ts";

export interface ThreadOptions {
  server: RemarkServer;
  mayWrite: boolean;
  /** To the words in the text; false when they are gone. */
  goTo(id: string): boolean;
  changed(thread: Thread): void;
  /** Somebody acted first. */
  stale(): void;
  say(words: string, shown?: boolean, kind?: string): void;
}

const moment = new Intl.DateTimeFormat("fr-FR", { dateStyle: "medium", timeStyle: "short", timeZone: "Pacific/Noumea" });
const GONE = "Le passage a été supprimé ou réécrit";

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

export class ThreadView {
  readonly element = make("article", "remark-thread");
  private readonly head = make("h3");
  private readonly body = make("div");
  private readonly deeds = make("p", "remark-buttons");
  private readonly error = make("p", "field-error");
  private readonly reply: RemarkForm;
  private drawn = "";

  constructor(private thread: Thread, private readonly options: ThreadOptions) {
    const { element, head } = this;
    element.dataset["thread"] = thread.id;
    head.id = `fil-${thread.id}`;
    // Led to by a key of the text, and from a click on the words.
    head.tabIndex = -1;
    element.setAttribute("aria-labelledby", head.id);
    this.error.setAttribute("role", "alert");
    this.reply = new RemarkForm({
      label: "Votre réponse",
      submit: "Répondre",
      server: options.server,
      blocking: false,
      say: options.say,
      send: async (text, mentions) => {
        this.take(await options.server.change(thread.id, "answer", { text, mentions }), "Réponse enregistrée.");
        this.fold();
      },
      cancel: () => this.fold(),
    });
    this.reply.form.hidden = true;
    element.append(head, this.body, this.deeds, this.error, this.reply.form);
  }

  focus(): void {
    this.head.focus();
  }

  /** `gone`: its words are not in the text any more. */
  draw(thread: Thread, gone: boolean): void {
    const now = JSON.stringify([thread, gone]);
    if (now === this.drawn) return;
    this.drawn = now;
    this.thread = thread;
    const { head, body, element } = this;
    const first = thread.messages[0];
    element.classList.toggle("remark-done", !thread.open);
    head.textContent = `Remarque de ${first?.person ?? ""}`;
    if (thread.blocking) head.append(" ", make("span", "badge badge-changes_requested", "Bloquante"));
    if (!thread.open) head.append(" ", make("span", "badge badge-closed", "Résolue"));
    body.replaceChildren(...this.passage(gone), ...this.messages());
    const button = document.activeElement?.closest<HTMLElement>("[data-deed]");
    const held = button && this.deeds.contains(button) ? button.dataset["deed"] : null;
    this.deeds.replaceChildren(...this.buttons());
    // The keyboard stays in the thread when the button it stood on has become another one.
    if (held) (this.deeds.querySelector<HTMLElement>(`[data-deed="${held}"]`) ?? head).focus();
  }

  private passage(gone: boolean): HTMLElement[] {
    const { quote, id } = this.thread;
    if (quote === "") return [make("p", "meta", "Sur le texte entier")];
    const words = make("blockquote", "remark-quote", quote);
    if (gone) return [words, make("p", "meta remark-gone", GONE)];
    const button = make("button", "second", "Voir le passage");
    button.type = "button";
    button.addEventListener("click", () => {
      if (!this.options.goTo(id)) this.options.say(`${GONE}.`, true, "remarks");
    });
    const line = make("p", "remark-buttons");
    line.append(button);
    return [words, line];
  }

  private messages(): HTMLElement[] {
    const list = make("ol", "remark-messages");
    for (const message of this.thread.messages) {
      const item = make("li");
      const said = make("p", "meta");
      const who = make("strong", "", message.person);
      const place = message.administration ? ` – ${message.administration}` : "";
      const time = make("time", "", moment.format(new Date(message.at)));
      time.dateTime = message.at;
      said.append(who, `${place}, `, time);
      item.append(said, make("p", "remark-text", message.text));
      if (message.mentions.length > 0) item.append(make("p", "meta", `À l’attention de ${message.mentions.join(", ")}`));
      list.append(item);
    }
    const { open, resolved_by } = this.thread;
    return open ? [list] : [list, make("p", "meta", `Résolue par ${resolved_by}`)];
  }

  private buttons(): HTMLElement[] {
    const { open, blocking, may_settle, may_block } = this.thread;
    const found: HTMLElement[] = [];
    if (this.options.mayWrite) {
      const answer = make("button", "second", "Répondre");
      answer.dataset["deed"] = "answer";
      answer.setAttribute("aria-expanded", String(!this.reply.form.hidden));
      answer.addEventListener("click", () => {
        this.reply.form.hidden = false;
        answer.setAttribute("aria-expanded", "true");
        this.reply.field.focus();
      });
      found.push(answer);
    }
    if (may_settle) found.push(this.deed(open ? "resolve" : "reopen", open ? "Résoudre" : "Rouvrir"));
    if (may_block && open) found.push(this.deed(blocking ? "unblock" : "block", blocking ? "Ne plus bloquer" : "Bloquer la publication"));
    for (const button of found) {
      (button as HTMLButtonElement).type = "button";
      button.setAttribute("aria-describedby", this.head.id);
    }
    return found;
  }

  private deed(deed: Deed, words: string): HTMLButtonElement {
    const button = make("button", "second", words);
    button.dataset["deed"] = deed;
    const done: Partial<Record<Deed, string>> = {
      resolve: "Remarque résolue.",
      reopen: "Remarque rouverte.",
      block: "La remarque bloque la publication.",
      unblock: "La remarque ne bloque plus la publication.",
    };
    button.addEventListener("click", () => {
      this.error.textContent = "";
      this.options.server.change(this.thread.id, deed).then(
        (thread) => this.take(thread, done[deed] ?? ""),
        (refusal: unknown) => {
          this.error.textContent = refusal instanceof Refused ? refusal.message : "Cela n’a pas réussi.";
          if (refusal instanceof Refused && refusal.stale) this.options.stale();
        },
      );
    });
    return button;
  }

  private take(thread: Thread, said: string): void {
    this.options.changed(thread);
    this.options.say(said, false, "remarks");
  }

  private fold(): void {
    this.reply.form.hidden = true;
    const answer = this.deeds.querySelector<HTMLElement>("[data-deed=answer]");
    answer?.setAttribute("aria-expanded", "false");
    answer?.focus();
  }
}
