// Reads PromQL expressions with the grammar of Prometheus' own interface: a JSON list in, for each one its faults, the
// metrics it selects and the functions it calls out.
import { parser } from "@prometheus-io/lezer-promql";

const expressions = JSON.parse(await new Response(process.stdin).text());
const read = (source) => {
  const found = { faults: [], metrics: [], functions: [] };
  parser.parse(source).iterate({
    enter(node) {
      const words = source.slice(node.from, node.to);
      if (node.type.isError) found.faults.push(`${node.from}: ${words}`);
      if (node.name === "Identifier" && node.node.parent?.name === "VectorSelector") found.metrics.push(words);
      if (node.name === "FunctionIdentifier") found.functions.push(words);
    },
  });
  return found;
};
process.stdout.write(JSON.stringify(expressions.map(read)));
