/* What the statements of pages can have wrong: where it is said, what is said, and what to write instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/rules_errors.h"

static void test_patterns(void **state)
{
	ERRORS({"beacon\n", 1, 7, "URL pattern or a selector is missing", "||example.com^"},
	       {"beacon is necessary\n", 1, 8, "URL pattern or a selector is missing", "||example.com^"},
	       {"beacon ||a.example^\n", 1, 20, "\"is\" and a purpose are missing", "is analytics"},
	       {"beacon ||a.example^ is\n", 1, 23, "a value is missing behind \"is\"", "purpose"},
	       {AB "beacon ||a.example^ is alfa\n", 2, 24, "unknown purpose \"alfa\"", "\"alpha\""},
	       {"beacon @@||a.example^ is necessary\n", 1, 8, "exceptions (\"@@\")",
		"beacon ||a.example^ is necessary"},
	       {"beacon ||a.example^$important is necessary\n", 1, 8, "\"important\"", "earlier line"},
	       {"beacon ||a.example^$script,badfilter is necessary\n", 1, 8, "\"badfilter\"", "earlier line"},
	       {"beacon ||a.example^$removeparam=x is necessary\n", 1, 8, "option \"removeparam=x\" is not supported",
		""},
	       {"beacon * /a.js is necessary {\n}\n", 1, 19, "has no block", "braces"},
	       {"beacon || is necessary\n", 1, 8, "matches every address", "||example.com^"},
	       {"beacon */* is necessary\n", 1, 8, "matches every address", ""},
	       {"beacon ||a.example^, ||b.example^ is necessary\n", 1, 8, "a comma behind \"||a.example^\"", "blanks"},
	       {"beacon /a/b/ is necessary\n", 1, 8, "for a regular expression", "/a/b/*"},
	       {"beacon /a/$script is necessary\n", 1, 8, "for a regular expression", "leave the options out"},
	       {"beacon ||\xC3\xA4.example^ is necessary\n", 1, 8, "beyond ASCII", ""},
	       {"beacon \"||a.example/x y\" is necessary\n", 1, 8, "blanks", ""},
	       {"beacon !/x is necessary\n", 1, 8, "comment", "||"},
	       {"beacon ||a.example^ is necessary <<X\nX\n", 1, 34, "unexpected \"<<X\"", ""});
}

static void test_expressions(void **state)
{
	ERRORS({"beacon /(a/ is necessary\n", 1, 11, "the regular expression is not valid", "pcre2pattern"},
	       {"beacon /\\/a(/ is necessary\n", 1, 13, "the regular expression is not valid", ""},
	       {"beacon /a.b/s is necessary\n", 1, 8, "the flag \"s\"", "i"},
	       {"beacon /a\\$b=c/ is necessary\n", 1, 8, "cannot stand in a filter", "\\x24"},
	       {"beacon /\xC3\xA4+/ is necessary\n", 1, 8, "cannot stand in a filter", "percent"});
}

static void test_selectors(void **state)
{
	ERRORS({"beacon example.com is necessary\n", 1, 8, "looks like a host", "||example.com^"},
	       {"beacon www.t.co is necessary\n", 1, 8, "looks like a host", "||www.t.co^"},
	       {"beacon t.co$script is necessary\n", 1, 8, "looks like a host", ": ||t.co^$script"},
	       {"beacon example.com, p is necessary\n", 1, 8, "looks like a host", "||example.com^"},
	       {"beacon analytics.js is necessary\n", 1, 8, "looks like a file", ": /analytics.js"},
	       {"beacon pixel.php?id=1 is necessary\n", 1, 8, "looks like a file", "/pixel.php?id=1"},
	       {"beacon *.gif is necessary\n", 1, 8, "looks like a file", ": /*.gif"},
	       {"beacon div google-analytics.com is necessary\n", 1, 12, "looks like a host", ""},
	       {"beacon div..a is necessary\n", 1, 12, "", ""}, {"beacon div \\\n  p..a is necessary\n", 2, 5, "", ""},
	       {"beacon \"div..a\" is necessary\n", 1, 13, "", ""}, {"beacon div:hover is necessary\n", 1, 11, "", ""},
	       {"beacon #ad is necessary\n", 1, 7, "selector is missing", "comment; for a selector write *#ad"},
	       {"beacon div #ad is necessary\n", 1, 11, "\"is\" and a purpose are missing", "*#ad"},
	       {"beacon div # ad\n", 1, 11, "\"is\" and a purpose are missing", "is analytics"},
	       {"beacon div=x is necessary\n", 1, 11, "", ""},
	       {"beacon [a is necessary\n", 1, 8, "bracket in this selector is not closed", "close each"},
	       {"beacon [a='b c'] is necessary\n", 1, 8, "single quotes", "double quotes"},
	       {"beacon div ||a.example^ p is necessary\n", 1, 25, "second selector", "in front"});
}

