/* SPDX-License-Identifier: ISC */
#include "http/held_secrets.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/secrets.h"

static const char *withheld(const char *text)
{
    static char out[200];

    snprintf(out, sizeof out, "%s", text);
    secrets_withhold(out);
    return out;
}

/* All behind the scheme's name, of Digest the proof alone; until they are released. */
START_TEST(credentials_are_withheld_while_they_are_held)
{
    static const struct {
        const char *credentials, *text, *seen;
    } rows[] = {
        {"Basic c2VjcmV0", "you said Basic c2VjcmV0", "you said Basic ********"},
        {"Digest username=\"somebody\", response=\"0123456789abcdef\", nc=00000001",
         "username=\"somebody\", response=\"0123456789abcdef\", nc=00000001",
         "username=\"somebody\", response=\"****************\", nc=00000001"},
        {"lonely-word", "lonely-word", "lonely-word"},
        {NULL, "nothing at all", "nothing at all"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned origin = 0; origin < 2; origin++) {
            const struct connect_request request = {.credentials = origin ? NULL : rows[i].credentials,
                                                    .origin_credentials = origin ? rows[i].credentials : NULL};
            struct held_secrets held = {0};

            ck_assert(held_secrets_take(&held, &request));
            ck_assert_str_eq(withheld(rows[i].text), rows[i].seen);
            held_secrets_release(&held);
            held_secrets_release(&held);
            ck_assert_str_eq(withheld(rows[i].text), rows[i].text);
        }
}
END_TEST

START_TEST(both_logins_of_a_request_are_held)
{
    const struct connect_request request = {.credentials = "Basic Zmlyc3Q6Zmlyc3Q=",
                                            .origin_credentials = "Basic c2Vjb25kOnNlY29uZA=="};
    struct held_secrets held = {0};

    ck_assert(held_secrets_take(&held, &request));
    ck_assert_str_eq(withheld("Zmlyc3Q6Zmlyc3Q= c2Vjb25kOnNlY29uZA=="), "**************** ********************");
    held_secrets_release(&held);
    ck_assert_str_eq(withheld("Zmlyc3Q6Zmlyc3Q="), "Zmlyc3Q6Zmlyc3Q=");
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("held secrets");

    tcase_add_test(cases, credentials_are_withheld_while_they_are_held);
    tcase_add_test(cases, both_logins_of_a_request_are_held);
    return unit_run();
}
