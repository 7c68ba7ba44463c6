# SPDX-License-Identifier: ISC
# TLS over a transport, by OpenSSL, and whom we believe in it.

src_libhouse_a_SOURCES += \
	src/tls/alert.c src/tls/alert.h \
	src/tls/certificate.c src/tls/certificate.h \
	src/tls/hello.c src/tls/hello.h \
	src/tls/key_share.c src/tls/key_share.h \
	src/tls/message_limit.c src/tls/message_limit.h \
	src/tls/plain_answer.c src/tls/plain_answer.h \
	src/tls/record_bio.c src/tls/record_bio.h \
	src/tls/tls_client.c src/tls/tls_client.h \
	src/tls/tls_context.c src/tls/tls_context.h \
	src/tls/tls_error.c src/tls/tls_error.h \
	src/tls/tls_files.c src/tls/tls_files.h \
	src/tls/tls_rules.c src/tls/tls_rules.h \
	src/tls/tls_server.c src/tls/tls_server.h \
	src/tls/tls_server_context.c src/tls/tls_server_context.h \
	src/tls/tls_stream.c src/tls/tls_stream.h \
	src/tls/tls_transport.c src/tls/tls_transport.h
