// The room of a séance, live: what the page's forms send goes over the line, and the page follows what happens.

import { Announcer } from "./announce.ts";
import { eraseAtSignOut } from "./forget.ts";
import { make } from "./workshop_dom.ts";
import { RoomLink, type Joined, type Moved, type Person, type Refusal } from "./workshop_link.ts";
import { chooseBlocks, PassagePane } from "./workshop_passage.ts";
import { apply, clockFace, endOf, type State } from "./workshop_state.ts";
import { draw, nameOf, type Room } from "./workshop_view.ts";

const NBSP = "\u00a0";
const FOLLOWS = "open-lab.follows";
/** Everybody's page is loaded anew when a séance opens or closes: not all at one moment, milliseconds. */
const RELOAD_SPREAD = 1_500;

function begin(page: HTMLElement): void {
  const announcer = new Announcer(
    page.querySelector<HTMLElement>("[data-announce]") ?? make("p"),
    page.querySelector<HTMLElement>("[data-notice]"),
  );
  const line = page.querySelector<HTMLElement>("[data-line]");
  const pane = new PassagePane(page.querySelector<HTMLElement>("[data-passage]") ?? make("div"));
  const room: Room = {
    state: null as unknown as State,
    me: Number(page.dataset["me"]),
    leads: page.dataset["leads"] === "1",
    names: new Map(),
    people: [],
    turnout: {},
    voted: new Set(),
    follows: recalled(),
  };
  const wasOpen = page.querySelector("[data-hand]") !== null;
  let number = 0;
  let offset = 0;
  let warned = 0;
  let shownAt: number | null = null;

  const redraw = () => {
    draw(page, room);
    tick();
    follow();
  };

  const tick = () => {
    const now = performance.now() + offset;
    for (const face of page.querySelectorAll<HTMLElement>("[data-timer]")) {
      const left = Number(face.dataset["timer"]) - now;
      face.textContent = clockFace(left);
      face.classList.toggle("room-over", left < 0);
    }
    const end = room.state ? endOf(room.state) : null;
    if (end !== null && now >= end && warned !== end) {
      // Said once, and not to who comes when it has been over for long.
      if (now - end < 5_000) announcer.say("Le temps de ce point est écoulé.", true);
      warned = end;
    }
  };

  const follow = () => {
    const { shown } = room.state;
    const at = room.follows && shown ? shown.at : null;
    if (at === shownAt) return;
    shownAt = at;
    void pane.show(at === null ? null : shown);
  };

  const reload = () => {
    const typing = [...page.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input[type=text], textarea")];
    if (typing.some((field) => field.value.trim() !== "")) {
      // What is being typed is not thrown away: the person loads the page anew when they are done with it.
      ended(`La séance vient de changer d’état${NBSP}: copiez ce que vous écrivez, puis rechargez la page.`);
      return;
    }
    if (line) line.textContent = `La séance vient de changer d’état${NBSP}: la page se recharge.`;
    setTimeout(() => location.reload(), Math.random() * RELOAD_SPREAD);
  };

  const learn = (people: Person[]) => {
    for (const one of people) room.names.set(one.person, one);
  };

  const link = new RoomLink(Number(page.dataset["session"]), {
    joined(found: Joined, trip: number) {
      // The server's clock when the answer was on its way, taken to be the middle of the trip.
      offset = found.now + trip / 2 - performance.now();
      number = found.number;
      room.state = found.state;
      room.people = found.people;
      room.turnout = found.turnout;
      room.voted = new Set(found.voted);
      learn(found.names);
      learn(found.people);
      if (found.leads !== room.leads || (found.state.phase.status === "open") !== wasOpen) return reload();
      const first = page.dataset["live"] !== "1";
      page.dataset["live"] = "1";
      page.dataset["number"] = String(number);
      redraw();
      // One begins with what was said last.
      if (first) for (const box of page.querySelectorAll(".room-chat")) box.scrollTop = box.scrollHeight;
    },
    moved(news: Moved) {
      if (news.number - news.patches.length !== number) return link.join();
      learn(news.names);
      for (const patch of news.patches) {
        const before = structuredClone(room.state);
        apply(room.state, patch);
        tell(before);
      }
      number = news.number;
      page.dataset["number"] = String(number);
      if ((room.state.phase.status === "open") !== wasOpen) return reload();
      redraw();
    },
    people(people) {
      room.people = people;
      learn(people);
      redraw();
    },
    turnout(turnout) {
      room.turnout = turnout;
      redraw();
    },
    access(news) {
      if (news.gone) ended(news.message ?? "");
      else if (news.leads !== room.leads) reload();
    },
    line(up, waiting) {
      page.dataset["line"] = up ? "up" : "down";
      if (!line) return;
      const kept = waiting ? ` ${waiting}${NBSP}envoi${waiting > 1 ? "s attendent" : " attend"}.` : "";
      line.textContent = up
        ? `En direct.${kept}`
        : `La connexion est coupée${NBSP}: ce que vous envoyez part dès son retour.${kept}`;
    },
    ended(code) {
      ended(code === "unauthenticated" ? `Votre session est terminée${NBSP}: connectez-vous de nouveau.` : "Vous n’avez plus accès à cette salle.");
    },
  });

  function ended(message: string): void {
    page.dataset["line"] = "down";
    if (line) line.textContent = message;
    announcer.say(message, true);
  }

  /** What changed, for who does not look at the screen; what is meant for one's own eyes is shown as well. */
  function tell(before: State): void {
    const now = room.state;
    if (now.item && now.item.number !== before.item?.number) {
      const title = now.times[String(now.item.number)]?.title ?? "";
      const long = now.item.minutes === null ? "" : `, ${now.item.minutes}${NBSP}minutes`;
      announcer.say(`Point en cours${NBSP}: ${title}${long}.`, false, "item");
    }
    if (now.item && before.item && now.item.added > before.item.added)
      announcer.say(`${now.item.added - before.item.added}${NBSP}minutes de plus pour ce point.`);
    if (now.floor && now.floor.person !== before.floor?.person) {
      if (now.floor.person === room.me) announcer.say("Vous avez la parole.", true, "floor");
      else announcer.say(`${nameOf(room, now.floor.person)} a la parole.`, false, "floor");
    }
    for (const { person } of now.hands)
      if (room.leads && person !== room.me && before.hands.every((one) => one.person !== person))
        announcer.say(`${nameOf(room, person)} lève la main.`);
    if (now.shown && now.shown.at !== before.shown?.at && !room.leads)
      announcer.say(`L’animateur montre un passage de «${NBSP}${now.shown.title}${NBSP}».`, false, "shown");
    for (const [name, poll] of Object.entries(now.polls)) {
      if (!before.polls[name]) announcer.say(`Sondage ouvert${NBSP}: ${poll.question}`, true, "poll");
      else if (poll.closed_at !== null && before.polls[name].closed_at === null)
        announcer.say(`Sondage clos${NBSP}: ${poll.question}`, false, "poll");
    }
    for (const [name, said] of Object.entries(now.chat))
      if (!before.chat[name] && said.mentions.includes(room.me))
        announcer.say(`${nameOf(room, said.person)} vous écrit${NBSP}: ${said.text}`, true);
    for (const [name, decision] of Object.entries(now.decisions))
      if (!before.decisions[name]) announcer.say(`Décision notée${NBSP}: ${decision.text}`);
  }

  page.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const verb = form.dataset["act"];
    if (!verb || page.dataset["live"] !== "1" || verb === "present") return;
    event.preventDefault();
    void send(form, verb);
  });
  page.addEventListener("change", (event) => {
    const box = event.target as HTMLInputElement;
    if (!box.matches("[data-follow]")) return;
    room.follows = box.checked;
    remembered(box.checked);
    shownAt = null;
    follow();
  });

  async function send(form: HTMLFormElement, verb: string): Promise<void> {
    const fields: Record<string, unknown> = { verb };
    for (const [name, value] of new FormData(form)) {
      if (name === "csrf_token" || name === "faire" || value === "") continue;
      fields[name] = name === "mentions" ? [Number(value)] : value;
    }
    // Of who presses "next" twice, or at the same moment as somebody else, the second time does nothing.
    if (verb === "item") fields["seen"] = room.state.item?.number ?? 0;
    const submit = form.querySelector("button");
    submit?.setAttribute("aria-disabled", "true");
    say(form, "");
    try {
      const outcome = await link.act(fields);
      if (verb === "vote") {
        room.voted.add(Number(fields["poll"]));
        announcer.say(outcome.again ? "Votre réponse est déjà comptée." : "Votre réponse est comptée.");
        redraw();
      }
      if (["say", "poll", "decide", "action"].includes(verb)) {
        form.reset();
        form.closest("details")?.removeAttribute("open");
        if (verb === "say") form.querySelector<HTMLInputElement>("input[name=text]")?.focus();
      }
    } catch (refusal) {
      say(form, (refusal as Refusal).message);
    } finally {
      submit?.removeAttribute("aria-disabled");
    }
  }

  /** What was refused, beside its form; what was typed stays in it. */
  function say(form: HTMLFormElement, message: string): void {
    form.querySelector("[data-refused]")?.remove();
    if (message) form.append(make("p", { class: "error", role: "alert", "data-refused": true }, message));
  }

  for (const form of page.querySelectorAll<HTMLFormElement>("[data-shows]")) chooseBlocks(form);
  page.querySelector("[data-plain]")?.remove();
  setInterval(() => room.state && tick(), 500);
}

function recalled(): boolean {
  try {
    return sessionStorage.getItem(FOLLOWS) === "1";
  } catch {
    return false;
  }
}

function remembered(follows: boolean): void {
  try {
    sessionStorage.setItem(FOLLOWS, follows ? "1" : "0");
  } catch {
    // Without a memory one ticks the box again.
  }
}

eraseAtSignOut();
const page = document.querySelector<HTMLElement>("[data-room]");
if (page) begin(page);