static void test_containing(void **state)
{
	ERRORS({"beacon script containing is necessary\n", 1, 26, "a value is missing behind \"containing\"", "fbq("},
	       {"beacon script is necessary containing\n", 1, 38, "a value is missing behind \"containing\"", "fbq("},
	       {"beacon script containing \"f\" is necessary\n", 1, 26, "2 to 255 octets", "regular expression"},
	       {"beacon script containing /(/ is necessary\n", 1, 28, "regular expression is not valid", ""},
	       {"beacon script containing \"ab\" containing \"cd\" is necessary\n", 1, 31, "second time", ""},
	       {"beacon ||a.example^ containing \"ab\" is necessary\n", 1, 21, "needs a selector", "script"},
	       {"beacon div containing \"ab\" is necessary\n", 1, 12, "script and style elements alone", "script"},
	       {"beacon script, div containing \"ab\" is necessary\n", 1, 20, "script and style elements alone", ""},
	       {"list list.txt containing \"ab\" is necessary\n", 1, 15, "does not belong in a \"list\"", ""});
}

static void test_actions(void **state)
{
	ERRORS({"beacon div is necessary replaced\n", 1, 33, "\"by\" is missing", "replaced by placeholder"},
	       {"beacon div replaced is necessary\n", 1, 21, "\"by\" is missing", ""},
	       {"beacon div replaced with placeholder is necessary\n", 1, 21, "\"by\" is missing", ""},
	       {"beacon div is necessary replaced by\n", 1, 36, "missing behind \"by\"", ""},
	       {"beacon div replaced by is necessary\n", 1, 24, "what to put there is missing", ""},
	       {"beacon div is necessary replaced by placeholdr\n", 1, 37, "unexpected", "\"placeholder\""},
	       {"beacon div is necessary replaced by \"\"\n", 1, 37, "replacement is empty", "removed"},
	       {"beacon div is necessary replaced by <<X\nX\n", 1, 37, "replacement is empty", "removed"},
	       {"beacon div is necessary removed inert\n", 1, 33, "beside another word", "choose"},
	       {"beacon div is necessary removed removed\n", 1, 33, "beside another word", "choose"},
	       {"beacon div is necessary sealed\n", 1, 25, "\"sealed\" does not belong in a \"beacon\"", ""},
	       {"beacon div is necessary max-age 1d\n", 1, 25, "does not belong in a \"beacon\"", ""},
	       {AB "beacon div is alpha remved\n", 2, 21, "unknown purpose \"remved\"", ""});
}

