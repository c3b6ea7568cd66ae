#include "tests/support/h2_model.h"
#include "tests/support/h1_round_trip.h"
#include "tests/support/h2_text.h"

#define DATA	      0
#define HEADERS	      1
#define RST_STREAM    3
#define GOAWAY	      7
#define WINDOW_UPDATE 8
#define END_STREAM    1
#define WINDOW_START  65535 /* RFC 9113 6.9.2 */

/* -- events -------------------------------------------------------------------------------------------------------- */

static void event(struct h2_model *m, const struct h2_model_stream *s, const char *what, struct slice text)
{
	m->content_of = 0;
	buffer_printf(&m->events, "%d %s", s ? (int)s->id : 0, what);
	if (text.n)
		buffer_add_char(&m->events, ' ');
	buffer_add(&m->events, text);
	buffer_add_char(&m->events, '\n');
}

static void content_event(struct h2_model *m, const struct h2_model_stream *s, struct slice data)
{
	if (m->content_of != s->id) {
		event(m, s, "content", data);
	} else if (!m->events.failed) {
		m->events.n--;
		buffer_add(&m->events, data);
		buffer_add_char(&m->events, '\n');
	}
	m->content_of = s->id;
}

static void check_line(struct slice s)
{
	CG_CHECK(s.n == 0 || (!memchr(s.p, '\r', s.n) && !memchr(s.p, '\n', s.n) && !memchr(s.p, '\0', s.n)));
}

static void check_fields(const struct fields *fields)
{
	for (size_t i = 0; i < fields->n; i++) {
		check_line(fields->v[i].name);
		check_line(fields->v[i].value);
	}
}

/* -- heads --------------------------------------------------------------------------------------------------------- */

static const struct h1_limits wide = {.line = 1 << 18, .field = 1 << 18, .head = 1 << 18, .fields = 1 << 16};

/* One head, or what is refused: never a head and something behind it. */
static void check_extent(struct slice head)
{
	struct h1_scan scan = {0};
	size_t length = 0;
	enum h1_scan_result result = h1_scan(&scan, &wide, true, head, &length);

	CG_CHECK(result != H1_SCAN_MORE);
	CG_CHECK(result == H1_SCAN_ERROR || length == head.n);
}

static void check_framing(struct h2_model_stream *s, const struct h2_request *r, const struct h1_framing *framing)
{
	if (r->tunnel) {
		CG_CHECK(framing->upgrade && framing->kind == H1_BODY_NONE);
		return;
	}
	CG_CHECK(!framing->upgrade && framing->keep_alive);
	s->has_length = framing->kind == H1_BODY_LENGTH;
	s->length = framing->length;
	if (r->end)
		CG_CHECK(framing->kind == H1_BODY_NONE || (s->has_length && s->length == 0));
	else
		CG_CHECK(framing->kind == H1_BODY_CHUNKED || s->has_length);
}

static void check_head(struct h2_model *m, struct h2_model_stream *s, const struct h2_request *r)
{
	struct h1_framing framing;
	struct request req;
	struct arena arena;

	check_line(r->method);
	if (r->error) {
		CG_CHECK(r->head.n == 0 && h1_error_status(r->error) >= 400 && h1_error_status(r->error) < 600);
		return;
	}
	check_extent(r->head);
	if (m->blind)
		return;
	arena_init(&arena, 0, 1 << 20);
	if (h1_parse_request(r->head, m->heads, true, &arena, &req, &framing) == H1_OK) {
		check_line(req.target);
		check_line(req.authority);
		check_fields(&req.fields);
		check_framing(s, r, &framing);
		h1_round_trip(&req, &framing);
	} else {
		s->refused = true;
	}
	arena_free(&arena);
}

/* -- what the session says ----------------------------------------------------------------------------------------- */

static void *on_request(void *arg, const struct h2_request *r)
{
	struct h2_model *m = arg;
	struct h2_model_stream *s = &m->streams[m->n];

	if (m->refuses || m->n == H2_MODEL_STREAMS)
		return NULL;
	CG_CHECK(m->n == 0 || r->id > s[-1].id);
	m->n++;
	*s = (struct h2_model_stream){.id = r->id, .tunnel = r->tunnel, .refused = r->error != H1_OK, .ended = r->end};
	check_head(m, s, r);
	event(m, s, r->tunnel ? "tunnel" : "request", r->error ? slice_str(h1_error_text(r->error)) : r->head);
	if (r->end)
		event(m, s, "end", slice_of(NULL, 0));
	if (m->on_request)
		m->on_request(m, s);
	return s;
}

static struct h2_model_stream *live(void *stream)
{
	struct h2_model_stream *s = stream;

	CG_CHECK(s && s->id && !s->closed);
	return s;
}

static struct h2_model_stream *unended(void *stream)
{
	struct h2_model_stream *s = live(stream);

	CG_CHECK(!s->ended);
	return s;
}

static void on_content(void *arg, void *stream, struct slice data)
{
	struct h2_model_stream *s = unended(stream);
	struct h2_model *m = arg;

	s->told += data.n;
	CG_CHECK(!s->has_length || s->told <= s->length);
	content_event(m, s, data);
	if (m->consumes)
		h2_model_consume(m, s, data.n);
	if (m->resets && !s->reset)
		h2_model_reset(m, s, H2_CANCEL);
}

