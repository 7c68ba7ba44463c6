# SPDX-License-Identifier: ISC
"""How a proxy asks who comes: one class a scheme.  Each verifies what can be verified without more programs, so that
nobody gets through who has saved a round trip by leaving something out."""
import base64
import hashlib
import os
import re

from kit.real.ntlm_helper import challenge, verdict

USER, PASSWORD = "jane", "tick-tock"
REALM = "far"
GSS = b"\x60"
"""The first byte of a token that begins a security context (RFC 2743 section 3.1).  What is in it only the KDC could
tell."""


def _words(text):
    """The parameters of a challenge or of credentials."""
    return {name.lower(): quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', text)}


def _hash(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


class Nobody:
    """Everybody may."""

    def challenge(self, method, said):
        """None: let in.  Else what to ask for.  method: of the request; said: the credentials in it, or ""."""
        return None

    def farewell(self):
        """Fields of the answer that lets in."""
        return []


class Basic(Nobody):
    def challenge(self, method, said):
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        scheme, _, coded = said.partition(" ")
        return None if scheme.lower() == "basic" and coded == wanted else f'Basic realm="{REALM}"'


class Digest(Nobody):
    """Nonces are known by all connections of a run, and never grow stale."""

    nonces, once, tells_next = set(), False, False

    def challenge(self, method, said):
        words = _words(said)
        nonce = words.get("nonce")
        if said.startswith("Digest ") and nonce in self.nonces:
            proof = _hash(_hash(USER, REALM, PASSWORD), nonce, words["nc"], words["cnonce"], words["qop"],
                          _hash(method, words["uri"]))
            if proof == words["response"]:
                if self.once:
                    self.nonces.discard(nonce)
                return None
        return f'Digest realm="{REALM}", nonce="{self._nonce()}", qop="auth", algorithm=MD5'

    def _nonce(self):
        nonce = os.urandom(12).hex()
        self.nonces.add(nonce)
        return nonce

    def farewell(self):
        return [f'Proxy-Authentication-Info: nextnonce="{self._nonce()}"'] if self.tells_next else []


class DigestOnce(Digest):
    """Each nonce is good for one request."""

    once = True


class DigestNext(DigestOnce):
    """And an answer names the next one (RFC 7616 section 3.5)."""

    tells_next = True


class Ntlm(Nobody):
    """Of one connection."""

    def __init__(self):
        self._nonce = None

    def challenge(self, method, said):
        scheme, _, coded = said.partition(" ")
        message = base64.b64decode(coded) if scheme == "NTLM" else b""
        if message[8:12] == b"\1\0\0\0":
            self._nonce = os.urandom(8)
            return "NTLM " + base64.b64encode(challenge(self._nonce)).decode()
        try:
            verdict(message, self._nonce, {USER: PASSWORD})
            return None
        except ValueError:
            return "NTLM"


class Negotiate(Nobody):
    def challenge(self, method, said):
        scheme, _, coded = said.partition(" ")
        return None if scheme == "Negotiate" and base64.b64decode(coded).startswith(GSS) else "Negotiate"


SCHEMES = {"none": Nobody, "basic": Basic, "digest": Digest, "ntlm": Ntlm, "negotiate": Negotiate,
           "digest1": DigestOnce, "digest_next": DigestNext}
