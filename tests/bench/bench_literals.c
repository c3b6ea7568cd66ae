/*
 * The search for literals in scripts (300 hosts and markers, and 40000 hosts) and for the URLs they spell out, over
 * minified JavaScript; the result is how many are found.
 */
#include <stdio.h>

#include "rules/base/buffer.h"
#include "rules/html/literals.h"
#include "rules/html/script_urls.h"
#include "tests/bench/bench.h"

struct search {
	const struct literals *l;
	struct slice text;
};

static bool found(void *arg, size_t id, size_t end)
{
	(void)id;
	(void)end;
	++*(size_t *)arg;
	return true;
}

static size_t find(void *arg)
{
	const struct search *s = arg;
	size_t n = 0;

	(void)literals_find(s->l, s->text, found, &n);
	return n;
}

static size_t find_urls(void *arg)
{
	static struct buffer scratch;
	struct slice rest = ((const struct search *)arg)->text;
	struct script_url url;
	size_t n = 0;

	buffer_init(&scratch, BENCH_LARGE);
	while (script_urls_next(&rest, &scratch, &url))
		n++;
	buffer_free(&scratch);
	return n;
}

static const char *const markers[] = {
	"fbq(",		  "ttq.load",	"_gaq.push",	     "gtag(",
	"dataLayer.push", "ym(",	"_linkedin_partner", "hj(",
	"_hsq.push",	  "twq(",	"pintrk(",	     "snaptr(",
	"VK.Retargeting", "_paq.push",	"mixpanel.init",     "amplitude.init",
	"clarity(",	  "rdt('init'", "adsbygoogle",	     "googletag.cmd",
	"criteo_q",	  "_tmr.push",	"heap.load",	     "FS.identify",
};
static const char *const hosts[] = {
	"google-analytics.com",
	"googletagmanager.com",
	"doubleclick.net",
	"connect.facebook.net",
	"facebook.com",
	"analytics.tiktok.com",
	"snap.licdn.com",
	"hotjar.com",
	"hs-scripts.com",
	"mc.yandex.ru",
	"top-fwz1.mail.ru",
	"static.ads-twitter.com",
	"clarity.ms",
	"criteo.com",
	"quantserve.com",
	"scorecardresearch.com",
	"segment.com",
	"mixpanel.com",
	"amplitude.com",
	"newrelic.com",
	"nr-data.net",
	"demdex.net",
	"omtrdc.net",
	"adnxs.com",
	"rubiconproject.com",
	"pubmatic.com",
	"taboola.com",
	"outbrain.com",
	"bing.com",
	"t.co",
};

/* count literals: markers if asked for, known hosts, then made ones. */
static struct literals *set_of(size_t count, bool with_markers)
{
	static const char *const words[] = {"track", "stat",  "metric", "ads", "pixel",	 "click", "data", "insight",
					    "media", "smart", "zone",	"tag", "beacon", "count", "log",  "push"};
	static const char *const ends[] = {".com", ".net", ".io", ".co.uk", ".de", ".ru"};
	static struct arena arena;
	struct literals *l;

	arena_init(&arena, 0, 1 << 26);
	l = literals_new(&arena);
	CG_CHECK(l);
	for (size_t i = 0; with_markers && i < CG_COUNT(markers); i++)
		CG_CHECK(literals_add(l, slice_str(markers[i]), LITERAL_TEXT));
	for (size_t i = 0; i < CG_COUNT(hosts); i++)
		CG_CHECK(literals_add(l, slice_str(hosts[i]), LITERAL_HOST));
	for (size_t i = 0; literals_count(l) < count; i++) {
		char host[64];

		snprintf(host, sizeof host, "%s%c%s%zu%s", words[i % 16], "aeiouxyz-q"[i % 10], words[i / 16 % 16],
			 i / 256, ends[i % 6]);
		CG_CHECK(literals_add(l, slice_str(host), LITERAL_HOST));
	}
	CG_CHECK(literals_finish(l));
	return l;
}

