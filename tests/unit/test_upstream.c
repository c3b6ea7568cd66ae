/* Pools of connections against an origin on the loopback interface: lending, the queue, addresses that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/upstream/upstream.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/files.h"

#define USERS	 4
#define CROWD	 16    /* half of them, failing, keep an origin out for half a minute */
#define LIMIT_MS 30000 /* nothing takes that long, on however busy a machine */

struct wish {
	struct upstream_user user;
	struct world *world;
	int events[UPSTREAM_WANTED + 1];
	bool cancel_next; /* on its event, the following wish is withdrawn */
	int64_t spare;	  /* how well it can spare what it has */
};

struct world {
	struct files files;
	struct config *config;
	struct event_base *base;
	struct io io;
	struct upstream_set *set;
	struct wish wishes[CROWD];
	int listener;
	unsigned port;
};

static void on_event(void *arg, enum upstream_event event)
{
	struct wish *w = arg;

	w->events[event]++;
	if (w->cancel_next)
		upstream_cancel(&w[1].user);
	if (event == UPSTREAM_WANTED)
		upstream_cancel(&w->user);
}

static int64_t spare(void *arg)
{
	return ((struct wish *)arg)->spare;
}

static int listen_somewhere(unsigned *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void load(struct world *w, const char *limits, const char *more)
{
	struct diagnostics d;
	char text[512];

	diagnostics_init(&d);
	(void)snprintf(text, sizeof text,
		       "limits {\n%s\n}\nlisten 127.0.0.1:80\nsite a.example {\n"
		       " upstream http://127.0.0.1:%u\n%s\n rules r.rules\n}\n",
		       limits, w->port, more);
	files_put(&w->files, "c.conf", slice_str(text));
	files_put(&w->files, "r.rules", SLICE("mode enforce\n"));
	w->config = config_load(&w->files.loader, &config_resolver_system, SLICE("c.conf"), &d);
	if (!w->config)
		fail_msg("%.*s", SLICE_ARG(d.v[0].message));
	diagnostics_free(&d);
}

static void begin(struct world *w, const char *limits, const char *more)
{
	*w = (struct world){.base = event_base_new()};
	files_init(&w->files);
	w->listener = listen_somewhere(&w->port);
	load(w, limits, more);
	assert_true(io_init(&w->io, w->base));
	w->set = upstream_set_new(&w->io, w->config, &w->config->sites[0], NULL);
	assert_non_null(w->set);
	for (int i = 0; i < CROWD; i++) {
		w->wishes[i].world = w;
		w->wishes[i].user.handler = on_event;
		w->wishes[i].user.spare = spare;
		w->wishes[i].user.arg = &w->wishes[i];
	}
}

static void end(struct world *w)
{
	for (int i = 0; i < CROWD; i++)
		upstream_cancel(&w->wishes[i].user);
	upstream_set_free(w->set);
	io_free(&w->io);
	config_free(w->config);
	files_free(&w->files);
	if (w->listener != -1)
		close(w->listener);
	event_base_free(w->base);
}

/* Loops until the wish got that event. */
static void await(struct wish *w, enum upstream_event event, int times)
{
	struct timeval tv = {.tv_sec = LIMIT_MS / 1000};

	(void)event_base_loopexit(w->world->base, &tv);
	while (w->events[event] < times && !event_base_got_exit(w->world->base))
		(void)event_base_loop(w->world->base, EVLOOP_ONCE);
	assert_int_equal(w->events[event], times);
}

static void turn(struct world *w)
{
	(void)event_base_loop(w->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void connect_all(struct world *w, int n)
{
	for (int i = 0; i < n; i++) {
		assert_false(upstream_get(w->set, &w->wishes[i].user, false));
		await(&w->wishes[i], UPSTREAM_READY, 1);
		assert_non_null(w->wishes[i].user.conn);
	}
}

static void await_input(int fd)
{
	assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, LIMIT_MS), 1);
}

static int accept_at(int listener)
{
	int fd;

	await_input(listener);
	fd = accept(listener, NULL, NULL);
	assert_int_not_equal(fd, -1);
	return fd;
}

/* -- lending ---------------------------------------------------------------------------------------------------------
 */

static void test_reuse_newest(void **state)
{
	struct world w;
	struct upstream *first, *second;

	(void)state;
	begin(&w, "", "");
	connect_all(&w, 2);
	first = w.wishes[0].user.conn;
	second = w.wishes[1].user.conn;
	assert_false(first->reused);
	upstream_release(&w.wishes[0].user);
	upstream_release(&w.wishes[1].user);
	assert_null(w.wishes[0].user.conn);
	assert_true(upstream_get(w.set, &w.wishes[2].user, false));
	assert_ptr_equal(w.wishes[2].user.conn, second);
	assert_true(second->reused);
	assert_false(upstream_get(w.set, &w.wishes[3].user, true)); /* fresh: not the idle one */
	await(&w.wishes[3], UPSTREAM_READY, 1);
	assert_ptr_not_equal(w.wishes[3].user.conn, first);
	end(&w);
}

static void test_idle_limit(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "upstream-idle 1", "");
	connect_all(&w, 3);
	for (int i = 0; i < 3; i++)
		upstream_release(&w.wishes[i].user);
	assert_true(upstream_get(w.set, &w.wishes[0].user, false));
	assert_false(upstream_get(w.set, &w.wishes[1].user, false));
	end(&w);
}

