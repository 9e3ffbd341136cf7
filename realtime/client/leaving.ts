// On a computer that people share nobody finds the pages of who was there before: what is open in other tabs goes when they
// sign out, and a page that nobody touches goes when their session is over.

const LEFT = "open-lab.left";
/** Milliseconds after which a session on a shared computer has ended by itself (IDLE_SHARED in app/accounts/service.py). */
const IDLE = 20 * 60_000;

const TOUCHES = ["keydown", "pointerdown", "input", "scroll"] as const;

/** To the public pages, which show nothing of anybody; no step back leads to where one was, and the tab forgets its seat. */
export function goToThePublic(): void {
  try {
    sessionStorage.clear();
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
  location.replace("/");
}

/** The tabs of a browser that leave together: call what is returned when this one's person signs out. */
export function leaveTogether(): () => void {
  const line = new BroadcastChannel(LEFT);
  line.addEventListener("message", goToThePublic);
  return () => line.postMessage("left");
}

/** For pages without a live table, whose sessions nobody prolongs but by asking for another page. */
export function leaveWhenNobodyIsThere(): void {
  let timer = 0;
  const wait = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(goToThePublic, IDLE);
  };
  for (const touch of TOUCHES) addEventListener(touch, wait, { capture: true, passive: true });
  wait();
}
