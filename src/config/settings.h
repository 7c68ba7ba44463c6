/* The contents of a configuration file as structs, which are filled by the option table (option.h).  All pointers
 * belong to the struct config and are NULL when the key is not set, unless said otherwise.  No code. */
#ifndef SALLYPORT_SETTINGS_H
#define SALLYPORT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/places.h"
#include "config/value.h"
#include "net/endpoint.h"
#include "protocol/protocol.h"

enum settings_log_to { LOG_TO_STDERR, LOG_TO_SYSLOG };

struct settings {
    unsigned log_level; /* enum log_level */
    unsigned log_to;    /* enum settings_log_to */
    uint32_t max_sessions;
    uint32_t resolve_timeout, connect_timeout, handshake_timeout, greeting_timeout; /* ms */
    uint32_t idle_timeout;                                                          /* ms; 0: none */
    uint32_t keepalive;                                                             /* ms */
    bool same_user;
    char *control; /* path of the control socket; may begin with $XDG_RUNTIME_DIR; "none" */
};

enum proxy_fallback { FALLBACK_NONE, FALLBACK_DIRECT };

enum proxy_auth { AUTH_ANY, AUTH_BASIC, AUTH_DIGEST, AUTH_NTLM, AUTH_NEGOTIATE };

/* The form of TCPConnection's request-target (RFC 9112 section 3.2). */
enum proxy_form { FORM_ORIGIN, FORM_ABSOLUTE };

/* Which version of HTTP is spoken with a proxy. */
enum proxy_http { PROXY_HTTP_1_1, PROXY_HTTP_AUTO, PROXY_HTTP_2 };

struct proxy_config {
    char *label; /* "" for the unlabelled one */
    struct value_places urls;
    unsigned method;   /* index into connect_method_words */
    char *origin;      /* TCPConnection: the host that the server is to allow, or NULL */
    unsigned form;     /* enum proxy_form */
    bool tls_upgrade;  /* TCPConnection over http: TLS is begun by Upgrade */
    unsigned http;     /* enum proxy_http */
    unsigned announce; /* bits of enum connect_announce */
    bool require_switch;
    char *user;
    char *password, *password_file, *password_command; /* at most one of them */
    unsigned auth;     /* enum proxy_auth */
    struct value_texts headers;
    char *ca_file, *cert_file, *key_file; /* for TLS to the proxy; NULL: the system's authorities, no certificate */
    bool verify;
    char *via_name;    /* label of the proxy through which this one is reached, or NULL */
    const struct proxy_config *via; /* set by config_check, or NULL */
    uint32_t preconnect;     /* number of connections kept ready; 0: none */
    uint32_t preconnect_age; /* ms; how old they may grow */
    unsigned fallback; /* enum proxy_fallback */
    int line, via_line; /* line of the section, line of its key `via` (0: not set) */
};

enum listener_tls { TLS_NO, TLS_YES, TLS_STARTTLS };

struct listener_config {
    char *name; /* section and label: "imap", "imap/work" */
    const struct protocol *protocol;
    struct value_places listen; /* host "localhost": 127.0.0.1 and ::1; port 0: any free port */
    struct endpoint_target target;
    unsigned tls;      /* enum listener_tls: TLS to the target inside the tunnel */
    char *tls_ca_file; /* NULL: the system's authorities */
    bool tls_verify;
    char *ehlo_name;   /* our name in EHLO before STARTTLS; NULL: an address, or the machine's name */
    char *token;       /* for Upgrade: "IMAP", "IMAP/4rev1", "IMAPS" */
    char *scheme;      /* the token in lower case, without its version */
    char *proxy_name;  /* a label or "direct"; NULL: the unlabelled proxy */
    const struct proxy_config *proxy; /* set by config_check; NULL: direct */
    int line, proxy_line; /* line of the section, line of its key `proxy` (0: not set) */
};

#define REDIRECT_HOPS_MAX 16 /* largest value of max-hops, and so the longest chain of redirects */

enum redirect_wider { WIDER_ASK, WIDER_REFUSE, WIDER_SAME_DOMAIN, WIDER_CLAMP, WIDER_ACCEPT };

struct redirect_settings {
    bool follow, direct, downgrade;
    unsigned wider; /* enum redirect_wider */
    uint32_t max_hops;
    uint32_t max_lifetime; /* ms */
    char *ask_command;     /* program that asks the user; NULL: none */
    uint32_t ask_timeout;  /* ms */
};

struct config {
    unsigned references; /* only for config_ref and config_unref */
    char *path;          /* of the file, as given to config_load */
    struct settings settings;
    struct redirect_settings redirects;
    size_t proxy_count, listener_count;
    struct proxy_config *proxies;
    struct listener_config *listeners;
};

/* What a configuration is loaded for.  CONFIG_TO_CHECK accepts masked secrets, as `check` prints them, and does not
 * look into the environment.  CONFIG_TO_ASK accepts a user without a password, because a person can be asked. */
enum config_use { CONFIG_TO_CHECK, CONFIG_TO_RUN, CONFIG_TO_ASK };

#endif
