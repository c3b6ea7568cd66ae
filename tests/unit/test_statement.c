/* The grammar: words, blocks, comments, and what is said about what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/language/statement.h"
#include "tests/support/alloc_fault.h"

static const char sample[] = "# top\n"
			     "\n"
			     "\n"
			     "site a b {  # s\n"
			     "  cookie \"a\\tb\" /^x\\/y$/i is \\\n"
			     "    c\n"
			     "  # end of block\n"
			     "} # closed\n"
			     "inject html <<HTML\n"
			     "<p>\r\n"
			     "HTML\n"
			     "# last\n";

/* The tree as one line: words as kind:text, blocks in braces, statements ended by ';'. */
static void show(const struct statement *s, struct buffer *out)
{
	static const char kinds[] = {'b', 's', 'r', 'h'};

	for (; s; s = s->next) {
		for (size_t i = 0; i < s->n_words; i++) {
			const struct word *w = &s->words[i];

			buffer_printf(out, "%s%c:%.*s", i ? " " : "", kinds[w->kind], SLICE_ARG(w->text));
			if (w->flags.n)
				buffer_printf(out, ":%.*s", SLICE_ARG(w->flags));
		}
		if (s->has_block) {
			buffer_add_char(out, '{');
			show(s->children, out);
			buffer_add_char(out, '}');
		}
		buffer_add_char(out, ';');
	}
}

static const struct {
	const char *text, *tree;
} trees[] = {
	{"", ""},
	{"\n \t\n# c\n", ""},
	{"a", "b:a;"},
	{"a b\r\nc\r\n", "b:a b:b;b:c;"},
	{"\xEF\xBB\xBF"
	 "a\n",
	 "b:a;"},
	{"a#b #c d", "b:a#b;"},
	{"a \\\n b\\\n c\nd", "b:a b:b b:c;b:d;"},
	{"a \\\r\nb", "b:a b:b;"},
	{"a /b/\\\ni \"c\"\\\nd <<T\\\n\nx\nT\n", "b:a r:b b:i s:c b:d h:x\n;"},
	{"a \\\n# c\nb", "b:a;b:b;"},
	{"a \"b c\" \"\\\"\\\\\\n\\t\\x41\\x7e\"", "b:a s:b c s:\"\\\n\tA~;"},
	{"a \"\"", "b:a s:;"},
	{"a /b/ /b/im /b/g /b / // /b\\/c/ /b/c/ /b c/",
	 "b:a r:b r:b:im b:/b/g b:/b b:/ b:// r:b\\/c b:/b/c/ b:/b b:c/;"},
	{"a x=\"b c\" img[alt=\"a \\\" b\"][\"c d\"] y\"z", "b:a b:x=\"b c\" b:img[alt=\"a \\\" b\"][\"c d\"] b:y\"z;"},
	{"a vid={uuid} ||host^ {} {x }x", "b:a b:vid={uuid} b:||host^ b:{} b:{x b:}x;"},
	{"a {\nb\nc {\n}\n}\nd", "b:a{b:b;b:c{};};b:d;"},
	{"a { # c\n} # d", "b:a{};"},
	{"a <<T\nT\nb <<T_2-x # c\r\n T\r\nx\r\nT_2-x\r\n", "b:a h:;b:b h: T\nx\n;"},
	{"a << <<1 <<T!", "b:a b:<< b:<<1 b:<<T!;"},
	{"a \xC3\xA4 \xF0\x9F\x8D\xAA", "b:a b:\xC3\xA4 b:\xF0\x9F\x8D\xAA;"},
};

static void trees_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(trees); i++) {
		struct arena arena;
		struct diagnostics d;
		struct buffer out;
		struct source *src;

		arena_init(&arena, 0, 1 << 20);
		diagnostics_init(&d);
		buffer_init(&out, 1 << 16);
		src = source_parse(SLICE("t"), slice_str(trees[i].text), &arena, &d);
		assert_non_null(src);
		diagnostics_render(&d, false, &out);
		assert_int_equal(out.n, 0);
		show(src->first, &out);
		buffer_add_char(&out, '\0');
		assert_string_equal(out.p, trees[i].tree);
		buffer_free(&out);
		diagnostics_free(&d);
		arena_free(&arena);
	}
}

