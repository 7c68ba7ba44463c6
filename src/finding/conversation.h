/* SPDX-License-Identifier: ISC */
/* One process of the helper `findproxy` and what is said with it (talk.h), from its start to its end.  It is foreign
 * code's: what it says is bounded and checked, and one that is slow, or says what it must not, is killed. */
#ifndef SALLYPORT_CONVERSATION_H
#define SALLYPORT_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/resolver.h"

#define CONVERSATION_ANSWER_MS 5000u   /* to read the script, and for each answer; look-ups are not counted */
#define CONVERSATION_LOOKUPS_MS 30000u /* all look-ups of one question, or one if resolve_ms is longer */

struct conversation;

enum conversation_news {
    CONVERSATION_READY,  /* it may be asked */
    CONVERSATION_ANSWER, /* text is what was said */
    CONVERSATION_PAC,    /* text is the URL of the PAC file that the desktop has */
    CONVERSATION_FAULT,  /* instead of READY or an answer; text says why */
    CONVERSATION_ENDED,  /* the process is gone; text says why.  Nothing more is told */
};

/* text: length bytes and a NUL, borrowed, without control characters.  Never called from within a function of this
 * header; the conversation may be freed within. */
typedef void conversation_fn(void *arg, enum conversation_news news, const char *text, size_t length);

struct conversation_params {
    struct loop *loop;
    struct resolver *resolver;
    uint32_t resolve_ms;    /* limit of one look-up */
    const char *program;    /* path of findproxy */
    const char *name;       /* for the log; borrowed */
    const char *script;     /* of a PAC file, borrowed until READY; NULL: it is started for SYSTEM */
    size_t length;
    conversation_fn *news;
    void *arg;
};

/* Starts the process and tells it the script.  NULL: it cannot be started, and error, which has size bytes, says why
 * and what to do. */
struct conversation *conversation_start(const struct conversation_params *params, char *error, size_t size);

/* Kills the process.  NULL is fine. */
void conversation_free(struct conversation *conversation);

/* Asks, after READY and after the last answer.  host is not used for SYSTEM.  False: there are blanks or control
 * characters in it, or it is too long; nothing was asked. */
bool conversation_ask(struct conversation *conversation, const char *url, const char *host);

/* Whether there was trouble in looking up a name, other than that there is no such name: for the script to be read, or
 * for the present question.  What it says then may be wrong tomorrow. */
bool conversation_is_doubtful(const struct conversation *conversation);

#endif
