/* The page rewriter: what becomes of each carrier, and that it does not matter how the page came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/page_fixture.h"

#define RULES                                                                                                         \
	"purpose preferences \"Remember\"\n"                                                                          \
	"purpose analytics \"Count visits\"\n"                                                                        \
	"purpose advertising \"Advertising\"\n"                                                                       \
	"cookie * is advertising\n"                                                                                   \
	"beacon script#consent is necessary\n"                                                                        \
	"beacon script containing \"OneTrust\" is necessary\n"                                                        \
	"beacon ||stats.example^ is analytics\n"                                                                      \
	"beacon ||ads.example^ is advertising\n"                                                                      \
	"beacon /own-pixel.gif is analytics\n"                                                                        \
	"beacon script containing \"fbq(\" is advertising\n"                                                          \
	"beacon script containing /_p[ax]q/ is analytics\n"                                                           \
	"beacon img[width=\"1\"][height=\"1\"] is advertising removed\n"                                              \
	"beacon iframe[src*=\"video\"] is preferences replaced by placeholder\n"                                      \
	"beacon div.ad is advertising\n"                                                                              \
	"beacon aside.ad is advertising replaced by <<HTML\n"                                                         \
	"<p>Held back</p>\n"                                                                                          \
	"HTML\n"                                                                                                      \
	"beacon object.gone, li.gone, p.gone, td.gone, dt.gone, g.gone, svg.gone, x-ad.gone is advertising removed\n" \
	"beacon style.gone is advertising\n"                                                                          \
	"param gclid is advertising\n"

static void check_rows(const char *rules, const char *granted, const struct page_row *rows, size_t n)
{
	struct fixture f;

	fixture_open(&f, rules);
	page_visit(&f, granted);
	f.decision.page.document = false;
	for (size_t i = 0; i < n; i++)
		page_check_row(&f, &rows[i]);
	fixture_close(&f);
}

#define AN    " data-cg=\"analytics\""
#define AD    " data-cg=\"advertising\""
#define PLAIN " type=\"text/plain\""

static const struct page_row carriers[] = {
	{"<p>Nothing here</p>", NULL},
	{"<script src=\"https://stats.example/x.js\" async></script>!",
	 "<script" PLAIN AN " data-cg-src=\"https://stats.example/x.js\" async></script>!"},
	{"<script src=https://ok.example/x.js></script>", NULL},
	{"<script type=module src=//stats.example/x.js></script>",
	 "<script" PLAIN AN " data-cg-type=module data-cg-src=//stats.example/x.js></script>"},
	{"<SCRIPT SRC = 'https://WWW.Stats.EXAMPLE/x.js'></SCRIPT>",
	 "<SCRIPT" PLAIN AN " data-cg-SRC = 'https://WWW.Stats.EXAMPLE/x.js'></SCRIPT>"},
	{"<script src=\"https://stats&#46;example/x\"></script>",
	 "<script" PLAIN AN " data-cg-src=\"https://stats&#46;example/x\"></script>"},
	{"<script src=\"https://sta\tts.exa\nmple/x\"></script>",
	 "<script" PLAIN AN " data-cg-src=\"https://sta\tts.exa\nmple/x\"></script>"},
	{"<img src=\\\\stats.example\\x>", "<img" AN " data-cg-src=\\\\stats.example\\x>"},
	{"<img src=https://u:p@stats.example.:443/x>", "<img" AN " data-cg-src=https://u:p@stats.example.:443/x>"},
	{"<img src=/own-pixel.gif>", "<img" AN " data-cg-src=/own-pixel.gif>"},
	{"<img src=../own-pixel.gif?x>", "<img" AN " data-cg-src=../own-pixel.gif?x>"},
	{"<img src=data:image/gif;base64,R0>", NULL},
	{"<img src='data:image/svg+xml,<image href=https://ads.example/>'>", NULL},
	{"<iframe src='data:text/html,<img src=https://ads.example/>'></iframe>",
	 "<iframe" AD " data-cg-src='data:text/html,<img src=https://ads.example/>'></iframe>"},
	{"<iframe src=' DA\tta:text/html;a=b,%3Cscript%3E%66bq(1)'></iframe>",
	 "<iframe" AD " data-cg-src=' DA\tta:text/html;a=b,%3Cscript%3E%66bq(1)'></iframe>"},
	{"<iframe src='data:Text/HTML ; Base64 ,PGltZyBzcmM9aHR0\ncHM6Ly9hZHMuZXhhbXBsZS8+'></iframe>",
	 "<iframe" AD " data-cg-src='data:Text/HTML ; Base64 ,PGltZyBzcmM9aHR0\ncHM6Ly9hZHMuZXhhbXBsZS8+'></iframe>"},
	{"<iframe srcdoc='<noscript><img src=//ads.example/></noscript>'></iframe>",
	 "<iframe" AD " data-cg-srcdoc='<noscript><img src=//ads.example/></noscript>'></iframe>"},
	{"<iframe src='data:text/html;base64,PGltZz4='></iframe><iframe src='data:text/html'></iframe>", NULL},
	{"<iframe src='data:text/plain,https://ads.example/'></iframe>", NULL},
	{"<object data='data:image/svg+xml,<image href=%22https://ads.example/%22/>'></object>",
	 "<object" AD " data-cg-data='data:image/svg+xml,<image href=%22https://ads.example/%22/>'></object>"},
	{"<iframe src=\"javascript:'<img src=https://ads.example/>'\"></iframe>",
	 "<iframe" AD " data-cg-src=\"javascript:'<img src=https://ads.example/>'\"></iframe>"},
	{"<iframe src='javascript:fetch(`//ads%2Eexample/`)'></iframe>",
	 "<iframe" AD " data-cg-src='javascript:fetch(`//ads%2Eexample/`)'></iframe>"},
	{"<iframe src='javascript:void(0)'></iframe>", NULL},
	{"<script src=\"data:text/javascript,fetch('https://stats.example/')\"></script>",
	 "<script" PLAIN AN " data-cg-src=\"data:text/javascript,fetch('https://stats.example/')\"></script>"},
	{"<link rel=stylesheet href='data:text/css,@import url(https://ads.example/)'>",
	 "<link" AD " rel=stylesheet data-cg-href='data:text/css,@import url(https://ads.example/)'>"},
	{"<link rel=stylesheet href='data:text/css,a{b:c}'>", NULL},
	{"<svg><image href=a><set attributeName=href to=https://ads.example/ /></image></svg>",
	 "<svg><image href=a><set" AD " attributeName=href data-cg-to=https://ads.example/ /></image></svg>"},
	{"<svg><animate attributeName='xlink:href' values='a; https://ads.example/;b'/></svg>",
	 "<svg><animate" AD " attributeName='xlink:href' data-cg-values='a; https://ads.example/;b'/></svg>"},
	{"<svg><set attributeName=fill to=https://ads.example/ /></svg>", NULL},
	{"<svg><set attributeName=' mask' to=url(//ads.example/) /><animate attributeName=Fill "
	 "values='a;url(//ads.example)'"
	 "/></svg>",
	 "<svg><set" AD " attributeName=' mask' data-cg-to=url(//ads.example/) /><animate" AD
	 " attributeName=Fill data-cg-values='a;url(//ads.example)'/></svg>"},
	{"<svg mask='url(\"//ads.example/\")'><rect FILL=url(//ads.example/#a) stroke=url(#b) class='a(' /></svg>",
	 "<svg" AD " data-cg-mask='url(\"//ads.example/\")'><rect" AD
	 " data-cg-FILL=url(//ads.example/#a) stroke=url(#b) class='a(' /></svg>"},
	{"<svg><path marker-end=&#117;rl&lpar;//ads.example/) /><g cursor='\\75 rl(https://ads.example/), "
	 "auto'></g></svg>",
	 "<svg><path" AD " data-cg-marker-end=&#117;rl&lpar;//ads.example/) /><g" AD
	 " data-cg-cursor='\\75 rl(https://ads.example/), auto'></g></svg>"},
	{"<svg><rect fill=url(#a) mask=none clip-path=url(/ok.svg) filter=//ads.example /></svg>", NULL},
	{"<p mask=url(//ads.example/) fill=url(//ads.example/)>x</p>", NULL},
	{"<svg><foreignObject><p mask=url(//ads.example/)>x</p></foreignObject></svg>", NULL},
	{"<img src=ok.gif src=https://stats.example/>", NULL},
	{"<img src=https://stats.example/ src=https://ads.example/>",
	 "<img" AN " data-cg-src=https://stats.example/ data-cg-src=https://ads.example/>"},
	{"<img src=a srcset=\"a 1x, https://ads.example/b 2x\">",
	 "<img" AD " src=a data-cg-srcset=\"a 1x, https://ads.example/b 2x\">"},
	{"<image src=https://stats.example/>", "<image" AN " data-cg-src=https://stats.example/>"},
	{"<svg><image href=https://stats.example/ /></svg>",
	 "<svg><image" AN " data-cg-href=https://stats.example/ /></svg>"},
	{"<svg><use xlink:href=https://stats.example/#a></use></svg>",
	 "<svg><use" AN " data-cg-xlink:href=https://stats.example/#a></use></svg>"},
	{"<svg><script href=https://stats.example/ /><a></a></svg>",
	 "<svg><script" PLAIN AN " data-cg-href=https://stats.example/ ></script><a></a></svg>"},
	{"<svg><script>fbq(&apos;x&apos;)</script></svg>",
	 "<svg><script" PLAIN AD ">fbq(&apos;x&apos;)</script></svg>"},
	{"<svg><script>f&#98;q(1)</script></svg>", "<svg><script" PLAIN AD ">f&#98;q(1)</script></svg>"},
	{"<svg><script>fb<![CDATA[q(1)]]></script></svg>",
	 "<svg><script" PLAIN AD ">fb<![CDATA[q(1)]]></script></svg>"},
	{"<svg><script>fb<!--x-->q(1)</script></svg>", "<svg><script" PLAIN AD ">fb<!--x-->q(1)</script></svg>"},
	{"<svg><script>fb<g></g>q(1)</script></svg>", "<svg><script></script></svg>"},
	{"<svg><script>fb<?x>q(1)</script></svg>", "<svg><script></script></svg>"},
	{"<svg><script>i < 3<!--x--></script><script>2<![CDATA[ <i> ]]></script></svg>", NULL},
	{"<svg><style>a{b:url(//ads.<!--x-->example/)}</style></svg>",
	 "<svg><style>a{b:url(&quot;data:,&quot;)}</style></svg>"},
	{"<svg><style>a &gt; b{b:url(//ads.<![CDATA[example/)}]]>c&lt;</style></svg>",
	 "<svg><style>a &gt; b{b:url(&quot;data:,&quot;)}c&lt;</style></svg>"},
	{"<svg><style>@import '//ads.example/<!--';</style><rect mask='url(//ads.example/-->)'></svg>",
	 "<svg><style>@import &quot;data:,&quot;&gt;</style></svg>"},
	{"<svg><style>a <!--x-->b{}<![CDATA[ c{} ]]></style></svg>", NULL},
	{"<svg><![CDATA[<img src=https://stats.example/>]]></svg>",
	 "<svg>&lt;img src=https://stats.example/&gt;</svg>"},
	{"<svg><![CDATA[ a > b &amp; c ]]></svg><![CDATA[ > <p> ]]>", NULL},
	{"<svg><title>A &lt;b> <!-- c --> d</title><title/><g/></svg>",
	 "<svg><title>A &lt;b> <!-- c --> d</title><title></title><g/></svg>"},
	{"<svg><title>A<!-- </title><img src=//ads.example/> -->B</title></svg>", "<svg><title>AB</title></svg>"},
	{"<svg><xmp>A<![CDATA[</xmp><img src=//ads.example/>]]></xmp></svg>",
	 "<svg><xmp>A&lt;/xmp&gt;&lt;img src=//ads.example/&gt;</xmp></svg>"},
	{"<svg><title>A<a title='</title><img src=//ads.example/>'>x</a></title>B</svg>",
	 "<svg><title></title>B</svg>"},
	{"<svg><title><svg><title>x</title></svg></title></svg>C", "<svg><title></title></svg>C"},
	{"<svg><textarea><p title='</textarea><img src=//ads.example/>'></p></svg>",
	 "<svg><textarea></textarea><p title='</textarea><img src=//ads.example/>'></p></svg>"},
	{"<svg><title>A</svg><p title='</title>'>", "<svg><title>A</title></svg><p title='</title>'>"},
	{"<svg><style><foreignObject><a></style>b<style><image href=//ads.example/></style>",
	 "<svg><style></style>b<style></style>"},
	{"<svg><title><svg><p>a</p></svg></title><image href=//ads.example/></svg>",
	 "<svg><title></title></svg></title><image" AD " data-cg-href=//ads.example/></svg>"},
	{"<svg><script>a()</svg><p>", "<svg><script></script></svg><p>"},
	{"<svg><script>a<!-- </script><img src=//ok.example/> --></script></svg>", "<svg><script>a</script></svg>"},
	{"<frameset><style><p title='</style><img src=//ads.example/>'></style><frame src=//ok.example>",
	 "<frameset><style></style><frame src=//ok.example>"},
	{"<frameset><style>a{}</style><noframes><img src=//ads.example/></noframes>", NULL},
	{"<svg><style/><p title='</style>'>", "<svg><style></style><p title='</style>'>"},
	{"<svg><base href=//ads.example/></base><base href=//ok.example/></base></svg><img src=x>",
	 "<svg><base" AD " data-cg-href=//ads.example/></base><base href=//ok.example/></base></svg><img src=x>"},
	{"<img src=x><base href=//ads.example/>", "<img src=x><base" AD " data-cg-href=//ads.example/>"},
	{"<img src=x><base href=//ok.example/>", NULL},
	{"<div><![CDATA[<img src=https://stats.example/>]]></div>", NULL},
	{"<link rel=stylesheet href=https://stats.example/>",
	 "<link" AN " rel=stylesheet data-cg-href=https://stats.example/>"},
	{"<link rel=canonical href=https://stats.example/>", NULL},
	{"<link rel='dns-prefetch' href=//stats.example>",
	 "<link" AN " rel='dns-prefetch' data-cg-href=//stats.example>"},
	{"<link rel=preload as=image imagesrcset='https://ads.example/ 1x'>",
	 "<link" AD " rel=preload as=image data-cg-imagesrcset='https://ads.example/ 1x'>"},
	{"<iframe src=https://ads.example/></iframe>", "<iframe" AD " data-cg-src=https://ads.example/></iframe>"},
	{"<iframe srcdoc=\"<img src=https://stats.example/>\"></iframe>",
	 "<iframe" AN " data-cg-srcdoc=\"<img src=https://stats.example/>\"></iframe>"},
	{"<iframe srcdoc='&lt;script>fbq(1)&lt;/script>'></iframe>",
	 "<iframe" AD " data-cg-srcdoc='&lt;script>fbq(1)&lt;/script>'></iframe>"},
	{"<iframe srcdoc='<p>hello'></iframe>", NULL},
	{"<a href=/ ping='/x https://stats.example/p'>x</a>",
	 "<a" AN " href=/ data-cg-ping='/x https://stats.example/p'>x</a>"},
	{"<a href=https://stats.example/>x</a>", NULL},
	{"<form action=https://ads.example/><input type=image src=https://ads.example/i></form>",
	 "<form" AD " data-cg-action=https://ads.example/><input" AD
	 " type=image data-cg-src=https://ads.example/i></form>"},
	{"<body background=https://ads.example/>", "<body" AD " data-cg-background=https://ads.example/>"},
	{"<td background=https://ads.example/>", "<td" AD " data-cg-background=https://ads.example/>"},
	{"<video poster=https://ads.example/></video>", "<video" AD " data-cg-poster=https://ads.example/></video>"},
	{"<meta http-equiv=Refresh content='0; url=https://ads.example/'>",
	 "<meta" AD " http-equiv=Refresh data-cg-content='0; url=https://ads.example/'>"},
	{"<meta name=refresh content='0; url=https://ads.example/'>", NULL},
	{"<p onclick=\"new Image().src='https://stats.example/?'\">x</p>",
	 "<p" AN " data-cg-onclick=\"new Image().src='https://stats.example/?'\">x</p>"},
	{"<p style=\"color:red;background:url(https://stats.example/a.gif)\">x</p>",
	 "<p" AN " style=\"color:red;background:url(&quot;data:,&quot;)\" data-cg-style=\"color:red;background:url("
	 "https://stats.example/a.gif)\">x</p>"},
	{"<style>a{background:url('https://ads.example/x')}b{color:red}</style>",
	 "<style>a{background:url(\"data:,\")}b{color:red}</style>"},
	{"<style>@import \"https://ads.example/x\";b{}</style>", "<style>@import \"data:,\";b{}</style>"},
	{"<template><img src=https://stats.example/></template>",
	 "<template><img" AN " data-cg-src=https://stats.example/></template>"},
	{"<select><script src=https://stats.example/></script></select>",
	 "<select><script" PLAIN AN " data-cg-src=https://stats.example/></script></select>"},
	{"<!--><img src=https://stats.example/>-->", "<!--><img" AN " data-cg-src=https://stats.example/>-->"},
	{"<!-- x --!><img src=https://stats.example/>", "<!-- x --!><img" AN " data-cg-src=https://stats.example/>"},
	{"<!-- <img src=https://stats.example/> -->", NULL},
	{"<textarea><img src=https://stats.example/></textarea>", NULL},
	{"<svg><style>a{background:url(//ads.example/)}</style><script>1<g/>2</script></svg>",
	 "<svg><style>a{background:url(\"data:,\")}</style><script></script></svg>"},
	{"<svg><style>@import '//ads.example/'</svg><base href=/x>",
	 "<svg><style>@import \"data:,\"</style></svg><base href=/x>"},
	{"<svg><style>a{}<g></g>@import '//ads.example/'</style></svg>", "<svg><style></style></svg>"},
	{"<svg><script>1<img src=https://stats.example/></script></svg>",
	 "<svg><script></script><img" AN " data-cg-src=https://stats.example/></script></svg>"},
	{"<svg><style><img src=https://stats.example/></style></svg>",
	 "<svg><style></style><img" AN " data-cg-src=https://stats.example/></style></svg>"},
	{"<img/src=https://stats.example/ alt=\"a>b\">", "<img" AN "/data-cg-src=https://stats.example/ alt=\"a>b\">"},
	{"<img data-src=https://stats.example/>", "<img" AN " data-cg-data-src=https://stats.example/>"},
	{"<base href=https://ads.example/x/><img src=y.gif>",
	 "<base" AD " data-cg-href=https://ads.example/x/><img" AD " data-cg-src=y.gif>"},
	{"<base href=/><base href=https://ads.example/><img src=y.gif>", NULL},
	{"<svg><base href=/x/></base></svg><base href=https://ads.example/><img src=y.gif>",
	 "<svg><base href=/x/></base></svg><base" AD " data-cg-href=https://ads.example/><img" AD
	 " data-cg-src=y.gif>"},
	{"<template><base href=/x/></template><base href=https://ads.example/><img src=y.gif>",
	 "<template><base href=/x/></template><base" AD " data-cg-href=https://ads.example/><img" AD
	 " data-cg-src=y.gif>"},
	{"<svg><style>@import &quot;https://ads.example/x&quot;;a{b:'&amp;'}</style></svg>",
	 "<svg><style>@import &quot;data:,&quot;;a{b:'&amp;'}</style></svg>"},
	{"<svg><style>a{background:url&#40;//ads.example/)}</style></svg>",
	 "<svg><style>a{background:url(&quot;data:,&quot;)}</style></svg>"},
	{"<svg><style><![CDATA[a{b:'&amp;';c:url(//ads.example/)}]]></style></svg>",
	 "<svg><style>a{b:'&amp;amp;';c:url(&quot;data:,&quot;)}</style></svg>"},
	{"<svg><style><![CDATA[a{b:c}]]>d{e:url&#40;//ads.example/)}</style></svg>",
	 "<svg><style>a{b:c}d{e:url(&quot;data:,&quot;)}</style></svg>"},
	{"<svg><style>a{b:'&lt;'}</style></svg>", NULL},
	{"<object data=https://ads.example/></object>", "<object" AD " data-cg-data=https://ads.example/></object>"},
	{"<script src=https://stats.example/>alert(1)",
	 "<script" PLAIN AN " data-cg-src=https://stats.example/>alert(1)"},
	{"<script id=consent src=https://stats.example/></script>", NULL},
};

static const struct page_row scripts[] = {
	{"<script>var a = 1;</script>", NULL},
	{"<script>fbq('init', 1);</script>", "<script" PLAIN AD ">fbq('init', 1);</script>"},
	{"<script>var _paq = [];</script>", "<script" PLAIN AN ">var _paq = [];</script>"},
	{"<script type='text/javascript'>fbq(1)</script>",
	 "<script" PLAIN AD " data-cg-type='text/javascript'>fbq(1)</script>"},
	{"<script type=application/ld+json>{\"x\":\"fbq(\"}</script>", NULL},
	{"<script type=importmap>{\"imports\":{\"a\":\"https://stats.example/a.js\"}}</script>",
	 "<script" PLAIN AN " data-cg-type=importmap>{\"imports\":{\"a\":\"https://stats.example/a.js\"}}</script>"},
	{"<script type=speculationrules>[\"ht\\u0074ps:\\/\\/st\\u0061ts.example\"]</script>",
	 "<script" PLAIN AN " data-cg-type=speculationrules>[\"ht\\u0074ps:\\/\\/st\\u0061ts.example\"]</script>"},
	{"<script type=module>import 'https:stats.example/a.js'</script>",
	 "<script" PLAIN AN " data-cg-type=module>import 'https:stats.example/a.js'</script>"},
	{"<script type=module>import './a.js'; import('https://ok.example/'); Array.from('\\n')</script>", NULL},
	{"<script language=vbscript>fbq(1)</script>", NULL},
	{"<script>s.src='//stats.example/x.js'</script>", "<script" PLAIN AN ">s.src='//stats.example/x.js'</script>"},
	{"<script>s.src='https:\\/\\/stats.example\\/x.js'</script>",
	 "<script" PLAIN AN ">s.src='https:\\/\\/stats.example\\/x.js'</script>"},
	{"<script>s.src=p+'www.stats.example/x.js'</script>",
	 "<script" PLAIN AN ">s.src=p+'www.stats.example/x.js'</script>"},
	{"<script>s.src='/own-pixel.gif'</script>", NULL},
	{"<script>OneTrust.x='https://stats.example/'; fbq(1)</script>", NULL},
	{"<script><!-- <script></script><img src=https://stats.example/> --></script>",
	 "<script" PLAIN AN "><!-- <script></script><img src=https://stats.example/> --></script>"},
	{"<script>fbq(1)", "<script" PLAIN AD ">fbq(1)"},
	{"<script src=/a.js>fbq(1)</script>", NULL},
};

static const struct page_row inline_urls[] = {
	{"<script src='data:text/javascript,fetch(%22//stats.example/%22)'></script>",
	 "<script" PLAIN AN " data-cg-src='data:text/javascript,fetch(%22//stats.example/%22)'></script>"},
	{"<script src='data:text/javascript;base64,ZmV0Y2goIi8vc3RhdHMuZXhhbXBsZS8iKQ=='></script>",
	 "<script" PLAIN AN
	 " data-cg-src='data:text/javascript;base64,ZmV0Y2goIi8vc3RhdHMuZXhhbXBsZS8iKQ=='></script>"},
	{"<iframe src='data:text/html,<img src=//ads.example/>'></iframe>",
	 "<iframe" AD " data-cg-src='data:text/html,<img src=//ads.example/>'></iframe>"},
	{"<iframe src=\"javascript:fetch('//ads.example/')\"></iframe>",
	 "<iframe" AD " data-cg-src=\"javascript:fetch('//ads.example/')\"></iframe>"},
	{"<img src='data:image/svg+xml,<svg><image href=\"//ads.example/\"/></svg>'>", NULL},
	{"<iframe src='data:text/plain,//ads.example/'></iframe>", NULL},
	{"<meta http-equiv=refresh content='0;url=data:text/html,<img src=//ads.example/>'>",
	 "<meta" AD " http-equiv=refresh data-cg-content='0;url=data:text/html,<img src=//ads.example/>'>"},
	{"<style>@import 'data:text/css,@import%20url(//ads.example/)';</style>", "<style>@import \"data:,\";</style>"},
	{"<style>@import 'data:text/css,@import%20url(//ok.example/)';</style>", NULL},
	{"<link rel=stylesheet href='data:,@import url(//ads.example/)'>",
	 "<link" AD " rel=stylesheet data-cg-href='data:,@import url(//ads.example/)'>"},
	{"<base href=https://::/><base href=//ads.example/><img src=a>",
	 "<base href=https://::/><base" AD " data-cg-href=//ads.example/><img src=a>"},
	{"<amp-analytics config=//stats.example/c.json></amp-analytics>",
	 "<amp-analytics" AN " data-cg-config=//stats.example/c.json></amp-analytics>"},
	{"<amp-analytics type=x><script "
	 "type=application/json>{\"u\":\"https://stats.example/\"}</script></amp-analytics>"
	 "<script type=application/json>{\"u\":\"https://stats.example/\"}</script>",
	 "<amp-analytics type=x><script" PLAIN AN " data-cg-type=application/json>{\"u\":\"https://stats.example/\"}"
	 "</script></amp-analytics><script type=application/json>{\"u\":\"https://stats.example/\"}</script>"},
	{"<amp-pixel src=https://stats.example/>", "<amp-pixel" AN " data-cg-src=https://stats.example/>"},
	{"<script type=text/partytown>fbq(1)</script>",
	 "<script" PLAIN AD " data-cg-type=text/partytown>fbq(1)</script>"},
	{"<script type=x-text/javascript src=//stats.example/></script>",
	 "<script" PLAIN AN " data-cg-type=x-text/javascript data-cg-src=//stats.example/></script>"},
};

static const struct page_row elements[] = {
	{"a<img width=1 height=1 src=/x>b", "ab"},
	{"<p><div class=\"x ad\"><div>1</div>2</div>3</p>", "<p>3</p>"},
	{"<p><div class=ad><div>1</div>2", "<p>"},
	{"<div class=ad>x</body>y", "</body>y"},
	{"<aside class=ad><b>x</b></aside>y", "<p>Held back</p>\ny"},
	{"<ul><li class=gone>1<li>2</ul>3", "<ul><li>2</ul>3"},
	{"<ul><li class=gone>1<ul><li>2<li>3</ul>4<li>5</ul>", "<ul><li>5</ul>"},
	{"<ul><li class=gone>1</ul>2", "<ul></ul>2"},
	{"<section>a<div class=ad>1<p>2</section>b", "<section>a</section>b"},
	{"<p class=gone>1<b>2</b><div>3</div>", "<div>3</div>"},
	{"<table><tr><td class=gone>1<table><tr><td>2</table><td>3</table>4", "<table><tr><td>3</table>4"},
	{"<dl><dt class=gone>1<dd>2</dl>", "<dl><dd>2</dl>"},
	{"<b><div class=ad>1</b>2</div>3", "<b>3"},
	{"<div class=ad>1</section></span>2</div>3", "3"},
	{"<div class=ad><svg><g/><path></path></svg><br></div>3", "3"},
	{"<div class=ad><textarea></div></textarea><!-- </div> --></div>3", "3"},
	{"<svg><iframe class=v src=//video.example/></iframe><![CDATA[>]]></svg>", "<svg><![CDATA[>]]></svg>"},
	{"<svg><img width=1 height=1><style><img src=//stats.example/></style>",
	 "<svg><span hidden></span><style><img src=//stats.example/></style>"},
	{"<svg><g class=gone>1</svg>2<style><img src=//stats.example/></style>",
	 "<svg></svg>2<style><img src=//stats.example/></style>"},
	{"<svg><g class=gone>1<p>2<style><img src=//stats.example/></style>",
	 "<svg><p>2<style><img src=//stats.example/></style>"},
	{"<svg><g class=gone>1<g>2</g></g>3</svg>", "<svg>3</svg>"},
	{"<x-ad class=gone><svg></x-ad><![CDATA[><img src=//stats.example/>]]>",
	 "<![CDATA[><img" AN " data-cg-src=//stats.example/>]]>"},
	{"<svg class=gone><title>x</title></svg>3", "3"},
	{"<style class=gone>@import '//x';</style>3", "3"},
	{"<object class=gone><img src=x></object>y", "y"},
	{"<iframe src=//video.example/ width=1></iframe>",
	 "<div data-cg-placeholder=\"\" lang=\"en\" dir=\"ltr\"><p>Content from video.example. It is shown once you "
	 "agree "
	 "to: Remember.</p><p><a data-cg-once=\"\" target=\"_blank\" rel=\"noopener noreferrer\" "
	 "href=\"https://video.example/\">Show once</a></p></div><iframe hidden data-cg-hidden data-cg=\"preferences\" "
	 "data-cg-src=//video.example/ "
	 "width=1></iframe>"},
	{"<noscript><img src=https://stats.example/></noscript>!",
	 "<noscript><img" AN " data-cg-src=https://stats.example/></noscript>!"},
	{"<noscript><img width=1 height=1 src=/x></noscript>!", "<noscript></noscript>!"},
	{"<noscript><p>Please</p></noscript>", NULL},
	{"<noscript><img src=x></noscript><base href=//ads.example/><noscript><img src=x></noscript>",
	 "<noscript><img src=x></noscript><base" AD " data-cg-href=//ads.example/><noscript><img" AD
	 " data-cg-src=x></noscript>"},
	{"<noscript><base href=//ads.example/></noscript><img src=x>",
	 "<noscript><base" AD " data-cg-href=//ads.example/></noscript><img src=x>"},
	{"<noscript>a<!-- </noscript><img src=https://stats.example/>-->",
	 "<noscript></noscript><img" AN " data-cg-src=https://stats.example/>-->"},
	{"<a href=\"/x?a=1&amp;gclid=2#f\">x</a>", "<a href=\"/x?a=1#f\">x</a>"},
	{"<a href=/x?gclid=2&b=%20>x</a>", "<a href=\"/x?b=%20\">x</a>"},
	{"<a href=/x?a=1&b=2>x</a>", NULL},
};

static void test_carriers(void **state)
{
	(void)state;
	check_rows(RULES, "", carriers, sizeof carriers / sizeof *carriers);
}

static void test_scripts(void **state)
{
	(void)state;
	check_rows(RULES, "", scripts, sizeof scripts / sizeof *scripts);
}

static void test_inline_urls(void **state)
{
	(void)state;
	check_rows(RULES, "", inline_urls, sizeof inline_urls / sizeof *inline_urls);
}

static void test_elements(void **state)
{
	(void)state;
	check_rows(RULES, "", elements, sizeof elements / sizeof *elements);
}

/* With everything granted nothing changes, whatever is on the page. */
static void test_granted(void **state)
{
	static const char all[] = "preferences analytics advertising";
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES);
	page_visit(&f, all);
	for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
		page_check(&f, slice_str(carriers[i].in), slice_str(carriers[i].in), (struct page_run){0, 0});
	for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
		page_check(&f, slice_str(elements[i].in), slice_str(elements[i].in), (struct page_run){0, 0});
	fixture_close(&f);
}

