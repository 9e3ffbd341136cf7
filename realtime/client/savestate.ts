// The truth about what is kept, in one word for the page and one French sentence for the person.

export type SaveState = "saved" | "saving" | "offline" | "refused" | "readonly";

export interface Situation {
  joined: boolean;
  /** Nothing more will be tried: the draft is out of reach. */
  stopped: boolean;
  /** Joined now, and sending. */
  online: boolean;
  canWrite: boolean;
  /** Strokes without acknowledgement. */
  pending: number;
  refusal: string | null;
  /** False on a shared computer, or when the browser keeps nothing. */
  keeps: boolean;
  /** Strokes that are not yet on the device. */
  unkept?: number;
  sharedComputer: boolean;
  /** Why nobody can write for now, when it is the text and not the person: "damaged" or "healing". */
  closed?: string | null;
  /** The server is there, but its database does not answer: what is sent comes back to be sent again. */
  unavailable?: boolean;
}

export interface Said {
  state: SaveState;
  text: string;
}

const NBSP = "\u00a0";

const REFUSALS: Record<string, string> = {
  malformed: "la modification n’a pas été comprise",
  forged: "la modification n’était pas signée de votre nom",
  schema: "la modification contient une forme de texte inconnue",
  forbidden: "vous n’avez plus le droit d’écrire dans ce texte",
  suggestion: "la modification touchait autre chose que vos suggestions",
  too_large: "la modification est trop grande",
  not_found: "ce texte n’est plus accessible",
  damaged: "une partie de ce texte ne peut plus être relue, il est en lecture seule",
  unauthenticated: "votre session est terminée, reconnectez-vous",
  outdated: "cette page est d’une version trop ancienne, rechargez-la",
  history: "le texte a été rétabli pendant votre absence",
};

const CLOSED: Record<string, string> = {
  damaged: `Lecture seule${NBSP}: une partie de ce texte ne peut plus être relue, l’administrateur est prévenu`,
  healing: "Lecture seule pour un instant, le texte est vérifié",
};

export function refusalText(code: string): string {
  return REFUSALS[code] ?? "la modification n’a pas été acceptée";
}

function changes(count: number, kept: boolean): string {
  const noun = count > 1 ? "modifications" : "modification";
  const verb = kept ? (count > 1 ? "gardées" : "gardée") : count > 1 ? "non envoyées" : "non envoyée";
  return `${count}${NBSP}${noun} ${verb}`;
}

export function saveState(now: Situation): Said {
  if (now.refusal === "outdated") return { state: "refused", text: `Interrompu${NBSP}: ${refusalText("outdated")}` };
  if (now.refusal !== null) return { state: "refused", text: `Refusé${NBSP}: ${refusalText(now.refusal)}` };
  if (!now.joined) return { state: "readonly", text: now.stopped ? `Interrompu${NBSP}: rechargez la page` : "Connexion…" };
  const closed = now.canWrite ? undefined : CLOSED[now.closed ?? ""];
  if (closed !== undefined) return { state: "readonly", text: closed };
  if (!now.canWrite && now.pending === 0) return { state: "readonly", text: "Lecture seule" };
  if (!now.online) {
    if (now.pending === 0) return { state: "offline", text: `Hors ligne${NBSP}: tout ce que vous avez écrit est enregistré` };
    if (now.keeps && now.unkept) {
      return { state: "saving", text: `Hors ligne${NBSP}: vos modifications sont mises à l’abri sur cet appareil…` };
    }
    if (now.keeps) return { state: "offline", text: `Hors ligne${NBSP}: ${changes(now.pending, true)} sur cet appareil` };
    const why = now.sharedComputer ? "poste partagé" : "ce navigateur ne garde rien";
    return {
      state: "offline",
      text: `Hors ligne${NBSP}: ${changes(now.pending, false)} (${why}${NBSP}: ne fermez pas cette page)`,
    };
  }
  if (now.pending > 0 && now.unavailable) {
    return { state: "saving", text: `Pas encore enregistré${NBSP}: le service ne répond pas, la page réessaie` };
  }
  if (now.pending > 0) return { state: "saving", text: "Enregistrement…" };
  return { state: "saved", text: "Enregistré" };
}
