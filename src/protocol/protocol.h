/* What differs between IMAP, SMTP, submission, NNTP, POP3, ManageSieve and anything else: names, ports, who speaks
 * first, how a server of that protocol says no.  One table; pure. */
#ifndef SALLYPORT_PROTOCOL_H
#define SALLYPORT_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/failure.h"

#define PROTOCOL_REFUSAL_MAX 200 /* bytes of a refusal line with its CR LF: fits every protocol's line */

struct protocol {
    const char *section;     /* of the configuration: "imap" */
    const char *token;       /* for Upgrade: "IMAP"; NULL: the configuration must say */
    const char *tls_token;   /* its form with TLS from the first byte: "IMAPS"; NULL: none, token serves for both */
    const char *service;     /* label of SRV records (RFC 6186, RFC 5804): "imap"; with an "s" behind it the one for
                              * TLS (RFC 8314); NULL: none */
    const char *alpn;        /* id of the ALPN registry: "imap"; NULL: none */
    uint16_t listen_port;    /* default; 0: the configuration must say */
    uint16_t target_port;    /* default; 0: the configuration must say */
    uint16_t tls_port;       /* where servers expect TLS from the first byte; 0: nowhere */
    bool server_first;       /* the server greets before the client says anything */
    const char *greetings[2]; /* how a greeting that means yes may begin; NULL: any will do */
    const char *temporary;   /* start of a refusal line, NULL: this protocol has no such line */
    const char *permanent;
    const char *end;         /* what closes the line, before CR LF */
};

/* The row whose section is the length bytes at name; NULL when there is none. */
const struct protocol *protocol_find(const char *name, size_t length);

/* The port that servers of a scheme listen on, scheme being a token in lower case, or that with an "s" behind it for
 * its TLS form; 0: not known. */
uint16_t protocol_default_port(const char *scheme);

/* The rows one by one: i from 0, NULL behind the last. */
const struct protocol *protocol_row(size_t i);

/* The token that says TLS from the first byte, when token (a name, perhaps with a version) is the protocol's own; else
 * NULL. */
const char *protocol_tls_token(const struct protocol *protocol, const char *token);

/* Whether servers at this port expect TLS from the first byte, which a client that is pointed there will speak. */
bool protocol_expects_tls(const struct protocol *protocol, uint16_t port);

/* Whether a server's greeting (its first line) means that it will serve us. */
bool protocol_welcomes(const struct protocol *protocol, const char *greeting);

/* Writes the refusal line for a failure, CR LF included, at most PROTOCOL_REFUSAL_MAX bytes of printable ASCII, into
 * out (NUL-terminated).  Returns its length; 0: the protocol has none, reset the connection. */
size_t protocol_refusal(const struct protocol *protocol, const struct failure *failure,
                        char out[PROTOCOL_REFUSAL_MAX + 1]);

#endif
