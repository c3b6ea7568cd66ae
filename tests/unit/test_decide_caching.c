/* Pages differ by consent: validators, conditional requests, and what caches are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/decide_fixture.h"

#define RULES "purpose analytics\npurpose advertising\nbeacon ||t.example^ is analytics\n"

static const char html[] = "Content-Type: text/html\n", document[] = "Sec-Fetch-Dest: document\n",
		  script[] = "Sec-Fetch-Dest: script\n";

static const char *join(struct fixture *f, const char *a, const char *b)
{
	return arena_cstr(&f->arena, arena_printf(&f->arena, "%s%s", a, b));
}

static void ask(struct fixture *f, const char *granted, const char *fields)
{
	fixture_request(f, "/", fields);
	fixture_grant(f, granted);
	fixture_decide_request(f);
}

static void answer(struct fixture *f, unsigned status, const char *fields)
{
	fixture_response(f, status, fields);
	fixture_decide_response(f);
}

/* The values, without the LF that ends them. */
static const char *value(struct fixture *f, const struct fields *fields, enum field_id id)
{
	struct slice s = slice_str(fixture_values(f, fields, id));

	return arena_cstr(&f->arena, slice_head(s, s.n ? s.n - 1 : 0));
}

/* The tag that a visitor gets for the origin's validators. */
static const char *tag_for(struct fixture *f, const char *granted, const char *request, const char *validators)
{
	ask(f, granted, request);
	answer(f, 200, join(f, html, validators));
	return value(f, &f->response.fields, FIELD_ETAG);
}

/* CLASS stands for ten hex digits. */
static bool matches(const char *text, const char *pattern)
{
	const char *class = strstr(pattern, "CLASS");
	size_t n = class ? (size_t)(class - pattern) : strlen(pattern);

	if (strncmp(text, pattern, n) != 0)
		return false;
	if (!class)
		return text[n] == '\0';
	return strspn(text + n, "0123456789abcdef") == 10 && strcmp(text + n + 10, class + 5) == 0;
}

static const struct {
	const char *validators;
	const char *tag;
} tags[] = {
	{"", ""},
	{"ETag: \"abc\"\n", "W/\"abc;cg-sCLASS\""},
	{"ETag: W/\"a\\b\"\n", "W/\"a\\b;cg-wCLASS\""},
	{"ETag: \"\"\n", "W/\";cg-sCLASS\""},
	{"ETag: abc\n", ""},
	{"ETag: \"a\"b\n", ""},
	{"ETag: \"a b\"\n", ""},
	{"ETag: \"abc\"\nLast-Modified: Thu, 26 Nov 2026 11:10:47 GMT\n", "W/\"abc;cg-sCLASS\""},
	{"Last-Modified: Thu, 26 Nov 2026 11:10:47 GMT\n", "W/\"Thu,_26_Nov_2026_11:10:47_GMT;cg-dCLASS\""},
	{"Last-Modified: a\"b\n", ""},
};

static void test_tags(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES);
	for (size_t i = 0; i < CG_COUNT(tags); i++) {
		const char *tag = tag_for(&f, "", "", tags[i].validators);

		if (!matches(tag, tags[i].tag))
			fail_msg("case %zu: %s", i, tag);
		assert_null(fields_find(&f.response.fields, FIELD_LAST_MODIFIED));
	}
	fixture_close(&f);
}

/* Another consent, other rules, another tag; whether the visitor's page is changed does not matter. */
static void test_classes(void **state)
{
	static const char etag[] = "ETag: \"a\"\n";
	struct fixture f, g;
	const char *none;

	(void)state;
	fixture_open(&f, RULES);
	fixture_open(&g, RULES "# changed\n");
	none = tag_for(&f, "", "", etag);
	assert_string_equal(none, tag_for(&f, "", document, etag));
	assert_string_equal(none, tag_for(&f, "", "Sec-Fetch-Dest: empty\n", etag));
	assert_string_not_equal(none, tag_for(&f, "advertising", "", etag));
	assert_string_not_equal(none, tag_for(&f, "analytics", "", etag));
	assert_string_not_equal(none, tag_for(&g, "", "", etag));
	fixture_close(&g);
	fixture_close(&f);
	/* Something goes into documents alone. */
	fixture_open(&f, RULES "inject html at head-end is necessary <<X\n<b>\nX\n");
	assert_string_not_equal(tag_for(&f, "", document, etag), tag_for(&f, "", "Sec-Fetch-Dest: empty\n", etag));
	fixture_close(&f);
}

