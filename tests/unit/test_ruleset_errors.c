/* What a rules file can have wrong: where it is said, what is said, and what to write instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/consent/consent.h"
#include "tests/support/rules_errors.h"

static void test_statements(void **state)
{
	ERRORS({"coookie a is necessary\n", 1, 1, "unknown statement \"coookie\"", "\"cookie\""},
	       {"frobnicate\n", 1, 1, "unknown statement", "statements are: include policy"},
	       {"listen *:80\n", 1, 1, "unknown statement", "crumbgate.conf"},
	       {"\"cookie\" a is necessary\n", 1, 1, "unknown statement", ""},
	       {"cookie a is necessary {\n}\n", 1, 13, "has no block", "braces"},
	       {"mode observe <<X\nX\n", 1, 14, "no here-document", ""});
}

static void test_bridge(void **state)
{
	ERRORS({"policy 1 {\n tk\n}\n", 2, 4, "value is missing", "tk D"},
	       {"policy 1 {\n tk X\n}\n", 2, 5, "\"X\" is no tracking status", "disregarded"},
	       {"policy 1 {\n tk DD\n}\n", 2, 5, "\"DD\" is no tracking status", ""},
	       {"policy 1 {\n tk D\n tk N\n}\n", 3, 2, "stands twice", "line 2"},
	       {AB "opt-out cookie o=1 denies alpha announced\n", 2, 42, "value is missing", "announced as gpc"},
	       {AB "opt-out cookie o=1 denies alpha announced as\n", 2, 45, "value is missing", ""},
	       {AB "opt-out cookie o=1 denies alpha announced gpc\n", 2, 43, "unexpected \"gpc\"", "announced as gpc"},
	       {AB "opt-out cookie o=1 denies alpha announced as dnt\n", 2, 46, "unexpected \"dnt\"", ""},
	       {AB "cookie o is alpha announced as gpc\n", 2, 19, "\"announced\" does not belong", ""});
}

static void test_consent_mode(void **state)
{
	ERRORS({AB "inject consent-mode\n", 2, 8, "no purpose advertising, analytics", "inject consent-mode {"},
	       {"purpose analytics\ninject consent-mode\ninject consent-mode\n", 3, 1, "second", ""},
	       {"purpose analytics\ninject consent-mode is analytics\n", 2, 21, "unexpected \"is\"", ""},
	       {AB "inject consent-mode {\n ad_storag is alpha\n}\n", 3, 2, "no type of Google's", "\"ad_storage\""},
	       {AB "inject consent-mode {\n ad_storage\n}\n", 3, 12, "\"is\" and a purpose", ""},
	       {AB "inject consent-mode {\n is alpha\n}\n", 3, 2, "the type is missing", ""},
	       {AB "inject consent-mode {\n ad_storage is gamma\n}\n", 3, 16, "unknown purpose", ""},
	       {AB "inject consent-mode {\n ad_storage is alpha\n ad_storage is beta\n}\n", 4, 2, "named twice", ""},
	       {AB "inject consent-mode {\n ad_storage is alpha max-age 1d\n}\n", 3, 22, "does not belong", ""},
	       {AB "inject html at head-end is alpha {\n}\n", 2, 28, "\"inject\" has no block", "braces"});
}

static void test_later_capabilities(void **state)
{
	ERRORS({"param a is necessary sealed\n", 1, 22, "\"sealed\" does not belong in a \"param\"", ""},
	       {"cookie a is necessary sealed sealed\n", 1, 30, "\"sealed\" stands here for the second time", ""},
	       {"cookie vid is necessary sealed\ninject cookie vid=1 is necessary\n", 2, 15,
		"the cookie \"vid\" is sealed: it cannot be injected", "site.rules:1"},
	       {"param a is necessary replaced by placeholder\n", 1, 22, "\"replaced\" does not belong", ""},
	       {"cookie a is necessary containing \"x\"\n", 1, 23, "\"containing\" does not belong", ""});
}

static void test_accept(void **state)
{
	ERRORS({"accept\n", 1, 7, "name of a consent manager is missing", "accept consent from"},
	       {"accept consent from\n", 1, 20, "name of a consent manager is missing", ""},
	       {"accept consnt from tcf\n", 1, 8, "followed by \"consent from\"", ""},
	       {"accept consent form tcf\n", 1, 16, "followed by \"consent from\"", ""},
	       {"accept consent from onetrst\n", 1, 21, "unknown consent manager \"onetrst\"", "\"onetrust\""},
	       {"accept consent from usercentrics\n", 1, 21, "unknown consent manager", "localStorage"},
	       {"accept consent from truste\n", 1, 21, "unknown consent manager", "trustarc"},
	       {"accept consent from frobnicate\n", 1, 21, "unknown consent manager", "consent cookie"},
	       {AB "accept consent from tcf {\n1 grants alpha\n}\naccept consent from tcf\n", 5, 21, "accepted twice",
		"site.rules:2"},
	       {AB "accept consent from tcf gpp {\n1 grants alpha\n}\n", 2, 25, "one consent manager", ""},
	       {AB "accept consent from tcf {\nvendor-1 grants alpha\n25 grants alpha\n}\n", 4, 1,
		"IAB TCF has no category \"25\"", ""},
	       {AB "accept consent from cookiebot {\nstatistcs grants alpha\n}\n", 3, 1, "no category",
		"\"statistics\""},
	       {AB "accept consent from cookiebot {\nstatistics grant alpha\n}\n", 3, 12, "\"grants\" is missing",
		"\"grants\""},
	       {AB "accept consent from cookiebot {\nstatistics\n}\n", 3, 1, "\"grants\" is missing", ""},
	       {AB "accept consent from cookiebot {\ngrants alpha\n}\n", 3, 1, "a category is missing", ""},
	       {AB "accept consent from cookiebot {\nstatistics grants alfa\n}\n", 3, 19, "unknown purpose",
		"\"alpha\""},
	       {AB "accept consent from cookiebot {\nstatistics grants necessary\n}\n", 3, 19, "always granted", ""},
	       {AB "accept consent from cookiebot {\nstatistics grants\n}\n", 3, 18, "a purpose is missing", ""},
	       {AB "accept consent from cookiebot {\nstatistics ignored now\n}\n", 3, 20, "unexpected \"now\"", ""},
	       {AB "accept consent from klaro {\n*a* grants alpha\n}\n", 3, 1, "more than one star", ""},
	       {AB "accept consent from klaro {\n/a/ grants alpha\n}\n", 3, 1, "is no category", ""},
	       {AB "accept consent from klaro {\na grants alpha {\n}\n}\n", 3, 1, "no block", ""},
	       {AB "accept consent from klaro {\ncookie\n}\n", 3, 7, "name is missing", ""},
	       {AB "accept consent from klaro {\ncookie \"a b\"\n}\n", 3, 8, "no name for a consent cookie", ""},
	       {AB "accept consent from klaro {\ncookie crumb-consent\n}\n", 3, 8, "no name for a consent cookie", ""},
	       {AB "accept consent from klaro {\ncookie a b\n}\n", 3, 10, "unexpected \"b\"", " as "},
	       {AB "accept consent from klaro {\ncookie a as b\n}\n", 3, 13, "no cookie \"b\"", "klaro"});
}

static void test_consent_cookie(void **state)
{
	ERRORS({"consent\n", 1, 8, "not complete", "consent cookie"},
	       {"consent a\n", 1, 9, "\"cookie\" is missing", ""},
	       {AB "consent cookie a matchs x grants alpha\n", 2, 18, "\"matches\" is missing", ""},
	       {AB "consent cookie a matches /(/ grants alpha\n", 2, 28, "not valid", ""},
	       {AB "consent cookie a matches x grant alpha\n", 2, 28, "unexpected \"grant\"", "\"grants\""},
	       {AB "consent cookie a matches x grants\n", 2, 34, "a purpose is missing", ""},
	       {AB "consent cookie a matches x grants denies alpha\n", 2, 35, "a purpose is missing", ""},
	       {AB "consent cookie a matches x denies necessary\n", 2, 35, "always granted", ""},
	       {AB "consent cookie a=1 matches x denies alpha\n", 2, 16, "no name for a consent cookie", ""},
	       {AB "consent cookie __Host-crumb-consent matches x denies alpha\n", 2, 16, "no name", ""});
}

static void test_purposes(void **state)
{
	ERRORS({"purpose\n", 1, 8, "name is missing", "purpose analytics"},
	       {"purpose necessary\n", 1, 9, "\"necessary\" always exists", "remove"},
	       {"purpose a\npurpose a \"A\"\n", 2, 9, "declared twice", "site.rules:1"},
	       {AB "purpose alpha\n", 2, 9, "declared twice", "ab.rules:1"},
	       {"purpose Analytics\n", 1, 9, "no name for a purpose", "lower-case"},
	       {"purpose 1st\n", 1, 9, "no name for a purpose", ""},
	       {"purpose \"a b\"\n", 1, 9, "no name for a purpose", ""},
	       {"purpose abcdefghijklmnopqrstuvwxyz1234567\n", 1, 9, "no name for a purpose", "at most 32"},
	       {"purpose secure\n", 1, 9, "word of the language", ""},
	       {"purpose in\n", 1, 9, "word of the language", ""}, {"purpose a \"\"\n", 1, 11, "title is empty", ""},
	       {"purpose a The title\n", 1, 15, "unexpected \"title\"", "quotes"},
	       {"cookie x is alfa\n" AB, 1, 13, "unknown purpose \"alfa\"", "\"alpha\""},
	       {"cookie x is zzzzz\n" AB, 1, 13, "unknown purpose \"zzzzz\"", "purpose zzzzz"},
	       {AB "signal gpc denies beat\n", 2, 19, "unknown purpose \"beat\"", "\"beta\""},
	       {AB "cookie x is alpha /b/\n", 2, 19, "unknown purpose", ""},
	       {"include vendors/meta.rules\n", 1, 9, "vendors/meta.rules needs the purpose \"advertising\"",
		"purpose advertising"});
}

static void test_clauses(void **state)
{
	ERRORS({"cookie x\n", 1, 9, "\"is\" and a purpose are missing", "is analytics"},
	       {AB "cookie x alpha\n", 2, 15, "\"is\" and a purpose are missing", ""},
	       {"cookie x is\n", 1, 12, "missing behind \"is\"", "purpose"},
	       {"cookie x is secure\n", 1, 13, "missing behind \"is\"", ""},
	       {"cookie\n", 1, 7, "a name is missing", ""},
	       {AB "cookie is alpha\n", 2, 8, "a name is missing", "quotes"},
	       {AB "cookie x is necessary alpha\n", 2, 13, "stands beside other purposes", "leave out"},
	       {AB "cookie x is alpha is beta\n", 2, 19, "second time", ""},
	       {"cookie x is necessary secure secure\n", 1, 30, "second time", ""},
	       {"cookie x is necessary max-age\n", 1, 30, "value is missing behind \"max-age\"", "180d"},
	       {"cookie x is necessary max-age secure\n", 1, 31, "value is missing behind \"max-age\"", "180d"},
	       {"cookie x is necessary max-age 401d\n", 1, 31, "above 400 days", "400d"},
	       {"cookie x is necessary max-age 0s\n", 1, 31, "above 0", ""},
	       {"cookie x is necessary max-age soon\n", 1, 31, "", ""},
	       {"cookie x is necessary samesite sometimes\n", 1, 32, "no value of samesite", "strict, lax or none"},
	       {"cookie x is necessary samesite strikt\n", 1, 32, "no value of samesite", "\"strict\""},
	       {"cookie x is necessary for 5d\n", 1, 23, "\"for\" does not belong in a \"cookie\"", "max-age"},
	       {"cookie x is necessary domain example.com\n", 1, 23, "\"domain\" does not belong", ""},
	       {"param x is necessary secure\n", 1, 22, "\"secure\" does not belong in a \"param\"", ""},
	       {"inject cookie a=b is necessary secure\n", 1, 32, "\"secure\" does not belong", "adds Secure"},
	       {"inject cookie a=b max-age 5d is necessary\n", 1, 19, "\"max-age\" does not belong", "for 180d"},
	       {"inject cookie a=b samsite lax is necessary\n", 1, 19, "unexpected \"samsite\"", "\"samesite\""},
	       {"cookie x is necessary sekure\n", 1, 23, "unknown purpose \"sekure\"", ""});
}

static void test_names(void **state)
{
	ERRORS({"cookie /a(b/ is necessary\n", 1, 12, "not valid: missing closing parenthesis", "pcre2"},
	       {"cookie /a\\/(b/ is necessary\n", 1, 14, "not valid: missing closing parenthesis", ""},
	       {"cookie ok /)/ is necessary\n", 1, 12, "unmatched closing parenthesis", ""},
	       {"cookie optout=1 is necessary\n", 1, 14, "holds no '='", "\"optout\""},
	       {"cookie \"a;b\" is necessary\n", 1, 8, "holds no ';'", ""},
	       {"cookie a, b is necessary\n", 1, 8, "a comma behind \"a\"", "quotes"},
	       {"cookie /^_ga is necessary\n", 1, 8, "not closed", "quotes"},
	       {"param /a b/ is necessary\n", 1, 7, "not closed", "\\x20"},
	       {"param a&b is necessary\n", 1, 8, "holds no '&'", ""},
	       {"path collect is necessary\n", 1, 6, "must begin with '/'", "\"/collect\""},
	       {"path \"\" is necessary\n", 1, 6, "must begin with '/'", ""},
	       {"path /a?b=c is necessary\n", 1, 6, "in front of the '?'", "\"/a\""},
	       {"path /collect/ is necessary\n", 1, 6, "regular expression that does not begin with '^'",
		"\"/collect/\" in quotes"},
	       {"path /collect/x is necessary\n", 1, 6, "regular expression", "\"/collect/x\""});
}

static void test_policy(void **state)
{
	ERRORS({"policy {\n}\n", 1, 7, "version is missing", "policy 2026-03"},
	       {"policy 1 2 {\n}\n", 1, 10, "unexpected \"2\"", ""}, {"policy \"\" {\n}\n", 1, 8, "1 to 64 octets", ""},
	       {"policy 1 {\n}\npolicy 2 {\n}\n", 3, 1, "a second \"policy\"", "site.rules:1"},
	       {"policy 1 {\n notise /p\n}\n", 2, 2, "unknown word \"notise\"", "\"notice\""},
	       {"policy 1 {\n notice\n}\n", 2, 8, "value is missing behind \"notice\"", ""},
	       {"policy 1 {\n notice privacy.html\n}\n", 2, 9, "neither an address nor a path", "https://"},
	       {"policy 1 {\n notice de p.html\n}\n", 2, 12, "neither an address nor a path", "notice de"},
	       {"policy 1 {\n notice German /p\n}\n", 2, 9, "is no language", "like de"},
	       {"policy 1 {\n notice /p\n notice de /q\n notice /r\n}\n", 4, 2, "said twice in this language",
		"remove one"},
	       {"policy 1 {\n contact a\n contact b\n}\n", 3, 2, "stands twice", "line 2"},
	       {"policy 1 {\n notice /p {\n }\n}\n", 2, 2, "has no block", ""},
	       {"policy 1 {\n contact a b\n}\n", 2, 12, "unexpected \"b\"", ""},
	       {"policy 1 {\n remember 500d\n}\n", 2, 11, "above 400 days", "400d"},
	       {"policy 1 {\n leftovers keept\n}\n", 2, 12, "unexpected \"keept\"", "\"kept\""},
	       {"policy 1 {\n undecided\n}\n", 2, 2, "followed by \"denies\" or \"grants\"", ""},
	       {"policy 1 {\n undecided maybe\n}\n", 2, 12, "followed by \"denies\" or \"grants\"", ""},
	       {AB "policy 1 {\n undecided denies alpha\n}\n", 3, 19, "denies every purpose", "grants"},
	       {"policy 1 {\n undecided denies\n undecided grants\n}\n", 3, 2, "said twice", "line 2"},
	       {"policy 1 {\n undecided grants in\n}\n", 2, 21, "a region is missing", ""},
	       {"policy 1 {\n undecided grants in us\n}\n", 2, 22, "no region", "US-CA"},
	       {"policy 1 {\n undecided grants in UK\n}\n", 2, 22, "no region", "GB"},
	       {"policy 1 {\n undecided grants in EU\n}\n", 2, 22, "no region", "DE FR"},
	       {"policy 1 {\n undecided grants in US US\n}\n", 2, 25, "named twice", ""});
}

static void test_consent_statements(void **state)
{
	ERRORS({"mode\n", 1, 5, "value is missing", ""}, {"mode observ\n", 1, 6, "unknown mode", "\"observe\""},
	       {"mode observe\nmode enforce\n", 2, 1, "a second \"mode\"", "site.rules:1"},
	       {AB "opt-out optout=1 denies alpha\n", 2, 9, "an opt-out is a cookie", "opt-out cookie optout=1"},
	       {AB "opt-out cookie optout denies alpha\n", 2, 16, "no cookie with its value", "NAME=VALUE"},
	       {AB "opt-out cookie optout= denies alpha\n", 2, 16, "value is missing", ""},
	       {AB "opt-out cookie \"o p=1\" denies alpha\n", 2, 16, "no valid cookie name", ""},
	       {AB "opt-out cookie \"o=1 2\" denies alpha\n", 2, 16, "no valid cookie value", ""},
	       {AB "opt-out cookie crumb-consent=1 denies alpha\n", 2, 16, "crumbgate's own", ""},
	       {AB "opt-out cookie o=1 denies necessary\n", 2, 27, "\"necessary\" is always granted", ""},
	       {AB "opt-out cookie o=1 for 500d denies alpha\n", 2, 24, "above 400 days", ""},
	       {"opt-out cookie o=1\n", 1, 19, "\"denies\" is missing", ""},
	       {AB "opt-out cookie o=1 denies alpha\nopt-out cookie o=1 denies beta\n", 3, 16, "same cookie and value",
		"site.rules:2"},
	       {"signal\n", 1, 7, "name is missing", ""}, {"signal gcp ignored\n", 1, 8, "unknown signal", "\"gpc\""},
	       {"signal gpc\n", 1, 11, "what the signal does is missing", ""},
	       {AB "signal gpc denies alpha ignored\n", 2, 1, "either denies or is ignored", ""},
	       {AB "signal gpc denies necessary\n", 2, 19, "\"necessary\" is always granted", ""},
	       {"signal dnt ignored\nsignal dnt ignored\n", 2, 8, "spoken of twice", "site.rules:1"});
}

static void test_inject(void **state)
{
	ERRORS({"inject\n", 1, 7, "what to inject", ""},
	       {"inject cokie a=b\n", 1, 8, "cannot be injected", "\"cookie\""},
	       {"inject cookie\n", 1, 14, "the cookie is missing", ""},
	       {"inject cookie a is necessary\n", 1, 15, "no cookie with its value", "NAME=VALUE"},
	       {"inject cookie a(=b is necessary\n", 1, 15, "no valid cookie name", "RFC 6265"},
	       {"inject cookie =b is necessary\n", 1, 15, "no valid cookie name", ""},
	       {"inject cookie a=b\n", 1, 18, "\"is\" and a purpose", ""},
	       {"inject cookie \"a=b c\" is necessary\n", 1, 15, "what a cookie must not", ""},
	       {"inject cookie a=b;c is necessary\n", 1, 15, "what a cookie must not", ""},
	       {"inject cookie a={uid} is necessary\n", 1, 15, "unknown variable \"{uid}\"", "\"uuid\""},
	       {"inject cookie a={address} is necessary\n", 1, 15, "unknown variable",
		"{uuid} {time} {host} {consent}"},
	       {"inject cookie a={uuid is necessary\n", 1, 15, "not closed", ""},
	       {"inject cookie a=b} is necessary\n", 1, 15, "'}' without its '{'", "}}"},
	       {"inject cookie __Host-crumb-consent=x is necessary\n", 1, 15, "crumbgate's own", ""},
	       {"inject cookie Crumb-Consent=x is necessary\n", 1, 15, "crumbgate's own", ""},
	       {AB "inject cookie o=2 is alpha\nopt-out cookie o=1 denies alpha\n", 2, 15, "is the opt-out cookie",
		"another name"},
	       {"inject cookie a=b is necessary\ninject cookie a=c is necessary\n", 2, 15, "injected twice",
		"site.rules:1"},
	       {"inject cookie a=b for 401d is necessary\n", 1, 23, "above 400 days", ""},
	       {"inject cookie __Host-a=b domain example.com is necessary\n", 1, 33, "__Host- cookie that has a domain",
		""},
	       {"inject cookie __host-a=b path /x is necessary\n", 1, 31, "path is not \"/\"", ""},
	       {"inject cookie __Http-a=b is necessary\n", 1, 15, "without HttpOnly", "httponly"},
	       {"inject cookie a=b domain com is necessary\n", 1, 26, "public suffix", ""},
	       {"inject cookie a=b domain 192.0.2.1 is necessary\n", 1, 26, "an address", ""},
	       {"inject cookie a=b domain example.com:80 is necessary\n", 1, 26, "is no domain", ""},
	       {"inject cookie a=b domain a_b..c is necessary\n", 1, 26, "is no domain", ""},
	       {"inject cookie a=b path shop is necessary\n", 1, 24, "no path for a cookie", ""},
	       {"inject cookie a=b path \"/a;b\" is necessary\n", 1, 24, "no path for a cookie", ""});
}

static void test_includes(void **state)
{
	ERRORS({"include\n", 1, 8, "path of the file is missing", ""},
	       {"include nowhere.rules\n", 1, 9, "\"nowhere.rules\" does not exist", "folder of site.rules"},
	       {"include /nowhere.rules\n", 1, 9, "does not exist", ""},
	       {"include vendors/gogle.rules\n", 1, 9, "does not exist", "\"vendors/google.rules\""},
	       {"include site.rules\n", 1, 9, "includes itself", ""},
	       {"include /x/\n", 1, 9, "no path of a file", "quotes"},
	       {"include ab.rules {\n}\n", 1, 1, "has no block", ""});
}

static void test_warnings(void **state)
{
	static const struct error_case cases[] = {
		{AB "cookie x is alpha\ncookie x is beta\n", 3, 8, "\"x\" can never match here: \"x\" at site.rules:2",
		 ""},
		{AB "cookie x x is alpha\n", 2, 10, "already named", ""},
		{AB "cookie x* is alpha\ncookie xy is beta\n", 3, 8,
		 "\"xy\" can never match here: \"x*\" at site.rules:2", ""},
		{AB "cookie /^x/ is alpha\ncookie xy is beta\n", 3, 8, "\"/^x/\" at site.rules:2", ""},
		{AB "cookie x* is alpha\ncookie xy* is beta\n", 3, 8, "\"xy*\" can never match", ""},
		{AB "cookie x* is alpha\ncookie xy*z is beta\n", 3, 8, "\"xy*z\" can never match", ""},
		{AB "cookie a*c is alpha\ncookie a*c is beta\n", 3, 8, "\"a*c\" can never match", ""},
		{AB "cookie /a/i is alpha\ncookie /a/i is beta\n", 3, 8, "\"/a/i\" can never match", ""},
		{AB "cookie * is alpha\ncookie x y z is beta\n", 3, 1, "\"*\" at site.rules:2 takes everything",
		 "in front"},
		{AB "cookie * is alpha\ncookie ** is beta\n", 3, 1, "takes everything", ""},
		{AB "path /a is alpha\npath /a/b is beta\n", 3, 6, "\"/a/b\" can never match here: \"/a\"", ""},
		{AB "path / is alpha\npath /b is beta\n", 3, 6, "\"/b\" can never match", ""},
		{AB "param x is alpha\nparam x is beta\n", 3, 7, "\"x\" can never match", ""},
		{AB "opt-out cookie o=1 denies alpha\ncookie o is beta\n", 3, 8, "no effect", ""},
		{"purpose advertising\ninclude vendors/meta.rules\ncookie _fbp is necessary\n", 3, 8,
		 "\"_fbp\" at vendors/meta.rules:", "in front of the include"},
		{"purpose advertising\ninclude vendors/meta.rules\ncookie _fbp is advertising secure\n", 3, 8,
		 "\"_fbp\" at vendors/meta.rules:", ""},
		{"purpose advertising\ninclude vendors/meta.rules\nparam fbclid is necessary\n", 3, 7,
		 "\"fbclid\" at vendors/meta.rules:", ""},
		{"cookie " CONSENT_COOKIE " is necessary\n", 1, 8, "no effect", ""},
		{AB "accept consent from onetrust {\nC002 grants alpha\nC0015 grants beta\n}\n", 3, 1,
		 "OneTrust has no category \"C002\" unless the site added it", "\"C0002\""},
		{AB "accept consent from onetrust\n", 2, 21, "no purpose of this site is called", "in a block"},
		{AB "accept consent from sourcepoint\n", 2, 21, "tells nothing of purposes", ""},
		{"purpose advertising\ncookie * is necessary\ninclude vendors/meta.rules\n", 3, 9,
		 "no rule of vendors/meta.rules can match: \"*\" at site.rules:2", "in front of site.rules:2"},
	};

	(void)state;
	check(cases, CG_COUNT(cases), SEVERITY_WARNING);
}

/* Not a word about these. */
static void test_silence(void **state)
{
	static const char *const texts[] = {
		"",
		"# nothing\n",
		AB "cookie x is alpha\ncookie x* is beta\ncookie * is alpha\n",
		AB "cookie /a/ is alpha\ncookie /a/i is beta\n",
		AB "cookie \"*\" is alpha\ncookie x is beta\n",
		AB "cookie \"is\" \"secure\" is alpha\n",
		AB "path /a/b is alpha\npath /a is beta\n",
		AB "path /a is alpha\npath /ab is beta\n",
		"purpose advertising\ncookie _fbp is necessary\ninclude vendors/meta.rules vendors/meta.rules\n",
		"purpose advertising\ninclude vendors/meta.rules\ncookie _fbp is advertising\nparam fbclid is "
		"advertising\n",
		"cookie a is necessary\ninclude ab.rules ab.rules\n",
		AB "cookie x secure is alpha max-age 1d\n",
	};

	(void)state;
	check_silent(texts, CG_COUNT(texts));
}

