#include "net/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/log.h"
#include "net/endpoint.h"
#include "net/srv_query.h"

#define QUESTIONS_MAX 256          /* names that are cached or being asked for */
#define TTL_MAX_MS 86400000u       /* no answer is cached for longer than a day */
#define SECOND_FAMILY_MS 50        /* for the second address family after the first answered (RFC 8305 section 3) */
#define TRY_MS 2000                /* for one name server, before the next is asked */
#define TRIES 3
#define SOCKETS_MAX 32             /* that c-ares may have open at one time */
#define RESOLV_CONF "/etc/resolv.conf"
#define RECHECK_MS 1000            /* that file is looked at, at most, once in this time */

enum kind { KIND_ADDRESSES, KIND_SRV };

/* A name and a kind of record: being asked for, or answered and cached, or both when the second address family is
 * late. */
struct question {
    struct resolver *resolver;
    enum kind kind;
    char name[ENDPOINT_HOST_MAX + 1];
    struct query {
        bool asking;           /* c-ares has not answered yet */
        uint64_t expires;      /* ms of the loop's clock until which the answer is valid; 0: there is none */
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
    bool patient; /* waits for both address families */
    resolver_addresses_fn *addresses_found;
    resolver_srv_fn *srv_found;
    void *arg;
};

struct resolver {
    struct loop *loop;
    ares_channel channel;
    struct loop_timer timer;
    struct {
        int fd;
        struct loop_io io;
    } sockets[SOCKETS_MAX];
    size_t question_count;
    struct question *questions[QUESTIONS_MAX];
    unsigned in_flight; /* queries that c-ares has not answered yet */
    uint64_t rechecked; /* when resolv.conf was last looked at, ms of the loop's clock */
    struct timespec resolv_conf; /* its modification time */
};

const char *resolver_version(void)
{
    return ares_version(NULL);
}

/* --- c-ares on the loop --- */

static void arm_timer(struct resolver *resolver);

static void on_timer(void *arg)
{
    struct resolver *resolver = arg;

    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_timer(resolver);
}

static void arm_timer(struct resolver *resolver)
{
    struct timeval left, *soonest = ares_timeout(resolver->channel, NULL, &left);

    if (!soonest)
        loop_timer_stop(&resolver->timer);
    else
        loop_timer_start(resolver->loop, &resolver->timer,
                         (uint64_t)soonest->tv_sec * 1000 + (uint64_t)soonest->tv_usec / 1000 + 1, on_timer, resolver);
}


static void on_socket(void *arg, int ready);

/* c-ares says what to watch a socket for; neither: it closes the socket. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct resolver *resolver = arg;
    size_t slot = SOCKETS_MAX;

    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (resolver->sockets[i].io.call && resolver->sockets[i].fd == fd)
            slot = i;
    for (size_t i = 0; i < SOCKETS_MAX && slot == SOCKETS_MAX; i++)
        if (!resolver->sockets[i].io.call)
            slot = i;
    if (slot == SOCKETS_MAX)
        return; /* c-ares will time out and ask again */
    resolver->sockets[slot].fd = fd;
    loop_io_levels(resolver->loop, &resolver->sockets[slot].io, fd,
                   (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0), on_socket, resolver);
}

/* The callback does not say which socket is ready: all are processed, they are few. */
static void on_socket(void *arg, int ready)
{
    struct resolver *resolver = arg;

    (void)ready;
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (resolver->sockets[i].io.call)
            ares_process_fd(resolver->channel, resolver->sockets[i].fd, resolver->sockets[i].fd);
    arm_timer(resolver);
}

