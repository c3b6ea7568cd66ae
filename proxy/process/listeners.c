#include "proxy/process/listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096 /* the kernel lowers it to net.core.somaxconn */

void listener_table_free(struct listener_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		close(t->v[i].fd);
	free(t->v);
	*t = (struct listener_table){0};
}

/* -- one socket ---------------------------------------------------------------------------------------------------- */

static bool set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

/* '*' is one socket for both families. */
static bool dual_stack(const struct config_address *a)
{
	return a->addr.ss_family == AF_INET6 && slice_starts_with(a->text, SLICE("*"));
}

/* The IPv4 half of '*'. */
static struct config_address ipv4_only(const struct config_address *a)
{
	struct config_address v4 = {.text = a->text, .len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *sin = (struct sockaddr_in *)&v4.addr;

	sin->sin_family = AF_INET;
	sin->sin_port = ((const struct sockaddr_in6 *)&a->addr)->sin6_port;
	return v4;
}

static int open_socket(const struct config_address *a, bool reuse_port)
{
	int fd = socket(a->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int saved;

	if (fd < 0 && errno == EAFNOSUPPORT && dual_stack(a)) { /* a kernel without IPv6 */
		const struct config_address v4 = ipv4_only(a);

		return open_socket(&v4, reuse_port);
	}
	if (fd < 0)
		return -1;
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	    (!reuse_port || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
	    (a->addr.ss_family != AF_INET6 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, !dual_stack(a))) &&
	    bind(fd, (const struct sockaddr *)&a->addr, a->len) == 0 && (!reuse_port || listen(fd, BACKLOG) == 0))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/*
 * SO_REUSEPORT would let a second crumbgate of the same user share the port unnoticed. A bind without it fails while
 * anybody listens there.
 */
static bool probe(const struct config_address *a)
{
	int fd = open_socket(a, false);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static unsigned port_of(const struct config_address *a)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memcpy(&in, &a->addr, sizeof in);
	memcpy(&in6, &a->addr, sizeof in6);
	return ntohs(a->addr.ss_family == AF_INET6 ? in6.sin6_port : in.sin_port);
}

static void complain(const struct config *config, const struct config_listen *l, int error, struct diagnostics *d)
{
	struct position at = config_position(config, l->line);
	struct slice hint;
	struct arena arena;

	arena_init(&arena, 0, 4096);
	if (error == EADDRINUSE)
		hint = arena_printf(
			&arena,
			"another program listens there: stop it (\"ss -ltnp sport = :%u\" shows it), or listen "
			"on another port",
			port_of(&l->address));
	else if (error == EACCES)
		hint = SLICE(
			"ports below 1024 need root, or the capability: setcap cap_net_bind_service=+ep crumbgate");
	else if (error == EADDRNOTAVAIL)
		hint = SLICE("no interface of this machine has this address; \"ip address\" lists those it has");
	else
		hint = SLICE("");
	diagnostics_add(d, SEVERITY_ERROR, &at, hint.n ? arena_cstr(&arena, hint) : NULL, "cannot listen on %.*s: %s",
			SLICE_ARG(l->address.text), strerror(error));
	arena_free(&arena);
}

/* -- the table ----------------------------------------------------------------------------------------------------- */

static bool same_address(const struct listener_socket *s, const struct config_address *a)
{
	return s->len == a->len && memcmp(&s->addr, &a->addr, a->len) == 0;
}

static struct listener_socket *find(const struct listener_table *t, const struct config_address *a, unsigned index)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].index == index && same_address(&t->v[i], a))
			return &t->v[i];
	return NULL;
}

static bool known(const struct listener_table *t, const struct config_address *a)
{
	for (size_t i = 0; i < t->n; i++)
		if (same_address(&t->v[i], a))
			return true;
	return false;
}

static bool grow(struct listener_table *t)
{
	size_t cap = t->cap ? t->cap * 2 : 8;
	struct listener_socket *v;

	if (t->n < t->cap)
		return true;
	v = realloc(t->v, cap * sizeof *v);
	if (!v) {
		errno = ENOMEM;
		return false;
	}
	t->v = v;
	t->cap = cap;
	return true;
}

/* The descriptor for this address and worker; -1 with errno. */
static int acquire_one(struct listener_table *t, const struct config_address *a, unsigned index)
{
	struct listener_socket *s = find(t, a, index);
	int fd;

	if (s) {
		s->users++;
		return s->fd;
	}
	if (!grow(t) || (!known(t, a) && !probe(a)))
		return -1;
	fd = open_socket(a, true);
	if (fd < 0)
		return -1;
	s = &t->v[t->n++];
	*s = (struct listener_socket){.len = a->len, .index = index, .fd = fd, .users = 1};
	memcpy(&s->addr, &a->addr, sizeof s->addr);
	return fd;
}

/* All workers' sockets of one listen; false after the first failure, which is reported. */
static bool acquire_listen(struct listener_table *t, const struct config *config, size_t listen, int *fds,
			   struct diagnostics *d)
{
	const struct config_listen *l = &config->listens[listen];

	for (unsigned w = 0; w < config->workers; w++) {
		int *fd = &fds[w * config->n_listens + listen];

		*fd = acquire_one(t, &l->address, w);
		if (*fd < 0) {
			complain(config, l, errno, d);
			return false;
		}
	}
	return true;
}

bool listener_table_acquire(struct listener_table *t, const struct config *config, int *fds, struct diagnostics *d)
{
	size_t n = config->n_listens * config->workers;
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		fds[i] = -1;
	for (size_t i = 0; i < config->n_listens; i++)
		ok &= acquire_listen(t, config, i, fds, d);
	if (!ok)
		listener_table_release(t, fds, n);
	return ok;
}

static void release_one(struct listener_table *t, int fd)
{
	for (size_t i = 0; i < t->n; i++) {
		struct listener_socket *s = &t->v[i];

		if (s->fd != fd || --s->users > 0)
			continue;
		/* Workers that still drain hold copies; without this visitors would go on queueing there. */
		(void)shutdown(fd, SHUT_RD);
		close(fd);
		*s = t->v[--t->n];
		return;
	}
}

void listener_table_release(struct listener_table *t, const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			release_one(t, fds[i]);
}
