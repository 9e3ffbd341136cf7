// The state of a room as the server folds it (labs/fold.py), and the half of it that a browser does: taking patches in.

export interface Item { id: number; title: string; minutes: number | null; draft: number | null; block: string | null; text: string }
export interface Hand { person: number; at: number }
export interface Message { person: number; at: number; text: string; mentions: number[] }
export interface Passage { draft: number; title: string; block: string | null; seq: number; words: string }
export interface Poll {
  question: string;
  choices: string[];
  secret: boolean;
  passage: Passage | null;
  opened_at: number;
  closed_at: number | null;
  voters: number | null;
  counts: number[] | null;
  votes: Record<string, number>;
}
export interface Note { struck: boolean; text: string; at: number }
export interface Decision extends Note { person: number; draft: number | null; title: string; block: string | null; seq: number | null }
export interface Action extends Note { by: number; person: number | null; due: string | null }
export interface Time { item: number; title: string; minutes: number | null; started_at: number; ended_at: number | null }

export interface State {
  phase: { status: "planned" | "open" | "closed"; opened_at: number | null; closed_at: number | null };
  agenda: Item[];
  item: { id: number; number: number; started_at: number; minutes: number | null; added: number } | null;
  hands: Hand[];
  floor: Hand | null;
  shown: { draft: number; title: string; block: string | null; at: number } | null;
  chat: Record<string, Message>;
  polls: Record<string, Poll>;
  decisions: Record<string, Decision>;
  actions: Record<string, Action>;
  times: Record<string, Time>;
}
export type Section = keyof State;
export type Patch = Partial<Record<Section, unknown>>;

const ENTRIES = new Set<string>(["chat", "polls", "decisions", "actions", "times"]);

/** Take a patch into a state, in place: sections of entries take the entries named (null takes one away). */
export function apply(state: State, patch: Patch): void {
  const sections = state as unknown as Record<string, unknown>;
  for (const [section, value] of Object.entries(patch)) {
    if (!ENTRIES.has(section)) {
      sections[section] = value;
      continue;
    }
    const entries = sections[section] as Record<string, unknown>;
    for (const [name, entry] of Object.entries(value as Record<string, unknown>)) {
      if (entry === null) delete entries[name];
      else entries[name] = entry;
    }
  }
}

/** When the time of the item is over, milliseconds of the server; null where it has none. */
export function endOf(state: State): number | null {
  const { item } = state;
  return item === null || item.minutes === null ? null : item.started_at + (item.minutes + item.added) * 60_000;
}

/** The time that is left as it is read: "12:05", or "+ 1:10" once it is over. */
export function clockFace(left: number): string {
  const seconds = Math.abs(left < 0 ? Math.floor(left / 1000) : Math.ceil(left / 1000));
  const face = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return left < 0 && seconds > 0 ? `+ ${face}` : face;
}
