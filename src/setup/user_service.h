/* SPDX-License-Identifier: ISC */
/* Starting the daemon by the user's service manager, systemd. */
#ifndef SALLYPORT_USER_SERVICE_H
#define SALLYPORT_USER_SERVICE_H

#include <stdbool.h>

#include "base/loop.h"

#define USER_SERVICE_COMMAND "systemctl --user enable --now sallyport"

/* Whether a manager runs for this user that knows the unit sallyport.service.  Runs the loop until systemctl has said
 * so, or for some seconds. */
bool user_service_is_there(struct loop *loop);

/* Runs USER_SERVICE_COMMAND, whose output is seen on standard error, and the loop meanwhile.  Returns whether it went
 * well. */
bool user_service_start(struct loop *loop);

#endif
