"""What is kept of people with an account, and of what is mailed: the entries of the register, and their ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa

from app import clock
from app.accounts import delays, own, resets, tokens
from app.db import session
from app.extensions import gettext as _
from app.mail import Mail
from app.privacy import Entry, registers
from app.refusals import KEPT_FOR as REFUSALS_KEPT
from app.refusals import purge as purge_refusals

# A mail that did not arrive is asked about within days.
MAILS_KEPT = timedelta(days=30)


@registers
def _kept() -> Iterator[Entry]:
    mission = _("Mission d’intérêt public")
    yield Entry(
        _(
            "Compte d’un agent ou d’un invité : nom, adresse électronique, administration, droits, mot de passe chiffré"
        ),
        _("Savoir qui écrit, relit et signe pour une administration"),
        mission,
        _("Tant que le compte sert ; effacé sur demande"),
        _("Les agents qui travaillent sur les mêmes textes, les administrateurs"),
        ("person.*", "role.*"),
    )
    yield Entry(
        _("Connexions : début, fin, poste partagé ou non"),
        _("Fermer un accès, voir un usage anormal"),
        _("Sécurité du service"),
        _("30 jours après la fin de la connexion"),
        _("La personne, les administrateurs"),
        ("sign_in.*",),
        own.ENDED_KEPT.days,
        own.purge,
    )
    yield Entry(
        _("Échecs de connexion, par compte et par réseau, sous forme d’empreintes"),
        _("Ralentir qui devine des mots de passe"),
        _("Sécurité du service"),
        _("Un jour après le dernier échec, ou à la connexion réussie"),
        _("Personne"),
        ("sign_in_failure.*",),
        delays.FORGOTTEN_AFTER.days,
        own.purge,
    )
    yield Entry(
        _("Mot de passe oublié : adresse donnée, empreinte du lien envoyé"),
        _("Donner un nouveau mot de passe à la bonne personne"),
        _("Sécurité du service"),
        _("Un jour, au plus"),
        _("Personne"),
        ("reset_request.*", "password_reset.*"),
        resets.RESET_KEPT.days,
        own.purge,
    )
    yield Entry(
        _(
            "Double vérification : secret chiffré, empreintes des codes de secours, connexion en attente d’un code"
        ),
        _("Vérifier deux fois qui publie ou administre"),
        _("Sécurité du service"),
        _("Jusqu’à ce que la personne la retire ; une attente, dix minutes"),
        _("Personne"),
        ("second_factor.*", "recovery_code.*", "half_open.*"),
    )
    yield Entry(
        _("Jetons personnels : nom, portées, début, empreinte, dates, dernier jour d’usage"),
        _("Laisser un programme de l’agent lire à sa place, et le voir"),
        mission,
        _("90 jours après leur fin ; effacés avec le compte"),
        _("La personne"),
        ("personal_token.*",),
        tokens.ENDED_KEPT.days,
        tokens.purge,
    )
    yield Entry(
        _("Courriels envoyés par le portail : adresse, objet, texte"),
        _("Prévenir, et retrouver un message qui n’est pas arrivé"),
        mission,
        _("30 jours après l’envoi ; le texte d’un message secret, dès l’envoi"),
        _("Les administrateurs"),
        ("mail.*",),
        MAILS_KEPT.days,
        purge_mails,
    )
    yield Entry(
        _("Actes refusés : numéro de la personne, quel acte, combien de fois"),
        _("Voir un compte détourné"),
        _("Sécurité du service"),
        _("90 jours"),
        _("Les administrateurs"),
        ("refusal.*",),
        REFUSALS_KEPT.days,
        purge_refusals,
    )
    yield Entry(
        _("Journal des actes : numéro de la personne, acte, moment ; aucun nom, aucun texte"),
        _("Prouver qui a décidé quoi"),
        mission,
        _("Sans limite : le journal est une preuve ; le nom derrière un numéro s’efface"),
        _("Les administrateurs"),
        ("audit_entry.*", "audit_seal.*"),
    )


def purge_mails() -> list[int]:
    """Mails that were sent long enough ago. Returns their ids: their files have to go."""
    old = (
        session().scalars(sa.select(Mail.id).where(Mail.sent_at < clock.now() - MAILS_KEPT).limit(1000)).all()
    )
    session().execute(sa.delete(Mail).where(Mail.id.in_(old)))
    return list(old)
