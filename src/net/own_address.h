/* SPDX-License-Identifier: ISC */
/* The addresses that this machine itself uses towards the rest of the world: those of its default routes. */
#ifndef SALLYPORT_OWN_ADDRESS_H
#define SALLYPORT_OWN_ADDRESS_H

#include "net/address.h"

/* Asks the system which address of ours a packet would have that is to be sent away, first IPv4, then IPv6; nothing is
 * sent.  Fills list, port 0: no address where there is no way. */
void own_address_find(struct address_list *list);

#endif
