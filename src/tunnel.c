#include "tunnel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic.h"
#include "detour.h"
#include "handshake.h"
#include "log.h"
#include "route.h"

enum state { STARTED, TARGET, CHOOSE, SECRET, LOOKUP, DIAL, HANDSHAKE, ASK, OPEN, FAILED };

static const char *const state_names[] = {"started", "target",    "choose", "secret", "lookup",
                                          "dial",    "handshake", "ask",    "open",   "failed"};

struct tunnel {
    const struct tunnel_means *means;
    struct config *config;
    const struct listener_config *listener;
    const char *name;
    tunnel_told_fn *told;
    void *arg;
    enum state state;
    struct loop_timer timer;
    struct deferred start, death;

    struct endpoint target;
    struct srv_list targets;       /* of srv:, those from next_target on were not tried */
    size_t next_target;
    struct route route;
    bool routed;                   /* route was found */
    struct detour detour;          /* where redirects have led since a proxy of the route was chosen */
    const struct endpoint *proxy;  /* the one in use; NULL: direct */
    const struct proxy_config *own; /* its section, for what only it may see; NULL: it has none */
    char credentials[BASIC_MAX];   /* for it, or ""; wiped */
    bool plain;                    /* this proxy is asked once more, without Upgrade */
    bool on_loopback;              /* where the connection leads */

    struct lookup *lookup;         /* under way, each NULL when it is not */
    struct secret_fetch *fetch;
    struct dial *dial;
    struct question_wait *question;
    struct transport *transport;
    struct handshake *handshake;
    struct address_list addresses;
    struct failure failure;
};

static void enter(struct tunnel *tunnel, enum state state);

/* --- telling --- */

static void __attribute__((format(printf, 3, 4))) step(struct tunnel *tunnel, const char *what, const char *format, ...)
{
    char text[400];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    tunnel->told(tunnel->arg, TUNNEL_STEP, what, text);
}

/* host:port of where the tunnel's next connection goes. */
static const struct endpoint *hop(const struct tunnel *tunnel)
{
    return tunnel->proxy ? tunnel->proxy : &tunnel->target;
}

static uint64_t now(const struct tunnel *tunnel)
{
    return loop_now(tunnel->means->loop);
}

/* --- the one way to fail --- */

/* What a failure says about who can help. */
enum blame {
    BLAME_PROXY,   /* it cannot be reached or is no proxy: it rests, another is asked */
    BLAME_BUSY,    /* it answered that it cannot now: another is asked */
    BLAME_TARGET,  /* the way is fine, the target is not: another target of the same SRV record is asked for */
    BLAME_NOBODY,  /* the answer stands */
};

static void drop_connection(struct tunnel *tunnel)
{
    lookup_cancel(tunnel->lookup);
    secret_cancel(tunnel->fetch);
    dial_cancel(tunnel->dial);
    question_cancel(tunnel->question);
    tunnel->question = NULL;
    tunnel->lookup = NULL;
    tunnel->fetch = NULL;
    tunnel->dial = NULL;
    transport_close(tunnel->transport);
    tunnel->transport = NULL;
    handshake_free(tunnel->handshake);
    tunnel->handshake = NULL;
}

/* Points the tunnel at the next place that an SRV record named.  False: there is none. */
static bool take_next_target(struct tunnel *tunnel)
{
    if (tunnel->next_target >= tunnel->targets.count)
        return false;
    tunnel->target = tunnel->targets.at[tunnel->next_target++].place;
    return true;
}

static void rest_proxy(struct tunnel *tunnel)
{
    char where[ENDPOINT_URL_MAX];
    const char *why = "";
    uint64_t left;

    if (health_state(tunnel->means->health, tunnel->proxy, now(tunnel)) != HEALTH_UP)
        return;
    health_failed(tunnel->means->health, tunnel->proxy, now(tunnel), tunnel->failure.what);
    left = health_rest_left(tunnel->means->health, tunnel->proxy, now(tunnel), &why);
    log_message(LEVEL_WARNING, tunnel->name, "%s rests for %u s: %s",
                endpoint_format_url(tunnel->proxy, where), (unsigned)((left + 999) / 1000), why);
}

static void begin_at(struct tunnel *tunnel, const struct endpoint *configured);

