/* SPDX-License-Identifier: ISC */
#include "proxy/h2_lessons.h"

/* NULL: it has taught nothing. */
static const struct h2_lesson *find(const struct h2_lessons *lessons, const struct endpoint *proxy)
{
    for (size_t i = 0; i < lessons->count; i++)
        if (endpoint_equal(&lessons->at[i].proxy, proxy))
            return &lessons->at[i];
    return NULL;
}

/* Where its lesson is, or is to be: in the next place, or in that of the one that taught nothing for longest. */
static size_t place_of(const struct h2_lessons *lessons, const struct endpoint *proxy)
{
    size_t least = 0;

    for (size_t i = 0; i < lessons->count; i++) {
        if (endpoint_equal(&lessons->at[i].proxy, proxy))
            return i;
        if (lessons->at[i].touched < lessons->at[least].touched)
            least = i;
    }
    return lessons->count < H2_LESSONS_MAX ? lessons->count : least;
}

/* The lesson of this proxy, to be written to; one that knows nothing if it is new. */
static struct h2_lesson *touch(struct h2_lessons *lessons, const struct endpoint *proxy)
{
    size_t place = place_of(lessons, proxy);
    struct h2_lesson *lesson = &lessons->at[place];

    if (place == lessons->count || !endpoint_equal(&lesson->proxy, proxy)) {
        lessons->count += place == lessons->count;
        *lesson = (struct h2_lesson){.proxy = *proxy};
    }
    lesson->touched = ++lessons->order;
    return lesson;
}

void h2_lessons_show(struct h2_lessons *lessons, const struct endpoint *proxy, uint64_t now_ms, size_t tunnels)
{
    struct h2_lesson *lesson = touch(lessons, proxy);

    lesson->shown = tunnels > 0 ? tunnels : 1;
    lesson->shown_until = now_ms + H2_LESSON_MS;
}

bool h2_lessons_carry(struct h2_lessons *lessons, const struct endpoint *proxy, uint64_t now_ms, size_t tunnels)
{
    size_t shown = h2_lessons_shown(lessons, proxy, now_ms);

    if (shown == 0 || tunnels <= shown)
        return false;
    touch(lessons, proxy)->shown = tunnels;
    return true;
}

size_t h2_lessons_shown(const struct h2_lessons *lessons, const struct endpoint *proxy, uint64_t now_ms)
{
    const struct h2_lesson *lesson = find(lessons, proxy);

    return lesson && now_ms < lesson->shown_until ? lesson->shown : 0;
}

void h2_lessons_promise(struct h2_lessons *lessons, const struct endpoint *proxy, uint32_t streams)
{
    struct h2_lesson *lesson = touch(lessons, proxy);

    lesson->promises = true;
    lesson->promised = streams;
}

bool h2_lessons_promised(const struct h2_lessons *lessons, const struct endpoint *proxy, uint32_t *streams)
{
    const struct h2_lesson *lesson = find(lessons, proxy);

    if (lesson && lesson->promises)
        *streams = lesson->promised;
    return lesson && lesson->promises;
}

void h2_lessons_choose(struct h2_lessons *lessons, const struct endpoint *proxy, bool h1)
{
    touch(lessons, proxy)->is_h1 = h1;
}

bool h2_lessons_chose_h1(const struct h2_lessons *lessons, const struct endpoint *proxy)
{
    const struct h2_lesson *lesson = find(lessons, proxy);

    return lesson && lesson->is_h1;
}
