/* Codecs: every way to hand over a body gives the same octets; what is damaged is never taken for complete. */
#include "tests/support/coder_drive.h"
#include "tests/support/slice_assert.h"

static const struct coder_drive whole = {0};

/* Bodies in every coding and form that is decoded. Each is of the page, but for those that say otherwise. */
struct sample {
	const char *name;
	struct coding_stack stack;
	struct buffer body;
	struct slice text;
	size_t boundary; /* a proper prefix that is complete too: the first member; 0 if there is none */
	bool checked;	 /* a checksum covers the text */
};

enum { SAMPLES = 10, PAGE = 3000 };

struct world {
	struct coder_pool pool;
	struct buffer page, twice;
	struct sample samples[SAMPLES];
	size_t n;
};

static struct sample *sample(struct world *w, const char *name, enum coding coding)
{
	struct sample *s = &w->samples[w->n++];

	assert_true(w->n <= SAMPLES);
	*s = (struct sample){.name = name, .stack = {{coding}, 1}, .text = buffer_slice(&w->page)};
	buffer_init(&s->body, 1 << 20);
	return s;
}

static void encode(struct world *w, enum coding coding, struct slice in, struct buffer *out)
{
	assert_int_equal(coder_drive_encode(&w->pool, coding, in, &whole, out), CODER_END);
}

static uint32_t adler32(struct slice s)
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < s.n; i++) {
		a = (a + (uint8_t)s.p[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static void make_gzip(struct world *w)
{
	static const char parts[] = "\x1f\x8b\x08\x1e\0\0\0\0\x02\x03" /* extra, name, comment, header CRC */
				    "\x04\0abcdname\0comment\0";
	struct sample *plain = sample(w, "gzip", CODING_GZIP), *two = sample(w, "gzip twice", CODING_GZIP),
		      *named = sample(w, "gzip with a long header", CODING_GZIP);

	plain->checked = two->checked = true;
	encode(w, CODING_GZIP, buffer_slice(&w->page), &plain->body);
	buffer_add(&two->body, buffer_slice(&plain->body));
	buffer_add(&two->body, buffer_slice(&plain->body));
	two->boundary = plain->body.n;
	two->text = buffer_slice(&w->twice);
	buffer_add(&named->body, slice_of(parts, sizeof parts - 1));
	buffer_add(&named->body, SLICE("\x9f\x49"));
	buffer_add(&named->body, slice_from(buffer_slice(&plain->body), 10));
}

static void make_deflate(struct world *w)
{
	struct sample *zlib = sample(w, "deflate", CODING_DEFLATE), *raw = sample(w, "raw deflate", CODING_DEFLATE);
	struct slice gzip = buffer_slice(&w->samples[0].body), bare = slice_of(gzip.p + 10, gzip.n - 18);
	uint32_t sum = adler32(buffer_slice(&w->page));

	zlib->checked = true;
	buffer_add(&zlib->body, SLICE("\x78\x9c"));
	buffer_add(&zlib->body, bare);
	for (unsigned shift = 32; shift; shift -= 8)
		buffer_add_char(&zlib->body, (char)(sum >> (shift - 8)));
	buffer_add(&raw->body, bare);
}

static void make_others(struct world *w)
{
	static const char skippable[] = "\x5f\x2a\x4d\x18\x03\0\0\0abc";
	struct sample *br = sample(w, "br", CODING_BR), *zstd = sample(w, "zstd", CODING_ZSTD),
		      *frames = sample(w, "zstd, two frames and one to skip", CODING_ZSTD),
		      *stacked = sample(w, "gzip, br", CODING_BR), *same = sample(w, "zstd, gzip", CODING_GZIP);

	encode(w, CODING_BR, buffer_slice(&w->page), &br->body);
	encode(w, CODING_ZSTD, buffer_slice(&w->page), &zstd->body);
	buffer_add(&frames->body, buffer_slice(&zstd->body));
	frames->boundary = frames->body.n;
	buffer_add(&frames->body, slice_of(skippable, sizeof skippable - 1));
	buffer_add(&frames->body, buffer_slice(&zstd->body));
	frames->text = buffer_slice(&w->twice);
	encode(w, CODING_BR, buffer_slice(&w->samples[0].body), &stacked->body);
	stacked->stack = (struct coding_stack){{CODING_GZIP, CODING_BR}, 2};
	stacked->checked = true;
	encode(w, CODING_GZIP, buffer_slice(&zstd->body), &same->body);
	same->stack = (struct coding_stack){{CODING_ZSTD, CODING_GZIP}, 2};
	same->checked = true;
}

static int setup(void **state)
{
	static struct world w;

	coder_pool_init(&w.pool, &CODER_LIMITS_DEFAULT, 2);
	buffer_init(&w.page, 1 << 20);
	buffer_init(&w.twice, 1 << 20);
	coder_drive_page(&w.page, PAGE);
	buffer_add(&w.twice, buffer_slice(&w.page));
	buffer_add(&w.twice, buffer_slice(&w.page));
	make_gzip(&w);
	make_deflate(&w);
	make_others(&w);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++)
		buffer_free(&w->samples[i].body);
	buffer_free(&w->page);
	buffer_free(&w->twice);
	coder_pool_free(&w->pool);
	return 0;
}

/* -- decoding ------------------------------------------------------------------------------------------------------ */

static void decodes(struct world *w, const struct sample *s, const struct coder_drive *how)
{
	struct buffer out;
	enum coder_error error;
	enum coder_result r;

	buffer_init(&out, 1 << 20);
	r = coder_drive_decode(&w->pool, &s->stack, buffer_slice(&s->body), how, &out, &error);
	if (r != CODER_END || !slice_eq(buffer_slice(&out), s->text))
		fail_msg("%s, pieces of %zu, then %zu, room of %zu: result %d, %s, %zu octets", s->name, how->first,
			 how->piece, how->room, r, coder_error_text(error), out.n);
	buffer_free(&out);
}

static void test_decode_whole(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 7, 100, 511, 512, 513, 100000};
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++) {
		decodes(w, &w->samples[i], &whole);
		for (size_t a = 0; a < CG_COUNT(sizes); a++)
			for (size_t b = 0; b < CG_COUNT(sizes); b++)
				decodes(w, &w->samples[i], &(struct coder_drive){.piece = sizes[a], .room = sizes[b]});
	}
}

