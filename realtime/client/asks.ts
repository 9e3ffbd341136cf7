// The dialogues of the editor in one place: what is asked before a block is put in, and when one is changed.

import { NodeSelection, type Command } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { AbbrDialog } from "./abbr_dialog.ts";
import { makeBlock } from "./blocks.ts";
import { Directory, type Reference } from "./directory.ts";
import type { ImageValues } from "./image_dialog.ts";
import { LegalDialog, type LegalValues } from "./legal_dialog.ts";
import { LinkDialog } from "./link.ts";
import { markRun, runAround } from "./marks.ts";
import { onDemand } from "./on_demand.ts";
import { insertBlock } from "./parts.ts";
import type { ServerDialogs } from "./server_dialogs.ts";
import { TerritoriesDialog, type Territories } from "./territories_dialog.ts";
import { blockWithId } from "./units.ts";

type Attrs = Record<string, unknown>;

export class Asks {
  readonly directory: Directory;
  private readonly links: LinkDialog;
  /** What needs the server anyway is fetched from it when it is first wanted. */
  private readonly ask: (show: (dialogs: ServerDialogs) => unknown) => void;
  private readonly legals: LegalDialog;
  private readonly places: TerritoriesDialog;
  private readonly abbrs: AbbrDialog;

  /** `address`: where this draft is, such as /brouillons/12; `token` goes with what is sent there. */
  constructor(
    parent: HTMLElement,
    address: string,
    token: string,
    readonly territories: Territories,
    private readonly announce: (text: string) => void,
  ) {
    this.directory = new Directory(`${address}/references`);
    this.ask = onDemand(
      () =>
        import("./server_dialogs.ts").then(({ ServerDialogs }) => new ServerDialogs(parent, this.directory, address, token)),
      announce,
    );
    this.links = new LinkDialog(parent);
    this.legals = new LegalDialog(parent);
    this.places = new TerritoriesDialog(parent, territories);
    this.abbrs = new AbbrDialog(parent);
  }

  link = (view: EditorView): void => this.links.open(view);
  abbr = (view: EditorView): void => this.abbrs.open(view);

  serviceLink = (view: EditorView): void => {
    const run = runAround(view.state, "service_link");
    this.ask(({ services }) =>
      services.open(view, ({ service, label }) => {
        if (service !== undefined) view.dispatch(markRun(view.state, run, "service_link", { service }, label));
      }),
    );
  };

  contact = (view: EditorView): void =>
    this.ask(({ contacts }) =>
      contacts.open(view, (found) => this.insert(view, insertBlock(() => makeBlock("contact", contactOf(found))))),
    );

  service = (view: EditorView): void =>
    this.ask(({ services }) =>
      services.open(view, ({ service }) => this.insert(view, insertBlock(() => makeBlock("service", { service })))),
    );

  image = (view: EditorView, file: File | null = null): void =>
    this.ask(({ images }) =>
      images.open(view, null, file, (values) => this.insert(view, insertBlock(() => makeBlock("image", { ...values })))),
    );

  private insert(view: EditorView, command: Command): void {
    if (!command(view.state, view.dispatch, view)) this.announce("Ce bloc ne peut pas être mis à cet endroit.");
    view.focus();
  }

  /** Asks again about the block at `pos`. */
  edit(view: EditorView, pos: number): void {
    const node = view.state.doc.nodeAt(pos);
    if (!node) return;
    const { id } = node.attrs;
    const set = (attrs: Attrs): void => {
      // While somebody was choosing, colleagues went on: the block is found again by its id.
      const at = typeof id === "string" ? blockWithId(view.state.doc, id) : pos;
      const there = at === null ? null : view.state.doc.nodeAt(at);
      if (at === null || there?.type !== node.type) {
        this.announce("Ce bloc n’est plus dans le texte.");
        return;
      }
      const tr = view.state.tr;
      for (const [name, value] of Object.entries(attrs)) tr.setNodeAttribute(at, name, value);
      if (there.isLeaf) tr.setSelection(NodeSelection.create(tr.doc, at));
      view.dispatch(tr.scrollIntoView());
      view.focus();
    };
    switch (node.type.name) {
      case "contact":
        return this.ask(({ contacts }) => contacts.open(view, (found) => set(contactOf(found))));
      case "service":
        return this.ask(({ services }) => services.open(view, ({ service }) => set({ service })));
      case "legal":
        return this.legals.open(view, node.attrs as unknown as LegalValues, (values) => set({ ...values }));
      case "image":
        return this.ask(({ images }) =>
          images.open(view, node.attrs as unknown as ImageValues, null, (values) => set({ ...values })),
        );
      case "variant":
        return this.places.open(view, String(node.attrs["territories"] ?? ""), (territories) => set({ territories }));
    }
  }
}

const contactOf = ({ administration, counter }: Reference): Attrs => ({ administration, counter: counter ?? 0 });
