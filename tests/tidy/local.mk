# SPDX-License-Identifier: ISC
TIDY_TESTS = tests/tidy/commands.sh tests/tidy/debian.sh tests/tidy/floors.sh tests/tidy/hardening.sh \
	tests/tidy/house.sh tests/tidy/keys.sh tests/tidy/man.sh tests/tidy/packages.sh tests/tidy/portable.sh \
	tests/tidy/recipes.sh tests/tidy/relay.sh tests/tidy/sample.sh tests/tidy/style.sh
TESTS += $(TIDY_TESTS)
EXTRA_DIST += $(TIDY_TESTS) tests/tidy/tap.sh tests/tidy/floors.txt
