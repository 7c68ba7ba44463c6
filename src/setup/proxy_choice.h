/* SPDX-License-Identifier: ISC */
/* The step of setup that finds the proxy: what --proxy says; or what the machine's file says, which is then extended;
 * or what the environment or the desktop says and the person confirms, or what is typed.  It is tried at once
 * (proxy_trial.h), and one that wants a login leads to the questions for it.
 *
 *     ask -> try -> [log in -> try ...] -> chosen
 *      ^-----'                                      bounded: INTERVIEW_TRIES proxies, PROXY_CHOICE_LOGINS logins each
 */
#ifndef SALLYPORT_PROXY_CHOICE_H
#define SALLYPORT_PROXY_CHOICE_H

#include "setup/desk.h"

#define PROXY_CHOICE_LOGINS 3  /* passwords that are sent: after some more, many directories lock an account */
#define PROXY_CHOICE_PASSWORD_FILE "proxy-password" /* beside the configuration, behind its name unless that is */
#define PROXY_CHOICE_USUAL_NAME "sallyport.ini"

/* Fills url, extends, user, keeping, kept and trusted of the draft, and the password.  given: --proxy, or NULL.
 * Returns an exit status; with any but EX_OK it was said why. */
int proxy_choice_make(struct desk *desk, const char *given);

#endif
