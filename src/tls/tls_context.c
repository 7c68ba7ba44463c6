/* SPDX-License-Identifier: ISC */
#include "tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tls/key_share.h"
#include "tls/tls_files.h"
#include "tls/tls_rules.h"

/* One cached TLS session.  The most recently used is first in the list. */
struct memory {
    struct memory *next;
    SSL_SESSION *session;
    char group[KEY_SHARE_GROUP_MAX]; /* that the server asked for when it was offered another one, or "" */
    char key[];
};

struct tls_context {
    unsigned references;
    SSL_CTX *context;
    struct memory *memories;
    size_t count;
    X509 *shared[TLS_CONTEXT_CERTIFICATES_MAX];
    size_t shared_next; /* index of the slot for the next one */
    char groups[KEY_SHARE_LIST_MAX]; /* that are offered; "": not looked at yet */
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
    const char *key = SSL_get_ex_data(stream, key_place()), *asked = key_share_asked_for(stream);
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
        memory->group[0] = '\0';
    }
    if (asked)
        snprintf(memory->group, sizeof memory->group, "%s", asked);
    memory->session = session;
    memory_put_first(context, memory);
    if (context->count > TLS_CONTEXT_SESSIONS_MAX)
        forget_oldest(context);
    return 1;
}

/* Begins with the group that the server of that key has asked for. */
static void offer_group(struct tls_context *context, SSL *stream, const char *key)
{
    const struct memory *memory = context->memories;

    while (memory && strcmp(memory->key, key) != 0)
        memory = memory->next;
    if (memory && memory->group[0] && (context->groups[0] || key_share_list(context->context, context->groups)))
        key_share_begin_with(stream, memory->group, context->groups);
}

bool tls_context_remember(struct tls_context *context, SSL *stream, const char *key)
{
    offer_group(context, stream, key);
    return key_share_watch(stream) && SSL_set_ex_data(stream, key_place(), (void *)(uintptr_t)key) == 1;
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

/* Sets what holds for every stream of ours. */
static bool restrict_context(SSL_CTX *ssl, struct tls_context *context, bool verify)
{
    SSL_CTX_set_verify(ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, on_new_session);
    return tls_rules_apply(ssl) && key_place() >= 0 && SSL_CTX_set_app_data(ssl, context) == 1;
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
            snprintf(error, size, "TLS cannot be set up: %s", tls_files_reason());
    } else if (tls_files_load_authorities(context->context, setting->ca_file, error, size) &&
               (!setting->cert_file || tls_files_load_identity(context->context, setting->cert_file, setting->key_file,
                                                               error, size))) {
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

const char *tls_context_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
