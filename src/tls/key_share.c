/* SPDX-License-Identifier: ISC */
#include "tls/key_share.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* --- what a server asks for --- */

/* What a stream has heard, in its ex_data. */
enum { NOTHING, ANSWER, QUESTION };

/* Index of that ex_data, which OpenSSL assigns once for the process.  -1: it cannot. */
static int heard_place(void)
{
    static int place = -1;

    if (place < 0)
        place = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return place;
}

static uintptr_t heard(const SSL *stream)
{
    return (uintptr_t)SSL_get_ex_data(stream, heard_place());
}

/* Called by OpenSSL as a handshake goes on from one state to the next: a hello of ours behind one of the server's is
 * what that one has asked for. */
static void on_state(const SSL *stream, int where, int result)
{
    SSL *own = (SSL *)(uintptr_t)stream; /* it is only lent, but for this note */

    (void)result;
    if (!(where & SSL_CB_LOOP))
        return;
    if (SSL_get_state(stream) == TLS_ST_CR_SRVR_HELLO && heard(stream) == NOTHING)
        SSL_set_ex_data(own, heard_place(), (void *)ANSWER);
    else if (SSL_get_state(stream) == TLS_ST_CW_CLNT_HELLO && heard(stream) == ANSWER)
        SSL_set_ex_data(own, heard_place(), (void *)QUESTION);
}

bool key_share_watch(SSL *stream)
{
    if (heard_place() < 0 || SSL_set_ex_data(stream, heard_place(), (void *)NOTHING) != 1)
        return false;
    SSL_set_info_callback(stream, on_state);
    return true;
}

const char *key_share_asked_for(SSL *stream)
{
    return heard(stream) == QUESTION ? SSL_group_to_name(stream, (int)SSL_get_negotiated_group(stream)) : NULL;
}

/* --- what we offer --- */

/* Adds a name to a list.  False: it is too long. */
static bool add(char list[KEY_SHARE_LIST_MAX], const char *group, size_t length)
{
    size_t end = strlen(list);
    int added = snprintf(list + end, KEY_SHARE_LIST_MAX - end, "%s%.*s", end > 0 ? ":" : "", (int)length, group);

    return added >= 0 && (size_t)added < KEY_SHARE_LIST_MAX - end;
}

/* Called by OpenSSL as the server of a hello, which it is not to answer. */
static int on_hello(SSL *server, int *alert, void *arg)
{
    char *list = arg;
    const unsigned char *groups;
    size_t length;

    *alert = SSL_AD_INTERNAL_ERROR;
    if (SSL_client_hello_get0_ext(server, TLSEXT_TYPE_supported_groups, &groups, &length) != 1)
        return SSL_CLIENT_HELLO_ERROR;
    for (size_t at = 2; at + 1 < length; at += 2) { /* behind their length in bytes */
        const char *name = SSL_group_to_name(server, TLSEXT_nid_unknown | groups[at] << 8 | groups[at + 1]);

        if (!name || !add(list, name, strlen(name))) { /* no list is better than one that lacks some */
            list[0] = '\0';
            break;
        }
    }
    return SSL_CLIENT_HELLO_ERROR;
}

bool key_share_list(SSL_CTX *context, char list[KEY_SHARE_LIST_MAX])
{
    SSL_CTX *listener = SSL_CTX_new(TLS_server_method());
    SSL *client = SSL_new(context), *server = listener ? SSL_new(listener) : NULL;
    BIO *there = BIO_new(BIO_s_mem()), *back = BIO_new(BIO_s_mem());

    list[0] = '\0';
    if (client && server && there && back) {
        SSL_CTX_set_client_hello_cb(listener, on_hello, list);
        SSL_set0_rbio(client, back);
        SSL_set0_wbio(client, there);
        BIO_up_ref(there);
        BIO_up_ref(back);
        SSL_set0_rbio(server, there);
        SSL_set0_wbio(server, back);
        SSL_connect(client);
        SSL_accept(server);
    } else {
        BIO_free(there);
        BIO_free(back);
    }
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(listener);
    ERR_clear_error();
    return list[0];
}

void key_share_begin_with(SSL *stream, const char *group, const char *list)
{
    char order[KEY_SHARE_LIST_MAX] = "";
    bool fits = add(order, group, strlen(group)), offered = false;

    for (size_t at = 0, length; list[at]; at += length + (list[at + length] == ':')) {
        length = strcspn(list + at, ":");
        if (strlen(group) == length && strncmp(list + at, group, length) == 0)
            offered = true;
        else
            fits = fits && add(order, list + at, length);
    }
    if (fits && offered)
        SSL_set1_groups_list(stream, order);
    ERR_clear_error();
}
