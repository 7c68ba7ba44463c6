# SPDX-License-Identifier: ISC
"""A certificate in the hands of a real server: servers run as users who may not read the stage's own keys."""


class Identity:
    """file (the certificate and those between it and its root), key and both, owned by the server's account."""

    def __init__(self, server, certificate, name="identity"):
        chain, key = self._text(certificate.file), self._text(certificate.key)
        self.file = server.file(f"{name}.pem", chain)
        self.key = server.file(f"{name}.key", key, mode=0o600)
        self.both = server.file(f"{name}.both.pem", chain + key, mode=0o600)

    @staticmethod
    def _text(path):
        with open(path, encoding="ascii") as file:
            return file.read()
