// What is said when the text has a newer grammar than this editor: only loading the page again helps.

/** Puts the notice, with its button, before `place`. */
export function askForReload(place: HTMLElement, keeps: boolean): void {
  if (document.querySelector("[data-outdated]")) return;
  const notice = document.createElement("div");
  notice.className = "outdated";
  notice.dataset["outdated"] = "";
  // What is put into the page with this role is read out at once.
  notice.setAttribute("role", "alert");
  const title = document.createElement("h2");
  title.textContent = "Rechargez cette page";
  const why = document.createElement("p");
  why.textContent = "L’éditeur a changé depuis que vous l’avez ouverte. Le texte est intact\u00a0; pour continuer à l’écrire, rechargez la page.";
  if (keeps) why.textContent += " Ce qui n’est pas encore envoyé est gardé sur cet appareil et partira ensuite.";
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "Recharger la page";
  again.addEventListener("click", () => location.reload());
  notice.append(title, why, again);
  place.before(notice);
  // The writing is over, wherever in the text one was.
  notice.scrollIntoView({ block: "center" });
}
