"""What is not in a backup, and why. Whoever adds a table decides whether it belongs here (docs/backup.md has the list)."""

from __future__ import annotations

# Ways in that somebody may have closed since: who signed out, or used a link once, must not be signed in by a restore.
SIGN_INS = frozenset(
    {"sign_in", "half_open", "oidc_attempt", "oidc_sign_in", "password_reset", "reset_request"}
)
# What processes keep for a moment: who works, and how often somebody failed or asked.
OF_THE_MOMENT = frozenset({"lease", "sign_in_failure", "subscription_asking"})
# Made of what is in the backup, by the server, as soon as somebody asks for it. An index of the search lists
# words as they were before a redaction, and a stored page may be one that was withdrawn since.
MADE_AGAIN = frozenset(
    {
        "stored_page",
        "touched_page",
        "search_term",
        "search_word",
        "search_gram",
        "searched_article",
        "pack",
    }
)
TABLES = SIGN_INS | OF_THE_MOMENT | MADE_AGAIN
# Who sits at a table right now: by table, the columns that are empty in a backup.
COLUMNS: dict[str, frozenset[str]] = {"draft_client": frozenset({"seat", "seated_until"})}
# Not a table of ours: the archive says its schema in the manifest.
VERSION_TABLE = "alembic_version"
