/* SPDX-License-Identifier: ISC */
#include "tls/tls_server_context.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>

#include "../authority.h"
#include "../unit.h"

static char error[512];
static X509 *root, *middle, *leaf;

static void set_up(void)
{
    root = authority_issue(&(struct authority_plan){.subject = "Root", .is_authority = true});
    middle = authority_issue(&(struct authority_plan){.subject = "Middle", .is_authority = true, .issuer = root});
    leaf = authority_issue(&(struct authority_plan){.subject = "relay", .names = "DNS:relay.example.net",
                                                    .issuer = middle});
}

static void tear_down(void)
{
    X509_free(root);
    X509_free(middle);
    X509_free(leaf);
    authority_clean();
}

static struct tls_server_context *load(const char *cert_file, const char *key_file)
{
    error[0] = '\0';
    return tls_server_context_load(cert_file, key_file, error, sizeof error);
}

/* Expects a refusal that names the file and says this. */
static void refused(const char *cert_file, const char *key_file, const char *file, const char *words)
{
    ck_assert_ptr_null(load(cert_file, key_file));
    ck_assert_msg(strstr(error, file) && strstr(error, words), "\"%s\" lacks %s or \"%s\"", error, file, words);
}

START_TEST(the_chain_is_shown)
{
    const char *whole = authority_file("whole.pem", (X509 *[]){leaf, middle, NULL}, authority_shared_key(), NULL);
    const char *chain = authority_file("chain.pem", (X509 *[]){leaf, middle, NULL}, NULL, NULL);
    const char *key = authority_file("key.pem", NULL, authority_shared_key(), NULL);

    for (int i = 0; i < 2; i++) {
        struct tls_server_context *shown = i == 0 ? load(whole, NULL) : load(chain, key);
        STACK_OF(X509) *issuers = NULL;

        ck_assert_msg(shown != NULL, "%s", error);
        ck_assert_int_eq(X509_cmp(SSL_CTX_get0_certificate(tls_server_context_ssl(shown)), leaf), 0);
        SSL_CTX_get0_chain_certs(tls_server_context_ssl(shown), &issuers);
        ck_assert_int_eq(sk_X509_num(issuers), 1);
        ck_assert_int_eq(X509_cmp(sk_X509_value(issuers, 0), middle), 0);
        tls_server_context_unref(shown);
    }
}
END_TEST

START_TEST(rules_of_the_house)
{
    struct tls_server_context *shown = load(authority_file("whole.pem", (X509 *[]){leaf, NULL}, authority_shared_key(),
                                                           NULL), NULL);
    SSL_CTX *context;

    ck_assert_msg(shown != NULL, "%s", error);
    context = tls_server_context_ssl(shown);
    ck_assert_int_eq(SSL_CTX_get_min_proto_version(context), TLS1_2_VERSION);
    ck_assert_int_eq(SSL_CTX_get_security_level(context), 2);
    ck_assert(SSL_CTX_get_options(context) & SSL_OP_NO_RENEGOTIATION);
    ck_assert(SSL_CTX_get_options(context) & SSL_OP_NO_COMPRESSION);
    ck_assert(!(SSL_CTX_get_options(context) & SSL_OP_NO_TICKET));
    ck_assert_int_eq(SSL_CTX_get_verify_mode(context), SSL_VERIFY_NONE);
    ck_assert_int_eq(SSL_CTX_get_session_cache_mode(context), SSL_SESS_CACHE_OFF);
    ck_assert_uint_eq(SSL_CTX_get_max_early_data(context), 0);
    ck_assert(!SSL_CTX_get_keylog_callback(context));
    tls_server_context_unref(shown);
}
END_TEST

START_TEST(files_at_fault)
{
    EVP_PKEY *another = EVP_EC_gen("P-256");
    const char *alone = authority_file("alone.pem", (X509 *[]){leaf, NULL}, NULL, NULL);
    const char *mixed = authority_file("mixed.pem", NULL, another, NULL);
    const char *encrypted = authority_file("encrypted.pem", (X509 *[]){leaf, NULL}, authority_shared_key(), "secret");

    refused("/nonexistent/c", NULL, "/nonexistent/c", "No such file");
    refused(alone, "/nonexistent/k", "/nonexistent/k", "No such file");
    refused(alone, NULL, alone, "holds no private key");
    refused(alone, mixed, mixed, "another key");
    refused(encrypted, NULL, encrypted, "encrypted key");
    EVP_PKEY_free(another);
}
END_TEST

/* The file with the key only: a certificate is for everybody. */
START_TEST(others_must_not_read_the_key)
{
    const char *whole = authority_file("whole.pem", (X509 *[]){leaf, NULL}, authority_shared_key(), NULL);
    const char *alone = authority_file("alone.pem", (X509 *[]){leaf, NULL}, NULL, NULL);
    const char *key = authority_file("key.pem", NULL, authority_shared_key(), NULL);
    struct tls_server_context *shown;

    ck_assert_int_eq(chmod(whole, 0644), 0);
    refused(whole, NULL, whole, "others can read it");
    ck_assert_int_eq(chmod(key, 0604), 0);
    refused(alone, key, key, "others can read it");
    ck_assert_int_eq(chmod(key, 0640), 0);
    ck_assert_int_eq(chmod(alone, 0644), 0);
    shown = load(alone, key);
    ck_assert_msg(shown != NULL, "%s", error);
    tls_server_context_unref(shown);
}
END_TEST

/* A certificate that is renewed on disk does not change what is loaded. */
START_TEST(to_reload_is_to_load_another)
{
    const char *file = authority_file("relay.pem", (X509 *[]){leaf, NULL}, authority_shared_key(), NULL);
    struct tls_server_context *old = load(file, NULL), *new;
    X509 *renewed = authority_issue(&(struct authority_plan){.subject = "renewed", .issuer = middle});

    ck_assert_msg(old != NULL, "%s", error);
    authority_file("relay.pem", (X509 *[]){renewed, NULL}, authority_shared_key(), NULL);
    new = load(file, NULL);
    ck_assert_int_eq(X509_cmp(SSL_CTX_get0_certificate(tls_server_context_ssl(old)), leaf), 0);
    ck_assert_int_eq(X509_cmp(SSL_CTX_get0_certificate(tls_server_context_ssl(new)), renewed), 0);
    ck_assert_ptr_eq(tls_server_context_ref(new), new);
    tls_server_context_unref(new);
    ck_assert_int_eq(SSL_CTX_get_security_level(tls_server_context_ssl(new)), 2);
    tls_server_context_unref(new);
    tls_server_context_unref(old);
    tls_server_context_unref(NULL);
    X509_free(renewed);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls_server_context");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, the_chain_is_shown);
    tcase_add_test(cases, rules_of_the_house);
    tcase_add_test(cases, files_at_fault);
    tcase_add_test(cases, others_must_not_read_the_key);
    tcase_add_test(cases, to_reload_is_to_load_another);
    return unit_run();
}
