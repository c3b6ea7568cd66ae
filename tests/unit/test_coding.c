/* Content-Encoding and Accept-Encoding as fields: tables. */
#include "proxy/coding/coding.h"
#include "tests/support/slice_assert.h"

/* Fields "Name: value" in an arena of their own. */
static void add(struct fields *f, const char *name, const char *value)
{
	assert_true(fields_add(f, slice_str(name), slice_str(value)));
}

static void test_names(void **state)
{
	enum coding c;

	(void)state;
	for (unsigned i = 0; i < CODINGS; i++) {
		assert_true(coding_of(coding_name((enum coding)i), &c));
		assert_int_equal(c, i);
	}
	assert_true(coding_of(SLICE("X-GZip"), &c));
	assert_int_equal(c, CODING_GZIP);
	assert_false(coding_of(SLICE("compress"), &c));
	assert_false(coding_of(SLICE("gzi"), &c));
	assert_false(coding_of(SLICE(""), &c));
}

static void test_stack(void **state)
{
	static const struct {
		const char *first, *second; /* field values; NULL: no such field */
		enum coding_stack_result result;
		struct coding_stack stack;
		const char *culprit;
	} rows[] = {
		{NULL, NULL, CODING_STACK_OK, {.n = 0}, ""},
		{"", NULL, CODING_STACK_OK, {.n = 0}, ""},
		{"gzip", NULL, CODING_STACK_OK, {{CODING_GZIP}, 1}, ""},
		{"X-GZIP", NULL, CODING_STACK_OK, {{CODING_GZIP}, 1}, ""},
		{"Deflate", NULL, CODING_STACK_OK, {{CODING_DEFLATE}, 1}, ""},
		{"br", NULL, CODING_STACK_OK, {{CODING_BR}, 1}, ""},
		{"zstd", NULL, CODING_STACK_OK, {{CODING_ZSTD}, 1}, ""},
		{"identity", NULL, CODING_STACK_OK, {.n = 0}, ""},
		{"identity, gzip , identity", NULL, CODING_STACK_OK, {{CODING_GZIP}, 1}, ""},
		{"gzip, br", NULL, CODING_STACK_OK, {{CODING_GZIP, CODING_BR}, 2}, ""},
		{"br,gzip", NULL, CODING_STACK_OK, {{CODING_BR, CODING_GZIP}, 2}, ""},
		{", gzip,, gzip ,", NULL, CODING_STACK_OK, {{CODING_GZIP, CODING_GZIP}, 2}, ""},
		{"gzip", "br", CODING_STACK_OK, {{CODING_GZIP, CODING_BR}, 2}, ""},
		{"gzip, br, zstd", NULL, CODING_STACK_TOO_MANY, {{CODING_GZIP, CODING_BR}, 2}, "zstd"},
		{"gzip, br", "gzip", CODING_STACK_TOO_MANY, {{CODING_GZIP, CODING_BR}, 2}, "gzip"},
		{"gzip, br, identity", NULL, CODING_STACK_OK, {{CODING_GZIP, CODING_BR}, 2}, ""},
		{"compress", NULL, CODING_STACK_UNKNOWN, {.n = 0}, "compress"},
		{"gzip, dcb", NULL, CODING_STACK_UNKNOWN, {{CODING_GZIP}, 1}, "dcb"},
		{"gzip;q=1", NULL, CODING_STACK_UNKNOWN, {.n = 0}, "gzip;q=1"},
		{"gzip br", NULL, CODING_STACK_UNKNOWN, {.n = 0}, "gzip br"},
		{"*", NULL, CODING_STACK_UNKNOWN, {.n = 0}, "*"},
		{"gzip, br, compress", NULL, CODING_STACK_UNKNOWN, {{CODING_GZIP, CODING_BR}, 2}, "compress"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct coding_stack stack;
		struct slice culprit;
		struct arena arena;
		struct fields f;

		arena_init(&arena, 4096, 65536);
		fields_init(&f, &arena);
		if (rows[i].first)
			add(&f, "Content-Encoding", rows[i].first);
		add(&f, "Accept-Encoding", "zstd");
		if (rows[i].second)
			add(&f, "content-encoding", rows[i].second);
		assert_int_equal(coding_stack_parse(&f, &stack, &culprit), rows[i].result);
		assert_int_equal(stack.n, rows[i].stack.n);
		for (size_t k = 0; k < stack.n; k++)
			assert_int_equal(stack.v[k], rows[i].stack.v[k]);
		assert_slice(culprit, rows[i].culprit);
		arena_free(&arena);
	}
}

static void test_accept(void **state)
{
	enum { NONE = CODINGS };
	static const struct {
		const char *first, *second;
		unsigned chosen; /* of the offers zstd, br, gzip; NONE: nothing is acceptable */
		const char *allowed;
	} rows[] = {
		{NULL, NULL, CODING_IDENTITY, "identity gzip deflate br zstd"},
		{"", NULL, CODING_IDENTITY, "identity"},
		{"gzip", NULL, CODING_GZIP, "identity gzip"},
		{"GZip", NULL, CODING_GZIP, "identity gzip"},
		{"x-gzip", NULL, CODING_GZIP, "identity gzip"},
		{"gzip, deflate, br, zstd", NULL, CODING_ZSTD, "identity gzip deflate br zstd"},
		{"gzip, deflate, br", NULL, CODING_BR, "identity gzip deflate br"},
		{"gzip", "br", CODING_BR, "identity gzip br"},
		{"deflate", NULL, CODING_IDENTITY, "identity deflate"},
		{"compress, dcb", NULL, CODING_IDENTITY, "identity"},
		{"br;q=0.5, gzip", NULL, CODING_GZIP, "identity gzip br"},
		{"br;q=0.5, gzip;q=0.501", NULL, CODING_GZIP, "identity gzip br"},
		{"br;q=0.5, gzip;q=0.500", NULL, CODING_BR, "identity gzip br"},
		{"gzip;q=0.001", NULL, CODING_GZIP, "identity gzip"},
		{"gzip;q=0", NULL, CODING_IDENTITY, "identity"},
		{"gzip;q=0.000", NULL, CODING_IDENTITY, "identity"},
		{"gzip ; Q=1.000", NULL, CODING_GZIP, "identity gzip"},
		{"identity", NULL, CODING_IDENTITY, "identity"},
		{"gzip, identity", NULL, CODING_GZIP, "identity gzip"},
		{"gzip;q=0.5, identity", NULL, CODING_IDENTITY, "identity gzip"},
		{"gzip;q=0.5, identity;q=0.5", NULL, CODING_GZIP, "identity gzip"},
		{"gzip;q=0.4, identity;q=0.5", NULL, CODING_IDENTITY, "identity gzip"},
		{"identity;q=0", NULL, NONE, ""},
		{"gzip;q=0.1, identity;q=0", NULL, CODING_GZIP, "gzip"},
		{"deflate, identity;q=0", NULL, NONE, "deflate"},
		{"*", NULL, CODING_ZSTD, "identity gzip deflate br zstd"},
		{"*;q=0", NULL, NONE, ""},
		{"gzip, *;q=0", NULL, CODING_GZIP, "gzip"},
		{"identity, *;q=0", NULL, CODING_IDENTITY, "identity"},
		{"*;q=0, identity;q=0.1", NULL, CODING_IDENTITY, "identity"},
		{"zstd;q=0, *", NULL, CODING_BR, "identity gzip deflate br"},
		{"gzip;q=1.0, identity;q=0.5, *;q=0", NULL, CODING_GZIP, "identity gzip"},
		{"br, *;q=0.1", NULL, CODING_BR, "identity gzip deflate br zstd"},
		{"gzip, gzip;q=0", NULL, CODING_IDENTITY, "identity"},
		{"gzip;q=0", "gzip", CODING_IDENTITY, "identity"},
		/* what breaks the grammar counts as not sent */
		{"gzip;q=2", NULL, CODING_IDENTITY, "identity"},
		{"gzip;q=1.001", NULL, CODING_IDENTITY, "identity"},
		{"gzip;q=0.0001", NULL, CODING_IDENTITY, "identity"},
		{"gzip;q=.5", NULL, CODING_IDENTITY, "identity"},
		{"gzip;q=0,5", NULL, CODING_IDENTITY, "identity"},
		{"gzip;q=-1", NULL, CODING_IDENTITY, "identity"},
		{"gzip;q=", NULL, CODING_IDENTITY, "identity"},
		{"gzip;q", NULL, CODING_IDENTITY, "identity"},
		{"gzip;level=3", NULL, CODING_IDENTITY, "identity"},
		{"gzip;", NULL, CODING_IDENTITY, "identity"},
		{";q=1, br", NULL, CODING_BR, "identity br"},
		{"\"gzip, br\", br", NULL, CODING_BR, "identity br"},
		{"gzip;q=0., br;q=1.", NULL, CODING_BR, "identity br"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct coding_accept accept;
		enum coding chosen;
		struct arena arena;
		struct fields f;

		arena_init(&arena, 4096, 65536);
		fields_init(&f, &arena);
		add(&f, "Content-Encoding", "br");
		if (rows[i].first)
			add(&f, "Accept-Encoding", rows[i].first);
		if (rows[i].second)
			add(&f, "ACCEPT-ENCODING", rows[i].second);
		coding_accept_parse(&f, &accept);
		if (coding_accept_choose(&accept, CODING_OFFERS, CODING_OFFERS_N, &chosen) !=
			    (rows[i].chosen != NONE) ||
		    chosen != (rows[i].chosen == NONE ? CODING_IDENTITY : rows[i].chosen))
			fail_msg("\"%s\" gives %u", rows[i].first, chosen);
		for (unsigned c = 0; c < CODINGS; c++) {
			struct slice allowed = slice_str(rows[i].allowed);
			bool expected = slice_find(allowed, coding_name((enum coding)c)) < allowed.n;

			if (coding_accept_allows(&accept, (enum coding)c) != expected)
				fail_msg("\"%s\": %.*s", rows[i].first, SLICE_ARG(coding_name((enum coding)c)));
		}
		arena_free(&arena);
	}
}

/* The server's preference is the order of its offers, and it may offer nothing. */
static void test_offers(void **state)
{
	static const enum coding gzip_first[] = {CODING_GZIP, CODING_ZSTD};
	struct coding_accept accept;
	enum coding chosen;
	struct arena arena;
	struct fields f;

	(void)state;
	arena_init(&arena, 4096, 65536);
	fields_init(&f, &arena);
	add(&f, "Accept-Encoding", "zstd, gzip, br, identity;q=0");
	coding_accept_parse(&f, &accept);
	assert_true(coding_accept_choose(&accept, gzip_first, 2, &chosen));
	assert_int_equal(chosen, CODING_GZIP);
	assert_true(coding_accept_choose(&accept, gzip_first + 1, 1, &chosen));
	assert_int_equal(chosen, CODING_ZSTD);
	assert_false(coding_accept_choose(&accept, gzip_first, 0, &chosen));
	assert_int_equal(chosen, CODING_IDENTITY);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
