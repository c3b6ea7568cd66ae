/*
 * HTTP/2 towards visitors. What the session tells its owner keeps the promises of h2.h (tests/support/h2_model.h checks
 * them), at any split of the input; each head is read and written by HTTP/1.1.
 *
 * The first octet chooses: 1 small limits, 2 shared memory, 4 cut into pieces, 8 the rest is frames (behind the preface
 * and SETTINGS) instead of operations, 16 content is consumed as it comes, 32 and resets its stream, 64 requests are
 * answered at once.
 * An operation is an octet, and what it takes of the following ones: frames, with heads that are compressed for it, and
 * what an owner does.
 */
#include <nghttp2/nghttp2.h>

#include "tests/support/h2_model.h"
#include "tests/support/h2_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SMALL = 1, SHARED = 2, PIECES = 4, FRAMES = 8, CONSUMES = 16, RESETS = 32, ANSWERS = 64 };

#define FRAME_MAX 16384

static const struct h1_limits small_heads = {.line = 40, .field = 30, .head = 200, .fields = 6};
static const struct h1_limits large_heads = {.line = 8192, .field = 16384, .head = 65536, .fields = 128};
static const struct h2_limits small = {
	.streams = 3,
	.window = 65535,
	.connection_window = 65535,
	.budget = {3, 3, 3, 3, 3, 3, 3},
};
static const struct h2_limits large = {
	.streams = 40,
	.window = 100000,
	.connection_window = 200000,
	.budget = {1000, 1000, 1000, 1000, 1000, 1000, 1000},
};

struct run {
	struct h2_model model;
	nghttp2_hd_deflater *deflater;
	const uint8_t *p; /* the rest of the input */
	size_t n;
	unsigned flags;
	int32_t last; /* stream that was begun */
	bool over;    /* nothing more may be received */
	bool ours;    /* the visitor's windows and framing are as we left them */
};

/* -- the input ----------------------------------------------------------------------------------------------------- */

static uint8_t octet(struct run *r)
{
	if (r->n == 0)
		return 0;
	r->n--;
	return *r->p++;
}

static struct slice some(struct run *r, size_t n)
{
	struct slice s;

	n = n < r->n ? n : r->n;
	s = slice_of((const char *)r->p, n);
	r->p += n;
	r->n -= n;
	return s;
}

static const struct slice words[] = {
	SLICE_INIT(""),
	SLICE_INIT(":method"),
	SLICE_INIT(":scheme"),
	SLICE_INIT(":authority"),
	SLICE_INIT(":path"),
	SLICE_INIT(":protocol"),
	SLICE_INIT("host"),
	SLICE_INIT("cookie"),
	SLICE_INIT("content-length"),
	SLICE_INIT("te"),
	SLICE_INIT("expect"),
	SLICE_INIT("connection"),
	SLICE_INIT("transfer-encoding"),
	SLICE_INIT("upgrade"),
	SLICE_INIT("sec-websocket-key"),
	SLICE_INIT("x-forwarded-for"),
	SLICE_INIT("content_length"),
	SLICE_INIT("priority"),
	SLICE_INIT("x"),
	SLICE_INIT("GET"),
	SLICE_INIT("POST"),
	SLICE_INIT("OPTIONS"),
	SLICE_INIT("CONNECT"),
	SLICE_INIT("https"),
	SLICE_INIT("http"),
	SLICE_INIT("a.example"),
	SLICE_INIT("A.Example:443"),
	SLICE_INIT("/"),
	SLICE_INIT("/a?b"),
	SLICE_INIT("*"),
	SLICE_INIT("https://a.example/"),
	SLICE_INIT("websocket"),
	SLICE_INIT("trailers"),
	SLICE_INIT("100-continue"),
	SLICE_INIT("0"),
	SLICE_INIT("5"),
	SLICE_INIT("chunked"),
	SLICE_INIT("close"),
	SLICE_INIT("a=b; c=d"),
	SLICE_INIT("u=1, i"),
};

/* From 0 to nearly 2^31. */
static uint32_t some_number(struct run *r)
{
	uint32_t n = octet(r);

	return n << octet(r) % 24;
}

/* One of the words, or any octets. */
static struct slice word(struct run *r)
{
	uint8_t which = octet(r);

