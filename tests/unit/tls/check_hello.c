#include "tls/hello.h"

#include <openssl/ssl.h>
#include <string.h>

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
    ck_assert(!hello_offer_protocol(stream, text));
    text[255] = '\0';
    ck_assert(hello_offer_protocol(stream, text));
    ck_assert(hello_offer_protocol(stream, "imap"));
    ck_assert(hello_offer_protocol(stream, ""));
    ck_assert(hello_offer_protocol(stream, NULL));
    SSL_free(stream);
    SSL_CTX_free(context);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("hello");

    tcase_add_loop_test(cases, names_are_sent_and_addresses_are_not, 0, sizeof hosts / sizeof hosts[0]);
    tcase_add_test(cases, what_is_too_long_is_not_cut);
    return unit_run();
}
