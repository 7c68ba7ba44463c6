/* SPDX-License-Identifier: ISC */
#include "base/curl_features.h"

#include <curl/curl.h>

#include "../unit.h"

/* It says no more and no less than libcurl does where it is told to use it. */
START_TEST(ntlm_is_there_when_it_can_be_asked_for)
{
    CURL *easy = curl_easy_init();

    ck_assert_ptr_nonnull(easy);
    ck_assert_int_eq(curl_easy_setopt(easy, CURLOPT_PROXYAUTH, CURLAUTH_NTLM),
                     curl_features_ntlm() ? CURLE_OK : CURLE_NOT_BUILT_IN);
    curl_easy_cleanup(easy);
}
END_TEST

int main(void)
{
    TCase *cases = unit_case("curl_features");

    tcase_add_test(cases, ntlm_is_there_when_it_can_be_asked_for);
    return unit_run();
}