	return which < CG_COUNT(words) ? words[which] : some(r, which - CG_COUNT(words));
}

/* -- frames -------------------------------------------------------------------------------------------------------- */

static void give(struct run *r, struct slice in)
{
	size_t most = r->flags & PIECES ? 7 : SIZE_MAX;

	while (in.n && !r->over) {
		struct slice piece = slice_head(in, most);

		r->over = !h2_model_receive(&r->model, piece);
		in = slice_from(in, piece.n);
	}
}

static void put_number(char *p, uint32_t n)
{
	p[0] = (char)(n >> 24);
	p[1] = (char)(n >> 16);
	p[2] = (char)(n >> 8);
	p[3] = (char)n;
}

static void give_frame(struct run *r, unsigned type, unsigned flags, int32_t id, struct slice payload)
{
	char head[9];

	h2_frame_head(head, payload.n, type, flags, id);
	give(r, slice_of(head, sizeof head));
	give(r, payload);
}

static int32_t some_id(struct run *r)
{
	return 2 * (octet(r) % (H2_MODEL_STREAMS + 2)) + 1;
}

static int32_t new_id(struct run *r)
{
	r->last += 2;
	return r->last;
}

static nghttp2_nv nv(struct slice name, struct slice value)
{
	return (nghttp2_nv){(uint8_t *)(uintptr_t)(name.n ? name.p : ""),
			    (uint8_t *)(uintptr_t)(value.n ? value.p : ""), name.n, value.n, NGHTTP2_NV_FLAG_NONE};
}

static size_t usual_fields(nghttp2_nv *list, unsigned kind)
{
	static const char *const methods[] = {"GET", "POST", "HEAD", "CONNECT"};
	nghttp2_nv *w = list;

	*w++ = nv(SLICE(":method"), slice_str(methods[kind & 3]));
	*w++ = nv(SLICE(":scheme"), SLICE("https"));
	*w++ = nv(SLICE(":authority"), SLICE("a.example"));
	*w++ = nv(SLICE(":path"), SLICE("/"));
	if ((kind & 3) == 3)
		*w++ = nv(SLICE(":protocol"), SLICE("websocket"));
	return (size_t)(w - list);
}

/* A head compressed; some of its fields many times. */
static size_t head_block(struct run *r, unsigned kind, uint8_t *out, size_t size)
{
	nghttp2_nv list[300];
	size_t n = kind & 4 ? 0 : usual_fields(list, kind), more = octet(r) % 16;
	ssize_t length;

	while (more-- && n < 20) {
		struct slice name = word(r), value = word(r);

		list[n++] = nv(name, value);
	}
	for (size_t times = kind & 8 ? octet(r) : 0; n && times; times--, n++)
		list[n] = list[n - 1];
	length = nghttp2_hd_deflate_hd(r->deflater, out, size, list, n);
	return length > 0 ? (size_t)length : 0;
}

static void give_head(struct run *r, int32_t id, unsigned kind)
{
	static uint8_t block[4 * FRAME_MAX];
	struct slice rest = slice_of((const char *)block, head_block(r, kind, block, sizeof block));
	size_t pieces = kind & 32 ? octet(r) % 12 + 1u : 1, each = rest.n / pieces + 1;
	unsigned type = NGHTTP2_HEADERS, end = kind & 16 ? NGHTTP2_FLAG_END_STREAM : 0;

	each = each < FRAME_MAX ? each : FRAME_MAX;
	do {
		struct slice piece = slice_head(rest, each);

		rest = slice_from(rest, each);
		give_frame(r, type, end | (rest.n ? 0 : NGHTTP2_FLAG_END_HEADERS), id, piece);
		type = NGHTTP2_CONTINUATION;
		end = 0;
	} while (rest.n);
}

static void op_request(struct run *r)
{
	give_head(r, new_id(r), octet(r));
}

static void op_head_again(struct run *r)
{
	int32_t id = some_id(r);

	give_head(r, id, octet(r));
}

static void op_trailers(struct run *r)
{
	int32_t id = some_id(r);

	give_head(r, id, (octet(r) & 40) | 4 | 16);
}

