/* SPDX-License-Identifier: ISC */
#include "auth/negotiate_login.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"
#include "http/h1_exchange.h"

#define TAIL_MOST (300 * 1024) /* bytes behind an answer */

/* --- a proxy that does what the test says, in the same process and on the same loop --- */

struct scene;

/* Is called for each complete request, the leg being counted from 1; says what comes back. */
typedef void answer_fn(struct scene *scene, const char *request);

struct scene {
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct nonces *nonces;
    struct negotiate_login *login;
    answer_fn *answer;
    int before;            /* descriptors */
    /* what the login told */
    unsigned wanted, told; /* connections; outcomes */
    enum outcome outcome;
    struct failure failure;
    char steps[200];       /* of the trace */
    bool free_when_told, free_at_end, keep_waiting;
    unsigned stop_at;      /* a test's own */
    /* the proxy's side */
    int fd;                /* or -1 */
    struct loop_io io;
    unsigned connections, leg;
    char request[100000];
    size_t request_length;
    char *out;             /* what it has to send, 400 KiB of room */
    size_t out_at, out_end;
    bool hang_up, reset;   /* once all is sent */
    size_t flood;          /* the last that many bytes are sent again and again */
};

#define OUT_SIZE 400000

static void serve(void *arg, int ready);

static void server_close(struct scene *scene)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    if (scene->fd < 0)
        return;
    if (scene->reset)
        setsockopt(scene->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    loop_io_stop(&scene->io);
    close(scene->fd);
    scene->fd = -1;
}

static void say_bytes(struct scene *scene, const void *bytes, size_t length)
{
    ck_assert_uint_le(scene->out_end + length, OUT_SIZE);
    memcpy(scene->out + scene->out_end, bytes, length);
    scene->out_end += length;
}

static void say(struct scene *scene, const char *text)
{
    say_bytes(scene, text, strlen(text));
}

static void server_send(struct scene *scene)
{
    while (scene->out_at < scene->out_end) {
        ssize_t sent = send(scene->fd, scene->out + scene->out_at, scene->out_end - scene->out_at, MSG_NOSIGNAL);

        if (sent < 0) {
            ck_assert_msg(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET, "%s", strerror(errno));
            break;
        }
        scene->out_at += (size_t)sent;
    }
    if (scene->out_at == scene->out_end && scene->hang_up) {
        server_close(scene);
        return;
    }
    loop_io_levels(scene->loop, &scene->io, scene->fd,
                   LOOP_READ | (scene->out_at < scene->out_end ? LOOP_WRITE : 0), serve, scene);
}

static void serve(void *arg, int ready)
{
    struct scene *scene = arg;

    if (ready & LOOP_READ) {
        ssize_t got = recv(scene->fd, scene->request + scene->request_length,
                           sizeof scene->request - 1 - scene->request_length, 0);

        if (got == 0 || (got < 0 && errno == ECONNRESET)) {
            server_close(scene);
            return;
        }
        if (got > 0)
            scene->request_length += (size_t)got;
        scene->request[scene->request_length] = '\0';
        if (scene->request_length >= 4 && strstr(scene->request, "\r\n\r\n")) {
            scene->leg++;
            scene->request_length = 0;
            scene->answer(scene, scene->request);
        }
    }
    if (scene->fd >= 0)
        server_send(scene);
}

static struct transport *make_connection(struct scene *scene)
{
    struct transport *transport;
    int ends[2];

    server_close(scene);
    scene->hang_up = false;
    scene->flood = 0;
    scene->request_length = scene->out_at = scene->out_end = 0;
    unit_tcp_pair(ends);
    unit_nonblocking(ends[0]);
    unit_nonblocking(ends[1]);
    scene->fd = ends[1];
    scene->connections++;
    ck_assert(loop_io_levels(scene->loop, &scene->io, scene->fd, LOOP_READ, serve, scene));
    transport = transport_from_socket(scene->loop, ends[0]);
    ck_assert_ptr_nonnull(transport);
    return transport;
}

static void give_connection(struct scene *scene)
{
    negotiate_login_connect(scene->login, make_connection(scene));
}

static bool is_freed(struct scene *scene)
{
    if (!scene->free_when_told && !(scene->free_at_end && scene->told > 0))
        return false;
    scene->told = 1;
    negotiate_login_free(scene->login);
    scene->login = NULL;
    return true;
}

static void on_wanted(void *arg)
{
    struct scene *scene = arg;

    ck_assert_uint_eq(scene->told, 0); /* nothing behind the outcome */
    scene->wanted++;
    if (!is_freed(scene) && !scene->keep_waiting)
        give_connection(scene);
}

static void on_told(void *arg, enum outcome outcome, const struct failure *failure)
{
    struct scene *scene = arg;

    ck_assert_uint_eq(scene->told, 0);
    ck_assert((outcome == OUTCOME_DONE) == (failure == NULL));
    scene->told++;
    scene->outcome = outcome;
    if (failure)
        scene->failure = *failure;
    is_freed(scene);
}

static void on_step(void *arg, const char *step, const char *text)
{
    struct scene *scene = arg;
    size_t length = strlen(scene->steps);

    snprintf(scene->steps + length, sizeof scene->steps - length, "%s %s;", step, text);
}

static void on_told_in_vain(void *arg, enum outcome outcome, const struct failure *failure)
{
    (void)arg;
    ck_abort_msg("told %d: %s", (int)outcome, failure ? failure->what : "");
}

static void set_up(struct scene *scene, answer_fn *answer)
{
    memset(scene, 0, sizeof *scene);
    scene->before = unit_descriptors();
    scene->loop = loop_new();
    ck_assert_ptr_nonnull(scene->loop);
    scene->curl_loop = curl_loop_new(scene->loop);
    ck_assert_ptr_nonnull(scene->curl_loop);
    scene->nonces = nonces_new();
    ck_assert_ptr_nonnull(scene->nonces);
    scene->answer = answer;
    scene->fd = -1;
    scene->out = malloc(OUT_SIZE);
    ck_assert_ptr_nonnull(scene->out);
}

static void tear_down(struct scene *scene)
{
    negotiate_login_free(scene->login);
    server_close(scene);
    free(scene->out);
    nonces_free(scene->nonces);
    curl_loop_free(scene->curl_loop);
    loop_free(scene->loop);
    ck_assert_int_eq(unit_descriptors(), scene->before);
}

static const struct endpoint proxy = {.host = "proxy.example", .port = 3128};
static const struct endpoint target = {.host = "mail.example.net", .port = 143};
static const struct connect_request imap = {.announce = ANNOUNCE_UPGRADE, .target = &target, .token = "IMAP",
                                           .scheme = "imap", .alpn = "imap"};

static struct negotiate_login_params job_of(struct scene *scene, enum challenge_scheme scheme)
{
    return (struct negotiate_login_params){
        .loop = scene->loop,
        .curl_loop = scene->curl_loop,
        .nonces = scene->nonces,
        .proxy = &proxy,
        .request = &imap,
        .scheme = scheme,
        .user = "arthur",
        .password = "s3:cr\"et%41",
        .limit_ms = 60000,
        .trace = {on_step, scene},
        .connect = on_wanted,
        .done = on_told,
        .arg = scene,
    };
}

static void start(struct scene *scene, const struct negotiate_login_params *params)
{
    scene->login = negotiate_login_start(params);
    ck_assert_ptr_nonnull(scene->login);
    ck_assert_uint_eq(scene->wanted + scene->told, 0);
}

static bool is_over(void *arg)
{
    struct scene *scene = arg;

    if (scene->flood && scene->fd >= 0 && scene->out_end > 0 && scene->out_at == scene->out_end) {
        scene->out_at = scene->out_end - scene->flood;
        server_send(scene);
    }
    return scene->told > 0;
}

/* Runs it to its end. */
static void run(struct scene *scene, const struct negotiate_login_params *params)
{
    start(scene, params);
    unit_wait(scene->loop, is_over, scene);
}

static void check_outcome(const struct scene *scene, enum outcome outcome)
{
    ck_assert_msg(scene->outcome == outcome, "told %d: %s%s", (int)scene->outcome, scene->failure.what,
                  scene->failure.detail);
}

static void check_open(const struct scene *scene, bool switched)
{
    check_outcome(scene, OUTCOME_DONE);
    ck_assert_msg(negotiate_login_response(scene->login)->verdict == CONNECT_OPEN, "%s",
                  negotiate_login_response(scene->login)->failure.what);
    ck_assert_int_eq(negotiate_login_response(scene->login)->switched, switched);
}

/* Takes the connection and says whether what comes over it first is exactly this. */
static void check_bytes(struct scene *scene, const char *expected, size_t length)
{
    const struct http_head *head = negotiate_login_head(scene->login);
    bool capsules = head && http_head_has_member(head, "Upgrade", "connect-tcp");
    const char *there = capsules ? "\x08\x01x" : "x"; /* DATA, one byte */
    char *leftover, bytes[8];
    size_t at;
    struct transport *transport = negotiate_login_take(scene->login, &leftover, &at);

    ck_assert_ptr_nonnull(transport);
    ck_assert_uint_le(at, length);
    ck_assert(leftover ? memcmp(leftover, expected, at) == 0 : at == 0);
    free(leftover);
    while (at < length) { /* the proxy may still have to send: it is pushed by hand, the loop stands still */
        char piece[4096];
        ssize_t got = transport_recv(transport, piece, sizeof piece);

        if (got == TRANSPORT_AGAIN) {
            server_send(scene);
            continue;
        }
        ck_assert_int_gt(got, 0);
        ck_assert_uint_le(at + (size_t)got, length);
        ck_assert_int_eq(memcmp(piece, expected + at, (size_t)got), 0);
        at += (size_t)got;
    }
    ck_assert_int_eq((int)transport_recv(transport, bytes, 1), TRANSPORT_AGAIN);
    ck_assert_int_eq((int)transport_send(transport, "x", 1), 1); /* and the other way, to the proxy */
    ck_assert_int_eq((int)recv(scene->fd, bytes, sizeof bytes, 0), (int)strlen(there));
    ck_assert_int_eq(memcmp(bytes, there, strlen(there)), 0);
    transport_close(transport);
}

