/* URLs of elements as browsers read them. Expected texts by the WHATWG URL Standard; see web_url.h for what differs. */
#include "tests/support/slice_assert.h"

#include "rules/http/idna.h"
#include "rules/http/web_url.h"

#define ARENA_CAP (1 << 20)

static struct arena arena;

struct row {
	const char *in;
	const char *out; /* NULL: invalid; "scheme:" alone: another scheme */
};

static void check_row(const struct row *row, const struct web_url *base)
{
	struct web_url u;

	assert_true(web_url_parse(slice_str(row->in), base, &arena, &u));
	if (!row->out) {
		if (u.kind != WEB_URL_INVALID)
			fail_msg("\"%s\" gives \"%.*s\"", row->in, SLICE_ARG(u.text));
	} else if (strchr(row->out, '/')) {
		if (u.kind != WEB_URL_NETWORK || !slice_eq(u.text, slice_str(row->out)))
			fail_msg("\"%s\" gives \"%.*s\", not \"%s\"", row->in, SLICE_ARG(u.text), row->out);
	} else {
		assert_int_equal(u.kind, WEB_URL_OTHER);
		assert_slice(u.scheme, row->out);
	}
}

static void check_rows(const struct row *rows, size_t n, const char *base_text)
{
	struct web_url base;

	arena_init(&arena, 0, ARENA_CAP);
	assert_true(web_url_parse(slice_str(base_text), NULL, &arena, &base));
	for (size_t i = 0; i < n; i++)
		check_row(&rows[i], base_text ? &base : NULL);
	arena_free(&arena);
}

static void hosts(void **state)
{
	static const struct row t[] = {
		{"https://www.google-analytics.com/analytics.js", "https://www.google-analytics.com/analytics.js"},
		{"HTTPS://www.GOOGLE-Analytics.com/A.js", "https://www.google-analytics.com/A.js"},
		{"https://www.goo\tgle-\nanaly\rtics.com/", "https://www.google-analytics.com/"},
		{" \x01\x1f https://a.b/ \t\x0b", "https://a.b/"},
		{"ht\ntp\t:\r//a.b", "http://a.b/"},
		{"https://www.google-analytics.com./x", "https://www.google-analytics.com/x"},
		{"https://a.b.:443/x", "https://a.b/x"},
		{"https://a..b/", "https://a..b/"},
		{"https://./", "https://./"},
		{"https://a.b../", "https://a.b./"},
		{"https://user:pass@tracker.example/", "https://tracker.example/"},
		{"https://good.example@tracker.example/", "https://tracker.example/"},
		{"https://a@b@c.d/", "https://c.d/"},
		{"https://a:b@c:d@e.f:81/", "https://e.f:81/"},
		{"https://@a.b/", "https://a.b/"},
		{"http://user@/x", NULL},
		{"http://a\\@b.c/", "http://a/@b.c/"},
		{"https:\\\\tracker.example\\x\\y", "https://tracker.example/x/y"},
		{"https:/\\/\\tracker.example", "https://tracker.example/"},
		{"https:tracker.example/x", "https://tracker.example/x"},
		{"https:/tracker.example/x", "https://tracker.example/x"},
		{"https:////tracker.example/x", "https://tracker.example/x"},
		{"https://t%72acker.example/", "https://tracker.example/"},
		{"https://t%2572.example/", NULL},
		{"https://tracker%2Eexample/", "https://tracker.example/"},
		{"https://a%2fb/", NULL},
		{"https://a%00b/", NULL},
		{"https://a%zz/", NULL},
		{"https://a b/", NULL},
		{"https://a<b/", NULL},
		{"https://a|b/", NULL},
		{"https://a^b/", NULL},
		{"https://a[b/", NULL},
		{"https://a+b*c!$&'(),;={}~`\".d/", "https://a+b*c!$&'(),;={}~`\".d/"},
		{"https://a_b-.c/", "https://a_b-.c/"},
		{"https://", NULL},
		{"https:///", NULL},
		{"https://?x", NULL},
		{"https://#x", NULL},
		{"https://:80/", NULL},
		{"http://a:80/", "http://a/"},
		{"http://a:/", "http://a/"},
		{"http://a:0/", "http://a:0/"},
		{"http://a:00000000000000000000443/", "http://a:443/"},
		{"https://a:443/", "https://a/"},
		{"https://a:8443", "https://a:8443/"},
		{"http://a:65535/", "http://a:65535/"},
		{"http://a:65536/", NULL},
		{"http://a:8x/", NULL},
		{"http://a:-1/", NULL},
		{"http://a:80:80/", NULL},
		{"ws://a:80/x", "ws://a/x"},
		{"WSS://A:443/x", "wss://a/x"},
		{"ftp://A:21/x", "ftp://a/x"},
	};

	(void)state;
	check_rows(t, CG_COUNT(t), NULL);
}

