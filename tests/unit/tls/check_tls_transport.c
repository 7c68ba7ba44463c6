/* SPDX-License-Identifier: ISC */
#include "tls/tls_transport.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../authority.h"
#include "../unit.h"
#include "net/lingering.h"
#include "tls/message_limit.h"

#define UNLIMITED SIZE_MAX
#define HOST "mail.example.net"
#define RECORD_OVERHEAD 22 /* of TLS 1.3: header, kind, tag */

/* --- a transport out of memory, and a server behind it --- */

/* What stands in for a connection: bytes in two BIOs.  It is strict: readiness is told only to whom it was refused. */
struct wire {
    struct transport base;
    struct deferred death;
    BIO *to_server, *to_client;
    size_t grain;            /* at most so many bytes a call */
    size_t room;             /* so many bytes are still taken */
    bool ended, failed;      /* what recv says when it has no byte left */
    bool send_fails;
    bool recv_waits, send_waits;
    bool *closed, *reset;
    unsigned sends;          /* calls that took something */
};

static ssize_t wire_recv(struct transport *transport, void *bytes, size_t size)
{
    struct wire *wire = (struct wire *)transport;
    size_t there = BIO_ctrl_pending(wire->to_client);

    if (there > 0)
        return BIO_read(wire->to_client, bytes, (int)(size < wire->grain ? size : wire->grain));
    if (wire->failed) {
        wire->base.error = ECONNRESET;
        return TRANSPORT_ERROR;
    }
    if (wire->ended)
        return TRANSPORT_EOF;
    wire->recv_waits = true;
    return TRANSPORT_AGAIN;
}

static ssize_t wire_send(struct transport *transport, const void *bytes, size_t length)
{
    struct wire *wire = (struct wire *)transport;
    size_t size = length < wire->grain ? length : wire->grain;

    if (wire->send_fails) {
        transport->error = EPIPE;
        return TRANSPORT_ERROR;
    }
    if (size > wire->room)
        size = wire->room;
    if (size == 0) {
        wire->send_waits = true;
        return TRANSPORT_AGAIN;
    }
    if (wire->room != UNLIMITED)
        wire->room -= size;
    wire->sends++;
    return BIO_write(wire->to_server, bytes, (int)size);
}

static ssize_t wire_peek(struct transport *transport, void *bytes, size_t size)
{
    (void)transport, (void)bytes, (void)size;
    ck_abort_msg("nothing peeks below TLS");
    return TRANSPORT_ERROR;
}

static bool wire_broken(struct transport *transport)
{
    transport->error = ECONNRESET;
    return ((struct wire *)transport)->failed;
}

static bool wire_shutdown_send(struct transport *transport)
{
    (void)transport;
    ck_abort_msg("TLS does not end the direction below");
    return false;
}

static void wire_die(struct deferred *death)
{
    struct wire *wire = (struct wire *)(void *)((char *)death - offsetof(struct wire, death));

    BIO_free(wire->to_server);
    BIO_free(wire->to_client);
    free(wire);
}

static void wire_end(struct transport *transport, bool reset)
{
    struct wire *wire = (struct wire *)transport;

    ck_assert(!*wire->closed && !*wire->reset);
    *(reset ? wire->reset : wire->closed) = true;
    transport->watcher = NULL;
    loop_defer(transport->loop, &wire->death, wire_die);
}

static int wire_splice_fd(const struct transport *transport, int direction)
{
    (void)transport, (void)direction;
    return 7; /* must not get through */
}

static size_t wire_room(const struct transport *transport)
{
    return ((const struct wire *)transport)->room;
}

static const struct transport_ops wire_ops = {
    .recv = wire_recv, .send = wire_send, .peek = wire_peek, .broken = wire_broken,
    .shutdown_send = wire_shutdown_send, .end = wire_end, .splice_fd = wire_splice_fd, .room = wire_room,
};


struct scene {
    struct loop *loop;
    struct tls_contexts *contexts;
    struct tls_context *trust;
    struct wire *wire;
    BIO *to_server, *to_client; /* the wire's, ours too */
    struct transport *client;
    SSL *server;
    SSL_CTX *context;           /* of the server */
    X509 *root;
    const char *root_file;
    bool closed, reset;         /* the wire was */
    int ready;                  /* told since it was last asked for */
    struct failure failure;
    const char *host, *remember, *alpn;
};

static void on_ready(void *arg, int ready)
{
    ((struct scene *)arg)->ready |= ready;
}

static void get_trust(struct scene *scene, const struct tls_context_setting *setting)
{
    char error[512];

    tls_context_unref(scene->trust);
    scene->trust = tls_contexts_get(scene->contexts, setting, error, sizeof error);
    ck_assert_msg(scene->trust != NULL, "%s", error);
}

/* The server shows these (ended by NULL), the first with that key. */
static void serve(struct scene *scene, X509 *const *certificates, EVP_PKEY *key)
{
    SSL_CTX_free(scene->context);
    scene->context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(scene->context, 0);
    ck_assert_int_eq(SSL_CTX_use_certificate(scene->context, certificates[0]), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(scene->context, key ? key : authority_shared_key()), 1);
    while (*++certificates)
        ck_assert_int_eq(SSL_CTX_add1_chain_cert(scene->context, *certificates), 1);
    SSL_CTX_set_session_id_context(scene->context, (const unsigned char *)"s", 1);
}

static void serve_one(struct scene *scene, const struct authority_plan *plan)
{
    X509 *certificate = authority_issue(plan);

    serve(scene, (X509 *[]){certificate, NULL}, plan->key);
    X509_free(certificate);
}

static void set_up(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->loop = loop_new();
    scene->contexts = tls_contexts_new();
    scene->host = HOST;
    scene->root = authority_issue(&(struct authority_plan){.subject = "Test Root", .is_authority = true});
    scene->root_file = authority_file("root.pem", (X509 *[]){scene->root, NULL}, NULL, NULL);
    get_trust(scene, &(struct tls_context_setting){.ca_file = scene->root_file, .verify = true});
    serve_one(scene, &(struct authority_plan){.subject = "ignored", .names = "DNS:" HOST, .issuer = scene->root});
}

/* A new connection; the one before it must be gone. */
static void connect_wire(struct scene *scene)
{
    struct wire *wire = calloc(1, sizeof *wire);

    scene->closed = scene->reset = false;
    scene->ready = 0;
    wire->base.ops = &wire_ops;
    wire->base.loop = scene->loop;
    wire->closed = &scene->closed;
    wire->reset = &scene->reset;
    wire->grain = wire->room = UNLIMITED;
    wire->to_server = scene->to_server = BIO_new(BIO_s_mem());
    wire->to_client = scene->to_client = BIO_new(BIO_s_mem());
    scene->wire = wire;
}

static void connect_server(struct scene *scene)
{
    SSL_free(scene->server);
    scene->server = SSL_new(scene->context);
    BIO_up_ref(scene->to_server);
    BIO_up_ref(scene->to_client);
    SSL_set_bio(scene->server, scene->to_server, scene->to_client);
    SSL_set_accept_state(scene->server);
}

static struct transport *wrap(struct scene *scene, struct transport *below)
{
    struct transport *tls = tls_transport_new(&(struct tls_transport_params){
        .loop = scene->loop,
        .below = below,
        .context = scene->trust,
        .host = scene->host,
        .alpn = scene->alpn,
        .remember = scene->remember,
        .ca_option = "tls-ca-file",
    });

    ck_assert_ptr_nonnull(tls);
    return tls;
}

static void connect_client(struct scene *scene)
{
    scene->client = wrap(scene, &scene->wire->base);
    transport_watch(scene->client, on_ready, scene);
}

static void connect_all(struct scene *scene)
{
    connect_wire(scene);
    connect_server(scene);
    connect_client(scene);
}

/* Tells of the wire's readiness what is true and was waited for. */
static void turn(struct scene *scene)
{
    struct wire *wire = scene->wire;
    int ready = 0;

    if (scene->closed || scene->reset)
        return;
    if (wire->recv_waits && (BIO_ctrl_pending(wire->to_client) > 0 || wire->ended || wire->failed))
        ready |= LOOP_READ;
    if (wire->send_waits && (wire->room > 0 || wire->send_fails))
        ready |= LOOP_WRITE;
    if (ready & LOOP_READ)
        wire->recv_waits = false;
    if (ready & LOOP_WRITE)
        wire->send_waits = false;
    if (ready && wire->base.watcher)
        wire->base.watcher(wire->base.watcher_arg, ready);
}

/* Both sides shake hands.  The client is only called when it was told to, as the contract has it. */
static enum tls_handshake shake(struct scene *scene)
{
    enum tls_handshake result = tls_transport_handshake(scene->client, &scene->failure);

