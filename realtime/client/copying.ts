// A text in a box is copied by a button.

export async function copyText(box: HTMLTextAreaElement, button: HTMLButtonElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(box.value);
    button.textContent = "Copié";
  } catch {
    // Without the permission the text is selected: Ctrl+C does the rest.
    box.focus();
    box.select();
    button.textContent = "Texte sélectionné\u00a0: Ctrl+C pour copier";
  }
}
