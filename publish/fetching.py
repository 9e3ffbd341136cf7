"""One look at an address outside, which can never become a look at an address inside.

What an author writes into a text is called by this server: without care that is a way to its neighbours (OWASP,
Server Side Request Forgery). So a name is resolved here, every address it has must be public, the connection goes to
the address that was looked at and not to the name, and each redirect is judged anew. No proxy, no cookie, no body.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Seconds for the connection and for each read.
PATIENCE = 10.0
REDIRECTS = 5
PORTS = {"http": 80, "https": 443}
AGENT = "OpenLab-links/1 (+{about})"
# Prefixes whose IPv6 addresses carry an IPv4 address in their last 32 bits (RFC 6052, RFC 8215, RFC 4291 2.5.5).
_CARRIERS = tuple(
    ipaddress.IPv6Network(prefix) for prefix in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")
)


# Not global by the registries (RFC 6890), which the standard library of Python 3.11 does not say of all of them.
_ASIDE = tuple(
    ipaddress.ip_network(prefix) for prefix in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "5f00::/16")
)


class Inside(Exception):
    """The address does not lead to a public place, or not in a way that is looked at."""


class Unreachable(Exception):
    """Nobody answered in time, or not as a web server does. The message is a short code."""


@dataclass(frozen=True)
class Seen:
    """What an address answered: the status of the last of its redirects, and where that was."""

    status: int
    address: str


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, whatever other address is wrapped in it."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        wrapped += [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) for net in _CARRIERS if address in net]
        if not all(is_public(inner) for inner in wrapped if inner is not None):
            return False
        if address.ipv4_mapped is not None:
            return True
    if any(address.version == net.version and address in net for net in _ASIDE):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def public_addresses(host: str, port: int) -> list[Address]:
    """The addresses of a name, all of them public. Raises Inside when one is not, Unreachable when there are none.

    One address inside is enough to refuse: who owns the name chooses which of them is used.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("name") from None
    addresses = [ipaddress.ip_address(str(place[0]).split("%", 1)[0]) for *_kind, place in found]
    if not addresses:
        raise Unreachable("name")
    if not all(is_public(address) for address in addresses):
        raise Inside
    return addresses


@dataclass(frozen=True)
class Way:
    """How names become addresses, and which ports are called; tests stand in their own."""

    resolve: Callable[[str, int], Sequence[Address]] = public_addresses
    ports: frozenset[int] = frozenset(PORTS.values())
    about: str = ""


def look(url: str, way: Way | None = None) -> Seen:
    """Ask an address whether it is there: HEAD, and GET where HEAD is not understood. Bodies are not read.

    Raises Inside for what is never called, Unreachable (name, connect, slow, tls, answer, redirects) otherwise.
    """
    way = way or Way()
    address = url
    for _step in range(REDIRECTS + 1):
        place = _judged(address, way)
        status, following = _ask(place, "HEAD", way)
        if status >= 400:
            # Many servers answer HEAD with anything from 403 to 501 and have the page all the same.
            status, following = _ask(place, "GET", way)
        if following is None:
            return Seen(status, address)
        address = urljoin(address, following)
    raise Unreachable("redirects")


@dataclass(frozen=True)
class _Place:
    """An address that may be called, as the resolver and the connection need it."""

    secure: bool
    host: str
    port: int
    path: str


def _judged(address: str, way: Way) -> _Place:
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS.get(parts.scheme, 0)
        # As the resolver will read it: a name that is none is refused here and not guessed at there.
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise Inside from None
    if parts.scheme not in PORTS or not host or parts.username is not None or parts.password is not None:
        raise Inside
    if port not in way.ports:
        raise Inside
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    return _Place(parts.scheme == "https", host, port, path + query)


def _ask(place: _Place, method: str, way: Way) -> tuple[int, str | None]:
    """(status, where it redirects to)."""
    addresses = way.resolve(place.host, place.port)
    connection = http.client.HTTPConnection(place.host, place.port, timeout=PATIENCE)
    try:
        connection.sock = _connected(addresses, place)
        connection.request(
            method, place.path, headers={"User-Agent": AGENT.format(about=way.about), "Accept": "*/*"}
        )
        answer = connection.getresponse()
        following = answer.getheader("Location") if answer.status in (301, 302, 303, 307, 308) else None
        return answer.status, following
    except TimeoutError:
        raise Unreachable("slow") from None
    except (http.client.HTTPException, OSError, ValueError):
        raise Unreachable("answer") from None
    finally:
        connection.close()


def _connected(addresses: Sequence[Address], place: _Place) -> socket.socket:
    """A connection to one of the very addresses that were judged, never to the name again."""
    last: Exception = OSError()
    for address in addresses[:3]:
        try:
            plain = socket.create_connection((str(address), place.port), timeout=PATIENCE)
        except OSError as error:
            last = error
            continue
        if not place.secure:
            return plain
        try:
            return ssl.create_default_context().wrap_socket(plain, server_hostname=place.host)
        except (ssl.SSLError, OSError):
            plain.close()
            raise Unreachable("tls") from None
    raise Unreachable("slow" if isinstance(last, TimeoutError) else "connect")
