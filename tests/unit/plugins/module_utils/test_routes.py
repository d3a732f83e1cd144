# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to the service, tried on this machine; peers that never end their answer hold nobody."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.devfleet.codex.plugins.module_utils import _dotenv
from ansible_collections.devfleet.codex.plugins.module_utils._observations import Routes
from ansible_collections.devfleet.codex.plugins.module_utils._proxy_reading import (
    read_dotenv,
    read_proxies,
)
from ansible_collections.devfleet.codex.plugins.module_utils._routes import is_listening, routes
from support.certificates import Certificates, make_certificates
from support.ports import dead_port
from support.proxy import Proxy
from support.service import Service

SOON = 0.3
LONG = 20.0


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def service(certificates: Certificates) -> t.Iterator[Service]:
    with Service(tls=certificates.server_context()) as made:
        yield made


@contextlib.contextmanager
def peer(answer: t.Callable[[socket.socket], None]) -> t.Iterator[int]:
    """Run `answer` for each connection of a port, until the port is no longer needed."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _address = server.accept()
                    threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), connection:
                answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield int(server.getsockname()[1])


@pytest.mark.parametrize("mode", ["ok", "http-403", "http-502"])
def test_any_status_is_an_answer_without_a_certificate(service: Service, mode: str) -> None:
    service.http = mode
    assert routes(*service.address, None, None, LONG) == Routes("127.0.0.1", True, None, None)


def test_a_service_without_tls_is_asked_as_one() -> None:
    with Service() as plain:
        assert routes(*plain.address, None, None, LONG, scheme="http").direct is True
        assert routes(*plain.address, None, None, LONG).direct is False


def test_each_way_is_tried(service: Service) -> None:
    with contextlib.ExitStack() as stack:
        host, port = "127.0.0.1", stack.enter_context(dead_port())
        good = stack.enter_context(Proxy({f"{host}:{port}": service.address}))
        bad = stack.enter_context(Proxy())
        gone = f"http://127.0.0.1:{port}"
        for proxy, other, expected in (
            (good.url, None, (True, None)),
            (good.address, bad.url, (True, False)),
            (bad.url, good.url + "/", (False, True)),
            (gone, good.url, (False, True)),
            (f"socks5://{good.address}", f"https://{good.address}", (None, None)),
            ("no proxy", "", (None, None)),
        ):
            assert routes(host, port, proxy, other, LONG) == Routes(host, False, *expected)


def test_the_proxy_gets_its_credentials_and_nobody_sees_them(service: Service) -> None:
    host, port = service.address
    with Proxy({f"{host}:{port}": service.address}, credentials="dev:p@ss") as locked:
        good, bad = f"http://dev:p%40ss@{locked.address}", f"http://dev:x@{locked.address}"
        found = routes(host, port, good, bad, LONG)
    assert (found.proxy, found.other) == (True, False)
    assert "ss@" not in repr(found)


def test_one_request_without_anything_of_the_user_is_sent(service: Service) -> None:
    service.http = "ok"
    service.requests.clear()
    routes(*service.address, None, None, LONG)
    (request,) = service.requests
    assert (request.method, request.path, request.authorization) == ("HEAD", "/", None)


def silent(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    time.sleep(LONG)


def dripping(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"H")
        time.sleep(0.02)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"name: value\r\n" * 500)


def no_http(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example.com\r\n")


def cut(connection: socket.socket) -> None:
    connection.recv(1)


@pytest.mark.parametrize("answer", [silent, dripping, endless, no_http, cut])
def test_no_peer_holds_the_answer_back(answer: t.Callable[[socket.socket], None]) -> None:
    with peer(answer) as port:
        proxy = f"http://127.0.0.1:{port}"
        found = bounded(lambda: routes("127.0.0.1", port, proxy, proxy, SOON, scheme="https"))
    assert (found.direct, found.proxy, found.other) == (False, False, False)


def test_what_speaks_no_http_has_not_answered() -> None:
    with peer(no_http) as port:
        assert routes("127.0.0.1", port, None, None, LONG, scheme="http").direct is False


def test_a_name_that_is_looked_up_for_ever_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def searching(*_: object) -> socket.socket:
        time.sleep(LONG)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "create_connection", searching)
    assert bounded(lambda: routes("slow.invalid", 443, None, None, SOON)).direct is False


def bounded(call: t.Callable[[], Routes]) -> Routes:
    """Return what `call` does, which must be well before a peer gives up."""
    found: list[Routes] = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(LONG / 2)
    assert found, "the answer was held back"
    return found[0]


@pytest.mark.parametrize("host", ["", "a b", "h\r\nX: y", "é", "a" * 300])
def test_a_host_that_is_none_is_not_asked(host: str) -> None:
    assert routes(host, 443, "http://127.0.0.1:1", None, LONG) == Routes(host, None, None, None)


def test_only_a_refusal_proves_that_nothing_listens(service: Service) -> None:
    assert is_listening(*service.address, LONG)
    with dead_port() as port:
        assert not is_listening("127.0.0.1", port, LONG)
    assert is_listening("no\0host", 1, LONG)


def test_dotenv_is_read_with_its_link_followed(tmp_path: pathlib.Path) -> None:
    assert read_dotenv(str(tmp_path)) == (None, None)
    (tmp_path / "real").write_bytes(b"A=1\n")
    (tmp_path / ".env").symlink_to("real")
    assert read_dotenv(str(tmp_path)) == (b"A=1\n", None)


def make_directory(path: pathlib.Path) -> None:
    path.mkdir()


def make_large(path: pathlib.Path) -> None:
    path.write_bytes(b"#" * (_dotenv.SIZE_LIMIT + 1))


def make_loop(path: pathlib.Path) -> None:
    path.symlink_to(path)


UNREADABLE: dict[t.Callable[[pathlib.Path], t.Any], str] = {
    make_directory: "is a directory",
    os.mkfifo: "is not a regular file",
    make_large: "is larger than",
    make_loop: "cannot be read",
}


@pytest.mark.parametrize("make", UNREADABLE)
def test_what_is_no_readable_file_is_named(
    tmp_path: pathlib.Path, make: t.Callable[[pathlib.Path], t.Any]
) -> None:
    make(tmp_path / ".env")
    found = read_proxies(read_dotenv(str(tmp_path)), {"HTTPS_PROXY": "http://h:1"}, None, ())
    assert UNREADABLE[make] in (found.settings.dotenv_problem or "")
    assert (found.settings.readable, found.ways.proxy) == (False, None)


def test_a_proxy_of_this_machine_that_does_not_run_is_found_dead(tmp_path: pathlib.Path) -> None:
    with dead_port() as port, Proxy() as alive:
        (tmp_path / ".env").write_text(f"HTTPS_PROXY=http://dev:s3cret@127.0.0.1:{port}\n")
        dead = read_proxies(read_dotenv(str(tmp_path)), {}, None, ())
        (tmp_path / ".env").write_text(f"HTTPS_PROXY={alive.url}\n")
        living = read_proxies(read_dotenv(str(tmp_path)), {}, None, ())
    assert [one.name for one in dead.settings.problems] == ["dead_port"]
    assert living.settings.problems == ()
    assert "s3cret" not in repr(dead)