static void test_decode_split(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++)
		for (size_t k = 1; k < w->samples[i].body.n; k++)
			decodes(w, &w->samples[i], &(struct coder_drive){.first = k, .flush = k & 1});
}

/* The end may be told apart from the last octet. */
static void test_decode_late_end(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++) {
		struct sample *s = &w->samples[i];
		struct slice in = buffer_slice(&s->body);
		char text[4 * PAGE];
		struct coder_room room = {text, sizeof text};
		struct coder c;

		assert_true(coder_decode(&c, &w->pool, &s->stack));
		assert_int_equal(coder_run(&c, &in, CODER_MORE, &room), CODER_INPUT);
		assert_int_equal(in.n, 0);
		assert_int_equal(c.in, s->body.n);
		assert_int_equal(c.out, s->text.n);
		assert_true(slice_eq(slice_of(text, sizeof text - room.n), s->text));
		assert_int_equal(coder_run(&c, &in, CODER_MORE, &room), CODER_INPUT);
		assert_int_equal(coder_run(&c, &in, CODER_LAST, &room), CODER_END);
		assert_int_equal(coder_run(&c, &in, CODER_LAST, &room), CODER_END);
		assert_int_equal(c.out, s->text.n);
		coder_close(&c);
	}
}

/* Without room nothing is lost and nothing runs for ever. */
static void test_decode_no_room(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++) {
		struct slice in = buffer_slice(&w->samples[i].body);
		struct coder_room none = {NULL, 0};
		struct buffer out;
		struct coder c;

		buffer_init(&out, 1 << 20);
		assert_true(coder_decode(&c, &w->pool, &w->samples[i].stack));
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(coder_run(&c, &in, CODER_LAST, &none), CODER_FULL);
		assert_int_equal(coder_drive(&c, in, &whole, &out), CODER_END);
		assert_true(slice_eq(buffer_slice(&out), w->samples[i].text));
		coder_close(&c);
		buffer_free(&out);
	}
}

static void test_truncated(void **state)
{
	static const struct coder_drive slow = {.piece = 1, .room = 1};
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++) {
		struct sample *s = &w->samples[i];

		for (size_t k = 1; k < s->body.n; k++) {
			struct slice in = slice_head(buffer_slice(&s->body), k);
			enum coder_error error;
			enum coder_result r;
			struct buffer out;

			buffer_init(&out, 1 << 20);
			r = coder_drive_decode(&w->pool, &s->stack, in, k & 1 ? &whole : &slow, &out, &error);
			if (s->boundary &&
			    (k == s->boundary || (k == s->boundary + 11 && s->stack.v[0] == CODING_ZSTD)))
				assert_int_equal(r, CODER_END);
			else if (r != CODER_ERROR || error != CODER_E_TRUNCATED)
				fail_msg("%s cut at %zu: %d, %s", s->name, k, r, coder_error_text(error));
			assert_true(out.n <= s->text.n && memcmp(out.p ? out.p : "", s->text.p, out.n) == 0);
			buffer_free(&out);
		}
	}
}

