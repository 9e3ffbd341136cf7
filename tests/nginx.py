"""A real nginx with the configuration of deploy/nginx, in which only names, ports and paths are a test's own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import ROOT
from tests.live_server import free_port

CONFIGURATION = ROOT / "deploy" / "nginx" / "openlab.conf"
# What Debian's /etc/nginx/nginx.conf says around it, with folders that a test may write.
AROUND = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/main.log;
events {{ worker_connections 768; }}
http {{
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    gzip on;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/openlab.conf;
}}
"""


def program() -> str:
    """NGINX, the PATH, where Debian puts it, or what make/nginx.sh fetched."""
    kept = ROOT / ".cache/nginx/usr/sbin/nginx"
    names = (os.environ.get("NGINX"), "nginx", "/usr/sbin/nginx", str(kept))
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no nginx is installed (make/nginx.sh)")
    return found


class OwnNginx:
    """In front of processes at `ports`; speaks TLS at `url`, with a certificate of its own that `ca` trusts."""

    def __init__(self, folder: Path, ports: list[int]) -> None:
        self.program, self.folder, self.ports = program(), folder, ports
        self.http, self.https = free_port(), free_port()
        self.url = f"https://localhost:{self.https}"
        self.ca = str(_certificate(folder))
        self.process: subprocess.Popen[bytes] | None = None
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
        (folder / "openlab.conf").write_text(self._filled(CONFIGURATION.read_text(encoding="utf-8")))

    def _filled(self, text: str) -> str:
        servers = "".join(
            f"    server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;\n" for port in self.ports
        )
        for old, new, count in (
            # A machine may have no IPv6, and another server at 80 and 443.
            (r" *listen \[::\]:\d+[^;]*;\n", "", 4),
            (r"listen 80\b", f"listen 127.0.0.1:{self.http}", 2),
            (r"listen 443\b", f"listen 127.0.0.1:{self.https}", 2),
            (r"( *server 127\.0\.0\.1:800\d max_fails=1 fail_timeout=2s;\n)+", servers, 1),
            (r"https://openlab\.example\$", f"{self.url}$", 1),
            (r"server_name openlab\.example;", "server_name localhost;", 2),
            (r"/etc/openlab/tls/", f"{self.folder}/", 2),
            (r"/var/log/nginx/", f"{self.folder}/", 2),
            (r"/opt/openlab/current/", f"{ROOT}/", 1),
        ):
            text, found = re.subn(old, lambda _match, new=new: new, text)
            assert found == count, f"{old} stands {found} times in {CONFIGURATION.name}, not {count}"
        return text

    def start(self) -> OwnNginx:
        with (self.folder / "started.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-e", str(self.folder / "main.log"), "-c", str(self.folder / "nginx.conf")],
                stdout=log,
                stderr=log,
            )
        give_up = time.monotonic() + 10
        while True:
            try:
                self.get("/metrics")
                return self
            except requests.ConnectionError:
                assert self.process.poll() is None and time.monotonic() < give_up, self._said()
                time.sleep(0.02)

    def get(self, path: str, **more: object) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            more = {"verify": self.ca, "allow_redirects": False, "timeout": 20, **more}
            return session.get(path if "://" in path else self.url + path, **more)  # type: ignore[arg-type]

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def _said(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("*.log"))


def _certificate(folder: Path) -> Path:
    """A certificate for localhost that signs itself, as openlab.crt and openlab.key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "openlab.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate = folder / "openlab.crt"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return certificate
