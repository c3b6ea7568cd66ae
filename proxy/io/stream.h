/*
 * One non-blocking byte stream over TCP, plain or TLS, in the loop of a worker. Embedded in its owner; owns the socket,
 * the SSL object and the queued output.
 *
 * Reading: the read event stays armed; on STREAM_READABLE the owner reads into memory of its own choice (usually the
 * shared scratch buffer, so that an idle stream owns no buffer). A short read ends the turn: no call for EAGAIN's sake.
 * What the SSL object still holds is announced again by itself.
 *
 * Writing: stream_write() gathers into blocks of one TLS record's size, so that a head and the first octets of a body
 * leave in one record and one system call; full blocks leave at once, the rest at stream_flush(). Writes are tried
 * directly, the write event is armed only when the socket is full. The queue is not limited here: a producer must stop
 * while stream_queued() is above STREAM_HIGH_WATER and go on at STREAM_DRAINED.
 *
 * No function here calls the handler: events come only from the loop.
 */
#ifndef CG_PROXY_IO_STREAM_H
#define CG_PROXY_IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proxy/io/queue.h"
#include "proxy/tls/tls.h"
#include "rules/base/slice.h"

#define STREAM_HIGH_WATER 65536

enum stream_event {
	STREAM_CONNECTED,    /* the TCP connection that stream_connect() began stands */
	STREAM_SECURED,	     /* the TLS handshake is complete */
	STREAM_READABLE,     /* stream_read() will give data, the end, or an error */
	STREAM_DRAINED,	     /* the output queue became empty after the socket had been full */
	STREAM_WRITE_FAILED, /* queued output is lost; reading may still give what the peer said before */
	STREAM_FAILED,	     /* connecting or the handshake failed; see stream_error() */
};

typedef void (*stream_handler)(void *arg, enum stream_event event);

enum stream_state { STREAM_CLOSED, STREAM_CONNECTING, STREAM_HANDSHAKE, STREAM_OPEN };

enum stream_result {
	STREAM_OK,
	STREAM_AGAIN, /* nothing now; an event follows */
	STREAM_EOF,   /* the peer ended its side */
	STREAM_ERROR,
};

struct stream {
	struct io *io;
	int fd;
	SSL *ssl; /* NULL: plain */
	struct event ev_read;
	struct event ev_write;
	stream_handler handler;
	void *arg;
	struct io_queue out;
	uint64_t sent;	  /* octets that the socket took */
	uint64_t taken;	  /* octets that the peer had acknowledged ... */
	int64_t taken_ms; /* ... at this time */
	int error;	  /* errno of the last failure of a plain call; 0 if TLS knows more */
	enum stream_state state;
	bool reading;	       /* the read event is armed */
	bool writing;	       /* the write event is armed */
	bool more;	       /* the SSL object may hold input although the socket is silent */
	bool read_wants_write; /* TLS: the read side waits for the socket to become writable */
	bool write_wants_read; /* TLS: the reverse */
	bool write_failed;
	bool corked;	  /* what was sent last may wait in the kernel for more */
	bool unclean_eof; /* TLS: the peer ended without close_notify */
	bool refused;	  /* the loop did not take an event: reading gives an error */
};

/* Takes over a connected non-blocking socket and begins reading. False if the loop refused; the fd is then closed. */
CG_WARN_UNUSED bool stream_open(struct stream *s, struct io *io, int fd, stream_handler handler, void *arg);

/*
 * Begins a TCP connection; STREAM_CONNECTED or STREAM_FAILED follows from the loop. False, with stream_error(), if it
 * could not even begin.
 */
CG_WARN_UNUSED bool stream_connect(struct stream *s, struct io *io, const struct sockaddr *addr, socklen_t len,
				   stream_handler handler, void *arg);

/*
 * Begins TLS on an open stream; the stream owns ssl from now on. STREAM_SECURED or STREAM_FAILED follows. as_client:
 * speak first.
 */
void stream_handshake(struct stream *s, SSL *ssl, bool as_client);

/* After STREAM_FAILED: octets for a peer that speaks no TLS, as they are; what the socket does not take is lost. */
void stream_tell(struct stream *s, struct slice octets);

/* Reads up to size octets. STREAM_OK: *n > 0. */
enum stream_result stream_read(struct stream *s, void *buf, size_t size, size_t *n);
/*
 * Stops and resumes STREAM_READABLE. If the loop refuses, the next STREAM_READABLE comes all the same and stream_read()
 * then fails: a connection nobody waits for any more must not look like a silent one.
 */
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);

/* Queues data, sending full blocks. False if the write side has failed or memory ran out: the stream must be closed. */
bool stream_write(struct stream *s, struct slice data);
/*
 * For who writes in small pieces: at least `least` octets of room (at most IO_BLOCK) in the block that leaves next, *n
 * how many. What is written there counts for nothing until stream_commit(); to take it back, do nothing, or
 * stream_forget(). No other function of the stream may come in between but stream_queued(). NULL if the write side has
 * failed or memory ran out.
 */
char *stream_room(struct stream *s, size_t least, size_t *n);
/* Queues the first n octets of the room; a full block leaves at once. False as stream_write(). */
bool stream_commit(struct stream *s, size_t n);
/* Gives back what stream_room() took. Harmless at any time. */
void stream_forget(struct stream *s);
/* Sends what is queued. STREAM_OK: all is with the kernel; STREAM_AGAIN: STREAM_DRAINED follows; STREAM_ERROR. */
enum stream_result stream_flush(struct stream *s);
/*
 * The same for who calls stream_shutdown() as soon as all is with the kernel: what leaves last may wait there for the
 * end, to make one segment with it.
 */
enum stream_result stream_flush_last(struct stream *s);

static inline size_t stream_queued(const struct stream *s)
{
	return s->out.n;
}
/*
 * For deadlines of a peer that takes output slowly: what it acknowledged counts, as the socket alone takes much in
 * advance. stream_mark() begins to count, unless it has less than a second ago; it asks the kernel only while output is
 * queued. stream_took() is true if output is queued and the peer took at least that many octets; it begins anew.
 */
void stream_mark(struct stream *s);
bool stream_took(struct stream *s, uint64_t least);
/* Octets that the kernel has taken and the peer has not acknowledged; 0 if that cannot be told. A system call. */
size_t stream_unacknowledged(const struct stream *s);
/* True if it is known already that there is something to read: data, the end, or an error. Asks nobody. */
bool stream_has_input(const struct stream *s);

/* Says that no more output follows: close_notify, then FIN. Reading stays possible. */
void stream_shutdown(struct stream *s);
/* After a failed write: FIN without close_notify, so that the peer sees a broken end. Reading stays possible. */
void stream_abandon(struct stream *s);
/* Closes at once, without close_notify; reset: by RST, so that a body delimited by the close is seen as cut off. */
void stream_close(struct stream *s, bool reset);

static inline bool stream_is_open(const struct stream *s)
{
	return s->state == STREAM_OPEN;
}

/* Why it failed; never NULL. */
const char *stream_error(const struct stream *s);

#endif
