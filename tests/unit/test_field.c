/* The header list, the table of fields, and lists of elements. */
#include "tests/support/slice_assert.h"

#include "rules/http/field.h"

#define ARENA_CAP (1 << 22)

static void with_case(struct slice s, char *out, bool upper)
{
	for (size_t i = 0; i < s.n; i++)
		out[i] = upper && ascii_is_alpha(s.p[i]) ? (char)(s.p[i] & ~0x20) : ascii_lower(s.p[i]);
}

static void every_name_is_found(void **state)
{
	char text[64];

	(void)state;
	for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
		struct slice name = field_name((enum field_id)id);

		assert_int_equal(field_id_of(name), id);
		with_case(name, text, true);
		assert_int_equal(field_id_of(slice_of(text, name.n)), id);
		with_case(name, text, false);
		assert_int_equal(field_id_of(slice_of(text, name.n)), id);
		/* one octet shorter, longer, or different is another field */
		assert_int_equal(field_id_of(slice_head(name, name.n - 1)), FIELD_OTHER);
		text[name.n] = 'x';
		assert_int_equal(field_id_of(slice_of(text, name.n + 1)), FIELD_OTHER);
		for (size_t i = 0; i < name.n; i++) {
			char old = text[i];

			text[i] = '#';
			assert_int_equal(field_id_of(slice_of(text, name.n)), FIELD_OTHER);
			text[i] = (char)(old ^ 0x80);
			assert_int_equal(field_id_of(slice_of(text, name.n)), FIELD_OTHER);
			text[i] = old;
		}
	}
}

static void other_names(void **state)
{
	static const char *const names[] = {
		"",    "A",	  "Accept",    "Accept-Encoding", "X-Nope",
		"Hos", "Cookie2", "Cooki\x0D", "Set\rCookie",	  "Proxy-Authentication-Info2"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(field_id_of(slice_str(names[i])), FIELD_OTHER);
	assert_int_equal(field_id_of(slice_of(NULL, 0)), FIELD_OTHER);
	assert_slice(field_name(FIELD_OTHER), "");
	assert_int_equal(field_flags(FIELD_OTHER), 0);
	assert_int_equal(field_flags(FIELD_HOST), FIELD_FLAG_NOTRAIL | FIELD_FLAG_CODEC);
	assert_true(field_flags(FIELD_CONNECTION) & FIELD_FLAG_HOP);
}

/* "Name: value|..." for comparison. */
static const char *shown(const struct fields *f)
{
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < f->n; i++) {
		assert_int_equal(f->v[i].id, field_id_of(f->v[i].name));
		n += (size_t)snprintf(text + n, sizeof text - n, "%.*s:%.*s|", SLICE_ARG(f->v[i].name),
				      SLICE_ARG(f->v[i].value));
	}
	return text;
}

static void fill(struct fields *f, struct arena *arena)
{
	arena_init(arena, 0, ARENA_CAP);
	fields_init(f, arena);
	assert_true(fields_add(f, SLICE("vary"), SLICE("a")));
	assert_true(fields_add(f, SLICE("X-A"), SLICE("1")));
	assert_true(fields_add_id(f, FIELD_VIA, SLICE("v")));
	assert_true(fields_add(f, SLICE("Vary"), SLICE("b")));
	assert_true(fields_add(f, SLICE("x-a"), SLICE("2")));
	assert_true(fields_add(f, SLICE("VARY"), SLICE("c")));
}

static void find_and_count(void **state)
{
	struct arena arena;
	struct fields f;

	(void)state;
	fill(&f, &arena);
	assert_slice(fields_find(&f, FIELD_VARY)->value, "a");
	assert_slice(fields_find_name(&f, SLICE("X-a"))->value, "1");
	assert_null(fields_find(&f, FIELD_HOST));
	assert_null(fields_find_name(&f, SLICE("X-B")));
	assert_int_equal(fields_count(&f, FIELD_VARY), 3);
	assert_int_equal(fields_count(&f, FIELD_HOST), 0);
	assert_slice(f.v[2].name, "Via");
	arena_free(&arena);
}

static void may_have(void **state)
{
	struct arena arena;
	struct fields f;

	(void)state;
	fill(&f, &arena);
	for (int id = FIELD_OTHER; id < FIELD_COUNT; id++)
		assert_int_equal(fields_may_have(&f, (enum field_id)id),
				 id == FIELD_OTHER || id == FIELD_VARY || id == FIELD_VIA);
	for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
		assert_true(fields_set(&f, (enum field_id)id, SLICE("x")));
		assert_true(fields_may_have(&f, (enum field_id)id));
		assert_slice(fields_find(&f, (enum field_id)id)->value, "x");
		assert_int_equal(fields_remove(&f, (enum field_id)id), 1);
		assert_null(fields_find(&f, (enum field_id)id));
	}
	arena_free(&arena);
}