    for (int i = 0; i < 20000 && result == TLS_HANDSHAKE_WAIT; i++) {
        int done = SSL_do_handshake(scene->server);

        if (done <= 0 && SSL_get_error(scene->server, done) != SSL_ERROR_WANT_READ)
            scene->wire->ended = true;
        scene->ready = 0;
        turn(scene);
        if (scene->ready)
            result = tls_transport_handshake(scene->client, &scene->failure);
    }
    if (result == TLS_HANDSHAKE_DONE)
        SSL_do_handshake(scene->server);
    return result;
}

static void open_stream(struct scene *scene)
{
    enum tls_handshake result;

    connect_all(scene);
    result = shake(scene);
    ck_assert_msg(result == TLS_HANDSHAKE_DONE, "handshake: %d, %s", result, scene->failure.what);
}

static void hang_up(struct scene *scene)
{
    transport_close(scene->client);
    scene->client = NULL;
    SSL_free(scene->server);
    scene->server = NULL;
}

static void tear_down(struct scene *scene)
{
    if (scene->client)
        transport_reset(scene->client);
    lingering_end_all(scene->loop);
    loop_free(scene->loop);
    SSL_free(scene->server);
    SSL_CTX_free(scene->context);
    tls_context_unref(scene->trust);
    tls_contexts_free(scene->contexts);
    X509_free(scene->root);
    authority_clean();
}

/* The server writes so much of it. */
static void serve_bytes(struct scene *scene, const char *bytes)
{
    ck_assert_int_eq(SSL_write(scene->server, bytes, (int)strlen(bytes)), (int)strlen(bytes));
}

static void stop(void *arg)
{
    loop_stop(arg);
}

/* A turn of the loop: streams that rest in it go on behind it. */
static void next_turn(struct scene *scene)
{
    struct loop_timer timer = {0};

    loop_timer_start(scene->loop, &timer, 0, stop, scene->loop);
    ck_assert(loop_run(scene->loop));
}

/* The client gets exactly this, then AGAIN. */
static void expect_bytes(struct scene *scene, const char *expected)
{
    char got[256];
    size_t length = 0;
    ssize_t result;

    for (int i = 0; i < 1000 && length < strlen(expected); i++) {
        result = transport_recv(scene->client, got + length, sizeof got - length);
        ck_assert_int_ne(result, TRANSPORT_EOF);
        ck_assert_msg(result != TRANSPORT_ERROR, "%s", transport_error(scene->client));
        if (result > 0) {
            length += (size_t)result;
        } else {
            next_turn(scene);
            turn(scene);
        }
    }
    ck_assert_uint_eq(length, strlen(expected));
    ck_assert_int_eq(memcmp(got, expected, length), 0);
    ck_assert_int_eq(transport_recv(scene->client, got, sizeof got), TRANSPORT_AGAIN);
}