static const struct {
	const char *text;
	unsigned line, column, width;
	const char *message; /* how the first one begins */
	size_t errors;
	const char *tree;
} mistakes[] = {
	{"a\nb \"c\nd", 2, 3, 2, "the string is not closed", 1, "b:a;b:b s:c;b:d;"},
	{"a \"b\"c d", 1, 6, 1, "a blank is missing", 1, "b:a s:b b:d;"},
	{"a \"b\\qc\"", 1, 5, 2, "unknown escape", 1, "b:a s:bqc;"},
	{"a \"\\x4\"", 1, 4, 2, "unknown escape", 1, "b:a s:x4;"},
	{"a \"\\x00\"", 1, 4, 2, "a NUL octet", 1, "b:a s:x00;"},
	{"a b=\"c d\ne", 1, 5, 4, "the quoted part", 1, "b:a b:b=\"c d;b:e;"},
	{"a b\\ c", 1, 4, 1, "a word may not end with a backslash", 1, "b:a b:b\\ b:c;"},
	{"a \\ \nb", 1, 3, 1, "a word may not end with a backslash", 1, "b:a b:\\;b:b;"},
	{"a\n{\nb\n}\nc", 2, 1, 1, "a block needs a statement", 1, "b:a{b:b;};b:c;"},
	{"{\nb\n}\nc", 1, 1, 1, "a block needs a statement", 1, "b:b;b:c;"},
	{"a { b }\nc", 1, 3, 1, "\"{\" must be the last word", 1, "b:a{};b:c;"},
	{"a { b\nc\n}\nd", 1, 3, 1, "\"{\" must be the last word", 1, "b:a{b:c;};b:d;"},
	{"a {\nb }\nc", 2, 3, 1, "\"}\" must stand alone", 1, "b:a{b:b;};b:c;"},
	{"a {\n} b\nc", 2, 3, 1, "\"}\" must stand alone", 1, "b:a{};b:c;"},
	{"a\n}\nb", 2, 1, 1, "no block is open", 1, "b:a;b:b;"},
	{"a {\nb {\nc\n", 2, 1, 1, "the block of this statement is never closed", 2, "b:a{b:b{b:c;};};"},
	{"a {\n  b\nc {\n  d\n}\n", 1, 1, 1, "the block of this statement is never closed", 1, "b:a{b:b;};b:c{b:d;};"},
	{"a {\n  b {\n    c\n  d\ne\n", 2, 3, 1, "the block of this statement is never closed", 2,
	 "b:a{b:b{b:c;};b:d;};b:e;"},
	{"a <<T\nb\n", 1, 3, 3, "no line \"T\" ends this", 1, "b:a h:b\n;"},
	{"a <<T b\nc", 1, 3, 3, "a here-document must be the last word", 1, "b:a h: b:b;b:c;"},
	{"a\nb \001\002\nc\x7F", 2, 3, 1, "a control character", 2, NULL},
	{"a \xC3\n", 1, 3, 1, "the line is not valid UTF-8", 1, NULL},
	{"a \xEF\xBB\xBF", 1, 3, 1, "a byte order mark inside", 1, NULL},
	{"a \r b", 1, 3, 1, "a control character", 1, NULL},
};

static void mistakes_are_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(mistakes); i++) {
		struct arena arena;
		struct diagnostics d;
		struct buffer out;
		struct source *src;

		arena_init(&arena, 0, 1 << 20);
		diagnostics_init(&d);
		buffer_init(&out, 1 << 16);
		src = source_parse(SLICE("t"), slice_str(mistakes[i].text), &arena, &d);
		assert_non_null(src);
		assert_int_equal(d.errors, mistakes[i].errors);
		assert_true(slice_starts_with(d.v[0].message, slice_str(mistakes[i].message)));
		assert_int_equal(d.v[0].at.line, mistakes[i].line);
		assert_int_equal(d.v[0].at.column, mistakes[i].column);
		assert_int_equal(d.v[0].at.width, mistakes[i].width);
		assert_true(d.v[0].hint.n > 0);
		if (mistakes[i].tree) {
			show(src->first, &out);
			buffer_add_char(&out, '\0');
			assert_string_equal(out.p, mistakes[i].tree);
		}
		buffer_free(&out);
		diagnostics_free(&d);
		arena_free(&arena);
	}
}

