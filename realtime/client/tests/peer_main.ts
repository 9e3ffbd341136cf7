// `node .cache/client-tests/peer_main.mjs [port]`: the peer with a bare page, to try the built editor in a browser.
// POST /control runs a few words: kill (all sockets), judge CODE N, readonly, restore.

import { readFileSync } from "node:fs";
import path from "node:path";
import * as Y from "yjs";
import { Peer, seed } from "./peer.ts";

const dist = path.resolve("app/static/dist");
const PAGE = (shared: string) => `<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Essai</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/dist/editor.css"></head><body><main><h1>Fiche</h1>
<form id="sign-out" method="post" action="/out"><button>Se déconnecter</button></form>
<p data-save-state="readonly" role="status"></p><ul data-people aria-label="À la table"></ul><div data-toolbar></div>
<div data-editor-root data-draft="12" data-shared-computer="${shared}"><div data-editor-static><p>Texte du serveur</p></div></div>
<div data-unsent hidden></div></main><script src="/dist/editor.js" type="module"></script></body></html>`;

const peer = new Peer((request: any, response: any) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/") {
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "set-cookie": `person=${url.searchParams.get("person") ?? "nadia"}; Path=/`,
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'",
    });
    response.end(PAGE(url.searchParams.get("shared") ?? "0"));
  } else if (url.pathname.startsWith("/dist/")) {
    const name = path.basename(url.pathname);
    response.writeHead(200, { "content-type": name.endsWith(".css") ? "text/css" : "text/javascript" });
    response.end(readFileSync(path.join(dist, name)));
  } else if (url.pathname === "/text") {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.end(peer.text());
  } else if (url.pathname === "/judge") {
    let left = Number(url.searchParams.get("times") ?? "1");
    const code = url.searchParams.get("code") ?? "forbidden";
    peer.judge = () => (left-- > 0 ? (code === "mute" ? "mute" : { error: { code } }) : null);
    response.end("ok");
  } else if (url.pathname === "/restore") {
    peer.restore(Y.encodeStateAsUpdate(peer.doc), "h2");
    response.end("ok");
  } else if (url.pathname === "/access") {
    peer.canWrite = url.searchParams.get("write") === "1";
    peer.io.of("/drafts").emit("access", { draft: 12, rights: ["read"], can_write: peer.canWrite, reason: "rights" });
    response.end("ok");
  } else {
    response.writeHead(404);
    response.end();
  }
});
seed(peer.doc, ["Bonjour à tous.", "Deuxième paragraphe."]);
console.log(`http://127.0.0.1:${await peer.listen(Number(process.argv[2] ?? 0))}/`);
