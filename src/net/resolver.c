/* SPDX-License-Identifier: ISC */
#include "net/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/chance.h"
#include "net/dns_channel.h"
#include "net/endpoint.h"
#include "net/srv_query.h"

#define QUESTIONS_MAX 256          /* names that are cached or being asked for */
#define TTL_MAX_MS 86400000u       /* no answer is cached for longer than a day */
#define SECOND_FAMILY_MS 50        /* for the second address family after the first answered (RFC 8305 section 3) */
#define ANEW_MS 1000               /* an answer younger than this is as good as a new one */

enum kind { KIND_ADDRESSES, KIND_SRV };

/* A name and a kind of record: being asked for, or answered and cached, or both when the second address family is
 * late. */
struct question {
    struct resolver *resolver;
    enum kind kind;
    char name[ENDPOINT_HOST_MAX + 1];
    struct query {
        bool asking;           /* c-ares has not answered yet */
        uint64_t answered;     /* ms of the loop's clock, when the last answer came, whatever it was */
        uint64_t expires;      /* likewise, until when the answer is valid; 0: there is none */
        int failure;           /* status of c-ares */
        struct address_list addresses;
    } queries[2];              /* for addresses: IPv6 and IPv4; for SRV: only the first */
    struct srv_list srv;
    bool delivering;           /* callbacks are being called: it must not be freed */
    uint64_t used;             /* last time it was asked for, ms of the loop's clock */
    struct lookup *waiting, **waiting_end; /* in the order in which they came */
    struct loop_timer second_family;
    struct deferred delivery;
};

struct lookup {
    struct lookup *next, **back;
    struct question *question;
    bool patient; /* waits for all that is being asked */
    bool due;     /* is told by the delivery that is under way */
    resolver_addresses_fn *addresses_found;
    resolver_srv_fn *srv_found;
    void *arg;
};

struct resolver {
    struct loop *loop;
    struct dns_channel *channel;
    size_t question_count;
    struct question *questions[QUESTIONS_MAX];
};

const char *resolver_version(void)
{
    return ares_version(NULL);
}

static void on_renewed(void *arg);

struct resolver *resolver_new(struct loop *loop, const char *resolv_conf, char *error, size_t size)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);
    const struct dns_channel_params params = {loop, resolv_conf, on_renewed, resolver};

    snprintf(error, size, "cannot start the resolver: out of memory");
    if (resolver && (resolver->channel = dns_channel_new(&params, error, size))) {
        resolver->loop = loop;
        return resolver;
    }
    free(resolver);
    return NULL;
}

void resolver_renew(struct resolver *resolver)
{
    dns_channel_renew(resolver->channel);
}

static void question_free(struct question *question)
{
    loop_timer_stop(&question->second_family);
    loop_undefer(question->resolver->loop, &question->delivery);
    while (question->waiting)
        lookup_cancel(question->waiting);
    free(question);
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    dns_channel_free(resolver->channel); /* before the questions that its queries point to */
    for (size_t i = 0; i < resolver->question_count; i++)
        question_free(resolver->questions[i]);
    free(resolver);
}

/* --- answers --- */

static bool is_asking(const struct question *question)
{
    return question->queries[0].asking || question->queries[1].asking;
}

static bool has_found(const struct question *question, size_t i)
{
    return question->kind == KIND_ADDRESSES ? question->queries[i].addresses.count > 0
                                            : question->srv.count > 0 || question->srv.unavailable;
}

/* The addresses of both families, in the order of dialing. */
static void join_families(const struct question *question, struct address_list *list)
{
    list->count = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < question->queries[i].addresses.count && list->count < ADDRESS_LIST_MAX; k++)
            list->at[list->count++] = question->queries[i].addresses.at[k];
    address_list_interleave(list);
}

/* The more useful of two failures: "no data" of one family says less than the other's. */
static const char *failure_of(const struct question *question)
{
    int six = question->queries[0].failure, four = question->queries[1].failure;

    return ares_strerror(four == ARES_SUCCESS || (four == ARES_ENODATA && six != ARES_SUCCESS) ? six : four);
}

bool resolver_error_is_answer(const char *error)
{
    return strcmp(error, ares_strerror(ARES_ENOTFOUND)) == 0 || strcmp(error, ares_strerror(ARES_ENODATA)) == 0;
}

