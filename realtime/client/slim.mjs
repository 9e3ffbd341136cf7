// What the libraries bring and this editor never runs stays out of the bundle: agents on a weak line wait for each
// kilobyte. tests/journeys/test_speed.py holds the weight of all scripts.
import { readFileSync } from "node:fs";

export const slim = {
  name: "slim",
  setup(build) {
    // Socket.IO asks for WebTransport only when it is named among the transports (connection.ts names two).
    build.onLoad({ filter: /engine\.io-client\/build\/esm\/transports\/webtransport\.js$/ }, () => ({
      contents: "export class WT {}",
    }));
    // lib0's dom module makes schemas of a few nodes when it is loaded, for nobody here, and with them comes a whole
    // library of schemas. Calls that are marked pure go when their value is not used.
    build.onLoad({ filter: /lib0\/dom\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/^(export const \$\w+ = .*?)(?=\$\.)/gmu, "$1/* @__PURE__ */ "),
    }));
  },
};
