/* SPDX-License-Identifier: ISC */
#include "recipe/programs.h"

#include <string.h>

static const struct program *const parts[] = {
    reading_programs, graphical_programs, fetching_programs, sending_programs, other_programs,
};

const struct program *programs_row(size_t i)
{
    for (size_t part = 0; part < sizeof parts / sizeof parts[0]; part++)
        for (const struct program *program = parts[part]; program->row.name; program++)
            if (i-- == 0)
                return program;
    return NULL;
}

unsigned program_roles(const struct program *program)
{
    unsigned roles = 0;

    for (const struct program_piece *piece = program->pieces; piece->text; piece++)
        roles |= piece->roles;
    return roles;
}

bool program_can(const struct program *program, unsigned role, unsigned when, bool connects)
{
    for (const struct program_piece *piece = program->pieces; piece->text; piece++)
        if ((piece->roles & role) && (piece->when & when) && (connects || !(piece->when & WHEN_CONNECT)))
            return true;
    return false;
}

bool program_piece_fits(const struct program_piece *piece, unsigned when)
{
    static const unsigned pairs[] = {WHEN_PLAIN | WHEN_TLS, WHEN_FIRST | WHEN_FURTHER | WHEN_ALONE,
                                     WHEN_LOGIN | WHEN_NO_LOGIN, WHEN_PORT | WHEN_NO_PORT, WHEN_SOCKET};

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if ((piece->when & pairs[i]) && !(piece->when & pairs[i] & when))
            return false;
    return true;
}

enum program_means program_means(const struct program *program, unsigned role, unsigned when, bool connects)
{
    for (const struct program_piece *piece = program->pieces; piece->text; piece++) {
        if (!(piece->roles & role) || !program_piece_fits(piece, when | WHEN_NO_PORT))
            continue;
        if (piece->when & WHEN_SOCKET)
            return MEANS_SOCKET;
        if ((piece->when & WHEN_CONNECT) && connects)
            return MEANS_COMMAND;
    }
    return MEANS_NONE;
}

bool program_names_person(const struct program *program)
{
    static const char *const words[] = {"{address}", "{login}", "{urllogin}"};

    for (const struct program_piece *piece = program->pieces; piece->text; piece++)
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (strstr(piece->text, words[i]))
                return true;
    return false;
}