/* Where a session goes whose learned proxy is dead: once, back to the configured one that it came from. */
static void fall_back(struct tunnel *tunnel)
{
    struct endpoint configured = tunnel->detour.asked[0];
    char where[ENDPOINT_URL_MAX];

    if (!detour_fall_back(&tunnel->detour)) {
        enter(tunnel, FAILED);
        return;
    }
    log_message(LEVEL_WARNING, tunnel->name, "%s, learned by a redirect, is forgotten: %s",
                tunnel->proxy ? endpoint_format_url(tunnel->proxy, where) : "the direct way", tunnel->failure.what);
    begin_at(tunnel, &configured);
}

/* Whatever goes wrong comes here, with the failure set: to another proxy, to another target, or to the end. */
static void fail(struct tunnel *tunnel, enum blame blame)
{
    bool proxy_failed = blame == BLAME_PROXY || blame == BLAME_BUSY;
    bool learned = detour_is_learned(&tunnel->detour);
    char where[ENDPOINT_TEXT_MAX];

    if (!tunnel->failure.where[0] && tunnel->routed)
        failure_at(&tunnel->failure, !tunnel->proxy ? "" : tunnel->proxy->tls ? "https" : "http",
                   endpoint_format(hop(tunnel), where));
    drop_connection(tunnel);
    tunnel->plain = false;
    if (tunnel->proxy && !learned && blame == BLAME_PROXY)
        rest_proxy(tunnel);
    if (proxy_failed && learned)
        fall_back(tunnel);
    else if (proxy_failed && tunnel->proxy)
        enter(tunnel, CHOOSE);
    else if ((blame == BLAME_TARGET || blame == BLAME_PROXY) && take_next_target(tunnel))
        enter(tunnel, tunnel->proxy ? LOOKUP : CHOOSE);
    else
        enter(tunnel, FAILED);
}

static void __attribute__((format(printf, 3, 4))) fail_for(struct tunnel *tunnel, enum blame blame,
                                                           const char *format, ...)
{
    char what[sizeof tunnel->failure.what];
    va_list values;

    va_start(values, format);
    vsnprintf(what, sizeof what, format, values);
    va_end(values);
    failure_set(&tunnel->failure, FAILURE_TEMPORARY, "%s", what);
    fail(tunnel, blame);
}

static void on_time_out(void *arg)
{
    struct tunnel *tunnel = arg;
    const struct settings *settings = &tunnel->config->settings;

    if (tunnel->state == HANDSHAKE)
        fail_for(tunnel, BLAME_PROXY, "no answer within %u s", settings->handshake_timeout / 1000);
    else
        fail_for(tunnel, tunnel->state == LOOKUP ? BLAME_PROXY : BLAME_NOBODY,
                 "no answer from the name servers within %u s", settings->resolve_timeout / 1000);
}

static void set_limit(struct tunnel *tunnel, uint32_t ms)
{
    loop_timer_start(tunnel->means->loop, &tunnel->timer, ms, on_time_out, tunnel);
}

/* --- TARGET: the name and port that the proxy is asked for --- */

static void on_srv(void *arg, const struct srv_list *records, const char *error)
{
    struct tunnel *tunnel = arg;
    const char *domain = tunnel->listener->target.place.host;
    char place[ENDPOINT_TEXT_MAX];

    tunnel->lookup = NULL;
    if (!records) {
        fail_for(tunnel, BLAME_NOBODY, "no SRV record for %.100s: %s", domain, error);
    } else if (records->unavailable) {
        failure_set(&tunnel->failure, FAILURE_PERMANENT, "%.100s says that it has no such service (SRV)", domain);
        fail(tunnel, BLAME_NOBODY);
    } else {
        tunnel->targets = *records;
        take_next_target(tunnel);
        step(tunnel, "target", "%s", endpoint_format(&tunnel->target, place));
        enter(tunnel, CHOOSE);
    }
}