/* -- places -------------------------------------------------------------------------------------------------------- */

#define PLACES                                                  \
	"purpose analytics \"Count\"\n"                         \
	"inject html at head-start is necessary <<A\n[hs]\nA\n" \
	"inject html at head-end is necessary <<A\n[he]\nA\n"   \
	"inject html at body-start is necessary <<A\n[bs]\nA\n" \
	"inject html at body-end is necessary <<A\n[be]\nA\n"   \
	"inject html before \"h1\" is necessary <<A\n[b]\nA\n"  \
	"inject html after \"h1\" is necessary <<A\n[a]\nA\n"

#define HS "[hs]\n"
#define HE "[he]\n"
#define BS "[bs]\n"
#define BE "[be]\n"

static const struct page_row places[] = {
	{"<!doctype html><html><head><title>x</title></head><body><p>y</body></html>",
	 "<!doctype html><html><head><title>x</title>" HS HE "</head><body>" BS "<p>y" BE "</body></html>"},
	{"<!doctype html>\n<!-- c -->\n<title>x</title>\n<p>y",
	 "<!doctype html>\n<!-- c -->\n<title>x</title>\n" HS HE BS "<p>y" BE},
	{"<html><body>y", "<html>" HS HE "<body>" BS "y" BE},
	{"<html>\n<script>a</script>\n<link><div>y</html>\n",
	 "<html>\n" HS "<script>a</script>\n<link>" HE BS "<div>y" BE "</html>\n"},
	{"<meta charset=utf-8>text", "<meta charset=utf-8>" HS HE BS "text" BE},
	{"<div>a fragment</div>", NULL},
	{"just text", NULL},
	{"<script>x</script><div></div>", NULL},
	{"<head>\n<meta charset=x>\n<meta name=y>\n<!-- c --><title>a<b</title>\n<link><title></title></head>",
	 "<head>\n<meta charset=x>\n<meta name=y>\n<!-- c --><title>a<b</title>\n" HS "<link><title></title>" HE
	 "</head>" BS BE},
	{"<head><meta http-equiv=refresh content=1><meta charset=x>",
	 "<head>" HS "<meta http-equiv=refresh content=1><meta charset=x>" HE BS BE},
	{"<head><meta http-equiv=Content-Type content=text/html><script></script>",
	 "<head><meta http-equiv=Content-Type content=text/html>" HS "<script></script>" HE BS BE},
	{"<head></head>\n<script></script>x", "<head>" HS HE "</head>\n<script></script>" BS "x" BE},
	{"<!doctype html><frameset><frame></frameset>", "<!doctype html>" HS HE "<frameset><frame></frameset>"},
	{"<!doctype html><title><head></title><body>x",
	 "<!doctype html><title><head></title>" HS HE "<body>" BS "x" BE},
	{"<!doctype html><template><body><p>x</template><body>x",
	 "<!doctype html>" HS "<template><body><p>x</template>" HE "<body>" BS "x" BE},
	{"<html><body><svg><title></body></title></svg>x</body>",
	 "<html>" HS HE "<body>" BS "<svg><title>" BE "</body></title></svg>x</body>"},
	{"<html><body><h1>x <i>y</i></h1>z", "<html>" HS HE "<body>" BS "[b]\n<h1>x <i>y</i></h1>[a]\nz" BE},
	{"<!doctype html>", "<!doctype html>" HS HE BS BE},
	{"\xEF\xBB\xBF<!doctype html><p>", "\xEF\xBB\xBF<!doctype html>" HS HE BS "<p>" BE},
};

