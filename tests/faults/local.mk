# SPDX-License-Identifier: ISC
# What lets calls of the program fail, for tests/scenario/110-calls-that-fail.py: a library for LD_PRELOAD, which has to
# be without the sanitizers that the program itself may have.

check_DATA = tests/faults/shim.so
EXTRA_DIST += tests/faults/shim.c
CLEANFILES += tests/faults/shim.so

tests/faults/shim.so: tests/faults/shim.c
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(CC) $(CPPFLAGS) $(CFLAGS) -fno-builtin -Wall -Wextra -shared -fPIC $(LDFLAGS) -o $@ \
		$(srcdir)/tests/faults/shim.c -ldl

# Sessions of each kind while calls fail, with so many seeds; `make check` has two.  In a build with sanitizers.
FAULTS = 20
check-faults: all tests/faults/shim.so
	SALLYPORT_FAULTS=$(FAULTS) $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS=tests/scenario/110-calls-that-fail.py
