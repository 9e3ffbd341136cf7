// The key ? outside of the text, which shows the list of shortcuts; it can be switched off, since a single key may be
// pressed by accident or by a voice (WCAG 2.1.4).

const OFF = "open-lab.no-question-mark";

function stored(): boolean {
  try {
    return localStorage.getItem(OFF) !== null;
  } catch {
    return false;
  }
}

function store(off: boolean): void {
  try {
    if (off) localStorage.setItem(OFF, "1");
    else localStorage.removeItem(OFF);
  } catch {
    // Switched off in this browser: then it holds for this page.
  }
}

export class QuestionKey {
  off = stored();

  /** `keeps`: on a shared computer nothing is kept. */
  constructor(private readonly keeps: boolean, open: () => void) {
    document.addEventListener("keydown", (event) => {
      if (event.key !== "?" || event.ctrlKey || event.altKey || event.metaKey || this.off || event.defaultPrevented) return;
      const at = event.target;
      if (at instanceof HTMLElement && (at.isContentEditable || at.closest("input, textarea, select"))) return;
      event.preventDefault();
      open();
    });
  }

  set(off: boolean): void {
    this.off = off;
    if (this.keeps) store(off);
  }
}
