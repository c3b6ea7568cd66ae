/* Targets, paths, parameters and absolute URLs. */
#include "tests/support/slice_assert.h"

#include "rules/http/url.h"

#define ARENA_CAP (1 << 20)

static void splitting(void **state)
{
	static const struct {
		const char *in, *path, *query;
		bool has;
	} t[] = {
		{"/", "/", "", false}, {"/?", "/", "", true}, {"/a?b?c", "/a", "b?c", true},
		{"*", "*", "", false}, {"", "", "", false},   {"?x", "", "x", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct slice path, query;
		bool has;

		target_split(slice_str(t[i].in), &path, &query, &has);
		assert_slice(path, t[i].path);
		assert_slice(query, t[i].query);
		assert_int_equal(has, t[i].has);
	}
}

static void normalising(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: the very same slice */
	} t[] = {
		{"", NULL},
		{"/", NULL},
		{"*", NULL},
		{"/a/b.c/d..e/...", NULL},
		{"/a%20b", NULL},
		{"/a%2Fb", NULL},
		{"/%", NULL},
		{"/%4", NULL},
		{"/%zz/%4g", NULL},
		{"/\xC3\xA4", NULL},
		{"/a%2fb", "/a%2Fb"},
		{"/%41%5a%7E%2d%5F%30", "/AZ~-_0"},
		{"/%2e%2E/a", "/a"},
		{"/./a/./b/.", "/a/b/"},
		{"/a/../b/..", "/"},
		{"/a/b/../../../../c", "/c"},
		{"/..", "/"},
		{"/.", "/"},
		{"//a///b//", "/a/b/"},
		{"\\a\\..\\b", "/b"},
		{"/a%5Cb", NULL},
		{"/a//../b", "/b"},
		{"/a/%2e%2e%2fb", "/a/..%2Fb"},
		{"/%252e%252e/", NULL},
		{"/%%41", "/%%41"},
		{"/%4%31", "/%4%31"},
		{"/%%32%65", "/%%32e"},
		{"/%%61%61a%61", "/%%61aaa"},
		{"a/../../b", "b"},
		{"..", ""},
		{"./a", "a"},
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct slice in = slice_str(t[i].in), out, again;

		assert_true(path_normalise(in, &arena, &out));
		assert_slice(out, t[i].out ? t[i].out : t[i].in);
		if (!t[i].out)
			assert_ptr_equal(out.p, in.p);
		assert_true(path_normalise(out, &arena, &again));
		assert_same_slice(again, out);
	}
	arena_free(&arena);
}

struct seen {
	char names[256];
	size_t n;
};

/* Refuses names that begin with x; notes all of them. */
static bool no_x(void *arg, const struct query_param *p)
{
	struct seen *s = arg;

	s->n += (size_t)snprintf(s->names + s->n, sizeof s->names - s->n, "%.*s|", SLICE_ARG(p->name));
	return !slice_starts_with(p->name, SLICE("x"));
}

static void removing_parameters(void **state)
{
	static const struct {
		const char *in, *names, *out; /* out NULL: the very same slice */
	} t[] = {
		{"/", "", NULL},
		{"/?", "", NULL},
		{"*", "", NULL},
		{"", "", NULL},
		{"/?a=1&b&&c=", "a|b|c|", NULL},
		{"/?&&", "", NULL},
		{"/x=1", "", NULL},
		{"/?x", "x|", "/"},
		{"/?x=1&x2=2", "x|x2|", "/"},
		{"/?&x&", "x|", "/"},
		{"/p?a=1&x=2&b=3", "a|x|b|", "/p?a=1&b=3"},
		{"/p?x=2&b=%zz&c=a=b?/", "x|b|c|", "/p?b=%zz&c=a=b?/"},
		{"/p?a&&b&x", "a|b|x|", "/p?a&b"},
		{"?x&a", "x|a|", "?a"},
		{"/?%78=1&%58=2", "x|X|", "/?%58=2"},
		{"/?%78%=1&a+b=2&+=3", "%78%|a b| |", NULL},
		{"/?=1&x", "|x|", "/?=1"},
		{"/?a%26x=1&x%3D=2", "a&x|x=|", "/?a%26x=1"},
		{"/?a=x&X=1", "a|X|", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct slice in = slice_str(t[i].in), out;
		struct seen s = {.n = 0};
		struct arena arena;

		arena_init(&arena, 0, ARENA_CAP);
		assert_true(target_remove_params(in, no_x, &s, &arena, &out));
		assert_string_equal(s.names, t[i].names);
		if (t[i].out)
			assert_slice(out, t[i].out);
		else
			assert_same_slice(out, in);
		arena_free(&arena);
	}
}

static void decoding(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: malformed */
	} t[] = {
		{"", ""},	  {"a+b", "a+b"}, {"%41%2f%2B", "A/+"}, {"%E4%c3", "\xE4\xC3"},
		{"%2541", "%41"}, {"%", NULL},	  {"%4", NULL},		{"a%4", NULL},
		{"%g1", NULL},	  {"%1g", NULL},  {"%41%", NULL},
	};
	struct arena arena;
	struct slice out;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		assert_int_equal(percent_decode(slice_str(t[i].in), &arena, &out), t[i].out != NULL);
		if (t[i].out)
			assert_slice(out, t[i].out);
	}
	assert_true(percent_decode(SLICE("a%00b"), &arena, &out));
	assert_int_equal(out.n, 3);
	arena_free(&arena);
}

