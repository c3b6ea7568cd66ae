#include <stdlib.h>

#include "proxy/h2/internal.h"

#define FRAME_MAX    16384 /* what nghttp2 has a buffer for (RFC 9113 4.2) */
#define TRAILERS_MAX 64
#define HEAD_KEPT    2048
#define PIECES_MAX   8	       /* CONTINUATION frames of a head */
#define UNLIMITED    (1 << 30) /* what is limited elsewhere */

struct h2_session {
	nghttp2_session *ng;
	const struct h2_limits *limits;
	const struct h1_limits *heads;
	const struct h2_owner *owner;
	void *arg;
	struct h2_head head;
	bool in_head;	 /* a head has come in part */
	int32_t head_of; /* ... of this stream */
	bool trailers;	 /* the head being read is a trailer section */
	unsigned pieces; /* CONTINUATION frames of it */
	bool receiving;
	bool terminated; /* nothing that comes counts any more */
	enum h2_code code;
	int32_t last;	/* what comes behind this stream is not answered any more */
	bool failed;	/* the owner could not write */
	int64_t now_ms; /* of the input being read */
	int64_t abuse_since;
	uint64_t abuse[H2_BUDGETS]; /* since then */
};

/* -- abuse --------------------------------------------------------------------------------------------------------- */

static void give_up(struct h2_session *s, enum h2_abuse kind)
{
	s->owner->abused(s->arg, kind);
	h2_terminate(s, H2_ENHANCE_YOUR_CALM);
}

static void note(struct h2_session *s, enum h2_abuse kind)
{
	if (s->now_ms - s->abuse_since >= H2_ABUSE_MS) {
		memset(s->abuse, 0, sizeof s->abuse);
		s->abuse_since = s->now_ms;
	}
	if (!s->terminated && ++s->abuse[kind] > s->limits->budget[kind])
		give_up(s, kind);
}

static struct slice text_of(const uint8_t *p, size_t n)
{
	return slice_of((const char *)p, n);
}

/* -- heads --------------------------------------------------------------------------------------------------------- */

/* nghttp2 counts them, too, but one whose own head comes in several records several times. */
static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *head, void *arg)
{
	struct h2_session *s = arg;

	(void)ng;
	s->pieces = head->type == NGHTTP2_CONTINUATION ? s->pieces + 1 : 0;
	if (s->pieces > PIECES_MAX && !s->terminated)
		give_up(s, H2_ABUSE_CONTINUATIONS);
	return 0;
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct h2_session *s = arg;

	(void)ng;
	if (frame->hd.type != NGHTTP2_HEADERS || s->terminated)
		return 0;
	s->in_head = true;
	s->head_of = frame->hd.stream_id;
	s->trailers = frame->headers.cat != NGHTTP2_HCAT_REQUEST;
	h2_head_clear(&s->head);
	return 0;
}