/* The client sends it, the server gets exactly this. */
static void send_across(struct scene *scene, const char *bytes)
{
    char got[256];

    ck_assert_int_eq(transport_send(scene->client, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    ck_assert_int_eq(SSL_read(scene->server, got, sizeof got), (int)strlen(bytes));
    ck_assert_int_eq(memcmp(got, bytes, strlen(bytes)), 0);
}

static ssize_t recv_once(struct scene *scene)
{
    char got[256];
    ssize_t result;

    turn(scene);
    result = transport_recv(scene->client, got, sizeof got);
    if (result == TRANSPORT_ERROR) /* it stays so */
        ck_assert_int_eq(transport_recv(scene->client, got, sizeof got), TRANSPORT_ERROR);
    return result;
}

static int server_error(struct scene *scene)
{
    char got[256];
    int result = SSL_read(scene->server, got, sizeof got);

    return SSL_get_error(scene->server, result);
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void speak(struct scene *scene, int version)
{
    SSL_CTX_set_min_proto_version(scene->context, version);
    SSL_CTX_set_max_proto_version(scene->context, version);
}

/* --- certificates --- */

static void succeeds(struct scene *scene, const char *host)
{
    enum tls_handshake result;

    scene->host = host;
    connect_all(scene);
    result = shake(scene);
    ck_assert_msg(result == TLS_HANDSHAKE_DONE, "%s: %s", host, scene->failure.what);
    serve_bytes(scene, "* OK");
    expect_bytes(scene, "* OK");
    hang_up(scene);
    ck_assert(scene->closed);
}

/* Fails for good, in these words, in both versions of TLS. */
static void fails(struct scene *scene, const char *host, const char *words)
{
    for (size_t i = 0; i < 2; i++) {
        scene->host = host;
        speak(scene, versions[i]);
        connect_all(scene);
        ck_assert_msg(shake(scene) == TLS_HANDSHAKE_FAILED, "%s: \"%s\" did not come", host, words);
        ck_assert_str_eq(scene->failure.what, words);
        ck_assert_int_eq(scene->failure.class, FAILURE_PERMANENT);
        ck_assert_str_eq(scene->failure.where, "");
        ck_assert_msg(strstr(scene->failure.detail, " certificate=\"") != NULL, "detail: %s", scene->failure.detail);
        ck_assert_int_eq(scene->failure.detail[strlen(scene->failure.detail) - 1], '"');
        hang_up(scene);
        ck_assert(scene->closed);
    }
}

static const char *day(int days)
{
    static char out[16];
    time_t then = time(NULL) + days * 24 * 3600L;
    struct tm parts;

    strftime(out, sizeof out, "%Y-%m-%d", gmtime_r(&then, &parts));
    return out;
}

START_TEST(names_that_match)
{
    struct scene scene;

    set_up(&scene);
    serve_one(&scene, &(struct authority_plan){.names = "DNS:" HOST ",DNS:*.w.example.net,IP:127.0.0.1,IP:::1",
                                               .issuer = scene.root});
    succeeds(&scene, HOST);
    succeeds(&scene, "MAIL.example.NET");
    succeeds(&scene, "mail.example.net.");
    succeeds(&scene, "one.w.example.net");
    succeeds(&scene, "127.0.0.1");
    succeeds(&scene, "::1");
    succeeds(&scene, "0:0::1");
    tear_down(&scene);
}
END_TEST

START_TEST(names_that_do_not_match)
{
    struct scene scene;

    set_up(&scene);
    serve_one(&scene, &(struct authority_plan){.subject = HOST, .names = "DNS:a.example.net,DNS:*.b.example.net",
                                               .issuer = scene.root});
    fails(&scene, HOST, "certificate is for a.example.net, *.b.example.net, not for mail.example.net");
    fails(&scene, "one.two.b.example.net",
          "certificate is for a.example.net, *.b.example.net, not for one.two.b.example.net");
    fails(&scene, "b.example.net", "certificate is for a.example.net, *.b.example.net, not for b.example.net");
    fails(&scene, "127.0.0.1", "certificate is for a.example.net, *.b.example.net, not for 127.0.0.1");
    serve_one(&scene, &(struct authority_plan){.names = "IP:127.0.0.2,DNS:127.0.0.1", .issuer = scene.root});
    fails(&scene, "127.0.0.1", "certificate is for 127.0.0.2, 127.0.0.1, not for 127.0.0.1");
    fails(&scene, "::1", "certificate is for 127.0.0.2, 127.0.0.1, not for ::1");
    serve_one(&scene, &(struct authority_plan){.names = "DNS:m*.example.net", .issuer = scene.root});
    fails(&scene, HOST, "certificate is for m*.example.net, not for mail.example.net");
    serve_one(&scene, &(struct authority_plan){.subject = HOST, .issuer = scene.root});
    fails(&scene, HOST, "certificate has no name of a host (its subject, CN=mail.example.net, does not count), "
          "it is not for mail.example.net");
    tear_down(&scene);
}
END_TEST

START_TEST(dates)
{
    struct scene scene;
    char words[128];

    set_up(&scene);
    serve_one(&scene, &(struct authority_plan){.names = "DNS:" HOST, .issuer = scene.root, .from = -40, .until = -10});
    snprintf(words, sizeof words, "certificate expired on %s", day(-10));
    fails(&scene, HOST, words);
    serve_one(&scene, &(struct authority_plan){.names = "DNS:" HOST, .issuer = scene.root, .from = 10, .until = 20});
    snprintf(words, sizeof words, "certificate is not valid before %s", day(10));
    fails(&scene, HOST, words);
    tear_down(&scene);
}
END_TEST

START_TEST(chains)
{
    struct scene scene;
    EVP_PKEY *other_key = EVP_EC_gen("P-256");
    X509 *stranger, *middle, *leaf, *of_stranger, *old, *of_old;
    char words[128];

    set_up(&scene);
    stranger = authority_issue(&(struct authority_plan){.subject = "Stranger", .key = other_key, .is_authority = true});
    middle = authority_issue(&(struct authority_plan){.subject = "Test Middle", .key = other_key, .issuer = scene.root,
                                                      .is_authority = true});
    leaf = authority_issue(&(struct authority_plan){.names = "DNS:" HOST, .issuer = middle, .issuer_key = other_key});
    of_stranger = authority_issue(&(struct authority_plan){.names = "DNS:" HOST, .issuer = stranger,
                                                           .issuer_key = other_key});
    old = authority_issue(&(struct authority_plan){.subject = "Old Middle", .issuer = scene.root, .is_authority = true,
                                                   .from = -40, .until = -10});
    of_old = authority_issue(&(struct authority_plan){.names = "DNS:" HOST, .issuer = old});
    serve(&scene, (X509 *[]){leaf, middle, NULL}, NULL);
    succeeds(&scene, HOST);
    serve(&scene, (X509 *[]){leaf, NULL}, NULL);
    fails(&scene, HOST, "certificate is by an authority that is not trusted: CN=Test Middle; set tls-ca-file, "
          "or have the server send the whole chain");
    serve(&scene, (X509 *[]){of_stranger, NULL}, NULL);
    fails(&scene, HOST, "certificate is by an authority that is not trusted: CN=Stranger; set tls-ca-file, "
          "or have the server send the whole chain");
    serve(&scene, (X509 *[]){of_stranger, stranger, NULL}, NULL);
    fails(&scene, HOST, "certificate is by an authority that is not trusted: CN=Stranger; set tls-ca-file");
    serve(&scene, (X509 *[]){of_old, old, NULL}, NULL);
    snprintf(words, sizeof words, "certificate of the authority CN=Old Middle expired on %s", day(-10));
    fails(&scene, HOST, words);
    tear_down(&scene);
    X509_free(stranger), X509_free(middle), X509_free(leaf), X509_free(of_stranger), X509_free(old), X509_free(of_old);
    EVP_PKEY_free(other_key);
}
END_TEST

START_TEST(pinned_certificates)
{
    struct scene scene;
    X509 *own = authority_issue(&(struct authority_plan){.subject = "own", .names = "DNS:" HOST}), *middle, *leaf;

    set_up(&scene);
    serve(&scene, (X509 *[]){own, NULL}, NULL);
    fails(&scene, HOST, "certificate is signed by itself and not trusted; set tls-ca-file to a file that holds it");
    get_trust(&scene, &(struct tls_context_setting){.ca_file = authority_file("own.pem", (X509 *[]){own, NULL}, NULL,
                                                                              NULL),
                                              .verify = true});
    succeeds(&scene, HOST);
    fails(&scene, "other.example.net", "certificate is for mail.example.net, not for other.example.net");
    middle = authority_issue(&(struct authority_plan){.subject = "Test Middle", .issuer = scene.root,
                                                      .is_authority = true});
    leaf = authority_issue(&(struct authority_plan){.names = "DNS:" HOST, .issuer = middle});
    serve(&scene, (X509 *[]){leaf, NULL}, NULL);
    get_trust(&scene, &(struct tls_context_setting){
        .ca_file = authority_file("middle.pem", (X509 *[]){middle, NULL}, NULL, NULL), .verify = true});
    succeeds(&scene, HOST);
    get_trust(&scene, &(struct tls_context_setting){
        .ca_file = authority_file("leaf.pem", (X509 *[]){leaf, NULL}, NULL, NULL), .verify = true});
    succeeds(&scene, HOST);
    tear_down(&scene);
    X509_free(own), X509_free(middle), X509_free(leaf);
}
END_TEST

START_TEST(weak_certificates)
{
    struct scene scene;
    EVP_PKEY *small = authority_rsa_key(1024);
    X509 *weak_authority, *leaf;

    set_up(&scene);
    serve_one(&scene, &(struct authority_plan){.names = "DNS:" HOST, .issuer = scene.root, .sha1 = true});
    fails(&scene, HOST, "certificate is signed with SHA-1, which is not trusted");
    serve_one(&scene, &(struct authority_plan){.names = "DNS:" HOST, .issuer = scene.root, .key = small});
    fails(&scene, HOST, "certificate has a key that is too short (1024 bits)");
    weak_authority = authority_issue(&(struct authority_plan){.subject = "Weak", .issuer = scene.root, .key = small,
                                                              .is_authority = true});
    leaf = authority_issue(&(struct authority_plan){.names = "DNS:" HOST, .issuer = weak_authority,
                                                    .issuer_key = small});
    serve(&scene, (X509 *[]){leaf, weak_authority, NULL}, NULL);
    fails(&scene, HOST, "certificate of the authority CN=Weak has a key that is too short (1024 bits)");
    tear_down(&scene);
    X509_free(weak_authority), X509_free(leaf);
    EVP_PKEY_free(small);
}
END_TEST

START_TEST(verification_switched_off)
{
    struct scene scene;
    char words[256];

    set_up(&scene);
    get_trust(&scene, &(struct tls_context_setting){.ca_file = scene.root_file});
    serve_one(&scene, &(struct authority_plan){.subject = "who?", .from = -40, .until = -10});
    succeeds(&scene, HOST);
    open_stream(&scene);
    ck_assert_str_eq(tls_transport_describe(scene.client, words, sizeof words),
                     "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate of CN=who? by CN=who?, not verified");
    tear_down(&scene);
}
END_TEST

/* Foreign text comes out as printable ASCII, and the sentence stays whole. */
START_TEST(hostile_names)
{
    struct scene scene;
    char names[6000] = "DNS:n.example.net", subject[65], words[512];

    set_up(&scene);
    memset(subject, 0x7f, 64);
    subject[64] = '\0';
    for (int i = 0; i < 200; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), ",DNS:n%d.example.net", i);
    serve_one(&scene, &(struct authority_plan){.subject = subject, .names = names, .issuer = scene.root});
    fails(&scene, HOST, "certificate is for n.example.net, n0.example.net, n1.example.net, n2.example.net, "
          "n3.example.net, ..., "
          "not for mail.example.net");
    for (const char *at = scene.failure.detail; *at; at++)
        ck_assert(*at >= 0x20 && *at <= 0x7e);
    serve_one(&scene, &(struct authority_plan){.names = "DNS:a\n\"b", .issuer = scene.root});
    fails(&scene, HOST, "certificate is for a\\n\\\"b, not for mail.example.net");
    memset(names, 'n', 400);
    memcpy(names, "DNS:", 4);
    names[400] = '\0';
    serve_one(&scene, &(struct authority_plan){.names = names, .issuer = scene.root});
    snprintf(words, sizeof words, "certificate is for %.71s, not for mail.example.net", names + 4);
    fails(&scene, HOST, words);
    tear_down(&scene);
}
END_TEST

/* --- handshakes --- */

START_TEST(byte_by_byte)
{
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;

        set_up(&scene);
        speak(&scene, versions[i]);
        connect_all(&scene);
        scene.wire->grain = 1;
        ck_assert_int_eq(shake(&scene), TLS_HANDSHAKE_DONE);
        serve_bytes(&scene, "220 hello");
        expect_bytes(&scene, "220 hello");
        send_across(&scene, "QUIT");
        tear_down(&scene);
    }
}
END_TEST

/* What speaks there instead of TLS. */
static void answered(const char *answer, size_t length, bool ends, const char *words, const char *detail)
{
    struct scene scene;
    enum tls_handshake result;

    set_up(&scene);
    connect_wire(&scene);
    connect_client(&scene);
    BIO_write(scene.to_client, answer, (int)length);
    scene.wire->ended = ends;
    result = tls_transport_handshake(scene.client, &scene.failure);
    ck_assert_int_eq(result, TLS_HANDSHAKE_FAILED);
    ck_assert_str_eq(scene.failure.what, words);
    ck_assert_str_eq(scene.failure.detail, detail);
    ck_assert_int_eq(scene.failure.class, FAILURE_PERMANENT);
    tear_down(&scene);
}

START_TEST(no_tls_there)
{
    static const char greeting[] = "220 mail.example.net ESMTP\r\n", page[] = "HTTP/1.1 400 Bad Request\r\n";
    static const char portal[] = "does not speak TLS here, but HTTP without TLS: perhaps a captive portal or login "
                                 "page";
    static const char noise[64] = {0x7f, 1, 2, 3}, nul[64];

    answered(greeting, sizeof greeting - 1, false, "does not speak TLS here",
             " answer=\"220 mail.example.net ESMTP\\r\\n\"");
    answered(greeting, 3, true, "does not speak TLS here", " answer=\"220\"");
    answered(page, sizeof page - 1, true, portal, " answer=\"HTTP/1.1 400 Bad Request\\r\\n\"");
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;

        set_up(&scene);
        connect_wire(&scene);
        connect_client(&scene);
        BIO_write(scene.to_client, i ? noise : nul, 64);
        ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_FAILED);
        ck_assert_str_eq(scene.failure.what, "does not speak TLS here");
        ck_assert_int_eq(scene.failure.class, FAILURE_PERMANENT);
        tear_down(&scene);
    }
}
END_TEST

START_TEST(garbage_in_records)
{
    struct scene scene;
    static const unsigned char garbage[] = {0x16, 3, 3, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};

    set_up(&scene);
    connect_wire(&scene);
    connect_client(&scene);
    BIO_write(scene.to_client, garbage, sizeof garbage);
    ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_FAILED);
    ck_assert_int_eq(scene.failure.class, FAILURE_PERMANENT);
    ck_assert_int_eq(strncmp(scene.failure.what, "TLS handshake failed: ", 22), 0);
    ck_assert_int_eq(transport_send(scene.client, "x", 1), TRANSPORT_ERROR);
    tear_down(&scene);
}
END_TEST

