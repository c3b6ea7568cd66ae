/*
 * What each coding costs for a page: CPU microseconds and octets, with the contexts of a pool and with new ones, in
 * pieces of 16 KB without and with a flush after each; and zlib beside it, as proxies use it. Not a test.
 * Usage: tests/bench/bench_coding [FILE...]; without files a made page of 60 KB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "tests/support/coder_drive.h"

enum { PIECE = 16384, ROUNDS = 300, FILE_MAX = 16 << 20 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

struct bench {
	struct coder_pool pool;
	struct slice page;
	struct buffer coded, out;
	enum coding coding;
	bool flush;
	z_stream zlib;
};

static void encode(struct bench *b)
{
	struct coder_drive how = {.piece = PIECE, .room = PIECE, .flush = b->flush};

	buffer_clear(&b->coded);
	CG_CHECK(coder_drive_encode(&b->pool, b->coding, b->page, &how, &b->coded) == CODER_END);
}

static void decode(struct bench *b)
{
	struct coding_stack stack = {{b->coding}, 1};
	struct coder_drive how = {.piece = PIECE, .room = PIECE};
	enum coder_error error;

	buffer_clear(&b->out);
	CG_CHECK(coder_drive_decode(&b->pool, &stack, buffer_slice(&b->coded), &how, &b->out, &error) == CODER_END);
}

static void zlib_encode(struct bench *b)
{
	CG_CHECK(deflateReset(&b->zlib) == Z_OK);
	buffer_clear(&b->coded);
	for (struct slice rest = b->page; rest.n; rest = slice_from(rest, PIECE)) {
		struct slice piece = slice_head(rest, PIECE);

		b->zlib.next_in = (Bytef *)(uintptr_t)piece.p;
		b->zlib.avail_in = (uInt)piece.n;
		b->zlib.next_out = (Bytef *)buffer_reserve(&b->coded, 2 * PIECE);
		b->zlib.avail_out = 2 * PIECE;
		deflate(&b->zlib, piece.n == rest.n ? Z_FINISH : b->flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
		buffer_commit(&b->coded, 2 * PIECE - b->zlib.avail_out);
	}
}

/* The fastest of many rounds: others use the machine too. */
static double best(struct bench *b, void (*what)(struct bench *))
{
	double least = 1e18;

	for (unsigned i = 0; i < ROUNDS; i++) {
		double start = now(), took;

		what(b);
		took = now() - start;
		if (took < least)
			least = took;
	}
	return least;
}

static void row(struct bench *b, const char *name, void (*what)(struct bench *))
{
	double plain, flushed;
	size_t plain_n;

	b->flush = false;
	plain = best(b, what);
	plain_n = b->coded.n;
	b->flush = true;
	flushed = best(b, what);
	printf("  %-10s %8.1f us %7zu octets; flushed each 16 KB %8.1f us %7zu octets", name, plain, plain_n, flushed,
	       b->coded.n);
}

static void codings(struct bench *b)
{
	static const enum coding all[] = {CODING_GZIP, CODING_BR, CODING_ZSTD};
	double fresh;

	for (size_t i = 0; i < CG_COUNT(all); i++) {
		b->coding = all[i];
		coder_pool_init(&b->pool, &CODER_LIMITS_DEFAULT, 4);
		row(b, coding_name(all[i]).p, encode);
		b->flush = false;
		encode(b);
		printf("; decode %6.1f us", best(b, decode));
		coder_pool_free(&b->pool);
		coder_pool_init(&b->pool, &CODER_LIMITS_DEFAULT, 0);
		fresh = best(b, encode);
		printf("; new contexts: encode %8.1f us, decode %6.1f us\n", fresh, best(b, decode));
		coder_pool_free(&b->pool);
	}
}

static void measure(const char *name, struct slice page)
{
	struct bench b = {.page = page};

	printf("%s: %zu octets\n", name, page.n);
	buffer_init(&b.coded, 2 * FILE_MAX);
	buffer_init(&b.out, 2 * FILE_MAX);
	for (int level = 1; level <= 6; level += level == 1 ? 3 : 2) {
		char label[] = "zlib -0";

		label[6] = (char)('0' + level);
		CG_CHECK(deflateInit2(&b.zlib, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
		row(&b, label, zlib_encode);
		putchar('\n');
		deflateEnd(&b.zlib);
	}
	codings(&b);
	buffer_free(&b.coded);
	buffer_free(&b.out);
}

static void measure_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *p = malloc(FILE_MAX);

	if (!f || !p) {
		fprintf(stderr, "%s cannot be read\n", path);
		exit(2);
	}
	measure(path, slice_of(p, fread(p, 1, FILE_MAX, f)));
	fclose(f);
	free(p);
}

int main(int argc, char **argv)
{
	struct buffer page;

	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			measure_file(argv[i]);
		return 0;
	}
	buffer_init(&page, 1 << 20);
	coder_drive_page(&page, 60000);
	measure("made page", buffer_slice(&page));
	buffer_free(&page);
	return 0;
}
