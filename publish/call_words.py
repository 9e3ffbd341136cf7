"""What the ways to a call are called, the short word each has in an address, and a text that is ready to be posted there."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from babel.dates import format_date

from app import clock
from app.extensions import gettext as _
from publish.call_models import Call, CallState, Channel

# Leaflets carry these: none may change.
CODES = {
    Channel.SITE: "site",
    Channel.FACEBOOK: "fb",
    Channel.LINKEDIN: "in",
    Channel.WHATSAPP: "wa",
    Channel.SMS: "sms",
    Channel.MAIL: "mail",
    Channel.POSTER: "aff",
    Channel.COUNTER: "gui",
    Channel.MEDIATOR: "med",
    Channel.PHONE: "tel",
}
CHANNEL_OF = {code: channel for channel, code in CODES.items()}
# What follows the question mark: by which way somebody comes, and, once they are counted, came.
COMES, CAME = "par", "vu"
# What each takes of a text: Facebook and LinkedIn say so in their help pages, an SMS is 160 letters of the alphabet of
# 3GPP TS 23.038. A text for the others is read on a sheet or a screen, where the question stands whole.
LONGEST = {Channel.FACEBOOK: 63_206, Channel.LINKEDIN: 3_000, Channel.SMS: 160}
# Of that alphabet, what French uses beside the letters of ASCII.
_IN_AN_SMS = frozenset("éèàùÉÇÄÖÜäöüñ\n")


def channel_word(channel: Channel) -> str:
    return {
        Channel.SITE: _("Site"),
        Channel.FACEBOOK: "Facebook",
        Channel.LINKEDIN: "LinkedIn",
        Channel.WHATSAPP: "WhatsApp",
        Channel.SMS: "SMS",
        Channel.MAIL: _("Courriel"),
        Channel.POSTER: _("Affiche"),
        Channel.COUNTER: _("Guichet"),
        Channel.MEDIATOR: _("Médiateur"),
        Channel.PHONE: _("Téléphone"),
    }[channel]


def state_word(call: Call) -> str:
    if call.is_coming:
        return _("À venir")
    return {
        CallState.DRAFT: _("En préparation"),
        CallState.OPEN: _("Ouvert"),
        CallState.CLOSED: _("Fermé"),
        CallState.ANSWERED: _("Fermé, bilan publié"),
    }[call.state_now]


def given_channel(code: str) -> Channel:
    """The way that an address or a form names; the site where it names none."""
    return CHANNEL_OF.get(code, Channel.SITE)


def address(slug: str) -> str:
    return f"/appels/{slug}"


def link(public_url: str, slug: str, channel: Channel) -> str:
    return f"{public_url}{address(slug)}?{COMES}={CODES[channel]}"


@dataclass(frozen=True)
class Post:
    """What is handed on by one way: the link that is counted for it, a ready text, and what opens the network with it."""

    channel: Channel
    word: str
    link: str
    text: str
    href: str


def posts(public_url: str, slug: str, title: str, question: str, closes_at: datetime) -> list[Post]:
    found = []
    for channel in Channel:
        there = link(public_url, slug, channel)
        text = ready_text(channel, title, question, closes_at, there)
        found.append(
            Post(channel, channel_word(channel), there, text, _opened_with(channel, title, text, there))
        )
    return found


def ready_text(channel: Channel, title: str, question: str, closes_at: datetime, there: str) -> str:
    """Title, question, last day and link, within what the network takes."""
    longest = LONGEST.get(channel)
    if channel is Channel.SMS:
        # The link has to arrive whole; of the question as much as there is room for.
        assert longest is not None
        return f"{_shortened(_for_an_sms(question), longest - len(there) - 1)} {there}".strip()
    until = _("Répondez avant le %(day)s :", day=format_date(clock.local(closes_at), "d MMMM", locale="fr"))
    text = f"{title}\n{question}\n\n{until}\n{there}"
    return text if longest is None else text[:longest]


def _for_an_sms(text: str) -> str:
    """In the letters of one SMS: a single other one would halve the room there is."""
    plain = re.sub(r"«\s*|\s*»", '"', text.replace("’", "'").replace("œ", "oe").replace("…", "..."))
    out = []
    for letter in unicodedata.normalize("NFC", plain):
        if letter in _IN_AN_SMS or " " <= letter <= "z" and letter not in "[\\]^`":
            out.append(letter)
            continue
        base = unicodedata.normalize("NFKD", letter)
        out.append("".join(part for part in base if " " <= part <= "z" and part not in "[\\]^`"))
    # What French sets apart by a space stands close there, which spares room.
    return re.sub(r" +([?!;:])(?= |$)", r"\1", " ".join("".join(out).split()))


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return text[: max(0, longest - 3)].rpartition(" ")[0] + "..." if longest > 3 else ""


def _opened_with(channel: Channel, title: str, text: str, there: str) -> str:
    said, link_said = quote(text, safe=""), quote(there, safe="")
    return {
        Channel.FACEBOOK: f"https://www.facebook.com/sharer/sharer.php?u={link_said}",
        Channel.LINKEDIN: f"https://www.linkedin.com/sharing/share-offsite/?url={link_said}",
        Channel.WHATSAPP: f"https://wa.me/?text={said}",
        Channel.SMS: f"sms:?&body={said}",
        Channel.MAIL: f"mailto:?subject={quote(title, safe='')}&body={said}",
    }.get(channel, "")
