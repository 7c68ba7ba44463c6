#include "config/socket_unit.h"

#include <strings.h>

static void print_listener(const struct listener_config *listener, FILE *out)
{
    fprintf(out, "\n# [%s]\n", listener->name);
    for (size_t i = 0; i < listener->listen.count; i++) {
        const struct endpoint *place = &listener->listen.at[i];
        char text[ENDPOINT_TEXT_MAX];

        if (place->port == 0)
            fprintf(out, "# a free port is found by sallyport itself\n");
        else if (strcasecmp(place->host, "localhost") == 0)
            fprintf(out, "ListenStream=127.0.0.1:%u\nListenStream=[::1]:%u\n", place->port, place->port);
        else
            fprintf(out, "ListenStream=%s\n", endpoint_format(place, text));
    }
}

void socket_unit_print(const struct config *config, FILE *out)
{
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
            "Backlog=4096\n");
    for (size_t i = 0; i < config->listener_count; i++)
        print_listener(&config->listeners[i], out);
    fprintf(out, "\n[Install]\nWantedBy=sockets.target\n");
}