static void test_empty(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++) {
		enum coder_error error;
		struct buffer out;

		buffer_init(&out, 1 << 20);
		assert_int_equal(coder_drive_decode(&w->pool, &w->samples[i].stack, SLICE(""), &whole, &out, &error),
				 CODER_END);
		assert_int_equal(out.n, 0);
		buffer_free(&out);
	}
}

/* Every octet changed in three ways: it ends, and where a checksum covers the text it never ends as if well. */
static void test_damaged(void **state)
{
	static const unsigned char masks[] = {0xff, 0x01, 0x80};
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++) {
		struct sample *s = &w->samples[i];

		for (size_t k = 0; k < CG_COUNT(masks) * s->body.n; k++) {
			unsigned char mask = masks[k % CG_COUNT(masks)];
			char *at = &s->body.p[k / CG_COUNT(masks)];
			enum coder_error error;
			enum coder_result r;
			struct buffer out;

			buffer_init(&out, 4 << 20);
			*at = (char)(*at ^ mask);
			r = coder_drive_decode(&w->pool, &s->stack, buffer_slice(&s->body), &whole, &out, &error);
			*at = (char)(*at ^ mask);
			assert_true(r == CODER_ERROR ? error != CODER_OK : r == CODER_END && error == CODER_OK);
			if (s->checked && r == CODER_END && !slice_eq(buffer_slice(&out), s->text))
				fail_msg("%s: octet %zu changed by %02x passes", s->name, k / 3, mask);
			buffer_free(&out);
		}
		decodes(w, s, &whole); /* and the pool is none the worse */
	}
}

static void test_trailing(void **state)
{
	static const struct slice tails[] = {SLICE_INIT("x"), SLICE_INIT("\0"), SLICE_INIT("\r\n"),
					     SLICE_INIT("garbage of some length"), SLICE_INIT("\x1f\x8c")};
	struct world *w = *state;

	for (size_t i = 0; i < w->n * CG_COUNT(tails) * 2; i++) {
		struct sample *s = &w->samples[i / 2 / CG_COUNT(tails)];
		struct coder_drive how = {.piece = i & 1 ? 1 : 0};
		enum coder_error error;
		struct buffer in, out;

		buffer_init(&in, 1 << 20);
		buffer_init(&out, 1 << 20);
		buffer_add(&in, buffer_slice(&s->body));
		buffer_add(&in, tails[i / 2 % CG_COUNT(tails)]);
		assert_int_equal(coder_drive_decode(&w->pool, &s->stack, buffer_slice(&in), &how, &out, &error),
				 CODER_ERROR);
		if (error != CODER_E_TRAILING || !slice_eq(buffer_slice(&out), s->text))
			fail_msg("%s with a tail: %s, %zu octets", s->name, coder_error_text(error), out.n);
		buffer_free(&in);
		buffer_free(&out);
	}
}

