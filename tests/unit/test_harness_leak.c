/* What passed though it is denied must be seen, wherever it stands in a message; and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/harness/classes.h"
#include "rules/harness/leak.h"
#include "rules/language/loader.h"
#include "tests/support/alloc_fault.h"

static const char rules_text[] = "purpose analytics \"Count visits\"\n"
				 "purpose advertising \"Advertising\"\n"
				 "opt-out cookie optout=1 denies analytics\n"
				 "cookie sid is necessary\n"
				 "cookie _ga is analytics\n"
				 "param gclid is analytics\n"
				 "path /collect is analytics\n"
				 "beacon \"#own\" is necessary\n"
				 "beacon script containing \"own(\" is necessary\n"
				 "beacon ||good.t.example^ is necessary\n"
				 "beacon ||t.example^ is analytics\n"
				 "beacon /stats/pixel is analytics\n"
				 "beacon ||granted.example^ is advertising\n"
				 "beacon b.ok is necessary\n"
				 "beacon \"div > b, #pixel\" is analytics\n"
				 "beacon script containing \"menu(\" is necessary\n"
				 "beacon script containing \"track(\" is analytics\n"
				 "beacon script containing /coun+t\\(/ is analytics\n";

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	*content = slice_str(rules_text);
	return LOAD_OK;
}

struct looked {
	struct arena arena;
	struct test_case test;
	struct prepared x;
	struct outcome o;
	struct failure *failure;
	bool ok;
};

/* An exchange with nothing in it, for a visitor who granted advertising. */
static void begin(struct looked *l, const struct ruleset *rs, struct pattern_scratch *scratch)
{
	*l = (struct looked){0};
	arena_init(&l->arena, 0, 1 << 24);
	l->test.url = SLICE("https://www.example.com/dir/page?x=1");
	l->test.at = (struct position){.file = SLICE("x.test"), .line = 3};
	l->x = (struct prepared){.test = &l->test, .rules = rs, .scratch = scratch, .now = HARNESS_NOW};
	l->x.request.host = SLICE("www.example.com");
	l->o.called = true;
	l->o.origin_saw.target = SLICE("/dir/page?x=1");
	l->o.consent.granted = PURPOSE_NECESSARY | (purposes)1 << ruleset_purpose_find(rs, SLICE("advertising"));
	l->o.visitor_saw.status = 200;
	fields_init(&l->o.origin_saw.fields, &l->arena);
	fields_init(&l->o.visitor_saw.fields, &l->arena);
}

static void look(struct looked *l)
{
	l->ok = leaks_find(&l->x, &l->o, &l->arena, &l->failure);
}

static size_t rows_of(const struct looked *l)
{
	size_t n = 0;

	for (const struct diff_row *r = l->failure ? l->failure->rows : NULL; r; r = r->next)
		n++;
	return n;
}

struct world {
	struct ruleset *rs;
	struct pattern_scratch *scratch;
};

static int with_rules(void **state)
{
	static struct world given;
	static const struct loader loader = {.load = load};
	struct diagnostics d;

	diagnostics_init(&d);
	given.rs = ruleset_load(&loader, SLICE("a.rules"), &d);
	given.scratch = pattern_scratch_new();
	if (!given.rs && d.n)
		print_message("%u: %.*s\n", d.v[0].at.line, SLICE_ARG(d.v[0].message));
	diagnostics_free(&d);
	*state = &given;
	return given.rs && given.scratch ? 0 : -1;
}

static int without_rules(void **state)
{
	struct world *g = *state;

	ruleset_free(g->rs);
	pattern_scratch_free(g->scratch);
	return 0;
}

