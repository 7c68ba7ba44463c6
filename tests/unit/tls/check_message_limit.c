/* SPDX-License-Identifier: ISC */
#include "tls/message_limit.h"

#include <openssl/ssl.h>

#include "../unit.h"

/* A stream at which nothing arrives: the test tells of messages as OpenSSL would (-Wl,--wrap=SSL_set_msg_callback). */
typedef void message_fn(int is_ours, int version, int type, const void *bytes, size_t length, SSL *stream, void *arg);

void __wrap_SSL_set_msg_callback(SSL *stream, message_fn *call);

static message_fn *told;

void __wrap_SSL_set_msg_callback(SSL *stream, message_fn *call)
{
    (void)stream;
    told = call;
}

START_TEST(what_counts_and_what_does_not)
{
    static const int idle[] = {SSL3_RT_HANDSHAKE, SSL3_RT_ALERT, SSL3_RT_CHANGE_CIPHER_SPEC};
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *stream = SSL_new(context);
    struct message_limit limit = {0};

    message_limit_watch(&limit, stream);
    ck_assert_ptr_nonnull(told);
    for (int i = 0; i < 1000; i++) {
        told(1, 0, SSL3_RT_HANDSHAKE, "", 0, stream, &limit); /* our own */
        told(0, 0, SSL3_RT_HEADER, "", 0, stream, &limit);
        told(0, 0, SSL3_RT_INNER_CONTENT_TYPE, "", 0, stream, &limit);
    }
    ck_assert(!message_limit_wants_rest(&limit));
    for (int i = 0; i < MESSAGE_LIMIT; i++)
        told(0, 0, idle[i % 3], "", 0, stream, &limit);
    ck_assert(!message_limit_wants_rest(&limit) && !message_limit_is_exceeded(&limit));
    message_limit_note_data(&limit);
    told(0, 0, idle[0], "", 0, stream, &limit);
    ck_assert(message_limit_wants_rest(&limit) && !message_limit_is_exceeded(&limit));
    message_limit_has_rested(&limit);
    ck_assert(!message_limit_wants_rest(&limit));
    for (int i = 1; i < MESSAGE_LIMIT; i++)
        told(0, 0, idle[i % 3], "", 0, stream, &limit);
    ck_assert(!message_limit_is_exceeded(&limit));
    ck_assert_int_eq(SSL_get_shutdown(stream), 0);
    told(0, 0, idle[1], "", 0, stream, &limit);
    ck_assert(message_limit_is_exceeded(&limit));
    ck_assert_int_eq(SSL_get_shutdown(stream), SSL_RECEIVED_SHUTDOWN);
    SSL_free(stream);
    SSL_CTX_free(context);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("messages");

    tcase_add_test(cases, what_counts_and_what_does_not);
    return unit_run();
}
