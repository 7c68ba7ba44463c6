/* SPDX-License-Identifier: ISC */
#include "setup/question.h"

#include <string.h>
#include <strings.h>

#include "discover/mail_address.h"
#include "net/endpoint.h"
#include "recipe/recipe.h"

static bool is_word(const char *answer, const char *word)
{
    return strcasecmp(answer, word) == 0;
}

bool question_is_yes(const char *answer)
{
    return is_word(answer, "yes") || is_word(answer, "y");
}

bool question_is_none(const char *answer)
{
    return is_word(answer, "none");
}

/* --- faults --- */

static const char *no_address(const char *answer, size_t length)
{
    struct mail_address address;
    const char *why;

    return mail_address_parse(&address, answer, length, &why) ? NULL : why;
}

/* What kind of URL it is, the configuration looks at. */
static const char *no_text(const char *answer, size_t length)
{
    (void)answer;
    return length > 0 ? NULL : "nothing was typed; Ctrl-C ends setup";
}

static bool has_control(const char *answer)
{
    for (; *answer; answer++)
        if ((unsigned char)*answer < ' ' || *answer == 0x7f)
            return true;
    return false;
}

static const char *no_user(const char *answer, size_t length)
{
    if (has_control(answer))
        return "there is a control character in it";
    if (length > 1 && strchr("\"'", answer[0]) && answer[length - 1] == answer[0])
        return "type it without quotes";
    if (strchr(answer, ':'))
        return "a user's name at a proxy has no colon";
    if (length > QUESTION_USER_MAX)
        return "no user's name is that long";
    return no_text(answer, length);
}

static const char *no_keeping(const char *answer, size_t length)
{
    (void)length;
    return is_word(answer, "file") || is_word(answer, "command") || is_word(answer, "ask")
               ? NULL : "type file, command or ask";
}

/* The same password is put into a line of a configuration while it is tried, which takes no blanks at its ends. */
static const char *no_password(const char *answer, size_t length)
{
    if (has_control(answer))
        return "there is a control character in it, which no proxy takes";
    if (length > 0 && (answer[0] == ' ' || answer[length - 1] == ' '))
        return "setup cannot keep one with a blank at its ends; write password-file yourself, as sallyport.ini(5) "
               "tells";
    return no_text(answer, length);
}

static const char *no_yes_or_no(const char *answer, size_t length)
{
    (void)length;
    return question_is_yes(answer) || is_word(answer, "no") || is_word(answer, "n") ? NULL : "type yes or no";
}

static const char *no_server(const char *answer, size_t length)
{
    struct endpoint place;
    const char *why;

    return question_is_none(answer) || endpoint_parse(&place, answer, length, 1, &why)
               ? NULL : "type a server's name, maybe with a port: mail.example.net or mail.example.net:993; or none";
}

static const char *no_tls(const char *answer, size_t length)
{
    (void)length;
    return is_word(answer, "yes") || is_word(answer, "starttls") || is_word(answer, "no")
               ? NULL : "type yes, starttls or no";
}

static const char *no_program(const char *answer, size_t length)
{
    (void)length;
    return question_is_none(answer) || recipe_find(answer)
               ? NULL : "there is no recipe for that one; `sallyport recipe` lists those that there are; or type none";
}

/* --- the table --- */

static const struct question_row table[] = {
    [QUESTION_ADDRESS] = {"Your mail address", NULL, "give --address", false, no_address},
    [QUESTION_PROXY] = {"The proxy's URL",
        "Which proxy leads out of this network?  Type it as http://proxy.example.net:3128; as pac: and the URL of a "
        "PAC file; as system for the desktop's settings; or none, to use no proxy.",
        "give --proxy", false, no_text},
    [QUESTION_USER] = {"Your user name at the proxy", NULL,
        "run setup on a terminal, which asks for it", false, no_user},
    [QUESTION_KEEPING] = {"Keep the password by (file, command, ask)",
        "Where shall its password be kept?  file: in a file that nobody else can read.  command: a password manager or "
        "key ring has it, and a command prints it.  ask: nowhere; then mail programs have to run `sallyport connect`, "
        "since `sallyport run` cannot ask.",
        "run setup on a terminal, which asks for it", false, no_keeping},
    [QUESTION_PASSWORD] = {"Your password at the proxy", NULL,
        "run setup on a terminal, which asks for it", true, no_password},
    [QUESTION_COMMAND] = {"The command that prints it",
        "For example: pass show proxy, or secret-tool lookup service proxy.",
        "run setup on a terminal, which asks for it", false, no_text},
    [QUESTION_SERVERS] = {"Use these servers", NULL, "give --yes", false, no_yes_or_no},
    [QUESTION_IMAP] = {"Server for reading mail by IMAP",
        "Your mail provider's help pages name its servers.  Type host or host:port; or none.",
        "run setup on a terminal, which asks for the servers", false, no_server},
    [QUESTION_POP3] = {"Server for reading mail by POP3", NULL,
        "run setup on a terminal, which asks for the servers", false, no_server},
    [QUESTION_SUBMISSION] = {"Server for sending mail (submission)", NULL,
        "run setup on a terminal, which asks for the servers", false, no_server},
    [QUESTION_TLS] = {"TLS with it (yes, starttls, no)", NULL,
        "run setup on a terminal, which asks for the servers", false, no_tls},
    [QUESTION_OVERWRITE] = {"Replace it, keeping a copy", NULL,
        "give --yes to replace it, with a copy beside it, or name another one with --output", false, no_yes_or_no},
    [QUESTION_PROGRAM] = {"Your mail program", NULL, "give --program", false, no_program},
    [QUESTION_START] = {"Start it now, and whenever you log in", NULL, "give --yes", false, no_yes_or_no},
};

const struct question_row *question_row(enum question question)
{
    return &table[question];
}