static size_t errors_of(const struct text_file *files, const char *message)
{
	struct diagnostics d;
	size_t errors;

	diagnostics_init(&d);
	assert_null(text_ruleset(files, &d));
	errors = d.errors;
	if (message && !contains(d.v[0].message, message)) {
		show(files[0].text, &d);
		fail_msg("expected: %s", message);
	}
	diagnostics_free(&d);
	return errors;
}

/* One load tells everything, in every file. */
static void test_all_in_one_go(void **state)
{
	const struct text_file files[] = {
		{"site.rules", "include more.rules nowhere.rules\ncoookie x\ncookie a is beta\npurpose alpha\n"
			       "cookie /(/ is alpha max-age x\nmode y\nbeacon z\n"},
		{"more.rules", "param q\npath w is alpha\n"},
		{NULL, NULL},
	};

	(void)state;
	assert_int_equal(errors_of(files, NULL), 9);
}

static void test_include_cycle(void **state)
{
	const struct text_file files[] = {
		{"a.rules", "include sub/b.rules\n"},
		{"sub/b.rules", "include ../c.rules\n"},
		{"c.rules", "include a.rules\n"},
		{NULL, NULL},
	};

	(void)state;
	assert_int_equal(errors_of(files, "includes itself by way of"), 1);
}

