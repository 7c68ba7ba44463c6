# SPDX-License-Identifier: ISC
# The mail and news protocols, and how each agrees on TLS.

src_libhouse_a_SOURCES += \
	src/protocol/goodbye.c src/protocol/goodbye.h \
	src/protocol/protocol.c src/protocol/protocol.h \
	src/protocol/starttls.c src/protocol/starttls.h
