# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pretend laptop: a home with a Codex home in it, on a network of its own.

The network is one proxy that leads the client's hosts to one local service and refuses all else.
`.env` in the Codex home names that proxy, for there it beats the process environment (measured
with client 0.169.0), so that one process environment serves many laptops.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import typing as t

from .certificates import HOSTS, Certificates
from .proxy import Proxy
from .service import ACCOUNT, Service

CONFIG = b'model = "gpt-5.3-codex"\ncheck_for_update_on_startup = false\n'
_LONG_AGO = 1_700_000_000
"""A moment in 2023, in seconds since the epoch."""

PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


@dataclasses.dataclass(frozen=True)
class Laptop:
    """`executable` is where a tool is told to look for codex; it need not exist."""

    name: str
    home: pathlib.Path
    executable: pathlib.Path
    certificates: Certificates
    service: Service
    proxy: Proxy

    @property
    def codex_home(self) -> pathlib.Path:
        return self.home / ".codex"

    @property
    def config(self) -> pathlib.Path:
        return self.codex_home / "config.toml"

    def environment(self) -> dict[str, str]:
        """Return the whole environment of a client process on this laptop."""
        return {
            **process_environment(self.home, self.proxy, self.certificates),
            "CODEX_HOME": str(self.codex_home),
        }


def process_environment(
    home: pathlib.Path, proxy: Proxy, certificates: Certificates
) -> dict[str, str]:
    """Return an environment that inherits PATH alone and whose only way out is `proxy`."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "HOME": str(home),
        "CODEX_CA_CERTIFICATE": str(certificates.authority),
        "SSL_CERT_FILE": str(certificates.authority),
        **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), proxy.url),
    }


@contextlib.contextmanager
def laptop(
    folder: pathlib.Path,
    name: str,
    executable: pathlib.Path,
    certificates: Certificates,
    *,
    config: bytes | None = CONFIG,
    login: bytes | None = None,
    websocket: str = "ok",
    http: str = "ok",
) -> t.Iterator[Laptop]:
    """Make `folder/name` a laptop's home and run its network; `config` None leaves the file out."""
    home = folder / name
    codex_home = home / ".codex"
    codex_home.mkdir(parents=True, mode=0o700)
    if config is not None:
        _write_private(codex_home / "config.toml", config)
    if login is not None:
        _write_private(codex_home / "auth.json", login)
    with contextlib.ExitStack() as network:
        service = network.enter_context(
            Service(websocket=websocket, http=http, tls=certificates.server_context())
        )
        proxy = network.enter_context(Proxy({f"{host}:443": service.address for host in HOSTS}))
        proxies = "".join(f"{name}={proxy.url}\n" for name in PROXY_VARIABLES)
        settings = f"{proxies}SSL_CERT_FILE={certificates.authority}\n"
        _write_private(codex_home / ".env", settings.encode())
        # What a test says that was logged before now was logged with these settings.
        os.utime(codex_home / ".env", (_LONG_AGO, _LONG_AGO))
        yield Laptop(name, home, executable, certificates, service, proxy)


def api_key_login() -> bytes:
    """Return an auth.json with an API key that no service knows."""
    return json.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": "not-a-key"}).encode()


def chatgpt_login() -> bytes:
    """Return an auth.json with a ChatGPT login whose tokens are unsigned."""
    claims = {
        "email": "dev@example.com",
        "exp": 4102444800,
        "https://api.openai.com/auth": {
            "chatgpt_account_id": ACCOUNT,
            "chatgpt_plan_type": "plus",
            "chatgpt_user_id": "user-example",
        },
    }
    token = ".".join((_encoded({"alg": "none", "typ": "JWT"}), _encoded(claims), _encoded({})))
    tokens = {
        "id_token": token,
        "access_token": token,
        "refresh_token": "not-a-token",
        "account_id": ACCOUNT,
    }
    login = {"OPENAI_API_KEY": None, "tokens": tokens, "last_refresh": "2099-01-01T00:00:00Z"}
    return json.dumps(login).encode()


def snapshot(folder: pathlib.Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, mtime in ns and bytes of every file below `folder`, by relative path.

    `tmp` of a Codex home is left out: every start of the client writes there (client 0.169.0).
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and relative.parts[:2] != (".codex", "tmp"):
            status = path.stat()
            found[str(relative)] = (status.st_mode, status.st_mtime_ns, path.read_bytes())
    return found


def without_times(found: dict[str, tuple[int, int, bytes]]) -> dict[str, tuple[int, bytes]]:
    """Return a snapshot without its mtimes."""
    return {path: (mode, content) for path, (mode, _mtime, content) in found.items()}


def _write_private(path: pathlib.Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _encoded(part: t.Mapping[str, t.Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
