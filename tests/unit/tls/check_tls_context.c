#include "tls/tls_context.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "../authority.h"
#include "../unit.h"

static struct tls_contexts *contexts;
static char error[512];

static void set_up(void)
{
    contexts = tls_contexts_new();
    ck_assert_ptr_nonnull(contexts);
}

static void tear_down(void)
{
    tls_contexts_free(contexts);
    authority_clean();
}

static X509 *own(const char *subject)
{
    return authority_issue(&(struct authority_plan){.subject = subject, .is_authority = true});
}

static const char *file_with(const char *name, X509 *certificate, EVP_PKEY *key, const char *passphrase)
{
    return authority_file(name, (X509 *[]){certificate, NULL}, key, passphrase);
}

static struct tls_context *get(const struct tls_context_setting *setting)
{
    error[0] = '\0';
    return tls_contexts_get(contexts, setting, error, sizeof error);
}

/* Expects a refusal that names the file and says this. */
static void refused(const struct tls_context_setting *setting, const char *file, const char *words)
{
    ck_assert_ptr_null(get(setting));
    ck_assert_msg(strstr(error, file) && strstr(error, words), "\"%s\" lacks %s or \"%s\"", error, file, words);
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
    struct tls_context *trust = get(&(struct tls_context_setting){.verify = true});
    const STACK_OF(SSL_CIPHER) *ciphers;
    unsigned fields, curves, elliptic = 0;

    ck_assert_msg(trust != NULL, "%s", error);
    ciphers = SSL_CTX_get_ciphers(tls_context_ssl(trust));
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);

        ck_assert_msg(!strstr(SSL_CIPHER_get_name(cipher), "DHE-") || strstr(SSL_CIPHER_get_name(cipher), "ECDHE-"),
                      "%s", SSL_CIPHER_get_name(cipher));
        elliptic += SSL_CIPHER_get_kx_nid(cipher) == NID_kx_ecdhe;
    }
    ck_assert_uint_ge(elliptic, 4);
    count_groups(tls_context_ssl(trust), &fields, &curves);
    ck_assert_uint_eq(fields, 0);
    ck_assert_uint_ge(curves, 3);
    tls_context_unref(trust);
}
END_TEST

START_TEST(rules_of_the_house)
{
    struct tls_context *trust = get(&(struct tls_context_setting){.verify = true});
    SSL_CTX *context;

    ck_assert_msg(trust != NULL, "%s", error);
    context = tls_context_ssl(trust);
    ck_assert_int_eq(SSL_CTX_get_min_proto_version(context), TLS1_2_VERSION);
    ck_assert_int_eq(SSL_CTX_get_security_level(context), 2);
    ck_assert(SSL_CTX_get_options(context) & SSL_OP_NO_RENEGOTIATION);
    ck_assert(SSL_CTX_get_options(context) & SSL_OP_NO_COMPRESSION);
    ck_assert(!(SSL_CTX_get_options(context) & SSL_OP_IGNORE_UNEXPECTED_EOF));
    ck_assert(SSL_CTX_get_mode(context) & SSL_MODE_RELEASE_BUFFERS);
    ck_assert_int_eq(SSL_CTX_get_verify_mode(context), SSL_VERIFY_PEER);
    ck_assert(X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(context)) & X509_V_FLAG_PARTIAL_CHAIN);
    ck_assert_int_eq(SSL_CTX_get_session_cache_mode(context), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    ck_assert(!SSL_CTX_get_keylog_callback(context));
    tls_context_unref(trust);
}
END_TEST

START_TEST(shared_until_forgotten)
{
    X509 *authority = own("An authority");
    const char *file = file_with("ca.pem", authority, NULL, NULL);
    const struct tls_context_setting setting = {.ca_file = file, .verify = true}, lax = {.ca_file = file};
    struct tls_context *first = get(&setting), *again = get(&setting), *other = get(&lax), *later;

    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_eq(first, again);
    ck_assert_ptr_nonnull(other);
    ck_assert_ptr_ne(first, other);
    ck_assert_int_eq(SSL_CTX_get_verify_mode(tls_context_ssl(other)), SSL_VERIFY_NONE);
    authority_text_file("ca.pem", "nothing of use\n");
    tls_context_unref(again);
    again = get(&setting);
    ck_assert_ptr_eq(first, again); /* not read again */
    tls_contexts_forget(contexts);
    refused(&setting, file, "holds no certificate of an authority");
    file_with("ca.pem", authority, NULL, NULL);
    later = get(&setting);
    ck_assert_ptr_nonnull(later);
    ck_assert_ptr_ne(first, later);
    ck_assert_int_eq(SSL_CTX_get_security_level(tls_context_ssl(first)), 2); /* streams that run keep it */
    tls_context_unref(first);
    tls_context_unref(again);
    tls_context_unref(other);
    tls_context_unref(tls_context_ref(later));
    tls_context_unref(later);
    tls_context_unref(NULL);
    X509_free(authority);
}
END_TEST

