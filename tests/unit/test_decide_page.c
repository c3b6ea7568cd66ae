/* What is to be done with a body, and what the fields say of a page that differs by consent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/decide/internal.h"
#include "tests/support/decide_fixture.h"

#define PURPOSES "purpose analytics\npurpose advertising\n"
#define BEACON	 PURPOSES "beacon ||t.example^ is analytics\n"

static void play(struct fixture *f, const char *granted, const char *request, unsigned status, const char *response)
{
	fixture_request(f, "/a/../b?x=1", request);
	fixture_grant(f, granted);
	fixture_decide_request(f);
	fixture_response(f, status, response);
	fixture_decide_response(f);
}

/* -- work ---------------------------------------------------------------------------------------------------------- */

static const char html[] = "Content-Type: text/html\n";

static const struct {
	const char *granted;
	const char *request;
	unsigned status;
	const char *response;
	enum page_work work;
} works[] = {
	{"", "", 200, html, PAGE_REWRITE},
	{"advertising", "", 200, html, PAGE_REWRITE},
	{"analytics", "", 200, html, PAGE_PASS},
	{"", "", 200, "Content-Type:  TEXT/HTML ; charset=utf-8\n", PAGE_REWRITE},
	{"", "", 200, "Content-Type: application/xhtml+xml\n", PAGE_REWRITE},
	{"", "", 200, "Content-Type: text/htmlx\n", PAGE_PASS},
	{"", "", 200, "Content-Type: text/html utf-8\n", PAGE_REWRITE},
	{"", "", 200, "Content-Type: text/html(x)\n", PAGE_REWRITE},
	{"", "", 200, "Content-Type: application/json\n", PAGE_PASS},
	{"", "", 200, "Content-Type: image/png, text/html\n", PAGE_REWRITE},
	{"", "", 200, "Content-Type: text/plain\nContent-Type: text/html\n", PAGE_REWRITE},
	/* Browsers look at the body. */
	{"", "", 200, "", PAGE_REWRITE},
	{"", "", 200, "Content-Type: html\n", PAGE_REWRITE},
	{"", "", 200, "Content-Type: */*\n", PAGE_REWRITE},
	{"", "", 200, "X-Content-Type-Options: NoSniff\n", PAGE_PASS},
	{"", "", 200, "X-Content-Type-Options: sniff\n", PAGE_REWRITE},
	{"", "", 404, html, PAGE_REWRITE},
	{"", "", 500, html, PAGE_REWRITE},
	{"", "", 302, html, PAGE_REWRITE},
	{"", "", 302, "Content-Type: text/html\nLocation: /\n", PAGE_PASS},
	{"", "", 302, "Content-Type: text/html\nLocation:\n", PAGE_REWRITE},
	{"", "", 201, "Content-Type: text/html\nLocation: /\n", PAGE_REWRITE},
	{"", "", 204, html, PAGE_PASS},
	{"", "", 304, html, PAGE_PASS},
	{"", "", 101, html, PAGE_PASS},
	/* Parts. */
	{"", "", 206, "Content-Type: text/html\nContent-Range: bytes 0-1/9\n", PAGE_WHOLE},
	{"", "", 206, html, PAGE_WHOLE},
	{"", "", 200, "Content-Type: text/html\nContent-Range: bytes 0-1/9\n", PAGE_WHOLE},
	{"", "", 206, "Content-Type: multipart/byteranges; boundary=x\n", PAGE_WHOLE},
	{"analytics", "", 206, html, PAGE_PASS},
	{"", "", 206, "Content-Type: video/mp4\n", PAGE_PASS},
	/* Encodings of characters. */
	{"", "", 200, "Content-Type: text/html; charset=UTF-16LE\n", PAGE_WITHHOLD},
	{"", "", 200, "Content-Type: text/html;charset=\" utf-16 \"\n", PAGE_WITHHOLD},
	{"", "", 200, "Content-Type: text/html; x=y; Charset=ISO-2022-JP\n", PAGE_WITHHOLD},
	{"", "", 200, "Content-Type: text/html; charset=csISO2022JP\n", PAGE_WITHHOLD},
	{"", "", 200, "Content-Type: text/html; charset=utf-8; charset=utf-7\n", PAGE_WITHHOLD},
	{"", "", 200, "Content-Type: text/html; charset=hz-gb-2312\n", PAGE_WITHHOLD},
	{"", "", 200, "Content-Type: text/html; charset=Shift_JIS\n", PAGE_REWRITE},
	{"", "", 200, "Content-Type: text/html; charset=windows-1251\n", PAGE_REWRITE},
	{"", "", 200, "Content-Type: text/html; charset=gb18030\n", PAGE_REWRITE},
	{"analytics", "", 200, "Content-Type: text/html; charset=utf-16\n", PAGE_PASS},
	/* A fragment has beacons like any document. */
	{"", "Sec-Fetch-Dest: empty\n", 200, html, PAGE_REWRITE},
};

