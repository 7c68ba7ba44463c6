#include "resolver.h"

#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "endpoint.h"
#include "log.h"

#define QUESTIONS_MAX 256          /* names kept or being asked for */
#define TTL_MAX_MS 86400000u       /* nobody remembers a name for longer than a day */
#define SECOND_FAMILY_MS 50        /* once one family has answered, the other has this long (RFC 8305 section 3) */
#define TRY_MS 2000                /* wait for a name server before the next is asked */
#define TRIES 3
#define SOCKETS_MAX 32             /* of c-ares at one time */
#define RESOLV_CONF "/etc/resolv.conf"
#define RECHECK_MS 1000            /* how often that file is looked at, at most */

enum kind { KIND_ADDRESSES, KIND_SRV };

/* A name of a kind: being asked for, or answered and kept, or both (the second family is late). */
struct question {
    struct resolver *resolver;
    enum kind kind;
    char name[ENDPOINT_HOST_MAX + 1];
    unsigned asked;            /* queries that c-ares has not answered yet */
    bool answered;             /* addresses, srv or failure hold what was found */
    bool delivering;           /* its answer is being handed out: it must stay */
    uint64_t expires, used;    /* ms of the loop's clock */
    uint32_t ttl_ms;
    int failure;               /* of c-ares: the most telling one */
    struct address_list addresses;
    struct srv_list srv;
    struct lookup *waiting;
    struct loop_timer second_family;
    struct deferred delivery;
};

struct lookup {
    struct lookup *next, **back;
    struct question *question;
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
    unsigned in_flight;
    uint64_t rechecked;
    struct timespec resolv_conf; /* when it was last changed */
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

/* c-ares says what it wants of a socket; 0 and 0: it closes it. */
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
        return; /* this query will time out and be asked again */
    resolver->sockets[slot].fd = fd;
    loop_io_levels(resolver->loop, &resolver->sockets[slot].io, fd,
                   (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0), on_socket, resolver);
}

/* Which socket is ready is found by asking all of ours: there are few, and the resolver is their one argument. */
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
    int status = ares_init_options(&resolver->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);

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

/* A laptop that was carried to another network has a new resolv.conf: read it, when nothing is under way. */
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
    ares_destroy(resolver->channel); /* answers all that is open with ARES_EDESTRUCTION */
    ares_library_cleanup();
    loop_timer_stop(&resolver->timer);
    for (size_t i = 0; i < resolver->question_count; i++)
        question_free(resolver->questions[i]);
    free(resolver);
}

/* --- answers --- */

static void deliver(struct deferred *delivery)
{
    struct question *question = (struct question *)((char *)delivery - offsetof(struct question, delivery));
    const char *error = ares_strerror(question->failure);

    question->delivering = true;
    while (question->waiting) {
        struct lookup lookup = *question->waiting;

        lookup_cancel(question->waiting);
        if (lookup.addresses_found)
            lookup.addresses_found(lookup.arg, question->addresses.count > 0 ? &question->addresses : NULL, error);
        else
            lookup.srv_found(lookup.arg,
                             question->srv.count > 0 || question->srv.unavailable ? &question->srv : NULL, error);
    }
    question->delivering = false;
}

static void settle(void *arg)
{
    struct question *question = arg;

    loop_timer_stop(&question->second_family);
    question->answered = true;
    if (question->addresses.count == 0 && question->srv.count == 0)
        question->ttl_ms = 0; /* a name that was not found may be there a moment later */
    question->expires = loop_now(question->resolver->loop) + question->ttl_ms;
    loop_defer(question->resolver->loop, &question->delivery, deliver);
}

/* A query of the question is over. */
static void query_over(struct question *question, int status, bool useful)
{
    struct resolver *resolver = question->resolver;

    question->asked--;
    resolver->in_flight--;
    if (status == ARES_EDESTRUCTION)
        return; /* the resolver is going away, nobody waits any more */
    /* "no data" of one family tells less than what befell the other */
    if (status != ARES_SUCCESS && (question->failure == ARES_SUCCESS || question->failure == ARES_ENODATA))
        question->failure = status;
    if (question->asked == 0)
        settle(question);
    else if (useful)
        loop_timer_start(resolver->loop, &question->second_family, SECOND_FAMILY_MS, settle, question);
}

