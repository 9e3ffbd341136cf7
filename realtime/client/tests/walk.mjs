// Bundles walk_main.ts and runs it with the arguments given: node realtime/client/tests/walk.mjs 1 40 60 out.json
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundle } from "./bundle.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(here, `../../../.cache/client-walks/walk-${process.pid}.mjs`);
await bundle({
  entryPoints: [path.join(here, "walk_main.ts")],
  outfile: out,
});
await import(pathToFileURL(out).href);
