/* SPDX-License-Identifier: ISC */
#include "tls/tls_rules.h"

#include <openssl/ssl.h>
#include <string.h>

#include "../unit.h"

static SSL_CTX *with_rules(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    ck_assert_ptr_nonnull(context);
    ck_assert(tls_rules_apply(context));
    return context;
}

/* Reads a number of so many bytes at *at, and goes on behind it. */
static unsigned number(const unsigned char **at, size_t bytes)
{
    unsigned value = 0;

    while (bytes-- > 0)
        value = value << 8 | *(*at)++;
    return value;
}

/* How many of the groups that a stream's hello offers are fields (0x01xx), and how many curves (RFC 8446, 4.2.7). */
static void count_groups(SSL_CTX *context, unsigned *fields, unsigned *curves)
{
    SSL *stream = SSL_new(context);
    BIO *out = BIO_new(BIO_s_mem());
    unsigned char hello[4096];
    const unsigned char *at = hello + 5 + 4 + 2 + 32, *end; /* record, message, version, random */
    int length;

    *fields = *curves = 0;
    SSL_set_bio(stream, BIO_new(BIO_s_mem()), out);
    ck_assert_int_lt(SSL_connect(stream), 1);
    length = BIO_read(out, hello, sizeof hello);
    ck_assert_int_gt(length, 100);
    at += number(&at, 1); /* session id */
    at += number(&at, 2); /* ciphers */
    at += number(&at, 1); /* compressions */
    end = at + 2 + (at[0] << 8 | at[1]);
    ck_assert(end == hello + length);
    at += 2;
    while (at < end) {
        unsigned type = number(&at, 2), size = number(&at, 2);
        const unsigned char *next = at + size;

        for (at += 2; type == TLSEXT_TYPE_supported_groups && at < next;)
            ++*(number(&at, 2) >> 8 == 1 ? fields : curves);
        at = next;
    }
    SSL_free(stream);
}

START_TEST(key_exchange_is_over_curves)
{
    SSL_CTX *context = with_rules(TLS_client_method());
    const STACK_OF(SSL_CIPHER) *ciphers;
    unsigned fields, curves, elliptic = 0;

    ciphers = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);

        ck_assert_msg(!strstr(SSL_CIPHER_get_name(cipher), "DHE-") || strstr(SSL_CIPHER_get_name(cipher), "ECDHE-"),
                      "%s", SSL_CIPHER_get_name(cipher));
        elliptic += SSL_CIPHER_get_kx_nid(cipher) == NID_kx_ecdhe;
    }
    ck_assert_uint_ge(elliptic, 4);
    count_groups(context, &fields, &curves);
    ck_assert_uint_eq(fields, 0);
    ck_assert_uint_ge(curves, 3);
    SSL_CTX_free(context);
}
END_TEST

/* On either side. */
START_TEST(rules_of_the_house)
{
    const SSL_METHOD *const methods[] = {TLS_client_method(), TLS_server_method()};

    for (size_t i = 0; i < 2; i++) {
        SSL_CTX *context = with_rules(methods[i]);

        ck_assert_int_eq(SSL_CTX_get_min_proto_version(context), TLS1_2_VERSION);
        ck_assert_int_eq(SSL_CTX_get_security_level(context), 2);
        ck_assert(SSL_CTX_get_options(context) & SSL_OP_NO_RENEGOTIATION);
        ck_assert(SSL_CTX_get_options(context) & SSL_OP_NO_COMPRESSION);
        ck_assert(!(SSL_CTX_get_options(context) & SSL_OP_IGNORE_UNEXPECTED_EOF));
        ck_assert(SSL_CTX_get_mode(context) & SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_free(context);
    }
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls_rules");

    tcase_add_test(cases, key_exchange_is_over_curves);
    tcase_add_test(cases, rules_of_the_house);
    return unit_run();
}
