// A text that the server does not have any more, as words to copy and as a file that it reads back block by block.
//
// The file is written as drafts/exchange/html_out.py writes one: each block says its kind and its attributes, so that
// nothing is guessed when it is brought in. Whose the words were is not in it: who brings them in answers for them.

import type * as Y from "yjs";

export interface Copy {
  text: string;
  html: string;
}

/** `nodes` of drafts/schema.json, which whoever asks has at hand: this part is fetched by itself. */
export type Nodes = Record<string, { content?: string; leaf?: boolean; inline?: boolean }>;
const TAGS: Record<string, string> = { strong: "strong", em: "em" };

const escaped = (text: string): string =>
  text.replace(/&/gu, "&amp;").replace(/</gu, "&lt;").replace(/>/gu, "&gt;").replace(/"/gu, "&quot;");

const holdsWords = (nodes: Nodes, kind: string): boolean => /inline|text/u.test(nodes[kind]?.content ?? "");

// By what they can do: a part that imports Yjs itself would part it from what is loaded with it at once.
const isText = (child: object): child is Y.XmlText => "toDelta" in child;
const isElement = (child: object): child is Y.XmlElement => "nodeName" in child;

interface Run {
  insert: unknown;
  attributes?: Record<string, Record<string, unknown> | null>;
}

function marked(run: Run): string {
  let html = escaped(String(run.insert));
  for (const [key, attributes] of Object.entries(run.attributes ?? {})) {
    // Marks of one kind that overlap have names of their own behind two hyphens.
    const mark = key.split("--")[0]!;
    const given = (name: string): string => escaped(String(attributes?.[name] ?? ""));
    if (TAGS[mark]) html = `<${TAGS[mark]}>${html}</${TAGS[mark]}>`;
    else if (mark === "link") html = `<a href="${given("href")}">${html}</a>`;
    else if (mark === "abbr") html = `<abbr title="${given("title")}">${html}</abbr>`;
    else if (mark === "service_link") html = `<span data-service="${given("service")}">${html}</span>`;
  }
  return html;
}

function htmlOf(type: Y.XmlFragment | Y.XmlElement, nodes: Nodes): string {
  let html = "";
  for (const child of type.toArray()) {
    if (isText(child)) {
      for (const run of child.toDelta() as Run[]) if (typeof run.insert === "string") html += marked(run);
    } else if (isElement(child) && nodes[child.nodeName]?.inline) {
      html += "<br>";
    } else if (isElement(child) && nodes[child.nodeName]) {
      const kind = child.nodeName;
      const tag = holdsWords(nodes, kind) && kind !== "image" ? "p" : "section";
      const attributes = Object.entries(child.getAttributes())
        .filter(([name, value]) => name !== "id" && value !== null && value !== undefined)
        .map(([name, value]) => ` data-${name}="${escaped(String(value))}"`)
        .join("");
      const inner = htmlOf(child, nodes);
      html += `<${tag} data-block="${kind}"${attributes}>${kind === "image" ? `<figcaption>${inner}</figcaption>` : inner}</${tag}>\n`;
    }
  }
  return html;
}

function linesOf(type: Y.XmlFragment | Y.XmlElement, nodes: Nodes): string[] {
  const lines: string[] = [];
  let line = "";
  for (const child of type.toArray()) {
    if (isText(child)) {
      for (const run of child.toDelta() as Run[]) if (typeof run.insert === "string") line += run.insert;
    } else if (isElement(child) && nodes[child.nodeName]?.inline) line += "\n";
    else if (isElement(child)) lines.push(...linesOf(child, nodes));
  }
  return line ? [line, ...lines] : lines;
}

export function copyOf(text: Y.XmlFragment, nodes: Nodes): Copy {
  const html = `<!DOCTYPE html>\n<html lang="fr">\n<head><meta charset="utf-8"><title></title></head>\n<body><main>\n${htmlOf(text, nodes)}</main></body>\n</html>\n`;
  return { text: linesOf(text, nodes).join("\n"), html };
}
