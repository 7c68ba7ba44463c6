/* SPDX-License-Identifier: ISC */
#include "tls/tls_files.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../authority.h"
#include "../unit.h"

static SSL_CTX *context;
static char error[512];

static void set_up(void)
{
    context = SSL_CTX_new(TLS_client_method());
    ck_assert_ptr_nonnull(context);
    SSL_CTX_set_security_level(context, 2);
}

static void tear_down(void)
{
    SSL_CTX_free(context);
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

/* The error names the file and says this. */
static void complains(const char *file, const char *words)
{
    ck_assert_msg(strstr(error, file) && strstr(error, words), "\"%s\" lacks %s or \"%s\"", error, file, words);
    error[0] = '\0';
}

static void no_authorities(const char *file, const char *named, const char *words)
{
    ck_assert(!tls_files_load_authorities(context, file, error, sizeof error));
    complains(named, words);
}

static void no_identity(const char *cert_file, const char *key_file, const char *named, const char *words)
{
    ck_assert(!tls_files_load_identity(context, cert_file, key_file, error, sizeof error));
    complains(named, words);
}

static bool trusts(X509 *authority)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool good;

    ck_assert_int_eq(X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(context), authority, NULL), 1);
    good = X509_verify_cert(check) == 1;
    X509_STORE_CTX_free(check);
    return good;
}

START_TEST(authorities_of_a_file)
{
    X509 *authority = own("An authority"), *other = own("Another");

    ck_assert(tls_files_load_authorities(context, file_with("ca.pem", authority, NULL, NULL), error, sizeof error));
    ck_assert(trusts(authority));
    ck_assert(!trusts(other));
    X509_free(authority);
    X509_free(other);
}
END_TEST

START_TEST(authorities_of_the_system)
{
    X509 *authority = own("An authority");

    setenv("SSL_CERT_FILE", file_with("system.pem", authority, NULL, NULL), 1);
    ck_assert(tls_files_load_authorities(context, NULL, error, sizeof error));
    ck_assert(trusts(authority));
    unsetenv("SSL_CERT_FILE");
    X509_free(authority);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    X509 *certificate = own("a.example.net");
    const char *good = file_with("good.pem", certificate, authority_shared_key(), NULL);
    const char *text = authority_text_file("text.pem", "What is this?\n");

    no_authorities("/nonexistent/ca.pem", "/nonexistent/ca.pem", "No such file");
    no_authorities("/tmp", "/tmp", "not a regular file");
    no_authorities("/dev/null", "/dev/null", "not a regular file");
    no_authorities(text, text, "holds no certificate of an authority");
    no_authorities("/nonexistent/\n\"x", "/nonexistent/\\n\\\"x", "No such file");
    no_identity("/nonexistent/c", NULL, "/nonexistent/c", "No such file");
    no_identity(text, NULL, text, "holds no certificate");
    no_identity(good, "/nonexistent/k", "/nonexistent/k", "No such file");
    no_identity(good, text, text, "holds no private key");
    X509_free(certificate);
}
END_TEST

START_TEST(certificates_and_their_keys)
{
    EVP_PKEY *another = EVP_EC_gen("P-256"), *rsa = authority_rsa_key(2048), *small = authority_rsa_key(1024);
    X509 *certificate = own("a.example.net"), *weak;
    const char *whole = file_with("whole.pem", certificate, authority_shared_key(), NULL);
    const char *alone = file_with("alone.pem", certificate, NULL, NULL);
    const char *key = file_with("key.pem", NULL, authority_shared_key(), NULL);
    const char *mixed = file_with("mixed.pem", NULL, another, NULL);
    const char *of_rsa = file_with("rsa.pem", NULL, rsa, NULL);
    const char *encrypted = file_with("encrypted.pem", certificate, authority_shared_key(), "a passphrase");

    weak = authority_issue(&(struct authority_plan){.subject = "weak", .key = small});
    ck_assert_msg(tls_files_load_identity(context, whole, NULL, error, sizeof error), "%s", error);
    ck_assert_int_eq(X509_cmp(SSL_CTX_get0_certificate(context), certificate), 0);
    ck_assert_msg(tls_files_load_identity(context, alone, key, error, sizeof error), "%s", error);
    ck_assert_int_eq(SSL_CTX_check_private_key(context), 1);
    no_identity(alone, NULL, alone, "holds no private key");
    no_identity(alone, mixed, mixed, "another key");
    no_identity(alone, mixed, alone, "another key");
    no_identity(alone, of_rsa, of_rsa, "another key");
    no_identity(encrypted, NULL, encrypted, "encrypted key");
    no_identity(file_with("weak.pem", weak, small, NULL), NULL, "weak.pem", "key too small");
    X509_free(certificate);
    X509_free(weak);
    EVP_PKEY_free(another);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(small);
}
END_TEST

START_TEST(who_can_read_a_file)
{
    const char *file = authority_text_file("key.pem", "a key\n");
    static const mode_t open_modes[] = {0604, 0602, 0601, 0644}, closed_modes[] = {0600, 0400, 0640};

    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        ck_assert_int_eq(chmod(file, open_modes[i]), 0);
        ck_assert(!tls_files_is_private(file, error, sizeof error));
        complains(file, "others can read it: run `chmod o=` on it");
    }
    for (size_t i = 0; i < sizeof closed_modes / sizeof closed_modes[0]; i++) {
        ck_assert_int_eq(chmod(file, closed_modes[i]), 0);
        ck_assert(tls_files_is_private(file, error, sizeof error));
    }
    ck_assert(!tls_files_is_private("/nonexistent/k", error, sizeof error));
    complains("/nonexistent/k", "No such file");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("tls_files");

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, authorities_of_a_file);
    tcase_add_test(cases, authorities_of_the_system);
    tcase_add_test(cases, files_that_cannot_be_read);
    tcase_add_test(cases, certificates_and_their_keys);
    tcase_add_test(cases, who_can_read_a_file);
    return unit_run();
}
