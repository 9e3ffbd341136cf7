// Signing out erases what the editor kept on this device.

import { forgetEverything } from "./outbox.ts";


/** `before` may ask the person and stop the sign-out by answering false. */
export function eraseAtSignOut(before: () => boolean = () => true): void {
  const form = document.querySelector<HTMLFormElement>("form#sign-out, #sign-out form");
  if (!form || form.dataset["watched"] === "1") return;
  form.dataset["watched"] = "1";
  let erased = false;
  form.addEventListener("submit", (event) => {
    if (erased) return;
    event.preventDefault();
    if (!before()) return;
    const submitter = event.submitter;
    void forgetEverything().then(() => {
      erased = true;
      form.requestSubmit(submitter instanceof HTMLElement ? submitter : null);
    });
  });
}
