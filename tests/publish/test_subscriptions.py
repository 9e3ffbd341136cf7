"""Following an article, a theme or an administration by mail: only who reads the mail decides, each change is told once."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock, jobs, worker
from app.accounts import erasing
from app.db import reading, session, unit_of_work
from app.mail import Mail
from config import Settings
from publish import subscription_news, subscriptions, visitors
from publish.fate_stages import Fate
from publish.subscription_models import Pace, Subscriber, Subscription, SubscriptionAsking, SubscriptionNews
from publish.subscription_queries import Followed
from tests.clients import PageClient
from tests.publish.fates_world import make_life
from tests.publish.press import RICH, Press, block

WHO = "lecteur@exemple.nc"
LATER = timedelta(seconds=10)
# A Wednesday, at noon in Nouméa.
NOON = datetime(2027, 3, 10, 12, tzinfo=clock.NOUMEA)


@pytest.fixture(autouse=True)
def wednesday() -> Iterator[None]:
    visitors._buckets.clear()
    with clock.shifted(NOON - clock.now()):
        yield


def rows(table: type) -> list[Any]:
    with reading():
        return list(session().scalars(sa.select(table)))


def mails(to: str = WHO) -> list[Mail]:
    with reading():
        return list(session().scalars(sa.select(Mail).where(Mail.recipient == to).order_by(Mail.id)))


def ask(client: PageClient, page: str, who: str = WHO, pace: str = "tout-de-suite", status: int = 303) -> Any:
    """By the form, as a person does, some seconds after it was opened."""
    client.get(f"{page}/abonnement")
    with clock.shifted(LATER):
        return client.send(f"{page}/abonnement", status, courriel=who, rythme=pace)


def link(mail: Mail) -> str:
    """The secret link in a mail, as a path."""
    (found,) = re.findall(r"http://127\.0\.0\.1:8000(/suivi/\S+)", mail.body)
    return str(found)


def following(client: PageClient, page: str, who: str = WHO, pace: str = "tout-de-suite") -> str:
    """Asked and confirmed. The secret link."""
    ask(client, page, who, pace)
    mine = link(mails(who)[-1])
    client.get(mine)
    waiting = [one for one in client.page.forms if one.action == mine and "geste" in one.names]
    for number in {str(form.values["abonnement"]) for form in waiting}:
        client.post(mine, {"abonnement": number, "geste": "confirmer"})
    return mine


def deliver() -> None:
    while jobs.deliver_outbox():
        pass


def test_asked_confirmed_told_and_left(client: PageClient, press: Press, settings: Settings) -> None:
    draft_id, slug = press.published()
    deliver()
    page = f"/fiches/{slug}"
    assert f"{page}/abonnement" in client.get(f"{page}/historique").links()
    sent = ask(client, page).location
    assert client.get(sent).heading == "Ouvrez votre courriel" and WHO not in client.page.source
    assert "Set-Cookie" not in client.page.response.headers
    (asked,) = mails()
    assert asked.subject == "Confirmez\u00a0: Changer d’adresse" and asked.secret
    mine = link(asked)
    # Whatever opens the links of a mail to look at them confirms nothing, and leaves nothing.
    leave = asked.leave.removeprefix("http://127.0.0.1:8000")
    for _scanner in range(2):
        client.get(mine), client.get(leave)
        client.http.head(mine), client.http.head(leave)
    assert rows(Subscription)[0].confirmed_at is None
    press.again(draft_id, "Un nouveau guichet.")
    deliver()
    assert len(mails()) == 1, "nothing before it is confirmed"
    page_of_mine = client.get(mine)
    assert WHO in page_of_mine.main and page_of_mine.response.headers["Cache-Control"] == "no-store"
    assert "noindex" in page_of_mine.response.headers["X-Robots-Tag"]
    for _twice in range(2):
        client.post(mine, {"abonnement": str(rows(Subscription)[0].id), "geste": "confirmer"})
    assert client.follow().main.count("Vous êtes prévenu tout de suite") == 1
    with clock.shifted(timedelta(minutes=1)):
        press.again(draft_id, "Le prix a changé.")
    deliver(), deliver()
    _asked, told = mails()
    assert told.subject == "Du nouveau\u00a0: Changer d’adresse" and "Le prix a changé." in told.body
    assert f"http://127.0.0.1:8000{page}\n" in told.body and link(told) == mine
    worker.send_mails(settings)
    (as_sent,) = [one for one in sent_mails(settings) if one["Subject"].startswith("Du nouveau")]
    assert as_sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert as_sent["List-Unsubscribe"] == f"<http://127.0.0.1:8000{leave}>"
    assert all(one.body == "" and one.leave == "" for one in mails()), "a copy of the database opens no link"
    # One click in the mail program: its server sends this, and follows no redirection.
    client.sign_out().post(leave, {"List-Unsubscribe": "One-Click"}, 200)
    assert client.page.heading == "C’est fait" and rows(Subscriber) == rows(Subscription) == []
    client.post(leave, {"List-Unsubscribe": "One-Click"}, 200)
    assert "Vous ne suivez rien" in client.get(mine).main
    with clock.shifted(timedelta(minutes=2)):
        press.again(draft_id, "Encore.")
    deliver()
    assert len(mails()) == 2


def sent_mails(settings: Settings) -> list[Any]:
    folder = Path(settings.data_dir) / "mail"
    return [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in folder.glob("*.eml")
    ]


def test_nobody_learns_who_follows_what(client: PageClient, press: Press) -> None:
    _draft, slug = press.published()
    page = f"/fiches/{slug}"
    following(client, page)
    known, unknown = ask(client, page).location, ask(client, page, "autre@exemple.nc").location
    assert known == unknown and client.get(known).main == client.get(unknown).main
    assert mails()[-1].subject.startswith("Vous suivez déjà")
    # Another pace asked for by a stranger holds once the owner says so.
    ask(client, page, WHO.upper(), "chaque-semaine")
    row = next(one for one in rows(Subscription) if one.confirmed_at is not None)
    assert (row.pace, row.wanted) == (Pace.AT_ONCE, Pace.WEEKLY)
    client.post(link(mails()[-1]), {"abonnement": str(row.id), "geste": "confirmer"})
    with reading():
        assert session().get_one(Subscription, row.id).pace is Pace.WEEKLY
    # Who holds one link decides for that address alone.
    other = next(one for one in rows(Subscription) if one.confirmed_at is None)
    for deed in ("confirmer", "arreter", "rythme"):
        client.post(link(mails()[-1]), {"abonnement": str(other.id), "geste": deed, "rythme": "chaque-jour"})
    assert next(one for one in rows(Subscription) if one.id == other.id).confirmed_at is None
    for wrong in ("", "x", "9" * 30, "²", "-1", str(other.id + 1)):
        client.post(link(mails()[-1]), {"abonnement": wrong, "geste": "arreter"})
    assert len(rows(Subscription)) == 2
    assert not any(one.digest in WHO or WHO in one.digest for one in rows(SubscriptionAsking))


def test_a_letter_box_is_not_filled_by_strangers(client: PageClient, press: Press) -> None:
    _draft, slug = press.published()
    pages = [
        f"/fiches/{slug}",
        "/themes/logement",
        "/administrations/kone",
        "/administrations/province-du-sud",
    ]
    for page in pages:
        ask(client, page)
        assert client.follow().heading == "Ouvrez votre courriel"
    assert len(mails()) == subscriptions.MOST_ASKED_A_DAY
    with clock.shifted(timedelta(days=1)):
        ask(client, pages[3])
    assert len(mails()) == 4


def test_the_same_form_sent_twice_asks_once(client: PageClient, press: Press) -> None:
    _draft, slug = press.published()
    form = f"/fiches/{slug}/abonnement"
    client.get(form)
    sheet = {**client.page.form(form).values, "courriel": WHO, "rythme": "chaque-jour"}
    with clock.shifted(LATER):
        for _press in range(3):
            client.post(form, sheet)
    assert len(mails()) == len(rows(Subscription)) == 1
    # Left open overnight it is shown again with what was typed, and still asks once.
    with clock.shifted(timedelta(days=2)):
        page = client.post(form, sheet, 422)
        assert "ouverte depuis longtemps" in page.main and WHO in page.source
        with clock.shifted(LATER):
            client.send(form)
    assert len(mails()) == len(rows(Subscription)) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"courriel": "pas une adresse"}, "adresse électronique entière"),
        ({"courriel": f"a@b.nc\r\nBcc: {WHO}"}, "adresse électronique entière"),
        ({"courriel": "x" * 400 + "@exemple.nc"}, "adresse électronique entière"),
        ({"courriel": ""}, "adresse électronique entière"),
        ({"rythme": "chaque-siecle"}, "Choisissez quand"),
        ({"rythme": ""}, "Choisissez quand"),
        ({"jeton": "faux"}, "rien n’est perdu"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    client: PageClient, press: Press, typed: dict[str, str], said: str
) -> None:
    form = "/themes/logement/abonnement"
    client.get(form)
    sheet = {**client.page.form(form).values, "courriel": WHO, "rythme": "chaque-jour", **typed}
    with clock.shifted(LATER):
        page = client.post(form, sheet, 422)
    assert said in page.main and page.form(form).values["courriel"] == sheet["courriel"][:320].replace(
        "\r", ""
    )
    assert mails() == [] and rows(Subscription) == []


def test_programs_and_other_sites_ask_for_nobody(client: PageClient, press: Press) -> None:
    form = "/administrations/kone/abonnement"
    client.get(form)
    sheet = {**client.page.form(form).values, "courriel": WHO, "rythme": "chaque-jour"}
    with clock.shifted(LATER):
        client.post(form, sheet, 403, headers={"Sec-Fetch-Site": "cross-site"})
        client.post(form, {**sheet, "site": "http://spam.example"})
    client.post(form, sheet, 422)  # sooner than a person can type
    assert mails() == []
    for page in ("/fiches/inconnue", "/themes/inconnu", "/administrations/inconnue"):
        client.get(f"{page}/abonnement", 404)
        client.post(f"{page}/abonnement", sheet, 404)


def test_one_change_is_one_mail_whatever_is_followed(client: PageClient, press: Press) -> None:
    draft_id, slug = press.published()
    following(client, f"/fiches/{slug}", pace="chaque-semaine")
    following(client, "/themes/logement", pace="tout-de-suite")
    following(client, "/administrations/kone", pace="chaque-jour")
    following(client, "/administrations/kone", "autre@exemple.nc")
    deliver()
    before = len(mails())
    with clock.shifted(timedelta(minutes=1)):
        press.again(draft_id, "Un nouveau guichet.")
        press.published("Ouvrir une école", both=False, themes=["education-formation"])
    deliver()
    told = mails()[before:]
    assert [one.subject for one in told] == ["Du nouveau\u00a0: Changer d’adresse"], (
        "the soonest, and only it"
    )
    assert "le thème «\u00a0Logement\u00a0»" in told[0].body and rows(SubscriptionNews) == []
    assert len(mails("autre@exemple.nc")) == 2


def test_digests_come_in_the_morning_and_on_mondays(client: PageClient, press: Press) -> None:
    draft_id, slug = press.published()
    following(client, f"/fiches/{slug}", pace="chaque-jour")
    weekly = "semaine@exemple.nc"
    following(client, "/themes/logement", weekly, "chaque-semaine")
    with clock.shifted(timedelta(minutes=1)):
        press.again(draft_id, "Un nouveau guichet.")
        press.again(draft_id, "Le prix a changé.")
        press.published("Louer un logement", both=False)
    deliver()
    assert len(mails()) == len(mails(weekly)) == 1, "so far only what asked to confirm"

    def at(day: int, hour: int, minute: int = 0) -> Any:
        return clock.shifted(datetime(2027, 3, day, hour, minute, tzinfo=clock.NOUMEA) - clock.now())

    with at(11, 5, 59):
        jobs.sweep()
        assert len(mails()) == 1
    for _again in range(2):
        with at(11, 6, 1):
            jobs.sweep()
    _asked, digest = mails()
    assert digest.subject.startswith("2") and digest.subject.endswith("nouveautés que vous suivez")
    assert "Un nouveau guichet." in digest.body and "Le prix a changé." in digest.body
    assert "Louer un logement" not in digest.body and "chaque jour" in digest.body
    with at(14, 23, 59):
        jobs.sweep()
        assert len(mails(weekly)) == 1
    with at(15, 6, 1):
        jobs.sweep(), jobs.sweep()
    _asked, digest = mails(weekly)
    assert digest.body.count("http://127.0.0.1:8000/fiches/") == 3 and "chaque semaine" in digest.body
    assert rows(SubscriptionNews) == [] and len(mails()) == 2


def test_what_waits_is_not_lost_when_the_pace_changes_and_not_told_when_it_was_hidden(
    client: PageClient, press: Press
) -> None:
    life = make_life(press)
    mine = following(client, f"/fiches/{life.slug}", pace="chaque-semaine")
    other = following(client, "/themes/logement", "autre@exemple.nc", "chaque-jour")
    with clock.shifted(timedelta(minutes=1)):
        life.decide(Fate.WITHDRAW, reason="La loi a changé.")
    deliver()
    client.post(mine, {"abonnement": str(numbered(WHO)), "geste": "rythme", "rythme": "tout-de-suite"})
    client.post(other, {"abonnement": str(numbered("autre@exemple.nc")), "geste": "arreter"})
    with clock.shifted(timedelta(days=1)):
        jobs.sweep()
    assert "La loi a changé." in mails()[-1].body and "retirée" in mails()[-1].body
    assert len(mails("autre@exemple.nc")) == 0, "what was not sent yet goes with who leaves"


def numbered(who: str) -> int:
    with reading():
        return session().scalars(
            sa.select(Subscription.id).join(Subscriber).where(Subscriber.email == who)
        ).one()  # fmt: skip


def test_followers_hear_what_becomes_of_a_page_and_why(client: PageClient, press: Press) -> None:
    life = make_life(press)
    other = make_life(press, "Une autre fiche")
    following(client, f"/fiches/{life.slug}")
    following(client, "/themes/logement", "theme@exemple.nc")
    with clock.shifted(timedelta(minutes=1)):
        life.mask(reason="Un secret de la maison.")
        deliver()
        life.decide(Fate.WITHDRAW, reason="La loi a changé.")
        deliver()
        life.decide(Fate.REDIRECT, target=other.slug, reason="Tout est sur l’autre fiche.")
        deliver()
    masked, withdrawn, redirected = mails()[1:]
    assert "masquée pour quelques jours" in masked.body and "secret" not in masked.body
    assert "retirée" in withdrawn.body and "La loi a changé." in withdrawn.body
    assert "Tout est sur l’autre fiche." in redirected.body and f"/fiches/{other.slug}" in redirected.body
    assert [one.subject for one in mails("theme@exemple.nc")[1:]] == [
        "Du nouveau\u00a0: Changer d’adresse"
    ] * 2
    client.get(f"/fiches/{life.slug}/abonnement", 404)


def test_what_nobody_confirms_is_forgotten(client: PageClient, press: Press) -> None:
    _draft, slug = press.published()
    ask(client, f"/fiches/{slug}")
    following(client, f"/fiches/{slug}", "autre@exemple.nc")
    for days, left in ((6, 2), (8, 1)):
        with clock.shifted(timedelta(days=days)), unit_of_work():
            subscriptions.forget()
        assert len(rows(Subscriber)) == left
    assert mails() == [], "nor is the mail kept that asked"
    assert rows(SubscriptionAsking) == []
    with unit_of_work() as current:
        current.execute(sa.update(Mail).values(sent_at=clock.now()))
    for days, gone in ((29, 0), (31, 1)):
        with clock.shifted(timedelta(days=days)), unit_of_work():
            assert len(subscriptions.forget()) == gone


def test_who_is_erased_follows_nothing(client: PageClient, press: Press) -> None:
    _draft, slug = press.published()
    following(client, f"/fiches/{slug}", press.writer.email)
    following(client, f"/fiches/{slug}", "autre@exemple.nc")
    with unit_of_work():
        erasing.erase(None, press.writer.id)
    assert [one.email for one in rows(Subscriber)] == ["autre@exemple.nc"]
    assert mails(press.writer.email) == []


def test_two_links_are_never_the_same(press: Press) -> None:
    """A number that is free again would open what another follows to who kept an old link."""
    theme = Followed("Logement", "/themes/logement", theme="logement")
    seen = set()
    for _time in range(20):
        with unit_of_work():
            subscriptions.ask(f"x{len(seen)}@exemple.nc", theme, Pace.DAILY, "k" * 32)
        (row,) = rows(Subscription)
        seen |= {row.id, row.subscriber_id}
        with unit_of_work():
            subscriptions.leave_all(row.subscriber_id)
    assert len(seen) == 40


@pytest.mark.parametrize(
    ("now", "daily", "monday"),
    [
        (datetime(2027, 3, 10, 12), (11, 6), (15, 6)),
        (datetime(2027, 3, 10, 5, 59), (10, 6), (15, 6)),
        (datetime(2027, 3, 15, 5, 59), (15, 6), (15, 6)),
        (datetime(2027, 3, 15, 6, 0), (16, 6), (22, 6)),
        (datetime(2027, 3, 14, 23, 0), (15, 6), (15, 6)),
    ],
)
def test_the_next_morning(now: datetime, daily: tuple[int, int], monday: tuple[int, int]) -> None:
    now = now.replace(tzinfo=clock.NOUMEA)
    for weekly, (day, hour) in ((False, daily), (True, monday)):
        found = subscription_news.next_morning(now, weekly=weekly)
        assert (found.day, found.hour, found.minute) == (day, hour, 0) and found > now


def test_a_title_does_not_write_the_mail(client: PageClient, press: Press) -> None:
    draft_id, slug = press.published(
        "Titre\u00a0: <script>alert(1)</script>", [RICH[0], block("paragraph", "Un texte.", id="b2")]
    )
    following(client, f"/fiches/{slug}")
    with clock.shifted(timedelta(minutes=1)):
        press.rewrite(draft_id, [RICH[0], block("paragraph", "Un autre.", id="b2")])
        press.again(draft_id, "<b>Note</b> http://mal.example")
    deliver()
    (told,) = mails()[1:]
    assert "<script>" in told.subject and "\n" not in told.subject
