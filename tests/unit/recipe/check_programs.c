/* SPDX-License-Identifier: ISC */
#include "recipe/programs.h"

#include <ctype.h>
#include <string.h>

#include "../unit.h"

static const char *const words[] = {"host", "port", "place", "urlhost", "target", "targetport", "address", "local",
                                    "domain", "login", "urllogin", "accounts", "account", "listener", "name",
                                    "connect", "socket"};

static const struct program *program_named(const char *name)
{
    for (size_t i = 0; programs_row(i); i++)
        if (strcmp(programs_row(i)->row.name, name) == 0)
            return programs_row(i);
    ck_abort_msg("no %s", name);
    return NULL;
}

START_TEST(names_are_different_and_typed_with_ease)
{
    size_t count = 0;

    for (; programs_row(count); count++) {
        const char *name = programs_row(count)->row.name;

        for (const char *at = name; *at; at++)
            ck_assert_msg(islower((unsigned char)*at) || *at == '-', "%s", name);
        for (size_t i = 0; i < count; i++)
            ck_assert_str_ne(programs_row(i)->row.name, name);
    }
    ck_assert_uint_eq(count, 20);
    ck_assert_ptr_null(programs_row(count + 1));
}
END_TEST

static bool is_word(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == length && strncmp(text, words[i], length) == 0)
            return true;
    return false;
}

/* A misspelled word would be printed as it is: all small letters between braces have to be one. */
static void look_at_words(const struct program *program, const struct program_piece *piece)
{
    for (const char *at = piece->text; (at = strchr(at, '{')); at++) {
        size_t length = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz");

        if (length > 0 && at[length + 1] == '}')
            ck_assert_msg(is_word(at + 1, length), "%s: %.*s", program->row.name, (int)length + 2, at);
    }
}

START_TEST(each_row_is_complete)
{
    for (size_t i = 0; programs_row(i); i++) {
        const struct program *program = programs_row(i);
        unsigned roles = program_roles(program);

        ck_assert_ptr_nonnull(program->row.title);
        ck_assert(program->comment[strlen(program->comment) - 1] == ' ');
        ck_assert_ptr_nonnull(program->place);
        ck_assert_uint_ne(roles, 0);
        for (unsigned role = 1; role < 1u << PROGRAM_ROLES; role <<= 1)
            if (roles & role)
                ck_assert_msg(program_can(program, role, WHEN_PLAIN, false), "%s, role %u", program->row.name, role);
        for (const struct program_piece *piece = program->pieces; piece->text; piece++) {
            ck_assert_msg(piece->text[strlen(piece->text) - 1] == '\n', "%s: %s", program->row.name, piece->text);
            look_at_words(program, piece);
        }
    }
}
END_TEST

/* A piece that names the command, or the socket, must not be printed where that cannot be. */
START_TEST(the_command_is_only_where_it_can_be)
{
    for (size_t i = 0; programs_row(i); i++)
        for (const struct program_piece *piece = programs_row(i)->pieces; piece->text; piece++) {
            if (strstr(piece->text, "{connect}"))
                ck_assert_msg(piece->when & WHEN_CONNECT, "%s: %s", programs_row(i)->row.name, piece->text);
            if (strstr(piece->text, "{socket}"))
                ck_assert_msg(piece->when & WHEN_SOCKET, "%s: %s", programs_row(i)->row.name, piece->text);
        }
}
END_TEST

/* Without a port there is no place to name. */
START_TEST(without_a_port_there_is_no_place)
{
    static const char *const places[] = {"{host}", "{port}", "{place}", "{urlhost}"};

    for (size_t i = 0; programs_row(i); i++)
        for (const struct program_piece *piece = programs_row(i)->pieces; piece->text; piece++)
            for (size_t k = 0; k < sizeof places / sizeof places[0] && piece->when & WHEN_NO_PORT; k++)
                ck_assert_ptr_null(strstr(piece->text, places[k]));
}
END_TEST

