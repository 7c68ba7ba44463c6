/* SPDX-License-Identifier: ISC */
#include "tls/hello.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

bool hello_expect_host(SSL *stream, const char *host)
{
    char name[256], address[sizeof(struct in6_addr)];
    size_t length = strlen(host);

    SSL_set_hostflags(stream, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream), host) == 1;
    if (length > 0 && host[length - 1] == '.')
        length--;
    if (length == 0 || length >= sizeof name)
        return false;
    memcpy(name, host, length);
    name[length] = '\0';
    return SSL_set1_host(stream, name) == 1 && SSL_set_tlsext_host_name(stream, name) == 1;
}

bool hello_offer_protocols(SSL *stream, const char *list)
{
    unsigned char wire[256]; /* where the list has a comma, it has the length of the id that follows */
    size_t length = list ? strlen(list) : 0, id;

    if (length == 0 || length >= sizeof wire)
        return length == 0;
    for (size_t at = 0; at <= length; at += id + 1) {
        id = strcspn(list + at, ",");
        wire[at] = (unsigned char)id;
        memcpy(wire + at + 1, list + at, id);
    }
    return SSL_set_alpn_protos(stream, wire, (unsigned)length + 1) == 0;
}
