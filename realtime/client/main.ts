// The editor of a draft's page: puts the parts together.

import type { EditorView } from "prosemirror-view";
import { followBlockLinks } from "./block_links.ts";
import { openLine } from "./connection.ts";
import { mountEditor } from "./editor.ts";
import { eraseAtSignOut } from "./forget.ts";
import { LinkDialog } from "./link.ts";
import { DeviceOutbox, NoOutbox, type Outbox } from "./outbox.ts";
import { readPage, type Page } from "./page.ts";
import { Table } from "./people.ts";
import { placeOf, returnTo, type Place } from "./place.ts";
import { refusalText, saveState } from "./savestate.ts";
import { Session } from "./session.ts";
import type { SessionView } from "./session_view.ts";
import { Toolbar } from "./toolbar.ts";
import { UnsentPanel } from "./unsent.ts";

const RELOADED = "open-lab.reloaded";

/** sessionStorage can be switched off: then a reload simply asks for a fresh id. */
function recall<T>(key: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null") as T | null;
  } catch {
    return null;
  }
}

function remember(key: string, value: unknown): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // See above.
  }
}

/** Holds the lock of a client id for as long as the tab lives. */
function lock(draft: number): ((clientId: number) => Promise<boolean>) | undefined {
  if (!("locks" in navigator)) return undefined;
  const held = new Set<number>();
  return (clientId) =>
    new Promise((resolve) => {
      if (held.has(clientId)) {
        resolve(true);
        return;
      }
      void navigator.locks.request(`open-lab.${draft}.${clientId}`, { ifAvailable: true }, (granted) => {
        resolve(granted !== null);
        if (granted === null) return undefined;
        held.add(clientId);
        return new Promise<void>(() => {});
      });
    });
}

async function begin(page: Page): Promise<void> {
  let editor: EditorView | null = null;
  let writable = false;
  let focused = false;
  let place: Place | null = null;
  let frame = 0;
  const panel = new UnsentPanel(page.unsent, () => session.dismissRefusal());
  const table = new Table(page.people, page.announce);
  const dialog = new LinkDialog(page.root);
  const openLink = (view: EditorView) => {
    if (writable) dialog.open(view);
  };
  const toolbar = new Toolbar(page.toolbar, "editor-text", openLink);
  const refreshSoon = () => {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      toolbar.refresh();
    });
  };

  const key = `open-lab.seat.${page.draft}`;
  let outbox: Outbox = new NoOutbox();
  if (!page.sharedComputer) outbox = (await DeviceOutbox.open(() => session.dismissRefusal())) ?? outbox;

  const line = openLine("/drafts", page.root.dataset["socketPath"] ?? "/socket.io", (code) =>
    session.notLetIn(code),
  );
  const view: SessionView = {
    mount(doc, awareness) {
      line.works();
      page.place.hidden = false;
      editor = mountEditor({
        place: page.place,
        doc,
        awareness,
        cursors: (given) => table.cursors(given),
        writable: () => writable,
        openLink,
        covered: () => (page.toolbar.closest<HTMLElement>(".editor-bar") ?? page.toolbar).offsetHeight,
        changed: refreshSoon,
        compositionEnded: () => session.compositionEnded(),
      });
      page.static?.remove();
      page.static = null;
      if (place) editor.dispatch(returnTo(editor.state, place));
      if (focused) editor.focus();
      document.documentElement.dataset["synced"] = "";
    },
    unmount() {
      focused = editor?.hasFocus() ?? false;
      place = editor ? placeOf(editor.state) : null;
      toolbar.attach(null, false);
      editor?.destroy();
      editor = null;
    },
    setWritable(now) {
      line.works();
      writable = now;
      editor?.setProps({});
      toolbar.attach(editor, writable);
    },
    composing: () => editor?.composing ?? false,
    people: (people, own) => {
      table.update(people, own);
      // Names may have come after the cursors they belong to.
      if (editor) editor.dispatch(editor.state.tr.setMeta("addToHistory", false));
    },
    said(situation) {
      const said = saveState(situation);
      if (page.state.dataset["saveState"] !== said.state) page.state.dataset["saveState"] = said.state;
      if (page.state.textContent !== said.text) page.state.textContent = said.text;
    },
    unsent(text, code) {
      panel.show(text, code);
      page.announce(`Du texte n’a pas été envoyé\u00a0: ${refusalText(code)}. Vous pouvez le copier.`);
    },
    stage(stage) {
      page.root.dataset["stage"] = stage;
      page.root.dispatchEvent(new CustomEvent("open-lab:stage", { detail: { stage }, bubbles: true }));
      page.announce("L’étape de la fiche a changé. Rechargez la page pour la voir.");
    },
    stopped(code) {
      line.close();
      page.announce(`${refusalText(code)}.`);
    },
    reloadPage() {
      const last = recall<number>(RELOADED) ?? 0;
      // Once: a server that asks again and again must not turn the page into a carousel.
      if (Date.now() - last < 60_000) return;
      remember(RELOADED, Date.now());
      location.reload();
    },
  };
  const session: Session = new Session({
    draft: page.draft,
    sharedComputer: page.sharedComputer,
    socket: line.socket,
    outbox,
    view,
    known: recall<{ clientId: number; history: string }>(key),
    remember: (known) => remember(key, known),
    lock: lock(page.draft),
  });

  addEventListener("beforeunload", (event) => {
    if (session.pending > 0 && !outbox.keeps) event.preventDefault();
  });
  addEventListener("pagehide", () => line.socket.disconnect());
  addEventListener("pageshow", (event) => {
    if (event.persisted) line.socket.connect();
  });
  followBlockLinks(() => editor);
  eraseAtSignOut(
    () =>
      session.pending === 0 ||
      confirm("Des modifications ne sont pas encore envoyées. Se déconnecter les effacera de cet appareil. Continuer\u00a0?"),
  );
  if (page.sharedComputer) page.announce("Poste partagé\u00a0: rien n’est gardé sur cet appareil.");
  await session.start();
}

const page = readPage();
if (page) void begin(page);
