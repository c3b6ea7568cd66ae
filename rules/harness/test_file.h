/*
 * Test files: what a tester writes about the rules, in the order of the story: visitor, request, origin, expect.
 *
 *   rules marketing.rules                      # for all cases of the file, relative to it; or inside one case
 *   given time 2026-03-01                      # before the first case: holds for all of them
 *
 *   test "an opted-out visitor carries no analytics cookie to the origin"
 *   visitor  optout=1
 *   request  GET https://www.example.com/
 *     Cookie: PHPSESSID=1; _ga=GA1.2.3
 *   origin   200
 *     Set-Cookie: _fbp=fb.1; Path=/
 *     <<BODY
 *   <p>hi
 *   BODY
 *   expect origin-sees
 *     Cookie: PHPSESSID=1; optout=1
 *   expect visitor-sees
 *     no Set-Cookie: _fbp
 *
 * A statement begins in the first column, what belongs to it is indented. A line whose first visible character is '#'
 * is a comment; a '#' elsewhere is text, because cookie values hold it. One exchange a case.
 *
 * given consent PURPOSE... | all | none | undecided            the visitor carries crumbgate's signed cookie, or not
 * given consent forged|expired|old-policy|other-site|malformed [PURPOSE...]    ... one that must not count
 * given region US | given time 2026-03-01[T12:00:00Z] | given site NAME
 * visitor COOKIES       a Cookie field behind those of the request; the signed cookie is its last; "sealed sid=VALUE"
 * is that cookie as crumbgate seals it, "sealed altered|other-site|too-old|unknown-key sid=VALUE" one that must not
 * open
 * request METHOD URL    indented: fields, <<TAG body
 * origin 103            early hints in front of the response; indented: fields
 * origin STATUS [REASON]    fields and body; without it the origin answers 200 with nothing
 * expect origin not-called
 * expect origin-sees    method M | target T | fields | body
 * expect hints          fields
 * expect no hints
 * expect visitor-sees   status N | fields | expires COOKIE | sealed COOKIE[=VALUE] | body
 * expect verdict        KIND [SUBJECT] NAME [by PURPOSE...] [at line N | at FILE:N]
 *                       KIND: keep drop expire rewrite inject block inert replace seal open;
 *                       SUBJECT: cookie set-cookie param path beacon header html page; NAME: a word or "text"
 * expect consent        granted PURPOSE...|none|all | decided | undecided | cookie STATE | source NAME |
 *                       opt-out denies PURPOSE...|none | signal denies PURPOSE...|none
 * table                 a header row and rows, cells apart by '|': {column} in the case is replaced, each row is a case
 *
 * Fields: "Name: value" (Cookie: the whole list of pairs over all Cookie fields; else one of the fields of that name
 * has exactly this value), "has Name: value" (Cookie, Set-Cookie: a cookie name, a pair, or for Set-Cookie the whole
 * value), "has Name", "Name contains "text"", "Name matches /regex/"; "no" in front turns each around. A Set-Cookie
 * that deletes does not set: "no Set-Cookie: x" lets it pass, "expires x" demands it, in every scope a cookie of that
 * host can have. body "text" (contains), body is "text", body contains "text", body matches /regex/, body <<TAG
 * (exactly), body unchanged, body empty; of a page, the body that the visitor sees is the rewritten one.
 */
#ifndef CG_RULES_HARNESS_TEST_FILE_H
#define CG_RULES_HARNESS_TEST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/diagnostic.h"
#include "rules/base/pattern.h"
#include "rules/base/slice.h"
#include "rules/consent/consent.h"
#include "rules/decide/decide.h"
#include "rules/http/message.h"

#define TEST_FILE_MAX  (4 * 1024 * 1024)  /* octets of one file */
#define TEST_FILE_MEM  (64 * 1024 * 1024) /* of all that one file's cases become, tables unfolded */
#define TABLE_COLS_MAX 32

/* A word with its place, for names that are only checked once the rules are loaded. */
struct named {
	struct slice name;
	struct position at;
	struct named *next;
};

/* A set of purposes as written; `all` and `none` are words of their own. */
struct purpose_list {
	struct named *first;
	bool all;
	purposes mask; /* set by test_case_bind(), necessary included */
};