START_TEST(cut_off_in_the_handshake)
{
    struct scene scene;

    for (int later = 0; later < 2; later++) {
        set_up(&scene);
        connect_all(&scene);
        ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_WAIT);
        if (later) {
            char flight[8192];
            int length;

            SSL_do_handshake(scene.server);
            length = BIO_read(scene.to_client, flight, sizeof flight);
            BIO_write(scene.to_client, flight, length - 1); /* the last byte of the flight is lost */
        }
        scene.wire->ended = true;
        turn(&scene);
        ck_assert(scene.ready & LOOP_READ);
        ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_FAILED);
        ck_assert_str_eq(scene.failure.what, "closed the connection during the TLS handshake");
        ck_assert_int_eq(scene.failure.class, FAILURE_TEMPORARY);
        tear_down(&scene);
    }
}
END_TEST

START_TEST(reset_in_the_handshake)
{
    struct scene scene;

    set_up(&scene);
    connect_all(&scene);
    ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_WAIT);
    scene.wire->failed = true;
    turn(&scene);
    ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_FAILED);
    ck_assert_str_eq(scene.failure.what, "TLS handshake: Connection reset by peer");
    ck_assert_int_eq(scene.failure.class, FAILURE_TEMPORARY);
    transport_close(scene.client);
    connect_wire(&scene);
    scene.wire->send_fails = true;
    connect_client(&scene);
    ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_FAILED);
    ck_assert_str_eq(scene.failure.what, "TLS handshake: Broken pipe");
    ck_assert_int_eq(scene.failure.class, FAILURE_TEMPORARY);
    tear_down(&scene);
}
END_TEST

static void refuses(struct scene *scene, const char *words)
{
    ck_assert_int_eq(shake(scene), TLS_HANDSHAKE_FAILED);
    ck_assert_str_eq(scene->failure.what, words);
    ck_assert_int_eq(scene->failure.class, FAILURE_PERMANENT);
}

static int no_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
                       unsigned in_length, void *arg)
{
    (void)ssl, (void)out, (void)out_length, (void)arg;
    ck_assert_uint_eq(in_length, 5);
    ck_assert_int_eq(memcmp(in, "\4imap", 5), 0);
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int name_seen(SSL *ssl, int *alert, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    snprintf(arg, 64, "%s", name ? name : "(none)");
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

START_TEST(lockout_of_the_server)
{
    struct scene scene;
    char name[64];

    set_up(&scene);
    SSL_CTX_set_max_proto_version(scene.context, TLS1_1_VERSION);
    connect_all(&scene);
    refuses(&scene, "speaks no version of TLS that is trusted, 1.2 at least (alert protocol_version)");
    hang_up(&scene);
    speak(&scene, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(scene.context, "NULL-SHA256");
    connect_all(&scene);
    refuses(&scene, "refuses the TLS handshake (alert handshake_failure): no cipher in common, or it wants a client "
            "certificate");
    hang_up(&scene);
    serve_one(&scene, &(struct authority_plan){.names = "DNS:" HOST, .issuer = scene.root});
    SSL_CTX_set_alpn_select_cb(scene.context, no_protocol, NULL);
    scene.alpn = "imap";
    connect_all(&scene);
    refuses(&scene, "refuses the TLS handshake (alert no_application_protocol)");
    hang_up(&scene);
    SSL_CTX_set_tlsext_servername_callback(scene.context, name_seen);
    SSL_CTX_set_tlsext_servername_arg(scene.context, name);
    scene.host = "mail.example.net.";
    connect_all(&scene);
    refuses(&scene, "does not know the name mail.example.net. (alert unrecognized_name)");
    ck_assert_str_eq(name, "mail.example.net");
    hang_up(&scene);
    scene.host = "127.0.0.1";
    connect_all(&scene);
    shake(&scene);
    ck_assert_str_eq(name, "(none)");
    tear_down(&scene);
}
END_TEST

START_TEST(client_certificate)
{
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        X509 *own = authority_issue(&(struct authority_plan){.subject = "me"}), *seen;
        const char *file = authority_file("me.pem", (X509 *[]){own, NULL}, authority_shared_key(), NULL);

        set_up(&scene);
        speak(&scene, versions[i]);
        SSL_CTX_set_verify(scene.context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(scene.context), own);
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(scene.context), X509_V_FLAG_PARTIAL_CHAIN);
        connect_all(&scene);
        if (versions[i] == TLS1_3_VERSION) { /* there the refusal comes when we think that all is done */
            ck_assert_int_eq(shake(&scene), TLS_HANDSHAKE_DONE);
            ck_assert_int_eq(recv_once(&scene), TRANSPORT_ERROR);
            ck_assert_str_eq(transport_error(scene.client),
                             "refuses our client certificate, or that we have none (alert certificate_required)");
            ck_assert(scene.client->denied);
        } else {
            refuses(&scene, "refuses the TLS handshake (alert handshake_failure): no cipher in common, or it wants a "
                    "client certificate");
        }
        hang_up(&scene);
        get_trust(&scene, &(struct tls_context_setting){.ca_file = scene.root_file, .cert_file = file, .verify = true});
        open_stream(&scene);
        send_across(&scene, "hello");
        seen = SSL_get1_peer_certificate(scene.server);
        ck_assert_ptr_nonnull(seen);
        ck_assert_int_eq(X509_cmp(seen, own), 0);
        X509_free(seen);
        X509_free(own);
        tear_down(&scene);
    }
}
END_TEST

/* One that the server does not know. */
START_TEST(client_certificate_refused)
{
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        X509 *own = authority_issue(&(struct authority_plan){.subject = "me"});
        const char *file = authority_file("me.pem", (X509 *[]){own, NULL}, authority_shared_key(), NULL);
        const char *words = "refuses our client certificate, or that we have none (alert unknown_ca)";

        set_up(&scene);
        speak(&scene, versions[i]);
        SSL_CTX_set_verify(scene.context, SSL_VERIFY_PEER, NULL);
        get_trust(&scene, &(struct tls_context_setting){.ca_file = scene.root_file, .cert_file = file, .verify = true});
        connect_all(&scene);
        if (versions[i] == TLS1_3_VERSION) {
            ck_assert_int_eq(shake(&scene), TLS_HANDSHAKE_DONE);
            ck_assert_int_eq(recv_once(&scene), TRANSPORT_ERROR);
            ck_assert_str_eq(transport_error(scene.client), words);
            ck_assert(scene.client->denied);
        } else {
            refuses(&scene, words);
        }
        X509_free(own);
        tear_down(&scene);
    }
}
END_TEST

/* --- sessions --- */

/* One connection that gets at least one session to remember.  Returns whether it resumed one. */
static bool resumes(struct scene *scene)
{
    char words[256];
    bool resumed;

    open_stream(scene);
    serve_bytes(scene, "+OK");
    expect_bytes(scene, "+OK");
    resumed = SSL_session_reused(scene->server);
    tls_transport_describe(scene->client, words, sizeof words);
    ck_assert_int_eq(strstr(words, ", resumed") != NULL, resumed);
    hang_up(scene);
    return resumed;
}

START_TEST(resumption)
{
    struct scene scene;
    const struct tls_context_setting *setting;

    for (size_t i = 0; i < 2; i++) {
        set_up(&scene);
        setting = &(struct tls_context_setting){.ca_file = scene.root_file, .verify = true};
        speak(&scene, versions[i]);
        ck_assert(!resumes(&scene));
        ck_assert(!resumes(&scene)); /* nobody said by which key */
        ck_assert_uint_eq(tls_context_sessions(scene.trust), 0);
        scene.remember = "imaps://mail.example.net:993";
        ck_assert(!resumes(&scene));
        ck_assert_uint_eq(tls_context_sessions(scene.trust), 1);
        ck_assert(resumes(&scene));
        ck_assert(resumes(&scene));
        ck_assert_uint_eq(tls_context_sessions(scene.trust), 1);
        scene.remember = "imaps://mail.example.net:994";
        ck_assert(!resumes(&scene));
        ck_assert_uint_eq(tls_context_sessions(scene.trust), 2);
        scene.remember = "imaps://mail.example.net:993";
        tls_contexts_forget(scene.contexts);
        ck_assert(resumes(&scene)); /* who has it goes on as before */
        get_trust(&scene, setting);
        ck_assert(!resumes(&scene));
        ck_assert(resumes(&scene));
        tls_context_drop(scene.trust, scene.remember);
        ck_assert_uint_eq(tls_context_sessions(scene.trust), 0);
        ck_assert(!resumes(&scene));
        tear_down(&scene);
    }
}
END_TEST

static unsigned hellos;
static unsigned char offered[2][64]; /* groups, as the last two hellos have them, the last one first */
static size_t offered_length[2];

