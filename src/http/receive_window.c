/* SPDX-License-Identifier: ISC */
#include "http/receive_window.h"

static size_t sum; /* bytes: growth of all windows, and all that is held */

void receive_window_start(struct receive_window *window)
{
    *window = (struct receive_window){.size = RECEIVE_WINDOW_FIRST};
}

/* A reader that leaves half a window unread does not keep up: what it has taken so far does not count. */
void receive_window_hold(struct receive_window *window, size_t bytes)
{
    window->held += (uint32_t)bytes;
    sum += bytes;
    if (window->held >= window->size / 2)
        window->taken = 0;
}

/* The window doubles when one whole window was taken by a reader that kept up. */
uint32_t receive_window_took(struct receive_window *window, size_t bytes, size_t of_held)
{
    window->held -= (uint32_t)of_held;
    sum -= of_held;
    if (window->size == RECEIVE_WINDOW_MOST || window->held >= window->size / 2)
        return 0;
    window->taken += (uint32_t)bytes;
    if (window->taken < window->size || sum + window->size > RECEIVE_WINDOW_SUM_MAX)
        return 0;
    sum += window->size;
    window->size *= 2;
    window->taken = 0;
    return window->size;
}

void receive_window_end(struct receive_window *window)
{
    sum -= window->size - RECEIVE_WINDOW_FIRST + window->held;
    receive_window_start(window);
}
