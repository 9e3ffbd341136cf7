// The handle beside a block: drag it to carry the block elsewhere, click it for the block's menu. With pointer events,
// so that a finger does it too; everything it does is in the menu and on the keyboard as well.

import { Plugin, type PluginView } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { mayHold } from "./blocks.ts";
import { blockWithId, carry, unitStarting, unitsAround, unitsAt, type Unit } from "./units.ts";

export interface HandleOptions {
  place: HTMLElement;
  writable(): boolean;
  openMenu(view: EditorView, pos: number, button: HTMLElement): void;
  announce(text: string): void;
}

/** Less than this is a click of a hand that shakes, pixels. */
const STILL = 5;
/** Nearer to the edge of the window than this the page is pushed along, pixels. */
const EDGE = 60;

/** Where a block would be put down: a position between two blocks, and the line that shows it. */
interface Gap {
  pos: number;
  top: number;
  left: number;
  width: number;
}

function gapAt(view: EditorView, unit: Unit, y: number): Gap | null {
  const frame = view.dom.getBoundingClientRect();
  const top = Math.min(Math.max(y, frame.top + 4), frame.bottom - 4);
  const found = view.posAtCoords({ left: frame.left + Math.min(60, frame.width / 3), top });
  if (!found) return null;
  const { doc } = view.state;
  const $pos = doc.resolve(found.inside >= 0 && doc.nodeAt(found.inside)?.isLeaf ? found.inside : found.pos);
  const name = unit.node.type.name;
  for (let depth = $pos.depth; depth >= 0; depth -= 1) {
    const parent = $pos.node(depth);
    if (parent.isTextblock) continue;
    const names: string[] = [];
    for (let at = depth; at > 0; at -= 1) names.push($pos.node(at).type.name);
    if (name === "table_row" ? parent !== unit.parent : !mayHold(names, name)) continue;
    let index = Math.min($pos.index(depth), parent.childCount - 1);
    if (index < 0) return null;
    let before = $pos.posAtIndex(index, depth);
    const dom = view.nodeDOM(before);
    if (!(dom instanceof HTMLElement)) return null;
    const box = dom.getBoundingClientRect();
    let line = box.top;
    if (y > box.top + box.height / 2) {
      before += parent.child(index).nodeSize;
      index += 1;
      line = box.bottom;
    }
    // The title of a step is its first line.
    if (parent.maybeChild(index)?.type.name === "label") continue;
    if (before > unit.pos && before < unit.pos + unit.node.nodeSize) return null;
    return { pos: before, top: line, left: box.left, width: box.width };
  }
  return null;
}

