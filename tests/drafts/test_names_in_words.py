"""A person who is erased goes out of what others wrote: reasons, remarks, advice, what was said in séances.

Each column that is registered (`app.accounts.erasing.searched`) is written by its own verb here, and each column that
could hold words about people is registered or has a reason not to be.
"""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import audit, clock, mail
from app.accounts import erasing, people
from app.accounts.models import Person, PersonStatus
from app.db import Base, reading, session, unit_of_work
from app.directory.models import Administration
from app.errors import Invalid
from app.policy import Actor, PortalRole
from drafts import (
    amending,
    easy,
    forgetting,
    glossary,
    moments,
    overruling,
    plain_exceptions,
    remarks,
    review,
    substituting,
    versions,
    withdrawing,
)
from drafts.easy_models import EasyReaders
from drafts.expert_models import ExpertInvitation, ExpertOpinion, ExpertRemark
from drafts.models import Article
from drafts.plain_french.rules import RuleCode
from drafts.plain_models import PlainOverride
from drafts.review_models import DraftAct, Revision, SignOff
from labs import cycles, joining, minutes, wish_work, wishes
from labs import service as labs
from labs.models import Lab, LabSession
from labs.session_models import MinutesFile, SessionEvent, SessionMinutes
from labs.sessions import change_session
from publish import calls, comment_answers, comments, moderation, reading_tests, voice
from publish import service as publishing
from publish.call_models import Channel
from publish.comment_models import Deed, Reason
from publish.queries import Card, article_at
from tests import makers
from tests.clients import PageClient
from tests.drafts import review_world as w
from tests.drafts.review_world import World, refused_by_database
from tests.drafts.test_erasing import traces
from tests.drafts.test_experts import EMAIL, Study, confirmed, invited
from tests.labs.workshop_world import make_world as make_workshop
from tests.publish.press import set_up

NAME, ADDRESS = "Hélène d’Artagnan", "helene.d@test.example"
# As people type it: in capitals, with a straight apostrophe, with a no-break space, with accents of their own.
SPELT = (
    NAME,
    "HÉLÈNE D’ARTAGNAN",
    "Hélène d'Artagnan",
    "hélène\u00a0d’artagnan",
    unicodedata.normalize("NFD", NAME),
    ADDRESS.upper(),
)
SAID = ", ".join(f"vu avec {spelling}" for spelling in SPELT)
# Where a page is looked at, which has no straight apostrophe.
TYPESET = SAID.replace("'", "’")
# A name of a version and a place are short.
SHORT = f"Vu avec {NAME}"
LEFT = ("artagnan", "helene.d@")

