#include "rules/html/entity.h"

#include "tests/support/alloc_fault.h"
#include "tests/support/slice_assert.h"

static const struct {
	const char *raw, *attribute, *text;
} rows[] = {
	{"", "", ""},
	{"plain", "plain", "plain"},
	{"a=1&amp;b=2", "a=1&b=2", "a=1&b=2"},
	{"a=1&b=2", "a=1&b=2", "a=1&b=2"},
	{"a&ampb", "a&ampb", "a&b"},
	{"a&amp=b", "a&amp=b", "a&=b"},
	{"a&amp", "a&", "a&"},
	{"a&amp,", "a&,", "a&,"},
	{"?x=1&copy=2&reg;", "?x=1&copy=2\xc2\xae", "?x=1\xc2\xa9=2\xc2\xae"},
	{"&notit;", "&notit;",
	 "\xc2\xac"
	 "it;"},
	{"&notin;", "\xe2\x88\x89", "\xe2\x88\x89"},
	{"&AMP;&Amp;", "&&Amp;", "&&Amp;"},
	{"&colon;&sol;&period;&Tab;&NewLine;", ":/.\t\n", ":/.\t\n"},
	{"&nGt;", "\xe2\x89\xab\xe2\x83\x92", "\xe2\x89\xab\xe2\x83\x92"},
	{"&CounterClockwiseContourIntegral;", "\xe2\x88\xb3", "\xe2\x88\xb3"},
	{"&CounterClockwiseContourIntegrall;", "&CounterClockwiseContourIntegrall;",
	 "&CounterClockwiseContourIntegrall;"},
	{"&;&&#;&#x;&#xg;&", "&;&&#;&#x;&#xg;&", "&;&&#;&#x;&#xg;&"},
	{"google&#45;analytics&#x2e;com&#X2F;", "google-analytics.com/", "google-analytics.com/"},
	{"&#45analytics&#x2ecom", "-analytics\xcb\xacom", "-analytics\xcb\xacom"},
	{"&#0;&#x110000;&#xd800;&#99999999999999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
	 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"&#x80;&#129;&#x1f600;", "\xe2\x82\xac\xc2\x81\xf0\x9f\x98\x80", "\xe2\x82\xac\xc2\x81\xf0\x9f\x98\x80"},
	{"a\r\nb\rc\nd&#13;e", "a\nb\nc\nd\re", "a\nb\nc\nd\re"},
	{"\xff&lt;\x80", "\xff<\x80", "\xff<\x80"},
};

static void references(void **state)
{
	struct buffer scratch;
	struct slice value;

	(void)state;
	buffer_init(&scratch, 256);
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		assert_true(html_decode_attribute(slice_str(rows[i].raw), &scratch, &value));
		assert_slice(value, rows[i].attribute);
		assert_true(html_decode_text(slice_str(rows[i].raw), &scratch, &value));
		assert_slice(value, rows[i].text);
	}
	buffer_free(&scratch);
}

static void nul(void **state)
{
	struct buffer scratch;
	struct slice value;

	(void)state;
	buffer_init(&scratch, 256);
	assert_true(html_decode_attribute(SLICE("a\0b"), &scratch, &value));
	assert_slice(value, "a\xef\xbf\xbd"
			    "b");
	assert_true(html_decode_text(SLICE("a\0b"), &scratch, &value));
	assert_int_equal(value.n, 3);
	buffer_free(&scratch);
}

static void child_text(void **state)
{
	static const struct {
		const char *raw;
		const char *text; /* NULL: there is more than text */
	} texts[] = {
		{"a&lt;b&amp;&#x3c;", "a<b&<"},
		{"i<3 && j< k<", "i<3 && j< k<"},
		{"a<![CDATA[b&lt;<i>]]>c&gt;", "ab&lt;<i>c>"},
		{"<![CDATA[]]><![CDATA[]]]]>", "]]"},
		{"/*<![CDATA[*/ x /*]]>*/", "/**/ x /**/"},
		{"fb<!-- -- - > -->q(1)<!--x--->&lt;", "fbq(1)<"},
		{"<![CDATA[<!--]]>x", "<!--x"},
		{"<!--<![CDATA[-->x]]>", "x]]>"},
		{"a<![CDATA[b", NULL},
		{"a<![cdata[b]]>", NULL},
		{"a<!--b", NULL},
		{"a<!-->b-->", NULL},
		{"a<!--->b-->", NULL},
		{"a<!--x--!>b-->", NULL},
		{"a<!x>b", NULL},
		{"a<?x?>b", NULL},
		{"a<b>c", NULL},
		{"a</b>c", NULL},
		{"a</>c", NULL},
		{"<![CDATA[x]]><!", NULL},
	};
	struct buffer scratch;
	struct slice value;
	bool markup;

	(void)state;
	buffer_init(&scratch, 256);
	for (size_t i = 0; i < CG_COUNT(texts); i++) {
		assert_true(html_child_text(slice_str(texts[i].raw), &scratch, &value, &markup));
		assert_slice(value, texts[i].text ? texts[i].text : texts[i].raw);
		assert_int_equal(markup, !texts[i].text);
	}
	buffer_free(&scratch);
}

static void unchanged_is_not_copied(void **state)
{
	struct slice raw = SLICE("https://t.example/?a=1"), value;
	struct buffer scratch;

	(void)state;
	buffer_init(&scratch, 1);
	assert_true(html_decode_attribute(raw, &scratch, &value));
	assert_same_slice(value, raw);
	assert_null(scratch.p);
	buffer_free(&scratch);
}

static void no_room(void **state)
{
	struct slice raw = SLICE("a&lt;b"), value;
	struct buffer scratch;

	(void)state;
	for (size_t max = 1; max <= 3; max++) {
		buffer_init(&scratch, max);
		assert_int_equal(html_decode_attribute(raw, &scratch, &value), max == 3);
		if (max < 3)
			assert_same_slice(value, raw);
		buffer_free(&scratch);
	}
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		bool decoded;

		buffer_init(&scratch, 100);
		decoded = html_decode_attribute(raw, &scratch, &value);
		assert_int_equal(decoded, !alloc_fault_end());
		buffer_free(&scratch);
	}
	alloc_fault_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references), cmocka_unit_test(nul),
		cmocka_unit_test(child_text), cmocka_unit_test(unchanged_is_not_copied),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
