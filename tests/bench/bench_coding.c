/*
 * What each coding costs for a page: encode and decode with the contexts of a pool, with a flush after each 16 KB, and
 * with new contexts; and zlib beside it, as proxies use it. The result is octets. Of FILEs each is a page, and one
 * operation goes over all of them in turn: the same page again and again would be learnt by heart, by the processor.
 */
#include <stdlib.h>
#include <zlib.h>

#include "tests/bench/bench.h"
#include "tests/support/coder_drive.h"

#define CODED_MAX (32u << 20)

struct work {
	struct coder_pool pool;
	const struct bench_input *pages;
	struct buffer *coded; /* of each page */
	size_t n;
	struct buffer out;
	enum coding coding;
	bool flush;
	z_stream zlib;
};

static size_t encode(void *arg)
{
	struct work *b = arg;
	struct coder_drive how = {.piece = BENCH_PIECE, .room = BENCH_PIECE, .flush = b->flush};
	size_t octets = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct slice page = b->pages[i].octets;

		buffer_clear(&b->coded[i]);
		CG_CHECK(coder_drive_encode(&b->pool, b->coding, page, &how, &b->coded[i]) == CODER_END);
		octets += b->coded[i].n;
	}
	return octets;
}

static size_t decode(void *arg)
{
	struct work *b = arg;
	struct coding_stack stack = {{b->coding}, 1};
	struct coder_drive how = {.piece = BENCH_PIECE, .room = BENCH_PIECE};
	enum coder_error error;
	size_t octets = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct slice coded = buffer_slice(&b->coded[i]);

		buffer_clear(&b->out);
		CG_CHECK(coder_drive_decode(&b->pool, &stack, coded, &how, &b->out, &error) == CODER_END);
		octets += b->out.n;
	}
	return octets;
}

static void zlib_encode_page(struct work *b, struct slice page, struct buffer *coded)
{
	CG_CHECK(deflateReset(&b->zlib) == Z_OK);
	buffer_clear(coded);
	for (struct slice rest = page; rest.n; rest = slice_from(rest, BENCH_PIECE)) {
		struct slice piece = slice_head(rest, BENCH_PIECE);

		b->zlib.next_in = (Bytef *)(uintptr_t)piece.p;
		b->zlib.avail_in = (uInt)piece.n;
		b->zlib.next_out = (Bytef *)buffer_reserve(coded, 2 * BENCH_PIECE);
		b->zlib.avail_out = 2 * BENCH_PIECE;
		deflate(&b->zlib, piece.n == rest.n ? Z_FINISH : b->flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
		buffer_commit(coded, 2 * BENCH_PIECE - b->zlib.avail_out);
	}
}

static size_t zlib_encode(void *arg)
{
	struct work *b = arg;
	size_t octets = 0;

	for (size_t i = 0; i < b->n; i++) {
		zlib_encode_page(b, b->pages[i].octets, &b->coded[i]);
		octets += b->coded[i].n;
	}
	return octets;
}

/* What goes through the codecs. */
struct pages {
	const char *what;
	const struct bench_input *v;
	size_t n, octets;
};

/* pooled: contexts that are kept. */
static struct work *new_work(const struct pages *pages, enum coding coding, bool flush, unsigned pooled)
{
	struct work *b = bench_keep(&(struct work){.pages = pages->v, .n = pages->n, .coding = coding, .flush = flush},
				    sizeof *b);

	b->coded = calloc(pages->n, sizeof *b->coded);
	CG_CHECK(b->coded);
	for (size_t i = 0; i < pages->n; i++)
		buffer_init(&b->coded[i], CODED_MAX);
	buffer_init(&b->out, CODED_MAX);
	coder_pool_init(&b->pool, &CODER_LIMITS_DEFAULT, pooled);
	return b;
}

static void add_zlib(const struct pages *pages, int level, bool flush)
{
	struct work *b = new_work(pages, CODING_GZIP, flush, 0);

	CG_CHECK(deflateInit2(&b->zlib, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	bench_add(zlib_encode, b, pages->octets, "%s: zlib -%d%s", pages->what, level, flush ? ", flushed" : "");
}

static void add_encode(const struct pages *pages, enum coding coding, bool flush, unsigned pooled, const char *how)
{
	bench_add(encode, new_work(pages, coding, flush, pooled), pages->octets, "%s: %s%s", pages->what,
		  coding_name(coding).p, how);
}

static void add_decode(const struct pages *pages, enum coding coding, unsigned pooled, const char *how)
{
	struct work *b = new_work(pages, coding, false, pooled);

	(void)encode(b);
	bench_add(decode, b, pages->octets, "%s: %s, decode%s", pages->what, coding_name(coding).p, how);
}

static void add_coding(const struct pages *pages, enum coding coding)
{
	add_encode(pages, coding, false, 4, "");
	add_encode(pages, coding, true, 4, ", flushed");
	add_encode(pages, coding, false, 0, ", new contexts");
	add_decode(pages, coding, 4, "");
	add_decode(pages, coding, 0, ", new contexts");
}

static void add_all(const struct pages *pages)
{
	static const int levels[] = {1, 4, 6};
	static const enum coding codings[] = {CODING_GZIP, CODING_BR, CODING_ZSTD};

	for (size_t i = 0; i < CG_COUNT(levels); i++) {
		add_zlib(pages, levels[i], false);
		add_zlib(pages, levels[i], true);
	}
	for (size_t i = 0; i < CG_COUNT(codings); i++)
		add_coding(pages, codings[i]);
}

int main(int argc, char **argv)
{
	struct bench_options o = bench_begin(argc, argv);
	struct pages pages = {o.n_files == 1 ? o.files[0].name : "pages", o.files, o.n_files, 0};
	struct bench_input page = {0};
	struct buffer text;

	if (!o.n_files) {
		buffer_init(&text, 1 << 20);
		coder_drive_page(&text, 60000);
		page.octets = buffer_slice(&text);
		pages = (struct pages){"page", &page, 1, 0};
	}
	for (size_t i = 0; i < pages.n; i++)
		pages.octets += pages.v[i].octets.n;
	add_all(&pages);
	return bench_end();
}