static void op_data(struct run *r)
{
	static const char zeros[FRAME_MAX];
	int32_t id = some_id(r);
	unsigned kind = octet(r);
	size_t n = (kind & 3) == 3 ? FRAME_MAX : (kind & 3) * 100u + (kind >> 4);

	give_frame(r, NGHTTP2_DATA, kind & 8 ? NGHTTP2_FLAG_END_STREAM : 0, id, slice_of(zeros, n));
}

static void op_padded_data(struct run *r)
{
	int32_t id = some_id(r);

	/* Mostly well-formed: the first octet is the padding's length. */
	give_frame(r, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, id, some(r, octet(r)));
}

static void op_rst_stream(struct run *r)
{
	char code[4] = {0, 0, 0, (char)octet(r)};

	give_frame(r, NGHTTP2_RST_STREAM, 0, some_id(r), slice_of(code, 4));
}

static void op_window(struct run *r)
{
	char increment[4] = {0};
	int32_t id = octet(r);

	put_number(increment, some_number(r));
	r->ours = false;
	give_frame(r, NGHTTP2_WINDOW_UPDATE, 0, id, slice_of(increment, 4));
}

static void op_settings(struct run *r)
{
	char entry[6] = {0, (char)octet(r)};

	put_number(entry + 2, some_number(r));
	r->ours = false;
	give_frame(r, NGHTTP2_SETTINGS, 0, 0, slice_of(entry, 6));
}

static void op_ping(struct run *r)
{
	give_frame(r, NGHTTP2_PING, octet(r) & 1, 0, SLICE("12345678"));
}

static void op_frame(struct run *r)
{
	unsigned type = octet(r), flags = octet(r);
	int32_t id = octet(r);

	r->ours = false;
	give_frame(r, type, flags, id, some(r, octet(r)));
}

static void op_octets(struct run *r)
{
	r->ours = false;
	give(r, some(r, octet(r)));
}

/* -- what the owner does ------------------------------------------------------------------------------------------- */

static struct h2_model_stream *some_stream(struct run *r)
{
	return h2_model_stream(&r->model, some_id(r));
}

static void answer(struct h2_model *m, struct h2_model_stream *s, unsigned kind, struct slice fields)
{
	static const unsigned statuses[] = {200, 404, 304, 204, 101, 103, 100, 500};
	static const enum h1_body_kind kinds[] = {H1_BODY_NONE, H1_BODY_LENGTH, H1_BODY_CHUNKED, H1_BODY_CLOSE};
	const struct h1_framing framing = {.kind = kinds[kind >> 3 & 3], .length = kind, .has_length = kind & 32};

	if (!s->answered)
		(void)h2_model_answer(m, s, statuses[kind & 7], fields, &framing, kind & 64);
}

static void answer_at_once(struct h2_model *m, struct h2_model_stream *s)
{
	answer(m, s, (unsigned)s->id * 8, SLICE("Content-Type: text/plain\n"));
	if (s->answered)
		h2_model_say(m, s, (size_t)s->id * 30, s->id & 2);
}

static void op_answer(struct run *r)
{
	struct h2_model_stream *s = some_stream(r);
	unsigned kind = octet(r);
	struct slice fields = some(r, octet(r) % 64);

	if (s)
		answer(&r->model, s, kind, fields);
}

static void op_say(struct run *r)
{
	struct h2_model_stream *s = some_stream(r);
	unsigned kind = octet(r);

	if (!s || !s->answered)
		return;
	if (kind & 2)
		s->trailers = SLICE("x-sum:1\ny:\n");
	h2_model_say(&r->model, s, (kind >> 2) * 100u, kind & 1);
}

static void op_consume(struct run *r)
{
	struct h2_model_stream *s = some_stream(r);
	size_t n = octet(r) * 100u;

	if (s)
		h2_model_consume(&r->model, s, n);
}

static void op_reset(struct run *r)
{
	static const enum h2_code codes[] = {H2_NO_ERROR, H2_INTERNAL_ERROR, H2_CANCEL, H2_ENHANCE_YOUR_CALM};
	struct h2_model_stream *s = some_stream(r);
	uint8_t which = octet(r) & 3;

	if (s)
		h2_model_reset(&r->model, s, codes[which]);
}

static void op_resume(struct run *r)
{
	h2_resume(r->model.session, some_id(r));
}

static void op_send(struct run *r)
{
	r->model.room = octet(r) * 200u;
	h2_model_send(&r->model);
	r->model.out.n = 0;
}

