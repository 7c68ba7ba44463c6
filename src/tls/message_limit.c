/* SPDX-License-Identifier: ISC */
#include "tls/message_limit.h"

#include <openssl/ssl.h>

/* Called by OpenSSL for each message, and for parts of records, which are not counted. */
static void on_message(int is_ours, int version, int type, const void *bytes, size_t length, SSL *stream, void *arg)
{
    struct message_limit *limit = arg;

    (void)version, (void)bytes, (void)length;
    if (is_ours || (type != SSL3_RT_HANDSHAKE && type != SSL3_RT_ALERT && type != SSL3_RT_CHANGE_CIPHER_SPEC))
        return;
    limit->since_rest++;
    limit->since_data++;
    if (message_limit_is_exceeded(limit)) /* nothing is read behind an end: that stops OpenSSL at once */
        SSL_set_shutdown(stream, SSL_get_shutdown(stream) | SSL_RECEIVED_SHUTDOWN);
}

void message_limit_watch(struct message_limit *limit, SSL *stream)
{
    SSL_set_msg_callback(stream, on_message);
    SSL_set_msg_callback_arg(stream, limit);
}

void message_limit_note_data(struct message_limit *limit)
{
    limit->since_data = 0;
}

bool message_limit_is_exceeded(const struct message_limit *limit)
{
    return limit->since_data > MESSAGE_LIMIT;
}

bool message_limit_wants_rest(const struct message_limit *limit)
{
    return limit->since_rest > MESSAGE_LIMIT;
}

void message_limit_has_rested(struct message_limit *limit)
{
    limit->since_rest = 0;
}
