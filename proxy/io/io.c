#include "proxy/io/io.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

static void reap_all(struct io *io)
{
	while (io->doomed) {
		struct io_reap *r = io->doomed;

		io->doomed = r->next;
		r->free_object(r);
	}
}

static void run_later(struct io *io)
{
	while (io->later) {
		struct io_later *l = io->later;

		io->later = l->next;
		if (!io->later)
			io->later_end = &io->later;
		l->waiting = false;
		l->run(l);
	}
}

static void on_turn_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run_later(arg);
	reap_all(arg);
}

bool io_init(struct io *io, struct event_base *base)
{
	*io = (struct io){.base = base, .scratch = malloc(IO_SCRATCH)};
	io->later_end = &io->later;
	if (!io->scratch)
		return false;
	return event_assign(&io->turn_end, base, -1, 0, on_turn_end, io) == 0;
}

void io_free(struct io *io)
{
	if (!io->base)
		return;
	reap_all(io);
	event_del(&io->turn_end);
	while (io->free_blocks) {
		struct io_block *b = io->free_blocks;

		io->free_blocks = b->next;
		free(b);
	}
	free(io->scratch);
	io->scratch = NULL;
	io->base = NULL;
}

struct io_block *io_block_get(struct io *io)
{
	struct io_block *b = io->free_blocks;

	if (b) {
		io->free_blocks = b->next;
		io->n_free_blocks--;
	} else {
		b = malloc(sizeof *b);
		if (!b)
			return NULL;
	}
	b->next = NULL;
	b->start = b->end = 0;
	return b;
}

void io_block_put(struct io *io, struct io_block *b)
{
	if (io->n_free_blocks >= IO_FREE_BLOCKS) {
		free(b);
		return;
	}
	b->next = io->free_blocks;
	io->free_blocks = b;
	io->n_free_blocks++;
}

void io_later(struct io *io, struct io_later *l, void (*run)(struct io_later *l))
{
	if (l->waiting)
		return;
	*l = (struct io_later){.run = run, .waiting = true};
	*io->later_end = l;
	io->later_end = &l->next;
	event_active(&io->turn_end, EV_TIMEOUT, 0);
}

void io_socket_options(int fd)
{
	const int on = 1, unsent = IO_UNSENT;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

void io_keepalive(int fd)
{
	const int on = 1, idle = 120, pause = 15, probes = 4;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &pause, sizeof pause);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

void io_reap(struct io *io, struct io_reap *r, void (*free_object)(struct io_reap *r))
{
	if (r->marked)
		return;
	r->marked = true;
	r->free_object = free_object;
	r->next = io->doomed;
	io->doomed = r;
	event_active(&io->turn_end, EV_TIMEOUT, 0);
}