static void enter_target(struct tunnel *tunnel)
{
    const struct endpoint_target *target = &tunnel->listener->target;
    char name[ENDPOINT_HOST_MAX + 1];

    tunnel->target = target->place;
    if (!target->srv) {
        enter(tunnel, CHOOSE);
        return;
    }
    if (snprintf(name, sizeof name, "_%s._tcp.%s", tunnel->listener->protocol->service, target->place.host) >=
        (int)sizeof name)
        fail_for(tunnel, BLAME_NOBODY, "the domain of the SRV record is too long");
    else if (!(tunnel->lookup = resolver_find_srv(tunnel->means->resolver, name, on_srv, tunnel)))
        fail_for(tunnel, BLAME_NOBODY, "too many names are being looked up");
    else
        set_limit(tunnel, tunnel->config->settings.resolve_timeout);
}

/* --- CHOOSE: which proxy --- */

/* The section of the configuration that a proxy has of its own. */
static const struct proxy_config *find_section(const struct config *config, const struct endpoint *proxy)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        for (size_t k = 0; k < config->proxies[i].urls.count; k++)
            if (endpoint_equal(&config->proxies[i].urls.at[k], proxy))
                return &config->proxies[i];
    return NULL;
}

/* Goes to where the detour has come. */
static void use_proxy(struct tunnel *tunnel)
{
    tunnel->proxy = detour_proxy(&tunnel->detour);
    tunnel->own = NULL;
    if (tunnel->proxy && !detour_is_learned(&tunnel->detour))
        tunnel->own = tunnel->listener->proxy;
    else if (tunnel->proxy)
        tunnel->own = find_section(tunnel->config, tunnel->proxy);
    if (tunnel->proxy && tunnel->proxy->tls) {
        failure_set(&tunnel->failure, FAILURE_PERMANENT, "proxies behind TLS (https://) are not supported by this "
                    "version");
        fail(tunnel, BLAME_NOBODY);
    } else {
        enter(tunnel, tunnel->proxy ? SECRET : LOOKUP);
    }
}

static void begin_at(struct tunnel *tunnel, const struct endpoint *configured)
{
    char why[200];

    if (detour_begin(&tunnel->detour, configured, now(tunnel), why, sizeof why)) {
        use_proxy(tunnel);
    } else {
        tunnel->proxy = detour_proxy(&tunnel->detour);
        failure_set(&tunnel->failure, FAILURE_PERMANENT, "%s", why);
        fail(tunnel, BLAME_NOBODY);
    }
}

static void enter_choose(struct tunnel *tunnel)
{
    const struct endpoint *configured;
    struct failure why;
    enum route_next next;

    if (!tunnel->routed) {
        tunnel->routed = route_find(&tunnel->route, tunnel->listener, &tunnel->target, &why);
        scope_url_set(&tunnel->detour.url, tunnel->listener->scheme, &tunnel->target);
        if (!tunnel->routed) {
            tunnel->failure = why;
            fail(tunnel, BLAME_NOBODY);
            return;
        }
    }
    next = route_next(&tunnel->route, tunnel->means->health, now(tunnel), &configured, &why);
    if (tunnel->failure.what[0] && (next == ROUTE_PROXY || next == ROUTE_DIRECT))
        step(tunnel, "failed", "%s", tunnel->failure.what); /* one of several: the last one is told by FAILED */
    switch (next) {
    case ROUTE_PROXY:
        begin_at(tunnel, configured);
        break;
    case ROUTE_DIRECT:
        tunnel->proxy = NULL;
        tunnel->own = NULL;
        tunnel->detour.asked_count = 0;
        enter(tunnel, LOOKUP);
        break;
    case ROUTE_AWAY:
        tunnel->failure = why;
        enter(tunnel, FAILED);
        break;
    case ROUTE_NONE: /* the failure of the last one stands */
        enter(tunnel, FAILED);
        break;
    }
}

/* --- SECRET: the password, before a connection is made that would wait for it --- */

/* Makes the value of Proxy-Authorization, which is only ever for the proxy in use. */
static void make_credentials(struct tunnel *tunnel)
{
    const char *user = tunnel->own ? tunnel->own->user : NULL;
    const char *password = user ? secrets_known(tunnel->means->secrets, tunnel->own) : NULL;

    if (!user && !detour_is_learned(&tunnel->detour) && tunnel->route.user[0]) {
        user = tunnel->route.user;
        password = tunnel->route.password;
    }
    tunnel->credentials[0] = '\0';
    if (user && !basic_format(user, password, tunnel->credentials)) {
        failure_set(&tunnel->failure, FAILURE_PERMANENT, "user and password are too long");
        fail(tunnel, BLAME_NOBODY);
    } else {
        enter(tunnel, LOOKUP);
    }
}

