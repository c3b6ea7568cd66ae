/* Listeners over TCP on the loopback interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/io/listener.h"

#define CLIENTS 5

static struct world {
	struct event_base *base;
	struct io io;
	struct listener listener;
	struct sockaddr_in at;
	int fd;
	int accepted[CLIENTS + 1];
	int n;
} w;

static void on_accept(void *arg, int fd, const struct sockaddr *peer, socklen_t len)
{
	assert_ptr_equal(arg, &w);
	assert_int_equal(peer->sa_family, AF_INET);
	assert_int_equal(len, sizeof(struct sockaddr_in));
	assert_true(w.n <= CLIENTS);
	w.accepted[w.n++] = fd;
}

static int set_up(void **state)
{
	socklen_t len = sizeof w.at;

	(void)state;
	w = (struct world){.base = event_base_new()};
	assert_non_null(w.base);
	assert_true(io_init(&w.io, w.base));
	w.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	w.at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(w.fd, (struct sockaddr *)&w.at, sizeof w.at), 0);
	assert_int_equal(getsockname(w.fd, (struct sockaddr *)&w.at, &len), 0);
	assert_int_equal(listen(w.fd, 64), 0);
	assert_true(listener_init(&w.listener, &w.io, w.fd, on_accept, &w));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	listener_free(&w.listener);
	for (int i = 0; i < w.n; i++)
		close(w.accepted[i]);
	close(w.fd);
	io_free(&w.io);
	event_base_free(w.base);
	return 0;
}

/* Somebody who connects, and says something if it is wanted. */
static int client(bool speaks)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&w.at, sizeof w.at), 0);
	if (speaks)
		assert_int_equal(send(fd, "x", 1, 0), 1);
	return fd;
}

/* Waits for a connection in the kernel's queue. */
static void await_connection(void)
{
	struct pollfd p = {.fd = w.fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 20000), 1);
}

static void turn(void)
{
	(void)event_base_loop(w.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static int option(int fd, int name)
{
	int value = 0;
	socklen_t len = sizeof value;

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, name, &value, &len), 0);
	return value;
}

static void who_waits_is_accepted(void **state)
{
	int clients[CLIENTS];

	(void)state;
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = client(true);
	while (w.n < CLIENTS) {
		await_connection();
		turn();
	}
	turn();
	assert_int_equal(w.n, CLIENTS);
	for (int i = 0; i < CLIENTS; i++) {
		assert_true(fcntl(w.accepted[i], F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(w.accepted[i], F_GETFD) & FD_CLOEXEC);
		assert_true(option(w.accepted[i], TCP_NODELAY));
		close(clients[i]);
	}
}

/* Of what somebody does not read the kernel takes what the two windows hold and little more, not all that it could. */
static void who_does_not_read_fills_little(void **state)
{
	static const char octets[65536];
	size_t taken = 0;
	ssize_t n;
	int c = client(true);

	(void)state;
	await_connection();
	turn();
	while ((n = send(w.accepted[0], octets, sizeof octets, MSG_NOSIGNAL)) > 0)
		taken += (size_t)n;
	assert_int_equal(errno, EAGAIN);
	assert_in_range(taken, IO_UNSENT, IO_UNSENT + 768 * 1024);
	close(c);
}

/* The kernel keeps those who say nothing, but not for ever. */
static void who_says_nothing_is_accepted_later(void **state)
{
	int silent, talker;
	char c;

	(void)state;
	assert_in_range(option(w.fd, TCP_DEFER_ACCEPT), 1, 3); /* seconds */
	silent = client(false);
	talker = client(true);
	await_connection();
	turn();
	assert_int_equal(w.n, 1);
	assert_int_equal(recv(w.accepted[0], &c, 1, 0), 1); /* the talker's: it came later and is first */
	await_connection();
	turn();
	assert_int_equal(w.n, 2);
	close(silent);
	close(talker);
}

static void who_is_not_wanted_waits(void **state)
{
	int c = client(true);

	(void)state;
	await_connection();
	listener_enable(&w.listener, false);
	turn();
	assert_int_equal(w.n, 0);
	listener_enable(&w.listener, true);
	turn();
	assert_int_equal(w.n, 1);
	close(c);
}

/* Descriptors run out: the listener pauses instead of asking again at once, and goes on by itself. */
static void without_descriptors_it_pauses(void **state)
{
	struct rlimit old, none = {0};
	int c = client(true);

	(void)state;
	await_connection();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(w.n, 0);
	turn();
	assert_int_equal(w.n, 0); /* it is readable, but not looked at */
	while (w.n == 0)
		(void)event_base_loop(w.base, EVLOOP_ONCE);
	assert_int_equal(w.n, 1);
	close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_waits_is_accepted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_does_not_read_fills_little, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_says_nothing_is_accepted_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_not_wanted_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_descriptors_it_pauses, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
