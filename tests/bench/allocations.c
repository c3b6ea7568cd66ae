/*
 * Preloaded into the proxy: counts a worker's allocations by the object that asked (crumbgate, libcrypto.so.3, ...), in
 * a page that the test shares with it ($CRUMBGATE_ALLOCATIONS names the file), so that counting makes no system call.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>

#include "tests/support/preload.h"

enum { OBJECTS_MAX = 64 };

struct page {
	struct {
		char name[56];
		uint64_t calls;
	} of[OBJECTS_MAX]; /* the last: whoever is in none */
};

static struct page *page;
static struct {
	uintptr_t from, to;
} span[OBJECTS_MAX - 1];
static size_t n_objects;

static int add_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *slash = strrchr(info->dlpi_name, '/');
	size_t i = n_objects;

	(void)size;
	(void)arg;
	if (i == OBJECTS_MAX - 1)
		return 1;
	strncpy(page->of[i].name, *info->dlpi_name ? (slash ? slash + 1 : info->dlpi_name) : "crumbgate",
		sizeof page->of[i].name - 1);
	for (int k = 0; k < info->dlpi_phnum; k++)
		if (info->dlpi_phdr[k].p_type == PT_LOAD && info->dlpi_phdr[k].p_flags & PF_X) {
			span[i].from = info->dlpi_addr + info->dlpi_phdr[k].p_vaddr;
			span[i].to = span[i].from + info->dlpi_phdr[k].p_memsz;
		}
	n_objects++;
	return 0;
}

__attribute__((constructor)) static void attach(void)
{
	page = preload_share("CRUMBGATE_ALLOCATIONS", sizeof *page);
	if (!page)
		return;
	strcpy(page->of[OBJECTS_MAX - 1].name, "others");
	(void)dl_iterate_phdr(add_object, NULL);
}

static void count(void *caller)
{
	uintptr_t at = (uintptr_t)caller;
	size_t i = 0;

	if (!page)
		return;
	while (i < n_objects && (at < span[i].from || at >= span[i].to))
		i++;
	page->of[i < n_objects ? i : OBJECTS_MAX - 1].calls++;
}

/* glibc's own names: dlsym() would allocate before there is anything to allocate with. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t each);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	count(__builtin_return_address(0));
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t each)
{
	count(__builtin_return_address(0));
	return __libc_calloc(n, each);
}

void *realloc(void *p, size_t n)
{
	count(__builtin_return_address(0));
	return __libc_realloc(p, n);
}
