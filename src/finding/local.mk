# SPDX-License-Identifier: ISC
# Where the proxy is: a PAC file, the desktop, a program.

src_libhouse_a_SOURCES += \
	src/finding/answers.c src/finding/answers.h \
	src/finding/ask_program.c src/finding/ask_program.h \
	src/finding/conversation.c src/finding/conversation.h \
	src/finding/finder.c src/finding/finder.h \
	src/finding/found.h \
	src/finding/findproxy_path.c src/finding/findproxy_path.h \
	src/finding/helper.c src/finding/helper.h \
	src/finding/host_lookup.c src/finding/host_lookup.h \
	src/finding/inquiry.c src/finding/inquiry.h \
	src/finding/pac_answer.c src/finding/pac_answer.h \
	src/finding/pac_disk.c src/finding/pac_disk.h \
	src/finding/pac_fetch.c src/finding/pac_fetch.h \
	src/finding/pac_file.c src/finding/pac_file.h \
	src/finding/script.c src/finding/script.h \
	src/finding/source.c src/finding/source.h \
	src/finding/talk.h
