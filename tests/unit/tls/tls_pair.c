/* SPDX-License-Identifier: ISC */
#include "tls_pair.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../authority.h"
#include "../unit.h"
#include "tls/tls_server.h"
#include "tls/tls_transport.h"

static void trust(struct tls_pair *pair, const char *root_file)
{
    struct tls_contexts *contexts = tls_contexts_new();
    char error[512];

    tls_context_unref(pair->trust);
    pair->trust = tls_contexts_get(contexts, &(struct tls_context_setting){.ca_file = root_file, .verify = true}, error,
                                   sizeof error);
    ck_assert_msg(pair->trust != NULL, "%s", error);
    tls_contexts_free(contexts);
}

void tls_pair_set_up(struct tls_pair *pair)
{
    X509 *certificate;

    memset(pair, 0, sizeof *pair);
    stage_set_up();
    pair->root = authority_issue(&(struct authority_plan){.subject = "Test Root", .is_authority = true});
    certificate = authority_issue(&(struct authority_plan){.subject = "relay", .names = "DNS:" TLS_PAIR_HOST,
                                                           .issuer = pair->root});
    pair->root_file = authority_file("root.pem", (X509 *[]){pair->root, NULL}, NULL, NULL);
    pair->cert_file = authority_file("relay.pem", (X509 *[]){certificate, NULL}, authority_shared_key(), NULL);
    X509_free(certificate);
    trust(pair, pair->root_file);
    tls_pair_reload(pair);
}

void tls_pair_reload(struct tls_pair *pair)
{
    char error[512];

    tls_server_context_unref(pair->shown);
    pair->shown = tls_server_context_load(pair->cert_file, NULL, error, sizeof error);
    ck_assert_msg(pair->shown != NULL, "%s", error);
}

void tls_pair_distrust(struct tls_pair *pair)
{
    X509 *other = authority_issue(&(struct authority_plan){.subject = "Another Root", .is_authority = true});

    trust(pair, authority_file("other.pem", (X509 *[]){other, NULL}, NULL, NULL));
    X509_free(other);
}

void tls_end_shake(struct tls_end *end)
{
    if (end->came_to == TLS_HANDSHAKE_WAIT)
        end->came_to = end->shake(end->tls, &end->failure);
}

static void on_ready(void *arg, int ready)
{
    struct tls_end *end = arg;

    (void)ready;
    if (end->came_to == TLS_HANDSHAKE_WAIT)
        tls_end_shake(end);
    else
        end->told++;
}

static void take_place(struct tls_end *end, struct transport *tls,
                       enum tls_handshake (*shake)(struct transport *tls, struct failure *failure))
{
    ck_assert_ptr_nonnull(tls);
    end->tls = tls;
    end->shake = shake;
    transport_watch(tls, on_ready, end);
}

void tls_pair_connect(struct tls_pair *pair, bool with_client)
{
    pair->client = pair->server = (struct tls_end){.came_to = TLS_HANDSHAKE_WAIT};
    pair->server.wire = stage_new_wire();
    take_place(&pair->server, tls_server_new(stage_loop(), &pair->server.wire->near, pair->shown),
               tls_server_handshake);
    if (!with_client)
        return;
    pair->client.wire = stage_new_wire();
    take_place(&pair->client, tls_transport_new(&(struct tls_transport_params){
        .loop = stage_loop(),
        .below = &pair->client.wire->near,
        .context = pair->trust,
        .host = TLS_PAIR_HOST,
        .alpn = pair->alpn,
        .remember = pair->remember,
        .ca_option = "ca-file",
    }), tls_transport_handshake);
}

/* What one wire has heard the other says.  False: that is nothing. */
static bool carry(struct tls_pair *pair, struct wire *from, struct wire *to)
{
    size_t length = from->heard_length;
    char *bytes;

    if (length == 0)
        return false;
    bytes = malloc(length);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, from->heard, length);
    wire_clear(from);
    for (size_t at = 0, piece; at < length; at += piece) {
        piece = pair->grain > 0 && pair->grain < length - at ? pair->grain : length - at;
        wire_say_bytes(to, bytes + at, piece);
    }
    free(bytes);
    return true;
}

void tls_pair_carry(struct tls_pair *pair)
{
    bool there, back;

    do {
        there = carry(pair, pair->client.wire, pair->server.wire);
        back = carry(pair, pair->server.wire, pair->client.wire);
    } while (there || back);
}

void tls_pair_open(struct tls_pair *pair)
{
    tls_pair_connect(pair, true);
    tls_end_shake(&pair->server);
    tls_end_shake(&pair->client);
    tls_pair_carry(pair);
    ck_assert_msg(pair->client.came_to == TLS_HANDSHAKE_DONE, "client: %s", pair->client.failure.what);
    ck_assert_msg(pair->server.came_to == TLS_HANDSHAKE_DONE, "server: %s", pair->server.failure.what);
}

ssize_t tls_end_expect(struct tls_end *end, const char *text)
{
    size_t length = strlen(text), at = 0;
    char *got = malloc(length + 1);
    ssize_t result;

    ck_assert_ptr_nonnull(got);
    while ((result = transport_recv(end->tls, got + at, length + 1 - at)) > 0) {
        at += (size_t)result;
        ck_assert_uint_le(at, length);
    }
    ck_assert_msg(at == length && memcmp(got, text, length) == 0, "%.*s", (int)at, got);
    free(got);
    return result;
}

void tls_end_send(struct tls_end *end, const char *text)
{
    ck_assert_int_eq(transport_send(end->tls, text, strlen(text)), (ssize_t)strlen(text));
}

void tls_pair_close(struct tls_pair *pair)
{
    transport_close(pair->client.tls);
    transport_close(pair->server.tls);
    pair->client.tls = pair->server.tls = NULL;
    stage_settle();
}

void tls_pair_tear_down(struct tls_pair *pair)
{
    tls_pair_close(pair);
    tls_context_unref(pair->trust);
    tls_server_context_unref(pair->shown);
    X509_free(pair->root);
    stage_tear_down();
    authority_clean();
}