static void test_lists(void **state)
{
	ERRORS({"list\n", 1, 5, "path of the list is missing", "easyprivacy.txt"},
	       {"list is necessary\n", 1, 6, "path of the list is missing", ""},
	       {"list list.txt\n", 1, 14, "\"is\" and a purpose are missing", ""},
	       {"list nowhere.txt is necessary\n", 1, 6, "\"nowhere.txt\" does not exist", "folder of site.rules"},
	       {"list /nowhere.txt is necessary\n", 1, 6, "does not exist", ""},
	       {"list /a/ is necessary\n", 1, 6, "no path of a file", "quotes"},
	       {"list list.txt other.txt is necessary\n", 1, 15, "unexpected \"other.txt\"", ""},
	       {"list list.txt is necessary without\n", 1, 35, "missing behind \"without\"", "exceptions"},
	       {"list list.txt is necessary without exception\n", 1, 36, "unexpected", "\"exceptions\""},
	       {"list list.txt is necessary without domain\n", 1, 42, "missing behind \"domain\"", "exceptions"},
	       {"list list.txt is necessary without domain x\n", 1, 43, "unexpected \"x\"", ""});
}

static void test_inject(void **state)
{
	ERRORS({"inject html is necessary <<X\na\nX\n", 1, 29, "the place is missing", "at head-end"},
	       {"inject html at head-end <<X\na\nX\n", 1, 28, "\"is\" and a purpose are missing", ""},
	       {"inject html at head-end is necessary\n", 1, 37, "the HTML is missing", "<<HTML"},
	       {"inject html at head-end is necessary <<X\nX\n", 1, 38, "the HTML is empty", ""},
	       {"inject html at head is necessary <<X\na\nX\n", 1, 16, "\"head\" is no place", "head-start"},
	       {"inject html at body-ent is necessary <<X\na\nX\n", 1, 16, "no place", "\"body-end\""},
	       {"inject html at is necessary <<X\na\nX\n", 1, 16, "missing behind \"at\"", "body-start"},
	       {"inject html at body-end after p is necessary <<X\na\nX\n", 1, 25, "second place", "one statement"},
	       {"inject html before \"p..a\" is necessary <<X\na\nX\n", 1, 23, "", ""},
	       {"inject html before example.com is necessary <<X\na\nX\n", 1, 20, "looks like a host", ""},
	       {"inject html at body-end path is necessary <<X\na\nX\n", 1, 30, "missing behind \"path\"", "/shop"},
	       {"inject html at body-end path shop is necessary <<X\na\nX\n", 1, 30, "no path", "\"/shop\""},
	       {"inject html at body-end path /^(/ is necessary <<X\na\nX\n", 1, 33, "regular expression", ""},
	       {"inject html at body-end status 99 is necessary <<X\na\nX\n", 1, 32, "neither a status", "404"},
	       {"inject html at body-end status 299-200 is necessary <<X\na\nX\n", 1, 32, "neither a status", ""},
	       {"inject html at body-end status 200-600 is necessary <<X\na\nX\n", 1, 32, "neither a status", ""},
	       {"inject htm at body-end is necessary <<X\na\nX\n", 1, 8, "cannot be injected", "\"html\""},
	       {"inject cookie a=b is necessary <<X\na\nX\n", 1, 32, "no here-document", ""},
	       {"inject html at body-end is necessary for 1d <<X\na\nX\n", 1, 38, "does not belong", ""});
}

static void test_pages(void **state)
{
	ERRORS({"pages\n", 1, 6, "the block is missing", "{"}, {"pages x {\n}\n", 1, 7, "unexpected \"x\"", ""},
	       {"pages {\n}\npages {\n}\n", 3, 1, "a second \"pages\"", "site.rules:1"},
	       {"pages {\n gard on\n}\n", 2, 2, "unknown word \"gard\"", "\"guard\""},
	       {"pages {\n frobnicate on\n}\n", 2, 2, "unknown word", "pages hold: guard"},
	       {"pages {\n guard\n}\n", 2, 7, "a value is missing", "on or off"},
	       {"pages {\n guard yes\n}\n", 2, 8, "unexpected \"yes\"", ""},
	       {"pages {\n csp narow\n}\n", 2, 6, "unexpected \"narow\"", "\"narrow\""},
	       {"pages {\n unreadable passt\n}\n", 2, 13, "unexpected", "\"passed\""},
	       {"pages {\n oversized withheld now\n}\n", 2, 21, "unexpected \"now\"", ""},
	       {"pages {\n tag 1k\n}\n", 2, 6, "too small", "4k"}, {"pages {\n script 17m\n}\n", 2, 9, "too large", ""},
	       {"pages {\n tag big\n}\n", 2, 6, "not a size", ""},
	       {"pages {\n tag 8k\n tag 8k\n}\n", 3, 2, "stands twice", "line 2"},
	       {"pages {\n guard on {\n }\n}\n", 2, 2, "has no block", "braces"});
}

