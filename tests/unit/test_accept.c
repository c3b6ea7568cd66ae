/* What is left of Accept-Encoding on its way to an origin. */
#include "proxy/page/accept.h"
#include "tests/support/slice_assert.h"

struct row {
	const char *sent[2];	 /* fields */
	const char *expected[2]; /* fields */
};

static void test_limit(void **state)
{
	static const struct row rows[] = {
		{{NULL}, {NULL}},
		{{""}, {""}},
		{{"gzip, deflate, br, zstd"}, {"gzip, deflate, br, zstd"}},
		{{"gzip , BR;q=0.5"}, {"gzip , BR;q=0.5"}},
		{{"gzip", "br"}, {"gzip", "br"}},
		{{"gzip, deflate, br, zstd, dcb, dcz"}, {"gzip, deflate, br, zstd"}},
		{{"dcb;q=0.9,x-gzip;q=0.3"}, {"x-gzip;q=0.3"}},
		{{"compress, gzip", "dcz, br ; q=1"}, {"gzip, br ; q=1"}},
		{{"compress"}, {"identity"}},
		{{"identity;q=0, bzip2"}, {"identity;q=0"}},
		{{"*"}, {"gzip, deflate, br, zstd"}},
		{{"*;q=0.5, gzip"}, {"gzip, deflate;q=0.5, br;q=0.5, zstd;q=0.5"}},
		{{"gzip;q=0, *"}, {"gzip;q=0, deflate, br, zstd"}},
		{{"br, *;q=0"}, {"br, *;q=0"}},
		{{"br, dcb, * ;Q=0.000"}, {"br, * ;Q=0.000"}},
		{{"gzip;q=0"}, {"gzip;q=0"}},
		{{"gzip, \xff\xfe"}, {"gzip"}},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct arena arena;
		struct fields f;
		size_t n = 0;

		arena_init(&arena, 0, 1 << 16);
		fields_init(&f, &arena);
		fields_add(&f, SLICE("Accept"), SLICE("dcb"));
		for (size_t k = 0; k < 2 && rows[i].sent[k]; k++)
			fields_add(&f, SLICE("accept-encoding"), slice_str(rows[i].sent[k]));
		fields_add(&f, SLICE("available-dictionary"), SLICE(":pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:"));
		fields_add(&f, SLICE("Dictionary-ID"), SLICE("\"/x\""));
		assert_true(accept_limit(&f));
		assert_slice(f.v[0].value, "dcb");
		for (size_t k = 1; k < f.n; k++, n++) {
			assert_true(slice_ieq(f.v[k].name, SLICE("Accept-Encoding")));
			assert_true(n < 2 && rows[i].expected[n]);
			assert_slice(f.v[k].value, rows[i].expected[n]);
		}
		assert_true(n == 2 || !rows[i].expected[n]);
		arena_free(&arena);
	}
}

static void test_no_memory(void **state)
{
	struct arena arena;
	struct fields f;

	(void)state;
	arena_init(&arena, 0, 1024);
	fields_init(&f, &arena);
	fields_add(&f, SLICE("Accept-Encoding"), SLICE("*"));
	while (arena_alloc(&arena, 16))
		;
	assert_false(accept_limit(&f));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_limit), cmocka_unit_test(test_no_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