static void international_hosts(void **state)
{
	static const struct row t[] = {
		{"https://b\xC3\xBC"
		 "cher.example/",
		 "https://xn--bcher-kva.example/"},
		{"https://B\xC3\x9C"
		 "CHER.example/",
		 "https://xn--bcher-kva.example/"},
		{"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"},
		{"https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example/"},
		{"https://b%C3%BCcher.example/", "https://xn--bcher-kva.example/"},
		{"https://fa\xC3\x9F.de/", "https://xn--fa-hia.de/"},
		/* full-width letters, ideographic full stop, soft hyphen: nothing but "tracker.example" */
		{"https://\xEF\xBD\x94racker.example/", "https://tracker.example/"},
		{"https://tracker\xE3\x80\x82"
		 "example/",
		 "https://tracker.example/"},
		{"https://tracker\xEF\xBC\x8E"
		 "example/",
		 "https://tracker.example/"},
		{"https://track\xC2\xAD"
		 "er.example/",
		 "https://tracker.example/"},
		{"https://tra\xE2\x84\xAA"
		 "er.example/",
		 "https://traker.example/"}, /* KELVIN SIGN */
		{"https://a\xEF\xBC\x8F"
		 "b/",
		 NULL}, /* full-width solidus */
		{"https://a\xEF\xBC\x85"
		 "41/",
		 NULL}, /* full-width percent */
		{"https://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.1/", "https://127.0.0.1/"},
		/* libidn2 refuses these, browsers do not */
		{"https://\xF0\x9F\x92\xA9.la/", "https://xn--ls8h.la/"},
		{"https://\xE2\x98\x83.net/", "https://xn--n3h.net/"},
		{"https://a--\xC3\xBC-.tracker.example/", "https://xn--a----2ra.tracker.example/"},
		{"https://\xE2\x98\x83.\xEF\xBD\x94racker\xE3\x80\x82"
		 "example/",
		 "https://xn--n3h.tracker.example/"},
		/* not UTF-8 */
		{"https://a\xFF.b/", NULL},
		{"https://a%FF.b/", NULL},
		{"https://\xC3\xBC%00.b/", NULL},
	};

	(void)state;
	check_rows(t, CG_COUNT(t), NULL);
}

/* Expected texts by Python's punycode codec, through names that libidn2 refuses for a hyphen at the start. */
static void punycode(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{"-\xC3\xBC", "xn----eha"},
		{"-\xE2\x98\x83\xF0\x9F\x92\xA9", "xn----1xp4258q"},
		{"-A\xC3\xBC\xC3\xBC\xC3\xBC\xE2\x98\x83", "xn---a-ykaaa8897c"},
	};
	struct slice out;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	for (size_t i = 0; i < CG_COUNT(t); i++) {
		assert_true(idna_to_ascii(slice_str(t[i].in), &arena, &out));
		assert_slice(out, t[i].out);
	}
	arena_free(&arena);
}

static void long_hosts(void **state)
{
	static char text[2100];

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	for (size_t n = 2047; n <= 2049; n++) {
		struct slice out;

		memset(text, '-', sizeof text);
		memcpy(text, "\xC3\xBC", 2);
		assert_true(idna_to_ascii(slice_of(text, n), &arena, &out));
		assert_int_equal(out.n > 0, n <= 2048);
	}
	arena_free(&arena);
}