/* The owner's own request without credentials, before the login: its answer is what the login begins with. */
static void on_first(void *arg, enum outcome outcome, const struct failure *failure)
{
    ck_assert_msg(outcome == OUTCOME_DONE, "%s", failure ? failure->what : "");
    *(bool *)arg = true;
}

static bool is_true(void *arg)
{
    return *(bool *)arg;
}

static struct exchange *ask_first_for(struct scene *scene, const struct connect_request *request)
{
    bool answered = false;
    const struct exchange_params params = {.loop = scene->loop, .request = request, .done = on_first,
                                           .arg = &answered};
    struct exchange *exchange = h1_exchange_start(&params, make_connection(scene));

    ck_assert_ptr_nonnull(exchange);
    unit_wait(scene->loop, is_true, &answered);
    ck_assert(exchange_response(exchange)->denied);
    return exchange;
}

static struct exchange *ask_first(struct scene *scene)
{
    return ask_first_for(scene, &imap);
}

/* One more login in the same house. */
static void run_again(struct scene *scene, const struct negotiate_login_params *params)
{
    negotiate_login_free(scene->login);
    scene->told = scene->wanted = scene->leg = 0;
    run(scene, params);
}

/* --- Digest (RFC 7616), computed here once more --- */

static void hash(const char *algorithm, char hex[65], const char *format, ...) __attribute__((format(printf, 3, 4)));

static void hash(const char *algorithm, char hex[65], const char *format, ...)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    char text[1000];
    va_list values;
    int size;

    va_start(values, format);
    size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    ck_assert(size > 0 && (size_t)size < sizeof text);
    ck_assert_int_eq(EVP_Digest(text, (size_t)size, digest, &length, EVP_get_digestbyname(algorithm), NULL), 1);
    for (unsigned i = 0; i < length; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* Whether a proxy is asked, for a tunnel or for what a server has. */
static bool is_for_proxy(const char *request)
{
    return strncmp(request, "CONNECT ", 8) == 0 || strncmp(request, "OPTIONS http:", 13) == 0;
}

/* The value of a parameter of Proxy-Authorization: Digest, or of Authorization: Digest where a server is asked, without
 * its quotes. */
static const char *parameter(const char *request, const char *name, char out[200])
{
    const char *at = strstr(request, is_for_proxy(request) ? "\r\nProxy-Authorization: Digest "
                                                           : "\r\nAuthorization: Digest ");
    const char *end = at ? strstr(at + 2, "\r\n") : NULL;
    char wanted[40];

    ck_assert_ptr_nonnull(at);
    snprintf(wanted, sizeof wanted, "%s=", name);
    for (at = strstr(at, wanted); at && at < end; at = strstr(at + 1, wanted)) {
        if (at[-1] != ' ' && at[-1] != ',')
            continue;
        at += strlen(wanted);
        if (*at == '"')
            snprintf(out, 200, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
        else
            snprintf(out, 200, "%.*s", (int)strcspn(at, ", \r"), at);
        return out;
    }
    ck_abort_msg("no %s in %s", name, request);
    return NULL;
}

static void check_digest(const char *request, const char *algorithm, bool session, const char *uri)
{
    char a1[65], a2[65], expected[65], out[200], nonce[200], cnonce[200], nc[200];

    parameter(request, "nonce", nonce);
    parameter(request, "cnonce", cnonce);
    parameter(request, "nc", nc);
    ck_assert_str_eq(parameter(request, "username", out), "arthur");
    ck_assert_str_eq(parameter(request, "uri", out), uri);
    hash(algorithm, a1, "arthur:a realm:s3:cr\"et%%41");
    if (session)
        hash(algorithm, a1, "%s:%s:%s", strdupa(a1), nonce, cnonce);
    hash(algorithm, a2, "%.*s:%s", (int)strcspn(request, " "), request, uri);
    hash(algorithm, expected, "%s:%s:%s:%s:auth:%s", a1, nonce, nc, cnonce, a2);
    ck_assert_str_eq(parameter(request, "response", out), expected);
}

/* --- what is sent --- */

static bool has_line(const char *request, const char *line)
{
    const char *at = strstr(request, line);

    return at && (at == request || at[-1] == '\n') && strncmp(at + strlen(line), "\r\n", 2) == 0 &&
           !strstr(at + 1, line);
}

static void digest_md5(struct scene *scene, const char *request)
{
    ck_assert_msg(has_line(request, "CONNECT mail.example.net:143 HTTP/1.1"), "%s", request);
    ck_assert_msg(has_line(request, "Host: mail.example.net:143"), "%s", request);
    ck_assert_msg(has_line(request, "Upgrade: IMAP"), "%s", request);
    ck_assert_msg(has_line(request, "Connection: Upgrade"), "%s", request);
    ck_assert_msg(has_line(request, "User-Agent: sallyport/" PACKAGE_VERSION), "%s", request);
    if (scene->leg == 1) {
        ck_assert_ptr_null(strstr(request, "Proxy-Authorization"));
        say(scene, "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"a realm\"\r\n"
                   "Proxy-Authenticate: Digest realm=\"a realm\", qop=\"auth\", nonce=\"n0n,ce\"\r\n"
                   "Content-Length: 5\r\n\r\nhello");
        return;
    }
    check_digest(request, "MD5", false, "mail.example.net:143");
    say(scene, "HTTP/1.1 200 OK\r\n\r\n* OK hello\r\n");
}

START_TEST(digest_opens_a_tunnel)
{
    struct scene scene;
    struct negotiate_login_params params;

    setenv("https_proxy", "http://192.0.2.1:9/", 1); /* none of the login's business */
    setenv("no_proxy", "*", 1);
    set_up(&scene, digest_md5);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.connections, 1);
    ck_assert_uint_eq(scene.leg, 2);
    ck_assert(negotiate_login_credentials_were_sent(scene.login));
    ck_assert_int_eq(negotiate_login_head(scene.login)->status, 200);
    ck_assert_str_eq(scene.steps, "request CONNECT mail.example.net:143 HTTP/1.1;reply HTTP/1.1 200 OK;");
    check_bytes(&scene, "* OK hello\r\n", 12);
    tear_down(&scene);
}
END_TEST

/* --- Digest, all forms --- */

static const struct {
    const char *algorithm, *hash;
    bool session;
} forms[] = {
    {"MD5", "MD5", false},
    {"MD5-sess", "MD5", true},
    {"SHA-256", "SHA256", false},
    {"SHA-256-sess", "SHA256", true},
};

static size_t form; /* the one under test */

static void digest_form(struct scene *scene, const char *request)
{
    char text[300];

    if (scene->leg == 1) {
        snprintf(text, sizeof text, "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"a realm\", qop=\"auth\", "
                 "nonce=\"abc\", algorithm=%s\r\nContent-Length: 0\r\n\r\n", forms[form].algorithm);
        say(scene, text);
        return;
    }
    check_digest(request, forms[form].hash, forms[form].session, "mail.example.net:143");
    say(scene, "HTTP/1.1 200 OK\r\n\r\n");
}

START_TEST(every_form_of_digest_that_counts_is_right)
{
    struct scene scene;
    struct negotiate_login_params params;

    form = (size_t)_i;
    set_up(&scene, digest_form);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_open(&scene, false);
    check_bytes(&scene, "", 0);
    tear_down(&scene);
}
END_TEST

/* --- Digest: how many requests --- */

static void plain_200(struct scene *scene, const char *request);
static void basic_only(struct scene *scene, const char *request);
static bool are_both_over(void *arg);

/* Nonces "n1", "n2", ... : each counts its uses, and no count comes twice. */
static unsigned current, uses; /* the nonce that is good now; how often it was used */
static const char *old;        /* what is said of another nonce */

static void keep_count(struct scene *scene, const char *request)
{
    char text[300], nonce[200], nc[200], expected[20];

    if (strstr(request, "Proxy-Authorization")) {
        check_digest(request, "MD5", false, "mail.example.net:143");
        snprintf(expected, sizeof expected, "n%u", current);
        if (strcmp(parameter(request, "nonce", nonce), expected) == 0) {
            snprintf(expected, sizeof expected, "%08x", ++uses);
            ck_assert_str_eq(parameter(request, "nc", nc), expected);
            say(scene, "HTTP/1.1 200 OK\r\n\r\n");
            return;
        }
    }
    snprintf(text, sizeof text, "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"a realm\", qop=\"auth\", "
             "nonce=\"n%u\"%s\r\nContent-Length: 0\r\n\r\n", current, old);
    say(scene, text);
}

/* Has logged in once, by nonce n1. */
static struct negotiate_login_params set_up_known(struct scene *scene)
{
    struct negotiate_login_params params;

    current = 1;
    uses = 0;
    old = "";
    set_up(scene, keep_count);
    params = job_of(scene, CHALLENGE_DIGEST);
    params.first = ask_first(scene);
    run(scene, &params);
    check_open(scene, false);
    params.first = NULL;
    return params;
}

START_TEST(digest_takes_two_requests_and_then_one)
{
    struct scene scene;
    struct negotiate_login_params params = set_up_known(&scene);
    const struct endpoint other = {.host = "news.example.net", .port = 119};
    struct connect_request request = imap;

    ck_assert_uint_eq(scene.leg, 2);
    ck_assert_uint_eq(scene.connections, 1);
    check_bytes(&scene, "", 0);
    for (unsigned i = 2; i < 20; i++) {
        run_again(&scene, &params);
        check_open(&scene, false);
        ck_assert_uint_eq(scene.leg, 1);
        ck_assert_uint_eq(uses, i);
        ck_assert(negotiate_login_credentials_were_sent(scene.login));
        check_bytes(&scene, "", 0);
    }
    request.target = &other; /* the proof is of this target, not of the one before */
    params.request = &request;
    scene.answer = plain_200;
    run_again(&scene, &params);
    check_open(&scene, false);
    ck_assert_ptr_nonnull(strstr(scene.request, "uri=\"news.example.net:119\""));
    ck_assert_uint_eq(scene.leg, 1);
    tear_down(&scene);
}
END_TEST

START_TEST(a_nonce_is_known_for_one_user_of_one_proxy)
{
    struct scene scene;
    struct negotiate_login_params params = set_up_known(&scene);
    const struct endpoint another = {.host = "proxy.example", .port = 8080};

    scene.answer = basic_only; /* which wants no proof */
    params.proxy = &another;
    run_again(&scene, &params);
    ck_assert(!negotiate_login_credentials_were_sent(scene.login));
    params.proxy = &proxy;
    params.user = "ford";
    run_again(&scene, &params);
    ck_assert(!negotiate_login_credentials_were_sent(scene.login));
    ck_assert_ptr_null(strstr(scene.request, "Proxy-Authorization"));
    tear_down(&scene);
}
END_TEST

/* The proxy says so, or has only forgotten it (it was started anew), or says that it is not stale, which it is. */
START_TEST(a_known_nonce_may_be_old)
{
    static const char *const words[] = {", stale=true", "", ", stale=false"};
    struct scene scene;
    struct negotiate_login_params params = set_up_known(&scene);

    current = 2;
    uses = 0;
    old = words[_i];
    run_again(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.leg, 2);
    ck_assert_uint_eq(uses, 1);
    run_again(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.leg, 1);
    tear_down(&scene);
}
END_TEST

/* The owner hears of a 407 as if nothing had been sent, and may choose another scheme. */
START_TEST(a_scheme_may_be_gone_since)
{
    struct scene scene;
    struct negotiate_login_params params = set_up_known(&scene);

    scene.answer = basic_only;
    run_again(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    ck_assert_uint_eq(scene.leg, 1);
    ck_assert(negotiate_login_response(scene.login)->denied);
    ck_assert(!negotiate_login_credentials_were_sent(scene.login));
    tear_down(&scene);
}
END_TEST

static void refuse_all(struct scene *scene, const char *request)
{
    (void)request;
    say(scene, "HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=\"a realm\", qop=\"auth\", nonce=\"abc\"\r\n"
               "Content-Length: 0\r\n\r\n");
}

START_TEST(a_refused_password_leaves_no_nonce)
{
    struct scene scene;
    struct negotiate_login_params params = set_up_known(&scene);

    scene.answer = refuse_all;
    run_again(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    ck_assert_uint_eq(scene.leg, 2); /* the second proof has a nonce that was given just now */
    ck_assert(negotiate_login_response(scene.login)->denied);
    ck_assert(negotiate_login_credentials_were_sent(scene.login));
    scene.answer = basic_only;
    run_again(&scene, &params);
    ck_assert(!negotiate_login_credentials_were_sent(scene.login));
    tear_down(&scene);
}
END_TEST

static void first_proof_wins(struct scene *scene, const char *request)
{
    char nc[200];

    if (!strstr(request, "Proxy-Authorization")) {
        refuse_all(scene, request);
        return;
    }
    ck_assert_str_eq(parameter(request, "nc", nc), "00000001");
    say(scene, "HTTP/1.1 200 OK\r\n\r\n");
}

/* Nonces for one use, the next of which it names. */
static void name_the_next(struct scene *scene, const char *request)
{
    char text[200], expected[20], out[200];

    check_digest(request, forms[form].hash, false, "mail.example.net:143");
    snprintf(expected, sizeof expected, "n%u", current);
    ck_assert_str_eq(parameter(request, "nonce", out), expected);
    ck_assert_str_eq(parameter(request, "nc", out), "00000001");
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nProxy-Authentication-Info: nextnonce=\"n%u\"\r\n\r\n", ++current);
    say(scene, text);
}

static void name_the_next_when_asked(struct scene *scene, const char *request)
{
    char text[300];

    if (scene->leg > 1) {
        name_the_next(scene, request);
        return;
    }
    snprintf(text, sizeof text, "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"a realm\", qop=\"auth\", "
             "nonce=\"n%u\", algorithm=%s\r\nContent-Length: 0\r\n\r\n", current, forms[form].algorithm);
    say(scene, text);
}

/* With MD5, and with SHA-256. */
START_TEST(a_nonce_that_is_named_costs_no_request)
{
    struct scene scene;
    struct negotiate_login_params params;

    form = 2 * (size_t)_i;
    current = 1;
    set_up(&scene, name_the_next_when_asked);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.leg, 2);
    scene.answer = name_the_next;
    for (unsigned i = 0; i < 5; i++) {
        run_again(&scene, &params);
        check_open(&scene, false);
        ck_assert_uint_eq(scene.leg, 1);
        ck_assert_uint_eq(scene.wanted, 1);
        ck_assert(negotiate_login_credentials_were_sent(scene.login));
        check_bytes(&scene, "", 0);
    }
    ck_assert_uint_eq(current, 7);
    tear_down(&scene);
}
END_TEST

/* Not the same one: its counts would reach the proxy in any order. */
START_TEST(logins_at_a_time_have_a_nonce_each)
{
    struct scene one, two, *both[] = {&one, &two};
    struct negotiate_login_params params = set_up_known(&one);

    check_bytes(&one, "", 0);
    negotiate_login_free(one.login);
    one.told = one.wanted = one.leg = 0;
    server_close(&one);
    two = one;
    two.out = malloc(OUT_SIZE);
    ck_assert_ptr_nonnull(two.out);
    two.answer = first_proof_wins;
    start(&one, &params);
    params = job_of(&two, CHALLENGE_DIGEST);
    start(&two, &params);
    unit_wait(one.loop, are_both_over, both);
    check_open(&one, false);
    check_open(&two, false);
    ck_assert_uint_eq(one.leg, 1);
    ck_assert_uint_eq(two.leg, 2);
    negotiate_login_free(two.login);
    server_close(&two);
    free(two.out);
    tear_down(&one);
}
END_TEST

/* Twice in a row. */
static void be_slow(struct scene *scene, const char *request)
{
    char text[300], nonce[200], expected[20];

    if (scene->leg > 1) {
        snprintf(expected, sizeof expected, "n%u", scene->leg - 1);
        ck_assert_str_eq(parameter(request, "nonce", nonce), expected);
    }
    snprintf(text, sizeof text, "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"a realm\", qop=\"auth\", "
             "nonce=\"n%u\"%s\r\nContent-Length: 0\r\n\r\n", scene->leg, scene->leg > 1 ? ", stale=TRUE" : "");
    say(scene, scene->leg > 3 ? "HTTP/1.1 200 OK\r\n\r\n" : text);
}

START_TEST(a_stale_nonce_says_nothing_against_the_password)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, be_slow);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.leg, 4);
    tear_down(&scene);
}
END_TEST

