/* SPDX-License-Identifier: ISC */
#include "auth/curl_bridge.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "../stage.h"
#include "../unit.h"

/* --- the memory of the house passes through here (-Wl,--wrap=...): it can run out, and what is given back is looked
 * at --- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *block);

#define LARGE 5000 /* bytes: Check and the stage have no such blocks */

static const char secret[] = "user and password, as the greeting has them";
static bool no_memory; /* for large blocks */
static bool watching;
static unsigned big_blocks, dirty_blocks; /* given back while it was watched */

void *__wrap_malloc(size_t size)
{
    return no_memory && size >= LARGE ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return no_memory && count * size >= LARGE ? NULL : __real_calloc(count, size);
}

void __wrap_free(void *block)
{
    if (watching && block && malloc_usable_size(block) >= 2 * CURL_BRIDGE_BUFFER) {
        big_blocks++;
        dirty_blocks += memmem(block, malloc_usable_size(block), secret, sizeof secret - 1) != NULL;
    }
    __real_free(block);
}

/* --- a bridge between two connections whose other ends are the test --- */

struct scene {
    struct wire *near, *far;
    struct curl_bridge *bridge;
};

static void make_wires(struct scene *scene)
{
    *scene = (struct scene){.near = stage_new_wire(), .far = stage_new_wire()};
}

static void start(struct scene *scene)
{
    scene->bridge = curl_bridge_start(&scene->near->near, &scene->far->near);
    ck_assert_ptr_nonnull(scene->bridge);
    stage_settle();
}

static void begin(struct scene *scene)
{
    make_wires(scene);
    start(scene);
    ck_assert_int_eq(curl_bridge_state(scene->bridge), CURL_BRIDGE_OPEN);
}

/* Takes it down; whether far is reset and not closed. */
static void end(struct scene *scene, bool reset)
{
    curl_bridge_end(scene->bridge);
    ck_assert_int_eq(scene->near->closed, true);
    ck_assert_int_eq(scene->far->reset, reset);
    ck_assert_int_eq(scene->far->closed, !reset);
    stage_settle();
}

static void check_heard(const struct wire *wire, const char *bytes, size_t length)
{
    ck_assert_uint_eq(wire->heard_length, length);
    ck_assert_int_eq(memcmp(wire->heard, bytes, length), 0);
}

/* More than both buffers hold, each byte telling its place. */
static char much[5 * CURL_BRIDGE_BUFFER + 7];

static void make_much(void)
{
    for (size_t i = 0; i < sizeof much; i++)
        much[i] = (char)(i * 2654435761u >> 13);
}

/* --- bytes --- */

START_TEST(bytes_go_both_ways)
{
    struct scene scene;

    stage_set_up();
    begin(&scene);
    ck_assert_uint_eq(scene.near->heard_length + scene.far->heard_length, 0);
    wire_say_bytes(scene.near, "\x05\x01\x00", 3);
    check_heard(scene.far, "\x05\x01\x00", 3);
    wire_say_bytes(scene.far, "\x05\x00", 2);
    check_heard(scene.near, "\x05\x00", 2);
    wire_say(scene.near, "more");
    check_heard(scene.far, "\x05\x01\x00more", 7);
    ck_assert(!scene.near->shut && !scene.far->shut);
    end(&scene, false);
    stage_tear_down();
}
END_TEST

/* Neither gets an edge for what was there before. */
START_TEST(what_was_said_before_the_start_is_moved)
{
    struct scene scene;

    stage_set_up();
    make_wires(&scene);
    wire_say(scene.near, "hello");
    wire_say(scene.far, "welcome");
    wire_end(scene.far);
    scene.bridge = curl_bridge_start(&scene.near->near, &scene.far->near);
    ck_assert_ptr_nonnull(scene.bridge);
    ck_assert_str_eq(scene.far->heard, "hello"); /* within the call */
    ck_assert_str_eq(scene.near->heard, "welcome");
    ck_assert(scene.near->shut);
    ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_ENDED);
    end(&scene, false);
    stage_tear_down();
}
END_TEST

static const size_t sizes[] = {1, 2, 7, 1000, CURL_BRIDGE_BUFFER - 1, CURL_BRIDGE_BUFFER, CURL_BRIDGE_BUFFER + 1};

/* All that from says comes to to, which takes it in small rooms, and then the end. */
static void check_way(struct wire *from, struct wire *to, size_t piece, size_t room)
{
    size_t length = piece < 1000 || room < 1000 ? 300 : sizeof much;

    from->piece = piece;
    to->room = 0;
    wire_say_bytes(from, much, length);
    while (to->heard_length < length) {
        size_t before = to->heard_length;

        ck_assert_uint_le(from->said_at, before + CURL_BRIDGE_BUFFER);
        wire_give_room(to, room);
        ck_assert_uint_eq(to->heard_length, before + (length - before < room ? length - before : room));
    }
    check_heard(to, much, length);
    ck_assert(!to->shut);
    wire_end(from);
    ck_assert(to->shut);
}

