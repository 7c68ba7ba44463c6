#include "proxy/notices.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/notifier.h"

#define DESKTOPS_COMMAND "notify-send -a sallyport"

/* Each has a place to wait in. */
enum subject { SUBJECT_PASSWORD, SUBJECT_WAY, SUBJECT_QUESTION };

_Static_assert(SUBJECT_QUESTION < NOTIFIER_SUBJECTS, "a subject has no place to wait in");

/* What is amiss and was told: URLs that refuse a password, or labels of sections. */
struct troubles {
    size_t next; /* place of the next one */
    char at[NOTICES_TROUBLES_MAX][ENDPOINT_URL_MAX]; /* "": free */
};

struct notices {
    struct notifier *notifier;
    struct troubles refused, down;
    char last_down[ENDPOINT_URL_MAX]; /* of the notice that may still wait */
    unsigned question;                /* likewise; its ID */
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

    memset(&notices->refused, 0, sizeof notices->refused);
    if (is_auto) /* nobody has asked for it: that it does not work is no reason to warn */
        notifier_set(notices->notifier, display ? DESKTOPS_COMMAND : NULL, LEVEL_DEBUG);
    else
        notifier_set(notices->notifier, strcmp(command, "none") == 0 ? NULL : command, LEVEL_WARNING);
}

static bool are_on(const struct notices *notices)
{
    return notices && notifier_is_on(notices->notifier);
}

/* --- what is amiss --- */

/* The place of one; NULL: it is not known. */
static char *find(struct troubles *troubles, const char *what)
{
    for (size_t i = 0; i < NOTICES_TROUBLES_MAX; i++)
        if (strcmp(troubles->at[i], what) == 0)
            return troubles->at[i];
    return NULL;
}

/* False: it was known. */
static bool begin(struct troubles *troubles, const char *what)
{
    if (find(troubles, what))
        return false;
    snprintf(troubles->at[troubles->next], sizeof troubles->at[0], "%s", what);
    troubles->next = (troubles->next + 1) % NOTICES_TROUBLES_MAX;
    return true;
}

/* False: it was not known. */
static bool end(struct troubles *troubles, const char *what)
{
    char *at = find(troubles, what);

    if (at)
        *at = '\0';
    return at != NULL;
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

    if (!are_on(notices) || !begin(&notices->refused, endpoint_format_url(proxy, where)))
        return;
    snprintf(text, sizeof text, "%s: %s. When they are right, run `sallyport reload`.", where, failure->what);
    notifier_tell(notices->notifier, SUBJECT_PASSWORD, "User and password are refused", text);
}

void notices_accepted(struct notices *notices, const struct endpoint *proxy)
{
    char where[ENDPOINT_URL_MAX];

    if (are_on(notices))
        end(&notices->refused, endpoint_format_url(proxy, where));
}

/* --- the way --- */

static bool is_down(const struct route *route, const struct health *health, uint64_t now_ms)
{
    bool proxies = false;

    for (size_t i = 0; i < route->count; i++) {
        if (!route->at[i])
            continue;
        if (health_state(health, route->at[i], now_ms) == HEALTH_UP)
            return false;
        proxies = true;
    }
    return proxies;
}

void notices_no_way(struct notices *notices, const struct listener_config *listener, const struct route *route,
                    const struct health *health, uint64_t now_ms, const struct failure *failure)
{
    char title[ENDPOINT_URL_MAX], what[NOTIFIER_TEXT_MAX], text[NOTIFIER_TEXT_MAX + ENDPOINT_URL_MAX + 32];

    if (!are_on(notices) || !listener->proxy || !is_down(route, health, now_ms) ||
        !begin(&notices->down, title_of(listener, title)))
        return;
    failure_format(failure, what, sizeof what);
    snprintf(text, sizeof text, "No tunnel through [%s]: %s", title, what);
    notifier_tell(notices->notifier, SUBJECT_WAY, "The proxy is down", text);
    snprintf(notices->last_down, sizeof notices->last_down, "%s", title);
}

/* A section has a way again.  If nobody has seen yet that it had none, nobody is told. */
static void tell_way(struct notices *notices, const char *title)
{
    bool unseen = strcmp(notices->last_down, title) == 0 && notifier_withdraw(notices->notifier, SUBJECT_WAY);
    char text[ENDPOINT_URL_MAX + 64];

    notices->last_down[0] = '\0';
    snprintf(text, sizeof text, "Tunnels open again through [%s].", title);
    if (!unseen)
        notifier_tell(notices->notifier, SUBJECT_WAY, "The proxy is back", text);
}

void notices_answered(struct notices *notices, const struct listener_config *listener, const struct endpoint *proxy)
{
    char text[ENDPOINT_URL_MAX];

    if (!are_on(notices) || !listener->proxy)
        return;
    if (proxy)
        notices_accepted(notices, proxy);
    if (end(&notices->down, title_of(listener, text)))
        tell_way(notices, text);
}

/* --- questions --- */

void notices_question(void *arg, unsigned id, const char *text)
{
    struct notices *notices = arg;
    char whole[NOTIFIER_TEXT_MAX];

    if (!are_on(notices))
        return;
    if (!text) {
        if (notices->question == id)
            notifier_withdraw(notices->notifier, SUBJECT_QUESTION);
        return;
    }
    notices->question = id;
    snprintf(whole, sizeof whole, "Answer it with `sallyport redirects allow %u` or `refuse %u`: %s", id, id, text);
    notifier_tell(notices->notifier, SUBJECT_QUESTION, "A redirect waits for your answer", whole);
}
