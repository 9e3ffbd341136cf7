// Pasting: from this editor as it is, from everywhere else with its structure and nothing more.

import { Fragment, Slice, type DOMParser as Parser, type Node, type ParseOptions } from "prosemirror-model";
import { DOMParser } from "prosemirror-model";
import { Plugin, type EditorState } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { yUndoPluginKey } from "y-prosemirror";
import { ancestorDepth } from "./commands.ts";
import { fitSlice, fitsTheDoors } from "./fitting.ts";
import { cleanText, inertMarkup } from "./markup.ts";
import { blocksOfMarkup } from "./pasted_blocks.ts";
import { blocksOfText } from "./pasted_text.ts";
import { nodeType, schema } from "./schema.ts";
import { tidyPasted } from "./tables.ts";

/** More markup than this is not even read. Word writes ten times as much as it says, and the bulk door takes 4 MiB. */
const MOST_MARKUP = 40 * 1024 * 1024;
const MOST_TEXT = 4 * 1024 * 1024;

const TOO_LARGE =
  "Ce que vous collez est trop grand pour être ajouté d’un coup\u00a0: rien n’a été changé. Collez-le en plusieurs parties.";

export interface Pasting {
  /** `shown`: worth the eye of everybody, not only of those who listen. */
  announce(words: string, shown?: boolean): void;
}

/** What was just read from the clipboard, until it is in the document. */
interface Reading {
  own: boolean;
  pictures: number;
}

function plainBlocks(blocks: readonly Node[]): Node[] {
  return blocks.map((node) =>
    node.type.name === "heading" || node.type.name === "lead" ? nodeType("paragraph").create({ id: node.attrs["id"] }, node.content) : node,
  );
}

/** Opens the ends that are sentences, so that they join the sentence they are pasted into. */
function openEnds(blocks: readonly Node[]): Slice {
  const open = (node: Node | undefined): number => (node?.type.name === "paragraph" ? 1 : 0);
  return new Slice(Fragment.from([...blocks]), open(blocks[0]), open(blocks[blocks.length - 1]));
}

const HOLD_NO_TITLES = [
  "list_item", "note", "table_cell", "table_header", "step", "question", "definition", "situation", "variant",
];

/** One paragraph or title pasted alone is words; a title in a list, a note or a cell is a sentence. */
function placed(state: EditorState, content: Fragment): Slice {
  const { $from } = state.selection;
  let blocks: readonly Node[] = content.content;
  if (blocks.length === 1 && blocks[0]!.isTextblock && $from.parent.content.size > 0) return new Slice(content, 1, 1);
  if (ancestorDepth($from, HOLD_NO_TITLES) !== null) blocks = plainBlocks(blocks);
  return openEnds(blocks);
}

function counted(count: number, one: string, many: string): string {
  return `${count}\u00a0${count > 1 ? many : one}`;
}

/** One's own undo takes back what was done between two of these calls, and nothing before it. */
export function separateUndo(state: EditorState): void {
  (yUndoPluginKey.getState(state) as { undoManager?: { stopCapturing(): void } } | undefined)?.undoManager?.stopCapturing();
}

export function pasting({ announce }: Pasting): Plugin {
  let reading: Reading = { own: false, pictures: 0 };

  const refused = (size: number, most: number): boolean => {
    if (size <= most) return false;
    announce(TOO_LARGE, true);
    return true;
  };

  const parser = {
    parseSlice(dom: HTMLElement, options: ParseOptions): Slice {
      reading = { own: dom.closest("[data-pm-slice]") !== null || dom.querySelector("[data-pm-slice]") !== null, pictures: 0 };
      if (reading.own) return DOMParser.fromSchema(schema).parseSlice(dom, options);
      const { blocks, pictures } = blocksOfMarkup(dom);
      reading.pictures = pictures;
      return new Slice(Fragment.from(blocks), 0, 0);
    },
  };

  const put = (view: EditorView, slice: Slice): boolean => {
    const { pictures, own } = reading;
    if (!fitsTheDoors(slice.content)) {
      announce(TOO_LARGE, true);
      return true;
    }
    if (slice.size > 0) {
      separateUndo(view.state);
      const single = own && slice.openStart === 0 && slice.openEnd === 0 && slice.content.childCount === 1 ? slice.content.firstChild : null;
      const tr = single ? view.state.tr.replaceSelectionWith(single) : view.state.tr.replaceSelection(slice);
      view.dispatch(tr.scrollIntoView().setMeta("paste", true).setMeta("uiEvent", "paste"));
      separateUndo(view.state);
      const blocks = slice.content.childCount;
      if (blocks > 1) announce(`Collé\u00a0: ${counted(blocks, "bloc", "blocs")}.`);
    }
    if (pictures > 0) {
      announce(
        pictures > 1
          ? `${counted(pictures, "image", "images")} n’ont pas été collées\u00a0: ajoutez-les une à une, avec leur texte de remplacement.`
          : "L’image n’a pas été collée\u00a0: ajoutez-la par le bouton Image, avec son texte de remplacement.",
        true,
      );
    }
    return slice.size > 0 || pictures > 0;
  };

  return new Plugin({
    props: {
      transformPastedText: cleanText,
      transformPastedHTML: inertMarkup,
      clipboardParser: parser as unknown as Parser,
      clipboardTextParser(text) {
        reading = { own: false, pictures: 0 };
        return new Slice(Fragment.from(blocksOfText(text)), 0, 0);
      },
      transformPasted(slice, view) {
        if (!reading.own) return placed(view.state, slice.content);
        const fit = fitSlice(slice);
        const content = tidyPasted(fit.content);
        return content.eq(fit.content) ? fit : new Slice(content, 0, 0);
      },
      handlePaste: (view, _event, slice) => put(view, slice),
      // Moving a part of this text costs nothing; what is dragged in from elsewhere is measured like a paste.
      handleDrop(_view, _event, slice, moved) {
        if (moved || fitsTheDoors(slice.content)) return false;
        announce(TOO_LARGE, true);
        return true;
      },
      handleDOMEvents: {
        paste(view, event) {
          const data = event.clipboardData;
          if (!data || view.composing) return false;
          const html = data.getData("text/html");
          const text = data.getData("text/plain");
          if (!html && !text) return false;
          event.preventDefault();
          if (refused(html.length, MOST_MARKUP) || refused(html ? 0 : text.length, MOST_TEXT)) return true;
          try {
            if (html) view.pasteHTML(html, event);
            else view.pasteText(text, event);
          } catch (error) {
            // The browser must not paste by itself what could not be read: it would put the markup in as it is.
            console.error(error);
            announce("Ce que vous collez n’a pas pu être lu\u00a0: rien n’a été changé.", true);
          }
          return true;
        },
      },
    },
  });
}
