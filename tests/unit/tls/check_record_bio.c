/* SPDX-License-Identifier: ISC */
#include "tls/record_bio.h"

#include <errno.h>
#include <openssl/bio.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

/* --- the memory of the house passes through here (-Wl,--wrap=malloc) --- */

#define LARGE 65536 /* bytes: nothing but a batch is as large */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static bool no_memory;     /* for a batch */
static unsigned allocated; /* batches */

void *__wrap_malloc(size_t size)
{
    if (size < LARGE)
        return __real_malloc(size);
    allocated++;
    return no_memory ? NULL : __real_malloc(size);
}

/* --- records over a connection whose other end is the test --- */

#define RECORD 16896          /* bytes of the largest: RFC 5246 section 6.2.3 with its header */
#define CLOSING 256           /* kept free for close_notify */
#define BATCH (4 * RECORD + 1024)

struct scene {
    struct wire *wire;
    struct record_bio records;
    BIO *bio;
};

static char much[2 * BATCH]; /* each byte tells its place */

static void begin(struct scene *scene)
{
    for (size_t i = 0; i < sizeof much; i++)
        much[i] = (char)(i * 2654435761u >> 13);
    stage_set_up();
    memset(scene, 0, sizeof *scene);
    scene->wire = stage_new_wire();
    scene->records.below = &scene->wire->near;
    scene->records.budget = SIZE_MAX;
    scene->bio = record_bio_new(&scene->records);
    ck_assert_ptr_nonnull(scene->bio);
}

static void end(struct scene *scene)
{
    BIO_free(scene->bio);
    record_bio_release(&scene->records);
    ck_assert_ptr_null(scene->records.out);
    transport_close(&scene->wire->near);
    stage_tear_down();
}

static void check_heard(const struct scene *scene, const char *bytes, size_t length)
{
    ck_assert_uint_eq(scene->wire->heard_length, length);
    ck_assert_int_eq(memcmp(scene->wire->heard, bytes, length), 0);
}

/* A write that takes nothing now. */
static void check_stuck(struct scene *scene)
{
    ck_assert_int_eq(BIO_write(scene->bio, "x", 1), -1);
    ck_assert(BIO_should_retry(scene->bio) && BIO_should_write(scene->bio) && !BIO_should_read(scene->bio));
}

/* --- down --- */

START_TEST(records_are_gathered_until_they_are_flushed)
{
    struct scene scene;

    begin(&scene);
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0); /* of nothing */
    ck_assert_int_eq(BIO_write(scene.bio, "one ", 4), 4);
    ck_assert_int_eq(BIO_write(scene.bio, "two ", 4), 4);
    ck_assert_int_eq(BIO_flush(scene.bio), 1); /* OpenSSL's wish is not the stream's */
    ck_assert_int_eq(BIO_write(scene.bio, "three", 5), 5);
    ck_assert_uint_eq(scene.wire->heard_length, 0);
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    ck_assert_str_eq(scene.wire->heard, "one two three");
    ck_assert_ptr_null(scene.records.out);
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    ck_assert_str_eq(scene.wire->heard, "one two three");
    end(&scene);
}
END_TEST

START_TEST(a_flush_goes_on_where_there_was_no_room)
{
    struct scene scene;
    size_t said = 0;

    begin(&scene);
    scene.wire->room = 0;
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_int_eq(BIO_write(scene.bio, much + said, 100), 100); /* on top of what is left */
        said += 100;
        ck_assert_int_eq((int)record_bio_flush(&scene.records), TRANSPORT_AGAIN);
        ck_assert_ptr_nonnull(scene.records.out);
        wire_give_room(scene.wire, 33);
        ck_assert_int_eq((int)record_bio_flush(&scene.records), TRANSPORT_AGAIN);
        check_heard(&scene, much, 33 * (i + 1));
    }
    wire_give_room(scene.wire, said - 330);
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    check_heard(&scene, much, said);
    end(&scene);
}
END_TEST