static void note_ttl(struct question *question, uint64_t seconds)
{
    uint64_t ms = seconds * 1000 < TTL_MAX_MS ? seconds * 1000 : TTL_MAX_MS;

    if (ms < question->ttl_ms)
        question->ttl_ms = (uint32_t)ms;
}

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
    struct question *question = arg;
    struct address_list *list = &question->addresses;
    size_t before = list->count;

    (void)timeouts;
    for (struct ares_addrinfo_node *node = result ? result->nodes : NULL; node; node = node->ai_next) {
        if (list->count == ADDRESS_LIST_MAX || node->ai_addrlen > sizeof list->at[0])
            break;
        memset(&list->at[list->count], 0, sizeof list->at[0]);
        memcpy(&list->at[list->count].any, node->ai_addr, node->ai_addrlen);
        address_set_port(&list->at[list->count++], 0);
        note_ttl(question, node->ai_ttl > 0 ? (uint64_t)node->ai_ttl : 0);
    }
    if (result)
        ares_freeaddrinfo(result);
    address_list_interleave(list);
    query_over(question, status, list->count > before);
}

static void on_srv(void *arg, int status, int timeouts, unsigned char *message, int length)
{
    struct question *question = arg;

    (void)timeouts;
    if (status == ARES_SUCCESS && !srv_read(&question->srv, message, (size_t)length))
        status = ARES_EBADRESP;
    if (status == ARES_SUCCESS) {
        srv_order(&question->srv, (uint32_t)rand() ^ (uint32_t)loop_now(question->resolver->loop));
        note_ttl(question, question->srv.ttl);
    }
    query_over(question, status, false);
}

/* localhost and what is below it are always this machine (RFC 6761 section 6.3): nobody is asked, and nobody can say
 * otherwise. */
static bool is_localhost(const char *name)
{
    return endpoint_host_within(name, "localhost", strlen("localhost"));
}

static void ask(struct question *question)
{
    struct resolver *resolver = question->resolver;
    struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT, .ai_socktype = SOCK_STREAM};
    struct address literal;

    memset(&question->addresses, 0, sizeof question->addresses);
    memset(&question->srv, 0, sizeof question->srv);
    question->failure = ARES_SUCCESS;
    question->answered = false;
    question->ttl_ms = TTL_MAX_MS;
    if (question->kind == KIND_ADDRESSES && is_localhost(question->name)) {
        address_from_literal(&question->addresses.at[0], "::1", 0);
        address_from_literal(&question->addresses.at[1], "127.0.0.1", 0);
        question->addresses.count = 2;
        settle(question);
        return;
    }
    if (question->kind == KIND_ADDRESSES && address_from_literal(&literal, question->name, 0)) {
        question->addresses.at[question->addresses.count++] = literal;
        settle(question);
        return;
    }
    question->asked = question->kind == KIND_ADDRESSES ? 2 : 1;
    resolver->in_flight += question->asked;
    if (question->kind == KIND_SRV) {
        ares_query(resolver->channel, question->name, 1 /* IN */, 33 /* SRV */, on_srv, question);
    } else {
        hints.ai_family = AF_INET6;
        ares_getaddrinfo(resolver->channel, question->name, NULL, &hints, on_addresses, question);
        hints.ai_family = AF_INET;
        ares_getaddrinfo(resolver->channel, question->name, NULL, &hints, on_addresses, question);
        if (question->addresses.count > 0 && question->asked > 0)
            settle(question); /* the hosts file knows it: what the DNS says of the other family can wait */
    }
    arm_timer(resolver);
}

/* --- questions --- */

/* A place in the table: a new one, or that of the answer used longest ago.  NULL: all are being asked for. */
static struct question **make_room(struct resolver *resolver)
{
    struct question **oldest = NULL;

    if (resolver->question_count < QUESTIONS_MAX) {
        resolver->questions[resolver->question_count] = NULL;
        return &resolver->questions[resolver->question_count++];
    }
    for (size_t i = 0; i < resolver->question_count; i++) {
        struct question *question = resolver->questions[i];

        if (question->asked == 0 && !question->waiting && !question->delivering &&
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
    snprintf(question->name, sizeof question->name, "%s", name);
    *place = question;
    return question;
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
    lookup->next = question->waiting;
    lookup->back = &question->waiting;
    if (lookup->next)
        lookup->next->back = &lookup->next;
    question->waiting = lookup;
    question->used = loop_now(resolver->loop);
    if (question->answered && (question->expires > question->used || question->delivery.back))
        loop_defer(resolver->loop, &question->delivery, deliver);
    else if (question->asked == 0)
        ask(question);
    return lookup;
}

struct lookup *resolver_find_addresses(struct resolver *resolver, const char *host, resolver_addresses_fn *found,
                                       void *arg)
{
    struct lookup *lookup = wait_for(resolver, KIND_ADDRESSES, host);

    if (lookup) {
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
    free(lookup);
}
