/* SPDX-License-Identifier: ISC */
#include "base/harden.h"

#include <stdlib.h>
#include <sys/resource.h>
#ifdef LINUX_WAYS
#include <sys/prctl.h>
#endif

#include "../unit.h"

/* In a build with AddressSanitizer the process stays open to its search for leaks. */
static bool is_attached_to(void)
{
#if defined __SANITIZE_ADDRESS__
    return true;
#elif defined __has_feature
#if __has_feature(address_sanitizer)
    return true;
#else
    return false;
#endif
#else
    return false;
#endif
}

START_TEST(no_library_logs_the_keys_of_tls)
{
    setenv("SSLKEYLOGFILE", "/nonexistent/keys", 1);
    harden_process();
    ck_assert_ptr_null(getenv("SSLKEYLOGFILE"));
}
END_TEST

START_TEST(nobody_attaches_and_no_core_is_written)
{
    struct rlimit before, after;

    ck_assert_int_eq(getrlimit(RLIMIT_CORE, &before), 0);
    harden_process();
    ck_assert_int_eq(getrlimit(RLIMIT_CORE, &after), 0);
    ck_assert(is_attached_to() ? after.rlim_max == before.rlim_max : after.rlim_cur == 0 && after.rlim_max == 0);
#ifdef LINUX_WAYS
    ck_assert_int_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), is_attached_to() ? 1 : 0);
#endif
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("harden");

    tcase_add_test(cases, no_library_logs_the_keys_of_tls);
    tcase_add_test(cases, nobody_attaches_and_no_core_is_written);
    return unit_run();
}