/* -- messages ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *target, *cookie, *field, *value;
	size_t leaks;
} messages[] = {
	{NULL, NULL, NULL, NULL, 0},
	{NULL, "sid=1; optout=1; __Host-crumb-consent=x", NULL, NULL, 0},
	{NULL, "sid=1; _ga=2", NULL, NULL, 1},
	{NULL, "sid=1; unnamed=2; _ga=3", NULL, NULL, 2},
	{"/?gclid=1", NULL, NULL, NULL, 1},
	{"/?a=1&g%63lid=1&gclid", NULL, NULL, NULL, 2},
	{"/collect/x", NULL, NULL, NULL, 1},
	{"/a/../collect", NULL, NULL, NULL, 1},
	{NULL, NULL, "Set-Cookie", "sid=1", 0},
	{NULL, NULL, "Set-Cookie", "_ga=1; Path=/", 1},
	{NULL, NULL, "Set-Cookie", "=_ga=1", 1},
	{NULL, NULL, "Set-Cookie", "_ga=; Max-Age=0", 0},
	{NULL, NULL, "Set-Cookie", "_ga=7; Max-Age=0", 1},
	{NULL, NULL, "Set-Cookie", "=0; Max-Age=0", 0},
	{NULL, NULL, "Link", "<https://t.example/x.js>; rel=preload; as=script", 1},
	{NULL, NULL, "Link", "</a.css>; rel=stylesheet, <//w.t.example>; rel=preconnect", 1},
	{NULL, NULL, "Link", "<https://t.example/>; rel=canonical", 0},
	{NULL, NULL, "Link", "<https://good.t.example/x.js>; rel=preload", 0},
	{NULL, NULL, "Link", "<https://granted.example/x.js>; rel=preload", 0},
	{NULL, NULL, "Refresh", "0; url=https://t.example/", 1},
	{NULL, NULL, "Refresh", "30", 0},
	{NULL, NULL, "Reporting-Endpoints", "a=\"/reports\", b=\"https://t.example/r\"", 1},
	{NULL, NULL, "Report-To", "{\"group\":\"a\",\"endpoints\":[{\"url\":\"https:\\/\\/t.example\\/r\"}]}", 1},
	{NULL, NULL, "Content-Security-Policy", "script-src https://t.example", 0},
	{NULL, NULL, "Content-Security-Policy", "default-src 'self'; report-uri /r https://t.example/r", 1},
	{NULL, NULL, "Content-Security-Policy-Report-Only", "REPORT-URI https://t.example/r", 1},
	{NULL, NULL, "X-Link", "<https://t.example/>; rel=preload", 0},
};

static void test_messages(void **state)
{
	const struct world *g = *state;

	for (size_t i = 0; i < CG_COUNT(messages); i++) {
		struct looked l;

		begin(&l, g->rs, g->scratch);
		if (messages[i].target)
			l.o.origin_saw.target = slice_str(messages[i].target);
		if (messages[i].cookie)
			fields_add_id(&l.o.origin_saw.fields, FIELD_COOKIE, slice_str(messages[i].cookie));
		if (messages[i].field)
			fields_add(&l.o.visitor_saw.fields, slice_str(messages[i].field), slice_str(messages[i].value));
		look(&l);
		assert_true(l.ok);
		if (rows_of(&l) != messages[i].leaks)
			fail_msg("row %zu: %zu leaks", i, rows_of(&l));
		arena_free(&l.arena);
	}
}

/* Early hints are a message of their own. */
static void test_hints(void **state)
{
	const struct world *g = *state;

	for (int hinted = 0; hinted < 2; hinted++) {
		struct looked l;

		begin(&l, g->rs, g->scratch);
		l.o.hinted = hinted;
		fields_init(&l.o.hints_saw.fields, &l.arena);
		fields_add(&l.o.hints_saw.fields, SLICE("Link"),
			   SLICE("</a>; rel=preload, <//t.example>; rel=preconnect"));
		look(&l);
		assert_true(l.ok);
		assert_int_equal(rows_of(&l), hinted);
		arena_free(&l.arena);
	}
}

/* What the origin never saw did not leak to it. */
static void test_not_called(void **state)
{
	const struct world *g = *state;
	struct looked l;

	begin(&l, g->rs, g->scratch);
	l.o.called = false;
	l.o.origin_saw.target = SLICE("/collect");
	fields_add_id(&l.o.origin_saw.fields, FIELD_COOKIE, SLICE("_ga=1"));
	look(&l);
	assert_true(l.ok);
	assert_null(l.failure);
	arena_free(&l.arena);
}

