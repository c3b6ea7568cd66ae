/*
 * What tests of consent and decisions share: a ruleset from text, a keyed hash without OpenSSL, messages from text.
 * Every function fails the test where something is wrong with its input.
 */
#ifndef CG_TESTS_SUPPORT_DECIDE_FIXTURE_H
#define CG_TESTS_SUPPORT_DECIDE_FIXTURE_H

#include "rules/base/arena.h"
#include "rules/base/buffer.h"
#include "rules/decide/decide.h"

#define FIXTURE_NOW INT64_C(1780000000) /* 2026-05-28, not on a full minute */

struct fixture {
	struct arena arena;
	struct ruleset *rules;
	struct decide_env env;
	struct request request;
	struct response response;
	struct decision decision;
	struct buffer log; /* verdicts, "drop cookie to the origin _ga 7\n": kind, subject, name, line of the rule */
};

/* A keyed hash with the keys 0 and 1; arg is NULL or points to a number that makes other keys. */
extern const struct consent_mac fixture_mac;

struct ruleset *fixture_rules(const char *text);

void fixture_open(struct fixture *f, const char *rules);
void fixture_close(struct fixture *f);

/* "Name: value\n" for each field. The request is of https://www.example.com unless changed afterwards. */
void fixture_request(struct fixture *f, const char *target, const char *fields);
void fixture_response(struct fixture *f, unsigned status, const char *fields);
void fixture_parse(struct arena *arena, struct fields *out, const char *text);
/* Adds a Cookie field with a good token for these purposes, names separated by a blank. */
void fixture_grant(struct fixture *f, const char *purpose_names);

void fixture_decide_request(struct fixture *f);
void fixture_decide_response(struct fixture *f);

/* The fields as text again, in the fixture's arena. */
const char *fixture_text(struct fixture *f, const struct fields *fields);
/* The same for the fields of one id alone, values only, a line each. */
const char *fixture_values(struct fixture *f, const struct fields *fields, enum field_id id);
const char *fixture_log(struct fixture *f);

purposes fixture_purposes(const struct ruleset *rs, const char *names);

#endif
