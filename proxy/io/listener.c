#include "proxy/io/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define ACCEPT_BATCH 16 /* a burst must not starve those who are already in */
#define PAUSE_MS     100

/* A loop that refuses now may take it later; nobody else would ask again. */
static bool watch(struct listener *l)
{
	if (event_add(&l->ev, NULL) == 0)
		return true;
	deadline_set(&l->pause, PAUSE_MS);
	return false;
}

static void on_pause_over(void *arg)
{
	struct listener *l = arg;

	if (l->enabled)
		(void)watch(l);
}

static void on_acceptable(evutil_socket_t listen_fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_BATCH && l->enabled; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof peer;
		int fd = accept4(listen_fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd != -1) {
			l->accept(l->arg, fd, (struct sockaddr *)&peer, len);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			event_del(&l->ev);
			deadline_set(&l->pause, PAUSE_MS);
			return;
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

bool listener_init(struct listener *l, struct io *io, int fd, listener_accept accept, void *arg)
{
	const int one = 1;

	*l = (struct listener){.fd = fd, .accept = accept, .arg = arg};
	/* Accepted sockets inherit this: once here instead of once a connection. */
	io_socket_options(fd);
	io_keepalive(fd);
	/* The kernel keeps for about a second who says nothing yet: then there is something to read at once. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &one, sizeof one);
	deadline_init(&l->pause, io->base, on_pause_over, l);
	event_assign(&l->ev, io->base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
	l->enabled = true;
	return watch(l);
}

void listener_enable(struct listener *l, bool on)
{
	if (on == l->enabled)
		return;
	deadline_clear(&l->pause);
	l->enabled = on;
	if (on)
		(void)watch(l);
	else
		event_del(&l->ev);
}

void listener_free(struct listener *l)
{
	listener_enable(l, false);
	deadline_free(&l->pause);
}
