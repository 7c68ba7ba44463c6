/* SPDX-License-Identifier: ISC */
#include "http/http_date.h"

#include <stdio.h>
#include <string.h>

#define DAY 86400                           /* s */
#define FIFTY_YEARS (INT64_C(18262) * DAY) /* 12 leap days or 13, and half of a day more is none's concern */

struct parts {
    int year, month, day; /* month: from 0 */
    int hour, minute, second;
};

static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month] + (month == 1 && is_leap(year));
}

static bool find_month(const char *name, int *month)
{
    for (*month = 0; *month < 12; ++*month)
        if (strcmp(name, months[*month]) == 0)
            return true;
    return false;
}

/* 60 is a leap second. */
static bool is_sound(const struct parts *parts)
{
    return parts->year >= 1900 && parts->day >= 1 && parts->day <= days_of_month(parts->year, parts->month) &&
           parts->hour >= 0 && parts->hour < 24 && parts->minute >= 0 && parts->minute < 60 && parts->second >= 0 &&
           parts->second <= 60;
}

static int64_t seconds_of(const struct parts *parts)
{
    int before = parts->year - 1; /* the last whole year */
    int64_t days = 365 * (int64_t)(parts->year - 1970) + before / 4 - before / 100 + before / 400 -
                   (1969 / 4 - 1969 / 100 + 1969 / 400);

    for (int month = 0; month < parts->month; month++)
        days += days_of_month(parts->year, month);
    return (days + parts->day - 1) * DAY + parts->hour * 3600 + parts->minute * 60 + parts->second;
}

/* Whether the form, ended by %n, has read all of it. */
static bool is_whole(const char *text, int end)
{
    return end > 0 && text[end] == '\0';
}

bool http_date_read(const char *text, int64_t wall, int64_t *seconds)
{
    char name[10], month[4] = "";
    struct parts parts = {0};
    bool two_digits = false;
    int end = 0;

    if (sscanf(text, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", name, &parts.day, month, &parts.year,
               &parts.hour, &parts.minute, &parts.second, &end) < 7 || !is_whole(text, end)) {
        end = 0;
        two_digits = sscanf(text, "%9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", name, &parts.day, month,
                            &parts.year, &parts.hour, &parts.minute, &parts.second, &end) == 7 && is_whole(text, end);
    }
    if (!is_whole(text, end)) {
        end = 0;
        (void)sscanf(text, "%3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", name, month, &parts.day, &parts.hour,
                     &parts.minute, &parts.second, &parts.year, &end);
    }
    if (two_digits)
        parts.year += 2000;
    if (!is_whole(text, end) || !find_month(month, &parts.month) || !is_sound(&parts))
        return false;
    *seconds = seconds_of(&parts);
    if (two_digits && *seconds - wall > FIFTY_YEARS) {
        parts.year -= 100;
        *seconds = seconds_of(&parts);
    }
    return true;
}
