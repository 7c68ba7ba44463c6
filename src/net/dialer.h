/* Connects TCP to the first address of a list that answers (RFC 8305): one attempt an address, started one after the
 * other. */
#ifndef SALLYPORT_DIALER_H
#define SALLYPORT_DIALER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/address.h"

struct dialer;
struct dial; /* one connection being made */

/* NULL: out of memory. */
struct dialer *dialer_new(struct loop *loop);

/* Cancels what is under way.  NULL is fine. */
void dialer_free(struct dialer *dialer);

enum dial_result {
    DIAL_CONNECTED,
    DIAL_UNREACHABLE, /* no address answered */
    DIAL_LOCAL,       /* it is our own trouble, out of descriptors or memory: nobody is to blame for it */
};

/* CONNECTED: fd is connected, non-blocking, close-on-exec and the callee's; address is where it leads.  Otherwise
 * address is the one that failed last, and error why. */
typedef void dialer_done_fn(void *arg, enum dial_result result, int fd, const struct address *address,
                            const char *error);

/* Starts dialing the addresses in their order (at least one), all at this port.  limit_ms bounds each attempt, and the
 * whole; keepalive_ms is for socket_options_set_upstream.  Calls back exactly once, never from within this call.  NULL:
 * out of memory.  */
struct dial *dialer_dial(struct dialer *dialer, const struct address_list *addresses, uint16_t port,
                         uint32_t limit_ms, uint32_t keepalive_ms, dialer_done_fn *done, void *arg);

/* The call back will not come; sockets are closed.  NULL is fine. */
void dial_cancel(struct dial *dial);

#endif
