"""What a browser shows of a page, measured in several tabs at a time: one waits for the line while another draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import CDPSession, Page, Request

from config import ROOT
from tests.journeys.demo import Demo

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
TABS = 4

UNFOLD = "document.querySelectorAll('details').forEach(details => { details.open = true })"
BEGIN_AXE = "() => { window.found = axe.run(document, {resultTypes: ['violations']}) }"
# By how much the page scrolls sideways, the boxes that hide a part of what is in them, and the words that lie outside.
OUT_OF_SIGHT = r"""() => {
    const root = document.documentElement;
    const told = element => element.outerHTML.slice(0, 120).replace(/\s+/g, ' ');
    // Made for those who hear the page; and what shows itself when the keyboard comes to it.
    const meantFor = element => element.closest('.vh, .skip') !== null;
    // What is pushed sideways inside a box of its own is no fault.
    const scrolls = element => {
        for (let at = element; at; at = at.parentElement) {
            if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX)) return true;
        }
        return false;
    };
    const wrong = [];
    const over = root.scrollWidth - root.clientWidth;
    if (over > 0) wrong.push(`${over} pixels too wide`);
    for (const element of document.querySelectorAll('body, body *')) {
        if (element.closest('svg') || meantFor(element) || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const hides = value => ['hidden', 'clip'].includes(value);
        if (hides(style.overflowX) && element.scrollWidth > element.clientWidth) wrong.push('cut: ' + told(element));
        if (hides(style.overflowY) && element.scrollHeight > element.clientHeight) wrong.push('cut below: ' + told(element));
    }
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
        const node = words.currentNode, parent = node.parentElement;
        if (!node.data.trim() || !parent.checkVisibility() || meantFor(parent) || scrolls(parent)) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const box of range.getClientRects()) {
            if (box.width && (box.left < -1 || box.right > root.clientWidth + 1)) {
                wrong.push('outside: ' + node.data.trim().slice(0, 80));
                break;
            }
        }
    }
    return wrong.slice(0, 6);
}"""
# What has moved by itself since the page began, with what it moved; a page that stands still says nothing.
SHIFTS = """() => new Promise(resolve => {
    const moved = [];
    const note = list => list.forEach(entry => moved.push(
        `${entry.value.toFixed(4)}: ` + entry.sources.map(one => one.node?.nodeName + ' ' + one.node?.className).join(', ')
    ));
    const observer = new PerformanceObserver(list => note(list.getEntries()));
    observer.observe({type: 'layout-shift', buffered: true});
    // Two frames: what was drawn last has been told by then.
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
        note(observer.takeRecords());
        observer.disconnect();
        resolve(moved);
    }, 50)));
})"""


# [HTML, where it is cut] → what moved when the second part came, after the first one was drawn.
CUT = """async ([html, cut]) => {
    const frames = () => new Promise(resolve =>
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 5))));
    const moved = [];
    const note = list => list.forEach(entry => moved.push(
        `${entry.value.toFixed(4)}: ` + entry.sources.map(one => one.node?.nodeName + ' ' + one.node?.textContent).join(', ')
    ));
    document.open();
    document.write(html.slice(0, cut));
    await frames();
    const observer = new PerformanceObserver(list => note(list.getEntries()));
    observer.observe({type: 'layout-shift'});
    document.write(html.slice(cut));
    document.close();
    await frames();
    note(observer.takeRecords());
    observer.disconnect();
    return moved;
}"""


@dataclass
class Tab:
    """One tab of a profile that nobody has used, and what the page in it has fetched."""

    page: Page
    line: CDPSession
    requests: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    bytes: int = 0

    def __post_init__(self) -> None:
        self.page.on("request", self._asked)
        self.line.on("Network.loadingFinished", self._came)
        self.line.send("Network.enable")
        self.line.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def _asked(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.requests.append(request.url)
            self.kinds.append(request.resource_type)

    def _came(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def begin(self, address: str) -> None:
        """Ask for a page, with nothing of the one before."""
        self.requests, self.kinds, self.bytes = [], [], 0
        self.page.goto(address, wait_until="commit")

    def size(self, width: int, height: int, pixels: int = 1) -> None:
        """A screen of so many CSS pixels, each drawn with `pixels` × `pixels` of the device's."""
        self.line.send(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": pixels, "mobile": False},
        )

    def slow(self, line: dict[str, Any]) -> None:
        self.line.send("Network.emulateNetworkConditions", line)


@contextmanager
def tabs(demo: Demo, count: int = TABS, **more: Any) -> Iterator[list[Tab]]:
    """So many tabs in one profile of its own."""
    first = demo.visitor(**more)
    context = first.context
    try:
        pages = [first, *(context.new_page() for _ in range(count - 1))]
        yield [Tab(page, context.new_cdp_session(page)) for page in pages]
    finally:
        context.close()


def opened(
    demo: Demo, opened_tabs: list[Tab], paths: list[str], prepare: Callable[[Tab], None] | None = None
) -> Iterator[list[tuple[Tab, str]]]:
    """All pages, as many at a time as there are tabs, each come to its end."""
    for start in range(0, len(paths), len(opened_tabs)):
        together = list(zip(opened_tabs, paths[start : start + len(opened_tabs)], strict=False))
        for tab, path in together:
            if prepare is not None:
                prepare(tab)
            tab.begin(f"{demo.url}{path}")
        for tab, _path in together:
            tab.page.wait_for_load_state("load")
        yield together


def axe_finds(together: list[Tab]) -> list[list[str]]:
    """What axe finds wrong in each tab, one line a rule."""
    for tab in together:
        tab.page.evaluate(BEGIN_AXE)
    found = []
    for tab in together:
        answer = tab.page.evaluate("window.found.then(told => told.violations)")
        found.append(
            [
                f"{rule['id']}: {rule['help']}: "
                + " | ".join(node["html"][:140] for node in rule["nodes"][:3])
                for rule in answer
            ]
        )
    return found
