// What the panel of plain French says in words.

import type { Finding, Score } from "./french_blocks.ts";
import type { State } from "./french_asking.ts";

const QUOTED = 90;
/** Under so many words the number says more about chance than about the text (drafts/plain_french/score.py). */
const FEW_WORDS = 100;
/** The bands of drafts/plain_french/score.py. */
const BANDS: readonly [number, string][] = [
  [80, "Texte facile à lire."],
  [60, "Texte assez facile à lire."],
  [45, "Texte un peu difficile à lire."],
  [30, "Texte difficile à lire."],
  [0, "Texte très difficile à lire."],
];

export const short = (words: string): string =>
  words.length > QUOTED ? `${words.slice(0, QUOTED - 1).trimEnd()}…` : words;

export const quoted = (words: string): string => `«\u00a0${short(words)}\u00a0»`;

export const counted = (count: number, one: string, many: string): string => `${count}\u00a0${count > 1 ? many : one}`;

export const sumOf = (count: number): string =>
  count === 0 ? "Rien à simplifier." : `${counted(count, "passage à simplifier", "passages à simplifier")}.`;

/** Kandel and Moles's number in words, as drafts/plain_french/score.py has it. */
export function easeIn({ words, sentences, syllables }: Score): string {
  if (words < FEW_WORDS || sentences === 0) return "Texte trop court pour dire s’il est facile à lire.";
  const ease = 207 - (1.015 * words) / sentences - (73.6 * syllables) / words;
  return (BANDS.find(([least]) => Math.round(ease * 10) / 10 >= least) ?? BANDS[BANDS.length - 1]!)[1];
}

/** What to write instead, in words. */
export function adviceOf({ better, rather }: Finding): string {
  if (better === "") return "Ces mots peuvent être supprimés.";
  if (better !== null) return `Écrivez plutôt\u00a0: ${quoted(better)}.`;
  return rather === null ? "" : `Écrivez plutôt, par exemple\u00a0: ${rather}`;
}

export const STATES: Record<State, string> = {
  reading: "Lecture du texte en cours…",
  current: "",
  behind: "Lecture des changements en cours…",
  offline: "Pas de connexion\u00a0: les conseils ne sont pas à jour.",
  busy: "Le serveur est occupé\u00a0: les conseils ne sont pas à jour. Un nouvel essai suit.",
  refused: "Vous ne pouvez plus demander de conseils pour ce texte. Rechargez la page.",
};
