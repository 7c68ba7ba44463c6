# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/auth/check_authenticator \
	tests/unit/auth/check_basic \
	tests/unit/auth/check_challenge \
	tests/unit/auth/check_curl_bridge \
	tests/unit/auth/check_curl_client \
	tests/unit/auth/check_curl_loop \
	tests/unit/auth/check_curl_socket \
	tests/unit/auth/check_latin1 \
	tests/unit/auth/check_negotiate_login \
	tests/unit/auth/check_negotiate_login_kept \
	tests/unit/auth/check_negotiate_login_limit \
	tests/unit/auth/check_negotiate_login_owner \
	tests/unit/auth/check_lockout \
	tests/unit/auth/check_login_challenge \
	tests/unit/auth/check_negotiate_login \
	tests/unit/auth/check_nonces \
	tests/unit/auth/check_own_listener \
	tests/unit/auth/check_own_listener_path \
	tests/unit/auth/check_password \
	tests/unit/auth/check_scheme_choice \
	tests/unit/auth/check_web_place \
	tests/unit/auth/check_web_transfer
tests_unit_auth_check_web_transfer_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# what is given back passes through the test, which looks whether it was wiped; so does what libcurl wants watched
tests_unit_auth_check_curl_loop_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free -Wl,--wrap=calloc -Wl,--wrap=loop_io_levels

tests_unit_auth_check_negotiate_login_limit_LDFLAGS = $(AM_LDFLAGS) $(STAGE) \
	-Wl,--wrap=curl_loop_add -Wl,--wrap=loop_io_levels

tests_unit_auth_check_negotiate_login_kept_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_auth_check_negotiate_login_owner_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=curl_client_challenge

tests_unit_auth_check_authenticator_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# its allocations pass through the test, which lets them fail and looks at what is given back
tests_unit_auth_check_curl_bridge_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=free

# the test has the clock
tests_unit_auth_check_password_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=loop_now

# the test sees what libcurl is told, to be libcurl itself
tests_unit_auth_check_curl_socket_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=curl_easy_setopt -Wl,--wrap=transport_from_socket

# what is asked of libcurl passes through the test, which lets it fail; what is given back, too
tests_unit_auth_check_curl_client_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=curl_easy_setopt \
	-Wl,--wrap=curl_easy_init -Wl,--wrap=curl_share_init -Wl,--wrap=curl_slist_append -Wl,--wrap=malloc -Wl,--wrap=free

# what other systems have is tested where there is something better, too
tests_unit_auth_check_own_listener_path_SOURCES = tests/unit/auth/check_own_listener.c src/auth/own_listener_path.c
