/*
 * All decoders of what other consent managers store. The first octet chooses the manager, the second one of its
 * cookies, the rest is the value; the end of a name that holds a star is taken from the value. What is said must not
 * depend on what was read before, an unreadable value must say nothing.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/base/attributes.h"
#include "rules/consent/foreign/foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_CAP (4 * 1024 * 1024)

static void check_entries(const struct foreign_findings *f)
{
	CG_CHECK(f->n <= FOREIGN_ENTRIES_MAX && f->cookies <= FOREIGN_COOKIES_MAX && f->unreadable <= f->cookies);
	for (size_t i = 0; i < f->n; i++) {
		uint64_t h = slice_hash(f->v[i].category); /* each octet must be there */

		CG_CHECK(f->v[i].state == FOREIGN_GRANTED || f->v[i].state == FOREIGN_DENIED);
		CG_CHECK(h == slice_hash(f->v[i].category));
		CG_CHECK(foreign_word_kind(f->v[i].category) < FOREIGN_KINDS);
	}
	if (f->cookies == f->unreadable)
		CG_CHECK(f->n == 0 && f->all == FOREIGN_UNKNOWN && !f->rest_denied && f->act == FOREIGN_UNSAID);
}

/* Read again behind itself: the same is said a second time. */
static void read_twice(const struct foreign_manager *m, size_t which, struct slice name, struct slice value,
		       struct arena *arena)
{
	static const unsigned vendors[] = {1, 755, 65535};
	struct foreign_findings f = {.arena = arena, .vendors = vendors, .n_vendors = CG_COUNT(vendors)};
	size_t n;

	foreign_read(m, which, name, value, &f);
	check_entries(&f);
	if (f.overflow)
		return;
	n = f.n;
	foreign_read(m, which, name, value, &f);
	check_entries(&f);
	for (size_t i = 0; i < n && !f.overflow; i++) {
		CG_CHECK(f.n == 2 * n);
		CG_CHECK(slice_eq(f.v[i].category, f.v[n + i].category) && f.v[i].state == f.v[n + i].state);
	}
}

static struct slice name_of(const char *pattern, struct slice value, struct arena *arena)
{
	struct slice p = slice_str(pattern), head, tail, middle = slice_head(value, value.n % 16);

	if (!slice_cut(p, '*', &head, &tail))
		return p;
	return arena_concat(arena, (struct slice[]){head, middle, tail}, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n, cookies = 0, which;
	const struct foreign_manager *const *managers = foreign_managers(&n);
	const struct foreign_manager *m;
	struct slice value, name;
	struct arena arena;
	char *copy;

	if (size < 2)
		return 0;
	m = managers[data[0] % n];
	while (m->cookies[cookies])
		cookies++;
	which = data[1] % cookies;
	copy = malloc(size - 2 ? size - 2 : 1); /* so that what is read beyond it is seen */
	CG_CHECK(copy);
	memcpy(copy, data + 2, size - 2);
	value = slice_of(copy, size - 2);
	arena_init(&arena, 0, ARENA_CAP);
	name = name_of(m->cookies[which], value, &arena);
	read_twice(m, which, name, value, &arena);
	{
		struct foreign_findings f = {.arena = &arena};

		(void)foreign_consent_mode(which ? SLICE("gcd") : SLICE("gcs"), value, &f);
	}
	arena_free(&arena);
	free(copy);
	return 0;
}
