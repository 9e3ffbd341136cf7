// How findings look in the text: underlined at their place, and their block marked in the margin. Decorations only:
// nothing is written. Only what is drawn of a changed block is made anew; the rest is carried along. And only what is near the
// reader's eyes is drawn at all: a browser looks through every piece of an editable text for each key, so that a thousand
// underlined passages of a long text made typing half as slow again (`python -m benchmarks.plain_french`).

import type { Node } from "prosemirror-model";
import type { EditorState } from "prosemirror-state";
import { Mapping, StepMap } from "prosemirror-transform";
import { Decoration, DecorationSet } from "prosemirror-view";
import { blockIdOf } from "./french_blocks.ts";
import { keyed, type Reading } from "./french_reading.ts";

/** Of positions in a document. */
export interface Stretch {
  from: number;
  to: number;
}

export class FrenchMarks {
  private doc: Node | null = null;
  private set = DecorationSet.empty;
  private pending = false;
  private near: Stretch = { from: 0, to: Infinity };
  /** The finding that is being looked at, by its key. */
  here: string | null = null;

  /** `composing`: under an input method nothing may be drawn anew. */
  constructor(private readonly reading: Reading, private readonly composing: () => boolean) {}

  decorations({ doc }: EditorState): DecorationSet {
    if (this.doc === null) this.whole(doc);
    else if (doc !== this.doc) this.follow(this.doc, doc);
    return this.set;
  }

  /** Whether what stands from one position to another is drawn. */
  covers({ from, to }: Stretch): boolean {
    return this.near.from <= from && to <= this.near.to;
  }

  /** Blocks that touch this stretch are drawn from now on, and no others. */
  drawNear(near: Stretch): void {
    this.near = near;
    this.forget();
  }

  /** Everything is drawn anew the next time. */
  forget(): void {
    if (this.composing() && this.doc !== null) this.pending = true;
    else this.doc = null;
  }

  /** Blocks about which something else is known now. */
  redraw(doc: Node, ids: ReadonlySet<string>): void {
    if (this.composing()) this.pending = true;
    if (this.pending) return;
    if (this.doc !== doc) return this.forget();
    doc.descendants((node, pos) => {
      if (!node.isTextblock) return true;
      if (ids.has(blockIdOf(node) ?? "")) this.dress(doc, node, pos);
      return false;
    });
  }

  private whole(doc: Node): void {
    const all: Decoration[] = [];
    doc.descendants((node, pos) => {
      if (!node.isTextblock) return true;
      all.push(...this.of(node, pos));
      return false;
    });
    this.doc = doc;
    this.set = DecorationSet.create(doc, all);
  }

  /**
   * From one state of the text to the next. A change that came from elsewhere replaces the whole document: what is
   * equal in both is found by its nodes, which are the same objects where nobody wrote.
   */
  private follow(before: Node, doc: Node): void {
    const from = before.content.findDiffStart(doc.content);
    this.doc = doc;
    if (from === null) return;
    let { a: to, b: end } = before.content.findDiffEnd(doc.content)!;
    const overlap = from - Math.min(to, end);
    if (overlap > 0) {
      to += overlap;
      end += overlap;
    }
    const step = new StepMap([from, to - from, end - from]);
    this.set = this.set.map(new Mapping([step]), doc);
    this.near = { from: step.map(this.near.from, -1), to: step.map(this.near.to, 1) };
    if (this.composing()) {
      this.pending = true;
      return;
    }
    if (this.pending) {
      this.pending = false;
      this.whole(doc);
      return;
    }
    doc.nodesBetween(Math.max(0, from - 1), Math.min(doc.content.size, end + 1), (node, pos) => {
      if (!node.isTextblock) return true;
      this.dress(doc, node, pos);
      return false;
    });
  }

  private dress(doc: Node, node: Node, pos: number): void {
    const old = this.set.find(pos, pos + node.nodeSize).filter(({ from, to }) => from >= pos && to <= pos + node.nodeSize);
    const now = this.of(node, pos);
    if (old.length === 0 && now.length === 0) return;
    this.set = this.set.remove(old).add(doc, now);
  }

  private of(node: Node, pos: number): Decoration[] {
    if (pos > this.near.to || pos + node.nodeSize < this.near.from) return [];
    const findings = this.reading.findingsOf(node);
    if (findings.length === 0) return [];
    const found = keyed(blockIdOf(node)!, findings).map(([key, { start, end }]) =>
      Decoration.inline(pos + 1 + start, pos + 1 + end, { class: this.here === key ? "plain plain-here" : "plain" }),
    );
    found.push(
      Decoration.node(pos, pos + node.nodeSize, { class: "plain-block", "data-plain": String(findings.length) }),
    );
    return found;
  }
}
