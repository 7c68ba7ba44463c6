# SPDX-License-Identifier: ISC
# A request for a tunnel and its answer.

src_libhouse_a_SOURCES += \
	src/http/access_control.c src/http/access_control.h \
	src/http/capsule.c src/http/capsule.h \
	src/http/capsule_reader.c src/http/capsule_reader.h \
	src/http/connect_request.c src/http/connect_request.h \
	src/http/connect_response.c src/http/connect_response.h \
	src/http/drain.c src/http/drain.h \
	src/http/error_page.c src/http/error_page.h \
	src/http/exchange.c src/http/exchange.h \
	src/http/field_reader.c src/http/field_reader.h \
	src/http/forwarded.c src/http/forwarded.h \
	src/http/frame_flood.c src/http/frame_flood.h \
	src/http/h1_exchange.c src/http/h1_exchange.h \
	src/http/h2_connection.c src/http/h2_connection.h \
	src/http/h2_exchange.c src/http/h2_exchange.h \
	src/http/h2_fields.c src/http/h2_fields.h \
	src/http/h2_frames.c src/http/h2_frames.h \
	src/http/h2_input.c src/http/h2_input.h \
	src/http/h2_laid.c src/http/h2_laid.h \
	src/http/h2_output.c src/http/h2_output.h \
	src/http/h2_session.c src/http/h2_session.h \
	src/http/h2_stream.c src/http/h2_stream.h \
	src/http/h2_traffic.c src/http/h2_traffic.h \
	src/http/head_end.c src/http/head_end.h \
	src/http/held_secrets.c src/http/held_secrets.h \
	src/http/http_body.c src/http/http_body.h \
	src/http/http_date.c src/http/http_date.h \
	src/http/http_fields.c src/http/http_fields.h \
	src/http/http_head.c src/http/http_head.h \
	src/http/http_head_slice.c src/http/http_head_slice.h \
	src/http/receive_window.c src/http/receive_window.h \
	src/http/request_head.c src/http/request_head.h \
	src/http/retry_after.c src/http/retry_after.h \
	src/http/uri_template.c src/http/uri_template.h