/* The first of those who are told now. */
static struct lookup *due_waiter(const struct question *question)
{
    struct lookup *lookup = question->waiting;

    while (lookup && !lookup->due)
        lookup = lookup->next;
    return lookup;
}

/* Tells those who need not wait any longer.  Who asks again from within a callback is told another time. */
static void deliver(struct deferred *delivery)
{
    struct question *question = (struct question *)((char *)delivery - offsetof(struct question, delivery));
    const char *error = failure_of(question);
    const struct srv_list srv = question->srv;
    bool srv_found = has_found(question, 0);
    struct address_list addresses;
    struct lookup *next;

    join_families(question, &addresses);
    for (next = question->waiting; next; next = next->next)
        next->due = !next->patient || !is_asking(question);
    question->delivering = true;
    while ((next = due_waiter(question))) {
        struct lookup lookup = *next;

        lookup_cancel(next);
        if (lookup.addresses_found)
            lookup.addresses_found(lookup.arg, addresses.count > 0 ? &addresses : NULL, error);
        else
            lookup.srv_found(lookup.arg, srv_found ? &srv : NULL, error);
    }
    question->delivering = false;
}

static void settle(void *arg)
{
    struct question *question = arg;

    loop_timer_stop(&question->second_family);
    loop_defer(question->resolver->loop, &question->delivery, deliver);
}

/* A query is over.  Its answer is valid for ttl_ms. */
static void query_over(struct question *question, size_t i, int status, uint64_t ttl_ms)
{
    struct query *query = &question->queries[i], *other = &question->queries[1 - i];

    query->failure = status;
    query->answered = loop_now(question->resolver->loop);
    query->expires = query->answered + (has_found(question, i) ? ttl_ms : 0);
    /* if a name has addresses of one family only, the other is not asked for until those expire */
    if (question->kind == KIND_ADDRESSES && !has_found(question, i))
        query->expires = other->expires;
    if (question->kind == KIND_ADDRESSES && has_found(question, i) && !other->asking && !has_found(question, 1 - i))
        other->expires = query->expires;
}

/* What follows from it for those who wait. */
static void let_know(struct question *question, size_t i)
{
    if (!is_asking(question))
        settle(question);
    else if (has_found(question, i))
        loop_timer_start(question->resolver->loop, &question->second_family, SECOND_FAMILY_MS, settle, question);
}

static uint64_t cap_ttl(uint64_t seconds)
{
    return seconds * 1000 < TTL_MAX_MS ? seconds * 1000 : TTL_MAX_MS;
}

/* Whether an answer that is still valid is kept, since the name servers cannot say today whether there is another. */
static bool outlasts(const struct question *question, size_t i, int status)
{
    return status != ARES_SUCCESS && status != ARES_ENOTFOUND && status != ARES_ENODATA && has_found(question, i) &&
           question->queries[i].expires > loop_now(question->resolver->loop);
}

/* Takes the addresses over.  Returns for how long they are valid, in ms. */
static uint64_t copy_addresses(struct address_list *list, const struct ares_addrinfo *result)
{
    uint64_t ttl_ms = TTL_MAX_MS;

    list->count = 0;
    for (struct ares_addrinfo_node *node = result ? result->nodes : NULL; node; node = node->ai_next) {
        uint64_t node_ms = cap_ttl(node->ai_ttl > 0 ? (uint64_t)node->ai_ttl : 0);

        if (list->count == ADDRESS_LIST_MAX || node->ai_addrlen > sizeof list->at[0])
            break;
        memset(&list->at[list->count], 0, sizeof list->at[0]);
        memcpy(&list->at[list->count].any, node->ai_addr, node->ai_addrlen);
        address_set_port(&list->at[list->count++], 0);
        ttl_ms = node_ms < ttl_ms ? node_ms : ttl_ms;
    }
    return ttl_ms;
}

static void on_addresses(struct question *question, size_t i, int status, struct ares_addrinfo *result)
{
    question->queries[i].asking = false;
    if (status == ARES_EDESTRUCTION)
        return; /* the resolver is being freed or renewed */
    if (!outlasts(question, i, status))
        query_over(question, i, status, copy_addresses(&question->queries[i].addresses, result));
    if (result)
        ares_freeaddrinfo(result);
    let_know(question, i);
}

