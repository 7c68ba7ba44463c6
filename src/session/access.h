/* SPDX-License-Identifier: ISC */
/* Keeps other users of this machine out.  With `same-user`, only programs of the user who runs the daemon may connect
 * over loopback; root may not either. */
#ifndef SALLYPORT_ACCESS_H
#define SALLYPORT_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/failure.h"
#include "base/log.h"
#include "config/settings.h"
#include "net/address.h"

/* Zeroed memory is a new one. */
struct access {
    struct log_brake untold; /* for the warning that the client's user cannot be found out */
};

/* To be called when these settings begin to hold: warns if they ask for same_user where the system never tells whose a
 * client is. */
void access_foretell(const struct settings *settings);

/* Whether a client that connected from `from` to `local`, an address of the listener `name`, may be served; fd is its
 * connection.  At a socket in the file system, mode and folder keep others out, too, and where the system never tells
 * of streams either, it is left to these, if they are ours alone.  now_ms is the loop's clock, for the warning.
 * *known: *uid is the client's user.  False: *refusal is set. */
bool access_admits(struct access *access, const struct settings *settings, uint64_t now_ms, const char *name, int fd,
                   const struct address *from, const struct address *local, uid_t *uid, bool *known,
                   struct failure *refusal);

#endif