/* SAME, DATE and OTHER stand for tags that the visitor has: of the present class for "a" and a date, and of another. */
static const struct {
	const char *dest;
	const char *field;
	const char *in;
	const char *none_match, *modified_since; /* as the origin sees them */
	const char *match, *unmodified_since;
} conditions[] = {
	{document, "If-None-Match", "SAME", "\"a\"", "", "", ""},
	{document, "If-None-Match", "OTHER", "", "", "", ""},
	{document, "If-None-Match", "DATE", "", "Thu, 26 Nov 2026 11:10:47 GMT", "", ""},
	{document, "If-None-Match", "SAME, DATE , OTHER,\"x\"", "\"a\"", "", "", ""},
	{document, "If-None-Match", "*", "*", "", "", ""},
	{document, "If-None-Match", "\"x\"", "", "", "", ""}, /* stored before these rules */
	{document, "If-None-Match", "x", "", "", "", ""},
	{document, "If-Modified-Since", "Thu, 26 Nov 2026 11:10:47 GMT", "", "", "", ""},
	{script, "If-None-Match", "\"x\"", "\"x\"", "", "", ""},
	{script, "If-None-Match", "x", "x", "", "", ""},
	{script, "If-None-Match", "W/\"x\" ,\"y\"", "W/\"x\" ,\"y\"", "", "", ""},
	{script, "If-None-Match", "\"x\",OTHER,  W/\"y\"", "\"x\", W/\"y\"", "", "", ""},
	{script, "If-None-Match", "\"x\",OTHER,y z", "\"x\", y z", "", "", ""},
	{script, "If-Modified-Since", "yesterday", "", "yesterday", "", ""},
	{"", "If-None-Match", "\"x\"", "", "", "", ""}, /* it may be a document */
	{"Accept: */*\n", "If-None-Match", "\"x\"", "\"x\"", "", "", ""},
	{"Accept: text/html,*/*\n", "If-None-Match", "\"x\"", "", "", "", ""},
	{"", "If-Match", "OTHER", "", "", "\"b\"", ""},
	{"", "If-Match", "\"x\", OTHER, SAME", "", "", "\"x\", \"b\", \"a\"", ""},
	{"", "If-Match", "DATE", "", "", "", "Thu, 26 Nov 2026 11:10:47 GMT"},
	{"", "If-Match", "*", "", "", "*", ""},
};

static const char *fill_in(struct fixture *f, const char *in, const char *const tag[3])
{
	static const char *const words[] = {"SAME", "DATE", "OTHER"};
	struct slice text = slice_str(in);

	for (size_t i = 0; i < 3; i++) {
		size_t at = slice_find(text, slice_str(words[i]));
		const struct slice parts[] = {slice_head(text, at), slice_str(tag[i]),
					      slice_from(text, at + strlen(words[i]))};

		if (at < text.n)
			text = arena_concat(&f->arena, parts, 3);
	}
	return arena_cstr(&f->arena, text);
}

