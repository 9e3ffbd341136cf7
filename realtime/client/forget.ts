// Signing out erases what the editor kept on this device.

import { leaveTogether } from "./leaving.ts";
import { forgetEverything } from "./outbox.ts";

/** The form by which one leaves; it says whether others use this computer. */
export const signOutForm = (): HTMLFormElement | null =>
  document.querySelector<HTMLFormElement>("form#sign-out, #sign-out form");

/** Where a tab keeps what it showed when its sign-in had ended: before the number of the draft. */
export const ASIDE = "open-lab.aside.";

function forgetAsides(): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(ASIDE)) sessionStorage.removeItem(key);
  } catch {
    // Storage that is switched off holds nothing.
  }
}

/** `before` may ask the person and stop the sign-out by answering false. */
export function eraseAtSignOut(before: () => boolean = () => true): void {
  const form = signOutForm();
  if (!form || form.dataset["watched"] === "1") return;
  form.dataset["watched"] = "1";
  const sayToOtherTabs = form.dataset["shared"] === "1" ? leaveTogether() : () => {};
  let erased = false;
  form.addEventListener("submit", (event) => {
    if (erased) return;
    event.preventDefault();
    if (!before()) return;
    const submitter = event.submitter;
    forgetAsides();
    void forgetEverything().then(() => {
      erased = true;
      sayToOtherTabs();
      form.requestSubmit(submitter instanceof HTMLElement ? submitter : null);
    });
  });
}
