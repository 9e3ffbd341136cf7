// Builds the browser's bundles into app/static/dist/. Each file is written twice: under its own name, for tools, and
// under a name that holds the hash of its bytes, which the server may let browsers keep for ever. manifest.json maps
// the first to the second.
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import esbuild from "esbuild";
import { patchedYProsemirror } from "./patched.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const dist = path.join(root, "app/static/dist");

const result = await esbuild.build({
  entryPoints: {
    editor: path.join(here, "main.ts"),
    "sign-out": path.join(here, "signout.ts"),
  },
  outdir: dist,
  plugins: [patchedYProsemirror],
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: ["chrome100", "firefox100", "safari15.4"],
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
});
const styles = await esbuild.build({
  entryPoints: { editor: path.join(root, "app/static/editor.css") },
  outdir: dist,
  minify: true,
  write: false,
  logLevel: "warning",
});

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const manifest = {};
for (const file of [...result.outputFiles, ...styles.outputFiles]) {
  const name = path.basename(file.path);
  const { name: stem, ext } = path.parse(name);
  const bytes = Buffer.from(file.contents);
  const hashed = `${stem}-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}${ext}`;
  writeFileSync(path.join(dist, name), bytes);
  writeFileSync(path.join(dist, hashed), bytes);
  manifest[name] = hashed;
  const gz = gzipSync(bytes, { level: 9 }).length;
  console.log(`${name} ${(bytes.length / 1000).toFixed(1)} kB, ${(gz / 1000).toFixed(1)} kB gzip`);
}
writeFileSync(path.join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
