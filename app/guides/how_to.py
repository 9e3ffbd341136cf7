"""« Comment faire »: what each of the most important pages is for and how one begins there, all in one place.

By the name of the page's endpoint: at most five short sentences, and the chapter that says more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.extensions import gettext as _


@dataclass(frozen=True)
class Help:
    sentences: tuple[str, ...]
    chapter: str


def of_page(endpoint: str) -> Help | None:
    made = PAGES.get(endpoint)
    return made() if made is not None else None


def _space() -> Help:
    return Help(
        (
            _("Cette page montre ce qui attend une réponse de vous, le plus urgent en premier."),
            _("Chaque ligne mène à l’endroit où vous pouvez répondre."),
            _("Plus bas, vous trouvez vos textes en cours et vos labs."),
        ),
        "agents",
    )


def _lab() -> Help:
    return Help(
        (
            _("Un lab réunit les agents qui écrivent ensemble sur un même sujet."),
            _("Pour commencer un texte, choisissez « Nouveau brouillon »."),
            _(
                "Pour continuer un texte, ouvrez son titre : plusieurs personnes peuvent y écrire en même temps."
            ),
            _("L’animateur invite les personnes et prévoit les séances."),
        ),
        "agents",
    )


def _draft() -> Help:
    return Help(
        (
            _("Écrivez dans la page : tout s’enregistre tout seul, et « Enregistré » le confirme."),
            _("Sélectionnez quelques mots pour faire une remarque à leur sujet."),
            _("Si le réseau se coupe, continuez : vos mots partiront à son retour."),
            _(
                "Quand le texte est prêt, proposez-le à la relecture : les administrations compétentes le signeront."
            ),
        ),
        "agents",
    )


def _history() -> Help:
    return Help(
        (
            _("Cette page raconte la vie du texte : qui a écrit, quand, et les versions gardées."),
            _("Ouvrez un moment pour relire le texte tel qu’il était."),
            _("Vous pouvez comparer deux moments, ou revenir à l’un d’eux : rien n’est jamais perdu."),
        ),
        "agents",
    )


def _review() -> Help:
    return Help(
        (
            _("Vous lisez ici la version proposée : elle ne bouge plus pendant que vous décidez."),
            _("Si tout est juste pour votre administration, signez."),
            _("Sinon, demandez des modifications en disant lesquelles : les auteurs sont prévenus."),
            _("Vous ne signez que pour ce qui relève de votre administration."),
        ),
        "referents",
    )


def _submit() -> Help:
    return Help(
        (
            _("Choisissez qui doit signer quelle partie du texte."),
            _("Sans choix de votre part, chaque administration compétente signe le texte entier."),
            _("Une fois le texte proposé, les référents reçoivent un message."),
        ),
        "agents",
    )


def _session() -> Help:
    return Help(
        (
            _("La salle suit l’ordre du jour : le point en cours et son temps s’affichent pour tous."),
            _("Levez la main pour demander la parole, votez, et notez ce qui est décidé."),
            _("À la fin, l’animateur clôt la séance et le compte rendu s’écrit tout seul."),
        ),
        "animateurs",
    )


def _moderation() -> Help:
    return Help(
        (
            _("Rien de ce que le public écrit ne paraît avant votre lecture."),
            _("Publiez ce qui respecte les règles, même si c’est une critique."),
            _("Si vous refusez, choisissez une raison : l’auteur la lira."),
        ),
        "moderateurs",
    )


def _wishes() -> Help:
    return Help(
        (
            _("Un souhait dit ce dont un habitant a besoin."),
            _("Mettez-le en ligne s’il respecte les règles, même s’il paraît irréalisable."),
            _("S’il ressemble à un autre, joignez les deux : leurs soutiens s’additionnent."),
        ),
        "moderateurs",
    )


def _entry() -> Help:
    return Help(
        (
            _("Écrivez le souhait avec la personne, dans ses mots."),
            _("N’y mettez ni nom, ni numéro : le texte sera public."),
            _("Dites par où il est arrivé : guichet, téléphone, réseau social."),
        ),
        "mediateurs",
    )


def _desk() -> Help:
    return Help(
        (
            _("Les textes signés par toutes les administrations attendent ici leur publication."),
            _("Lisez chaque texte en entier avant de le publier, ou choisissez une date."),
            _("Une fiche publiée se corrige par une nouvelle version, jamais en silence."),
        ),
        "editeurs",
    )


def _dashboard() -> Help:
    return Help(
        (
            _("Cette page montre ce que les lecteurs font de vos fiches."),
            _(
                "Commencez par les fiches qui aident le moins, et par celles dont la date de vérification est passée."
            ),
            _("Aucun lecteur n’est suivi : ce sont des totaux."),
        ),
        "agents",
    )


def _administration() -> Help:
    return Help(
        (
            _("Ici, vous tenez les comptes, les administrations et les démarches."),
            _("Commencez par ce qui est sous « À regarder »."),
            _("Pour ouvrir un compte, inscrivez d’abord l’administration de la personne."),
            _("Ce rôle ne permet ni de lire les brouillons, ni de signer."),
        ),
        "administrateurs",
    )


PAGES: dict[str, Callable[[], Help]] = {
    "labs.space": _space,
    "labs.show": _lab,
    "drafts.show": _draft,
    "drafts.history": _history,
    "drafts.review": _review,
    "drafts.parts": _submit,
    "labs.seance": _session,
    "publish.moderation": _moderation,
    "publish.wish_queue": _wishes,
    "publish.wish_entry": _entry,
    "publish.desk": _desk,
    "publish.dashboard": _dashboard,
    "administration.home": _administration,
}
