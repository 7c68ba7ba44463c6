/* SPDX-License-Identifier: ISC */
/* A file that says which servers an address has, whatever its format: what its readers have in common.  Pure; the file
 * is hostile. */
#ifndef SALLYPORT_SERVER_FILE_H
#define SALLYPORT_SERVER_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/trace.h"
#include "discover/found_servers.h"
#include "discover/mail_address.h"

#define SERVER_FILE_REMARKS_MAX 16 /* told of one file: a hostile one may have thousands of faults */

struct server_file {
    const char *text;
    size_t length;
    const struct mail_address *address; /* whose servers they are */
    const char *source;                 /* static; as in struct found_server */
    const char *step;                   /* static; how the trace calls it */
    struct trace trace;                 /* is told each server that was taken or not, and why */
    unsigned remarks;                   /* told so far */
};

/* Reads the file and adds its servers.  False: it cannot be read, and why, which has size bytes, says so in words;
 * what came before the fault is not added. */
typedef bool server_file_read_fn(struct found_servers *found, struct server_file *file, char *why, size_t size);

/* A server as a file has it; what may be NULL was not said. */
struct server_offer {
    const char *section;      /* of the protocol: "imap" */
    const char *host;         /* may have placeholders, as login: %EMAILADDRESS%, %EMAILLOCALPART%, %EMAILDOMAIN% */
    const char *login;        /* or NULL */
    const char *port;         /* in digits */
    enum listener_tls tls;
    bool oauth_only;
};

/* Looks whether it will do, tells so, and adds it.  One without TLS will not. */
void server_file_offer(struct found_servers *found, struct server_file *file, const struct server_offer *offer);

/* Tells a step of the file, SERVER_FILE_REMARKS_MAX times at most. */
void server_file_remark(struct server_file *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes text into out, which has size bytes, with the placeholders filled in, letters in any case.  False: it does not
 * fit, is not printable, or has a placeholder that is not known. */
bool server_file_fill(const char *text, const struct mail_address *address, char *out, size_t size);

#endif
