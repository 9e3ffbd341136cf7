"""What each test's application would compile anew and need not: templates, statements, addresses.

Each test has an application and an engine of its own, and the two hundred addresses, the pages and the statements are the
same in all of them: to compile them was two fifths of a test.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from app import db


class _Templates(BytecodeCache):
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        # Jinja compares what is kept with a checksum of the source.
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


_templates = _Templates()
_statements: LRUCache[Any, Any] = LRUCache(2_000)
_builders: dict[Any, Any] = {}
_compile_builder = Rule._compile_builder


def share(app: Flask) -> None:
    """Let `app` and the database it has just configured use what others before them have compiled."""
    app.jinja_env.bytecode_cache = _templates
    db.database().engine._compiled_cache = _statements


def _builder(rule: Rule, append_unknown: bool = True) -> Any:
    # What is built takes the rule, with its converters, as an argument.
    key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = _builder  # type: ignore[method-assign]
# Statements are kept by dialect, and dialects of one class are made alike here.
DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign,assignment]
DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign,assignment]