static void on_six(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    (void)timeouts;
    on_addresses(arg, 0, status, result);
}

static void on_four(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    (void)timeouts;
    on_addresses(arg, 1, status, result);
}

static void on_srv(void *arg, int status, const unsigned char *message, size_t length)
{
    struct question *question = arg;

    question->queries[0].asking = false;
    if (status == ARES_EDESTRUCTION)
        return;
    memset(&question->srv, 0, sizeof question->srv);
    if (status == ARES_SUCCESS && !srv_read(&question->srv, message, length))
        status = ARES_EBADRESP;
    if (status == ARES_SUCCESS)
        srv_order(&question->srv, chance_number());
    query_over(question, 0, status, cap_ttl(question->srv.ttl));
    let_know(question, 0);
}

/* Answers without a query: localhost and its subdomains are always loopback (RFC 6761 section 6.3), and an address
 * literal is its own answer.  False: a query is needed. */
static bool answer_oneself(struct question *question)
{
    struct query *queries = question->queries;
    struct address literal;

    if (endpoint_host_within(question->name, "localhost", strlen("localhost"))) {
        queries[0].addresses.count = queries[1].addresses.count = 1;
        address_from_literal(&queries[0].addresses.at[0], "::1", 0);
        address_from_literal(&queries[1].addresses.at[0], "127.0.0.1", 0);
    } else if (address_from_literal(&literal, question->name, 0)) {
        queries[0].addresses.count = 1;
        queries[0].addresses.at[0] = literal;
    } else {
        return false;
    }
    settle(question);
    return true;
}

/* Whether query i has to be started: it is not under way and has no valid answer, or an old one where a new one is
 * wanted.  An answer that is not valid for a moment, or not any more, is still good for all who ask before it is
 * delivered. */
static bool is_wanted(const struct question *question, size_t i, bool anew)
{
    const struct query *query = &question->queries[i];
    uint64_t now = loop_now(question->resolver->loop);

    if (query->asking || (i == 1 && question->kind == KIND_SRV))
        return false;
    if (query->expires > now)
        return anew && now - query->answered >= ANEW_MS;
    return !question->delivery.back && !question->second_family.call;
}

/* Starts the queries that are wanted.  What has expired is forgotten then, so that it is not told with the answer of
 * the other family. */
static void ask(struct question *question, bool anew)
{
    struct resolver *resolver = question->resolver;
    struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT, .ai_socktype = SOCK_STREAM};
    ares_channel ares = dns_channel_handle(resolver->channel);
    bool wanted[2];

    for (size_t i = 0; i < 2; i++) {
        wanted[i] = is_wanted(question, i, anew);
        question->queries[i].asking |= wanted[i];
        if (wanted[i] && question->queries[i].expires <= loop_now(resolver->loop))
            question->queries[i].addresses.count = 0;
    }
    if (wanted[0] && question->kind == KIND_SRV) {
        srv_query(ares, question->name, on_srv, question);
    } else if (wanted[0]) {
        hints.ai_family = AF_INET6;
        ares_getaddrinfo(ares, question->name, NULL, &hints, on_six, question);
    }
    if (wanted[1]) {
        hints.ai_family = AF_INET;
        ares_getaddrinfo(ares, question->name, NULL, &hints, on_four, question);
        if (!question->queries[1].asking && has_found(question, 1))
            settle(question); /* the hosts file has it: do not wait for the DNS to answer for the other family */
    }
    dns_channel_asked(resolver->channel);
}

/* --- questions --- */

/* A slot in the table: a new one, or that of the least recently used answer.  NULL: all are in use. */
static struct question **make_room(struct resolver *resolver)
{
    struct question **oldest = NULL;

    if (resolver->question_count < QUESTIONS_MAX) {
        resolver->questions[resolver->question_count] = NULL;
        return &resolver->questions[resolver->question_count++];
    }
    for (size_t i = 0; i < resolver->question_count; i++) {
        struct question *question = resolver->questions[i];

        if (!is_asking(question) && !question->waiting && !question->delivering &&
            (!oldest || question->used < (*oldest)->used))
            oldest = &resolver->questions[i];
    }
    if (oldest) {
        question_free(*oldest);
        *oldest = NULL;
    }
    return oldest;
}

