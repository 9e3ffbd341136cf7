// All blocks a person can put into a text: the list of the « Insérer » menu and of the slash.

import type { Command, EditorState } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import type { Asks } from "./asks.ts";
import { makeBlock } from "./blocks.ts";
import { setBlock, toggleList, toggleNote } from "./commands.ts";
import { insertBlock } from "./parts.ts";
import { insertTable } from "./tables.ts";

export interface Entry {
  name: string;
  words: string;
  /** Other words by which people look for it. */
  also: string;
  group: string;
  run(view: EditorView): void;
  can(state: EditorState): boolean;
  /** Has a meaning only inside a sentence: not offered where a block begins. */
  inline?: boolean;
}

const byCommand = (command: Command): Pick<Entry, "run" | "can"> => ({
  run: (view) => {
    command(view.state, view.dispatch, view);
    view.focus();
  },
  can: (state) => command(state) === true,
});

const block = (name: string): Pick<Entry, "run" | "can"> => byCommand(insertBlock(() => makeBlock(name)));

/** Asked for in a dialogue first; possible where the block would be. */
const asked = (name: string, ask: (view: EditorView) => void): Pick<Entry, "run" | "can"> => ({
  run: ask,
  can: (state) => insertBlock(() => makeBlock(name))(state),
});

const inSentence = (state: EditorState): boolean => state.selection.$from.parent.inlineContent;

export function catalogue(asks: Asks): Entry[] {
  const procedure = "La démarche";
  const text = "Le texte";
  const precise = "Préciser";
  const reader = "Selon le lecteur";
  const sentence = "Dans la phrase";
  return [
    { name: "steps", words: "Étapes", also: "procédure numéro", group: procedure, ...block("steps") },
    { name: "documents", words: "Pièces à fournir", also: "documents justificatifs", group: procedure, ...block("documents") },
    { name: "cost", words: "Coût", also: "prix tarif montant frais", group: procedure, ...block("cost") },
    { name: "delay", words: "Délai", also: "durée temps", group: procedure, ...block("delay") },
    { name: "contact", words: "Qui contacter…", also: "contact administration guichet accueil adresse", group: procedure, ...asked("contact", asks.contact) },
    { name: "service", words: "Démarche en ligne…", also: "téléservice formulaire rendez-vous", group: procedure, ...asked("service", asks.service) },
    { name: "lead", words: "Chapeau «\u00a0en bref\u00a0»", also: "introduction résumé", group: text, ...byCommand(setBlock("lead")) },
    { name: "heading-2", words: "Titre 2", also: "intertitre", group: text, ...byCommand(setBlock("heading", { level: 2 })) },
    { name: "heading-3", words: "Titre 3", also: "intertitre", group: text, ...byCommand(setBlock("heading", { level: 3 })) },
    { name: "heading-4", words: "Titre 4", also: "intertitre", group: text, ...byCommand(setBlock("heading", { level: 4 })) },
    { name: "bullet-list", words: "Liste à puces", also: "énumération", group: text, ...byCommand(toggleList("bullet_list")) },
    { name: "ordered-list", words: "Liste numérotée", also: "énumération", group: text, ...byCommand(toggleList("ordered_list")) },
    { name: "table", words: "Tableau", also: "grille colonnes", group: text, ...byCommand(insertTable) },
    { name: "image", words: "Image…", also: "photo dessin", group: text, ...asked("image", (view) => asks.image(view)) },
    { name: "note", words: "Note", also: "à noter encadré", group: precise, ...byCommand(toggleNote("note")) },
    { name: "warning", words: "Avertissement", also: "attention encadré", group: precise, ...byCommand(toggleNote("warning")) },
    { name: "question", words: "Question et réponse", also: "faq", group: precise, ...block("question") },
    { name: "definition", words: "Définition", also: "glossaire lexique", group: precise, ...block("definition") },
    { name: "legal", words: "Texte de référence", also: "loi délibération arrêté code juridique", group: precise, ...block("legal") },
    { name: "further", words: "Pour aller plus loin", also: "voir aussi liens", group: precise, ...block("further") },
    { name: "situations", words: "Choix de la situation", also: "cas selon", group: reader, ...block("situations") },
    { name: "variants", words: "Variantes selon le territoire", also: "province commune", group: reader, ...block("variants") },
    { name: "service-link", words: "Lien vers une démarche…", also: "", group: sentence, inline: true, run: asks.serviceLink, can: inSentence },
    { name: "abbr", words: "Abréviation…", also: "sigle", group: sentence, inline: true, run: asks.abbr, can: inSentence },
  ];
}

/** Without accents and capitals: nobody types « étapes » with its accent on a phone. */
const plain = (words: string): string => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[’']/gu, " ");

/** The entries for what is typed, those whose own words begin so first. */
export function matching(entries: readonly Entry[], typed: string): Entry[] {
  const query = plain(typed).trim();
  if (!query) return [...entries];
  const rank = (entry: Entry): number => {
    const words = plain(entry.words);
    if (words.startsWith(query)) return 0;
    if (` ${words}`.includes(` ${query}`)) return 1;
    return ` ${plain(entry.also)}`.includes(` ${query}`) ? 2 : 3;
  };
  return entries
    .map((entry) => ({ entry, at: rank(entry) }))
    .filter(({ at }) => at < 3)
    .sort((a, b) => a.at - b.at)
    .map(({ entry }) => entry);
}
