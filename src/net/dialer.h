/* SPDX-License-Identifier: ISC */
/* Connects by TCP to the first address of a list that answers (RFC 8305): one attempt for each address, started one
 * after the other without waiting for the one before to fail.  Those that were overtaken by another one of their list
 * come last for a while (slow_addresses.h), unless that was for want of something of our own. */
#ifndef SALLYPORT_DIALER_H
#define SALLYPORT_DIALER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/task.h"
#include "net/address.h"

struct dialer;
struct dial; /* one connection being made */

/* NULL: out of memory. */
struct dialer *dialer_new(struct loop *loop);

/* Cancels the dials that are under way.  NULL is fine. */
void dialer_free(struct dialer *dialer);

/* DONE: fd is connected, non-blocking, close-on-exec and the callee's; address is its other end; error is NULL.
 * PEER: no address answered.  LOCAL: out of descriptors or memory.  With both, fd is -1, address is the one that failed
 * last, and error says why.  address and error are borrowed. */
typedef void dialer_done_fn(void *arg, enum outcome outcome, int fd, const struct address *address,
                            const char *error);

/* Starts dialing the addresses (at least one, copied, each once), all at port (host byte order): the slow ones last,
 * else the families in turn, that of the first one first, each in its given order.  limit_ms bounds the whole dial,
 * unless dial_add begins it anew; keepalive_ms is for socket_options_set_upstream.  Calls done exactly once, never from
 * within this call.  NULL: out of memory. */
struct dial *dialer_dial(struct dialer *dialer, const struct address_list *addresses, uint16_t port,
                         uint32_t limit_ms, uint32_t keepalive_ms, dialer_done_fn *done, void *arg);

/* More addresses of the place have come: those that the dial does not have yet, and has room for (ADDRESS_LIST_MAX in
 * all), are lined up with the ones that were not started (RFC 8305 section 3).  If none of these is left, the first has
 * its turn when 250 ms have passed since the last start, or an address has failed after that: at once if so by now.
 * The limit counts anew if there are any.  Not after done, which is not called from within. */
void dial_add(struct dial *dial, const struct address_list *addresses);

/* The network has changed: attempts from an address that this machine has no more fail now, and not when their time is
 * over; and no address counts as slow any more. */
void dialer_renew(struct dialer *dialer);

/* Closes its sockets; done will not be called.  Not after done.  NULL is fine. */
void dial_cancel(struct dial *dial);

#endif