static void expand(struct fixture *f)
{
	struct page_inject **last = &f->decision.page.injects;
	size_t n;
	const struct inject_html_rule *rules = ruleset_inject_html(f->rules, &n);

	for (size_t i = 0; i < n; i++) {
		struct page_inject *inject = arena_calloc(&f->arena, 1, sizeof *inject);

		inject->rule = &rules[i];
		inject->html = rules[i].html;
		*last = inject;
		last = &inject->next;
	}
}

static void test_places(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, PLACES);
	page_visit(&f, "");
	expand(&f);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		page_check_row(&f, &places[i]);
	fixture_close(&f);
}

static void test_navigation(void **state)
{
	static const struct page_row row = {"<div>a page</div>", HS HE BS "<div>a page</div>" BE};
	struct fixture f;

	(void)state;
	fixture_open(&f, PLACES);
	page_visit(&f, "");
	f.decision.page.navigation = true;
	expand(&f);
	page_check_row(&f, &row);
	fixture_close(&f);
}

/* -- the page's own policy ----------------------------------------------------------------------------------------- */

static void zeros(struct slice data, unsigned char out[32])
{
	(void)data;
	memset(out, 0, 32);
}

#define HASH "'sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='"

static void test_policy(void **state)
{
	static const struct page_row rows[] = {
		{"<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\"><h1></h1>",
		 "<meta http-equiv=Content-Security-Policy content=\"script-src 'self' " HASH
		 "\"><script>1</script>\n<h1></h1>"},
		{"<meta http-equiv=Content-Security-Policy content=\"img-src 'self'\">", NULL},
		{"<meta name=Content-Security-Policy content=\"script-src 'self'\">", NULL},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f, "inject html before \"h1\" is necessary <<A\n<script>1</script>\nA\n");
	page_visit(&f, "");
	f.env.sha256 = zeros;
	expand(&f);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		page_check_row(&f, &rows[i]);
	fixture_close(&f);
}

