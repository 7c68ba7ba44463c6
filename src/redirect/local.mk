# SPDX-License-Identifier: ISC
# 305 Use Proxy: what was said, what may be, what was learned.

src_libhouse_a_SOURCES += \
	src/redirect/consent.c src/redirect/consent.h \
	src/redirect/question_text.c src/redirect/question_text.h \
	src/redirect/questions.c src/redirect/questions.h \
	src/redirect/redirect_chain.c src/redirect/redirect_chain.h \
	src/redirect/redirect_policy.c src/redirect/redirect_policy.h \
	src/redirect/redirect_table.c src/redirect/redirect_table.h \
	src/redirect/scope.c src/redirect/scope.h \
	src/redirect/setproxy.c src/redirect/setproxy.h