static const char minified[] =
	"!function(e,t){\"object\"==typeof exports&&\"undefined\"!=typeof "
	"module?module.exports=t():\"function\"==typeof "
	"define&&define.amd?define(t):(e=e||self).Acme=t()}(this,function(){\"use strict\";var e=Object.freeze({});"
	"function t(e){return null==e}function n(e){return null!=e}function r(e){return!0===e}function "
	"o(e){return\"string\""
	"==typeof e||\"number\"==typeof e}var i=Object.prototype.toString;function a(e){return\"[object "
	"Object]\"===i.call(e"
	")}function s(e){var t=parseFloat(String(e));return t>=0&&Math.floor(t)===t&&isFinite(e)}function "
	"c(e,t){for(var n="
	"Object.create(null),r=e.split(\",\"),o=0;o<r.length;o++)n[r[o]]=!0;return t?function(e){return "
	"n[e.toLowerCase()]}"
	":function(e){return n[e]}}$(document).ready(function(){$(\".menu-item a\").on(\"click\",function(e){e."
	"preventDefault();var "
	"t=$(this).attr(\"href\");$(\"html,body\").animate({scrollTop:$(t).offset().top-80},600)})});"
	"window.__STATE__={\"user\":null,\"cart\":{\"items\":[{\"id\":93481,\"name\":\"Winter jacket, dark "
	"blue\",\"price\":129.9,\"image\":\"https:\\/\\/cdn.shop.example\\/img\\/93481_large.jpg\",\"tags\":[\"sale\","
	"\"outdoor\"]}],\"total\":129.9},\"locale\":\"en-GB\",\"features\":{\"newCheckout\":true,\"wishlist\":false}};"
	"if(document.readyState===\"loading\"){document.addEventListener(\"DOMContentLoaded\",m)}else{m()}function "
	"m(){var "
	"t=document.querySelectorAll(\"[data-lazy]\"),n=new "
	"IntersectionObserver(function(e){e.forEach(function(e){if(e."
	"isIntersecting){var "
	"t=e.target;t.src=t.getAttribute(\"data-lazy\");n.unobserve(t)}})},{rootMargin:\"200px\"});for("
	"var r=0;r<t.length;r++)n.observe(t[r])}var "
	"u=/^([\\w.%+-]+)@([\\w-]+\\.)+([\\w]{2,})$/i,l=\"transition-delay\",f={"
	"ease:function(e){return e<.5?2*e*e:(4-2*e)*e-1}};";

static void add_urls(const char *what, struct slice text)
{
	bench_add(find_urls, bench_keep(&(struct search){.text = text}, sizeof(struct search)), text.n, "%s: URLs",
		  what);
}

static void add_all(const char *what, struct slice text)
{
	static const struct {
		const char *name;
		size_t count;
		bool markers;
	} sets[] = {{"300 literals", 300, true}, {"300 hosts", 300, false}, {"40000 hosts", 40000, false}};
	static const struct literals *compiled[CG_COUNT(sets)];

	for (size_t i = 0; i < CG_COUNT(sets); i++) {
		if (!compiled[i])
			compiled[i] = set_of(sets[i].count, sets[i].markers);
		bench_add(find, bench_keep(&(struct search){compiled[i], text}, sizeof(struct search)), text.n,
			  "%s: %s", what, sets[i].name);
	}
	add_urls(what, text);
}

static void add_slow(void)
{
	add_all("20 MB of one host", bench_repeated("", "//stats.doubleclick.net/", BENCH_LARGE));
	add_all("20 MB of fbq(", bench_repeated("", "fbq(", BENCH_LARGE));
	add_all("20 MB of trackatrack", bench_repeated("", "trackatrack", BENCH_LARGE));
	add_urls("20 MB of /", bench_repeated("", "/", BENCH_LARGE));
	add_urls("20 MB of quoted /", bench_repeated("'", "/", BENCH_LARGE));
	add_urls("20 MB of //x", bench_repeated("'", "//x", BENCH_LARGE));
	add_urls("20 MB of \\/", bench_repeated("", "\\/", BENCH_LARGE));
	add_urls("20 MB of \"\\/\\/x", bench_repeated("", "\"\\/\\/x", BENCH_LARGE));
	add_urls("20 MB of 2f", bench_repeated("", "2f", BENCH_LARGE));
	add_urls("20 MB of ,http://", bench_repeated("", ",http://", BENCH_LARGE));
	add_all("20 MB of a", bench_repeated("", "a", BENCH_LARGE));
}

int main(int argc, char **argv)
{
	struct bench_options o = bench_begin(argc, argv);

	for (size_t i = 0; i < o.n_files; i++)
		add_all(o.files[i].name, o.files[i].octets);
	if (!o.n_files)
		add_all("minified script", bench_repeated("", minified, 200000));
	if (o.slow)
		add_slow();
	return bench_end();
}
