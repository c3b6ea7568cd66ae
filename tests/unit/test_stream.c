/* Streams and deadlines over socket pairs. A SOCK_SEQPACKET pair keeps the borders of writes, so they can be counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h> /* with all of tcp_info */
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/io/deadline.h"
#include "proxy/io/stream.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/files.h"

#define BIG (1024 * 1024)

static struct files files;
static struct config *config;
static struct tls_server *tls;
static char big[BIG], got[BIG];

struct end {
	struct event_base *base;
	struct io io;
	struct stream s;
	int peer;
	int events[STREAM_FAILED + 1];
	bool close_on_event;
	size_t step; /* to read at each STREAM_READABLE; 0: nothing */
	size_t total;
	size_t pause_at; /* total at which the handler pauses */
	SSL_CTX *ctx;
	SSL *ssl; /* the peer's */
	int records;
};

/* -- fixture ---------------------------------------------------------------------------------------------------------
 */

static int set_up(void **state)
{
	static const char text[] = "listen *:443 tls\nsite a.example {\n certificate a.pem key a.key\n"
				   " upstream http://127.0.0.1:1\n rules r.rules\n}\n";
	struct diagnostics d;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)(i * 7 + i / 251);
	diagnostics_init(&d);
	files_init(&files);
	files_make(&files, "a", "a.example");
	files_put(&files, "c.conf", slice_str(text));
	files_put(&files, "r.rules", SLICE("mode enforce\n"));
	config = config_load(&files.loader, &config_resolver_system, SLICE("c.conf"), &d);
	assert_non_null(config);
	tls = tls_server_new(config, &files.loader, &d);
	assert_non_null(tls);
	diagnostics_free(&d);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tls_server_free(tls);
	config_free(config);
	files_free(&files);
	return 0;
}

static void on_event(void *arg, enum stream_event event)
{
	struct end *e = arg;

	size_t n;

	e->events[event]++;
	if (event == STREAM_READABLE && e->step) {
		(void)stream_read(&e->s, got + e->total, e->step, &n);
		e->total += n;
		if (e->pause_at && e->total == e->pause_at)
			stream_pause(&e->s);
	}
	if (e->close_on_event)
		stream_close(&e->s, false);
}

