"""Experts: a link to one frozen text, a code to the address, advice and never a sign-off.

Success and refusal share their set-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock, mail
from app.accounts.mailed_links import MOST_CODES, MOST_TRIES
from app.db import reading, session, unit_of_work
from app.errors import DomainError, Invalid, MovedOn
from app.mail import Mail
from app.policy import ANONYMOUS, Actor
from drafts import expert_queries, experts, review
from drafts.expert_models import (
    ExpertInvitation,
    ExpertOpinion,
    ExpertRemark,
    Opinion,
)
from drafts.expert_policy import seat_at
from drafts.notice_models import Notice, NoticeKind
from drafts.opinions import opinions_on
from drafts.review_models import Revision
from tests.clients import PageClient
from tests.drafts.review_world import (
    World,
    audit_entries,
    make_world,
    refused_by_database,
    rewrite,
    submitted,
    words,
)

EMAIL = "camille.wea@universite.example"
ADVICE = "Le délai est celui de l’ancien code."


@dataclass(frozen=True)
class Study:
    """A text in review and an expert who was invited to read it."""

    world: World
    revision_id: int
    invitation_id: int
    token: str

    @property
    def path(self) -> str:
        return f"/expertise/{self.token}"

    @property
    def page(self) -> str:
        return f"/brouillons/{self.world.draft_id}"

    @property
    def invitation(self) -> ExpertInvitation:
        return session().get_one(ExpertInvitation, self.invitation_id)


@pytest.fixture
def study(client: PageClient) -> Study:
    with unit_of_work():
        world = make_world()
    submitted(world)
    return invited(world)


def invited(world: World, email: str = EMAIL, days: int = 10) -> Study:
    with unit_of_work():
        row = experts.invite(
            world.writer, world.draft, "Camille  Wéa", email.upper(), days, "Est-ce exact\u00a0?"
        )
        revision, number = row.revision_id, row.id
    return Study(world, revision, number, last_mail(email).split("/expertise/")[1].split()[0])


def last_mail(email: str = EMAIL) -> str:
    with reading():
        return (
            session()
            .scalars(sa.select(Mail.body).where(Mail.recipient == email).order_by(Mail.id.desc()).limit(1))
            .one()
        )


def code_of(email: str = EMAIL) -> str:
    found = re.search(r"(\d{3}) (\d{3})", last_mail(email))
    assert found, last_mail(email)
    return found[1] + found[2]


def confirmed(client: PageClient, study: Study) -> PageClient:
    client.sign_out().get(study.path)
    client.send(f"{study.path}/code")
    client.follow()
    client.send(f"{study.path}/confirmer", code=code_of())
    client.follow()
    return client


def rows(study: Study) -> tuple[object, ...]:
    with reading():
        return (
            session().execute(sa.select(ExpertOpinion.opinion, ExpertOpinion.text)).all(),
            session().execute(sa.select(ExpertRemark.block_id, ExpertRemark.text)).all(),
        )


# The walk


def test_a_walk_from_the_invitation_to_the_review_page(client: PageClient, study: Study) -> None:
    client.sign_in(study.world.facilitator).get(f"{study.page}/experts")
    refused = client.send(f"{study.page}/experts", 422, nom="Lui", courriel="sans arobase", raison="Un avis")
    assert "#courriel" in refused.links()
    assert refused.form(f"{study.page}/experts").values["raison"].strip() == "Un avis"
    client.send(f"{study.page}/experts", 422, nom="Elle", courriel=EMAIL, jours="5", raison="Un avis")
    client.send(
        f"{study.page}/experts", nom="Elle", courriel="elle@autre.example", jours="30", raison="Un avis"
    )
    assert "Jamais ouvert" in client.follow().main

    client.sign_out()
    shown = client.get(study.path)
    assert "Changer d’adresse" not in shown.source and "Présentez-vous" not in shown.source
    client.send(f"{study.path}/code")
    client.follow()
    wrong = f"{(int(code_of()) + 1) % 10**6:06d}"
    assert "Ce code n’est pas le bon" in client.send(f"{study.path}/confirmer", 422, code=wrong).main
    client.send(f"{study.path}/confirmer", code=code_of())
    shown = client.follow()
    assert "Présentez-vous à la mairie" in shown.main and "Est-ce exact" in shown.main
    assert (
        client.send(f"{study.path}/avis", 422, texte=ADVICE)
        .form(f"{study.path}/avis")
        .values["texte"]
        .strip()
        == ADVICE
    )
    client.send(f"{study.path}/avis", avis=["reserved"], texte=ADVICE)
    client.follow()
    client.send(f"{study.path}/avis", avis=["unfavourable"], texte=ADVICE + " Vraiment.")
    assert "Avis défavorable" in client.follow().main
    client.send(f"{study.path}/remarques", passage="b5", remarque="Ouvert depuis mars.")
    assert "Ouvert depuis mars." in client.follow().main
    client.send(f"{study.path}/quitter")
    assert "Présentez-vous" not in client.follow().source, "on a shared computer it is closed again"

    shown = client.sign_in(study.world.nord_reviewer).get(f"{study.page}/relecture")
    assert "Expert invité : Camille Wéa" in shown.main.replace("\u00a0", " ")
    assert "Avis défavorable" in shown.main and "Ouvert depuis mars." in shown.main
    shown = client.sign_in(study.world.writer).get(f"{study.page}/experts")
    assert "Ouvert 4 fois" in shown.main and "Avis défavorable" in shown.main
    with reading():
        assert study.invitation.opened_count == 4 and study.invitation.opened_at is not None
        remark = session().scalars(sa.select(ExpertRemark.id)).one()
    shown = client.get(f"{study.page}/relecture")
    client.send(f"{study.page}/experts/remarques/{remark}")
    with reading():
        assert session().get_one(ExpertRemark, remark).resolved_by == study.world.writer.id


def test_those_who_wait_for_the_advice_are_told_and_the_audit_names_ids_only(
    client: PageClient, study: Study
) -> None:
    confirmed(client, study).send(f"{study.path}/avis", avis=["favourable"], texte=ADVICE)
    with reading():
        told = session().scalars(
            sa.select(Notice.what).where(
                Notice.person_id == study.world.writer.id, Notice.kind == NoticeKind.REVIEW
            )
        )
        assert list(told) == ["opinion"]
        entries = [
            row for row in audit_entries(study.world.draft_id) if "expert" in row.act or "opinion" in row.act
        ]
        assert [row.act for row in entries] == ["invite_expert", "confirm_expert", "give_opinion"]
        assert all("Camille" not in str(row.detail) and "@" not in str(row.detail) for row in entries)
        (line,) = opinions_on(study.revision_id)
        assert line["opinion"] == "favourable" and line["remarks"] == 0 and "Camille" not in str(line)


# What a link does not do


def test_advice_is_never_a_sign_off(client: PageClient, study: Study) -> None:
    confirmed(client, study).send(f"{study.path}/avis", avis=["favourable"], texte=ADVICE)
    with reading():
        standing = review.standing(study.world.revision)
        assert len(standing.unanswered) == 2 and not standing.is_approved and standing.second_eyes == ()
    client.app.config["WTF_CSRF_ENABLED"] = False
    client.post(f"{study.page}/relecture/signer", {"relu": "y"}, 401)


def test_a_link_shows_one_revision_only(client: PageClient, study: Study) -> None:
    confirmed(client, study)
    with unit_of_work():
        rewrite(study.world.writer, study.world.draft, lambda tree: words(tree, 2, "Écrivez au maire."))
    shown = client.get(study.path)
    assert "Présentez-vous" in shown.main and "Écrivez au maire." not in shown.source
    assert client.get(f"{study.path}/images/{'0' * 64}.webp", 404)
    with unit_of_work():
        review.retract(study.world.writer, study.world.draft)
    submitted(study.world)
    shown = client.get(study.path, 410)
    assert "La relecture de ce texte est close" in shown.main
    assert "Présentez-vous" not in shown.source and "Écrivez au maire." not in shown.source
    for path in (study.page, f"{study.page}/relecture", f"{study.page}/historique/r1"):
        assert client.get(path, 302).location.startswith("/connexion")


def test_what_is_answered_is_kept_by_nobody(client: PageClient, study: Study) -> None:
    for page in (client.get(study.path), confirmed(client, study).get(study.path)):
        headers = page.response.headers
        assert headers["Cache-Control"] == "no-store" and headers["Referrer-Policy"] == "same-origin"
        assert "noindex" in headers["X-Robots-Tag"]
    with reading():
        stored = session().execute(sa.select(sa.text("*")).select_from(ExpertInvitation)).one()
        assert study.token not in str(stored) and study.invitation.token_digest in str(stored)
        numbers = session().scalars(sa.select(Mail.id).where(Mail.recipient == EMAIL)).all()
    with unit_of_work():
        for number in numbers:
            mail.mark_sent(number)
    with reading():
        bodies = session().scalars(sa.select(Mail.body).where(Mail.recipient == EMAIL)).all()
        assert set(bodies) == {""}, "neither the link nor a code stays in the database"


def test_wrong_tokens_look_all_the_same(client: PageClient, study: Study) -> None:
    seen = set()
    for token in (study.token[:-1], study.token + "A", study.token.swapcase(), "x", "a" * 5000, "%2e%2e"):
        seen.add(client.get(f"/expertise/{token}", 404).main)
        for deed in ("code", "confirmer", "avis", "remarques", "quitter"):
            client.app.config["WTF_CSRF_ENABLED"] = False
            client.post(f"/expertise/{token}/{deed}", {"code": "123456"}, 404)
    assert len(seen) == 1


def test_the_token_alone_gives_nothing(client: PageClient, study: Study) -> None:
    """Whoever finds the link in a forwarded mail, before or after the expert has read by it."""
    confirmed(client, study)
    client.sign_out().app.config["WTF_CSRF_ENABLED"] = False
    assert "Présentez-vous" not in client.get(study.path).source
    client.post(f"{study.path}/avis", {"avis": "favourable", "texte": ADVICE}, 403)
    client.post(f"{study.path}/remarques", {"passage": "b1", "remarque": ADVICE}, 403)
    client.get(f"{study.path}/images/{'0' * 64}.webp", 403)
    assert rows(study) == ([], [])
    # Nor does the confirmation of one link open another.
    other = invited(study.world, "autre@exemple.example")
    with clock.shifted(timedelta(minutes=2)):
        confirmed(client, study)
    assert "Présentez-vous" not in client.get(other.path).source


def test_a_code_cannot_be_found_by_trying(client: PageClient, study: Study) -> None:
    client.app.config["WTF_CSRF_ENABLED"] = False
    client.post(f"{study.path}/confirmer", {"code": "123456"}, 422)
    tried = 0
    for round_ in range(MOST_CODES):
        with clock.shifted(timedelta(minutes=2 * round_)):
            client.post(f"{study.path}/code")
            right = code_of()
            for _ in range(MOST_TRIES):
                client.post(f"{study.path}/confirmer", {"code": f"{(int(right) + 1) % 10**6:06d}"}, 422)
                tried += 1
            client.post(f"{study.path}/confirmer", {"code": right}, 422)
    assert tried == 50
    with clock.shifted(timedelta(hours=2)):
        assert "Trop de codes" in client.post(f"{study.path}/code", status=403).main
    with reading():
        assert study.invitation.confirmed_at is None


def test_a_code_is_used_once_and_for_a_short_while(client: PageClient, study: Study) -> None:
    client.app.config["WTF_CSRF_ENABLED"] = False
    client.post(f"{study.path}/code")
    first = code_of()
    assert "Attendez une minute" in client.post(f"{study.path}/code", status=429).main
    with clock.shifted(timedelta(minutes=16)):
        client.post(f"{study.path}/confirmer", {"code": first}, 422)
        client.post(f"{study.path}/code")
        second = code_of()
        if first != second:
            client.post(f"{study.path}/confirmer", {"code": first}, 422)
        client.post(f"{study.path}/confirmer", {"code": f" {second[:3]} {second[3:]} "})
        client.sign_out().post(f"{study.path}/confirmer", {"code": second}, 422)


@pytest.mark.parametrize("how", ["revoked", "expired", "closed"])
def test_a_link_that_is_over_says_what_to_do(client: PageClient, study: Study, how: str) -> None:
    confirmed(client, study).app.config["WTF_CSRF_ENABLED"] = False
    later = timedelta(days=11) if how == "expired" else timedelta(0)
    with unit_of_work():
        if how == "revoked":
            experts.revoke(study.world.facilitator, study.world.draft, study.invitation_id)
        if how == "closed":
            review.request_changes(study.world.reviewer, study.world.draft, "À revoir.")
    with clock.shifted(later):
        shown = client.get(study.path, 410)
        words = {"revoked": "a été retiré", "expired": "a expiré", "closed": "est close"}[how]
        assert words in shown.main and "Présentez-vous" not in shown.source
        client.post(f"{study.path}/code", status=410)
        client.post(f"{study.path}/confirmer", {"code": "123456"}, 410)
        for deed, data in (
            ("avis", {"avis": "favourable", "texte": ADVICE}),
            ("remarques", {"remarque": ADVICE}),
        ):
            assert words in client.post(f"{study.path}/{deed}", data, 403).main
    assert rows(study) == ([], [])


# Who invites, and what the database holds


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("facilitator", 200),
        ("writer", 200),
        ("iles_reviewer", 200),
        ("stranger", 404),
        ("outside reviewer", 403),
    ],
)
def test_who_writes_invites_and_nobody_else(client: PageClient, study: Study, who: str, status: int) -> None:
    from tests import makers

    world = study.world
    with unit_of_work():
        others = {
            "stranger": makers.make_agent(makers.make_administration()),
            "outside reviewer": makers.make_agent(world.draft.article.lead, reviewer=True),
        }
    person: Actor = others.get(who) or getattr(world, who)
    client.sign_in(person).get(f"{study.page}/experts", status)
    client.app.config["WTF_CSRF_ENABLED"] = False
    given = {"nom": "Elle", "courriel": "elle@autre.example", "jours": "3", "raison": "Un avis."}
    client.post(f"{study.page}/experts", given, 303 if status == 200 else status)
    client.post(f"{study.page}/experts/{study.invitation_id}/retirer", {}, 303 if status == 200 else status)
    with reading():
        assert (study.invitation.revoked_at is not None) is (status == 200)


def test_an_invitation_is_of_its_own_draft(study: Study) -> None:
    world = study.world
    with unit_of_work():
        from tests import makers

        other = makers.make_draft(
            world.writer, world.draft.lab, world.draft.article.lead, title="Une autre fiche"
        )
        review.submit(world.writer, other)
        with pytest.raises(DomainError):
            experts.revoke(world.writer, other, study.invitation_id)


def test_what_is_asked_is_bounded(study: Study) -> None:
    for change in (
        {"name": " "}, {"name": "x" * 129}, {"email": "rien"}, {"email": "a@b"}, {"email": "a@b.nc\r\nBcc: c@d.nc"},
        {"email": EMAIL}, {"days": 0}, {"days": 31}, {"reason": "  "}, {"reason": "x" * 2001},
    ):  # fmt: skip
        given = {"name": "Elle", "email": "elle@autre.example", "days": 30, "reason": "Un avis.", **change}
        with unit_of_work(), pytest.raises(Invalid):
            experts.invite(study.world.writer, study.world.draft, **given)  # type: ignore[arg-type]


def test_nobody_is_invited_to_what_is_not_read(study: Study) -> None:
    with unit_of_work():
        review.request_changes(study.world.reviewer, study.world.draft, "À revoir.")
    with unit_of_work(), pytest.raises(DomainError):
        experts.invite(study.world.writer, study.world.draft, "Elle", "elle@autre.example", 3, "Un avis.")
    with unit_of_work(), pytest.raises(MovedOn):
        experts.revoke(study.world.writer, replaced(study), study.invitation_id)


def replaced(study: Study) -> object:
    """The draft in review again, with the link taken back already."""
    review.submit(study.world.writer, study.world.draft)
    experts.revoke(study.world.writer, study.world.draft, study.invitation_id)
    return study.world.draft


def test_the_database_refuses_what_the_verbs_refuse(study: Study) -> None:
    with reading():
        at = clock.now()
        number = study.invitation_id
    opinion = {
        "invitation_id": number,
        "opinion": "favourable",
        "text": "Oui.",
        "given_at": at,
        "changed_at": at,
    }
    add = sa.insert(ExpertOpinion)
    with unit_of_work() as current:
        current.execute(add.values(revision_id=study.revision_id, **opinion))
    change = sa.update(ExpertOpinion)
    for statement in (
        add.values(revision_id=study.revision_id, **opinion),  # a second one
        sa.text("UPDATE expert_opinion SET opinion = 'signed'"),
        change.values(text=""),
        change.values(changed_at=at + timedelta(days=11)),  # after the link's end
        sa.update(ExpertInvitation).values(expires_at=at - timedelta(days=1)),
        sa.update(ExpertInvitation).values(code_tries=MOST_TRIES + 1),
        sa.update(ExpertInvitation).values(codes_sent=MOST_CODES + 1),
        sa.update(ExpertInvitation).values(opened_count=1, opened_at=at),  # before the address was confirmed
        sa.update(ExpertInvitation).values(email="A@b.nc"),
    ):
        refused_by_database(statement)
    with unit_of_work():
        review.retract(study.world.writer, study.world.draft)
    assert "while the review is open" in refused_by_database(change.values(text="Non."))
    remark = {
        "invitation_id": number,
        "revision_id": study.revision_id,
        "quote": "",
        "text": "Non.",
        "at": at,
    }
    assert "while the review is open" in refused_by_database(sa.insert(ExpertRemark).values(**remark))
    submitted(study.world)
    with reading():
        second = study.world.revision.id
    # A link to one revision gives no advice on another, although that one is being read.
    refused_by_database(sa.insert(ExpertRemark).values(**{**remark, "revision_id": second}))


def test_the_verbs_ask_the_seat_again(study: Study) -> None:
    """A page that was open when the link was taken back."""
    verbs: list[Callable[[object], object]] = [
        lambda seat: experts.give_opinion(ANONYMOUS, seat, Opinion.FAVOURABLE, "Oui."),  # type: ignore[arg-type]
        lambda seat: experts.add_remark(ANONYMOUS, seat, "b3", "Oui."),  # type: ignore[arg-type]
    ]
    with unit_of_work():
        seat = seat_at(study.token, frozenset({study.invitation_id}))
        for verb in verbs:
            verb(seat)
        with pytest.raises(Invalid):
            experts.add_remark(ANONYMOUS, seat, "ailleurs", "Oui.")
        for verb in verbs:
            with pytest.raises(DomainError):
                verb(replace(seat, is_confirmed=False))
    with reading():
        revision = session().get_one(Revision, study.revision_id)
        (remark,) = expert_queries.remarks_of(revision)
        assert remark.quote == "Présentez-vous à la mairie avec un justificatif."
        assert expert_queries.awaited_experts(revision) == ()
