/* The page rewriter: pages that are not UTF-8, and those of XML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/page_fixture.h"

#define BEACONS                 \
	"purpose preferences\n" \
	"purpose analytics\n"   \
	"purpose advertising\n" \
	"beacon ||ads.example^ is advertising\n"
#define RULES BEACONS "pages {\n tag 4k\n}\n"

#define AD    " data-cg=\"advertising\""
#define PLAIN " type=\"text/plain\""

static void check_encoded(enum page_encoding encoding, const struct page_row *rows, size_t n)
{
	struct fixture f;

	fixture_open(&f, RULES);
	page_visit(&f, "preferences");
	for (size_t i = 0; i < n; i++) {
		f.decision.page.encoding = encoding;
		page_check_row(&f, &rows[i]);
	}
	fixture_close(&f);
}

#define ALL " data-cg=\"preferences analytics advertising\""

/* A host beyond ASCII is known only in UTF-8: elsewhere it waits for everything. */
static void test_encodings(void **state)
{
	static const struct page_row utf8[] = {
		{"<img src=//b\xC3\xBC.example/>", NULL},
		{"<img src=//b\xFC.example/>", NULL},
	};
	static const struct page_row latin1[] = {
		{"<img src=//ok.example/\xFC?\xFC>", NULL},
		{"<img src=//b\xFC.example/>", "<img" ALL " data-cg-src=//b\xFC.example/>"},
		{"<img src=//b\xC3\xBC.example/>", "<img" ALL " data-cg-src=//b\xC3\xBC.example/>"},
		{"<img src=//b&uuml;.example/>", "<img" ALL " data-cg-src=//b&uuml;.example/>"},
		{"<img src=//b%C3%BC.example/>", NULL},
		{"<img srcset='a 1x, //b\xFC.example/'>", "<img" ALL " data-cg-srcset='a 1x, //b\xFC.example/'>"},
		{"<script>f('//b\xFC.example/')</script>", "<script" PLAIN ALL ">f('//b\xFC.example/')</script>"},
		{"<style>a{b:url(//b\xFC.example)}</style>", "<style>a{b:url(\"data:,\")}</style>"},
		{"<base href=//b\xFC.example><img src=a><img src=//ok.example>",
		 "<base href=//b\xFC.example><img" ALL " data-cg-src=a><img src=//ok.example>"},
		{"<base href=//b\xC3\xBC.example><img src=a>",
		 "<base href=//b\xC3\xBC.example><img" ALL " data-cg-src=a>"},
		{"<iframe srcdoc='<img src=//b\xFC.example/>'></iframe>",
		 "<iframe" ALL " data-cg-srcdoc='<img src=//b\xFC.example/>'></iframe>"},
		{"<noscript><img src=//b\xFC.example/></noscript>",
		 "<noscript><img" ALL " data-cg-src=//b\xFC.example/></noscript>"},
		{"<meta charset=utf-8><img src=//b\xFC.example/>",
		 "<meta charset=utf-8><img" ALL " data-cg-src=//b\xFC.example/>"},
		{"\xEF\xBB\xBF<img src=//b\xC3\xBC.example/>", NULL},
	};
	static const struct page_row unknown[] = {
		{"<!doctype html><img src=//b\xFC.example/>",
		 "<!doctype html><img" ALL " data-cg-src=//b\xFC.example/>"},
		{"<meta charset=UTF8><img src=//b\xC3\xBC.example/>", NULL},
		{"<meta http-equiv=content-type content='text/html; charset=utf-8'><img src=//b\xC3\xBC.example/>",
		 NULL},
		{"<meta charset=koi8-r><meta charset=utf-8><img src=//b\xFC.example/>",
		 "<meta charset=koi8-r><meta charset=utf-8><img" ALL " data-cg-src=//b\xFC.example/>"},
	};
	static const struct page_row data_urls[] = {
		{"<iframe src='data:text/html,<img src=//b%FC.example>'></iframe>",
		 "<iframe" ALL " data-cg-src='data:text/html,<img src=//b%FC.example>'></iframe>"},
	};

	(void)state;
	check_encoded(PAGE_UTF8, utf8, CG_COUNT(utf8));
	check_encoded(PAGE_NOT_UTF8, latin1, CG_COUNT(latin1));
	check_encoded(PAGE_ENCODING_UNKNOWN, unknown, CG_COUNT(unknown));
	check_encoded(PAGE_UTF8, data_urls, CG_COUNT(data_urls));
}

/* A fragment that a script asked for is UTF-8 if its fields say nothing else; and an operator may let all pass. */
static void test_encoding_of_fragments(void **state)
{
	static const struct page_row fragment = {"<img src=//b\xFC.example/>", NULL};
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES);
	page_visit(&f, "");
	f.decision.page.document = false;
	page_check_row(&f, &fragment);
	fixture_close(&f);
	fixture_open(&f, BEACONS "pages {\n unreadable passed\n}\n");
	page_visit(&f, "");
	page_check_row(&f, &fragment);
	fixture_close(&f);
}

#define SHEET "//ads.example/a.css"

