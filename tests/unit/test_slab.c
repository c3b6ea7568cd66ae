/* The memory given to OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proxy/tls/slab.h"

#define MANY 3000

static bool used; /* by OpenSSL; not where a sanitizer looks */

static struct {
	unsigned char *p;
	size_t n;
	unsigned char fill;
} objects[MANY];

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* Mostly small ones, as OpenSSL asks for, but of each size that is handled apart. */
static size_t draw_size(void)
{
	static const uint32_t most[] = {16, 300, 1000, 8192, 24576, 200000};

	return 1 + draw(most[draw(100) < 80 ? draw(3) : 3 + draw(3)]);
}

static void check(size_t i)
{
	for (size_t k = 0; k < objects[i].n; k++)
		if (objects[i].p[k] != objects[i].fill)
			fail_msg("object %zu of %zu octets was written over at %zu", i, objects[i].n, k);
}

static void fill(size_t i, size_t n)
{
	assert_non_null(objects[i].p);
	assert_int_equal((uintptr_t)objects[i].p % 16, 0);
	objects[i].n = n;
	objects[i].fill = (unsigned char)draw(256);
	memset(objects[i].p, objects[i].fill, n);
}

static void put_back(size_t i)
{
	check(i);
	slab_free(objects[i].p);
	objects[i].p = NULL;
	objects[i].n = 0;
}

static void resize(size_t i)
{
	size_t n = draw_size(), least = n < objects[i].n ? n : objects[i].n;

	objects[i].p = slab_realloc(objects[i].p, n);
	objects[i].n = least;
	check(i);
	fill(i, n);
}

static void objects_keep_what_is_in_them(void **state)
{
	struct slab_state before = slab_state(), after;

	(void)state;
	for (int step = 0; step < 60000; step++) {
		size_t i = draw(MANY);

		if (!objects[i].p) {
			size_t n = draw_size();

			objects[i].p = slab_alloc(n);
			fill(i, n);
		} else if (draw(4) == 0) {
			resize(i);
		} else {
			put_back(i);
		}
	}
	for (size_t i = 0; i < MANY; i++)
		if (objects[i].p)
			put_back(i);
	after = slab_state();
	/* One slab of each size stays, and some empty ones. */
	assert_in_range(after.used, before.used, before.used + (104u << 16));
	assert_in_range(after.kept, 0, 16u << 16);
}

static void nothing_is_no_object(void **state)
{
	void *p = slab_realloc(NULL, 10);

	(void)state;
	assert_null(slab_alloc(0));
	slab_free(NULL);
	assert_non_null(p);
	assert_null(slab_realloc(p, 0));
	assert_null(slab_alloc(SIZE_MAX));
	assert_null(slab_alloc(SIZE_MAX - 70000));
}

static void what_came_back_is_given_out_first(void **state)
{
	void *a = slab_alloc(200), *b = slab_alloc(200);

	(void)state;
	slab_free(a);
	assert_ptr_equal(slab_alloc(193), a); /* of the same class */
	assert_ptr_not_equal(slab_alloc(209), a);
	slab_free(a);
	slab_free(b);
}

static void a_size_that_fits_moves_nothing(void **state)
{
	char *p = slab_alloc(2000), *q;

	(void)state;
	memcpy(p, "0123456789", 10);
	q = slab_realloc(p, 1500);
	assert_ptr_equal(q, p);
	q = slab_realloc(p, 5000);
	assert_ptr_not_equal(q, p);
	assert_memory_equal(q, "0123456789", 10);
	p = slab_realloc(q, 12);
	assert_ptr_not_equal(p, q); /* a large object is not kept for little */
	assert_memory_equal(p, "0123456789", 10);
	slab_free(p);
}

static size_t resident(void)
{
	unsigned long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &size, &pages), 2);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* A burst of large buffers between small objects that stay: the buffers' memory goes back to the system. */
static void what_a_burst_took_goes_back(void **state)
{
	struct slab_state before = slab_state();
	size_t was = resident();

	(void)state;
	for (size_t i = 0; i < MANY; i += 2) {
		objects[i].p = slab_alloc(22000);
		fill(i, 22000);
		objects[i + 1].p = slab_alloc(100);
		fill(i + 1, 100);
	}
	assert_true(slab_state().used - before.used > MANY / 2 * 22000u);
	for (size_t i = 0; i < MANY; i += 2)
		put_back(i);
	assert_true(slab_state().used - before.used < 1u << 20);
	assert_true(resident() < was + MANY / 2 * 22000u / 4);
	for (size_t i = 1; i < MANY; i += 2)
		put_back(i);
}

/* More than what is mapped cannot be had: the caller is told, and what it has stays. */
static void memory_that_runs_out_is_null(void **state)
{
	struct rlimit old, none;
	size_t n = 0;
	void *p = NULL;

	(void)state;
	if (!used)
		return; /* a sanitizer, which needs memory as well */
	assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
	none = old;
	none.rlim_cur = 1;
	assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
	for (; n < MANY; n++) {
		objects[n].p = slab_alloc(22000);
		if (!objects[n].p)
			break;
		fill(n, 22000);
	}
	if (n < MANY)
		p = slab_alloc(100000);
	assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
	assert_in_range(n, 0, MANY - 1);
	assert_null(p);
	p = slab_realloc(NULL, 22000);
	assert_non_null(p);
	slab_free(p);
	while (n > 0)
		put_back(--n);
}

static void openssl_takes_it(void **state)
{
	size_t before = slab_state().used;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	(void)state;
	assert_non_null(ctx);
	assert_int_equal(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL), 1);
	assert_int_equal(EVP_DigestFinal_ex(ctx, md, &n), 1);
	assert_int_equal(n, 32);
	EVP_MD_CTX_free(ctx);
	assert_true(!used || slab_state().used > before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openssl_takes_it),
		cmocka_unit_test(nothing_is_no_object),
		cmocka_unit_test(what_came_back_is_given_out_first),
		cmocka_unit_test(a_size_that_fits_moves_nothing),
		cmocka_unit_test(what_a_burst_took_goes_back),
		cmocka_unit_test(objects_keep_what_is_in_them),
		cmocka_unit_test(memory_that_runs_out_is_null),
	};

	used = tls_use_slabs();
	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
