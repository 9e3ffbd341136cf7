"""The catalogue of open data, read as a platform that harvests it would."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Literal, Namespace, URIRef
from rdflib.compare import isomorphic, to_isomorphic
from rdflib.term import Node

from app import clock
from app.db import unit_of_work
from app.directory.models import Administration
from publish import open_catalogue, open_files
from tests.clients import PageClient
from tests.publish.press import Press

HOME = "http://127.0.0.1:8000"
VCARD, SPDX = Namespace("http://www.w3.org/2006/vcard/ns#"), Namespace("http://spdx.org/rdf/terms#")
# DCAT-AP 3.0.0 (SEMIC, https://semiceu.github.io/DCAT-AP/releases/3.0.0/): the mandatory properties of each class, and
# behind them the recommended ones that this catalogue has to have.
ASKED: dict[URIRef, tuple[URIRef, ...]] = {
    DCAT.Catalog: (
        DCTERMS.title, DCTERMS.description, DCTERMS.publisher,
        DCAT.dataset, DCAT.service, DCTERMS.language, DCTERMS.license, FOAF.homepage, DCTERMS.issued, DCTERMS.modified,
        DCTERMS.spatial,
    ),
    DCAT.Dataset: (
        DCTERMS.title, DCTERMS.description,
        DCAT.contactPoint, DCAT.distribution, DCAT.keyword, DCTERMS.publisher, DCTERMS.spatial, DCAT.theme,
        DCTERMS.accrualPeriodicity, DCTERMS.identifier, DCTERMS.issued, DCTERMS.modified, DCAT.landingPage, DCTERMS.license,
    ),
    DCAT.Distribution: (
        DCAT.accessURL,
        DCTERMS["format"], DCTERMS.license, DCAT.downloadURL, DCAT.byteSize, SPDX.checksum, DCTERMS.modified, DCTERMS.title,
        URIRef("http://data.europa.eu/r5r/availability"),
    ),
    DCAT.DataService: (DCTERMS.title, DCAT.endpointURL, DCAT.servesDataset, DCTERMS.description, DCTERMS.license),
    FOAF.Agent: (FOAF.name,),
    VCARD.Organization: (VCARD.fn, VCARD.hasEmail),
    SPDX.Checksum: (SPDX.algorithm, SPDX.checksumValue),
    DCTERMS.PeriodOfTime: (DCAT.startDate,),
}  # fmt: skip
# Values that are to be things with a type, not words.
THINGS = {
    DCTERMS.publisher: FOAF.Agent, DCAT.dataset: DCAT.Dataset, DCAT.service: DCAT.DataService, DCTERMS.license: DCTERMS.LicenseDocument,
    DCAT.contactPoint: VCARD.Organization, DCAT.distribution: DCAT.Distribution, DCTERMS.spatial: DCTERMS.Location,
    DCTERMS.accrualPeriodicity: DCTERMS.Frequency, DCTERMS.temporal: DCTERMS.PeriodOfTime, SPDX.checksum: SPDX.Checksum,
    DCTERMS.language: DCTERMS.LinguisticSystem, DCTERMS.accessRights: DCTERMS.RightsStatement,
    DCTERMS["format"]: DCTERMS.MediaTypeOrExtent, DCAT.mediaType: DCTERMS.MediaType,
}  # fmt: skip


def graph(client: PageClient, name: str, form: str) -> Graph:
    answer = client.http.get(f"/opendata/{name}")
    assert answer.status_code == 200 and answer.content_type == open_files.CATALOGUES[name]
    return Graph().parse(data=answer.get_data(as_text=True), format=form)


def test_both_forms_say_the_same_and_what_dcat_ap_asks_for(press: Press, client: PageClient) -> None:
    press.published('Un « titre » <b> "x" \\ 🦜')
    turtle = graph(client, "catalogue.ttl", "turtle")
    # The context stands in the file: nothing is fetched to read it.
    assert isomorphic(to_isomorphic(turtle), to_isomorphic(graph(client, "catalogue.jsonld", "json-ld")))
    for kind, properties in ASKED.items():
        found = list(turtle.subjects(RDF.type, kind))
        assert found, f"no {kind}"
        for thing in found:
            missing = [one for one in properties if not list(turtle.objects(thing, one))]
            assert not missing, (thing, missing)
    for predicate, kind in THINGS.items():
        for thing in turtle.objects(None, predicate):
            assert (thing, RDF.type, kind) in turtle, (predicate, thing)
    assert len(list(turtle.subjects(RDF.type, DCAT.Dataset))) == 4
    # What people read says its language.
    for predicate in (DCTERMS.title, DCTERMS.description, DCAT.keyword):
        assert {
            value.language for value in turtle.objects(None, predicate) if isinstance(value, Literal)
        } == {"fr"}


def test_every_file_is_what_the_catalogue_says(press: Press, client: PageClient) -> None:
    press.published()
    turtle = graph(client, "catalogue.ttl", "turtle")
    files = list(turtle.subjects(RDF.type, DCAT.Distribution))
    assert len(files) == len(open_files.FILES)
    for file in files:

        def one(predicate: URIRef, thing: Node = file) -> str:
            return str(turtle.value(thing, predicate, any=False))

        answer = client.http.get(one(DCAT.downloadURL).removeprefix(HOME))
        assert answer.status_code == 200 and len(answer.data) == int(one(DCAT.byteSize))
        check = turtle.value(file, SPDX.checksum, any=False)
        assert check is not None and one(SPDX.checksumValue, check) == hashlib.sha256(answer.data).hexdigest()
        assert one(SPDX.algorithm, check) == "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
        # A type that IANA knows has its address there; of the others the format alone is told.
        registered = turtle.value(file, DCAT.mediaType)
        expected = (
            f"{open_catalogue.IANA}/{answer.mimetype}"
            if answer.mimetype in open_catalogue.REGISTERED
            else None
        )
        assert (str(registered) if registered is not None else None) == expected
        assert one(DCTERMS["format"]).endswith("/CSV" if answer.mimetype == "text/csv" else "/JSON")
        client.get(one(DCAT.accessURL).removeprefix(HOME))
    service = turtle.value(None, RDF.type, DCAT.DataService, any=False)
    assert str(turtle.value(service, DCAT.endpointURL)) == f"{HOME}/api/v1"
    assert str(turtle.value(service, DCAT.endpointDescription)) == f"{HOME}/api/openapi.json"


def test_it_follows_what_changes_and_is_otherwise_the_same_bytes(press: Press, client: PageClient) -> None:
    press.published()
    names = list(open_files.CATALOGUES)
    before = {name: client.http.get(f"/opendata/{name}") for name in names}
    with clock.shifted(timedelta(hours=2)):
        again = {name: client.http.get(f"/opendata/{name}") for name in names}
        for name in names:
            assert (
                again[name].data == before[name].data
                and again[name].headers["ETag"] == before[name].headers["ETag"]
            )
        with unit_of_work() as current:
            current.get_one(Administration, press.nord).name = "Mairie de Koné, la grande"
        press.published("Ouvrir une école", both=False)
        after = {name: client.http.get(f"/opendata/{name}") for name in names}
    for name in names:
        assert after[name].data != before[name].data


@pytest.mark.parametrize(
    ("accept", "leads_to"),
    [
        ("application/ld+json", "/opendata/catalogue.jsonld"),
        ("text/turtle;q=0.9, application/ld+json;q=0.5", "/opendata/catalogue.ttl"),
        ("application/json", "/opendata/catalogue.jsonld"),
    ],
)
def test_a_platform_that_asks_at_the_page_is_led_to_the_catalogue(
    press: Press, client: PageClient, accept: str, leads_to: str
) -> None:
    page = client.http.get("/opendata", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (
        page.status_code == 200
        and page.mimetype == "text/html"
        and "Accept" in page.headers["Vary"].split(", ")
    )
    assert f'<{leads_to}>; rel="describedby"' in page.headers["Link"]
    answer = client.http.get("/opendata", headers={"Accept": accept})
    assert answer.status_code == 303 and answer.headers["Location"] == leads_to
    assert client.http.get(leads_to).status_code == 200
    shown = client.get("/opendata")
    assert shown.all("link", rel="alternate", href=leads_to)
