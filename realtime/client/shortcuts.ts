// The list of shortcuts, opened by ? outside the text and by Ctrl+/ inside it. It is made of the editor's own keymap:
// a key that is not there cannot be in the list, and a test fails for a key that has no words here.
//
// Ctrl+/ because F1 belongs to the browser's help, and ? inside a text is a question mark. WCAG 2.1.4: a key without
// Ctrl can be switched off, for those who speak to their computer.

import type { QuestionKey } from "./question_key.ts";

/** What each key of the keymap does, in words; null for those that do what they do in every text. */
export const KEY_WORDS: Record<string, string | null> = {
  "Mod-z": "Annuler",
  "Mod-y": "Rétablir",
  "Shift-Mod-z": null,
  "Mod-b": "Gras",
  "Mod-B": null,
  "Mod-i": "Italique",
  "Mod-I": null,
  "Mod-k": "Lien",
  "Mod-Alt-0": "Paragraphe",
  "Mod-Alt-2": "Titre de niveau 2",
  "Mod-Alt-3": "Titre de niveau 3",
  "Mod-Alt-4": "Titre de niveau 4",
  "Shift-Mod-7": "Liste numérotée",
  "Shift-Mod-8": "Liste à puces",
  "Shift-Enter": "Aller à la ligne sans changer de paragraphe",
  "Mod-f": "Rechercher et remplacer",
  F3: "Résultat suivant",
  "Shift-F3": "Résultat précédent",
  "Mod-Alt-m": "Faire une remarque sur le passage choisi",
  "Mod-Alt-a": "Qui a écrit ce passage",
  "Mod-Alt-s": "Mode suggestion",
  "Mod-Alt-f": "Conseil de français simple sur le passage",
  F8: "Passage à simplifier suivant",
  "Shift-F8": "Passage à simplifier précédent",
  "Mod-/": "Cette liste de raccourcis",
  Tab: "Case suivante d’un tableau, ou élément de liste plus à droite",
  "Shift-Tab": "Case précédente, ou élément de liste plus à gauche",
  "Mod-a": "Tout sélectionner",
  "Alt-Shift-ArrowUp": "Monter le bloc",
  "Alt-Shift-ArrowDown": "Descendre le bloc",
  "Alt-F10": "Aller à la barre de mise en forme",
  Enter: null,
  Backspace: null,
  "Mod-Backspace": null,
  "Shift-Backspace": null,
  Delete: null,
  "Mod-Delete": null,
};

/** What the keys do elsewhere on the page. */
const ELSEWHERE: readonly [string, string][] = [
  ["/", "Au début d’un paragraphe vide ou après une espace, insérer un bloc"],
  ["Maj+Tab", "Du texte à la barre de mise en forme"],
  ["← →", "D’un bouton de la barre au suivant"],
  ["Échap", "De la barre ou de la recherche au texte"],
];


const NAMES: Record<string, string> = {
  Mod: "Ctrl", Shift: "Maj", Alt: "Alt", Enter: "Entrée", Tab: "Tab", Escape: "Échap",
  ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Delete: "Suppr", Home: "Début", End: "Fin",
};

/** "Shift-Mod-7" as it stands on a French keyboard: Ctrl+Maj+7. */
export function keyName(key: string): string {
  const parts = key.split(/-(?!$)/u);
  const last = parts.pop()!;
  const order = ["Mod", "Alt", "Shift"].filter((one) => parts.includes(one));
  return [...order, last].map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join("+");
}

/** The lines of the list: only keys that the editor has, only those that somebody has to be told of. */
export function shortcutLines(keys: Iterable<string>): [string, string][] {
  return [...keys].flatMap((key): [string, string][] => {
    const words = KEY_WORDS[key];
    return words ? [[keyName(key), words]] : [];
  });
}

export class ShortcutList {
  private readonly dialog = document.createElement("dialog");

  constructor(
    parent: HTMLElement,
    keys: Iterable<string>,
    question: QuestionKey,
  ) {
    const { dialog } = this;
    dialog.className = "editor-dialog shortcut-list";
    dialog.setAttribute("aria-labelledby", "shortcut-list-title");
    const title = document.createElement("h2");
    title.id = "shortcut-list-title";
    title.textContent = "Raccourcis clavier";
    // The list is read from its beginning: without this the first field at its end would have the focus.
    title.tabIndex = -1;
    title.autofocus = true;
    const list = document.createElement("dl");
    for (const [name, words] of [...shortcutLines(keys), ...ELSEWHERE]) {
      const line = document.createElement("div");
      const key = document.createElement("dt");
      const kbd = document.createElement("kbd");
      kbd.textContent = name;
      key.append(kbd);
      const what = document.createElement("dd");
      what.textContent = words;
      line.append(key, what);
      list.append(line);
    }
    const single = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = !question.off;
    box.addEventListener("change", () => {
      question.set(!box.checked);
    });
    single.append(box, " La touche ? ouvre cette liste quand on n’écrit pas");
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Fermer";
    close.addEventListener("click", () => dialog.close());
    // Beside the title, which stays in sight while the list is pushed up.
    const head = document.createElement("div");
    head.className = "shortcut-list-head";
    head.append(title, close);
    dialog.append(head, list, single);
    parent.append(dialog);
  }

  open(): void {
    if (!this.dialog.open) this.dialog.showModal();
  }
}
