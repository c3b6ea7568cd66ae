/*
 * For the browser tests of the guard.
 *
 * guard_element RULES GRANTED [NONCE]: the guard's element for a rules file as the proxy would write it, on standard
 * output. GRANTED: names of purposes, separated by commas; may be empty.
 *
 * guard_element RULES --judge PAGE: what the proxy says of each line of standard input, "cookie NAME" or "TYPES URL"
 * (a number as in filter.h; URLs are relative to the page's): its mask, 1 if no rule names a URL.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rules/decide/guard.h"
#include "rules/http/web_url.h"

static char file[1 << 20];

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	char name[512];
	FILE *f;

	(void)arg;
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(path));
	f = fopen(name, "rb");
	if (!f)
		return LOAD_MISSING;
	*content = slice_of(file, fread(file, 1, sizeof(file), f));
	fclose(f);
	return LOAD_OK;
}

static purposes granted_purposes(const struct ruleset *rs, struct slice names)
{
	purposes granted = PURPOSE_NECESSARY;

	while (names.n) {
		struct slice name;
		int bit;

		slice_cut(names, ',', &name, &names);
		bit = ruleset_purpose_find(rs, name);
		if (bit >= 0)
			granted |= (purposes)1 << bit;
	}
	return granted;
}

static int write_element(const struct ruleset *rs, const char *granted, const char *nonce)
{
	struct guard *g = guard_new(rs, NULL);
	struct buffer out;
	int ok;

	if (!g)
		return 2;
	buffer_init(&out, 1 << 20);
	ok = guard_element(g, rs, granted_purposes(rs, slice_str(granted)), slice_str(nonce), &out);
	fwrite(out.p, 1, out.n, stdout);
	fprintf(stderr, "%zu left out\n", guard_left_out(g));
	buffer_free(&out);
	guard_free(g);
	return ok ? 0 : 2;
}

static purposes judge_cookie(const struct ruleset *rs, struct pattern_scratch *scratch, struct slice name)
{
	bool limit;
	const struct cookie_rule *rule = ruleset_cookie(rs, scratch, name, &limit);

	return rule ? rule->mask : ruleset_unnamed_cookie(rs)->mask;
}

static purposes judge_url(const struct ruleset *rs, struct pattern_scratch *scratch, const struct web_url *base,
			  unsigned types, struct slice text)
{
	struct arena arena;
	struct web_url url;
	struct filter_page page;
	struct filter_request r;
	purposes mask = PURPOSE_NECESSARY;

	arena_init(&arena, 0, 1 << 20);
	filter_page_init(&page, base->host);
	if (web_url_parse(text, base, &arena, &url) && url.kind == WEB_URL_NETWORK &&
	    filter_request_init(&r, &url, types, &page, &arena)) {
		struct beacon_match m = ruleset_beacon_url(rs, scratch, &r);

		mask = m.rule ? m.rule->mask : mask;
	}
	arena_free(&arena);
	return mask;
}

static int judge_all(const struct ruleset *rs, const char *page)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct arena arena;
	struct web_url base;
	char line[4096];

	arena_init(&arena, 0, 1 << 20);
	if (!scratch || !web_url_parse(slice_str(page), NULL, &arena, &base))
		return 2;
	while (fgets(line, sizeof(line), stdin)) {
		struct slice kind, what = slice_of(line, strcspn(line, "\n"));
		bool cookie;

		slice_cut(what, ' ', &kind, &what);
		cookie = slice_eq(kind, SLICE("cookie"));
		printf("%lu\n", (unsigned long)(cookie ? judge_cookie(rs, scratch, what)
						       : judge_url(rs, scratch, &base, (unsigned)atoi(line), what)));
	}
	arena_free(&arena);
	pattern_scratch_free(scratch);
	return 0;
}

int main(int argc, char **argv)
{
	struct loader loader = {NULL, load};
	struct diagnostics d;
	struct ruleset *rs;
	struct buffer out;
	int status = 2;

	if (argc < 3)
		return 2;
	diagnostics_init(&d);
	rs = ruleset_load(&loader, slice_str(argv[1]), &d);
	buffer_init(&out, 1 << 20);
	if (diagnostics_render(&d, false, &out) && out.n)
		fwrite(out.p, 1, out.n, stderr);
	buffer_free(&out);
	if (rs && argc > 3 && strcmp(argv[2], "--judge") == 0)
		status = judge_all(rs, argv[3]);
	else if (rs)
		status = write_element(rs, argv[2], argc > 3 ? argv[3] : NULL);
	ruleset_free(rs);
	diagnostics_free(&d);
	return status;
}