/* The promise of has_room is kept at its very edge. */
START_TEST(a_record_fits_where_there_is_said_to_be_room)
{
    const size_t edge = BATCH - RECORD - CLOSING;
    struct scene scene;

    begin(&scene);
    scene.wire->room = 0;
    ck_assert(record_bio_has_room(&scene.records));
    ck_assert_int_eq(BIO_write(scene.bio, much, (int)edge), (int)edge);
    ck_assert(record_bio_has_room(&scene.records));
    ck_assert_int_eq(BIO_write(scene.bio, much + edge, RECORD), RECORD);
    ck_assert(!record_bio_has_room(&scene.records));
    check_stuck(&scene);
    wire_give_room(scene.wire, SIZE_MAX);
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    check_heard(&scene, much, edge + RECORD);
    ck_assert(record_bio_has_room(&scene.records));
    ck_assert_int_eq(BIO_write(scene.bio, much, (int)edge + 1), (int)edge + 1);
    ck_assert(!record_bio_has_room(&scene.records)); /* a byte more, and none would fit */
    end(&scene);
}
END_TEST

/* It flushes by itself; what does not go down now keeps the writer waiting. */
START_TEST(a_full_batch_goes_down_first)
{
    struct scene scene;

    begin(&scene);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(BIO_write(scene.bio, much + i * RECORD, RECORD), RECORD);
    ck_assert_uint_eq(scene.wire->heard_length, 0);
    scene.wire->room = 1000;
    ck_assert_int_eq(BIO_write(scene.bio, much + 4 * RECORD, RECORD), -1);
    ck_assert(BIO_should_retry(scene.bio) && BIO_should_write(scene.bio));
    check_heard(&scene, much, 1000);
    wire_give_room(scene.wire, 4 * RECORD - 1000);
    ck_assert_int_eq(BIO_write(scene.bio, much + 4 * RECORD, RECORD), RECORD);
    ck_assert(!BIO_should_retry(scene.bio));
    check_heard(&scene, much, 4 * RECORD);
    wire_give_room(scene.wire, SIZE_MAX);
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    check_heard(&scene, much, 5 * RECORD);
    end(&scene);
}
END_TEST

START_TEST(a_flight_longer_than_a_batch_goes_in_parts)
{
    struct scene scene;
    int taken;

    begin(&scene);
    taken = BIO_write(scene.bio, much, sizeof much);
    ck_assert_int_eq(taken, BATCH - CLOSING);
    taken += BIO_write(scene.bio, much + taken, (int)sizeof much - taken);
    check_heard(&scene, much, BATCH - CLOSING);
    taken += BIO_write(scene.bio, much + taken, (int)sizeof much - taken);
    ck_assert_int_eq(taken, sizeof much);
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    check_heard(&scene, much, sizeof much);
    end(&scene);
}
END_TEST

START_TEST(close_notify_fits_on_top_of_a_full_batch)
{
    struct scene scene;

    begin(&scene);
    scene.wire->room = 0;
    ck_assert_int_eq(BIO_write(scene.bio, much, BATCH), BATCH - CLOSING);
    check_stuck(&scene);
    scene.records.closing = true;
    ck_assert_int_eq(BIO_write(scene.bio, much + BATCH - CLOSING, CLOSING), CLOSING);
    check_stuck(&scene); /* that was all */
    wire_give_room(scene.wire, SIZE_MAX);
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    check_heard(&scene, much, BATCH);
    end(&scene);
}
END_TEST

START_TEST(nothing_follows_close_notify)
{
    struct scene scene;

    begin(&scene);
    ck_assert_int_eq(BIO_write(scene.bio, "close_notify", 12), 12);
    scene.records.closed = true;
    ck_assert_int_eq(BIO_write(scene.bio, "key update", 10), 10); /* so it seems */
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    ck_assert_str_eq(scene.wire->heard, "close_notify");
    ck_assert_int_eq(BIO_write(scene.bio, "key update", 10), 10);
    ck_assert_ptr_null(scene.records.out);
    end(&scene);
}
END_TEST

START_TEST(what_is_on_its_way_is_dropped)
{
    struct scene scene;

    begin(&scene);
    ck_assert_int_eq(BIO_write(scene.bio, "nobody hears this", 17), 17);
    record_bio_release(&scene.records);
    ck_assert_ptr_null(scene.records.out);
    record_bio_release(&scene.records);
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    ck_assert_uint_eq(scene.wire->heard_length, 0);
    end(&scene);
}
END_TEST

/* --- up --- */

