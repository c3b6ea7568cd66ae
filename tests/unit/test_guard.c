/* The guard's text: what of the rules stands in it and how, whatever they hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/decide/guard.h"
#include "rules/decide/guard_internal.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/decide_fixture.h"
#include "tests/support/rules_text.h"

#define PURPOSES "purpose preferences\npurpose analytics\npurpose advertising\n"

static void sum(struct slice data, unsigned char out[32])
{
	memset(out, 0, 32);
	for (size_t i = 0; i < data.n; i++)
		out[i % 32] = (unsigned char)(out[i % 32] * 31 + (unsigned char)data.p[i]);
}

/* The arguments that the script is called with. */
static struct slice data_of(const struct guard *g)
{
	struct slice text = guard_text(g);
	size_t at = slice_find(text, SLICE("([\"necessary\""));

	assert_true(at < text.n);
	return slice_from(text, at);
}

static void assert_data(const char *rules, const char *data, size_t left_out)
{
	struct ruleset *rs = fixture_rules(rules);
	struct guard *g = guard_new(rs, NULL);
	char got[4096];

	assert_non_null(g);
	snprintf(got, sizeof(got), "%.*s", SLICE_ARG(data_of(g)));
	assert_string_equal(got, data);
	assert_int_equal(guard_left_out(g), left_out);
	guard_free(g);
	ruleset_free(rs);
}

#define OWN "[1,\"__Host-crumb-consent\",\"crumb-consent\""

static void test_data(void **state)
{
	(void)state;
	assert_data("", "([\"necessary\"]," OWN "],[],1);", 0);
	assert_data(PURPOSES "cookie b a is analytics\n"
			     "cookie c* /^d(_|$)/i is analytics\n"
			     "cookie e is necessary\n"
			     "cookie * is advertising preferences\n",
		    "([\"necessary\",\"preferences\",\"analytics\",\"advertising\"]," OWN
		    ",4,\"b\",\"a\",\"c*\",[\"^d(_|$)\",\"i\"],1,\"e\",10,\"*\"],[],14);",
		    0);
	assert_data(PURPOSES "beacon ||A.example^ is analytics\n"
			     "beacon |https://b.example/X| /c^*d is analytics\n"
			     "beacon /e\\d+/ is advertising\n"
			     "beacon ||f.example^$script,third-party is necessary\n"
			     "beacon ||G.example^$match-case is advertising\n"
			     "beacon ||h.example^$domain=i.example is advertising\n"
			     "beacon ||j.example^$popup is advertising\n"
			     "beacon img.x is advertising\n",
		    "([\"necessary\",\"preferences\",\"analytics\",\"advertising\"]," OWN "],"
		    "[4,\"||a.example^\",\"|https://b.example/x|\",\"/c^*d\",8,[\"e\\\\d+\",\"\"],"
		    "1,[\"||f.example^\",0,1,1],8,[\"||G.example^\",0,0,4]],14);",
		    2);
}

/* Injected cookies are of the injection's purposes wherever it stands, unless a statement spells their name. */
static void test_settled(void **state)
{
	(void)state;
	assert_data(PURPOSES "opt-out cookie o=1 denies analytics\n"
			     "cookie a is advertising\n"
			     "cookie * is preferences\n"
			     "inject cookie a=1 is analytics\n"
			     "inject cookie b=1 is analytics\n",
		    "([\"necessary\",\"preferences\",\"analytics\",\"advertising\"]," OWN
		    ",\"o\",8,\"a\",4,\"b\",2,\"*\"],[],14);",
		    0);
}

/* Cookies that carry consent stand in front as well, names that statements spell out before those that hold a star. */
static void test_carriers(void **state)
{
	(void)state;
	assert_data(PURPOSES "cookie cmplz_a is analytics\n"
			     "cookie * is preferences\n"
			     "accept consent from complianz klaro\n"
			     "consent cookie choices matches x grants analytics\n",
		    "([\"necessary\",\"preferences\",\"analytics\",\"advertising\"]," OWN
		    ",4,\"cmplz_a\",1,\"cmplz_*\",\"klaro\",\"choices\",4,\"cmplz_a\",2,\"*\"],[],14);",
		    0);
}

