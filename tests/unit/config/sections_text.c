/* SPDX-License-Identifier: ISC */
#include "sections_text.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

void sections_text_read(struct ini_sections *sections, const char *text, size_t file, struct diagnostics *complaints)
{
    FILE *stream = fmemopen((char *)(uintptr_t)text, strlen(text), "r");

    ck_assert_ptr_nonnull(stream);
    ini_sections_init(sections);
    ini_sections_read(sections, stream, file, complaints);
    fclose(stream);
}

const char *sections_text_of(const struct ini_sections *sections)
{
    static char out[4096];
    size_t length = 0, count = 0;

    out[0] = '\0';
    for (const struct ini_section *at = sections->first; at; at = at->next) {
        size_t keys = 0;

        count++;
        length += (size_t)snprintf(out + length, sizeof out - length, "%zu:%d %s\n", sources_file(at->where),
                                   sources_line(at->where), at->header);
        for (const struct ini_key *key = at->first; key; key = key->next, keys++)
            length += (size_t)snprintf(out + length, sizeof out - length, "%zu:%d %s%s%s\n", sources_file(key->where),
                                       sources_line(key->where), key->continues ? "" : key->key,
                                       key->continues ? "+" : "=", key->value);
        ck_assert_uint_lt(length, sizeof out);
        ck_assert_uint_eq(at->count, keys);
        ck_assert_ptr_null(*at->end);
    }
    ck_assert_uint_eq(sections->count, count);
    ck_assert_ptr_null(*sections->end);
    return out;
}
