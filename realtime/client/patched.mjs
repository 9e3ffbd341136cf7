// Corrections to y-prosemirror 1.3.7, put in while bundling. They are held by tests/convergence.test.ts, which fails
// without the first two within a few walks, and by the recorded suggestions of tests/drafts/suggest_strokes.mjs.
//
// What goes wrong: two people who begin to write in the same empty paragraph make two Y.Text side by side.
// y-prosemirror then moves the second into the first, as an answer to a remote change; what a third person, or a slow
// line, has still under way into the second is thrown away with it.
//
// And of equal letters side by side it takes the last for the one that was typed or taken out. For a suggestion that is
// another letter than the one that is marked: a colleague's change there at that moment would leave the wrong one plain.
//
// Here neighbouring texts are left as they are: nothing is written when a change arrives, and a person's own change is
// compared with the texts one by one instead of being written into the first of them.
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const entry = path.join(root, "node_modules/y-prosemirror/src/y-prosemirror.js");

const ALIGN = `
/** The texts of one run of neighbouring Y.Texts, cut out of the ProseMirror text that shows them all. */
const spreadText = (run, group) => {
  if (run.length === 1) return [group]
  const olds = run.map((ytext) => ytextTrans(ytext).str)
  const { index, insert, remove } = simpleDiff(olds.join(''), group.map((node) => node.text).join(''))
  const moved = (at) => at <= index ? at : at >= index + remove ? at - remove + insert.length : index + insert.length
  const whole = group.reduce((sum, node) => sum + node.text.length, 0)
  let old = 0
  let from = 0
  return olds.map((text, i) => {
    old += text.length
    const to = i === olds.length - 1 ? whole : moved(old)
    const part = []
    let at = 0
    for (const node of group) {
      const start = math.max(from, at)
      const end = math.min(to, at + node.text.length)
      if (start < end) part.push(node.cut(start - at, end - at))
      at += node.text.length
    }
    from = to
    return part
  })
}

/** ProseMirror's children, so that each Y.Text has its own counterpart; an emptied Y.Text has an empty one. */
const alignPNodeContent = (yChildren, pChildren) => {
  if (!yChildren.some((child) => child instanceof Y.XmlText)) return pChildren
  const runs = []
  for (const child of yChildren) {
    const last = runs[runs.length - 1]
    if (!(child instanceof Y.XmlText)) runs.push(child)
    else if (last instanceof Array) last.push(child)
    else runs.push([child])
  }
  const fits = (run, pchild) => (run instanceof Array) === (pchild instanceof Array)
  const least = math.min(runs.length, pChildren.length)
  let left = 0
  while (left < least && fits(runs[left], pChildren[left])) left++
  let right = 0
  while (left + right < least && fits(runs[runs.length - 1 - right], pChildren[pChildren.length - 1 - right])) right++
  const spread = (run, pchild) => run instanceof Array ? spreadText(run, pchild) : [pchild]
  const middleRuns = runs.slice(left, runs.length - right)
  let middle = pChildren.slice(left, pChildren.length - right)
  if (middle.length === 0 && middleRuns.every((run) => run instanceof Array)) {
    middle = middleRuns.flatMap((run) => run.map(() => []))
  }
  return [
    ...runs.slice(0, left).flatMap((run, i) => spread(run, pChildren[i])),
    ...middle,
    ...runs.slice(runs.length - right).flatMap((run, i) => spread(run, pChildren[pChildren.length - right + i]))
  ]
}
`;

const SUGGESTED = `
/** The same difference, moved to the equal letters that a suggestion puts in (or that stood in one and are gone). */
const whereSuggested = (ytext, content, text, diff) => {
  const size = diff.insert.length || diff.remove
  if ((diff.insert && diff.remove) || size === 0) return diff
  const whole = diff.insert ? content.map((c) => c.insert).join('') : text
  const runs = []
  let from = 0
  for (const run of diff.insert ? content : ytext.toDelta()) {
    if (run.attributes?.insertion) runs.push([from, from + run.insert.length])
    from += run.insert.length
  }
  for (let at = diff.index; at >= 0 && (at === diff.index || whole[at] === whole[at + size]); at--) {
    if (/[\\udc00-\\udfff]/.test(whole[at] ?? '')) continue
    if (runs.some(([start, end]) => start <= at && at + size <= end)) {
      return { index: at, remove: diff.remove, insert: diff.insert && whole.slice(at, at + size) }
    }
  }
  return diff
}
`;

const CHANGES = [
  ["/**\n * @todo test this more\n", `${SUGGESTED}\n/**\n * @todo test this more\n`],
  [
    "const { insert, remove, index } = simpleDiff(\n    str,\n    content.map((c) => c.insert).join('')\n  )",
    "const { insert, remove, index } = whereSuggested(ytext, content, str, simpleDiff(\n    str,\n    content.map((c) => c.insert).join('')\n  ))",
  ],
  [
    "if (nextytext instanceof Y.Text && !nextytext._item.deleted && nextytext._item.id.client === nextytext.doc.clientID) {",
    "if (false) {",
  ],
  ["/**\n * @param {Y.XmlText} ytext\n * @param {Array<any>} ptexts\n */\nconst equalYTextPText", `${ALIGN}\nconst equalYTextPText`],
  [
    "const normalizedContent = normalizePNodeContent(pnode)\n",
    "const normalizedContent = alignPNodeContent(ytype.toArray(), normalizePNodeContent(pnode))\n",
  ],
  [
    "const pChildren = normalizePNodeContent(pnode)\n",
    "const pChildren = alignPNodeContent(yChildren, normalizePNodeContent(pnode))\n",
  ],
  [
    "const pChildren = normalizePNodeContent(pNode)\n",
    "const pChildren = alignPNodeContent(yDomFragment.toArray(), normalizePNodeContent(pNode))\n",
  ],
];

function corrected(file) {
  let source = readFileSync(file, "utf8");
  for (const [before, after] of CHANGES) {
    // Another version of the library has to be read again before it is used.
    if (source.split(before).length !== 2) throw new Error(`y-prosemirror is not the one these corrections are for: ${before}`);
    source = source.replace(before, () => after);
  }
  return source;
}

/** For esbuild. Resolves y-prosemirror itself, so that it is corrected even where packages stay outside the bundle. */
export const patchedYProsemirror = {
  name: "patched-y-prosemirror",
  setup(build) {
    build.onResolve({ filter: /^y-prosemirror$/ }, () => ({ path: entry }));
    build.onLoad({ filter: /y-prosemirror[\\/]src[\\/]plugins[\\/]sync-plugin\.js$/ }, (file) => ({
      contents: corrected(file.path),
      loader: "js",
    }));
  },
};