static void take_trailer(struct h2_session *s, int32_t id, struct slice name, struct slice value)
{
	void *stream = nghttp2_session_get_stream_user_data(s->ng, id);

	s->head.octets += name.n + value.n;
	if (stream && s->head.octets <= s->heads->head && s->head.n++ < s->heads->fields)
		s->owner->trailer(s->arg, stream, name, value);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, const uint8_t *name, size_t name_n,
		     const uint8_t *value, size_t value_n, uint8_t flags, void *arg)
{
	struct h2_session *s = arg;
	struct slice n = text_of(name, name_n), v = text_of(value, value_n);

	(void)ng, (void)flags;
	if (frame->hd.type != NGHTTP2_HEADERS)
		return 0;
	if (s->terminated)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (s->trailers)
		take_trailer(s, frame->hd.stream_id, n, v);
	else
		h2_head_add(&s->head, s->heads, n, v);
	if (s->head.octets <= H2_HEAD_TIMES * s->heads->head)
		return 0;
	/* A few octets can stand for megabytes, each of which nghttp2 looks at. */
	give_up(s, H2_ABUSE_HEADS);
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* RFC 9113 8.2.1: a field with such octets makes the request malformed; nghttp2 would merely leave it out. */
static int on_invalid_header(nghttp2_session *ng, const nghttp2_frame *frame, nghttp2_rcbuf *name, nghttp2_rcbuf *value,
			     uint8_t flags, void *arg)
{
	struct h2_session *s = arg;

	(void)ng, (void)frame, (void)name, (void)value, (void)flags;
	s->in_head = false;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void take_request(struct h2_session *s, const nghttp2_frame *frame)
{
	struct h2_request r = {.id = frame->hd.stream_id};
	bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	void *stream;

	/* A GOAWAY that still waits will say that this one may be repeated elsewhere. */
	if (r.id > s->last) {
		h2_reset(s, r.id, H2_REFUSED_STREAM);
		return;
	}
	stream = h2_head_finish(&s->head, end, &r) ? s->owner->request(s->arg, &r) : NULL;
	h2_head_clear(&s->head);
	if (stream)
		nghttp2_session_set_stream_user_data(s->ng, r.id, stream);
	else
		h2_reset(s, r.id, H2_INTERNAL_ERROR);
}

static void ended(struct h2_session *s, int32_t id)
{
	void *stream = nghttp2_session_get_stream_user_data(s->ng, id);

	if (stream)
		s->owner->end(s->arg, stream);
}

static void take_head(struct h2_session *s, const nghttp2_frame *frame)
{
	s->in_head = false;
	if (!s->trailers)
		take_request(s, frame);
	else if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		ended(s, frame->hd.stream_id);
}

/* -- frames -------------------------------------------------------------------------------------------------------- */

static void take_data(struct h2_session *s, const nghttp2_frame *frame)
{
	bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

	if (end)
		ended(s, frame->hd.stream_id);
	else if (frame->hd.length == frame->data.padlen)
		note(s, H2_ABUSE_EMPTY_FRAMES);
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct h2_session *s = arg;

	(void)ng;
	if (s->terminated)
		return 0;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		take_head(s, frame);
		break;
	case NGHTTP2_DATA:
		take_data(s, frame);
		break;
	case NGHTTP2_RST_STREAM:
		note(s, H2_ABUSE_RESETS);
		break;
	case NGHTTP2_SETTINGS:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
			note(s, H2_ABUSE_SETTINGS);
		break;
	case NGHTTP2_PING:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
			note(s, H2_ABUSE_PINGS);
		break;
	case NGHTTP2_PRIORITY_UPDATE:
		note(s, H2_ABUSE_PRIORITIES);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		if (frame->window_update.window_size_increment < H2_WINDOW_MIN)
			note(s, H2_ABUSE_WINDOWS);
		break;
	default:
		break;
	}
	return 0;
}

/* Content of a request that nobody waits for is used up by having come. */
static int on_content(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *data, size_t n, void *arg)
{
	struct h2_session *s = arg;
	void *stream = nghttp2_session_get_stream_user_data(ng, id);

	(void)flags;
	if (stream && !s->terminated)
		s->owner->content(s->arg, stream, text_of(data, n));
	else
		h2_consumed(s, id, n);
	return 0;
}

/* A head may have been in it. */
static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *arg)
{
	struct h2_session *s = arg;

	(void)ng, (void)frame;
	s->in_head = false;
	if (error != NGHTTP2_ERR_REFUSED_STREAM)
		s->owner->abused(s->arg, H2_ABUSE_MALFORMED);
	return 0;
}

/*
 * Streams that we must reset because of a frame that makes no sense there cost as much as those that the visitor
 * resets. A stream that is refused because there are too many has cost nothing yet.
 */
static void count_reset(struct h2_session *s, uint32_t code)
{
	if (code == NGHTTP2_REFUSED_STREAM)
		s->owner->abused(s->arg, H2_ABUSE_STREAMS);
	else if (code != H2_NO_ERROR && code != H2_INTERNAL_ERROR && code != H2_CANCEL)
		note(s, H2_ABUSE_MADE_RESETS);
}

static int on_frame_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *arg)
{
	struct h2_session *s = arg;
	bool content = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
	void *stream;

	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		count_reset(s, frame->rst_stream.error_code);
	} else if (content && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
		stream = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);
		if (stream)
			s->owner->said(s->arg, stream);
	}
	return 0;
}

/* Nothing will come in place of a head: no stream waits for it in vain. */
static int on_frame_not_sent(nghttp2_session *ng, const nghttp2_frame *frame, int error, void *arg)
{
	int32_t id = frame->hd.stream_id;

	(void)error;
	if (frame->hd.type == NGHTTP2_HEADERS && nghttp2_session_get_stream_user_data(ng, id))
		h2_reset(arg, id, H2_INTERNAL_ERROR);
	return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *arg)
{
	struct h2_session *s = arg;
	void *stream = nghttp2_session_get_stream_user_data(ng, id);

	/* What is left of its trailers is skipped without a word. */
	if (id == s->head_of)
		s->in_head = false;
	if (!stream)
		return 0;
	nghttp2_session_set_stream_user_data(ng, id, NULL);
	s->owner->closed(s->arg, stream, code);
	return 0;
}

/* -- sending ------------------------------------------------------------------------------------------------------- */

