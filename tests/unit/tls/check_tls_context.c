/* SPDX-License-Identifier: ISC */
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

static X509 *own(const char *subject)
{
    return authority_issue(&(struct authority_plan){.subject = subject, .is_authority = true});
}

static const char *file_with(const char *name, X509 *certificate, EVP_PKEY *key, const char *passphrase)
{
    return authority_file(name, (X509 *[]){certificate, NULL}, key, passphrase);
}

/* The authorities of the system are one, as to read a hundred takes long where each access is watched. */
static void set_up(void)
{
    X509 *authority = own("The system");

    setenv("SSL_CERT_FILE", file_with("system.pem", authority, NULL, NULL), 1);
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    X509_free(authority);
    contexts = tls_contexts_new();
    ck_assert_ptr_nonnull(contexts);
}

static void tear_down(void)
{
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    tls_contexts_free(contexts);
    authority_clean();
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

START_TEST(rules_of_the_house)
{
    struct tls_context *trust = get(&(struct tls_context_setting){.verify = true});
    SSL_CTX *context;

    ck_assert_msg(trust != NULL, "%s", error);
    context = tls_context_ssl(trust);
    ck_assert_int_eq(SSL_CTX_get_min_proto_version(context), TLS1_2_VERSION); /* tls_rules */
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

/* Each file is read, the authorities of the system without one; what may be wrong with one is of tls_files. */
START_TEST(the_files_of_a_setting)
{
    X509 *certificate = own("a.example.net");
    const char *whole = file_with("whole.pem", certificate, authority_shared_key(), NULL);
    const char *alone = file_with("alone.pem", certificate, NULL, NULL);
    const char *key = file_with("key.pem", NULL, authority_shared_key(), NULL);
    struct tls_context *trust;

    trust = get(&(struct tls_context_setting){.cert_file = whole});
    ck_assert_msg(trust != NULL, "%s", error);
    ck_assert_int_eq(X509_cmp(SSL_CTX_get0_certificate(tls_context_ssl(trust)), certificate), 0);
    tls_context_unref(trust);
    trust = get(&(struct tls_context_setting){.cert_file = alone, .key_file = key});
    ck_assert_msg(trust != NULL, "%s", error);
    ck_assert_int_eq(SSL_CTX_check_private_key(tls_context_ssl(trust)), 1);
    tls_context_unref(trust);
    refused(&(struct tls_context_setting){.ca_file = "/nonexistent/ca.pem"}, "/nonexistent/ca.pem", "No such file");
    refused(&(struct tls_context_setting){.cert_file = "/nonexistent/c"}, "/nonexistent/c", "No such file");
    refused(&(struct tls_context_setting){.cert_file = alone, .key_file = "/nonexistent/k"}, "/nonexistent/k",
            "No such file");
    X509_free(certificate);
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
    tcase_add_test(cases, rules_of_the_house);
    tcase_add_test(cases, shared_until_forgotten);
    tcase_add_test(cases, the_files_of_a_setting);
    tcase_add_test(cases, certificates_are_shared);
    return unit_run();
}
