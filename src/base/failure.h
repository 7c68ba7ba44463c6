/* SPDX-License-Identifier: ISC */
/* Why a tunnel could not be opened: one value, passed up from the function that found the error to the session, which
 * writes it to the log once and to the client once.  Pure: no memory is owned. */
#ifndef SALLYPORT_FAILURE_H
#define SALLYPORT_FAILURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum failure_class {
    FAILURE_TEMPORARY, /* network, time-out, 429, 5xx: the mail program may try again */
    FAILURE_PERMANENT, /* 403, 407, policy: it would fail again */
};

/* What kind of failure it is, where somebody could do something about it that is worth to be said (try_advice.h). */
enum failure_cause {
    CAUSE_OTHER,           /* its text says all there is */
    CAUSE_NO_ADDRESS,      /* the name has no address */
    CAUSE_NAME_SERVERS,    /* nobody answered for the name */
    CAUSE_NO_CONNECTION,   /* refused, out of reach, or not in time */
    CAUSE_SILENCE,         /* connected, but no answer in time */
    CAUSE_ANSWER,          /* an HTTP answer that opens nothing: `answer` has its status */
    CAUSE_REDIRECT,        /* a redirect that may not be followed */
    CAUSE_PORTAL,          /* a captive portal */
    CAUSE_WEB_PAGE,        /* a web server, which is no proxy */
    CAUSE_LOGIN_WANTED,    /* a login that was not tried */
    CAUSE_LOGIN_REFUSED,   /* this user and password, or ticket */
    CAUSE_LOGIN_RESTS,     /* they were refused a while ago, and are not sent again yet */
    CAUSE_RULES,           /* a SOCKS proxy's rules */
    CAUSE_PROXY_CANNOT,    /* a SOCKS proxy does not reach the target */
    CAUSE_SOCKS_UNABLE,    /* a SOCKS proxy does not make connections, or not to this kind of address */
    CAUSE_NOT_TLS,         /* something that is not TLS answers a TLS handshake */
    CAUSE_OLD_TLS,         /* no version of TLS that is trusted */
    CAUSE_OUR_CERTIFICATE, /* it wants one of us, or another one */
    CAUSE_NO_STARTTLS,     /* the server did not agree on TLS */
    CAUSE_WRONG_NAME,      /* the certificate is for another name; and so on */
    CAUSE_EXPIRED,
    CAUSE_NOT_YET_VALID,
    CAUSE_SELF_SIGNED,
    CAUSE_UNKNOWN_AUTHORITY,
    CAUSE_WEAK,            /* its key or signature */
};

struct failure {
    enum failure_class class;
    enum failure_cause cause;
    unsigned answer;   /* status of the HTTP answer that is the failure; 0: there was none */
    bool on_the_way;   /* of a proxy before the one that it is about (failure_out_of_reach) */
    char scheme[8];    /* the proxy's, such as "http"; "" for anything else; only the log shows it */
    char where[280];   /* host:port that the failure is about; "" when it is sallyport's own */
    char what[256];    /* one line of printable ASCII */
    bool they_did;     /* what says what the other side did, without naming it: "refuses the TLS handshake" */
    char brief[192];   /* the same in few words for the client, as a whole sentence; or "": what will do */
    unsigned status;   /* of the HTTP answer, if brief does not say it; or 0 */
    char detail[400];  /* more for the log, printable ASCII, ` name="value"` for each field; or "" */
};

/* Begins a text for failure_set that says what the other side did: its subject is the place. */
#define FAILURE_THEY "\x01"

/* The word that the log uses for the class: "temporary" or "permanent"; static. */
const char *failure_class_name(enum failure_class class);

/* Sets class and what, and empties the rest; cause is CAUSE_OTHER, which whoever knows better sets.  what is formatted
 * as by printf and cut to its size; bytes that are not printable ASCII become '?', and secrets are withheld (secrets.h)
 * as in all the texts of a failure.  It begins with the verdict, because mail programs show little more than that.  The
 * values may point into the failure. */
void failure_set(struct failure *failure, enum failure_class class, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void failure_vset(struct failure *failure, enum failure_class class, const char *format, va_list values)
    __attribute__((format(printf, 3, 0)));

/* Sets brief, as printf and cut to its size, and status. */
void failure_brief(struct failure *failure, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds ` name="value"` to detail, the value escaped (log_escape) and cut to what has room. */
void failure_note(struct failure *failure, const char *name, const void *value, size_t length);

/* Adds ": words" to what, both cut so that each is seen. */
void failure_add(struct failure *failure, const char *words);

/* Adds "; hint", what to do about it, to both texts, cut to what has room. */
void failure_hint(struct failure *failure, const char *hint);

/* Makes it the failure of a place that cannot be reached through another one, which failed so; cause and answer are
 * still the other one's. */
void failure_out_of_reach(struct failure *failure, const char *through);

/* Sets scheme, which may be "", and where, which is usually host:port.  Both are copied and cut to size. */
void failure_at(struct failure *failure, const char *scheme, const char *where);

/* The same from one text, "scheme://host:port" or "host:port". */
void failure_at_url(struct failure *failure, const char *url);

/* Writes into out, which has size (> 0) bytes, what the log says: "scheme://where: what", cut to size - 1 and
 * NUL-terminated.  Returns the length written. */
size_t failure_format(const struct failure *failure, char *out, size_t size);

/* The same for the client: the verdict first, then the place, as in "proxy refused the password (407,
 * proxy.example.net:3128)".  If it does not fit, the verdict is cut, and not the place, unless that is very long. */
size_t failure_format_brief(const struct failure *failure, char *out, size_t size);

#endif