static void test_banner(void **state)
{
	ERRORS({"banner on\n", 1, 8, "unexpected \"on\"", ""}, {"banner\n", 1, 7, "the block is missing", "banner off"},
	       {"banner off\nbanner {\n}\n", 2, 1, "a second \"banner\"", "site.rules:1"},
	       {"banner {\n frobnicate on\n}\n", 2, 2, "unknown word \"frobnicate\" in \"banner\"", "a banner holds"},
	       {"banner {\n acent 000000\n}\n", 2, 2, "unknown word", "\"accent\""},
	       {"banner {\n place left\n}\n", 2, 8, "\"left\" is no place", "bottom or top"},
	       {"banner {\n link no\n}\n", 2, 7, "unexpected \"no\"", ""},
	       {"banner {\n accent\n}\n", 2, 8, "the colour is missing", "dark"},
	       {"banner {\n accent blue\n}\n", 2, 9, "\"blue\" is no colour", "six hexadecimal digits"},
	       {"banner {\n accent \"#0b57d\"\n}\n", 2, 9, "is no colour", ""},
	       {"banner {\n accent 0b57d0 8ab4f8\n}\n", 2, 16, "unexpected \"8ab4f8\"", "dark"},
	       {"banner {\n accent 0b57d0 dark\n}\n", 2, 20, "the dark colour is missing", ""},
	       {"banner {\n accent fefefe\n}\n", 1, 1, "contrast of accent and background is 1.01", "3 or more"},
	       {"banner {\n foreground 777777\n}\n", 1, 1, "contrast of foreground and background is 4.48", "4.5"},
	       {"banner {\n background ffffff dark e3e3e3\n accent 0b57d0 dark 0b57d0\n}\n", 1, 1,
		"foreground and background (dark)", ""},
	       {"banner {\n logo https://x.example/l.png\n}\n", 2, 7, "is no path of the site", "/logo.svg"},
	       {"banner {\n logo //x.example/l.png\n}\n", 2, 7, "is no path of the site", ""},
	       {"banner {\n title\n}\n", 2, 7, "the text is missing", ""},
	       {"banner {\n title \"\"\n}\n", 2, 8, "a text has 1 to", ""},
	       {"banner {\n title DE \"x\"\n}\n", 2, 8, "\"DE\" is no language", ""},
	       {"banner {\n title de \"x\" y\n}\n", 2, 15, "unexpected \"y\"", ""},
	       {"banner {\n title de \"x\"\n title \"y\"\n title de \"z\"\n}\n", 4, 2, "said twice in this language",
		""},
	       {"banner {\n place top {\n }\n}\n", 2, 2, "has no block", "braces"},
	       {"policy 1 {\n path crumbgate\n}\n", 2, 7, "cannot be the path", "/.crumbgate"},
	       {"policy 1 {\n path /\n}\n", 2, 7, "cannot be the path", ""},
	       {"policy 1 {\n path /a/../b\n}\n", 2, 7, "cannot be the path", ""},
	       {"policy 1 {\n path /a//b\n}\n", 2, 7, "cannot be the path", ""},
	       {"policy 1 {\n path /a/\n}\n", 2, 7, "cannot be the path", ""},
	       {"policy 1 {\n path /a%20\n}\n", 2, 7, "cannot be the path", ""},
	       {"policy 1 {\n storage clear\n}\n", 2, 10, "unexpected \"clear\"", "\"cleared\""},
	       {"policy 1 {\n changed\n}\n", 2, 9, "the text is missing", "changed"},
	       {"policy 1 {\n changed \"x\"\n changed de \"x\"\n changed \"y\"\n}\n", 4, 2, "said twice", ""},
	       {"purpose a {\n titel de \"x\"\n}\n", 2, 2, "unknown word \"titel\"", "\"title\""},
	       {"purpose a {\n text\n}\n", 2, 6, "the text is missing", "text de"},
	       {"purpose a {\n text x y\n}\n", 2, 7, "\"x\" is no language", ""},
	       {"purpose a {\n text x {\n }\n}\n", 2, 2, "has no block", ""});
}

