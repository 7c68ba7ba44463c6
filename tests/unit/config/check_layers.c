/* SPDX-License-Identifier: ISC */
#include "config/layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config_place.h"
#include "config/system_file.h"

#include "../unit.h"
#include "sections_text.h"

#define LEFT_OUT " (it does not count, nor what it says is final: " \
                 "`sallyport -c T/etc/sallyport/sallyport.ini check` tells more)\n"
#define WRITABLE "others can write to it: run `chmod go-w` on it"
#define FOREIGN "belongs to another user, who could write anything into it: run `chown` on it"
#define USER "home/sallyport/"
#define SYSTEM "etc/sallyport/"

static char root[] = "/tmp/check_layers-XXXXXX";
static struct sources sources;
static struct ini_sections sections;
static struct diagnostics complaints;
static char told[8192], logged[8192]; /* with T for the root */
static int descriptors;
static int readable = INT_MAX; /* names of a folder, before the disk fails */

/* --- the stage --- */

/* What the linker puts in place of the system's: a disk that fails. */
#ifdef __USE_FILE_OFFSET64 /* there are two of them */
#define __wrap_readdir __wrap_readdir64
#define __real_readdir __real_readdir64
#endif
struct dirent *__wrap_readdir(DIR *folder);
struct dirent *__real_readdir(DIR *folder);

struct dirent *__wrap_readdir(DIR *folder)
{
    if (readable-- > 0)
        return __real_readdir(folder);
    errno = EIO;
    return NULL;
}

/* The machine's second file, beside the first one. */
static const char *unread;
const char *__wrap_system_file_unread(void);

const char *__wrap_system_file_unread(void)
{
    return unread;
}

