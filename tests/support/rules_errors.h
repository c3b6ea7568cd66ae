/*
 * What a rules file can have wrong, as tables: where it is said, what is said, and what to write instead.
 * Included by one test program each, behind cmocka.h.
 */
#ifndef CG_TESTS_SUPPORT_RULES_ERRORS_H
#define CG_TESTS_SUPPORT_RULES_ERRORS_H

#include <stdio.h>

#include "tests/support/rules_text.h"

struct error_case {
	const char *text;
	unsigned line, column;
	const char *message; /* part of it */
	const char *hint;    /* part of it; "" if there need not be one */
};

static inline bool contains(struct slice s, const char *part)
{
	return slice_find(s, slice_str(part)) < s.n || *part == '\0';
}

static inline void show(const char *text, const struct diagnostics *d)
{
	struct buffer out;

	buffer_init(&out, 65536);
	diagnostics_render(d, false, &out);
	fprintf(stderr, "%s\n--\n%.*s", text, SLICE_ARG(buffer_slice(&out)));
	buffer_free(&out);
}

static inline bool as_expected(const struct diagnostics *d, const struct error_case *c, enum severity severity)
{
	const struct diagnostic *x = d->v;

	return d->n == 1 && x->severity == severity && x->at.line == c->line && x->at.column == c->column &&
	       contains(x->message, c->message) && contains(x->hint, c->hint) && x->at.width > 0;
}

/* The text as site.rules, beside ab.rules, which declares "alpha" and "beta", and some filter lists. */
static inline struct ruleset *check_load(const char *text, struct diagnostics *d)
{
	struct text_file files[] = {
		{"site.rules", text},
		{"ab.rules", "purpose alpha\npurpose beta\n"},
		{"list.txt", "||tracker.example^\n"},
		{"odd.txt", "! title\n||a.example^$removeparam=x\n||b.example^\n||c.example^$csp=x\n"},
		{"page.txt", "\n! nothing\n"},
		{NULL, NULL}};

	diagnostics_init(d);
	return text_ruleset(files, d);
}

/* Each text has exactly this one thing wrong. */
static inline void check(const struct error_case *cases, size_t n, enum severity severity)
{
	for (size_t i = 0; i < n; i++) {
		struct diagnostics d;
		struct ruleset *rs = check_load(cases[i].text, &d);

		if (!as_expected(&d, &cases[i], severity) || (severity == SEVERITY_ERROR) != (rs == NULL)) {
			show(cases[i].text, &d);
			fail_msg("expected %u:%u: %s (%s)", cases[i].line, cases[i].column, cases[i].message,
				 cases[i].hint);
		}
		ruleset_free(rs);
		diagnostics_free(&d);
	}
}

#define ERRORS(...)                                             \
	static const struct error_case cases[] = {__VA_ARGS__}; \
	(void)state;                                            \
	check(cases, CG_COUNT(cases), SEVERITY_ERROR)
#define AB "include ab.rules\n"

/* Each text has nothing wrong, not even a warning. */
static inline void check_silent(const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct diagnostics d;
		struct ruleset *rs = check_load(texts[i], &d);

		if (!rs || d.n) {
			show(texts[i], &d);
			fail_msg("expected silence");
		}
		ruleset_free(rs);
		diagnostics_free(&d);
	}
}

#endif
