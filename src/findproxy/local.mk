# SPDX-License-Identifier: ISC
# The helper: a program of its own, in which a PAC file runs.  Its parts are a library, which the unit tests link, too.

if HAVE_DUKTAPE
pkglibexec_PROGRAMS = src/findproxy/findproxy
# nobody calls it by hand: it has no --help for `make installcheck` to ask for
AM_INSTALLCHECK_STD_OPTIONS_EXEMPT = src/findproxy/findproxy
noinst_LIBRARIES += src/findproxy/libfindproxy.a
endif

FINDPROXY_LIBS = src/findproxy/libfindproxy.a src/libhouse.a $(DUKTAPE_LIBS) $(DL_LIBS)

src_findproxy_findproxy_SOURCES = src/findproxy/findproxy.c
src_findproxy_findproxy_LDADD = $(FINDPROXY_LIBS)

src_findproxy_libfindproxy_a_SOURCES = \
	src/findproxy/desktop.c src/findproxy/desktop.h \
	src/findproxy/desktop_pac.c src/findproxy/desktop_pac.h \
	src/findproxy/newer_script.c src/findproxy/newer_script.h \
	src/findproxy/pac_engine.c src/findproxy/pac_engine.h \
	src/findproxy/pac_functions.h \
	src/findproxy/sandbox.c src/findproxy/sandbox.h \
	src/findproxy/script_text.c src/findproxy/script_text.h \
	src/findproxy/syscall_filter.h \
	src/findproxy/talk_pipe.c src/findproxy/talk_pipe.h
if SYSCALL_FILTER
src_findproxy_libfindproxy_a_SOURCES += src/findproxy/syscall_filter_linux.c
else
src_findproxy_libfindproxy_a_SOURCES += src/findproxy/syscall_filter_none.c
endif
nodist_src_findproxy_libfindproxy_a_SOURCES = src/findproxy/pac_functions.c
EXTRA_DIST += src/findproxy/pac_functions.js src/findproxy/syscall_filter_linux.c src/findproxy/syscall_filter_none.c
CLEANFILES += src/findproxy/pac_functions.c

# A string of it: quotes and backslashes get a backslash, each line becomes a line.
src/findproxy/pac_functions.c: src/findproxy/pac_functions.js
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN){ echo '/* Made of pac_functions.js. */'; \
		echo '#include "findproxy/pac_functions.h"'; echo; \
		echo 'const char pac_functions_text[] ='; \
		sed -e 's/[\\"]/\\&/g' -e 's/^/    "/' -e 's/$$/\\n"/' $(srcdir)/src/findproxy/pac_functions.js; \
		echo '    ;'; } >$@.new && mv $@.new $@