START_TEST(bytes_come_whole_in_every_piecing)
{
    size_t piece = sizes[_i];

    make_much();
    stage_set_up();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct scene scene;

        begin(&scene);
        check_way(scene.near, scene.far, piece, sizes[i]);
        ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_OPEN);
        check_way(scene.far, scene.near, piece, sizes[i]);
        ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_ENDED);
        end(&scene, false);
    }
    stage_tear_down();
}
END_TEST

START_TEST(a_direction_holds_one_buffer_at_most)
{
    struct scene scene;

    make_much();
    stage_set_up();
    begin(&scene);
    scene.near->room = scene.far->room = 0;
    wire_say_bytes(scene.near, much, sizeof much);
    wire_say_bytes(scene.far, much, sizeof much);
    ck_assert_uint_eq(scene.near->said_at, CURL_BRIDGE_BUFFER);
    ck_assert_uint_eq(scene.far->said_at, CURL_BRIDGE_BUFFER);
    wire_give_room(scene.near, CURL_BRIDGE_BUFFER - 1); /* all but a byte is delivered */
    ck_assert_uint_eq(scene.near->heard_length, CURL_BRIDGE_BUFFER - 1);
    ck_assert_uint_eq(scene.far->said_at, CURL_BRIDGE_BUFFER);
    wire_give_room(scene.near, 1);
    ck_assert_uint_eq(scene.far->said_at, 2 * CURL_BRIDGE_BUFFER);
    ck_assert_uint_eq(scene.near->said_at, CURL_BRIDGE_BUFFER); /* the other direction is none of its affair */
    wire_give_room(scene.near, SIZE_MAX);
    wire_give_room(scene.far, SIZE_MAX);
    check_heard(scene.near, much, sizeof much);
    check_heard(scene.far, much, sizeof much);
    end(&scene, false);
    stage_tear_down();
}
END_TEST

/* --- ends --- */

START_TEST(an_end_of_near_is_passed_on_and_changes_nothing_else)
{
    struct scene scene;

    stage_set_up();
    begin(&scene);
    wire_say(scene.near, "last words");
    wire_end(scene.near);
    ck_assert_str_eq(scene.far->heard, "last words");
    ck_assert(scene.far->shut);
    ck_assert(!scene.near->shut);
    ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_OPEN);
    wire_say(scene.far, "an answer");
    ck_assert_str_eq(scene.near->heard, "an answer");
    end(&scene, false);
    stage_tear_down();
}
END_TEST

START_TEST(an_end_of_far_is_told_behind_all_that_it_said)
{
    struct scene scene;

    stage_set_up();
    begin(&scene);
    scene.near->room = 3;
    wire_say(scene.far, "refused");
    wire_end(scene.far);
    ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_OPEN);
    ck_assert(!scene.near->shut);
    wire_give_room(scene.near, 3);
    ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_OPEN);
    wire_give_room(scene.near, 3);
    ck_assert_str_eq(scene.near->heard, "refused");
    ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_ENDED);
    ck_assert(scene.near->shut);
    ck_assert(wire_is_held(scene.near) && wire_is_held(scene.far));
    wire_say(scene.near, "still"); /* the other direction goes on */
    ck_assert_str_eq(scene.far->heard, "still");
    wire_end(scene.near);
    ck_assert(scene.far->shut);
    ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_ENDED);
    end(&scene, false);
    stage_tear_down();
}
END_TEST

/* --- broken sides --- */

/* While it is read; while it is sent to; when the end is passed to it; when it had ended its own direction. */
START_TEST(when_far_breaks_near_is_closed)
{
    struct scene scene;

    stage_set_up();
    begin(&scene);
    switch (_i) {
    case 0:
        wire_break(scene.far, ECONNRESET);
        break;
    case 1:
        scene.far->broken = ECONNRESET; /* nobody was told yet */
        wire_say(scene.near, "hello");
        break;
    case 2:
        scene.far->broken = ECONNRESET;
        scene.far->near.error = ECONNRESET;
        wire_end(scene.near);
        break;
    case 3:
        wire_end(scene.far);
        ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_ENDED);
        scene.far->broken = ECONNRESET;
        wire_say(scene.near, "hello");
        break;
    default:
        scene.far->room = 2; /* bytes are owed in both directions */
        scene.near->room = 2;
        wire_say(scene.near, "hello");
        wire_say(scene.far, "hello");
        wire_break(scene.far, ECONNRESET);
    }
    ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_BROKEN);
    ck_assert_str_eq(curl_bridge_error(scene.bridge), "Connection reset by peer");
    ck_assert(scene.near->closed);
    ck_assert(wire_is_held(scene.far));
    wire_say(scene.far, "too late");
    wire_give_room(scene.far, 100);
    ck_assert_str_eq(curl_bridge_error(scene.bridge), "Connection reset by peer");
    end(&scene, true);
    stage_tear_down();
}
END_TEST

