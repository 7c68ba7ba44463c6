/* SPDX-License-Identifier: ISC */
/* What the steps of setup work with, and what they have found out so far. */
#ifndef SALLYPORT_DESK_H
#define SALLYPORT_DESK_H

#include <limits.h>
#include <stdbool.h>

#include "discover/mail_address.h"
#include "proxy/services.h"
#include "recipe/recipe.h"
#include "setup/draft.h"
#include "setup/interview.h"
#include "setup/page.h"

struct desk {
    struct services services;
    struct page page;
    struct interview interview;
    char output[PATH_MAX];        /* the file to be written: a full path, maybe of a symbolic link */
    bool replaces;                /* one that is there is to be replaced, as the person has agreed */
    struct mail_address address;
    struct draft draft;
    char password[QUESTION_ANSWER_MAX + 1]; /* of the proxy's user, where setup has been told; or "" */
    char login[RECIPE_WHO_MAX + 1];         /* what the mail servers know the person by; "": was not told */
};

/* Makes the services and the draft empty; page and interview are the caller's to set, but for the interview's loop and
 * page.  False: it was said why. */
bool desk_open(struct desk *desk);

/* Frees the services; what was found out stays.  Once more is fine. */
void desk_close(struct desk *desk);

/* Wipes what is secret. */
void desk_wipe(struct desk *desk);

/* The password, or NULL. */
const char *desk_password(const struct desk *desk);

/* A trace_sink_fn of struct desk: each step on the page. */
void desk_show(void *desk, const char *step, const char *text);

#endif
