/* SPDX-License-Identifier: ISC */
#include "tls/tls_rules.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

#define RECORD_BYTES_MAX (5 + 16384 + 256)      /* on the wire: RFC 8446 section 5.2 */
#define CIPHERS_BYTES 8192                      /* names of all ciphers: OpenSSL knows some 150, of 40 bytes at most */
#define READ_BUFFER_BYTES (4 * RECORD_BYTES_MAX) /* several records in one call in bulk; freed when idle */

/* The named groups, without those over finite fields.  Which they were cannot be asked, so they are what OpenSSL has
 * by itself (3.5 takes differences, its predecessors have these five), or what the system's configuration says. */
static void choose_groups(SSL_CTX *ssl)
{
    /* not const: a macro of OpenSSL's casts that away, although nothing is written there */
    static char differences[] = "DEFAULT:-ffdhe2048:-ffdhe3072:-ffdhe4096:-ffdhe6144:-ffdhe8192",
                all_five[] = "X25519:P-256:X448:P-521:P-384";
    char *const lists[] = {differences, all_five};

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (SSL_CTX_set1_groups_list(ssl, lists[i]) == 1)
            break;
    SSL_CTX_config(ssl, "system_default"); /* as SSL_CTX_new did, since we have written over it */
    ERR_clear_error();
}

/* The ciphers that the system allows, without Diffie-Hellman over finite fields: there a group may be weak, or
 * so large that it keeps us for a tenth of a second.  Who prefers it can do it over curves as well. */
static bool choose_ciphers(SSL_CTX *ssl)
{
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ssl);
    char list[CIPHERS_BYTES] = "";
    size_t length = 0;

    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        int exchange = SSL_CIPHER_get_kx_nid(cipher);

        if (exchange == NID_kx_dhe || exchange == NID_kx_dhe_psk || exchange == NID_kx_any) /* any: of TLS 1.3 */
            continue;
        length += (size_t)snprintf(list + length, sizeof list - length, "%s:", SSL_CIPHER_get_name(cipher));
        if (length >= sizeof list)
            return false;
    }
    return SSL_CTX_set_cipher_list(ssl, list) == 1;
}

bool tls_rules_apply(SSL_CTX *ssl)
{
    choose_groups(ssl);
    SSL_CTX_set_security_level(ssl, 2);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_default_read_buffer_len(ssl, READ_BUFFER_BYTES);
    return choose_ciphers(ssl) && SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1;
}
