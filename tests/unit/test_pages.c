/* rules/pages: addresses, forms, languages, and what the pages are made of. */
#include "tests/support/slice_assert.h"

#include "rules/base/attributes.h"
#include "rules/decide/decide.h"
#include "rules/language/ruleset_internal.h"
#include "rules/pages/pages.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/rules_text.h"

static const struct text_file files[] = {
	{"site.rules", "policy 2026-11 {\nnotice /privacy\nchanged \"More.\"\nchanged de \"Mehr.\"\n}\n"
		       "purpose preferences \"Settings & more\"\n"
		       "purpose analytics {\ntitle de \"Besuche <z\xC3\xA4hlen>\"\ntext \"Counts & no more.\"\n}\n"
		       "purpose advertising\n"
		       "opt-out cookie optout=1 denies advertising\nsignal gpc denies advertising\n"
		       "cookie a is preferences max-age 3d\ncookie /^_g<a/ is analytics\ncookie * is advertising\n"
		       "banner {\ntitle \"<Title>\"\ntitle ru \"\xD0\xAF\"\n}\n"},
	{NULL, NULL},
};

static struct ruleset *rules;

static bool mac(void *arg, size_t key, struct slice data, unsigned char out[CONSENT_MAC_SIZE])
{
	(void)arg;
	for (size_t i = 0; i < CONSENT_MAC_SIZE; i++)
		out[i] = (unsigned char)(slice_hash(data) >> (i % 8 * 8)) ^ (unsigned char)(key * 37 + i);
	return key < 2;
}

static const struct consent_mac keys = {.mac = mac};

static int set_up(void **state)
{
	struct diagnostics d;

	(void)state;
	diagnostics_init(&d);
	rules = text_ruleset(files, &d);
	diagnostics_free(&d);
	return rules ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	ruleset_free(rules);
	return 0;
}

/* -- addresses ------------------------------------------------------------------------------------------------------
 */

