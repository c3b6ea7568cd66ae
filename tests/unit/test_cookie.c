/* The Cookie field: what is a pair, and editing that keeps every byte of what stays. */
#include "tests/support/slice_assert.h"

#include <time.h>

#include "rules/http/cookie.h"

#define ARENA_CAP (1 << 24)

/* "name<TAB>value<TAB>raw" of each cookie, in brackets. */
static const char *shown(struct slice value)
{
	static char text[8192];
	struct cookie c;
	size_t n = 0;

	text[0] = '\0';
	while (cookie_next(&value, &c))
		n += (size_t)snprintf(text + n, sizeof text - n, "[%.*s][%.*s][%.*s] ", SLICE_ARG(c.name),
				      SLICE_ARG(c.value), SLICE_ARG(c.raw));
	return text;
}

static void pairs(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{"", ""},
		{" ;; \t; ", ""},
		{"a=1", "[a][1][a=1] "},
		{"a=1; b=2", "[a][1][a=1] [b][2][b=2] "},
		{"a=1;b=2;", "[a][1][a=1] [b][2][b=2] "},
		{" a=1 ;\tb=2\t", "[a][1][a=1] [b][2][b=2] "},
		{"a=", "[a][][a=] "},
		{"=v", "[][v][=v] "},
		{"=", "[][][=] "},
		{"nameless", "[][nameless][nameless] "},
		{"a=b=c", "[a][b=c][a=b=c] "},
		{"a =\t1", "[a][1][a =\t1] "},
		{"a=\"x;y\"", "[a][\"x][a=\"x] [][y\"][y\"] "},
		{"a=\"x y\"", "[a][\"x y\"][a=\"x y\"] "},
		{"A=1; a=2; A=3", "[A][1][A=1] [a][2][a=2] [A][3][A=3] "},
		{"a=1,b=2", "[a][1,b=2][a=1,b=2] "},
		{"a=\xC3\xA4\x01", "[a][\xC3\xA4\x01][a=\xC3\xA4\x01] "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		assert_string_equal(shown(slice_str(t[i].in)), t[i].out);
}

/* Values that consent managers, analytics and old sites really store. */
static const char *const odd[] = {
	"notice_gdpr_prefs=0,1,2:1a8b5228dd7ff0717196863a5d28ce6c",
	"cmapi_cookie_privacy=permit 1,2 functional",
	"cmapi_gtm_bl=",
	"notice_behavior=expressed|eu",
	"notice_preferences=3%3A",
	"OptanonConsent=datestamp=Wed+Feb+01+2023+12%3A35%3A32+GMT%2B0100+(CET)&groups=C0001%3A1%2CC0002%3A0",
	"OptanonAlertBoxClosed=2024-03-14T09:14:46.676Z",
	"CookieConsent={stamp:%27Uv9YOA+Va/GAlpA==%27%2Cnecessary:true%2Cmethod:%27explicit%27%2Cregion:%27us-06%27}",
	"CookieConsent=-1",
	"cookieyes-consent=consentid:QUJDREVG,consent:,action:,necessary:yes",
	"klaro={\"principal\":true,\"googleanalytics\":false,\"youtube\":false}",
	"cc_cookie={\"level\":[\"necessary\"],\"revision\":0,\"data\":null}",
	"tarteaucitron=!id=a5c8155833511d18-109da518!atinternet=true!hotjar=false",
	"axeptio_cookies={%22$$token%22:%22aaaa%22%2C%22$$completed%22:false}",
	"axeptio_authorized_vendors=%2C%2C",
	"__hs_cookie_cat_pref=1:true_2:false_3:false",
	"CookieScriptConsent={\"categories\":\"[\\\"targeting\\\",\\\"unclassified\\\"]\",\"key\":\"0\"}",
	"CookieControl={\"necessaryCookies\":[\"UMB*\",\"OpenIdConnect*\"],\"performance\":\"legitimate interest\"}",
	"TC_PRIVACY=1%40032%7C1%7C4525%40%402%401713310882911%2C1713310882911",
	"_pandectes_gdpr=eyJzdGF0dXMiOiJkZW55IiwidGltZXN0YW1wIjoxNzM0Nzk0NjI0fQ==",
	"c15t=c.necessary:1,c.functionality:1,i.t:1761000000000",
	"_ga=GA1.2.3",
	"__utmz=1.2.1.1.utmcsr=google|utmccn=(organic)|utmcmd=organic|utmctr=a b, c~d",
	"quoted=\"a, b {c} | d\"",
	"name with blanks=a  b",
	"nameless",
	"=empty name",
	"",
	"$Version=1",
	"utf8=\xC3\xA4\xE2\x82\xAC",
	"latin=\xE4\xFF",
	"a[b][]=1",
	"<x>=\\'`",
};

struct sifting {
	unsigned long long mask; /* bit i: drop the i-th cookie asked about */
	size_t asked;
};

static enum cookie_edit sift(void *arg, const struct cookie *c, struct slice *replacement)
{
	struct sifting *s = arg;

	(void)c;
	*replacement = SLICE("never=used");
	return s->mask >> s->asked++ & 1 ? COOKIE_DROP : COOKIE_KEEP;
}

static struct fields one_field(struct arena *arena, struct slice value)
{
	struct fields f;

	arena_init(arena, 0, ARENA_CAP);
	fields_init(&f, arena);
	assert_true(fields_add_id(&f, FIELD_COOKIE, value));
	return f;
}

/* Joins the odd pairs that are not in the mask of what is left out. */
static struct slice joined(char *text, size_t size, unsigned long long left_out)
{
	size_t n = 0, count = 0;

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		if (!*odd[i] || left_out >> count++ & 1)
			continue;
		n += (size_t)snprintf(text + n, size - n, "%s%s", n ? "; " : "", odd[i]);
	}
	return slice_of(text, n);
}