static void test_work(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, BEACON);
	for (size_t i = 0; i < CG_COUNT(works); i++) {
		play(&f, works[i].granted, works[i].request, works[i].status, works[i].response);
		if (f.decision.page.work != works[i].work)
			fail_msg("case %zu: %d", i, (int)f.decision.page.work);
		assert_true((works[i].work == PAGE_WITHHOLD || works[i].work == PAGE_WHOLE) ==
			    (f.decision.page.why != NULL));
	}
	fixture_close(&f);
}

static void test_encoding(void **state)
{
	static const struct {
		const char *response;
		enum page_encoding encoding;
	} rows[] = {
		{html, PAGE_ENCODING_UNKNOWN},
		{"", PAGE_ENCODING_UNKNOWN},
		{"Content-Type: text/html; charset=utf-8\n", PAGE_UTF8},
		{"Content-Type: text/html;Charset=\" UTF8 \"; x=y\n", PAGE_UTF8},
		{"Content-Type: text/html; charset=iso-8859-1\n", PAGE_NOT_UTF8},
		{"Content-Type: text/html; charset=\n", PAGE_NOT_UTF8},
		{"Content-Type: text/html; charset=utf-8; charset=gbk\n", PAGE_NOT_UTF8},
		{"Content-Type: text/html; charset=gbk\nContent-Type: text/html; charset=utf-8\n", PAGE_NOT_UTF8},
		{"Content-Type: text/html; charset=utf-8\nContent-Type: text/html; charset=utf-8\n", PAGE_UTF8},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f, BEACON);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		play(&f, "", "", 200, rows[i].response);
		if (f.decision.page.encoding != rows[i].encoding)
			fail_msg("%s is %d", rows[i].response, (int)f.decision.page.encoding);
	}
	fixture_close(&f);
}

static void test_facts(void **state)
{
	struct fixture f;
	const struct page *p;

	(void)state;
	fixture_open(&f, BEACON);
	p = &f.decision.page;
	play(&f, "", "", 404, "Content-Type: application/xhtml+xml\n");
	assert_string_equal(arena_cstr(&f.arena, p->url), "https://www.example.com/a/../b?x=1");
	assert_string_equal(arena_cstr(&f.arena, p->path), "/b");
	assert_true(p->xml && p->document && !p->unlabelled && !p->guard && p->by_consent);
	assert_int_equal(p->status, 404);
	play(&f, "", "Sec-Fetch-Dest: empty\n", 200, "");
	assert_true(!p->xml && !p->document && p->unlabelled);
	play(&f, "", "Sec-Fetch-Dest: object\n", 200, html);
	assert_true(p->document && !p->unlabelled && !f.decision.document);
	fixture_close(&f);
}

/* What rules need of a page, and what not. */
static const struct {
	const char *rules;
	const char *granted;
	bool by_consent;
	enum page_work work;
} needs[] = {
	{PURPOSES "cookie a is analytics\n", "", false, PAGE_PASS},
	{PURPOSES "beacon ||t.example^ is necessary\n", "", false, PAGE_PASS},
	{PURPOSES "param gclid is advertising\n", "", true, PAGE_REWRITE},
	{PURPOSES "param gclid is advertising\n", "analytics advertising", true, PAGE_PASS},
	{PURPOSES "inject html at head-end is analytics <<X\n<p>\nX\n", "", true, PAGE_PASS},
	{PURPOSES "inject html at head-end is analytics <<X\n<p>\nX\n", "analytics", true, PAGE_REWRITE},
	{PURPOSES "inject html at head-end path /c is analytics <<X\n<p>\nX\n", "analytics", false, PAGE_PASS},
	{PURPOSES "inject html at head-end path /b is analytics <<X\n<p>\nX\n", "analytics", true, PAGE_REWRITE},
	{PURPOSES "inject html at head-end status 404 is analytics <<X\n<p>\nX\n", "analytics", false, PAGE_PASS},
};

