/* Keeps other users of this machine out: on loopback, with `same-user`, only programs of the user who runs the daemon
 * may connect.  Root is not special. */
#ifndef SALLYPORT_ACCESS_H
#define SALLYPORT_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/failure.h"
#include "base/log.h"
#include "config/settings.h"
#include "net/address.h"

/* Zeroed memory is one. */
struct access {
    struct log_brake untold;
};

/* Whether a client that came from `from` to `local`, a place of the listener of that name, may come in.  *known: *uid
 * is the client's.  False: *refusal says why. */
bool access_admits(struct access *access, const struct settings *settings, uint64_t now_ms, const char *name,
                   const struct address *from, const struct address *local, uid_t *uid, bool *known,
                   struct failure *refusal);

#endif
