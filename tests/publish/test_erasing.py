"""A person who decided about public pages, published urgently and invited experts is erased: nothing of the name stays."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app import audit, clock, jobs
from app.accounts import erasing
from app.accounts.models import Person
from app.accounts.service import give_role
from app.db import reading, session, unit_of_work
from app.directory.models import Administration
from app.mail import Mail
from app.policy import Actor, PortalRole
from drafts import experts, review
from publish import evidence, fates, schedule
from publish.fate_acts import acts_of
from publish.fate_models import ArticleAct, UrgentPublication
from publish.fate_stages import Fate
from publish.models import Edition
from tests.clients import PageClient
from tests.drafts.test_erasing import traces
from tests.makers import actor as actor_of
from tests.publish.fates_world import Life, make_life, told
from tests.publish.press import Press, draft_called
from tests.publish.test_urgent import hurry

WORDS = ("Hélène d’Artagnan", "helene.d@")


def renamed(press: Press) -> Actor:
    """The editor, under a name that is looked for, who is a reviewer as well."""
    with unit_of_work():
        person = session().get_one(Person, press.editor.id)
        person.name, person.email = "Hélène d’Artagnan", "helene.d@test.example"
        give_role(person, PortalRole.REVIEWER, session().get_one(Administration, press.nord))
        return actor_of(person)


def busy(press: Press, life: Life, helene: Actor) -> int:
    """Everything a person can leave a trace of on the public side. The draft that waits."""
    life.mask(helene)
    life.confirm(life.propose(Fate.RESTORE, press.sud_reviewer), helene)
    number = life.propose(Fate.WITHDRAW, helene)
    with unit_of_work():
        fates.decline(press.sud_reviewer, life.article, number, "Elle est encore exacte.")
    life.decide(Fate.WITHDRAW)
    urgent = press.draft("Préparer sa maison")
    fingerprint = press.submit(urgent)
    hurry(press, urgent, fingerprint, helene)
    draft_id, approved = press.approved("Ouvrir une école")
    with unit_of_work():
        at = clock.now() + timedelta(days=2)
        schedule.schedule(helene, draft_called(draft_id), approved, at)
        schedule.cancel(press.editor, draft_called(draft_id))
        experts.invite(press.writer, draft_called(urgent), "Une autre", "autre@lycee.example", 5, "Un avis.")
    return urgent


def test_nothing_of_the_name_stays_in_any_column(press: Press, client: PageClient) -> None:
    life = make_life(press)
    helene = renamed(press)
    draft_id = busy(press, life, helene)
    assert {"person.name", "mail.body", "mail.recipient"} <= set(traces(*WORDS))
    assert told("Fiche masquée") and told("Publié en urgence")
    with reading():
        acts = [(act.number, act.deed, act.person_id) for act in acts_of(life.article.id)]
    with unit_of_work():
        gone = erasing.erase(None, helene.id)
    assert traces(*WORDS) == []
    assert len(gone) >= 4, "mails to them and about them"
    with reading():
        assert [(act.number, act.deed, act.person_id) for act in acts_of(life.article.id)] == acts
        assert session().scalars(sa.select(UrgentPublication.person_id)).one() == helene.id
        assert session().scalars(sa.select(Mail.body).where(Mail.body.contains("Personne effacée"))).first()
        for edition in session().scalars(sa.select(Edition)):
            assert evidence.examine(edition) == []
        assert session().scalar(
            sa.select(sa.func.count()).select_from(ArticleAct).where(ArticleAct.person_id == helene.id)
        )
    # The review of what they published urgently comes out all the same.
    with reading():
        revision = review.open_revision(draft_called(draft_id))
        assert revision is not None
        fingerprint = revision.fingerprint
    press.sign(draft_id, fingerprint)
    jobs.deliver_outbox(), jobs.deliver_outbox()
    with unit_of_work():
        audit.seal(everything=True)
    with reading():
        assert audit.verify() is None
    shown = client.sign_in(press.sud_reviewer).get("/fiches/changer-d-adresse/vie")
    assert "Personne effacée" in shown.main and "d’Artagnan" not in shown.source