static void test_strings(void **state)
{
	static const struct {
		struct slice in;
		const char *out;
	} t[] = {
		{SLICE_INIT(""), "\"\""},
		{SLICE_INIT("a'b/c>"), "\"a'b/c\\x3E\""},
		{SLICE_INIT("\"\\"), "\"\\\"\\\\\""},
		{SLICE_INIT("</script><!--"), "\"\\x3C/script\\x3E\\x3C!--\""},
		{SLICE_INIT("a\nb\0\x7F"), "\"a\\x0Ab\\x00\\x7F\""},
		{SLICE_INIT("\xC3\xA9\xE2\x80\xA8\xF0\x9F\x8D\xAA"), "\"\\u00E9\\u2028\\uD83C\\uDF6A\""},
		{SLICE_INIT("\xC3(\xFF"), "\"\\xC3(\\xFF\""},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(t); i++) {
		struct buffer b;

		buffer_init(&b, 1000);
		assert_true(guard_string_write(t[i].in, &b));
		assert_true(buffer_add_char(&b, '\0'));
		assert_string_equal(b.p, t[i].out);
		buffer_free(&b);
	}
}

/* NULL: there is no such expression in JavaScript. */
static void test_regexes(void **state)
{
	static const struct {
		const char *in, *flags, *out, *js_flags;
	} t[] = {
		{"^_ga(_|$)", "i", "^_ga(_|$)", "i"},
		{"a\\.b\\/c\\d{2,3}", "", "a\\.b\\/c\\d{2,3}", ""},
		{"(?i)a", "", "a", "i"},
		{"(?is)a", "m", "a", "ims"},
		{"(?:a|b)(?=c)(?!d)(?<=e)(?<!f)(?<n>g)", "", "(?:a|b)(?=c)(?!d)(?<=e)(?<!f)(?<n>g)", ""},
		{"\\Aa\\z", "", "^a$", ""},
		{"\\Aa\\Z", "m", NULL, ""},
		{"a\\h[\\hb]", "", "a[\\t ][\\t b]", ""},
		{"[]a]", "", "[\\]a]", ""},
		{"[^]a]", "", "[^\\]a]", ""},
		{"[a[]", "", "[a[]", ""},
		{"[[:alpha:]]", "", NULL, ""},
		{" a # c\n b\\ [ #]", "x", "ab\\ [ #]", ""},
		{"a # c", "", "a # c", ""},
		{"\\x41\\x{41}", "", NULL, ""},
		{"\\x41\\t", "", "\\x41\\t", ""},
		{"\\Qa.b\\E", "", NULL, ""},
		{"(?>a)", "", NULL, ""},
		{"(?P<n>a)", "", NULL, ""},
		{"a(?i)b", "", NULL, ""},
		{"(*UTF)a", "", NULL, ""},
		{"\\pL", "", NULL, ""},
		{"a\\", "", NULL, ""},
		{"(?i", "", NULL, ""},
		{"\xC3\xA9", "", NULL, ""},
		{"\\\xC3\xA9", "", NULL, ""},
		{"(?", "", NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(t); i++) {
		struct buffer b;
		char flags[4] = "";
		bool ok;

		buffer_init(&b, 1000);
		assert_true(buffer_add_char(&b, '>'));
		ok = guard_regex_write(slice_str(t[i].in), slice_str(t[i].flags), &b, flags);
		if (ok != (t[i].out != NULL))
			fail_msg("%s", t[i].in);
		assert_true(buffer_add_char(&b, '\0'));
		assert_string_equal(b.p + 1, ok ? t[i].out : "");
		if (ok)
			assert_string_equal(flags, t[i].js_flags);
		buffer_free(&b);
	}
}

/* What must never stand in the text of a script. */
static void assert_safe(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		assert_true((unsigned char)text.p[i] < 0x7F && text.p[i] >= ' ');
		assert_false(slice_istarts_with(slice_from(text, i), SLICE("</script")));
		assert_false(slice_istarts_with(slice_from(text, i), SLICE("<script ")));
		assert_false(slice_starts_with(slice_from(text, i), SLICE("<!--")));
		assert_false(slice_starts_with(slice_from(text, i), SLICE("]]>")));
	}
}