START_TEST(by_what_it_is_reached_without_a_port)
{
    static const struct {
        const char *program;
        unsigned role, when; /* beside WHEN_LOGIN */
        bool connects;
        enum program_means means;
    } cases[] = {
        {"mutt", ROLE_IMAP, WHEN_PLAIN | WHEN_FIRST | WHEN_ALONE, true, MEANS_COMMAND},
        {"mutt", ROLE_IMAP, WHEN_PLAIN | WHEN_FIRST | WHEN_ALONE, false, MEANS_NONE},
        {"mutt", ROLE_IMAP, WHEN_PLAIN | WHEN_FIRST, true, MEANS_NONE},
        {"mutt", ROLE_IMAP, WHEN_PLAIN | WHEN_FURTHER, true, MEANS_NONE},
        {"mutt", ROLE_POP3, WHEN_PLAIN | WHEN_FIRST, true, MEANS_NONE},
        {"mbsync", ROLE_IMAP, WHEN_TLS | WHEN_FURTHER, true, MEANS_COMMAND},
        {"mbsync", ROLE_IMAP, WHEN_PLAIN | WHEN_FIRST | WHEN_SOCKET, true, MEANS_COMMAND},
        {"evolution", ROLE_IMAP, WHEN_TLS | WHEN_FIRST, true, MEANS_NONE},
        {"msmtp", ROLE_SEND, WHEN_PLAIN | WHEN_FIRST | WHEN_SOCKET, false, MEANS_SOCKET},
        {"msmtp", ROLE_SEND, WHEN_TLS | WHEN_FIRST | WHEN_SOCKET, true, MEANS_SOCKET},
        {"msmtp", ROLE_SEND, WHEN_PLAIN | WHEN_FIRST, true, MEANS_NONE},
        {"curl", ROLE_POP3, WHEN_PLAIN | WHEN_FURTHER | WHEN_SOCKET, false, MEANS_SOCKET},
        {"curl", ROLE_NEWS, WHEN_PLAIN | WHEN_FIRST | WHEN_SOCKET, true, MEANS_NONE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(program_means(program_named(cases[i].program), cases[i].role, cases[i].when | WHEN_LOGIN,
                                    cases[i].connects) == cases[i].means, "%s, case %zu", cases[i].program, i);
}
END_TEST

START_TEST(a_piece_fits_what_it_asks_for)
{
    const struct program_piece any = {0, WHEN_CONNECT, ""}, some = {0, WHEN_PLAIN | WHEN_NO_PORT, ""};
    const struct program_piece path = {0, WHEN_SOCKET, ""};

    ck_assert(program_piece_fits(&any, WHEN_PLAIN | WHEN_FIRST | WHEN_LOGIN | WHEN_PORT));
    ck_assert(program_piece_fits(&some, WHEN_PLAIN | WHEN_FURTHER | WHEN_LOGIN | WHEN_NO_PORT));
    ck_assert(!program_piece_fits(&some, WHEN_PLAIN | WHEN_FURTHER | WHEN_LOGIN | WHEN_PORT));
    ck_assert(!program_piece_fits(&some, WHEN_TLS | WHEN_FURTHER | WHEN_LOGIN | WHEN_NO_PORT));
    ck_assert(program_piece_fits(&path, WHEN_PLAIN | WHEN_FIRST | WHEN_LOGIN | WHEN_NO_PORT | WHEN_SOCKET));
    ck_assert(!program_piece_fits(&path, WHEN_PLAIN | WHEN_FIRST | WHEN_LOGIN | WHEN_NO_PORT));
}
END_TEST

/* A piece for once has no listener. */
START_TEST(what_is_printed_once_is_about_nobody)
{
    for (size_t i = 0; programs_row(i); i++)
        for (const struct program_piece *piece = programs_row(i)->pieces; piece->text; piece++)
            if (piece->roles == 0) {
                ck_assert_uint_eq(piece->when, 0);
                ck_assert_ptr_null(strstr(piece->text, "{host}"));
                ck_assert_ptr_null(strstr(piece->text, "{port}"));
                ck_assert_ptr_null(strstr(piece->text, "{place}"));
                ck_assert_ptr_null(strstr(piece->text, "{account}"));
            }
}
END_TEST

START_TEST(who_can_do_tls_by_a_name)
{
    ck_assert(program_can(program_named("msmtp"), ROLE_SEND, WHEN_TLS, false));
    ck_assert(program_can(program_named("curl"), ROLE_IMAP, WHEN_TLS, false));
    ck_assert(program_can(program_named("mbsync"), ROLE_IMAP, WHEN_TLS, true));
    ck_assert(!program_can(program_named("mbsync"), ROLE_IMAP, WHEN_TLS, false)); /* only by the command */
    ck_assert(!program_can(program_named("mutt"), ROLE_IMAP, WHEN_TLS, true));
    ck_assert(!program_can(program_named("msmtp"), ROLE_IMAP, WHEN_PLAIN, true));
}
END_TEST

START_TEST(who_names_the_person)
{
    ck_assert(program_names_person(program_named("mutt")));
    ck_assert(!program_names_person(program_named("tin")));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("programs");

    tcase_add_test(cases, names_are_different_and_typed_with_ease);
    tcase_add_test(cases, each_row_is_complete);
    tcase_add_test(cases, the_command_is_only_where_it_can_be);
    tcase_add_test(cases, without_a_port_there_is_no_place);
    tcase_add_test(cases, by_what_it_is_reached_without_a_port);
    tcase_add_test(cases, a_piece_fits_what_it_asks_for);
    tcase_add_test(cases, what_is_printed_once_is_about_nobody);
    tcase_add_test(cases, who_can_do_tls_by_a_name);
    tcase_add_test(cases, who_names_the_person);
    return unit_run();
}