enum given_consent {
	GIVEN_UNDECIDED,
	GIVEN_VALID,
	GIVEN_FORGED,	  /* signed with another key */
	GIVEN_EXPIRED,	  /* longer ago than the policy remembers */
	GIVEN_OLD_POLICY, /* of another policy version */
	GIVEN_OTHER_SITE, /* valid, but another site's */
	GIVEN_MALFORMED
};

struct given {
	enum given_consent consent;
	struct purpose_list granted;
	struct slice region;
	struct slice site; /* empty: the host of the request */
	int64_t time;
	bool has_time;
};

enum expect_side { EXPECT_ORIGIN, EXPECT_VISITOR, EXPECT_HINTS, EXPECT_VERDICT, EXPECT_CONSENT };

enum expect_what {
	EXPECT_NOT_CALLED,
	EXPECT_CALLED, /* an origin-sees block demands it by being there */
	EXPECT_HINTED, /* likewise a hints block; negative: there are none */
	EXPECT_METHOD,
	EXPECT_TARGET,
	EXPECT_STATUS,
	EXPECT_FIELD,
	EXPECT_BODY,
	EXPECT_EXPIRES,
	EXPECT_SEALED,	 /* a Set-Cookie whose value opens, to `value` if has_value */
	EXPECT_DECISION, /* of an expect verdict block */
	EXPECT_GRANTED,
	EXPECT_DECIDED,
	EXPECT_TOKEN,
	EXPECT_SOURCE,
	EXPECT_OPT_OUT_DENIES,
	EXPECT_SIGNAL_DENIES,
	EXPECT_ALWAYS /* of every case, though nobody wrote it: `text` says what */
};

enum expect_how {
	HOW_IS,
	HOW_HAS, /* fields: there is one of that value; without a value: there is one */
	HOW_CONTAINS,
	HOW_MATCHES,
	HOW_UNCHANGED /* body: octet for octet what was sent from the other end */
};

/* "drop cookie _ga by analytics at line 12"; what was not written matches anything. */
struct expected_verdict {
	enum verdict_kind kind;
	bool any_subject;
	enum verdict_subject subject;
	bool any_purpose;
	struct purpose_list of;
	struct slice file; /* empty: any */
	unsigned line;	   /* 0: any */
};

struct expectation {
	enum expect_side side;
	enum expect_what what;
	enum expect_how how;
	bool negative;
	struct slice name;	 /* of a field, cookie, parameter, path */
	struct slice value;	 /* unescaped */
	bool has_value;		 /* of a field */
	struct pattern *pattern; /* of HOW_MATCHES; owned by the test file */
	unsigned status;
	enum consent_token_state token;
	struct purpose_list purposes;
	struct expected_verdict verdict;
	struct slice text; /* the line as written (table cells filled in), trimmed */
	struct position at;
	struct expectation *next;
	struct expectation *next_pattern;
};

struct test_case {
	struct slice name; /* of a table's case: with the row's cells */
	struct position at;
	struct slice rules; /* resolved path; empty: none named */
	bool own_rules;	    /* named in the case itself */
	struct given given;
	struct slice visitor;	/* cookies as written, see visitor_cookies(); empty: none */
	bool seals;		/* some of them are to be sealed */
	struct request request; /* as written: without the visitor's and the signed cookie */
	struct slice url;
	struct slice request_body;
	bool has_hints;
	struct response hints; /* status 103, in front of the origin's response; if has_hints */
	struct response origin;
	struct slice origin_body;
	struct expectation *first;
	struct test_case *next;
};

struct test_file {
	struct arena arena;
	struct slice path;
	struct test_case *first;
	size_t n_cases;		      /* table rows counted each */
	struct expectation *patterns; /* those that own one */
};

/*
 * Parses text, the content of the file at path. All problems go to d. Fills *out, also after errors (then with what was
 * understood); free it in any case with test_file_free(). path and text are copied. False if there was an error.
 */
bool test_file_parse(struct slice path, struct slice text, struct test_file *out, struct diagnostics *d);
void test_file_free(struct test_file *f);

/*
 * Looks up the purposes that the case names; unknown ones go to d. The masks are valid for that ruleset until the next
 * call. False after an error.
 */
bool test_case_bind(struct test_case *c, const struct ruleset *rs, struct diagnostics *d);

#endif
