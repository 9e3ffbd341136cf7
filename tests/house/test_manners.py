"""Manners that a reader relies on: who commits, who knows Flask, whose clock it is, what a page may carry."""

from __future__ import annotations

import ast
import re

from tests.house.tree import module_name, parsed, served_modules, shown, tracked

# The edges of a room speak HTTP; everything else is called by a command, a job or a socket as well.
EDGES = {
    "routes",
    "people_routes",
    "office_routes",
    "service_routes",
    "space_routes",
    "journal_routes",
    "work_routes",
    "export_routes",
    "purging",
    "redact_command",
    "backup_commands",
    "import_commands",
    "old_routes",
    "review_routes",
    "bin_routes",
    "copy_routes",
    "history_routes",
    "attribution_routes",
    "image_routes",
    "import_routes",
    "reference_routes",
    "remark_routes",
    "plain_routes",
    "easy_routes",
    "glossary_routes",
    "glossary_forms",
    "plain_french_routes",
    "rule_forms",
    "notice_routes",
    "suggestion_routes",
    "expert_routes",
    "parts_routes",
    "competence_routes",
    "room_routes",
    "session_routes",
    "session_forms",
    "workshop_routes",
    "doors",
    "forms",
    "fate_forms",
    "fate_routes",
    "desk_routes",
    "open_routes",
    "opening_routes",
    "state_page",
    "search_routes",
    "expert_forms",
    "joining_routes",
    "guest_routes",
    "cycle_routes",
    "cycle_panel",
    "page_text",
    "home",
    "hung",
    "agents",
    "evidence_routes",
    "download_routes",
    "api",
    "health",
    "pages",
    "site",
    "cookie",
    "entering",
    "leaving",
    "departing",
    "visitors",
    "following",
    "voice_panel",
    "voice_routes",
    "wish_desk",
    "wish_following",
    "wish_routes",
    "comment_routes",
    "comment_following",
    "answer_routes",
    "moderation_routes",
    "subscription_routes",
    "dashboard_routes",
    "call_routes",
    "call_answer_routes",
    "call_forms",
    "call_panel",
    "reading_test_routes",
    "account_routes",
    "reset_routes",
    "token_routes",
    "pack_panel",
    "pack_routes",
}
ROOF_AND_CELLAR = {
    "app.web",
    "app.interface",
    "app.openapi",
    "app.problems",
    "app.assets",
    "app.extensions",
    "app.factory",
    "app.cli",
    "app.evidence_commands",
    "app.site_commands",
    "app.doctor.command",
    "app.seed_reset",
    "app.seed",
    "app.server",
    "app.handler",
}
# What copies the portal draws the pages with the application itself, as it is asked from outside.
DRAW_THE_APPLICATION = {"publish.static_site.export", "publish.static_site.making", "publish.pack_making"}
FLASK = re.compile(r"^(flask|werkzeug|flask_\w+)(\.|$)")
SOCKETS = {"realtime.gateway"}


def imported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_verbs_and_queries_do_not_know_flask() -> None:
    wrong = [
        shown(path)
        for path in served_modules()
        if any(FLASK.match(name) for name in imported(parsed(path)))
        and module_name(path) not in ROOF_AND_CELLAR | SOCKETS | DRAW_THE_APPLICATION
        and module_name(path).rpartition(".")[2] not in EDGES
    ]
    assert not wrong, f"Take what you need as an argument; the edge knows the request: {wrong}"


def test_only_the_unit_of_work_commits() -> None:
    wrong = [
        f"{shown(path)}:{node.lineno}"
        for path in served_modules()
        if module_name(path) not in ("app.db", "app.pen")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("commit", "rollback")
    ]
    assert not wrong, f"Edges own the transaction: `with unit_of_work(): verb(…)`: {wrong}"


def test_there_is_one_clock() -> None:
    """app.clock can be shifted, so that a test of a deadline waits for nothing."""
    wrong = [
        f"{shown(path)}:{node.lineno}"
        for path in served_modules()
        if module_name(path) != "app.clock"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    ]
    assert not wrong, f"Ask app.clock: {wrong}"


def test_pages_carry_nothing_the_policy_forbids() -> None:
    """The Content-Security-Policy would drop these silently; and `|safe` is how text becomes a script."""
    faults = (
        (re.compile(r"\sstyle\s*="), "an inline style"),
        (re.compile(r"\son[a-z]+\s*="), "an inline handler"),
        # Data for search engines is no script: nothing runs, and the policy has no word on it.
        (
            re.compile(r"<script(?![^>]*\b(src|nonce)=| type=\"application/ld\+json\")[^>]*>"),
            "an inline script",
        ),
        (re.compile(r"\|\s*safe\b"), "|safe"),
        (re.compile(r"javascript:"), "a javascript: address"),
    )
    wrong = [
        f"{shown(path)}:{source[: match.start()].count(chr(10)) + 1}: {reason}"
        for path in tracked("*/templates/*.html", "*/templates/**/*.html")
        for source in (re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL),)
        for pattern, reason in faults
        for match in pattern.finditer(source)
    ]
    assert not wrong, f"Move these to a file of their own, or escape: {wrong}"
