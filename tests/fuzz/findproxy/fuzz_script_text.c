/* SPDX-License-Identifier: ISC */
/* The bytes of a PAC file: what is read as a text is UTF-8 that is read as itself once more, and looking for newer
 * JavaScript in any of its lines finds a noun or nothing. */
#include "findproxy/script_text.h"

#include <string.h>

#include "findproxy/newer_script.h"
#include "../fuzz.h"

#define LINES_MAX 64 /* that are looked at */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *why = NULL;
    size_t size, again_size;
    char *text = script_text_read((const char *)bytes, length, &size, &why), *again;

    if (!text) {
        MUST(why && memchr(bytes, '\0', length));
        return 0;
    }
    MUST(strlen(text) == size && size <= 2 * length);
    again = script_text_read(text, size, &again_size, &why);
    MUST(again);
    if (size < 3 || memcmp(text, "\xef\xbb\xbf", 3) != 0) /* a mark behind the mark is taken off, too */
        MUST(again_size == size && memcmp(again, text, size) == 0);
    (void)script_text_is_page(text, size);
    for (unsigned line = 0; line < LINES_MAX; line++) {
        const char *sign = newer_script_sign(text, size, line);

        MUST(!sign || *sign);
    }
    (void)newer_script_missing(text);
    free(again);
    free(text);
    return 0;
}
