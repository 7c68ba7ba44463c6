# SPDX-License-Identifier: ISC
# The unit tests of src/discover.

UNIT_TESTS += \
	tests/unit/discover/check_autoconfig_file \
	tests/unit/discover/check_discovery \
	tests/unit/discover/check_found_servers \
	tests/unit/discover/check_guess \
	tests/unit/discover/check_mail_address \
	tests/unit/discover/check_pacc_file \
	tests/unit/discover/check_server_file \
	tests/unit/discover/check_srv_search \
	tests/unit/discover/check_tunnel_plan \
	tests/unit/discover/check_usual_names \
	tests/unit/discover/check_web_fetch
tests_unit_discover_check_discovery_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_discover_check_guess_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_discover_check_srv_search_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_discover_check_usual_names_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_discover_check_web_fetch_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