static int count_hello(SSL *server, int *alert, void *arg)
{
    const unsigned char *groups;

    (void)alert, (void)arg;
    hellos++;
    memcpy(offered[1], offered[0], sizeof offered[1]);
    offered_length[1] = offered_length[0];
    ck_assert_int_eq(SSL_client_hello_get0_ext(server, TLSEXT_TYPE_supported_groups, &groups, &offered_length[0]), 1);
    ck_assert_uint_le(offered_length[0], sizeof offered[0]);
    memcpy(offered[0], groups, offered_length[0]);
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int by_value(const void *a, const void *b)
{
    return memcmp(a, b, 2);
}

/* A server that wants another group than the first has to ask for it once only; all are offered nevertheless, and the
 * server may come to want yet another one. */
START_TEST(the_group_that_a_server_wants_comes_first)
{
    static const unsigned char p384[] = {0, 24}, p521[] = {0, 25};
    struct scene scene;

    set_up(&scene);
    speak(&scene, TLS1_3_VERSION);
    SSL_CTX_set_client_hello_cb(scene.context, count_hello, NULL);
    ck_assert_int_eq(SSL_CTX_set1_groups_list(scene.context, "P-384"), 1);
    scene.remember = "one";
    hellos = 0;
    ck_assert(!resumes(&scene));
    ck_assert_uint_eq(hellos, 2);
    ck_assert(resumes(&scene));
    ck_assert_uint_eq(hellos, 3);
    ck_assert_mem_eq(offered[0] + 2, p384, 2);
    ck_assert_uint_eq(offered_length[0], offered_length[1]);
    for (size_t i = 0; i < 2; i++)
        qsort(offered[i] + 2, offered_length[i] / 2 - 1, 2, by_value);
    ck_assert_mem_eq(offered[0], offered[1], offered_length[0]);
    ck_assert(resumes(&scene));
    ck_assert_uint_eq(hellos, 4); /* it is kept, although nobody has asked for it since */
    ck_assert_int_eq(SSL_CTX_set1_groups_list(scene.context, "P-521"), 1);
    ck_assert(resumes(&scene));
    ck_assert_uint_eq(hellos, 6);
    ck_assert(resumes(&scene));
    ck_assert_uint_eq(hellos, 7);
    ck_assert_mem_eq(offered[0] + 2, p521, 2);
    scene.remember = "other";
    ck_assert(!resumes(&scene));
    ck_assert_uint_eq(hellos, 9);
    tear_down(&scene);
}
END_TEST

/* A stream that was cut, or reset by us, leaves its session fit for use. */
START_TEST(resumption_after_a_reset)
{
    struct scene scene;

    for (size_t i = 0; i < 2; i++) {
        set_up(&scene);
        speak(&scene, versions[i]);
        scene.remember = "x";
        open_stream(&scene);
        serve_bytes(&scene, "+OK");
        expect_bytes(&scene, "+OK");
        transport_reset(scene.client);
        SSL_set_shutdown(scene.server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        loop_free(scene.loop); /* frees the stream */
        scene.loop = loop_new();
        ck_assert(resumes(&scene));
        tear_down(&scene);
    }
}
END_TEST

/* The same after a cut, which some servers think is an end. */
START_TEST(resumption_after_a_cut)
{
    struct scene scene;

    for (size_t i = 0; i < 2; i++) {
        set_up(&scene);
        speak(&scene, versions[i]);
        scene.remember = "x";
        open_stream(&scene);
        serve_bytes(&scene, "+OK");
        expect_bytes(&scene, "+OK");
        scene.wire->ended = true;
        ck_assert_int_eq(recv_once(&scene), TRANSPORT_ERROR);
        transport_reset(scene.client);
        SSL_set_shutdown(scene.server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        ck_assert(resumes(&scene));
        tear_down(&scene);
    }
}
END_TEST

/* Streams to one server share its certificate: most of what an idle one would cost. */
START_TEST(one_certificate_for_all)
{
    struct scene scene;
    SSL_SESSION *one, *other;

    for (size_t i = 0; i < 2; i++) {
        set_up(&scene);
        speak(&scene, versions[i]);
        scene.remember = "one";
        ck_assert(!resumes(&scene));
        scene.remember = "other";
        ck_assert(!resumes(&scene));
        one = tls_context_recall(scene.trust, "one");
        other = tls_context_recall(scene.trust, "other");
        ck_assert_ptr_nonnull(SSL_SESSION_get0_peer(one));
        ck_assert_ptr_eq(SSL_SESSION_get0_peer(one), SSL_SESSION_get0_peer(other));
        SSL_SESSION_free(one);
        SSL_SESSION_free(other);
        tear_down(&scene);
    }
}
END_TEST

static void set_made_at(SSL_SESSION *session, time_t when)
{
#if OPENSSL_VERSION_PREREQ(3, 3)
    SSL_SESSION_set_time_ex(session, when);
#else
    SSL_SESSION_set_time(session, (long)when);
#endif
}

START_TEST(sessions_expire)
{
    struct scene scene;
    SSL_SESSION *session;

    for (size_t i = 0; i < 2; i++) {
        set_up(&scene);
        speak(&scene, versions[i]);
        scene.remember = "x";
        ck_assert(!resumes(&scene));
        session = tls_context_recall(scene.trust, "x");
        ck_assert_ptr_nonnull(session);
        set_made_at(session, time(NULL) - 30 * 24 * 3600);
        SSL_SESSION_free(session);
        ck_assert_ptr_null(tls_context_recall(scene.trust, "x"));
        ck_assert_uint_eq(tls_context_sessions(scene.trust), 0);
        tear_down(&scene);
    }
}
END_TEST

START_TEST(sessions_are_bounded)
{
    struct scene scene;
    char key[32];
    SSL_SESSION *kept;

    set_up(&scene);
    scene.remember = key;
    for (int i = 0; i < TLS_CONTEXT_SESSIONS_MAX + 2; i++) {
        snprintf(key, sizeof key, "imaps://%d", i);
        ck_assert(!resumes(&scene));
        kept = tls_context_recall(scene.trust, "imaps://0"); /* the most recently used */
        ck_assert_ptr_nonnull(kept);
        SSL_SESSION_free(kept);
    }
    ck_assert_uint_eq(tls_context_sessions(scene.trust), TLS_CONTEXT_SESSIONS_MAX);
    ck_assert_ptr_null(tls_context_recall(scene.trust, "imaps://1"));
    ck_assert_ptr_null(tls_context_recall(scene.trust, "imaps://2"));
    kept = tls_context_recall(scene.trust, "imaps://3");
    ck_assert_ptr_nonnull(kept);
    SSL_SESSION_free(kept);
    tear_down(&scene);
}
END_TEST

/* The handshake with a remembered session fails: the next goes without. */
START_TEST(failed_sessions_are_dropped)
{
    struct scene scene;

    set_up(&scene);
    scene.remember = "x";
    ck_assert(!resumes(&scene));
    connect_all(&scene);
    ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_WAIT);
    scene.wire->ended = true;
    turn(&scene);
    ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_FAILED);
    ck_assert_uint_eq(tls_context_sessions(scene.trust), 0);
    tear_down(&scene);
}
END_TEST

/* --- streams --- */

/* Who has ended in order may be gone: that does not spoil the end. */
START_TEST(gone_after_its_end)
{
    for (int kind = 0; kind < 2; kind++) {
        struct scene scene;

        set_up(&scene);
        open_stream(&scene);
        SSL_shutdown(scene.server);
        ck_assert_int_eq(recv_once(&scene), TRANSPORT_EOF);
        scene.wire->failed = scene.wire->send_fails = true;
        ck_assert(!transport_broken(scene.client));
        if (kind == 0) {
            ck_assert(transport_shutdown_send(scene.client));
        } else {
            ck_assert_int_eq(transport_send(scene.client, "x", 1), TRANSPORT_ERROR); /* but these bytes are lost */
            ck_assert(transport_broken(scene.client));
            ck_assert(!transport_shutdown_send(scene.client));
        }
        tear_down(&scene);
    }
}
END_TEST

START_TEST(half_close_by_the_server)
{
    struct scene scene;

    set_up(&scene);
    open_stream(&scene);
    serve_bytes(&scene, "last words");
    SSL_shutdown(scene.server);
    scene.wire->ended = true;
    ck_assert_int_eq(recv_once(&scene), 10);
    ck_assert_int_eq(recv_once(&scene), TRANSPORT_EOF);
    ck_assert_int_eq(recv_once(&scene), TRANSPORT_EOF);
    send_across(&scene, "still here");
    ck_assert(transport_shutdown_send(scene.client));
    ck_assert_int_eq(server_error(&scene), SSL_ERROR_ZERO_RETURN);
    transport_close(scene.client);
    scene.client = NULL;
    ck_assert(scene.closed);
    tear_down(&scene);
}
END_TEST

START_TEST(half_close_by_the_client)
{
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;

        set_up(&scene);
        speak(&scene, versions[i]);
        open_stream(&scene);
        send_across(&scene, "a question");
        ck_assert(transport_shutdown_send(scene.client));
        ck_assert(transport_shutdown_send(scene.client));
        ck_assert_int_eq(server_error(&scene), SSL_ERROR_ZERO_RETURN);
        ck_assert(!scene.closed);
        ck_assert_int_eq(transport_send(scene.client, "x", 1), TRANSPORT_ERROR);
        tear_down(&scene);
    }
}
END_TEST

