#include "base/credential.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

START_TEST(the_name_stands_behind_the_prefix)
{
    ck_assert_str_eq(credential_name("credential:proxy"), "proxy");
    ck_assert_str_eq(credential_name("credential:"), "");
    ck_assert_str_eq(credential_name("credential:a:b"), "a:b");
    ck_assert_ptr_null(credential_name("/run/credential:proxy"));
    ck_assert_ptr_null(credential_name("Credential:proxy"));
    ck_assert_ptr_null(credential_name("credential"));
    ck_assert_ptr_null(credential_name(""));
}
END_TEST

START_TEST(a_name_is_one_component)
{
    static const char *const good[] = {"proxy", "a", "...", ".a", "..a", "proxy password", "gr\303\274n"};
    static const char *const bad[] = {"", ".", "..", "/", "/etc/passwd", "../x", "a/b", "a/"};
    const char *why;
    char name[257];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(credential_is_name(good[i], &why) && !why, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!credential_is_name(bad[i], &why) && why && *why, "%s", bad[i]);
    memset(name, 'x', sizeof name);
    name[256] = '\0';
    ck_assert(!credential_is_name(name, &why));
    name[255] = '\0';
    ck_assert(credential_is_name(name, &why));
}
END_TEST

START_TEST(the_directory_comes_from_the_environment)
{
    const char *why;
    char path[64];

    setenv("CREDENTIALS_DIRECTORY", "/run/user/1000/credentials/sallyport.service", 1);
    ck_assert(credential_path("proxy", path, sizeof path, &why));
    ck_assert_str_eq(path, "/run/user/1000/credentials/sallyport.service/proxy");
    ck_assert(!credential_path("..", path, sizeof path, &why));
    ck_assert(credential_path("eighteen-character", path, sizeof path, &why)); /* 44 + 1 + 18 + NUL */
    ck_assert(!credential_path("eighteen-character+", path, sizeof path, &why));
    ck_assert_str_eq(why, "the path of the credential is too long");
    setenv("CREDENTIALS_DIRECTORY", "credentials", 1);
    ck_assert(!credential_path("proxy", path, sizeof path, &why));
    unsetenv("CREDENTIALS_DIRECTORY");
    ck_assert(!credential_path("proxy", path, sizeof path, &why));
    ck_assert_ptr_nonnull(strstr(why, "CREDENTIALS_DIRECTORY"));
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("credential");

    tcase_add_test(cases, the_name_stands_behind_the_prefix);
    tcase_add_test(cases, a_name_is_one_component);
    tcase_add_test(cases, the_directory_comes_from_the_environment);
    return unit_run();
}