# Words that a person's name may stand in all the same, and why they are left.
NOT_SEARCHED = {
    # The text itself, which is written together, signed and published under its own rules, and copies of it.
    "draft.title", "draft.fields", "revision.title", "revision.fields", "revision.tree", "draft_version.title",
    "draft_version.fields", "draft_version.tree", "remark.quote", "expert_remark.quote", "plain_exception.words",
    "easy_part.text", "easy_part.source_words",
    "edition.title", "edition.lead", "edition.body", "edition.plain", "edition.fields", "edition.credits",
    # Words that are kept for ever: a name is refused when they are written (drafts.naming).
    "easy_reading.changed_after", "revision.change_note", "edition.change_note", "article_act.reason", "urgent_publication.reason",
    # The directory that the public reads, put right by those who keep it; and addresses on the web.
    "administration.name", "administration.site", "administration.link_domains", "counter.name", "counter.address",
    "counter.email", "counter.hours", "online_service.title", "online_service.url", "online_service.summary",
    "online_service.outage", "lab_session.video_link", "checked_link.url", "wish.source_url", "article.slug", "online_service.slug",
    "connected_space.name", "connected_space.address", "connected_space.hours", "connected_space.bring",
    "connected_space.mediation",
    # Words of the language, kept by portal editors and administrators; what they mean is public.
    "search_synonym.words", "glossary_term.forms", "glossary_term.spelled_out", "glossary_term.definition",
    "glossary_term.source", "glossary_term.source_url", "rule_amendment.change",
    # Erased by verbs of their own.
    "person.name", "person.email", "person.password_hash", "reset_request.email", "second_factor.sealed", "mail.recipient", "mail.subject", "mail.body",
    "mail.calendar", "comment.email", "expert_invitation.name", "expert_invitation.email", "session_minutes.sections",
    "wish.email", "subscriber.email",
    # Numbers, ids and words of the software.
    "alert.said", "audit_check.broken", "audit_entry.detail", "draft_version.authors", "due_row.key", "due_row.payload", "lab.themes",
    "outbox.payload", "publication_failure.said", "revision.authors", "revision_scope.blocks", "edition.slug",
    "revision_reading.findings", "plain_override.findings",
    "address.slug", "half_open.target", "reading_test.parts", "subscription.theme", "mail.leave",
    # What a provider of identities calls somebody, and signs for ten minutes or a sign-in; erased by verbs of their own.
    "external_identity.issuer", "external_identity.subject", "oidc_attempt.next_path", "oidc_sign_in.id_token",
    "half_open.came_by",
    # Why words were taken out of a text: the command asks for a reason that names nobody, and nothing changes it afterwards.
    "redaction.reason", "redaction.reference", "redaction.counts",
    # A document that somebody sends to be imported: a day at most (drafts.bringing), and until it is taken only they see it.
    "brought_file.name", "brought_file.title", "brought_file.tree", "brought_file.report", "brought_picture.key",
    # What partners' files say of things; of people neither key nor row is kept.
    "import_mapping.columns", "import_mapping.constants", "import_record.their_key", "import_record.left_as",
    "old_address.address", "old_address.title",
    # Choices from lists of ours.
    "personal_token.scopes", "pack.themes", "pack.administrations",
    # Made of other rows, and made again when they change.
    "stored_page.path", "stored_page.csp", "stored_page.location", "touched_page.path",
}  # fmt: skip


def holds_words(column: sa.Column[Any]) -> bool:
    kind = column.type
    if isinstance(kind, sa.JSON):
        return True
    return isinstance(kind, sa.String) and not isinstance(kind, sa.Enum) and (kind.length or 1000) >= 100


def test_every_column_with_words_is_searched_or_has_a_reason_not_to_be() -> None:
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.c
        if holds_words(column)
    }
    searched = erasing.searched_columns()
    assert found - searched == NOT_SEARCHED, (
        "register a column with words about people (app.accounts.erasing.searched), or say here why it is not searched"
    )
    assert searched <= found


@pytest.fixture
def study(client: PageClient) -> Study:
    """A review with an expert; Îles is competent too, and has nobody."""
    with unit_of_work():
        world = w.make_world(three=True)
        session().get_one(Person, world.iles_reviewer.id).status = PersonStatus.SUSPENDED
        person = session().get_one(Person, world.other_reviewer.id)
        person.name, person.email = NAME, ADDRESS
    w.submitted(world)
    return invited(world)


def write_beside_the_text(client: PageClient, study: Study) -> None:
    world = study.world
    confirmed(client, study)
    client.send(f"{study.path}/avis", avis=["reserved"], texte=TYPESET)
    client.follow()
    client.send(f"{study.path}/remarques", passage="b5", remarque=TYPESET)
    with unit_of_work():
        study.invitation.reason = SAID
        remarks.open_remark(world.writer, world.draft, SAID)
        substituting.name_substitute(world.editor, world.draft, world.iles, SAID)
    with reading():
        moment = moments.moment(world.draft, moments.ref_of("maintenant"), authors=True)
    with unit_of_work():
        versions.name_moment(world.writer, world.draft, moment, SHORT)
    with unit_of_work():
        fingerprint = world.revision.fingerprint
        review.sign_off(world.nord_reviewer, world.draft, world.nord, fingerprint, SAID)
        review.retract(world.writer, world.draft, SAID)
    assert w.submitted(world) == fingerprint
    with unit_of_work():
        withdrawing.withdraw_sign_off(world.nord_reviewer, world.draft, world.nord, SAID)
    with clock.shifted(timedelta(days=13)), unit_of_work():
        overruling.pass_over(world.editor, world.draft, world.nord, SAID)