static ssize_t on_read_length(nghttp2_session *ng, uint8_t type, int32_t id, int32_t connection_window,
			      int32_t stream_window, uint32_t frame_max, void *arg)
{
	struct h2_session *s = arg;
	size_t room = s->owner->room(s->arg);

	(void)ng, (void)type, (void)id, (void)connection_window, (void)stream_window;
	/* Without room on_write_content() makes the frame wait. nghttp2 would grow its buffer for a larger one. */
	if (room == 0)
		room = FRAME_MAX;
	return room < frame_max ? (ssize_t)room : (ssize_t)frame_max;
}

static bool submit_trailers(struct h2_session *s, int32_t id, struct slice text)
{
	nghttp2_nv list[TRAILERS_MAX];
	size_t n = h2_trailers_list(text, list, TRAILERS_MAX);

	return n && nghttp2_submit_trailer(s->ng, id, list, n) == 0;
}

static ssize_t on_read(nghttp2_session *ng, int32_t id, uint8_t *buf, size_t length, uint32_t *flags,
		       nghttp2_data_source *source, void *arg)
{
	struct h2_session *s = arg;
	void *stream = nghttp2_session_get_stream_user_data(ng, id);
	struct slice trailers = {0};
	bool end = false;
	size_t n;

	(void)buf, (void)source;
	if (!stream)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	n = s->owner->waiting(s->arg, stream, &end, &trailers);
	if (n == 0 && !end)
		return NGHTTP2_ERR_DEFERRED;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (n > length)
		return (ssize_t)length;
	if (end) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (trailers.n && submit_trailers(s, id, trailers))
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
	}
	return (ssize_t)n;
}

