"""Reading tests: the page that readers answer part by part, and what the lab does with it.

The public page needs no script and no account; it is made for who asks and found only by who was given its address.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from app import clock
from app.db import reading, session, unit_of_work
from app.errors import Invalid, Missing, MovedOn, RateLimited, Refused, Unauthenticated
from app.extensions import csrf
from app.extensions import gettext as _
from app.forms import Faults
from app.policy import Act, acts_for
from app.web import current_actor, discreet, guarded, page, see_other
from labs import queries as lab_queries
from labs.doors import lab_door
from labs.models import Lab
from publish import pages, reading_test_queries, reading_tests, sharing, sheets, visitors
from publish.call_forms import ReadingTestForm
from publish.reading_test_models import ReadingTest, Understood
from publish.reading_tests import Verdict

# What the three verdicts are called in the form, of which each field is named after its part.
VERDICTS = {"oui": Understood.YES, "partie": Understood.PARTLY, "non": Understood.NO}
USUAL = timedelta(weeks=2)
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


def _path(token: str) -> str:
    return f"/lectures/{token}"


def test_door(token: str, **_rest: object) -> Lab:
    """The lab that a test belongs to."""
    if current_actor().is_anonymous:
        raise Unauthenticated(_("Connectez-vous pour continuer."))
    return session().get_one(Lab, reading_test_queries.test_called(token).lab_id)


def _mark(who: str | None, test: ReadingTest) -> str | None:
    return visitors.mark(who, f"reading:{test.id}") if who else None


def _shown(
    token: str,
    status: int = 200,
    typed: dict[str, tuple[str, str]] | None = None,
    wrong: str = "",
    wrong_at: str = "",
    thanked: bool = False,
) -> Response:
    path = _path(token)
    with reading():
        try:
            test = reading_test_queries.test_called(token)
        except Missing:
            return pages.framed("not_found.html", "/lectures", status=404)
        answer = pages.framed(
            "reading_test.html",
            path,
            status=status,
            it=reading_test_queries.test_page(test),
            said=typed
            if typed is not None
            else reading_test_queries.own(test, _mark(visitors.number(), test)),
            sheet=sheets.fresh(path, sheets.key_in(request.form, path)),
            wrong=wrong,
            wrong_at=wrong_at,
            thanked=thanked,
        )
    return discreet(answer)


def read(token: str) -> Response:
    return _shown(token, thanked=bool(request.args.get("merci")))


def answer(token: str) -> Any:
    typed = {
        name[2:]: (request.form[name], request.form.get(f"m-{name[2:]}", ""))
        for name in request.form
        if name.startswith("v-")
    }
    for name in request.form:
        if name.startswith("m-") and name[2:] not in typed:
            typed[name[2:]] = ("", request.form[name])
    typed = {block: (_said(word), words) for block, (word, words) in typed.items() if _ID.fullmatch(block)}
    try:
        visitors.from_here(request)
        with reading():
            try:
                reading_test_queries.test_called(token)
            except Missing:
                return _shown(token)
        who = visitors.number()
        if who is None:
            return visitors.introduced()
        visitors.allow(who)
        sheet = sheets.read(request.form, _path(token))
        if not sheet.by_program:
            with unit_of_work():
                test = reading_test_queries.test_called(token)
                mark = _mark(who, test)
                assert mark is not None
                reading_tests.answer(
                    mark,
                    test,
                    sheet.key,
                    {
                        block: Verdict(Understood(word) if word else None, words)
                        for block, (word, words) in typed.items()
                    },
                )
    except (Invalid, MovedOn, RateLimited) as error:
        return visitors.later(
            _shown(token, error.status, typed, error.message, str(error.detail.get("field", ""))), error
        )
    return redirect(_path(token) + "?merci=1", code=303)


def _said(word: str) -> str:
    return str(VERDICTS[word]) if word in VERDICTS else ""


def _form(lab: Lab, **kwargs: Any) -> ReadingTestForm:
    texts = [
        (
            one.revision_id,
            _("%(title)s – %(version)s", title=one.title, version=_version(one)),
        )
        for one in reading_tests.candidates(lab)
    ]
    return ReadingTestForm(texts, **kwargs)


def _version(one: reading_tests.Candidate) -> str:
    return reading_test_queries.version_word(one.number, one.number if one.edition_id else None)


def _form_page(
    slug: str, form: ReadingTestForm | None = None, status: int = 200, faults: Faults | None = None
) -> Any:
    with reading():
        lab = lab_queries.lab_called(slug)
        fin = clock.local(clock.now()).date() + USUAL
        return page(
            "publish/reading_test_form.html", status, lab=lab,
            form=form or _form(lab, formdata=None, data={"fin": fin}), faults=faults or [],
        )  # fmt: skip


def new(slug: str) -> Any:
    return _form_page(slug)


def begin(slug: str) -> Any:
    with reading():
        form = _form(lab_queries.lab_called(slug))
    if not form.validate_on_submit():
        return _form_page(slug, form, 422, form.faults())
    try:
        with unit_of_work():
            lab = lab_queries.lab_called(slug)
            token = reading_tests.begin(
                current_actor(), lab, form.texte.data, form.closes_at, form.intro.data or ""
            ).token
    except Invalid as error:
        faults = form.faults_of(error, text="texte", closes_at="fin", intro="intro")
        return _form_page(slug, form, 422, faults)
    flash(_("Le test est prêt. Donnez son lien aux personnes qui liront le texte."))
    return see_other("publish.reading_results", token=token)


def results(token: str) -> Any:
    return _results(token)


def _results(token: str, status: int = 200, faults: Faults | None = None) -> Any:
    with reading():
        test = reading_test_queries.test_called(token)
        lab = session().get_one(Lab, test.lab_id)
        actor = current_actor()
        readers, parts = reading_test_queries.results(test)
        draft = reading_tests.open_draft(actor, test)
        link = str(current_app.config["SETTINGS"].public_url) + _path(token)
        return page(
            "publish/reading_results.html",
            status,
            it=reading_test_queries.test_page(test),
            lab=lab,
            acts=acts_for(actor, lab),
            readers=readers,
            parts=parts,
            draft_id=draft.id if draft is not None else None,
            link=link,
            drawing=sharing.drawing(link),
            faults=faults or [],
        )


def end(token: str) -> Any:
    with unit_of_work():
        reading_tests.end(current_actor(), reading_test_queries.test_called(token))
    flash(_("Le test est fini : sa page ne prend plus de réponses."))
    return see_other("publish.reading_results", token=token)


def send(token: str) -> Any:
    given, block = request.form.get("reponse", ""), request.form.get("partie", "")
    number = int(given) if re.fullmatch(r"[0-9]{1,18}", given) else 0
    try:
        with unit_of_work():
            test = reading_test_queries.test_called(token)
            reading_tests.send_as_remark(current_actor(), test, number, block[:32])
    except (Invalid, Refused) as error:
        return _results(token, error.status, [("", error.message)])
    flash(_("La remarque est ouverte dans le brouillon, sur le passage que le lecteur a lu."))
    return see_other("publish.reading_results", token=token, _anchor=f"partie-{block}")


def register(blueprint: Blueprint) -> None:
    blueprint.add_url_rule(
        "/lectures/<token>", "reading_test", guarded(Act.PORTAL_READ)(read), methods=["GET"]
    )
    taken = guarded(Act.PORTAL_READ)(answer)
    # No session stands behind this form that a token could protect: a signed word of its own does.
    csrf.exempt(taken)
    blueprint.add_url_rule("/lectures/<token>", "answer_reading_test", taken, methods=["POST"])
    for path, name, guard, view, method in (
        ("/labs/<slug>/lectures/nouvelle", "new_reading_test", guarded(Act.LAB_LEAD, lab_door), new, "GET"),
        (
            "/labs/<slug>/lectures/nouvelle",
            "begin_reading_test",
            guarded(Act.LAB_LEAD, lab_door),
            begin,
            "POST",
        ),
        ("/lectures/<token>/resultats", "reading_results", guarded(Act.LAB_READ, test_door), results, "GET"),
        ("/lectures/<token>/finir", "end_reading_test", guarded(Act.LAB_LEAD, test_door), end, "POST"),
        ("/lectures/<token>/remarque", "send_verdict", guarded(Act.LAB_READ, test_door), send, "POST"),
    ):
        blueprint.add_url_rule(path, name, guard(view), methods=[method])