static void test_own_page(void **state)
{
	static const struct {
		const char *path;
		enum own_page page;
	} rows[] = {
		{"/.crumbgate", OWN_PREFERENCES},
		{"/.crumbgate/", OWN_PREFERENCES},
		{"/.crumbgate/preferences", OWN_PREFERENCES},
		{"/.crumbgate/preferences/", OWN_UNKNOWN},
		{"/.crumbgate/decision", OWN_DECISION},
		{"/.crumbgate/withdraw", OWN_WITHDRAW},
		{"/.crumbgate/opt-out", OWN_OPT_OUT},
		{"/.crumbgate/opt-in", OWN_OPT_IN},
		{"/.crumbgate/state", OWN_STATE},
		{"/.crumbgate/receipt", OWN_RECEIPT},
		{"/.crumbgate/State", OWN_UNKNOWN},
		{"/.crumbgate2", OWN_NONE},
		{"/.Crumbgate/state", OWN_NONE},
		{"/a/.crumbgate/state", OWN_NONE},
		{"/", OWN_NONE},
		{"", OWN_NONE},
		{"/.well-known/gpc.json", OWN_GPC},
		{"/.well-known/gpc.json/", OWN_NONE},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		assert_int_equal(own_page_of(rules, slice_str(rows[i].path)), rows[i].page);
}

static void test_back(void **state)
{
	static const char *const good[] = {"/", "/a", "/a//b", "/?x=//y", "/%2F%2Fevil", "/.//x", "/~#f"};
	static const char *const bad[] = {"",	     "a",	  "//",	       "//evil.example", "/\\evil",
					  "\\/evil", "/a\\b",	  "/\tevil",   "/a b",		 "/\r\nX: y",
					  "/\x7F",   "/\xC3\xA9", "http://x/", "https:/x",	 "?a",
					  "#",	     " /",	  "\x01/",     "/\n/evil"};
	char longest[OWN_BACK_MAX + 1];

	(void)state;
	for (size_t i = 0; i < CG_COUNT(good); i++)
		assert_true(own_back_ok(slice_str(good[i])));
	for (size_t i = 0; i < CG_COUNT(bad); i++)
		assert_false(own_back_ok(slice_str(bad[i])));
	assert_false(own_back_ok(slice_of("/\0a", 3)));
	memset(longest, 'a', sizeof longest);
	longest[0] = '/';
	assert_true(own_back_ok(slice_of(longest, OWN_BACK_MAX)));
	assert_false(own_back_ok(slice_of(longest, OWN_BACK_MAX + 1)));
}

/* -- forms ----------------------------------------------------------------------------------------------------------
 */

static void test_form(void **state)
{
	static const struct {
		const char *body;
		bool ok;
		enum own_choice choice;
		purposes chosen;
		const char *back;
	} rows[] = {
		{"", true, CHOICE_NONE, 1, ""},
		{"do=accept", true, CHOICE_ACCEPT, 1, ""},
		{"do=reject&back=%2Fa%3Fb%3Dc+d", true, CHOICE_REJECT, 1, "/a?b=c d"},
		{"p=analytics&p=preferences&do=save", true, CHOICE_SAVE, 7, ""},
		{"p=%61nalytics&do=add", true, CHOICE_ADD, 5, ""},
		{"p=necessary&do=save", true, CHOICE_SAVE, 1, ""},
		{"&&do=save&&", true, CHOICE_SAVE, 1, ""},
		{"do=save&unknown=1&=&x", true, CHOICE_SAVE, 1, ""},
		{"%64o=accept", true, CHOICE_ACCEPT, 1, ""},
		{"do=", false, 0, 0, NULL},
		{"do", false, 0, 0, NULL},
		{"do=Accept", false, 0, 0, NULL},
		{"do=accept&do=accept", false, 0, 0, NULL},
		{"p=Analytics", false, 0, 0, NULL},
		{"p=", false, 0, 0, NULL},
		{"back=/&back=/", false, 0, 0, NULL},
		{"back=&back=", false, 0, 0, NULL},
		{"back=%", false, 0, 0, NULL},
		{"back=%zz", false, 0, 0, NULL},
		{"x=%00", false, 0, 0, NULL},
	};
	struct arena arena;
	struct own_form f;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		arena_init(&arena, 0, 65536);
		assert_int_equal(own_form_read(rules, slice_str(rows[i].body), &arena, &f), rows[i].ok);
		if (rows[i].ok) {
			assert_int_equal(f.choice, rows[i].choice);
			assert_int_equal(f.chosen, rows[i].chosen);
			assert_slice(f.back, rows[i].back);
		}
		arena_free(&arena);
	}
}

static void test_form_bounds(void **state)
{
	char body[OWN_FORM_MAX + 1];
	struct arena arena;
	struct own_form f;

	(void)state;
	memset(body, '&', sizeof body);
	arena_init(&arena, 0, 65536);
	assert_true(own_form_read(rules, slice_of(body, OWN_FORM_MAX), &arena, &f));
	assert_false(own_form_read(rules, slice_of(body, OWN_FORM_MAX + 1), &arena, &f));
	for (size_t i = 0; i < 65; i++)
		body[2 * i] = 'x';
	assert_false(own_form_read(rules, slice_of(body, 130), &arena, &f));
	assert_true(own_form_read(rules, slice_of(body, 128), &arena, &f));
	arena_free(&arena);
}

static void test_token(void **state)
{
	struct consent_query q = {.rules = rules, .mac = &keys, .site = SLICE("www.example.com")}, other = q, none = q;
	struct slice token;
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, 65536);
	token = own_token(&q, &arena);
	assert_int_equal(token.n, 32);
	assert_true(own_token_ok(&q, token, &arena));
	other.site = SLICE("www.example.org");
	assert_false(own_token_ok(&other, token, &arena));
	assert_false(own_token_ok(&q, slice_head(token, 31), &arena));
	assert_false(own_token_ok(&q, slice_of(NULL, 0), &arena));
	none.mac = NULL;
	assert_false(own_token_ok(&none, token, &arena));
	assert_int_equal(own_token(&none, &arena).n, 0);
	arena_free(&arena);
}

