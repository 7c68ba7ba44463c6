/* SPDX-License-Identifier: ISC */
/* Keeps the control socket where the configuration wants it, and serves it: one request and one answer per
 * connection.  A request is a line of printable ASCII with at most CONTROL_LINE_MAX bytes.  Anything else is answered
 * by an error line or dropped, and so is a request that comes too late or from a program of another user.  requests.h
 * says what requests mean.  Nothing here blocks.
 *
 *     READING -> ANSWERING -> DEAD */
#ifndef SALLYPORT_CONTROL_SERVER_H
#define SALLYPORT_CONTROL_SERVER_H

#include "base/loop.h"
#include "control/requests.h"
#include "redirect/questions.h"

#define CONTROL_LINE_MAX 1024      /* bytes of a request, its end of line included */
#define CONTROL_TALKS_MAX 16       /* connections at one time; a new one ends the one silent for longest */
#define CONTROL_SILENCE_MS 2000    /* how long a request may take to come */
#define CONTROL_ANSWERING_MS 10000 /* how long the client may take to read an answer */

struct control_server;

/* Makes a server that has no socket yet.  master is copied and carries out the requests; questions is told whether
 * anybody can see the questions.  loop and questions stay the caller's, and must outlive the server.  NULL: out of
 * memory. */
struct control_server *control_server_new(struct loop *loop, struct questions *questions,
                                          const struct requests_master *master);

/* Opens the socket that this value of the key `control` names, or moves it there; during a request this is done at
 * the end of the loop's turn.  If the socket cannot be opened, the log says why, and the one that there was stays. */
void control_server_set(struct control_server *server, const char *control);

/* Whether clients find it at this path now, however that is spelled. */
bool control_server_is_at(const struct control_server *server, const char *path);

/* Closes all connections and removes the socket.  NULL is fine. */
void control_server_free(struct control_server *server);

#endif
