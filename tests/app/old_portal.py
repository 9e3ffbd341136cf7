"""An older portal of a few hundred pages, as a mirror leaves it: menus, feet, tables, pictures, odd addresses."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from PIL import Image

HOST = "www.ancien-portail.nc"
MENU = "".join(f'<li><a href="/rubrique-{n}/">Rubrique {n}</a></li>' for n in range(1, 7))
HEAD = f'<div id="top"><img src="/img/logo.png" alt="Logo"><ul>{MENU}</ul><p>Le portail de toutes les démarches</p></div>'
FOOT = '<div class="bas"><p>© Gouvernement 2014</p><p><a href="/mentions.html">Mentions légales</a></p></div>'
# Page 0 of each group stands at an odd address: a question, a space, capitals, an accent, no ending.
ODD = ("fiche.php?id=7&rub=2", "Ma Page.html", "GUIDE/Le-Guide.HTM", "été/congés.html", "sans-fin/index.html")


def names(count: int) -> list[str]:
    return [*ODD, *(f"rubrique-{n % 6 + 1}/page-{n}.html" for n in range(len(ODD), count))]


def page(number: int, count: int, extra: str = "") -> str:
    following = quote(names(count)[(number + 1) % count].replace("/index.html", "/"), safe="/?=&")
    following = following.replace("&", "&amp;")
    title = f"Démarche numéro {number}"
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title} - Portail de la NC</title></head><body>{HEAD}'
        f'<p class="fil-ariane"><a href="/">Accueil</a> &gt; {title}</p><div id="contenu"><h1>{title}</h1>'
        f"<p>Cette page dit comment faire la démarche {number}.{extra}</p>"
        f"<table><tr><th>Pièce</th><th>Nombre</th></tr><tr><td>Photo {number}</td><td>2</td></tr></table>"
        f'<p>Voir aussi <a href="/{following}">la suite</a> et <a href="https://ailleurs.example/x">ailleurs</a>.</p>'
        f'<p><img src="/img/plan.png" alt="Le plan {number}"></p>'
        "<h2>Pièces à fournir</h2><ul><li>une pièce d’identité</li>"
        f"<li>le formulaire {number}</li></ul><h2>Coût</h2><p>Gratuit</p><h2>Délai</h2><p>Deux semaines</p>"
        "<h2>Où s’adresser</h2><p>Province Sud</p></div>"
        f"{FOOT}</body></html>"
    )


def write(folder: Path, count: int) -> Path:
    """The mirror; returns its folder."""
    root = folder / "miroir" / HOST
    for number, name in enumerate(names(count)):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(number, count), encoding="utf-8")
    (root / "img").mkdir(parents=True)
    for name, colour in (("logo.png", "red"), ("plan.png", "blue")):
        out = BytesIO()
        Image.new("RGB", (60, 40), colour).save(out, "PNG")
        (root / "img" / name).write_bytes(out.getvalue())
    return folder / "miroir"
