"""What this room keeps of people: its entries of the register."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from app import jobs
from app.accounts.exporting import Rows, exports
from app.db import session
from app.extensions import gettext as _
from app.privacy import Entry, registers
from drafts import bin as bin_
from drafts import bringing, forgetting, notices, refused
from drafts.expert_models import ExpertInvitation, ExpertOpinion, ExpertRemark
from drafts.models import DraftUpdate


@registers
def _kept() -> Iterator[Entry]:
    mission = _("Mission d’intérêt public")
    yield Entry(
        _("Textes en cours : chaque frappe et qui l’a faite, versions nommées, images"),
        _("Ne rien perdre, dire qui a écrit quoi"),
        mission,
        _(
            "Tant que le brouillon existe ; 30 jours après sa mise à la corbeille ; un passage est retiré sur demande légale"
        ),
        _("Les membres du lab"),
        (
            "draft.*",
            "draft_client.*",
            "draft_update.*",
            "checkpoint.*",
            "draft_stretch_part.*",
            "draft_version.*",
            "draft_restoration.*",
            "draft_follow.*",
            "field_change.*",
            "image.*",
            "image_use.*",
        ),
        bin_.KEPT_FOR.days,
        jobs.sweep,
    )
    yield Entry(
        _("Fichiers envoyés pour être importés dans un texte : nom, contenu, qui les a envoyés"),
        _("Montrer ce qu’un document apporte avant de le reprendre"),
        mission,
        _("Un jour au plus : le contenu jusqu’au choix de la personne, la trace de l’envoi un jour"),
        _("La personne qui a envoyé le fichier"),
        ("brought_file.*", "brought_piece.*", "brought_picture.*"),
        bringing.KEPT_FOR.days,
        bringing.forget_old,
    )
    yield Entry(
        _("Remarques et suggestions, avec leur auteur"),
        _("Discuter d’un texte avant de le publier"),
        mission,
        _("Avec le brouillon"),
        _("Les membres du lab, les relecteurs"),
        ("remark.*", "remark_message.*", "remark_mention.*"),
    )
    yield Entry(
        _("Passages laissés comme ils sont malgré un conseil de français simple, pourquoi et par qui"),
        _("Ne pas redire un conseil écarté, et savoir pourquoi il l’a été"),
        mission,
        _("Avec le brouillon"),
        _("Les membres du lab, les relecteurs"),
        ("plain_exception.*",),
    )
    yield Entry(
        _("Versions figées, signatures, décisions et leurs motifs, sous le numéro de la personne"),
        _("Prouver qui a relu et approuvé un texte publié"),
        mission,
        _("Sans limite : ce sont des preuves ; le nom derrière un numéro s’efface"),
        _("Les agents concernés ; le public ne voit que les administrations"),
        (
            "revision.*",
            "revision_part.*",
            "draft_act.*",
            "sign_off.*",
            "withdrawn_sign_off.*",
            "substitute.*",
            "passed_over.*",
            "review_outcome.*",
            "revision_reading.*",
            "plain_override.*",
        ),
    )
    yield Entry(
        _("Experts consultés : nom, adresse électronique, lien, avis"),
        _("Recueillir un avis extérieur sur un texte"),
        mission,
        _(
            "Adresse et lien : 30 jours après la fin du lien ; nom : à la fin de la relecture ; l’avis reste, sous un numéro"
        ),
        _("Les relecteurs du texte"),
        ("expert_invitation.*", "expert_opinion.*", "expert_remark.*"),
        forgetting.KEPT_AFTER.days,
        forgetting.forget_over,
    )
    yield Entry(
        _("Avis reçus par un agent : mentions, relectures demandées"),
        _("Prévenir la personne"),
        mission,
        _("180 jours après lecture"),
        _("La personne"),
        ("notice.*", "notice_silence.*"),
        notices.KEPT_FOR.days,
        notices.forget_old,
    )
    yield Entry(
        _("Frappes refusées par le contrôle d’entrée"),
        _("Comprendre une attaque ou une panne"),
        _("Sécurité du service"),
        _("30 jours"),
        _("Les administrateurs"),
        ("refused_update.*",),
        refused.KEPT_FOR.days,
        refused.purge,
    )
    yield Entry(
        _("Retraits de texte sur demande légale : motif, référence de la demande, jamais les mots"),
        _("Rendre compte de ce qui a été retiré"),
        _("Obligation légale"),
        _("Sans limite"),
        _("Les administrateurs"),
        ("redaction.*",),
    )


@exports
def _said(person_id: int, email: str) -> Rows:
    """Strokes are bytes of a text that is everybody's: how many, in which draft, from when to when. Advice was asked for
    at an address."""
    strokes = session().execute(
        sa.select(
            DraftUpdate.draft_id, sa.func.count(), sa.func.min(DraftUpdate.at), sa.func.max(DraftUpdate.at)
        )
        .where(DraftUpdate.person_id == person_id)
        .group_by(DraftUpdate.draft_id)
        .order_by(DraftUpdate.draft_id)
    )
    invited = (
        session().scalars(sa.select(ExpertInvitation).where(ExpertInvitation.email == email.lower())).all()
    )
    ids = [invitation.id for invitation in invited]
    return {
        "draft_update": [
            {"draft_id": draft, "strokes": count, "first": first.isoformat(), "last": last.isoformat()}
            for draft, count, first, last in strokes
        ],
        "expert_invitation": [
            {"id": one.id, "name": one.name, "email": one.email, "invited_at": one.invited_at.isoformat()}
            for one in invited
        ],
        "expert_opinion": [
            {"opinion": one.opinion, "text": one.text}
            for one in session().scalars(sa.select(ExpertOpinion).where(ExpertOpinion.invitation_id.in_(ids)))
        ],
        "expert_remark": [
            {"quote": one.quote, "text": one.text}
            for one in session().scalars(sa.select(ExpertRemark).where(ExpertRemark.invitation_id.in_(ids)))
        ],
    }
