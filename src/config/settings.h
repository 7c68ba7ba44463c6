/* SPDX-License-Identifier: ISC */
/* The contents of a configuration file as structs, which are filled by the option table (option.h).  All pointers
 * belong to the struct config and are NULL when the key is not set, unless said otherwise.  No code. */
#ifndef SALLYPORT_SETTINGS_H
#define SALLYPORT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/networks.h"
#include "config/paths.h"
#include "config/places.h"
#include "config/sources.h"
#include "config/value.h"
#include "net/endpoint.h"
#include "protocol/protocol.h"

enum settings_include { INCLUDE_NONE, INCLUDE_SYSTEM };
enum settings_log_to { LOG_TO_STDERR, LOG_TO_SYSLOG };

struct settings {
    unsigned include;   /* enum settings_include; layers.c has obeyed it */
    unsigned final;     /* bits, one for each of section_kind_words; overlay.c has obeyed it */
    unsigned log_level; /* enum log_level */
    unsigned log_to;    /* enum settings_log_to */
    uint32_t max_sessions;
    uint32_t resolve_timeout, connect_timeout, handshake_timeout, greeting_timeout; /* ms */
    uint32_t idle_timeout;                                                          /* ms; 0: none */
    uint32_t keepalive;                                                             /* ms */
    bool same_user;
    char *notify_command; /* "auto", "none", or a command that shows notices */
    char *control; /* path of the control socket; may begin with $XDG_RUNTIME_DIR; "none" */
};

/* The order in which a section's proxies are tried: as listed, or dealt out (deal.h). */
enum proxy_order { ORDER_LISTED, ORDER_SPREAD };

enum proxy_fallback { FALLBACK_NONE, FALLBACK_DIRECT };

/* NONE: no ticket of ours either, for a stranger; no word of the configuration. */
enum proxy_auth { AUTH_ANY, AUTH_BASIC, AUTH_DIGEST, AUTH_NTLM, AUTH_NEGOTIATE, AUTH_NONE };

/* The form of TCPConnection's request-target (RFC 9112 section 3.2). */
enum proxy_form { FORM_ORIGIN, FORM_ABSOLUTE };

/* Which version of HTTP is spoken with a proxy. */
enum proxy_http { PROXY_HTTP_1_1, PROXY_HTTP_AUTO, PROXY_HTTP_2 };

struct proxy_config {
    char *label; /* "" for the unlabelled one */
    struct value_places urls; /* in the order in which they are tried, or, to check, as listed */
    unsigned order;    /* enum proxy_order */
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
    char *pac_url;     /* the question that a PAC file or a program is asked: a URL with {host} and {port} */
    struct value_texts trusted; /* found proxies that get our credentials: a name, an address, or *.domain */
    bool insecure;     /* the PAC file may come without TLS */
    struct proxy_config *stranger; /* set by config_check where proxies are found (places_are_found): what is said to
                                    * one outside of `trusted`, as this section without user, password, headers and
                                    * certificate of ours.  Owned, but all that it points to is this section's.  NULL:
                                    * the proxies are not found */
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
    char *tls_cert_file, *tls_key_file; /* our certificate for the target; only for the way to a relay */
    char *ehlo_name;   /* our name in EHLO before STARTTLS; NULL: an address, or the machine's name */
    char *token;       /* for Upgrade: "IMAP", "IMAP/4rev1", "IMAPS" */
    char *scheme;      /* the token in lower case, without its version */
    char *proxy_name;  /* a label or "direct"; NULL: the unlabelled proxy */
    const struct proxy_config *proxy; /* set by config_check; NULL: direct */
    bool unannounced;  /* proxies are asked by CONNECT and not told the protocol; only for the way to a relay */
    int line, proxy_line; /* line of the section, line of its key `proxy` (0: not set) */
};

#define REVERSE_WAITING_MAX 16    /* as many as a relay holds for a user */
#define REVERSE_SESSIONS_MAX 4096 /* as many as a relay carries in all */

enum reverse_forwarded { FORWARDED_NONE, FORWARDED_PROXY_V1, FORWARDED_PROXY_V2 };

/* [reverse LABEL]: a server of ours, published through a relay. */
struct reverse_config {
    char *name;                /* section and label: "reverse", "reverse/home" */
    struct proxy_config relay; /* what is said to the relay: one URL with its path, user, password, headers, TLS.  It is
                                * in no list of proxies; its label is this name */
    bool insecure;             /* an http URL that leaves this machine is meant */
    char *proxy_name;          /* a label or "direct", the default */
    struct listener_config way; /* set by reverse_check: as of a listener whose target is the relay; it announces
                                 * nothing (unannounced) */
    struct listener_config home; /* as of a listener whose target is the published server, dialed directly; its name is
                                  * this section's, its protocol by the key, by the target's port, or [forward]'s */
    uint32_t waiting;          /* requests that stand ready */
    uint32_t sessions;         /* at most */
    unsigned forwarded;        /* enum reverse_forwarded: what the target is told of the client */
    bool takes_mail;           /* set by reverse_check: mail is handed in at the target */
    bool trusted_clients;      /* whoever comes may be taken for a local user by the target */
    int line, proxy_line, target_line;
};

/* [relay LABEL]: the other half. */
struct relay_config {
    char *name;                 /* section and label: "relay", "relay/LABEL" */
    struct value_places listen;
    char *cert_file, *key_file; /* NULL: no TLS; no key_file: it is in cert_file */
    char *users_file;
    char *alpn;                 /* ids, comma-separated, that Selected-ALPN may choose from, or NULL */
    struct value_paths paths;
    int line;
};

/* [public LABEL]: a port of this machine that is open to others and leads to a registered name. */
struct public_config {
    char *name;                 /* "public", "public/imaps" */
    struct value_places listen;
    struct endpoint registered; /* name and port */
    char *relay_name;           /* label of its relay; NULL: the unlabelled one, or the only one */
    struct value_networks allow;
    const struct relay_config *relay; /* set by relay_check */
    const struct protocol *protocol;  /* the port's; [forward]'s if none is known */
    int line;
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
    struct sources sources; /* that file, and those that lie beneath it or over it */
    struct origins *origins; /* where each value is from (origins.h); NULL: it was not kept */
    struct settings settings;
    struct redirect_settings redirects;
    size_t proxy_count, listener_count, reverse_count, relay_count, public_count;
    struct proxy_config *proxies;
    struct listener_config *listeners;
    struct reverse_config *reverses;
    struct relay_config *relays;
    struct public_config *publics;
};

/* What a configuration is loaded for.  CONFIG_TO_CHECK accepts masked secrets, as `check` prints them, and does not
 * look into the environment.  CONFIG_TO_ASK accepts a user without a password, because a person can be asked. */
enum config_use { CONFIG_TO_CHECK, CONFIG_TO_RUN, CONFIG_TO_ASK };

#endif