def write_in_the_labs(world: World) -> None:
    shop = make_workshop()
    with unit_of_work():
        lab = session().get_one(Lab, shop.lab_id)
        lead = shop["facilitator"]
        labs.describe(lead, lab, purpose=SAID, themes=["logement"], open_to_requests=True)
        lab.title = SHORT
        asked = joining.ask(shop["stranger"], lab, SAID)
        joining.decline(lead, lab, asked.id, SAID)
        seance = shop.row()
        change_session(lead, shop.seance, SHORT, seance.starts_at, seance.ends_at, SHORT)
        session().get_one(LabSession, shop.seance).agenda = [{"title": SHORT, "minutes": 5}]
        chief = makers.make_agent(lab.administration, PortalRole.ADMINISTRATOR)
        cycles.make_cycle(chief, clock.local(clock.now()).date(), [SHORT])
        people.suspend_person(chief, makers.make_agent(lab.administration).id, 1, SAID)
    shop.act("ben", "say", text=SAID)
    shop.act("facilitator", "action", text=SAID, person=shop["ben"].id)
    shop.act("facilitator", "close")
    minutes.write_wanted()


def write_as_a_reader() -> None:
    press = set_up()
    _draft, slug = press.published()
    answer_the_labs(press.writer, press.lab_id)
    with unit_of_work():
        card = article_at(slug)
        assert isinstance(card, Card)
        voice.say_helped("0" * 32, card, False, reason=SAID)
        comment = comments.file_comment("0" * 32, card, "Léa", SAID)
        judge = makers.make_agent(session().get_one(Administration, press.sud), PortalRole.MODERATOR)
        moderation.decide(judge, comment.id, 1, Deed.REFUSE, Reason.OTHER, SAID)
        moderation.undo(judge, comment.id, 1)
        moderation.decide(judge, comment.id, 3, Deed.SHOW)
        article = session().get_one(Article, card.article_id)
        comment_answers.answer_officially(press.writer, article, comment.id, press.sud, SAID)


def write_about_wishes(world: World) -> None:
    with unit_of_work():
        moderator = makers.make_agent(
            session().get_one(Lab, world.lab_id).administration, PortalRole.MODERATOR
        )
        shown = makers.make_wish(moderator, SHORT, SAID, note=SAID)
        wish_work.refuse_with_reason(world.editor, shown, shown.version, SAID)
        refused = makers.make_wish(moderator)
        wishes.refuse(moderator, refused, refused.version, SAID)


def write_about_plain_words(world: World) -> None:
    """Why a passage stays, why a text was proposed all the same, who read its easy version, and what became of a word."""
    with unit_of_work():
        draft = world.draft
        plain_exceptions.leave(world.writer, draft, "b5", RuleCode.PASSIVE, "est fait", SAID)
        easy.record_reading(
            world.writer,
            draft,
            readers=EasyReaders.CONCERNED,
            count=3,
            read_on=date(2026, 11, 1),
            who=SHORT,
            place=SHORT,
        )
        session().add(
            PlainOverride(
                revision_id=world.revision.id, person_id=world.writer.id, was_read=True, reason=SAID, findings={},
                at=clock.now(),
            )
        )  # fmt: skip
        term = glossary.propose(world.writer, glossary.TermWords("Dock", "Un grand bâtiment pour ranger."))
        glossary.refuse(world.editor, term.id, term.version, SAID)
        chief = makers.make_agent(
            session().get_one(Lab, world.lab_id).administration, PortalRole.ADMINISTRATOR
        )
        amending.amend(chief, RuleCode.LONG_SENTENCE, 0, {"off": True}, SAID)


