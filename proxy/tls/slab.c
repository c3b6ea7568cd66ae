#include "proxy/tls/slab.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define SLAB	   ((size_t)65536)
#define SLABS	   64		  /* of a region, as many as are asked of the system at once */
#define REGION	   (SLABS * SLAB) /* at multiples of it: what an object belongs to is known by its address */
#define HEADS	   (SLABS * sizeof(struct slab))
#define KEPT	   (16 * SLAB) /* of empty slabs */
#define SMALL_STEP 16
#define SMALL_MAX  1024	 /* from there on eight classes for each power of two */
#define LARGE_MAX  32768 /* more has a region of its own */
#define SMALLS	   (SMALL_MAX / SMALL_STEP)
#define CLASSES	   (SMALLS + 8 * 5)

/*
 * The heads of a region's slabs stand together at its beginning: in the slabs they would all fall on the same few lines
 * of the processor's cache.
 */
struct slab {
	size_t size;	    /* of an object */
	size_t huge;	    /* octets of a region that is one object; else 0 */
	struct slab **list; /* of its class, where it is while it has room */
	struct slab *next;
	struct slab *prev;
	void *free;	/* objects that came back, linked by their first word */
	uint32_t fresh; /* where in the slab those begin that were never given out */
	uint32_t used;	/* objects */
	size_t unused;
};

_Static_assert(sizeof(struct slab) == 64, "a line of the cache, and a multiple of all alignments");

static struct slab *rooms[CLASSES]; /* slabs with room, by class */
static struct slab *kept;	    /* empty ones */
static struct slab *returned;	    /* empty ones whose memory the system has taken back */
static struct slab *never;	    /* the first that was never used of the newest region */
static unsigned n_never;	    /* how many there are */
static struct slab_state state;

/* -- sizes -------------------------------------------------------------------------------------------------------- */

static size_t class_of(size_t n)
{
	unsigned power;

	if (n <= SMALL_MAX)
		return (n - 1) / SMALL_STEP;
	power = 63 - (unsigned)__builtin_clzll(n - 1); /* 2^power < n <= 2^(power + 1) */
	return SMALLS + (power - 10) * 8 + ((n - 1) >> (power - 3)) - 8;
}

static size_t size_of(size_t class)
{
	if (class < SMALLS)
		return (class + 1) * SMALL_STEP;
	class -= SMALLS;
	return (class % 8 + 9) << (class / 8 + 7);
}

/* -- slabs -------------------------------------------------------------------------------------------------------- */

static char *region_of(const void *p)
{
	return (char *)((uintptr_t)p & ~(uintptr_t)(REGION - 1));
}

static size_t index_of(const struct slab *s)
{
	return (size_t)(s - (const struct slab *)region_of(s));
}

static struct slab *slab_of(const void *p)
{
	return (struct slab *)region_of(p) + (size_t)((const char *)p - region_of(p)) / SLAB;
}

static char *memory_of(const struct slab *s)
{
	return region_of(s) + index_of(s) * SLAB;
}

