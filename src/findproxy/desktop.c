/* SPDX-License-Identifier: ISC */
#include "findproxy/desktop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#ifdef HAVE_LIBPROXY
#include <dlfcn.h>
#include <proxy.h>
#endif

#include "findproxy/desktop_pac.h"

#define SETTINGS_MAX 65536 /* bytes of a desktop's file, or of what its program prints; what is longer is not read */
#define PATH_MAX_SEEN 4096 /* bytes of a path */
#define NOT_RUN 126        /* statuses of the shell from this one on: the program was not run, or was killed */

/* Reads what is there, NUL-terminated and at most SETTINGS_MAX - 1 bytes. */
static void read_all(FILE *from, char to[SETTINGS_MAX])
{
    to[fread(to, 1, SETTINGS_MAX - 1, from)] = '\0';
}

static bool is_kde(void)
{
    const char *desktop = getenv("XDG_CURRENT_DESKTOP");

    return (desktop && strstr(desktop, "KDE")) || getenv("KDE_FULL_SESSION");
}

/* Adds KDE's file of a folder (length bytes of it) to the settings, behind a line that ends the group before.  False:
 * it is there and cannot be read. */
static bool add_file(const char *folder, size_t length, char settings[SETTINGS_MAX])
{
    static const char apart[] = "\n[]\n";
    size_t at = strlen(settings);
    char path[PATH_MAX_SEEN];
    FILE *file;

    snprintf(path, sizeof path, "%.*s/kioslaverc", (int)length, folder);
    file = fopen(path, "re");
    if (!file)
        return errno == ENOENT;
    if (at + sizeof apart < SETTINGS_MAX) {
        memcpy(settings + at, apart, sizeof apart);
        at += sizeof apart - 1;
    }
    settings[at + fread(settings + at, 1, SETTINGS_MAX - 1 - at, file)] = '\0';
    fclose(file);
    return true;
}

/* Those of the system: the first folder counts most, so the last is added first, and what is added later wins. */
static bool add_files_of(const char *folders, char settings[SETTINGS_MAX])
{
    size_t length = strcspn(folders, ":");
    bool read = !folders[length] || add_files_of(folders + length + 1, settings);

    return (length == 0 || add_file(folders, length, settings)) && read;
}

static enum desktop_pac ask_kde(char place[DESKTOP_PLACE_MAX], char settings[SETTINGS_MAX])
{
    const char *own = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME"), *folders = getenv("XDG_CONFIG_DIRS");
    char folder[PATH_MAX_SEEN];

    settings[0] = '\0';
    if (own && *own)
        snprintf(folder, sizeof folder, "%s", own);
    else
        snprintf(folder, sizeof folder, "%s/.config", home ? home : "");
    if (!add_files_of(folders && *folders ? folders : "/etc/xdg", settings) ||
        !add_file(folder, strlen(folder), settings))
        return DESKTOP_PAC_UNSEEN;
    return desktop_pac_kde(settings, place);
}

/* What the program prints; "" where its settings are not those of a desktop.  False: it cannot be run. */
static bool run(const char *command, char output[SETTINGS_MAX])
{
    FILE *from = popen(command, "re");
    int status;

    output[0] = '\0';
    if (!from)
        return false;
    read_all(from, output);
    status = pclose(from);
    return status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) < NOT_RUN;
}

static enum desktop_pac ask_gnome(char place[DESKTOP_PLACE_MAX], char settings[SETTINGS_MAX])
{
    char mode[sizeof "'manual'\n"];

    if (!run("gsettings get org.gnome.system.proxy mode 2>/dev/null", settings))
        return DESKTOP_PAC_UNSEEN;
    snprintf(mode, sizeof mode, "%.*s", (int)sizeof mode - 1, settings); /* no other mode begins like that one */
    (void)run("gsettings get org.gnome.system.proxy autoconfig-url 2>/dev/null", settings);
    return desktop_pac_gnome(mode, settings, place);
}

#ifdef HAVE_LIBPROXY
/* It is loaded when it is wanted: the helper that runs a PAC file must not carry it along. */
struct libproxy {
    pxProxyFactory *(*factory_new)(void);
    char **(*get_proxies)(pxProxyFactory *, const char *);
};

/* The daemon has asked the environment already, by its own rules. */
static void forget_environment(void)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
                                        "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

/* Returns the library's answers, or NULL. */
static char **ask_libproxy(const char *url)
{
    static pxProxyFactory *factory;
    static struct libproxy library;

    forget_environment();
    if (!factory) {
        void *handle = dlopen(LIBPROXY_NAME, RTLD_NOW | RTLD_LOCAL);

        if (!handle)
            return NULL;
        *(void **)&library.factory_new = dlsym(handle, "px_proxy_factory_new");
        *(void **)&library.get_proxies = dlsym(handle, "px_proxy_factory_get_proxies");
        if (!library.factory_new || !library.get_proxies)
            return NULL;
        factory = library.factory_new();
    }
    return factory ? library.get_proxies(factory, url) : NULL;
}

