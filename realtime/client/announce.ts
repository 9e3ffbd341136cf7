// The one place of the page that speaks by itself: politely, and never so much at once that nobody can follow.

/** What was said stays that long for those who look, milliseconds. */
const STAYS = 5_000;
const SHOWN = 12_000;
/** More than this, said in one breath, is only counted. */
const MOST_AT_ONCE = 3;

export class Announcer {
  private said: { kind: string; words: string }[] = [];
  private clear: ReturnType<typeof setTimeout> | null = null;
  private hide: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly region: HTMLElement,
    private readonly notice: HTMLElement | null,
  ) {}

  /** `shown`: worth the eye of everybody. `kind`: what takes the place of what was said of the same thing before. */
  say = (words: string, shown = false, kind = ""): void => {
    if (kind) this.said = this.said.filter((one) => one.kind !== kind);
    this.said.push({ kind, words });
    // Several things may come at once: said together, not one instead of the other.
    this.said = this.said.slice(-MOST_AT_ONCE);
    this.region.textContent = this.said.map((one) => one.words).join(" ");
    if (this.clear !== null) clearTimeout(this.clear);
    this.clear = setTimeout(() => {
      this.said = [];
      this.region.textContent = "";
    }, STAYS);
    if (shown) this.show(words);
  };

  private show(words: string): void {
    const { notice } = this;
    if (!notice) return;
    notice.textContent = words;
    notice.hidden = false;
    if (this.hide !== null) clearTimeout(this.hide);
    this.hide = setTimeout(() => {
      notice.hidden = true;
    }, SHOWN);
  }
}
