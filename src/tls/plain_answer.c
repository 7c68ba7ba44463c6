/* SPDX-License-Identifier: ISC */
#include "tls/plain_answer.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#include "base/page_text.h"

#define READ_MAX 4096  /* bytes of the answer that are looked at: what is worth to be quoted stands at the start */
#define QUOTED_MAX 48  /* bytes of it that are quoted as they are */
#define WORDS_MAX 160  /* bytes of the words of a page, with the NUL */

static bool begins(const char *said, size_t length, const char *with)
{
    return length >= strlen(with) && strncasecmp(said, with, strlen(with)) == 0;
}

/* Where the page begins: behind the head of an HTTP answer, if there is one.  It may not have come. */
static size_t page_at(const char *said, size_t length)
{
    const char *end = memmem(said, length, "\r\n\r\n", 4);

    if (!begins(said, length, "HTTP/"))
        return 0;
    return end ? (size_t)(end - said) + 4 : length;
}

void plain_answer_fail(const void *first, size_t length, struct transport *below, struct failure *failure)
{
    char said[READ_MAX], words[WORDS_MAX];
    size_t at, page;
    ssize_t got;
    bool http, page_only;

    at = length < sizeof said ? length : sizeof said;
    memcpy(said, first, at);
    while (at < sizeof said && (got = transport_recv(below, said + at, sizeof said - at)) > 0)
        at += (size_t)got;
    http = begins(said, at, "HTTP/");
    page_only = begins(said, at, "<!doctype html") || begins(said, at, "<html");
    failure_set(failure, FAILURE_PERMANENT, FAILURE_THEY "does not speak TLS here%s",
                http ? ", but HTTP without TLS: perhaps a captive portal or login page"
                : page_only ? ", but sends a web page: most likely a captive portal or login page" : "");
    failure->cause = CAUSE_NOT_TLS;
    failure_note(failure, "answer", said, at < QUOTED_MAX ? at : QUOTED_MAX);
    page = page_at(said, at);
    if ((http || page_only) && page_text(said + page, at - page, words, sizeof words) > 0)
        failure_note(failure, "body", words, strlen(words));
}
