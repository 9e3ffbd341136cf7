"""Starts real providers (tests/app/oidc_provider.mjs) for the tests, and says how the portal is told of them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from config import ROOT
from tests.live_server import free_port

PROFILES = ("franceconnect", "google", "bare")
SECRET = "un secret de test : 100 % / + &"


@dataclass
class RealProvider:
    """npm oidc-provider in a process of its own."""

    profile: str
    portal: str
    log: Path
    port: int = 0
    process: subprocess.Popen[str] | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> RealProvider:
        self.port = self.port or free_port()
        told = {"profile": self.profile, "port": self.port, "portal": self.portal, "name": self.profile}
        self.process = subprocess.Popen(
            ["node", "tests/app/oidc_provider.mjs", json.dumps(told)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self.log.open("ab"),
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == "ready":
                return self
        raise AssertionError(f"the provider did not come up:\n{self.log.read_text()[-3000:]}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def environ(self, **more: str) -> dict[str, str]:
        """The variables by which the portal knows it."""
        values = {"ISSUER": self.issuer, "CLIENT_ID": "open-lab", "LABEL": self.profile.capitalize(), **more}
        if self.profile != "bare":
            values.setdefault("CLIENT_SECRET", SECRET)
        if self.profile == "franceconnect":
            values.setdefault("ACR", "eidas1")
        return {f"OIDC_{self.profile.upper()}_{name}": value for name, value in values.items()}
