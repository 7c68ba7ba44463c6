/* SPDX-License-Identifier: ISC */
/* The helper `findproxy` as a child of ours (talk.h): started on demand, kept HELPER_KEPT_MS after its last question,
 * asked one question at a time, replaced when it dies.  What it is slow at, it is killed for; after three deaths within
 * a minute it rests.  Names are looked up for it by the resolver. */
#ifndef SALLYPORT_HELPER_H
#define SALLYPORT_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "finding/conversation.h"
#include "net/resolver.h"

#define HELPER_KEPT_MS 300000u
#define HELPER_ANSWER_MS CONVERSATION_ANSWER_MS
#define HELPER_DEATHS 3            /* within HELPER_DEATHS_MS: it rests for HELPER_REST_MS */
#define HELPER_DEATHS_MS 60000u
#define HELPER_REST_MS 60000u
#define HELPER_QUESTIONS_MAX 256   /* that wait; a further one is a failure */

struct helper;
struct helper_question;

enum helper_use { HELPER_FOR_PAC, HELPER_FOR_SYSTEM };

struct helper_params {
    struct loop *loop;
    struct resolver *resolver;
    uint32_t resolve_ms;      /* limit of one look-up */
    enum helper_use use;
    const char *program;      /* path of findproxy; NULL: findproxy_path() */
    const char *name;         /* the section's label, for the log; copied */
};

/* Nothing is started yet.  NULL: out of memory. */
struct helper *helper_new(const struct helper_params *params);

/* Ends the child; questions that wait are not answered, and are gone.  NULL is fine, and so is a call from within an
 * answer. */
void helper_free(struct helper *helper);

/* The PAC file of the questions to come; copied.  A child that has another one is ended when it has answered, and its
 * deaths are forgotten; the same one once more changes nothing.  False: out of memory, and the old one stays. */
bool helper_set_script(struct helper *helper, const char *script, size_t length);

/* answer: what was said, length bytes; or pac: the URL of the PAC file that the desktop has (answer NULL); or error:
 * why there is none (both NULL).  All borrowed for the call. */
typedef void helper_answer_fn(void *arg, const char *answer, size_t length, const char *pac, const char *error);

/* Asks.  url and host are copied; host is not used for SYSTEM.  Calls back once, never from within this call; the
 * question is gone then.  NULL: out of memory, or too many wait. */
struct helper_question *helper_ask(struct helper *helper, const char *url, const char *host, helper_answer_fn *told,
                                   void *arg);
void helper_cancel(struct helper_question *question); /* NULL is fine; it will not call back */

/* From within an answer: whether there was trouble in looking up a name for it, other than that there is no such name.
 * It is not to be kept, for it may be another one tomorrow. */
bool helper_answer_is_doubtful(const struct helper *helper);

/* The network is another one: deaths are forgotten, one that rests may be started, and a child that runs is replaced,
 * for its script may have looked at the old network.  A question that is under way is asked again. */
void helper_renew(struct helper *helper);

/* Whether a child runs. */
bool helper_runs(const struct helper *helper);

#endif
