/* The Set-Cookie field: what user agents make of it, dates, prefixes, and limits that leave the rest alone. */
#include "tests/support/slice_assert.h"

#include "rules/http/set_cookie.h"

#define NOW	  INT64_C(1774000000) /* Fri, 20 Mar 2026 09:46:40 GMT */
#define ARENA_CAP (1 << 20)

/* What was understood, as one line. */
static const char *shown(const struct set_cookie *c)
{
	static char text[8192];
	size_t n = (size_t)snprintf(text, sizeof text, "[%.*s][%.*s]", SLICE_ARG(c->name), SLICE_ARG(c->value));

	if (c->has_domain)
		n += (size_t)snprintf(text + n, sizeof text - n, " domain=%.*s", SLICE_ARG(c->domain));
	if (c->has_path)
		n += (size_t)snprintf(text + n, sizeof text - n, " path=%.*s", SLICE_ARG(c->path));
	if (c->has_max_age)
		n += (size_t)snprintf(text + n, sizeof text - n, " age=%lld", (long long)c->max_age);
	if (c->has_expires)
		n += (size_t)snprintf(text + n, sizeof text - n, " expires=%lld", (long long)c->expires);
	if (c->same_site)
		n += (size_t)snprintf(text + n, sizeof text - n, " site=%d", (int)c->same_site);
	snprintf(text + n, sizeof text - n, "%s%s%s", c->secure ? " secure" : "", c->http_only ? " httponly" : "",
		 c->partitioned ? " partitioned" : "");
	return text;
}

