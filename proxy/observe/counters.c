#include "proxy/observe/counters.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static struct counters unshared;
struct counters *counters_own = &unshared;

static const struct {
	const char *name;
	bool unusual;
} about[COUNTERS] = {
#define USUAL				    false
#define UNUSUAL				    true
#define CG_COUNTER(id, name, kind, meaning) [COUNTER_##id] = {name, kind},
#include "proxy/observe/counter_table.h"
#undef CG_COUNTER
#undef USUAL
#undef UNUSUAL
};

/* A page of the machine for each process, so that it can map its own alone. */
static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

bool counters_use(int fd, unsigned page)
{
	void *p = mmap(NULL, sizeof(struct counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       (off_t)(page * page_size()));

	if (p == MAP_FAILED)
		return false;
	counters_own = p;
	return true;
}

/* -- the parent's side --------------------------------------------------------------------------------------------- */

/* Sealed in size: a worker that could cut it off would take the parent with it (SIGBUS). */
bool counter_board_init(struct counter_board *b)
{
	size_t size = COUNTER_PAGES * page_size();
	void *p = MAP_FAILED;

	_Static_assert(sizeof(struct counters) <= 4096, "all counters fit into a page");
	*b = (struct counter_board){.fd = memfd_create("counters", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
	if (b->fd >= 0 && ftruncate(b->fd, (off_t)size) == 0 &&
	    fcntl(b->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		p = mmap(NULL, size, PROT_READ, MAP_SHARED, b->fd, 0);
	if (p != MAP_FAILED) {
		b->memory = p;
		return true;
	}
	counter_board_free(b);
	return false;
}

void counter_board_free(struct counter_board *b)
{
	if (b->memory)
		(void)munmap((void *)(uintptr_t)b->memory, COUNTER_PAGES * page_size());
	if (b->fd >= 0)
		close(b->fd);
	*b = (struct counter_board){.fd = -1};
}

int counter_board_take(struct counter_board *b)
{
	unsigned i = 0;

	while (i < COUNTER_PAGES && b->taken[i])
		i++;
	if (i == COUNTER_PAGES)
		return -1;
	b->taken[i] = true;
	if (i == b->used)
		b->used++;
	return (int)i;
}

void counter_board_give(struct counter_board *b, int page)
{
	if (page >= 0)
		b->taken[page] = false;
}

void counter_board_sum(const struct counter_board *b, struct counts *out)
{
	*out = (struct counts){0};
	for (unsigned i = 0; i < b->used; i++) {
		const struct counters *c = (const void *)(b->memory + i * page_size());

		for (size_t k = 0; k < COUNTERS; k++)
			out->n[k] += atomic_load_explicit(&c->n[k], memory_order_relaxed);
	}
}

bool counts_unusual(const struct counts *before, const struct counts *now)
{
	for (size_t k = 0; k < COUNTERS; k++)
		if (about[k].unusual && now->n[k] != before->n[k])
			return true;
	return false;
}

void counts_describe(const struct counts *before, const struct counts *now, struct buffer *out)
{
	const char *comma = "";

	for (size_t k = 0; k < COUNTERS; k++) {
		unsigned long long n = now->n[k], more = n - before->n[k];

		if (n == 0)
			continue;
		buffer_printf(out, "%s%s %llu", comma, about[k].name, n);
		if (more)
			buffer_printf(out, " (+%llu)", more);
		comma = ", ";
	}
	if (out->n == 0)
		buffer_add_str(out, "nothing");
}
