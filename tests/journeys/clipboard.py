"""Other programs' clipboards in a real browser: what they put there, copied and pasted with the keys people use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page

from drafts.grammar import Node, Tree

FOLDER = Path(__file__).parent / "pasted"
NAMES = sorted(path.stem for path in FOLDER.glob("*.html"))

# What a browser says when a page tries what the CSP forbids, and what a hostile page would have done.
WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', event =>
    violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample} ${event.sourceFile}:${event.lineNumber}:${event.columnNumber}`));
"""


def markup(name: str) -> str:
    return (FOLDER / f"{name}.html").read_text(encoding="utf-8")


def expected(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip()


def copy(context: BrowserContext, html: str = "", text: str = "") -> None:
    """Copy in another page of the same browser, as the program that made it would have put it on the clipboard."""
    page = context.new_page()
    page.goto("about:blank")
    page.evaluate(
        """([html, text]) => document.addEventListener('copy', event => {
            if (html) event.clipboardData.setData('text/html', html);
            event.clipboardData.setData('text/plain', text);
            event.preventDefault();
        })""",
        [html, text],
    )
    page.keyboard.press("Control+c")
    page.close()


def paste(page: Page) -> None:
    page.bring_to_front()
    page.keyboard.press("Control+v")


def judge(page: Page) -> None:
    """Nothing active is in the page, nothing ran, and the browser had nothing to forbid."""
    violations = page.evaluate("window.violations")
    assert violations == [], violations
    assert page.evaluate("window.hacked") is None
    found = page.evaluate(
        """() => [...document.querySelectorAll('[data-editor] *')].filter(element =>
            /^(script|style|iframe|object|embed|svg|math|form|input|base|meta|link|template)$/i.test(element.localName)
            || [...element.attributes].some(({name, value}) => /^on/i.test(name)
                || (/^(href|src|action)$/i.test(name) && !/^(https?:|mailto:|tel:|\\/images\\/)/.test(value)))
        ).map(element => element.outerHTML)"""
    )
    assert found == [], found


def written(tree: Tree, indent: str = "") -> str:
    """A block tree as lines: the kind of block, and its words with their marks."""
    return "\n".join(_lines(tree, indent))


def _lines(tree: Tree, indent: str) -> list[str]:
    lines: list[str] = []
    for node in tree:
        content = node.get("content", [])
        attrs: dict[str, Any] = node.get("attrs", {})
        name = node["type"] + {"heading": f" {attrs.get('level', 2)}", "note": _kind(attrs)}.get(
            node["type"], ""
        )
        if content and content[0]["type"] in ("text", "hard_break"):
            lines.append(f"{indent}{name}: {''.join(_run(run) for run in content)}")
        else:
            lines += [f"{indent}{name}", *_lines(content, indent + "  ")]
    return lines


def _kind(attrs: dict[str, Any]) -> str:
    return " warning" if attrs.get("kind") == "warning" else ""


def _run(node: Node) -> str:
    if node["type"] == "hard_break":
        return "⏎"
    words: str = node["text"].replace("\u00a0", "␣")
    marks = {mark["type"]: mark.get("attrs", {}) for mark in node.get("marks", [])}
    if "em" in marks:
        words = f"_{words}_"
    if "strong" in marks:
        words = f"**{words}**"
    if "abbr" in marks:
        words = f"{{{words}={marks['abbr']['title']}}}"
    if "link" in marks:
        words = f"[{words}]({marks['link']['href']})"
    return words
