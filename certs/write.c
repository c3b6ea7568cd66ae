#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/development.h"

static bool write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		s = slice_from(s, (size_t)n);
	}
	return true;
}

/* rename() replaces what is there, link() refuses to. */
static bool put_in_place(const char *temporary, const char *path, bool replace)
{
	if (replace)
		return rename(temporary, path) == 0;
	if (link(temporary, path) == -1)
		return false;
	(void)unlink(temporary);
	return true;
}

static bool write_temporary(const char *temporary, struct slice content, unsigned mode)
{
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)mode);
	bool good;

	if (fd == -1)
		return false;
	good = write_all(fd, content) && fsync(fd) == 0;
	if (!good) {
		int saved = errno;

		close(fd);
		unlink(temporary);
		errno = saved;
		return false;
	}
	return close(fd) == 0;
}

const char *certs_write_file(const char *path, struct slice content, unsigned mode, bool replace)
{
	char temporary[4096];
	int n = snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid());

	if (n < 0 || (size_t)n >= sizeof temporary)
		return "the path is too long";
	if (!write_temporary(temporary, content, mode))
		return strerror(errno);
	if (!put_in_place(temporary, path, replace)) {
		int saved = errno;

		unlink(temporary);
		return strerror(saved);
	}
	return NULL;
}
