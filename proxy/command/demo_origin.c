#include "proxy/command/demo_origin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proxy/command/demo_site.h"
#include "proxy/h1/h1.h"
#include "proxy/io/listener.h"
#include "proxy/io/stream.h"

#define INPUT_MAX  (256 * 1024) /* what a client may send ahead */
#define FORM_MAX   (64 * 1024)	/* more of a request's body is read and dropped */
#define ARENA_MAX  (4 * 1024 * 1024)
#define ANSWER_MAX (512 * 1024)

struct origin {
	struct io io;
	struct event_base *base;
	struct event *lifeline;
	struct listener listener;
	struct demo_site site;
};

/* One connection; requests are answered one after the other. */
struct client {
	struct io_reap reap;
	struct origin *origin;
	struct stream stream;
	struct buffer in; /* not yet consumed */
	struct h1_limits limits;
	struct h1_scan scan;
	struct arena arena; /* of the request being answered */
	struct request req;
	struct h1_framing framing;
	struct h1_body body;
	struct buffer form;
	bool in_body;
	bool doomed;
};

static void free_client(struct io_reap *r)
{
	struct client *c = (struct client *)r;

	h1_body_free(&c->body);
	buffer_free(&c->in);
	buffer_free(&c->form);
	arena_free(&c->arena);
	free(c);
}

static void destroy(struct client *c)
{
	if (c->doomed)
		return;
	c->doomed = true;
	stream_close(&c->stream, false);
	io_reap(&c->origin->io, &c->reap, free_client);
}

/* -- one request --------------------------------------------------------------------------------------------------- */

static bool send_answer(struct client *c, const struct demo_answer *a)
{
	bool head_only = slice_eq(c->req.method, SLICE("HEAD"));
	struct h1_framing framing = {.kind = head_only ? H1_BODY_NONE : H1_BODY_LENGTH,
				     .length = a->body.n,
				     .has_length = true,
				     .keep_alive = c->framing.keep_alive};
	struct buffer out;
	bool ok;

	buffer_init(&out, ANSWER_MAX);
	ok = h1_write_response(&out, &a->head, &framing, c->req.minor);
	if (!head_only)
		ok = ok && buffer_add(&out, a->body);
	ok = ok && stream_write(&c->stream, buffer_slice(&out)) && stream_flush(&c->stream) != STREAM_ERROR;
	buffer_free(&out);
	return ok;
}

/* The request is complete. False: the connection is over. */
static bool finish_request(struct client *c)
{
	struct demo_answer a;
	bool ok = demo_site_answer(&c->origin->site, &c->req, buffer_slice(&c->form), (int64_t)time(NULL), &c->arena,
				   &a) &&
		  send_answer(c, &a);

	c->in_body = false;
	c->scan = (struct h1_scan){0};
	h1_body_free(&c->body);
	buffer_clear(&c->form);
	arena_reset(&c->arena);
	return ok && c->framing.keep_alive;
}

static bool begin_request(struct client *c, struct slice head)
{
	head = arena_copy(&c->arena, head);
	if (h1_parse_request(head, &c->limits, false, &c->arena, &c->req, &c->framing) != H1_OK)
		return false;
	h1_body_init(&c->body, &c->framing, &c->limits, &c->arena);
	c->in_body = true;
	return !c->framing.expect_continue || (stream_write(&c->stream, SLICE("HTTP/1.1 100 Continue\r\n\r\n")) &&
					       stream_flush(&c->stream) != STREAM_ERROR);
}

static bool take_head(struct client *c, struct slice *in, bool *more)
{
	size_t length = 0;
	bool ok;

	switch (h1_scan(&c->scan, &c->limits, true, *in, &length)) {
	case H1_SCAN_MORE:
		*more = false;
		return true;
	case H1_SCAN_END:
		ok = begin_request(c, slice_head(*in, length));
		*in = slice_from(*in, length);
		return ok;
	case H1_SCAN_ERROR:
	default:
		return false;
	}
}

