# SPDX-License-Identifier: ISC
# What the running program is asked, and what it answers.

src_libhouse_a_SOURCES += \
	src/control/columns.c src/control/columns.h \
	src/control/control_client.c src/control/control_client.h \
	src/control/control_server.c src/control/control_server.h \
	src/control/control_socket.c src/control/control_socket.h \
	src/control/requests.c src/control/requests.h \
	src/control/status_json.c src/control/status_json.h \
	src/control/status_text.c src/control/status_text.h
