/*
 * A Content-Security-Policy. Once our elements were let run: they may run, whatever could run before still can, and the
 * octets of the policy are still there, in order, but for a 'none'. Once hosts and reports were taken out: none of them
 * is left, and there is nothing but 'none' that was not there before. Either way a second time changes nothing.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/http/csp.h"

#define ARENA_CAP (1 << 26)
#define NONCE	  SLICE("abc")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct csp_inline ours[] = {
	{.kind = CSP_SCRIPT, .source = SLICE_INIT("'sha256-s='")},
	{.kind = CSP_SCRIPT, .nonced = true, .source = SLICE_INIT("'sha256-n='")},
	{.kind = CSP_STYLE, .source = SLICE_INIT("'sha256-t='")},
	{.kind = CSP_STYLE, .source = SLICE_INIT("'sha256-t='")},
	{.kind = CSP_FORM, .source = SLICE_INIT("https://a.example/own/")},
};

/* Of the page itself. */
static const struct csp_inline theirs[] = {
	{.kind = CSP_SCRIPT},
	{.kind = CSP_SCRIPT, .nonced = true},
	{.kind = CSP_SCRIPT, .source = SLICE_INIT("'sha256-u='")},
	{.kind = CSP_STYLE},
	{.kind = CSP_STYLE, .nonced = true},
	{.kind = CSP_STYLE, .source = SLICE_INIT("'sha256-u='")},
};

/* How much of the front of s is 'none' with the blanks before it. */
static size_t none_length(struct slice s)
{
	static const struct slice none = SLICE_INIT("'none'");
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || (s.p[n] >= '\t' && s.p[n] <= '\r')))
		n++;
	return slice_istarts_with(slice_from(s, n), none) ? n + none.n : 0;
}

/* All of part is in whole, in order; 'none' of part need not be. */
static bool is_within(struct slice part, struct slice whole)
{
	while (part.n) {
		bool same = whole.n && part.p[0] == whole.p[0];

		if (none_length(part) && !none_length(whole)) {
			part = slice_from(part, none_length(part));
			continue;
		}
		if (!whole.n)
			return false;
		part = slice_from(part, same);
		whole = slice_from(whole, 1);
	}
	return true;
}

static void check_allow(struct slice in, struct arena *arena)
{
	struct slice out, again;

	CG_CHECK(csp_allow(in, NONCE, ours, CG_COUNT(ours), arena, &out));
	for (size_t i = 0; i < CG_COUNT(ours); i++)
		CG_CHECK(csp_allows(out, NONCE, &ours[i]));
	for (size_t i = 0; i < CG_COUNT(theirs); i++)
		CG_CHECK(!csp_allows(in, NONCE, &theirs[i]) || csp_allows(out, NONCE, &theirs[i]));
	for (int kind = CSP_SCRIPT; kind <= CSP_STYLE; kind++)
		CG_CHECK(slice_eq(csp_nonce(in, (enum csp_kind)kind), csp_nonce(out, (enum csp_kind)kind)));
	CG_CHECK(is_within(in, out));
	CG_CHECK(csp_allow(out, NONCE, ours, CG_COUNT(ours), arena, &again));
	CG_CHECK(again.p == out.p && again.n == out.n);
}

/* What has a 'b' in it is refused. */
static bool judge(void *arg, const struct csp_reference *ref)
{
	bool stays = slice_find_char(ref->url, 'b') == ref->url.n;

	CG_CHECK(ref->url.n && ref->directive.n);
	*(size_t *)arg += !stays;
	return stays;
}

static void check_filter(struct slice in, struct arena *arena)
{
	size_t refused = 0, left = 0;
	struct slice out, again;

	CG_CHECK(csp_filter(in, judge, &refused, arena, &out));
	CG_CHECK(refused ? out.n < in.n || slice_find(out, SLICE("'none'")) < out.n : out.p == in.p);
	CG_CHECK(csp_filter(out, judge, &left, arena, &again));
	CG_CHECK(left == 0 && again.p == out.p);
	CG_CHECK(is_within(out, in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of((const char *)data, size);
	struct arena arena;

	if (size > 4096)
		return 0;
	arena_init(&arena, 0, ARENA_CAP);
	check_allow(in, &arena);
	check_filter(in, &arena);
	arena_free(&arena);
	return 0;
}