START_TEST(bytes_after_our_end)
{
    struct scene scene;

    for (size_t i = 0; i < 2; i++) {
        set_up(&scene);
        speak(&scene, versions[i]);
        open_stream(&scene);
        ck_assert(transport_shutdown_send(scene.client));
        serve_bytes(&scene, "an answer");
        expect_bytes(&scene, "an answer");
        if (versions[i] == TLS1_3_VERSION) { /* a key update that wants an answer cannot have one */
            ck_assert_int_eq(SSL_key_update(scene.server, SSL_KEY_UPDATE_REQUESTED), 1);
            serve_bytes(&scene, "with new keys");
            expect_bytes(&scene, "with new keys");
        }
        SSL_shutdown(scene.server);
        ck_assert_int_eq(recv_once(&scene), TRANSPORT_EOF);
        tear_down(&scene);
    }
}
END_TEST

/* The wire ends where no close_notify was: after whole records, within one, with and without bytes before. */
START_TEST(truncation)
{
    for (int kind = 0; kind < 3; kind++) {
        struct scene scene;
        char record[256];
        int length;

        set_up(&scene);
        open_stream(&scene);
        expect_bytes(&scene, "");
        if (kind > 0)
            serve_bytes(&scene, "250 queued");
        if (kind == 2) {
            length = BIO_read(scene.to_client, record, sizeof record);
            BIO_write(scene.to_client, record, length - 1);
        }
        scene.wire->ended = true;
        if (kind == 1)
            ck_assert_int_eq(recv_once(&scene), 10);
        ck_assert_int_eq(recv_once(&scene), TRANSPORT_ERROR);
        ck_assert_str_eq(transport_error(scene.client), "the TLS stream was cut off (no close_notify)");
        ck_assert_int_eq(transport_send(scene.client, "x", 1), TRANSPORT_ERROR);
        ck_assert(!transport_shutdown_send(scene.client));
        ck_assert(transport_broken(scene.client));
        tear_down(&scene);
    }
}
END_TEST

START_TEST(resets)
{
    struct scene scene;

    set_up(&scene);
    open_stream(&scene);
    expect_bytes(&scene, "");
    scene.wire->failed = true;
    ck_assert_int_eq(recv_once(&scene), TRANSPORT_ERROR);
    ck_assert_str_eq(transport_error(scene.client), "Connection reset by peer");
    hang_up(&scene);
    ck_assert(scene.closed);
    open_stream(&scene);
    ck_assert(!transport_broken(scene.client));
    scene.wire->failed = true;
    ck_assert(transport_broken(scene.client));
    ck_assert_int_eq(scene.client->error, ECONNRESET);
    hang_up(&scene);
    open_stream(&scene);
    scene.wire->send_fails = true;
    ck_assert_int_eq(transport_send(scene.client, "x", 1), TRANSPORT_ERROR);
    ck_assert_str_eq(transport_error(scene.client), "Broken pipe");
    hang_up(&scene);
    open_stream(&scene);
    BIO_reset(scene.to_server);
    transport_reset(scene.client);
    scene.client = NULL;
    ck_assert(scene.reset);
    ck_assert_uint_eq(BIO_ctrl_pending(scene.to_server), 0); /* a reset says no goodbye */
    tear_down(&scene);
}
END_TEST

START_TEST(damaged_records)
{
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        char record[256];
        int length;

        set_up(&scene);
        speak(&scene, versions[i]);
        open_stream(&scene);
        expect_bytes(&scene, "");
        serve_bytes(&scene, "250 queued");
        length = BIO_read(scene.to_client, record, sizeof record);
        record[length - 1] ^= 1;
        BIO_write(scene.to_client, record, length);
        ck_assert_int_eq(recv_once(&scene), TRANSPORT_ERROR);
        ck_assert_str_eq(transport_error(scene.client), "a TLS record was damaged on its way, or forged");
        ck_assert_int_eq(server_error(&scene), SSL_ERROR_SSL); /* our alert has arrived */
        tear_down(&scene);
    }
}
END_TEST

/* The server finds a record of ours damaged. */
START_TEST(alert_in_mid_stream)
{
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        char record[256];
        int length;

        set_up(&scene);
        speak(&scene, versions[i]);
        open_stream(&scene);
        expect_bytes(&scene, "");
        serve_bytes(&scene, "half");
        ck_assert_int_eq(transport_send(scene.client, "DATA", 4), 4);
        length = BIO_read(scene.to_server, record, sizeof record);
        record[length - 1] ^= 1;
        BIO_write(scene.to_server, record, length);
        ck_assert_int_eq(server_error(&scene), SSL_ERROR_SSL);
        ck_assert_int_eq(recv_once(&scene), 4);
        ck_assert_int_eq(recv_once(&scene), TRANSPORT_ERROR);
        ck_assert_str_eq(transport_error(scene.client), "TLS alert bad_record_mac");
        tear_down(&scene);
    }
}
END_TEST

