"""Pages that an office suite makes OpenDocument files of, and files of ours that it saves anew."""

from __future__ import annotations

from pathlib import Path

from drafts.exchange import odt_out
from tests.drafts.every_block import EVERY
from tests.drafts.exchange.office_files import FILES
from tests.drafts.exchange.trees import likely, paper

PAGES: dict[str, str] = {
    "titres": "<h1>Le permis</h1><h2>Avant</h2><p>Un mot.</p><h3>Détail</h3><p>Deux <b>mots</b> <i>ici</i>.</p>",
    "listes": "<p>Avant</p><ul><li>un<ul><li>sous un<ol><li>tout au fond</li></ol></li></ul></li><li>deux</li></ul><ol><li>premier</li><li>second</li></ol>",
    "tableau": "<table border=1><thead><tr><th>Âge</th><th>Prix</th></tr></thead><tbody><tr><td>Adulte</td><td>500</td></tr><tr><td colspan=2>gratuit</td></tr></tbody></table>",
    "liens": '<p>Voir <a href="https://gouv.nc/a?b=1&amp;c=2">la page</a> ou <a href="mailto:a@b.nc">écrire</a>.</p>',
    "lignes": "<p>Une ligne<br>puis l’autre</p><p>Un&nbsp;: espace</p>",
    "citation": "<blockquote><p>Une citation.</p></blockquote><p>La suite.</p>",
    "definitions": "<dl><dt>Emprise</dt><dd>Ce que couvre la maison.</dd></dl>",
    "lettres": "<p>œuvre, Ça, ÉTÉ, 🙂, Nouméa, «&nbsp;oui&nbsp;»</p>",
}
# Texts of ours whose tree must outlive a save by an office suite.
OURS = {"every": EVERY, **{f"likely-{seed}": likely(seed) for seed in (3, 5, 8)}}


def lay(folder: Path) -> list[Path]:
    """Writes all of them into a folder, each under a name that says where it comes from."""
    found = []
    for name, content in [
        *((f"docx-{name}.docx", content) for name, content in FILES),
        *((f"page-{name}.html", f'<meta charset="utf-8"><body>{page}</body>'.encode()) for name, page in PAGES.items()),
        *((f"ours-{name}.odt", odt_out.write(paper(tree))) for name, tree in OURS.items()),
    ]:  # fmt: skip
        (folder / name).write_bytes(content)
        found.append(folder / name)
    return found
