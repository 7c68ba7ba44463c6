/* SPDX-License-Identifier: ISC */
/* What a waiting place says to a relay to be let in: Basic at once when the section has a user, Digest when the relay
 * wants that.  It has no connection: it prepares the credentials, is told what the relay made of them, and may prepare
 * others.  Refused passwords rest as those of proxies do (authenticator.h, lockout.h).
 *
 *     start -> ready -> denied (401) -> ready, with others -> ... -> accepted
 *        \-> failed        \-> failed */
#ifndef SALLYPORT_ADMISSION_H
#define SALLYPORT_ADMISSION_H

#include <stdbool.h>

#include "auth/challenge.h"
#include "base/task.h"
#include "base/trace.h"
#include "config/settings.h"
#include "http/http_head.h"
#include "proxy/services.h"

struct admission;

/* What is known of a relay, by all places of a section; theirs to read and to write. */
struct relay_lesson {
    enum challenge_scheme scheme; /* what it took last, or NONE */
    unsigned offered;             /* bits of all schemes that it ever offered */
    bool beats;                   /* it has answered with 204 in time: it shows that it is there */
};

struct admission_params {
    const struct services *services;
    const struct settings *settings;      /* borrowed, as are the next two, until admission_free */
    const struct reverse_config *section;
    struct relay_lesson *lesson;
    struct trace trace;
    void (*ready)(void *arg);             /* the request can go out; perhaps called from within admission_denied */
    task_done_fn *failed;                 /* LOCAL: there is no password, or it rests.  PEER: the relay refuses the
                                           * password, or wants another login than there is.  At most once; the
                                           * admission is over */
    void *arg;                            /* for both */
};

/* Starts preparing.  NULL: out of memory. */
struct admission *admission_start(const struct admission_params *params);

/* After ready: the value of Authorization, borrowed until the relay has answered; NULL: none. */
const char *admission_credentials(const struct admission *admission);

/* The relay has let us in, or answers something that is not about who asks. */
void admission_accepted(struct admission *admission);

/* The relay has answered with 401.  failure: what that answer was judged to be.  head is borrowed until ready or
 * failed.  One of these will be called, perhaps from within. */
void admission_denied(struct admission *admission, const struct http_head *head, const struct failure *failure);

/* Whether the login is of several requests (Digest), so that it is still needed for a while when it is accepted. */
bool admission_takes_rounds(const struct admission *admission);

/* Whether the relay has got all that there is to say for the section's user, so that a request which stands has been
 * let in by it.  What was not said yet may still be asked for, by a relay that takes its time.  NULL: no. */
bool admission_has_spoken(const struct admission *admission);

/* After failed: whether user and password were refused, now or a short while ago. */
bool admission_is_refused(const struct admission *admission);

/* Ends it in any state.  NULL is fine, and so is a call from within ready and failed. */
void admission_free(struct admission *admission);

/* The relay has answered with 401 so late that it seemed to have let us in.  Whether it wants Digest where it got
 * Basic: then no password was refused, and the next admission knows it. */
bool admission_learns(struct relay_lesson *lesson, const struct http_head *head);

/* The relay has answered with 401 although it had let us in with this password: that must rest, too. */
void admission_note_refusal(const struct services *services, const struct reverse_config *section);

#endif
