// An image on its way to the server, which judges it by its content, writes it anew and drops what the camera noted.

/** The server's limit, bytes; said before anything is sent over a slow line. */
export const LARGEST = 10_000_000;
export const KINDS = ["image/png", "image/jpeg", "image/webp", "image/gif"];

export interface Stored {
  image: string;
  width: number;
  height: number;
  url: string;
}

/** Why a file is not sent at all; null when it may be. */
export function refusedFile(file: { type: string; size: number }): string | null {
  if (!KINDS.includes(file.type)) return "Ce fichier n’est pas une image acceptée. Choisissez un fichier JPEG, PNG, WebP ou GIF.";
  if (file.size > LARGEST) return "Cette image dépasse 10\u00a0Mo. Choisissez une image plus petite.";
  if (file.size === 0) return "Ce fichier est vide.";
  return null;
}

/** Sends a file. `progress` hears a share of 0 to 1. Rejects with a sentence for the person, or null when aborted. */
export function sendImage(
  address: string,
  token: string,
  file: File,
  progress: (share: number) => void,
  signal: AbortSignal,
): Promise<Stored> {
  return new Promise((resolve, reject: (why: string | null) => void) => {
    const body = new FormData();
    body.append("csrf_token", token);
    body.append("image", file, file.name);
    // fetch cannot say how far it is.
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      const answer = request.response as (Stored & { error?: { message?: string } }) | null;
      if (request.status === 201 && typeof answer?.image === "string") resolve(answer);
      else reject(answer?.error?.message ?? "L’image n’a pas été acceptée par le serveur.");
    });
    request.addEventListener("error", () => reject("L’image n’est pas partie\u00a0: le serveur ne répond pas. Réessayez dans un instant."));
    request.addEventListener("abort", () => reject(null));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}