static bool take_body(struct client *c, struct slice *in, bool *more)
{
	struct slice data;

	switch (h1_body_read(&c->body, in, &data)) {
	case H1_BODY_DATA:
		(void)buffer_add(&c->form, data);
		return true;
	case H1_BODY_MORE:
		*more = false;
		return true;
	case H1_BODY_END:
		return finish_request(c);
	case H1_BODY_ERROR:
	default:
		return false;
	}
}

/* Consumes what is there. False: the connection is over. */
static bool consume(struct client *c)
{
	struct slice in = buffer_slice(&c->in);
	size_t total = in.n;
	bool ok = true, more = true;

	while (ok && more && (in.n || c->in_body) && stream_queued(&c->stream) < STREAM_HIGH_WATER)
		ok = c->in_body ? take_body(c, &in, &more) : take_head(c, &in, &more);
	buffer_consume(&c->in, total - in.n);
	return ok;
}

/* -- connections --------------------------------------------------------------------------------------------------- */

static void close_politely(struct client *c)
{
	if (stream_is_open(&c->stream))
		stream_shutdown(&c->stream);
	destroy(c);
}

static void read_input(struct client *c)
{
	size_t n;

	switch (stream_read(&c->stream, c->origin->io.scratch, IO_SCRATCH, &n)) {
	case STREAM_OK:
		if (!buffer_add(&c->in, slice_of(c->origin->io.scratch, n)) || !consume(c))
			close_politely(c);
		break;
	case STREAM_AGAIN:
		break;
	case STREAM_EOF:
	case STREAM_ERROR:
		destroy(c);
		break;
	}
}

static void on_stream(void *arg, enum stream_event event)
{
	struct client *c = arg;

	if (event == STREAM_READABLE)
		read_input(c);
	else if (event == STREAM_WRITE_FAILED || event == STREAM_FAILED)
		destroy(c);
	else if (event == STREAM_DRAINED && !consume(c))
		close_politely(c);
}

static void on_accept(void *arg, int fd, const struct sockaddr *peer, socklen_t len)
{
	struct origin *o = arg;
	struct client *c = calloc(1, sizeof *c);

	(void)peer;
	(void)len;
	if (!c) {
		close(fd);
		return;
	}
	c->origin = o;
	c->limits = H1_LIMITS_DEFAULT;
	buffer_init(&c->in, INPUT_MAX);
	buffer_init(&c->form, FORM_MAX);
	arena_init(&c->arena, 0, ARENA_MAX);
	if (!stream_open(&c->stream, &o->io, fd, on_stream, c))
		free_client(&c->reap);
}

/* -- the process --------------------------------------------------------------------------------------------------- */

static int bind_loopback(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 512) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &len) == 0) {
		*port = ntohs(a.sin_port);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void on_lifeline(evutil_socket_t fd, short what, void *arg)
{
	struct origin *o = arg;

	(void)fd;
	(void)what;
	(void)event_base_loopbreak(o->base);
}

static _Noreturn void serve(int fd, int lifeline)
{
	static struct origin o;

	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	o.base = event_base_new();
	if (!o.base || !io_init(&o.io, o.base) || !listener_init(&o.listener, &o.io, fd, on_accept, &o))
		_exit(2);
	o.lifeline = event_new(o.base, lifeline, EV_READ, on_lifeline, &o);
	if (!o.lifeline || event_add(o.lifeline, NULL) != 0)
		_exit(2);
	(void)event_base_dispatch(o.base);
	_exit(0);
}

bool demo_origin_start(struct demo_origin *o)
{
	int pipe_ends[2];
	int fd = bind_loopback(&o->port);

	if (fd < 0 || pipe2(pipe_ends, O_CLOEXEC) != 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	o->pid = fork();
	if (o->pid == 0) {
		close(pipe_ends[1]);
		serve(fd, pipe_ends[0]);
	}
	close(fd);
	close(pipe_ends[0]);
	o->lifeline = pipe_ends[1];
	if (o->pid < 0)
		close(o->lifeline);
	return o->pid > 0;
}

void demo_origin_stop(struct demo_origin *o)
{
	close(o->lifeline);
	while (waitpid(o->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
