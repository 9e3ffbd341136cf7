"""The evidence of an edition as a sheet to read and to file: the facts of the sealed file, no more.

Set by the worker only: it takes some tenths of a second, and the library some megabytes. The text is text, in
French, with a title and headings that a reader can jump between (app.sheet).
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from babel.dates import format_datetime

from app import clock
from app.db import reading, session
from app.extensions import day_in_words
from app.extensions import gettext as _
from app.sheet import Sheet
from drafts import seal
from publish.evidence_models import EditionEvidence, EvidencePdf
from publish.evidence_page import Facts, facts_of

AT_ONCE = 5


def waiting() -> list[tuple[int, int]]:
    """Files that have no sheet yet, some at a time: (edition, number)."""
    with reading():
        rows = session().execute(
            sa.select(EditionEvidence.edition_id, EditionEvidence.number)
            .outerjoin(
                EvidencePdf,
                (EvidencePdf.edition_id == EditionEvidence.edition_id)
                & (EvidencePdf.number == EditionEvidence.number),
            )
            .where(EvidencePdf.edition_id.is_(None))
            .order_by(EditionEvidence.edition_id, EditionEvidence.number)
            .limit(AT_ONCE)
        )
        return [(edition_id, number) for edition_id, number in rows]


def made(file: tuple[int, int], public_url: str) -> bytes:
    """The sheet of one file."""
    with reading():
        content = session().get_one(EditionEvidence, file).content
    return sheet(facts_of(content, seal.public_keys()), public_url)


def keep(file: tuple[int, int], content: bytes) -> None:
    edition_id, number = file
    if session().get(EvidencePdf, file) is None:
        session().add(EvidencePdf(edition_id=edition_id, number=number, content=content, made_at=clock.now()))


def sheet(facts: Facts, public_url: str) -> bytes:
    title = _("Preuve de la version %(number)s : %(title)s", number=facts.number, title=facts.title)
    pdf = Sheet()
    pdf.set_title(title)
    pdf.set_lang("fr-FR")
    pdf.set_author("Open Lab")
    pdf.set_creator("Open Lab")
    pdf.set_creation_date(facts.sealed_at)
    pdf.add_page()
    pdf.start_section(title)
    pdf.pairs(
        [
            (_("Adresse de la fiche"), public_url + facts.address),
            (_("Publiée le"), _moment(facts.published_at)),
            (_("Rédigée par"), ", ".join(facts.credits) or "–"),
            (_("Note de modification"), facts.change_note or "–"),
            (_("Empreinte du texte (SHA-256)"), facts.fingerprint),
        ]
    )
    if facts.urgency is not None:
        pdf.start_section(_("Publiée en urgence"), level=1)
        pdf.pairs(
            [
                (_("Par la personne"), _("n° %(id)s", id=facts.urgency.person)),
                (_("Le"), _moment(facts.urgency.at)),
                (_("Pourquoi"), facts.urgency.reason),
                (_("À approuver avant la fin du"), day_in_words(facts.urgency.approve_by)),
                (_("Approuvée par les autres"), _moment(facts.urgency.approved_at) if facts.urgency.approved_at
                 else _("Pas encore à ce moment")),
            ]
        )  # fmt: skip
    pdf.start_section(_("Qui a signé"), level=1)
    if facts.signed:
        pdf.lines(
            [_("Administration"), _("Réponse"), _("Étendue"), _("Personne"), _("Le"), _("Sceau")],
            (
                [one.administration, one.answer, one.extent, _("n° %(id)s", id=one.person), _moment(one.at),
                 _("valide") if one.holds else _("ne correspond pas")]
                for one in facts.signed
            ),
            widths=(30, 22, 24, 14, 24, 16),
        )  # fmt: skip
    else:
        pdf.words(_("Aucune signature au moment de la publication."))
    if facts.advice:
        pdf.start_section(_("Avis d’experts"), level=1)
        pdf.words(
            _("Un avis est un conseil : il ne vaut pas visa, et rien de ce qui est décidé n’en découle.")
        )
        pdf.lines(
            [_("Expert invité"), _("Avis"), _("Remarques"), _("Le")],
            (
                [_("n° %(id)s", id=one.invitation), one.opinion or _("Aucun avis donné"), str(one.remarks),
                 _moment(one.at) if one.at else "–"]
                for one in facts.advice
            ),
            widths=(20, 38, 17, 25),
        )  # fmt: skip
    if facts.notes:
        pdf.start_section(_("Oppositions et délais dépassés"), level=1)
        pdf.lines(
            [_("Ce qui s’est passé"), _("Le")], ([w, _moment(at)] for w, at in facts.notes), widths=(75, 25)
        )
    pdf.start_section(_("Qui a contribué"), level=1)
    pdf.lines(
        [_("Administration"), _("Caractères du texte"), _("Ajoutés"), _("Retirés")],
        (
            [one.administration, str(one.characters), str(one.inserted), str(one.deleted)]
            for one in facts.made
        ),
        widths=(55, 15, 15, 15),
    )
    pdf.start_section(_("Ce qui a été fait"), level=1)
    pdf.lines(
        [_("N°"), _("Acte"), _("Personne"), _("Le")],
        ([str(one.number), one.words, str(one.person or "–"), _moment(one.at)] for one in facts.steps),
        widths=(8, 47, 15, 30),
    )
    if facts.more_steps:
        pdf.words(_("Les %(count)s actes suivants sont dans le fichier JSON.", count=facts.more_steps))
    pdf.start_section(_("Vérifier soi-même"), level=1)
    pdf.words(_(
        "Ce document se lit ; ce qui se vérifie est le fichier JSON de la même adresse. Les personnes y sont "
        "désignées par un numéro. Le sceau est celui de cette installation : il ne prétend à aucune valeur légale propre."
    ))  # fmt: skip
    pdf.pairs(
        [
            (_("Fichier"), f"{public_url}/preuves/{facts.edition}-{facts.file}.json"),
            (_("SHA-256 du fichier"), facts.digest),
            (_("Scellé le"), _moment(facts.sealed_at)),
            (_("Par la clé"), facts.key),
            (
                _("Commande"),
                f"flask --app wsgi evidence-verify {facts.edition}-{facts.file}.json --keys cles.json",
            ),
        ]
    )
    return bytes(pdf.output())


def _moment(at: datetime) -> str:
    return format_datetime(clock.local(at), "d MMMM y 'à' H'\u00a0h\u00a0'mm", locale="fr")