static void turn(struct end *e)
{
	(void)event_base_loop(e->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static void begin(struct end *e)
{
	*e = (struct end){.base = event_base_new(), .peer = -1};
	assert_non_null(e->base);
	assert_true(io_init(&e->io, e->base));
}

static void open_on(struct end *e, const int fd[2])
{
	begin(e);
	e->peer = fd[1];
	assert_true(stream_open(&e->s, &e->io, fd[0], on_event, e));
}

static void open_pair(struct end *e, int type)
{
	int fd[2], small = 8192;

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	if (type == SOCK_STREAM)
		setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	open_on(e, fd);
}

static void open_pair_stream(struct end *e)
{
	open_pair(e, SOCK_STREAM);
}

static void count_record(int out, int version, int type, const void *p, size_t n, SSL *ssl, void *arg)
{
	const unsigned char *head = p;
	struct end *e = arg;

	(void)version, (void)n, (void)ssl;
	if (!out && type == SSL3_RT_HEADER && head[0] == SSL3_RT_APPLICATION_DATA)
		e->records++;
}

static void begin_tls(struct end *e)
{
	stream_handshake(&e->s, tls_server_accept(tls, e->s.fd), false);
	e->ctx = SSL_CTX_new(TLS_client_method());
	e->ssl = SSL_new(e->ctx);
	SSL_set_fd(e->ssl, e->peer);
	SSL_set_tlsext_host_name(e->ssl, "a.example");
	SSL_set_connect_state(e->ssl);
}

/* Until the handshake is complete, and the peer has the ticket. */
static void finish_tls(struct end *e)
{
	for (int i = 0; i < 20 && !(SSL_do_handshake(e->ssl) == 1 && e->events[STREAM_SECURED]); i++)
		turn(e);
	assert_int_equal(e->events[STREAM_SECURED], 1);
	assert_int_equal(SSL_read(e->ssl, got, sizeof got), -1); /* takes the session ticket */
	assert_true(SSL_SESSION_has_ticket(SSL_get0_session(e->ssl)));
	SSL_set_msg_callback(e->ssl, count_record);
	SSL_set_msg_callback_arg(e->ssl, e);
	e->records = 0;
}

static void open_tls(struct end *e)
{
	open_pair(e, SOCK_STREAM);
	begin_tls(e);
	finish_tls(e);
}

static void close_peer(struct end *e)
{
	SSL_free(e->ssl);
	e->ssl = NULL;
	if (e->peer != -1)
		close(e->peer);
	e->peer = -1;
}

static void done(struct end *e)
{
	stream_close(&e->s, false);
	close_peer(e);
	SSL_CTX_free(e->ctx);
	turn(e);
	io_free(&e->io);
	event_base_free(e->base);
}

/* Everything that the peer can read now; *reads: in how many pieces. */
static size_t take(struct end *e, int *reads)
{
	size_t n = 0;
	int pieces = 0;

	for (;;) {
		int r = e->ssl ? SSL_read(e->ssl, got + n, (int)(sizeof got - n))
			       : (int)recv(e->peer, got + n, sizeof got - n, 0);

		if (r <= 0)
			break;
		n += (size_t)r;
		pieces++;
	}
	if (reads)
		*reads = pieces;
	return n;
}

/* The peer reads until nothing more comes. */
static size_t take_all(struct end *e, size_t wanted)
{
	size_t n = 0;
	char *first = malloc(BIG);

	assert_non_null(first);
	for (int idle = 0; n < wanted && idle < 100; idle++) {
		size_t k = take(e, NULL);

		memcpy(first + n, got, k);
		n += k;
		idle = k ? 0 : idle;
		turn(e);
	}
	memcpy(got, first, n);
	free(first);
	return n;
}

/* -- writing ---------------------------------------------------------------------------------------------------------
 */

static void test_one_write(void **state)
{
	struct end e;
	int reads;

	(void)state;
	open_pair(&e, SOCK_SEQPACKET);
	assert_true(stream_write(&e.s, SLICE("HTTP/1.1 200 OK\r\n\r\n")));
	for (int i = 0; i < 100; i++)
		assert_true(stream_write(&e.s, slice_of(big + 100 * i, 100)));
	assert_int_equal(take(&e, NULL), 0);
	assert_int_equal(stream_flush(&e.s), STREAM_OK);
	assert_int_equal(take(&e, &reads), 10019);
	assert_int_equal(reads, 1);
	assert_memory_equal(got + 19, big, 10000);
	done(&e);
}

static void test_full_blocks_leave(void **state)
{
	struct end e;

	(void)state;
	open_pair(&e, SOCK_SEQPACKET);
	assert_true(stream_write(&e.s, slice_of(big, 10)));
	assert_true(stream_write(&e.s, slice_of(big + 10, IO_BLOCK - 10)));
	assert_int_equal(stream_queued(&e.s), 0);
	assert_int_equal(take(&e, NULL), IO_BLOCK);
	assert_memory_equal(got, big, IO_BLOCK);
	done(&e);
}

/* A head and pieces in room of the stream itself: one write; what is not committed was never there. */
static void test_room(void **state)
{
	struct end e;
	char *room;
	size_t n = 0;
	int reads;

	(void)state;
	open_pair(&e, SOCK_SEQPACKET);
	room = stream_room(&e.s, 100, &n);
	assert_non_null(room);
	assert_int_equal(n, IO_BLOCK);
	memset(room, 'x', n);
	assert_int_equal(stream_queued(&e.s), 0);
	stream_forget(&e.s);
	assert_int_equal(stream_flush(&e.s), STREAM_OK);
	assert_true(stream_write(&e.s, slice_of(big, 1000)));
	room = stream_room(&e.s, IO_BLOCK - 1000, &n);
	assert_int_equal(n, IO_BLOCK - 1000);
	memcpy(room, big + 1000, 500);
	assert_true(stream_commit(&e.s, 500));
	assert_int_equal(stream_queued(&e.s), 1500);
	assert_int_equal(take(&e, NULL), 0);
	/* Too little is left: what was there leaves first, in a write of its own. */
	room = stream_room(&e.s, IO_BLOCK - 1000, &n);
	assert_int_equal(n, IO_BLOCK);
	assert_true(stream_commit(&e.s, 0));
	assert_int_equal(stream_queued(&e.s), 1500);
	room = stream_room(&e.s, IO_BLOCK, &n);
	memcpy(room, big + 1500, IO_BLOCK);
	assert_true(stream_commit(&e.s, IO_BLOCK));
	assert_int_equal(stream_queued(&e.s), 0);
	assert_int_equal(take(&e, &reads), 1500 + IO_BLOCK);
	assert_int_equal(reads, 2);
	assert_memory_equal(got, big, 1500 + IO_BLOCK);
	done(&e);
}

/* The same through a socket that is full most of the time, mixed with ordinary writes. */
static void commits_through(struct end *e)
{
	size_t n = 0, k, room_n = 0;

	for (size_t i = 0; n < BIG; i++) {
		char *room = stream_room(&e->s, 1 + i * 37 % 4000, &room_n);

		assert_non_null(room);
		k = 1 + i * 991 % room_n;
		k = k < BIG - n ? k : BIG - n;
		memcpy(room, big + n, k);
		assert_true(stream_commit(&e->s, k));
		n += k;
		k = i * 13 % 100 < BIG - n ? i * 13 % 100 : BIG - n;
		assert_true(stream_write(&e->s, slice_of(big + n, k)));
		n += k;
	}
	assert_int_not_equal(stream_flush(&e->s), STREAM_ERROR);
	assert_int_equal(take_all(e, BIG), BIG);
	assert_memory_equal(got, big, BIG);
	assert_int_equal(stream_queued(&e->s), 0);
}

static void test_rooms(void **state)
{
	struct end e;

	(void)state;
	open_pair(&e, SOCK_STREAM);
	commits_through(&e);
	done(&e);
	open_tls(&e);
	commits_through(&e);
	done(&e);
}

static void test_one_record(void **state)
{
	struct end e;

	(void)state;
	open_tls(&e);
	assert_true(stream_write(&e.s, SLICE("HTTP/1.1 200 OK\r\n\r\n")));
	for (int i = 0; i < 30; i++)
		assert_true(stream_write(&e.s, slice_of(big + 100 * i, 100)));
	assert_int_equal(stream_flush(&e.s), STREAM_OK);
	assert_int_equal(take(&e, NULL), 3019);
	assert_int_equal(e.records, 1);
	done(&e);
}

static void passes_through(struct end *e, size_t step)
{
	for (size_t n = 0; n < BIG; n += step) {
		size_t k = BIG - n < step ? BIG - n : step;

		assert_true(stream_write(&e->s, slice_of(big + n, k)));
	}
	assert_int_not_equal(stream_flush(&e->s), STREAM_ERROR);
	assert_int_equal(take_all(e, BIG), BIG);
	assert_memory_equal(got, big, BIG);
	assert_int_equal(stream_queued(&e->s), 0);
	assert_int_equal(stream_flush(&e->s), STREAM_OK);
}

/* Pieces of many sizes through a socket that is full most of the time: nothing is lost, repeated or reordered. */
static void test_pieces(void **state)
{
	static const size_t steps[] = {100, 1000, 16383, 16384, 16385, 40000, BIG};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(steps); i++) {
		struct end e;

		open_pair(&e, SOCK_STREAM);
		passes_through(&e, steps[i]);
		done(&e);
		open_tls(&e);
		passes_through(&e, steps[i]);
		done(&e);
	}
}

static void drains_once(struct end *e)
{
	assert_true(stream_write(&e->s, slice_of(big, 300000)));
	assert_int_equal(stream_flush(&e->s), STREAM_AGAIN);
	assert_true(stream_queued(&e->s) > STREAM_HIGH_WATER);
	for (int i = 0; i < 5; i++) {
		turn(e);
		assert_int_equal(stream_flush(&e->s), STREAM_AGAIN);
	}
	assert_int_equal(e->events[STREAM_DRAINED], 0);
	assert_int_equal(take_all(e, 300000), 300000);
	assert_memory_equal(got, big, 300000);
	for (int i = 0; i < 5; i++)
		turn(e);
	assert_int_equal(e->events[STREAM_DRAINED], 1);
	assert_int_equal(stream_flush(&e->s), STREAM_OK);
	assert_true(stream_write(&e->s, SLICE("more")));
	assert_int_equal(stream_flush(&e->s), STREAM_OK);
	turn(e);
	assert_int_equal(e->events[STREAM_DRAINED], 1);
}

static void test_drained_once(void **state)
{
	struct end e;

	(void)state;
	open_pair(&e, SOCK_STREAM);
	drains_once(&e);
	done(&e);
	open_tls(&e);
	drains_once(&e);
	done(&e);
}

static void test_progress(void **state)
{
	struct end e;

	(void)state;
	open_pair(&e, SOCK_STREAM);
	assert_true(stream_write(&e.s, slice_of(big, 300000)));
	stream_mark(&e.s);
	turn(&e);
	assert_false(stream_took(&e.s, 1));
	assert_true(take(&e, NULL) > 0);
	turn(&e);
	assert_true(stream_queued(&e.s) > 0);
	assert_true(stream_took(&e.s, 1));
	assert_false(stream_took(&e.s, 1));
	assert_int_equal(e.events[STREAM_DRAINED], 0);
	done(&e);
}

static void test_write_fails(void **state)
{
	size_t n;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct end e;

		(i ? open_tls : open_pair_stream)(&e);
		if (i)
			assert_int_equal(SSL_write(e.ssl, "bye", 3), 3);
		else
			assert_int_equal(send(e.peer, "bye", 3, 0), 3);
		assert_int_equal(shutdown(e.peer, SHUT_RDWR), 0);
		(void)stream_write(&e.s, slice_of(big, 100));
		assert_int_equal(stream_flush(&e.s), STREAM_ERROR);
		assert_false(stream_write(&e.s, SLICE("x")));
		assert_string_equal(stream_error(&e.s), "Broken pipe");
		assert_int_equal(stream_read(&e.s, got, sizeof got, &n), STREAM_OK); /* what it said before */
		assert_int_equal(n, 3);
		done(&e);
	}
}

