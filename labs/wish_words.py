"""What wishes, their channels and what was done to them are called on the screen."""

from __future__ import annotations

from app.extensions import gettext as _
from labs.wish_models import Channel, Standing, WishDeed, WishStatus


def status_word(status: WishStatus) -> str:
    return {
        WishStatus.RECEIVED: _("Reçu"),
        WishStatus.UNDER_STUDY: _("À l’étude"),
        WishStatus.PLANNED: _("Prévu"),
        WishStatus.PUBLISHED: _("Publié"),
        WishStatus.REFUSED: _("Sans suite"),
    }[status]


def standing_word(standing: Standing) -> str:
    """Said to the author."""
    return {
        Standing.WAITING: _("Il attend d’être lu par un modérateur. Il n’est pas encore visible."),
        Standing.SHOWN: _("Il est en ligne."),
        Standing.REFUSED: _("Il n’est pas publié."),
        Standing.WITHDRAWN: _("Vous l’avez retiré. Ses mots sont effacés."),
    }[standing]


def channel_word(channel: Channel) -> str:
    return {
        Channel.SITE: _("Ce site"),
        Channel.FACEBOOK: _("Facebook"),
        Channel.COUNTER: _("Au guichet"),
        Channel.PHONE: _("Par téléphone"),
        Channel.MAIL: _("Par courrier ou courriel"),
        Channel.MEDIATOR: _("Avec un médiateur numérique"),
        Channel.CALL: _("En réponse à un appel"),
        Channel.OTHER: _("Autrement"),
    }[channel]


def origin_sentence(channel: Channel) -> str:
    """How it came, for everybody; "" for what was written here."""
    return {
        Channel.SITE: "",
        Channel.FACEBOOK: _("Reçu par Facebook, saisi par un agent."),
        Channel.COUNTER: _("Dit à un guichet, saisi par un agent."),
        Channel.PHONE: _("Dit au téléphone, saisi par un agent."),
        Channel.MAIL: _("Reçu par courrier ou courriel, saisi par un agent."),
        Channel.MEDIATOR: _("Saisi avec l’aide d’un médiateur."),
        Channel.CALL: _("Tiré d’une réponse à un appel."),
        Channel.OTHER: _("Saisi par un agent."),
    }[channel]


def deed_sentence(deed: WishDeed, about: int | None, lab: str) -> str:
    """What was done, in the public history. `lab`: what the public may know of it."""
    return {
        WishDeed.FILED: _("Le souhait est arrivé."),
        WishDeed.CORRECTED: _("Son auteur l’a corrigé."),
        WishDeed.SHOWN: _("Un modérateur l’a lu et mis en ligne."),
        WishDeed.REFUSED: _("Un modérateur l’a retiré du site."),
        WishDeed.WITHDRAWN: _("Son auteur l’a retiré."),
        WishDeed.TAKEN_UP: _("%(lab)s l’étudie.", lab=lab),
        WishDeed.PLANNED: _("Il est prévu dans le cycle de travail %(number)s.", number=about or 0),
        WishDeed.DECLINED: _("Les administrations n’y donneront pas suite."),
        WishDeed.PUBLISHED: _("Une réponse est publiée."),
        WishDeed.JOINED: _("Un souhait semblable lui est joint."),
        WishDeed.MERGED: _("Il est joint à un souhait semblable."),
        WishDeed.ALONE: _("Il prend la place d’un souhait semblable, qui n’est plus en ligne."),
    }[deed]
