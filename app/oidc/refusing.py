"""Why somebody does not come in by a provider: a code for the audit, a sentence for the person."""

from __future__ import annotations

from enum import StrEnum

from app.errors import DomainError
from app.extensions import gettext as _


class Reason(StrEnum):
    # The answer belongs to no attempt of this browser: missing, foreign, used or too old.
    STATE = "state"
    # It came to another provider's address, or says that another issuer gave it (RFC 9207).
    MIX_UP = "mix_up"
    DENIED = "denied"
    PROVIDER_ERROR = "provider_error"
    DOWN = "down"
    # What the provider says of itself is not what is configured, or cannot be used.
    METADATA = "metadata"
    CODE = "code"
    TOKEN = "token"  # nosec B105 # the name of a reason
    NONCE = "nonce"
    ACR = "acr"
    USERINFO = "userinfo"
    UNKNOWN = "unknown"
    EMAIL = "email"
    CLOSED = "closed"
    AUDIENCE = "audience"
    TAKEN = "taken"
    # Linking, and whoever began it is not signed in here any more.
    NOT_SIGNED_IN = "not_signed_in"
    # Linking, and the account has another identity of this provider.
    ANOTHER = "another"


STATUS = {
    Reason.STATE: 400,
    Reason.MIX_UP: 400,
    Reason.PROVIDER_ERROR: 502,
    Reason.DOWN: 503,
    Reason.METADATA: 502,
    Reason.CODE: 502,
    Reason.TOKEN: 502,
    Reason.NONCE: 502,
    Reason.USERINFO: 502,
    Reason.EMAIL: 409,
    Reason.TAKEN: 409,
    Reason.ANOTHER: 409,
}


class TurnedAway(DomainError):
    """Nobody is signed in. `reason` and `why` (a few words of the code's own) go to the audit and the log."""

    def __init__(self, reason: Reason, why: str = "", person_id: int | None = None) -> None:
        super().__init__(f"{reason}: {why}" if why else str(reason))
        self.reason, self.why, self.person_id = reason, why, person_id
        self.status = STATUS.get(reason, 403)


def sentence(reason: Reason, label: str) -> str:
    """What the person reads. `label`: the provider's name on the button."""
    if reason is Reason.DENIED:
        return _(
            "Vous avez interrompu la connexion chez %(label)s, ou elle vous y a été refusée.", label=label
        )
    if reason in (Reason.DOWN, Reason.METADATA):
        return _("%(label)s ne répond pas en ce moment.", label=label)
    if reason in (Reason.STATE, Reason.MIX_UP, Reason.NOT_SIGNED_IN):
        return _(
            "Cette connexion n’a pas été commencée dans ce navigateur, ou elle l’a été il y a plus de dix minutes, "
            "ou elle a déjà servi."
        )
    if reason is Reason.ACR:
        return _(
            "%(label)s vous a reconnu, mais pas avec le niveau de sécurité demandé ici. "
            "Choisissez-y un moyen de connexion plus sûr.",
            label=label,
        )
    if reason is Reason.UNKNOWN:
        return _(
            "%(label)s vous a reconnu, mais cette identité n’est liée à aucun compte d’Open Lab. "
            "Si vous avez un compte, connectez-vous avec votre mot de passe, puis liez-la dans « Mes connexions ». "
            "Sinon, demandez un compte à l’animateur de votre lab ou à l’administrateur du portail.",
            label=label,
        )
    if reason is Reason.EMAIL:
        return _(
            "L’adresse électronique que %(label)s a transmise est déjà celle d’un compte d’Open Lab. Nous ne lions rien "
            "sur la foi d’une adresse : connectez-vous d’abord avec votre mot de passe, puis liez %(label)s dans "
            "« Mes connexions ».",
            label=label,
        )
    if reason in (Reason.CLOSED, Reason.AUDIENCE):
        return _("Ce compte n’est pas ouvert. Adressez-vous à un administrateur du portail.")
    if reason is Reason.TAKEN:
        return _(
            "Cette identité de %(label)s est déjà liée à un autre compte. Si c’est le vôtre, connectez-vous-y et retirez-la.",
            label=label,
        )
    if reason is Reason.ANOTHER:
        return _(
            "Votre compte est déjà lié à une autre identité de %(label)s. Retirez-la d’abord dans « Mes connexions ».",
            label=label,
        )
    return _(
        "La réponse de %(label)s n’a pas pu être vérifiée : personne n’a été connecté. Réessayez ; si cela se répète, "
        "prévenez l’administrateur du portail.",
        label=label,
    )
