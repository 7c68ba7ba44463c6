/* SPDX-License-Identifier: ISC */
#include "proxy/notices.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notifier.h"

#define DESKTOPS_COMMAND "notify-send -a sallyport"

/* The first of a kind's subjects.  Each trouble is one by itself, with a place to wait in: what befalls two sections at
 * once, as the end of a network does, is told of both. */
enum {
    PASSWORDS = 0,
    WAYS = PASSWORDS + NOTICES_TROUBLES_MAX,
    QUESTIONS = WAYS + NOTICES_TROUBLES_MAX,
    SUBJECTS = QUESTIONS + NOTICES_TROUBLES_MAX,
};

_Static_assert(SUBJECTS == NOTIFIER_SUBJECTS, "a subject has no place to wait in");

/* What is amiss and was told, or waits to be: URLs that refuse a password, titles of sections.  What is over keeps its
 * place, so that the news of one trouble does not queue up. */
struct troubles {
    unsigned next; /* place of the next one */
    struct {
        bool stands;
        bool ended; /* it stood before */
        char what[ENDPOINT_URL_MAX]; /* "": there was none yet */
    } at[NOTICES_TROUBLES_MAX];
};

#define NOT_THERE NOTICES_TROUBLES_MAX /* the place of what is not among them */

struct notices {
    struct notifier *notifier;
    struct troubles refused, down;
    unsigned questions[NOTICES_TROUBLES_MAX]; /* IDs of those told last, each in the place of its remainder */
};

struct notices *notices_new(struct loop *loop)
{
    struct notices *notices = calloc(1, sizeof *notices);

    if (notices)
        notices->notifier = notifier_new(loop);
    if (notices && notices->notifier)
        return notices;
    notices_free(notices);
    return NULL;
}

void notices_free(struct notices *notices)
{
    if (notices)
        notifier_free(notices->notifier);
    free(notices);
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);

    return value && *value;
}

void notices_set(struct notices *notices, const char *command)
{
    bool is_auto = strcmp(command, "auto") == 0, display = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");

    for (unsigned i = 0; i < NOTICES_TROUBLES_MAX; i++)
        notifier_withdraw(notices->notifier, PASSWORDS + i);
    memset(&notices->refused, 0, sizeof notices->refused);
    if (is_auto) /* nobody has asked for it: that it does not work is no reason to warn */
        notifier_set(notices->notifier, display ? DESKTOPS_COMMAND : NULL, LEVEL_DEBUG);
    else
        notifier_set(notices->notifier, strcmp(command, "none") == 0 ? NULL : command, LEVEL_WARNING);
    if (!notifier_is_on(notices->notifier))
        memset(&notices->down, 0, sizeof notices->down);
}

static bool are_on(const struct notices *notices)
{
    return notices && notifier_is_on(notices->notifier);
}

/* --- what is amiss --- */

static unsigned find(const struct troubles *troubles, const char *what)
{
    unsigned i = 0;

    while (i < NOTICES_TROUBLES_MAX && strcmp(troubles->at[i].what, what) != 0)
        i++;
    return i;
}

/* Returns its place, or NOT_THERE: it was known. */
static unsigned begin(struct troubles *troubles, const char *what)
{
    unsigned place = find(troubles, what);

    if (place == NOT_THERE) {
        place = troubles->next;
        troubles->next = (place + 1) % NOTICES_TROUBLES_MAX;
        snprintf(troubles->at[place].what, sizeof troubles->at[0].what, "%s", what);
        troubles->at[place].ended = false;
    } else if (troubles->at[place].stands) {
        return NOT_THERE;
    }
    troubles->at[place].stands = true;
    return place;
}

/* Returns its place, or NOT_THERE: it was not known. */
static unsigned end(struct troubles *troubles, const char *what)
{
    unsigned place = find(troubles, what);

    if (place == NOT_THERE || !troubles->at[place].stands)
        return NOT_THERE;
    troubles->at[place].stands = false;
    troubles->at[place].ended = true;
    return place;
}