/* What libcurl would stumble over, and the first challenge that it can do. */
static void have_a_list(struct scene *scene, const char *request)
{
    char nonce[200];

    if (scene->leg == 1) {
        say(scene, "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=\"a realm\", nonce=\"1\", "
                   "algorithm=SHA-512-256\r\nProxy-Authenticate: Basic realm=\"Digest nonce=2\", Digest realm=x, "
                   "Digest realm = \"a realm\" , nonce = \"3\" , qop = auth, Digest realm=\"a realm\", nonce=\"4\"\r\n"
                   "Content-Length: 0\r\n\r\n");
        return;
    }
    check_digest(request, "MD5", false, "mail.example.net:143");
    ck_assert_str_eq(parameter(request, "nonce", nonce), "3");
    say(scene, "HTTP/1.1 200 OK\r\n\r\n");
}

START_TEST(whatever_stands_before_the_challenge)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, have_a_list);
    params = job_of(&scene, CHALLENGE_DIGEST);
    params.first = ask_first(&scene);
    run(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.leg, 2);
    tear_down(&scene);
}
END_TEST

/* --- Digest, where the proxy is asked for a resource: then it is a server, or a proxy before one, which gets the
 *     server's credentials, too --- */

#define SWITCHES "HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: %s\r\n\r\n"

static const struct endpoint server = {.host = "proxy.example", .port = 443, .tls = true, .resource = 7};

static const struct endpoint relay = {.host = "relay.example", .port = 80};

#define THEIRS "Digest username=\"theirs\", uri=\"/theirs\""

static const struct connect_request resources[] = {
    {.method = METHOD_CONNECT_TCP, .path = "/tcp/mail.example.net/143/", .target = &target, .proxy = &server},
    {.method = METHOD_CONNECT_TCP, .path = "/%7E./t?h=2001%3Adb8%3A%3A1&p=143", .target = &target, .proxy = &server},
    {.method = METHOD_TCPCONNECTION, .path = "/mail/./imap", .target = &target, .proxy = &server},
    {.method = METHOD_TCPCONNECTION_ABSOLUTE, .path = "/mail/./imap?a=%3A", .target = &target, .proxy = &relay,
     .origin_credentials = THEIRS},
};

static const struct connect_request *wanted; /* the one that is asked for */
static unsigned proved;                      /* how often the last nonce was used */
static const char *last;                     /* that nonce */

static bool is_before_a_server(void)
{
    return wanted->method == METHOD_TCPCONNECTION_ABSOLUTE;
}

/* Asks for credentials; what is said in the other reader's words is none of them. */
static void say_who(struct scene *scene, const char *challenge)
{
    bool passes_on = is_before_a_server();
    char text[500];

    snprintf(text, sizeof text, "HTTP/1.1 %s Who?\r\n%s-Authenticate: Digest realm=\"no\", nonce=\"no\"\r\n"
             "%s-Authenticate: %s\r\nContent-Length: 5\r\n\r\nhello", passes_on ? "407" : "401",
             passes_on ? "WWW" : "Proxy", passes_on ? "Proxy" : "WWW", challenge);
    say(scene, text);
}

/* Request and Host are right, and the other reader's credentials as they should be. */
static void check_resource(const char *request)
{
    char line[200];

    snprintf(line, sizeof line, "%s %s%s HTTP/1.1", connect_request_verb(wanted->method),
             is_before_a_server() ? "http://relay.example" : "", wanted->path);
    ck_assert_msg(has_line(request, line), "%s", request);
    ck_assert_msg(has_line(request, is_before_a_server() ? "Host: relay.example" : "Host: proxy.example"), "%s",
                  request);
    if (is_before_a_server())
        ck_assert_msg(has_line(request, "Authorization: " THEIRS), "%s", request);
    else
        ck_assert_ptr_null(strstr(request, "Proxy-"));
}

