// Makes tests/vectors/suggest_strokes.json.gz: what the editor sends in the mode of suggestions, for the tests of the
// gate, which then need no Node. Run from the root of the repository: node tests/drafts/suggest_strokes.mjs
//
// With numbers and a file (node … 200 7000 out.json.gz undoing) it records that many sessions from that seed on, of people
// who write or of people who undo (realtime/client/tests/suggest_sessions.ts).

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { bundle } from "../../realtime/client/tests/bundle.mjs";

// Undo wrote a colleague's mark again where it covered nothing any more, or an editor tidied what a redo counted on.
const ONCE_REFUSED = [
  ["writing", 91053],
  ["undoing", 466],
  ["undoing", 976],
  ["undoing", 90936],
];
const [count = "24", first = "1", file = "tests/vectors/suggest_strokes.json.gz", habit = "writing"] = process.argv.slice(2);
const out = path.resolve(".cache/suggest-sessions.mjs");
mkdirSync(path.dirname(out), { recursive: true });
await bundle({
  entryPoints: ["realtime/client/tests/suggest_sessions.ts"],
  outfile: out,
});
const { session } = await import(pathToFileURL(out).href);
const cases = [];
for (let i = 0; i < Number(count); i += 1) cases.push(session(Number(first) + i, [0, 0.3, 0.8][i % 3], habit));
if (process.argv.length < 3) for (const [habit, seed] of ONCE_REFUSED) cases.push(session(seed, 0, habit));
writeFileSync(file, gzipSync(JSON.stringify({ cases }), { level: 9 }));
console.log(`${cases.length} sessions, ${cases.reduce((sum, { strokes }) => sum + strokes.length, 0)} strokes`);
