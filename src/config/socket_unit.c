/* SPDX-License-Identifier: ISC */
#include "config/socket_unit.h"

#include <strings.h>

#include "config/listening.h"
#include "config/socket_path.h"

/* systemd knows variables of its own, by %. */
static void print_path(const char *path, FILE *out)
{
    char whole[UNIX_SOCKET_PATH_MAX], error[300];

    if (socket_path_find(path, whole, error, sizeof error) != SOCKET_PATH_HERE) {
        fprintf(out, "# %s\n", error);
        return;
    }
    fputs("ListenStream=", out);
    for (const char *c = whole; *c; c++)
        fprintf(out, *c == '%' ? "%%%%" : "%c", *c);
    fputc('\n', out);
}

static void print_listening(const struct listening *listening, FILE *out)
{
    fprintf(out, "\n# [%s]\n", listening->name);
    for (size_t i = 0; i < listening->places->count; i++) {
        const struct endpoint *place = &listening->places->at[i];
        char text[ENDPOINT_TEXT_MAX];

        if (listening->places->paths[i])
            print_path(listening->places->paths[i], out);
        else if (place->port == 0)
            fprintf(out, "# a free port is found by sallyport itself\n");
        else if (strcasecmp(place->host, "localhost") == 0)
            fprintf(out, "ListenStream=127.0.0.1:%u\nListenStream=[::1]:%u\n", place->port, place->port);
        else
            fprintf(out, "ListenStream=%s\n", endpoint_format(place, text));
    }
}

void socket_unit_print(const struct config *config, FILE *out)
{
    struct listening listening;

    fprintf(out,
            "# The ports of sallyport's configuration, opened by systemd.\n"
            "# After a change of it, make this file anew, and then:\n"
            "#   systemctl --user daemon-reload\n"
            "#   systemctl --user restart sallyport.socket\n"
            "\n"
            "[Unit]\n"
            "Description=Mail and news through an HTTP proxy, ports\n"
            "Documentation=man:sallyport(1)\n"
            "\n"
            "[Socket]\n"
            "BindIPv6Only=ipv6-only\n"
            "NoDelay=yes\n"
            "SocketMode=0600\n"
            "Backlog=4096\n");
    for (size_t i = 0; listening_at(config, i, &listening); i++)
        print_listening(&listening, out);
    fprintf(out, "\n[Install]\nWantedBy=sockets.target\n");
}
