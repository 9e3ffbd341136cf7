"""What stands under the title of a theme. Titles are those of `drafts.vocabulary`, which agents choose from."""

from __future__ import annotations

from app.extensions import gettext as _


def summaries() -> dict[str, str]:
    return {
        "papiers-etat-civil": _("Carte d’identité, passeport, actes, mariage, liste électorale."),
        "famille": _("Grossesse, naissance, garde, allocations, séparation."),
        "logement": _("Louer, acheter, construire, déménager, eau et déchets."),
        "travail-emploi": _("Chercher un emploi, se former, connaître ses droits de salarié."),
        "entreprises": _("Créer, gérer, déclarer, recruter, vendre à l’administration."),
        "education-formation": _("Inscriptions, bourses, transport scolaire, université, apprentissage."),
        "transports-permis": _("Permis de conduire, carte grise, bus, bateau, avion."),
        "sante-solidarite": _("Assurance maladie, handicap, aides sociales, grand âge."),
        "retraite": _("Relevé de carrière, départ, pension, complément."),
        "argent-impots": _("Déclarer, payer, demander un délai ou une remise."),
        "vie-associative": _("Créer une association, demander une subvention, organiser une fête."),
        "justice-droits": _("Casier judiciaire, conflits, aide juridictionnelle, consommation."),
        "coutume-foncier": _("État civil coutumier, actes coutumiers, terres, cadastre."),
        "environnement-risques": _("Cyclones, feux, déchets, chasse, parcs et îlots."),
        "agriculture-peche": _("Exploitation, élevage, pêche, bateau, contrôles sanitaires."),
        "numerique": _("NC Connect, espaces connectés, aide aux démarches en ligne."),
    }