static void urls(void **state)
{
	static const struct {
		const char *in;
		bool secure;
		const char *host;
		unsigned port;
		bool has_port;
		const char *target;
	} t[] = {
		{"http://a", false, "a", 80, false, "/"},
		{"HTTPS://Www.Example.com/x?y#z", true, "Www.Example.com", 443, false, "/x?y"},
		{"http://a:8080/", false, "a", 8080, true, "/"},
		{"http://a:/b", false, "a", 80, false, "/b"},
		{"http://a:80/b", false, "a", 80, true, "/b"},
		{"https://[2001:DB8::1]:8443", true, "2001:DB8::1", 8443, true, "/"},
		{"http://a#f", false, "a", 80, false, "/"},
		{"http://a?q", false, "a", 80, false, "?q"},
		{"http://a?q#f?", false, "a", 80, false, "?q"},
		{"http://a./", false, "a", 80, false, "/"},
		{"http://a/{x}|y^`[]'", false, "a", 80, false, "/{x}|y^`[]'"},
		{"http://a//b@c:d", false, "a", 80, false, "//b@c:d"},
	};
	static const char *const bad[] = {
		"",
		"a",
		"/a",
		"//a/",
		"ftp://a/",
		"http:a",
		"http:/a",
		"http://",
		"http:///a",
		"http://:80/",
		"http://a@b/",
		"http://u:p@b/",
		"http://a b/",
		"http://a/ b",
		"http://a/\t",
		"http://a\\b",
		"http://a/\"",
		"http://a/<",
		"http://a/>",
		"http://a:b/",
		"http://a:65536/",
		"http://a:0/",
		"http://a%41",
		"http://[a]/",
		"http://[::1",
		"http://\xC3\xA4/",
		"http://a/\xC3\xA4",
		"http://a..b/",
		"http://a:1:2/",
		"http://[::1]x/",
		" http://a/",
		"javascript:http://a",
		"http://a/\x7F",
	};
	struct arena arena;
	struct slice target;
	struct url u;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		assert_true(url_parse(slice_str(t[i].in), &u));
		assert_int_equal(u.secure, t[i].secure);
		assert_slice(u.host, t[i].host);
		assert_int_equal(u.port, t[i].port);
		assert_int_equal(u.has_port, t[i].has_port);
		assert_slice(u.target, t[i].target);
		target = url_target(&u, &arena);
		assert_slice(slice_from(target, t[i].target[0] == '?'), t[i].target);
		assert_int_equal(target.p[0], '/');
	}
	arena_free(&arena);
	assert_true(url_parse(SLICE("https://A.b:99/c"), &u));
	assert_slice(u.authority, "A.b:99");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (url_parse(slice_str(bad[i]), &u))
			fail_msg("\"%s\" was accepted", bad[i]);
	assert_false(url_parse(SLICE("http://a/\0"), &u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splitting), cmocka_unit_test(normalising), cmocka_unit_test(removing_parameters),
		cmocka_unit_test(decoding),  cmocka_unit_test(urls),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
