/* Keeps the control socket where the configuration wants it, and serves it: one request and one answer a connection.
 * A request is a line that a person can type, of CONTROL_LINE_MAX bytes at most; what does not come as one, in time,
 * from a program of this user, is answered with an error line or dropped.  Nothing that comes in can do more than
 * that.  What requests mean is the business of requests.  Nothing here blocks.
 *
 *     READING -> ANSWERING -> DEAD */
#ifndef SALLYPORT_CONTROL_SERVER_H
#define SALLYPORT_CONTROL_SERVER_H

#include "base/loop.h"
#include "control/requests.h"
#include "redirect/questions.h"

#define CONTROL_LINE_MAX 1024      /* bytes of a request, its end of line included */
#define CONTROL_TALKS_MAX 16       /* at one time; the one that is silent for longest gives way to a new one */
#define CONTROL_SILENCE_MS 2000    /* how long a request may take to come */
#define CONTROL_ANSWERING_MS 10000 /* how long an answer may take to be read */

struct control_server;

/* Makes one that has no socket yet.  master is copied and gets the requests; questions are told whether anybody can see
 * them; loop and questions stay the caller's and outlive it.  Returns the caller's; NULL: out of memory. */
struct control_server *control_server_new(struct loop *loop, struct questions *questions,
                                          const struct requests_master *master);

/* Opens the socket where this value of the key `control` leads, or moves it there; while a request is obeyed, at the
 * end of the turn.  When the place cannot be had, the log says why, and there is no control socket. */
void control_server_set(struct control_server *server, const char *control);

/* Drops all connections and removes the socket.  NULL is fine. */
void control_server_free(struct control_server *server);

#endif
