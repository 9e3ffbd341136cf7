// A menu below a button (the menu button pattern): arrows move, a letter jumps, Escape and Tab close it, and whoever
// opened it has the focus again.

export interface MenuItem {
  name: string;
  words: string;
  keys?: string;
  enabled: boolean;
  /** One of several that exclude each other. */
  checked?: boolean;
  run(): void;
}

export interface MenuGroup {
  words: string;
  items: MenuItem[];
}

let menus = 0;

export class Menu {
  readonly element = document.createElement("div");
  private items: { item: MenuItem; button: HTMLButtonElement; key: string }[] = [];
  private opener: HTMLElement | null = null;
  private groups: () => readonly MenuGroup[] = () => [];
  private back: () => void = () => {};

  constructor(parent: HTMLElement, label: string) {
    this.element.id = `editor-menu-${(menus += 1)}`;
    this.element.className = "editor-menu";
    this.element.setAttribute("role", "menu");
    this.element.setAttribute("aria-label", label);
    this.element.hidden = true;
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.element.addEventListener("focusout", (event) => {
      if (this.isOpen && !this.element.contains(event.relatedTarget as Node | null)) this.close(false);
    });
    document.addEventListener("pointerdown", (event) => {
      const target = event.target as Node;
      if (this.isOpen && !this.element.contains(target) && !this.opener?.contains(target)) this.close(false);
    });
    parent.append(this.element);
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /**
   * `groups` is asked again while the menu is open, since the text goes on changing; `back` puts the focus where it was
   * when nothing was chosen.
   */
  open(opener: HTMLElement, groups: () => readonly MenuGroup[], back: () => void = () => opener.focus()): void {
    this.opener = opener;
    this.groups = groups;
    this.back = back;
    this.items = [];
    this.element.replaceChildren(
      ...groups().map(({ words, items }, i) => {
        const group = document.createElement("div");
        group.setAttribute("role", "group");
        group.setAttribute("aria-label", words);
        const title = document.createElement("span");
        title.className = "editor-menu-title";
        title.setAttribute("aria-hidden", "true");
        title.textContent = words;
        group.append(title, ...items.map((item) => this.button(item, keyOf(i, words, item))));
        return group;
      }),
    );
    this.element.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    this.stand(opener.getBoundingClientRect());
    const chosen = this.items.findIndex(({ item }) => item.checked);
    this.focus(chosen >= 0 ? chosen : this.items.findIndex(({ item }) => item.enabled));
  }

  /** What can be chosen now. The buttons stay, and the focus on one of them. */
  refresh(): void {
    if (!this.isOpen) return;
    // Several groups may offer the same: each has it of the block that its title names.
    const now = new Map<string, MenuItem>();
    this.groups().forEach(({ words, items }, i) => items.forEach((item) => now.set(keyOf(i, words, item), item)));
    for (const one of this.items) {
      const { enabled = false, checked } = now.get(one.key) ?? {};
      one.item = { ...one.item, enabled };
      one.button.setAttribute("aria-disabled", String(!enabled));
      if (checked !== undefined) one.button.setAttribute("aria-checked", String(checked));
    }
  }

  private button(item: MenuItem, key: string): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = -1;
    button.setAttribute("role", item.checked === undefined ? "menuitem" : "menuitemradio");
    if (item.checked !== undefined) button.setAttribute("aria-checked", String(item.checked));
    button.dataset["item"] = item.name;
    button.textContent = item.words;
    if (item.keys) {
      button.setAttribute("aria-keyshortcuts", item.keys);
      button.title = `${item.words} (${spoken(item.keys)})`;
    }
    button.setAttribute("aria-disabled", String(!item.enabled));
    const one = { item, button, key };
    button.addEventListener("click", () => {
      if (!one.item.enabled) return;
      this.close(false);
      one.item.run();
    });
    this.items.push(one);
    return button;
  }

  /** Below the button, inside the window. */
  private stand(at: DOMRect): void {
    const { style } = this.element;
    style.maxHeight = "";
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const below = window.innerHeight - at.bottom - 8;
    const above = at.top - 8;
    const up = height > below && above > below;
    const tall = Math.min(height, Math.max(120, up ? above : below));
    style.maxHeight = `${tall}px`;
    style.top = `${up ? at.top - tall - 2 : at.bottom + 2}px`;
    style.left = `${Math.max(4, Math.min(at.left, document.documentElement.clientWidth - width - 4))}px`;
  }

  close(giveBack: boolean): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.opener?.setAttribute("aria-expanded", "false");
    if (giveBack) this.back();
  }

  private focus(index: number): void {
    this.items[index]?.button.focus();
  }

  private onKey(event: KeyboardEvent): void {
    const at = this.items.findIndex(({ button }) => button === document.activeElement);
    const last = this.items.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: at === last ? 0 : at + 1,
      ArrowUp: at <= 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (target !== undefined) this.focus(target);
    else if (event.key === "Escape") this.close(true);
    else if (event.key === "Tab") {
      this.close(true);
      return;
    } else if (event.key.length === 1 && /\S/u.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const letter = fold(event.key);
      const order = [...this.items.slice(at + 1), ...this.items.slice(0, at + 1)];
      order.find(({ item }) => fold(item.words).startsWith(letter))?.button.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

const keyOf = (group: number, words: string, { name }: MenuItem): string => `${group}/${words}/${name}`;

const fold = (words: string): string => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Control+B is said « Ctrl+B » in French. */
export function spoken(keys: string): string {
  return keys
    .replace("Control", "Ctrl")
    .replace("Shift", "Maj")
    .replace("ArrowUp", "↑")
    .replace("ArrowDown", "↓");
}
