/*
 * Speed of the search for literals in scripts (300 hosts and markers, and 40000 hosts) and for the URLs they spell
 * out, over minified JavaScript and over text made to be slow. Not a test. Usage: tests/bench/bench_literals [FILE...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/base/buffer.h"
#include "rules/html/literals.h"
#include "rules/html/script_urls.h"

#define LARGE (20u << 20)

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool found(void *arg, size_t id, size_t end)
{
	(void)id;
	(void)end;
	++*(size_t *)arg;
	return true;
}

static void measure(const char *what, const char *set, const struct literals *l, struct slice text)
{
	double best = 1e9, begin = seconds();
	size_t n = 0;

	for (int i = 0; i < 3 || seconds() - begin < 0.3; i++) {
		double from = seconds(), took;

		n = 0;
		literals_find(l, text, found, &n);
		took = seconds() - from;
		best = took < best ? took : best;
	}
	printf("%-28s %-12s %8.2f GB/s %9zu found\n", what, set, (double)text.n / best / 1e9, n);
}

static void measure_urls(const char *what, struct slice text)
{
	double best = 1e9, begin = seconds();
	struct script_url found_url;
	struct buffer scratch;
	size_t n = 0;

	buffer_init(&scratch, LARGE);
	for (int i = 0; i < 3 || seconds() - begin < 0.3; i++) {
		double from = seconds(), took;
		struct slice rest = text;

		for (n = 0; script_urls_next(&rest, &scratch, &found_url);)
			n++;
		took = seconds() - from;
		best = took < best ? took : best;
	}
	printf("%-28s %-12s %8.2f GB/s %9zu found\n", what, "URLs", (double)text.n / best / 1e9, n);
	buffer_free(&scratch);
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
static struct literals *set_of(struct arena *arena, size_t count, bool with_markers)
{
	static const char *const words[] = {"track", "stat",  "metric", "ads", "pixel",	 "click", "data", "insight",
					    "media", "smart", "zone",	"tag", "beacon", "count", "log",  "push"};
	static const char *const ends[] = {".com", ".net", ".io", ".co.uk", ".de", ".ru"};
	struct literals *l = literals_new(arena);

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

static struct slice repeated(char *large, const char *begin, const char *again, size_t limit)
{
	size_t n = strlen(begin), m = strlen(again);

	memcpy(large, begin, n);
	for (; n + m <= limit; n += m)
		memcpy(large + n, again, m);
	return slice_of(large, n);
}

static void measure_all(const char *what, struct slice text)
{
	static const struct {
		const char *name;
		size_t count;
		bool markers;
	} sets[] = {{"300", 300, true}, {"300 hosts", 300, false}, {"40000 hosts", 40000, false}};

	for (size_t i = 0; i < CG_COUNT(sets); i++) {
		struct arena arena;

		arena_init(&arena, 0, 1 << 26);
		measure(what, sets[i].name, set_of(&arena, sets[i].count, sets[i].markers), text);
		arena_free(&arena);
	}
	measure_urls(what, text);
}

static void measure_file(const char *path, char *large)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		perror(path);
		exit(2);
	}
	n = fread(large, 1, LARGE, f);
	fclose(f);
	measure_all(path, slice_of(large, n));
}

int main(int argc, char **argv)
{
	char *large = malloc(LARGE);

	CG_CHECK(large != NULL);
	for (int i = 1; i < argc; i++)
		measure_file(argv[i], large);
	if (argc == 1) {
		measure_all("minified script", repeated(large, "", minified, 200000));
		measure_all("20 MB of one host", repeated(large, "", "//stats.doubleclick.net/", LARGE));
		measure_all("20 MB of fbq(", repeated(large, "", "fbq(", LARGE));
		measure_all("20 MB of trackatrack", repeated(large, "", "trackatrack", LARGE));
		measure_urls("20 MB of /", repeated(large, "", "/", LARGE));
		measure_urls("20 MB of quoted /", repeated(large, "'", "/", LARGE));
		measure_urls("20 MB of //x", repeated(large, "'", "//x", LARGE));
		measure_urls("20 MB of \\/", repeated(large, "", "\\/", LARGE));
		measure_urls("20 MB of \"\\/\\/x", repeated(large, "", "\"\\/\\/x", LARGE));
		measure_urls("20 MB of 2f", repeated(large, "", "2f", LARGE));
		measure_urls("20 MB of ,http://", repeated(large, "", ",http://", LARGE));
		measure_all("20 MB of a", repeated(large, "", "a", LARGE));
	}
	free(large);
	return 0;
}