static void test_conditions(void **state)
{
	struct fixture f;
	const char *tag[3];

	(void)state;
	fixture_open(&f, RULES);
	tag[0] = tag_for(&f, "", "", "ETag: \"a\"\n");
	tag[1] = tag_for(&f, "", "", "Last-Modified: Thu, 26 Nov 2026 11:10:47 GMT\n");
	tag[2] = tag_for(&f, "analytics", "", "ETag: \"b\"\n");
	for (size_t i = 0; i < CG_COUNT(conditions); i++) {
		const struct fields *sent = &f.request.fields;

		fixture_request(&f, "/", conditions[i].dest);
		assert_true(fields_add(&f.request.fields, slice_str(conditions[i].field),
				       slice_str(fill_in(&f, conditions[i].in, tag))));
		fixture_grant(&f, "");
		fixture_decide_request(&f);
		assert_string_equal(value(&f, sent, FIELD_IF_NONE_MATCH), conditions[i].none_match);
		assert_string_equal(value(&f, sent, FIELD_IF_MODIFIED_SINCE), conditions[i].modified_since);
		assert_string_equal(value(&f, sent, FIELD_IF_MATCH), conditions[i].match);
		assert_string_equal(value(&f, sent, FIELD_IF_UNMODIFIED_SINCE), conditions[i].unmodified_since);
	}
	fixture_close(&f);
}

/* A date beside a tag of ours would be answered by the origin without regard to consent. */
static void test_date_beside_tag(void **state)
{
	struct fixture f;
	const char *other;

	(void)state;
	fixture_open(&f, RULES);
	other = tag_for(&f, "analytics", "", "ETag: \"a\"\n");
	ask(&f, "",
	    arena_cstr(&f.arena, arena_printf(&f.arena, "%sIf-None-Match: %s\nIf-Modified-Since: x\n", script, other)));
	assert_string_equal(value(&f, &f.request.fields, FIELD_IF_MODIFIED_SINCE), "");
	assert_string_equal(value(&f, &f.request.fields, FIELD_IF_NONE_MATCH), "");
	fixture_close(&f);
}

static void test_ranges(void **state)
{
	struct fixture f;
	const char *tag;

	(void)state;
	fixture_open(&f, RULES);
	tag = tag_for(&f, "", "", "ETag: \"a\"\nAccept-Ranges: bytes\n");
	assert_string_equal(value(&f, &f.response.fields, FIELD_ACCEPT_RANGES), "none");
	ask(&f, "", arena_cstr(&f.arena, arena_printf(&f.arena, "If-Range: %s\nRange: bytes=0-1\n", tag)));
	assert_null(fields_find(&f.request.fields, FIELD_IF_RANGE));
	assert_null(fields_find(&f.request.fields, FIELD_RANGE));
	ask(&f, "", "If-Range: \"x\"\nRange: bytes=0-1\n");
	assert_non_null(fields_find(&f.request.fields, FIELD_IF_RANGE));
	assert_non_null(fields_find(&f.request.fields, FIELD_RANGE));
	fixture_close(&f);
}

static const char *with_tag(struct fixture *f, const char *tag)
{
	return arena_cstr(&f->arena, arena_printf(&f->arena, "If-None-Match: %s\n", tag));
}

static void test_not_modified(void **state)
{
	static const char policy[] = "ETag: \"a\"\nCache-Control: public, max-age=9\nSet-Cookie: _ga=1\n"
				     "Content-Security-Policy: script-src 'nonce-new'\n";
	struct fixture f;
	const char *tag, *dated;

	(void)state;
	fixture_open(&f, RULES);
	tag = tag_for(&f, "", "", "ETag: \"a\"\n");
	dated = tag_for(&f, "", "", "Last-Modified: Thu, 26 Nov 2026 11:10:47 GMT\n");
	ask(&f, "", with_tag(&f, tag));
	answer(&f, 304, policy);
	assert_string_equal(fixture_text(&f, &f.response.fields),
			    arena_cstr(&f.arena, arena_printf(&f.arena,
							      "ETag: %s\nCache-Control: private, max-age=9\n"
							      "Vary: Cookie\n",
							      tag)));
	assert_true(f.decision.page.bodiless && f.decision.page.work == PAGE_PASS);
	ask(&f, "", with_tag(&f, dated));
	answer(&f, 304, "Last-Modified: Thu, 26 Nov 2026 11:10:47 GMT\n");
	assert_string_equal(value(&f, &f.response.fields, FIELD_ETAG), dated);
	assert_null(fields_find(&f.response.fields, FIELD_LAST_MODIFIED));
	/* Not of a page of ours. */
	ask(&f, "", join(&f, script, "If-None-Match: \"x\"\n"));
	answer(&f, 304, "ETag: \"x\"\nCache-Control: public\n");
	assert_string_equal(fixture_text(&f, &f.response.fields), "ETag: \"x\"\nCache-Control: public\n");
	ask(&f, "", join(&f, script, with_tag(&f, join(&f, "\"x\", ", tag))));
	answer(&f, 304, "ETag: \"x\"\nCache-Control: public\n");
	assert_string_equal(fixture_text(&f, &f.response.fields), "ETag: \"x\"\nCache-Control: public\n");
	fixture_close(&f);
}