static void test_write_fails_later(void **state)
{
	struct end e;

	(void)state;
	open_pair(&e, SOCK_STREAM);
	assert_true(stream_write(&e.s, slice_of(big, 300000)));
	stream_pause(&e.s);
	close_peer(&e);
	turn(&e);
	turn(&e);
	assert_int_equal(e.events[STREAM_WRITE_FAILED], 1);
	assert_int_equal(stream_queued(&e.s), 0);
	done(&e);
}

static void test_write_without_memory(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct end e;
		bool ok;

		alloc_fault_end();
		open_pair(&e, SOCK_STREAM);
		alloc_fault_begin(n);
		ok = stream_write(&e.s, slice_of(big, 300000));
		alloc_fault_end();
		if (!ok)
			assert_int_equal(stream_flush(&e.s), STREAM_ERROR);
		done(&e);
		if (ok)
			break;
	}
}

/* -- reading ---------------------------------------------------------------------------------------------------------
 */

static void test_pause(void **state)
{
	struct end e;
	size_t n;

	(void)state;
	open_pair(&e, SOCK_STREAM);
	assert_int_equal(send(e.peer, "hello", 5, 0), 5);
	stream_pause(&e.s);
	turn(&e);
	assert_int_equal(e.events[STREAM_READABLE], 0);
	stream_resume(&e.s);
	turn(&e);
	assert_int_equal(e.events[STREAM_READABLE], 1);
	assert_int_equal(stream_read(&e.s, got, 100, &n), STREAM_OK);
	assert_int_equal(n, 5);
	assert_int_equal(stream_read(&e.s, got, 100, &n), STREAM_AGAIN);
	close_peer(&e);
	turn(&e);
	assert_int_equal(stream_read(&e.s, got, 100, &n), STREAM_EOF);
	done(&e);
}