static void test_narrowed_policy(void **state)
{
	static const struct page_row row = {
		"<meta http-equiv=Content-Security-Policy content=\"script-src https://stats.example 'self'\">",
		"<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\">"};
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES "pages {\n csp narrow\n}\n");
	page_visit(&f, "");
	page_check_row(&f, &row);
	fixture_close(&f);
}

/* -- limits and encodings ------------------------------------------------------------------------------------------ */

static enum rewriter_result result_of(const char *rules, struct slice page, struct buffer *out)
{
	enum rewriter_result result;
	struct fixture f;

	fixture_open(&f, rules);
	page_visit(&f, "");
	result = page_rewrite(&f, page, (struct page_run){1000, 1000}, out);
	fixture_close(&f);
	return result;
}

/* A byte order mark whose octets come one by one shows nothing of the page; half a mark is an octet as any other. */
static void test_mark_in_pieces(void **state)
{
	static const struct page_run by_one = {1, 1};
	struct fixture f;
	struct buffer out;

	(void)state;
	buffer_init(&out, 1 << 20);
	fixture_open(&f, RULES);
	page_visit(&f, "");
	assert_int_equal(page_rewrite(&f, SLICE("\xFF\xFE<\0p\0"), by_one, &out), REWRITER_UNREADABLE);
	assert_int_equal(out.n, 0);
	assert_int_equal(page_rewrite(&f, SLICE("\xFF<p>"), by_one, &out), REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("\xFF<p>")));
	buffer_clear(&out);
	assert_int_equal(page_rewrite(&f, SLICE("\xFE"), by_one, &out), REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("\xFE")));
	fixture_close(&f);
	buffer_free(&out);
}