static bool open_channel(struct resolver *resolver, char *error, size_t size)
{
    struct ares_options options = {
        .timeout = TRY_MS, .tries = TRIES, .sock_state_cb = on_socket_state, .sock_state_cb_data = resolver,
    };
    const char *servers = getenv("SALLYPORT_NAMESERVERS");
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    int status;

#ifdef ARES_OPT_QUERY_CACHE
    mask |= ARES_OPT_QUERY_CACHE; /* with its 0 in options: answers are kept here, and by nobody else */
#endif
    status = ares_init_options(&resolver->channel, &options, mask);

    if (status == ARES_SUCCESS && servers && *servers) {
        status = ares_set_servers_ports_csv(resolver->channel, servers);
        if (status != ARES_SUCCESS)
            ares_destroy(resolver->channel);
    }
    if (status == ARES_SUCCESS)
        return true;
    snprintf(error, size, "cannot start the resolver: %s", ares_strerror(status));
    return false;
}

/* Reads resolv.conf again if it has changed, as on a laptop in another network, and if no query is under way. */
static void follow_resolv_conf(struct resolver *resolver)
{
    struct stat status;
    char error[128];
    uint64_t now = loop_now(resolver->loop);
    ares_channel before = resolver->channel;

    if (resolver->in_flight > 0 || now - resolver->rechecked < RECHECK_MS)
        return;
    resolver->rechecked = now;
    if (stat(RESOLV_CONF, &status) != 0 || (status.st_mtim.tv_sec == resolver->resolv_conf.tv_sec &&
                                            status.st_mtim.tv_nsec == resolver->resolv_conf.tv_nsec))
        return;
    if (resolver->resolv_conf.tv_sec != 0) {
        if (!open_channel(resolver, error, sizeof error)) {
            log_message(LEVEL_WARNING, NULL, "%s; the old settings stay", error);
            resolver->channel = before;
        } else {
            ares_destroy(before);
        }
    }
    resolver->resolv_conf = status.st_mtim;
}

struct resolver *resolver_new(struct loop *loop, char *error, size_t size)
{
    struct resolver *resolver = calloc(1, sizeof *resolver);

    if (!resolver || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        snprintf(error, size, "cannot start the resolver: out of memory");
        free(resolver);
        return NULL;
    }
    resolver->loop = loop;
    if (!open_channel(resolver, error, size)) {
        ares_library_cleanup();
        free(resolver);
        return NULL;
    }
    follow_resolv_conf(resolver);
    return resolver;
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
    ares_destroy(resolver->channel); /* ends all open queries with ARES_EDESTRUCTION */
    ares_library_cleanup();
    loop_timer_stop(&resolver->timer);
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

/* The first lookup that does not have to wait for the second family. */
static struct lookup *ready_waiter(const struct question *question)
{
    struct lookup *lookup = question->waiting;