/* What the SSL object holds is announced although the socket is silent; not while paused. */
static void test_pending(void **state)
{
	struct end e;

	(void)state;
	open_tls(&e);
	e.step = 30;
	for (int i = 0; i < 3; i++)
		assert_int_equal(SSL_write(e.ssl, big + 100 * i, 100), 100);
	e.pause_at = 150;
	turn(&e);
	turn(&e);
	assert_int_equal(e.total, 150);
	assert_true(stream_has_input(&e.s));
	stream_resume(&e.s);
	turn(&e);
	assert_int_equal(e.total, 300);
	assert_memory_equal(got, big, 300);
	assert_false(stream_has_input(&e.s));
	done(&e);
}

static void ends(bool clean)
{
	struct end e;
	size_t n;

	open_tls(&e);
	assert_int_equal(SSL_write(e.ssl, "all", 3), 3);
	if (clean)
		SSL_shutdown(e.ssl);
	close_peer(&e);
	turn(&e);
	assert_int_equal(stream_read(&e.s, got, 100, &n), STREAM_OK);
	assert_int_equal(stream_read(&e.s, got, 100, &n), STREAM_EOF);
	assert_int_equal(e.s.unclean_eof, !clean);
	done(&e);
}

static void test_ends(void **state)
{
	(void)state;
	ends(true);
	ends(false);
}

