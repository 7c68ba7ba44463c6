/* SPDX-License-Identifier: ISC */
/* Whether a talk was over when it broke off: the client has taken its leave, and the server has answered.  Looks at
 * the last line of each side alone.  Pure. */
#ifndef SALLYPORT_GOODBYE_H
#define SALLYPORT_GOODBYE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/protocol.h"

#define GOODBYE_LINE_BYTES 22 /* of a line that are kept: a tag of IMAP of 13 bytes, LOGOUT, CR LF */

/* The last line of one side; zeroed memory is that of a side that has said nothing. */
struct goodbye_line {
    char start[GOODBYE_LINE_BYTES];
    unsigned char length; /* of start; a longer line is cut */
    bool ended;           /* its LF has come */
};

/* The side says these bytes, in pieces of any size. */
void goodbye_note(struct goodbye_line *line, const char *bytes, size_t length);

/* The side has said something that nobody looked at. */
void goodbye_miss(struct goodbye_line *line);

/* Whether the client's last line takes leave: QUIT, or LOGOUT behind a tag. */
bool goodbye_is_said(const struct protocol *protocol, const struct goodbye_line *client);

/* Whether moreover the server's last line answers that, whole. */
bool goodbye_is_answered(const struct protocol *protocol, const struct goodbye_line *client,
                         const struct goodbye_line *server);

#endif