/* An idle connection that says something, or ends, is closed, not lent. */
static void test_idle_speaks(void **state)
{
	struct world w;
	int fd, idle;

	(void)state;
	for (int closes = 0; closes < 2; closes++) {
		begin(&w, "", "");
		connect_all(&w, 1);
		fd = accept_at(w.listener);
		idle = w.wishes[0].user.conn->stream.fd;
		upstream_release(&w.wishes[0].user);
		if (closes)
			close(fd);
		else
			assert_int_equal(send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, 0), 19);
		await_input(idle);
		turn(&w);
		assert_false(upstream_get(w.set, &w.wishes[1].user, false));
		if (!closes)
			close(fd);
		end(&w);
	}
}

static struct world *same_turn_world;
static bool same_turn_lent;

static void on_same_turn(evutil_socket_t fd, short what, void *arg)
{
	struct wish *w = arg;

	(void)fd;
	(void)what;
	same_turn_lent = upstream_get(same_turn_world->set, &w->user, false);
}

/* Its event has come in this very turn of the loop, but another one is served first. */
static void test_speaks_in_the_same_turn(void **state)
{
	struct world w;
	struct event ev;
	struct upstream *c;
	int fd;

	(void)state;
	begin(&w, "", "");
	connect_all(&w, 1);
	fd = accept_at(w.listener);
	c = w.wishes[0].user.conn;
	upstream_release(&w.wishes[0].user);
	same_turn_world = &w;
	same_turn_lent = true;
	event_assign(&ev, w.base, -1, 0, on_same_turn, &w.wishes[1]);
	event_active(&ev, EV_TIMEOUT, 0);
	event_active(&c->stream.ev_read, EV_READ, 0);
	turn(&w);
	assert_false(same_turn_lent);
	assert_ptr_not_equal(w.wishes[1].user.conn, c);
	event_del(&ev);
	close(fd);
	end(&w);
}

/* -- the queue -------------------------------------------------------------------------------------------------------
 */

static void test_queue_in_order(void **state)
{
	struct world w;
	struct upstream *c;

	(void)state;
	begin(&w, "upstream 1", "");
	connect_all(&w, 1);
	c = w.wishes[0].user.conn;
	for (int i = 1; i < USERS; i++)
		assert_false(upstream_get(w.set, &w.wishes[i].user, false));
	turn(&w);
	assert_null(w.wishes[1].user.conn);
	upstream_cancel(&w.wishes[2].user);
	upstream_release(&w.wishes[0].user);
	assert_ptr_equal(w.wishes[1].user.conn, c);
	assert_int_equal(w.wishes[1].events[UPSTREAM_READY], 1);
	upstream_cancel(&w.wishes[1].user); /* closes: the next one connects */
	await(&w.wishes[3], UPSTREAM_READY, 1);
	assert_int_equal(w.wishes[2].events[UPSTREAM_READY] + w.wishes[2].events[UPSTREAM_FAILED], 0);
	end(&w);
}

static void test_queue_when_refused(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "upstream 1", "");
	close(w.listener);
	w.listener = -1;
	for (int i = 0; i < USERS; i++)
		assert_false(upstream_get(w.set, &w.wishes[i].user, false));
	w.wishes[1].cancel_next = true;
	await(&w.wishes[3], UPSTREAM_FAILED, 1);
	for (int i = 0; i < USERS; i++)
		assert_int_equal(w.wishes[i].events[UPSTREAM_FAILED], i != 2);
	assert_string_equal(w.wishes[0].user.error, "no connection to the origin: Connection refused");
	end(&w);
}

