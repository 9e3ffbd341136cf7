"""`make check` fails on a weakness that a registry knows, and says aloud when it could not ask."""

from __future__ import annotations

from make import audits


def test_a_known_weakness_is_found_in_what_pip_audit_says() -> None:
    clean = {"name": "flask", "version": "3.1.3", "vulns": []}
    weak = {"name": "old", "version": "1", "vulns": [{"id": "PYSEC-2024-1"}]}
    unknown = {"name": "private", "skip_reason": "Dependency not found on PyPI"}
    assert audits.read_python({"dependencies": [clean]}) == ([], "")
    assert audits.read_python({"dependencies": [clean, weak]}) == (["old 1: PYSEC-2024-1"], "")
    found, silent = audits.read_python({"dependencies": [clean, unknown]})
    assert not found and "1 of 2" in silent


def test_what_could_not_be_asked_is_said() -> None:
    unknown = {"name": "private", "skip_reason": "Dependency not found on PyPI"}
    for said in (None, {}, {"dependencies": []}, {"dependencies": [unknown]}):
        found, silent = audits.read_python(said)
        assert not found and silent
    for answer in (None, {}, {"message": "405 Method Not Allowed", "error": {}}):
        found, silent = audits.read_node(answer)
        assert not found and silent
    assert audits.read_node({"vulnerabilities": {}}) == ([], "")
    assert audits.read_node({"vulnerabilities": {"old": {"severity": "high"}}}) == (["old: high"], "")
