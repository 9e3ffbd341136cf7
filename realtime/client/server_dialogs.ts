// The dialogues that ask the server (the directory, the store of images): a part of their own, loaded when one is wanted.

import type { Directory } from "./directory.ts";
import { ImageDialog } from "./image_dialog.ts";
import { ReferenceDialog } from "./reference_dialog.ts";

export class ServerDialogs {
  readonly contacts: ReferenceDialog;
  readonly services: ReferenceDialog;
  readonly images: ImageDialog;

  /** `address`: where this draft is; `token` goes with what is sent there. */
  constructor(parent: HTMLElement, directory: Directory, address: string, token: string) {
    this.contacts = new ReferenceDialog(parent, directory, "contact");
    this.services = new ReferenceDialog(parent, directory, "service");
    this.images = new ImageDialog(parent, `${address}/images`, token);
  }
}
