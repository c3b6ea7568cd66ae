/*
 * Preloaded into the proxy: every read and write on an internet socket moves few octets, and some of them say EAGAIN
 * although the socket is ready, as a kernel may. What is right must stay right. Deterministic for a given order of
 * calls.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static uint32_t state = 12345;

static uint32_t next_random(void)
{
	state = state * 1664525u + 1013904223u;
	return state >> 16;
}

static int is_internet(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof a;
	int saved = errno;
	int yes = getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
		  (a.ss_family == AF_INET || a.ss_family == AF_INET6);

	errno = saved;
	return yes;
}

/* How many of n octets may move now; 0: none, say EAGAIN. */
static size_t allowed(int fd, size_t n)
{
	uint32_t r;

	if (!is_internet(fd) || n == 0)
		return n;
	r = next_random();
	if (r % 5 == 0)
		return 0;
	return n < 1 + r % 13 ? n : 1 + r % 13;
}

static ssize_t again(void)
{
	errno = EAGAIN;
	return -1;
}

static void *next_function(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

ssize_t read(int fd, void *buf, size_t n)
{
	static ssize_t (*real)(int, void *, size_t);
	size_t m = allowed(fd, n);

	if (!real)
		*(void **)&real = next_function("read");
	return n && !m ? again() : real(fd, buf, m);
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);
	size_t m = allowed(fd, n);

	if (!real)
		*(void **)&real = next_function("recv");
	return n && !m ? again() : real(fd, buf, m, flags);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	static ssize_t (*real)(int, const void *, size_t);
	size_t m = allowed(fd, n);

	if (!real)
		*(void **)&real = next_function("write");
	return n && !m ? again() : real(fd, buf, m);
}

ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	static ssize_t (*real)(int, const void *, size_t, int);
	size_t m = allowed(fd, n);

	if (!real)
		*(void **)&real = next_function("send");
	return n && !m ? again() : real(fd, buf, m, flags);
}

/* Of the first piece alone. */
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	static ssize_t (*real)(int, const struct msghdr *, int);

	if (!real)
		*(void **)&real = next_function("sendmsg");
	if (!is_internet(fd))
		return real(fd, m, flags);
	return send(fd, m->msg_iov[0].iov_base, m->msg_iov[0].iov_len, flags);
}