static void test_origin(void **state)
{
	static const struct {
		const char *name, *value, *name2, *value2;
		bool same;
	} rows[] = {
		{"Sec-Fetch-Site", "same-origin", NULL, NULL, true},
		{"sec-fetch-site", "same-origin", "origin", "https://www.example.com:8443", true},
		{"Sec-Fetch-Site", "same-origin", "Origin", "null", true},
		{"Origin", "https://www.example.com:8443", NULL, NULL, true},
		{"Origin", "HTTPS://WWW.example.com:8443", NULL, NULL, true},
		{"Origin", "https://www.example.com", NULL, NULL, false},
		{"Origin", "https://www.example.com:8443/", NULL, NULL, false},
		{"Origin", "null", NULL, NULL, false},
		{"Origin", "", NULL, NULL, false},
		{"Origin", "https://www.example.com:8443", "Origin", "https://evil.example", false},
		{"Sec-Fetch-Site", "Same-Origin", NULL, NULL, false},
		{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "none", false},
		{"Sec-Fetch-Site", "same-site", "Origin", "https://www.example.com:8443", false},
		{"Referer", "https://www.example.com:8443/", NULL, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct fields f;
		struct arena arena;

		arena_init(&arena, 0, 65536);
		fields_init(&f, &arena);
		assert_true(fields_add(&f, slice_str(rows[i].name), slice_str(rows[i].value)));
		if (rows[i].name2)
			assert_true(fields_add(&f, slice_str(rows[i].name2), slice_str(rows[i].value2)));
		assert_int_equal(own_same_origin(&f, SLICE("www.example.com:8443")), rows[i].same);
		arena_free(&arena);
	}
}

/* -- languages ------------------------------------------------------------------------------------------------------
 */

static void test_language(void **state)
{
	static const struct {
		const char *accept, *language;
	} rows[] = {
		{"", "en"},
		{"de", "de"},
		{"DE-ch", "de"},
		{"xx, fr", "fr"},
		{"fr;q=0.5, it", "it"},
		{"it;q=0.5,nl;q=0.9", "nl"},
		{"de;q=0, pl;q=0.001", "pl"},
		{"*", "en"},
		{"deu", "en"},
		{"ru;q=1.5", "ru"},
		{"es;q=x", "en"},
		{"pl;q=0.8,ru;q=0.8", "pl"},
		{",,;q=1, nl ;q=1", "nl"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		assert_slice(catalogue_accept(slice_str(rows[i].accept))->language, rows[i].language);
	assert_null(catalogue_find(SLICE("")));
	assert_null(catalogue_find(SLICE("-de")));
}

/* -- pages ----------------------------------------------------------------------------------------------------------
 */

/* Every kind of markup that is ours, for a visitor. */
#define MADE 8
static bool make(const struct own_view *v, struct slice made[MADE])
{
	struct slice style;

	made[0] = banner_html(v);
	made[1] = banner_link_html(v);
	made[2] = placeholder_html(v, SLICE("a<b"), SLICE("https://x/?a=1&b=\"2\""), 6);
	made[3] = own_opt_page(v, &style);
	made[4] = own_preferences(v, NOTE_SAVED, &style);
	made[5] = own_preferences(v, NOTE_REFUSED, &style);
	made[6] = own_state_json(v, SLICE("0123"));
	made[7] = v->consent->source == CONSENT_SIGNED ? own_receipt_json(v) : SLICE("{}");
	return !arena_failed(v->arena);
}

/* Tags are closed in order, attributes quoted, and nothing but our few references is used: well-formed XML. */
static void check_markup(struct slice html)
{
	struct slice open[40];
	size_t n = 0;

	while (html.n) {
		size_t at = slice_find_char(html, '<'), end;
		struct slice tag, name;

		for (struct slice text = slice_head(html, at); text.n; text = slice_from(text, 1))
			assert_true(text.p[0] != '&' || slice_find_char(slice_head(text, 9), ';') < 9);
		html = slice_from(html, at);
		if (!html.n)
			break;
		end = slice_find_char(html, '>');
		assert_true(end < html.n);
		tag = slice_of(html.p + 1, end - 1);
		html = slice_from(html, end + 1);
		if (tag.p[0] == '!')
			continue;
		slice_cut(tag, ' ', &name, &(struct slice){0});
		if (tag.p[0] == '/') {
			assert_true(n > 0 && slice_eq(open[--n], slice_from(tag, 1)));
		} else if (tag.p[tag.n - 1] != '/') {
			assert_true(n < CG_COUNT(open));
			open[n++] = name;
		}
	}
	assert_int_equal(n, 0);
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static const struct consent visitors[] = {
	{.granted = 1},
	{.granted = 1, .token = CONSENT_TOKEN_OLD_POLICY},
	{.granted = 3,
	 .chosen = 11,
	 .decided = true,
	 .source = CONSENT_SIGNED,
	 .decided_at = 1770000000,
	 .denied_by_opt_out = 8},
	{.granted = 5, .decided = true, .source = CONSENT_FOREIGN, .granted_by_foreign = 5, .denied_by_signal = 8},
};

static void test_markup(void **state)
{
	static const char *const languages[] = {"en", "de", "fr", "es", "it", "ru", "pl", "nl"};
	const struct consent_query q = {
		.rules = rules, .mac = &keys, .site = SLICE("www.example.com"), .secure = true, .now = 1770000000};
	struct slice made[MADE];
	struct arena arena;

	(void)state;
	for (size_t l = 0; l < CG_COUNT(languages); l++)
		for (size_t i = 0; i < CG_COUNT(visitors); i++) {
			const struct own_view v = {.query = &q,
						   .consent = &visitors[i],
						   .language = catalogue_find(slice_str(languages[l])),
						   .back = SLICE("/a?b=\"<&'"),
						   .gpc = i & 1,
						   .arena = &arena};

			arena_init(&arena, 0, 1 << 20);
			assert_true(make(&v, made));
			for (size_t m = 0; m < 6; m++)
				check_markup(made[m]);
			for (size_t m = 0; m < 3; m++) /* they go into pages of any encoding */
				assert_true(is_ascii(made[m]));
			assert_true(made[0].n < 6144);
			assert_true(slice_find(made[0], SLICE("checked")) == made[0].n);
			for (size_t t = 0; t < CATALOGUE_TEXTS; t++)
				assert_true(v.language->texts[t].n > 0);
			arena_free(&arena);
		}
}

static void test_own_texts(void **state)
{
	const struct consent_query q = {.rules = rules, .mac = &keys, .site = SLICE("x"), .secure = true};
	struct own_view v = {.query = &q, .consent = &visitors[0], .language = catalogue_find(SLICE("de"))};
	struct arena arena;
	struct slice html;

	(void)state;
	arena_init(&arena, 0, 1 << 20);
	v.arena = &arena;
	html = banner_html(&v);
	assert_true(slice_find(html, SLICE("&lt;Title&gt;")) < html.n);
	assert_true(slice_find(html, SLICE("Alle ablehnen")) < html.n);
	v.language = catalogue_find(SLICE("ru"));
	html = banner_html(&v);
	assert_true(slice_find(html, SLICE("&#1071;</h2>")) < html.n);
	arena_free(&arena);
}

/* What the rules say in a language is shown in it, in each place. */
static void test_purpose_texts(void **state)
{
	static const struct {
		const char *language, *title, *changed;
	} rows[] = {
		{"de", "Besuche &lt;z", "Mehr."},
		{"fr", "analytics", "More."},
	};
	const struct consent_query q = {.rules = rules, .mac = &keys, .site = SLICE("x"), .secure = true};
	struct own_view v = {.query = &q, .consent = &visitors[1]};
	struct slice made[MADE];
	struct arena arena;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		arena_init(&arena, 0, 1 << 20);
		v.arena = &arena;
		v.language = catalogue_find(slice_str(rows[i].language));
		assert_true(make(&v, made));
		for (size_t m = 0; m < 5; m++)
			assert_true(m == 1 || m == 3 || slice_find(made[m], slice_str(rows[i].title)) < made[m].n);
		for (size_t m = 0; m < 5; m += 4) {
			assert_true(slice_find(made[m], slice_str(rows[i].changed)) < made[m].n);
			assert_true(slice_find(made[m], SLICE("<p>Counts &amp; no more.</p>")) < made[m].n);
		}
		arena_free(&arena);
	}
}

static bool shows(const struct consent *c, bool banner, const char *text)
{
	const struct consent_query q = {.rules = rules, .mac = &keys, .site = SLICE("x"), .secure = true};
	struct own_view v = {.query = &q, .consent = c, .language = catalogue_find(SLICE("en"))};
	struct slice made, style;
	struct arena arena;
	bool found;

	arena_init(&arena, 0, 1 << 20);
	v.arena = &arena;
	made = banner ? banner_html(&v) : own_preferences(&v, NOTE_NONE, &style);
	found = slice_find(made, slice_str(text)) < made.n;
	arena_free(&arena);
	return found;
}

/* Whoever is asked sees for what in front of the buttons, and finds the cookies from there. */
static void test_first_layer(void **state)
{
	(void)state;
	assert_true(shows(&visitors[0], true,
			  "</p><p>Settings &amp; more, analytics, advertising.</p><div class=\"b\"><button"));
	assert_true(
		shows(&visitors[0], true, "<p><a href=\"/.crumbgate/preferences\">Privacy settings</a></p></details>"));
}

/* What holds is told, also where the visitor did not say it here. */
static void test_state(void **state)
{
	const struct consent default_yes = {.granted = 7};
	static const char on[] = "Until you decide, these are on: ";

	(void)state;
	assert_true(shows(&default_yes, false, "these are on: Settings &amp; more, analytics.</p>"));
	assert_false(shows(&default_yes, false, "checked=\"checked\""));
	for (size_t i = 0; i < CG_COUNT(visitors); i++)
		assert_false(shows(&visitors[i], false, on));
	assert_true(shows(&visitors[3], false, "You chose in another consent dialogue"));
	assert_false(shows(&visitors[2], false, "You chose in another consent dialogue"));
}

/* Crumbgate's own cookies are listed as others are, and how long they live. */
static void test_own_cookies(void **state)
{
	(void)state;
	assert_true(shows(&visitors[0], false,
			  "<code>__Host-crumb-consent</code> (180 days), <code>optout</code> (400 days)"));
}

static void test_due(void **state)
{
	(void)state;
	assert_true(banner_due(rules, &visitors[0]));
	assert_true(banner_due(rules, &visitors[1]));
	assert_false(banner_due(rules, &visitors[2]));
	assert_false(banner_due(rules, &visitors[3]));
	assert_false(banner_due(rules, &(struct consent){.granted = 1, .denied_by_opt_out = 14}));
}

static void test_contrast(void **state)
{
	(void)state;
	assert_true(colour_contrast(0, 0xFFFFFF) > 20.99 && colour_contrast(0, 0xFFFFFF) < 21.01);
	assert_true(colour_contrast(0x777777, 0xFFFFFF) > 4.47 && colour_contrast(0xFFFFFF, 0x777777) < 4.49);
	assert_true(colour_contrast(0xFF0000, 0xFFFFFF) > 3.99 && colour_contrast(0xFF0000, 0xFFFFFF) < 4.01);
	assert_true(colour_contrast(0x123456, 0x123456) < 1.001);
}

/* -- memory ---------------------------------------------------------------------------------------------------------
 */

static void run_out(const struct own_view *v)
{
	struct slice made[MADE];
	struct own_form f;

	if (make(v, made))
		for (size_t m = 0; m < 6; m++)
			check_markup(made[m]);
	(void)own_form_read(v->query->rules, SLICE("do=save&p=analytics&back=%2F"), v->arena, &f);
}

static void test_memory(void **state)
{
	const struct consent_query q = {.rules = rules, .mac = &keys, .site = SLICE("x"), .secure = true};
	struct arena arena;

	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		arena_init(&arena, 64, 1 << 20);
		run_out(&(struct own_view){.query = &q,
					   .consent = &visitors[2],
					   .language = catalogue_find(SLICE("en")),
					   .back = SLICE("/"),
					   .arena = &arena});
		(void)alloc_fault_end();
		arena_free(&arena);
	}
	for (size_t cap = 100; cap < 40000; cap += 700) {
		arena_init(&arena, 64, cap);
		run_out(&(struct own_view){.query = &q,
					   .consent = &visitors[2],
					   .language = catalogue_find(SLICE("en")),
					   .arena = &arena});
		arena_free(&arena);
	}
}

static void zeros(void *arg, unsigned char *out, size_t n)
{
	(void)arg;
	memset(out, 0, n);
}

/* A whole answer: the status, or 0 without memory. */
static unsigned answer(const char *target, const char *form, struct arena *arena)
{
	const struct decide_env env = {.rules = rules, .mac = &keys, .site = SLICE("www.example.com"), .random = zeros};
	const struct consent_query q = {.rules = rules, .mac = &keys, .site = env.site};
	const struct slice parts[] = {slice_str(form), SLICE("&token="), own_token(&q, arena)};
	struct request req = {.method = form ? SLICE("POST") : SLICE("GET"),
			      .target = slice_str(target),
			      .authority = env.site,
			      .host = env.site,
			      .secure = true};
	const struct own_body body = {.octets = arena_concat(arena, parts, form ? 3 : 0)};
	struct response resp;
	struct decision d;
	struct slice content;

	fields_init(&req.fields, arena);
	(void)fields_add(&req.fields, SLICE("Sec-Fetch-Site"), SLICE("same-origin"));
	(void)fields_add(&req.fields, SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded"));
	(void)fields_add(&req.fields, SLICE("Cookie"), SLICE("a=1; _g<a=2; optout=1"));
	(void)fields_add(&req.fields, SLICE("Accept-Language"), SLICE("nl"));
	if (decide_request(&env, &req, slice_of(NULL, 0), 1770000000, arena, &d) != DECIDE_OK)
		return 0;
	assert_int_equal(d.action, DECIDE_ANSWER);
	return decide_answer(&env, &req, &body, arena, &d, &resp, &content) == DECIDE_OK ? resp.status : 0;
}

static void test_answer_memory(void **state)
{
	static const struct {
		const char *target, *form;
		unsigned status;
	} rows[] = {
		{"/.crumbgate/decision", "do=save&p=analytics&back=/x", 303},
		{"/.crumbgate/withdraw", "from=preferences&back=/x", 303},
		{"/.crumbgate/opt-in", "back=/x", 303},
		{"/.crumbgate/preferences?back=%2Fx", NULL, 200},
		{"/.crumbgate/state", NULL, 200},
		{"/.well-known/gpc.json", NULL, 200},
	};
	struct arena arena;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		unsigned status = 0;

		for (size_t n = 1; alloc_fault_begin(n); n++) {
			arena_init(&arena, 64, 1 << 20);
			status = answer(rows[i].target, rows[i].form, &arena);
			(void)alloc_fault_end();
			assert_true(status == 0 || status == rows[i].status);
			arena_free(&arena);
		}
		assert_int_equal(status, rows[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_page),      cmocka_unit_test(test_back),
		cmocka_unit_test(test_form),	      cmocka_unit_test(test_form_bounds),
		cmocka_unit_test(test_token),	      cmocka_unit_test(test_origin),
		cmocka_unit_test(test_language),      cmocka_unit_test(test_markup),
		cmocka_unit_test(test_own_texts),     cmocka_unit_test(test_purpose_texts),
		cmocka_unit_test(test_first_layer),   cmocka_unit_test(test_state),
		cmocka_unit_test(test_own_cookies),   cmocka_unit_test(test_due),
		cmocka_unit_test(test_contrast),      cmocka_unit_test(test_memory),
		cmocka_unit_test(test_answer_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