static void on_trailer(void *arg, void *stream, struct slice name, struct slice value)
{
	struct h2_model_stream *s = unended(stream);

	CG_CHECK(name.n && name.p[0] != ':');
	check_line(name);
	check_line(value);
	event(arg, s, "trailer", name);
}

static void on_end(void *arg, void *stream)
{
	struct h2_model_stream *s = unended(stream);

	s->ended = true;
	CG_CHECK(!s->has_length || s->told == s->length);
	event(arg, s, "end", slice_of(NULL, 0));
}

static void on_said(void *arg, void *stream)
{
	struct h2_model_stream *s = live(stream);

	CG_CHECK(s->over && !s->said && s->waiting == 0);
	s->said = true;
	event(arg, s, "said", slice_of(NULL, 0));
}

static void on_closed(void *arg, void *stream, uint32_t code)
{
	struct h2_model_stream *s = live(stream);

	s->closed = true;
	s->code = code;
	event(arg, s, code ? "closed by an error" : "closed", slice_of(NULL, 0));
}

static size_t on_waiting(void *arg, void *stream, bool *end, struct slice *trailers)
{
	struct h2_model_stream *s = live(stream);

	(void)arg;
	CG_CHECK(s->answered);
	*end = s->over;
	*trailers = s->trailers;
	s->deferred = s->waiting == 0 && !s->over;
	return s->waiting;
}

static size_t on_room(void *arg)
{
	struct h2_model *m = arg;

	return m->room > m->out.n ? m->room - m->out.n : 0;
}

static void on_abused(void *arg, enum h2_abuse kind)
{
	struct h2_model *m = arg;

	CG_CHECK(kind <= H2_ABUSE_STREAMS);
	m->abused[kind]++;
	m->terminated = m->terminated || kind < H2_ABUSE_MALFORMED;
}

/* -- frames -------------------------------------------------------------------------------------------------------- */

