/*
 * Warnings for URL patterns that can never match, because one in front of them takes all they could: the same pattern,
 * or the whole of a host above. What is shipped passes in silence, as in compile_covered.c.
 */
#include <stdlib.h>

#include "rules/language/ruleset_internal.h"

static void warn(struct builder *b, const struct beacon_pattern *p, const struct beacon_pattern *by)
{
	if (p->item->file->shipped)
		return;
	if (by->rule == p->rule)
		build_warning(b, p->item->s, p->word, "leave it out",
			      "\"%.*s\" is already named by \"%.*s\" in this statement", SLICE_ARG(p->word->raw),
			      SLICE_ARG(by->word->raw));
	else if (!by->item->file->shipped || by->rule->mask != p->rule->mask)
		build_warning(b, p->item->s, p->word,
			      by->item->file->shipped ? "to overrule what is shipped, put it in front of the include"
						      : "the first match in file order decides: remove one of them",
			      "\"%.*s\" can never match here: \"%.*s\" at %s takes it", SLICE_ARG(p->word->raw),
			      SLICE_ARG(by->word->raw), build_place(b, by->item->s));
}

/* ---- The same pattern. ---- */

static int compare_slices(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* Regular expressions first, by flags; equal ones in file order. */
static int compare(const void *x, const void *y)
{
	const struct beacon_pattern *a = *(const struct beacon_pattern *const *)x;
	const struct beacon_pattern *b = *(const struct beacon_pattern *const *)y;
	int c = (int)b->regex - (int)a->regex;

	c = c ? c : compare_slices(a->flags, b->flags);
	c = c ? c : compare_slices(a->text, b->text);
	return c ? c : (a > b) - (a < b);
}

static bool same(const struct beacon_pattern *a, const struct beacon_pattern *b)
{
	return a->regex == b->regex && slice_eq(a->flags, b->flags) && slice_eq(a->text, b->text);
}

static void check_same(struct builder *b)
{
	struct beacons *beacons = &b->rs->beacons;
	struct beacon_pattern **sorted = arena_calloc(&b->tree, beacons->n_patterns, sizeof *sorted);
	struct beacon_pattern *first;

	if (!sorted || beacons->n_patterns == 0)
		return;
	for (size_t i = 0; i < beacons->n_patterns; i++)
		sorted[i] = &beacons->patterns[i];
	qsort(sorted, beacons->n_patterns, sizeof *sorted, compare);
	first = sorted[0];
	for (size_t i = 1; i < beacons->n_patterns; i++) {
		sorted[i]->covered = same(first, sorted[i]);
		if (sorted[i]->covered)
			warn(b, sorted[i], first);
		else
			first = sorted[i];
	}
}

/* ---- The whole of a host. ---- */

/* The first pattern that takes the root of the host, for any site and any type. */
static const struct beacon_pattern *root_taken_by(const struct beacons *beacons, struct slice host, struct arena *arena,
						  struct pattern_scratch *scratch)
{
	struct slice parts[] = {SLICE("https://"), host, SLICE("/")}, text = arena_concat(arena, parts, 3);
	struct filter_result result;
	struct filter_request r;
	struct filter_page page;
	struct web_url url;

	filter_page_init(&page, SLICE("invalid"));
	if (!web_url_parse(text, NULL, arena, &url) || url.kind != WEB_URL_NETWORK ||
	    !filter_request_init(&r, &url, FILTER_ALL, &page, arena))
		return NULL;
	result = filter_match(beacons->filter, &r, scratch);
	return result.verdict == FILTER_BLOCKED && !result.limit ? &beacons->patterns[result.rule.line - 1] : NULL;
}

static void check_host(struct builder *b, const struct beacon_pattern *p, struct pattern_scratch *scratch)
{
	const struct beacon_pattern *by;
	struct arena arena;

	arena_init(&arena, 1024, 64 * 1024);
	by = root_taken_by(&b->rs->beacons, p->host, &arena, scratch);
	if (by && by < p && by->whole)
		warn(b, p, by);
	b->rs->arena.failed |= arena_failed(&arena);
	arena_free(&arena);
}

static void check_hosts(struct builder *b)
{
	struct beacons *beacons = &b->rs->beacons;
	struct pattern_scratch *scratch = pattern_scratch_new();

	if (!scratch)
		build_no_memory(b);
	for (size_t i = 0; scratch && i < beacons->n_patterns; i++) {
		if (beacons->patterns[i].host.n && !beacons->patterns[i].covered)
			check_host(b, &beacons->patterns[i], scratch);
	}
	pattern_scratch_free(scratch);
}

void covered_check_urls(struct builder *b)
{
	if (!b->rs->beacons.filter)
		return;
	check_same(b);
	check_hosts(b);
}