#define GUARDED RULES "signal gpc denies advertising\nsignal dnt denies advertising\n"
#define INJECTS RULES "inject html at head-end is necessary <<X\n<b>\nX\n"

static const struct {
	const char *rules;
	const char *in;
	const char *out;
} varied[] = {
	{RULES, "", "Cookie"},
	{RULES, "Vary: Accept-Encoding\n", "Accept-Encoding, Cookie"},
	{RULES, "Vary: a\nVary: cookie\n", "a\ncookie"},
	{RULES, "Vary: *\n", "*"},
	{RULES, "Vary: \n", "Cookie"},
	{GUARDED, "", "Cookie, Sec-GPC, DNT"},
	{INJECTS, "Vary: sec-fetch-dest\n", "sec-fetch-dest, Cookie"},
	{INJECTS, "", "Cookie, Sec-Fetch-Dest"},
};

static void test_vary(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(varied); i++) {
		struct fixture f;

		fixture_open(&f, varied[i].rules);
		ask(&f, "analytics", "");
		answer(&f, 200, join(&f, html, varied[i].in));
		assert_string_equal(value(&f, &f.response.fields, FIELD_VARY), varied[i].out);
		assert_true(response_varies(&f.response.fields, SLICE("Accept-Encoding")));
		fixture_close(&f);
	}
}

/* A page whose octets stay keeps its digests; but caches may not share it. */
static void test_digests(void **state)
{
	static const char digests[] = "Content-Digest: a\nRepr-Digest: b\nDigest: c\nContent-MD5: d\n";
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES);
	ask(&f, "analytics", "");
	answer(&f, 200, join(&f, html, digests));
	assert_non_null(fields_find(&f.response.fields, FIELD_REPR_DIGEST));
	assert_string_equal(value(&f, &f.response.fields, FIELD_CACHE_CONTROL), "private");
	ask(&f, "", "");
	answer(&f, 200, join(&f, html, digests));
	assert_string_equal(fixture_text(&f, &f.response.fields),
			    join(&f, html, "Vary: Cookie\nCache-Control: private\n"));
	fixture_close(&f);
}

/* What is no page is let alone, and so is a page that no rule is about. */
static void test_untouched(void **state)
{
	static const char image[] = "Content-Type: image/png\nETag: \"a\"\nLast-Modified: x\nCache-Control: public\n",
			  page[] = "Content-Type: text/html\nETag: \"a\"\nLast-Modified: x\nCache-Control: public\n";
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES);
	ask(&f, "", "");
	answer(&f, 200, image);
	assert_string_equal(fixture_text(&f, &f.response.fields), image);
	fixture_close(&f);
	fixture_open(&f, "purpose analytics\ncookie a is analytics\n");
	ask(&f, "", join(&f, document, "If-None-Match: \"a\"\nIf-Modified-Since: x\n"));
	assert_string_equal(value(&f, &f.request.fields, FIELD_IF_NONE_MATCH), "\"a\"");
	answer(&f, 200, page);
	assert_string_equal(fixture_text(&f, &f.response.fields), page);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),	   cmocka_unit_test(test_classes),
		cmocka_unit_test(test_conditions), cmocka_unit_test(test_date_beside_tag),
		cmocka_unit_test(test_ranges),	   cmocka_unit_test(test_not_modified),
		cmocka_unit_test(test_vary),	   cmocka_unit_test(test_digests),
		cmocka_unit_test(test_untouched),
	};

	return cmocka_run_group_tests_name("decide_caching", tests, NULL, NULL);
}