static void test_warnings(void **state)
{
	static const struct error_case cases[] = {
		{"list odd.txt is necessary\n", 1, 6, "left out: 2 of 4 lines",
		 "the first is line 2: option \"removeparam=x\" is not supported"},
		{"list page.txt is necessary\n", 1, 6, "nothing in this file blocks anything", "filter list"},
		{"beacon /ads/ is necessary\n", 1, 8, "this is a regular expression", "/ads/*"},
		{AB "beacon ||a.example^ is alpha\nbeacon ||a.example^ is beta\n", 3, 8,
		 "\"||a.example^\" can never match here: \"||a.example^\" at site.rules:2 takes it", "file order"},
		{"beacon ||a.example^ is necessary\nbeacon ||x.a.example/y$script div is necessary\n", 2, 8,
		 "can never match here: \"||a.example^\"", "remove one"},
		{"beacon ||a.example^ ||b.a.example/x$script is necessary\n", 1, 21, "already named by",
		 "leave it out"},
		{"beacon /x.gif /y.gif is necessary\nbeacon /x.gif is necessary\n", 2, 8, "can never match here", ""},
		{"beacon /x\\.gif$/i is necessary\nbeacon /x\\.gif$/i is necessary\n", 2, 8, "never match", ""},
		{"beacon ifram[src] is necessary\n", 1, 8, "HTML has no element \"ifram\"", "\"iframe\""},
	};

	(void)state;
	check(cases, CG_COUNT(cases), SEVERITY_WARNING);
}

static void test_silence(void **state)
{
	static const char *const texts[] = {
		AB "beacon ||a.example^ ||b.example/x^$third-party,script div.ad is alpha beta removed\n",
		"beacon div > p:not([href^=\"/x\"]), *.cls is necessary\n",
		AB "beacon ||a.example/x ||a.example^$script is alpha\nbeacon ||a.example^ is beta\n",
		"beacon ||b.a.example^ is necessary\nbeacon ||a.example^ is necessary\n",
		"beacon /x\\.gif$/i is necessary\nbeacon /x\\.gif$/ is necessary\n",
		"beacon my-widget.com-box is necessary\n",
		"beacon unknown.cls is necessary\n",
		"beacon html.js is necessary\n",
		"beacon script containing \"is\" is necessary\n",
		"beacon [data-is=is] is necessary\n",
		"beacon /^https:\\/\\/a\\.example\\/(a|b)$/i is necessary\n",
		"list list.txt is necessary inert without exceptions\n",
		"pages {\n}\n",
		"banner off\n",
		"banner {\n}\n",
		("banner {\n accent \"#0b57d0\" dark a8c7fa\n title de \"x\"\n title \"x\"\n logo /l.svg\n place top\n "
		 "link off\n}\n"),
		"policy 1 {\n path /privacy-settings/x\n storage cleared\n changed \"x\"\n}\n",
	};

	(void)state;
	check_silent(texts, CG_COUNT(texts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),   cmocka_unit_test(test_expressions), cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_containing), cmocka_unit_test(test_actions),     cmocka_unit_test(test_lists),
		cmocka_unit_test(test_inject),	   cmocka_unit_test(test_pages),       cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_silence),	   cmocka_unit_test(test_banner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