START_TEST(what_comes_is_read_in_every_piecing)
{
    char bytes[100];

    for (size_t piece = 1; piece <= 30; piece++) {
        struct scene scene;
        size_t at = 0;

        begin(&scene);
        ck_assert_int_eq(BIO_read(scene.bio, bytes, sizeof bytes), -1);
        ck_assert(BIO_should_retry(scene.bio) && BIO_should_read(scene.bio) && !BIO_should_write(scene.bio));
        scene.wire->piece = piece;
        wire_say(scene.wire, "HTTP/1.1 400 Bad Request\r\n\r\n");
        for (int got; at < 28; at += (size_t)got) {
            size_t most = at == 0 && piece > 5 ? 5 : piece; /* the head of a record first: the rest may be no TLS */

            got = BIO_read(scene.bio, bytes + at, (int)(sizeof bytes - at));
            ck_assert_int_eq(got, (int)(28 - at < most ? 28 - at : most));
            ck_assert(!BIO_should_retry(scene.bio));
        }
        ck_assert_int_eq(memcmp(bytes, "HTTP/1.1 400 Bad Request\r\n\r\n", 28), 0);
        ck_assert_uint_eq(scene.records.budget, SIZE_MAX - 28);
        ck_assert_uint_eq(scene.records.first_length, 28);
        ck_assert_int_eq(memcmp(scene.records.first, bytes, 28), 0);
        end(&scene);
    }
}
END_TEST

START_TEST(the_first_bytes_are_kept_and_no_more)
{
    char bytes[sizeof much];

    for (size_t piece = 1; piece <= 100; piece += 9) {
        struct scene scene;
        size_t at = 0;

        begin(&scene);
        scene.wire->piece = piece;
        wire_say_bytes(scene.wire, much, 300);
        while (at < 300) {
            int got = BIO_read(scene.bio, bytes, sizeof bytes);

            ck_assert_int_gt(got, 0);
            at += (size_t)got;
            ck_assert_uint_eq(scene.records.first_length, at < RECORD_BIO_FIRST_BYTES ? at : RECORD_BIO_FIRST_BYTES);
        }
        ck_assert_int_eq(memcmp(scene.records.first, much, RECORD_BIO_FIRST_BYTES), 0);
        end(&scene);
    }
}
END_TEST

/* No more is taken from below than that. */
START_TEST(the_budget_is_kept)
{
    struct scene scene;
    char bytes[100];

    begin(&scene);
    scene.records.budget = 12;
    wire_say_bytes(scene.wire, much, 100);
    ck_assert_int_eq(BIO_read(scene.bio, bytes, 5), 5);
    ck_assert_uint_eq(scene.records.budget, 7);
    ck_assert_int_eq(BIO_read(scene.bio, bytes + 5, 95), 7);
    ck_assert_uint_eq(scene.records.budget, 0);
    ck_assert_int_eq(BIO_read(scene.bio, bytes + 12, 88), -1);
    ck_assert(BIO_should_retry(scene.bio) && BIO_should_read(scene.bio));
    ck_assert_uint_eq(scene.wire->said_at, 12);
    scene.records.budget = 88;
    ck_assert_int_eq(BIO_read(scene.bio, bytes + 12, 88), 88);
    ck_assert_int_eq(memcmp(bytes, much, 100), 0);
    end(&scene);
}
END_TEST

START_TEST(a_cut_is_noted_and_not_fatal_to_openssl)
{
    struct scene scene;
    char bytes[100];

    begin(&scene);
    wire_say(scene.wire, "bye");
    wire_end(scene.wire);
    ck_assert_int_eq(BIO_read(scene.bio, bytes, sizeof bytes), 3);
    ck_assert_int_eq(scene.records.cut, false);
    ck_assert_int_eq(BIO_read(scene.bio, bytes, sizeof bytes), 0);
    ck_assert(!BIO_should_retry(scene.bio));
    ck_assert_int_eq(scene.records.cut, true);
    ck_assert_int_eq(scene.records.broken, false);
    ck_assert_int_eq(BIO_eof(scene.bio), 0);
    ck_assert_int_eq(BIO_write(scene.bio, "answer", 6), 6); /* the other direction goes on */
    ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
    ck_assert_str_eq(scene.wire->heard, "answer");
    end(&scene);
}
END_TEST

/* --- when below breaks --- */

static void check_broken(struct scene *scene, int error, const char *why)
{
    size_t at = scene->wire->said_at;
    char byte;

    ck_assert_int_eq(scene->records.broken, true);
    ck_assert_int_eq(scene->records.error, error);
    ck_assert_ptr_eq(scene->records.why, why);
    scene->wire->broken = 0; /* nobody asks it again */
    ck_assert_int_eq(BIO_write(scene->bio, "x", 1), -1);
    ck_assert(!BIO_should_retry(scene->bio));
    ck_assert_int_eq(BIO_read(scene->bio, &byte, 1), -1);
    ck_assert(!BIO_should_retry(scene->bio));
    ck_assert_uint_eq(scene->wire->said_at, at);
    ck_assert_int_eq((int)record_bio_flush(&scene->records), TRANSPORT_ERROR);
    ck_assert_int_eq(scene->records.cut, false);
}