static void on_secret(void *arg, const char *error)
{
    struct tunnel *tunnel = arg;

    tunnel->fetch = NULL;
    if (error) {
        failure_set(&tunnel->failure, FAILURE_TEMPORARY, "%s", error);
        fail(tunnel, BLAME_NOBODY);
    } else {
        make_credentials(tunnel);
    }
}

static void enter_secret(struct tunnel *tunnel)
{
    if (!tunnel->own || !tunnel->own->user || secrets_known(tunnel->means->secrets, tunnel->own)) {
        make_credentials(tunnel);
        return;
    }
    tunnel->fetch = secrets_fetch(tunnel->means->secrets, tunnel->own, on_secret, tunnel);
    if (!tunnel->fetch)
        fail_for(tunnel, BLAME_NOBODY, "out of memory");
}

/* --- LOOKUP: the address of the proxy, or of the target when there is none --- */

/* Why a proxy that was named by a redirect may not be where it is, or NULL. */
static const char *forbidden(const struct tunnel *tunnel, const struct address_list *addresses)
{
    const char *why = NULL;

    for (size_t i = 0; i < addresses->count && !why && detour_is_learned(&tunnel->detour) && tunnel->proxy; i++) {
        struct address address = addresses->at[i];

        address_set_port(&address, tunnel->proxy->port);
        why = redirect_forbids_address(tunnel->detour.sender_on_loopback, &address);
        if (!why && tunnel->means->is_own && tunnel->means->is_own(tunnel->means->is_own_arg, &address))
            why = "it leads to one of our own listeners";
    }
    return why;
}

static void on_addresses(void *arg, const struct address_list *addresses, const char *error)
{
    struct tunnel *tunnel = arg;
    char first[ADDRESS_TEXT_MAX];
    const char *why;

    tunnel->lookup = NULL;
    if (!addresses) {
        fail_for(tunnel, BLAME_PROXY, "cannot find its address: %s", error);
        return;
    }
    why = forbidden(tunnel, addresses);
    if (why) {
        failure_set(&tunnel->failure, FAILURE_PERMANENT, "a redirect here is refused: %s", why);
        redirects_drop(tunnel->means->redirects, tunnel->detour.entries[tunnel->detour.asked_count - 1]);
        fail(tunnel, BLAME_NOBODY);
        return;
    }
    tunnel->addresses = *addresses;
    step(tunnel, "resolve", "%s is %s%s", hop(tunnel)->host, address_format_host(&addresses->at[0], first),
         addresses->count > 1 ? " and more" : "");
    enter(tunnel, DIAL);
}

static void enter_lookup(struct tunnel *tunnel)
{
    tunnel->lookup = resolver_find_addresses(tunnel->means->resolver, hop(tunnel)->host, on_addresses, tunnel);
    if (!tunnel->lookup)
        fail_for(tunnel, BLAME_NOBODY, "too many names are being looked up");
    else
        set_limit(tunnel, tunnel->config->settings.resolve_timeout);
}

/* --- DIAL --- */

static void on_dialed(void *arg, enum dial_result result, int fd, const struct address *address, const char *error)
{
    struct tunnel *tunnel = arg;
    char text[ADDRESS_TEXT_MAX];

    tunnel->dial = NULL;
    if (result != DIAL_CONNECTED) {
        fail_for(tunnel, result == DIAL_UNREACHABLE ? BLAME_PROXY : BLAME_NOBODY, "%s", error);
        return;
    }
    tunnel->transport = transport_from_socket(tunnel->means->loop, fd);
    if (!tunnel->transport) {
        fail_for(tunnel, BLAME_NOBODY, "out of memory");
        return;
    }
    tunnel->on_loopback = address_is_loopback(address);
    step(tunnel, "connect", "%s", address_format(address, text));
    enter(tunnel, tunnel->proxy ? HANDSHAKE : OPEN);
}

