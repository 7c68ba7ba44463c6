/* SPDX-License-Identifier: ISC */
/* Questions to the user: may this proxy redirect more than the one server that it was asked for?  A question has an
 * ID.  It goes to the ask-command and into a list that the control socket shows; the first answer counts.  Sessions
 * with the same question share it.
 *
 * A yes is remembered until questions_forget, and covers what the sender says of the same proxy and scope for no longer
 * a lifetime.  A no is remembered for as long as a question may be open; until then the sender asks nothing else
 * either, so that saying no once is enough.  Nothing here blocks. */
#ifndef SALLYPORT_QUESTIONS_H
#define SALLYPORT_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "config/settings.h"
#include "net/endpoint.h"
#include "redirect/setproxy.h"

#define ASK_OPEN_MAX 8        /* at one time: nobody answers more, and each may be a window on a screen */
#define ASK_OPEN_PER_SENDER 2 /* of those: one proxy does not keep another from asking */
#define ASK_REMEMBERED_MAX 64 /* of each answer; the oldest of the same answer is dropped */

enum question_state {
    QUESTION_OPEN,
    QUESTION_YES,
    QUESTION_NO,
    QUESTION_UNANSWERED, /* nobody answered in time, or the ask-command broke */
    QUESTION_UNASKED,    /* there is nobody to ask; this is not remembered */
};

struct questions;
struct question_wait; /* one session that waits for an answer */

struct questions *questions_new(struct loop *loop); /* NULL: out of memory */
void questions_free(struct questions *questions); /* nobody is called back; NULL is fine */

/* Says whether somebody can see the list, that is, whether there is a control socket. */
void questions_set_shown(struct questions *questions, bool shown);

/* A question has nothing but the list to be seen in: nobody but who looks there will answer it.  text is its line,
 * borrowed; NULL: it is open no more.  Called from within the other functions; it calls none of them. */
typedef void questions_stands_fn(void *arg, unsigned id, const char *text);

/* Sets who is told of such questions; stands may be NULL, as it is at first.  Not called by
 * questions_free. */
void questions_tell_standing(struct questions *questions, questions_stands_fn *stands, void *arg);

/* answer is not QUESTION_OPEN.  why: "" for yes, otherwise the reason; valid during the call. */
typedef void question_answered_fn(void *arg, enum question_state answer, const char *why);

/* Asks whether the sender may redirect us as it said; both are copied.  Calls back exactly once, never from within
 * this call.  NULL: the question is not put to the user now, and *why (static) says why: the user has just said no to
 * this sender, too many questions are open, or out of memory. */
struct question_wait *questions_ask(struct questions *questions, const struct redirect_settings *policy,
                                    const struct endpoint *sender, const struct setproxy *said,
                                    question_answered_fn *answered, void *arg, const char **why);

/* It will not call back.  A question that nobody waits for any more is withdrawn, and its program is ended.  NULL is
 * fine. */
void question_cancel(struct question_wait *wait);

/* Forgets all answers; open questions stay. */
void questions_forget(struct questions *questions);

/* An open question. */
struct question_facts {
    unsigned id;
    const char *text;  /* one line, borrowed */
    uint64_t left_ms;  /* until it counts as refused */
};

/* The open questions one by one, i from 0.  False: i is after the last one. */
bool questions_at(const struct questions *questions, size_t i, struct question_facts *facts);

/* Answers a question.  False: no open question has this id. */
bool questions_answer(struct questions *questions, unsigned id, bool yes);

#endif
