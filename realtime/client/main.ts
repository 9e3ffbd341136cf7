// The editor of a draft's page: puts the parts together.

import type { Command } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { Asks } from "./asks.ts";
import type { Authors } from "./authors.ts";
import { blockGroups } from "./block_menu.ts";
import { followBlockLinks } from "./block_links.ts";
import { catalogue } from "./catalogue.ts";
import { ChecksPanel } from "./checks_panel.ts";
import { openLine } from "./connection.ts";
import { copyText } from "./copying.ts";
import { spokenLength, wordCount } from "./counting.ts";
import { keys, mountEditor, undoManager } from "./editor.ts";
import { FindBar } from "./find_bar.ts";
import { ASIDE, eraseAtSignOut } from "./forget.ts";
import { French } from "./french.ts";
import type { Aside } from "./life.ts";
import { goToThePublic } from "./leaving.ts";
import { blockHandle } from "./handle.ts";
import { imageFiles } from "./image_files.ts";
import { DeviceOutbox, NoOutbox, type Outbox } from "./outbox.ts";
import { askForReload } from "./outdated.ts";
import { onDemand } from "./on_demand.ts";
import { Outline } from "./outline.ts";
import { readPage, type Page } from "./page.ts";
import { Table } from "./people.ts";
import { insertBlock } from "./parts.ts";
import { placeOf, returnTo, type Place } from "./place.ts";
import { Remarks } from "./remarks.ts";
import { refusalText, saveState } from "./savestate.ts";
import { QuestionKey } from "./question_key.ts";
import { Session } from "./session.ts";
import type { SessionView } from "./session_view.ts";
import { slashMenu } from "./slash.ts";
import { SuggestMode } from "./suggest_mode.ts";
import type { Territories } from "./territories_dialog.ts";
import { Toolbar } from "./toolbar.ts";
import { blockWithId } from "./units.ts";
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
  const table = new Table(page.people, page.part("people-sum"), page.announce);
  const given = page.root.dataset;
  const territories = Object.fromEntries(JSON.parse(given["territories"] ?? "[]") as [string, string][]) as Territories;
  const asks = new Asks(page.root, `/brouillons/${page.draft}`, given["csrf"] ?? "", territories, page.announce);
  let granted = false;
  // Whether anything can be written depends on the mode too: its part may still be on its way.
  const settle = () => {
    writable = granted && suggest.isReady;
    editor?.setProps({});
    toolbar.attach(editor, writable);
    finder.attach(editor, writable);
  };
  const suggest = new SuggestMode(
    { page, token: given["csrf"] ?? "", session: () => session, view: () => editor, changed: settle },
    `open-lab.suggest.${page.draft}`,
  );
  const inserts = () => writable && !suggest.on;
  const openLink = (view: EditorView) => {
    if (inserts()) asks.link(view);
  };
  const remarks = new Remarks(page, () => editor);
  const showLeft = onDemand(() => import("./left_behind.ts"), page.announce);
  const french = new French({
    page,
    view: () => editor,
    writable: () => writable,
    suggesting: () => suggest.on,
    length: (doc) => spokenLength(wordCount(doc)),
    insertBlock,
    blockWithId,
    undoManager,
  });
  const entries = catalogue(asks);
  const toolbar = new Toolbar(page.toolbar, {
    controls: "editor-text",
    openLink,
    entries,
    blockGroups: (view) => blockGroups(view, asks, page.announce),
    remark: remarks.mayWrite ? remarks.begin : undefined,
    more: [
      {
        name: "suggest",
        words: "Mode suggestion",
        short: "Suggestion",
        keys: "Control+Alt+S",
        run: suggest.toggle,
        can: () => !suggest.only,
        on: () => suggest.on,
      },
    ],
    suggesting: () => suggest.on,
    menus: page.root,
  });
  const aids = [
    suggest.plugin(),
    slashMenu({ entries, place: page.place, writable: inserts, announce: page.announce }),
    blockHandle({
      place: page.place,
      writable: inserts,
      openMenu: (view, pos, button) => {
        // Colleagues go on meanwhile: the block is found again by its id.
        const id: unknown = view.state.doc.nodeAt(pos)?.attrs["id"];
        const now = () => (typeof id === "string" ? blockWithId(view.state.doc, id) : pos);
        toolbar.openMenu("block", button, () => {
          const at = now();
          return at === null ? [] : blockGroups(view, asks, page.announce, at);
        });
      },
      announce: page.announce,
    }),
    imageFiles((view, file) => asks.image(view, file)),
    remarks.plugin,
    french.plugin,
  ];
  const finder = new FindBar(page.toolbar, page.announce);
  const outline = new Outline(page.part("outline"), page.part("outline-none"), page.part("length"));
  const checks = new ChecksPanel({
    panel: page.part("checks"),
    draft: page.draft,
    say: page.announce,
    seq: () => session.seq,
    view: () => editor,
  });
  let authors: Authors | null = null;
  const withAuthors = onDemand(async () => {
    const { Authors } = await import("./authors.ts");
    const panel = page.part("authors")!;
    return (authors = new Authors({ panel, draft: page.draft, say: page.announce, seq: () => session.seq, view: () => editor }));
  }, page.announce);
  const authorsToggle = page.part("authors-toggle");
  if (authorsToggle) authorsToggle.hidden = false;
  authorsToggle?.addEventListener("click", () => withAuthors((one) => one.toggle()));
  const act = (run: () => void) => () => {
    run();
    return true;
  };
  const moreKeys: Record<string, Command> = {
    "Mod-f": act(() => finder.open()),
    F3: () => finder.isOpen && act(() => finder.go(1))(),
    "Shift-F3": () => finder.isOpen && act(() => finder.go(-1))(),
    "Mod-Alt-m": act(remarks.begin),
    "Mod-Alt-a": act(() => withAuthors((one) => one.tell())),
    "Mod-Alt-s": act(suggest.toggle),
    "Mod-Alt-f": french.lead,
    F8: () => french.go(1),
    "Shift-F8": () => french.go(-1),
    "Mod-/": act(() => showShortcuts()),
    // The key by which editors elsewhere lead to their toolbar.
    "Alt-F10": act(() => toolbar.focus()),
  };
  const withShortcuts = onDemand(
    () =>
      import("./shortcuts.ts").then(
        ({ ShortcutList }) =>
          new ShortcutList(page.root, Object.keys({ ...keys(openLink), ...moreKeys }), question),
      ),
    page.announce,
  );
  const showShortcuts = (): void => withShortcuts((list) => list.open());
  const question = new QuestionKey(!page.sharedComputer, showShortcuts);
  const help = page.part("shortcuts");
  if (help) help.hidden = false;
  help?.addEventListener("click", showShortcuts);
  const changed = () => {
    refreshSoon();
    outline.changed();
    checks.changed();
    authors?.changed();
    french.changed();
  };
  const refreshSoon = () => {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      toolbar.refresh();
      finder.refresh();
      suggest.look();
    });
  };

  const key = `open-lab.seat.${page.draft}`;
  let offered = false;
  let outbox: Outbox = new NoOutbox();
  if (!page.sharedComputer) outbox = (await DeviceOutbox.open(() => session.dismissRefusal(), () => session.kept())) ?? outbox;

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
        asks,
        aids,
        covered: () => (page.toolbar.closest<HTMLElement>(".editor-bar") ?? page.toolbar).offsetHeight,
        changed,
        shape: (state, tr) => suggest.shape(state, tr),
        compositionEnded: () => session.compositionEnded(),
        announce: page.announce,
        moreKeys,
      });
      page.static?.remove();
      page.static = null;
      if (place) editor.dispatch(returnTo(editor.state, place));
      if (focused) editor.focus();
      authors?.changed();
      french.mounted();
      document.documentElement.dataset["synced"] = "";
    },
    unmount() {
      focused = editor?.hasFocus() ?? false;
      place = editor ? placeOf(editor.state) : null;
      toolbar.attach(null, false);
      finder.attach(null, false);
      outline.attach(null);
      editor?.destroy();
      editor = null;
    },
    setWritable(now, onlySuggests = false) {
      line.works();
      granted = now;
      suggest.seat(onlySuggests);
      settle();
      outline.attach(editor);
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
      checks.saveState(said.state);
    },
    unsent(text, code, kept) {
      offered = true;
      panel.show(text, code, kept);
      page.announce(`Du texte n’a pas été envoyé\u00a0: ${refusalText(code)}. Vous pouvez le copier.`);
    },
    copies: (run) => showLeft((part) => run(part.copyOf)),
    leftBehind(copy, mayKeep) {
      showLeft((part) => part.showLeftBehind(page, copy, mayKeep ? { draft: page.draft, token: given["csrf"] ?? "" } : null, copyText));
    },
    setAside(aside) {
      // On a computer that others use nothing is kept. Storage of the tab goes with it, and takes some megabytes.
      if (!page.sharedComputer) remember(ASIDE + page.draft, aside);
    },
    takeAside() {
      const aside = recall<Aside>(ASIDE + page.draft);
      if (aside) sessionStorage.removeItem(ASIDE + page.draft);
      return aside;
    },
    stage(stage) {
      page.root.dataset["stage"] = stage;
      page.root.dispatchEvent(new CustomEvent("open-lab:stage", { detail: { stage }, bubbles: true }));
      page.announce("L’étape de la fiche a changé. Rechargez la page pour la voir.");
    },
    remarks(number) {
      if (remarks.heard(number)) checks.again();
    },
    stopped(code) {
      line.close();
      // What was not sent is offered first, to whoever typed it.
      if (page.sharedComputer && code === "unauthenticated" && !offered) return goToThePublic();
      page.announce(`${refusalText(code)}.`);
    },
    reloadPage() {
      const last = recall<number>(RELOADED) ?? 0;
      // Once: a server that asks again and again must not turn the page into a carousel.
      if (Date.now() - last < 60_000) return false;
      remember(RELOADED, Date.now());
      location.reload();
      return true;
    },
    outdated: (keeps) => askForReload(page.unsent, keeps),
  };
  const session: Session = new Session({
    draft: page.draft,
    sharedComputer: page.sharedComputer,
    socket: line.socket,
    outbox,
    view,
    known: recall<{ clientId: number; history: string }>(key),
    remember: (known) => remember(key, known),
    renewLine: () => line.renew(),
    lock: lock(page.draft),
  });

  addEventListener("beforeunload", (event) => {
    if (session.pending > 0 && (!outbox.keeps || outbox.unkept > 0)) event.preventDefault();
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
