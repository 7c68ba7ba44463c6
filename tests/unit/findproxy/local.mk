# SPDX-License-Identifier: ISC
# The unit tests of src/findproxy, which is there when Duktape is.

FINDPROXY_TESTS = \
	tests/unit/findproxy/check_desktop \
	tests/unit/findproxy/check_desktop_pac \
	tests/unit/findproxy/check_findproxy \
	tests/unit/findproxy/check_newer_script \
	tests/unit/findproxy/check_pac_engine \
	tests/unit/findproxy/check_pac_functions \
	tests/unit/findproxy/check_sandbox \
	tests/unit/findproxy/check_script_text \
	tests/unit/findproxy/check_syscall_filter \
	tests/unit/findproxy/check_talk_pipe
EXTRA_DIST += tests/unit/data/pac-functions.tsv

if HAVE_DUKTAPE
UNIT_TESTS += $(FINDPROXY_TESTS)
endif

FINDPROXY_LDADD = tests/unit/libunit.a $(FINDPROXY_LIBS) $(LIBRARIES_USED) $(CHECK_LIBS)
PAC_STAGE = tests/unit/findproxy/pac_stage.c tests/unit/findproxy/pac_stage.h
PROBE = tests/unit/findproxy/probe.c tests/unit/findproxy/probe.h

tests_unit_findproxy_check_desktop_LDADD = $(FINDPROXY_LDADD)
tests_unit_findproxy_check_desktop_pac_LDADD = $(FINDPROXY_LDADD)
tests_unit_findproxy_check_findproxy_LDADD = $(FINDPROXY_LDADD)
tests_unit_findproxy_check_newer_script_LDADD = $(FINDPROXY_LDADD)
tests_unit_findproxy_check_pac_engine_SOURCES = tests/unit/findproxy/check_pac_engine.c $(PAC_STAGE)
tests_unit_findproxy_check_pac_engine_LDADD = $(FINDPROXY_LDADD)
tests_unit_findproxy_check_pac_functions_SOURCES = tests/unit/findproxy/check_pac_functions.c $(PAC_STAGE)
tests_unit_findproxy_check_pac_functions_LDADD = $(FINDPROXY_LDADD)
tests_unit_findproxy_check_sandbox_SOURCES = tests/unit/findproxy/check_sandbox.c $(PROBE)
tests_unit_findproxy_check_sandbox_LDADD = $(FINDPROXY_LDADD)
tests_unit_findproxy_check_script_text_LDADD = $(FINDPROXY_LDADD)
tests_unit_findproxy_check_syscall_filter_SOURCES = tests/unit/findproxy/check_syscall_filter.c $(PROBE)
tests_unit_findproxy_check_syscall_filter_LDADD = $(FINDPROXY_LDADD)
tests_unit_findproxy_check_talk_pipe_LDADD = $(FINDPROXY_LDADD)

# the test is the library of the desktop
tests_unit_findproxy_check_desktop_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=dlopen,--wrap=dlsym

# the program is run, as it was built
tests_unit_findproxy_check_findproxy_CPPFLAGS = $(AM_CPPFLAGS) -DFINDPROXY='"$(abs_top_builddir)/src/findproxy/findproxy$(EXEEXT)"'
EXTRA_tests_unit_findproxy_check_findproxy_DEPENDENCIES = src/findproxy/findproxy$(EXEEXT)
