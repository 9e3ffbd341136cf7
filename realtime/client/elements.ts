// Elements of the panels beside the text, made without markup.

export function element(tag: string, className: string, ...inside: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

/** `label` is what is heard where the words alone would not say which thing the button is for. */
export function button(words: string, run: () => void, label = ""): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "second";
  made.textContent = words;
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", run);
  return made;
}