START_TEST(authorities_of_the_system)
{
    X509 *authority = own("An authority");
    struct tls_context *trust;
    X509_STORE_CTX *check = X509_STORE_CTX_new();

    setenv("SSL_CERT_FILE", file_with("system.pem", authority, NULL, NULL), 1);
    trust = get(&(struct tls_context_setting){.verify = true});
    ck_assert_msg(trust != NULL, "%s", error);
    ck_assert_int_eq(X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(tls_context_ssl(trust)), authority, NULL), 1);
    ck_assert_int_eq(X509_verify_cert(check), 1);
    X509_STORE_CTX_free(check);
    tls_context_unref(trust);
    X509_free(authority);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    X509 *certificate = own("a.example.net");
    const char *good = file_with("good.pem", certificate, authority_shared_key(), NULL);
    const char *text = authority_text_file("text.pem", "What is this?\n");

    refused(&(struct tls_context_setting){.ca_file = "/nonexistent/ca.pem"}, "/nonexistent/ca.pem", "No such file");
    refused(&(struct tls_context_setting){.ca_file = "/tmp"}, "/tmp", "not a regular file");
    refused(&(struct tls_context_setting){.ca_file = "/dev/null"}, "/dev/null", "not a regular file");
    refused(&(struct tls_context_setting){.ca_file = text}, text, "holds no certificate of an authority");
    refused(&(struct tls_context_setting){.cert_file = "/nonexistent/c"}, "/nonexistent/c", "No such file");
    refused(&(struct tls_context_setting){.cert_file = text}, text, "holds no certificate");
    refused(&(struct tls_context_setting){.cert_file = good, .key_file = "/nonexistent/k"}, "/nonexistent/k",
            "No such file");
    refused(&(struct tls_context_setting){.cert_file = good, .key_file = text}, text, "holds no private key");
    refused(&(struct tls_context_setting){.ca_file = "/nonexistent/\n\"x"}, "/nonexistent/\\n\\\"x", "No such file");
    X509_free(certificate);
}
END_TEST

START_TEST(client_certificates)
{
    EVP_PKEY *another = EVP_EC_gen("P-256"), *rsa = authority_rsa_key(2048), *small = authority_rsa_key(1024);
    X509 *certificate = own("a.example.net"), *weak;
    const char *whole = file_with("whole.pem", certificate, authority_shared_key(), NULL);
    const char *alone = file_with("alone.pem", certificate, NULL, NULL);
    const char *key = file_with("key.pem", NULL, authority_shared_key(), NULL);
    const char *mixed = file_with("mixed.pem", NULL, another, NULL);
    const char *of_rsa = file_with("rsa.pem", NULL, rsa, NULL);
    const char *encrypted = file_with("encrypted.pem", certificate, authority_shared_key(), "a passphrase");
    struct tls_context *trust;

    weak = authority_issue(&(struct authority_plan){.subject = "weak", .key = small});
    trust = get(&(struct tls_context_setting){.cert_file = whole});
    ck_assert_msg(trust != NULL, "%s", error);
    ck_assert_int_eq(X509_cmp(SSL_CTX_get0_certificate(tls_context_ssl(trust)), certificate), 0);
    tls_context_unref(trust);
    trust = get(&(struct tls_context_setting){.cert_file = alone, .key_file = key});
    ck_assert_msg(trust != NULL, "%s", error);
    ck_assert_int_eq(SSL_CTX_check_private_key(tls_context_ssl(trust)), 1);
    tls_context_unref(trust);
    refused(&(struct tls_context_setting){.cert_file = alone}, alone, "holds no private key");
    refused(&(struct tls_context_setting){.cert_file = alone, .key_file = mixed}, mixed, "another key");
    refused(&(struct tls_context_setting){.cert_file = alone, .key_file = mixed}, alone, "another key");
    refused(&(struct tls_context_setting){.cert_file = alone, .key_file = of_rsa}, of_rsa, "another key");
    refused(&(struct tls_context_setting){.cert_file = encrypted}, encrypted, "encrypted key");
    refused(&(struct tls_context_setting){.cert_file = file_with("weak.pem", weak, small, NULL)}, "weak.pem",
            "key too small");
    X509_free(certificate);
    X509_free(weak);
    EVP_PKEY_free(another);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(small);
}
END_TEST

START_TEST(certificates_are_shared)
{
    struct tls_context *trust = get(&(struct tls_context_setting){.verify = true});
    X509 *first = own("first"), *equal = X509_dup(first), *other;

    ck_assert_ptr_eq(tls_context_share(trust, first), first);
    ck_assert_ptr_eq(tls_context_share(trust, equal), first);
    for (int i = 0; i < TLS_CONTEXT_CERTIFICATES_MAX; i++) {
        ck_assert_ptr_eq(tls_context_share(trust, first), first); /* not yet forgotten */
        other = own("other");
        ck_assert_ptr_eq(tls_context_share(trust, other), other);
        X509_free(other);
    }
    ck_assert_ptr_eq(tls_context_share(trust, equal), equal);
    tls_context_unref(trust);
    X509_free(first);
    X509_free(equal);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("trust");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, key_exchange_is_over_curves);
    tcase_add_test(cases, rules_of_the_house);
    tcase_add_test(cases, shared_until_forgotten);
    tcase_add_test(cases, authorities_of_the_system);
    tcase_add_test(cases, files_that_cannot_be_read);
    tcase_add_test(cases, client_certificates);
    tcase_add_test(cases, certificates_are_shared);
    return unit_run();
}