/* n octets, a multiple of SLAB, where a region may begin. */
static void *map(size_t n)
{
	char *p = mmap(NULL, n + REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at;

	if (p == MAP_FAILED)
		return NULL;
	at = region_of(p + REGION - 1);
	if (at > p)
		(void)munmap(p, (size_t)(at - p));
	if (at < p + REGION)
		(void)munmap(at + n, (size_t)(p + REGION - at));
	return at;
}

static void push(struct slab **list, struct slab *s)
{
	s->prev = NULL;
	s->next = *list;
	if (s->next)
		s->next->prev = s;
	*list = s;
}

static void take_out(struct slab **list, struct slab *s)
{
	*(s->prev ? &s->prev->next : list) = s->next;
	if (s->next)
		s->next->prev = s->prev;
}

static struct slab *pop(struct slab **list)
{
	struct slab *s = *list;

	if (s)
		take_out(list, s);
	return s;
}

static struct slab *new_slab(void)
{
	if (n_never == 0) {
		never = map(REGION);
		n_never = never ? SLABS : 0;
		if (!never)
			return NULL;
	}
	n_never--;
	return never++;
}

static struct slab *empty_slab(void)
{
	struct slab *s = pop(&kept);

	if (s)
		state.kept -= SLAB;
	else
		s = pop(&returned);
	return s ? s : new_slab();
}

static struct slab *slab_with_room(size_t class)
{
	struct slab *s = rooms[class];

	if (s)
		return s;
	s = empty_slab();
	if (!s)
		return NULL;
	*s = (struct slab){.size = size_of(class), .list = &rooms[class]};
	s->fresh = index_of(s) == 0 ? HEADS : 0;
	push(s->list, s);
	state.used += SLAB;
	return s;
}

static void release(struct slab *s)
{
	take_out(s->list, s);
	state.used -= SLAB;
	if (state.kept < KEPT) {
		state.kept += SLAB;
		push(&kept, s);
		return;
	}
	if (index_of(s) > 0)
		(void)madvise(memory_of(s), SLAB, MADV_DONTNEED);
	push(&returned, s);
}

static bool is_full(const struct slab *s)
{
	return !s->free && s->fresh + s->size > SLAB;
}

/* -- objects ------------------------------------------------------------------------------------------------------ */

static void *alloc_huge(size_t n)
{
	size_t size = (n + HEADS + SLAB - 1) / SLAB * SLAB;
	struct slab *s = n < SIZE_MAX / 2 ? map(size) : NULL;

	if (!s)
		return NULL;
	s->size = size - HEADS;
	s->huge = size;
	state.used += size;
	return (char *)s + HEADS;
}

static void free_huge(struct slab *s)
{
	state.used -= s->huge;
	(void)munmap(s, s->huge);
}

static void *take_object(struct slab *s)
{
	void *p = s->free;

	if (p) {
		memcpy(&s->free, p, sizeof s->free);
	} else {
		p = memory_of(s) + s->fresh;
		s->fresh += (uint32_t)s->size;
	}
	s->used++;
	if (is_full(s))
		take_out(s->list, s);
	return p;
}

void *slab_alloc(size_t n)
{
	struct slab *s;

	if (n == 0)
		return NULL;
	if (n > LARGE_MAX)
		return alloc_huge(n);
	s = slab_with_room(class_of(n));
	return s ? take_object(s) : NULL;
}

/* The last slab of a class stays though it is empty: those who need one object at a time meet warm memory. */
void slab_free(void *p)
{
	struct slab *s;

	if (!p)
		return;
	s = slab_of(p);
	if (s->huge) {
		free_huge(s);
		return;
	}
	if (is_full(s))
		push(s->list, s);
	memcpy(p, &s->free, sizeof s->free);
	s->free = p;
	s->used--;
	if (s->used == 0 && (s->prev || s->next))
		release(s);
}

void *slab_realloc(void *p, size_t n)
{
	size_t had = p ? slab_of(p)->size : 0;
	void *q;

	if (n <= had && n > had / 2)
		return p;
	q = slab_alloc(n);
	if (p && q)
		memcpy(q, p, n < had ? n : had);
	if (q || n == 0)
		slab_free(p);
	return q;
}

struct slab_state slab_state(void)
{
	return state;
}

/* -- OpenSSL's ---------------------------------------------------------------------------------------------------- */

static void *openssl_alloc(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return slab_alloc(n);
}

static void *openssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return slab_realloc(p, n);
}

static void openssl_free(void *p, const char *file, int line)
{
	(void)file, (void)line;
	slab_free(p);
}

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif

bool tls_use_slabs(void)
{
	return !SANITIZED && CRYPTO_set_mem_functions(openssl_alloc, openssl_realloc, openssl_free) == 1;
}
