/* The demo's example site: its routes, cookies, sessions and templates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <stdio.h>

#include "proxy/command/demo_site.h"

struct fixture {
	struct demo_site site;
	struct arena arena;
	struct request req;
	struct demo_answer answer;
};

static struct fixture f;

static void begin(const char *method, const char *target)
{
	arena_free(&f.arena);
	arena_init(&f.arena, 0, 1024 * 1024);
	f.req = (struct request){.method = slice_str(method), .target = slice_str(target)};
	fields_init(&f.req.fields, &f.arena);
}

static void field(const char *name, const char *value)
{
	assert_true(fields_add(&f.req.fields, slice_str(name), slice_str(value)));
}

static unsigned answer(const char *body)
{
	assert_true(demo_site_answer(&f.site, &f.req, slice_str(body), 1795464900, &f.arena, &f.answer));
	return f.answer.head.status;
}

static unsigned visit(const char *method, const char *target, const char *body)
{
	begin(method, target);
	return answer(body);
}

static bool body_has(const char *text)
{
	return slice_find(f.answer.body, slice_str(text)) < f.answer.body.n;
}

/* The Set-Cookie that begins so, or the empty slice. */
static struct slice cookie(const char *begins)
{
	for (size_t i = 0; i < f.answer.head.fields.n; i++) {
		const struct field *x = &f.answer.head.fields.v[i];

		if (slice_ieq(x->name, SLICE("Set-Cookie")) && slice_starts_with(x->value, slice_str(begins)))
			return x->value;
	}
	return slice_of(NULL, 0);
}

static void test_pages(void **state)
{
	static const char *const pages[] = {"/",
					    "/products/cloud-phone",
					    "/products/sip-trunks",
					    "/products/contact-centre",
					    "/pricing",
					    "/newsletter",
					    "/sign-in",
					    "/privacy",
					    "/debug/cookies",
					    "/pricing?gclid=1"};
	static const char *const cookies[] = {
		"lang=en", "_ga=", "_ga_NWV0000001=", "_hjSession_4711=", "_fbp=", "_gcl_au="};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(pages); i++) {
		assert_int_equal(visit("GET", pages[i], ""), 200);
		assert_true(body_has("<html lang=\"en\">") && body_has("</html>") && body_has("<h1>"));
		assert_false(body_has("{{"));
		assert_false(body_has("googletagmanager.com") || body_has("google-analytics.com") ||
			     body_has("facebook"));
		for (size_t c = 0; c < CG_COUNT(cookies); c++)
			assert_true(cookie(cookies[c]).n > 0);
	}
	assert_int_equal(visit("GET", "/nowhere", ""), 404);
	assert_int_equal(visit("DELETE", "/", ""), 404);
	assert_int_equal(visit("GET", "/style.css", ""), 200);
	assert_int_equal(cookie("lang").n, 0);
	assert_int_equal(visit("POST", "/collect?x=1", "{}"), 200);
}

static void test_cookie_kept(void **state)
{
	(void)state;
	begin("GET", "/");
	field("Cookie", "_ga=GA1.mine");
	field("X-Forwarded-Proto", "https");
	assert_int_equal(answer(""), 200);
	assert_true(slice_eq(cookie("_ga="), SLICE("_ga=GA1.mine; Path=/; Max-Age=63072000; Secure")));
}

static void test_session(void **state)
{
	char sent[64];

	(void)state;
	assert_int_equal(visit("GET", "/account", ""), 303);
	assert_int_equal(visit("POST", "/sign-in", "other=1&name=Ada+%3Cb%3E"), 303);
	assert_true(slice_ends_with(cookie("nwv_session="), SLICE("; Path=/; HttpOnly; SameSite=Lax")));
	(void)snprintf(sent, sizeof sent, "%.*s", 12 + 32, cookie("nwv_session=").p);
	begin("GET", "/account");
	field("Cookie", sent);
	assert_int_equal(answer(""), 200);
	assert_true(body_has("Welcome, Ada &lt;b&gt;"));
	assert_false(body_has("<b>"));
	begin("POST", "/sign-out");
	field("Cookie", sent);
	assert_int_equal(answer(""), 303);
	begin("GET", "/account");
	field("Cookie", sent);
	assert_int_equal(answer(""), 303);
	assert_int_equal(visit("POST", "/sign-in", "name="), 200);
	assert_int_equal(cookie("nwv_session=").n, 0);
}

static void test_forms(void **state)
{
	(void)state;
	assert_int_equal(visit("POST", "/newsletter", "email=%22%3E%3Cscript%3E"), 200);
	assert_true(body_has("&quot;&gt;&lt;script&gt;"));
	assert_int_equal(visit("POST", "/newsletter", "email=%zz"), 200);
	assert_int_equal(visit("POST", "/newsletter", "email={{account}}"), 200);
	assert_true(body_has("{{account}}"));
	assert_int_equal(visit("POST", "/privacy/opt-out", ""), 303);
	assert_true(cookie("optout=1;").n > 0);
	assert_int_equal(visit("POST", "/privacy/opt-in", ""), 303);
	assert_true(slice_find(cookie("optout=;"), SLICE("Max-Age=0")) < cookie("optout=;").n);
}

static void test_what_arrived(void **state)
{
	(void)state;
	begin("GET", "/cookies.txt?plan=desk");
	field("Cookie", "a=1; _ga=<x>");
	field("Crumbgate-Consent", "granted=(analytics), decided");
	assert_int_equal(answer(""), 200);
	assert_true(body_has("target   /cookies.txt?plan=desk\nconsent  granted=(analytics), decided\n"
			     "cookie   a=1\ncookie   _ga=<x>\n"));
	begin("GET", "/debug/cookies");
	field("Cookie", "_ga=<x>");
	assert_int_equal(answer(""), 200);
	assert_true(body_has("<td><code>&lt;x&gt;</code></td>"));
	assert_int_equal(visit("GET", "/cookies.txt", ""), 200);
	assert_true(body_has("no cookie"));
}

static void test_sessions_are_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * DEMO_SESSIONS; i++)
		assert_int_equal(visit("POST", "/sign-in", "name=x"), 303);
}

/* With too little memory it says so, and reads nothing that is not there. */
static void test_little_memory(void **state)
{
	(void)state;
	for (size_t cap = 64; cap < 64 * 1024; cap += 997) {
		begin("GET", "/debug/cookies");
		f.arena.cap = cap;
		(void)demo_site_answer(&f.site, &f.req, SLICE(""), 0, &f.arena, &f.answer);
	}
}

static int clean_up(void **state)
{
	(void)state;
	arena_free(&f.arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),	      cmocka_unit_test(test_cookie_kept),
		cmocka_unit_test(test_session),	      cmocka_unit_test(test_forms),
		cmocka_unit_test(test_what_arrived),  cmocka_unit_test(test_sessions_are_bounded),
		cmocka_unit_test(test_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, clean_up);
}
