// A field with a list below it (the combobox pattern): the focus stays in the field, the arrows move in the list, and
// `aria-activedescendant` tells a screen reader where. Used by the slash in a text and by the search of the directory.

export interface Choice {
  words: string;
  detail?: string;
}

let lists = 0;

export class Choices {
  readonly list = document.createElement("ul");
  private options: HTMLLIElement[] = [];
  private current = -1;

  constructor(label: string, private readonly choose: (index: number) => void, private readonly moved: () => void = () => {}) {
    this.list.id = `editor-choices-${(lists += 1)}`;
    this.list.className = "choices";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", label);
    // Choosing must not take the focus away from where one writes.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = (event.target as Element).closest("li");
      const index = this.options.indexOf(option as HTMLLIElement);
      if (index >= 0) this.choose(index);
    });
  }

  show(choices: readonly Choice[], current = choices.length > 0 ? 0 : -1): void {
    this.options = choices.map(({ words, detail }, index) => {
      const option = document.createElement("li");
      option.id = `${this.list.id}-${index}`;
      option.setAttribute("role", "option");
      const name = document.createElement("span");
      name.className = "choice-words";
      name.textContent = words;
      option.append(name);
      if (detail) {
        const more = document.createElement("span");
        more.className = "choice-detail";
        more.textContent = detail;
        option.append(" ", more);
      }
      return option;
    });
    this.list.replaceChildren(...this.options);
    this.list.hidden = choices.length === 0;
    this.point(current);
  }

  get active(): string | null {
    return this.options[this.current]?.id ?? null;
  }

  get index(): number {
    return this.current;
  }

  private point(index: number): void {
    this.current = index;
    this.options.forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
    const option = this.options[index];
    if (option) {
      // By hand: scrollIntoView would move the page as well.
      const { list } = this;
      if (option.offsetTop < list.scrollTop) list.scrollTop = option.offsetTop;
      const below = option.offsetTop + option.offsetHeight - list.clientHeight;
      if (below > list.scrollTop) list.scrollTop = below;
    }
    this.moved();
  }

  /** True when the key was for the list. */
  key(key: string): boolean {
    const last = this.options.length - 1;
    if (last < 0) return false;
    if (key === "ArrowDown") this.point(this.current === last ? 0 : this.current + 1);
    else if (key === "ArrowUp") this.point(this.current <= 0 ? last : this.current - 1);
    else if (key === "Enter" && this.current >= 0) this.choose(this.current);
    else return false;
    return true;
  }
}
