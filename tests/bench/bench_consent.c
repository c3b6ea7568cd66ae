/*
 * Consent resolved from a request's cookies: the own signed one, and what other consent managers store; the result is
 * the set that is granted.
 */
#include "proxy/tls/tls.h"
#include "tests/bench/bench.h"
#include "tests/support/page_run.h"

#define NOW INT64_C(1780000000)

#define PURPOSES "purpose preferences\npurpose analytics\npurpose advertising\n"

/* Cookies of consent managers, in the shape in which sites send them. */
static const struct {
	const char *rules, *what, *cookies;
} stored[] = {
	{PURPOSES, "no cookies", NULL},
	{PURPOSES "accept consent from trustarc onetrust tcf\n", "none of three managers", "PHPSESSID=6f1c0a9b; _ga=1"},
	{PURPOSES "accept consent from tcf\n", "tcf",
	 "euconsent-v2=CPnHJ0HPnHJ0HFCABAENC3CsAP_AAH_AAAwIF5wAQF5gXnABAXmAAAAA.YAAAAAAAAAAA"},
	{PURPOSES "accept consent from onetrust\n", "onetrust",
	 "OptanonConsent=isGpcEnabled=0&datestamp=Wed+Feb+01+2023+12%3A35%3A32+GMT%2B0100+(Central+European+Standard+"
	 "Time)&version=202209.1.0&isIABGlobal=false&hosts=&consentId=00000000-0000-4000-8000-000000000000&"
	 "interactionCount=1&landingPath=NotLandingPage&groups=C0001%3A1%2CC0002%3A0%2CC0003%3A1%2CC0004%3A1%2C"
	 "C0005%3A1&geolocation=AT%3B9&AwaitingReconsent=false"},
	{PURPOSES "accept consent from trustarc\n", "trustarc",
	 "notice_preferences=2:; notice_gdpr_prefs=0,1,2:; cmapi_cookie_privacy=permit 1,2,3"},
	{PURPOSES "accept consent from cookiebot\n", "cookiebot",
	 "CookieConsent={stamp:%27x%27%2Cnecessary:true%2Cpreferences:false%2Cstatistics:true%2Cmarketing:false%"
	 "2Cmethod:"
	 "%27explicit%27%2Cver:1}"},
	{PURPOSES "accept consent from didomi\n", "didomi (JSON in base64)",
	 "didomi_token=eyJwdXJwb3NlcyI6eyJlbmFibGVkIjpbImFuYWx5dGljcyJdfX0="},
};

struct visitor {
	struct consent_query q;
	struct arena arena;
	struct fields fields;
};

static size_t resolve(void *arg)
{
	const struct visitor *v = arg;

	return (size_t)consent_resolve(&v->q, &v->fields).granted;
}

static struct visitor *new_visitor(const char *rules, const struct consent_mac *mac)
{
	struct page_run run;
	struct visitor *v;

	CG_CHECK(page_run_open(&run, rules));
	v = bench_keep(&(struct visitor){.q = {.rules = run.rules,
					       .mac = mac,
					       .site = run.env.site,
					       .secure = true,
					       .now = NOW,
					       .scratch = run.env.scratch}},
		       sizeof *v);
	arena_init(&v->arena, 0, 65536);
	fields_init(&v->fields, &v->arena);
	return v;
}

static void add_stored(const struct consent_mac *mac)
{
	for (size_t i = 0; i < CG_COUNT(stored); i++) {
		struct visitor *v = new_visitor(stored[i].rules, mac);

		if (stored[i].cookies)
			CG_CHECK(fields_add_id(&v->fields, FIELD_COOKIE, slice_str(stored[i].cookies)));
		bench_add(resolve, v, 0, "%s", stored[i].what);
	}
}

static void add_signed(const char *what, const struct consent_mac *mac, const struct consent_mac *signer)
{
	static const unsigned char id[16] = {1};
	struct visitor *v = new_visitor(PURPOSES, mac);
	struct consent_query q = v->q;
	struct slice token;

	q.mac = signer;
	token = consent_token_make(&q, 7, id, &v->arena);
	CG_CHECK(token.n);
	CG_CHECK(fields_add_id(&v->fields, FIELD_COOKIE,
			       arena_printf(&v->arena, "PHPSESSID=6f1c0a9b; %.*s=%.*s",
					    SLICE_ARG(consent_cookie_name(true)), SLICE_ARG(token))));
	bench_add(resolve, v, 0, "signed cookie, %s", what);
}

static enum load_result load_nothing(void *arg, struct slice path, struct slice *content)
{
	(void)arg;
	(void)path;
	(void)content;
	return LOAD_MISSING;
}

static const struct consent_mac *random_key(void)
{
	static const struct loader none = {.load = load_nothing};
	struct diagnostics d;

	diagnostics_init(&d);
	return tls_consent_mac(tls_consent_keys_load(&none, SLICE(""), NULL, &d));
}

int main(int argc, char **argv)
{
	const struct consent_mac *mac = random_key();

	(void)bench_begin(argc, argv);
	add_signed("good", mac, mac);
	add_signed("forged", mac, random_key());
	add_stored(mac);
	return bench_end();
}