static void odd_values_survive(void **state)
{
	char all[8192], rest[8192];
	unsigned long long random = 88172645463325252ull;
	struct slice before = joined(all, sizeof all, 0), expected;
	struct arena arena;

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct fields f = one_field(&arena, before);
		struct sifting s = {.mask = round < 40 ? 1ull << round : random};

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		expected = joined(rest, sizeof rest, s.mask);
		assert_true(cookies_edit(&f, sift, &s));
		assert_int_equal(s.asked, sizeof odd / sizeof *odd - 1);
		if (expected.n == 0)
			assert_int_equal(f.n, 0);
		else
			slice_assert(f.v[0].value, expected, __FILE__, __LINE__);
		arena_free(&arena);
	}
}

static void keeping_all_changes_nothing(void **state)
{
	static const char *const values[] = {"", ";", "a=1", " a=1 ;; b=2 ", "a=1;b=2;", "x"};
	struct sifting s = {0};
	struct arena arena;
	struct fields f;
	size_t used;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	fields_init(&f, &arena);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		assert_true(fields_add_id(&f, FIELD_COOKIE, slice_str(values[i])));
	used = arena.used;
	assert_true(cookies_edit(&f, sift, &s));
	assert_int_equal(s.asked, 6);
	assert_int_equal(arena.used, used);
	assert_int_equal(f.n, 6);
	for (size_t i = 0; i < 6; i++)
		assert_ptr_equal(f.v[i].value.p, values[i]);
	arena_free(&arena);
}

/* Drops cookies named d, replaces those named r by the text behind the first '=' of their value. */
static enum cookie_edit by_name(void *arg, const struct cookie *c, struct slice *replacement)
{
	(void)arg;
	if (slice_eq(c->name, SLICE("d")))
		return COOKIE_DROP;
	if (!slice_eq(c->name, SLICE("r")))
		return COOKIE_KEEP;
	*replacement = c->value;
	return COOKIE_REPLACE;
}

