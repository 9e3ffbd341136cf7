"""The themes an article is filed under and a lab works on: slugs that stand in addresses, labels for the screens."""

from __future__ import annotations

from app.extensions import gettext as _


def themes() -> dict[str, str]:
    return {
        "papiers-etat-civil": _("Papiers et état civil"),
        "famille": _("Famille"),
        "logement": _("Logement"),
        "travail-emploi": _("Travail et emploi"),
        "entreprises": _("Entreprises"),
        "education-formation": _("École et formation"),
        "transports-permis": _("Transports et permis"),
        "sante-solidarite": _("Santé et solidarité"),
        "retraite": _("Retraite"),
        "argent-impots": _("Argent et impôts"),
        "vie-associative": _("Associations, sport et culture"),
        "justice-droits": _("Justice et droits"),
        "coutume-foncier": _("Coutume et terres"),
        "environnement-risques": _("Environnement et risques"),
        "agriculture-peche": _("Agriculture, pêche et mer"),
        "numerique": _("Numérique"),
    }
