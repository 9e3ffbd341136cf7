// What this browser showed before its text began anew from a backup: offered to the person, and put nowhere by itself.

import { button } from "./elements.ts";
import type { Copy } from "./left_text.ts";

export { copyOf } from "./left_text.ts";

/** Where it is shown, and how it is said aloud. */
interface Around {
  unsent: HTMLElement;
  announce(text: string): void;
}

/** Copies the words of a box, and says so on its button. */
type Copies = (box: HTMLTextAreaElement, button: HTMLButtonElement) => Promise<void>;

export interface Place {
  draft: number;
  token: string;
}

const two = (number: number): string => String(number).padStart(2, "0");

function fileOf(copy: Copy, now: Date): File {
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return new File([copy.html], `copie du navigateur ${day} ${two(now.getHours())}h${two(now.getMinutes())}.html`, { type: "text/html" });
}

function told(words: string): HTMLParagraphElement {
  const line = document.createElement("p");
  line.textContent = words;
  return line;
}

/** The form of the import page, with the copy as its file: what becomes of it is asked there. */
function keeping(file: File, place: Place, leaves: () => void): HTMLFormElement {
  const form = document.createElement("form");
  form.method = "post";
  form.enctype = "multipart/form-data";
  form.action = `/brouillons/${place.draft}/importer`;
  const token = document.createElement("input");
  token.type = "hidden";
  token.name = "csrf_token";
  token.value = place.token;
  const given = document.createElement("input");
  given.type = "file";
  given.name = "fichier";
  given.hidden = true;
  const carried = new DataTransfer();
  carried.items.add(file);
  given.files = carried.files;
  const send = document.createElement("button");
  send.type = "submit";
  send.textContent = "Garder cette copie…";
  form.append(token, given, send);
  form.addEventListener("submit", leaves);
  return form;
}

/** Puts the offer before what was not sent. Without `keep` the person may not bring text in: copying and a file are left. */
export function showLeftBehind(page: Around, copy: Copy, keep: Place | null, copyText: Copies): void {
  page.announce("Ce texte a été rétabli à partir d’une sauvegarde. Votre navigateur garde une copie d’avant.");
  document.querySelector("[data-left-behind]")?.remove();
  const notice = document.createElement("section");
  notice.className = "outdated";
  notice.dataset["leftBehind"] = "";
  notice.setAttribute("aria-labelledby", "left-behind-title");
  const title = document.createElement("h2");
  title.id = "left-behind-title";
  title.textContent = "Votre navigateur garde une copie d’avant";
  // It is nowhere but in this page.
  const guard = (event: BeforeUnloadEvent): void => event.preventDefault();
  addEventListener("beforeunload", guard);
  const leaves = (): void => removeEventListener("beforeunload", guard);
  const file = fileOf(copy, new Date());
  const actions = document.createElement("div");
  actions.className = "actions";
  if (keep) actions.append(keeping(file, keep, leaves));
  actions.append(
    button("Télécharger la copie", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = file.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }),
  );
  const box = document.createElement("textarea");
  box.readOnly = true;
  box.rows = 6;
  box.lang = "fr";
  box.setAttribute("aria-label", "Copie d’avant");
  box.value = copy.text;
  const copying = button("Copier le texte", () => void copyText(box, copying));
  actions.append(
    copying,
    button("Fermer", () => {
      if (!confirm("Cette copie n’est nulle part ailleurs. La fermer et la perdre\u00a0?")) return;
      leaves();
      notice.remove();
    }),
  );
  notice.append(
    title,
    told(
      "Ce texte a été rétabli à partir d’une sauvegarde. Ce que votre navigateur montrait n’est pas le même\u00a0: il peut y avoir des phrases, de vous ou d’autres, qui ne sont plus dans le texte. Rien n’y entre de soi-même.",
    ),
    told(
      keep
        ? "«\u00a0Garder cette copie…\u00a0» ouvre une page où vous pourrez la garder comme version, sous votre nom, sans changer le texte, ou l’ajouter à la fin. Une personne de la table suffit."
        : "Vous ne pouvez pas écrire dans ce texte\u00a0: donnez cette copie à une personne qui y écrit.",
    ),
    box,
    actions,
  );
  page.unsent.before(notice);
}