static void ipv4(void **state)
{
	static const struct row t[] = {
		{"http://127.0.0.1/", "http://127.0.0.1/"},
		{"http://127.0.0.1./", "http://127.0.0.1/"},
		{"http://127.1/", "http://127.0.0.1/"},
		{"http://127.0.1/", "http://127.0.0.1/"},
		{"http://2130706433/", "http://127.0.0.1/"},
		{"http://0x7f000001/", "http://127.0.0.1/"},
		{"http://0X7F.1/", "http://127.0.0.1/"},
		{"http://0177.0.0.01/", "http://127.0.0.1/"},
		{"http://0x/", "http://0.0.0.0/"},
		{"http://0/", "http://0.0.0.0/"},
		{"http://00.0x0.0.0/", "http://0.0.0.0/"},
		{"http://4294967295/", "http://255.255.255.255/"},
		{"http://4294967296/", NULL},
		{"http://99999999999999999999999999/", NULL},
		{"http://256.1/", NULL},
		{"http://1.256.1/", NULL},
		{"http://1.16777215/", "http://1.255.255.255/"},
		{"http://1.16777216/", NULL},
		{"http://1.2.65535/", "http://1.2.255.255/"},
		{"http://1.2.65536/", NULL},
		{"http://1.2.3.256/", NULL},
		{"http://1.2.3.4.5/", NULL},
		{"http://1.2..4/", NULL},
		{"http://.4/", NULL},
		{"http://08/", NULL},
		{"http://a.09/", NULL},
		{"http://a.0x1/", NULL},
		{"http://a.0xg/", "http://a.0xg/"},
		{"http://1.2.3.4a/", "http://1.2.3.4a/"},
		{"http://%31%32%37.1/", "http://127.0.0.1/"},
	};

	(void)state;
	check_rows(t, CG_COUNT(t), NULL);
}

static void ipv6(void **state)
{
	static const struct row t[] = {
		{"http://[::1]/", "http://[::1]/"},
		{"http://[::1]:81/", "http://[::1]:81/"},
		{"http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"},
		{"http://[0000:000:00:0::1]/", "http://[::1]/"},
		{"http://[::]/", "http://[::]/"},
		{"http://[1::]/", "http://[1::]/"},
		{"http://[1:0:0:2:0:0:0:3]/", "http://[1:0:0:2::3]/"},
		{"http://[1:0:0:2:0:0:3:4]/", "http://[1::2:0:0:3:4]/"},
		{"http://[1:0:2:3:4:5:6:7]/", "http://[1:0:2:3:4:5:6:7]/"},
		{"http://[1:2:3:4:5:6:7::]/", "http://[1:2:3:4:5:6:7:0]/"},
		{"http://[ABCD::EF]/", "http://[abcd::ef]/"},
		{"http://[::127.0.0.1]/", "http://[::7f00:1]/"},
		{"http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/"},
		{"http://[1:2:3:4:5:6:1.2.3.4]/", "http://[1:2:3:4:5:6:102:304]/"},
		{"http://[1:2:3:4:5:6:7:1.2.3.4]/", NULL},
		{"http://[::1.2.3]/", NULL},
		{"http://[::1.2.3.4.5]/", NULL},
		{"http://[::1.2.3.04]/", NULL},
		{"http://[::1.2.3.256]/", NULL},
		{"http://[::.1.2.3]/", NULL},
		{"http://[]/", NULL},
		{"http://[:]/", NULL},
		{"http://[:::]/", NULL},
		{"http://[1:2:3:4:5:6:7]/", NULL},
		{"http://[1:2:3:4:5:6:7:8:9]/", NULL},
		{"http://[1:2:3:4:5:6:7::8]/", NULL},
		{"http://[1::2::3]/", NULL},
		{"http://[1:2:3:4:5:6:7:]/", NULL},
		{"http://[::12345]/", NULL},
		{"http://[::1%25eth0]/", NULL},
		{"http://[::g]/", NULL},
		{"http://[::1/", NULL},
		{"http://[::1]a/", NULL},
		{"http://[", NULL},
		{"http://]/", NULL},
	};

	(void)state;
	check_rows(t, CG_COUNT(t), NULL);
}

