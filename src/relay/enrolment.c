/* SPDX-License-Identifier: ISC */
#include "relay/enrolment.h"

#include <crypt.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "auth/basic.h"
#include "base/loop.h"
#include "base/prompt.h"
#include "relay/relay_users.h"

struct enrolment {
    struct loop *loop;
    const char *name;
    char password[ENROLMENT_PASSWORD_MAX + 1]; /* once it was asked for; else "" */
    int status;
};

static void fail(struct enrolment *enrolment, int status, const char *why)
{
    fprintf(stderr, "sallyport: %s\n", why);
    enrolment->status = status;
    loop_stop(enrolment->loop);
}

/* Why the relay could not take such a password; NULL: it can. */
static const char *password_fault(const char *name, const char *password, size_t length)
{
    if (length == 0)
        return "the password is empty";
    if (length > ENROLMENT_PASSWORD_MAX || strlen(name) + 1 + length >= BASIC_PAIR_MAX)
        return "the password is too long: 511 bytes are the most";
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)password[i] < ' ' || password[i] == 0x7f)
            return "the password has a control character in it, which no client may send";
    return NULL;
}

static void on_typed_again(void *arg, const char *line, size_t length, const char *error)
{
    struct enrolment *enrolment = arg;

    if (!line)
        fail(enrolment, EX_NOINPUT, error);
    else if (strlen(enrolment->password) != length || memcmp(enrolment->password, line, length) != 0)
        fail(enrolment, EX_DATAERR, "the two passwords differ");
    else
        loop_stop(enrolment->loop);
}

static void on_typed(void *arg, const char *line, size_t length, const char *error)
{
    struct enrolment *enrolment = arg;
    const char *fault = line ? password_fault(enrolment->name, line, length) : NULL;

    if (!line) {
        fail(enrolment, EX_NOINPUT, error);
    } else if (fault) {
        fail(enrolment, EX_DATAERR, fault);
    } else {
        memcpy(enrolment->password, line, length);
        enrolment->password[length] = '\0';
        if (!prompt_start(enrolment->loop, "The same again: ", on_typed_again, enrolment))
            fail(enrolment, EX_NOINPUT, "the terminal is gone");
    }
}

/* Asks for the password.  Returns an exit status, and the caller wipes what was typed. */
static int ask(struct enrolment *enrolment)
{
    char question[RELAY_USER_NAME_MAX + 60];

    enrolment->loop = loop_new();
    if (!enrolment->loop) {
        fprintf(stderr, "sallyport: out of memory\n");
        return EX_OSERR;
    }
    snprintf(question, sizeof question, "New password for the relay's user %s: ", enrolment->name);
    enrolment->status = EX_OK;
    if (!prompt_start(enrolment->loop, question, on_typed, enrolment))
        fail(enrolment, EX_NOINPUT, "a password is asked for at the terminal only, and there is none");
    else if (!loop_run(enrolment->loop))
        enrolment->status = EX_OSERR;
    loop_free(enrolment->loop);
    return enrolment->status;
}

static int print_line(const struct enrolment *enrolment, FILE *out)
{
    char *setting = crypt_gensalt_ra(NULL, 0, NULL, 0);
    struct crypt_data *data = calloc(1, sizeof *data);
    const char *hash = setting && data ? crypt_r(enrolment->password, setting, data) : NULL;
    int status = EX_OK;

    if (!hash || hash[0] == '*') {
        fprintf(stderr, "sallyport: crypt(3) makes no hash: %s\n", strerror(errno));
        status = EX_OSERR;
    } else if (fprintf(out, "%s:%s\n", enrolment->name, hash) < 0 || fflush(out) != 0) {
        fprintf(stderr, "sallyport: cannot write: %s\n", strerror(errno));
        status = EX_IOERR;
    }
    if (data)
        explicit_bzero(data, sizeof *data);
    free(data);
    free(setting);
    return status;
}

int enrolment_run(const char *name, FILE *out)
{
    struct enrolment enrolment = {.name = name};
    const char *fault = relay_user_name_fault(name);
    int status;

    if (fault) {
        fprintf(stderr, "sallyport: this cannot be a user's name: %s\n", fault);
        return EX_USAGE;
    }
    status = ask(&enrolment);
    if (status == EX_OK)
        status = print_line(&enrolment, out);
    explicit_bzero(&enrolment, sizeof enrolment);
    return status;
}
