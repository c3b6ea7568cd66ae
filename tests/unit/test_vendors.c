/* The shipped knowledge: sound in itself, and right about what everybody knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/data/shipped.h"
#include "rules/language/statement.h"
#include "tests/support/rules_text.h"

#define PURPOSES "purpose preferences\npurpose analytics\npurpose advertising\n"

static void show(const struct diagnostics *d)
{
	struct buffer out;

	buffer_init(&out, 65536);
	diagnostics_render(d, false, &out);
	fprintf(stderr, "%.*s", SLICE_ARG(buffer_slice(&out)));
	buffer_free(&out);
}

static struct ruleset *load(const char *text, size_t warnings)
{
	struct text_file files[] = {{"site.rules", text}, {NULL, NULL}};
	struct diagnostics d;
	struct ruleset *rs;

	diagnostics_init(&d);
	rs = text_ruleset(files, &d);
	if (!rs || d.warnings != warnings)
		show(&d);
	assert_non_null(rs);
	assert_int_equal(d.warnings, warnings);
	diagnostics_free(&d);
	return rs;
}

/* Files that name others of the folder do not stand alone. */
static bool names_others(const struct shipped_file *f)
{
	return slice_find(f->text, SLICE("\ninclude ")) < f->text.n ||
	       slice_find(f->text, SLICE("\nlist ")) < f->text.n;
}

static bool is_list(const struct shipped_file *f)
{
	return slice_ends_with(f->path, SLICE(".txt"));
}

/* Each as an operator's own file, so that nothing is excused: no error, no name twice, none covered by another. */
static void test_each_file(void **state)
{
	(void)state;
	assert_true(shipped_count() > 20);
	for (size_t i = 0; i < shipped_count(); i++) {
		char *text;

		if (is_list(shipped_at(i)) || names_others(shipped_at(i)))
			continue;
		text = malloc(sizeof PURPOSES + shipped_at(i)->text.n);
		assert_non_null(text);
		snprintf(text, sizeof PURPOSES + shipped_at(i)->text.n, "%s%.*s", PURPOSES,
			 SLICE_ARG(shipped_at(i)->text));
		ruleset_free(load(text, 0));
		free(text);
	}
}

/* As "crumbgate fmt" writes them. */
static void test_formatted(void **state)
{
	(void)state;
	for (size_t i = 0; i < shipped_count(); i++) {
		const struct shipped_file *f = shipped_at(i);
		struct diagnostics d;
		struct source *src;
		struct arena arena;
		struct buffer out;

		if (is_list(f))
			continue;
		diagnostics_init(&d);
		arena_init(&arena, 0, 16 * 1024 * 1024);
		buffer_init(&out, 1024 * 1024);
		src = source_parse(f->path, f->text, &arena, &d);
		assert_true(src && source_format(src, &out));
		if (!slice_eq(buffer_slice(&out), f->text))
			fail_msg("%s is not formatted", f->name);
		buffer_free(&out);
		arena_free(&arena);
		diagnostics_free(&d);
	}
}

static void test_find(void **state)
{
	struct slice text;

	(void)state;
	for (size_t i = 0; i < shipped_count(); i++) {
		assert_true(shipped_find(shipped_at(i)->path, &text));
		assert_true(slice_eq(shipped_at(i)->path, slice_str(shipped_at(i)->name)));
		assert_ptr_equal(text.p, shipped_at(i)->text.p);
		assert_int_equal(text.p[text.n - 1], '\n');
	}
	assert_false(shipped_find(SLICE("vendors/nobody.rules"), &text));
	assert_null(shipped_at(shipped_count()));
}

/* vendors/all.rules names every file of the folder. */
static void test_all_includes_each(void **state)
{
	struct slice all;

	(void)state;
	assert_true(shipped_find(SLICE("vendors/all.rules"), &all));
	for (size_t i = 0; i < shipped_count(); i++) {
		char line[128];

		if (!slice_starts_with(shipped_at(i)->path, SLICE("vendors/")) || is_list(shipped_at(i)) ||
		    slice_eq(shipped_at(i)->path, SLICE("vendors/all.rules")))
			continue;
		snprintf(line, sizeof line, "include %s\n", shipped_at(i)->name + sizeof "vendors/" - 1);
		if (slice_find(all, slice_str(line)) == all.n)
			fail_msg("all.rules lacks: %s", line);
	}
}

