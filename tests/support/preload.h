/*
 * For libraries that are preloaded into crumbgate: they work in its workers alone, and share a file in memory with the
 * test that watches or drives them.
 */
#ifndef CG_TESTS_SUPPORT_PRELOAD_H
#define CG_TESTS_SUPPORT_PRELOAD_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int preload_in_worker(void)
{
	char line[64] = "";
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && strcmp(line + strlen(line) + 1, "worker") == 0;
}

/* The file that the variable names, made as large as that if it is not; NULL if there is none, or this is no worker. */
static void *preload_share(const char *variable, size_t size)
{
	const char *name = getenv(variable);
	int fd = name && preload_in_worker() ? open(name, O_RDWR | O_CLOEXEC) : -1;
	void *p = MAP_FAILED;

	if (fd >= 0 && (lseek(fd, 0, SEEK_END) >= (off_t)size || ftruncate(fd, (off_t)size) == 0))
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

#endif
