# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/protocol/check_goodbye \
	tests/unit/protocol/check_protocol \
	tests/unit/protocol/check_starttls

# its allocations pass through the test, which lets them fail and measures them
tests_unit_protocol_check_starttls_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc -Wl,--wrap=realloc
