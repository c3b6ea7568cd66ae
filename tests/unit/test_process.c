/* The parent's parts: control channel, worker's command line, listening sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/process/control.h"
#include "proxy/process/listeners.h"
#include "proxy/process/privileges.h"
#include "proxy/process/spawn.h"

/* -- control ------------------------------------------------------------------------------------------------------- */

static void test_control(void **state)
{
	struct control_message out, in;
	int pair[2], fd;

	(void)state;
	memset(&out, 0, sizeof out);
	assert_true(control_pair(pair));
	assert_int_equal(control_receive(pair[1], &in, &fd), CONTROL_EMPTY);
	out.type = CONTROL_TICKET_KEYS;
	out.u.keys.n = TLS_TICKET_KEYS_MAX;
	memset(out.u.keys.secret, 0x5A, sizeof out.u.keys.secret);
	assert_true(control_send(pair[0], &out, -1));
	assert_true(control_send_type(pair[0], CONTROL_DRAIN));
	assert_int_equal(control_receive(pair[1], &in, &fd), CONTROL_OK);
	assert_int_equal(fd, -1);
	assert_memory_equal(&in, &out, sizeof in);
	assert_int_equal(control_receive(pair[1], &in, &fd), CONTROL_OK);
	assert_int_equal(in.type, CONTROL_DRAIN);
	close(pair[0]);
	assert_int_equal(control_receive(pair[1], &in, &fd), CONTROL_GONE);
	assert_false(control_send_type(pair[1], CONTROL_READY));
	close(pair[1]);
}

static void test_control_descriptor(void **state)
{
	struct control_message out, in;
	int pair[2], ends[2], fd;
	char c = 0;

	(void)state;
	memset(&out, 0, sizeof out);
	out.type = CONTROL_ACCESS_LOG;
	assert_true(control_pair(pair));
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(control_send(pair[0], &out, ends[1]));
	assert_int_equal(control_receive(pair[1], &in, &fd), CONTROL_OK);
	assert_true(fd >= 0 && fd != ends[1]);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	close(fd);
	close(ends[0]);
	close(ends[1]);
	close(pair[0]);
	close(pair[1]);
}

/* Sends raw octets, perhaps with a descriptor, which must not be left open. */
static void send_raw(int channel, const void *p, size_t n, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} a = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = n};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *c = &a.align;

		h.msg_control = a.room;
		h.msg_controllen = sizeof a.room;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	assert_int_equal(sendmsg(channel, &h, 0), (ssize_t)n);
}

static void test_control_bad(void **state)
{
	struct control_message m, longer[2];
	int pair[2], fd, spare;

	(void)state;
	memset(&m, 0, sizeof m);
	memset(longer, 0, sizeof longer);
	assert_true(control_pair(pair));
	spare = fcntl(pair[0], F_DUPFD_CLOEXEC, 3); /* the lowest free number from here on */
	close(spare);

	m.type = CONTROL_DRAIN;
	send_raw(pair[0], &m, sizeof m - 1, -1);
	assert_int_equal(control_receive(pair[1], &m, &fd), CONTROL_BAD);
	longer[0].type = CONTROL_DRAIN;
	send_raw(pair[0], longer, sizeof longer, -1);
	assert_int_equal(control_receive(pair[1], &m, &fd), CONTROL_BAD);
	for (uint32_t type = 0; type <= CONTROL_TYPES; type += CONTROL_TYPES) {
		memset(&m, 0, sizeof m);
		m.type = type;
		send_raw(pair[0], &m, sizeof m, -1);
		assert_int_equal(control_receive(pair[1], &m, &fd), CONTROL_BAD);
	}
	memset(&m, 0, sizeof m);
	m.type = CONTROL_TICKET_KEYS;
	m.u.keys.n = TLS_TICKET_KEYS_MAX + 1;
	send_raw(pair[0], &m, sizeof m, -1);
	assert_int_equal(control_receive(pair[1], &m, &fd), CONTROL_BAD);
	memset(&m, 0, sizeof m);
	m.type = CONTROL_ACCESS_LOG; /* without its descriptor */
	send_raw(pair[0], &m, sizeof m, -1);
	assert_int_equal(control_receive(pair[1], &m, &fd), CONTROL_BAD);
	m.type = CONTROL_DRAIN; /* with one */
	send_raw(pair[0], &m, sizeof m, pair[0]);
	assert_int_equal(control_receive(pair[1], &m, &fd), CONTROL_BAD);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(spare, F_GETFD), -1);
	close(pair[0]);
	close(pair[1]);
}