static void enter_dial(struct tunnel *tunnel)
{
    const struct settings *settings = &tunnel->config->settings;

    tunnel->dial = dialer_dial(tunnel->means->dialer, &tunnel->addresses, hop(tunnel)->port, settings->connect_timeout,
                               settings->keepalive, on_dialed, tunnel);
    if (!tunnel->dial)
        fail_for(tunnel, BLAME_NOBODY, "out of memory");
}

/* --- HANDSHAKE --- */

/* The failure is the proxy's own answer: what follows from it. */
static void on_refusal(struct tunnel *tunnel, const struct method_verdict *verdict)
{
    bool learned = detour_is_learned(&tunnel->detour);
    enum blame blame = verdict->busy || (verdict->server_error && learned) ? BLAME_BUSY
                       : verdict->target_trouble                           ? BLAME_TARGET
                                                                           : BLAME_NOBODY;
    char where[ENDPOINT_URL_MAX];

    tunnel->failure = verdict->failure;
    tunnel->route.answered = true;
    health_worked(tunnel->means->health, tunnel->proxy, now(tunnel));
    if (verdict->retry_after > 0) {
        health_sent_away(tunnel->means->health, tunnel->proxy, now(tunnel), (unsigned)verdict->retry_after,
                         verdict->failure.what);
        log_message(LEVEL_WARNING, tunnel->name, "%s asks to be left alone for %d s: %s",
                    endpoint_format_url(tunnel->proxy, where), verdict->retry_after, verdict->failure.what);
    }
    if (verdict->denied && tunnel->own && tunnel->own->user)
        secrets_forget(tunnel->means->secrets, tunnel->own);
    fail(tunnel, blame);
}

/* --- a redirect, and ASK: whether the user allows it --- */

static void refuse_redirect(struct tunnel *tunnel, const struct failure *answer, const char *why)
{
    char said[sizeof answer->what];

    snprintf(said, sizeof said, "%s", answer->what);
    failure_set(&tunnel->failure, FAILURE_PERMANENT, "%.60s: redirect refused: %s", said, why);
    fail(tunnel, BLAME_NOBODY);
}

/* Goes where the answer says, now that nothing forbids it. */
static void follow(struct tunnel *tunnel)
{
    const struct setproxy *said = &tunnel->detour.pending;
    char by[ENDPOINT_URL_MAX], to[ENDPOINT_URL_MAX], scope[SCOPE_TEXT_MAX], lifetime[48], why[200];
    struct endpoint configured = tunnel->detour.asked[0];
    bool begin_anew;

    endpoint_format_url(tunnel->proxy, by);
    if (said->action == SETPROXY_SET)
        endpoint_format_url(&said->proxy, to);
    else
        snprintf(to, sizeof to, said->action == SETPROXY_DIRECT ? "direct" : "configuration");
    log_event(LEVEL_INFO, tunnel->name, "redirected by=%s to=%s scope=%s lifetime=%s", by, to,
              scope_format(&said->scope, scope), setproxy_format_lifetime(&said->lifetime, lifetime));
    step(tunnel, "redirect", "to %s for %s, %s", to, scope, lifetime);
    if (!detour_apply(&tunnel->detour, tunnel->on_loopback, now(tunnel), &begin_anew, why, sizeof why))
        refuse_redirect(tunnel, &tunnel->failure, why);
    else if (begin_anew)
        begin_at(tunnel, &configured);
    else
        use_proxy(tunnel);
}

static void on_answer(void *arg, bool yes, const char *why)
{
    struct tunnel *tunnel = arg;

    tunnel->question = NULL;
    if (yes)
        follow(tunnel);
    else
        refuse_redirect(tunnel, &tunnel->failure, why);
}

static void enter_ask(struct tunnel *tunnel)
{
    tunnel->question = questions_ask(tunnel->means->questions, &tunnel->config->redirects, tunnel->proxy,
                                     &tunnel->detour.pending, on_answer, tunnel);
    if (!tunnel->question)
        refuse_redirect(tunnel, &tunnel->failure, "too many questions are open");
}

