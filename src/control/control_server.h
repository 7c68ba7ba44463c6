/* Serves the control socket: one request and one answer a connection.  A request is a line that a person can type, of
 * CONTROL_LINE_MAX bytes at most; what does not come as one, in time, from a program of this user, is answered with an
 * error line or dropped.  Nothing that comes in can do more than that.  What requests mean is the callee's business.
 * Nothing here blocks.
 *
 *     READING -> ANSWERING -> DEAD */
#ifndef SALLYPORT_CONTROL_SERVER_H
#define SALLYPORT_CONTROL_SERVER_H

#include <stddef.h>

#include "base/loop.h"

#define CONTROL_LINE_MAX 1024      /* bytes of a request, its end of line included */
#define CONTROL_TALKS_MAX 16       /* at one time; the one that is silent for longest gives way to a new one */
#define CONTROL_SILENCE_MS 2000    /* how long a request may take to come */
#define CONTROL_ANSWERING_MS 10000 /* how long an answer may take to be read */

struct control_server;

/* Answers a request: line is its text, printable ASCII, without its end.  Returns the whole answer, malloc'd, and its
 * length; NULL when there is no memory for one.  It must not free the control. */
typedef char *control_server_answer_fn(void *arg, const char *line, size_t *length);

/* Takes the socket at path and starts.  NULL: error says why, errno is EADDRINUSE when another program serves it. */
struct control_server *control_server_new(struct loop *loop, const char *path, control_server_answer_fn *answer,
                                          void *arg, char *error, size_t size);

const char *control_server_path(const struct control_server *control);

/* Drops all connections and removes the socket.  NULL is fine. */
void control_server_free(struct control_server *control);

#endif