/* `levels` files, each including the next. */
static size_t errors_of_chain(unsigned levels)
{
	struct text_file files[32] = {0};
	char paths[32][16], texts[32][32];
	struct diagnostics d;
	size_t errors;

	for (unsigned i = 0; i < levels; i++) {
		snprintf(paths[i], sizeof paths[i], "f%u.rules", i);
		snprintf(texts[i], sizeof texts[i], i + 1 < levels ? "include f%u.rules\n" : "# %u\n", i + 1);
		files[i] = (struct text_file){paths[i], texts[i]};
	}
	diagnostics_init(&d);
	ruleset_free(text_ruleset(files, &d));
	errors = d.errors;
	diagnostics_free(&d);
	return errors;
}

static void test_include_depth(void **state)
{
	(void)state;
	assert_int_equal(errors_of_chain(15), 0);
	assert_int_equal(errors_of_chain(16), 0);
	assert_int_equal(errors_of_chain(17), 1);
}

static void test_missing_first_file(void **state)
{
	const struct text_file none[] = {{NULL, NULL}};
	struct loader loader = {(void *)(uintptr_t)none, text_load};
	struct diagnostics d;

	(void)state;
	diagnostics_init(&d);
	assert_null(ruleset_load(&loader, SLICE("site.rules"), &d));
	assert_int_equal(d.errors, 1);
	assert_true(contains(d.v[0].message, "does not exist"));
	assert_true(slice_eq(d.v[0].at.file, SLICE("site.rules")));
	diagnostics_free(&d);
}