static void test_known_names(void **state)
{
	static const struct {
		const char *name, *purpose;
	} cases[] = {
		{"PHPSESSID", "necessary"},
		{"csrftoken", "necessary"},
		{"ASPSESSIONIDABCD", "necessary"},
		{"__cf_bm", "necessary"},
		{"OptanonConsent", "necessary"},
		{"CookieConsent", "necessary"},
		{"_ga", "analytics"},
		{"_ga_ABC123", "analytics"},
		{"_gid", "analytics"},
		{"_gat_UA-1-1", "analytics"},
		{"__utmz", "analytics"},
		{"_gcl_au", "advertising"},
		{"_fbp", "advertising"},
		{"_fbc", "advertising"},
		{"__gads", "advertising"},
		{"li_fat_id", "advertising"},
		{"_uetsid", "advertising"},
		{"_clck", "analytics"},
		{"_hjSessionUser_123", "analytics"},
		{"hubspotutk", "analytics"},
		{"_ttp", "advertising"},
		{"_ym_uid", "analytics"},
		{"_scid", "advertising"},
		{"_pk_id.1.1fff", "analytics"},
		{"mp_abc_mixpanel", "analytics"},
		{"intercom-id-abc", "preferences"},
		{"AMCV_1234%40AdobeOrg", "advertising"},
		{"wordpress_logged_in_0123", "necessary"},
		{"wordpress_0123456789abcdef0123456789abcdef", "necessary"},
		{"OptanonConsen", NULL},
		{"my_own", NULL},
	};
	struct ruleset *rs = load(PURPOSES "include base.rules vendors/all.rules\n", 0);
	struct pattern_scratch *scratch = pattern_scratch_new();

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		bool limit;
		const struct cookie_rule *r = ruleset_cookie(rs, scratch, slice_str(cases[i].name), &limit);
		int bit = cases[i].purpose ? ruleset_purpose_find(rs, slice_str(cases[i].purpose)) : -1;
		purposes expected = bit < 0 ? 0 : PURPOSE_NECESSARY << bit;

		if ((r ? r->mask : 0) != expected || limit)
			fail_msg("%s is not %s", cases[i].name, cases[i].purpose ? cases[i].purpose : "unnamed");
		if (r)
			assert_true(r->rule.shipped);
	}
	pattern_scratch_free(scratch);
	ruleset_free(rs);
}

static void test_known_params(void **state)
{
	static const char *const stripped[] = {"gclid", "fbclid", "msclkid", "ttclid",	   "twclid",   "li_fat_id",
					       "yclid", "_hsenc", "mkt_tok", "gad_source", "irclickid"};
	static const char *const kept[] = {"q", "id", "page", "utm_source", "utm_campaign", "gclid2", "s", "lang"};
	struct ruleset *rs = load(PURPOSES "include vendors/all.rules\n", 0);
	bool limit;

	(void)state;
	assert_true(ruleset_has_params(rs));
	for (size_t i = 0; i < CG_COUNT(stripped); i++)
		if (!ruleset_param(rs, NULL, slice_str(stripped[i]), &limit))
			fail_msg("%s is not named", stripped[i]);
	for (size_t i = 0; i < CG_COUNT(kept); i++)
		if (ruleset_param(rs, NULL, slice_str(kept[i]), &limit))
			fail_msg("%s is named", kept[i]);
	ruleset_free(rs);
}

static const char *purpose_of_url(struct ruleset *rs, struct pattern_scratch *scratch, const char *text,
				  struct arena *arena)
{
	struct filter_page page;
	struct filter_request r;
	struct web_url url;
	struct beacon_match m;

	filter_page_init(&page, SLICE("www.shop.example"));
	assert_true(web_url_parse(slice_str(text), NULL, arena, &url));
	assert_int_equal(url.kind, WEB_URL_NETWORK);
	assert_true(filter_request_init(&r, &url, FILTER_ANY, &page, arena));
	m = ruleset_beacon_url(rs, scratch, &r);
	if (!m.rule)
		return NULL;
	for (size_t bit = 0; bit < PURPOSES_MAX; bit++)
		if (m.rule->mask == PURPOSE_NECESSARY << bit)
			return arena_cstr(arena, ruleset_purpose(rs, bit)->name);
	return "several";
}

