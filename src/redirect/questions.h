/* Questions to the user: may this proxy move more than the one server it was asked for?  A question goes to the
 * ask-command and stands, with an ID, in a list that the control socket shows; the first answer wins.  Sessions with
 * the same question share it.  A yes is remembered until restart, a no for as long as a question may stand open.
 * Nothing here blocks. */
#ifndef SALLYPORT_QUESTIONS_H
#define SALLYPORT_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "config/settings.h"
#include "net/endpoint.h"
#include "redirect/setproxy.h"

#define ASK_OPEN_MAX 8       /* at one time: nobody answers more, and each may be a window on a screen */
#define ASK_QUESTIONS_MAX 64 /* open or remembered; the oldest remembered one gives way */
#define ASK_TEXT_MAX 900

struct questions;
struct question_wait; /* one session's wait for an answer */

struct questions *questions_new(struct loop *loop); /* NULL: out of memory */
void questions_free(struct questions *questions);

/* Whether there is a list that somebody can see, which is when there is a control socket. */
void questions_set_shown(struct questions *questions, bool shown);

/* why is "" for yes; otherwise what made it a no. */
typedef void question_answered_fn(void *arg, bool yes, const char *why);

/* Asks whether the sender may send us to what was said.  Calls back exactly once, never from within this call.  NULL:
 * too many are open, or out of memory. */
struct question_wait *questions_ask(struct questions *questions, const struct redirect_settings *policy,
                                    const struct endpoint *sender, const struct setproxy *said,
                                    question_answered_fn *answered, void *arg);

/* The call back will not come; a question that nobody waits for any more is withdrawn, its program ended.  NULL is
 * fine. */
void question_cancel(struct question_wait *wait);

/* Forgets the answers that were given. */
void questions_forget(struct questions *questions);

/* An open question. */
struct question_facts {
    unsigned id;
    const char *text;  /* one line, borrowed */
    uint64_t left_ms;  /* until it counts as refused */
};

/* The open questions one by one, i from 0.  False behind the last. */
bool questions_at(const struct questions *questions, size_t i, struct question_facts *facts);

/* Answers one.  False: no open question has this id. */
bool questions_answer(struct questions *questions, unsigned id, bool yes);

#endif
