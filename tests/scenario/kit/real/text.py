# SPDX-License-Identifier: ISC
"""Text that mail and news find hard to carry: made from a seed, so that two runs compare the same bytes."""
import random

from .inn import GROUP

LONGEST = 998
"""The longest line that RFC 5322 and RFC 5536 allow, without its end."""

ODD = (b"", b".", b"..", b"...", b".dot", b"From here", b"- dash", b" ", b"blank at the end ", b"\ttab", b"=3D=",
       "caf\u00e9 \u2603".encode(), b"\xff\xfe 8 bit", b"x" * (LONGEST - 1), b"y" * LONGEST)


def hard(size, seed=1, longest=LONGEST):
    """At least size bytes of lines with CRLF, of all lengths up to longest, some of them odd."""
    dice = random.Random(seed)
    lines = list(ODD)
    total = sum(map(len, lines))
    noise = bytes(dice.choice(b"abcdefghijklmnopqrstuvwxyz0123456789 .=+") for _ in range(3 * longest))
    while total < size:
        start = dice.randrange(2 * longest)
        line = noise[start:start + dice.randrange(longest + 1)]
        lines += [line, dice.choice(ODD)]
        total += len(lines[-1]) + len(line) + 4
    lines.append(b"the end")
    return b"".join(line + b"\r\n" for line in lines)


def letter(subject, body):
    """A message with the least of headers, all lines ended by CRLF."""
    return (b"From: bob@example.net\r\nTo: alice@example.net\r\nSubject: " + subject.encode() +
            b"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=x-unknown\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\n" + body)


def article(subject, body):
    """The same for news, in GROUP."""
    return (b"From: Bob <bob@example.net>\r\nNewsgroups: " + GROUP.encode() + b"\r\nSubject: " + subject.encode() +
            b"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=x-unknown\r\n"
            b"Content-Transfer-Encoding: 8bit\r\n\r\n" + body)


def body_of(message):
    """What follows the empty line after the header."""
    return message.partition(b"\r\n\r\n")[2]
