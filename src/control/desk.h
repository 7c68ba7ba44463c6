/* Where this user's programs talk to the running daemon: keeps the control socket where the configuration wants it, and
 * has what comes over it obeyed. */
#ifndef SALLYPORT_DESK_H
#define SALLYPORT_DESK_H

#include "base/loop.h"
#include "control/requests.h"
#include "redirect/consent.h"

struct desk;

/* master is copied; questions are told whether anybody can see them.  NULL: out of memory. */
struct desk *desk_new(struct loop *loop, struct questions *questions, const struct requests_master *master);

/* Opens the socket where this value of the key `control` leads, or moves it there; while a request is obeyed, at the
 * end of the turn.  When the place cannot be had, the log says why, and there is no control socket. */
void desk_set(struct desk *desk, const char *control);

void desk_free(struct desk *desk); /* NULL is fine */

#endif