/* A list that was not made by fields_init() is walked: nothing in it is overlooked. */
static void made_by_hand(void **state)
{
	struct field v[] = {{SLICE("Cookie"), SLICE("a=1"), FIELD_COOKIE}, {SLICE("X"), SLICE("1"), FIELD_OTHER}};
	struct fields f = {.v = v, .n = 2, .cap = 2};

	(void)state;
	for (int id = FIELD_OTHER; id < FIELD_COUNT; id++)
		assert_true(fields_may_have(&f, (enum field_id)id));
	assert_ptr_equal(fields_find(&f, FIELD_COOKIE), &v[0]);
	assert_null(fields_find(&f, FIELD_VIA));
	assert_int_equal(fields_remove(&f, FIELD_COOKIE), 1);
	assert_string_equal(shown(&f), "X:1|");
}

static void remove_keeps_order(void **state)
{
	struct arena arena;
	struct fields f;

	(void)state;
	fill(&f, &arena);
	assert_int_equal(fields_remove(&f, FIELD_VARY), 3);
	assert_string_equal(shown(&f), "X-A:1|Via:v|x-a:2|");
	assert_int_equal(fields_remove(&f, FIELD_VARY), 0);
	assert_int_equal(fields_remove_name(&f, SLICE("x-A")), 2);
	assert_string_equal(shown(&f), "Via:v|");
	arena_free(&arena);
	fill(&f, &arena);
	fields_remove_at(&f, 5);
	fields_remove_at(&f, 0);
	fields_remove_at(&f, 1);
	assert_string_equal(shown(&f), "X-A:1|Vary:b|x-a:2|");
	arena_free(&arena);
}

static void set_replaces_all(void **state)
{
	struct arena arena;
	struct fields f;

	(void)state;
	fill(&f, &arena);
	assert_true(fields_set(&f, FIELD_VARY, SLICE("z")));
	assert_string_equal(shown(&f), "vary:z|X-A:1|Via:v|x-a:2|");
	assert_true(fields_set(&f, FIELD_AGE, SLICE("0")));
	assert_true(fields_set(&f, FIELD_VIA, SLICE("w")));
	assert_string_equal(shown(&f), "vary:z|X-A:1|Via:w|x-a:2|Age:0|");
	arena_free(&arena);
}

static void grows_in_order(void **state)
{
	struct arena arena;
	struct fields f;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	fields_init(&f, &arena);
	for (int i = 0; i < 1000; i++)
		assert_true(fields_add(&f, SLICE("n"), arena_printf(&arena, "%d", i)));
	for (int i = 0; i < 1000; i++) {
		char text[8];

		snprintf(text, sizeof text, "%d", i);
		assert_slice(f.v[i].value, text);
	}
	arena_free(&arena);
}

static void lists(void **state)
{
	static const struct {
		const char *in, *out; /* elements ended by '|' */
	} t[] = {
		{"", ""},
		{"a", "a|"},
		{" a ,\tb", "a|b|"},
		{",, a,,b ,", "a|b|"},
		{"a b", "a b|"},
		{"a;q=\"x,y\",b", "a;q=\"x,y\"|b|"},
		{"\"a\\\",b\",c", "\"a\\\",b\"|c|"},
		{"\"open, b", "\"open, b|"},
		{"\"a\\", "\"a\\|"},
		{"a\\,b", "a\\|b|"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct slice rest = slice_str(t[i].in), element;
		char text[64] = "";
		size_t n = 0;

		while (list_next(&rest, &element))
			n += (size_t)snprintf(text + n, sizeof text - n, "%.*s|", SLICE_ARG(element));
		assert_string_equal(text, t[i].out);
		assert_int_equal(rest.n, 0);
	}
}

static void list_has(void **state)
{
	struct arena arena;
	struct fields f;

	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	fields_init(&f, &arena);
	assert_true(fields_add(&f, SLICE("Connection"), SLICE("keep-alive, X-Foo")));
	assert_true(fields_add(&f, SLICE("Via"), SLICE("other")));
	assert_true(fields_add(&f, SLICE("connection"), SLICE("Close")));
	assert_true(fields_list_has(&f, FIELD_CONNECTION, SLICE("close")));
	assert_true(fields_list_has(&f, FIELD_CONNECTION, SLICE("x-foo")));
	assert_false(fields_list_has(&f, FIELD_CONNECTION, SLICE("other")));
	assert_false(fields_list_has(&f, FIELD_CONNECTION, SLICE("keep")));
	assert_false(fields_list_has(&f, FIELD_TE, SLICE("close")));
	arena_free(&arena);
}

static void tokens(void **state)
{
	static const char tchars[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	for (int c = 0; c < 256; c++) {
		char octet = (char)c;

		assert_int_equal(is_token(slice_of(&octet, 1)), c && strchr(tchars, c) != NULL);
	}
	assert_true(is_token(slice_str(tchars)));
	assert_false(is_token(SLICE("")));
	assert_false(is_token(SLICE("a b")));
	assert_false(is_token(SLICE("ab\0")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_found),
		cmocka_unit_test(other_names),
		cmocka_unit_test(find_and_count),
		cmocka_unit_test(may_have),
		cmocka_unit_test(made_by_hand),
		cmocka_unit_test(remove_keeps_order),
		cmocka_unit_test(set_replaces_all),
		cmocka_unit_test(grows_in_order),
		cmocka_unit_test(lists),
		cmocka_unit_test(list_has),
		cmocka_unit_test(tokens),
	};

	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
