"""What a check of a text says: a stable code, the block it is about, a sentence in French."""

import re
from dataclasses import dataclass
from enum import StrEnum

from drafts.grammar import Node

# Words of a link or of a heading quoted in a finding, so that the finding stays one line.
QUOTED = 60


class Code(StrEnum):
    """Stable names of what can be wrong, for tests, tools and the page's filters."""

    TITLE_MISSING = "title_missing"
    LEAD_ADMINISTRATION_MISSING = "lead_administration_missing"
    LEAD_MISSING = "lead_missing"
    LEAD_TOO_LONG = "lead_too_long"
    LEAD_REPEATED = "lead_repeated"
    TEXT_EMPTY = "text_empty"
    GUIDANCE_LEFT = "guidance_left"
    HEADING_EMPTY = "heading_empty"
    HEADING_ORDER = "heading_order"
    LINK_EMPTY = "link_empty"
    LINK_WITHOUT_TARGET = "link_without_target"
    LINK_UNSAFE = "link_unsafe"
    TABLE_WITHOUT_HEADERS = "table_without_headers"
    LABEL_MISSING = "label_missing"
    ANSWER_MISSING = "answer_missing"
    LEGAL_WITHOUT_TITLE = "legal_without_title"
    LEGAL_DATE_UNREADABLE = "legal_date_unreadable"
    VARIANT_WITHOUT_TERRITORY = "variant_without_territory"
    TERRITORY_UNKNOWN = "territory_unknown"
    TERRITORY_REPEATED = "territory_repeated"
    TERRITORY_MISSING = "territory_missing"
    CONTACT_MISSING = "contact_missing"
    CONTACT_UNKNOWN = "contact_unknown"
    SERVICE_MISSING = "service_missing"
    SERVICE_UNKNOWN = "service_unknown"
    IMAGE_MISSING = "image_missing"
    IMAGE_UNKNOWN = "image_unknown"
    IMAGE_WITHOUT_ALTERNATIVE = "image_without_alternative"
    ABBREVIATION_WITHOUT_TITLE = "abbreviation_without_title"
    REMARK_BLOCKING = "remark_blocking"
    SUGGESTION_OPEN = "suggestion_open"
    EASY_NOT_READY = "easy_not_ready"


# What is put right in a field of the article and not in its text: the field's place on its page (`forms.FieldsForm`).
# "" is that page as a whole.
FIELDS = {Code.TITLE_MISSING: "titre", Code.LEAD_ADMINISTRATION_MISSING: ""}
# What is put right on the page of the easy-to-read twin.
ON_EASY_PAGE = frozenset({Code.EASY_NOT_READY})
# What a finding says in place of a field for that; its address is the route's to know.
EASY_PAGE = "facile"


@dataclass(frozen=True)
class Finding:
    """One thing to put right: its code, the block it is about (None for the whole text), a sentence in French."""

    code: Code
    block_id: str | None
    message: str

    @property
    def field(self) -> str | None:
        """Where it is put right when no block is at fault."""
        if self.code in ON_EASY_PAGE:
            return EASY_PAGE
        return FIELDS.get(self.code) if self.block_id is None else None


def ident_of(block: Node) -> str | None:
    ident: str | None = block.get("attrs", {}).get("id")
    return ident


def quoted(words: str) -> str:
    """The words on one line, short enough to stand in a finding."""
    # Not split(): it would take the no-break spaces of French for ordinary ones.
    words = re.sub(r"[ \t\r\n]+", " ", words).strip()
    return words if len(words) <= QUOTED else words[: QUOTED - 1].rstrip() + "…"