static void comments_and_positions_are_kept(void **state)
{
	struct arena arena;
	struct diagnostics d;
	struct source *src;
	struct statement *site, *cookie, *inject;
	struct position at;

	(void)state;
	arena_init(&arena, 0, 1 << 20);
	diagnostics_init(&d);
	src = source_parse(SLICE("t"), slice_str(sample), &arena, &d);
	assert_non_null(src);
	site = src->first;
	cookie = site->children;
	inject = site->next;
	assert_int_equal(site->n_comments_before, 2); /* two blank lines are one */
	assert_true(slice_eq(site->comments_before[0], SLICE("# top")));
	assert_int_equal(site->comments_before[1].n, 0);
	assert_true(slice_eq(site->comment, SLICE("# s")));
	assert_true(slice_eq(site->block_comment, SLICE("# closed")));
	assert_int_equal(site->n_block_end_comments, 1);
	assert_true(slice_eq(inject->words[2].text, SLICE("<p>\n")));
	assert_int_equal(src->n_end_comments, 1);
	at = word_position(src, &cookie->words[2]);
	assert_int_equal(at.line, 5);
	assert_int_equal(at.column, 17);
	assert_true(slice_eq(at.source, SLICE("  cookie \"a\\tb\" /^x\\/y$/i is \\")));
	at = statement_end_position(cookie);
	assert_int_equal(at.line, 6);
	assert_int_equal(at.column, 6);
	at = statement_position(inject);
	assert_int_equal(at.line, 9);
	diagnostics_free(&d);
	arena_free(&arena);
}

static size_t errors_at_depth(unsigned depth)
{
	struct arena arena;
	struct diagnostics d;
	struct buffer text;
	size_t errors;

	arena_init(&arena, 0, 1 << 20);
	diagnostics_init(&d);
	buffer_init(&text, 4096);
	for (unsigned i = 0; i < depth; i++)
		buffer_add_str(&text, "a {\n");
	for (unsigned i = 0; i < depth; i++)
		buffer_add_str(&text, "}\n");
	assert_non_null(source_parse(SLICE("t"), buffer_slice(&text), &arena, &d));
	errors = d.errors;
	buffer_free(&text);
	diagnostics_free(&d);
	arena_free(&arena);
	return errors;
}

static void depth_is_limited(void **state)
{
	(void)state;
	assert_int_equal(errors_at_depth(BLOCK_DEPTH_MAX - 1), 0);
	assert_int_equal(errors_at_depth(BLOCK_DEPTH_MAX), 0);
	assert_int_equal(errors_at_depth(BLOCK_DEPTH_MAX + 1), 1);
	assert_int_equal(errors_at_depth(BLOCK_DEPTH_MAX + 5), 1);
}

static size_t errors_at_size(size_t n)
{
	struct arena arena;
	struct diagnostics d;
	char *text = malloc(n);
	size_t errors;

	assert_non_null(text);
	memset(text, '\n', n);
	arena_init(&arena, 0, 1 << 20);
	diagnostics_init(&d);
	assert_non_null(source_parse(SLICE("t"), slice_of(text, n), &arena, &d));
	errors = d.errors;
	free(text);
	diagnostics_free(&d);
	arena_free(&arena);
	return errors;
}

static void size_is_limited(void **state)
{
	(void)state;
	assert_int_equal(errors_at_size(SOURCE_MAX), 0);
	assert_int_equal(errors_at_size(SOURCE_MAX + 1), 1);
}

static void a_small_arena_is_refused(void **state)
{
	struct diagnostics d;
	bool worked = false;

	(void)state;
	diagnostics_init(&d);
	for (size_t cap = 0; cap < 64 * 1024 && !worked; cap += 64) {
		struct arena arena;

		arena_init(&arena, 256, cap);
		worked = source_parse(SLICE("t"), slice_str(sample), &arena, &d) != NULL;
		arena_free(&arena);
	}
	assert_true(worked);
	diagnostics_free(&d);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct arena arena;
		struct diagnostics d;
		struct source *src;
		bool failed;

		arena_init(&arena, 256, 1 << 20);
		diagnostics_init(&d);
		src = source_parse(SLICE("t"), slice_str(sample), &arena, &d);
		failed = alloc_fault_end();
		assert_true(!failed || !src);
		diagnostics_free(&d);
		arena_free(&arena);
	}
	assert_true(alloc_fault_total() > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_are_read),
		cmocka_unit_test(mistakes_are_explained),
		cmocka_unit_test(comments_and_positions_are_kept),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(a_small_arena_is_refused),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