START_TEST(what_broke_below_is_kept)
{
    static const char why[] = "the lights went out";
    struct scene scene;
    char byte;

    begin(&scene);
    wire_say(scene.wire, "unread");
    scene.wire->near.why = _i % 2 ? why : NULL;
    scene.wire->broken = ECONNRESET;
    switch (_i / 2) {
    case 0: /* while it is read */
        ck_assert_int_eq(BIO_read(scene.bio, &byte, 1), -1);
        ck_assert(!BIO_should_retry(scene.bio));
        break;
    case 1: /* while it is flushed */
        ck_assert_int_eq(BIO_write(scene.bio, "x", 1), 1);
        ck_assert_int_eq((int)record_bio_flush(&scene.records), TRANSPORT_ERROR);
        break;
    default: /* while a writer wants room */
        ck_assert_int_eq(BIO_write(scene.bio, much, BATCH), BATCH - CLOSING);
        ck_assert_int_eq(BIO_write(scene.bio, much, 1), -1);
        ck_assert(!BIO_should_retry(scene.bio));
    }
    check_broken(&scene, ECONNRESET, _i % 2 ? why : NULL);
    end(&scene);
}
END_TEST

/* --- memory --- */

START_TEST(without_memory_it_is_broken)
{
    struct scene scene;

    begin(&scene);
    no_memory = true;
    ck_assert_int_eq(BIO_write(scene.bio, "x", 1), -1);
    no_memory = false;
    ck_assert(!BIO_should_retry(scene.bio));
    ck_assert_ptr_null(scene.records.out);
    check_broken(&scene, ENOMEM, NULL);
    end(&scene);
}
END_TEST

/* An idle stream owns no batch, and one after the other uses the same. */
START_TEST(one_batch_is_kept_for_the_next_burst)
{
    struct record_bio records = {0};
    struct scene scene;
    BIO *bio;

    begin(&scene);
    records.below = &scene.wire->near;
    bio = record_bio_new(&records);
    allocated = 0;
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(BIO_write(i % 2 ? bio : scene.bio, "x", 1), 1);
        ck_assert_int_eq((int)record_bio_flush(i % 2 ? &records : &scene.records), 0);
        ck_assert_uint_eq(allocated, 1);
    }
    for (unsigned i = 0; i < 10; i++) { /* two at a time need two */
        ck_assert_int_eq(BIO_write(scene.bio, "x", 1), 1);
        ck_assert_int_eq(BIO_write(bio, "x", 1), 1);
        ck_assert_ptr_ne(scene.records.out, records.out);
        ck_assert_int_eq((int)record_bio_flush(&scene.records), 0);
        ck_assert_int_eq((int)record_bio_flush(&records), 0);
        ck_assert_uint_eq(allocated, 2 + i);
    }
    ck_assert_uint_eq(scene.wire->heard_length, 120);
    BIO_free(bio);
    end(&scene);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("record_bio");

    /* before any other has left its batch behind, where all run in one process */
    tcase_add_test(cases, without_memory_it_is_broken);
    tcase_add_test(cases, one_batch_is_kept_for_the_next_burst);
    tcase_add_test(cases, records_are_gathered_until_they_are_flushed);
    tcase_add_test(cases, a_flush_goes_on_where_there_was_no_room);
    tcase_add_test(cases, a_record_fits_where_there_is_said_to_be_room);
    tcase_add_test(cases, a_full_batch_goes_down_first);
    tcase_add_test(cases, a_flight_longer_than_a_batch_goes_in_parts);
    tcase_add_test(cases, close_notify_fits_on_top_of_a_full_batch);
    tcase_add_test(cases, nothing_follows_close_notify);
    tcase_add_test(cases, what_is_on_its_way_is_dropped);
    tcase_add_test(cases, what_comes_is_read_in_every_piecing);
    tcase_add_test(cases, the_first_bytes_are_kept_and_no_more);
    tcase_add_test(cases, the_budget_is_kept);
    tcase_add_test(cases, a_cut_is_noted_and_not_fatal_to_openssl);
    tcase_add_loop_test(cases, what_broke_below_is_kept, 0, 6);
    return unit_run();
}