static enum desktop_answer ask_library(const char *url, char text[DESKTOP_TEXT_MAX])
{
    char **proxies = ask_libproxy(url);
    size_t at = 0;

    if (!proxies || !proxies[0]) {
        free(proxies);
        snprintf(text, DESKTOP_TEXT_MAX, "the desktop's settings cannot be read: %s does not answer", LIBPROXY_NAME);
        return DESKTOP_FAULT;
    }
    text[0] = '\0';
    for (size_t i = 0; proxies[i]; i++) {
        size_t length = strlen(proxies[i]);

        if (at + length + 2 <= DESKTOP_TEXT_MAX)
            at += (size_t)snprintf(text + at, DESKTOP_TEXT_MAX - at, "%s%s", at ? ";" : "", proxies[i]);
        free(proxies[i]);
    }
    free(proxies);
    return DESKTOP_ANSWER;
}
#else
static enum desktop_answer ask_library(const char *url, char text[DESKTOP_TEXT_MAX])
{
    (void)url;
    snprintf(text, DESKTOP_TEXT_MAX, "the desktop's settings cannot be read: sallyport was built without libproxy; "
             "write the proxy into the section instead of \"system\"");
    return DESKTOP_FAULT;
}
#endif

static bool says_direct(const char *text)
{
    static const char direct[] = "direct://";

    return strncmp(text, direct, strlen(direct)) == 0;
}

/* The settings name proxies.  Where the library does not see that (it has modules for the desktops, which need not be
 * there), it says direct:// of everything: then also of a name that no exception has. */
static enum desktop_answer ask_by_hand(const char *url, char text[DESKTOP_TEXT_MAX])
{
    static const char nobodys[] = "https://nobody.invalid/"; /* RFC 6761 section 6.4 */
    char other[DESKTOP_TEXT_MAX];
    enum desktop_answer answer;

    if (!is_kde()) { /* others share its settings; services are told of no desktop */
        (void)setenv("DESKTOP_SESSION", "gnome", 1);       /* libproxy 0.4 */
        (void)setenv("XDG_CURRENT_DESKTOP", "GNOME", 1);   /* and 0.5 */
    }
    answer = ask_library(url, text);
    if (answer != DESKTOP_ANSWER || !says_direct(text) ||
        (ask_library(nobodys, other) == DESKTOP_ANSWER && !says_direct(other)))
        return answer;
    snprintf(text, DESKTOP_TEXT_MAX, "the desktop's settings name proxies, but libproxy does not see them: install its "
             "module for this desktop (in Debian, libproxy1-plugin-gsettings), or write the proxy into the section "
             "instead of \"system\"");
    return DESKTOP_FAULT;
}

/* Asks the library when nobody knows whether there is a PAC file, which it may be unable to run: then its direct://
 * does not count. */
static enum desktop_answer ask_unseen(const char *url, char text[DESKTOP_TEXT_MAX])
{
    enum desktop_answer answer = ask_library(url, text);

    if (answer != DESKTOP_ANSWER || !says_direct(text))
        return answer;
    snprintf(text, DESKTOP_TEXT_MAX, "the desktop's settings cannot be looked at (gsettings cannot be run, or "
             "kioslaverc not be read), and may name a PAC file: write that, or the proxy, into the section instead of "
             "\"system\"");
    return DESKTOP_FAULT;
}

enum desktop_answer desktop_ask(const char *url, char text[DESKTOP_TEXT_MAX])
{
    static char settings[SETTINGS_MAX];

    switch (is_kde() ? ask_kde(text, settings) : ask_gnome(text, settings)) {
    case DESKTOP_PAC_PLACE:
        return DESKTOP_PAC;
    case DESKTOP_PAC_DETECT:
        snprintf(text, DESKTOP_TEXT_MAX, "the desktop says to search the network for a PAC file (WPAD), which is not "
                 "done here: write its URL into the desktop's settings, or as url = pac:URL into the section");
        return DESKTOP_FAULT;
    case DESKTOP_PAC_BAD:
        snprintf(text, DESKTOP_TEXT_MAX, "the desktop names a PAC file by something that is neither an http or https "
                 "URL nor a full path");
        return DESKTOP_FAULT;
    case DESKTOP_PAC_UNSEEN:
        return ask_unseen(url, text);
    case DESKTOP_BY_HAND:
        return ask_by_hand(url, text);
    case DESKTOP_PAC_NONE:
        break;
    }
    return ask_library(url, text);
}