static void test_unreadable(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, 1 << 20);
	assert_int_equal(result_of(RULES, SLICE("\xFF\xFE<\0p\0"), &out), REWRITER_UNREADABLE);
	assert_int_equal(result_of(RULES, SLICE("\xFE\xFF\0<\0p"), &out), REWRITER_UNREADABLE);
	assert_int_equal(result_of(RULES, SLICE("<meta charset='ISO-2022-JP'>"), &out), REWRITER_UNREADABLE);
	assert_int_equal(result_of(RULES, SLICE("<meta charset='&#10;ISO-2022-JP '>"), &out), REWRITER_UNREADABLE);
	assert_int_equal(
		result_of(RULES, SLICE("<meta http-equiv=content-type content='x; charset CharSet = \"iso-2022-jp\"'>"),
			  &out),
		REWRITER_UNREADABLE);
	assert_int_equal(result_of(RULES,
				   SLICE("<meta http-equiv=content-type content='text/html; charset=iso-2022-jp'>"),
				   &out),
			 REWRITER_UNREADABLE);
	assert_int_equal(result_of(RULES "pages {\n unreadable passed\n}\n", SLICE("\xFF\xFE<\0p\0"), &out),
			 REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("\xFF\xFE<\0p\0")));
	buffer_free(&out);
}

