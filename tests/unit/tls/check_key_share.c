/* SPDX-License-Identifier: ISC */
#include "tls/key_share.h"

#include <openssl/ssl.h>
#include <string.h>

#include "../authority.h"
#include "../unit.h"

static SSL_CTX *context, *server_context;
static SSL *client, *server;

static void set_up(void)
{
    X509 *certificate = authority_issue(&(struct authority_plan){.subject = "s"});

    context = SSL_CTX_new(TLS_client_method());
    server_context = SSL_CTX_new(TLS_server_method());
    ck_assert_int_eq(SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384"), 1);
    ck_assert_int_eq(SSL_CTX_use_certificate(server_context, certificate), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(server_context, authority_shared_key()), 1);
    X509_free(certificate);
    client = SSL_new(context);
}

static void tear_down(void)
{
    SSL_free(client);
    SSL_free(server);
    server = NULL;
    SSL_CTX_free(context);
    SSL_CTX_free(server_context);
    authority_clean();
}

/* The whole handshake, with a server that takes these groups. */
static void shake_hands(const char *groups)
{
    BIO *there = BIO_new(BIO_s_mem()), *back = BIO_new(BIO_s_mem());

    ck_assert_int_eq(SSL_CTX_set1_groups_list(server_context, groups), 1);
    server = SSL_new(server_context);
    BIO_up_ref(there);
    BIO_up_ref(back);
    SSL_set_bio(client, back, there);
    SSL_set_bio(server, there, back);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; i < 4; i++) {
        SSL_do_handshake(client);
        SSL_do_handshake(server);
    }
    ck_assert(SSL_is_init_finished(client) && SSL_is_init_finished(server));
}

static const struct {
    const char *taken; /* by the server */
    int version;
    const char *asked; /* for which group; NULL: for none */
} servers[] = {
    {"X25519", TLS1_3_VERSION, NULL},
    {"P-256:X25519", TLS1_3_VERSION, NULL}, /* it takes what comes with a share */
    {"P-384", TLS1_3_VERSION, "secp384r1"},
    {"P-384", TLS1_2_VERSION, NULL},        /* there are no shares */
};

START_TEST(it_is_noticed_that_a_server_asks)
{
    ck_assert(key_share_watch(client));
    ck_assert_ptr_null(key_share_asked_for(client));
    SSL_set_max_proto_version(client, servers[_i].version);
    shake_hands(servers[_i].taken);
    ck_assert_pstr_eq(key_share_asked_for(client), servers[_i].asked);
}
END_TEST

START_TEST(a_group_that_is_known_is_not_asked_for)
{
    char list[KEY_SHARE_LIST_MAX];

    ck_assert(key_share_list(context, list));
    ck_assert(key_share_watch(client));
    key_share_begin_with(client, "secp384r1", list);
    shake_hands("P-384");
    ck_assert_ptr_null(key_share_asked_for(client));
}
END_TEST

START_TEST(all_are_offered)
{
    char list[KEY_SHARE_LIST_MAX];

    ck_assert(key_share_list(context, list));
    ck_assert_str_eq(list, "x25519:secp256r1:secp384r1");
    key_share_begin_with(client, "secp384r1", list);
    shake_hands("P-256");
    ck_assert_str_eq(SSL_group_to_name(client, (int)SSL_get_negotiated_group(client)), "secp256r1");
}
END_TEST

/* Somebody may have set another list since. */
START_TEST(a_group_that_is_not_offered_stays_out)
{
    ck_assert(key_share_watch(client));
    key_share_begin_with(client, _i == 0 ? "secp521r1" : "", "x25519:secp256r1:secp384r1");
    shake_hands("P-521:X25519");
    ck_assert_ptr_null(key_share_asked_for(client));
    ck_assert_str_eq(SSL_group_to_name(client, (int)SSL_get_negotiated_group(client)), "x25519");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("key_share");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, it_is_noticed_that_a_server_asks, 0, sizeof servers / sizeof servers[0]);
    tcase_add_test(cases, a_group_that_is_known_is_not_asked_for);
    tcase_add_test(cases, all_are_offered);
    tcase_add_loop_test(cases, a_group_that_is_not_offered_stays_out, 0, 2);
    return unit_run();
}