    while (lookup && lookup->patient && is_asking(question))
        lookup = lookup->next;
    return lookup;
}

static void deliver(struct deferred *delivery)
{
    struct question *question = (struct question *)((char *)delivery - offsetof(struct question, delivery));
    const char *error = failure_of(question);
    struct address_list addresses;
    struct lookup *next;

    join_families(question, &addresses);
    question->delivering = true;
    while ((next = ready_waiter(question))) {
        struct lookup lookup = *next;

        lookup_cancel(next);
        if (lookup.addresses_found)
            lookup.addresses_found(lookup.arg, addresses.count > 0 ? &addresses : NULL, error);
        else
            lookup.srv_found(lookup.arg, has_found(question, 0) ? &question->srv : NULL, error);
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
    uint64_t now = loop_now(question->resolver->loop);

    query->asking = false;
    query->failure = status;
    question->resolver->in_flight--;
    if (status == ARES_EDESTRUCTION)
        return; /* the resolver is being freed */
    query->expires = now + (has_found(question, i) ? ttl_ms : 0);
    /* if a name has addresses of one family only, the other is not asked for until those expire */
    if (question->kind == KIND_ADDRESSES && !has_found(question, i))
        query->expires = other->expires;
    if (question->kind == KIND_ADDRESSES && has_found(question, i) && !other->asking && !has_found(question, 1 - i))
        other->expires = query->expires;
    if (!is_asking(question))
        settle(question);
    else if (has_found(question, i))
        loop_timer_start(question->resolver->loop, &question->second_family, SECOND_FAMILY_MS, settle, question);
}

static uint64_t cap_ttl(uint64_t seconds)
{
    return seconds * 1000 < TTL_MAX_MS ? seconds * 1000 : TTL_MAX_MS;
}

static void on_addresses(struct question *question, size_t i, int status, struct ares_addrinfo *result)
{
    struct address_list *list = &question->queries[i].addresses;
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
    if (result)
        ares_freeaddrinfo(result);
    query_over(question, i, status, ttl_ms);
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

    memset(&question->srv, 0, sizeof question->srv);
    if (status == ARES_SUCCESS && !srv_read(&question->srv, message, length))
        status = ARES_EBADRESP;
    if (status == ARES_SUCCESS)
        srv_order(&question->srv, (uint32_t)rand() ^ (uint32_t)loop_now(question->resolver->loop));
    query_over(question, 0, status, cap_ttl(question->srv.ttl));
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

/* Starts the queries that have no valid answer and are not under way. */
static void ask(struct question *question)
{
    struct resolver *resolver = question->resolver;
    struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT, .ai_socktype = SOCK_STREAM};
    uint64_t now = loop_now(resolver->loop);
    bool wanted[2];

    for (size_t i = 0; i < 2; i++) {
        wanted[i] = !question->queries[i].asking && question->queries[i].expires <= now &&
                    (i == 0 || question->kind == KIND_ADDRESSES);
        question->queries[i].asking |= wanted[i];
        resolver->in_flight += wanted[i];
    }
    if (wanted[0] && question->kind == KIND_SRV) {
        srv_query(resolver->channel, question->name, on_srv, question);
    } else if (wanted[0]) {
        hints.ai_family = AF_INET6;
        ares_getaddrinfo(resolver->channel, question->name, NULL, &hints, on_six, question);
    }
    if (wanted[1]) {
        hints.ai_family = AF_INET;
        ares_getaddrinfo(resolver->channel, question->name, NULL, &hints, on_four, question);
        if (!question->queries[1].asking && has_found(question, 1))
            settle(question); /* the hosts file has it: do not wait for the DNS to answer for the other family */
    }
    arm_timer(resolver);
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

static struct question *find_question(struct resolver *resolver, enum kind kind, const char *name)
{
    struct question **place, *question;

    for (size_t i = 0; i < resolver->question_count; i++)
        if (resolver->questions[i]->kind == kind && strcasecmp(resolver->questions[i]->name, name) == 0)
            return resolver->questions[i];
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

static struct lookup *wait_for(struct resolver *resolver, enum kind kind, const char *name)
{
    struct question *question;
    struct lookup *lookup = calloc(1, sizeof *lookup);

    follow_resolv_conf(resolver);
    question = lookup ? find_question(resolver, kind, name) : NULL;
    if (!question) {
        free(lookup);
        return NULL;
    }
    lookup->question = question;
    lookup->back = question->waiting_end;
    *question->waiting_end = lookup;
    question->waiting_end = &lookup->next;
    question->used = loop_now(resolver->loop);
    if (kind == KIND_ADDRESSES && answer_oneself(question))
        return lookup;
    ask(question);
    if (is_fresh(question))
        settle(question);
    return lookup;
}

struct lookup *resolver_find_addresses(struct resolver *resolver, const char *host, bool both,
                                       resolver_addresses_fn *found, void *arg)
{
    struct lookup *lookup = wait_for(resolver, KIND_ADDRESSES, host);

    if (lookup) {
        lookup->patient = both;
        lookup->addresses_found = found;
        lookup->arg = arg;
    }
    return lookup;
}

struct lookup *resolver_find_srv(struct resolver *resolver, const char *name, resolver_srv_fn *found, void *arg)
{
    struct lookup *lookup = wait_for(resolver, KIND_SRV, name);

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
