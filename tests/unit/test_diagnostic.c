/* Diagnostics: collecting, the bound on their number, and both renderings. */
#include "tests/support/slice_assert.h"

#include "rules/base/diagnostic.h"

static const struct position at = {
	.file = SLICE_INIT("marketing.rules"),
	.source = SLICE_INIT("cookie _ga is analytic"),
	.line = 12,
	.column = 15,
	.width = 8,
};

static void rendered_for_people(void **state)
{
	struct diagnostics d;
	struct buffer b;

	(void)state;
	diagnostics_init(&d);
	buffer_init(&b, 10000);
	assert_true(diagnostics_ok(&d));
	diagnostics_add(&d, SEVERITY_ERROR, &at, "write \"analytics\"", "unknown purpose \"%s\"", "analytic");
	assert_false(diagnostics_ok(&d));
	assert_true(diagnostics_render(&d, false, &b));
	assert_slice(buffer_slice(&b), "marketing.rules:12:15: error: unknown purpose \"analytic\"\n"
				       "    12 | cookie _ga is analytic\n"
				       "       |               ^~~~~~~~\n"
				       "       write \"analytics\"\n");
	buffer_clear(&b);
	assert_true(diagnostics_render(&d, true, &b));
	assert_true(slice_find(buffer_slice(&b), SLICE("\033[1;31merror:\033[0m")) < b.n);
	buffer_free(&b);
	diagnostics_free(&d);
}

static void odd_positions(void **state)
{
	static const struct {
		struct position at;
		const char *out;
	} t[] = {
		{{.file = SLICE_INIT("f")}, "f: warning: m\n"},
		{{.file = SLICE_INIT("f"), .line = 3, .column = 1}, "f:3:1: warning: m\n"},
		{{.file = SLICE_INIT("f"), .source = SLICE_INIT("\tab"), .line = 1, .column = 3, .width = 9},
		 "f:1:3: warning: m\n     1 | \tab\n       | \t ^\n"},
		{{.file = SLICE_INIT("f"), .source = SLICE_INIT("ab"), .line = 1, .column = 99},
		 "f:1:99: warning: m\n     1 | ab\n       |   ^\n"},
		{{.file = SLICE_INIT("f\033"), .source = SLICE_INIT("\033[2Jx\x7F"), .line = 1},
		 "f?:1:0: warning: m\n     1 | ?[2Jx?\n       | ^\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct diagnostics d;
		struct buffer b;

		diagnostics_init(&d);
		buffer_init(&b, 1000);
		diagnostics_add(&d, SEVERITY_WARNING, &t[i].at, NULL, "m");
		assert_true(diagnostics_ok(&d));
		assert_int_equal(d.warnings, 1);
		assert_true(diagnostics_render(&d, false, &b));
		assert_slice(buffer_slice(&b), t[i].out);
		buffer_free(&b);
		diagnostics_free(&d);
	}
}

static void number_is_bounded(void **state)
{
	struct diagnostics d;
	struct buffer b;

	(void)state;
	diagnostics_init(&d);
	buffer_init(&b, 100000);
	for (int i = 0; i < DIAGNOSTICS_MAX; i++)
		diagnostics_add(&d, SEVERITY_ERROR, &at, NULL, "number %d", i);
	assert_true(diagnostics_render(&d, false, &b));
	assert_int_equal(slice_find(buffer_slice(&b), SLICE("more")), b.n);
	diagnostics_add(&d, SEVERITY_ERROR, &at, NULL, "too many");
	diagnostics_add(&d, SEVERITY_WARNING, &at, NULL, "too many");
	assert_int_equal(d.n, DIAGNOSTICS_MAX);
	assert_int_equal(d.errors, DIAGNOSTICS_MAX + 1);
	assert_slice(d.v[DIAGNOSTICS_MAX - 1].message, "number 99");
	buffer_clear(&b);
	assert_true(diagnostics_render(&d, false, &b));
	assert_true(slice_ends_with(buffer_slice(&b), SLICE("... and 2 more\n")));
	assert_int_equal(slice_find(buffer_slice(&b), SLICE("too many")), b.n);
	buffer_free(&b);
	diagnostics_free(&d);
}

static void texts_outlive_their_source(void **state)
{
	char file[] = "f", source[] = "abc", hint[] = "h";
	struct position p = {slice_str(file), slice_str(source), 1, 1, 1};
	struct diagnostics d;
	struct buffer b;

	(void)state;
	diagnostics_init(&d);
	buffer_init(&b, 1000);
	diagnostics_add(&d, SEVERITY_ERROR, &p, hint, "%s", source);
	file[0] = source[0] = hint[0] = '!';
	assert_true(diagnostic_render_json(&d.v[0], &b));
	assert_slice(buffer_slice(&b), "{\"file\":\"f\",\"line\":1,\"column\":1,\"severity\":\"error\","
				       "\"message\":\"abc\",\"hint\":\"h\"}");
	buffer_free(&b);
	buffer_init(&b, 10);
	assert_false(diagnostic_render_json(&d.v[0], &b));
	assert_false(diagnostic_render(&d.v[0], false, &b));
	assert_false(diagnostics_render(&d, false, &b));
	buffer_free(&b);
	diagnostics_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rendered_for_people),
		cmocka_unit_test(odd_positions),
		cmocka_unit_test(number_is_bounded),
		cmocka_unit_test(texts_outlive_their_source),
	};

	return cmocka_run_group_tests_name("diagnostic", tests, NULL, NULL);
}