static size_t errors_of_text(const char *text)
{
	struct text_file files[] = {{"site.rules", text}, {NULL, NULL}};
	struct diagnostics d;
	size_t errors;

	diagnostics_init(&d);
	ruleset_free(text_ruleset(files, &d));
	errors = d.errors;
	diagnostics_free(&d);
	return errors;
}

/* One statement with n names; '#' in the format stands for their number. */
static size_t errors_with_names(const char *kind, const char *format, unsigned n)
{
	struct buffer text;
	size_t errors;

	buffer_init(&text, 4 * 1024 * 1024);
	buffer_add_str(&text, kind);
	for (unsigned i = 0; i < n; i++) {
		struct slice before, after;

		assert_true(slice_cut(slice_str(format), '#', &before, &after));
		buffer_add_char(&text, ' ');
		buffer_add(&text, before);
		buffer_printf(&text, "%u", i);
		buffer_add(&text, after);
	}
	buffer_add_str(&text, " is necessary\n");
	assert_true(buffer_add_char(&text, '\0'));
	errors = errors_of_text(text.p);
	buffer_free(&text);
	return errors;
}

static void test_name_limits(void **state)
{
	(void)state;
	assert_int_equal(errors_with_names("param", "n#", 65536), 0);
	assert_int_equal(errors_with_names("param", "n#", 65537), 1);
	assert_int_equal(errors_with_names("param", "n#", 65540), 1);
	assert_int_equal(errors_with_names("cookie", "n#_*", 4096), 0);
	assert_int_equal(errors_with_names("cookie", "n#_*", 4097), 1);
	assert_int_equal(errors_with_names("cookie", "/^n#$/", 4100), 1);
}

