/* srcset and refresh; the rows were compared with Chromium 156, which refuses ".;url=/a" besides. */
#include "rules/html/srcset.h"

#include "rules/html/refresh.h"
#include "tests/support/slice_assert.h"

static const struct {
	const char *value, *candidates; /* "URL|DESCRIPTORS\n..." */
} sets[] = {
	{"", ""},
	{" ,\t,\n, ", ""},
	{"a.png", "a.png|\n"},
	{"a.png, b.png 2x", "a.png|\nb.png|2x\n"},
	{"a.png 1x,b.png 2x", "a.png|1x\nb.png|2x\n"},
	{"a.png,b.png 2x", "a.png,b.png|2x\n"},
	{"a.png, b.png", "a.png|\nb.png|\n"},
	{"a.png,,, b.png", "a.png|\nb.png|\n"},
	{",a.png ,b.png , ,c.png", "a.png|\nb.png|\nc.png|\n"},
	{"  a.png  100w  50h  ,  b.png", "a.png|100w  50h\nb.png|\n"},
	{"a.png (1x, b.png) 2x, c.png", "a.png|(1x, b.png) 2x\nc.png|\n"},
	{"a.png (1x, b.png 2x", "a.png|(1x, b.png 2x\n"},
	{"a.png ((), b.png 2x", "a.png|(()\nb.png|2x\n"},
	{"a.png ), b.png", "a.png|)\nb.png|\n"},
	{"a.png 1x(, b.png), c.png", "a.png|1x(, b.png)\nc.png|\n"},
	{"data:image/png;base64,AAA= 1x, /b.png 2x", "data:image/png;base64,AAA=|1x\n/b.png|2x\n"},
	{"https://t.example/a,b,c.png 1x", "https://t.example/a,b,c.png|1x\n"},
	{"a(,b.png 1x", "a(,b.png|1x\n"},
	{"a.png\n1x,\fb.png\r2x", "a.png|1x\nb.png|2x\n"},
	{"a.png\v1x", "a.png\v1x|\n"},
	{"a.png 1x 2x, b.png -1w", "a.png|1x 2x\nb.png|-1w\n"},
	{"a.png 1x,", "a.png|1x\n"},
	{"a.png,", "a.png|\n"},
};

static void srcset(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(sets); i++) {
		struct slice rest = slice_str(sets[i].value);
		struct srcset_candidate c;
		char all[256] = "";
		size_t n = 0;

		while (srcset_next(&rest, &c))
			n += (size_t)snprintf(all + n, sizeof all - n, "%.*s|%.*s\n", SLICE_ARG(c.url),
					      SLICE_ARG(c.descriptors));
		assert_string_equal(all, sets[i].candidates);
	}
}

static const struct {
	const char *content, *url; /* NULL: none */
} refreshes[] = {
	{"", NULL},
	{"5", NULL},
	{"5;", NULL},
	{"5; url=", NULL},
	{"5; url=''", NULL},
	{"0;url=/a", "/a"},
	{"0; URL=/a", "/a"},
	{" \n0 \t; \f url \r = /a b ", "/a b "},
	{"0,url=/a", "/a"},
	{"0 url=/a", "/a"},
	{"0url=/a", NULL},
	{"0x;url=/a", NULL},
	{"-1;url=/a", NULL},
	{"+1;url=/a", NULL},
	{";url=/a", NULL},
	{"url=/a", NULL},
	{".;url=/a", "/a"},
	{".5;url=/a", "/a"},
	{"1.5.7..;url=/a", "/a"},
	{"0;/a", "/a"},
	{"0 /a", "/a"},
	{"0;'/a'", "/a"},
	{"0;\"/a", "/a"},
	{"0;url='/a\"b'c", "/a\"b"},
	{"0;url=\"/a'b\"c", "/a'b"},
	{"0;url/a", "url/a"},
	{"0;url '/a'", "url '/a'"},
	{"0;ur=/a", "ur=/a"},
	{"0;u'/a'", "u'/a'"},
	{"0;;url=/a", ";url=/a"},
	{"0;,/a", ",/a"},
	{"0;url==/a", "=/a"},
	{"0;url=url=/a", "url=/a"},
	{"0\v;url=/a", "/a"},
	{"0 ; , url=/a", ", url=/a"},
	{"0;\xc2\xa0url=/a", "\xc2\xa0url=/a"},
	{"0;url='", NULL},
	{"0;url=''x", NULL},
	{"+0;url=/a", NULL},
	{"99999999999999999999;url=/a", "/a"},
};

static void refresh(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(refreshes); i++) {
		struct slice url;
		bool has = refresh_url(slice_str(refreshes[i].content), &url);

		if (has != (refreshes[i].url != NULL))
			print_error("%s\n", refreshes[i].content);
		assert_int_equal(has, refreshes[i].url != NULL);
		if (has)
			assert_slice(url, refreshes[i].url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(srcset),
		cmocka_unit_test(refresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
