/*
 * nghttp2 gives each session a buffer for the largest frame, of which an idle connection has used no more than the
 * first page. So these come from one stretch of address space, each on pages of its own: what was never touched costs
 * nothing. Everything else, and what does not fit, is malloc's.
 */
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "proxy/h2/internal.h"

#define PAGE  4096
#define PIECE (5 * PAGE) /* the buffer is a little above 16 KiB */
#define LARGE (4 * PAGE)

struct h2_memory {
	nghttp2_mem ops;
	char *start; /* NULL: there is none */
	size_t size;
	size_t used;	 /* octets of pieces that were ever given out */
	uint32_t *spare; /* numbers of pieces that came back */
	size_t n_spare;
};

static void *take(struct h2_memory *m)
{
	if (m->n_spare)
		return m->start + (size_t)m->spare[--m->n_spare] * PIECE;
	if (m->used + PIECE > m->size)
		return NULL;
	m->used += PIECE;
	return m->start + m->used - PIECE;
}

static bool is_piece(const struct h2_memory *m, const void *p)
{
	return m->start && (const char *)p >= m->start && (const char *)p < m->start + m->size;
}

static void *give(size_t n, void *arg)
{
	struct h2_memory *m = arg;
	void *p = n > LARGE && n <= PIECE ? take(m) : NULL;

	return p ? p : malloc(n);
}

static void take_back(void *p, void *arg)
{
	struct h2_memory *m = arg;

	if (is_piece(m, p))
		m->spare[m->n_spare++] = (uint32_t)((size_t)((char *)p - m->start) / PIECE);
	else
		free(p);
}

static void *give_zeroed(size_t n, size_t size, void *arg)
{
	(void)arg;
	return calloc(n, size);
}

/* As large, but what malloc has no memory for may be in a piece: NULL if not even that is left. */
static void *grow_to_piece(struct h2_memory *m, void *p, size_t n)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *larger = n <= PIECE ? take(m) : NULL;

	if (!larger)
		return NULL;
	memcpy(larger, p ? p : "", had < n ? had : n);
	free(p);
	return larger;
}

/*
 * The buffer itself is made this way, of nothing. Queues grow this way, and must: nghttp2 1.52 frees a frame twice if
 * the queue of streams that have something to send cannot.
 */
static void *grow(void *p, size_t n, void *arg)
{
	struct h2_memory *m = arg;
	void *larger;

	if (!is_piece(m, p)) {
		larger = p ? realloc(p, n) : give(n, m);
		return larger ? larger : grow_to_piece(m, p, n);
	}
	if (n <= PIECE)
		return p;
	larger = malloc(n);
	if (!larger)
		return NULL;
	memcpy(larger, p, PIECE);
	take_back(p, m);
	return larger;
}

struct h2_memory *h2_memory_new(size_t sessions)
{
	struct h2_memory *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->ops = (nghttp2_mem){
		.mem_user_data = m, .malloc = give, .free = take_back, .calloc = give_zeroed, .realloc = grow};
	m->spare = calloc(sessions, sizeof *m->spare);
	m->size = sessions * PIECE;
	m->start = m->spare ? mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
				   -1, 0)
			    : MAP_FAILED;
	if (m->start == MAP_FAILED) {
		m->start = NULL;
		m->size = 0;
	}
	return m;
}

void h2_memory_free(struct h2_memory *m)
{
	if (!m)
		return;
	if (m->start)
		(void)munmap(m->start, m->size);
	free(m->spare);
	free(m);
}

nghttp2_mem *h2_memory_ops(struct h2_memory *m)
{
	return m ? &m->ops : NULL;
}
