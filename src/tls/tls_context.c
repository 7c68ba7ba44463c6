#include "tls/tls_context.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define RECORD_BYTES_MAX (5 + 16384 + 256)      /* on the wire: RFC 8446 section 5.2 */
#define CIPHERS_BYTES 8192                      /* names of all ciphers: OpenSSL knows some 150, of 40 bytes at most */
#define READ_BUFFER_BYTES (4 * RECORD_BYTES_MAX) /* several records in one call in bulk; freed when idle */

/* One cached TLS session.  The most recently used is first in the list. */
struct memory {
    struct memory *next;
    SSL_SESSION *session;
    char key[];
};

struct tls_context {
    unsigned references;
    SSL_CTX *context;
    struct memory *memories;
    size_t count;
    X509 *shared[TLS_CONTEXT_CERTIFICATES_MAX];
    size_t shared_next; /* index of the slot for the next one */
};

/* One loaded setting. */
struct entry {
    struct entry *next;
    struct tls_context *context;
    char *files[3]; /* ca, certificate, key; NULL where the setting has none */
    bool verify;
};

struct tls_contexts {
    struct entry *entries;
};

/* --- the cache of TLS sessions --- */

static void memory_free(struct memory *memory)
{
    SSL_SESSION_free(memory->session);
    free(memory);
}

/* Takes the session of that key out of the list; NULL: there is none. */
static struct memory *memory_take(struct tls_context *context, const char *key)
{
    for (struct memory **at = &context->memories; *at; at = &(*at)->next) {
        struct memory *found = *at;

        if (strcmp(found->key, key) == 0) {
            *at = found->next;
            context->count--;
            return found;
        }
    }
    return NULL;
}

static void memory_put_first(struct tls_context *context, struct memory *memory)
{
    memory->next = context->memories;
    context->memories = memory;
    context->count++;
}

static void forget_oldest(struct tls_context *context)
{
    struct memory **last = &context->memories;

    while ((*last)->next)
        last = &(*last)->next;
    memory_free(*last);
    *last = NULL;
    context->count--;
}

/* Index of the ex_data where a stream keeps its key; OpenSSL assigns it once for the process.  -1: it cannot. */
static int key_place(void)
{
    static int place = -1;

    if (place < 0)
        place = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return place;
}

/* Called by OpenSSL with a new session.  Returns 1 if its reference is ours now, else 0. */
static int on_new_session(SSL *stream, SSL_SESSION *session)
{
    struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(stream));
    const char *key = SSL_get_ex_data(stream, key_place());
    struct memory *memory;

    if (!key)
        return 0;
    memory = memory_take(context, key);
    if (memory) {
        SSL_SESSION_free(memory->session);
    } else {
        memory = malloc(sizeof *memory + strlen(key) + 1);
        if (!memory)
            return 0;
        memcpy(memory->key, key, strlen(key) + 1);
    }
    memory->session = session;
    memory_put_first(context, memory);
    if (context->count > TLS_CONTEXT_SESSIONS_MAX)
        forget_oldest(context);
    return 1;
}

bool tls_context_remember(struct tls_context *context, SSL *stream, const char *key)
{
    (void)context; /* on_new_session finds it through the stream */
    return SSL_set_ex_data(stream, key_place(), (void *)(uintptr_t)key) == 1;
}

/* When the session was made, seconds since 1970.  The old call is out of favour since OpenSSL 3.4: on some machines its
 * seconds end in 2038. */
static time_t made_at(const SSL_SESSION *session)
{
#if OPENSSL_VERSION_PREREQ(3, 3)
    return SSL_SESSION_get_time_ex(session);
#else
    return (time_t)SSL_SESSION_get_time(session);
#endif
}

/* The lifetime is the shorter of the session ticket's (RFC 8446 section 4.6.1, RFC 5077 section 3.3) and OpenSSL's
 * own time-out. */