/* Streams made by others, and by hand. */
static void test_foreign(void **state)
{
	static const struct {
		enum coding coding;
		struct slice body;
		enum coder_error error;
		const char *text;
	} rows[] = {
		/* zlib's deflate() of "hello, hello, hello", as gzip, zlib and raw */
		{CODING_GZIP,
		 SLICE_INIT("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\x00\x9f"
			    "\xa1\xca\x09\x13\x00\x00\x00"),
		 CODER_OK, "hello, hello, hello"},
		{CODING_DEFLATE, SLICE_INIT("\x78\x9c\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\x00\x44\x28\x06\xd5"),
		 CODER_OK, "hello, hello, hello"},
		{CODING_DEFLATE, SLICE_INIT("\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\x00"), CODER_OK,
		 "hello, hello, hello"},
		/* a stored block, raw and with a zlib header of a small window */
		{CODING_DEFLATE, SLICE_INIT("\x01\x02\x00\xfd\xffhi"), CODER_OK, "hi"},
		{CODING_DEFLATE, SLICE_INIT("\x08\x1d\x01\x02\x00\xfd\xffhi\x01\x3b\x00\xd2"), CODER_OK, "hi"},
		/* the shortest streams */
		{CODING_DEFLATE, SLICE_INIT("\x03\x00"), CODER_OK, ""},
		{CODING_BR, SLICE_INIT("\x06"), CODER_OK, ""},
		{CODING_BR, SLICE_INIT("\x3b"), CODER_OK, ""},
		/* wrong: length in the trailer, checksum, method, magic, reserved block type, preset dictionary */
		{CODING_GZIP,
		 SLICE_INIT("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\x00\x9f"
			    "\xa1\xca\x09\x14\x00\x00\x00"),
		 CODER_E_BROKEN, "hello, hello, hello"},
		{CODING_DEFLATE, SLICE_INIT("\x78\x9c\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2\x00\x44\x28\x06\xd6"),
		 CODER_E_BROKEN, "hello, hello, hello"},
		{CODING_GZIP, SLICE_INIT("\x1f\x8b\x07\x00\x00\x00\x00\x00\x02\x03\x03\x00"), CODER_E_BROKEN, ""},
		{CODING_GZIP, SLICE_INIT("<html>"), CODER_E_BROKEN, ""},
		{CODING_GZIP, SLICE_INIT("\x1f"), CODER_E_TRUNCATED, ""},
		{CODING_DEFLATE, SLICE_INIT("\x07\x00"), CODER_E_BROKEN, ""},
		{CODING_DEFLATE, SLICE_INIT("\x78"), CODER_E_TRUNCATED, ""},
		{CODING_DEFLATE, SLICE_INIT("\x78\xbb\x00\x00\x00\x01\x03\x00\x00\x00\x00\x01"), CODER_E_BROKEN, ""},
		{CODING_DEFLATE, SLICE_INIT("\x01\x02\x00\xfd\xfehi"), CODER_E_BROKEN, ""},
		{CODING_BR, SLICE_INIT("<html>"), CODER_E_BROKEN, ""},
		{CODING_ZSTD, SLICE_INIT("<html>"), CODER_E_BROKEN, ""},
		{CODING_ZSTD, SLICE_INIT("\x28\xb5\x2f"), CODER_E_TRUNCATED, ""},
		{CODING_ZSTD, SLICE_INIT("\x27\xb5\x2f\xfd\x00\x68\x09\x00\x00"), CODER_E_BROKEN, ""}, /* zstd 0.7 */
		/* windows of 8 MB, allowed, and of 9 MB, not; a raw block of one octet */
		{CODING_ZSTD, SLICE_INIT("\x28\xb5\x2f\xfd\x00\x68\x09\x00\x00!"), CODER_OK, "!"},
		{CODING_ZSTD, SLICE_INIT("\x28\xb5\x2f\xfd\x00\x69\x09\x00\x00!"), CODER_E_WINDOW, ""},
		/* br with a large window (not RFC 7932) */
		{CODING_BR, SLICE_INIT("\x11\x1e\x00"), CODER_E_BROKEN, ""},
	};
	struct world *w = *state;

	for (size_t i = 0; i < CG_COUNT(rows) * 2; i++) {
		struct coding_stack stack = {{rows[i / 2].coding}, 1};
		struct coder_drive how = {.piece = i & 1, .room = i & 1};
		enum coder_error error;
		struct buffer out;

		buffer_init(&out, 1 << 20);
		coder_drive_decode(&w->pool, &stack, rows[i / 2].body, &how, &out, &error);
		if (error != rows[i / 2].error)
			fail_msg("row %zu: %s", i / 2, coder_error_text(error));
		assert_slice(buffer_slice(&out), rows[i / 2].text);
		buffer_free(&out);
	}
}

/* Which coding failed and how; and a coder that failed says so for ever. */
static void test_error(void **state)
{
	static const struct coding_stack stack = {{CODING_ZSTD, CODING_GZIP}, 2};
	struct world *w = *state;
	struct buffer body;

	buffer_init(&body, 1 << 20);
	encode(w, CODING_GZIP, SLICE("<html> is no zstd"), &body);
	for (size_t i = 0; i < 2; i++) {
		struct slice in = i ? SLICE("<html>") : buffer_slice(&body);
		char text[100];
		struct coder_room room = {text, sizeof text};
		struct coder c;

		assert_true(coder_decode(&c, &w->pool, &stack));
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(coder_run(&c, &in, k ? CODER_LAST : CODER_MORE, &room), CODER_ERROR);
			assert_int_equal(c.error, CODER_E_BROKEN);
			assert_int_equal(c.culprit, i ? CODING_GZIP : CODING_ZSTD);
			assert_string_equal(c.detail, i ? "bad gzip header" : "no zstd frame");
			assert_int_equal(c.out, 0);
		}
		coder_close(&c);
		coder_close(&c);
	}
	for (unsigned e = 0; e < CODER_ERRORS; e++)
		assert_true(strlen(coder_error_text((enum coder_error)e)) > 5);
	buffer_free(&body);
}

