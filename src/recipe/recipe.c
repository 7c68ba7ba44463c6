/* SPDX-License-Identifier: ISC */
#include "recipe/recipe.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "recipe/accounts.h"
#include "recipe/filling.h"
#include "recipe/programs.h"

#define ANY_TURN (WHEN_FIRST | WHEN_FURTHER | WHEN_ALONE)

/* A recipe being printed. */
struct printing {
    const struct program *program;
    const struct recipe_params *params;
    FILE *out;
    struct accounts accounts; /* of the listeners that the program can use */
};

/* --- the table --- */

const struct recipe_row *recipe_row(size_t i)
{
    const struct program *program = programs_row(i);

    return program ? &program->row : NULL;
}

const struct recipe_row *recipe_find(const char *name)
{
    for (size_t i = 0; recipe_row(i); i++)
        if (strcasecmp(recipe_row(i)->name, name) == 0)
            return recipe_row(i);
    return NULL;
}

/* A row of the table is the beginning of its program. */
static const struct program *program_of(const struct recipe_row *row)
{
    for (size_t i = 0; programs_row(i); i++)
        if (&programs_row(i)->row == row)
            return programs_row(i);
    return NULL;
}

bool recipe_accepts(const char *text, const char **why)
{
    size_t length = strlen(text);

    *why = length == 0                ? "it is empty"
           : length > RECIPE_WHO_MAX  ? "it is too long"
           : text[0] == '-'           ? "it begins with a minus sign"
                                      : NULL;
    if (*why)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("._+-=~@", text[i]) && !(text[i] & 0x80)) {
            *why = "it has a character that each program wants written in another way; "
                   "put it in by hand, where me@example.net stands";
            return false;
        }
    return true;
}

/* --- what a listener is to a program --- */

/* Whether the program itself has to do TLS with the server, from the first byte on. */
static unsigned mode_of(const struct listener_config *listener)
{
    bool by_client = listener->tls == TLS_NO && !listener->target.srv &&
                     protocol_expects_tls(listener->protocol, listener->target.place.port);

    return by_client ? WHEN_TLS : WHEN_PLAIN;
}

/* At port 25 servers hand mail to each other, and nobody logs in. */
static unsigned login_of(const struct listener_config *listener)
{
    bool none = strcmp(listener->protocol->section, "smtp") == 0 && !listener->target.srv &&
                listener->target.place.port == listener->protocol->target_port;

    return none ? WHEN_NO_LOGIN : WHEN_LOGIN;
}

/* Whether a password would pass the proxy for all to read. */
static bool is_open(const struct listener_config *listener)
{
    return listener->tls == TLS_NO && mode_of(listener) == WHEN_PLAIN && accounts_role(listener) != ROLE_NEWS &&
           login_of(listener) == WHEN_LOGIN;
}

/* Whether it has a socket in the file system that a program can be told without quotes. */
static unsigned socket_of(const struct listener_config *listener)
{
    char path[UNIX_SOCKET_PATH_MAX];

    return filling_socket(listener, path) && filling_is_unquoted(path) ? WHEN_SOCKET : 0;
}

/* By what the program reaches a listener of which no port is known, and which has this turn. */
static enum program_means means_of(const struct printing *printing, const struct listener_config *listener,
                                   unsigned turn)
{
    return program_means(printing->program, accounts_role(listener),
                         mode_of(listener) | login_of(listener) | socket_of(listener) | turn,
                         filling_can_connect(printing->params));
}

/* --- comments --- */

static void begin_comment(const struct printing *printing)
{
    fputs(printing->program->comment, printing->out);
}

/* The listener's section, as the configuration has it: "[imap work]". */
static void print_section(const struct printing *printing, const struct listener_config *listener)
{
    const char *slash = strchr(listener->name, '/');

    if (slash)
        fprintf(printing->out, "[%.*s %s]", (int)(slash - listener->name), listener->name, slash + 1);
    else
        fprintf(printing->out, "[%s]", listener->name);
}

/* A line about a listener. */
static void note(const struct printing *printing, const struct listener_config *listener, const char *text)
{
    begin_comment(printing);
    print_section(printing, listener);
    fprintf(printing->out, " %s\n", text);
}