START_TEST(key_updates)
{
    struct scene scene;
    char got[16];

    set_up(&scene);
    open_stream(&scene);
    serve_bytes(&scene, "one");
    expect_bytes(&scene, "one");
    ck_assert_int_eq(SSL_key_update(scene.server, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    serve_bytes(&scene, "two");
    expect_bytes(&scene, "two");
    send_across(&scene, "TWO");
    ck_assert_int_eq(SSL_key_update(scene.server, SSL_KEY_UPDATE_REQUESTED), 1);
    serve_bytes(&scene, "three");
    expect_bytes(&scene, "three");
    ck_assert_int_eq(server_error(&scene), SSL_ERROR_WANT_READ);
    ck_assert_int_eq(transport_send(scene.client, "THREE", 5), 5);
    ck_assert_uint_gt(BIO_ctrl_pending(scene.to_server), 2 * RECORD_OVERHEAD + 5); /* our update went before it */
    ck_assert_int_eq(SSL_read(scene.server, got, sizeof got), 5);
    ck_assert_int_eq(memcmp(got, "THREE", 5), 0);
    /* a hundred of them while below takes nothing */
    scene.wire->room = 0;
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(SSL_key_update(scene.server, SSL_KEY_UPDATE_REQUESTED), 1);
        serve_bytes(&scene, "four");
        expect_bytes(&scene, "four");
    }
    ck_assert_int_eq(transport_send(scene.client, "FOUR", 4), TRANSPORT_AGAIN);
    scene.wire->room = UNLIMITED;
    scene.ready = 0;
    turn(&scene);
    ck_assert(scene.ready & LOOP_WRITE);
    send_across(&scene, "FOUR");
    tear_down(&scene);
}
END_TEST

/* A server that floods with requests for new keys and takes no answer is not listened to any more, and costs no more
 * than a batch; nothing is lost. */
START_TEST(key_updates_without_end)
{
    struct scene scene;
    int sent = 0, got = 0;
    char one[4];

    set_up(&scene);
    open_stream(&scene);
    expect_bytes(&scene, "");
    scene.wire->room = 0;
    for (; sent < 5000; sent++) {
        ck_assert_int_eq(SSL_key_update(scene.server, SSL_KEY_UPDATE_REQUESTED), 1);
        serve_bytes(&scene, "x");
        turn(&scene);
        if (transport_recv(scene.client, one, 1) == 1)
            got++;
        else
            next_turn(&scene);
    }
    ck_assert_int_gt(got, 1000);
    ck_assert_int_lt(got, 5000);
    scene.wire->room = UNLIMITED;
    scene.ready = 0;
    turn(&scene);
    ck_assert(scene.ready & LOOP_READ); /* reading goes on since there is room */
    for (int i = 0; i < 10000 && got < 5000; i++) {
        if (transport_recv(scene.client, one, 1) == 1)
            got++;
        else
            next_turn(&scene);
    }
    ck_assert_int_eq(got, 5000);
    send_across(&scene, "y");
    tear_down(&scene);
}
END_TEST

START_TEST(renegotiation_is_refused)
{
    struct scene scene;

    set_up(&scene);
    speak(&scene, TLS1_2_VERSION);
    open_stream(&scene);
    serve_bytes(&scene, "before");
    ck_assert_int_eq(SSL_renegotiate(scene.server), 1);
    SSL_do_handshake(scene.server); /* sends HelloRequest */
    expect_bytes(&scene, "before");
    ck_assert_uint_gt(BIO_ctrl_pending(scene.to_server), 0); /* the alert no_renegotiation */
    ck_assert_int_eq(transport_send(scene.client, "after", 5), 5);
    ck_assert_int_eq(transport_recv(scene.client, (char[4]){0}, 4), TRANSPORT_AGAIN);
    tear_down(&scene);
}
END_TEST

/* Much in both directions through a wire that takes little at a time; a repeated send brings the same bytes. */
START_TEST(bulk_through_a_narrow_wire)
{
    enum { SIZE = 700000 };
    static const size_t grains[] = {1000, 16384, UNLIMITED};
    char *out = malloc(SIZE), *in = malloc(SIZE), *back = malloc(SIZE);

    for (int i = 0; i < SIZE; i++)
        out[i] = (char)((unsigned)i * 2654435761u >> 13);
    for (size_t i = 0; i < 6; i++) {
        struct scene scene;
        size_t sent = 0, arrived = 0, returned = 0, got;

        set_up(&scene);
        speak(&scene, versions[i & 1]);
        open_stream(&scene);
        scene.wire->grain = grains[i / 2];
        scene.wire->room = 0;
        for (int turns = 0; returned < SIZE && turns < 200000; turns++) {
            ssize_t taken = sent < SIZE ? transport_send(scene.client, out + sent, SIZE - sent) : 0;

            ck_assert_int_ne(taken, TRANSPORT_ERROR);
            if (taken > 0)
                sent += (size_t)taken;
            scene.wire->room = 5003;
            while (SSL_read_ex(scene.server, in + arrived, SIZE - arrived, &got) == 1) {
                ck_assert_int_eq(SSL_write(scene.server, in + arrived, (int)got), (int)got);
                arrived += got;
            }
            turn(&scene);
            while ((taken = transport_recv(scene.client, back + returned, (SIZE - returned) / 2 + 1)) > 0)
                returned += (size_t)taken;
            if (returned < SIZE)
                ck_assert_int_eq(taken, TRANSPORT_AGAIN);
        }
        ck_assert_uint_eq(returned, SIZE);
        ck_assert_int_eq(memcmp(out, back, SIZE), 0);
        tear_down(&scene);
    }
    free(out), free(in), free(back);
}
END_TEST

/* Records go down several at a time. */
START_TEST(few_calls_below)
{
    struct scene scene;
    static char bytes[65536];
    unsigned before;

    set_up(&scene);
    open_stream(&scene);
    before = scene.wire->sends;
    ck_assert_int_eq(transport_send(scene.client, bytes, sizeof bytes), sizeof bytes);
    ck_assert_uint_eq(scene.wire->sends, before + 1);
    tear_down(&scene);
}
END_TEST

START_TEST(peek)
{
    struct scene scene;
    char got[16];

    set_up(&scene);
    open_stream(&scene);
    ck_assert_int_eq(transport_peek(scene.client, got, sizeof got), TRANSPORT_AGAIN);
    serve_bytes(&scene, "greeting");
    turn(&scene);
    ck_assert_int_eq(transport_peek(scene.client, got, 3), 3);
    ck_assert_int_eq(transport_peek(scene.client, got, sizeof got), 8);
    ck_assert_int_eq(transport_recv(scene.client, got, sizeof got), 8);
    ck_assert_int_eq(memcmp(got, "greeting", 8), 0);
    ck_assert_int_eq(transport_splice_fd(scene.client, LOOP_READ), -1);
    scene.wire->room = 5000;
    ck_assert_uint_eq(transport_room(scene.client), 5000);
    SSL_shutdown(scene.server);
    ck_assert_int_eq(transport_recv(scene.client, got, sizeof got), TRANSPORT_AGAIN);
    turn(&scene);
    ck_assert_int_eq(transport_peek(scene.client, got, sizeof got), TRANSPORT_EOF);
    tear_down(&scene);
}
END_TEST

/* Bytes that a peek is the first to find are there for the next read: below has nothing left to tell of them. */
START_TEST(a_peek_before_the_turn)
{
    struct scene scene;
    char got[16];

    set_up(&scene);
    open_stream(&scene);
    ck_assert_int_eq(transport_recv(scene.client, got, sizeof got), TRANSPORT_AGAIN);
    serve_bytes(&scene, "greeting");
    ck_assert_int_eq(transport_peek(scene.client, got, 1), 1);
    ck_assert_int_eq(transport_recv(scene.client, got, sizeof got), 8);
    ck_assert_int_eq(memcmp(got, "greeting", 8), 0);
    tear_down(&scene);
}
END_TEST

/* Sending does not silence reading: AGAIN to the one says nothing of the other. */
START_TEST(directions_are_independent)
{
    struct scene scene;
    char got[16];

    set_up(&scene);
    open_stream(&scene);
    expect_bytes(&scene, "");
    scene.wire->room = 0;
    serve_bytes(&scene, "abcdef");
    turn(&scene);
    ck_assert_int_eq(transport_recv(scene.client, got, 3), 3);
    ck_assert_int_eq(transport_send(scene.client, "taken", 5), 5); /* into the batch */
    ck_assert_int_eq(transport_send(scene.client, "more", 4), TRANSPORT_AGAIN);
    ck_assert_int_eq(transport_recv(scene.client, got, sizeof got), 3);
    scene.ready = 0;
    scene.wire->room = 3; /* not yet for us to be told */
    turn(&scene);
    ck_assert_int_eq(scene.ready, 0);
    scene.wire->room = UNLIMITED;
    turn(&scene);
    ck_assert_int_eq(scene.ready, LOOP_WRITE);
    ck_assert_int_eq(transport_send(scene.client, "more", 4), 4);
    ck_assert_int_eq(SSL_read(scene.server, got, sizeof got), 5);
    ck_assert_int_eq(SSL_read(scene.server, got, sizeof got), 4);
    tear_down(&scene);
}
END_TEST

/* A close with something left to send stays until it is taken, then closes; or is reset. */
START_TEST(close_lingers)
{
    for (int kind = 0; kind < 3; kind++) {
        struct scene scene;
        char got[16];

        set_up(&scene);
        open_stream(&scene);
        expect_bytes(&scene, "");
        scene.wire->room = 0;
        ck_assert_int_eq(transport_send(scene.client, "the last", 8), 8);
        transport_close(scene.client);
        scene.client = NULL;
        ck_assert(!scene.closed && !scene.reset);
        if (kind == 0) {
            while (!scene.closed) {
                scene.wire->room = 7;
                turn(&scene);
            }
            ck_assert_int_eq(SSL_read(scene.server, got, sizeof got), 8);
            ck_assert_int_eq(server_error(&scene), SSL_ERROR_ZERO_RETURN);
        } else if (kind == 1) {
            scene.wire->send_fails = true;
            turn(&scene);
            ck_assert(scene.reset);
        } else {
            lingering_end_all(scene.loop);
            ck_assert(scene.reset);
        }
        tear_down(&scene);
    }
}
END_TEST

/* The server sends a message that carries no data. */
static void send_key_update(struct scene *scene)
{
    ck_assert(SSL_key_update(scene->server, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(scene->server) == 1);
}

static void send_ticket(struct scene *scene)
{
    ck_assert(SSL_new_session_ticket(scene->server) == 1 && SSL_do_handshake(scene->server) == 1);
}

static void send_hello_request(struct scene *scene)
{
    ck_assert(SSL_renegotiate(scene->server) == 1 && SSL_do_handshake(scene->server) == 1);
}

static const struct {
    void (*send)(struct scene *scene);
    int version;
} idle_messages[] = {
    {send_key_update, TLS1_3_VERSION},
    {send_ticket, TLS1_3_VERSION},
    {send_hello_request, TLS1_2_VERSION},
};

/* Messages with data in between do not keep the loop from its other work: the stream rests and comes back. */
START_TEST(messages_are_bounded_in_a_turn)
{
    struct scene scene;
    char got[100];
    unsigned length = 0, turns = 0;
    ssize_t result;

    set_up(&scene);
    speak(&scene, idle_messages[_i].version);
    open_stream(&scene);
    expect_bytes(&scene, "");
    for (int i = 0; i < 60; i++) {
        for (int j = 0; j < MESSAGE_LIMIT / 2; j++)
            idle_messages[_i].send(&scene);
        serve_bytes(&scene, "x");
    }
    turn(&scene);
    while (length < 60) {
        result = transport_recv(scene.client, got, sizeof got);
        ck_assert_msg(result > 0 && result <= 3, "%zd: %s", result, transport_error(scene.client));
        length += (unsigned)result;
        turns++;
        if (length == 60)
            break;
        ck_assert_int_eq(transport_recv(scene.client, got, sizeof got), TRANSPORT_AGAIN);
        ck_assert_int_eq(transport_peek(scene.client, got, 1), TRANSPORT_AGAIN);
        scene.ready = 0;
        next_turn(&scene);
        ck_assert(scene.ready & LOOP_READ);
    }
    ck_assert_uint_ge(turns, 60 / 3);
    tear_down(&scene);
}
END_TEST

/* Without data some tens of them are the end, and the others behind them cost nothing any more. */
START_TEST(messages_without_data_are_bounded)
{
    struct scene scene;

    set_up(&scene);
    speak(&scene, idle_messages[_i].version);
    open_stream(&scene);
    serve_bytes(&scene, "begin");
    expect_bytes(&scene, "begin");
    for (int i = 0; i < MESSAGE_LIMIT; i++)
        idle_messages[_i].send(&scene);
    serve_bytes(&scene, "as many as may be");
    turn(&scene);
    expect_bytes(&scene, "as many as may be");
    for (int i = 0; i < 1000; i++)
        idle_messages[_i].send(&scene);
    serve_bytes(&scene, "too many");
    next_turn(&scene);
    ck_assert_int_eq(recv_once(&scene), TRANSPORT_ERROR);
    ck_assert_str_eq(transport_error(scene.client), "the server does not keep to the rules of TLS");
    tear_down(&scene);
}
END_TEST

/* Nor do they make a handshake last: requests for a new one, which TLS skips while one goes on. */
START_TEST(messages_are_bounded_in_a_handshake)
{
    static const char requests[] = "\x16\x03\x03\x00\x28" "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"; /* ten in a record */
    struct scene scene;

    set_up(&scene);
    connect_all(&scene);
    ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_WAIT);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(BIO_write(scene.to_client, requests, sizeof requests), sizeof requests);
    turn(&scene);
    ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_WAIT);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(BIO_write(scene.to_client, requests, sizeof requests), sizeof requests);
    turn(&scene);
    ck_assert_int_eq(tls_transport_handshake(scene.client, &scene.failure), TLS_HANDSHAKE_FAILED);
    ck_assert_str_eq(scene.failure.what, "the server does not keep to the rules of TLS");
    tear_down(&scene);
}
END_TEST

