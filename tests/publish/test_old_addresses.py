"""All spellings of an old address are one, and what is none is nobody's."""

from __future__ import annotations

import pytest

from publish import old_addresses


@pytest.mark.parametrize(
    ("spelled", "form"),
    [
        ("http://www.vieux.nc/Guide/Le-Guide.HTM#haut", "/guide/le-guide.htm"),
        ("/caf%C3%A9/", "/café"),
        ("/caf%E9", "/café"),
        ("/cafe\u0301", "/café"),
        ("//www.vieux.nc/a//b/index.php", "/a/b"),
        ("/fiche.php?rub=2&ID=7&utm_source=x&fbclid=y", "/fiche.php?id=7&rub=2"),
        ("/fiche.php?", "/fiche.php"),
        ("/?page=3", "/?page=3"),
        ("", None),
        ("/a/../b", None),
        ("/a%00b", None),
        ("/" + "x" * 2001, None),
        ("/a?" + "&".join(f"p{n}=1" for n in range(30)), None),
    ],
)
def test_the_one_spelling(spelled: str, form: str | None) -> None:
    assert old_addresses.normal(spelled) == form
