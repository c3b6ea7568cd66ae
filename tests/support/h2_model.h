/*
 * An owner of a session of HTTP/2 that says and takes what it is told to, writes down what happens, and stops the
 * program (CG_CHECK) as soon as the session breaks a promise of h2.h: a head that is no request of its own, content
 * behind the end, a stream that lives on after it was closed, a frame that has no place.
 */
#ifndef CG_TESTS_SUPPORT_H2_MODEL_H
#define CG_TESTS_SUPPORT_H2_MODEL_H

#include "proxy/h2/h2.h"

#define H2_MODEL_STREAMS 64
#define H2_MODEL_TEXT	 (1 << 17)
#define H2_MODEL_ROOM	 (1 << 15)

struct h2_model_stream {
	int32_t id;
	bool tunnel, refused;
	bool has_length;
	uint64_t length;       /* of the request's content, if it was announced */
	size_t told, consumed; /* octets of it */
	bool ended;	       /* its end was told */
	bool headed;	       /* a head was said, which may be an interim one */
	bool answered, over;   /* the response has its head, its end */
	size_t waiting;	       /* octets of its content */
	struct slice trailers; /* behind it; belongs to the caller */
	bool deferred, said, reset, closed;
	uint32_t code;		  /* of closed */
	bool head_sent, end_sent; /* frames that left */
	uint64_t said_octets, sent_octets;
};

/* Frames as they pass, for what they do to windows and streams. */
struct h2_tap {
	unsigned char head[9];
	size_t n;    /* octets of head */
	size_t left; /* octets of the payload */
	unsigned char payload[8];
	size_t payload_n;
};

struct h2_model {
	struct h2_session *session;
	const struct h2_limits *limits;
	const struct h1_limits *heads;
	struct h2_model_stream streams[H2_MODEL_STREAMS];
	size_t n;
	struct buffer events; /* a line each; content that follows content is one */
	int32_t content_of;   /* the stream whose content the last event is; or 0 */
	struct buffer out;
	size_t room;	 /* that h2_send() has; `out` is in it until someone takes it */
	bool refuses;	 /* requests get NULL */
	bool consumes;	 /* content as it comes */
	bool resets;	 /* a stream that content comes for */
	bool blind;	 /* heads are not read, for which memory may be lacking */
	bool fails;	 /* writing does */
	bool failed;	 /* h2_send() did */
	bool terminated; /* nothing can be expected any more */
	bool left;	 /* the visitor has sent GOAWAY */
	unsigned abused[H2_ABUSE_STREAMS + 1];
	int64_t now_ms;
	struct h2_tap in_tap, out_tap;
	size_t in_skip;	  /* octets before the first frame */
	uint64_t in_data; /* octets of payloads of DATA */
	uint64_t window;  /* octets of WINDOW_UPDATE for the connection */
	/* Called once the head is told; may do anything but send and receive. NULL is fine. */
	void (*on_request)(struct h2_model *m, struct h2_model_stream *s);
};

/* The model without a session; allocates what it will need, but for the session's part. */
void h2_model_init(struct h2_model *m, const struct h2_limits *limits, const struct h1_limits *heads);
/* False if memory ran out. */
bool h2_model_begin(struct h2_model *m, struct h2_memory *memory);
void h2_model_free(struct h2_model *m);

bool h2_model_receive(struct h2_model *m, struct slice in);
bool h2_model_send(struct h2_model *m);

/* NULL if there was none, or it is closed. */
struct h2_model_stream *h2_model_stream(struct h2_model *m, int32_t id);
/* fields: lines of "name: value\n". end: nothing follows. */
bool h2_model_answer(struct h2_model *m, struct h2_model_stream *s, unsigned status, struct slice fields,
		     const struct h1_framing *framing, bool end);
void h2_model_say(struct h2_model *m, struct h2_model_stream *s, size_t n, bool end);
void h2_model_consume(struct h2_model *m, struct h2_model_stream *s, size_t n);
void h2_model_reset(struct h2_model *m, struct h2_model_stream *s, enum h2_code code);

/*
 * Everything told is consumed, every answer is ended and sent: our windows must have come back, and, if those of the
 * visitor have room, no stream that has said all may be left.
 */
void h2_model_settle(struct h2_model *m, bool room);

#endif