static uint32_t number(const unsigned char *p)
{
	return (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int32_t id_of(const struct h2_tap *t)
{
	return (int32_t)number(t->head + 5);
}

static size_t length_of(const struct h2_tap *t)
{
	return (size_t)t->head[0] << 16 | (size_t)t->head[1] << 8 | t->head[2];
}

static void tap_head(struct h2_tap *t, struct slice *in)
{
	while (in->n && t->n < sizeof t->head) {
		t->head[t->n++] = (unsigned char)*in->p;
		*in = slice_from(*in, 1);
		t->left = length_of(t);
		t->payload_n = 0;
	}
}

/* Takes from the front of *in; true if a frame ends there. *n: octets of payload among it. */
static bool tap(struct h2_tap *t, struct slice *in, size_t *n)
{
	tap_head(t, in);
	*n = t->left < in->n ? t->left : in->n;
	if (t->n < sizeof t->head)
		return false;
	for (size_t i = 0; i < *n && t->payload_n < sizeof t->payload; i++)
		t->payload[t->payload_n++] = (unsigned char)in->p[i];
	*in = slice_from(*in, *n);
	t->left -= *n;
	if (t->left)
		return false;
	t->n = 0;
	return true;
}

static void took_in(struct h2_model *m, struct slice in)
{
	size_t skip = m->in_skip < in.n ? m->in_skip : in.n, n;

	m->in_skip -= skip;
	in = slice_from(in, skip);
	while (in.n) {
		if (tap(&m->in_tap, &in, &n))
			m->left = m->left || m->in_tap.head[3] == GOAWAY;
		m->in_data += m->in_tap.head[3] == DATA ? n : 0;
	}
}

static struct h2_model_stream *find(struct h2_model *m, int32_t id)
{
	for (size_t i = m->n; i-- > 0;)
		if (m->streams[i].id == id)
			return &m->streams[i];
	return NULL;
}

/* RFC 9113 5.1: what may leave on a stream. */
static void check_frame(struct h2_model *m, const struct h2_tap *t)
{
	struct h2_model_stream *s = find(m, id_of(t));
	bool end = t->head[4] & END_STREAM;

	if (t->head[3] == GOAWAY)
		m->terminated = m->terminated || number(t->payload + 4);
	if (t->head[3] == WINDOW_UPDATE && id_of(t) == 0)
		m->window += number(t->payload);
	if (t->head[3] != DATA && t->head[3] != HEADERS)
		return;
	CG_CHECK(s && !s->end_sent && (t->head[3] == HEADERS ? s->headed : s->answered && s->head_sent));
	s->head_sent = true;
	s->end_sent = end;
	s->sent_octets += t->head[3] == DATA ? length_of(t) : 0;
	CG_CHECK(s->sent_octets <= s->said_octets && (!end || (s->over && s->sent_octets == s->said_octets)));
}

static void gave_out(struct h2_model *m, struct slice out)
{
	size_t n;

	while (out.n)
		if (tap(&m->out_tap, &out, &n))
			check_frame(m, &m->out_tap);
}

static bool on_write(void *arg, struct slice octets)
{
	struct h2_model *m = arg;

	if (m->fails)
		return false;
	gave_out(m, octets);
	return buffer_add(&m->out, octets);
}

static bool on_write_content(void *arg, void *stream, struct slice frame, size_t n)
{
	struct h2_model *m = arg;
	struct h2_model_stream *s = live(stream);
	char *p;

	CG_CHECK(frame.n == 9 && n <= s->waiting && on_room(m) > 0);
	s->waiting -= n;
	if (!on_write(m, frame))
		return false;
	p = buffer_reserve(&m->out, n);
	if (!p)
		return false;
	memset(p, 'a' + s->id % 26, n);
	gave_out(m, slice_of(p, n));
	buffer_commit(&m->out, n);
	return true;
}

static const struct h2_owner owner = {
	.request = on_request,
	.content = on_content,
	.trailer = on_trailer,
	.end = on_end,
	.said = on_said,
	.closed = on_closed,
	.waiting = on_waiting,
	.write_content = on_write_content,
	.write = on_write,
	.room = on_room,
	.abused = on_abused,
};

/* -- what the owner does ------------------------------------------------------------------------------------------- */

static void prepare(struct buffer *b, size_t n)
{
	buffer_init(b, n);
	CG_CHECK(buffer_reserve(b, n));
}

void h2_model_init(struct h2_model *m, const struct h2_limits *limits, const struct h1_limits *heads)
{
	*m = (struct h2_model){.limits = limits, .heads = heads, .room = SIZE_MAX, .in_skip = 24};
	prepare(&m->events, H2_MODEL_TEXT);
	prepare(&m->out, H2_MODEL_TEXT);
}

bool h2_model_begin(struct h2_model *m, struct h2_memory *memory)
{
	m->session = h2_session_new(m->limits, m->heads, memory, &owner, m);
	return m->session;
}

void h2_model_free(struct h2_model *m)
{
	h2_session_free(m->session);
	buffer_free(&m->events);
	buffer_free(&m->out);
}

bool h2_model_receive(struct h2_model *m, struct slice in)
{
	bool ok;

	took_in(m, in);
	ok = h2_receive(m->session, in, m->now_ms);
	m->terminated = m->terminated || !ok;
	return ok;
}

bool h2_model_send(struct h2_model *m)
{
	m->failed = !h2_send(m->session) || m->failed;
	return !m->failed;
}

struct h2_model_stream *h2_model_stream(struct h2_model *m, int32_t id)
{
	struct h2_model_stream *s = find(m, id);

	return s && !s->closed ? s : NULL;
}

bool h2_model_answer(struct h2_model *m, struct h2_model_stream *s, unsigned status, struct slice fields,
		     const struct h1_framing *framing, bool end)
{
	bool final = status >= 200 || status == 101, ok = true;
	struct response response = {.status = status};
	struct slice name, value;
	struct arena arena;

	arena_init(&arena, 0, 1 << 17);
	fields_init(&response.fields, &arena);
	while (ok && h2_text_next(&fields, &name, &value))
		ok = fields_add(&response.fields, name, value);
	/* Nothing is asked, nothing leaves before this returns. */
	ok = ok && h2_respond(m->session, s->id, &response, framing, end, &arena);
	s->headed = s->headed || ok;
	s->answered = s->answered || (ok && final);
	s->over = s->over || (ok && final && end);
	arena_free(&arena);
	return ok;
}

void h2_model_say(struct h2_model *m, struct h2_model_stream *s, size_t n, bool end)
{
	if (s->over)
		return;
	s->waiting += n;
	s->said_octets += n;
	s->over = end;
	if (s->deferred && (n || end)) {
		s->deferred = false;
		h2_resume(m->session, s->id);
	}
}

void h2_model_consume(struct h2_model *m, struct h2_model_stream *s, size_t n)
{
	size_t left = s->told - s->consumed;

	n = n < left ? n : left;
	s->consumed += n;
	h2_consumed(m->session, s->id, n);
}

void h2_model_reset(struct h2_model *m, struct h2_model_stream *s, enum h2_code code)
{
	s->reset = true;
	h2_reset(m->session, s->id, code);
}

static void settle_streams(struct h2_model *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct h2_model_stream *s = &m->streams[i];

		h2_model_consume(m, s, SIZE_MAX);
		if (s->answered && !s->closed)
			h2_model_say(m, s, 0, true);
	}
}

void h2_model_settle(struct h2_model *m, bool room)
{
	uint64_t grown = m->limits->connection_window - WINDOW_START;

	settle_streams(m);
	m->room = H2_MODEL_ROOM;
	do {
		m->out.n = 0;
	} while (h2_model_send(m) && m->out.n);
	if (m->terminated || m->failed || h2_is_over(m->session))
		return;
	/* An update leaves as soon as half of the window was used. */
	CG_CHECK(m->in_data - (m->window - grown) <= m->limits->connection_window / 2);
	for (size_t i = 0; i < m->n && room; i++)
		CG_CHECK(!m->streams[i].over || m->streams[i].said || m->streams[i].closed);
}