static size_t errors_with_value(size_t n)
{
	char text[4096];

	assert_true(n + 64 < sizeof text);
	memcpy(text, "inject cookie a=", 16);
	memset(text + 16, 'v', n);
	memcpy(text + 16 + n, " is necessary\n", 15);
	return errors_of_text(text);
}

static void test_template_limit(void **state)
{
	(void)state;
	assert_int_equal(errors_with_value(3071), 0);
	assert_int_equal(errors_with_value(3072), 0);
	assert_int_equal(errors_with_value(3073), 1);
}

/* "m" includes as many files as its text says; each of them is empty. */
static enum load_result load_many(void *arg, struct slice path, struct slice *content)
{
	*content = slice_eq(path, SLICE("m")) ? *(const struct slice *)arg : SLICE("# x\n");
	return LOAD_OK;
}

static size_t errors_with_files(unsigned n)
{
	struct loader loader;
	struct diagnostics d;
	struct buffer text;
	struct slice source;
	size_t errors;

	buffer_init(&text, 65536);
	for (unsigned i = 1; i < n; i++)
		buffer_printf(&text, "include f%u\n", i);
	source = buffer_slice(&text);
	loader = (struct loader){&source, load_many};
	diagnostics_init(&d);
	ruleset_free(ruleset_load(&loader, SLICE("m"), &d));
	errors = d.errors;
	diagnostics_free(&d);
	buffer_free(&text);
	return errors;
}