static int on_write_content(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *head, size_t n,
			    nghttp2_data_source *source, void *arg)
{
	struct h2_session *s = arg;
	void *stream = nghttp2_session_get_stream_user_data(ng, frame->hd.stream_id);

	(void)source;
	if (s->owner->room(s->arg) == 0)
		return NGHTTP2_ERR_WOULDBLOCK;
	if (!stream)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (s->owner->write_content(s->arg, stream, text_of(head, 9), n))
		return 0;
	s->failed = true;
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

bool h2_send(struct h2_session *s)
{
	while (!s->failed && s->owner->room(s->arg)) {
		const uint8_t *octets;
		ssize_t n = nghttp2_session_mem_send(s->ng, &octets);

		if (n < 0)
			s->failed = true;
		if (n <= 0)
			break;
		s->failed = !s->owner->write(s->arg, text_of(octets, (size_t)n));
	}
	return !s->failed;
}

/* -- receiving ----------------------------------------------------------------------------------------------------- */

/* Frames that answer frames, which wait because the visitor does not read: each honest stream has a few. */
static bool replies_pile_up(const struct h2_session *s)
{
	return nghttp2_session_get_outbound_queue_size(s->ng) > 4 * s->limits->streams + 1000;
}

bool h2_receive(struct h2_session *s, struct slice in, int64_t now_ms)
{
	ssize_t n;

	s->now_ms = now_ms;
	s->receiving = true;
	n = nghttp2_session_mem_recv(s->ng, (const uint8_t *)in.p, in.n);
	s->receiving = false;
	if (s->terminated)
		h2_terminate(s, s->code);
	if (n == (ssize_t)in.n) {
		if (!s->terminated && replies_pile_up(s))
			give_up(s, H2_ABUSE_MADE_RESETS);
		return true;
	}
	if (n == NGHTTP2_ERR_FLOODED)
		give_up(s, H2_ABUSE_PINGS);
	else if (n < 0)
		(void)nghttp2_session_terminate_session(
			s->ng, n == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_INTERNAL_ERROR);
	s->terminated = true;
	return false;
}

bool h2_is_over(const struct h2_session *s)
{
	return s->terminated ? !nghttp2_session_want_write(s->ng)
			     : !nghttp2_session_want_read(s->ng) && !nghttp2_session_want_write(s->ng);
}

bool h2_reads_head(const struct h2_session *s)
{
	return s->in_head && !s->terminated;
}

void h2_rest(struct h2_session *s)
{
	/* What usual heads need is kept: to make it anew each time costs more than it is worth. */
	if (!s->in_head && s->head.text.cap + s->head.cookie.cap > HEAD_KEPT)
		h2_head_free(&s->head);
}

/* -- messages ------------------------------------------------------------------------------------------------------ */

bool h2_respond(struct h2_session *s, int32_t id, const struct response *response, const struct h1_framing *framing,
		bool end, struct arena *arena)
{
	nghttp2_data_provider content = {.read_callback = on_read};
	size_t n;
	nghttp2_nv *list = h2_response_fields(response, framing, arena, &n);

	if (!list)
		return false;
	if (response->status < 200 && response->status != 101)
		return nghttp2_submit_headers(s->ng, NGHTTP2_FLAG_NONE, id, NULL, list, n, NULL) == 0;
	return nghttp2_submit_response(s->ng, id, list, n, end ? NULL : &content) == 0;
}

void h2_resume(struct h2_session *s, int32_t id)
{
	(void)nghttp2_session_resume_data(s->ng, id);
}

void h2_consumed(struct h2_session *s, int32_t id, size_t n)
{
	if (n && nghttp2_session_consume(s->ng, id, n) != 0)
		(void)nghttp2_session_consume_connection(s->ng, n);
}

bool h2_is_open(const struct h2_session *s, int32_t id)
{
	return nghttp2_session_get_stream_remote_window_size(s->ng, id) > 0;
}

void h2_reset(struct h2_session *s, int32_t id, enum h2_code code)
{
	(void)nghttp2_submit_rst_stream(s->ng, NGHTTP2_FLAG_NONE, id, (uint32_t)code);
}

/* -- the end of a connection --------------------------------------------------------------------------------------- */

void h2_notice(struct h2_session *s)
{
	(void)nghttp2_submit_shutdown_notice(s->ng);
}

void h2_go_away(struct h2_session *s)
{
	s->last = nghttp2_session_get_last_proc_stream_id(s->ng);
	(void)nghttp2_submit_goaway(s->ng, NGHTTP2_FLAG_NONE, s->last, NGHTTP2_NO_ERROR, NULL, 0);
}

/* nghttp2 may forget that it is to ignore the rest if it is told within a callback, and abort() at what comes then. */
void h2_terminate(struct h2_session *s, enum h2_code code)
{
	s->terminated = true;
	s->code = code;
	if (!s->receiving)
		(void)nghttp2_session_terminate_session(s->ng, (uint32_t)code);
}

/* -- beginning ----------------------------------------------------------------------------------------------------- */

static nghttp2_session_callbacks *callbacks_new(void)
{
	nghttp2_session_callbacks *c;

	if (nghttp2_session_callbacks_new(&c) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback2(c, on_invalid_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_content);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_sent);
	nghttp2_session_callbacks_set_on_frame_not_send_callback(c, on_frame_not_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
	nghttp2_session_callbacks_set_data_source_read_length_callback(c, on_read_length);
	nghttp2_session_callbacks_set_send_data_callback(c, on_write_content);
	return c;
}

/*
 * Windows grow by what was consumed, not by what came; closed streams are forgotten. Heads that are sent are bounded by
 * the memory of their exchange, resets that come by a budget.
 */
static nghttp2_option *option_new(void)
{
	nghttp2_option *o;

	if (nghttp2_option_new(&o) != 0)
		return NULL;
	nghttp2_option_set_no_auto_window_update(o, 1);
	nghttp2_option_set_no_closed_streams(o, 1);
	nghttp2_option_set_builtin_recv_extension_type(o, NGHTTP2_PRIORITY_UPDATE);
	nghttp2_option_set_max_continuations(o, UNLIMITED);
	nghttp2_option_set_max_send_header_block_length(o, UNLIMITED);
	nghttp2_option_set_stream_reset_rate_limit(o, UNLIMITED, UNLIMITED);
	return o;
}

static bool submit_settings(struct h2_session *s)
{
	const struct h2_limits *l = s->limits;
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)l->streams},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)l->window},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)s->heads->head},
		{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
		{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
	};

	return nghttp2_submit_settings(s->ng, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof settings[0]) == 0 &&
	       nghttp2_session_set_local_window_size(s->ng, NGHTTP2_FLAG_NONE, 0, (int32_t)l->connection_window) == 0;
}

struct h2_session *h2_session_new(const struct h2_limits *limits, const struct h1_limits *heads,
				  struct h2_memory *memory, const struct h2_owner *owner, void *arg)
{
	struct h2_session *s = calloc(1, sizeof *s);
	nghttp2_session_callbacks *callbacks = callbacks_new();
	nghttp2_option *option = option_new();
	bool ok = s && callbacks && option &&
		  nghttp2_session_server_new3(&s->ng, callbacks, s, option, h2_memory_ops(memory)) == 0;

	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(option);
	if (!ok) {
		free(s);
		return NULL;
	}
	s->limits = limits;
	s->heads = heads;
	s->owner = owner;
	s->arg = arg;
	s->last = INT32_MAX;
	h2_head_init(&s->head, heads);
	if (submit_settings(s))
		return s;
	h2_session_free(s);
	return NULL;
}

void h2_session_free(struct h2_session *s)
{
	if (!s)
		return;
	nghttp2_session_del(s->ng);
	h2_head_free(&s->head);
	free(s);
}