static void test_needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(needs); i++) {
		struct fixture f;

		fixture_open(&f, needs[i].rules);
		play(&f, needs[i].granted, "", 200, html);
		if (f.decision.page.work != needs[i].work || f.decision.page.by_consent != needs[i].by_consent)
			fail_msg("case %zu: %d %d", i, (int)f.decision.page.work, f.decision.page.by_consent);
		fixture_close(&f);
	}
}

static void test_unreadable_passes(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, BEACON "pages {\nunreadable passed\n}\n");
	play(&f, "", "", 200, "Content-Type: text/html; charset=utf-16\n");
	assert_int_equal(f.decision.page.work, PAGE_PASS);
	assert_string_equal(fixture_log(&f), "keep page https://www.example.com/a/../b?x=1 4\n");
	fixture_close(&f);
	fixture_open(&f, BEACON);
	play(&f, "", "", 200, "Content-Type: text/html; charset=utf-16\n");
	assert_string_equal(fixture_log(&f), "drop page https://www.example.com/a/../b?x=1 0\n");
	fixture_close(&f);
}

static void test_head(void **state)
{
	struct fixture f;
	const char *of_get;

	(void)state;
	fixture_open(&f, BEACON);
	play(&f, "", "", 200, "Content-Type: text/html\nETag: \"a\"\nDigest: x\n");
	of_get = fixture_text(&f, &f.response.fields);
	assert_false(f.decision.page.bodiless);
	fixture_request(&f, "/", "");
	f.request.method = SLICE("HEAD");
	fixture_grant(&f, "");
	fixture_decide_request(&f);
	fixture_response(&f, 200, "Content-Type: text/html\nETag: \"a\"\nDigest: x\n");
	fixture_decide_response(&f);
	assert_int_equal(f.decision.page.work, PAGE_PASS);
	assert_true(f.decision.page.bodiless);
	assert_string_equal(fixture_text(&f, &f.response.fields), of_get);
	fixture_close(&f);
}

static void test_observe(void **state)
{
	static const char fields[] = "Content-Type: text/html\nETag: \"a\"\nCache-Control: public\n"
				     "Link: <https://t.example/x>; rel=preload\n"
				     "Content-Security-Policy: default-src 'self'\n";
	struct fixture f;

	(void)state;
	fixture_open(&f, BEACON "mode observe\ninject html at head-end is necessary <<X\n<script>1</script>\nX\n");
	play(&f, "", "If-None-Match: \"a;cg-s0123456789\"\nIf-Modified-Since: x\n", 200, fields);
	assert_int_equal(f.decision.page.work, PAGE_REWRITE);
	assert_string_equal(fixture_text(&f, &f.response.fields), fields);
	assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_IF_NONE_MATCH), "\"a;cg-s0123456789\"\n");
	assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_IF_MODIFIED_SINCE), "x\n");
	assert_string_equal(fixture_log(&f), "drop beacon in a header field https://t.example/x 3\n");
	play(&f, "", "", 206, html);
	assert_int_equal(f.decision.page.work, PAGE_PASS);
	fixture_close(&f);
}

/* -- what goes in -------------------------------------------------------------------------------------------------- */

static void fake_sha256(struct slice data, unsigned char out[32])
{
	memset(out, 0, 32);
	memcpy(out, data.p, data.n < 32 ? data.n : 32);
}

#define SNIPPET(text) "inject html at head-end is necessary <<X\n" text "\nX\n"
/* base64 of "1" and of "2", filled up with zeros */
#define HASH_1 "'sha256-MQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='"
#define HASH_2 "'sha256-MgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='"