static void test_file_limit(void **state)
{
	(void)state;
	assert_int_equal(errors_with_files(1023), 0);
	assert_int_equal(errors_with_files(1024), 0);
	assert_int_equal(errors_with_files(1025), 1);
}

static size_t errors_with_purposes(unsigned n)
{
	char text[1024];
	size_t length = 0;

	for (unsigned i = 0; i < n; i++)
		length += (size_t)snprintf(text + length, sizeof text - length, "purpose p%u\n", i);
	return errors_of_text(text);
}

static void test_purpose_limit(void **state)
{
	(void)state;
	assert_int_equal(errors_with_purposes(30), 0);
	assert_int_equal(errors_with_purposes(31), 0);
	assert_int_equal(errors_with_purposes(32), 1);
	assert_int_equal(errors_with_purposes(40), 1);
}

/* Errors of an earlier load into the same list do not count against a good one. */
static void test_shared_list(void **state)
{
	const struct text_file bad[] = {{"bad.rules", "x\n"}, {NULL, NULL}};
	const struct text_file good[] = {{"good.rules", "cookie a is necessary\n"}, {NULL, NULL}};
	struct diagnostics d;
	struct ruleset *rs;

	(void)state;
	diagnostics_init(&d);
	assert_null(text_ruleset(bad, &d));
	rs = text_ruleset(good, &d);
	assert_non_null(rs);
	ruleset_free(rs);
	diagnostics_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_bridge),
		cmocka_unit_test(test_consent_mode),
		cmocka_unit_test(test_later_capabilities),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_consent_cookie),
		cmocka_unit_test(test_purposes),
		cmocka_unit_test(test_clauses),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_consent_statements),
		cmocka_unit_test(test_inject),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_all_in_one_go),
		cmocka_unit_test(test_include_cycle),
		cmocka_unit_test(test_include_depth),
		cmocka_unit_test(test_missing_first_file),
		cmocka_unit_test(test_purpose_limit),
		cmocka_unit_test(test_name_limits),
		cmocka_unit_test(test_template_limit),
		cmocka_unit_test(test_file_limit),
		cmocka_unit_test(test_shared_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
