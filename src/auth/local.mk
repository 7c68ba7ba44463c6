# SPDX-License-Identifier: ISC
# What is said to a proxy that wants to know who asks.

src_libhouse_a_SOURCES += \
	src/auth/authenticator.c src/auth/authenticator.h \
	src/auth/basic.c src/auth/basic.h \
	src/auth/challenge.c src/auth/challenge.h \
	src/auth/curl_bridge.c src/auth/curl_bridge.h \
	src/auth/curl_client.c src/auth/curl_client.h \
	src/auth/curl_loop.c src/auth/curl_loop.h \
	src/auth/curl_socket.c src/auth/curl_socket.h \
	src/auth/latin1.c src/auth/latin1.h \
	src/auth/lockout.c src/auth/lockout.h \
	src/auth/login_challenge.c src/auth/login_challenge.h \
	src/auth/negotiate_login.c src/auth/negotiate_login.h \
	src/auth/nonces.c src/auth/nonces.h \
	src/auth/own_listener.h \
	src/auth/password.c src/auth/password.h \
	src/auth/scheme_choice.c src/auth/scheme_choice.h \
	src/auth/web_place.c src/auth/web_place.h \
	src/auth/web_transfer.c src/auth/web_transfer.h
if ON_LINUX
src_libhouse_a_SOURCES += src/auth/own_listener_linux.c
else
src_libhouse_a_SOURCES += src/auth/own_listener_path.c
endif
EXTRA_DIST += src/auth/own_listener_linux.c src/auth/own_listener_path.c