/* Addresses that snippets of vendors call, and some that look like them. */
static void test_known_urls(void **state)
{
	static const struct {
		const char *url, *purpose;
	} cases[] = {
		{"https://www.googletagmanager.com/gtm.js?id=GTM-1", "analytics"},
		{"https://www.googletagmanager.com/gtag/js?id=G-1", "analytics"},
		{"https://www.googletagmanager.com/gtag/js?id=AW-1", "advertising"},
		{"https://www.googletagmanager.com/ns.html?id=GTM-1", "analytics"},
		{"https://region1.google-analytics.com/g/collect?v=2", "analytics"},
		{"https://stats.g.doubleclick.net/j/collect", "analytics"},
		{"https://securepubads.g.doubleclick.net/tag/js/gpt.js", "advertising"},
		{"https://www.google.de/ads/ga-audiences?v=1", "advertising"},
		{"https://www.google.com/pagead/1p-user-list/1/", "advertising"},
		{"https://www.google.com/recaptcha/api.js", NULL},
		{"https://www.google.com/maps/embed?pb=1", NULL},
		{"https://fundingchoicesmessages.google.com/i/pub-1", "necessary"},
		{"https://fonts.googleapis.com/css?family=A", NULL},
		{"https://connect.facebook.net/en_US/fbevents.js", "advertising"},
		{"https://www.facebook.com/tr?id=1&ev=PageView", "advertising"},
		{"https://www.facebook.com/tr/", "advertising"},
		{"https://www.facebook.com/train-spotters", NULL},
		{"https://snap.licdn.com/li.lms-analytics/insight.min.js", "advertising"},
		{"https://px.ads.linkedin.com/collect/?pid=1", "advertising"},
		{"https://media.licdn.com/dms/image/x", NULL},
		{"https://analytics.tiktok.com/i18n/pixel/events.js", "advertising"},
		{"https://static.hotjar.com/c/hotjar-1.js?sv=6", "analytics"},
		{"https://js.hs-scripts.com/1.js", "analytics"},
		{"https://js.hsforms.net/forms/v2.js", NULL},
		{"https://mc.yandex.ru/metrika/tag.js", "analytics"},
		{"https://mc.yandex.com/watch/1", "analytics"},
		{"https://vk.com/rtrg?p=VK-RTRG-1", "advertising"},
		{"https://top-fwz1.mail.ru/js/code.js", "analytics"},
		{"https://ct.pinterest.com/v3/?tid=1", "advertising"},
		{"https://bat.bing.com/bat.js", "advertising"},
		{"https://www.clarity.ms/tag/abc", "analytics"},
		{"https://www.shop.example/stats/matomo.js", "analytics"},
		{"https://www.shop.example/stats/matomo.php?idsite=1", "analytics"},
		{"https://www.shop.example/piwik.php", "analytics"},
		{"https://www.shop.example/matomo.json", NULL},
		{"https://www.shop.example/metrika/tag.js", "analytics"},
		{"https://www.shop.example/b/ss/shop/1/JS-2.22/s1?AQB=1&ndh=1", "analytics"},
		{"https://www.shop.example/cdn/s/trekkie.storefront.abc.min.js", "analytics"},
		{"https://www.shop.example/app.js", NULL},
		{"https://munchkin.marketo.net/munchkin.js", "advertising"},
		{"https://consent.cookiebot.com/uc.js", "necessary"},
		{"https://cdn.cookielaw.org/scripttemplates/otSDKStub.js", "necessary"},
		{"https://js.stripe.com/v3/", "necessary"},
		{"https://widget.intercom.io/widget/abc", "preferences"},
		{"https://www.youtube.com/embed/abc", "preferences"},
		{"https://www.youtube.com/watch?v=abc", NULL},
		{"https://player.vimeo.com/video/1", "preferences"},
		{"https://static.ads-twitter.com/uwt.js", "advertising"},
		{"https://t.co/1/i/adsct?bci=4", "advertising"},
		/* Of the long tail. */
		{"https://c.amazon-adsystem.com/aax2/apstag.js", "advertising"},
		{"https://cdn.adsafeprotected.com/iasPET.1.js", "advertising"},
		{"https://secure.flashtalking.com/x", "advertising"},
		{"https://cdn.quantummetric.com/qscripts/x.js", "analytics"},
		{"https://cdn.jwplayer.com/players/x.js", "preferences"},
		{"https://www.apple.com/", NULL},
		{"https://cdn.jsdelivr.net/npm/vue", NULL},
	};
	struct ruleset *rs = load(PURPOSES "include vendors/all.rules\n", 0);
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct arena arena;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		const char *purpose;

		arena_init(&arena, 0, 1 << 16);
		purpose = purpose_of_url(rs, scratch, cases[i].url, &arena);
		if (!purpose != !cases[i].purpose || (purpose && strcmp(purpose, cases[i].purpose) != 0))
			fail_msg("%s is %s", cases[i].url, purpose ? purpose : "not named");
		arena_free(&arena);
	}
	pattern_scratch_free(scratch);
	ruleset_free(rs);
}

/* Lists hold nothing but what is understood. */
static void test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < shipped_count(); i++) {
		const struct filter_options options = {0};
		struct filter_counts counts;

		if (!is_list(shipped_at(i)))
			continue;
		filter_free(filter_compile(shipped_at(i)->text, shipped_at(i)->path, &options, NULL, &counts));
		assert_int_equal(counts.lines, counts.blocks + counts.comments);
		assert_true(counts.blocks > 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_file),   cmocka_unit_test(test_formatted),
		cmocka_unit_test(test_find),	    cmocka_unit_test(test_all_includes_each),
		cmocka_unit_test(test_known_names), cmocka_unit_test(test_known_params),
		cmocka_unit_test(test_known_urls),  cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