/* -- limits -------------------------------------------------------------------------------------------------------- */

static enum coder_error limited(const struct coder_limits *limits, const struct coding_stack *stack, struct slice in,
				size_t *out_n)
{
	struct coder_pool pool;
	enum coder_error error;
	struct buffer out;

	coder_pool_init(&pool, limits, 1);
	buffer_init(&out, 64u << 20);
	coder_drive_decode(&pool, stack, in, &(struct coder_drive){.piece = 4096, .room = 16384}, &out, &error);
	*out_n = out.n;
	buffer_free(&out);
	coder_pool_free(&pool);
	return error;
}

/* The limit on the octet, by the ratio and by the free allowance. */
static void test_limit_exact(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->n; i++) {
		const struct sample *s = &w->samples[i];
		struct slice in = buffer_slice(&s->body);
		struct coder_limits limits = CODER_LIMITS_DEFAULT;
		size_t n;

		limits.ratio = 1;
		for (size_t d = 0; d < 3; d++) {
			limits.ratio_from = s->text.n + 1 - d;
			assert_int_equal(limited(&limits, &s->stack, in, &n), d < 2 ? CODER_OK : CODER_E_BOMB);
			assert_true(n <= limits.ratio_from + 1);
		}
		limits.ratio_from = 0;
		limits.ratio = (uint32_t)(s->text.n / in.n);
		assert_int_equal(limited(&limits, &s->stack, in, &n), CODER_E_BOMB);
		limits.ratio = UINT32_MAX;
		assert_int_equal(limited(&limits, &s->stack, in, &n), CODER_OK);
	}
}

static void test_bombs(void **state)
{
	static const struct coding_stack stacks[] = {{{CODING_GZIP}, 1},
						     {{CODING_BR}, 1},
						     {{CODING_ZSTD}, 1},
						     {{CODING_GZIP, CODING_GZIP}, 2},
						     {{CODING_ZSTD, CODING_BR}, 2}};
	struct world *w = *state;
	size_t zeros = 40u << 20, n;
	char *p = calloc(1, zeros);

	assert_non_null(p);
	for (size_t i = 0; i < CG_COUNT(stacks); i++) {
		struct coder_limits limits = CODER_LIMITS_DEFAULT;
		struct buffer a, b;

		buffer_init(&a, 1 << 20);
		buffer_init(&b, 1 << 20);
		encode(w, stacks[i].v[0], slice_of(p, zeros), &a);
		if (stacks[i].n == 2)
			encode(w, stacks[i].v[1], buffer_slice(&a), &b);
		else
			buffer_add(&b, buffer_slice(&a));
		limits.ratio = 100;
		assert_int_equal(limited(&limits, &stacks[i], buffer_slice(&b), &n), CODER_E_BOMB);
		assert_true(n <= limits.ratio_from + 1 || n <= b.n * 100 + 1);
		limits.ratio_from = zeros;
		assert_int_equal(limited(&limits, &stacks[i], buffer_slice(&b), &n), CODER_OK);
		assert_int_equal(n, zeros);
		buffer_free(&a);
		buffer_free(&b);
	}
	free(p);
}

static void test_memory_limit(void **state)
{
	static const enum coding codings[] = {CODING_BR, CODING_ZSTD};
	struct world *w = *state;

	for (size_t i = 0; i < CG_COUNT(codings); i++) {
		struct coding_stack stack = {{codings[i]}, 1};
		struct coder_limits limits = CODER_LIMITS_DEFAULT;
		bool worked = false;
		struct buffer in;
		size_t n;

		buffer_init(&in, 1 << 20);
		encode(w, codings[i], buffer_slice(&w->twice), &in);
		for (limits.memory = 0; limits.memory < 1 << 20; limits.memory += 1 << 12) {
			enum coder_error error = limited(&limits, &stack, buffer_slice(&in), &n);

			assert_int_equal(error, worked ? CODER_OK : error == CODER_OK ? CODER_OK : CODER_E_MEMORY);
			worked |= error == CODER_OK;
		}
		assert_true(worked);
		buffer_free(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode_whole),	cmocka_unit_test(test_decode_split),
		cmocka_unit_test(test_decode_late_end), cmocka_unit_test(test_decode_no_room),
		cmocka_unit_test(test_truncated),	cmocka_unit_test(test_empty),
		cmocka_unit_test(test_damaged),		cmocka_unit_test(test_trailing),
		cmocka_unit_test(test_error),		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_limit_exact),	cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_memory_limit),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
