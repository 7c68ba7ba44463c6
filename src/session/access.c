/* SPDX-License-Identifier: ISC */
#include "session/access.h"

#include <unistd.h>

#include "net/peer.h"
#include "net/unix_socket.h"

void access_foretell(const struct settings *settings)
{
    if (settings->same_user && !peer_is_told())
        log_message(LEVEL_WARNING, NULL, "this system does not tell whose a client is: all are refused on loopback; to "
                    "let every user of this machine in, set same-user = no");
}

/* Who runs this program.  That never changes, and the system is asked for it once, not for each client. */
static uid_t own_user(void)
{
    static struct {
        bool known;
        uid_t uid;
    } own;

    if (!own.known) {
        own.uid = geteuid();
        own.known = true;
    }
    return own.uid;
}

/* Whether that user may connect.  False: *refusal is set. */
static bool is_ours(uid_t uid, struct failure *refusal)
{
    if (uid == own_user())
        return true;
    failure_set(refusal, FAILURE_PERMANENT, "only the user who runs sallyport may connect (same-user)");
    return false;
}

/* The same for a client at a socket in the file system.  A system that can tell whose it is and did not is at fault
 * just now, and that opens no door.  On one that never tells, file and folder decide: where they are ours alone nobody
 * else can have come, but a socket that was passed may lie open to all. */
static bool admits_stream(int fd, uid_t *uid, bool *known, struct failure *refusal)
{
    *known = peer_stream_uid(fd, uid);
    if (*known)
        return is_ours(*uid, refusal);
    if (!peer_streams_are_told() && unix_socket_is_guarded(fd))
        return true;
    failure_set(refusal, FAILURE_PERMANENT, "cannot find out which user connects (same-user)");
    return false;
}

bool access_admits(struct access *access, const struct settings *settings, uint64_t now_ms, const char *name, int fd,
                   const struct address *from, const struct address *local, uid_t *uid, bool *known,
                   struct failure *refusal)
{
    char error[160];
    unsigned suppressed;

    *known = false;
    if (settings->same_user && address_is_unix(local))
        return admits_stream(fd, uid, known, refusal);
    if (!settings->same_user || !address_is_loopback(local))
        return true;
    if (!address_is_loopback(from)) { /* its packets were redirected here: nobody can say whose it is */
        failure_set(refusal, FAILURE_PERMANENT, "only programs of this machine may connect (same-user)");
        return false;
    }
    switch (peer_uid(from, local, uid, error, sizeof error)) {
    case PEER_KNOWN:
        *known = true;
        return is_ours(*uid, refusal);
    case PEER_GONE:
        failure_set(refusal, FAILURE_PERMANENT, "the client has gone before it could be told whose it is");
        return false;
    case PEER_UNTOLD:
        break;
    }
    if (log_brake_open(&access->untold, now_ms, &suppressed))
        log_message(LEVEL_WARNING, name, "cannot find out whose a client is (%s): all are refused; to let every user "
                    "of this machine in, set same-user = no", error);
    failure_set(refusal, FAILURE_PERMANENT, "cannot find out which user connects (same-user)");
    return false;
}
