/*
 * What each coding costs for a page: encode and decode with the contexts of a pool, with a flush after each 16 KB, and
 * with new contexts; and zlib beside it, as proxies use it. The result is octets.
 */
#include <zlib.h>

#include "tests/bench/bench.h"
#include "tests/support/coder_drive.h"

#define CODED_MAX (32u << 20)

struct work {
	struct coder_pool pool;
	struct slice page;
	struct buffer coded, out;
	enum coding coding;
	bool flush;
	z_stream zlib;
};

static size_t encode(void *arg)
{
	struct work *b = arg;
	struct coder_drive how = {.piece = BENCH_PIECE, .room = BENCH_PIECE, .flush = b->flush};

	buffer_clear(&b->coded);
	CG_CHECK(coder_drive_encode(&b->pool, b->coding, b->page, &how, &b->coded) == CODER_END);
	return b->coded.n;
}

static size_t decode(void *arg)
{
	struct work *b = arg;
	struct coding_stack stack = {{b->coding}, 1};
	struct coder_drive how = {.piece = BENCH_PIECE, .room = BENCH_PIECE};
	enum coder_error error;

	buffer_clear(&b->out);
	CG_CHECK(coder_drive_decode(&b->pool, &stack, buffer_slice(&b->coded), &how, &b->out, &error) == CODER_END);
	return b->out.n;
}

static size_t zlib_encode(void *arg)
{
	struct work *b = arg;

	CG_CHECK(deflateReset(&b->zlib) == Z_OK);
	buffer_clear(&b->coded);
	for (struct slice rest = b->page; rest.n; rest = slice_from(rest, BENCH_PIECE)) {
		struct slice piece = slice_head(rest, BENCH_PIECE);

		b->zlib.next_in = (Bytef *)(uintptr_t)piece.p;
		b->zlib.avail_in = (uInt)piece.n;
		b->zlib.next_out = (Bytef *)buffer_reserve(&b->coded, 2 * BENCH_PIECE);
		b->zlib.avail_out = 2 * BENCH_PIECE;
		deflate(&b->zlib, piece.n == rest.n ? Z_FINISH : b->flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
		buffer_commit(&b->coded, 2 * BENCH_PIECE - b->zlib.avail_out);
	}
	return b->coded.n;
}

/* pooled: contexts that are kept. */
static struct work *new_work(struct slice page, enum coding coding, bool flush, unsigned pooled)
{
	struct work *b = bench_keep(&(struct work){.page = page, .coding = coding, .flush = flush}, sizeof *b);

	buffer_init(&b->coded, CODED_MAX);
	buffer_init(&b->out, CODED_MAX);
	coder_pool_init(&b->pool, &CODER_LIMITS_DEFAULT, pooled);
	return b;
}

static void add_zlib(const char *what, struct slice page, int level, bool flush)
{
	struct work *b = new_work(page, CODING_GZIP, flush, 0);

	CG_CHECK(deflateInit2(&b->zlib, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	bench_add(zlib_encode, b, page.n, "%s: zlib -%d%s", what, level, flush ? ", flushed" : "");
}

static void add_coding(const char *what, struct slice page, enum coding coding)
{
	const char *name = coding_name(coding).p;
	struct work *b;

	bench_add(encode, new_work(page, coding, false, 4), page.n, "%s: %s", what, name);
	bench_add(encode, new_work(page, coding, true, 4), page.n, "%s: %s, flushed", what, name);
	bench_add(encode, new_work(page, coding, false, 0), page.n, "%s: %s, new contexts", what, name);
	b = new_work(page, coding, false, 4);
	(void)encode(b);
	bench_add(decode, b, page.n, "%s: %s, decode", what, name);
	b = new_work(page, coding, false, 0);
	(void)encode(b);
	bench_add(decode, b, page.n, "%s: %s, decode, new contexts", what, name);
}

static void add_all(const char *what, struct slice page)
{
	static const int levels[] = {1, 4, 6};
	static const enum coding codings[] = {CODING_GZIP, CODING_BR, CODING_ZSTD};

	for (size_t i = 0; i < CG_COUNT(levels); i++) {
		add_zlib(what, page, levels[i], false);
		add_zlib(what, page, levels[i], true);
	}
	for (size_t i = 0; i < CG_COUNT(codings); i++)
		add_coding(what, page, codings[i]);
}

int main(int argc, char **argv)
{
	struct bench_options o = bench_begin(argc, argv);
	struct buffer page;

	for (size_t i = 0; i < o.n_files; i++)
		add_all(o.files[i].name, o.files[i].octets);
	buffer_init(&page, 1 << 20);
	coder_drive_page(&page, 60000);
	if (!o.n_files)
		add_all("page", buffer_slice(&page));
	return bench_end();
}
