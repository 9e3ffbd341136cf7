// Image files that are dropped on the text or pasted into it.

import { Plugin, Selection } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";

/** The first file that looks like an image. */
const imageIn = (files: FileList | null | undefined): File | null =>
  [...(files ?? [])].find((file) => file.type.startsWith("image/")) ?? null;

/** An image file that is dropped on the text or pasted into it is asked about like one that is chosen. */
export function imageFiles(open: (view: EditorView, file: File) => void): Plugin {
  return new Plugin({
    props: {
      handlePaste(view, event) {
        const data = event.clipboardData;
        // Word lays a picture of the words beside the words: the words are what was meant.
        if (!data || data.types.includes("text/html") || data.types.includes("text/plain")) return false;
        const file = imageIn(data.files);
        if (!file || !view.editable) return false;
        open(view, file);
        return true;
      },
      handleDOMEvents: {
        drop(view, event) {
          const file = imageIn(event.dataTransfer?.files);
          if (!file || !view.editable) return false;
          event.preventDefault();
          const at = view.posAtCoords({ left: event.clientX, top: event.clientY });
          if (at) view.dispatch(view.state.tr.setSelection(selectionNear(view, at.pos)));
          open(view, file);
          return true;
        },
      },
    },
  });
}

function selectionNear(view: EditorView, pos: number): Selection {
  return Selection.near(view.state.doc.resolve(pos), -1);
}
