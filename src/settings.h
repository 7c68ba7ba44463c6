/* What a configuration file says, as structs: filled by way of the option table, read by everybody.  No code. */
#ifndef SALLYPORT_SETTINGS_H
#define SALLYPORT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "protocol.h"
#include "redirect.h"
#include "value.h"

enum settings_log_to { LOG_TO_STDERR, LOG_TO_SYSLOG };

struct settings {
    unsigned log_level; /* enum log_level */
    unsigned log_to;    /* enum settings_log_to */
    uint32_t max_sessions;
    uint32_t resolve_timeout, connect_timeout, handshake_timeout, greeting_timeout; /* ms */
    uint32_t idle_timeout;                                                          /* ms, 0 = never */
    uint32_t keepalive;                                                             /* ms */
    bool same_user;
    char *control; /* path of the control socket; may begin with $XDG_RUNTIME_DIR; "none" */
};

enum proxy_fallback { FALLBACK_NONE, FALLBACK_DIRECT };

struct proxy_config {
    char *label; /* "" for the unlabelled one */
    struct value_places urls;
    unsigned method;   /* index into method_words */
    unsigned announce; /* bits of enum method_announce */
    bool require_switch;
    char *user;
    char *password, *password_file, *password_command; /* at most one of them */
    struct value_texts headers;
    unsigned fallback; /* enum proxy_fallback */
};

struct listener_config {
    char *name; /* section and label: "imap", "imap/work" */
    const struct protocol *protocol;
    struct value_places listen; /* host "localhost" = 127.0.0.1 and ::1; port 0 = any free one */
    struct endpoint_target target;
    char *token;      /* for Upgrade: "IMAP", "IMAP/4rev1" */
    char *scheme;     /* its name in lower case */
    char *proxy_name; /* a label or "direct"; NULL: the unlabelled proxy */
    const struct proxy_config *proxy; /* NULL: direct */
    int line, proxy_line; /* of its section in the file, and of the key `proxy` (0: not given) */
};

#endif