static void test_safe(void **state)
{
	struct ruleset *rs = fixture_rules(PURPOSES "cookie /<\\/script>/ /<!--/ /\xC3\xA9/ is analytics\n"
						    "beacon /<\\/sCript>/i /[[]]>/ is analytics\n"
						    "beacon ||a.example/</script><!-- is analytics\n");
	struct guard *g = guard_new(rs, sum);
	unsigned char hash[32];

	(void)state;
	assert_non_null(g);
	assert_safe(guard_text(g));
	assert_true(guard_has_hash(g));
	sum(guard_text(g), hash);
	assert_memory_equal(hash, guard_hash(g), 32);
	guard_free(g);
	guard_free(NULL);
	ruleset_free(rs);
}

static void assert_element(const struct guard *g, const struct ruleset *rs, purposes granted, struct slice nonce,
			   const char *front)
{
	struct buffer out;

	buffer_init(&out, 1 << 20);
	assert_true(guard_element(g, rs, granted, nonce, &out));
	assert_true(slice_starts_with(buffer_slice(&out), slice_str(front)));
	assert_true(slice_starts_with(slice_from(buffer_slice(&out), strlen(front)), guard_text(g)));
	assert_true(slice_eq(slice_from(buffer_slice(&out), strlen(front) + guard_text(g).n), SLICE("</script>")));
	buffer_free(&out);
	buffer_init(&out, 100);
	assert_false(guard_element(g, rs, granted, nonce, &out));
	buffer_free(&out);
}

static void test_element(void **state)
{
	struct ruleset *rs = fixture_rules(PURPOSES);
	struct guard *g = guard_new(rs, NULL);

	(void)state;
	assert_non_null(g);
	assert_false(guard_has_hash(g));
	assert_element(g, rs, 1, slice_of(NULL, 0), "<script data-cg-guard=\"\">");
	assert_element(g, rs, 1 | 2 | 8, SLICE("a+b/c="),
		       "<script nonce=\"a+b/c=\" data-cg-guard=\"preferences,advertising\">");
	assert_element(g, rs, 1, SLICE("\"><b>&"), "<script nonce=\"&quot;><b>&amp;\" data-cg-guard=\"\">");
	guard_free(g);
	ruleset_free(rs);
}

/* Rules beyond the limit: the front of the list stays, the rest is counted. */
static void test_limit(void **state)
{
	enum { RULES = 6000 };
	char *text = malloc(RULES * 64 + 200), *p = text;
	struct ruleset *rs;
	struct guard *g;
	struct slice data;

	(void)state;
	assert_non_null(text);
	p += sprintf(p, PURPOSES);
	for (unsigned i = 0; i < RULES; i++)
		p += sprintf(p, "beacon ||tracker-%05u.example^ is %s\n", i, i % 2 ? "analytics" : "advertising");
	rs = fixture_rules(text);
	g = guard_new(rs, NULL);
	assert_non_null(g);
	data = data_of(g);
	assert_in_range(data.n, GUARD_DATA_MAX - 100, GUARD_DATA_MAX + 300);
	assert_true(slice_find(data, SLICE("tracker-00000.")) < data.n);
	assert_true(slice_find(data, SLICE("tracker-05999.")) == data.n);
	assert_in_range(guard_left_out(g), 1, RULES - 1000);
	guard_free(g);
	ruleset_free(rs);
	free(text);
}

static void test_no_memory(void **state)
{
	struct ruleset *rs = fixture_rules(PURPOSES "opt-out cookie o=1 denies analytics\n"
						    "inject cookie a=1 is analytics\n"
						    "cookie b c* /d/ is analytics\n"
						    "beacon ||e.example^ /f/ ||g.example^$image is analytics\n");
	struct guard *whole = guard_new(rs, sum);
	size_t failures = alloc_fault_total();

	(void)state;
	assert_non_null(whole);
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct guard *g = guard_new(rs, sum);

		alloc_fault_end();
		/* Only what JIT compilation lacks may go unnoticed. */
		if (g)
			assert_true(slice_eq(guard_text(g), guard_text(whole)));
		guard_free(g);
	}
	assert_true(alloc_fault_total() - failures > 10);
	guard_free(whole);
	ruleset_free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),	cmocka_unit_test(test_settled), cmocka_unit_test(test_carriers),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_regexes), cmocka_unit_test(test_safe),
		cmocka_unit_test(test_element), cmocka_unit_test(test_limit),	cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
