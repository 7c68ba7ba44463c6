/* SPDX-License-Identifier: ISC */
/* The listeners of a configuration as a person's accounts: those with the same label belong together, the IMAP server
 * and the one that takes mail.  Borrows from the configuration. */
#ifndef SALLYPORT_ACCOUNTS_H
#define SALLYPORT_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "recipe/program.h"

#define ACCOUNTS_NO_LABEL "sallyport" /* the account of listeners without a label */

struct account {
    const char *name;                                     /* the label */
    const struct listener_config *listeners[PROGRAM_ROLES]; /* by the number of the role's bit; NULL: none */
};

struct accounts {
    size_t count;
    struct account at[CONFIG_SECTIONS_MAX];
};

/* The role that a protocol has, or a listener's; 0: none that a mail program knows. */
unsigned accounts_protocol_role(const struct protocol *protocol);
unsigned accounts_role(const struct listener_config *listener);

/* Puts a listener into the account of its label.  False: another one stands there, which is preferred; or it has no
 * role.  Of submission and smtp, submission is preferred, in whatever order they come: then *replaced is the other
 * one; NULL otherwise. */
bool accounts_add(struct accounts *accounts, const struct listener_config *listener,
                  const struct listener_config **replaced);

/* Makes an account of a listener alone. */
void accounts_add_alone(struct accounts *accounts, const struct listener_config *listener);

/* For programs that read and send: if there is one sender only, all accounts that read have it, and no account
 * consists of it alone. */
void accounts_share_sender(struct accounts *accounts);

/* The account's listener for the first of these roles that it has; NULL: it has none. */
const struct listener_config *account_listener(const struct account *account, unsigned roles);

/* Whether it is one of the account's. */
bool account_has(const struct account *account, const struct listener_config *listener);

/* Takes the listener of that role away. */
void account_drop(struct account *account, unsigned role);

#endif