static const struct {
	const char *rules; /* behind BEACON */
	const char *policy;
	const char *html;   /* all that is injected */
	const char *result; /* NULL: the same */
} injections[] = {
	{SNIPPET("<b>{host} {consent}</b>"), NULL, "<b>www.example.com none</b>", NULL},
	{SNIPPET("a{{host}}b{host}c{{hostd}}e{hosts}f{ host}g{}h}i{{{consent}}}j{{consent}k{"), NULL,
	 "a{host}bwww.example.comc{{hostd}}e{hosts}f{ host}g{}h}i{{consent}}j{nonek{", NULL},
	{SNIPPET("function(){if(a){b()}}{"), NULL, "function(){if(a){b()}}{", NULL},
	{SNIPPET("<script>1</script>"), NULL, "<script>1</script>", NULL},
	{SNIPPET("<script>1</script>"), "default-src 'self'", "<script>1</script>",
	 "default-src 'self'; script-src 'self' " HASH_1},
	{SNIPPET("<SCRIPT async>1</SCRIPT><style>2</style>"), "script-src 'nonce-abc'; style-src 'none'",
	 "<SCRIPT nonce=\"abc\" async>1</SCRIPT><style nonce=\"abc\">2</style>",
	 "script-src 'nonce-abc'; style-src " HASH_2},
	{SNIPPET("<script src=/x.js></script>"), "script-src 'nonce-abc'", "<script nonce=\"abc\" src=/x.js></script>",
	 NULL},
	{SNIPPET("<script src=/x.js></script>"), "script-src 'self'", "<script src=/x.js></script>", NULL},
	{SNIPPET("<script nonce='{nonce}'>1</script>"), "script-src 'nonce-abc'", "<script nonce='abc'>1</script>",
	 NULL},
	{SNIPPET("<script nonce=''>1</script>"), "script-src 'nonce-abc'", "<script nonce=''>1</script>",
	 "script-src 'nonce-abc' " HASH_1},
	{SNIPPET("<script>1</script>"), "script-src 'unsafe-inline'", "<script>1</script>", NULL},
};

static const char *injected_html(struct fixture *f)
{
	struct text out = {.arena = &f->arena};

	for (const struct page_inject *i = f->decision.page.injects; i; i = i->next)
		text_add(&out, i->html);
	return arena_cstr(&f->arena, slice_trim(text_slice(&out)));
}

static const char *trimmed(struct fixture *f, const char *text)
{
	struct slice s = slice_str(text);

	while (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	return arena_cstr(&f->arena, s);
}

static void test_injections(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(injections); i++) {
		const char *policy = injections[i].policy;
		struct fixture f;
		const char *fields, *result = injections[i].result ? injections[i].result : policy;

		fixture_open(&f, "");
		fields = arena_cstr(&f.arena, arena_printf(&f.arena, "%s%s", BEACON, injections[i].rules));
		ruleset_free(f.rules);
		f.env.rules = f.rules = fixture_rules(fields);
		f.env.sha256 = fake_sha256;
		fields = policy ? arena_cstr(&f.arena,
					     arena_printf(&f.arena, "%sContent-Security-Policy: %s\n", html, policy))
				: html;
		play(&f, "", "", 200, fields);
		assert_string_equal(trimmed(&f, injected_html(&f)), injections[i].html);
		if (policy)
			assert_string_equal(trimmed(&f, fixture_values(&f, &f.response.fields, FIELD_CSP)), result);
		fixture_close(&f);
	}
}

/* Without hashes, what a policy forbids stays out, and what may run comes in. */
static void test_without_sha256(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, BEACON SNIPPET("<script>1</script>") SNIPPET("<b>") SNIPPET("<style>2</style>"));
	play(&f, "", "", 200, "Content-Type: text/html\nContent-Security-Policy: script-src 'self'\n");
	assert_string_equal(trimmed(&f, injected_html(&f)), "<b>\n<style>2</style>");
	assert_int_equal(f.decision.page.n_inlines, 1);
	assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_CSP), "script-src 'self'\n");
	fixture_close(&f);
}

static void test_not_into_fragments(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, BEACON SNIPPET("<b>"));
	play(&f, "", "Sec-Fetch-Dest: empty\n", 200, html);
	assert_null(f.decision.page.injects);
	assert_int_equal(f.decision.page.work, PAGE_REWRITE);
	fixture_close(&f);
}

