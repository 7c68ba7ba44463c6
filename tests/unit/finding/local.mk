# SPDX-License-Identifier: ISC
# The unit tests of src/finding.

UNIT_TESTS += \
	tests/unit/finding/check_conversation \
	tests/unit/finding/check_findproxy_path \
	tests/unit/finding/check_helper \
	tests/unit/finding/check_host_lookup

# the helper is a script of the test's
EXTRA_DIST += tests/unit/finding/played_helper.sh
PLAYED_HELPER = -DPLAYED_HELPER='"$(abs_top_srcdir)/tests/unit/finding/played_helper.sh"'
tests_unit_finding_check_conversation_CPPFLAGS = $(AM_CPPFLAGS) $(PLAYED_HELPER)
tests_unit_finding_check_conversation_LDFLAGS = $(AM_LDFLAGS) $(STAGE) \
	-Wl,--wrap=log_wants,--wrap=log_event,--wrap=own_address_find
tests_unit_finding_check_helper_CPPFLAGS = $(AM_CPPFLAGS) $(PLAYED_HELPER)
tests_unit_finding_check_helper_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=log_message

# the resolver is the test's
tests_unit_finding_check_host_lookup_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=resolver_find_addresses,--wrap=lookup_cancel

# the helper is the one that was built
if HAVE_DUKTAPE
UNIT_TESTS += tests/unit/finding/check_helper_program tests/unit/finding/check_finder_program
tests_unit_finding_check_finder_program_CPPFLAGS = $(AM_CPPFLAGS) \
	-DFINDPROXY='"$(abs_top_builddir)/src/findproxy/findproxy"'
tests_unit_finding_check_finder_program_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=helper_new
tests_unit_finding_check_helper_program_CPPFLAGS = $(AM_CPPFLAGS) \
	-DFINDPROXY='"$(abs_top_builddir)/src/findproxy/findproxy"'
tests_unit_finding_check_helper_program_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=log_message
endif

UNIT_TESTS += \
	tests/unit/finding/check_pac_answer \
	tests/unit/finding/check_pac_disk \
	tests/unit/finding/check_pac_fetch \
	tests/unit/finding/check_pac_fetch_memory \
	tests/unit/finding/check_pac_file

tests_unit_finding_check_pac_fetch_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# what is asked of libcurl passes through the test, which lets it fail
tests_unit_finding_check_pac_fetch_memory_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=curl_easy_setopt \
	-Wl,--wrap=curl_easy_init,--wrap=curl_share_init,--wrap=curl_slist_append

# what is asked of the disk passes through the test
tests_unit_finding_check_pac_file_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=log_event,--wrap=log_message,--wrap=pac_disk_read

# the files and the helpers are played (played.h)
PLAYED = -Wl,--wrap=pac_file_new,--wrap=pac_file_free,--wrap=pac_file_read,--wrap=pac_file_cancel \
	-Wl,--wrap=pac_file_renew,--wrap=pac_file_age,--wrap=pac_file_error,--wrap=pac_file_serves \
	-Wl,--wrap=helper_new,--wrap=helper_free,--wrap=helper_set_script,--wrap=helper_ask,--wrap=helper_cancel \
	-Wl,--wrap=helper_renew,--wrap=helper_runs,--wrap=helper_answer_is_doubtful
UNIT_TESTS += \
	tests/unit/finding/check_answers \
	tests/unit/finding/check_ask_program \
	tests/unit/finding/check_finder \
	tests/unit/finding/check_inquiry \
	tests/unit/finding/check_script \
	tests/unit/finding/check_source
tests_unit_finding_check_finder_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(PLAYED)
tests_unit_finding_check_inquiry_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(PLAYED)
tests_unit_finding_check_script_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(PLAYED)
tests_unit_finding_check_source_LDFLAGS = $(AM_LDFLAGS) $(STAGE) $(PLAYED)