static void op_connection(struct run *r)
{
	switch (octet(r) % 9) {
	case 0:
		h2_notice(r->model.session);
		break;
	case 1:
		h2_go_away(r->model.session);
		break;
	case 2:
		h2_terminate(r->model.session, H2_NO_ERROR);
		r->model.terminated = true;
		break;
	case 3:
		h2_rest(r->model.session);
		break;
	case 4:
		r->model.now_ms += H2_ABUSE_MS / 2;
		break;
	case 5:
		r->model.refuses = !r->model.refuses;
		break;
	case 6:
		r->model.consumes = !r->model.consumes;
		break;
	case 7:
		r->model.fails = true;
		break;
	case 8:
		(void)(h2_is_over(r->model.session) && h2_reads_head(r->model.session));
		break;
	}
}

static void (*const operations[])(struct run *) = {
	op_request, op_head_again, op_trailers, op_data,   op_padded_data, op_rst_stream,
	op_window,  op_settings,   op_ping,	op_frame,  op_octets,	   op_answer,
	op_say,	    op_consume,	   op_reset,	op_resume, op_send,	   op_connection,
};

/* -- runs ---------------------------------------------------------------------------------------------------------- */

static void begin(struct run *r, struct h2_memory *memory, const uint8_t *data, size_t size)
{
	*r = (struct run){.flags = data[0], .p = data + 1, .n = size - 1, .last = -1, .ours = true};
	h2_model_init(&r->model, r->flags & SMALL ? &small : &large, r->flags & SMALL ? &small_heads : &large_heads);
	CG_CHECK(h2_model_begin(&r->model, memory));
	CG_CHECK(nghttp2_hd_deflate_new(&r->deflater, 4096) == 0);
	r->model.consumes = r->flags & CONSUMES;
	r->model.resets = r->flags & RESETS;
	r->model.on_request = r->flags & ANSWERS ? answer_at_once : NULL;
	give(r, SLICE(NGHTTP2_CLIENT_MAGIC));
	give_frame(r, NGHTTP2_SETTINGS, 0, 0, slice_of(NULL, 0));
}

static void end(struct run *r)
{
	nghttp2_hd_deflate_del(r->deflater);
	h2_model_free(&r->model);
}

/* The visitor's windows as wide as they may be. */
static void make_room(struct run *r)
{
	char most[4];

	put_number(most, 0x7fff0000);
	give_frame(r, NGHTTP2_WINDOW_UPDATE, 0, 0, slice_of(most, 4));
	for (size_t i = 0; i < r->model.n; i++)
		give_frame(r, NGHTTP2_WINDOW_UPDATE, 0, r->model.streams[i].id, slice_of(most, 4));
}

static void finish(struct run *r)
{
	if (r->ours)
		make_room(r);
	h2_model_settle(&r->model, r->ours);
}

static void run_operations(struct run *r)
{
	while (r->n)
		operations[octet(r) % CG_COUNT(operations)](r);
	finish(r);
}

/*
 * Content that turns out to be too long was told as far as it came; who says goodbye is not listened to any more, but
 * what comes in one piece with it is.
 */
static bool depends_on_cuts(const struct h2_model *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->streams[i].code)
			return true;
	return m->left;
}

/* What is told does not depend on where the input is cut. */
static void run_frames(struct run *r, const uint8_t *data, size_t size)
{
	struct run cut;

	begin(&cut, NULL, data, size);
	cut.flags ^= PIECES;
	r->ours = cut.ours = false;
	give(r, some(r, r->n));
	give(&cut, some(&cut, cut.n));
	finish(r);
	finish(&cut);
	CG_CHECK(depends_on_cuts(&r->model) || depends_on_cuts(&cut.model) ||
		 slice_eq(buffer_slice(&r->model.events), buffer_slice(&cut.model.events)));
	end(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct h2_memory *shared;
	struct run r;

	if (size == 0 || size > 8192)
		return 0;
	if (!shared)
		shared = h2_memory_new(1);
	begin(&r, data[0] & SHARED ? shared : NULL, data, size);
	if (r.flags & FRAMES)
		run_frames(&r, data, size);
	else
		run_operations(&r);
	end(&r);
	return 0;
}
