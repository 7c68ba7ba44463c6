/* SPDX-License-Identifier: ISC */
/* The step of setup that finds the mail servers: by discovery, which tells each of its steps, or, where it finds none
 * or the person does not want those, from what is typed; and gives each a port to listen on. */
#ifndef SALLYPORT_SERVER_CHOICE_H
#define SALLYPORT_SERVER_CHOICE_H

#include "setup/desk.h"

/* Fills the listeners of the draft, and the login.  The proxy's part of the draft is complete.  Returns an exit status;
 * with any but EX_OK it was said why. */
int server_choice_make(struct desk *desk);

#endif