/* NULL: nobody has asked for it. */
static struct question *known_question(const struct resolver *resolver, enum kind kind, const char *name)
{
    for (size_t i = 0; i < resolver->question_count; i++)
        if (resolver->questions[i]->kind == kind && strcasecmp(resolver->questions[i]->name, name) == 0)
            return resolver->questions[i];
    return NULL;
}

static struct question *find_question(struct resolver *resolver, enum kind kind, const char *name)
{
    struct question **place, *question = known_question(resolver, kind, name);

    if (question)
        return question;
    question = calloc(1, sizeof *question);
    place = question ? make_room(resolver) : NULL;
    if (!place) {
        free(question);
        return NULL;
    }
    question->resolver = resolver;
    question->kind = kind;
    question->waiting_end = &question->waiting;
    snprintf(question->name, sizeof question->name, "%s", name);
    *place = question;
    return question;
}

/* Whether there is an answer that has not expired: then there is no need to wait for the rest. */
static bool is_fresh(const struct question *question)
{
    uint64_t now = loop_now(question->resolver->loop);

    return (has_found(question, 0) && question->queries[0].expires > now) ||
           (question->kind == KIND_ADDRESSES && has_found(question, 1) && question->queries[1].expires > now);
}

static void start(struct question *question, bool anew)
{
    if (question->kind == KIND_ADDRESSES && answer_oneself(question))
        return;
    ask(question, anew);
    if (is_fresh(question))
        settle(question);
}

/* The name servers are others now: nothing that was answered counts, and who waits is asked for again. */
static void on_renewed(void *arg)
{
    struct resolver *resolver = arg;

    for (size_t i = 0; i < resolver->question_count; i++) {
        struct question *question = resolver->questions[i];

        loop_undefer(resolver->loop, &question->delivery);
        loop_timer_stop(&question->second_family);
        memset(question->queries, 0, sizeof question->queries);
        memset(&question->srv, 0, sizeof question->srv);
        if (question->waiting)
            start(question, false);
    }
}

/* One more waits for it.  NULL: out of memory. */
static struct lookup *join(struct question *question, bool patient)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);

    if (!lookup)
        return NULL;
    lookup->question = question;
    lookup->patient = patient;
    lookup->back = question->waiting_end;
    *question->waiting_end = lookup;
    question->waiting_end = &lookup->next;
    question->used = loop_now(question->resolver->loop);
    return lookup;
}

static struct lookup *wait_for(struct resolver *resolver, enum kind kind, const char *name, enum resolver_wish wish)
{
    struct question *question;
    struct lookup *lookup;

    dns_channel_follow(resolver->channel);
    question = find_question(resolver, kind, name);
    lookup = question ? join(question, wish != RESOLVER_SOON) : NULL;
    if (lookup)
        start(question, wish == RESOLVER_ANEW);
    return lookup;
}

struct lookup *resolver_find_addresses(struct resolver *resolver, const char *host, enum resolver_wish wish,
                                       resolver_addresses_fn *found, void *arg)
{
    struct lookup *lookup = wait_for(resolver, KIND_ADDRESSES, host, wish);

    if (lookup) {
        lookup->addresses_found = found;
        lookup->arg = arg;
    }
    return lookup;
}

struct lookup *resolver_await_rest(struct resolver *resolver, const char *host, resolver_addresses_fn *found, void *arg)
{
    struct question *question = known_question(resolver, KIND_ADDRESSES, host);
    struct lookup *lookup = question && is_asking(question) ? join(question, true) : NULL;

    if (lookup) {
        lookup->addresses_found = found;
        lookup->arg = arg;
    }
    return lookup;
}

struct lookup *resolver_find_srv(struct resolver *resolver, const char *name, resolver_srv_fn *found, void *arg)
{
    struct lookup *lookup = wait_for(resolver, KIND_SRV, name, RESOLVER_SOON);

    if (lookup) {
        lookup->srv_found = found;
        lookup->arg = arg;
    }
    return lookup;
}

void lookup_cancel(struct lookup *lookup)
{
    if (!lookup)
        return;
    *lookup->back = lookup->next;
    if (lookup->next)
        lookup->next->back = lookup->back;
    else
        lookup->question->waiting_end = lookup->back;
    free(lookup);
}
