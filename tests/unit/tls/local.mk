# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/tls/check_alert \
	tests/unit/tls/check_certificate \
	tests/unit/tls/check_hello \
	tests/unit/tls/check_key_share \
	tests/unit/tls/check_message_limit \
	tests/unit/tls/check_plain_answer \
	tests/unit/tls/check_record_bio \
	tests/unit/tls/check_tls_client \
	tests/unit/tls/check_tls_client_starttls \
	tests/unit/tls/check_tls_context \
	tests/unit/tls/check_tls_error \
	tests/unit/tls/check_tls_files \
	tests/unit/tls/check_tls_rules \
	tests/unit/tls/check_tls_server \
	tests/unit/tls/check_tls_server_context \
	tests/unit/tls/check_tls_stream \
	tests/unit/tls/check_tls_transport

tests_unit_tls_check_plain_answer_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_tls_check_tls_client_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_tls_check_tls_client_starttls_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_tls_check_tls_server_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_tls_check_tls_stream_LDFLAGS = $(AM_LDFLAGS) $(STAGE)

# its allocations pass through the test, which counts the large ones and lets them fail
tests_unit_tls_check_record_bio_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=malloc

# the test is what OpenSSL would be
tests_unit_tls_check_message_limit_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=SSL_set_msg_callback
