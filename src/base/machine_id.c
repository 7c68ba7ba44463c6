/* SPDX-License-Identifier: ISC */
#include "base/machine_id.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LEAST_DIGITS 16 /* fewer tell too few machines apart, and "uninitialized" (machine-id(5)) tells none */

/* The second is where systems without systemd have it. */
static const char *const usual_files[] = {"/etc/machine-id", "/var/lib/dbus/machine-id", NULL};

static bool read_number(const char *path, char out[MACHINE_ID_MAX])
{
    FILE *file = fopen(path, "re");
    bool found = file && fgets(out, MACHINE_ID_MAX, file);

    if (file)
        fclose(file);
    if (!found)
        return false;
    out[strcspn(out, "\r\n")] = '\0';
    return strlen(out) >= LEAST_DIGITS && strspn(out, "0123456789abcdefABCDEF") == strlen(out);
}

const char *machine_id_from(const char *const files[], char out[MACHINE_ID_MAX])
{
    for (size_t i = 0; files[i]; i++)
        if (read_number(files[i], out))
            return out;
    if (gethostname(out, MACHINE_ID_MAX) != 0)
        out[0] = '\0';
    out[MACHINE_ID_MAX - 1] = '\0'; /* a longer name is cut */
    return out;
}

const char *machine_id_read(char out[MACHINE_ID_MAX])
{
    return machine_id_from(usual_files, out);
}