/* The words may be the connection's own. */
START_TEST(far_says_in_its_own_words_why)
{
    struct scene scene;

    stage_set_up();
    begin(&scene);
    scene.far->near.why = "the lights went out";
    wire_break(scene.far, EIO);
    ck_assert_str_eq(curl_bridge_error(scene.bridge), "the lights went out");
    end(&scene, true);
    stage_tear_down();
}
END_TEST

static bool cannot_shut_down(struct transport *transport)
{
    transport->error = EPIPE;
    return false;
}

/* That says nothing of far: read, sent to, at its end, with the state as it was. */
START_TEST(when_near_breaks_nothing_is_moved_any_more)
{
    struct scene scene;
    enum curl_bridge_state state = CURL_BRIDGE_OPEN;
    struct transport_ops ops;

    stage_set_up();
    begin(&scene);
    switch (_i) {
    case 0:
        wire_break(scene.near, EPIPE);
        break;
    case 1:
        scene.near->broken = EPIPE;
        wire_say(scene.far, "hello");
        break;
    case 2:
        ops = *scene.near->near.ops;
        ops.shutdown_send = cannot_shut_down;
        scene.near->near.ops = &ops;
        wire_end(scene.far);
        state = CURL_BRIDGE_ENDED;
        break;
    default:
        wire_end(scene.far);
        state = CURL_BRIDGE_ENDED;
        wire_break(scene.near, EPIPE);
    }
    ck_assert_int_eq(curl_bridge_state(scene.bridge), state);
    ck_assert(scene.near->closed);
    ck_assert(wire_is_held(scene.far));
    ck_assert(!scene.far->shut);
    if (!scene.far->ended) {
        size_t at = scene.far->said_at;

        wire_say(scene.far, "nobody reads this");
        ck_assert_uint_eq(scene.far->said_at, at);
    }
    end(&scene, false);
    stage_tear_down();
}
END_TEST

/* --- handing far over --- */

static void take(struct scene *scene, const char *held, size_t held_length)
{
    char *bytes = NULL;
    size_t length = 99;
    struct transport *far = curl_bridge_take(scene->bridge, &bytes, &length);

    ck_assert_ptr_eq(far, &scene->far->near);
    ck_assert_ptr_null(far->watcher);
    ck_assert_uint_eq(length, held_length);
    ck_assert_int_eq(bytes == NULL, held_length == 0);
    if (bytes)
        ck_assert_int_eq(memcmp(bytes, held, held_length), 0);
    free(bytes);
    ck_assert(scene->near->closed);
    ck_assert(wire_is_held(scene->far));
    wire_say(scene->far, "!"); /* calls nobody */
    transport_close(far);
    stage_settle();
}

/* NULL, and far is reset. */
static void take_in_vain(struct scene *scene)
{
    char *bytes = (char *)much;
    size_t length = 99;

    ck_assert_ptr_null(curl_bridge_take(scene->bridge, &bytes, &length));
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(length, 0);
    ck_assert(scene->near->closed);
    ck_assert(scene->far->reset);
    stage_settle();
}

START_TEST(far_is_handed_over)
{
    struct scene scene;

    stage_set_up();
    begin(&scene); /* before anything was said */
    take(&scene, NULL, 0);
    begin(&scene);
    wire_say(scene.near, "hello");
    wire_say(scene.far, "welcome");
    take(&scene, NULL, 0);
    begin(&scene);
    wire_end(scene.near);
    take(&scene, NULL, 0);
    begin(&scene);
    wire_say(scene.far, "bye");
    wire_end(scene.far);
    take(&scene, NULL, 0);
    stage_tear_down();
}
END_TEST

/* With each number of bytes that near took before. */
START_TEST(what_far_said_and_near_did_not_get_is_handed_over)
{
    static const char text[] = "* OK IMAP4rev1\r\n";

    make_much();
    stage_set_up();
    for (size_t taken = 0; taken < sizeof text - 1; taken++) {
        struct scene scene;

        begin(&scene);
        scene.near->room = taken;
        wire_say(scene.far, text);
        ck_assert_uint_eq(scene.near->heard_length, taken);
        take(&scene, text + taken, sizeof text - 1 - taken);
    }
    for (unsigned round = 0; round < 2; round++) { /* a full buffer; the rest stays in the connection */
        struct scene scene;

        begin(&scene);
        scene.near->room = round * CURL_BRIDGE_BUFFER;
        wire_say_bytes(scene.far, much, sizeof much);
        ck_assert_uint_eq(scene.far->said_at, (round + 1) * CURL_BRIDGE_BUFFER);
        take(&scene, much + round * CURL_BRIDGE_BUFFER, CURL_BRIDGE_BUFFER);
    }
    stage_tear_down();
}
END_TEST