/* Where it has a socket in the file system, too. */
static void note_socket(const struct printing *printing, const struct listener_config *listener)
{
    char path[UNIX_SOCKET_PATH_MAX], text[2 * UNIX_SOCKET_PATH_MAX], shown[2 * UNIX_SOCKET_PATH_MAX + 80];

    if (!filling_socket(listener, path))
        return;
    snprintf(shown, sizeof shown, "has a socket, too: %s", log_escape(text, sizeof text, path, strlen(path)));
    note(printing, listener, shown);
}

/* Why no port of it is known; static. */
static const char *why_no_port(const struct listener_config *listener)
{
    char path[UNIX_SOCKET_PATH_MAX];

    return listener->listen.automatic         ? "has a port of its own, which is known once `sallyport run` has started"
           : filling_socket(listener, path) ? "has no port"
                                              : "has another port each time";
}

/* Why it has no place that a program can be told, and what to do about it. */
static void note_placeless(const struct printing *printing, const struct listener_config *listener)
{
    char path[UNIX_SOCKET_PATH_MAX], shown[160];
    const uint16_t port = listener->protocol->listen_port;

    if (listener->listen.automatic) {
        note(printing, listener, why_no_port(listener));
    } else if (filling_socket(listener, path)) {
        snprintf(shown, sizeof shown, "has no port, but a socket, which %s cannot be told:",
                 printing->program->row.name);
        note(printing, listener, shown);
        begin_comment(printing);
        fprintf(printing->out, port ? "add one to its `listen`, as in localhost:%u\n" : "add one to its `listen`\n",
                port);
    } else {
        note(printing, listener, "has another port each time: its key `listen` has to say one, or auto");
    }
}

/* By which command it is reached. */
static void note_command(const struct printing *printing, const struct listener_config *listener)
{
    char path[UNIX_SOCKET_PATH_MAX], shown[160];
    const struct filling filling = {.params = printing->params, .listener = listener};

    if (listener->listen.automatic) {
        note(printing, listener, why_no_port(listener));
        begin_comment(printing);
        fputs("it needs none so: this is run in place of connecting:\n", printing->out);
    } else {
        snprintf(shown, sizeof shown, "%s: this is run in place of connecting:", why_no_port(listener));
        note(printing, listener, shown);
    }
    begin_comment(printing);
    filling_print(&filling, "  {connect}\n", printing->out);
    if (!filling_socket(listener, path) || !filling_is_unquoted(path))
        return;
    begin_comment(printing);
    fprintf(printing->out, "or, by way of the socket and `sallyport run`: socat - UNIX-CONNECT:%s\n", path);
}

/* From where it leads to where. */
static void note_way(const struct printing *printing, const struct listener_config *listener, const char *from)
{
    char target[ENDPOINT_TEXT_MAX];

    begin_comment(printing);
    print_section(printing, listener);
    fprintf(printing->out, " %s, to %s\n", from,
            listener->target.srv ? listener->target.place.host : endpoint_format(&listener->target.place, target));
}

static void note_place(const struct printing *printing, const struct listener_config *listener)
{
    char local[ENDPOINT_TEXT_MAX], path[UNIX_SOCKET_PATH_MAX];
    struct endpoint place;

    if (filling_place(listener, &place)) {
        note_way(printing, listener, endpoint_format(&place, local));
        note_socket(printing, listener);
    } else if (means_of(printing, listener, ANY_TURN) == MEANS_SOCKET && filling_socket(listener, path)) {
        note_way(printing, listener, path);
    } else {
        note_command(printing, listener);
    }
    if (is_open(listener)) {
        note(printing, listener, "has no `tls`: passwords pass the proxy unencrypted.");
        note(printing, listener, "`tls = starttls` there ends that; the lines below stay as they are.");
    }
}

static void note_misfit(const struct printing *printing, const struct listener_config *listener)
{
    begin_comment(printing);
    print_section(printing, listener);
    fprintf(printing->out, " leaves TLS to its clients, and %s cannot be told\n", printing->program->row.name);
    begin_comment(printing);
    fprintf(printing->out, "that %s's certificate is the right one there: set `tls = yes`\n",
            listener->target.place.host);
}