static const struct {
	const char *rules;
	const char *granted;
	const char *request;
	const char *response;
	const char *begins; /* the element; NULL: there is none */
	const char *ends;
} guards[] = {
	{BEACON, "", "", html, "<script data-cg-guard=\"\">", "</script>"},
	{BEACON, "advertising", "", html, "<script data-cg-guard=\"advertising\">", "</script>"},
	{BEACON, "analytics advertising", "", html, NULL, NULL},
	{BEACON, "", "Sec-Fetch-Dest: empty\n", html, NULL, NULL},
	{BEACON, "", "Sec-Fetch-Dest: iframe\n", html, "<script", "</script>"},
	{BEACON, "", "", "Content-Type: text/html\nContent-Security-Policy: script-src 'nonce-abc'\n",
	 "<script nonce=\"abc\" data-cg-guard=\"\">", "</script>"},
	{BEACON, "", "", "Content-Type: application/xhtml+xml\n", "<script data-cg-guard=\"\"><![CDATA[",
	 "]]></script>"},
	{BEACON, "", "", "Content-Type: text/html; charset=utf-16\n", NULL, NULL},
	{BEACON "pages {\nguard off\n}\n", "", "", html, NULL, NULL},
	/* Scripts set cookies, whatever else the rules are about. */
	{PURPOSES, "", "", html, "<script", "</script>"},
	{"cookie a is necessary\n", "", "", html, NULL, NULL},
};

static void test_guard(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(guards); i++) {
		const char *begins = guards[i].begins;
		struct fixture f;
		struct guard *guard;
		struct slice made;

		fixture_open(&f, guards[i].rules);
		f.env.guard = guard = guard_new(f.rules, fake_sha256);
		play(&f, guards[i].granted, guards[i].request, 200, guards[i].response);
		made = f.decision.page.guard_html;
		assert_true((made.n > 0) == (begins != NULL) && f.decision.page.guard == (begins != NULL));
		if (begins) {
			assert_int_equal(f.decision.page.work, PAGE_REWRITE);
			assert_true(slice_starts_with(made, slice_str(begins)));
			assert_true(slice_ends_with(made, slice_str(guards[i].ends)));
			assert_true(slice_find(made, guard_text(guard)) < made.n);
		}
		guard_free(guard);
		fixture_close(&f);
	}
}

/* Its hash is constant; without one it stays out where it could not run. */
static void test_guard_policy(void **state)
{
	static const char fields[] = "Content-Type: text/html\nContent-Security-Policy: default-src 'self'\n";
	char source[CSP_HASH_SOURCE_SIZE];
	struct fixture f;
	struct guard *guard;

	(void)state;
	fixture_open(&f, BEACON);
	f.env.guard = guard = guard_new(f.rules, fake_sha256);
	csp_hash_source(guard_hash(guard), source);
	play(&f, "", "", 200, fields);
	assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_CSP),
			    arena_cstr(&f.arena, arena_printf(&f.arena, "default-src 'self'; script-src 'self' %.*s\n",
							      (int)sizeof source, source)));
	guard_free(guard);
	f.env.guard = guard = guard_new(f.rules, NULL);
	play(&f, "", "", 200, fields);
	assert_false(f.decision.page.guard);
	assert_true(f.decision.page.guard_html.n == 0);
	assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_CSP), "default-src 'self'\n");
	guard_free(guard);
	fixture_close(&f);
}

/* What the rewriter needs for a policy within the page. */
static void test_inlines(void **state)
{
	struct fixture f;
	const struct csp_inline *v;
	struct deciding x;
	size_t n;

	(void)state;
	fixture_open(&f, BEACON SNIPPET("<style>a\r\nb</style><script>1</script><script src=x></script>"));
	f.env.sha256 = fake_sha256;
	f.env.guard = guard_new(f.rules, fake_sha256);
	play(&f, "", "", 200, html);
	x = (struct deciding){.env = &f.env, .d = &f.decision, .arena = &f.arena};
	v = page_inlines(&x, &n);
	assert_int_equal(n, 3);
	assert_ptr_equal(page_inlines(&x, &n), v);
	assert_true(v[0].kind == CSP_SCRIPT && v[0].source.n == CSP_HASH_SOURCE_SIZE);
	assert_true(v[1].kind == CSP_STYLE &&
		    slice_eq(v[1].source, SLICE("'sha256-YQpiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='")));
	assert_true(v[2].kind == CSP_SCRIPT && slice_eq(v[2].source, SLICE(HASH_1)));
	guard_free((struct guard *)(uintptr_t)f.env.guard);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_unreadable_passes),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_observe),
		cmocka_unit_test(test_injections),
		cmocka_unit_test(test_without_sha256),
		cmocka_unit_test(test_not_into_fragments),
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_guard_policy),
		cmocka_unit_test(test_inlines),
	};

	return cmocka_run_group_tests_name("decide_page", tests, NULL, NULL);
}
