/* SPDX-License-Identifier: ISC */
#include "http/frame_flood.h"

#include <string.h>

#include "../unit.h"

static struct frame_flood flood;

static void set_up(void)
{
    flood = (struct frame_flood){0};
}

static void note(unsigned times, enum frame_flood_kind kind, uint64_t now)
{
    for (unsigned i = 0; i < times; i++)
        ck_assert_ptr_null(frame_flood_note(&flood, kind, now));
}

START_TEST(a_thousand_are_fine_and_one_more_is_a_flood)
{
    static const struct {
        enum frame_flood_kind kind;
        const char *word;
    } kinds[] = {
        {FLOOD_EMPTY_DATA, "empty DATA"}, {FLOOD_PING, "PING"}, {FLOOD_SETTINGS, "SETTINGS"},
        {FLOOD_CONTINUATION, "CONTINUATION"}, {FLOOD_OTHER, "move nothing"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *why;

        set_up();
        note(FRAME_FLOOD_MAX, kinds[i].kind, 5);
        why = frame_flood_note(&flood, kinds[i].kind, 5 + FRAME_FLOOD_SPAN_MS);
        ck_assert_ptr_nonnull(why);
        ck_assert_ptr_nonnull(strstr(why, kinds[i].word));
    }
}
END_TEST

START_TEST(kinds_are_counted_together)
{
    note(FRAME_FLOOD_MAX / 2, FLOOD_PING, 5);
    note(FRAME_FLOOD_MAX / 2, FLOOD_SETTINGS, 5);
    ck_assert_ptr_nonnull(frame_flood_note(&flood, FLOOD_EMPTY_DATA, 6));
}
END_TEST

START_TEST(a_byte_moved_begins_anew)
{
    note(FRAME_FLOOD_MAX, FLOOD_PING, 5);
    frame_flood_moved(&flood);
    note(FRAME_FLOOD_MAX, FLOOD_PING, 6);
    ck_assert_ptr_nonnull(frame_flood_note(&flood, FLOOD_PING, 6));
}
END_TEST

START_TEST(so_does_time)
{
    note(FRAME_FLOOD_MAX, FLOOD_PING, 5);
    note(FRAME_FLOOD_MAX, FLOOD_PING, 6 + FRAME_FLOOD_SPAN_MS);
    ck_assert_ptr_nonnull(frame_flood_note(&flood, FLOOD_PING, 6 + FRAME_FLOOD_SPAN_MS));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("frame_flood");

    tcase_add_checked_fixture(cases, set_up, NULL);
    tcase_add_test(cases, a_thousand_are_fine_and_one_more_is_a_flood);
    tcase_add_test(cases, kinds_are_counted_together);
    tcase_add_test(cases, a_byte_moved_begins_anew);
    tcase_add_test(cases, so_does_time);
    return unit_run();
}
