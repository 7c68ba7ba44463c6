/* SPDX-License-Identifier: ISC */
/* The one try by the default template (http/uri_template.h) that a proxy gets when it has refused CONNECT as one does
 * that knows connect-tcp instead.  It keeps the first answer, which stands if the try brings nothing.  Pure; zeroed
 * memory has tried nothing. */
#ifndef SALLYPORT_TEMPLATE_TRY_H
#define SALLYPORT_TEMPLATE_TRY_H

#include <stdbool.h>

#include "base/task.h"
#include "http/connect_response.h"

/* What is remembered of a proxy that was asked so. */
enum template_lesson {
    TEMPLATE_UNKNOWN,
    TEMPLATE_OPENS,  /* ask by the template at once */
    TEMPLATE_FAILS,  /* never ask so again */
};

struct template_try {
    bool begun;
    struct connect_response first; /* the answer to CONNECT */
};

/* CONNECT was answered by response.  True: ask by the default template; the answer is kept. */
bool template_try_begin(struct template_try *try, const struct connect_response *response,
                        enum template_lesson lesson);

/* The request by template came to this outcome: what is to be remembered.  asked: it was sent, so that with PEER the
 * proxy had it; otherwise the way there failed.  UNKNOWN: nothing, since it says nothing of the template (a missing
 * login, our own trouble, a busy proxy, a proxy or target out of reach), or nothing was tried. */
enum template_lesson template_try_lesson(const struct template_try *try, enum outcome outcome, bool asked,
                                         const struct connect_response *response);

/* Whether the try has brought nothing, so that the first answer stands.  A redirect, a refusal of our credentials
 * (refused) and our own trouble always stand.  So does what is not about the form, of a proxy whose first answer has
 * named connect-tcp: that it wants a login, is busy, or cannot reach the target; a 426 in its place would hide the
 * cause, and make a permanent failure of a temporary one. */
bool template_try_has_failed(const struct template_try *try, enum outcome outcome,
                             const struct connect_response *response, bool refused);

#endif