/* Wants a proof of method and path, as they come, by the last nonce. */
static void guard(struct scene *scene, const char *request)
{
    char text[400], nonce[200], nc[200], count[20];

    check_resource(request);
    if (strstr(request, is_before_a_server() ? "\r\nProxy-Authorization" : "\r\nAuthorization")) {
        check_digest(request, forms[form].hash, forms[form].session, wanted->path);
        if (strcmp(parameter(request, "nonce", nonce), last) == 0) {
            snprintf(count, sizeof count, "%08x", ++proved);
            ck_assert_str_eq(parameter(request, "nc", nc), count);
            snprintf(text, sizeof text, SWITCHES, connect_request_token(wanted->method));
            say(scene, text);
            return;
        }
    }
    snprintf(text, sizeof text, "Digest realm=\"a realm\", qop=\"auth\", nonce=\"%s\", algorithm=%s", last,
             forms[form].algorithm);
    say_who(scene, text);
}

static struct negotiate_login_params ask_for(struct scene *scene, const struct connect_request *request,
                                             answer_fn *answer)
{
    struct negotiate_login_params params;

    wanted = request;
    proved = 0;
    last = "n1";
    set_up(scene, answer);
    params = job_of(scene, CHALLENGE_DIGEST);
    params.proxy = &server;
    params.request = request;
    return params;
}

/* With the owner's 401 to begin with, and without. */
START_TEST(digest_opens_a_resource)
{
    const size_t each = sizeof resources / sizeof resources[0];
    struct negotiate_login_params params;
    struct scene scene;

    form = (size_t)_i / 2 / each;
    params = ask_for(&scene, &resources[(size_t)_i / 2 % each], guard);
    params.first = _i % 2 ? ask_first_for(&scene, params.request) : NULL;
    run(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.leg, 2);
    ck_assert_uint_eq(scene.connections, 1);
    ck_assert(negotiate_login_credentials_were_sent(scene.login));
    ck_assert_int_eq(negotiate_login_head(scene.login)->status, 101);
    check_bytes(&scene, "", 0);
    tear_down(&scene);
}
END_TEST

/* A resource has one protection space (RFC 7616 section 3.4) for all targets; another resource of that server has its
 * own, and so has the server as a proxy. */
START_TEST(a_resource_takes_two_requests_and_then_one)
{
    struct connect_request other = resources[0];
    struct endpoint place = server;
    struct negotiate_login_params params;
    struct scene scene;

    form = 0;
    params = ask_for(&scene, &resources[0], guard);
    run(&scene, &params);
    ck_assert_uint_eq(scene.leg, 2);
    params.request = wanted = &other;
    for (unsigned i = 0; i < 3; i++) {
        other.path = i % 2 ? resources[0].path : "/tcp/news.example.net/119/";
        run_again(&scene, &params);
        check_open(&scene, false);
        ck_assert_uint_eq(scene.leg, 1);
        ck_assert_uint_eq(proved, i + 2);
        check_bytes(&scene, "", 0);
    }
    last = "n2"; /* it has forgotten n1 */
    proved = 0;
    run_again(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.leg, 2);
    place.resource++;
    params.proxy = &place;
    last = "n3";
    proved = 0;
    run_again(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.leg, 2);
    ck_assert_uint_eq(proved, 1);
    tear_down(&scene);
}
END_TEST

/* One proxy has a nonce for what it passes on, and one for tunnels: to libcurl the first is a server's. */
START_TEST(a_proxy_has_a_nonce_for_either_use)
{
    const size_t last_row = sizeof resources / sizeof resources[0] - 1;
    struct negotiate_login_params params;
    struct scene scene;

    form = 0;
    params = ask_for(&scene, &resources[last_row], guard);
    run(&scene, &params);
    check_open(&scene, false);
    for (unsigned i = 1; i < 7; i++) {
        bool tunnel = i % 2;

        current = 1;
        uses = i / 2;
        old = "";
        scene.answer = tunnel ? keep_count : guard;
        params.request = tunnel ? &imap : &resources[last_row];
        run_again(&scene, &params);
        check_open(&scene, false);
        ck_assert_uint_eq(scene.leg, i == 1 ? 2 : 1);
        check_bytes(&scene, "", 0);
    }
    ck_assert_uint_eq(proved, 4);
    ck_assert_uint_eq(uses, 3);
    tear_down(&scene);
}
END_TEST

static unsigned times; /* it was asked */

static void deny(struct scene *scene, const char *request)
{
    (void)request;
    times++;
    say_who(scene, "Digest realm=\"a realm\", qop=\"auth\", nonce=\"abc\"");
}

static void deny_the_nonce(struct scene *scene, const char *request)
{
    char text[300];

    (void)request;
    times++;
    snprintf(text, sizeof text, "Digest realm=\"a realm\", qop=\"auth\", nonce=\"%u\", stale=true", times);
    say_who(scene, text);
}

START_TEST(a_server_that_denies_for_ever_is_left)
{
    struct negotiate_login_params params;
    struct scene scene;

    form = 0;
    times = 0;
    params = ask_for(&scene, &resources[_i], deny);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    ck_assert(negotiate_login_response(scene.login)->denied);
    ck_assert(negotiate_login_credentials_were_sent(scene.login));
    ck_assert_uint_eq(times, 2);
    tear_down(&scene);
    times = 0;
    params = ask_for(&scene, &resources[_i], deny_the_nonce);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_PEER);
    ck_assert_str_eq(scene.failure.what, "calls each nonce stale that it has just given");
    ck_assert_uint_eq(times, NEGOTIATE_LOGIN_DIGEST_HEADS_MAX + 1);
    tear_down(&scene);
}
END_TEST

static void ask_as_the_other(struct scene *scene, const char *request)
{
    (void)request;
    times++;
    say(scene, is_before_a_server() ? "HTTP/1.1 401 No\r\n" : "HTTP/1.1 407 No\r\n");
    say(scene, "Proxy-Authenticate: Digest realm=\"a realm\", nonce=\"abc\"\r\n"
               "WWW-Authenticate: Digest realm=\"a realm\", nonce=\"abc\"\r\nContent-Length: 0\r\n\r\n");
}

/* Its 407 is a failure, and nothing more is said; nor is it to a server's 401 by the proxy's login. */
START_TEST(a_server_is_no_proxy)
{
    struct negotiate_login_params params;
    struct scene scene;

    times = 0;
    params = ask_for(&scene, &resources[_i], ask_as_the_other);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    ck_assert(!negotiate_login_response(scene.login)->denied);
    ck_assert_int_eq(negotiate_login_response(scene.login)->origin_denied, is_before_a_server());
    ck_assert_int_eq(negotiate_login_response(scene.login)->verdict, CONNECT_FAILED);
    ck_assert(!negotiate_login_credentials_were_sent(scene.login));
    ck_assert_uint_eq(times, 1);
    tear_down(&scene);
}
END_TEST

static void offer_basic_as_a_server(struct scene *scene, const char *request)
{
    (void)request;
    times++;
    say_who(scene, "Basic realm=\"a realm\"");
}

/* libcurl has no answer to it: it is the owner's to look for another scheme. */
START_TEST(a_server_may_offer_something_else)
{
    struct negotiate_login_params params;
    struct scene scene;

    times = 0;
    params = ask_for(&scene, &resources[_i], offer_basic_as_a_server);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    ck_assert(negotiate_login_response(scene.login)->denied);
    ck_assert(!negotiate_login_credentials_were_sent(scene.login));
    ck_assert_uint_eq(times, 1);
    tear_down(&scene);
}
END_TEST

/* --- pages of a 407, and whether the connection lasts --- */

#define DIGEST "Proxy-Authenticate: Digest realm=\"a realm\", qop=\"auth\", nonce=\"abc\"\r\n"

static const struct {
    const char *answer;
    size_t body;          /* bytes of 'x' behind it */
    enum { STAYS, CLOSES, FLOODS } then; /* FLOODS: sends the body for ever */
    unsigned connections; /* that are used in all */
} pages[] = {
    {"HTTP/1.1 407 No\r\n" DIGEST "Content-Length: 0\r\n\r\n", 0, STAYS, 1},
    {"HTTP/1.1 407 No\r\n" DIGEST "Content-Length: 100000\r\n\r\n", 100000, STAYS, 1},
    {"HTTP/1.1 407 No\r\n" DIGEST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 0, STAYS, 1},
    {"HTTP/1.1 407 No\r\n" DIGEST "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nX-Trailer: t\r\n\r\n", 0,
     STAYS, 1},
    {"HTTP/1.1 407 No\r\n" DIGEST "\r\n", 1000, CLOSES, 2},
    {"HTTP/1.1 407 No\r\n" DIGEST "Connection: close\r\n\r\n", 1000, CLOSES, 2},
    {"HTTP/1.1 407 No\r\n" DIGEST "Connection: close\r\nContent-Length: 1000\r\n\r\n", 1000, CLOSES, 2},
    {"HTTP/1.1 407 No\r\n" DIGEST "Proxy-Connection: close\r\nContent-Length: 1000\r\n\r\n", 1000, CLOSES, 2},
    {"HTTP/1.0 407 No\r\n" DIGEST "\r\n", 1000, CLOSES, 2},
    {"HTTP/1.1 407 No\r\n" DIGEST "Content-Length: 0\r\n\r\n", 0, CLOSES, 2}, /* closes without a word about it */
    {"HTTP/1.1 407 No\n" DIGEST "Content-Length: 3\n\n", 3, STAYS, 1},
    {"HTTP/1.1 407 No\r\n" DIGEST "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n", 0, STAYS, 2},
    {"HTTP/1.1 407 No\r\n" DIGEST "Content-Length: 3\r\n\r\nabcHTTP/1.1 200 Smuggled\r\n\r\n", 0, STAYS, 2},
    {"HTTP/1.1 407 No\r\n" DIGEST "Content-Length: 390000\r\n\r\n", 390000, STAYS, 1},
    {"HTTP/1.1 407 No\r\n" DIGEST "Content-Length: 9000000000\r\n\r\n", 390000, FLOODS, 2},
    {"HTTP/1.1 103 Wait\r\nLink: x\r\n\r\nHTTP/1.1 407 No\r\n" DIGEST "Content-Length: 3\r\n\r\n", 3, STAYS, 1},
};