/* A peer that says its last and waits for our close_notify sends nothing else that could wake us: it is told once. */
static void test_end_behind_data(void **state)
{
	struct end e;

	(void)state;
	open_tls(&e);
	e.step = 100;
	assert_int_equal(SSL_write(e.ssl, "all", 3), 3);
	SSL_shutdown(e.ssl);
	for (int i = 0; i < 4; i++)
		turn(&e);
	assert_int_equal(e.total, 3);
	assert_int_equal(e.events[STREAM_READABLE], 2);
	assert_false(e.s.unclean_eof);
	done(&e);
}

/* TLS 1.3 lets a peer ask for key updates, each of which must be answered. One that does not read the answers must
 * not make the loop spin on what it sends. */
static void test_key_updates(void **state)
{
	struct end e;
	int before;

	(void)state;
	open_tls(&e);
	e.step = 100;
	for (int i = 0; i < 1000 && !e.s.read_wants_write; i++) {
		assert_int_equal(SSL_key_update(e.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(e.ssl), 1);
		turn(&e);
	}
	assert_true(e.s.read_wants_write);
	assert_int_equal(SSL_write(e.ssl, "hello", 5), 5);
	for (int i = 0; i < 50; i++)
		turn(&e);
	before = e.events[STREAM_READABLE];
	for (int i = 0; i < 50; i++)
		turn(&e);
	assert_int_equal(e.events[STREAM_READABLE], before);
	(void)take(&e, NULL);
	for (int i = 0; i < 5; i++)
		turn(&e);
	assert_int_equal(e.total, 5); /* it goes on where it stopped */
	done(&e);
}

/* -- beginning and ending --------------------------------------------------------------------------------------------
 */

static void test_close_in_handler(void **state)
{
	struct end e;

	(void)state;
	open_pair(&e, SOCK_STREAM);
	assert_true(stream_write(&e.s, slice_of(big, 300000)));
	assert_int_equal(send(e.peer, "x", 1, 0), 1);
	(void)take(&e, NULL);
	e.close_on_event = true;
	turn(&e); /* readable and writable */
	turn(&e);
	assert_int_equal(e.events[STREAM_READABLE] + e.events[STREAM_DRAINED], 1);
	assert_int_equal(e.s.state, STREAM_CLOSED);
	stream_close(&e.s, false);
	done(&e);
}

static void test_close_in_secured(void **state)
{
	struct end e;

	(void)state;
	open_pair(&e, SOCK_STREAM);
	stream_handshake(&e.s, tls_server_accept(tls, e.s.fd), false);
	e.close_on_event = true;
	assert_int_equal(send(e.peer, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	turn(&e);
	assert_int_equal(e.events[STREAM_FAILED], 1);
	assert_int_equal(e.s.state, STREAM_CLOSED);
	done(&e);
}

static int listener(struct sockaddr_in *a)
{
	socklen_t len = sizeof *a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)a, sizeof *a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)a, &len), 0);
	return fd;
}

