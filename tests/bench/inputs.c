#include <stdlib.h>
#include <string.h>

#include "rules/base/buffer.h"
#include "tests/bench/bench.h"

static const char head[] = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Acme</title>\n"
			   "<link rel=\"stylesheet\" href=\"/site.css\">\n<!-- Google Tag Manager -->\n"
			   "<script>(function(w,d,s,l,i){w[l]=w[l]||[];w[l].push({'gtm.start':new Date().getTime(),"
			   "event:'gtm.js'});for(var i=0;i<9;i++)f();})(window,document,'script','dataLayer','GTM-1');"
			   "</script>\n<script async src=\"https://www.googletagmanager.com/gtag/js?id=G-1\"></script>"
			   "</head>\n<body>\n";
static const char card[] =
	"<section class=\"card c%d\" id=\"p%d\"><h2>Spring offer of the season</h2><a "
	"href=\"/product/%d?utm_source=home"
	"&amp;utm_campaign=spring\" class=\"button large\" title='the offer'><img loading=\"lazy\" "
	"src=\"/img/p%d.jpg\" "
	"alt=\"an offer\"></a><div class=\"row ads7\"><p>launch spring offer brand story <b>product</b> secure simple "
	"growth team privacy choice customer design support value discover premium season delivery <em>style</em> "
	"cloud "
	"and much more of what is in shops of that kind, as every page of them has it.</p></div></section>\n";
static const char icon[] = "<svg viewBox=\"0 0 24 24\"><g><path d=\"M12 2C6.48 2 2 6.48 2 12s4.48 10 10 10 10-4.48 "
			   "10-10S17.52 2 12 2z\"/></g></svg>\n";
static const char tail[] = "<noscript><img height=1 width=1 src=\"https://www.facebook.com/tr?id=1\"></noscript>"
			   "</body></html>";

struct slice bench_page(void)
{
	struct buffer b;

	buffer_init(&b, 1 << 20);
	buffer_add_str(&b, head);
	for (int i = 0; b.n < 120000; i++) {
		buffer_printf(&b, card, i % 7, i, i, i);
		if (i % 9 == 4)
			buffer_printf(&b, "<script>dataLayer.push({event:'view_item_list',list:'l%d'});</script>\n", i);
		if (i % 9 == 0)
			buffer_printf(&b, "<script src=https://host%d.example/x.js></script>\n", i);
		if (i % 5 == 0)
			buffer_add_str(&b, icon);
	}
	buffer_add_str(&b, tail);
	CG_CHECK(!b.failed);
	return buffer_slice(&b);
}

struct slice bench_repeated(const char *begin, const char *again, size_t octets)
{
	char *p = malloc(octets);
	size_t n = strlen(begin), m = strlen(again);

	CG_CHECK(p && n <= octets);
	memcpy(p, begin, n);
	for (; n + m <= octets; n += m)
		memcpy(p + n, again, m);
	return slice_of(p, n);
}
