// The parts of the room, drawn from the state: the same words as the page has without its script.

import { button, fill, make } from "./workshop_dom.ts";
import type { Person } from "./workshop_link.ts";
import { endOf, type Note, type Poll, type State } from "./workshop_state.ts";

export interface Room {
  state: State;
  me: number;
  leads: boolean;
  names: Map<number, Person>;
  people: Person[];
  turnout: Record<string, number>;
  voted: Set<number>;
  follows: boolean;
}

const NBSP = "\u00a0";

export function nameOf(room: Room, person: number | null): string {
  return room.names.get(person ?? 0)?.name ?? "quelqu’un";
}

function hourOf(at: number): string {
  const parts = new Intl.DateTimeFormat("fr-FR", { hour: "numeric", minute: "2-digit", timeZone: "Pacific/Noumea" }).formatToParts(at);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${Number(part("hour"))}${NBSP}h${NBSP}${part("minute")}`;
}

function dayOf(day: string): string {
  return new Intl.DateTimeFormat("fr-FR", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}

function counted(count: number, one: string, many: string): string {
  return `${count}${NBSP}${count < 2 ? one : many}`;
}

const address = (draft: number, block: string | null) => `/brouillons/${draft}${block ? `#${block}` : ""}`;
const meta = (...words: (string | Node)[]) => make("p", { class: "meta" }, ...words);
const isOpen = (room: Room) => room.state.phase.status === "open";

export function draw(page: Element, room: Room): void {
  const part = (name: string) => page.querySelector(`[data-part="${name}"]`);
  fill(part("item"), ...item(room));
  fill(part("floor"), floor(room));
  fill(part("hands"), hands(room));
  fill(page.querySelector("[data-hand]"), ...hand(room));
  fill(part("shown"), ...shown(room));
  fill(part("polls"), ...polls(room));
  fill(part("decisions"), decisions(room));
  fill(part("actions"), actions(room));
  scrolled(part("chat"), () => fill(part("chat"), chat(room)));
  fill(part("people"), people(room));
  fill(part("agenda"), agenda(room));
}

/** What is new in a box is in sight for who was at its end; who reads further up stays there. */
function scrolled(box: Element | null, draw: () => void): void {
  const wasAtEnd = box !== null && (box.querySelector("ul") === null || box.scrollHeight - box.scrollTop - box.clientHeight < 40);
  draw();
  if (box && wasAtEnd) box.scrollTop = box.scrollHeight;
}

function item(room: Room): Node[] {
  const { state } = room;
  const now = state.item;
  if (state.phase.status === "closed") return [make("p", {}, "La séance est close.")];
  if (now === null) return [make("p", {}, "Aucun point n’est en cours.")];
  const about = state.agenda.find((one) => one.id === now.id);
  const end = endOf(state);
  return [
    make("p", { class: "room-item" }, state.times[String(now.number)]?.title ?? ""),
    end === null
      ? meta(`Commencé à ${hourOf(now.started_at)}, sans durée prévue.`)
      : make("p", { class: "room-timer" }, make("span", { role: "timer", "aria-label": "Temps restant", "data-timer": end })),
    ...(about?.draft ? [make("p", {}, make("a", { href: address(about.draft, about.block) }, `Ouvrir «${NBSP}${about.text}${NBSP}»`))] : []),
  ];
}

function floor(room: Room): Node {
  const has = room.state.floor;
  if (!has) return meta("Personne n’a la parole.");
  if (has.person === room.me) return make("p", { class: "room-floor" }, make("strong", {}, "Vous avez la parole."));
  return make("p", { class: "room-floor" }, `${nameOf(room, has.person)} a la parole.`);
}

function hand(room: Room): Node[] {
  const isUp = room.state.hands.some((one) => one.person === room.me);
  const own = isUp ? button("hand_down", "Baisser la main") : button("hand_up", "Lever la main", {}, "");
  own.dataset["key"] = "hand";
  return room.state.floor?.person === room.me ? [own, button("floor", "Rendre la parole")] : [own];
}

function hands(room: Room): Node {
  if (!room.state.hands.length) return meta("Aucune main n’est levée.");
  return make(
    "ol",
    { class: "room-hands" },
    ...room.state.hands.map(({ person }) => {
      const name = nameOf(room, person);
      return make(
        "li",
        {},
        make("span", {}, person === room.me ? `${name} (vous)` : name),
        room.leads && isOpen(room)
          ? make("span", { class: "actions" }, button("floor", "Donner la parole", { person }, "quiet", `à ${name}`), button("hand_down", "Baisser", { person }, "quiet", `la main de ${name}`))
          : null,
      );
    }),
  );
}

function shown(room: Room): Node[] {
  const now = room.state.shown;
  const follow = make(
    "p",
    { class: "box", "data-key": "follow" },
    make("label", {}, make("input", { type: "checkbox", "data-follow": true, checked: room.follows }), make("span", {}, "Suivre l’animateur")),
  );
  if (!now) return [meta("L’animateur ne montre pas de passage pour le moment."), follow];
  const words = `«${NBSP}${now.title}${NBSP}»${now.block ? ", le passage montré" : ""}`;
  return [
    make("p", {}, make("a", { href: address(now.draft, now.block) }, words)),
    follow,
    ...(room.leads ? [button("show", "Ne plus montrer", {}, "quiet")] : []),
  ];
}

function polls(room: Room): Node[] {
  // The one that is open first, then the newest.
  const isClosed = ([, one]: [string, Poll]) => Number(one.closed_at !== null);
  const found = Object.entries(room.state.polls).sort((a, b) => isClosed(a) - isClosed(b) || Number(b[0]) - Number(a[0]));
  return found.length ? found.map(([number, one]) => poll(room, number, one)) : [meta("Aucun sondage pour le moment.")];
}

function poll(room: Room, number: string, one: Poll): Node {
  const about = one.passage;
  return make(
    "article",
    { class: "poll", "aria-labelledby": `sondage-${number}`, "data-key": `poll-${number}` },
    make("h3", { id: `sondage-${number}`, tabindex: -1 }, one.question),
    meta(
      one.secret ? "Vote secret" : "Vote nominatif",
      ...(about ? [" – ", make("a", { href: address(about.draft, about.block) }, `«${NBSP}${about.title}${NBSP}»`), `, état n°${NBSP}${about.seq}`] : []),
    ),
    about?.words ? make("blockquote", { class: "remark-quote" }, make("p", {}, about.words)) : null,
    ...(one.closed_at === null ? openPoll(room, number, one) : [results(room, one)]),
  );
}

function openPoll(room: Room, number: string, one: Poll): Node[] {
  const voters = one.secret ? (room.turnout[number] ?? 0) : Object.keys(one.votes).length;
  const voted = room.voted.has(Number(number));
  return [
    voted ? make("p", {}, make("strong", {}, "Votre réponse est comptée.")) : ballot(number, one),
    meta(counted(voters, "réponse", "réponses")),
    ...(room.leads ? [button("close_poll", "Clore le sondage", { poll: number })] : []),
  ];
}

function ballot(number: string, one: Poll): Node {
  return make(
    "form",
    { "data-act": "vote" },
    make("input", { type: "hidden", name: "poll", value: number }),
    make(
      "fieldset",
      { class: "field boxes" },
      make("legend", {}, "Votre réponse"),
      ...one.choices.map((choice, place) =>
        make("label", {}, make("input", { type: "radio", name: "choice", value: place, required: true }), " ", make("span", {}, choice)),
      ),
    ),
    one.secret
      ? make(
          "p",
          { class: "hint" },
          `Ce vote est secret${NBSP}: seul le nombre de chaque réponse est gardé. Les résultats sont montrés à la clôture, à partir de quatre votants.`,
        )
      : null,
    make("p", {}, make("button", { type: "submit" }, "Voter")),
  );
}

function results(room: Room, one: Poll): Node {
  const { counts } = one;
  if (counts === null) return make("p", {}, `Moins de quatre personnes ont voté${NBSP}: le résultat n’est pas montré.`);
  return make(
    "ul",
    { class: "plain poll-results" },
    ...one.choices.map((choice, place) => {
      const who = Object.entries(one.votes).filter(([, chosen]) => chosen === place).map(([person]) => nameOf(room, Number(person)));
      return make(
        "li",
        {},
        make("strong", {}, choice),
        `${NBSP}: ${counts[place] ?? 0}`,
        who.length ? make("span", { class: "meta" }, ` (${who.join(", ")})`) : null,
      );
    }),
  );
}

function lines(room: Room, entries: [string, Note][], words: (entry: never) => string, none: string): Node {
  if (!entries.length) return meta(none);
  return make(
    "ul",
    { class: "rows" },
    ...entries.map(([number, entry]) =>
      make(
        "li",
        { id: `note-${number}`, tabindex: -1 },
        entry.struck ? make("del", {}, entry.text) : entry.text,
        " ",
        make("span", { class: "meta" }, words(entry as never)),
        room.leads && isOpen(room) && !entry.struck ? button("strike", "Rayer", { number }, "quiet", `«${NBSP}${entry.text}${NBSP}»`) : null,
      ),
    ),
  );
}

function decisions(room: Room): Node {
  const words = (entry: State["decisions"][string]) =>
    entry.draft ? `sur «${NBSP}${entry.title}${NBSP}», état n°${NBSP}${entry.seq}` : "";
  return lines(room, Object.entries(room.state.decisions), words, "Aucune décision n’est notée.");
}

function actions(room: Room): Node {
  const words = (entry: State["actions"][string]) =>
    [entry.person ? nameOf(room, entry.person) : "à répartir", ...(entry.due ? [`pour le ${dayOf(entry.due)}`] : [])].join(", ");
  return lines(room, Object.entries(room.state.actions), words, "Aucune action n’est notée.");
}

function chat(room: Room): Node {
  const said = Object.values(room.state.chat);
  if (!said.length) return meta("Personne n’a encore écrit.");
  return make(
    "ul",
    { class: "plain" },
    ...said.map((one) =>
      make(
        "li",
        { class: one.mentions.includes(room.me) ? "room-mentioned" : null },
        make("span", { class: "meta" }, [`${nameOf(room, one.person)}, ${hourOf(one.at)}`, ...one.mentions.map((person) => `→ ${nameOf(room, person)}`)].join(" ")),
        make("br"),
        make("span", { class: "remark-text" }, one.text),
      ),
    ),
  );
}

function people(room: Room): Node {
  if (!room.people.length) return meta("Personne n’est dans la salle pour le moment.");
  return make(
    "ul",
    { class: "plain" },
    ...room.people.map((one) =>
      make(
        "li",
        {},
        one.person === room.me ? `${one.name} (vous)` : one.name,
        one.administration ? make("span", { class: "meta" }, ` – ${one.administration}`) : null,
      ),
    ),
  );
}

function agenda(room: Room): Node {
  const items = room.state.agenda;
  if (!items.length) return make("p", {}, "L’ordre du jour n’est pas encore écrit.");
  return make(
    "ol",
    { class: "agenda" },
    ...items.map((one) => {
      const isNow = room.state.item?.id === one.id;
      return make(
        "li",
        { "aria-current": isNow ? "step" : null },
        one.title,
        one.minutes ? make("span", { class: "meta" }, ` (${counted(one.minutes, "minute", "minutes")})`) : null,
        ...(one.draft ? [make("br"), make("a", { href: address(one.draft, one.block) }, one.text)] : []),
        room.leads && isOpen(room) && !isNow ? button("item", "Commencer", { item: one.id }, "quiet", `«${NBSP}${one.title}${NBSP}»`) : null,
      );
    }),
  );
}
