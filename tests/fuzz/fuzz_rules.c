/*
 * A rules file of any octets: parsed, checked, compiled; a ruleset that loads answers lookups. The file may include
 * itself, shipped knowledge, and "part" (the input from its first NUL on).
 */
#include <stdint.h>

#include "rules/language/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	const struct slice *input = arg;
	struct slice part;
	bool has_part = slice_cut(*input, '\0', content, &part);

	if (slice_eq(path, SLICE("fuzz.rules")))
		return LOAD_OK;
	*content = part;
	return has_part && slice_eq(path, SLICE("part")) ? LOAD_OK : LOAD_MISSING;
}

static void look_up(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice input)
{
	struct slice names[] = {SLICE(""),
				SLICE("_ga"),
				SLICE("PHPSESSID"),
				SLICE("/collect/x"),
				SLICE("/"),
				slice_head(input, 64),
				slice_from(input, input.n / 2)};
	bool limit;

	for (size_t i = 0; i < CG_COUNT(names); i++) {
		const struct cookie_rule *c = ruleset_cookie(rs, scratch, names[i], &limit);

		CG_CHECK(!c || (c->mask && !(c->mask & ~ruleset_all_purposes(rs))));
		CG_CHECK(!c || !limit);
		(void)ruleset_param(rs, scratch, names[i], &limit);
		(void)ruleset_path(rs, scratch, names[i], &limit);
	}
}

static void count_rule(void *arg, const struct rule *r)
{
	*(size_t *)arg += r->line > 0 && r->text.n > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size);
	struct loader loader = {&input, load};
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct diagnostics d;
	struct buffer text;
	struct ruleset *rs;
	size_t rules = 0;

	diagnostics_init(&d);
	buffer_init(&text, 4 * 1024 * 1024);
	rs = ruleset_load(&loader, SLICE("fuzz.rules"), &d);
	CG_CHECK((rs != NULL) == diagnostics_ok(&d));
	(void)diagnostics_render(&d, false, &text);
	if (rs && scratch) {
		look_up(rs, scratch, input);
		ruleset_each_rule(rs, count_rule, &rules);
	}
	ruleset_free(rs);
	buffer_free(&text);
	diagnostics_free(&d);
	pattern_scratch_free(scratch);
	return 0;
}
