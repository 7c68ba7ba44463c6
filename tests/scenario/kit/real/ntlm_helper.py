#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An authenticator for squid's `auth_param ntlm` that knows users and passwords, with NTLMv2 of [MS-NLMP]; squid's own
fake lets everybody in.  Its argument is a file of lines NAME:PASSWORD.  A dialogue of its own with each connection:
YR and the client's first message are answered with a challenge, KK and its second with yes or no."""
import base64
import hmac
import os
import struct
import sys

DOMAIN = "TEST".encode("utf-16-le")
UNICODE, NTLM, ALWAYS_SIGN = 0x1, 0x200, 0x8000
TARGET_IS_DOMAIN, SESSION, TARGET_INFO = 0x10000, 0x80000, 0x800000
NAME_OF_DOMAIN = struct.pack("<HH", 2, len(DOMAIN)) + DOMAIN
"""The one attribute that the challenge tells; a list of them ends with four zeros."""


def md4(data):
    """RFC 1320; OpenSSL no longer has it."""
    mask = 0xFFFFFFFF
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    data += b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack("<Q", 8 * len(data))
    rounds = ((lambda x, y, z: x & y | ~x & z, 0, range(16), (3, 7, 11, 19)),
              (lambda x, y, z: x & y | x & z | y & z, 0x5A827999,
               (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), (3, 5, 9, 13)),
              (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1,
               (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15), (3, 9, 11, 15)))
    for start in range(0, len(data), 64):
        words = struct.unpack_from("<16I", data, start)
        a, b, c, d = state
        for mix, added, order, shifts in rounds:
            for step, word in enumerate(order):
                total = (a + mix(b, c, d) + words[word] + added) & mask
                shift = shifts[step % 4]
                a, b, c, d = d, (total << shift | total >> 32 - shift) & mask, b, c
        state = [(old + new) & mask for old, new in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def keyed(key, *parts):
    return hmac.digest(key, b"".join(parts), "md5")


def challenge(nonce):
    """The server's message."""
    flags = UNICODE | NTLM | ALWAYS_SIGN | TARGET_IS_DOMAIN | SESSION | TARGET_INFO
    told = NAME_OF_DOMAIN + bytes(4)
    return (b"NTLMSSP\0" + struct.pack("<IHHII", 2, len(DOMAIN), len(DOMAIN), 48, flags) + nonce + bytes(8) +
            struct.pack("<HHI", len(told), len(told), 48 + len(DOMAIN)) + DOMAIN + told)


def verdict(message, nonce, users):
    """The name that the client's last message proves; ValueError, saying why, when it proves none."""
    def part(at):
        length, _, offset = struct.unpack_from("<HHI", message, at)
        return message[offset:offset + length]

    if message[:12] != b"NTLMSSP\0\3\0\0\0" or nonce is None:
        raise ValueError("out of order")
    answer, domain, said = part(20), part(28).decode("utf-16-le"), part(36).decode("utf-16-le")
    user = next((name for name in users if name.upper() == said.upper()), None)  # as Windows does
    if user is None:
        raise ValueError("unknown user")
    key = keyed(md4(users[user].encode("utf-16-le")), (user.upper() + domain).encode("utf-16-le"))
    if not hmac.compare_digest(answer[:16], keyed(key, nonce, answer[16:])):
        raise ValueError("wrong password")
    return user


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        users = dict(line.rstrip("\n").split(":", 1) for line in file)
    nonce = None
    for line in sys.stdin:
        verb, _, coded = line.strip().partition(" ")
        if verb == "YR":
            nonce = os.urandom(8)
            print("TT", base64.b64encode(challenge(nonce)).decode(), flush=True)
        elif verb == "KK":
            try:
                print("AF", verdict(base64.b64decode(coded), nonce, users), flush=True)
            except (ValueError, struct.error) as error:
                print("NA", error, flush=True)
            nonce = None
        else:
            print("BH what is that?", flush=True)


if __name__ == "__main__":
    main()