static struct slice repeat(char *room, size_t n, const char *head, const char *tail)
{
	size_t h = strlen(head), t = strlen(tail);

	memcpy(room, head, h);
	memset(room + h, 'x', n);
	memcpy(room + h + n, tail, t);
	return slice_of(room, h + n + t);
}

#define SMALL RULES "pages {\n tag 4k\n script 4k\n}\n"

static void test_oversized(void **state)
{
	static char room[20000];
	struct buffer out;

	(void)state;
	buffer_init(&out, 1 << 20);
	assert_int_equal(result_of(SMALL, repeat(room, 5000, "a<img alt=", " src=https://stats.example/>b"), &out),
			 REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("ab")));
	assert_int_equal(result_of(SMALL, repeat(room, 5000, "a<script x=", ">1</script>b"), &out), REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("ab")));
	assert_int_equal(result_of(SMALL, repeat(room, 5000, "<script>", "</script>b"), &out), REWRITER_OK);
	assert_true(slice_starts_with(buffer_slice(&out), SLICE("<script type=\"text/plain\" data-cg=")));
	assert_int_equal(result_of(SMALL, repeat(room, 5000, "<noscript>", "</noscript>b"), &out), REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("<noscript></noscript>b")));
	assert_int_equal(
		result_of(SMALL, repeat(room, 5000, "<style>a{background:url(//ads.example/)}", "</style>b"), &out),
		REWRITER_OK);
	assert_true(slice_starts_with(buffer_slice(&out), SLICE("<style>a{background:url(\"data:,\")}")));
	buffer_free(&out);
}