/* At the limit an idle connection makes room for who needs a fresh one. */
static void test_fresh_at_the_limit(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "upstream 1", "");
	connect_all(&w, 1);
	upstream_release(&w.wishes[0].user);
	assert_false(upstream_get(w.set, &w.wishes[1].user, true));
	await(&w.wishes[1], UPSTREAM_READY, 1);
	assert_false(w.wishes[1].user.conn->reused);
	end(&w);
}

/* -- origins ---------------------------------------------------------------------------------------------------------
 */

static void test_origins_in_turn(void **state)
{
	struct world w;
	unsigned port;
	char more[64];
	int other = listen_somewhere(&port);

	(void)state;
	(void)snprintf(more, sizeof more, "upstream http://127.0.0.1:%u", port);
	begin(&w, "", more);
	assert_int_equal(upstream_set_targets(w.set), 2);
	connect_all(&w, 4);
	for (int i = 0; i < 2; i++) {
		close(accept_at(w.listener));
		close(accept_at(other));
	}
	end(&w);

	close(other);
	begin(&w, "", more); /* now nobody listens there */
	for (int i = 0; i < CROWD; i++)
		(void)upstream_get(w.set, &w.wishes[i].user, true);
	for (int i = 1; i < CROWD; i += 2)
		await(&w.wishes[i], UPSTREAM_FAILED, 1);
	for (int i = 0; i < 2; i++) {
		upstream_cancel(&w.wishes[0].user);
		assert_false(upstream_get(w.set, &w.wishes[0].user, true));
		await(&w.wishes[0], UPSTREAM_READY, i + 1); /* the one that failed is left out for a while */
	}
	end(&w);
}

/* Who waits gets what others can best spare, the first one first; what nobody can spare stays. */
static void test_making_room(void **state)
{
	struct world w;
	struct wish *v = w.wishes;

	(void)state;
	begin(&w, "upstream 4", "");
	connect_all(&w, 4);
	v[1].spare = 5;
	v[2].spare = 7;
	v[3].user.spare = NULL;
	assert_false(upstream_get(w.set, &v[4].user, false));
	await(&v[4], UPSTREAM_READY, 1);
	assert_int_equal(v[2].events[UPSTREAM_WANTED], 1);
	assert_null(v[2].user.conn);
	assert_int_equal(v[1].events[UPSTREAM_WANTED], 0);
	for (int i = 5; i < 8; i++)
		assert_false(upstream_get(w.set, &v[i].user, false));
	await(&v[5], UPSTREAM_READY, 1);
	assert_int_equal(v[1].events[UPSTREAM_WANTED], 1);
	assert_int_equal(v[6].events[UPSTREAM_READY], 0);
	v[4].spare = 1; /* only now, so it takes another second */
	await(&v[6], UPSTREAM_READY, 1);
	assert_null(v[4].user.conn);
	assert_non_null(v[0].user.conn);
	assert_non_null(v[3].user.conn);
	assert_non_null(v[7].user.waiting_in);
	end(&w);
}

static void test_without_memory(void **state)
{
	struct world w;

	(void)state;
	begin(&w, "", "");
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct wish *u = &w.wishes[0];
		int failed = u->events[UPSTREAM_FAILED];
		bool lent = upstream_get(w.set, &u->user, true);

		if (!alloc_fault_end()) {
			assert_false(lent);
			upstream_cancel(&u->user);
			break;
		}
		assert_false(lent);
		assert_null(u->user.conn);
		assert_int_equal(u->events[UPSTREAM_FAILED], failed + 1);
		assert_string_equal(u->user.error, "out of memory");
	}
	end(&w);
}

static void test_set_without_memory(void **state)
{
	struct world w;
	struct upstream_set *set = NULL;

	(void)state;
	begin(&w, "", "");
	for (size_t n = 1; !set && alloc_fault_begin(n); n++) {
		set = upstream_set_new(&w.io, w.config, &w.config->sites[0], NULL);
		assert_int_equal(alloc_fault_end(), set == NULL);
	}
	upstream_set_free(set);
	upstream_set_free(NULL);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reuse_newest),	   cmocka_unit_test(test_idle_limit),
		cmocka_unit_test(test_idle_speaks),	   cmocka_unit_test(test_speaks_in_the_same_turn),
		cmocka_unit_test(test_queue_in_order),	   cmocka_unit_test(test_queue_when_refused),
		cmocka_unit_test(test_fresh_at_the_limit), cmocka_unit_test(test_origins_in_turn),
		cmocka_unit_test(test_making_room),	   cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_set_without_memory),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
