/*
 * The QA harness: test files in, results out. It reads files through a loader and opens no socket; a transport may be
 * given that carries the exchanges elsewhere.
 *
 * Use: harness_init(), harness_add() for each test file (all problems of all files are found), harness_run(),
 * harness_free().
 */
#ifndef CG_RULES_HARNESS_HARNESS_H
#define CG_RULES_HARNESS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/harness/check.h"
#include "rules/harness/coverage.h"
#include "rules/harness/exchange.h"
#include "rules/harness/page.h"
#include "rules/harness/test_file.h"
#include "rules/language/loader.h"

enum case_status { CASE_PASSED, CASE_FAILED, CASE_SKIPPED, CASE_BROKEN };

struct case_result {
	const struct test_file *file;
	const struct test_case *test;
	enum case_status status;
	struct slice why;	  /* of a skipped or broken case */
	struct failure *failures; /* of a failed one */
};

/* Receives each result as it comes; what it points to lives until the function returns. */
typedef void (*case_sink)(void *arg, const struct case_result *result);

struct harness_counts {
	size_t passed, failed, skipped, broken;
};

/* The ruleset of a site of crumbgate.conf, by host; *site gets its name. NULL: there is no such site. */
typedef const struct ruleset *(*site_rules)(void *arg, struct slice host, struct slice *site);

struct harness_options {
	const struct loader *loader; /* of test files and rules */
	struct slice rules;	     /* used in place of those that the files name; may be empty */
	struct slice filter;	     /* only cases whose name holds it; may be empty */
	site_rules site_rules;	     /* NULL: none; else for cases that name no rules */
	void *site_rules_arg;
	const struct consent_mac *mac;	   /* NULL: harness_mac */
	const struct seal_ops *seal;	   /* NULL: harness_seal */
	const struct transport *transport; /* NULL: the rules library alone */
	int64_t now;			   /* 0: HARNESS_NOW */
	bool all_classes; /* each case once more for each consent class: nothing that is denied passes */
	bool coverage;	  /* note which rules decide; see harness_coverage() */
	const struct harness_codec *codec;			  /* NULL: pages are not tried compressed */
	void (*sha256)(struct slice data, unsigned char out[32]); /* see struct decide_env; may be NULL */
};

struct harness {
	struct harness_options options;
	struct diagnostics *d;
	struct harness_file *files;
	struct harness_file **files_end;
	struct harness_rules *rules;
	struct harness_pages *pages;
	struct pattern_scratch *scratch;
	struct arena exchange;
	size_t n_cases; /* of all files, the filter aside */
	struct place_set covered;
};

/* All slices and pointers of the options, and d, must outlive the harness. False if memory ran out. */
bool harness_init(struct harness *h, const struct harness_options *options, struct diagnostics *d);
void harness_free(struct harness *h);

/* Loads a test file and the rules it names. Problems go to d; false if there was one. */
bool harness_add(struct harness *h, struct slice path);

/* How many results harness_run() will have: of the cases that the filter lets through, in all classes. */
size_t harness_count(const struct harness *h);

/* Plays them all in order. Not to be called after errors. */
struct harness_counts harness_run(struct harness *h, case_sink sink, void *arg);

/*
 * After harness_run() with options.coverage: how many rules of the files that the cases name (or of the sites that they
 * use) decided something, and how many there are; shipped knowledge aside. f is called for each that did not. Consent
 * classes do not count. False if memory ran out.
 */
struct coverage {
	size_t exercised, all;
};
typedef void (*rule_sink)(void *arg, const struct rule *rule);
bool harness_coverage(const struct harness *h, struct coverage *out, rule_sink f, void *arg);

#endif