/* The section's title without its brackets, "proxy work". */
static const char *title_of(const struct listener_config *listener, char out[ENDPOINT_URL_MAX])
{
    const char *label = listener->proxy->label;

    snprintf(out, ENDPOINT_URL_MAX, "proxy%s%s", label && *label ? " " : "", label ? label : "");
    return out;
}

/* --- passwords --- */

void notices_refused(struct notices *notices, const struct endpoint *proxy, const struct failure *failure)
{
    char where[ENDPOINT_URL_MAX], text[NOTIFIER_TEXT_MAX];
    unsigned place = are_on(notices) ? begin(&notices->refused, endpoint_format_url(proxy, where)) : NOT_THERE;

    if (place == NOT_THERE)
        return;
    snprintf(text, sizeof text, "%s: %s. When they are right, run `sallyport reload`.", where, failure->what);
    notifier_tell(notices->notifier, PASSWORDS + place, "User and password are refused", text);
}

void notices_accepted(struct notices *notices, const struct endpoint *proxy)
{
    char where[ENDPOINT_URL_MAX];
    unsigned place = are_on(notices) ? end(&notices->refused, endpoint_format_url(proxy, where)) : NOT_THERE;

    if (place != NOT_THERE)
        notifier_withdraw(notices->notifier, PASSWORDS + place);
}

/* --- the way --- */

/* Whether it was told that the section is down, but not yet that it was back; it is not told then. */
static bool end_is_unseen(struct notices *notices, unsigned place)
{
    return notices->down.at[place].ended && notifier_withdraw(notices->notifier, WAYS + place);
}

void notices_no_way(struct notices *notices, const struct listener_config *listener, const struct route *route,
                    const struct health *health, uint64_t now_ms, const struct failure *failure)
{
    char title[ENDPOINT_URL_MAX], what[NOTIFIER_TEXT_MAX], text[NOTIFIER_TEXT_MAX + ENDPOINT_URL_MAX + 32];
    unsigned place;

    if (!are_on(notices) || !listener->proxy || !route_is_down(route, health, now_ms))
        return;
    place = begin(&notices->down, title_of(listener, title));
    if (place == NOT_THERE || end_is_unseen(notices, place))
        return;
    failure_format(failure, what, sizeof what);
    snprintf(text, sizeof text, "No tunnel through [%s]: %s", title, what);
    notifier_tell(notices->notifier, WAYS + place, "The proxy is down", text);
}

/* A section has a way again.  If nobody has seen yet that it had none, nobody is told. */
static void tell_way(struct notices *notices, unsigned place, const char *title)
{
    char text[ENDPOINT_URL_MAX + 64];

    snprintf(text, sizeof text, "Tunnels open again through [%s].", title);
    if (!notifier_withdraw(notices->notifier, WAYS + place))
        notifier_tell(notices->notifier, WAYS + place, "The proxy is back", text);
}

void notices_answered(struct notices *notices, const struct listener_config *listener, const struct endpoint *proxy)
{
    char title[ENDPOINT_URL_MAX];
    unsigned place;

    if (!are_on(notices) || !listener->proxy)
        return;
    if (proxy)
        notices_accepted(notices, proxy);
    place = end(&notices->down, title_of(listener, title));
    if (place != NOT_THERE)
        tell_way(notices, place, title);
}

/* --- questions --- */

void notices_question(void *arg, unsigned id, const char *text)
{
    struct notices *notices = arg;
    const unsigned place = id % NOTICES_TROUBLES_MAX;
    char whole[NOTIFIER_TEXT_MAX];

    if (!are_on(notices))
        return;
    if (!text) {
        if (notices->questions[place] == id)
            notifier_withdraw(notices->notifier, QUESTIONS + place);
        return;
    }
    notices->questions[place] = id;
    snprintf(whole, sizeof whole, "Answer it with `sallyport redirects allow %u` or `refuse %u`: %s", id, id, text);
    notifier_tell(notices->notifier, QUESTIONS + place, "A redirect waits for your answer", whole);
}
