# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/http/check_access_control \
	tests/unit/http/check_capsule \
	tests/unit/http/check_capsule_reader \
	tests/unit/http/check_connect_request \
	tests/unit/http/check_connect_response \
	tests/unit/http/check_drain \
	tests/unit/http/check_error_page \
	tests/unit/http/check_field_reader \
	tests/unit/http/check_forwarded \
	tests/unit/http/check_frame_flood \
	tests/unit/http/check_h1_exchange \
	tests/unit/http/check_h2_connection \
	tests/unit/http/check_h2_exchange \
	tests/unit/http/check_h2_fields \
	tests/unit/http/check_h2_frames \
	tests/unit/http/check_h2_input \
	tests/unit/http/check_h2_laid \
	tests/unit/http/check_h2_output \
	tests/unit/http/check_h2_session \
	tests/unit/http/check_h2_stream \
	tests/unit/http/check_h2_traffic \
	tests/unit/http/check_head_end \
	tests/unit/http/check_held_secrets \
	tests/unit/http/check_http_body \
	tests/unit/http/check_http_date \
	tests/unit/http/check_http_fields \
	tests/unit/http/check_http_head \
	tests/unit/http/check_http_head_slice \
	tests/unit/http/check_receive_window \
	tests/unit/http/check_request_head \
	tests/unit/http/check_retry_after \
	tests/unit/http/check_uri_template

tests_unit_http_check_h1_exchange_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_capsule_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_drain_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_h2_connection_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_h2_exchange_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_h2_output_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_h2_session_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_h2_stream_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
tests_unit_http_check_h2_frames_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=malloc,--wrap=free
tests_unit_http_check_h2_traffic_LDFLAGS = $(AM_LDFLAGS) $(STAGE) -Wl,--wrap=scratch_take,--wrap=h2_input_take