static size_t page; /* the one under test */

static void answer_with_page(struct scene *scene, const char *request)
{
    if (scene->leg == 1) {
        char *body = malloc(pages[page].body + 1);

        ck_assert_ptr_nonnull(body);
        memset(body, 'x', pages[page].body);
        say(scene, pages[page].answer);
        say_bytes(scene, body, pages[page].body);
        free(body);
        scene->hang_up = pages[page].then == CLOSES;
        scene->flood = pages[page].then == FLOODS ? pages[page].body : 0;
        return;
    }
    check_digest(request, "MD5", false, "mail.example.net:143");
    say(scene, "HTTP/1.1 200 OK\r\n\r\n* OK\r\n");
}

/* A 407 of the login's own, or the one that its owner has got. */
START_TEST(pages_are_drained_and_connections_kept_when_they_last)
{
    struct scene scene;
    struct negotiate_login_params params;

    page = (size_t)_i / 2;
    set_up(&scene, answer_with_page);
    params = job_of(&scene, CHALLENGE_DIGEST);
    params.first = _i % 2 ? ask_first(&scene) : NULL;
    run(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.connections, pages[page].connections);
    ck_assert_uint_eq(scene.leg, 2);
    check_bytes(&scene, "* OK\r\n", 6);
    tear_down(&scene);
}
END_TEST

/* An answer to nothing, right behind the page and at the edge of what is read at a time. */
static void smuggle(struct scene *scene, const char *request)
{
    static const char head[] = "HTTP/1.1 407 No\r\n" DIGEST "Content-Length: %4zu\r\n\r\n";
    size_t length = 8192 - (sizeof head - 1); /* "%4zu" becomes four digits */
    char text[9000];

    if (scene->leg == 1) {
        memset(text, 'x', sizeof text);
        snprintf(text, sizeof text, head, length);
        text[strlen(text)] = 'x';
        say_bytes(scene, text, 8192);
        say(scene, "HTTP/1.1 200 Smuggled\r\n\r\n");
        return;
    }
    check_digest(request, "MD5", false, "mail.example.net:143");
    say(scene, "HTTP/1.1 403 Not that way\r\n\r\n");
}

START_TEST(an_answer_to_nothing_is_not_believed)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, smuggle);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    ck_assert_int_eq(negotiate_login_head(scene.login)->status, 403);
    ck_assert_uint_eq(scene.connections, 2);
    tear_down(&scene);
}
END_TEST

/* It keeps the connection open until the second request comes in. */
static void close_on_the_second(struct scene *scene, const char *request)
{
    if (scene->leg == 1)
        say(scene, "HTTP/1.1 407 No\r\n" DIGEST "Content-Length: 0\r\n\r\n");
    scene->hang_up = scene->leg == 2;
    if (scene->leg < 2)
        return;
    check_digest(request, "MD5", false, "mail.example.net:143");
    if (scene->leg == 3)
        say(scene, "HTTP/1.1 200 OK\r\n\r\n");
}

START_TEST(a_kept_connection_may_have_an_end)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, close_on_the_second);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.connections, 2);
    ck_assert_uint_eq(scene.leg, 3);
    check_bytes(&scene, "", 0);
    tear_down(&scene);
}
END_TEST

/* --- last words --- */

static const struct {
    const char *answer;
    enum connect_verdict verdict;
    bool switched, denied;
    int status;
    const char *what;
} words[] = {
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n", CONNECT_OPEN, true, false, 101,
     ""},
    {"HTTP/1.0 200 Fine\r\nContent-Length: 7\r\n\r\n", CONNECT_OPEN, false, false, 200, ""},
    {"HTTP/1.1 204 Fine\r\nTransfer-Encoding: chunked\r\n\r\n", CONNECT_OPEN, false, false, 204, ""},
    {"HTTP/1.1 103 Soon\r\nX: y\r\n\r\nHTTP/1.1 200 Fine\r\n\r\n", CONNECT_OPEN, false, false, 200, ""},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Go\r\nUpgrade: imap\r\nConnection: upgrade\r\n\r\n", CONNECT_OPEN, true,
     false, 101, ""},
    {"HTTP/1.1 101 Go\r\nUpgrade: POP3\r\nConnection: Upgrade\r\n\r\n", CONNECT_FAILED, false, false, 101,
     "101 that names POP3 where IMAP was asked for"},
    {"HTTP/1.1 305 Use Proxy\r\nSet-Proxy: x\r\n\r\n", CONNECT_REDIRECT, false, false, 305, "305 Use Proxy"},
    {"HTTP/1.1 407 Still no\r\n" DIGEST "Content-Length: 0\r\n\r\n", CONNECT_FAILED, false, true, 407, "407 Still no"},
    {"HTTP/1.1 407 Still no\r\n" DIGEST "\r\nfor ever", CONNECT_FAILED, false, true, 407, "407 Still no"},
    {"HTTP/1.1 403 Never\r\n\r\n", CONNECT_FAILED, false, false, 403, "403 Never"},
    {"HTTP/1.1 426 Upgrade Required\r\n\r\n", CONNECT_RETRY_PLAIN, false, false, 426, "426 Upgrade Required"},
    {"HTTP/1.1 302 Elsewhere\r\nLocation: http://portal.example/\r\n\r\n", CONNECT_FAILED, false, false, 302,
     "302 Elsewhere: most likely a captive portal or login page; log in with a web browser"},
};

static size_t word; /* the one under test */

static void have_the_last_word(struct scene *scene, const char *request)
{
    if (scene->leg == 1) {
        say(scene, "HTTP/1.1 407 Who?\r\n" DIGEST "Content-Length: 0\r\n\r\n");
        return;
    }
    check_digest(request, "MD5", false, "mail.example.net:143");
    say(scene, words[word].answer);
    if (words[word].verdict == CONNECT_OPEN)
        say(scene, "* OK\r\n");
}

START_TEST(the_last_word_means_what_it_always_means)
{
    struct scene scene;
    struct negotiate_login_params params;
    const struct connect_response *response;

    word = (size_t)_i;
    set_up(&scene, have_the_last_word);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    response = negotiate_login_response(scene.login);
    ck_assert_int_eq(response->verdict, words[word].verdict);
    ck_assert_int_eq(response->switched, words[word].switched);
    ck_assert_int_eq(response->denied, words[word].denied);
    ck_assert_int_eq(negotiate_login_head(scene.login)->status, words[word].status);
    ck_assert_str_eq(response->failure.what, words[word].what);
    ck_assert(negotiate_login_credentials_were_sent(scene.login));
    ck_assert_uint_eq(scene.leg, 2); /* refused credentials are not sent again */
    if (words[word].verdict == CONNECT_OPEN)
        check_bytes(&scene, "* OK\r\n", 6);
    tear_down(&scene);
}
END_TEST

static void busy(struct scene *scene, const char *request)
{
    (void)request;
    say(scene, "HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nProxy-Status: p; error=x\r\nContent-Length: 99999\r\n\r\n"
               "<html><p>come back later</p>");
}

START_TEST(a_refusal_in_the_first_answer_says_all_that_it_has_to_say)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, busy);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    ck_assert(negotiate_login_response(scene.login)->busy);
    ck_assert_int_eq(negotiate_login_response(scene.login)->retry_after, 17);
    ck_assert_str_eq(negotiate_login_response(scene.login)->failure.detail,
                     " proxy-status=\"p; error=x\" body=\"come back later\"");
    ck_assert(!negotiate_login_credentials_were_sent(scene.login));
    tear_down(&scene);
}
END_TEST

static void plain_200(struct scene *scene, const char *request)
{
    (void)request;
    say(scene, "HTTP/1.1 200 OK\r\n\r\n");
}

START_TEST(a_switch_that_is_required_is_missed)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, plain_200);
    params = job_of(&scene, CHALLENGE_DIGEST);
    params.require_switch = true;
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    ck_assert_int_eq(negotiate_login_response(scene.login)->verdict, CONNECT_FAILED);
    tear_down(&scene);
}
END_TEST

static void basic_only(struct scene *scene, const char *request)
{
    ck_assert_ptr_null(strstr(request, "Proxy-Authorization: Basic"));
    say(scene, "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n\r\n");
}

START_TEST(no_other_scheme_is_ever_used)
{
    static const enum challenge_scheme schemes[] = {CHALLENGE_DIGEST, CHALLENGE_NTLM};
    struct scene scene;
    struct negotiate_login_params params;

    if (schemes[_i] == CHALLENGE_NTLM && !unit_has_ntlm())
        return;
    set_up(&scene, basic_only);
    params = job_of(&scene, schemes[_i]);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_DONE);
    ck_assert(negotiate_login_response(scene.login)->denied);
    ck_assert(!negotiate_login_credentials_were_sent(scene.login)); /* the first message of NTLM is none */
    tear_down(&scene);
}
END_TEST

/* --- NTLM --- */

#define NTLM_CHALLENGE "TlRMTVNTUAACAAAAAAAAADgAAAABggAAASNFZ4mrze8AAAAAAAAAAAAAAAA4AAAA"

static bool ntlm_refuses;

static void ntlm(struct scene *scene, const char *request)
{
    if (scene->leg == 1) {
        ck_assert_msg(strstr(request, "\r\nProxy-Authorization: NTLM TlRMTVNTUAABAAAA") != NULL, "%s", request);
        say(scene, "HTTP/1.1 407 Who?\r\nProxy-Authenticate: NTLM " NTLM_CHALLENGE "\r\nContent-Length: 3\r\n\r\nabc");
        return;
    }
    ck_assert_msg(strstr(request, "\r\nProxy-Authorization: NTLM TlRMTVNTUAADAAAA") != NULL, "%s", request);
    ck_assert_msg(has_line(request, "Upgrade: IMAP"), "%s", request);
    if (ntlm_refuses)
        say(scene, "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 3\r\n\r\nabc");
    else
        say(scene, "HTTP/1.1 101 Yes\r\nUpgrade: IMAP\r\nConnection: Upgrade\r\n\r\n* OK\r\n");
}