static void test_words(void **state)
{
	const struct world *g = *state;
	struct looked l;

	begin(&l, g->rs, g->scratch);
	fields_add_id(&l.o.origin_saw.fields, FIELD_COOKIE, SLICE("_ga=1; who=2"));
	look(&l);
	assert_true(slice_eq(l.failure->expectation->text, SLICE("nothing that needs analytics passes")));
	assert_true(slice_eq(l.failure->rows->actual, SLICE("Cookie: _ga=1")));
	assert_true(slice_eq(l.failure->rows->why, SLICE("needs analytics, by a.rules:5: cookie _ga is analytics")));
	assert_true(slice_eq(l.failure->rows->next->why, SLICE("needs analytics: no rule names it")));
	arena_free(&l.arena);
}

/* -- pages --------------------------------------------------------------------------------------------------------- */

#define U "https://t.example/x"
static const struct {
	const char *html;
	size_t leaks;
} pages[] = {
	{"", 0},
	{"<p>https://t.example/</p><a href=" U ">x</a>", 0},
	{"<script src=" U "></script>", 1},
	{"<SCRIPT SRC=" U "></SCRIPT>", 1},
	{"<script src=https://good.t.example/x></script>", 0},
	{"<script src=https://granted.example/x></script>", 0},
	{"<script data-cg-src=" U " type=text/plain></script>", 0},
	{"<script src=" U " type=text/plain></script>", 0},
	{"<script src=" U " type=module></script>", 1},
	{"<script src=" U " type='application/ld+json'></script>", 0},
	{"<img src=/a.png src=" U ">", 0},
	{"<img src=" U " src=/a.png>", 1},
	{"<img src='https://t&#46;example/x'>", 1},
	{"<img src='https://t.exam\tple/x'>", 1},
	{"<img src=\\\\t.example/x>", 1},
	{"<img src=/stats/pixel?1>", 1},
	{"<img srcset='/a.png 1x, " U " 2x'>", 1},
	{"<img data-src=" U ">", 1},
	{"<img data-cg-src=" U ">", 0},
	{"<img alt=" U " title='//t.example/'>", 0},
	{"<image src=" U ">", 1},
	{"<svg><image href=" U " /></svg>", 1},
	{"<svg><image xlink:href=" U " /></svg>", 1},
	{"<svg><a href=" U ">x</a></svg>", 0},
	{"<svg><script href=" U " /></svg>", 1},
	{"<svg><![CDATA[&lt;img src=" U ">]]></svg>", 0},
	{"<svg><style>p{b:url(//t.<!--x-->example/x)}</style></svg>", 1},
	{"<svg><style>p{b:url(//t.<![CDATA[example/x)}]]></style></svg>", 1},
	{"<svg><style>p{b:url(//t.<g></g>example/x)}</style></svg>", 1},
	{"<svg><style>p{b:url(//t.&#101;xample/x)}</style></svg>", 1},
	{"<svg><style>p{<!--b:url(" U ")--></style></svg>", 0},
	{"<svg><style>p{</svg>b:url(" U ")", 0},
	{"<svg><![CDATA[ > <img src=" U ">]]></svg>", 1},
	{"<svg><title>a<!-- </title><img src=" U "> --></title></svg>", 1},
	{"<svg><title><p title='</title><img src=" U ">'></p></title></svg>", 1},
	{"<svg><base href=//t.example/></base></svg><img src=x>", 1},
	{"<style>p{b:url(//t.<!--x-->example/x)}</style>", 0},
	{"<!-- <img src=" U "> -->", 0},
	{"<!--><img src=" U ">-->", 1},
	{"<textarea><img src=" U "></textarea>", 0},
	{"<noscript><img src=" U "></noscript>", 1},
	{"<iframe srcdoc='&lt;img src=" U "&gt;'></iframe>", 1},
	{"<iframe src=" U "></iframe>", 1},
	{"<iframe src='javascript:fetch(\"" U "\")'></iframe>", 1},
	{"<link rel=preconnect href=//t.example>", 1},
	{"<link rel='x STYLESHEET' href=" U ">", 1},
	{"<link rel=canonical href=" U ">", 0},
	{"<meta http-equiv=Refresh content='0; url=" U "'>", 1},
	{"<meta property=og:image content=" U ">", 0},
	{"<base href=//t.example><img src=a.png>", 1},
	{"<base href=/x><base href=//t.example><img src=a.png>", 0},
	{"<a ping='/p " U "' href=/>x</a>", 1},
	{"<form action=" U "></form>", 1},
	{"<video poster=" U "></video>", 1},
	{"<object data=" U "></object>", 1},
	{"<p style=\"background:url('" U "')\">", 1},
	{"<style>@import \"" U "\";</style>", 1},
	{"<style>p{background:url(" U ")}</style>", 1},
	{"<style type=text/plain>p{background:url(" U ")}</style>", 0},
	{"<p onclick=\"new Image().src='" U "'\">", 1},
	{"<script>var a='" U "'</script>", 1},
	{"<script>var a='\\/\\/t.example\\/x'</script>", 1},
	{"<script>var a=\"www.t.example\"</script>", 1},
	{"<script>// see t.example\nvar a='t_example'</script>", 0},
	{"<script type=text/plain>var a='" U "'</script>", 0},
	{"<script>var a='" U "'", 0}, /* a script without an end is not run */
	{"<script src=/own.js>var a='" U "'</script>", 0},
	{"<style>p{background:url(" U ")}", 1},
	{"<template><img src=" U "></template>", 1},
	{"<x-y src=" U " poster=" U " srcset=" U ">", 0},
	{"<meta http-equiv=refresh content='0x; url=" U "'>", 0},
	{"<meta http-equiv=refresh content='0; urlx=" U "'>", 0},
	{"<style>/* url(" U ") */ p { content: \"url(" U ")\"; background: aurl(" U ") }</style>", 0},
	{"<style>p{background:url(https://t.exam\nple/x)}</style>", 0},
	{"<style>p{background:url( '" U "' )}</style>", 1},
	{"<div><b>x</b></div>", 1},
	{"<div><i><b>x</b></i></div>", 0},
	{"<div><b data-cg=analytics>x</b></div>", 0},
	{"<div><b class='x ok'>x</b></div>", 0},
	{"<img id=pixel src=/a.png>", 1},
	{"<img id=pixel src=https://good.t.example/x>", 0}, /* its address is named further up */
	{"<script>track(1)</script>", 1},
	{"<script>menu(); track(1)</script>", 0},
	{"<script type=text/plain>track(1)</script>", 0},
	{"<script>counnt (1); count(1)</script>", 1},
	{"<p>track(1)</p>", 0},
	{"<img id=own src=" U ">", 0}, /* necessary as an element, whatever its address */
	{"<script>own(); var a='" U "'</script>", 0},
	{"<img id=own src=/a.png><img src=" U ">", 1},
};