static bool expired(const SSL_SESSION *session)
{
    unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(session);
    long lifetime = SSL_SESSION_get_timeout(session);

    if (hint > 0 && hint < (unsigned long)lifetime)
        lifetime = (long)hint;
    return time(NULL) - made_at(session) >= lifetime || !SSL_SESSION_is_resumable(session);
}

SSL_SESSION *tls_context_recall(struct tls_context *context, const char *key)
{
    struct memory *memory = memory_take(context, key);

    if (!memory)
        return NULL;
    if (expired(memory->session)) {
        memory_free(memory);
        return NULL;
    }
    memory_put_first(context, memory);
    SSL_SESSION_up_ref(memory->session);
    return memory->session;
}

void tls_context_drop(struct tls_context *context, const char *key)
{
    struct memory *memory = memory_take(context, key);

    if (memory)
        memory_free(memory);
}

size_t tls_context_sessions(const struct tls_context *context)
{
    return context->count;
}

/* --- certificates --- */

X509 *tls_context_share(struct tls_context *context, X509 *certificate)
{
    X509 **place;

    for (size_t i = 0; i < TLS_CONTEXT_CERTIFICATES_MAX && context->shared[i]; i++)
        if (X509_cmp(context->shared[i], certificate) == 0)
            return context->shared[i];
    place = &context->shared[context->shared_next];
    context->shared_next = (context->shared_next + 1) % TLS_CONTEXT_CERTIFICATES_MAX;
    X509_free(*place);
    *place = certificate;
    X509_up_ref(certificate);
    return certificate;
}

/* --- loading --- */

/* OpenSSL's last error in words. */
static const char *reason(void)
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

static bool load_authorities(SSL_CTX *context, const char *file, char *error, size_t size)
{
    if (!file) {
        if (SSL_CTX_set_default_verify_paths(context) == 1)
            return true;
        snprintf(error, size, "the system's certificates of authorities cannot be read: %s; name a file of your own",
                 reason());
        return false;
    }
    if (!readable(file, error, size))
        return false;
    if (SSL_CTX_load_verify_file(context, file) == 1)
        return true;
    complain(error, size, file, "holds no certificate of an authority that can be read (PEM is expected): %s",
             reason());
    return false;
}

