/* SPDX-License-Identifier: ISC */
#include "tls/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

const char *tls_files_reason(void)
{
    unsigned long last = ERR_peek_last_error();
    const char *text = ERR_SYSTEM_ERROR(last) ? strerror(ERR_GET_REASON(last)) : ERR_reason_error_string(last);

    return text ? text : "OpenSSL does not say why";
}

static bool last_error_is(int library, int what)
{
    unsigned long last = ERR_peek_last_error();

    return ERR_GET_LIB(last) == library && ERR_GET_REASON(last) == what;
}

/* Writes a sentence about a file, its name escaped, because it goes to the log. */
static void __attribute__((format(printf, 4, 5))) complain(char *error, size_t size, const char *file,
                                                           const char *format, ...)
{
    char name[512], rest[768];
    va_list values;

    va_start(values, format);
    vsnprintf(rest, sizeof rest, format, values);
    va_end(values);
    snprintf(error, size, "%s %s", log_escape(name, sizeof name, file, strlen(file)), rest);
}

/* Whether it is a regular file that can be read.  Checked first, because OpenSSL's errors are hard to understand and
 * a pipe would block. */
static bool readable(const char *file, char *error, size_t size)
{
    int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0) {
        complain(error, size, file, "cannot be read: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    close(fd);
    if (!S_ISREG(status.st_mode)) {
        complain(error, size, file, "cannot be read: it is not a regular file");
        return false;
    }
    return true;
}

bool tls_files_load_authorities(SSL_CTX *context, const char *file, char *error, size_t size)
{
    if (!file) {
        if (SSL_CTX_set_default_verify_paths(context) == 1)
            return true;
        snprintf(error, size, "the system's certificates of authorities cannot be read: %s; name a file of your own",
                 tls_files_reason());
        return false;
    }
    if (!readable(file, error, size))
        return false;
    if (SSL_CTX_load_verify_file(context, file) == 1)
        return true;
    complain(error, size, file, "holds no certificate of an authority that can be read (PEM is expected): %s",
             tls_files_reason());
    return false;
}

/* Called by OpenSSL for a passphrase: a daemon cannot ask for one. */
static int refuse_passphrase(char *out, int size, int writing, void *asked)
{
    (void)out, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

bool tls_files_load_identity(SSL_CTX *context, const char *cert_file, const char *key_file, char *error, size_t size)
{
    const char *key = key_file ? key_file : cert_file;
    bool asked = false, loaded;

    if (!readable(cert_file, error, size) || !readable(key, error, size))
        return false;
    if (SSL_CTX_use_certificate_chain_file(context, cert_file) != 1) {
        if (last_error_is(ERR_LIB_PEM, PEM_R_NO_START_LINE))
            complain(error, size, cert_file, "holds no certificate (PEM is expected)");
        else
            complain(error, size, cert_file, "holds no certificate that can be used: %s", tls_files_reason());
        return false;
    }
    SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
    loaded = SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    SSL_CTX_set_default_passwd_cb(context, NULL);
    if (loaded && SSL_CTX_check_private_key(context) == 1)
        return true;
    if (asked)
        complain(error, size, key, "holds an encrypted key; nobody is there to type its passphrase: store the key "
                 "without one, in a file that only you can read");
    else if (loaded || last_error_is(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH))
        complain(error, size, key, "holds another key than the one of the certificate in %s", cert_file);
    else
        complain(error, size, key, "holds no private key that can be used (PEM is expected): %s", tls_files_reason());
    return false;
}

bool tls_files_is_private(const char *file, char *error, size_t size)
{
    struct stat status;

    if (stat(file, &status) != 0) {
        complain(error, size, file, "cannot be read: %s", strerror(errno));
        return false;
    }
    if (status.st_mode & S_IRWXO) {
        complain(error, size, file, "holds the private key, and others can read it: run `chmod o=` on it");
        return false;
    }
    return true;
}