static void test_nul(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, 1 << 20);
	assert_int_equal(result_of(RULES, SLICE("<style>@import \0'//ads.example/';<\0/style><i></style>"), &out),
			 REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("<style></style>")));
	assert_int_equal(result_of(RULES, SLICE("<style>@import '//ads.example/';\0a</style>"), &out), REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("<style>@import \"data:,\";\0a</style>")));
	assert_int_equal(result_of(RULES, SLICE("<style>a\0b</style>"), &out), REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("<style>a\0b</style>")));
	buffer_free(&out);
}

/* Where no rule is about what stands in scripts and styles, they pass however long they are. */
static void test_selectors_alone(void **state)
{
	static const char rules[] = "purpose analytics\npages {\n script 4k\n}\nbeacon script#out is analytics\n"
				    "beacon img.out is analytics removed\n";
	static char room[20000];
	struct slice page;
	struct buffer out;

	(void)state;
	buffer_init(&out, 1 << 20);
	page = repeat(room, 5000, "<svg><script>", "<i>1</i></script></svg><style>a</style><script>2</script>");
	assert_int_equal(result_of(rules, page, &out), REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), page));
	assert_int_equal(result_of(rules, SLICE("<script id=out>1</script>"), &out), REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("<script" PLAIN AN " id=out>1</script>")));
	assert_int_equal(result_of(rules, SLICE("<noscript><img class=out>1</noscript>"), &out), REWRITER_OK);
	assert_true(slice_eq(buffer_slice(&out), SLICE("<noscript>1</noscript>")));
	assert_int_equal(result_of(rules, SLICE("<iframe srcdoc='<img class=out>'></iframe>"), &out), REWRITER_OK);
	assert_int_equal(out.n, 0);
	buffer_free(&out);
}

