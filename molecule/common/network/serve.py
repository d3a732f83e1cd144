# Copyright (c) 2026, the devfleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play the service's hosts on port 443; WebSockets and HTTP both work here."""

from __future__ import annotations

import signal
import ssl
import sys

sys.path.insert(0, "/srv/tests")

from support.service import Service


def main() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("/srv/certificates/server.pem")
    with Service(tls=context, listen=("0.0.0.0", 443)):
        signal.sigwait([signal.SIGTERM, signal.SIGINT])


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    main()
