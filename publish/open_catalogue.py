"""The catalogue of open data as DCAT-AP 3 describes one, in Turtle and JSON-LD.

rdflib is loaded when a catalogue is written and never before: it takes a quarter of a second, and who types waits for none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from publish.open_words import LICENCE, LICENCE_NAME

if TYPE_CHECKING:
    from rdflib import Graph, URIRef

_EU = "http://publications.europa.eu/resource/authority"
FRENCH = f"{_EU}/language/FRA"
COUNTRY = f"{_EU}/country/NCL"
PUBLIC = f"{_EU}/access-right/PUBLIC"
# "Continuously updated": a file is made again when what it is made of changes.
CONTINUOUS = f"{_EU}/frequency/UPDATE_CONT"
STABLE = f"{_EU}/planned-availability/STABLE"
IANA = "https://www.iana.org/assignments/media-types"
SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
# Of the file types of the European Union.
FILE_TYPES = {"csv": f"{_EU}/file-type/CSV", "jsonl": f"{_EU}/file-type/JSON"}
# Media types that IANA has registered; a type that it has not is told by its format alone (DCAT 3, dcat:mediaType).
REGISTERED = {"text/csv", "application/json"}


@dataclass(frozen=True)
class Distribution:
    """One file of a dataset. `size` in bytes and `sha256` are those of the uncompressed bytes, as they are downloaded."""

    name: str
    url: str
    title: str
    media_type: str
    size: int
    sha256: str
    issued: datetime
    modified: datetime


@dataclass(frozen=True)
class Dataset:
    name: str
    title: str
    description: str
    keywords: tuple[str, ...]
    # One of the themes of the European Union: GOVE, SOCI…
    theme: str
    distributions: tuple[Distribution, ...]
    since: date | None


@dataclass(frozen=True)
class Catalogue:
    home: str
    page: str
    url: str
    title: str
    description: str
    publisher: str
    contact: str
    api: str
    api_described_at: str
    api_title: str
    api_description: str
    issued: datetime
    modified: datetime
    datasets: tuple[Dataset, ...]


def written(it: Catalogue) -> tuple[str, str]:
    """(JSON-LD, Turtle) of the same graph, each the same bytes for the same catalogue."""
    graph = _graph(it)
    context = {prefix: str(space) for prefix, space in graph.namespaces() if prefix in _PREFIXES}
    found = json.loads(graph.serialize(format="json-ld", context=context, auto_compact=True))
    text = json.dumps(_in_order(found), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return text, graph.serialize(format="turtle")


_PREFIXES = ("dcat", "dct", "foaf", "vcard", "spdx", "xsd", "rdfs", "dcatap")


def _in_order(value: Any) -> Any:
    """The same, its lists sorted: they are sets, and a file that says the same is to be the same bytes."""
    if isinstance(value, dict):
        return {key: _in_order(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((_in_order(inner) for inner in value), key=lambda one: json.dumps(one, sort_keys=True))
    return value


def _graph(it: Catalogue) -> Graph:
    from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, XSD, Graph, Literal, Namespace, URIRef

    vcard, spdx = Namespace("http://www.w3.org/2006/vcard/ns#"), Namespace("http://spdx.org/rdf/terms#")
    dcatap = Namespace("http://data.europa.eu/r5r/")
    graph = Graph(bind_namespaces="none")
    for prefix, space in (("dcat", DCAT), ("dct", DCTERMS), ("foaf", FOAF), ("vcard", vcard), ("spdx", spdx),
                          ("xsd", XSD), ("rdfs", RDFS), ("dcatap", dcatap)):  # fmt: skip
        graph.bind(prefix, space)

    def here(name: str) -> URIRef:
        return URIRef(f"{it.url}#{name}")

    def said(words: str) -> Literal:
        return Literal(words, lang="fr")

    def at(moment: datetime) -> Literal:
        return Literal(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), datatype=XSD.dateTime, normalize=False)

    def typed(address: str, kind: URIRef) -> URIRef:
        node = URIRef(address)
        graph.add((node, RDF.type, kind))
        return node

    def put(node: URIRef, *pairs: tuple[URIRef, URIRef | Literal]) -> None:
        for predicate, value in pairs:
            graph.add((node, predicate, value))

    licence, language = typed(LICENCE, DCTERMS.LicenseDocument), typed(FRENCH, DCTERMS.LinguisticSystem)
    country, rights = typed(COUNTRY, DCTERMS.Location), typed(PUBLIC, DCTERMS.RightsStatement)
    often = typed(CONTINUOUS, DCTERMS.Frequency)
    put(licence, (RDFS.label, said(LICENCE_NAME)))
    put(country, (RDFS.label, said("Nouvelle-Calédonie")))
    publisher, contact = here("editeur"), here("contact")
    put(publisher, (RDF.type, FOAF.Agent), (FOAF.name, said(it.publisher)), (FOAF.homepage, URIRef(it.home)))
    put(contact, (RDF.type, vcard.Organization), (vcard.fn, said(it.publisher)), (vcard.hasURL, URIRef(it.page)),
        (vcard.hasEmail, URIRef(f"mailto:{it.contact}")))  # fmt: skip
    catalogue, service = here("catalogue"), here("api")
    put(catalogue, (RDF.type, DCAT.Catalog), (DCTERMS.title, said(it.title)), (DCTERMS.description, said(it.description)),
        (DCTERMS.publisher, publisher), (DCTERMS.language, language), (DCTERMS.license, licence), (DCTERMS.spatial, country),
        (FOAF.homepage, URIRef(it.page)), (DCTERMS.issued, at(it.issued)), (DCTERMS.modified, at(it.modified)),
        (DCAT.service, service))  # fmt: skip
    put(service, (RDF.type, DCAT.DataService), (DCTERMS.title, said(it.api_title)),
        (DCTERMS.description, said(it.api_description)), (DCAT.endpointURL, URIRef(it.api)),
        (DCAT.endpointDescription, URIRef(it.api_described_at)), (DCAT.landingPage, URIRef(it.page)), (DCTERMS.publisher, publisher), (DCAT.contactPoint, contact),
        (DCTERMS.license, licence), (DCTERMS.accessRights, rights))  # fmt: skip
    for one in it.datasets:
        node, period = here(one.name), here(f"{one.name}-periode")
        theme = typed(f"{_EU}/data-theme/{one.theme}", URIRef("http://www.w3.org/2004/02/skos/core#Concept"))
        put(catalogue, (DCAT.dataset, node))
        put(service, (DCAT.servesDataset, node))
        put(node, (RDF.type, DCAT.Dataset), (DCTERMS.identifier, Literal(str(node))), (DCTERMS.title, said(one.title)),
            (DCTERMS.description, said(one.description)), (DCAT.theme, theme), (DCTERMS.publisher, publisher),
            (DCAT.contactPoint, contact), (DCTERMS.accrualPeriodicity, often), (DCTERMS.spatial, country),
            (DCTERMS.language, language), (DCTERMS.license, licence), (DCTERMS.accessRights, rights),
            (DCAT.landingPage, URIRef(it.page)),
            (DCTERMS.issued, at(min(file.issued for file in one.distributions))),
            (DCTERMS.modified, at(max(file.modified for file in one.distributions))))  # fmt: skip
        put(node, *((DCAT.keyword, said(word)) for word in one.keywords))
        if one.since is not None:
            put(node, (DCTERMS.temporal, period))
            put(period, (RDF.type, DCTERMS.PeriodOfTime), (DCAT.startDate, Literal(one.since)))
        for file in one.distributions:
            part, check = here(file.name), here(f"{file.name}-empreinte")
            put(node, (DCAT.distribution, part))
            put(part, (RDF.type, DCAT.Distribution), (DCTERMS.title, said(file.title)), (DCAT.accessURL, URIRef(it.page)),
                (DCAT.downloadURL, URIRef(file.url)), (DCTERMS.license, licence), (DCTERMS.language, language),
                (DCAT.byteSize, Literal(file.size, datatype=XSD.nonNegativeInteger)), (spdx.checksum, check),
                (DCTERMS.issued, at(file.issued)), (DCTERMS.modified, at(file.modified)),
                (dcatap.availability, URIRef(STABLE)),
                (DCTERMS["format"], typed(FILE_TYPES[file.name.rpartition(".")[2]], DCTERMS.MediaTypeOrExtent)))  # fmt: skip
            if file.media_type in REGISTERED:
                put(part, (DCAT.mediaType, typed(f"{IANA}/{file.media_type}", DCTERMS.MediaType)))
            put(check, (RDF.type, spdx.Checksum), (spdx.algorithm, URIRef(SHA256)),
                (spdx.checksumValue, Literal(file.sha256, datatype=XSD.hexBinary, normalize=False)))  # fmt: skip
    return graph