static char *at(const char *name)
{
    static char paths[4][400];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static void setup(void)
{
    descriptors = unit_descriptors();
    snprintf(root, sizeof root, "/tmp/check_layers-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
    setenv("XDG_CONFIG_HOME", at("home"), 1);
    setenv(SYSTEM_FILE_VARIABLE, at(SYSTEM "sallyport.ini"), 1);
}

static void teardown(void)
{
    ini_sections_release(&sections);
    sources_cut(&sources, 0);
    sources.over = 0;
    unit_remove(root);
    ck_assert_int_eq(unit_descriptors(), descriptors);
}

static void make_folders(const char *name)
{
    char *path = at(name);

    for (char *slash = strchr(path + sizeof root, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
}

static void put(const char *name, const char *text)
{
    FILE *file;

    make_folders(name);
    file = fopen(at(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Writes T for the root. */
static void shorten(const char *text, char *out, size_t size)
{
    size_t length = 0;

    while (*text && length + 1 < size) {
        bool is_root = strncmp(text, root, strlen(root)) == 0;

        out[length++] = is_root ? 'T' : *text;
        text += is_root ? strlen(root) : 1;
    }
    out[length] = '\0';
}

static void note(void *arg, const char *line)
{
    size_t length = strlen(told);

    (void)arg;
    shorten(line, told + length, sizeof told - length);
    length = strlen(told);
    snprintf(told + length, sizeof told - length, "\n");
}

static void __attribute__((format(printf, 3, 4))) complain(struct diagnostics *found, int where, const char *format,
                                                           ...)
{
    va_list values;

    va_start(values, format);
    diagnostics_add(found, where, format, values);
    va_end(values);
}

/* Finds each key that is called bogus. */
static void judge_keys(void *arg, const struct ini_sections *file, struct diagnostics *found)
{
    const struct layers_judge *self = arg;

    ck_assert_ptr_eq(self->arg, arg);
    for (const struct ini_section *section = file->first; section; section = section->next)
        for (const struct ini_key *key = section->first; key; key = key->next)
            if (strcmp(key->key, "bogus") == 0)
                complain(found, key->where, "bogus");
}

static struct layers_judge judge = {judge_keys, &judge};

/* Reads from there; what was logged goes to logged, and the errors are returned. */
static const char *read_there(const char *path, FILE *stream)
{
    int saved = dup(STDERR_FILENO);
    FILE *said = tmpfile();
    char text[sizeof logged] = "";

    ck_assert_ptr_nonnull(said);
    ck_assert_int_ge(dup2(fileno(said), STDERR_FILENO), 0);
    log_setup(LEVEL_WARNING, false, false);
    ini_sections_release(&sections);
    ini_sections_init(&sections);
    sources_cut(&sources, 0);
    sources.over = 0;
    layers_read(path, stream, &judge, &sources, &sections, &complaints);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    close(saved);
    rewind(said);
    text[fread(text, 1, sizeof text - 1, said)] = '\0';
    fclose(said);
    shorten(text, logged, sizeof logged);
    told[0] = '\0';
    diagnostics_tell_all(&complaints, &sources, note, NULL);
    return told;
}

static const char *read_user(void)
{
    return read_there(at(USER "sallyport.ini"), NULL);
}

static const char *all(void)
{
    return sections_text_of(&sections);
}

/* --- which files --- */

START_TEST(a_file_of_its_own_is_all_that_there_is)
{
    put(SYSTEM "sallyport.ini", "[proxy]\nurl = s\n");
    put(USER "sallyport.ini", "[imap]\ntarget = u\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "0:1 [imap]\n0:2 target=u\n");
    ck_assert_uint_eq(sources.count, 1);
    ck_assert_str_eq(logged, "");
}
END_TEST

START_TEST(include_lays_it_over_the_machine_s)
{
    put(SYSTEM "sallyport.ini", "[proxy]\nurl = s\n[imap]\ntarget = s\ntls = yes\n");
    put(USER "sallyport.ini", "[sallyport]\ninclude = system\n[imap]\ntarget = u\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "0:3 [imap]\n1:5 tls=yes\n0:4 target=u\n0:1 [sallyport]\n0:2 include=system\n"
                            "1:1 [proxy]\n1:2 url=s\n");
    ck_assert_uint_eq(sources.over, 1);
    put("other.ini", "[sallyport]\ninclude = system\n");
    ck_assert_str_eq(read_there(at("other.ini"), NULL), ""); /* any file may */
    ck_assert_uint_eq(sources.count, 2);
}
END_TEST

START_TEST(small_files_lie_over_the_one_that_they_are_beside)
{
    put(SYSTEM "sallyport.ini", "[proxy]\nurl = 1\n");
    put(SYSTEM "conf.d/50-b.ini", "[proxy]\nurl = 3\nhttp = b\n");
    put(SYSTEM "conf.d/10-a.ini", "[proxy]\nurl = 2\nhttp = a\n");
    put(USER "sallyport.ini", "[sallyport]\ninclude = system\n");
    put(USER "conf.d/x.ini", "[imap]\ntarget = x\n");
    put(USER "conf.d/y.ini", "[imap]\ntarget = y\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "0:1 [sallyport]\n0:2 include=system\n2:1 [imap]\n2:2 target=y\n"
                            "5:1 [proxy]\n5:2 url=3\n5:3 http=b\n");
    ck_assert_uint_eq(sources.over, 3);
    ck_assert_uint_eq(sources.count, 6);
    put(USER "conf.d/x.ini", "[sallyport]\ninclude = none\n"); /* says it, too */
    read_user();
    ck_assert_str_eq(all(), "1:1 [sallyport]\n1:2 include=none\n2:1 [imap]\n2:2 target=y\n");
}
END_TEST

START_TEST(only_names_that_are_meant_count)
{
    static const char *const others[] = {"README", ".a.ini", "a.ini~", "#a.ini#", "#a.ini", ".#a.ini", "a.ini.bak",
                                         ".ini", "ini", "a.conf", "a.INI"};
    char name[64];

    put(USER "sallyport.ini", "[imap]\ntarget = u\n");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        snprintf(name, sizeof name, USER "conf.d/%s", others[i]);
        put(name, "nonsense\n");
    }
    ck_assert_str_eq(read_user(), "");
    ck_assert_uint_eq(sources.count, 1);
    put("elsewhere/sallyport.ini", "[imap]\n");
    put("elsewhere/conf.d/a.ini", "nonsense\n"); /* that folder is not ours */
    ck_assert_str_eq(read_there(at("elsewhere/sallyport.ini"), NULL), "");
    put("home/sallyport/other.ini", "[imap]\n");
    ck_assert_str_eq(read_there(at("home/sallyport/other.ini"), NULL), "");
    ck_assert_uint_eq(sources.count, 1);
}
END_TEST

START_TEST(the_machine_s_file_alone_has_its_small_ones)
{
    put(SYSTEM "sallyport.ini", "[proxy]\nurl = s\n[sallyport]\nfinal = proxy\n");
    put(SYSTEM "conf.d/a.ini", "[proxy]\nurl = t\n");
    ck_assert_str_eq(read_there(at(SYSTEM "sallyport.ini"), NULL), "");
    ck_assert_str_eq(all(), "1:1 [proxy]\n1:2 url=t\n0:3 [sallyport]\n0:4 final=proxy\n");
    ck_assert_str_eq(logged, "");
}
END_TEST

/* No conf.d of the user's lies over it, where nothing would be enforced. */
START_TEST(a_link_to_the_machine_s_file_is_that_file)
{
    put(SYSTEM "sallyport.ini", "[sallyport]\nfinal = proxy\n[proxy]\nurl = s\n");
    put(SYSTEM "conf.d/a.ini", "[proxy]\nhttp = s\n");
    put(USER "conf.d/x.ini", "[proxy]\nurl = u\n");
    ck_assert_int_eq(symlink(at(SYSTEM "sallyport.ini"), at(USER "sallyport.ini")), 0);
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "0:1 [sallyport]\n0:2 final=proxy\n1:1 [proxy]\n0:4 url=s\n1:2 http=s\n");
    ck_assert_int_eq(symlink(at(SYSTEM "sallyport.ini"), at("other.ini")), 0); /* nor is it without its own */
    ck_assert_str_eq(read_there(at("other.ini"), NULL), "");
    ck_assert_str_eq(all(), "0:1 [sallyport]\n0:2 final=proxy\n1:1 [proxy]\n0:4 url=s\n1:2 http=s\n");
}
END_TEST

/* In whatever way it is spelled, from whatever folder, and by a link, it is one file. */
START_TEST(the_users_file_is_that_file_by_each_name)
{
    static const struct {
        const char *folder, *path;
    } rows[] = {
        {"home/sallyport", "sallyport.ini"},
        {"home/sallyport", "./sallyport.ini"},
        {"home/sallyport/conf.d", "../sallyport.ini"},
        {"home", "sallyport/sallyport.ini"},
        {"home", "sallyport//./sallyport.ini"},
        {".", "home/../home/sallyport/sallyport.ini"},
        {".", "away/sallyport.ini"},
        {".", "link.ini"},
    };
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    put(SYSTEM "sallyport.ini", "[sallyport]\nfinal = proxy\n[proxy]\nurl = s\n");
    put(USER "sallyport.ini", "[proxy]\nurl = u\n");
    put(USER "conf.d/a.ini", "[imap]\ntarget = a\n");
    ck_assert_int_eq(symlink("home/sallyport", at("away")), 0);
    ck_assert_int_eq(symlink("home/sallyport/sallyport.ini", at("link.ini")), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(chdir(at(rows[i].folder)), 0);
        ck_assert_str_eq(read_there(rows[i].path, NULL), "");
        ck_assert_str_eq(all(), "1:1 [imap]\n1:2 target=a\n2:1 [sallyport]\n2:2 final=proxy\n2:3 [proxy]\n2:4 url=s\n");
    }
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
}
END_TEST

START_TEST(small_files_are_beside_a_file_in_whatever_spelling)
{
    static const struct {
        const char *folder, *path;
        bool small;
    } rows[] = {
        {"other/sallyport", "sallyport.ini", true},
        {"other", "sallyport//sallyport.ini", true},
        {"other", "sallyport/./sallyport.ini", true},
        {"other/sallyport/conf.d", ".././sallyport.ini", true},
        {"other", "link/sallyport.ini", true}, /* the folder's real name is ours */
        {"other/sallyport/conf.d", "sallyport.ini", false},
        {"other", "sallyport/../sallyport.ini", false},
        {"other", "notsallyport/sallyport.ini", false},
    };
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    put("other/sallyport/sallyport.ini", "[imap]\n");
    put("other/sallyport/conf.d/a.ini", "[smtp]\n");
    put("other/sallyport/conf.d/sallyport.ini", "[imap]\n");
    put("other/sallyport.ini", "[imap]\n");
    put("other/conf.d/a.ini", "nonsense\n");
    put("other/notsallyport/sallyport.ini", "[imap]\n");
    put("other/notsallyport/conf.d/a.ini", "nonsense\n");
    ck_assert_int_eq(symlink("sallyport", at("other/link")), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(chdir(at(rows[i].folder)), 0);
        ck_assert_str_eq(read_there(rows[i].path, NULL), "");
        ck_assert_uint_eq(sources.count, rows[i].small ? 3 : 1);
    }
    ck_assert_int_eq(fchdir(before), 0);
    close(before);
}
END_TEST

/* --- small files alone --- */

START_TEST(small_files_need_no_other)
{
    put(SYSTEM "conf.d/a.ini", "[sallyport]\nfinal = proxy\n[proxy]\nurl = s\n");
    put(USER "conf.d/a.ini", "[imap]\ntarget = u\n[proxy]\nurl = u\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "0:1 [imap]\n0:2 target=u\n1:1 [sallyport]\n1:2 final=proxy\n1:3 [proxy]\n1:4 url=s\n");
    put(USER "conf.d/a.ini", "[sallyport]\ninclude = system\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_uint_eq(sources.count, 2);
    ck_assert_str_eq(read_there(at(SYSTEM "sallyport.ini"), NULL), "");
    ck_assert_str_eq(all(), "0:1 [sallyport]\n0:2 final=proxy\n0:3 [proxy]\n0:4 url=s\n");
}
END_TEST

START_TEST(a_file_that_leads_nowhere_is_not_missing)
{
    put(USER "conf.d/a.ini", "[imap]\n");
    ck_assert_int_eq(symlink("/nonexistent", at(USER "sallyport.ini")), 0);
    ck_assert_str_eq(read_user(), "T/home/sallyport/sallyport.ini: No such file or directory\n");
    ck_assert_int_eq(unlink(at(USER "sallyport.ini")), 0);
    ck_assert_int_eq(rename(at(USER "conf.d/a.ini"), at(USER "conf.d/README")), 0); /* nothing that counts */
    ck_assert_str_eq(read_user(), "T/home/sallyport/sallyport.ini: No such file or directory\n");
}
END_TEST

/* --- what is final --- */

START_TEST(final_needs_no_include_and_wins)
{
    put(SYSTEM "sallyport.ini", "[sallyport]\nfinal = proxy\n[proxy]\nurl = s\n");
    put(USER "sallyport.ini", "[proxy]\nurl = u\nuser = me\n[proxy b]\nurl = u\n[imap]\ntarget = u\nproxy = b\n");
    put(USER "conf.d/a.ini", "[proxy]\nurl = v\n[sallyport]\nfinal = none\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "1:3 [sallyport]\n2:2 final=proxy\n1:1 [proxy]\n2:4 url=s\n0:3 user=me\n"
                            "0:6 [imap]\n0:7 target=u\n0:8 proxy=b\n");
    ck_assert_str_eq(logged, "sallyport: warning: T/home/sallyport/conf.d/a.ini:4: final has no effect: it counts in "
                     "this machine's file alone\n"
                     "sallyport: warning: T/home/sallyport/conf.d/a.ini:2: url in [proxy] does not count: "
                     "T/etc/sallyport/sallyport.ini:2 says that it is final\n"
                     "sallyport: warning: T/home/sallyport/sallyport.ini:4: [proxy b] does not count: "
                     "T/etc/sallyport/sallyport.ini:2 says that it is final\n");
    put("other.ini", "[proxy]\nurl = u\n"); /* policy, not security: whoever names another file has that */
    ck_assert_str_eq(read_there(at("other.ini"), NULL), "");
    ck_assert_str_eq(all(), "0:1 [proxy]\n0:2 url=u\n");
}
END_TEST

START_TEST(a_small_file_can_say_what_is_final)
{
    put(SYSTEM "sallyport.ini", "[proxy]\nurl = s\n");
    put(SYSTEM "conf.d/policy.ini", "[sallyport]\nfinal = proxy\n");
    put(USER "sallyport.ini", "[proxy]\nurl = u\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "1:1 [proxy]\n1:2 url=s\n2:1 [sallyport]\n2:2 final=proxy\n");
}
END_TEST

START_TEST(warnings_are_bounded)
{
    char text[2000] = "[proxy]\n";

    for (int i = 0; i < 50; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "header = A: 1\n");
    put(SYSTEM "sallyport.ini", "[sallyport]\nfinal = proxy\n[proxy]\nurl = s\n");
    put(USER "sallyport.ini", text);
    ck_assert_str_eq(read_user(), "");
    ck_assert_ptr_nonnull(strstr(logged, "and 42 more keys that do not count\n"));
    snprintf(text, sizeof text, "[proxy]\n");
    for (int i = 0; i < 7; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "header = A: 1\n");
    for (int i = 0; i < 12; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "[proxy p%d]\nurl = u\n", i);
    put(USER "sallyport.ini", text);
    ck_assert_str_eq(read_user(), "");
    ck_assert_ptr_nonnull(strstr(logged, "and 11 more sections that do not count\n"));
    snprintf(text, sizeof text, "[proxy a]\n");
    for (int i = 0; i < 7; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "[proxy p%d]\nurl = u\n", i);
    snprintf(text + strlen(text), sizeof text - strlen(text), "[proxy]\nheader = A: 1\nheader = A: 1\n[proxy z]\n");
    put(USER "sallyport.ini", text);
    ck_assert_str_eq(read_user(), "");
    ck_assert_ptr_nonnull(strstr(logged, "and 2 more keys and 1 more section that do not count\n"));
}
END_TEST

/* --- what cannot be --- */

START_TEST(what_is_wrong_is_told_of_the_right_file)
{
    put(SYSTEM "sallyport.ini", "x = 1\n[sallyport]\ninclude = system\n");
    put(SYSTEM "conf.d/a.ini", "[proxy]\nnonsense\n");
    put(USER "sallyport.ini", "[sallyport]\ninclude = system\n[a]\n[a]\n");
    ck_assert_str_eq(read_user(), "T/home/sallyport/sallyport.ini:4: [a] stands a second time\n"
                     "T/etc/sallyport/sallyport.ini:1: `x` stands before the first section\n"
                     "T/etc/sallyport/sallyport.ini:3: include: this is the machine's file itself, which extends no "
                     "other\n"
                     "T/etc/sallyport/conf.d/a.ini:2: neither [section] nor key = value\n");
    ck_assert_str_eq(read_there(at(SYSTEM "sallyport.ini"), NULL),
                     "T/etc/sallyport/sallyport.ini:1: `x` stands before the first section\n"
                     "T/etc/sallyport/sallyport.ini:3: include: this is the machine's file itself, which extends no "
                     "other\n"
                     "T/etc/sallyport/conf.d/a.ini:2: neither [section] nor key = value\n");
    put(USER "sallyport.ini", "[imap]\n"); /* whoever does not extend it is not stopped by it */
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(logged, "sallyport: warning: T/etc/sallyport/sallyport.ini:1: `x` stands before the first section"
                     LEFT_OUT
                     "sallyport: warning: T/etc/sallyport/conf.d/a.ini:2: neither [section] nor key = value" LEFT_OUT);
    ck_assert_uint_eq(sources.count, 1);
}
END_TEST

START_TEST(a_second_one_that_is_not_read_is_told_of)
{
    static const char warning[] = "sallyport: warning: /etc/sallyport.ini does not count, since "
                                  "T/etc/sallyport/sallyport.ini or conf.d beside it is there, too: "
                                  "move what it says there, or remove it\n";

    put(SYSTEM "conf.d/a.ini", "[imap]\n");
    put(USER "sallyport.ini", "[imap]\n");
    unread = "/etc/sallyport.ini";
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(logged, warning);
    ck_assert_str_eq(read_there(at(SYSTEM "sallyport.ini"), NULL), "");
    ck_assert_str_eq(logged, warning);
    put(USER "sallyport.ini", "[sallyport]\ninclude = system\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(logged, warning);
    put("other.ini", "[imap]\n"); /* which has nothing to do with it */
    ck_assert_str_eq(read_there(at("other.ini"), NULL), "");
    ck_assert_str_eq(logged, "");
    unread = NULL;
}
END_TEST

/* Nobody is locked out by one that is wrong, nor set free of what the others say. */
START_TEST(what_is_wrong_of_the_machine_s_is_left_out)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *why;
    } rows[] = {
        {"[imap]\nbogus = 1\n", 0644, ":2: bogus"},
        {"[imap]\nnonsense\n", 0644, ":2: neither [section] nor key = value"},
        {"[proxy]\nnonsense\n", 0664, ": " WRITABLE},
        {"[sallyport]\ninclude = system\n", 0644, ":2: include: this is the machine's file itself, which extends no "
         "other"},
        {"[sallyport]\nfinal = none\nbogus = 1\n", 0644, ":3: bogus"},
        /* what others could write is no word of the administrator's */
        {"[sallyport]\nfinal = none\n", 0664, ": " WRITABLE},
        {"[sallyport]\nfinal = imap\n", 0646, ": " WRITABLE},
    };

    put(SYSTEM "sallyport.ini", "[sallyport]\nfinal = proxy\n[proxy]\nurl = s\n");
    put(SYSTEM "conf.d/c.ini", "[proxy]\nhttp = c\n");
    put(USER "sallyport.ini", "[proxy]\nurl = u\n[imap]\ntarget = u\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char expected[500];

        snprintf(expected, sizeof expected, "warning: T/etc/sallyport/conf.d/b.ini%s" LEFT_OUT, rows[i].why);
        put(SYSTEM "conf.d/b.ini", rows[i].text);
        ck_assert_int_eq(chmod(at(SYSTEM "conf.d/b.ini"), rows[i].mode), 0);
        ck_assert_str_eq(read_user(), "");
        ck_assert_str_eq(all(), "0:3 [imap]\n0:4 target=u\n1:1 [sallyport]\n1:2 final=proxy\n2:1 [proxy]\n1:4 url=s\n"
                                "2:2 http=c\n");
        ck_assert_uint_eq(sources.count, 3);
        ck_assert_ptr_nonnull(strstr(logged, expected));
    }
    ck_assert_int_eq(chmod(at(SYSTEM "conf.d"), 0777), 0); /* with all that is in it */
    ck_assert_str_eq(read_user(), "");
    ck_assert_uint_eq(sources.count, 2);
    ck_assert_str_eq(strstr(logged, "T/etc/sallyport/conf.d:"), "T/etc/sallyport/conf.d: " WRITABLE LEFT_OUT
                     "sallyport: warning: T/home/sallyport/sallyport.ini:2: url in [proxy] does not count: "
                     "T/etc/sallyport/sallyport.ini:2 says that it is final\n");
    ck_assert_int_eq(chmod(at(SYSTEM "sallyport.ini"), 0666), 0);
    ck_assert_str_eq(read_user(), ""); /* nothing is final then */
    ck_assert_str_eq(all(), "0:1 [proxy]\n0:2 url=u\n0:3 [imap]\n0:4 target=u\n");
}
END_TEST

/* It cannot be obeyed, and nobody else could have written it. */
START_TEST(what_says_what_is_final_is_not_left_out)
{
    static const char *const rows[][2] = {
        {"[sallyport]\n[proxy]\nurl = s\n[sallyport]\nfinal = proxy\n", ":4: [sallyport] stands a second time"},
        {"[sallyport]\nfinal = proxy\nfinal = none\nnonsense\n", ":4: neither [section] nor key = value"},
        {"[sallyport]\nfinal = none\n  proxy\nnonsense\n", ":4: neither [section] nor key = value"},
    };

    put(USER "sallyport.ini", "[proxy]\nurl = u\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char expected[200];

        snprintf(expected, sizeof expected, "T/etc/sallyport/sallyport.ini%s\n", rows[i][1]);
        put(SYSTEM "sallyport.ini", rows[i][0]);
        ck_assert_str_eq(read_user(), expected);
    }
    put(SYSTEM "sallyport.ini", "[sallyport]\nbogus = 1\nfinal = proxy\nnonsense\n[proxy]\nurl = s\n");
    ck_assert_str_eq(read_user(), "T/etc/sallyport/sallyport.ini:4: neither [section] nor key = value\n");
    ck_assert_str_eq(all(), "1:1 [sallyport]\n1:2 bogus=1\n1:3 final=proxy\n1:5 [proxy]\n1:6 url=s\n"); /* for more */
    put(SYSTEM "sallyport.ini", "[sallyport]\nfinal =\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "0:1 [proxy]\n0:2 url=u\n1:1 [sallyport]\n1:2 final=\n");
    put(SYSTEM "sallyport.ini", "[sallyport]\nfinal = none\n[imap]\n"); /* that is nothing */
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "0:1 [proxy]\n0:2 url=u\n");
    ck_assert_str_eq(logged, "");
}
END_TEST

/* Its users have nothing that they could put in its place. */
START_TEST(what_has_of_what_is_final_is_not_left_out)
{
    put(SYSTEM "sallyport.ini", "[proxy]\nurl = s\nnonsense\n");
    put(SYSTEM "conf.d/10.ini", "[sallyport]\nfinal = proxy\n");
    put(SYSTEM "conf.d/20.ini", "[imap]\nbogus = 1\n");
    put(USER "sallyport.ini", "[proxy]\nurl = u\n[imap]\ntarget = u\n");
    ck_assert_str_eq(read_user(), "T/etc/sallyport/sallyport.ini:3: neither [section] nor key = value\n");
    ck_assert_str_eq(all(), "0:3 [imap]\n0:4 target=u\n1:1 [proxy]\n1:2 url=s\n2:1 [sallyport]\n2:2 final=proxy\n");
    ck_assert_ptr_nonnull(strstr(logged, "T/etc/sallyport/conf.d/20.ini:2: bogus" LEFT_OUT));
    put(SYSTEM "conf.d/20.ini", "[sallyport]\nfinal = none\nnonsense\n[proxy]\nhttp = s\n"); /* what is meant now? */
    ck_assert_str_eq(read_user(), "T/etc/sallyport/sallyport.ini:3: neither [section] nor key = value\n"
                                  "T/etc/sallyport/conf.d/20.ini:3: neither [section] nor key = value\n");
    put(SYSTEM "conf.d/10.ini", "[sallyport]\nfinal = imap\n");
    put(SYSTEM "conf.d/20.ini", "[imap]\ntls = yes\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_ptr_nonnull(strstr(logged, "sallyport.ini:3: neither [section] nor key = value" LEFT_OUT));
    ck_assert_uint_eq(sources.count, 3);
}
END_TEST

/* That it is wrong is for who looks at all that counts to say; and it does not undo what the others say. */
START_TEST(nor_is_what_is_wrong_in_another_way)
{
    put(SYSTEM "sallyport.ini", "[proxy]\nurl = s\n");
    put(SYSTEM "conf.d/10.ini", "[sallyport]\nfinal = proxy\n");
    put(SYSTEM "conf.d/20.ini", _i == 0 ? "[sallyport]\nfinal = none\n[proxy]\nbogus = 1\n"
                                        : "[sallyport]\nfinal = none\n[proxy one two]\nbogus = 1\n");
    put(USER "sallyport.ini", "[proxy]\nurl = u\n[imap]\ntarget = u\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_ptr_null(strstr(logged, LEFT_OUT));
    ck_assert_ptr_nonnull(strstr(all(), "url=s\n"));
    ck_assert_ptr_nonnull(strstr(all(), "bogus=1\n"));
    ck_assert_ptr_nonnull(strstr(all(), "final=proxy\n"));
    ck_assert_ptr_null(strstr(all(), "url=u\n"));
    ck_assert_ptr_null(strstr(all(), "final=none\n"));
}
END_TEST

START_TEST(warnings_of_what_is_left_out_are_bounded)
{
    const char *at_warning;
    unsigned count = 0;
    char name[64];

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, SYSTEM "conf.d/%02d.ini", i);
        put(name, "[proxy]\nbogus = 1\n");
    }
    put(USER "sallyport.ini", "[imap]\n");
    ck_assert_str_eq(read_user(), "");
    for (at_warning = logged; (at_warning = strstr(at_warning, LEFT_OUT)) != NULL; at_warning++)
        count++;
    ck_assert_uint_eq(count, 8);
    ck_assert_ptr_nonnull(strstr(logged, "sallyport: warning: and 12 more files that do not count\n"));
    ck_assert_uint_eq(sources.count, 1);
    for (int i = 9; i < 20; i++)
        unlink((snprintf(name, sizeof name, SYSTEM "conf.d/%02d.ini", i), at(name)));
    ck_assert_str_eq(read_user(), "");
    ck_assert_ptr_nonnull(strstr(logged, "sallyport: warning: and 1 more file that does not count\n"));
    ck_assert_int_eq(unlink(at(SYSTEM "conf.d/08.ini")), 0);
    ck_assert_str_eq(read_user(), "");
    ck_assert_ptr_null(strstr(logged, "more file"));
}
END_TEST

START_TEST(the_machine_s_file_may_say_that_it_extends_none)
{
    put(SYSTEM "sallyport.ini", "[sallyport]\ninclude = none\n[proxy]\nurl = s\n");
    ck_assert_str_eq(read_there(at(SYSTEM "sallyport.ini"), NULL), "");
    put(USER "sallyport.ini", "[sallyport]\ninclude = system\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(all(), "0:1 [sallyport]\n0:2 include=system\n1:3 [proxy]\n1:4 url=s\n");
}
END_TEST

START_TEST(a_file_that_is_not_there_cannot_be_extended)
{
    put(USER "sallyport.ini", "\n[sallyport]\ninclude = system\n");
    ck_assert_str_eq(read_user(), "T/home/sallyport/sallyport.ini:3: include: there is no "
                                  "T/etc/sallyport/sallyport.ini\n");
    make_folders(SYSTEM);
    ck_assert_int_eq(symlink(at(USER "sallyport.ini"), at(SYSTEM "sallyport.ini")), 0);
    ck_assert_str_eq(read_user(), "T/home/sallyport/sallyport.ini:3: include: this is the machine's file itself, which "
                                  "extends no other\n");
}
END_TEST

/* A name whose open would wait, or lead nowhere. */
START_TEST(what_is_no_regular_file_is_an_error)
{
    put(USER "sallyport.ini", "[imap]\n");
    make_folders(USER "conf.d/");
    ck_assert_int_eq(mkfifo(at(USER "conf.d/a.ini"), 0600), 0);
    ck_assert_int_eq(mkdir(at(USER "conf.d/b.ini"), 0700), 0);
    ck_assert_int_eq(symlink("c.ini", at(USER "conf.d/c.ini")), 0);
    ck_assert_int_eq(symlink("/nonexistent", at(USER "conf.d/d.ini")), 0);
    ck_assert_int_eq(symlink("/dev/null", at(USER "conf.d/e.ini")), 0);
    ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d/a.ini: is no regular file\n"
                     "T/home/sallyport/conf.d/b.ini: is no regular file\n"
                     "T/home/sallyport/conf.d/c.ini: Too many levels of symbolic links\n"
                     "T/home/sallyport/conf.d/d.ini: No such file or directory\n"
                     "T/home/sallyport/conf.d/e.ini: is no regular file\n");
    make_folders(SYSTEM);
    ck_assert_int_eq(mkfifo(at(SYSTEM "sallyport.ini"), 0600), 0); /* of the machine's, too, by whomever it is read */
    ck_assert_str_eq(read_there(at(SYSTEM "sallyport.ini"), NULL), "T/etc/sallyport/sallyport.ini: is no regular "
                                                                   "file\n");
}
END_TEST

START_TEST(a_folder_that_is_none_is_an_error)
{
    put(USER "sallyport.ini", "[imap]\n");
    put(USER "conf.d", "");
    ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d: Not a directory\n");
    ck_assert_int_eq(unlink(at(USER "conf.d")), 0);
    ck_assert_int_eq(symlink("conf.d", at(USER "conf.d")), 0);
    ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d: Too many levels of symbolic links\n");
    ck_assert_int_eq(unlink(at(USER "conf.d")), 0);
    ck_assert_int_eq(symlink("/nonexistent", at(USER "conf.d")), 0);
    ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d: No such file or directory\n");
    ck_assert_int_eq(unlink(at(USER "sallyport.ini")), 0);
    ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d: No such file or directory\n");
}
END_TEST

START_TEST(what_others_can_write_to_is_not_read)
{
    static const struct {
        const char *name;
        mode_t bad, good;
        const char *advice;
    } rows[] = {
        {USER "sallyport.ini", 0646, 0664, "everybody can write to it: run `chmod o-w` on it"},
        {USER "conf.d/a.ini", 0664, 0644, WRITABLE},
        {USER "conf.d/a.ini", 0646, 0600, WRITABLE},
        {USER "conf.d", 0777, 0755, WRITABLE},
        {USER "conf.d", 0770, 0700, WRITABLE},
        {SYSTEM "sallyport.ini", 0666, 0644, WRITABLE},
        {SYSTEM "sallyport.ini", 0664, 0644, WRITABLE},
        {SYSTEM "conf.d", 0775, 0755, WRITABLE},
    };

    put(SYSTEM "sallyport.ini", "[proxy]\n");
    put(SYSTEM "conf.d/a.ini", "[proxy]\nurl = a\n");
    put(USER "sallyport.ini", "[sallyport]\ninclude = system\n");
    put(USER "conf.d/a.ini", "[imap]\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char expected[300];

        snprintf(expected, sizeof expected, "T/%s: %s\n", rows[i].name, rows[i].advice);
        ck_assert_int_eq(chmod(at(rows[i].name), rows[i].bad), 0);
        ck_assert_str_eq(read_user(), expected);
        if (strncmp(rows[i].name, SYSTEM, strlen(SYSTEM)) == 0) /* nor by who has asked for it */
            ck_assert_str_eq(read_there(at(SYSTEM "sallyport.ini"), NULL), expected);
        ck_assert_int_eq(chmod(at(rows[i].name), rows[i].good), 0);
        ck_assert_str_eq(read_user(), "");
    }
}
END_TEST

START_TEST(what_belongs_to_another_user_is_not_read)
{
    if (geteuid() != 0)
        return; /* only root can give a file away */
    put(USER "sallyport.ini", "[imap]\n");
    put(USER "conf.d/a.ini", "[imap]\n");
    ck_assert_int_eq(chown(at(USER "conf.d/a.ini"), 65534, 0), 0);
    ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d/a.ini: " FOREIGN "\n");
    ck_assert_int_eq(chown(at(USER "conf.d"), 65534, 0), 0);
    ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d: " FOREIGN "\n");
    unlink(at(USER "conf.d/a.ini"));
    ck_assert_int_eq(rmdir(at(USER "conf.d")), 0);
    put(SYSTEM "sallyport.ini", "[imap]\n");
    ck_assert_int_eq(chown(at(SYSTEM "sallyport.ini"), 65534, 0), 0);
    ck_assert_str_eq(read_there(at(SYSTEM "sallyport.ini"), NULL), "T/etc/sallyport/sallyport.ini: " FOREIGN "\n");
    ck_assert_str_eq(read_user(), "");
    ck_assert_str_eq(logged, "sallyport: warning: T/etc/sallyport/sallyport.ini: " FOREIGN LEFT_OUT);
}
END_TEST

START_TEST(the_number_of_files_has_a_bound)
{
    char name[64];

    put(USER "sallyport.ini", "[imap]\n");
    for (int i = 0; i < LAYERS_FILES_MAX; i++) {
        snprintf(name, sizeof name, USER "conf.d/%02d.ini", i);
        put(name, "[imap]\n");
    }
    ck_assert_str_eq(read_user(), "");
    ck_assert_uint_eq(sources.count, LAYERS_FILES_MAX + 1);
    put(USER "conf.d/x.ini", "[imap]\n");
    ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d: has more than 32 files that end in .ini\n");
    ck_assert_int_eq(unlink(at(USER "conf.d/x.ini")), 0);
    for (int i = 0; i < CONFIG_PLACE_NAMES_MAX; i++) {
        snprintf(name, sizeof name, USER "conf.d/%04d", i);
        put(name, "");
    }
    read_user();
    ck_assert_ptr_nonnull(strstr(told, "T/home/sallyport/conf.d: has more than 1024 files\n"));
}
END_TEST

/* Of the machine's, it stops users only where something is final: what cannot be listed may have of that. */
START_TEST(what_can_be_listed_of_a_folder_counts)
{
    static const char fault[] = "T/etc/sallyport/conf.d: has more than 32 files that end in .ini";
    char name[64], expected[500];

    put(USER "sallyport.ini", "[proxy]\nurl = u\n[imap]\ntarget = u\n");
    for (int i = 0; i <= LAYERS_FILES_MAX; i++) {
        snprintf(name, sizeof name, SYSTEM "conf.d/%02d.ini", i);
        put(name, "[smtp]\n");
    }
    ck_assert_str_eq(read_user(), ""); /* nothing is final */
    snprintf(expected, sizeof expected, "sallyport: warning: %s (not all that is in it counts: ", fault);
    ck_assert_ptr_nonnull(strstr(logged, expected));
    ck_assert_uint_eq(sources.count, 1);
    put(SYSTEM "conf.d/00.ini", "[sallyport]\nfinal = proxy\n[proxy]\nurl = s\n");
    snprintf(expected, sizeof expected, "%s\n", fault);
    ck_assert_str_eq(read_user(), expected);
    ck_assert_ptr_nonnull(strstr(all(), "url=s\n"));
    ck_assert_ptr_null(strstr(all(), "url=u\n"));
    unlink(at(SYSTEM "conf.d/32.ini"));
    ck_assert_str_eq(read_user(), "");
    put(SYSTEM "conf.d/a\nb.ini", "[proxy]\n");
    unlink(at(SYSTEM "conf.d/31.ini"));
    ck_assert_str_eq(read_user(), "T/etc/sallyport/conf.d: has a file with a control character in its name\n");
}
END_TEST

START_TEST(a_folder_that_ends_too_early_is_an_error)
{
    put(USER "sallyport.ini", "[imap]\n");
    put(USER "conf.d/a.ini", "[imap]\n");
    put(USER "conf.d/b.ini", "[imap]\n");
    for (int names = 0; names < 4; names++) { /* . and .. are among them */
        readable = names;
        ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d: cannot be read to its end: Input/output error\n");
        readable = INT_MAX;
    }
}
END_TEST

START_TEST(a_name_that_could_end_a_line_is_an_error)
{
    put(USER "sallyport.ini", "[imap]\n");
    put(USER "conf.d/a\n[b].ini", "[imap]\n");
    ck_assert_str_eq(read_user(), "T/home/sallyport/conf.d: has a file with a control character in its name\n");
}
END_TEST

START_TEST(whether_others_can_read_a_file_is_noted)
{
    put(USER "sallyport.ini", "[imap]\n");
    put(USER "conf.d/a.ini", "[imap]\n");
    put(USER "conf.d/b.ini", "[imap]\n");
    ck_assert_int_eq(chmod(at(USER "conf.d/a.ini"), 0600), 0);
    ck_assert_str_eq(read_user(), "");
    ck_assert(sources.at[0].is_exposed && !sources.at[1].is_exposed && sources.at[2].is_exposed);
}
END_TEST

START_TEST(a_stream_has_nothing_beside_it)
{
    FILE *stream = fmemopen((char *)(uintptr_t)"[imap]\n", 7, "r");

    put(SYSTEM "sallyport.ini", "[sallyport]\nfinal = proxy\n");
    put(USER "conf.d/a.ini", "nonsense\n");
    ck_assert_str_eq(read_there(at(USER "sallyport.ini"), stream), "");
    ck_assert_str_eq(all(), "0:1 [imap]\n");
    fclose(stream);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("layers");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, a_file_of_its_own_is_all_that_there_is);
    tcase_add_test(cases, include_lays_it_over_the_machine_s);
    tcase_add_test(cases, small_files_lie_over_the_one_that_they_are_beside);
    tcase_add_test(cases, only_names_that_are_meant_count);
    tcase_add_test(cases, the_machine_s_file_alone_has_its_small_ones);
    tcase_add_test(cases, a_link_to_the_machine_s_file_is_that_file);
    tcase_add_test(cases, the_users_file_is_that_file_by_each_name);
    tcase_add_test(cases, small_files_are_beside_a_file_in_whatever_spelling);
    tcase_add_test(cases, small_files_need_no_other);
    tcase_add_test(cases, a_file_that_leads_nowhere_is_not_missing);
    tcase_add_test(cases, final_needs_no_include_and_wins);
    tcase_add_test(cases, a_small_file_can_say_what_is_final);
    tcase_add_test(cases, warnings_are_bounded);
    tcase_add_test(cases, what_is_wrong_is_told_of_the_right_file);
    tcase_add_test(cases, a_second_one_that_is_not_read_is_told_of);
    tcase_add_test(cases, what_is_wrong_of_the_machine_s_is_left_out);
    tcase_add_test(cases, what_says_what_is_final_is_not_left_out);
    tcase_add_test(cases, what_has_of_what_is_final_is_not_left_out);
    tcase_add_loop_test(cases, nor_is_what_is_wrong_in_another_way, 0, 2);
    tcase_add_test(cases, warnings_of_what_is_left_out_are_bounded);
    tcase_add_test(cases, the_machine_s_file_may_say_that_it_extends_none);
    tcase_add_test(cases, a_file_that_is_not_there_cannot_be_extended);
    tcase_add_test(cases, what_is_no_regular_file_is_an_error);
    tcase_add_test(cases, a_folder_that_is_none_is_an_error);
    tcase_add_test(cases, what_others_can_write_to_is_not_read);
    tcase_add_test(cases, what_belongs_to_another_user_is_not_read);
    tcase_add_test(cases, the_number_of_files_has_a_bound);
    tcase_add_test(cases, what_can_be_listed_of_a_folder_counts);
    tcase_add_test(cases, a_folder_that_ends_too_early_is_an_error);
    tcase_add_test(cases, a_name_that_could_end_a_line_is_an_error);
    tcase_add_test(cases, whether_others_can_read_a_file_is_noted);
    tcase_add_test(cases, a_stream_has_nothing_beside_it);
    return unit_run();
}