/* -- worker's command line ----------------------------------------------------------------------------------------- */

/* Parses a line of words; the descriptors named there must exist, so 0 to 2 stand for them. */
static bool parse(const char *line, struct worker_args *a)
{
	static char text[4096];
	char *argv[16], *rest = text;
	int argc = 0;

	(void)snprintf(text, sizeof text, "%s", line);
	for (char *word; argc < 15 && (word = strsep(&rest, " ")) != NULL;)
		argv[argc++] = word;
	argv[argc] = NULL;
	return worker_args_parse(argc, argv, a);
}

static void test_worker_args(void **state)
{
	static const char *const bad[] = {
		"",
		"worker",
		"worker index=1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4",
		"worker index=1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=",
		"worker index=1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=0,",
		"worker index=1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=999999",
		"worker index=1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=x",
		"worker index=-1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=0",
		"worker index= generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=0",
		"worker generation=2 index=1 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=0",
		"worker index=1 generation=2 control=-1 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=0",
		"worker index=1 generation=2 control=0 bundle=99999 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=0",
		"worker index=1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=0 more=1",
		"worker index=1 generation=2 control=0 bundle=1 regions=99999 log=2 counters=-1 page=0 uid=3 gid=4 "
		"listen=0",
		"worker index=1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=99999 page=0 uid=3 gid=4 "
		"listen=0",
		"worker index=1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page= uid=3 gid=4 "
		"listen=0",
		"worker index=1 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 uid=3 gid=4 listen=0",
		"worker index=1 generation=2 control=0 bundle=1 log=2 counters=-1 page=0 uid=3 gid=4 listen=0",
		"worker index=4294967296 generation=2 control=0 bundle=1 regions=-1 log=2 counters=-1 page=0 uid=3 "
		"gid=4 listen=0",
	};
	struct worker_args a;

	(void)state;
	assert_true(parse("worker index=1 generation=7 control=0 bundle=1 regions=-1 log=-1 counters=-1 page=0 "
			  "uid=65534 gid=33 listen=0,1,2",
			  &a));
	assert_int_equal(a.index, 1);
	assert_int_equal(a.generation, 7);
	assert_int_equal(a.control, 0);
	assert_int_equal(a.bundle, 1);
	assert_int_equal(a.access_log, -1);
	assert_true(a.identity.change);
	assert_int_equal(a.identity.uid, 65534);
	assert_int_equal(a.identity.gid, 33);
	assert_int_equal(a.n_listens, 3);
	assert_int_equal(a.listens[2], 2);
	assert_true(parse("worker index=0 generation=1 control=0 bundle=0 regions=-1 log=2 counters=-1 page=0 uid=-1 "
			  "gid=-1 listen=0",
			  &a));
	assert_false(a.identity.change);
	assert_int_equal(a.access_log, 2);
	assert_int_equal(a.regions, -1);
	assert_int_equal(a.counters, -1);
	assert_true(parse("worker index=0 generation=1 control=0 bundle=0 regions=1 log=2 counters=2 page=7 uid=-1 "
			  "gid=-1 listen=0",
			  &a));
	assert_int_equal(a.regions, 1);
	assert_int_equal(a.counters, 2);
	assert_int_equal(a.counter_page, 7);
	for (size_t i = 0; i < CG_COUNT(bad); i++)
		if (parse(bad[i], &a))
			fail_msg("taken: %s", bad[i]);
}

/* -- listening sockets --------------------------------------------------------------------------------------------- */

static uint16_t port_of(int fd)
{
	struct sockaddr_in in;
	socklen_t len = sizeof in;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	return ntohs(in.sin_port);
}

