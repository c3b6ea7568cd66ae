/* The canonical layout, as text before and after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/language/statement.h"

static const struct {
	const char *before, *after;
} layouts[] = {
	{"", ""},
	{"\n\n", ""},
	{"a", "a\n"},
	{"  a\t b   c#d  \r\n", "a b c#d\n"},
	{"\n\n# c\n\n\n\na\n\n\nb\n\n", "# c\n\na\n\nb\n"},
	{"#c  \n\n", "#c\n"},
	/* columns within a run; a blank line, comment line or block ends the run */
	{"listen *:80\nsite x\n", "listen *:80\nsite   x\n"},
	{"listen *:80\n\nsite x\n", "listen *:80\n\nsite x\n"},
	{"listen *:80\n# c\nsite x\n", "listen *:80\n# c\nsite x\n"},
	{"cookie a b is n\ncookie ccc is m # x\nmode is\n", "cookie a b is n\ncookie ccc is m  # x\nmode   is\n"},
	{"a b is n # x\na bbb is n2 # y\n", "a b   is n   # x\na bbb is n2  # y\n"},
	{"purpose a \"A\"\npurpose bb \"B\"\n", "purpose a  \"A\"\npurpose bb \"B\"\n"},
	{"signal gpc denies a\nsignal dnt2 ignored\n", "signal gpc  denies a\nsignal dnt2 ignored\n"},
	{"beacon ||a.b^   c.d is n\nlist x.txt is n removed\nbeacon p[a=\"b  c\"]  >  q is m\n",
	 "beacon ||a.b^ c.d      is n\nlist   x.txt           is n removed\nbeacon p[a=\"b  c\"] > q is m\n"},
	{"p \xC3\xA4 is n\np bb is n\n", "p \xC3\xA4  is n\np bb is n\n"},
	/* a very wide cell does not push the others away */
	{"a b is n\na 0123456789012345678901234567890123456789012345678901234567890123456789 is n\n",
	 "a b is n\na 0123456789012345678901234567890123456789012345678901234567890123456789 is n\n"},
	{"a b\na12345678901234567 b\n", "a b\na12345678901234567 b\n"},
	/* blocks */
	{"a{x {\nb   c\n#d\n} # e\n", "a{x {\n    b c\n    #d\n}  # e\n"},
	{"a {\n\n\nb\n\n\n}\n\nc\n", "a {\n    b\n}\n\nc\n"},
	{"a {\n\n# only\n\n}\n", "a {\n    # only\n}\n"},
	{"a { # c\nb {\n}\n}\n", "a {  # c\n    b {\n    }\n}\n"},
	/* what goes over several lines */
	{"a b \\\nc\\\n  d # e\nx y\n", "a b \\\n    c \\\n    d  # e\nx y\n"},
	{"a {\nb <<T # c\n  body\r\nT\n}\n", "a {\n    b <<T  # c\n  body\nT\n}\n"},
	/* words stay as they were written */
	{"a \"b\" \"\\x41\" /r\\/ [x]/i x=\"y  z\"\n", "a \"b\" \"\\x41\" /r\\/ [x]/i x=\"y  z\"\n"},
};

static void format(const char *text, struct buffer *out)
{
	struct arena arena;
	struct diagnostics d;
	struct source *src;

	arena_init(&arena, 0, 1 << 20);
	diagnostics_init(&d);
	buffer_clear(out);
	src = source_parse(SLICE("t"), slice_str(text), &arena, &d);
	assert_non_null(src);
	assert_true(diagnostics_ok(&d));
	assert_true(source_format(src, out));
	buffer_add_char(out, '\0');
	diagnostics_free(&d);
	arena_free(&arena);
}

static void layouts_are_canonical(void **state)
{
	struct buffer once, twice;

	(void)state;
	buffer_init(&once, 4096);
	buffer_init(&twice, 4096);
	for (size_t i = 0; i < CG_COUNT(layouts); i++) {
		format(layouts[i].before, &once);
		assert_string_equal(once.p, layouts[i].after);
		format(once.p, &twice);
		assert_string_equal(twice.p, once.p);
	}
	buffer_free(&once);
	buffer_free(&twice);
}

static void a_full_buffer_is_reported(void **state)
{
	struct arena arena;
	struct diagnostics d;
	struct source *src;

	(void)state;
	arena_init(&arena, 0, 1 << 20);
	diagnostics_init(&d);
	src = source_parse(SLICE("t"), SLICE("abc d {\n}\n"), &arena, &d);
	assert_non_null(src);
	for (size_t max = 1; max <= 10; max++) {
		struct buffer out;

		buffer_init(&out, max);
		assert_int_equal(source_format(src, &out), max == 10);
		buffer_free(&out);
	}
	diagnostics_free(&d);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_are_canonical),
		cmocka_unit_test(a_full_buffer_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
