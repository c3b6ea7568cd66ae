/* Bundles and the disk loader: what the parent reads is what a worker gets, and nothing else is taken for a bundle. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/config/disk_loader.h"
#include "rules/language/ruleset.h"
#include "tests/support/alloc_fault.h"

static int memory_file(const void *data, size_t n)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, data, n), (ssize_t)n);
	return fd;
}

static struct bundle *sample(void)
{
	struct bundle *b = bundle_new();

	if (!b)
		return NULL;
	if (bundle_put(b, BUNDLE_FILE, SLICE("/a"), SLICE("old")) &&
	    bundle_put(b, BUNDLE_FILE, SLICE("/a"), SLICE("one\0two")) &&
	    bundle_put(b, BUNDLE_BLOB, SLICE("/a"), SLICE("")) &&
	    bundle_put(b, BUNDLE_ADDRESSES, SLICE("h:80"), SLICE("192.0.2.1:80\n[2001:db8::1]:80\n")))
		return b;
	bundle_free(b);
	return NULL;
}

static void assert_sample(const struct bundle *b)
{
	struct slice data;

	assert_true(bundle_find(b, BUNDLE_FILE, SLICE("/a"), &data));
	assert_true(slice_eq(data, SLICE("one\0two")));
	assert_true(bundle_find(b, BUNDLE_BLOB, SLICE("/a"), &data));
	assert_int_equal(data.n, 0);
	assert_false(bundle_find(b, BUNDLE_FILE, SLICE("/b"), &data));
	assert_false(bundle_find(b, BUNDLE_BLOB, SLICE("h:80"), &data));
}

static void what_is_written_is_read(void **state)
{
	struct bundle *b = sample(), *c;
	int fd = memory_file("", 0);
	const char *why;

	(void)state;
	assert_non_null(b);
	assert_sample(b);
	assert_true(bundle_write(b, fd));
	bundle_free(b);
	for (int i = 0; i < 2; i++) { /* the offset does not matter */
		c = bundle_read(fd, &why);
		assert_non_null(c);
		assert_sample(c);
		bundle_free(c);
	}
	close(fd);
}

static bool reads(const char *data, size_t n)
{
	int fd = memory_file(data, n);
	const char *why = NULL;
	struct bundle *b = bundle_read(fd, &why);
	bool good = b != NULL;

	assert_true(good || why);
	bundle_free(b);
	close(fd);
	return good;
}

static void only_whole_bundles_are_read(void **state)
{
	struct bundle *b = sample();
	int fd = memory_file("", 0);
	char data[512];
	ssize_t n;

	(void)state;
	assert_non_null(b);
	assert_true(bundle_write(b, fd));
	bundle_free(b);
	n = pread(fd, data, sizeof data - 1, 0);
	close(fd);
	assert_true(n > 60);
	assert_true(reads(data, (size_t)n));
	for (size_t cut = 0; cut < (size_t)n; cut++)
		assert_false(reads(data, cut));
	data[n] = 0;
	assert_false(reads(data, (size_t)n + 1));
	for (size_t i = 0; i < (size_t)n; i++) { /* whatever is changed: no crash, and never a wrong length */
		data[i] ^= (char)0xFF;
		(void)reads(data, (size_t)n);
		data[i] ^= (char)0xFF;
	}
	data[8] = 9; /* an unknown kind */
	assert_false(reads(data, (size_t)n));
}

static void loader_and_resolver_serve_it(void **state)
{
	struct bundle *b = sample();
	struct loader loader = bundle_loader(b);
	struct config_resolver resolver = bundle_resolver(b);
	struct config_address *addresses;
	struct arena arena;
	struct slice content;
	const char *why;
	size_t n;

	(void)state;
	assert_non_null(b);
	assert_int_equal(loader.load(loader.arg, SLICE("/a"), &content), LOAD_OK);
	assert_int_equal(content.n, 7);
	assert_int_equal(loader.load(loader.arg, SLICE("/b"), &content), LOAD_MISSING);
	arena_init(&arena, 0, 65536);
	assert_true(resolver.resolve(resolver.arg, "h", 80, &arena, &addresses, &n, &why));
	assert_int_equal(n, 2);
	assert_true(slice_eq(addresses[1].text, SLICE("[2001:db8::1]:80")));
	assert_int_equal(addresses[1].addr.ss_family, AF_INET6);
	assert_false(resolver.resolve(resolver.arg, "h", 81, &arena, &addresses, &n, &why));
	assert_true(bundle_put_addresses(b, "g", 1, addresses, 0));
	assert_false(resolver.resolve(resolver.arg, "g", 1, &arena, &addresses, &n, &why));
	arena_free(&arena);
	bundle_free(b);
}

static void names_are_bounded(void **state)
{
	static char name[BUNDLE_NAME_MAX + 1];
	struct bundle *b = bundle_new();

	(void)state;
	assert_non_null(b);
	assert_true(bundle_put(b, BUNDLE_BLOB, slice_of(name, BUNDLE_NAME_MAX - 1), SLICE("x")));
	assert_true(bundle_put(b, BUNDLE_BLOB, slice_of(name, BUNDLE_NAME_MAX), SLICE("x")));
	assert_false(bundle_put(b, BUNDLE_BLOB, slice_of(name, BUNDLE_NAME_MAX + 1), SLICE("x")));
	bundle_free(b);
}

static void an_unwritable_file_is_said(void **state)
{
	struct bundle *b = sample();

	(void)state;
	assert_non_null(b);
	assert_false(bundle_write(b, -1));
	assert_int_equal(errno, EBADF);
	bundle_free(b);
}

