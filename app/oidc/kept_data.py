"""What is kept of people who sign in by a provider: the entries of the register, and their ends."""

from __future__ import annotations

from collections.abc import Iterator

from app.extensions import gettext as _
from app.oidc import attempts
from app.privacy import Entry, registers


@registers
def _kept() -> Iterator[Entry]:
    yield Entry(
        _(
            "Connexion par un fournisseur d’identité : le nom du fournisseur et le numéro qu’il donne à la personne"
        ),
        _("Reconnaître la personne quand elle revient par lui"),
        _("Mission d’intérêt public"),
        _("Jusqu’à ce que la personne retire ce lien"),
        _("La personne"),
        ("external_identity.*",),
    )
    yield Entry(
        _("Connexion en cours chez un fournisseur, et le jeton qui permet de s’en déconnecter"),
        _("Mener la connexion à son terme, puis la fermer aussi chez le fournisseur"),
        _("Sécurité du service"),
        _("Un jour au plus après la connexion ; une connexion en cours, dix minutes"),
        _("Personne"),
        ("oidc_attempt.*", "oidc_sign_in.*"),
        1,
        attempts.forget_over,
    )