class Handle implements PluginView {
  private readonly button = document.createElement("button");
  private readonly line = document.createElement("div");
  private block: number | null = null;
  private drag: { unit: Unit; y: number; moved: boolean; pointer: number } | null = null;
  private readonly hover = (event: PointerEvent): void => this.over(event);
  private readonly escape = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && this.drag) this.drop(false);
  };

  constructor(
    private readonly view: EditorView,
    private readonly options: HandleOptions,
  ) {
    const { button, line } = this;
    button.type = "button";
    button.className = "block-handle";
    button.tabIndex = -1;
    button.hidden = true;
    button.setAttribute("aria-label", "Déplacer le bloc ou ouvrir son menu");
    button.setAttribute("aria-haspopup", "menu");
    button.setAttribute("aria-expanded", "false");
    button.title = "Tirer pour déplacer, cliquer pour le menu";
    line.className = "block-gap";
    line.hidden = true;
    button.addEventListener("pointerdown", (event) => this.take(event));
    button.addEventListener("pointermove", (event) => this.pull(event));
    button.addEventListener("pointerup", () => this.drop(true));
    button.addEventListener("pointercancel", () => this.drop(false));
    button.addEventListener("mousedown", (event) => event.preventDefault());
    // Speech input and screen readers click without a pointer.
    button.addEventListener("click", (event) => {
      if (event.detail === 0 && this.block !== null) options.openMenu(view, this.block, button);
    });
    document.addEventListener("keydown", this.escape);
    options.place.addEventListener("pointermove", this.hover);
    options.place.append(button, line);
  }

  update(view: EditorView): void {
    if (this.drag || this.button.getAttribute("aria-expanded") === "true") return;
    const unit = this.options.writable() ? unitsAt(view.state)[0] : undefined;
    this.stand(unit?.pos ?? null);
  }

  private over(event: PointerEvent): void {
    if (this.drag || event.pointerType !== "mouse" || event.buttons !== 0 || !this.options.writable()) return;
    if (this.button.contains(event.target as Node) || this.button.getAttribute("aria-expanded") === "true") return;
    const frame = this.view.dom.getBoundingClientRect();
    const left = Math.max(event.clientX, frame.left + 40);
    const found = this.view.posAtCoords({ left, top: event.clientY });
    if (!found) return;
    const { doc } = this.view.state;
    const leaf = found.inside >= 0 && doc.nodeAt(found.inside)?.isLeaf;
    const unit = leaf ? unitStarting(this.view.state, found.inside) : unitsAround(doc.resolve(found.pos))[0];
    if (unit && unit.pos !== this.block) this.stand(unit.pos);
  }

  private stand(pos: number | null): void {
    const dom = pos === null ? null : this.view.nodeDOM(pos);
    this.block = dom instanceof HTMLElement ? pos : null;
    this.button.hidden = this.block === null;
    if (!(dom instanceof HTMLElement)) return;
    const frame = this.options.place.getBoundingClientRect();
    const box = dom.getBoundingClientRect();
    this.button.style.top = `${box.top - frame.top}px`;
    this.button.style.left = `${Math.max(1, box.left - frame.left - 22)}px`;
  }

  private take(event: PointerEvent): void {
    const unit = this.block === null ? null : unitStarting(this.view.state, this.block);
    if (!unit || event.button !== 0 || !this.options.writable()) return;
    this.drag = { unit, y: event.clientY, moved: false, pointer: event.pointerId };
    this.button.setPointerCapture(event.pointerId);
  }

  /** The block that is being carried, where it stands now: colleagues write meanwhile. */
  private carried(): Unit | null {
    const { unit } = this.drag!;
    const { id } = unit.node.attrs;
    const pos = typeof id === "string" ? blockWithId(this.view.state.doc, id) : unit.pos;
    return pos === null ? null : unitStarting(this.view.state, pos);
  }

  private pull(event: PointerEvent): void {
    const { drag } = this;
    if (!drag) return;
    if (!drag.moved && Math.abs(event.clientY - drag.y) < STILL) return;
    drag.moved = true;
    drag.y = event.clientY;
    if (event.clientY < EDGE) window.scrollBy(0, -12);
    else if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, 12);
    const unit = this.carried();
    const gap = unit && gapAt(this.view, unit, event.clientY);
    this.line.hidden = !gap;
    if (!gap) return;
    const frame = this.options.place.getBoundingClientRect();
    this.line.style.top = `${gap.top - frame.top - 2}px`;
    this.line.style.left = `${gap.left - frame.left}px`;
    this.line.style.width = `${gap.width}px`;
  }

  private drop(done: boolean): void {
    const { drag } = this;
    if (!drag) return;
    const unit = this.carried();
    const gap = done && drag.moved && unit ? gapAt(this.view, unit, drag.y) : null;
    this.drag = null;
    this.line.hidden = true;
    if (this.button.hasPointerCapture(drag.pointer)) this.button.releasePointerCapture(drag.pointer);
    if (gap && unit && gap.pos !== unit.pos && gap.pos !== unit.pos + unit.node.nodeSize) {
      this.view.dispatch(carry(this.view.state, unit, gap.pos));
      this.view.focus();
      this.options.announce("Bloc déplacé.");
    } else if (done && !drag.moved && this.block !== null) {
      this.options.openMenu(this.view, this.block, this.button);
    }
  }

  destroy(): void {
    document.removeEventListener("keydown", this.escape);
    this.options.place.removeEventListener("pointermove", this.hover);
    this.button.remove();
    this.line.remove();
  }
}

export function blockHandle(options: HandleOptions): Plugin {
  return new Plugin({ view: (view) => new Handle(view, options) });
}
