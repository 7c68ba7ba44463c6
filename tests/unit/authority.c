/* SPDX-License-Identifier: ISC */
#include "authority.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#define FILES_MAX 32
#define DAY (24 * 3600L)

static char directory[64];
static char paths[FILES_MAX][128];
static unsigned files;

EVP_PKEY *authority_shared_key(void)
{
    static EVP_PKEY *key;

    if (!key)
        key = EVP_EC_gen("P-256");
    ck_assert_ptr_nonnull(key);
    return key;
}

EVP_PKEY *authority_rsa_key(unsigned bits)
{
    EVP_PKEY *key;
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/rsa-%u.pem", DATA, bits);
    file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s", path);
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    ck_assert_msg(key != NULL, "%s", path);
    ck_assert_int_eq(EVP_PKEY_get_bits(key), (int)bits);
    return key;
}

static void add_extension(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    ck_assert_msg(extension != NULL, "extension %s", value);
    ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

X509 *authority_issue(const struct authority_plan *plan)
{
    static long serial = 1;
    X509 *certificate = X509_new(), *issuer = plan->issuer ? plan->issuer : certificate;
    EVP_PKEY *key = plan->key ? plan->key : authority_shared_key();
    EVP_PKEY *issuer_key = plan->issuer_key ? plan->issuer_key : plan->issuer ? authority_shared_key() : key;
    bool dated = plan->from != 0 || plan->until != 0;

    ck_assert_ptr_nonnull(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), (dated ? plan->from : -1) * DAY);
    X509_gmtime_adj(X509_getm_notAfter(certificate), (dated ? plan->until : 1) * DAY);
    X509_set_pubkey(certificate, key);
    if (plan->subject)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)plan->subject, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    if (plan->is_authority) {
        add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    if (plan->names)
        add_extension(certificate, issuer, NID_subject_alt_name, plan->names);
    ck_assert_int_gt(X509_sign(certificate, issuer_key, plan->sha1 ? EVP_sha1() : EVP_sha256()), 0);
    return certificate;
}

static FILE *open_file(const char *name, const char **path)
{
    FILE *file;

    if (!directory[0]) {
        snprintf(directory, sizeof directory, "/tmp/sallyport-check-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(directory));
    }
    for (unsigned i = 0; i < files; i++)
        if (strcmp(strrchr(paths[i], '/') + 1, name) == 0)
            *path = paths[i];
    if (!*path) {
        ck_assert_uint_lt(files, FILES_MAX);
        snprintf(paths[files], sizeof paths[files], "%s/%s", directory, name);
        *path = paths[files++];
    }
    file = fopen(*path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fchmod(fileno(file), 0600), 0);
    return file;
}

const char *authority_file(const char *name, X509 *const *certificates, EVP_PKEY *key, const char *passphrase)
{
    const char *path = NULL;
    FILE *file = open_file(name, &path);

    while (certificates && *certificates)
        ck_assert_int_eq(PEM_write_X509(file, *certificates++), 1);
    if (key)
        ck_assert_int_eq(PEM_write_PrivateKey(file, key, passphrase ? EVP_aes_128_cbc() : NULL,
                                              (const unsigned char *)passphrase,
                                              passphrase ? (int)strlen(passphrase) : 0, NULL, NULL), 1);
    fclose(file);
    return path;
}

const char *authority_text_file(const char *name, const char *text)
{
    const char *path = NULL;
    FILE *file = open_file(name, &path);

    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
    return path;
}

void authority_clean(void)
{
    for (unsigned i = 0; i < files; i++)
        unlink(paths[i]);
    if (directory[0])
        rmdir(directory);
    files = 0;
    directory[0] = '\0';
}