/* Both ends of a TCP connection, the first as the listener would give it. */
static void tcp_pair(int fd[2])
{
	struct sockaddr_in a;
	int one = 1, l = listener(&a);

	assert_int_equal(listen(l, 1), 0);
	fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd[1], (struct sockaddr *)&a, sizeof a), 0);
	fd[0] = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_int_not_equal(fd[0], -1);
	assert_int_equal(setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
	close(l);
}

/* Segments with data that the peer has got. */
static unsigned segments(const struct end *e)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof info;

	assert_int_equal(getsockopt(e->peer, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_data_segs_in;
}

/* How many segments an answer and the end of the connection were; all of it must arrive. */
static unsigned segments_of_end(bool secure)
{
	unsigned before, n;
	struct end e;
	int fd[2];

	tcp_pair(fd);
	open_on(&e, fd);
	if (secure) {
		begin_tls(&e);
		assert_int_equal(fcntl(e.peer, F_SETFL, O_NONBLOCK), 0);
		finish_tls(&e);
		assert_int_equal(fcntl(e.peer, F_SETFL, 0), 0);
	}
	before = segments(&e);
	assert_true(stream_write(&e.s, SLICE("answer")));
	assert_int_equal(stream_flush_last(&e.s), STREAM_OK);
	stream_shutdown(&e.s);
	assert_int_equal(take(&e, NULL), 6); /* to the end: the peer's socket blocks */
	if (secure)
		assert_int_equal(SSL_get_shutdown(e.ssl), SSL_RECEIVED_SHUTDOWN);
	n = segments(&e) - before;
	done(&e);
	return n;
}

/* The kernel waits for the end no longer than a fifth of a second, which a busy machine may take: so, once of a few. */
static void test_end_is_one_segment(void **state)
{
	(void)state;
	for (int secure = 0; secure < 2; secure++) {
		unsigned least = 99;

		for (int i = 0; i < 5 && least > 1; i++) {
			unsigned n = segments_of_end(secure);

			least = n < least ? n : least;
		}
		assert_int_equal(least, 1);
	}
}

/* The request came with what ends the handshake: then the ticket comes with the answer, in one piece. */
static void test_ticket_leaves_with_the_answer(void **state)
{
	struct end e;
	char c;

	(void)state;
	open_pair(&e, SOCK_STREAM);
	e.step = 100;
	begin_tls(&e);
	assert_int_equal(SSL_do_handshake(e.ssl), -1);
	turn(&e);
	assert_int_equal(SSL_do_handshake(e.ssl), 1);
	assert_int_equal(SSL_write(e.ssl, "ask", 3), 3);
	for (int i = 0; i < 5; i++)
		turn(&e);
	assert_int_equal(e.total, 3);
	assert_int_equal(recv(e.peer, &c, 1, MSG_PEEK), -1);
	assert_true(stream_write(&e.s, SLICE("answer")));
	assert_int_equal(stream_flush(&e.s), STREAM_OK);
	assert_int_equal(take(&e, NULL), 6);
	assert_true(SSL_SESSION_has_ticket(SSL_get0_session(e.ssl)));
	done(&e);
}

static void test_connect(void **state)
{
	struct sockaddr_in a;
	int fd = listener(&a);
	struct end e;

	(void)state;
	begin(&e);
	assert_true(stream_connect(&e.s, &e.io, (struct sockaddr *)&a, sizeof a, on_event, &e));
	assert_int_equal(e.events[STREAM_FAILED], 0);
	(void)event_base_loop(e.base, EVLOOP_ONCE);
	assert_int_equal(e.events[STREAM_FAILED], 1);
	assert_string_equal(stream_error(&e.s), "Connection refused");
	done(&e);

	assert_int_equal(listen(fd, 5), 0);
	begin(&e);
	assert_true(stream_connect(&e.s, &e.io, (struct sockaddr *)&a, sizeof a, on_event, &e));
	(void)event_base_loop(e.base, EVLOOP_ONCE);
	assert_int_equal(e.events[STREAM_CONNECTED], 1);
	assert_true(stream_is_open(&e.s));
	done(&e);
	close(fd);
}

/* The loop refuses what cannot be waited for. */
static void test_refused(void **state)
{
	struct end e;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	begin(&e);
	event_set_log_callback(NULL);
	assert_false(stream_open(&e.s, &e.io, fd, on_event, &e));
	assert_int_equal(e.s.state, STREAM_CLOSED);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	done(&e);
}

/* -- deadlines -------------------------------------------------------------------------------------------------------
 */

static void on_expired(void *arg)
{
	++*(int *)arg;
}

/* Loops until *count is n; how many milliseconds that took. */
static int64_t loop_until(struct event_base *base, const int *count, int n)
{
	int64_t began = io_now_ms();

	while (*count < n && io_now_ms() - began < 20000)
		(void)event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(*count, n);
	return io_now_ms() - began;
}

/* No upper bounds on time: the machine may be busy. `clock` tells that enough of it has passed. */
static void test_deadline(void **state)
{
	struct event_base *base = event_base_new();
	struct deadline d = {0}, clock;
	int expired = 0, ticks = 0;

	(void)state;
	deadline_free(&d); /* harmless on zeroed memory */
	deadline_init(&d, base, on_expired, &expired);
	deadline_init(&clock, base, on_expired, &ticks);
	deadline_set(&d, 20);
	deadline_set(&d, 100); /* later: the timer stays and goes back to sleep */
	assert_true(loop_until(base, &expired, 1) >= 80);
	deadline_set(&d, 100000);
	deadline_set(&d, 10); /* earlier */
	(void)loop_until(base, &expired, 2);
	deadline_set(&d, 10);
	deadline_clear(&d);
	deadline_set(&clock, 40);
	(void)loop_until(base, &ticks, 1);
	assert_int_equal(expired, 2);
	deadline_set(&d, 10); /* set again after a clear */
	(void)loop_until(base, &expired, 3);
	deadline_set(&d, 10);
	deadline_free(&d);
	deadline_set(&clock, 40);
	(void)loop_until(base, &ticks, 2);
	assert_int_equal(expired, 3);
	deadline_free(&clock);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_write),
		cmocka_unit_test(test_full_blocks_leave),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_rooms),
		cmocka_unit_test(test_one_record),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_drained_once),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_write_fails),
		cmocka_unit_test(test_write_fails_later),
		cmocka_unit_test(test_write_without_memory),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_end_behind_data),
		cmocka_unit_test(test_key_updates),
		cmocka_unit_test(test_close_in_handler),
		cmocka_unit_test(test_close_in_secured),
		cmocka_unit_test(test_end_is_one_segment),
		cmocka_unit_test(test_ticket_leaves_with_the_answer),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_deadline),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
