/* SPDX-License-Identifier: ISC */
#include "http/held_secrets.h"

#include <stdlib.h>
#include <string.h>

#include "base/secrets.h"

static bool hold(char **secret, const char *credentials)
{
    static const char proof_is[] = "response=\"";
    const char *blank = credentials ? strchr(credentials, ' ') : NULL;
    const char *proof = blank ? strstr(blank, proof_is) : NULL;

    if (proof)
        *secret = strndup(proof + sizeof proof_is - 1, strcspn(proof + sizeof proof_is - 1, "\""));
    else if (blank)
        *secret = strdup(blank + 1);
    return !blank || (*secret && secrets_hold(*secret, strlen(*secret)));
}

bool held_secrets_take(struct held_secrets *held, const struct connect_request *request)
{
    return hold(&held->at[0], request->credentials) && hold(&held->at[1], request->origin_credentials);
}

void held_secrets_release(struct held_secrets *held)
{
    for (size_t i = 0; i < 2; i++) {
        char *secret = held->at[i];

        if (!secret)
            continue;
        secrets_drop(secret, strlen(secret));
        explicit_bzero(secret, strlen(secret));
        free(secret);
        held->at[i] = NULL;
    }
}
