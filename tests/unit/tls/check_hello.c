/* SPDX-License-Identifier: ISC */
#include "tls/hello.h"

#include <openssl/ssl.h>
#include <string.h>

#include "../authority.h"
#include "../unit.h"

static SSL *start(SSL_CTX **context)
{
    SSL *stream;

    *context = SSL_CTX_new(TLS_client_method());
    stream = SSL_new(*context);
    ck_assert_ptr_nonnull(stream);
    return stream;
}

static const struct {
    const char *host, *name; /* the server name that is sent, or NULL */
    bool good;
} hosts[] = {
    {"mail.example.net", "mail.example.net", true},
    {"mail.example.net.", "mail.example.net", true},
    {"192.0.2.1", NULL, true},
    {"2001:db8::1", NULL, true},
    {"", NULL, false},
    {".", NULL, false},
};

START_TEST(names_are_sent_and_addresses_are_not)
{
    SSL_CTX *context;
    SSL *stream = start(&context);
    const char *sent;

    ck_assert_int_eq(hello_expect_host(stream, hosts[_i].host), hosts[_i].good);
    sent = SSL_get_servername(stream, TLSEXT_NAMETYPE_host_name);
    ck_assert(hosts[_i].name ? sent && strcmp(sent, hosts[_i].name) == 0 : !sent);
    SSL_free(stream);
    SSL_CTX_free(context);
}
END_TEST

START_TEST(what_is_too_long_is_not_cut)
{
    char text[300];
    SSL_CTX *context;
    SSL *stream = start(&context);

    memset(text, 'a', sizeof text);
    text[256] = '\0';
    ck_assert(!hello_expect_host(stream, text));
    ck_assert(!hello_offer_protocols(stream, text));
    text[255] = '\0';
    ck_assert(hello_offer_protocols(stream, text));
    SSL_free(stream);
    SSL_CTX_free(context);
}
END_TEST

static const struct {
    const char *list, *wire; /* wire: what is sent, or NULL */
    bool good;
} offers[] = {
    {"imap", "\x04imap", true},
    {"h2,http/1.1", "\x02h2\x08http/1.1", true},
    {"h2", "\x02h2", true},
    {"", NULL, true},
    {NULL, NULL, true},
    {",h2", NULL, false},
    {"h2,", NULL, false},
    {"h2,,imap", NULL, false},
};

static int note_offer(SSL *stream, const unsigned char **chosen, unsigned char *length, const unsigned char *offered,
                      unsigned offered_length, void *arg)
{
    (void)stream, (void)chosen, (void)length;
    ck_assert_uint_lt(offered_length, 64);
    memcpy(arg, offered, offered_length);
    return SSL_TLSEXT_ERR_NOACK;
}

/* As a server gets it from our hello. */
START_TEST(protocols_are_offered_in_their_order)
{
    SSL_CTX *context, *server_context = SSL_CTX_new(TLS_server_method());
    SSL *stream = start(&context), *server;
    X509 *certificate = authority_issue(&(struct authority_plan){.subject = "server"});
    char seen[64] = "";
    BIO *near, *far;

    SSL_CTX_use_certificate(server_context, certificate);
    SSL_CTX_use_PrivateKey(server_context, authority_shared_key());
    SSL_CTX_set_alpn_select_cb(server_context, note_offer, seen);
    server = SSL_new(server_context);
    ck_assert_int_eq(BIO_new_bio_pair(&near, 0, &far, 0), 1);
    SSL_set_bio(stream, near, near);
    SSL_set_bio(server, far, far);
    ck_assert_int_eq(hello_offer_protocols(stream, offers[_i].list), offers[_i].good);
    SSL_connect(stream);
    SSL_accept(server);
    ck_assert_str_eq(seen, offers[_i].wire ? offers[_i].wire : "");
    SSL_free(stream);
    SSL_free(server);
    SSL_CTX_free(context);
    SSL_CTX_free(server_context);
    X509_free(certificate);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("hello");

    tcase_add_loop_test(cases, names_are_sent_and_addresses_are_not, 0, sizeof hosts / sizeof hosts[0]);
    tcase_add_test(cases, what_is_too_long_is_not_cut);
    tcase_add_loop_test(cases, protocols_are_offered_in_their_order, 0, sizeof offers / sizeof offers[0]);
    return unit_run();
}
