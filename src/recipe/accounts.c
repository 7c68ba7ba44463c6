/* SPDX-License-Identifier: ISC */
#include "recipe/accounts.h"

#include <string.h>

static const struct {
    const char *section;
    unsigned role;
} roles[] = {
    {"imap", ROLE_IMAP}, {"pop3", ROLE_POP3}, {"submission", ROLE_SEND}, {"smtp", ROLE_SEND}, {"nntp", ROLE_NEWS},
    {"managesieve", ROLE_SIEVE},
};

unsigned accounts_protocol_role(const struct protocol *protocol)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (strcmp(protocol->section, roles[i].section) == 0)
            return roles[i].role;
    return 0;
}

unsigned accounts_role(const struct listener_config *listener)
{
    return accounts_protocol_role(listener->protocol);
}

/* Where the listener of that role stands in an account. */
static size_t place_of(unsigned role)
{
    size_t place = 0;

    while (role >>= 1)
        place++;
    return place;
}

static const char *label_of(const struct listener_config *listener)
{
    const char *slash = strchr(listener->name, '/');

    return slash ? slash + 1 : ACCOUNTS_NO_LABEL;
}

static struct account *find(struct accounts *accounts, const char *name)
{
    for (size_t i = 0; i < accounts->count; i++)
        if (strcmp(accounts->at[i].name, name) == 0)
            return &accounts->at[i];
    if (accounts->count == CONFIG_SECTIONS_MAX)
        return NULL;
    accounts->at[accounts->count] = (struct account){.name = name};
    return &accounts->at[accounts->count++];
}

bool accounts_add(struct accounts *accounts, const struct listener_config *listener,
                  const struct listener_config **replaced)
{
    unsigned role = accounts_role(listener);
    struct account *account = role ? find(accounts, label_of(listener)) : NULL;
    const struct listener_config **place;

    *replaced = NULL;
    if (!account)
        return false;
    place = &account->listeners[place_of(role)];
    if (*place && strcmp(listener->protocol->section, "submission") != 0)
        return false;
    *replaced = *place;
    *place = listener;
    return true;
}

void accounts_add_alone(struct accounts *accounts, const struct listener_config *listener)
{
    unsigned role = accounts_role(listener);
    struct account account = {.name = label_of(listener)};

    if (role == 0 || accounts->count == CONFIG_SECTIONS_MAX)
        return;
    account.listeners[place_of(role)] = listener;
    accounts->at[accounts->count++] = account;
}

const struct listener_config *account_listener(const struct account *account, unsigned wanted)
{
    for (size_t i = 0; i < PROGRAM_ROLES; i++)
        if ((wanted & 1u << i) && account->listeners[i])
            return account->listeners[i];
    return NULL;
}

bool account_has(const struct account *account, const struct listener_config *listener)
{
    for (size_t i = 0; i < PROGRAM_ROLES; i++)
        if (account->listeners[i] == listener)
            return true;
    return false;
}

void account_drop(struct account *account, unsigned role)
{
    account->listeners[place_of(role)] = NULL;
}

static bool sends_only(const struct account *account)
{
    return account_listener(account, ROLE_SEND) && !account_listener(account, ~(unsigned)ROLE_SEND);
}

void accounts_share_sender(struct accounts *accounts)
{
    const size_t place = place_of(ROLE_SEND);
    const struct listener_config *sender = NULL;
    size_t senders = 0, readers = 0, kept = 0;

    for (size_t i = 0; i < accounts->count; i++) {
        if (accounts->at[i].listeners[place]) {
            sender = accounts->at[i].listeners[place];
            senders++;
        }
        readers += account_listener(&accounts->at[i], ROLE_IMAP | ROLE_POP3) != NULL;
    }
    if (senders != 1 || readers == 0)
        return;
    for (size_t i = 0; i < accounts->count; i++) {
        if (account_listener(&accounts->at[i], ROLE_IMAP | ROLE_POP3))
            accounts->at[i].listeners[place] = sender;
        if (!sends_only(&accounts->at[i]))
            accounts->at[kept++] = accounts->at[i];
    }
    accounts->count = kept;
}
