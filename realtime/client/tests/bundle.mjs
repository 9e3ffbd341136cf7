// Bundles TypeScript of the client for Node 20, which reads none; `more` says what goes in and where it comes out.
import esbuild from "esbuild";
import { patchedYProsemirror } from "../patched.mjs";

export const bundle = (more) =>
  esbuild.build({
    bundle: true,
    plugins: [patchedYProsemirror],
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
    ...more,
  });