static void on_redirect(struct tunnel *tunnel, const struct method_verdict *verdict)
{
    char why[300] = "";
    enum redirect_decision decision = detour_decide(&tunnel->detour, handshake_head(tunnel->handshake), why, sizeof why);

    tunnel->failure = verdict->failure;
    tunnel->route.answered = true;
    health_worked(tunnel->means->health, tunnel->proxy, now(tunnel));
    drop_connection(tunnel);
    tunnel->plain = false;
    switch (decision) {
    case REDIRECT_FOLLOW: follow(tunnel); break;
    case REDIRECT_ASK: enter(tunnel, ASK); break;
    case REDIRECT_REFUSE: refuse_redirect(tunnel, &tunnel->failure, why); break;
    }
}

/* --- the answer --- */

static void on_judged(struct tunnel *tunnel, const struct method_verdict *verdict)
{
    char line[200], where[ENDPOINT_URL_MAX];

    step(tunnel, "reply", "%s", handshake_status_line(tunnel->handshake, line, sizeof line));
    switch (verdict->outcome) {
    case METHOD_OPEN:
        health_worked(tunnel->means->health, tunnel->proxy, now(tunnel));
        if (tunnel->plain) {
            health_set_plain(tunnel->means->health, tunnel->proxy, now(tunnel));
            log_message(LEVEL_INFO, tunnel->name, "%s takes requests without Upgrade only; it gets no other "
                        "from now on", endpoint_format_url(tunnel->proxy, where));
        }
        enter(tunnel, OPEN);
        break;
    case METHOD_RETRY_PLAIN:
        drop_connection(tunnel);
        tunnel->plain = true;
        enter(tunnel, LOOKUP);
        break;
    case METHOD_REDIRECT:
        on_redirect(tunnel, verdict);
        break;
    case METHOD_FAILED:
        on_refusal(tunnel, verdict);
        break;
    case METHOD_SKIP: /* the handshake keeps these to itself */
        break;
    }
}

static void on_ready(void *arg, int ready)
{
    struct tunnel *tunnel = arg;

    (void)ready;
    switch (handshake_step(tunnel->handshake, tunnel->transport)) {
    case HANDSHAKE_WAIT:
        break;
    case HANDSHAKE_JUDGED:
        on_judged(tunnel, handshake_verdict(tunnel->handshake));
        break;
    case HANDSHAKE_BROKEN:
        tunnel->failure = handshake_verdict(tunnel->handshake)->failure;
        fail(tunnel, BLAME_PROXY);
        break;
    }
}

static void enter_handshake(struct tunnel *tunnel)
{
    const struct proxy_config *proxy = tunnel->own ? tunnel->own : tunnel->listener->proxy;
    bool plain = tunnel->plain || (!proxy->require_switch && health_is_plain(tunnel->means->health, tunnel->proxy));
    char via[DETOUR_VIA_MAX], line[300];
    struct method_request request = {
        .method = proxy->method,
        .announce = plain ? proxy->announce & ~(unsigned)METHOD_UPGRADE : proxy->announce,
        .target = &tunnel->target,
        .token = tunnel->listener->token,
        .scheme = tunnel->listener->scheme,
        .alpn = tunnel->listener->protocol->alpn,
        .credentials = tunnel->credentials[0] ? tunnel->credentials : NULL,
        .redirected_via = *detour_format_via(&tunnel->detour, via) ? via : NULL,
        .headers = tunnel->own ? tunnel->own->headers.at : NULL,
        .header_count = tunnel->own ? tunnel->own->headers.count : 0,
    };

    tunnel->handshake = handshake_new(&request, proxy->require_switch);
    if (!tunnel->handshake) {
        fail_for(tunnel, BLAME_NOBODY, "the request does not fit into %d bytes", METHOD_REQUEST_MAX);
        return;
    }
    step(tunnel, "request", "%s", handshake_request_line(tunnel->handshake, line, sizeof line));
    set_limit(tunnel, tunnel->config->settings.handshake_timeout);
    transport_watch(tunnel->transport, on_ready, tunnel);
    on_ready(tunnel, LOOP_WRITE); /* at once: a fresh connection takes a request without being asked */
}

/* --- the means --- */

bool tunnel_means_init(struct tunnel_means *means, char *error, size_t size)
{
    memset(means, 0, sizeof *means);
    snprintf(error, size, "out of memory or of file descriptors");
    means->loop = loop_new();
    if (means->loop) {
        means->health = health_new();
        means->redirects = redirects_new();
        means->questions = questions_new(means->loop);
        means->secrets = secrets_new(means->loop);
        means->dialer = dialer_new(means->loop);
        means->resolver = resolver_new(means->loop, error, size);
    }
    if (means->loop && means->health && means->redirects && means->questions && means->secrets && means->dialer &&
        means->resolver)
        return true;
    tunnel_means_release(means);
    return false;
}