/* --- TLS in TLS --- */

/* Carries bytes between the outer server and the BIOs of the inner one. */
static void carry(struct scene *scene, BIO *inner_in, BIO *inner_out)
{
    char bytes[4096];
    int length;

    SSL_do_handshake(scene->server);
    while ((length = SSL_read(scene->server, bytes, sizeof bytes)) > 0)
        BIO_write(inner_in, bytes, length);
    while ((length = BIO_read(inner_out, bytes, sizeof bytes)) > 0)
        ck_assert_int_eq(SSL_write(scene->server, bytes, length), length);
}

/* The inner stream ends in order, and the outer is cut off right behind it. */
START_TEST(inner_end_before_an_outer_cut)
{
    struct scene scene;
    enum tls_handshake result;
    SSL *inner;
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

    set_up(&scene);
    open_stream(&scene);
    scene.client = wrap(&scene, scene.client);
    transport_watch(scene.client, on_ready, &scene);
    inner = SSL_new(scene.context);
    SSL_set_bio(inner, in, out);
    SSL_set_accept_state(inner);
    result = tls_transport_handshake(scene.client, &scene.failure);
    for (int turns = 0; turns < 10 && result == TLS_HANDSHAKE_WAIT; turns++) {
        carry(&scene, in, out);
        SSL_do_handshake(inner);
        carry(&scene, in, out);
        turn(&scene);
        result = tls_transport_handshake(scene.client, &scene.failure);
    }
    ck_assert_msg(result == TLS_HANDSHAKE_DONE, "%s", scene.failure.what);
    carry(&scene, in, out);
    ck_assert_int_eq(SSL_do_handshake(inner), 1);
    ck_assert_int_eq(SSL_write(inner, "inner words", 11), 11);
    SSL_shutdown(inner);
    carry(&scene, in, out);
    scene.wire->ended = true;
    ck_assert_int_eq(recv_once(&scene), 11);
    ck_assert_int_eq(recv_once(&scene), TRANSPORT_EOF);
    ck_assert(!transport_broken(scene.client));
    ck_assert(transport_shutdown_send(scene.client));
    SSL_free(inner);
    tear_down(&scene);
}
END_TEST

START_TEST(tls_in_tls)
{
    static const size_t grains[] = {1, 100, UNLIMITED};

    for (size_t i = 0; i < 3; i++) {
        struct scene scene;
        enum tls_handshake result = TLS_HANDSHAKE_WAIT;
        SSL *inner;
        BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
        char got[64];

        set_up(&scene);
        open_stream(&scene);
        scene.wire->grain = grains[i];
        scene.client = wrap(&scene, scene.client);
        transport_watch(scene.client, on_ready, &scene);
        inner = SSL_new(scene.context);
        SSL_set_bio(inner, in, out);
        SSL_set_accept_state(inner);
        result = tls_transport_handshake(scene.client, &scene.failure);
        for (int turns = 0; turns < 20000 && result == TLS_HANDSHAKE_WAIT; turns++) {
            carry(&scene, in, out);
            SSL_do_handshake(inner);
            carry(&scene, in, out);
            scene.ready = 0;
            turn(&scene);
            if (scene.ready)
                result = tls_transport_handshake(scene.client, &scene.failure);
        }
        ck_assert_msg(result == TLS_HANDSHAKE_DONE, "%s", scene.failure.what);
        carry(&scene, in, out);
        ck_assert_int_eq(SSL_do_handshake(inner), 1);
        ck_assert_int_eq(SSL_write(inner, "inner words", 11), 11);
        carry(&scene, in, out);
        expect_bytes(&scene, "inner words");
        ck_assert_int_eq(transport_send(scene.client, "answer", 6), 6);
        carry(&scene, in, out);
        ck_assert_int_eq(SSL_read(inner, got, sizeof got), 6);
        SSL_shutdown(inner);
        carry(&scene, in, out);
        ck_assert_int_eq(recv_once(&scene), TRANSPORT_EOF);
        ck_assert(transport_shutdown_send(scene.client));
        carry(&scene, in, out);
        ck_assert_int_eq(SSL_read(inner, got, sizeof got), 0);
        ck_assert_int_eq(SSL_get_error(inner, 0), SSL_ERROR_ZERO_RETURN);
        ck_assert_int_eq(SSL_get_shutdown(scene.server) & SSL_RECEIVED_SHUTDOWN, 0); /* only the inner one ended */
        transport_close(scene.client);
        scene.client = NULL;
        ck_assert(scene.closed);
        SSL_read(scene.server, got, sizeof got);
        ck_assert_int_eq(SSL_get_shutdown(scene.server) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
        SSL_free(inner);
        tear_down(&scene);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls");

    tcase_add_test(cases, names_that_match);
    tcase_add_test(cases, names_that_do_not_match);
    tcase_add_test(cases, dates);
    tcase_add_test(cases, chains);
    tcase_add_test(cases, pinned_certificates);
    tcase_add_test(cases, weak_certificates);
    tcase_add_test(cases, verification_switched_off);
    tcase_add_test(cases, hostile_names);
    tcase_add_test(cases, byte_by_byte);
    tcase_add_test(cases, no_tls_there);
    tcase_add_test(cases, garbage_in_records);
    tcase_add_test(cases, cut_off_in_the_handshake);
    tcase_add_test(cases, reset_in_the_handshake);
    tcase_add_test(cases, lockout_of_the_server);
    tcase_add_test(cases, client_certificate);
    tcase_add_test(cases, client_certificate_refused);
    tcase_add_test(cases, resumption);
    tcase_add_test(cases, the_group_that_a_server_wants_comes_first);
    tcase_add_test(cases, resumption_after_a_reset);
    tcase_add_test(cases, resumption_after_a_cut);
    tcase_add_test(cases, one_certificate_for_all);
    tcase_add_test(cases, sessions_expire);
    tcase_add_test(cases, sessions_are_bounded);
    tcase_add_test(cases, failed_sessions_are_dropped);
    tcase_add_test(cases, gone_after_its_end);
    tcase_add_test(cases, half_close_by_the_server);
    tcase_add_test(cases, half_close_by_the_client);
    tcase_add_test(cases, bytes_after_our_end);
    tcase_add_test(cases, truncation);
    tcase_add_test(cases, resets);
    tcase_add_test(cases, damaged_records);
    tcase_add_test(cases, alert_in_mid_stream);
    tcase_add_test(cases, key_updates);
    tcase_add_test(cases, key_updates_without_end);
    tcase_add_test(cases, renegotiation_is_refused);
    tcase_add_test(cases, bulk_through_a_narrow_wire);
    tcase_add_test(cases, few_calls_below);
    tcase_add_test(cases, peek);
    tcase_add_test(cases, a_peek_before_the_turn);
    tcase_add_test(cases, directions_are_independent);
    tcase_add_test(cases, close_lingers);
    tcase_add_loop_test(cases, messages_are_bounded_in_a_turn, 0, 3);
    tcase_add_loop_test(cases, messages_without_data_are_bounded, 0, 3);
    tcase_add_test(cases, messages_are_bounded_in_a_handshake);
    tcase_add_test(cases, inner_end_before_an_outer_cut);
    tcase_add_test(cases, tls_in_tls);
    return unit_run();
}
