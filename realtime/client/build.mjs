// Builds the browser's bundles into app/static/dist/. Each file is written twice: under its own name, for tools, and
// under a name that holds the hash of its bytes, which the server may let browsers keep for ever. manifest.json maps
// the first to the second, and lists under "editor.js+" what the editor imports at once, so that the page can ask for
// all of it at the same time. What is imported on demand (`import()`) is a part of its own, loaded when it is wanted.
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import esbuild from "esbuild";
import { patchedYProsemirror } from "./patched.mjs";
import { slim } from "./slim.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const dist = path.join(root, "app/static/dist");

const common = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  minify: true,
  write: false,
  target: ["chrome100", "firefox100", "safari15.4"],
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
};
const editor = await esbuild.build({
  ...common,
  entryPoints: { editor: path.join(here, "main.ts") },
  plugins: [patchedYProsemirror, slim],
  format: "esm",
  splitting: true,
  chunkNames: "part-[hash]",
  metafile: true,
});
const signOut = await esbuild.build({
  ...common,
  entryPoints: { "sign-out": path.join(here, "signout.ts") },
  format: "iife",
});
const workshop = await esbuild.build({
  ...common,
  entryPoints: { workshop: path.join(here, "workshop.ts") },
  format: "iife",
});
const styles = await esbuild.build({
  entryPoints: { editor: path.join(root, "app/static/editor.css") },
  outdir: dist,
  // What is about one part of the page has a sheet of its own, and the browser gets them as one.
  bundle: true,
  minify: true,
  write: false,
  logLevel: "warning",
});

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const manifest = {};
const squeeze = (name, bytes) => {
  // Compressed once, here: app/assets.py sends it to every browser that takes it.
  const gz = gzipSync(bytes, { level: 9 });
  writeFileSync(path.join(dist, `${name}.gz`), gz);
  return gz.length;
};
const kilobytes = (count) => (count / 1000).toFixed(1);
for (const file of [...editor.outputFiles, ...signOut.outputFiles, ...workshop.outputFiles, ...styles.outputFiles]) {
  const name = path.basename(file.path);
  const { name: stem, ext } = path.parse(name);
  const bytes = Buffer.from(file.contents);
  writeFileSync(path.join(dist, name), bytes);
  // A part is named by its bytes already, and the others name it so.
  const isPart = stem.startsWith("part-");
  const hashed = isPart ? name : `${stem}-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}${ext}`;
  if (!isPart) {
    writeFileSync(path.join(dist, hashed), bytes);
    manifest[name] = hashed;
  }
  console.log(`${name} ${kilobytes(bytes.length)} kB, ${kilobytes(squeeze(hashed, bytes))} kB gzip`);
}

const outputs = editor.metafile.outputs;
const atOnce = new Set();
const follow = (output) => {
  for (const { path: to, kind } of outputs[output].imports) {
    if (kind === "import-statement" && !atOnce.has(to)) {
      atOnce.add(to);
      follow(to);
    }
  }
};
follow(Object.keys(outputs).find((output) => path.basename(output) === "editor.js"));
manifest["editor.js+"] = [...atOnce].map((output) => path.basename(output));
writeFileSync(path.join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