/* That a news reader has no use for a mail server goes without saying, unless it was asked for. */
static void note_unknown(const struct printing *printing, const struct listener_config *listener)
{
    if (!printing->params->listeners && accounts_role(listener) != 0)
        return;
    begin_comment(printing);
    print_section(printing, listener);
    fprintf(printing->out, " is nothing for %s\n", printing->program->row.name);
}

/* --- which listeners --- */

static const struct listener_config *listener_at(const struct recipe_params *params, size_t i)
{
    if (params->listeners)
        return i < params->count ? params->listeners[i] : NULL;
    return i < params->config->listener_count ? &params->config->listeners[i] : NULL;
}

/* Whether the program can use it, as far as it alone can tell; if not, the reason is said. */
static bool is_usable(const struct printing *printing, const struct listener_config *listener)
{
    unsigned role = accounts_role(listener);
    struct endpoint place;

    if (!(program_roles(printing->program) & role)) {
        note_unknown(printing, listener);
    } else if (!filling_place(listener, &place)) {
        if (means_of(printing, listener, ANY_TURN) != MEANS_NONE)
            return true;
        note_placeless(printing, listener);
    } else if (!program_can(printing->program, role, mode_of(listener), filling_can_connect(printing->params))) {
        note_misfit(printing, listener);
    } else {
        return true;
    }
    return false;
}

static void add(struct printing *printing, const struct listener_config *listener)
{
    const struct listener_config *replaced;

    if (printing->program->apart) {
        accounts_add_alone(&printing->accounts, listener);
        return;
    }
    if (!accounts_add(&printing->accounts, listener, &replaced))
        replaced = listener;
    if (replaced)
        note(printing, replaced, "is left out: submission is the better way to send");
}

/* Who has both has the same mail by both. */
static void prefer_imap(struct printing *printing)
{
    for (size_t i = 0; i < printing->accounts.count; i++) {
        struct account *account = &printing->accounts.at[i];

        if (account_listener(account, ROLE_IMAP) && account_listener(account, ROLE_POP3)) {
            note(printing, account_listener(account, ROLE_POP3), "is left out: IMAP has the same mail");
            account_drop(account, ROLE_POP3);
        }
    }
}

/* Whether an account before this one has one of the roles. */
static bool is_further(const struct printing *printing, const struct account *account, unsigned roles)
{
    for (const struct account *at = printing->accounts.at; at < account; at++)
        if (account_listener(at, roles))
            return true;
    return false;
}

/* Whether the accounts have no other listener. */
static bool is_alone(const struct printing *printing, const struct listener_config *listener)
{
    for (size_t i = 0; i < printing->accounts.count; i++)
        for (size_t k = 0; k < PROGRAM_ROLES; k++)
            if (printing->accounts.at[i].listeners[k] && printing->accounts.at[i].listeners[k] != listener)
                return false;
    return true;
}

/* Which of its kind a listener of an account is. */
static unsigned turn_of(const struct printing *printing, const struct account *account, unsigned roles)
{
    return is_further(printing, account, roles)                   ? WHEN_FURTHER
           : is_alone(printing, account_listener(account, roles)) ? WHEN_FIRST | WHEN_ALONE
                                                                  : WHEN_FIRST;
}

/* Those that cannot be reached without a port beside all others, the last first. */
static void drop_unreached(struct printing *printing)
{
    struct endpoint place;

    for (size_t i = printing->accounts.count; i-- > 0;)
        for (unsigned role = 1; role < 1u << PROGRAM_ROLES; role <<= 1) {
            struct account *account = &printing->accounts.at[i];
            const struct listener_config *listener = account_listener(account, role);

            if (listener && !filling_place(listener, &place) &&
                means_of(printing, listener, turn_of(printing, account, role)) == MEANS_NONE) {
                note_placeless(printing, listener);
                account_drop(account, role);
            }
        }
}