static void parsing(void **state)
{
	static const struct {
		const char *in;
		bool ok;
		const char *out;
	} t[] = {
		{"a=1", true, "[a][1]"},
		{" a = 1 ; Path = / ", true, "[a][1] path=/"},
		{"a=b=c;secure", true, "[a][b=c] secure"},
		{"nameless", true, "[][nameless]"},
		{"=v; path=/x", true, "[][v] path=/x"},
		{"a=", true, "[a][]"},
		{"", false, "[][]"},
		{"=", false, "[][]"},
		{" ; Path=/", false, "[][] path=/"},
		{";a=1", false, "[][]"},
		{"a=\"x y\", {z}|~:", true, "[a][\"x y\", {z}|~:]"},
		{"a=\xC3\xA4", true, "[a][\xC3\xA4]"},
		{"a=1\t2; Path=/", true, "[a][1\t2] path=/"},
		{"a=1\x01", false, "[a][1\x01]"},
		{"a=1; Path=/\x7F", false, "[a][1] path=/\x7F"},
		{"a=1\r; Secure", false, "[a][1\r] secure"},
		/* attributes */
		{"a=1; SECURE; httponly; Partitioned=no", true, "[a][1] secure httponly partitioned"},
		{"a=1; Domain=.Example.com", true, "[a][1] domain=Example.com"},
		{"a=1; Domain=..x", true, "[a][1] domain=.x"},
		{"a=1; Domain=x; Domain=", true, "[a][1]"},
		{"a=1; Domain=; Domain=x", true, "[a][1] domain=x"},
		{"a=1; Domain=.", true, "[a][1]"},
		{"a=1; Path=/a; Path=/b", true, "[a][1] path=/b"},
		{"a=1; Path=/a; Path=b", true, "[a][1]"},
		{"a=1; Path=", true, "[a][1]"},
		{"a=1; Max-Age=5", true, "[a][1] age=5"},
		{"a=1; Max-Age=-5; max-age=x", true, "[a][1] age=-5"},
		{"a=1; Max-Age=5; Max-Age=0", true, "[a][1] age=0"},
		{"a=1; Max-Age=34559999", true, "[a][1] age=34559999"},
		{"a=1; Max-Age=34560000", true, "[a][1] age=34560000"},
		{"a=1; Max-Age=34560001", true, "[a][1] age=34560000"},
		{"a=1; Max-Age=99999999999999999999999999", true, "[a][1] age=34560000"},
		{"a=1; Max-Age=-99999999999999999999999999", true, "[a][1] age=-34560000"},
		{"a=1; Max-Age=", true, "[a][1]"},
		{"a=1; Max-Age=-", true, "[a][1]"},
		{"a=1; Max-Age=+5", true, "[a][1]"},
		{"a=1; Max-Age=5s", true, "[a][1]"},
		{"a=1; Max-Age=\"5\"", true, "[a][1]"},
		{"a=1; Expires=Thu, 01 Jan 1970 00:00:10 GMT", true, "[a][1] expires=10"},
		{"a=1; Expires=Thu, 01-Jan-70 00:00:10 GMT; Expires=soon", true, "[a][1] expires=10"},
		{"a=1; SameSite=lax", true, "[a][1] site=2"},
		{"a=1; SameSite=STRICT", true, "[a][1] site=3"},
		{"a=1; SameSite=None; Secure", true, "[a][1] site=1 secure"},
		{"a=1; SameSite=Lax; SameSite=other", true, "[a][1]"},
		{"a=1; Secur; HttpOnlyX; Priority=High; ; =x", true, "[a][1]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct set_cookie c, pair;

		assert_int_equal(set_cookie_parse(slice_str(t[i].in), &c), t[i].ok);
		assert_string_equal(shown(&c), t[i].out);
		set_cookie_parse_pair(slice_str(t[i].in), &pair);
		assert_same_slice(pair.name, c.name);
		assert_same_slice(pair.value, c.value);
		assert_same_slice(pair.pair, c.pair);
		assert_false(pair.has_path || pair.has_domain || pair.has_max_age || pair.secure);
	}
}

static void limits_of_length(void **state)
{
	char text[8192];
	struct set_cookie c;

	(void)state;
	for (size_t n = COOKIE_PAIR_MAX - 1; n <= COOKIE_PAIR_MAX + 1; n++) {
		memset(text, 'x', sizeof text);
		text[10] = '='; /* the '=' does not count */
		assert_int_equal(set_cookie_parse(slice_of(text, n + 1), &c), n <= COOKIE_PAIR_MAX);
		assert_int_equal(c.name.n + c.value.n, n);
	}
	for (size_t n = COOKIE_ATTRIBUTE_MAX - 1; n <= COOKIE_ATTRIBUTE_MAX + 1; n++) {
		memset(text, 'x', sizeof text);
		memcpy(text, "a=1;Path=/", 10);
		assert_true(set_cookie_parse(slice_of(text, 9 + n), &c));
		assert_int_equal(c.has_path, n <= COOKIE_ATTRIBUTE_MAX);
		memcpy(text, "a=1;Secure=", 11);
		assert_true(set_cookie_parse(slice_of(text, 11 + n), &c));
		assert_int_equal(c.secure, n <= COOKIE_ATTRIBUTE_MAX);
	}
}

static void prefixes(void **state)
{
	static const struct {
		const char *in;
		enum cookie_prefix prefix;
		bool ok;
	} t[] = {
		{"a=1", COOKIE_PREFIX_NONE, true},
		{"__Host=1", COOKIE_PREFIX_NONE, true},
		{"x__Host-a=1", COOKIE_PREFIX_NONE, true},
		{"__Secure-a=1", COOKIE_PREFIX_SECURE, false},
		{"__Secure-a=1; Secure", COOKIE_PREFIX_SECURE, true},
		{"__sEcUrE-a=1", COOKIE_PREFIX_SECURE, false},
		{"__Host-a=1; Secure; Path=/", COOKIE_PREFIX_HOST, true},
		{"__host-a=1; Secure; Path=/", COOKIE_PREFIX_HOST, true},
		{"__Host-a=1; Path=/", COOKIE_PREFIX_HOST, false},
		{"__Host-a=1; Secure", COOKIE_PREFIX_HOST, false},
		{"__Host-a=1; Secure; Path=/x", COOKIE_PREFIX_HOST, false},
		{"__Host-a=1; Secure; Path=/; Domain=x", COOKIE_PREFIX_HOST, false},
		{"__Host-a=1; Secure; Path=/; Domain=", COOKIE_PREFIX_HOST, true},
		{"__Http-a=1; Secure; HttpOnly", COOKIE_PREFIX_HTTP, true},
		{"__Http-a=1; Secure", COOKIE_PREFIX_HTTP, false},
		{"__Http-a=1; HttpOnly", COOKIE_PREFIX_HTTP, false},
		{"__Host-Http-a=1; Secure; HttpOnly; Path=/", COOKIE_PREFIX_HOST_HTTP, true},
		{"__Host-Http-a=1; Secure; Path=/", COOKIE_PREFIX_HOST_HTTP, false},
		{"__Host-Http-a=1; Secure; HttpOnly", COOKIE_PREFIX_HOST_HTTP, false},
		{"=__Host-a; Secure; Path=/", COOKIE_PREFIX_NONE, false},
		{"__Secure-a; Secure", COOKIE_PREFIX_NONE, false}, /* nameless: would be sent back as a name */
		{"=a", COOKIE_PREFIX_NONE, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct set_cookie c;

		assert_true(set_cookie_parse(slice_str(t[i].in), &c));
		assert_int_equal(cookie_prefix_of(c.name), t[i].prefix);
		assert_int_equal(set_cookie_prefix_ok(&c), t[i].ok);
	}
}

static void deletion(void **state)
{
	static const struct {
		const char *in;
		bool deletes;
	} t[] = {
		{"a=1", false},
		{"a=", false},
		{"a=; Max-Age=0", true},
		{"a=; Max-Age=-1", true},
		{"a=; Max-Age=1", false},
		{"a=; Max-Age=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", false},
		{"a=; Max-Age=0; Expires=Thu, 01 Jan 2099 00:00:00 GMT", true},
		{"a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", true},
		{"a=; Expires=Fri, 20 Mar 2026 09:46:40 GMT", true},
		{"a=; Expires=Fri, 20 Mar 2026 09:46:41 GMT", false},
		{"a=; Expires=never", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct set_cookie c;

		assert_true(set_cookie_parse(slice_str(t[i].in), &c));
		assert_int_equal(set_cookie_deletes(&c, NOW), t[i].deletes);
	}
}

static void dates(void **state)
{
	static const struct {
		const char *in;
		bool ok;
		int64_t time;
	} t[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777},
		{"Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777},
		{"Sun Nov  6 08:49:37 1994", true, 784111777},
		{"06 nov 1994 8:49:37", true, 784111777},
		{"1994 Nov 06 08:49:37", true, 784111777},
		{"8:49:37 6 November 94", true, 784111777},
		{"6th Novembre 1994x 08:49:37z", true, 784111777},
		{"Wed, 31 Dec 1969 23:59:59 GMT", true, -1},
		{"1 Jan 1970 0:0:0", true, 0},
		{"1 Jan 69 0:0:0", true, INT64_C(3124224000)},
		{"1 Jan 70 0:0:0", true, 0},
		{"1 Jan 99 0:0:0", true, 915148800},
		{"1 Jan 00 0:0:0", true, 946684800},
		{"1 Jan 1601 0:0:0", true, INT64_C(-11644473600)},
		{"31 Dec 1600 23:59:59", false, 0},
		{"31 Dec 9999 23:59:59", true, INT64_C(253402300799)},
		{"29 Feb 2024 0:0:0", true, 1709164800},
		{"29 Feb 2023 0:0:0", false, 0},
		{"29 Feb 1900 0:0:0", false, 0},
		{"29 Feb 2000 0:0:0", true, 951782400},
		{"31 Apr 2024 0:0:0", false, 0},
		{"0 Jan 2024 0:0:0", false, 0},
		{"32 Jan 2024 0:0:0", false, 0},
		{"1 Jan 2024 24:0:0", false, 0},
		{"1 Jan 2024 23:60:0", false, 0},
		{"1 Jan 2024 23:59:60", false, 0},
		{"1 Jan 2024 23:59", false, 0},
		{"1 Jan 2024 123:0:0", false, 0},
		{"1 Jan 20240 0:0:0", false, 0},
		{"1 Jan 2 0:0:0", false, 0},
		{"Jan 2024 0:0:0", false, 0},
		{"1 2024 0:0:0", false, 0},
		{"", false, 0},
		{"0", false, 0},
		{"-1", false, 0},
		{"Session", false, 0},
		{"Thu, 01-Jan-1970 00:00:01 GMT;", true, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		int64_t time = 4711;
		bool ok = cookie_date_parse(slice_str(t[i].in), &time);

		if (ok != t[i].ok || time != (ok ? t[i].time : 4711))
			fail_msg("\"%s\" gave %d, %lld", t[i].in, ok, (long long)time);
	}
}

static void dates_written_are_read_again(void **state)
{
	static const struct {
		int64_t time;
		const char *text;
	} t[] = {
		{784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
		{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
		{-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
		{951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
		{NOW, "Fri, 20 Mar 2026 09:46:40 GMT"},
		{INT64_C(-11644473600), "Mon, 01 Jan 1601 00:00:00 GMT"},
		{INT64_C(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT"},
		{INT64_MIN, "Mon, 01 Jan 1601 00:00:00 GMT"},
		{INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
	};
	struct arena arena;
	int64_t read;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		assert_slice(imf_fixdate(&arena, t[i].time), t[i].text);
	for (int64_t time = INT64_C(-11644473600); time <= INT64_C(253402300799); time += 86400 * 13 + 3607) {
		arena_reset(&arena);
		assert_true(cookie_date_parse(imf_fixdate(&arena, time), &read));
		assert_int_equal(read, time);
	}
	arena_free(&arena);
}

#define CAP_DAY                      \
	{                            \
		.max_age_cap = 86400 \
	}
#define LATER "Sat, 21 Mar 2026 09:46:40 GMT" /* NOW and a day */

static void limiting(void **state)
{
	static const struct {
		struct cookie_limits limits;
		const char *in, *out; /* out NULL: the very same slice */
	} t[] = {
		/* nothing asked */
		{{.max_age_cap = -1}, "a=1; Max-Age=999999999", NULL},
		{{.max_age_cap = -1}, "", NULL},
		{{.max_age_cap = -1}, ";;", NULL},
		/* age */
		{CAP_DAY, "a=1", NULL},
		{CAP_DAY, "a=1; Max-Age=86400; Path=/", NULL},
		{CAP_DAY, "a=1; Max-Age=86401; Path=/", "a=1; Max-Age=86400; Path=/"},
		{CAP_DAY, "a=1;max-age = 99999999999999999999 ;Path=/", "a=1;Max-Age=86400 ;Path=/"},
		{CAP_DAY, "a=1; Max-Age=0", NULL},
		{CAP_DAY, "a=1; Max-Age=-5", NULL},
		{CAP_DAY, "a=1; Max-Age=x", NULL},
		{CAP_DAY, "a=1; Expires=" LATER, NULL},
		{CAP_DAY, "a=1; Expires=Sat, 21 Mar 2026 09:46:41 GMT; Secure", "a=1; Expires=" LATER "; Secure"},
		{CAP_DAY, "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", NULL},
		{CAP_DAY, "a=1; Expires=whenever", NULL},
		{CAP_DAY, "a=1; Max-Age=90000; Expires=Fri, 01-Jan-99 00:00:00 GMT",
		 "a=1; Max-Age=86400; Expires=Fri, 01-Jan-99 00:00:00 GMT"},
		{CAP_DAY, "a=1; Max-Age=90000; Expires=Fri, 01-Jan-2038 00:00:00 GMT",
		 "a=1; Max-Age=86400; Expires=" LATER},
		{CAP_DAY, "a=1; Max-Age=90000; Max-Age=90001;", "a=1; Max-Age=86400; Max-Age=86400;"},
		{CAP_DAY, "Max-Age=90000; b", NULL},
		{{.max_age_cap = 0}, "a=1; Max-Age=1", "a=1; Max-Age=0"},
		{{.max_age_cap = INT64_MAX}, "a=1; Max-Age=99999999999; Expires=Fri, 01-Jan-9999 00:00:00 GMT", NULL},
		/* flags */
		{{-1, true, false, SAME_SITE_UNSET}, "a=1", "a=1; Secure"},
		{{-1, true, false, SAME_SITE_UNSET}, "a=1; SECURE", NULL},
		{{-1, true, true, SAME_SITE_UNSET}, "a=1; secure", "a=1; secure; HttpOnly"},
		{{-1, true, true, SAME_SITE_UNSET}, "a=1;", "a=1; Secure; HttpOnly"},
		{{-1, true, true, SAME_SITE_UNSET}, "a=1; ;", "a=1; ; Secure; HttpOnly"},
		{{-1, false, true, SAME_SITE_UNSET}, "Secure=1; HttpOnlyX", "Secure=1; HttpOnlyX; HttpOnly"},
		{{-1, true, false, SAME_SITE_UNSET}, "Secure", "Secure; Secure"},
		/* SameSite */
		{{-1, false, false, SAME_SITE_LAX}, "a=1; samesite=LAX", NULL},
		{{-1, false, false, SAME_SITE_LAX}, "a=1; SameSite=None; Secure", "a=1; SameSite=Lax; Secure"},
		{{-1, false, false, SAME_SITE_LAX}, "a=1; SameSite; Path=/", "a=1; SameSite=Lax; Path=/"},
		{{-1, false, false, SAME_SITE_STRICT},
		 "a=1; SameSite=Strict; SameSite=Lax",
		 "a=1; SameSite=Strict; SameSite=Strict"},
		{{-1, false, false, SAME_SITE_STRICT}, "a=1; Path=/", "a=1; Path=/; SameSite=Strict"},
		{{-1, false, false, SAME_SITE_NONE}, "a=1", "a=1; Secure; SameSite=None"},
		{{-1, false, false, SAME_SITE_NONE}, "a=1; SameSite=None; Secure", NULL},
		{{-1, false, false, SAME_SITE_NONE}, "a=1; SameSite=None", "a=1; SameSite=None; Secure"},
		/* all at once, and what is not concerned stays as it is */
		{{86400, true, true, SAME_SITE_LAX},
		 " a = \"x, {y}\" ;path=/ ; MAX-AGE=86401;Priority=High;;domain=.x.org ",
		 " a = \"x, {y}\" ;path=/ ; Max-Age=86400;Priority=High;;domain=.x.org ; Secure; HttpOnly; "
		 "SameSite=Lax"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct slice in = slice_str(t[i].in), out;
		struct arena arena;

		arena_init(&arena, 0, ARENA_CAP);
		assert_true(set_cookie_limit(in, &t[i].limits, NOW, &arena, &out));
		assert_slice(out, t[i].out ? t[i].out : t[i].in);
		if (!t[i].out)
			assert_same_slice(out, in);
		assert_int_equal(arena.used == 0, t[i].out == NULL);
		arena_free(&arena);
	}
}

/* An attribute that user agents ignore for its length satisfies nothing. */
static void overlong_attributes_do_not_count(void **state)
{
	const struct cookie_limits limits = {-1, true, false, SAME_SITE_UNSET};
	char text[2048];
	struct arena arena;
	struct slice out;

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text, "a=1;Secure=", 11);
	arena_init(&arena, 0, ARENA_CAP);
	assert_true(set_cookie_limit(slice_of(text, 11 + COOKIE_ATTRIBUTE_MAX), &limits, NOW, &arena, &out));
	assert_same_slice(out, slice_of(text, 11 + COOKIE_ATTRIBUTE_MAX));
	assert_true(set_cookie_limit(slice_of(text, 12 + COOKIE_ATTRIBUTE_MAX), &limits, NOW, &arena, &out));
	assert_true(slice_ends_with(out, SLICE("x; Secure")));
	arena_free(&arena);
}

static void refusal_is_told(void **state)
{
	const struct cookie_limits limits = CAP_DAY;
	struct slice in = SLICE("a=1; Expires=Fri, 01-Jan-2038 00:00:00 GMT"), out;

	(void)state;
	for (size_t cap = 0; cap < 200; cap++) {
		struct arena arena;

		arena_init(&arena, 0, cap);
		if (set_cookie_limit(in, &limits, NOW, &arena, &out)) {
			assert_slice(out, "a=1; Expires=" LATER);
			assert_in_range(cap, 20, 200);
		}
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsing),	   cmocka_unit_test(limits_of_length),
		cmocka_unit_test(prefixes),	   cmocka_unit_test(deletion),
		cmocka_unit_test(dates),	   cmocka_unit_test(dates_written_are_read_again),
		cmocka_unit_test(limiting),	   cmocka_unit_test(overlong_attributes_do_not_count),
		cmocka_unit_test(refusal_is_told),
	};

	return cmocka_run_group_tests_name("set_cookie", tests, NULL, NULL);
}
