"""The words an article may be filed under: themes, life events, audiences, territories.

Kept as slugs in `Draft.fields`, because they are signed with the text and stand in addresses; the labels here are
for the screens. A slug that is not known any more is shown as it stands.
"""

from __future__ import annotations

from app.directory.themes import themes
from app.extensions import gettext as _

__all__ = ["audiences", "labels", "lies_in", "life_events", "territories", "themes"]

# The territory in which all others lie.
WHOLE = "nouvelle-caledonie"


def life_events() -> dict[str, str]:
    return {
        "demenager": _("Je déménage"),
        "attendre-un-enfant": _("J’attends un enfant"),
        "rentree-scolaire": _("Je prépare la rentrée"),
        "etudier": _("Je pars étudier"),
        "chercher-un-emploi": _("Je cherche un emploi"),
        "perdre-son-emploi": _("Je perds mon emploi"),
        "creer-son-entreprise": _("Je crée mon entreprise"),
        "creer-une-association": _("Je crée une association"),
        "passer-le-permis": _("Je passe le permis"),
        "premier-logement": _("Je cherche mon premier logement"),
        "construire": _("Je construis ou je fais des travaux"),
        "se-marier": _("Je me marie"),
        "se-separer": _("Je me sépare"),
        "vivre-avec-un-handicap": _("Je vis avec un handicap"),
        "perdre-un-proche": _("Je perds un proche"),
        "partir-a-la-retraite": _("Je pars à la retraite"),
        "se-preparer-au-cyclone": _("Je me prépare au cyclone"),
        "voyager": _("Je voyage"),
        "perdre-ses-papiers": _("J’ai perdu mes papiers"),
        "arriver": _("J’arrive en Nouvelle-Calédonie"),
    }


def audiences() -> dict[str, str]:
    return {
        "individual": _("Particuliers"),
        "company": _("Entreprises"),
        "association": _("Associations"),
        "agent": _("Agents publics"),
    }


def territories() -> dict[str, str]:
    return {
        "nouvelle-caledonie": _("Nouvelle-Calédonie"),
        "province-sud": _("Province Sud"),
        "province-nord": _("Province Nord"),
        "province-iles": _("Province des îles Loyauté"),
        "belep": _("Bélep"),
        "boulouparis": _("Boulouparis"),
        "bourail": _("Bourail"),
        "canala": _("Canala"),
        "dumbea": _("Dumbéa"),
        "farino": _("Farino"),
        "hienghene": _("Hienghène"),
        "houailou": _("Houaïlou"),
        "ile-des-pins": _("Île des Pins"),
        "kaala-gomen": _("Kaala-Gomen"),
        "kone": _("Koné"),
        "kouaoua": _("Kouaoua"),
        "koumac": _("Koumac"),
        "la-foa": _("La Foa"),
        "lifou": _("Lifou"),
        "mare": _("Maré"),
        "moindou": _("Moindou"),
        "mont-dore": _("Mont-Dore"),
        "noumea": _("Nouméa"),
        "ouegoa": _("Ouégoa"),
        "ouvea": _("Ouvéa"),
        "paita": _("Païta"),
        "poindimie": _("Poindimié"),
        "ponerihouen": _("Ponérihouen"),
        "pouebo": _("Pouébo"),
        "pouembout": _("Pouembout"),
        "poum": _("Poum"),
        "poya": _("Poya"),
        "sarramea": _("Sarraméa"),
        "thio": _("Thio"),
        "touho": _("Touho"),
        "voh": _("Voh"),
        "yate": _("Yaté"),
    }


def lies_in() -> dict[str, str]:
    """The territory each one lies in. Poya, which two provinces share, is with the one most of it lies in."""
    sud = "boulouparis bourail dumbea farino ile-des-pins la-foa moindou mont-dore noumea paita sarramea thio yate"
    iles = "lifou mare ouvea"
    provinces = {"province-sud": sud.split(), "province-iles": iles.split(), "province-nord": []}
    placed = {commune: province for province, communes in provinces.items() for commune in communes}
    return {
        slug: WHOLE if slug in provinces else placed.get(slug, "province-nord")
        for slug in territories()
        if slug != WHOLE
    }


def labels(slugs: list[str], known: dict[str, str]) -> list[str]:
    """The labels of a kept list, in its order."""
    return [known.get(slug, slug) for slug in slugs]