static void paths(void **state)
{
	static const struct row t[] = {
		{"http://a", "http://a/"},
		{"http://a?", "http://a/?"},
		{"http://a?x#y", "http://a/?x"},
		{"http://a#y", "http://a/"},
		{"http://a/#y\n", "http://a/"},
		{"http://a/b/../c", "http://a/c"},
		{"http://a/b/./c", "http://a/b/c"},
		{"http://a/../../c", "http://a/c"},
		{"http://a/b/..", "http://a/"},
		{"http://a/b/.", "http://a/b/"},
		{"http://a/.", "http://a/"},
		{"http://a/..", "http://a/"},
		{"http://a/b/%2e%2E/c", "http://a/c"},
		{"http://a/b/.%2e/c/%2e", "http://a/c/"},
		{"http://a/b/.../c", "http://a/b/.../c"},
		{"http://a/b/..c", "http://a/b/..c"},
		{"http://a//b///", "http://a//b///"},
		{"http://a//b//..", "http://a//b/"},
		{"http://a/b\\c\\..\\d", "http://a/b/d"},
		{"http://a/b?c\\d/../e", "http://a/b?c\\d/../e"},
		{"http://a/%41%2f%zz%", "http://a/%41%2f%zz%"},
		{"http://a/ \"<>`{}^|[]'", "http://a/%20%22%3C%3E%60%7B%7D%5E|[]'"},
		{"http://a/? \"<>`{}^|[]'", "http://a/?%20%22%3C%3E`{}^|[]%27"},
		{"http://a/\x7f\x01", "http://a/%7F"},
		{"http://a/\x01z", "http://a/%01z"},
		{"http://a/\xC3\xBC?\xC3\xBC#\xC3\xBC", "http://a/%C3%BC?%C3%BC"},
		{"http://a/\xFFz", "http://a/%EF%BF%BDz"},
		{"http://a/\xE2\x98z", "http://a/%EF%BF%BDz"},
		{"http://a/\xF0\x9F\x92", "http://a/%EF%BF%BD"},
		{"http://a/\xC0\x80", "http://a/%EF%BF%BD%EF%BF%BD"},
		{"http://a/\xED\xA0\x80", "http://a/%EF%BF%BD%EF%BF%BD%EF%BF%BD"},
		{"http://a/b\t\nc?d\re", "http://a/bc?de"},
		{"http://a/.\t./b", "http://a/b"},
	};

	(void)state;
	check_rows(t, CG_COUNT(t), NULL);
}

static void relative(void **state)
{
	static const struct row t[] = {
		{"", "https://a.b:81/c/d?e"},
		{"#x", "https://a.b:81/c/d?e"},
		{"?", "https://a.b:81/c/d?"},
		{"?x", "https://a.b:81/c/d?x"},
		{"x", "https://a.b:81/c/x"},
		{"x/y?z", "https://a.b:81/c/x/y?z"},
		{".", "https://a.b:81/c/"},
		{"..", "https://a.b:81/"},
		{"../..", "https://a.b:81/"},
		{"../x", "https://a.b:81/x"},
		{"/", "https://a.b:81/"},
		{"/x", "https://a.b:81/x"},
		{"\\x", "https://a.b:81/x"},
		{"//x", "https://x/"},
		{"//cdn.example/a/b?c#d", "https://cdn.example/a/b?c"},
		{"//cdn.example/a/../b", "https://cdn.example/b"},
		{"//CDN.example/", "https://cdn.example/"},
		{"//1.2/", "https://1.0.0.2/"},
		{"\\\\x", "https://x/"},
		{"/\\x/y", "https://x/y"},
		{"\t/\n/\rx", "https://x/"},
		{"///x", "https://x/"},
		{"/\t/x:82", "https://x:82/"},
		{"//", NULL},
		{"https:x", "https://a.b:81/c/x"},
		{"https:/x", "https://a.b:81/x"},
		{"https:", "https://a.b:81/c/d?e"},
		{"https:?x", "https://a.b:81/c/d?x"},
		{"https:#x", "https://a.b:81/c/d?e"},
		{"https://x", "https://x/"},
		{"HTTPS:\\\\x", "https://x/"},
		{"http:x", "http://x/"},
		{"http:/x/y", "http://x/y"},
		{"http:", NULL},
		{"1http:x", "https://a.b:81/c/1http:x"},
		{"x y:z", "https://a.b:81/c/x%20y:z"},
		{"./x:y", "https://a.b:81/c/x:y"},
		{":x", "https://a.b:81/c/:x"},
		{"data:text/html,x", "data"},
		{" JAVA\tSCRIPT:alert(1)", "javascript"},
		{"blob:https://a/x", "blob"},
		{"about:blank", "about"},
		{"file:///x", "file"},
		{"x+y.z-1:", "x+y.z-1"},
		{"httpsx://a/", "httpsx"},
	};

	(void)state;
	check_rows(t, CG_COUNT(t), "https://a.b:81/c/d?e");
}

static void without_base(void **state)
{
	static const struct row t[] = {
		{"", NULL}, {"x", NULL}, {"/x", NULL}, {"//x", NULL}, {"?x", NULL}, {"#x", NULL}, {"data:,", "data"},
	};

	(void)state;
	check_rows(t, CG_COUNT(t), NULL);
	check_rows(t, CG_COUNT(t), "data:text/html,x");
	check_rows(t, CG_COUNT(t), "http://a:99999/");
}

