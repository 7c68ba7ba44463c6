# SPDX-License-Identifier: ISC
UNIT_TESTS += \
	tests/unit/redirect/check_consent \
	tests/unit/redirect/check_question_text \
	tests/unit/redirect/check_questions \
	tests/unit/redirect/check_redirect_chain \
	tests/unit/redirect/check_redirect_policy \
	tests/unit/redirect/check_redirect_table \
	tests/unit/redirect/check_scope \
	tests/unit/redirect/check_setproxy

tests_unit_redirect_check_consent_LDFLAGS = $(AM_LDFLAGS) $(STAGE)