START_TEST(ntlm_takes_two_legs_on_one_connection)
{
    struct scene scene;
    struct negotiate_login_params params;

    if (!unit_has_ntlm())
        return;
    ntlm_refuses = _i;
    set_up(&scene, ntlm);
    params = job_of(&scene, CHALLENGE_NTLM);
    params.user = "CORP\\arthur";
    run(&scene, &params);
    ck_assert_uint_eq(scene.connections, 1);
    ck_assert_uint_eq(scene.leg, 2);
    ck_assert(negotiate_login_credentials_were_sent(scene.login));
    if (ntlm_refuses) {
        check_outcome(&scene, OUTCOME_DONE);
        ck_assert(negotiate_login_response(scene.login)->denied);
    } else {
        check_open(&scene, true);
        check_bytes(&scene, "* OK\r\n", 6);
    }
    tear_down(&scene);
}
END_TEST

/* The answer to the first message, and what comes behind it when nothing more was heard for some time. */
static const struct {
    const char *head, *body;
    bool closes;
} framings[] = {
    {"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\n", "abc", false},
    {"HTTP/1.1 407 Who?\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n", false},
    {"HTTP/1.1 407 Who?\r\nContent-Length: 0\r\nConnection: close\r\n", "", false},
    {"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\nProxy-Connection: close\r\n", "abc", false},
    {"HTTP/1.0 407 Who?\r\nContent-Length: 3\r\n", "abc", false},
    {"HTTP/1.0 407 Who?\r\n", "", false},
    {"HTTP/1.1 407 Who?\r\n", "<html>a page without a known end</html>", false},
    {"HTTP/1.1 407 Who?\r\nConnection: close\r\n", "<html>", false},
    {"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\n", "abc\r\n", false},
    {"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n", false},
    {"HTTP/1.1 407 Who?\r\nTransfer-Encoding: chunked\r\n", "no chunk", false},
    {"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\nContent-Length: 4\r\n", "abc", false},
    {"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\n", "abcHTTP/1.1 200 Smuggled\r\n\r\n", false},
    {"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\nConnection: close\r\n", "abc", true},
    {"HTTP/1.1 407 Who?\r\n", "<html>", true},
    {"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\n", "abc", true},
    {"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\n", "a", true},
};

static size_t framing; /* the one under test */

static void ntlm_framed(struct scene *scene, const char *request)
{
    ck_assert_msg(has_line(request, "Proxy-Connection: keep-alive"), "%s", request);
    if (scene->leg == 1) {
        say(scene, framings[framing].head);
        say(scene, "Proxy-Authenticate: NTLM " NTLM_CHALLENGE "\r\n\r\n");
        say(scene, framings[framing].body);
        scene->hang_up = framings[framing].closes;
        return;
    }
    ck_assert_msg(strstr(request, "\r\nProxy-Authorization: NTLM TlRMTVNTUAADAAAA") != NULL, "%s", request);
    say(scene, "HTTP/1.1 403 The real answer\r\nContent-Length: 0\r\n\r\n");
}

START_TEST(ntlm_goes_on_until_the_connection_ends)
{
    struct scene scene;
    struct negotiate_login_params params;

    if (!unit_has_ntlm())
        return;
    framing = (size_t)_i;
    set_up(&scene, ntlm_framed);
    params = job_of(&scene, CHALLENGE_NTLM);
    run(&scene, &params);
    ck_assert_uint_eq(scene.connections, 1);
    if (framings[framing].closes) {
        check_outcome(&scene, OUTCOME_PEER);
        ck_assert_str_eq(scene.failure.what, "ends the connection in the middle of ntlm");
        ck_assert(!negotiate_login_was_cut_off(scene.login));
    } else {
        check_outcome(&scene, OUTCOME_DONE);
        ck_assert_int_eq(negotiate_login_head(scene.login)->status, 403);
        ck_assert_uint_eq(scene.leg, 2);
    }
    tear_down(&scene);
}
END_TEST

/* --- bytes behind the head --- */

static char tail[TAIL_MOST];
static const size_t tails[] = {0, 1, 100, 4095, 16384, 16385, 65536, TAIL_MOST};

static void with_tail(struct scene *scene, const char *request)
{
    if (scene->leg == 1) {
        say(scene, "HTTP/1.1 407 Who?\r\n" DIGEST "Content-Length: 0\r\n\r\n");
        return;
    }
    (void)request;
    say(scene, "HTTP/1.1 200 OK\r\n\r\n");
    say_bytes(scene, tail, tails[word]);
}

START_TEST(what_comes_behind_the_head_is_whole_and_in_order)
{
    struct scene scene;
    struct negotiate_login_params params;

    word = (size_t)_i;
    for (size_t i = 0; i < sizeof tail; i++)
        tail[i] = (char)(i * 2654435761u >> 13);
    set_up(&scene, with_tail);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_open(&scene, false);
    check_bytes(&scene, tail, tails[word]);
    tear_down(&scene);
}
END_TEST

static void then_close(struct scene *scene, const char *request)
{
    (void)request;
    say(scene, "HTTP/1.1 200 OK\r\n\r\n* BYE\r\n");
    scene->hang_up = true;
}

START_TEST(an_end_behind_the_answer_is_seen_again)
{
    struct scene scene;
    struct negotiate_login_params params;
    struct transport *transport;
    char *leftover, byte;
    size_t length;

    set_up(&scene, then_close);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_open(&scene, false);
    transport = negotiate_login_take(scene.login, &leftover, &length);
    ck_assert_uint_eq(length, 7);
    ck_assert_int_eq(memcmp(leftover, "* BYE\r\n", 7), 0);
    free(leftover);
    ck_assert_int_eq((int)transport_recv(transport, &byte, 1), TRANSPORT_EOF);
    transport_close(transport);
    tear_down(&scene);
}
END_TEST

static void big_head(struct scene *scene, const char *request)
{
    char line[1100];

    (void)request;
    say(scene, "HTTP/1.1 200 OK\r\n");
    memset(line, 'k', sizeof line);
    memcpy(line, "X: ", 3);
    for (int i = 0; i < 56; i++) {
        say_bytes(scene, line, sizeof line - 26);
        say(scene, "\r\n");
    }
    say(scene, "\r\n* OK\r\n");
}

START_TEST(a_head_of_60_kib_is_read)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, big_head);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(negotiate_login_head(scene.login)->fields.count, 56);
    check_bytes(&scene, "* OK\r\n", 6);
    tear_down(&scene);
}
END_TEST

/* --- proxies that are none, or fall silent, or go away --- */

struct fault {
    const char *answer;  /* to the first request */
    size_t body;         /* bytes of 'x' behind it */
    bool closes, resets;
    const char *second;  /* answer to the second, or NULL: as the first */
    const char *what;    /* begins so */
    const char *detail;
};

static const struct fault faults[] = {
    {"", 0, true, false, NULL, "closed the connection without an answer", ""},
    {"HTTP/1.1 40", 0, true, false, NULL, "closed the connection in the middle of its answer", ""},
    {"HTTP/1.1 200 OK\r\nX: y\r\n", 0, true, false, NULL, "closed the connection in the middle of its answer", ""},
    {"HTTP/1.1 407 No\r\n" DIGEST "Content-Length: 100\r\n\r\nabc", 0, true, false, "", "closed the connection", ""},
    {"HTTP/1.1 407 No\r\n" DIGEST "Connection: close\r\n\r\n", 0, true, false, "",
     "closed the connection without an answer", ""},
    {"HTTP/1.1 407 No\r\n" DIGEST "Content-Length: 0\r\n\r\n", 0, false, false, "HTTP/1.1 200 OK\r\nX",
     "closed the connection in the middle of its answer", ""},
    {"HTTP/1.1 200 OK\r\nX: y", 0, true, true, NULL, "Connection reset by peer before its answer was complete", ""},
    {"SSH-2.0-OpenSSH_9.2\r\n", 0, false, false, NULL, "answers with something that is not HTTP",
     " answer=\"SSH-2.0-OpenSSH_9.2\\r\\n\""},
    {"\x15\x03\x01\x02\x02\x28", 0, true, false, NULL, "answers with TLS, not with plain HTTP", NULL},
    {"HTTP/2 200 OK\r\n\r\n", 0, false, false, NULL, "answers with another version of HTTP than 1.x", NULL},
    {"HTTP/1.1 200 OK\r\nUpgrade\r\n\r\n", 0, false, false, NULL, "answers with a header line that has no name", NULL},
    {"HTTP/1.1 200 OK\r\n\x01Via: y\r\n\r\n", 0, false, false, NULL, "answers with a broken header name", NULL},
    {"HTTP/1.1 100 Continue\r\n\r\nHT", 0, true, false, NULL, "closed the connection in the middle of its answer", ""},
};

static const struct fault *fault;

static void misbehave(struct scene *scene, const char *request)
{
    const char *answer = scene->leg > 1 && fault->second ? fault->second : fault->answer;

    (void)request;
    say(scene, answer);
    for (size_t i = 0; i < fault->body; i++)
        say_bytes(scene, "x", 1);
    scene->reset = fault->resets;
    scene->hang_up = fault->closes || (scene->leg > 1 && fault->second);
}

START_TEST(a_proxy_that_is_none_is_told_so)
{
    struct scene scene;
    struct negotiate_login_params params;

    fault = &faults[_i];
    set_up(&scene, misbehave);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    ck_assert_msg(scene.outcome == OUTCOME_PEER, "told %d, not %s", (int)scene.outcome, fault->what);
    ck_assert_msg(strncmp(scene.failure.what, fault->what, strlen(fault->what)) == 0, "%s, not %s",
                  scene.failure.what, fault->what);
    ck_assert_str_ne(scene.failure.what, "");
    if (fault->detail)
        ck_assert_str_eq(scene.failure.detail, fault->detail);
    ck_assert_int_eq(scene.failure.class, FAILURE_TEMPORARY);
    tear_down(&scene);
}
END_TEST

