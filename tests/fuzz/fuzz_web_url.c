/*
 * URLs as browsers read them: "BASE\nURL". Whatever comes out is in normal form: reading it again gives the same text
 * without memory being used for it, its parts are within it, and no octet is left that a browser would change.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/http/web_url.h"

#define ARENA_CAP (1 << 24)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(struct slice part, struct slice whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_octets(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		CG_CHECK(s.p[i] > ' ' && s.p[i] < 0x7F);
		CG_CHECK(s.p[i] != '#');
	}
}

static void check_path(struct slice path)
{
	CG_CHECK(path.n && path.p[0] == '/');
	CG_CHECK(slice_find_char(path, '\\') == path.n);
	CG_CHECK(slice_find(path, SLICE("/./")) == path.n && slice_find(path, SLICE("/../")) == path.n);
	CG_CHECK(!slice_ends_with(path, SLICE("/.")) && !slice_ends_with(path, SLICE("/..")));
}

static void check(const struct web_url *u, struct arena *arena)
{
	struct web_url again;

	if (u->kind != WEB_URL_NETWORK)
		return;
	CG_CHECK(within(u->scheme, u->text) && within(u->host, u->text) && within(u->path, u->text));
	CG_CHECK(within(u->query, u->text) && u->origin.p == u->text.p);
	CG_CHECK(u->host.n && u->text.n == u->origin.n + u->path.n + u->has_query + u->query.n);
	check_octets(u->text);
	check_path(u->path);
	CG_CHECK(web_url_parse(u->text, u, arena, &again));
	/* Of a host that ends in several dots one goes at a time. */
	if (u->host.p[u->host.n - 1] == '.')
		return;
	CG_CHECK(again.kind == WEB_URL_NETWORK && slice_eq(again.text, u->text) && again.port == u->port);
	CG_CHECK(slice_eq(again.host, u->host) && slice_eq(again.path, u->path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice base_text, text;
	struct web_url base, url;
	struct arena arena;
	bool has_base;

	arena_init(&arena, 0, ARENA_CAP);
	has_base = slice_cut(slice_of((const char *)data, size), '\n', &base_text, &text);
	if (!has_base)
		text = base_text;
	CG_CHECK(web_url_parse(base_text, NULL, &arena, &base));
	check(&base, &arena);
	CG_CHECK(web_url_parse(text, has_base ? &base : NULL, &arena, &url));
	check(&url, &arena);
	CG_CHECK(!arena_failed(&arena));
	arena_free(&arena);
	return 0;
}