/* A free loopback port: bound once, given up again. */
static struct config_listen loopback(uint16_t port)
{
	struct config_listen l = {.line = 3};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	if (!port) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
		port = port_of(fd);
		close(fd);
	}
	in.sin_port = htons(port);
	memcpy(&l.address.addr, &in, sizeof in);
	l.address.len = sizeof in;
	l.address.text = SLICE("127.0.0.1:PORT");
	return l;
}

static void test_listeners(void **state)
{
	struct config_listen listens[2] = {loopback(0), loopback(0)};
	struct config one = {.listens = listens, .n_listens = 2, .workers = 2};
	struct config two = {.listens = listens + 1, .n_listens = 1, .workers = 3};
	struct listener_table t = {0};
	struct diagnostics d;
	int first[4], again[4], second[3];

	(void)state;
	diagnostics_init(&d);
	assert_true(listener_table_acquire(&t, &one, first, &d));
	assert_int_equal(t.n, 4);
	assert_int_equal(port_of(first[0]), port_of(first[2]));
	assert_true(first[0] != first[2]);
	assert_true(listener_table_acquire(&t, &one, again, &d));
	assert_memory_equal(first, again, sizeof first);
	listener_table_release(&t, again, 4);
	assert_int_equal(t.n, 4);

	/* The next configuration has lost an address and gained a worker. */
	assert_true(listener_table_acquire(&t, &two, second, &d));
	assert_int_equal(second[0], first[1]);
	assert_int_equal(second[1], first[3]);
	listener_table_release(&t, first, 4);
	assert_int_equal(t.n, 3);
	assert_int_equal(fcntl(first[0], F_GETFD), -1);
	assert_true(fcntl(second[0], F_GETFD) >= 0);
	listener_table_release(&t, second, 3);
	assert_int_equal(t.n, 0);
	listener_table_free(&t);
	diagnostics_free(&d);
}

/* Every address that cannot be had is named, and nothing stays behind. SO_REUSEPORT does not hide a second server. */
static void test_port_taken(void **state)
{
	struct config_listen listens[3] = {loopback(0), loopback(0), loopback(0)};
	struct config config = {.path = SLICE("c.conf"), .listens = listens, .n_listens = 3, .workers = 2};
	struct config other = {.listens = listens + 1, .n_listens = 2, .workers = 1};
	struct listener_table t = {0}, held = {0};
	struct diagnostics d;
	int fds[6], taken[2];

	(void)state;
	diagnostics_init(&d);
	assert_true(listener_table_acquire(&held, &other, taken, &d));
	assert_false(listener_table_acquire(&t, &config, fds, &d));
	assert_int_equal(t.n, 0);
	assert_int_equal(d.errors, 2);
	assert_int_equal(d.v[0].at.line, 3);
	assert_true(slice_find(d.v[0].message, SLICE("127.0.0.1:PORT")) < d.v[0].message.n);
	assert_true(slice_find(d.v[0].hint, SLICE("ss -ltnp")) < d.v[0].hint.n);
	listener_table_free(&held);
	assert_true(listener_table_acquire(&t, &config, fds, &d));
	listener_table_free(&t);
	diagnostics_free(&d);
}

/* -- identity ------------------------------------------------------------------------------------------------------ */

static void test_identity(void **state)
{
	struct config config = {.path = SLICE("c.conf"), .user = SLICE("no-such-user-here")};
	struct identity id;
	struct diagnostics d;

	(void)state;
	diagnostics_init(&d);
	assert_false(identity_find(&config, &id, &d));
	assert_int_equal(d.errors, 1);
	config.user = slice_of(NULL, 0);
	diagnostics_free(&d);
	diagnostics_init(&d);
	if (identity_find(&config, &id, &d)) {
		assert_int_equal(id.change, geteuid() == 0);
		assert_int_not_equal(id.uid, 0); /* never root unless asked for */
	}
	diagnostics_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control),	    cmocka_unit_test(test_control_descriptor),
		cmocka_unit_test(test_control_bad), cmocka_unit_test(test_worker_args),
		cmocka_unit_test(test_listeners),   cmocka_unit_test(test_port_taken),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