static void edits(void **state)
{
	static const struct {
		const char *in[4], *out[4];
	} t[] = {
		{{"d=1"}, {NULL}},
		{{"d"}, {"d"}},
		{{"a=1; d=1"}, {"a=1"}},
		{{"d=1; a=1"}, {"a=1"}},
		{{"d=1;a=1;b=2;c=3"}, {"a=1; b=2; c=3"}},
		{{"a;b;c;e;f;g;h;d="}, {"a; b; c; e; f; g; h"}}, /* wider separators than before */
		{{" a=1 ;; b = 2\t; d=1 ;"}, {"a=1; b = 2"}},
		{{"r=x"}, {"x"}},
		{{"r="}, {NULL}},
		{{"a=1; r=longer=than before; b=2"}, {"a=1; longer=than before; b=2"}},
		{{"d=1; d=2;d=3", "a=1;b=2"}, {"a=1;b=2"}},
		{{"a=1;b=2", "d=1;a=1;b=2", "c;d"}, {"a=1;b=2", "a=1; b=2", "c;d"}},
		{{"a;b", "", "d=1", ";"}, {"a;b", "", ";"}},
		{{"d=1", "d=2", "d=3"}, {NULL}},
		{{"a=1", "d=2", "r=3=4", "b=2"}, {"a=1", "3=4", "b=2"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct arena arena;
		struct fields f;
		size_t k, fields = 0;

		arena_init(&arena, 0, ARENA_CAP);
		fields_init(&f, &arena);
		assert_true(fields_add(&f, SLICE("A"), SLICE("d=1")));
		for (k = 0; k < 4 && t[i].in[k]; k++) {
			assert_true(fields_add(&f, SLICE("cookie"), slice_str(t[i].in[k])));
			assert_true(fields_add(&f, SLICE("B"), SLICE("d=1")));
			fields++;
		}
		assert_true(cookies_edit(&f, by_name, NULL));
		assert_slice(f.v[0].value, "d=1");
		assert_int_equal(f.n - fields_count(&f, FIELD_COOKIE), fields + 1);
		fields_remove_name(&f, SLICE("A"));
		fields_remove_name(&f, SLICE("B"));
		for (k = 0; k < 4 && t[i].out[k]; k++) {
			assert_in_range(k, 0, f.n - 1);
			assert_slice(f.v[k].name, "cookie");
			assert_slice(f.v[k].value, t[i].out[k]);
		}
		assert_int_equal(f.n, k);
		arena_free(&arena);
	}
}

/* Replaces each pair by one three times as long: the text outgrows what was set aside for it. */
static enum cookie_edit triple(void *arg, const struct cookie *c, struct slice *replacement)
{
	struct slice parts[] = {c->raw, c->raw, c->raw};

	*replacement = arena_concat(arg, parts, 3);
	return COOKIE_REPLACE;
}

static void replacements_may_grow(void **state)
{
	struct arena arena;
	struct fields f;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	fields_init(&f, &arena);
	for (int i = 0; i < 50; i++)
		assert_true(fields_add_id(&f, FIELD_COOKIE, SLICE("ab;cd;ef")));
	assert_true(cookies_edit(&f, triple, &arena));
	assert_int_equal(f.n, 50);
	for (int i = 0; i < 50; i++)
		assert_slice(f.v[i].value, "ababab; cdcdcd; efefef");
	arena_free(&arena);
}

static void refusal_leaves_the_fields(void **state)
{
	struct arena arena;
	struct fields f;

	(void)state;
	arena_init(&arena, 0, 32 * sizeof(struct field));
	fields_init(&f, &arena);
	assert_true(fields_add_id(&f, FIELD_COOKIE, SLICE("a=1;d=2;b=3")));
	assert_false(cookies_edit(&f, by_name, NULL));
	assert_slice(f.v[0].value, "a=1;d=2;b=3");
	assert_false(cookies_append(&f, SLICE("x"), SLICE("y")));
	assert_slice(f.v[0].value, "a=1;d=2;b=3");
	arena_free(&arena);
}

static void walking_all_fields(void **state)
{
	struct arena arena;
	struct fields f;
	struct cookie_walk w = {.fields = &f};
	struct cookie c;
	char text[64];
	size_t n = 0;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	fields_init(&f, &arena);
	assert_false(cookie_walk_next(&w, &c));
	assert_true(fields_add(&f, SLICE("X"), SLICE("no=1")));
	assert_true(fields_add_id(&f, FIELD_COOKIE, SLICE("a=1; b=2")));
	assert_true(fields_add_id(&f, FIELD_COOKIE, SLICE(" ; ")));
	assert_true(fields_add_id(&f, FIELD_VIA, SLICE("no=2")));
	assert_true(fields_add_id(&f, FIELD_COOKIE, SLICE("c")));
	w = (struct cookie_walk){.fields = &f};
	while (cookie_walk_next(&w, &c))
		n += (size_t)snprintf(text + n, sizeof text - n, "%.*s|", SLICE_ARG(c.raw));
	assert_string_equal(text, "a=1|b=2|c|");
	assert_false(cookie_walk_next(&w, &c));
	arena_free(&arena);
}

static void appending(void **state)
{
	static const struct {
		const char *before, *name, *value, *after;
	} t[] = {
		{"", "a", "1", "a=1"},		{" ", "a", "1", "a=1"},	     {"x=1", "a", "1", "x=1; a=1"},
		{"x=1;", "a", "1", "x=1; a=1"}, {"x=1 ", "", "1", "x=1; 1"}, {"x", "a", "", "x; a="},
	};
	struct arena arena;
	struct fields f;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		f = one_field(&arena, slice_str(t[i].before));
		assert_true(cookies_append(&f, slice_str(t[i].name), slice_str(t[i].value)));
		assert_slice(f.v[0].value, t[i].after);
		arena_free(&arena);
	}
	f = one_field(&arena, SLICE("a"));
	assert_true(fields_add_id(&f, FIELD_COOKIE, SLICE("b")));
	assert_true(fields_add_id(&f, FIELD_VIA, SLICE("v")));
	assert_true(cookies_append(&f, SLICE("c"), SLICE("1")));
	assert_slice(f.v[1].value, "b; c=1");
	arena_free(&arena);
	arena_init(&arena, 0, ARENA_CAP);
	fields_init(&f, &arena);
	assert_true(cookies_append(&f, SLICE("c"), SLICE("1")));
	assert_slice(f.v[0].name, "Cookie");
	assert_slice(f.v[0].value, "c=1");
	arena_free(&arena);
}

static enum cookie_edit every_other(void *arg, const struct cookie *c, struct slice *replacement)
{
	size_t *asked = arg;

	(void)c;
	(void)replacement;
	return (*asked)++ & 1 ? COOKIE_DROP : COOKIE_KEEP;
}

/* The time to edit n cookies, in one field or in as many fields. */
static double time_of(size_t n, bool apart)
{
	struct arena arena;
	struct fields f;
	struct slice value = SLICE(""), parts[] = {SLICE(""), SLICE("a=1;")};
	size_t asked = 0;
	clock_t before;

	arena_init(&arena, 0, (size_t)1 << 30);
	fields_init(&f, &arena);
	if (!apart) {
		char *p = arena_alloc(&arena, 4 * n);

		assert_non_null(p);
		for (size_t i = 0; i < n; i++)
			memcpy(p + 4 * i, parts[1].p, 4);
		value = slice_of(p, 4 * n);
	}
	for (size_t i = 0; i < (apart ? n : 1); i++)
		assert_true(fields_add_id(&f, FIELD_COOKIE, apart ? SLICE("a=1") : value));
	before = clock();
	assert_true(cookies_edit(&f, every_other, &asked));
	assert_int_equal(asked, n);
	before = clock() - before;
	arena_free(&arena);
	return (double)before / CLOCKS_PER_SEC;
}

/* Quadratic work on 200,000 cookies would take minutes. */
static void thousands_are_linear(void **state)
{
	(void)state;
	assert_true(time_of(200000, false) < 2);
	assert_true(time_of(200000, true) < 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs),
		cmocka_unit_test(odd_values_survive),
		cmocka_unit_test(keeping_all_changes_nothing),
		cmocka_unit_test(edits),
		cmocka_unit_test(replacements_may_grow),
		cmocka_unit_test(refusal_leaves_the_fields),
		cmocka_unit_test(walking_all_fields),
		cmocka_unit_test(appending),
		cmocka_unit_test(thousands_are_linear),
	};

	return cmocka_run_group_tests_name("cookie", tests, NULL, NULL);
}
