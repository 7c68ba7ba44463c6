# SPDX-License-Identifier: ISC
# What everything stands on: the loop, the log, failures, other programs, the system around us.

src_libhouse_a_SOURCES += \
	src/base/allowance.c src/base/allowance.h \
	src/base/banned.h \
	src/base/base64.c src/base/base64.h \
	src/base/chance.c src/base/chance.h \
	src/base/child.c src/base/child.h \
	src/base/curl_features.c src/base/curl_features.h \
	src/base/descriptors.c src/base/descriptors.h \
	src/base/escape.c src/base/escape.h \
	src/base/failure.c src/base/failure.h \
	src/base/harden.c src/base/harden.h \
	src/base/log.c src/base/log.h \
	src/base/loop.c src/base/loop.h \
	src/base/machine_id.c src/base/machine_id.h \
	src/base/notifier.c src/base/notifier.h \
	src/base/page_text.c src/base/page_text.h \
	src/base/process.h \
	src/base/prompt.c src/base/prompt.h \
	src/base/sanitized.h \
	src/base/scratch.c src/base/scratch.h \
	src/base/secrets.c src/base/secrets.h \
	src/base/sockets.h \
	src/base/subprocess.c src/base/subprocess.h \
	src/base/syslog_socket.c src/base/syslog_socket.h \
	src/base/systemd.c src/base/systemd.h \
	src/base/task.c src/base/task.h \
	src/base/trace.c src/base/trace.h \
	src/base/turn_watch.c src/base/turn_watch.h \
	src/base/wiped.h
if ON_LINUX
src_libhouse_a_SOURCES += src/base/process_linux.c src/base/systemd_linux.c
else
src_libhouse_a_SOURCES += src/base/process_none.c src/base/systemd_none.c
endif
if SOCKETS_ATOMIC
src_libhouse_a_SOURCES += src/base/sockets_atomic.c
else
src_libhouse_a_SOURCES += src/base/sockets_fcntl.c
endif
if WIPED_USABLE
src_libhouse_a_SOURCES += src/base/wiped_usable.c
else
src_libhouse_a_SOURCES += src/base/wiped_sized.c
endif
EXTRA_DIST += src/base/process_linux.c src/base/process_none.c src/base/sockets_atomic.c src/base/sockets_fcntl.c \
	src/base/systemd_linux.c src/base/systemd_none.c src/base/wiped_sized.c src/base/wiped_usable.c
