/* Slices: comparison, search, cutting and numbers. */
#include "tests/support/slice_assert.h"

static const struct slice empty = {NULL, 0};

static void parts_are_clamped(void **state)
{
	struct slice s = SLICE("abc");

	(void)state;
	assert_slice(slice_from(s, 0), "abc");
	assert_slice(slice_from(s, 2), "c");
	assert_slice(slice_from(s, 3), "");
	assert_slice(slice_from(s, 99), "");
	assert_slice(slice_head(s, 0), "");
	assert_slice(slice_head(s, 2), "ab");
	assert_slice(slice_head(s, 99), "abc");
	assert_slice(slice_from(empty, 5), "");
	assert_slice(slice_head(empty, 5), "");
	assert_slice(slice_str(NULL), "");
}

static void equality(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq, ieq, starts, ends;
	} t[] = {
		{"", "", true, true, true, true},
		{"a", "", false, false, true, true},
		{"", "a", false, false, false, false},
		{"abc", "abc", true, true, true, true},
		{"abc", "ABC", false, true, false, false},
		{"abc", "abd", false, false, false, false},
		{"abc", "ab", false, false, true, false},
		{"abc", "bc", false, false, false, true},
		{"@", "`", false, false, false, false}, /* differ by the case bit, but are no letters */
		{"[", "{", false, false, false, false},
		{"K", "k", false, true, false, false},
		{"\xC3\x84", "\xC3\xA4", false, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct slice a = slice_str(t[i].a), b = slice_str(t[i].b);

		assert_int_equal(slice_eq(a, b), t[i].eq);
		assert_int_equal(slice_ieq(a, b), t[i].ieq);
		assert_int_equal(slice_starts_with(a, b), t[i].starts);
		assert_int_equal(slice_ends_with(a, b), t[i].ends);
		assert_int_equal(slice_ihash(a) == slice_ihash(b), t[i].ieq);
		assert_int_equal(slice_hash(a) == slice_hash(b), t[i].eq);
	}
	assert_true(slice_istarts_with(SLICE("Max-Age=1"), SLICE("MAX-age")));
	assert_false(slice_istarts_with(SLICE("Max"), SLICE("MAX-age")));
	assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
}

/* Lengths on both sides of what is looked at at once. */
static const size_t lengths[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 23, 24, 25, 31, 32, 33, 48, 49};

/* A copy that is exactly as large, so that a sanitizer sees a read beyond it. */
static struct slice copy(struct slice s)
{
	char *p = malloc(s.n + !s.n);

	assert_non_null(p);
	if (s.n)
		memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

/* Each octet against each at each place of each length. */
static void case_of_each_octet(void **state)
{
	static const char text[] = "Content-Security-Policy-Report-Only@[`{ 0189 and so on";
	static const char other[] = "cONTENT-sECURITY-pOLICY-rEPORT-oNLY@[`{ 0189 AND SO ON";

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct slice a = copy(slice_of(text, lengths[i])), b = copy(slice_of(other, lengths[i]));
		char *pa = (char *)(uintptr_t)a.p, *pb = (char *)(uintptr_t)b.p;

		assert_true(slice_ieq(a, b));
		for (size_t at = 0; at < a.n; at++) {
			for (int x = 0; x < 256; x++)
				for (int y = 0; y < 256; y++) {
					pa[at] = (char)x;
					pb[at] = (char)y;
					if (slice_ieq(a, b) != (ascii_lower((char)x) == ascii_lower((char)y)))
						fail_msg("%02x and %02x at %zu of %zu", (unsigned)x, (unsigned)y, at,
							 a.n);
				}
			pa[at] = text[at];
			pb[at] = other[at];
		}
		free(pa);
		free(pb);
	}
}

static size_t find_control(struct slice s)
{
	size_t i = 0;

	while (i < s.n && (s.p[i] == '\t' || ((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f)))
		i++;
	return i;
}

static void controls(void **state)
{
	static const char text[] = "\t \x80\xff\x1f+20\x9f\xa0~ of all kinds, and some that look like it";

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct slice s = copy(slice_of(text, lengths[i]));
		char *p = (char *)(uintptr_t)s.p;

		if (s.n > 4)
			p[4] = ' ';
		for (size_t at = 0; at < s.n; at++) {
			char before = p[at];

			for (int c = 0; c < 256; c++) {
				p[at] = (char)c;
				if (slice_find_control(s) != find_control(s) ||
				    slice_count_controls(s) != (find_control(s) < s.n))
					fail_msg("%02x at %zu of %zu", (unsigned)c, at, s.n);
			}
			p[at] = before;
		}
		free(p);
	}
	assert_int_equal(slice_find_control(empty), 0);
	assert_int_equal(slice_count_controls(empty), 0);
}

/* More than an octet can count. */
static void many_controls(void **state)
{
	static const size_t n[] = {255, 256, 255 * 16 - 1, 255 * 16, 255 * 16 + 1, 256 * 16, 2 * 255 * 16, 10000};
	static char text[10000];

	(void)state;
	memset(text, '\n', sizeof text);
	for (size_t i = 0; i < sizeof n / sizeof *n; i++)
		assert_int_equal(slice_count_controls(slice_of(text, n[i])), n[i]);
	memset(text, 'a', sizeof text);
	for (size_t i = 5; i < sizeof text; i += 16)
		text[i] = '\r';
	assert_int_equal(slice_count_controls(slice_of(text, sizeof text)), sizeof text / 16);
	assert_int_equal(slice_find_control(slice_of(text, sizeof text)), 5);
}

