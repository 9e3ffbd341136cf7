"""The linked data of pages, read by an RDF library that may fetch nothing: schema.org and CPSV-AP."""

from __future__ import annotations

import socket
from datetime import datetime

import pytest
from rdflib import DCTERMS, FOAF, RDF, Graph, Literal, Namespace, URIRef

from app import clock
from app.db import unit_of_work
from app.directory.models import OnlineService
from publish import store
from publish.fate_stages import Fate
from tests.clients import PageClient
from tests.publish.fates_world import make_life
from tests.publish.press import RICH, Press, block

HOME = "http://127.0.0.1:8000"
SCHEMA, CV = Namespace("https://schema.org/"), Namespace("http://data.europa.eu/m8g/")
CPSV, LOCN = Namespace("http://purl.org/vocab/cpsv#"), Namespace("http://www.w3.org/ns/locn#")
SKOS = Namespace("http://www.w3.org/2004/02/skos/core#")
SERVICE = "/demarches/declarer-un-changement/donnees.jsonld"
# CPSV-AP 3.2.0 (SEMIC, https://semiceu.github.io/CPSV-AP/releases/3.2.0/): what is mandatory of each class.
ASKED = {
    CPSV.PublicService: (DCTERMS.identifier, DCTERMS.title, DCTERMS.description, CV.hasCompetentAuthority),
    CV.PublicOrganisation: (DCTERMS.identifier, SKOS.prefLabel, DCTERMS.spatial),
    CV.Channel: (DCTERMS.identifier,),
    CV.Cost: (DCTERMS.identifier,),
    CV.EvidenceType: (DCTERMS.identifier, DCTERMS.title),
}
FULL = [
    *RICH,
    block("documents", block("label", "Pièces", id="d1"), block("bullet_list",
          block("list_item", block("paragraph", "une pièce d’identité", id="d4"), id="d3"),
          block("list_item", block("paragraph", "un « bail » </script>", id="d6"), id="d5"), id="d2"), id="d0"),
    block("cost", "Gratuit.", id="c1"),
    block("question", block("label", "Et si je reviens ?", id="q1"), block("paragraph", "Dites-le.", id="q2"), id="q0"),
]  # fmt: skip


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that names its words by an address elsewhere would be fetched here, and fail."""

    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("nothing is fetched to read linked data")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def graph(client: PageClient, path: str) -> Graph:
    answer = client.http.get(path)
    assert answer.status_code == 200 and answer.mimetype == "application/ld+json", answer.status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return Graph().parse(data=answer.get_data(as_text=True), format="json-ld")


@pytest.mark.usefixtures("offline")
def test_an_article_with_everything(press: Press, client: PageClient) -> None:
    title = 'Un « titre » & "=1+1" </script>'
    _draft, slug = press.published(title, FULL, audiences=["individual"], territories=["kone"])
    found = graph(client, f"/fiches/{slug}/donnees.jsonld")
    page = URIRef(f"{HOME}/fiches/{slug}#page")
    assert (page, RDF.type, SCHEMA.WebPage) in found and str(found.value(page, SCHEMA.name)) == title
    for moment in (SCHEMA.datePublished, SCHEMA.dateModified, SCHEMA.lastReviewed):
        assert isinstance(found.value(page, moment).toPython(), datetime), moment  # type: ignore[union-attr]
    service = found.value(page, SCHEMA.about)
    assert service is not None and (service, RDF.type, SCHEMA.GovernmentService) in found
    # Named by what never changes, and leading to the page.
    assert (
        client.http.get(str(service).removeprefix(HOME).partition("#")[0]).headers["Location"]
        == f"/fiches/{slug}"
    )
    assert {str(one).partition("/donnees")[0] for one in found.objects(service, SCHEMA.provider)} == {
        f"{HOME}/administrations/kone", f"{HOME}/administrations/province-du-sud"
    }  # fmt: skip
    channels = list(found.objects(service, SCHEMA.availableChannel))
    assert URIRef("https://www.sud.example/changement") in [
        found.value(one, SCHEMA.serviceUrl) for one in channels
    ]
    hours = set(found.objects(None, SCHEMA.openingHours))
    assert hours == {Literal("Lundi au vendredi, 8 h – 16 h")}
    (trail,) = found.subjects(RDF.type, SCHEMA.BreadcrumbList)
    items = {
        int(found.value(one, SCHEMA.position).toPython()): str(found.value(one, SCHEMA.item))  # type: ignore[union-attr]
        for one in found.objects(trail, SCHEMA.itemListElement)
    }
    assert items == {1: f"{HOME}/", 2: f"{HOME}/themes/logement", 3: f"{HOME}/fiches/{slug}"}
    (faq,) = found.subjects(RDF.type, SCHEMA.FAQPage)
    (question,) = found.objects(faq, SCHEMA.mainEntity)
    answer = found.value(question, SCHEMA.acceptedAnswer)
    assert (
        "je reviens" in str(found.value(question, SCHEMA.name))
        and str(found.value(answer, SCHEMA.text)) == "Dites-le."
    )


@pytest.mark.usefixtures("offline")
def test_a_service_as_cpsv_ap_describes_one(press: Press, client: PageClient) -> None:
    _draft, slug = press.published("Changer d’adresse", FULL)
    found = graph(client, SERVICE)
    for kind, properties in ASKED.items():
        things = list(found.subjects(RDF.type, kind))
        assert things, kind
        for thing in things:
            missing = [one for one in properties if not list(found.objects(thing, one))]
            assert not missing, (thing, missing)
    (me,) = found.subjects(RDF.type, CPSV.PublicService)
    assert str(me) == f"{HOME}{SERVICE}#demarche"
    assert {str(found.value(one, DCTERMS.title)) for one in found.objects(me, CV.hasInputType)} == {
        "une pièce d’identité", "un « bail » </script>"
    }  # fmt: skip
    assert [str(found.value(one, DCTERMS.description)) for one in found.objects(me, CV.hasCost)] == [
        "Gratuit."
    ]
    channels = list(found.objects(me, CV.hasChannel))
    assert len(channels) == 2
    (desk,) = [one for one in channels if found.value(one, LOCN.address) is not None]
    assert str(found.value(desk, SCHEMA.openingHours)).startswith("Lundi")
    assert list(found.objects(me, CV.thematicArea)) == [URIRef(f"{HOME}/themes/logement")]
    assert list(found.objects(me, FOAF.page)) == [URIRef(f"{HOME}/fiches/{slug}")]
    described = str(found.value(me, CV.isDescribedAt))
    assert described == f"{HOME}/opendata/catalogue.ttl#demarches"
    catalogue = Graph().parse(data=client.http.get("/opendata/catalogue.ttl").data, format="turtle")
    assert (URIRef(described), RDF.type, None) in catalogue
    # The same thing has the same name in every file.
    assert str(me) in client.http.get("/opendata/demarches.jsonl").get_data(as_text=True)
    owner = graph(client, "/administrations/province-du-sud/donnees.jsonld")
    assert (me, RDF.type, CPSV.PublicService) in owner
    assert (None, SCHEMA.sameAs, URIRef("https://www.sud.example")) in owner
    (authority,) = found.objects(me, CV.hasCompetentAuthority)
    assert (authority, RDF.type, SCHEMA.GovernmentOrganization) in owner


@pytest.mark.usefixtures("offline")
def test_what_became_of_the_page_became_of_its_data(press: Press, client: PageClient) -> None:
    life = make_life(press, "Changer d’adresse")
    _draft, other = press.published("Ouvrir une école", both=False)
    path = f"/fiches/{life.slug}/donnees.jsonld"
    life.decide(Fate.WITHDRAW, reason="La loi a changé.")
    found = graph(client, path)
    assert (None, SCHEMA.creativeWorkStatus, Literal("Withdrawn")) in found
    assert not list(found.subjects(RDF.type, SCHEMA.GovernmentService))
    life.mask()
    client.app.extensions["openlab_shelf"].look()
    assert client.http.get(path).status_code == 410
    with unit_of_work() as current:
        current.query(OnlineService).one().withdrawn_at = clock.now()
        store.invalidate()
    client.app.extensions["openlab_shelf"].look()
    assert client.http.get(SERVICE).status_code == 410
    assert client.http.get("/opendata/demarches.jsonl").data == b""
    for unknown in ("/fiches/inconnue", "/demarches/inconnue", "/administrations/inconnue"):
        assert client.http.get(f"{unknown}/donnees.jsonld").status_code == 404
    assert client.http.get(f"/fiches/{other}/donnees.jsonld").status_code == 200


def test_pages_that_have_room_for_it_name_their_data(press: Press, client: PageClient) -> None:
    _draft, slug = press.published()
    for page, data in (
        (f"/fiches/{slug}/historique", f"/fiches/{slug}/donnees.jsonld"),
        ("/administrations/kone", "/administrations/kone/donnees.jsonld"),
        ("/demarches", "/opendata/demarches.jsonl"),
    ):
        answer = client.http.get(page)
        assert f'<{data}>; rel="describedby"' in answer.headers["Link"], page
        assert client.http.get(data).status_code == 200
    # An article has not a byte to spare.
    assert "Link" not in client.http.get(f"/fiches/{slug}").headers
