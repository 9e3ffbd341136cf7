"""What this room keeps of people: its entries of the register."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from app.accounts.exporting import Rows, exports
from app.db import session
from app.extensions import gettext as _
from app.privacy import Entry, registers
from publish import calls, comments, misses, reading_tests, subscriptions, voice
from publish.comment_models import Comment
from publish.subscription_models import Subscriber, Subscription


@registers
def _kept() -> Iterator[Entry]:
    mission, consent = _("Mission d’intérêt public"), _("Consentement")
    yield Entry(
        _("Commentaires : nom choisi, mots, adresse électronique facultative ; réponses et décisions"),
        _("Publier, répondre, prévenir l’auteur"),
        consent,
        _(
            "Tant que la fiche existe, ou jusqu’au retrait ; refusés ou masqués, 30 jours ; adresse, un an au plus"
        ),
        _("Le public pour le nom et les mots ; les modérateurs pour le reste"),
        ("comment.*", "comment_answer.*", "comment_decision.*", "comment_report.*"),
        comments.WORDS_KEPT.days,
        comments.forget_old,
    )
    yield Entry(
        _("Avis sur une fiche : j’aime, utile ou non, raison ; sous un numéro propre à chaque fiche"),
        _("Améliorer les fiches"),
        consent,
        _("Les mots : un an ; le numéro et le jour : tant que la fiche existe"),
        _("Les rédacteurs"),
        ("article_like.*", "helpfulness.*"),
        voice.WORDS_KEPT_DAYS,
        voice.forget_words,
    )
    yield Entry(
        _("Réponses à un appel, sous un numéro propre à chaque appel"),
        _("Recueillir l’avis du public"),
        consent,
        _("Les mots : un an"),
        _("L’équipe qui pose la question"),
        ("call_answer.*",),
        calls.WORDS_KEPT_DAYS,
        calls.forget_words,
    )
    yield Entry(
        _("Réponses à un test de lecture, sous un numéro propre à chaque test"),
        _("Rendre un texte plus clair"),
        consent,
        _("Les mots : un an"),
        _("Les personnes qui écrivent le texte"),
        ("reading_answer.*", "reading_verdict.*"),
        reading_tests.WORDS_KEPT_DAYS,
        reading_tests.forget_words,
    )
    yield Entry(
        _("Abonnements : adresse électronique, ce qui est suivi, à quel rythme"),
        _("Envoyer ce que la personne a demandé"),
        consent,
        _("Jusqu’au désabonnement ; non confirmés, 7 jours"),
        _("Personne"),
        ("subscriber.*", "subscription.*", "subscription_asking.*"),
        7,
        subscriptions.forget,
    )
    yield Entry(
        _("Mots d’une recherche qui n’a rien donné, comptés par jour, sans savoir de qui"),
        _("Écrire ce qui manque"),
        mission,
        _("90 jours"),
        _("Les rédacteurs, à partir de trois fois"),
        ("search_miss.*",),
        misses.KEPT_DAYS,
        misses.purge,
    )
    yield Entry(
        _(
            "Fiches publiées, leurs preuves et les décisions qui les concernent, sous le numéro de la personne"
        ),
        _("Informer le public, prouver ce qui a été publié"),
        mission,
        _("Sans limite : ce sont des preuves ; un passage est retiré sur demande légale"),
        _("Le public pour les textes ; les agents pour les décisions"),
        (
            "edition.*",
            "edition_evidence.*",
            "evidence_pdf.*",
            "article_act.*",
            "urgent_publication.*",
            "publication_failure.*",
        ),
    )


@exports
def _said(person_id: int, email: str) -> Rows:
    """What was written or asked for under the same address."""
    mine = sa.or_(Comment.person_id == person_id, sa.func.lower(Comment.email) == email.lower())
    subscriber = sa.func.lower(Subscriber.email) == email.lower()
    return {
        "comment": [
            {"id": one.id, "article": one.article_id, "name": one.name, "text": one.text, "email": one.email}
            for one in session().scalars(sa.select(Comment).where(mine).order_by(Comment.id))
        ],
        "subscriber": [
            {"email": one} for one in session().scalars(sa.select(Subscriber.email).where(subscriber))
        ],
        "subscription": [
            {"article": one.article_id, "administration": one.administration_id, "theme": one.theme}
            for one in session().scalars(
                sa.select(Subscription)
                .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
                .where(subscriber)
            )
        ],
    }