void tunnel_means_release(struct tunnel_means *means)
{
    resolver_free(means->resolver);
    dialer_free(means->dialer);
    secrets_free(means->secrets);
    questions_free(means->questions);
    redirects_free(means->redirects);
    health_free(means->health);
    loop_free(means->loop);
    memset(means, 0, sizeof *means);
}

/* --- the machine --- */

/* The only writer of the state. */
static void enter(struct tunnel *tunnel, enum state state)
{
    log_message(LEVEL_DEBUG, tunnel->name, "tunnel %s -> %s", state_names[tunnel->state], state_names[state]);
    tunnel->state = state;
    loop_timer_stop(&tunnel->timer);
    switch (state) {
    case STARTED: break;
    case TARGET: enter_target(tunnel); break;
    case CHOOSE: enter_choose(tunnel); break;
    case SECRET: enter_secret(tunnel); break;
    case LOOKUP: enter_lookup(tunnel); break;
    case DIAL: enter_dial(tunnel); break;
    case HANDSHAKE: enter_handshake(tunnel); break;
    case ASK: enter_ask(tunnel); break;
    case OPEN: tunnel->told(tunnel->arg, TUNNEL_OPEN, NULL, NULL); break;
    case FAILED: tunnel->told(tunnel->arg, TUNNEL_FAILED, NULL, NULL); break;
    }
}

static void start(struct deferred *deferred)
{
    enter((struct tunnel *)((char *)deferred - offsetof(struct tunnel, start)), TARGET);
}

struct tunnel *tunnel_open(const struct tunnel_means *means, struct config *config,
                           const struct listener_config *listener, const char *name, tunnel_told_fn *told, void *arg)
{
    struct tunnel *tunnel = calloc(1, sizeof *tunnel);

    if (!tunnel)
        return NULL;
    tunnel->means = means;
    tunnel->config = config_ref(config);
    tunnel->listener = listener;
    tunnel->name = name;
    tunnel->detour.config = config;
    tunnel->detour.table = means->redirects;
    tunnel->told = told;
    tunnel->arg = arg;
    loop_defer(means->loop, &tunnel->start, start);
    return tunnel;
}

static void die(struct deferred *death)
{
    struct tunnel *tunnel = (struct tunnel *)((char *)death - offsetof(struct tunnel, death));

    route_release(&tunnel->route);
    explicit_bzero(tunnel->credentials, sizeof tunnel->credentials);
    config_unref(tunnel->config);
    free(tunnel);
}

void tunnel_free(struct tunnel *tunnel)
{
    if (!tunnel || tunnel->death.back)
        return;
    loop_undefer(tunnel->means->loop, &tunnel->start);
    loop_timer_stop(&tunnel->timer);
    drop_connection(tunnel);
    loop_defer(tunnel->means->loop, &tunnel->death, die);
}

struct transport *tunnel_take(struct tunnel *tunnel, char **leftover, size_t *length)
{
    struct transport *transport = tunnel->transport;

    *leftover = NULL;
    *length = 0;
    if (tunnel->handshake)
        *leftover = handshake_take_leftover(tunnel->handshake, length);
    tunnel->transport = NULL;
    transport_watch(transport, NULL, NULL);
    return transport;
}

const struct endpoint *tunnel_proxy(const struct tunnel *tunnel)
{
    return tunnel->proxy;
}

bool tunnel_switched(const struct tunnel *tunnel)
{
    return tunnel->handshake && handshake_verdict(tunnel->handshake)->switched;
}

unsigned tunnel_redirects(const struct tunnel *tunnel)
{
    size_t senders = tunnel->detour.asked_count > 0 ? tunnel->detour.asked_count - 1 : 0;

    return (unsigned)(senders + tunnel->detour.direct);
}

const struct endpoint *tunnel_target(const struct tunnel *tunnel)
{
    return &tunnel->target;
}

const struct failure *tunnel_failure(const struct tunnel *tunnel)
{
    return &tunnel->failure;
}
