/* SPDX-License-Identifier: ISC */
#include "credentials.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "wire.h"

#define LIFETIME_S 86400

static EVP_PKEY *key;
static X509 *certificate;

static void must(bool done, const char *what)
{
    if (!done)
        wire_die(false, "OpenSSL: cannot make %s", what);
}

static void extend(int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(certificate, extension, -1), "an extension");
    X509_EXTENSION_free(extension);
}

void credentials_make(const char *host, const char *path)
{
    char names[128];
    FILE *file;
    X509_NAME *name;

    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    must(key && certificate && X509_set_version(certificate, X509_VERSION_3), "a key");
    name = X509_get_subject_name(certificate);
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0) &&
         X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), (long)(wire_now() / 1000 % 1000000007)) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), LIFETIME_S), "a certificate");
    snprintf(names, sizeof names, "DNS:localhost,IP:127.0.0.1,IP:%s", host);
    extend(NID_subject_alt_name, names);
    extend(NID_basic_constraints, "critical,CA:TRUE");
    must(X509_sign(certificate, key, EVP_sha256()) > 0, "a signature");
    file = fopen(path, "w");
    if (!file || !PEM_write_X509(file, certificate) || fclose(file) != 0)
        wire_die(true, "cannot write %s", path);
}

/* Nothing but HTTP/2 will do. */
static int choose(SSL *ssl, const unsigned char **chosen, unsigned char *length, const unsigned char *offered,
                  unsigned offered_length, void *arg)
{
    (void)ssl, (void)arg;
    for (unsigned at = 0; at + 2 < offered_length; at += 1u + offered[at])
        if (offered[at] == 2 && memcmp(offered + at + 1, "h2", 2) == 0) {
            *chosen = offered + at + 1;
            *length = 2;
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX *credentials_context(bool resumes, bool frames)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    must(context && SSL_CTX_use_certificate(context, certificate) && SSL_CTX_use_PrivateKey(context, key),
         "TLS settings");
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    must(SSL_CTX_set_session_id_context(context, (const unsigned char *)"bench", 5), "TLS settings");
    if (frames)
        SSL_CTX_set_alpn_select_cb(context, choose, NULL);
    if (!resumes) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
    }
    return context;
}

void credentials_release(void)
{
    X509_free(certificate);
    EVP_PKEY_free(key);
}