static void stale(struct scene *scene, const char *request)
{
    char text[300];

    (void)request;
    snprintf(text, sizeof text, "HTTP/1.1 407 Again\r\nProxy-Authenticate: Digest realm=\"a realm\", qop=\"auth\", "
             "nonce=\"%u\", stale=true\r\nContent-Length: 0\r\n\r\n", scene->leg);
    say(scene, text);
}

START_TEST(legs_are_bounded)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, stale);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    /* it says that its nonce was stale, and again and again: that is no wrong password, and no working proxy */
    check_outcome(&scene, OUTCOME_PEER);
    ck_assert_str_eq(scene.failure.what, "calls each nonce stale that it has just given");
    ck_assert_uint_eq(scene.leg, NEGOTIATE_LOGIN_DIGEST_HEADS_MAX + 1);
    tear_down(&scene);
}
END_TEST

static void interim_for_ever(struct scene *scene, const char *request)
{
    (void)request;
    for (int i = 0; i < 1000; i++)
        say(scene, "HTTP/1.1 103 Soon\r\n\r\n");
}

START_TEST(interim_answers_are_bounded)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, interim_for_ever);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_PEER);
    ck_assert_str_eq(scene.failure.what, "answers with interim answers (1xx) without end");
    tear_down(&scene);
}
END_TEST

static void head_without_end(struct scene *scene, const char *request)
{
    (void)request;
    say(scene, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 10000; i++)
        say(scene, "X: 0123456789\r\n");
}

START_TEST(a_head_is_bounded)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, head_without_end);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_PEER);
    ck_assert_str_eq(scene.failure.what, "answers with more than 64 KiB of header");
    tear_down(&scene);
}
END_TEST

/* --- what cannot start --- */

static void never(struct scene *scene, const char *request)
{
    (void)scene;
    ck_abort_msg("something was sent: %s", request);
}

START_TEST(without_a_ticket_nothing_is_sent)
{
    struct scene scene;
    struct negotiate_login_params params;

    setenv("KRB5CCNAME", "FILE:/nonexistent/ticket", 1);
    setenv("KRB5_CONFIG", "/dev/null", 1);
    setenv("KRB5_CLIENT_KTNAME", "FILE:/nonexistent/keytab", 1);
    set_up(&scene, never);
    params = job_of(&scene, CHALLENGE_NEGOTIATE);
    params.user = params.password = NULL;
    run(&scene, &params);
    check_outcome(&scene, OUTCOME_LOCAL);
    ck_assert(negotiate_login_is_unable(scene.login));
    ck_assert_uint_eq(scene.wanted, 0);
    ck_assert_msg(strstr(scene.failure.what, "no Kerberos ticket for HTTP/proxy.example: run kinit (")
                  == scene.failure.what, "%s", scene.failure.what);
    ck_assert(!negotiate_login_credentials_were_sent(scene.login));
    tear_down(&scene);
}
END_TEST

/* Nor is anything where libcurl knows no NTLM, whatever the password. */
START_TEST(what_ntlm_cannot_say_is_not_sent)
{
    static const struct {
        const char *user, *password;
    } pairs[] = {{"arthur", "\xe2\x82\xac"}, {"\xc5\x81ukasz", "x"}, {"\xc3\xbf", "x"}};

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct negotiate_login_params params;
        struct scene scene;

        set_up(&scene, never);
        params = job_of(&scene, CHALLENGE_NTLM);
        params.user = pairs[i].user;
        params.password = pairs[i].password;
        run(&scene, &params);
        check_outcome(&scene, OUTCOME_LOCAL);
        ck_assert(negotiate_login_is_unable(scene.login));
        if (unit_has_ntlm())
            ck_assert_ptr_nonnull(strstr(scene.failure.what, "Latin-1"));
        else
            ck_assert_str_eq(scene.failure.what, "ntlm is not built into this libcurl");
        ck_assert_int_eq(scene.failure.class, FAILURE_PERMANENT);
        ck_assert_uint_eq(scene.wanted, 0);
        tear_down(&scene);
    }
}
END_TEST

/* There is no ticket; the 407 stays, and Digest answers it. */
START_TEST(the_next_login_may_begin_with_the_same_answer)
{
    struct scene scene;
    struct negotiate_login_params params;

    setenv("KRB5CCNAME", "FILE:/nonexistent/ticket", 1);
    setenv("KRB5_CONFIG", "/dev/null", 1);
    setenv("KRB5_CLIENT_KTNAME", "FILE:/nonexistent/keytab", 1);
    set_up(&scene, digest_md5);
    params = job_of(&scene, CHALLENGE_NEGOTIATE);
    params.user = params.password = NULL;
    params.first = ask_first(&scene);
    run(&scene, &params);
    ck_assert(negotiate_login_is_unable(scene.login));
    params = job_of(&scene, CHALLENGE_DIGEST);
    params.first = negotiate_login_end(scene.login);
    scene.login = NULL;
    scene.told = 0;
    ck_assert_ptr_nonnull(params.first);
    run(&scene, &params);
    check_open(&scene, false);
    ck_assert_uint_eq(scene.leg, 2);
    ck_assert_uint_eq(scene.connections, 1);
    check_bytes(&scene, "* OK hello\r\n", 12);
    tear_down(&scene);
}
END_TEST

START_TEST(what_makes_no_sense_does_not_start)
{
    static const struct {
        enum challenge_scheme scheme;
        const char *user, *method, *what;
    } cases[] = {
        {CHALLENGE_DIGEST, NULL, "connect", "it wants digest: set user and a password"},
        {CHALLENGE_NTLM, NULL, "connect", "it wants ntlm: set user and a password"},
        {CHALLENGE_NTLM, "arthur", "proxy", "method proxy and authentication by ntlm do not go together"},
        {CHALLENGE_DIGEST, "arthur", "connect-uri",
         "method connect-uri and authentication by digest do not go together"},
        {CHALLENGE_BASIC, "arthur", "connect", "no dialogue for basic"},
        {CHALLENGE_NTLM, "arthur", "connect-tcp", "method connect-tcp and authentication by ntlm do not go together"},
        {CHALLENGE_NEGOTIATE, NULL, "TCPConnection/1.0",
         "method TCPConnection/1.0 and authentication by negotiate do not go together"},
        {CHALLENGE_DIGEST, "arthur", "connect-tcp", "digest cannot be used here with a url that has a quotation mark "
         "or a backslash, or ends with a question mark"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct connect_request request = imap;
        struct negotiate_login_params params;
        struct scene scene;

        set_up(&scene, never);
        params = job_of(&scene, cases[i].scheme);
        params.user = cases[i].user;
        params.request = &request;
        request.path = "/a?";
        while (strcmp(connect_request_name(request.method), cases[i].method) != 0)
            request.method++;
        run(&scene, &params);
        check_outcome(&scene, OUTCOME_LOCAL);
        ck_assert(negotiate_login_is_unable(scene.login));
        ck_assert_str_eq(scene.failure.what, cases[i].what);
        ck_assert_int_eq(scene.failure.class, FAILURE_PERMANENT);
        ck_assert_uint_eq(scene.wanted, 0);
        tear_down(&scene);
    }
}
END_TEST

/* --- names and fields --- */

static const struct {
    const char *proxy, *target, *authority;
} names[] = {
    {"PROXY.Example.", "Mail.Example.NET", "Mail.Example.NET:143"},
    {"192.0.2.7", "192.0.2.9", "192.0.2.9:143"},
    {"2001:db8::7", "2001:db8::9", "[2001:db8::9]:143"},
    {"under_score", "mail_1.example.net.", "mail_1.example.net.:143"},
    {"127.1", "127.1", "127.1:143"},
};

static size_t name;

static void digest_of_name(struct scene *scene, const char *request)
{
    char line[300];

    if (scene->leg == 1) {
        say(scene, "HTTP/1.1 407 Who?\r\n" DIGEST "Content-Length: 0\r\n\r\n");
        return;
    }
    snprintf(line, sizeof line, "CONNECT %s HTTP/1.1", names[name].authority);
    ck_assert_msg(has_line(request, line), "%s", request);
    snprintf(line, sizeof line, "Host: %s", names[name].authority);
    ck_assert_msg(has_line(request, line), "%s", request);
    ck_assert_msg(has_line(request, "ALPN: imap"), "%s", request);
    ck_assert_msg(has_line(request, "New-Protocol: IMAP"), "%s", request);
    ck_assert_msg(has_line(request, "Redirected-Via: http://p1:1"), "%s", request);
    ck_assert_msg(has_line(request, "X-Own: 1"), "%s", request);
    ck_assert_msg(has_line(request, "X-Empty:"), "%s", request);
    ck_assert_ptr_null(strstr(request, "Upgrade"));
    ck_assert_ptr_null(strstr(request, "Proxy-Connection"));
    check_digest(request, "MD5", false, names[name].authority);
    say(scene, "HTTP/1.1 200 OK\r\n\r\n");
}

START_TEST(names_are_said_as_they_are_and_never_looked_up)
{
    char own[] = "X-Own: 1", empty[] = "X-Empty:", *const headers[] = {own, empty};
    struct endpoint at = {.port = 3128}, to = {.port = 143};
    struct connect_request request = imap;
    struct negotiate_login_params params;
    struct scene scene;

    name = (size_t)_i;
    snprintf(at.host, sizeof at.host, "%s", names[name].proxy);
    snprintf(to.host, sizeof to.host, "%s", names[name].target);
    request.target = &to;
    request.announce = ANNOUNCE_ALPN | ANNOUNCE_NEW_PROTOCOL;
    request.redirected_via = "http://p1:1";
    request.headers = headers;
    request.header_count = 2;
    set_up(&scene, digest_of_name);
    params = job_of(&scene, CHALLENGE_DIGEST);
    params.proxy = &at;
    params.request = &request;
    run(&scene, &params);
    check_open(&scene, false);
    check_bytes(&scene, "", 0);
    tear_down(&scene);
}
END_TEST

/* --- two at once, and giving up --- */

static bool are_both_over(void *arg)
{
    struct scene **scenes = arg;

    return is_over(scenes[0]) && is_over(scenes[1]);
}

START_TEST(two_at_once_do_not_meet)
{
    struct scene one, two, *both[] = {&one, &two};
    struct negotiate_login_params params;

    if (!unit_has_ntlm())
        return;
    ntlm_refuses = 0;
    set_up(&one, digest_md5);
    two = one;
    two.out = malloc(OUT_SIZE);
    ck_assert_ptr_nonnull(two.out);
    two.answer = ntlm;
    params = job_of(&one, CHALLENGE_DIGEST);
    start(&one, &params);
    params = job_of(&two, CHALLENGE_NTLM);
    start(&two, &params);
    unit_wait(one.loop, are_both_over, both);
    check_open(&one, false);
    check_bytes(&one, "* OK hello\r\n", 12);
    check_open(&two, true);
    check_bytes(&two, "* OK\r\n", 6);
    negotiate_login_free(two.login);
    server_close(&two);
    free(two.out);
    tear_down(&one);
}
END_TEST

static bool time_passes(void *arg)
{
    return ++*(unsigned *)arg > 50;
}

START_TEST(freed_at_once_it_never_tells)
{
    struct scene scene;
    struct negotiate_login_params params;
    unsigned ticks = 0;

    set_up(&scene, never);
    params = job_of(&scene, CHALLENGE_DIGEST);
    start(&scene, &params);
    negotiate_login_free(scene.login);
    scene.login = NULL;
    negotiate_login_free(NULL);
    unit_wait(scene.loop, time_passes, &ticks);
    ck_assert_uint_eq(scene.wanted + scene.told, 0);
    tear_down(&scene);
}
END_TEST

START_TEST(freed_when_told_of_anything)
{
    static answer_fn *const answers[] = {plain_200, basic_only, misbehave};
    struct scene scene;
    struct negotiate_login_params params;

    fault = &faults[0];
    set_up(&scene, answers[_i % 3]);
    scene.free_when_told = _i < 3;
    scene.free_at_end = true;
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    ck_assert_ptr_null(scene.login);
    tear_down(&scene);
}
END_TEST

static bool was_asked(void *arg)
{
    struct scene *scene = arg;

    return scene->leg == scene->stop_at || scene->told;
}

static void challenge_then_silence(struct scene *scene, const char *request)
{
    (void)request;
    if (scene->leg == 1)
        say(scene, "HTTP/1.1 407 Who?\r\n" DIGEST "Content-Length: 100\r\n\r\nabc");
    if (scene->leg == 1 && scene->stop_at == 2)
        for (int i = 0; i < 97; i++)
            say(scene, "x");
}

/* Before the answer; in the middle of its page; behind the second request. */
START_TEST(freed_while_the_proxy_is_silent)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, challenge_then_silence);
    scene.stop_at = 1 + (unsigned)_i;
    params = job_of(&scene, CHALLENGE_DIGEST);
    start(&scene, &params);
    unit_wait(scene.loop, was_asked, &scene);
    ck_assert_uint_eq(scene.told, 0);
    ck_assert_int_eq(negotiate_login_credentials_were_sent(scene.login), _i == 1);
    tear_down(&scene); /* which counts the descriptors, too */
}
END_TEST

