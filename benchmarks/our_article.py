"""Publishes the article that is read in an empty database, through the services: `our_article.py`. Prints {"path", "body"}.

It is the demonstration's article of 15,000 characters, with its administrations, services and counters.
"""

from __future__ import annotations

import json
import os

from app import schema_versions, seed
from app.db import reading, unit_of_work
from app.factory import create_app
from config import Settings
from publish import addresses, queries

SLUG = "demenager-de-noumea-a-kone"


def main() -> None:
    schema_versions.upgrade(os.environ["DATABASE_URL"])
    create_app(Settings.from_env())
    with unit_of_work():
        for entry in seed.entries("administrations"):
            seed.add_administration(entry)
        for entry in seed.entries("people"):
            seed.add_person(entry)
        for entry in seed.entries("services"):
            seed.add_service(entry)
    seed.publish_article(next(entry for entry in seed.entries("articles") if entry["slug"] == SLUG))
    with reading():
        found = queries.article_at(SLUG)
        assert found is not None and not isinstance(found, str)
        print(json.dumps({"path": addresses.article(SLUG), "body": queries.reading(found).body}))


if __name__ == "__main__":
    main()