static void gather(struct printing *printing)
{
    for (size_t i = 0; listener_at(printing->params, i); i++)
        if (is_usable(printing, listener_at(printing->params, i)))
            add(printing, listener_at(printing->params, i));
    if (printing->program->apart)
        return;
    prefer_imap(printing);
    drop_unreached(printing);
    accounts_share_sender(&printing->accounts);
}

/* --- the pieces --- */

static void print_for(const struct printing *printing, const struct program_piece *piece,
                      const struct account *account)
{
    const struct listener_config *listener = account_listener(account, piece->roles);
    const struct filling filling = {printing->params, listener, account->name, &printing->accounts};
    struct endpoint place;

    if (listener &&
        program_piece_fits(piece, mode_of(listener) | turn_of(printing, account, piece->roles) | login_of(listener) |
                                      (filling_place(listener, &place) ? WHEN_PORT : WHEN_NO_PORT) |
                                      socket_of(listener)) &&
        (!(piece->when & WHEN_CONNECT) || filling_can_connect(printing->params)))
        filling_print(&filling, piece->text, printing->out);
}

/* From a piece with roles on: all its neighbours that have some, account by account.  Returns the last of them. */
static const struct program_piece *print_neighbours(const struct printing *printing,
                                                    const struct program_piece *first)
{
    const struct program_piece *end = first;

    while (end->text && end->roles)
        end++;
    for (size_t i = 0; i < printing->accounts.count; i++)
        for (const struct program_piece *piece = first; piece < end; piece++)
            print_for(printing, piece, &printing->accounts.at[i]);
    return end - 1;
}

static void print_pieces(const struct printing *printing)
{
    const struct filling filling = {.params = printing->params, .accounts = &printing->accounts};

    for (const struct program_piece *piece = printing->program->pieces; piece->text; piece++)
        if (piece->roles)
            piece = print_neighbours(printing, piece);
        else
            filling_print(&filling, piece->text, printing->out);
}

/* --- all of it --- */

static void print_places(const struct printing *printing)
{
    for (size_t i = 0; listener_at(printing->params, i); i++) {
        const struct listener_config *listener = listener_at(printing->params, i);

        for (size_t j = 0; j < printing->accounts.count; j++)
            if (account_has(&printing->accounts.at[j], listener)) {
                note_place(printing, listener);
                break;
            }
    }
}

static void print_person(const struct printing *printing)
{
    const struct recipe_params *params = printing->params;

    if (!program_names_person(printing->program) || (params->address && params->login))
        return;
    begin_comment(printing);
    fputs(params->address ? "the login is taken to be the address; some want what is before its @\n"
                          : FILLING_EXAMPLE " stands for your address and login\n", printing->out);
}

/* Whether the program has a use for one of the listeners, if only it could be told where that is. */
static bool is_hindered(const struct printing *printing)
{
    for (size_t i = 0; listener_at(printing->params, i); i++)
        if (program_roles(printing->program) & accounts_role(listener_at(printing->params, i)))
            return true;
    return false;
}

/* Says what would have been of use; what stands in the way has been said. */
static void note_nothing(const struct printing *printing)
{
    const unsigned roles = program_roles(printing->program);

    begin_comment(printing);
    if (is_hindered(printing)) {
        fprintf(printing->out, "so there is nothing that %s could use\n", printing->program->row.name);
        return;
    }
    fprintf(printing->out, "there is nothing that %s could use: it is for", printing->program->row.name);
    for (size_t i = 0; protocol_row(i); i++)
        if (roles & accounts_protocol_role(protocol_row(i)))
            fprintf(printing->out, " [%s]", protocol_row(i)->section);
    fputc('\n', printing->out);
}

bool recipe_print(const struct recipe_row *row, const struct recipe_params *params, FILE *out)
{
    struct printing printing = {.program = program_of(row), .params = params, .out = out};

    begin_comment(&printing);
    fprintf(out, "%s: %s\n", row->name, printing.program->place);
    gather(&printing);
    if (printing.accounts.count == 0) {
        note_nothing(&printing);
        return false;
    }
    print_places(&printing);
    print_person(&printing);
    print_pieces(&printing);
    return true;
}
