/* SPDX-License-Identifier: ISC */
#include "proxy/doubled_request.h"

#include <stdlib.h>

#include "proxy/h2_pool.h"

/* One of the requests. */
struct twin {
    struct doubled_request *doubled;
    struct proxy_request *request; /* NULL: it has failed while another one was running */
    uint64_t overtaken_on;         /* serial of the connection on which others were answered first; 0: none */
};

struct doubled_request {
    struct proxy_request_params params; /* the owner's */
    struct twin twins[DOUBLED_REQUEST_MAX];
    size_t count;
    size_t served;                      /* index of the one whose outcome counts */
};

static void on_done(void *arg, enum outcome outcome, const struct failure *failure);
static void on_overtaken(void *arg);

static const char *forbids(void *arg, const struct address *address)
{
    const struct twin *twin = arg;

    return twin->doubled->params.forbids(twin->doubled->params.arg, address);
}

/* Starts one more, which avoids the connections of the others.  False: out of memory. */
static bool start(struct doubled_request *doubled)
{
    struct proxy_request_params params = doubled->params;
    struct twin *twin = &doubled->twins[doubled->count];
    const struct endpoint *proxy;

    for (size_t i = 0; i < doubled->count; i++)
        params.avoid[i] = doubled->twins[i].request ? proxy_request_asked_on(doubled->twins[i].request, &proxy) : 0;
    params.forbids = doubled->params.forbids ? forbids : NULL;
    params.session = twin; /* another twin's trial of a password is awaited: two would be two at the proxy */
    params.overtaken = on_overtaken;
    params.done = on_done;
    params.arg = twin;
    *twin = (struct twin){.doubled = doubled, .request = proxy_request_start(&params)};
    doubled->count += twin->request != NULL;
    return twin->request;
}

static void on_overtaken(void *arg)
{
    struct twin *twin = arg;
    struct doubled_request *doubled = twin->doubled;
    const struct endpoint *proxy;

    if (doubled->count == DOUBLED_REQUEST_MAX)
        return;
    twin->overtaken_on = proxy_request_asked_on(twin->request, &proxy);
    trace_step(&doubled->params.trace, "overtaken", "others on this connection were answered; once more on another");
    start(doubled); /* without memory for it the first one goes on alone */
}

/* This one has opened a tunnel, and those before it that still wait where they were overtaken tell what a connection
 * holds. */
static void learn(const struct doubled_request *doubled, const struct twin *answered)
{
    for (const struct twin *twin = doubled->twins; twin < answered; twin++) {
        const struct endpoint *proxy;

        if (twin->request && twin->overtaken_on > 0 &&
            proxy_request_asked_on(twin->request, &proxy) == twin->overtaken_on)
            h2_pool_learn(doubled->params.services->h2, proxy, twin->overtaken_on);
    }
}

/* Whether it was answered by what it asked for. */
static bool has_opened(const struct twin *twin)
{
    const struct connect_response *response = proxy_request_response(twin->request);

    return response && response->verdict == CONNECT_OPEN;
}

static void drop(struct twin *twin)
{
    proxy_request_free(twin->request);
    twin->request = NULL;
}

/* Another one than this; NULL: it is alone. */
static struct twin *another(struct doubled_request *doubled, const struct twin *than)
{
    for (size_t i = 0; i < doubled->count; i++)
        if (&doubled->twins[i] != than && doubled->twins[i].request)
            return &doubled->twins[i];
    return NULL;
}

static void on_done(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct twin *twin = arg;
    struct doubled_request *doubled = twin->doubled;
    struct twin *other = another(doubled, twin);

    if (outcome != OUTCOME_DONE && other) {
        trace_step(&doubled->params.trace, "failed", "%s; another request is still waiting", failure->what);
        drop(twin);
        doubled->served = (size_t)(other - doubled->twins);
        return;
    }
    if (outcome == OUTCOME_DONE && has_opened(twin))
        learn(doubled, twin);
    for (; other; other = another(doubled, twin))
        drop(other);
    doubled->served = (size_t)(twin - doubled->twins);
    doubled->params.done(doubled->params.arg, outcome, failure); /* may free all of it */
}

/* --- public functions --- */

struct doubled_request *doubled_request_start(const struct proxy_request_params *params)
{
    struct doubled_request *doubled = calloc(1, sizeof *doubled);

    if (!doubled)
        return NULL;
    doubled->params = *params;
    if (!start(doubled)) {
        free(doubled);
        return NULL;
    }
    return doubled;
}

struct proxy_request *doubled_request_served(const struct doubled_request *doubled)
{
    return doubled->twins[doubled->served].request;
}

void doubled_request_free(struct doubled_request *doubled)
{
    if (!doubled)
        return;
    for (size_t i = 0; i < doubled->count; i++)
        drop(&doubled->twins[i]);
    free(doubled);
}
