"""A stand-in for the guides: one short chapter and a picture, for tests that need one to be there."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

CHAPTER = """# Écrire une fiche

Une phrase avec **un mot fort** et [l’autre guide](referents.md#signer-un-texte).

[//]: # "écran : /connexion"

## Signer un texte

![Une capture](images/ecran.webp)

| Mot | Sens |
| --- | --- |
| visa | signature |

## Signer un texte

Un piège : <script>alert(1)</script> [ici](javascript:alert(1)).

![Ailleurs](https://example.org/suivi.png)
"""


def guides(folder: Path) -> Path:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "agents.md").write_text(CHAPTER, encoding="utf-8")
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(kept, "WEBP")
    (folder / "images" / "ecran.webp").write_bytes(kept.getvalue())
    return folder