def answer_the_labs(shop_writer: Actor, lab_id: int) -> None:
    """A call and a reading test, with what people answered."""
    now = clock.now()
    with unit_of_work():
        lab = session().get_one(Lab, lab_id)
        call = calls.prepare(
            shop_writer, title="Un appel", question=SAID, choices=(SHORT, "Non"), opens_at=now - timedelta(hours=1),
            closes_at=now + timedelta(days=1), lab=lab,
        )  # fmt: skip
        call.title = SHORT
        calls.put_out(shop_writer, call)
        calls.answer("0" * 32, call, "0" * 32, Channel.SITE, 0, SAID)
        calls.key_in(shop_writer, call, "1" * 32, Channel.COUNTER, None, SAID, SAID)
        calls.close(shop_writer, call)
        calls.sum_up(shop_writer, call, SAID)
        revision_id = reading_tests.candidates(lab)[0].revision_id
        test = reading_tests.begin(shop_writer, lab, revision_id, now + timedelta(days=1), SAID)
        said = reading_tests.Verdict(None, SAID)
        reading_tests.answer("0" * 32, test, "0" * 32, dict.fromkeys(test.parts, said))


def test_a_name_goes_out_of_everything_others_wrote(client: PageClient, study: Study) -> None:
    write_beside_the_text(client, study)
    write_in_the_labs(study.world)
    write_as_a_reader()
    write_about_wishes(study.world)
    write_about_plain_words(study.world)
    with reading():
        before = set(traces(*LEFT))
        acts = [(act.number, act.deed, act.person_id, act.at) for act in w.acts(study.world.draft_id)]
    assert erasing.searched_columns() <= before, "each of them was written"
    with unit_of_work():
        erasing.erase(None, study.world.other_reviewer.id)
    assert traces(*LEFT) == []
    with reading():
        assert [(act.number, act.deed, act.person_id, act.at) for act in w.acts(study.world.draft_id)] == acts
        for kind in (ExpertOpinion, ExpertRemark):
            said = session().scalars(sa.select(kind.text)).one()
            assert said == ", ".join([f"vu avec {erasing.ERASED}"] * len(SPELT))
    with unit_of_work():
        audit.seal()
    with reading():
        assert audit.verify() is None
    page = client.sign_in(study.world.writer).get(f"{study.page}/relecture")
    assert erasing.ERASED in page.main


def test_an_expert_goes_out_of_them_as_well(client: PageClient, study: Study) -> None:
    world = study.world
    with unit_of_work():
        remarks.open_remark(world.writer, world.draft, "CAMILLE WÉA l’a dit.")
        review.request_changes(world.reviewer, world.draft, f"Voir {EMAIL} et Camille Wéa.")
    with unit_of_work():
        forgetting.erase_expert(None, EMAIL)
    assert traces("wéa", EMAIL) == []


def test_words_that_only_look_like_a_name_stay(study: Study) -> None:
    world = study.world
    kept = "Hélène d’Artagnane, Marie-Hélène D’Artagnanville, helene.d@test.example.nc"
    with unit_of_work():
        person = session().get_one(Person, world.reviewer.id)
        person.name = "Accueil"
        remarks.open_remark(world.writer, world.draft, kept)
        remarks.open_remark(world.writer, world.draft, "L’accueil est fermé.")
    with unit_of_work():
        erasing.erase(None, world.other_reviewer.id)
        erasing.erase(None, world.reviewer.id)
    assert "remark_message.text" in traces("d’artagnane") and "remark_message.text" in traces(
        "l’accueil est fermé"
    )


