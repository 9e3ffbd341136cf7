"""Notices in French: what happened, in one sentence, and what each kind is called where it can be silenced."""

from __future__ import annotations

from app.extensions import gettext as _
from drafts.notice_models import NoticeKind
from drafts.stages import Deed, Stage

# What an expert did, in the `what` of a notice; all else there is a deed.
OPINION, EXPERT_REMARK = "opinion", "expert_remark"
# A signature that holds on: nobody did it.
CARRIED = "carried"


def sentence(kind: NoticeKind, what: str, name: str, title: str) -> str:
    """What a notice says. `name` is "" when nobody did it, or nobody knows any more who."""
    who = name or _("Quelqu’un")
    match kind:
        case NoticeKind.MENTION:
            return _("%(name)s vous mentionne dans une remarque sur « %(title)s »", name=who, title=title)
        case NoticeKind.ANSWER:
            return _(
                "%(name)s répond à une remarque où vous avez écrit, sur « %(title)s »", name=who, title=title
            )
        case NoticeKind.REMARK if what == "blocking":
            return _("%(name)s fait une remarque bloquante sur « %(title)s »", name=who, title=title)
        case NoticeKind.REMARK:
            return _("%(name)s fait une remarque sur « %(title)s »", name=who, title=title)
        case NoticeKind.RESOLVED if what == "reopened":
            return _("%(name)s rouvre une remarque sur « %(title)s »", name=who, title=title)
        case NoticeKind.RESOLVED:
            return _("%(name)s déclare résolue une remarque sur « %(title)s »", name=who, title=title)
        case NoticeKind.STAGE:
            return _stage(what, who, title)
        case NoticeKind.REVIEW:
            return _review(what, who, title)
        case NoticeKind.TEXT:
            return _("« %(title)s », que vous suivez, a changé", title=title)


def _stage(stage: str, who: str, title: str) -> str:
    if stage == Stage.IN_REVIEW:
        return _("%(name)s propose « %(title)s » à la relecture", name=who, title=title)
    if stage == Stage.CHANGES_REQUESTED:
        return _("%(name)s demande une reprise de « %(title)s »", name=who, title=title)
    return _("« %(title)s » est publié", title=title)


def _review(what: str, who: str, title: str) -> str:
    sentences = {
        Deed.SIGN_OFF: _("%(name)s signe « %(title)s »", name=who, title=title),
        Deed.ABSTAIN: _("%(name)s s’abstient sur « %(title)s »", name=who, title=title),
        Deed.LIFT_OBJECTION: _("%(name)s lève une opposition à « %(title)s »", name=who, title=title),
        Deed.REQUEST_CHANGES: _("%(name)s demande une reprise de « %(title)s »", name=who, title=title),
        Deed.SCHEDULE: _("%(name)s programme la publication de « %(title)s »", name=who, title=title),
        Deed.CANCEL: _("%(name)s annule la publication programmée de « %(title)s »", name=who, title=title),
        Deed.PUBLISH: _("« %(title)s », que vous avez relu, est publié", title=title),
        CARRIED: _("Votre visa reste valable dans la nouvelle version de « %(title)s »", title=title),
        OPINION: _("Une personne experte donne son avis sur « %(title)s »", title=title),
        EXPERT_REMARK: _("Une personne experte fait une remarque sur « %(title)s »", title=title),
    }
    # A deed without a sentence of its own is one that this version does not know yet.
    return sentences.get(what) or _("La relecture de « %(title)s » avance", title=title)


def kind_word(kind: NoticeKind) -> str:
    """What a kind is called in the settings."""
    return {
        NoticeKind.MENTION: _("Quelqu’un me mentionne dans une remarque"),
        NoticeKind.ANSWER: _("On répond à une remarque où j’ai écrit"),
        NoticeKind.REMARK: _("Une remarque est faite sur un texte où j’écris"),
        NoticeKind.RESOLVED: _("Une remarque où j’ai écrit est résolue ou rouverte"),
        NoticeKind.STAGE: _("Un texte où j’écris est proposé, à reprendre ou publié"),
        NoticeKind.REVIEW: _("La relecture d’un texte que j’écris ou que je relis avance"),
        NoticeKind.TEXT: _("Un texte que je suis a changé"),
    }[kind]


def address_of(draft_id: int, public_id: str | None, kind: NoticeKind | None = None) -> str:
    """The page that a notice leads to."""
    if kind is NoticeKind.REVIEW:
        return f"/brouillons/{draft_id}/relecture"
    if public_id is None:
        return f"/brouillons/{draft_id}"
    return f"/brouillons/{draft_id}/remarques#r-{public_id}"