/* Called by OpenSSL for a passphrase: a daemon cannot ask for one. */
static int refuse_passphrase(char *out, int size, int writing, void *asked)
{
    (void)out, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

static bool load_identity(SSL_CTX *context, const struct tls_context_setting *setting, char *error, size_t size)
{
    const char *key = setting->key_file ? setting->key_file : setting->cert_file;
    bool asked = false, loaded;

    if (!setting->cert_file)
        return true;
    if (!readable(setting->cert_file, error, size) || !readable(key, error, size))
        return false;
    if (SSL_CTX_use_certificate_chain_file(context, setting->cert_file) != 1) {
        if (last_error_is(ERR_LIB_PEM, PEM_R_NO_START_LINE))
            complain(error, size, setting->cert_file, "holds no certificate (PEM is expected)");
        else
            complain(error, size, setting->cert_file, "holds no certificate that can be used: %s", reason());
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
        complain(error, size, key, "holds another key than the one of the certificate in %s", setting->cert_file);
    else
        complain(error, size, key, "holds no private key that can be used (PEM is expected): %s", reason());
    return false;
}

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

/* The ciphers that the system allows, without Diffie-Hellman over finite fields: there a server's group may be weak, or
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

/* Sets what holds for every stream: versions, ciphers, verification, buffers. */
static bool restrict_context(SSL_CTX *ssl, struct tls_context *context, bool verify)
{
    choose_groups(ssl);
    SSL_CTX_set_security_level(ssl, 2);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(ssl, 1);
    SSL_CTX_set_default_read_buffer_len(ssl, READ_BUFFER_BYTES);
    SSL_CTX_set_verify(ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, on_new_session);
    return choose_ciphers(ssl) && key_place() >= 0 && SSL_CTX_set_app_data(ssl, context) == 1 &&
           SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1;
}

static struct tls_context *load(const struct tls_context_setting *setting, char *error, size_t size)
{
    struct tls_context *context = calloc(1, sizeof *context);

    ERR_clear_error();
    snprintf(error, size, "TLS cannot be set up: out of memory");
    if (!context)
        return NULL;
    context->references = 1;
    context->context = SSL_CTX_new(TLS_client_method());
    if (!context->context || !restrict_context(context->context, context, setting->verify)) {
        if (ERR_peek_last_error())
            snprintf(error, size, "TLS cannot be set up: %s", reason());
    } else if (load_authorities(context->context, setting->ca_file, error, size) &&
               load_identity(context->context, setting, error, size)) {
        ERR_clear_error();
        return context;
    }
    ERR_clear_error();
    tls_context_unref(context);
    return NULL;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    context->references++;
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (!context || --context->references > 0)
        return;
    while (context->memories) {
        struct memory *first = context->memories;

        context->memories = first->next;
        memory_free(first);
    }
    for (size_t i = 0; i < TLS_CONTEXT_CERTIFICATES_MAX; i++)
        X509_free(context->shared[i]);
    SSL_CTX_free(context->context);
    free(context);
}

SSL_CTX *tls_context_ssl(const struct tls_context *context)
{
    return context->context;
}

/* --- all settings --- */

struct tls_contexts *tls_contexts_new(void)
{
    return calloc(1, sizeof(struct tls_contexts));
}

static void entry_free(struct entry *entry)
{
    tls_context_unref(entry->context);
    for (size_t i = 0; i < sizeof entry->files / sizeof *entry->files; i++)
        free(entry->files[i]);
    free(entry);
}

void tls_contexts_forget(struct tls_contexts *contexts)
{
    while (contexts->entries) {
        struct entry *first = contexts->entries;

        contexts->entries = first->next;
        entry_free(first);
    }
}

void tls_contexts_free(struct tls_contexts *contexts)
{
    if (!contexts)
        return;
    tls_contexts_forget(contexts);
    free(contexts);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* False: out of memory. */
static bool copy(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return *to || !from;
}

static struct entry *entry_new(const struct tls_context_setting *setting)
{
    struct entry *entry = calloc(1, sizeof *entry);

    if (!entry)
        return NULL;
    entry->verify = setting->verify;
    if (copy(&entry->files[0], setting->ca_file) && copy(&entry->files[1], setting->cert_file) &&
        copy(&entry->files[2], setting->key_file))
        return entry;
    entry_free(entry);
    return NULL;
}

struct tls_context *tls_contexts_get(struct tls_contexts *contexts, const struct tls_context_setting *setting,
                                     char *error, size_t size)
{
    struct entry *entry;

    for (entry = contexts->entries; entry; entry = entry->next)
        if (entry->verify == setting->verify && same(entry->files[0], setting->ca_file) &&
            same(entry->files[1], setting->cert_file) && same(entry->files[2], setting->key_file))
            return tls_context_ref(entry->context);
    entry = entry_new(setting);
    if (!entry) {
        snprintf(error, size, "TLS cannot be set up: out of memory");
        return NULL;
    }
    entry->context = load(setting, error, size);
    if (!entry->context) {
        entry_free(entry);
        return NULL;
    }
    entry->next = contexts->entries;
    contexts->entries = entry;
    return tls_context_ref(entry->context);
}

void tls_context_free_buffers(SSL *stream)
{
    static const unsigned mended[] = {14, 6, 2, 1}; /* first fixed patch level of 3.0, 3.1, 3.2, 3.3 */
    unsigned major = OPENSSL_version_major(), minor = OPENSSL_version_minor();

    if (major > 3 || minor >= sizeof mended / sizeof mended[0] || OPENSSL_version_patch() >= mended[minor])
        SSL_free_buffers(stream);
}

const char *tls_context_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
