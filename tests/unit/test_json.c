/* JSON strings: escapes, UTF-8, and what is not UTF-8. */
#include "tests/support/slice_assert.h"

#include "rules/base/json.h"

#define BAD "\xEF\xBF\xBD" /* U+FFFD */

static void strings(void **state)
{
	static const struct {
		struct slice in;
		const char *out;
	} t[] = {
		{SLICE_INIT(""), "\"\""},
		{SLICE_INIT("plain ~!"), "\"plain ~!\""},
		{SLICE_INIT("\"\\/"), "\"\\\"\\\\/\""},
		{SLICE_INIT("\n\r\t\b\f"), "\"\\n\\r\\t\\u0008\\u000c\""},
		{SLICE_INIT("a\0b\x1F\x7F"), "\"a\\u0000b\\u001f\\u007f\""},
		{SLICE_INIT("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8D\xAA"), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8D\xAA\""},
		{SLICE_INIT("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"),
		 "\"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\""},
		{SLICE_INIT("\x80"), "\"" BAD "\""},
		{SLICE_INIT("\xC3"), "\"" BAD "\""},
		{SLICE_INIT("\xC3z"), "\"" BAD "z\""},
		{SLICE_INIT("\xC0\x80"), "\"" BAD BAD "\""},		     /* overlong */
		{SLICE_INIT("\xE0\x9F\xBF"), "\"" BAD BAD BAD "\""},	     /* overlong */
		{SLICE_INIT("\xF0\x8F\xBF\xBF"), "\"" BAD BAD BAD BAD "\""}, /* overlong */
		{SLICE_INIT("\xED\xA0\x80"), "\"" BAD BAD BAD "\""},	     /* surrogate */
		{SLICE_INIT("\xF4\x90\x80\x80"), "\"" BAD BAD BAD BAD "\""}, /* above U+10FFFF */
		{SLICE_INIT("\xF5\xFF"), "\"" BAD BAD "\""},
		{SLICE_INIT("\xE2\x82\"x"), "\"" BAD BAD "\\\"x\""},
		{SLICE_INIT("\xF0\x9F\x8Dz"), "\"" BAD BAD BAD "z\""},
	};
	struct buffer b;

	(void)state;
	buffer_init(&b, 1000);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		buffer_clear(&b);
		assert_true(json_add_string(&b, t[i].in));
		assert_slice(buffer_slice(&b), t[i].out);
	}
	buffer_free(&b);
}

static void every_octet_ends(void **state)
{
	struct buffer b;
	char text[2];

	(void)state;
	buffer_init(&b, 1000);
	for (int first = 0; first < 256; first++)
		for (int second = 0; second < 256; second++) {
			text[0] = (char)first;
			text[1] = (char)second;
			buffer_clear(&b);
			assert_true(json_add_string(&b, slice_of(text, 2)));
			for (size_t i = 0; i < b.n; i++)
				assert_true((unsigned char)b.p[i] >= 0x20 && b.p[i] != 0x7F);
		}
	buffer_free(&b);
}

static void full_buffer_is_told(void **state)
{
	struct buffer b;

	(void)state;
	for (size_t max = 1; max < 12; max++) {
		buffer_init(&b, max);
		assert_int_equal(json_add_string(&b, SLICE("abcdefghi")), max >= 11);
		buffer_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings),
		cmocka_unit_test(every_octet_ends),
		cmocka_unit_test(full_buffer_is_told),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