def test_nothing_else_of_a_row_may_change(client: PageClient, study: Study) -> None:
    """The database lets a name go out of the words, and refuses every other change."""
    write_beside_the_text(client, study)
    write_in_the_labs(study.world)
    now = clock.now()
    for statement, refusal in (
        (sa.update(DraftAct).values(reason="Autre chose."), "append-only"),
        (sa.update(DraftAct).values(reason=erasing.ERASED, at=now), "append-only"),
        (sa.update(SignOff).values(reason="Autre chose."), "append-only"),
        (sa.update(SignOff).values(reason=erasing.ERASED, signature=b"x"), "append-only"),
        (sa.delete(SignOff), "append-only"),
        (sa.delete(DraftAct), "append-only"),
        (sa.update(SessionEvent).values(payload={"text": "Autre chose."}), "_event is"),
        (sa.update(SessionEvent).values(payload={"text": erasing.ERASED}, at=now), "_event is"),
    ):
        assert refusal in refused_by_database(statement), str(statement)
    with unit_of_work():
        review.request_changes(study.world.reviewer, study.world.draft, "À revoir.")
    closed = sa.update(ExpertOpinion)
    assert "while the review is open" in refused_by_database(closed.values(text="Un autre avis."))
    assert "while the review is open" in refused_by_database(
        closed.values(text=erasing.ERASED, opinion="favourable")
    )
    with unit_of_work():
        forgetting.erase_expert(None, EMAIL)
    gone = sa.update(ExpertInvitation)
    assert "stays erased" in refused_by_database(gone.values(reason="Autre chose."))
    assert "stays erased" in refused_by_database(gone.values(reason=erasing.ERASED, name="Retour"))


def test_what_fills_its_column_still_fits(study: Study) -> None:
    """« Personne effacée » is longer than most names."""
    world = study.world
    with unit_of_work():
        session().get_one(Person, world.other_reviewer.id).name = "Lé Wé"
        remarks.open_remark(world.writer, world.draft, ("Lé Wé " * 700)[:4000].strip())
    with unit_of_work():
        erasing.erase(None, world.other_reviewer.id)
    assert traces("lé wé") == []


def test_a_note_for_readers_names_nobody(study: Study) -> None:
    """It is published and stands in the evidence: what cannot be erased is refused."""
    world = study.world
    with unit_of_work():
        review.retract(world.writer, world.draft)
    for note in (f"Corrigé par {NAME}.", f"Écrivez à {ADDRESS}."):
        with pytest.raises(Invalid) as refused, unit_of_work():
            review.submit(world.writer, world.draft, note)
        assert refused.value.detail["field"] == "change_note"
        with pytest.raises(Invalid), reading():
            publishing.checked_note(note)
    with unit_of_work():
        review.submit(world.writer, world.draft, "L’accueil répond à accueil@kone.example.")
    with reading():
        last = session().scalars(sa.select(Revision.change_note).order_by(Revision.id.desc())).first()
        assert last == "L’accueil répond à accueil@kone.example."


def test_minutes_and_calendars_name_nobody_who_is_gone(client: PageClient) -> None:
    """Who was only there, without a word, and who stands in a calendar on a folded line."""
    shop = make_workshop()
    long = "Un point dont le titre est si long que la ligne du calendrier est pliée en deux, dit Ana"
    with unit_of_work():
        quiet = session().get_one(Person, shop["rose"].id)
        quiet.name = "Rosé Wamytan"
        seance = shop.row()
        change_session(
            shop["facilitator"], shop.seance, f"{long} {quiet.name}"[:200], seance.starts_at, seance.ends_at
        )
        session().add(
            SessionMinutes(
                session_id=shop.seance, number=1, made_by=None, made_at=clock.now(),
                sections=[{"key": "presences", "title": "Présences", "text": "ROSÉ WAMYTAN (Sud)"}],
            )
        )  # fmt: skip
        session().flush()
        session().add(MinutesFile(session_id=shop.seance, number=1, form="pdf", content=b"%PDF"))
    with unit_of_work():
        erasing.erase(None, shop["rose"].id)
    with reading():
        assert not session().scalars(sa.select(MinutesFile)).all()
        assert erasing.ERASED in session().scalars(sa.select(SessionMinutes)).one().sections[0]["text"]
        calendars = [one.calendar or "" for one in mail.waiting()]
    assert not any("wamytan" in one.replace("\r\n ", "").casefold() for one in calendars)
