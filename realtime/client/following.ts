// Following somebody: the page goes where their cursor goes, until one types, scrolls or presses Escape. A part of its
// own, loaded when somebody is followed for the first time.

import type { Person } from "./protocol.ts";

/** Keys that only change what other keys mean, and those by which one goes through the page. */
const IDLE = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Tab"]);
/** A cursor nearer to an edge than this, pixels, is out of comfortable sight. */
const EDGE = 60;

export class Following {
  /** The key of who is followed. */
  whom: string | null = null;
  private name = "";
  private readonly watch = new MutationObserver(() => this.soon());
  private frame = 0;
  private readonly sign = document.createElement("p");

  constructor(
    private readonly announce: (words: string) => void,
    private readonly changed: () => void,
  ) {
    const { sign } = this;
    sign.className = "following";
    sign.hidden = true;
    (document.querySelector("main") ?? document.body).append(sign);
    const stop = (event: Event) => {
      if (this.whom === null || sign.contains(event.target as Node)) return;
      this.stop();
    };
    const passive = { capture: true, passive: true };
    addEventListener("wheel", stop, passive);
    addEventListener("touchmove", stop, passive);
    addEventListener("beforeinput", stop, passive);
    // The bar at the side of the page is the page itself.
    addEventListener("pointerdown", (event) => {
      if (event.target === document.documentElement) stop(event);
    }, passive);
    addEventListener("keydown", (event) => {
      const pressed = event.target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ");
      if (!IDLE.has(event.key) && !pressed) stop(event);
    }, passive);
  }

  toggle(key: string, name: string): void {
    if (this.whom === key) {
      this.stop();
      return;
    }
    this.whom = key;
    this.name = name;
    const words = document.createElement("span");
    words.textContent = `Vous suivez ${name}. `;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Arrêter";
    button.addEventListener("click", () => this.stop());
    this.sign.replaceChildren(words, button);
    this.sign.hidden = false;
    this.watch.observe(document.querySelector(".editor-place") ?? document.body, { childList: true, subtree: true });
    const there = this.cursor() !== null;
    this.announce(
      there
        ? `Vous suivez ${name}. Échap pour arrêter.`
        : `Vous suivez ${name}, qui n’a pas encore de curseur dans le texte. Échap pour arrêter.`,
    );
    this.changed();
    this.soon();
  }

  /** Who has left is not followed. */
  keep(present: ReadonlyMap<string, Person>): void {
    if (this.whom !== null && !present.has(this.whom)) this.stop();
  }

  private stop(): void {
    if (this.whom === null) return;
    this.whom = null;
    this.watch.disconnect();
    // A button that goes while it has the focus would leave the keyboard nowhere.
    if (this.sign.contains(document.activeElement)) document.querySelector<HTMLElement>("[data-editor]")?.focus({ preventScroll: true });
    this.sign.hidden = true;
    this.announce(`Vous ne suivez plus ${this.name}.`);
    this.changed();
  }

  private cursor(): HTMLElement | null {
    return this.whom === null ? null : document.querySelector(`.cursor[data-whose="${CSS.escape(this.whom)}"]`);
  }

  private soon(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.go();
    });
  }

  private go(): void {
    const at = this.cursor()?.getBoundingClientRect();
    if (!at) return;
    const covered = document.querySelector<HTMLElement>(".editor-bar")?.getBoundingClientRect().bottom ?? 0;
    if (at.top >= Math.max(0, covered) + EDGE / 2 && at.bottom <= innerHeight - EDGE) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    scrollBy({ top: at.top - innerHeight / 2, behavior: calm ? "auto" : "smooth" });
  }
}
