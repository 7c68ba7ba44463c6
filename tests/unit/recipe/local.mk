# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/recipe/check_accounts \
	tests/unit/recipe/check_filling \
	tests/unit/recipe/check_programs \
	tests/unit/recipe/check_recipe
