/* SPDX-License-Identifier: ISC */
/* The preamble before TLS, each turn of the server fed at once and in pieces: the result must not depend on the
 * pieces, and the go-ahead must be the end of a dialogue in which we said all that we had to say. */
#include "protocol/starttls.h"

#include <string.h>

#include "../fuzz.h"

#define BYTES_MAX 100000 /* beyond the bound of all that a server may say */

struct verdict {
    enum starttls_result result;
    struct failure failure;
    char *greeting; /* the caller frees it */
    size_t length;
    bool asked;     /* the last that we said was to start TLS */
};

/* Feeds copies of each piece in memory of its very size. */
static enum starttls_result feed(struct starttls *starttls, const uint8_t *bytes, size_t length, unsigned seed,
                                 struct failure *failure)
{
    enum starttls_result result = STARTTLS_MORE;

    for (size_t given = 0, piece; given < length; given += piece) {
        char *exact;

        piece = seed ? 1 + seed % 17 : length;
        piece = piece < length - given ? piece : length - given;
        seed = seed * 33 + (seed > 0);
        exact = malloc(piece);
        MUST(exact);
        memcpy(exact, bytes + given, piece);
        result = starttls_feed(starttls, exact, piece, failure);
        free(exact);
    }
    return result;
}

static void send_all(struct starttls *starttls, struct verdict *verdict)
{
    size_t length;
    const char *output = starttls_output(starttls, &length);

    MUST((output == NULL) == (length == 0));
    if (!output)
        return;
    MUST(length > 2 && memcmp(output + length - 2, "\r\n", 2) == 0);
    verdict->asked = memmem(output, length, "STARTTLS", 8) || memmem(output, length, "STLS", 4);
    starttls_sent(starttls, length);
}

/* The turns of the server stand between bars; its stream ends with the last. */
static void walk(const struct protocol *protocol, const uint8_t *at, const uint8_t *end, unsigned seed,
                 struct verdict *verdict)
{
    struct starttls *starttls = starttls_new(protocol, NULL, "host.example.net");
    struct failure failure;

    MUST(starttls);
    memset(verdict, 0, sizeof *verdict);
    while (at < end && verdict->result == STARTTLS_MORE) {
        const uint8_t *bar = memchr(at, '|', (size_t)(end - at));
        const uint8_t *stop = bar ? bar : end;

        if (stop > at)
            verdict->result = feed(starttls, at, (size_t)(stop - at), seed, &verdict->failure);
        send_all(starttls, verdict);
        at = stop + 1;
    }
    if (verdict->result == STARTTLS_MORE) {
        verdict->result = starttls_feed(starttls, NULL, 0, &verdict->failure);
        MUST(verdict->result == STARTTLS_FAILED && verdict->failure.class == FAILURE_TEMPORARY);
    }
    verdict->greeting = starttls_take_greeting(starttls, &verdict->length);
    MUST(starttls_feed(starttls, "x", 1, &failure) == STARTTLS_FAILED);
    starttls_free(starttls);
}

static void look_at_failure(const struct failure *failure)
{
    MUST(memchr(failure->what, '\0', sizeof failure->what) && *failure->what);
    for (const char *c = failure->what; *c; c++)
        MUST(*c >= 0x20 && *c <= 0x7e);
}

static void look_at_greeting(const struct protocol *protocol, const char *bytes, size_t length)
{
    MUST(length <= STARTTLS_BYTES_MAX && !memchr(bytes, '\0', length));
    MUST(length > 2 && memcmp(bytes + length - 2, "\r\n", 2) == 0);
    for (size_t i = 0; i < length; i++)
        MUST(bytes[i] == '\r' ? i + 1 < length && bytes[i + 1] == '\n' : bytes[i] != '\n' || bytes[i - 1] == '\r');
    if (strcmp(protocol->section, "imap") == 0)
        MUST(memcmp(bytes, "* OK ", 5) == 0 && bytes[5] != '[' && bytes[5] != ' ');
}

/* The first byte names the protocol, the second says how the rest is cut. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct verdict whole, pieces;
    const struct protocol *protocol;

    if (length < 2 || length > BYTES_MAX)
        return 0;
    protocol = protocol_row(bytes[0] % 6u);
    MUST(protocol && starttls_knows(protocol));
    walk(protocol, bytes + 2, bytes + length, 0, &whole);
    walk(protocol, bytes + 2, bytes + length, bytes[1] + 1u, &pieces);
    MUST(whole.result == pieces.result && whole.length == pieces.length && whole.asked == pieces.asked);
    if (whole.result == STARTTLS_FAILED) {
        look_at_failure(&whole.failure);
        MUST(strcmp(whole.failure.what, pieces.failure.what) == 0 && whole.failure.class == pieces.failure.class);
        MUST(!whole.greeting && !pieces.greeting);
    } else {
        MUST(whole.asked);
        MUST((whole.greeting == NULL) == (strcmp(protocol->section, "managesieve") == 0));
        if (whole.greeting) {
            look_at_greeting(protocol, whole.greeting, whole.length);
            MUST(memcmp(whole.greeting, pieces.greeting, whole.length) == 0);
        }
    }
    free(whole.greeting);
    free(pieces.greeting);
    return 0;
}