static bool wants(void *arg)
{
    return ((struct scene *)arg)->wanted > 0;
}

START_TEST(freed_while_no_connection_comes)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, never);
    scene.keep_waiting = true;
    params = job_of(&scene, CHALLENGE_DIGEST);
    start(&scene, &params);
    unit_wait(scene.loop, wants, &scene);
    tear_down(&scene);
}
END_TEST

static void on_wanted_and_gone(void *arg)
{
    struct scene *scene = arg;

    scene->told++;
    give_connection(scene);
    negotiate_login_free(scene->login);
    scene->login = NULL;
}

START_TEST(freed_right_behind_its_connection)
{
    struct scene scene;
    struct negotiate_login_params params;

    set_up(&scene, never);
    params = job_of(&scene, CHALLENGE_DIGEST);
    params.connect = on_wanted_and_gone;
    params.done = on_told_in_vain;
    run(&scene, &params);
    tear_down(&scene);
}
END_TEST

static struct scene *other; /* goes away when the first one is told of something */

static void on_wanted_and_other_gone(void *arg)
{
    ((struct scene *)arg)->told++;
    if (other)
        negotiate_login_free(other->login);
    other = NULL;
}

START_TEST(freed_in_the_turn_of_its_start)
{
    struct scene one, two;
    struct negotiate_login_params params;

    set_up(&one, never);
    two = one;
    other = &two;
    params = job_of(&one, CHALLENGE_DIGEST);
    params.connect = on_wanted_and_other_gone;
    params.done = on_told_in_vain;
    start(&one, &params);
    params = job_of(&two, CHALLENGE_DIGEST);
    params.connect = on_wanted_and_other_gone;
    params.done = on_told_in_vain;
    start(&two, &params);
    unit_wait(one.loop, is_over, &one);
    ck_assert_ptr_null(other);
    ck_assert_uint_eq(two.told, 0);
    tear_down(&one);
}
END_TEST

START_TEST(a_connection_that_is_not_wanted_is_closed)
{
    struct scene scene;
    struct negotiate_login_params params;
    char byte;

    set_up(&scene, plain_200);
    params = job_of(&scene, CHALLENGE_DIGEST);
    run(&scene, &params);
    check_open(&scene, false);
    give_connection(&scene);
    ck_assert_int_eq((int)recv(scene.fd, &byte, 1, 0), 0);
    tear_down(&scene); /* and the one that nobody took is, too */
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("login");

    tcase_add_test(cases, digest_opens_a_tunnel);
    tcase_add_loop_test(cases, every_form_of_digest_that_counts_is_right, 0, sizeof forms / sizeof forms[0]);
    tcase_add_loop_test(cases, pages_are_drained_and_connections_kept_when_they_last, 0,
                        2 * sizeof pages / sizeof pages[0]);
    tcase_add_test(cases, digest_takes_two_requests_and_then_one);
    tcase_add_test(cases, a_nonce_is_known_for_one_user_of_one_proxy);
    tcase_add_loop_test(cases, a_known_nonce_may_be_old, 0, 3);
    tcase_add_test(cases, a_scheme_may_be_gone_since);
    tcase_add_test(cases, a_refused_password_leaves_no_nonce);
    tcase_add_loop_test(cases, a_nonce_that_is_named_costs_no_request, 0, 2);
    tcase_add_test(cases, logins_at_a_time_have_a_nonce_each);
    tcase_add_test(cases, a_stale_nonce_says_nothing_against_the_password);
    tcase_add_test(cases, whatever_stands_before_the_challenge);
    tcase_add_loop_test(cases, digest_opens_a_resource, 0,
                        2 * sizeof forms / sizeof forms[0] * (sizeof resources / sizeof resources[0]));
    tcase_add_test(cases, a_resource_takes_two_requests_and_then_one);
    tcase_add_test(cases, a_proxy_has_a_nonce_for_either_use);
    tcase_add_loop_test(cases, a_server_that_denies_for_ever_is_left, 0, sizeof resources / sizeof resources[0]);
    tcase_add_loop_test(cases, a_server_is_no_proxy, 0, sizeof resources / sizeof resources[0]);
    tcase_add_loop_test(cases, a_server_may_offer_something_else, 0, sizeof resources / sizeof resources[0]);
    tcase_add_loop_test(cases, ntlm_goes_on_until_the_connection_ends, 0, sizeof framings / sizeof framings[0]);
    tcase_add_test(cases, what_ntlm_cannot_say_is_not_sent);
    tcase_add_test(cases, the_next_login_may_begin_with_the_same_answer);
    tcase_add_loop_test(cases, the_last_word_means_what_it_always_means, 0, sizeof words / sizeof words[0]);
    tcase_add_test(cases, a_refusal_in_the_first_answer_says_all_that_it_has_to_say);
    tcase_add_test(cases, a_switch_that_is_required_is_missed);
    tcase_add_loop_test(cases, no_other_scheme_is_ever_used, 0, 2);
    tcase_add_loop_test(cases, ntlm_takes_two_legs_on_one_connection, 0, 2);
    tcase_add_loop_test(cases, what_comes_behind_the_head_is_whole_and_in_order, 0, sizeof tails / sizeof tails[0]);
    tcase_add_test(cases, an_end_behind_the_answer_is_seen_again);
    tcase_add_test(cases, a_head_of_60_kib_is_read);
    tcase_add_loop_test(cases, a_proxy_that_is_none_is_told_so, 0, sizeof faults / sizeof faults[0]);
    tcase_add_test(cases, legs_are_bounded);
    tcase_add_test(cases, interim_answers_are_bounded);
    tcase_add_test(cases, a_head_is_bounded);
    tcase_add_test(cases, without_a_ticket_nothing_is_sent);
    tcase_add_test(cases, what_makes_no_sense_does_not_start);
    tcase_add_loop_test(cases, names_are_said_as_they_are_and_never_looked_up, 0, sizeof names / sizeof names[0]);
    tcase_add_test(cases, two_at_once_do_not_meet);
    tcase_add_test(cases, freed_at_once_it_never_tells);
    tcase_add_loop_test(cases, freed_when_told_of_anything, 0, 6);
    tcase_add_loop_test(cases, freed_while_the_proxy_is_silent, 0, 2);
    tcase_add_test(cases, freed_while_no_connection_comes);
    tcase_add_test(cases, a_connection_that_is_not_wanted_is_closed);
    tcase_add_test(cases, an_answer_to_nothing_is_not_believed);
    tcase_add_test(cases, a_kept_connection_may_have_an_end);
    tcase_add_test(cases, freed_right_behind_its_connection);
    tcase_add_test(cases, freed_in_the_turn_of_its_start);
    return unit_run();
}
