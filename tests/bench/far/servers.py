# SPDX-License-Identifier: ISC
"""Mail and news servers that greet, and, where they are asked for it, begin TLS.  They speak first, as all of these
protocols do, and do nothing else."""

IMAP = "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready"
SILENT_IMAP = "* OK ready"

OFFERS = {
    "CAPABILITY": "* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK done",
    "EHLO": "250-far.example.net\r\n250-PIPELINING\r\n250 STARTTLS",
    "CAPA": "+OK\r\nSTLS\r\n.",
    "CAPABILITIES": "101 these\r\nVERSION 2\r\nREADER\r\nSTARTTLS\r\n.",
}
"""Answers to the commands that ask what a server can do."""

CONSENTS = {"imap": "{tag} OK begin", "smtp": "220 begin", "pop3": "+OK begin", "nntp": "382 begin",
            "managesieve": 'OK "begin"'}
"""Answers to the command for TLS."""

GREETINGS = {"imap": IMAP, "imap_terse": SILENT_IMAP, "smtp": "220 far.example.net ESMTP", "pop3": "+OK ready",
             "nntp": "200 ready", "managesieve": '"IMPLEMENTATION" "far"\r\n"STARTTLS"\r\nOK "ready"'}


def greets(text=IMAP):
    """A server that greets and then listens to nothing in particular."""
    async def serve(reader, writer):
        writer.write(text.encode() + b"\r\n")
        while await reader.read(4096):
            pass

    return serve


def begins_tls(kind, context):
    """A server of that kind (a name of GREETINGS) which begins TLS when it is asked to."""
    async def serve(reader, writer):
        writer.write(GREETINGS[kind].encode() + b"\r\n")
        while line := await reader.readline():
            words = line.decode("latin-1").split()
            tag = words[0] if kind.startswith("imap") else ""
            verb = words[1 if tag else 0].upper()
            if verb in ("STARTTLS", "STLS"):
                writer.write(CONSENTS[kind.partition("_")[0]].format(tag=tag).encode() + b"\r\n")
                await writer.start_tls(context)
                break
            writer.write(OFFERS[verb].format(tag=tag).encode() + b"\r\n")
        if kind == "managesieve":  # tells anew what it can do (RFC 5804 section 2.2)
            writer.write(b'"IMPLEMENTATION" "far"\r\nOK\r\n')
        while await reader.read(4096):
            pass

    return serve