static void parts(void **state)
{
	struct web_url u;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	assert_true(web_url_parse(SLICE("http://[::1]:81/a?b"), NULL, &arena, &u));
	assert_slice(u.scheme, "http");
	assert_slice(u.host, "::1");
	assert_int_equal(u.port, 81);
	assert_slice(u.origin, "http://[::1]:81");
	assert_slice(u.path, "/a");
	assert_slice(u.query, "b");
	assert_true(u.has_query);
	assert_true(web_url_parse(SLICE("wss://u@X.y?"), NULL, &arena, &u));
	assert_slice(u.scheme, "wss");
	assert_slice(u.host, "x.y");
	assert_int_equal(u.port, 443);
	assert_slice(u.path, "/");
	assert_slice(u.query, "");
	assert_true(u.has_query);
	assert_true(web_url_parse(SLICE("http://a:0/"), NULL, &arena, &u));
	assert_int_equal(u.port, 0);
	assert_false(u.has_query);
	arena_free(&arena);
}

/* Octets of the host beyond ASCII mean something only to who knows the encoding. */
static void beyond_ascii(void **state)
{
	static const struct {
		const char *in;
		bool beyond;
	} t[] = {
		{"https://b\xC3\xBC.example/", true}, {"https://b\xFC.example/", true},	 {"//\xFC@ok.example/", true},
		{"https://b%C3%BC.example/", false},  {"//ok.example/\xFC?\xFC", false}, {"/\xFC", false},
	};
	struct web_url base, u;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	assert_true(web_url_parse(SLICE("https://www.example.com/"), NULL, &arena, &base));
	for (size_t i = 0; i < CG_COUNT(t); i++) {
		assert_true(web_url_parse(slice_str(t[i].in), &base, &arena, &u));
		assert_int_equal(u.beyond_ascii, t[i].beyond);
	}
	assert_true(web_url_parse(SLICE("https://b\xC3\xBC.example/"), NULL, &arena, &base));
	for (size_t i = 0; i < 3; i++) {
		static const char *const relative[] = {"a", "/a", "https:a"};

		assert_true(web_url_parse(slice_str(relative[i]), &base, &arena, &u));
		assert_true(u.beyond_ascii);
	}
	assert_true(web_url_parse(SLICE("//ok.example/"), &base, &arena, &u));
	assert_false(u.beyond_ascii);
	arena_free(&arena);
}

/* What is normal already is not copied. */
static void unchanged(void **state)
{
	static const char *const t[] = {
		"https://www.google-analytics.com/analytics.js",
		"http://a/?b=c&d=%20/..",
		"https://a_b.c-d/e.f/g..h",
	};
	struct web_url u;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	for (size_t i = 0; i < CG_COUNT(t); i++) {
		struct slice in = slice_str(t[i]);

		assert_true(web_url_parse(in, NULL, &arena, &u));
		assert_same_slice(u.text, in);
	}
	assert_true(web_url_parse(SLICE("https://a.b/c?d#e f"), NULL, &arena, &u));
	assert_slice(u.text, "https://a.b/c?d");
	arena_free(&arena);
}

/* A URL beyond the arena is refused, not cut; a data: URL of any size costs nothing. */
static void limits(void **state)
{
	static char text[20000] = "https://a/";
	struct web_url u;

	(void)state;
	memset(text + 10, ' ', sizeof text - 11);
	text[sizeof text - 1] = 'x';
	arena_init(&arena, 0, 30000);
	assert_false(web_url_parse(slice_of(text, sizeof text), NULL, &arena, &u));
	assert_int_equal(u.kind, WEB_URL_INVALID);
	arena_free(&arena);
	memcpy(text, "data:\n\n\n\n\n", 10);
	arena_init(&arena, 0, 100);
	assert_true(web_url_parse(slice_of(text, sizeof text), NULL, &arena, &u));
	assert_int_equal(u.kind, WEB_URL_OTHER);
	assert_int_equal(arena.used, 0);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts),	cmocka_unit_test(international_hosts),
		cmocka_unit_test(punycode),	cmocka_unit_test(long_hosts),
		cmocka_unit_test(ipv4),		cmocka_unit_test(ipv6),
		cmocka_unit_test(paths),	cmocka_unit_test(relative),
		cmocka_unit_test(without_base), cmocka_unit_test(parts),
		cmocka_unit_test(beyond_ascii), cmocka_unit_test(unchanged),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("web_url", tests, NULL, NULL);
}