static void search(void **state)
{
	static const struct {
		const char *s, *needle;
		size_t at;
	} t[] = {
		{"", "", 0},	  {"abc", "", 0},   {"", "a", 0},	   {"abc", "c", 2},  {"abc", "bc", 1},
		{"abc", "bd", 3}, {"aab", "ab", 1}, {"abababc", "abc", 4}, {"ab", "abc", 2}, {"xxa", "ab", 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
		assert_int_equal(slice_find(slice_str(t[i].s), slice_str(t[i].needle)), t[i].at);
	assert_int_equal(slice_find_char(SLICE("a;b;c"), ';'), 1);
	assert_int_equal(slice_find_char(SLICE("abc"), ';'), 3);
	assert_int_equal(slice_find_char(SLICE("a\0b"), '\0'), 1);
	assert_int_equal(slice_find_char(empty, 'a'), 0);
}

static void trimming(void **state)
{
	(void)state;
	assert_slice(slice_trim(SLICE(" \t a b \t")), "a b");
	assert_slice(slice_trim(SLICE(" \t ")), "");
	assert_slice(slice_trim(SLICE("\r\na\v")), "\r\na\v");
	assert_slice(slice_trim(empty), "");
}

static void cutting(void **state)
{
	struct slice a, b;

	(void)state;
	assert_true(slice_cut(SLICE("a=b=c"), '=', &a, &b));
	assert_slice(a, "a");
	assert_slice(b, "b=c");
	assert_true(slice_cut(SLICE("a="), '=', &a, &b));
	assert_slice(a, "a");
	assert_slice(b, "");
	assert_true(slice_cut(SLICE("="), '=', &a, &b));
	assert_slice(a, "");
	assert_slice(b, "");
	assert_false(slice_cut(SLICE("abc"), '=', &a, &b));
	assert_slice(a, "abc");
	assert_slice(b, "");
	assert_null(b.p);
	assert_false(slice_cut(empty, '=', &a, &b));
	a = SLICE("x;y");
	assert_true(slice_cut(a, ';', &b, &a)); /* may alias */
	assert_slice(b, "x");
	assert_slice(a, "y");
}

static void numbers(void **state)
{
	static const struct {
		const char *s;
		uint64_t max;
		bool ok;
		uint64_t value;
	} t[] = {
		{"0", 0, true, 0},
		{"1", 0, false, 0},
		{"007", 7, true, 7},
		{"8", 7, false, 0},
		{"65535", 65535, true, 65535},
		{"65536", 65535, false, 0},
		{"18446744073709551614", UINT64_MAX, true, UINT64_MAX - 1},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999999", UINT64_MAX, false, 0},
		{"", UINT64_MAX, false, 0},
		{"-1", UINT64_MAX, false, 0},
		{"+1", UINT64_MAX, false, 0},
		{" 1", UINT64_MAX, false, 0},
		{"1 ", UINT64_MAX, false, 0},
		{"0x1", UINT64_MAX, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		uint64_t v = 4711;

		assert_int_equal(slice_to_u64(slice_str(t[i].s), t[i].max, &v), t[i].ok);
		assert_int_equal(v, t[i].ok ? t[i].value : 4711);
	}
}

static void octets(void **state)
{
	(void)state;
	for (int c = -128; c < 128; c++) {
		bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
		int hex = digit			 ? c - '0'
			  : c >= 'a' && c <= 'f' ? c - 'a' + 10
			  : c >= 'A' && c <= 'F' ? c - 'A' + 10
						 : -1;

		assert_int_equal(ascii_is_digit((char)c), digit);
		assert_int_equal(ascii_is_alpha((char)c), upper || lower);
		assert_int_equal(ascii_lower((char)c), upper ? c + 32 : c);
		assert_int_equal(ascii_hex_value((char)c), hex);
	}
}

static void numbers_are_written(void **state)
{
	static const struct {
		uint64_t n;
		const char *digits;
	} table[] = {{0, "0"}, {9, "9"}, {10, "10"}, {1000000, "1000000"}, {UINT64_MAX, "18446744073709551615"}};
	char buf[20];
	uint64_t back;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		assert_slice(slice_of_u64(buf, table[i].n), table[i].digits);
		assert_true(slice_to_u64(slice_of_u64(buf, table[i].n), UINT64_MAX, &back));
		assert_true(back == table[i].n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written),
		cmocka_unit_test(parts_are_clamped),
		cmocka_unit_test(equality),
		cmocka_unit_test(case_of_each_octet),
		cmocka_unit_test(controls),
		cmocka_unit_test(many_controls),
		cmocka_unit_test(search),
		cmocka_unit_test(trimming),
		cmocka_unit_test(cutting),
		cmocka_unit_test(numbers),
		cmocka_unit_test(octets),
	};

	return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