static void test_xml(void **state)
{
	static const struct page_row rows[] = {
		{"<?xml version='1.0'?><?xml-stylesheet type='text/css' href='" SHEET "'?><html/>",
		 "<?xml version='1.0'?><?data-cg-xml-stylesheet type='text/css' href='" SHEET "'?><html/>"},
		{"<?xml-stylesheet\ttitle='>' href = \"https&#58;" SHEET "\" ?><html/>",
		 "<?data-cg-xml-stylesheet\ttitle='>' href = \"https&#58;" SHEET "\" ?><html/>"},
		{"<?xml-stylesheet href='data:text/css,@import url(" SHEET ")'?><html/>",
		 "<?data-cg-xml-stylesheet href='data:text/css,@import url(" SHEET ")'?><html/>"},
		{"<?xml-stylesheet href='/ok.css'?><?xml-stylesheet href=" SHEET "?><?Xml-stylesheet href='" SHEET
		 "'?><html/>",
		 NULL},
		{"<?xml-stylesheets href='" SHEET "'?><?x?><?x ?>?><html/>", NULL},
		{"<!-- <?xml-stylesheet href='" SHEET "'?> --><html/>", NULL},
		{"<html><![CDATA[ > <img src='" SHEET "'/> <!-- ]]><img src='" SHEET "'/></html>",
		 "<html><![CDATA[ > <img src='" SHEET "'/> <!-- ]]><img" AD " data-cg-src='" SHEET "'/></html>"},
		{"<html><!--> <p title=' --><img src='" SHEET "'/></html>",
		 "<html><!--> <p title=' --><img" AD " data-cg-src='" SHEET "'/></html>"},
		{"<?own > <!-- ?><img src='" SHEET "'/>", "<?own > <!-- ?><img" AD " data-cg-src='" SHEET "'/>"},
		{"<s:rect mask='url(" SHEET ")'/>", "<s:rect" AD " data-cg-mask='url(" SHEET ")'/>"},
		{"<?xml version='1.0' encoding='UTF-8'?><img src='//b\xFC.example'/>", NULL},
		{"<?xml version='1.0' encoding='iso-8859-1'?><img src='//b\xFC.example'/>",
		 "<?xml version='1.0' encoding='iso-8859-1'?><img" ALL " data-cg-src='//b\xFC.example'/>"},
		{"<style>@import '" SHEET "<?'<r mask='url(" SHEET ")'>", "<style>"},
		{"<style>@import '" SHEET "<?'?>';</style>", "<style></style>"},
		{"<style>/*<![CDATA[*/ a{} /*]]>*/</style><script>//<![CDATA[\na<b\n//]]></script>", NULL},
		{"<style>/*<![CDATA[*/ a{b:url(" SHEET ")} /*]]>*/</style>",
		 "<style>/**/ a{b:url(&quot;data:,&quot;)} /**/</style>"},
		{"<?xml-stylesheet href='" SHEET "'", "<?data-cg-xml-stylesheet href='" SHEET "'"},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES);
	page_visit(&f, "");
	f.decision.page.xml = true;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		page_check_row(&f, &rows[i]);
	fixture_close(&f);
}

static enum rewriter_result result_of(bool xml, struct slice page, struct buffer *out)
{
	enum rewriter_result result;
	struct fixture f;

	fixture_open(&f, RULES);
	page_visit(&f, "");
	f.decision.page.xml = xml;
	result = page_rewrite(&f, page, (struct page_run){1000, 1000}, out);
	fixture_close(&f);
	return result;
}

/* What a page declares itself could be anything anywhere. */
static void test_declarations(void **state)
{
	struct slice page = SLICE("<!DOCTYPE html [<!ENTITY a \"b\">]><html/>");
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	assert_int_equal(result_of(true, page, &out), REWRITER_UNREADABLE);
	assert_int_equal(result_of(false, page, &out), REWRITER_OK);
	assert_int_equal(result_of(true, SLICE("<!DOCTYPE html SYSTEM \"a\"><html/>"), &out), REWRITER_OK);
	buffer_free(&out);
}

static void test_long_instructions(void **state)
{
	static const char *const begins[] = {"<?xml-stylesheet a='", "<?xml-own a='"};
	char page[6000];
	struct buffer out;

	(void)state;
	buffer_init(&out, 16384);
	for (size_t i = 0; i < CG_COUNT(begins); i++) {
		memset(page, 'x', sizeof page);
		memcpy(page, begins[i], strlen(begins[i]));
		memcpy(page + sizeof page - 30, "' href='//ads.example/'?><a/>!", 30);
		assert_int_equal(result_of(true, slice_of(page, sizeof page), &out), REWRITER_OK);
		assert_int_equal(slice_starts_with(buffer_slice(&out), SLICE("<?data-cg-xml-stylesheet")), i == 0);
		assert_int_equal(out.n, sizeof page + (i == 0 ? 8 : 0));
	}
	buffer_free(&out);
}

/* What is in the head of XHTML is no content of the body, though it has text. */
static void test_places(void **state)
{
	static const struct page_row row = {
		"<html><head><title>t</title><script>s</script><style>c</style><meta/></head><body>b</body></html>",
		"<html><head><title>t</title><i/><script>s</script><style>c</style><meta/></head><body>b</body></"
		"html>"};
	struct page_inject inject = {.html = SLICE("<i/>")};
	struct fixture f;
	size_t n;

	(void)state;
	fixture_open(&f, RULES "inject html at head-start is necessary <<X\n<i/>\nX\n");
	inject.rule = ruleset_inject_html(f.rules, &n);
	page_visit(&f, "preferences analytics advertising");
	f.decision.page.xml = true;
	f.decision.page.injects = &inject;
	page_check_row(&f, &row);
	page_visit(&f, "");
	f.decision.page.xml = true;
	f.decision.page.injects = &inject;
	page_check_row(&f, &row);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_encoding_of_fragments),
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_long_instructions),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
