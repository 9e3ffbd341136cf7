"""One small tree of errors that a person may meet, each with a stable public code.

A page or JSON is made of them once, in `app.web`; a socket acknowledgement once, in `realtime.gateway`.
"""

from __future__ import annotations


class DomainError(Exception):
    """Something a person asked for cannot be done; `message` is French and says what to do next."""

    code = "invalid"
    status = 400

    def __init__(self, message: str = "", *, retry_after: float | None = None, **detail: object) -> None:
        super().__init__(message or self.code)
        self.message = message
        self.retry_after = retry_after
        self.detail = detail


class Invalid(DomainError):
    """The input is not acceptable as it stands; `detail` may name fields."""

    code, status = "invalid", 422


class Unauthenticated(DomainError):
    code, status = "unauthenticated", 401


class Refused(DomainError):
    """The person may see the thing but not do this to it."""

    code, status = "forbidden", 403


class InsufficientScope(Refused):
    """The personal token was not made for this; its person may do it. `detail` has the `scope`."""

    code = "insufficient_scope"


class Missing(DomainError):
    """There is no such thing, or the person may not know of it: both look the same."""

    code, status = "not_found", 404


class Gone(DomainError):
    """There was such a thing in public, and it is not given out any more."""

    code, status = "gone", 410


class Masked(Gone):
    """It is not given out while somebody looks into it; it may come back."""

    code = "masked"


class NotAcceptable(DomainError):
    """There is no answer in a form that the program takes."""

    code, status = "not_acceptable", 406


class MovedOn(DomainError):
    """Somebody acted first; the page that was acted from is out of date."""

    code, status = "moved_on", 409


class TooLarge(DomainError):
    code, status = "too_large", 413


class RateLimited(DomainError):
    code, status = "rate_limited", 429


class Unavailable(DomainError):
    """The database or the disk did not answer; nothing was kept, try again."""

    code, status = "unavailable", 503
