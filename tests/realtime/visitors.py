"""Somebody at the pages of a live server, beside those at its tables."""

from __future__ import annotations

import http.client
import re
from typing import Any
from urllib.parse import urlencode

from tests.scenes import token_for


class Visitor:
    """A person at the pages of the live server, with the cookies of a browser."""

    def __init__(self, server: Any, person: Any) -> None:
        self.port, self.cookies = server.port, {"openlab": token_for(person)}

    def ask(self, method: str, path: str, **form: str) -> tuple[int, str, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        line.request(method, path, urlencode(form) if form else None, headers)
        answer = line.getresponse()
        for name, value in answer.getheaders():
            if name == "Set-Cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer.status, answer.read().decode(), answer.getheader("Location") or ""

    def restore(self, draft: int, ref: str) -> tuple[int, str, str]:
        path = f"/brouillons/{draft}/historique/{ref}/restaurer"
        status, body, _where = self.ask("GET", path)
        assert status == 200, body
        found = re.search(r'name="csrf_token" value="([^"]+)"', body)
        assert found is not None
        return self.ask("POST", path, csrf_token=found[1])