static void test_pages(void **state)
{
	const struct world *g = *state;

	for (size_t i = 0; i < CG_COUNT(pages); i++) {
		struct looked l;

		begin(&l, g->rs, g->scratch);
		fields_add_id(&l.o.visitor_saw.fields, FIELD_CONTENT_TYPE, SLICE("text/html; charset=utf-8"));
		l.o.visitor_body = slice_str(pages[i].html);
		look(&l);
		assert_true(l.ok);
		if (rows_of(&l) != pages[i].leaks)
			fail_msg("%s: %zu leaks", pages[i].html, rows_of(&l));
		arena_free(&l.arena);
	}
}

/* No page: its text may hold anything. */
static void test_types(void **state)
{
	static const struct {
		const char *type;
		size_t leaks;
	} types[] = {{"text/plain", 0}, {"application/xhtml+xml", 1}, {"TEXT/HTML", 1}, {NULL, 1}};
	const struct world *g = *state;

	for (size_t i = 0; i < CG_COUNT(types); i++) {
		struct looked l;

		begin(&l, g->rs, g->scratch);
		if (types[i].type)
			fields_add_id(&l.o.visitor_saw.fields, FIELD_CONTENT_TYPE, slice_str(types[i].type));
		l.o.visitor_body = SLICE("<img src=" U ">");
		look(&l);
		assert_int_equal(rows_of(&l), types[i].leaks);
		arena_free(&l.arena);
	}
}

