/*
 * Preloaded into the proxy: makes the n-th call of one kind fail in a worker, as a kernel or an allocator may. What to
 * do stands in a page that the test shares with all workers ($CRUMBGATE_FAULTS names the file), so that one proxy
 * serves many points. The parent is left alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/support/preload.h"

enum call { NONE, ALLOC, READ, WRITE, ACCEPT, EPOLL_CTL, CONNECT, SOCKET };

struct page {
	_Atomic int32_t call;
	_Atomic int32_t error;	   /* errno of the failure */
	_Atomic int64_t countdown; /* fails when it reaches 0; below: never again */
	_Atomic int64_t starts;	   /* workers that began */
};

static struct page idle;
static struct page *page = &idle;

/* OpenSSL that has allocated once stays with malloc instead of slabs of its own, so that its allocations fail, too. */
static void keep_openssl_on_malloc(void)
{
	void *(*alloc)(size_t, const char *, int);
	void (*give)(void *, const char *, int);

	*(void **)&alloc = dlsym(RTLD_DEFAULT, "CRYPTO_malloc");
	*(void **)&give = dlsym(RTLD_DEFAULT, "CRYPTO_free");
	if (alloc && give)
		give(alloc(1, "", 0), "", 0);
}

__attribute__((constructor)) static void attach(void)
{
	struct page *shared = preload_share("CRUMBGATE_FAULTS", sizeof *shared);

	if (!shared)
		return;
	keep_openssl_on_malloc();
	page = shared;
	page->starts++;
}

static int fails(enum call call)
{
	if (page->call != (int)call || --page->countdown != 0)
		return 0;
	errno = page->error;
	return 1;
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t count, size_t n);
void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	return fails(ALLOC) ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t n)
{
	return fails(ALLOC) ? NULL : __libc_calloc(count, n);
}

void *realloc(void *p, size_t n)
{
	return fails(ALLOC) ? NULL : __libc_realloc(p, n);
}

/* -- calls --------------------------------------------------------------------------------------------------------- */

#define REAL(type, name, parameters)   \
	static type(*real) parameters; \
	if (!real)                     \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

/* The kernel would not let a socket that failed so live on. */
static void break_socket(int fd, int how)
{
	int saved = errno;

	if (saved == ECONNRESET)
		(void)shutdown(fd, SHUT_RDWR);
	else if (saved == EPIPE)
		(void)shutdown(fd, how);
	errno = saved;
}

static int fails_on(enum call call, int fd)
{
	if (!fails(call))
		return 0;
	break_socket(fd, SHUT_WR);
	return 1;
}

ssize_t read(int fd, void *buf, size_t n)
{
	REAL(ssize_t, read, (int, void *, size_t));
	return fails_on(READ, fd) ? -1 : real(fd, buf, n);
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	REAL(ssize_t, recv, (int, void *, size_t, int));
	return fails_on(READ, fd) ? -1 : real(fd, buf, n, flags);
}

ssize_t write(int fd, const void *buf, size_t n)
{
	REAL(ssize_t, write, (int, const void *, size_t));
	return fails_on(WRITE, fd) ? -1 : real(fd, buf, n);
}

ssize_t send(int fd, const void *buf, size_t n, int flags)
{
	REAL(ssize_t, send, (int, const void *, size_t, int));
	return fails_on(WRITE, fd) ? -1 : real(fd, buf, n, flags);
}

/* The channel to the parent is a socket, too, and is left alone. */
static int is_internet(int fd)
{
	int family = 0, saved = errno;
	socklen_t len = sizeof family;

	(void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
	errno = saved;
	return family == AF_INET || family == AF_INET6;
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	REAL(ssize_t, sendmsg, (int, const struct msghdr *, int));
	return is_internet(fd) && fails_on(WRITE, fd) ? -1 : real(fd, m, flags);
}

int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	REAL(int, accept4, (int, struct sockaddr *, socklen_t *, int));
	return fails(ACCEPT) ? -1 : real(fd, addr, len, flags);
}

int epoll_ctl(int ep, int op, int fd, struct epoll_event *e)
{
	REAL(int, epoll_ctl, (int, int, int, struct epoll_event *));
	return op != EPOLL_CTL_DEL && fails(EPOLL_CTL) ? -1 : real(ep, op, fd, e);
}

/* Interrupted, connecting goes on by itself. */
int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	REAL(int, connect, (int, const struct sockaddr *, socklen_t));
	if (!fails(CONNECT))
		return real(fd, addr, len);
	if (page->error == EINTR)
		(void)real(fd, addr, len);
	errno = page->error;
	return -1;
}

int socket(int domain, int type, int protocol)
{
	REAL(int, socket, (int, int, int));
	return fails(SOCKET) ? -1 : real(domain, type, protocol);
}