START_TEST(far_is_no_more_of_use_while_bytes_are_owed_to_it)
{
    struct scene scene;

    stage_set_up();
    begin(&scene); /* in the buffer */
    scene.far->room = 4;
    wire_say(scene.near, "hello");
    take_in_vain(&scene);
    begin(&scene); /* in the buffer, and near has ended */
    scene.far->room = 4;
    wire_say(scene.near, "hello");
    wire_end(scene.near);
    scene.near->room = 0; /* what far said is lost with it */
    wire_say(scene.far, "welcome");
    take_in_vain(&scene);
    begin(&scene); /* still in near: its edge is yet to come */
    scene.near->said = strdup("hello");
    scene.near->said_length = 5;
    take_in_vain(&scene);
    stage_tear_down();
}
END_TEST

START_TEST(a_broken_bridge_has_nothing_to_hand_over)
{
    struct scene scene;

    stage_set_up();
    begin(&scene);
    wire_break(scene.far, ETIMEDOUT);
    take_in_vain(&scene);
    begin(&scene);
    scene.near->room = 0;
    wire_say(scene.far, "welcome");
    wire_break(scene.far, ETIMEDOUT); /* while near cannot take what far said before: nobody reads far */
    ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_OPEN);
    wire_say(scene.near, "hello");
    ck_assert_int_eq(curl_bridge_state(scene.bridge), CURL_BRIDGE_BROKEN);
    take_in_vain(&scene);
    begin(&scene);
    wire_break(scene.near, EPIPE);
    take_in_vain(&scene);
    stage_tear_down();
}
END_TEST

/* --- memory --- */

START_TEST(without_memory_both_are_closed)
{
    struct scene scene;

    stage_set_up();
    make_wires(&scene);
    no_memory = true;
    scene.bridge = curl_bridge_start(&scene.near->near, &scene.far->near);
    no_memory = false;
    ck_assert_ptr_null(scene.bridge);
    ck_assert(scene.near->closed && scene.far->closed);
    curl_bridge_end(NULL);
    stage_tear_down();
}
END_TEST

START_TEST(without_memory_for_what_is_held_far_is_reset)
{
    struct scene scene;
    char *bytes = (char *)much;
    size_t length = 99;

    stage_set_up();
    begin(&scene);
    scene.near->room = 0;
    wire_say_bytes(scene.far, much, LARGE);
    no_memory = true;
    ck_assert_ptr_null(curl_bridge_take(scene.bridge, &bytes, &length));
    no_memory = false;
    ck_assert_ptr_null(bytes);
    ck_assert_uint_eq(length, 0);
    ck_assert(scene.near->closed && scene.far->reset);
    stage_tear_down();
}
END_TEST

/* Sent, or still held. */
START_TEST(what_near_said_is_wiped)
{
    struct scene scene;

    stage_set_up();
    begin(&scene);
    scene.far->room = _i ? 10 : SIZE_MAX;
    wire_say(scene.near, secret);
    big_blocks = dirty_blocks = 0;
    watching = true;
    end(&scene, false);
    watching = false;
    ck_assert_uint_eq(big_blocks, 1);
    ck_assert_uint_eq(dirty_blocks, 0);
    stage_tear_down();
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("curl_bridge");

    tcase_add_test(cases, bytes_go_both_ways);
    tcase_add_test(cases, what_was_said_before_the_start_is_moved);
    tcase_add_loop_test(cases, bytes_come_whole_in_every_piecing, 0, sizeof sizes / sizeof sizes[0]);
    tcase_add_test(cases, a_direction_holds_one_buffer_at_most);
    tcase_add_test(cases, an_end_of_near_is_passed_on_and_changes_nothing_else);
    tcase_add_test(cases, an_end_of_far_is_told_behind_all_that_it_said);
    tcase_add_loop_test(cases, when_far_breaks_near_is_closed, 0, 5);
    tcase_add_test(cases, far_says_in_its_own_words_why);
    tcase_add_loop_test(cases, when_near_breaks_nothing_is_moved_any_more, 0, 4);
    tcase_add_test(cases, far_is_handed_over);
    tcase_add_test(cases, what_far_said_and_near_did_not_get_is_handed_over);
    tcase_add_test(cases, far_is_no_more_of_use_while_bytes_are_owed_to_it);
    tcase_add_test(cases, a_broken_bridge_has_nothing_to_hand_over);
    tcase_add_test(cases, without_memory_both_are_closed);
    tcase_add_test(cases, without_memory_for_what_is_held_far_is_reset);
    tcase_add_loop_test(cases, what_near_said_is_wiped, 0, 2);
    return unit_run();
}