static void test_many(void **state)
{
	const struct world *g = *state;
	struct looked l;
	char html[4000] = "";

	for (int i = 0; i < 100; i++)
		strcat(html, "<img src=" U ">");
	begin(&l, g->rs, g->scratch);
	l.o.visitor_body = slice_str(html);
	look(&l);
	assert_int_equal(rows_of(&l), LEAKS_MAX);
	arena_free(&l.arena);
}

static void test_no_memory(void **state)
{
	const struct world *g = *state;

	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct looked l;

		begin(&l, g->rs, g->scratch);
		l.o.visitor_body = SLICE("<img src=" U "><script>'" U "'</script>");
		look(&l);
		(void)alloc_fault_end();
		assert_true(!l.ok || l.failure);
		arena_free(&l.arena);
	}
}

/* -- classes ------------------------------------------------------------------------------------------------------- */

static enum load_result load_many(void *arg, struct slice path, struct slice *content)
{
	static char text[2000];
	int n = *(int *)arg;

	(void)path;
	text[0] = 0;
	for (int i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "purpose p%d \"P\"\n", i);
	*content = slice_str(text);
	return LOAD_OK;
}

static const struct {
	int purposes;
	size_t classes;
	const char *labels; /* of the first, the second, the last */
} classes[] = {
	{0, 0, ""},
	{1, 2, "p0 denied, all granted, all granted"},
	{2, 4, "all denied, p1 denied, all granted"},
	{6, 64, "all denied, only p0 granted, all granted"},
	{7, 16, "all denied, only p0 granted, all granted"},
	{31, 64, "all denied, only p0 granted, all granted"},
};

static void test_classes(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(classes); i++) {
		int n = classes[i].purposes;
		const struct loader loader = {.arg = &n, .load = load_many};
		struct class_list c;
		struct diagnostics d;
		struct ruleset *rs;
		struct slice labels = {0};
		struct arena arena;

		arena_init(&arena, 0, 1 << 20);
		diagnostics_init(&d);
		rs = ruleset_load(&loader, SLICE("a.rules"), &d);
		assert_non_null(rs);
		classes_of(rs, &c);
		assert_int_equal(c.n, classes[i].classes);
		for (size_t a = 0; a < c.n; a++)
			for (size_t b = 0; b < a; b++)
				assert_int_not_equal(c.v[a], c.v[b]);
		if (c.n)
			labels = arena_printf(&arena, "%.*s, %.*s, %.*s", SLICE_ARG(class_label(rs, c.v[0], &arena)),
					      SLICE_ARG(class_label(rs, c.v[1], &arena)),
					      SLICE_ARG(class_label(rs, c.v[c.n - 1], &arena)));
		if (!slice_eq(labels, slice_str(classes[i].labels)))
			fail_msg("%.*s", SLICE_ARG(labels));
		ruleset_free(rs);
		diagnostics_free(&d);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages), cmocka_unit_test(test_hints),	   cmocka_unit_test(test_not_called),
		cmocka_unit_test(test_words),	 cmocka_unit_test(test_pages),	   cmocka_unit_test(test_types),
		cmocka_unit_test(test_many),	 cmocka_unit_test(test_no_memory), cmocka_unit_test(test_classes),
	};

	return cmocka_run_group_tests(tests, with_rules, without_rules);
}