static void files_are_read_once(void **state)
{
	char path[] = "/tmp/crumbgate-test-XXXXXX";
	int fd = mkstemp(path);
	struct disk_loader *d = disk_loader_new();
	struct slice content, again, name = slice_str(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_non_null(d);
	assert_int_equal(write(fd, "one", 3), 3);
	assert_int_equal(d->loader.load(d->loader.arg, name, &content), LOAD_OK);
	assert_true(slice_eq(content, SLICE("one")));
	assert_int_equal(write(fd, "two", 3), 3);
	assert_int_equal(d->loader.load(d->loader.arg, name, &again), LOAD_OK);
	assert_true(slice_eq(again, SLICE("one")));
	assert_true(bundle_find(d->bundle, BUNDLE_FILE, name, &again));
	assert_int_equal(d->loader.load(d->loader.arg, SLICE("/nowhere/x"), &content), LOAD_MISSING);
	assert_int_equal(d->loader.load(d->loader.arg, SLICE("/dev/null/x"), &content), LOAD_MISSING);
	assert_int_equal(d->loader.load(d->loader.arg, SLICE("/tmp"), &content), LOAD_FAILED);
	assert_int_equal(d->loader.load(d->loader.arg, SLICE("/tmp\0x"), &content), LOAD_MISSING);
	assert_int_equal(d->loader.load(d->loader.arg, SLICE(""), &content), LOAD_MISSING);
	if (geteuid() != 0) {
		assert_int_equal(d->loader.load(d->loader.arg, SLICE("/etc/shadow"), &content), LOAD_DENIED);
	}
	assert_int_equal(ftruncate(fd, (off_t)DISK_FILE_MAX + 1), 0);
	disk_loader_free(d);
	d = disk_loader_new();
	assert_non_null(d);
	assert_int_equal(d->loader.load(d->loader.arg, name, &content), LOAD_TOO_LARGE);
	assert_int_equal(ftruncate(fd, (off_t)DISK_FILE_MAX), 0);
	assert_int_equal(d->loader.load(d->loader.arg, name, &content), LOAD_OK);
	assert_int_equal(content.n, DISK_FILE_MAX);
	disk_loader_free(d);
	unlink(path);
	close(fd);
}

static size_t beacons_of(const struct loader *loader, const char *path)
{
	struct diagnostics d;
	struct ruleset *rs;
	size_t n = 0;

	diagnostics_init(&d);
	rs = ruleset_load(loader, slice_str(path), &d);
	if (rs)
		(void)ruleset_beacons(rs, &n);
	ruleset_free(rs);
	diagnostics_free(&d);
	return n;
}

/* A worker has the filter lists that rules name, without a file. */
static void lists_reach_the_workers(void **state)
{
	static const char rules[] = "list tracker.txt is necessary\n", list[] = "||tracker.example^\n";
	char folder[] = "/tmp/crumbgate-test-XXXXXX", path[64], list_path[64];
	struct disk_loader *d = disk_loader_new();
	struct loader worker;
	FILE *f;

	(void)state;
	assert_non_null(d);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/site.rules", folder);
	snprintf(list_path, sizeof list_path, "%s/tracker.txt", folder);
	assert_non_null(f = fopen(path, "w"));
	assert_true(fputs(rules, f) >= 0 && fclose(f) == 0);
	assert_int_equal(beacons_of(&d->loader, path), 0); /* the list is not there */
	assert_non_null(f = fopen(list_path, "w"));
	assert_true(fputs(list, f) >= 0 && fclose(f) == 0);
	assert_int_equal(beacons_of(&d->loader, path), 1);
	unlink(path);
	unlink(list_path);
	rmdir(folder);
	worker = bundle_loader(d->bundle);
	assert_int_equal(beacons_of(&worker, path), 1);
	disk_loader_free(d);
}

static void resolved_names_are_recorded(void **state)
{
	struct disk_loader *d = disk_loader_new();
	struct config_resolver worker;
	struct config_address *addresses;
	struct arena arena;
	const char *why;
	size_t n;

	(void)state;
	assert_non_null(d);
	arena_init(&arena, 0, 65536);
	assert_true(d->resolver.resolve(d->resolver.arg, "127.0.0.1", 99, &arena, &addresses, &n, &why));
	worker = bundle_resolver(d->bundle);
	assert_true(worker.resolve(worker.arg, "127.0.0.1", 99, &arena, &addresses, &n, &why));
	assert_int_equal(n, 1);
	assert_true(slice_eq(addresses[0].text, SLICE("127.0.0.1:99")));
	assert_false(d->resolver.resolve(d->resolver.arg, "no such host", 99, &arena, &addresses, &n, &why));
	arena_free(&arena);
	disk_loader_free(d);
}

static void every_allocation_may_fail(void **state)
{
	struct bundle *whole = sample();
	int fd = memory_file("", 0);

	(void)state;
	assert_non_null(whole);
	assert_true(bundle_write(whole, fd));
	bundle_free(whole);
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		const char *why;
		struct bundle *b = sample(), *c = bundle_read(fd, &why);
		struct disk_loader *d = disk_loader_new();
		struct slice content;

		if (d)
			(void)d->loader.load(d->loader.arg, SLICE("/proc/self/cmdline"), &content);
		assert_true(alloc_fault_end() || (b && c && d));
		bundle_free(b);
		bundle_free(c);
		disk_loader_free(d);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),	cmocka_unit_test(only_whole_bundles_are_read),
		cmocka_unit_test(loader_and_resolver_serve_it), cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(an_unwritable_file_is_said),	cmocka_unit_test(files_are_read_once),
		cmocka_unit_test(lists_reach_the_workers),	cmocka_unit_test(resolved_names_are_recorded),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