/* What is left out is nobody's parent, ends nothing, and is not counted. */
static void test_beside_what_is_left_out(void **state)
{
	static const char rules[] = "purpose analytics\npurpose advertising\n"
				    "beacon .ad > p, p > b, .x is advertising removed\n"
				    "beacon .r is advertising replaced by \"<hr>\"\n"
				    "inject html after \"#main\" is necessary <<HTML\n<i>\nHTML\n";
	static const struct page_row rows[] = {
		{"<div class=ad><b class=x></b><p>1</p>2</div>", "<div class=ad>2</div>"},
		{"<div class=ad><div class=x><div>1</div></div><p>2</p></div>", "<div class=ad></div>"},
		{"<div class=ad><div class=ad><div class=x>1</div><p>2</p></div><p>3</p></div>",
		 "<div class=ad><div class=ad></div></div>"},
		{"<div class=ad><u class=r>1</u><p>2</p></div>", "<div class=ad><hr></div>"},
		{"<div class=ad><script class=x></script><p>2</p></div>", "<div class=ad></div>"},
		{"<p>1<p class=x>2</p><b>3</b>", "<p>1"},
		{"<p>1<hr class=x><b>3</b>", "<p>1"},
		{"<p>1<hr><b>3</b>", "<p>1<hr><b>3</b>"},
		{"<ul><li class=ad>1<li class=x>2</li><p>3</p></ul>", "<ul><li class=ad>1</ul>"},
		{"<ul><li class=ad>1<li>2</li><p>3</p></ul>", "<ul><li class=ad>1<li>2</li><p>3</p></ul>"},
		{"<table><tr><td class=ad>1<td class=x>2</td><p>3</p></table>", "<table><tr><td class=ad>1</table>"},
		{"<table class=x><p>1</p></table><div class=ad><p>2</p>3", "<div class=ad>3"},
		{"<svg class=ad><g class=x><a></a></g><p>1</p>", "<svg class=ad><p>1</p>"},
		{"<div id=main><div class=x>1</div>2</div>3", "<div id=main>2</div><i>\n3"},
		{"<div id=main><div class=r>1<div></div></div>2</div>3", "<div id=main><hr>2</div><i>\n3"},
	};

	struct fixture f;

	(void)state;
	fixture_open(&f, rules);
	page_visit(&f, "");
	expand(&f);
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		page_check_row(&f, &rows[i]);
	fixture_close(&f);
}

struct taken {
	struct buffer octets;
	size_t slices;
};

static bool take(void *arg, struct slice octets)
{
	struct taken *t = arg;

	t->slices++;
	return buffer_add(&t->octets, octets);
}

/* What is not changed goes on together, whatever was looked at in it. */
static void test_unchanged_together(void **state)
{
	struct slice page = SLICE("<p>a<img src=/b>c<img src=/d></p><!--e--><img src=/f alt='");
	struct taken t = {.slices = 0};
	struct rewriter_options o = {.sink = take, .sink_arg = &t};
	struct fixture f;
	struct rewriter *r;

	(void)state;
	fixture_open(&f, RULES);
	page_visit(&f, "");
	f.decision.page.document = false;
	buffer_init(&t.octets, 4096);
	o.env = &f.env;
	o.decision = &f.decision;
	r = rewriter_new(&o);
	assert_non_null(r);
	assert_int_equal(rewriter_push(r, page), REWRITER_OK);
	assert_int_equal(t.slices, 1);
	assert_true(slice_eq(buffer_slice(&t.octets), slice_head(page, slice_find(page, SLICE("<img src=/f")))));
	assert_int_equal(rewriter_push(r, SLICE("g'><script src=//stats.example></script>h")), REWRITER_OK);
	assert_int_equal(rewriter_finish(r), REWRITER_OK);
	rewriter_free(r);
	assert_true(slice_ends_with(buffer_slice(&t.octets), SLICE("></script>h")));
	buffer_free(&t.octets);
	fixture_close(&f);
}

static void test_observe(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES "mode observe\n");
	page_visit(&f, "");
	page_check(&f, SLICE("<img src=https://stats.example/><script>fbq(1)</script>"),
		   SLICE("<img src=https://stats.example/><script>fbq(1)</script>"), (struct page_run){0, 0});
	assert_string_equal(fixture_log(&f), "inert beacon https://stats.example/ 7\ninert beacon <script>fbq(1) 10\n");
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_carriers),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_inline_urls),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_granted),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_navigation),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_narrowed_policy),
		cmocka_unit_test(test_mark_in_pieces),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_selectors_alone),
		cmocka_unit_test(test_unchanged_together),
		cmocka_unit_test(test_beside_what_is_left_out),
		cmocka_unit_test(test_observe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
