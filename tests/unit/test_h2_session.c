/* A session as a visitor sees it, who speaks by libnghttp2. */
#include "tests/support/h2_client.h"
#include "tests/support/slice_assert.h"

#define GET    ":method: GET\n:scheme: https\n:authority: a.example\n:path: /\n"
#define POST   ":method: POST\n:scheme: https\n:authority: a.example\n:path: /\n"
#define CHAT   ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:authority: a.example\n:path: /\n"
#define GOT    "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n\n"
#define POSTED "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n\n"

static const struct h1_limits heads = {.line = 8192, .field = 16384, .head = 65536, .fields = 128};
static const struct h2_limits limits = {
	.streams = 10,
	.window = 65535,
	.connection_window = 131072,
	.budget = {50, 50, 50, 50, 50, 50, 50},
};
static const struct h1_framing chunked = {.kind = H1_BODY_CHUNKED};
static const struct h1_framing none = {.kind = H1_BODY_NONE};

struct pair {
	struct h2_client client;
	struct h2_model model;
};

static int begin(void **state)
{
	struct pair *p = calloc(1, sizeof *p);

	assert_non_null(p);
	h2_client_init(&p->client);
	h2_model_init(&p->model, &limits, &heads);
	assert_true(h2_model_begin(&p->model, NULL));
	*state = p;
	return 0;
}

static int end(void **state)
{
	struct pair *p = *state;

	h2_model_free(&p->model);
	h2_client_free(&p->client);
	free(p);
	return 0;
}

static void talk(struct pair *p)
{
	assert_true(h2_client_talk(&p->client, &p->model));
}

/* What came since the last question. */
static void assert_told(struct pair *p, const char *events)
{
	assert_slice(buffer_slice(&p->model.events), events);
	buffer_clear(&p->model.events);
	p->model.content_of = 0;
}

static void assert_heard(struct pair *p, const char *events)
{
	assert_slice(buffer_slice(&p->client.events), events);
	buffer_clear(&p->client.events);
	p->client.content_of = 0;
}

static struct h2_model_stream *ask(struct pair *p, const char *fields, size_t content)
{
	int32_t id = h2_client_request(&p->client, fields, content);
	struct h2_model_stream *s;

	talk(p);
	s = h2_model_stream(&p->model, id);
	assert_non_null(s);
	return s;
}

static void answer(struct pair *p, struct h2_model_stream *s, unsigned status, const char *fields, bool over)
{
	assert_true(h2_model_answer(&p->model, s, status, slice_str(fields), over ? &none : &chunked, over));
}

static void forget(struct pair *p)
{
	buffer_clear(&p->model.events);
	buffer_clear(&p->client.events);
	p->model.content_of = p->client.content_of = 0;
}

/* -- requests and responses ---------------------------------------------------------------------------------------- */

static void test_settings(void **state)
{
	struct pair *p = *state;
	nghttp2_session *ng = p->client.ng;

	talk(p);
	assert_int_equal(nghttp2_session_get_remote_settings(ng, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 10);
	assert_int_equal(nghttp2_session_get_remote_settings(ng, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), 65535);
	assert_int_equal(nghttp2_session_get_remote_settings(ng, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 65536);
	assert_int_equal(nghttp2_session_get_remote_settings(ng, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL), 1);
	assert_int_equal(nghttp2_session_get_remote_window_size(ng), 131072);
	assert_false(h2_is_over(p->model.session));
	assert_false(h2_reads_head(p->model.session));
	assert_told(p, "");
	assert_heard(p, "");
}

static void test_request_and_response(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	assert_told(p, "1 request " GOT "1 end\n");
	answer(p, s, 200, "Content-Type: text/plain\n", false);
	talk(p);
	assert_heard(p, "1 :status: 200\n1 content-type: text/plain\n");
	h2_model_say(&p->model, s, 3, false);
	talk(p);
	assert_heard(p, "1 content bbb\n");
	assert_told(p, "");
	h2_model_say(&p->model, s, 2, true);
	talk(p);
	assert_heard(p, "1 content bb\n1 end\n");
	assert_told(p, "1 said\n1 closed\n");
}

static void test_head_alone(void **state)
{
	struct pair *p = *state;

	answer(p, ask(p, GET, 0), 304, "ETag: x\n", true);
	talk(p);
	assert_heard(p, "1 :status: 304\n1 etag: x\n1 end\n");
	assert_told(p, "1 request " GOT "1 end\n1 said\n1 closed\n");
}

static void test_end_without_content(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	answer(p, s, 200, "", false);
	talk(p);
	h2_model_say(&p->model, s, 0, true);
	talk(p);
	assert_heard(p, "1 :status: 200\n1 end\n");
}

static void test_interim_responses(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	answer(p, s, 103, "Link: </a>\n", false);
	answer(p, s, 103, "Link: </b>\n", false);
	answer(p, s, 200, "", true);
	talk(p);
	assert_heard(p, "1 :status: 103\n1 link: </a>\n1 :status: 103\n1 link: </b>\n1 :status: 200\n1 end\n");
}

static void test_unwritable_response(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	assert_false(h2_model_answer(&p->model, s, 200, SLICE("A: b\rc\n"), &chunked, true));
	talk(p);
	assert_heard(p, "");
	answer(p, s, 500, "", true); /* the stream is as before */
	talk(p);
	assert_heard(p, "1 :status: 500\n1 end\n");
}

static void test_trailers(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	answer(p, s, 200, "", false);
	s->trailers = SLICE("x-sum:1\ny:\n");
	h2_model_say(&p->model, s, 3, true);
	talk(p);
	assert_heard(p, "1 :status: 200\n1 content bbb\n1 x-sum: 1\n1 y: \n1 end\n");
	assert_told(p, "1 request " GOT "1 end\n1 said\n1 closed\n");
}

static void test_streams_are_apart(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *a = ask(p, GET, 0), *b = ask(p, GET, 0);

	answer(p, b, 200, "", false);
	h2_model_say(&p->model, b, 2, true);
	talk(p);
	answer(p, a, 404, "", true);
	talk(p);
	assert_heard(p, "3 :status: 200\n3 content dd\n3 end\n1 :status: 404\n1 end\n");
}

static void test_refused_head(void **state)
{
	struct pair *p = *state;

	(void)ask(p, GET "host: b.example\n", 0);
	assert_told(p, "1 request Host field disagrees with the request target\n1 end\n");
	(void)h2_client_request(&p->client, GET "x: a\rb\n", 0);
	talk(p);
	assert_told(p, "");
	assert_heard(p, "reset 3 1\n");
	assert_false(h2_reads_head(p->model.session));
}

static void test_owner_without_memory(void **state)
{
	struct pair *p = *state;

	p->model.refuses = true;
	(void)h2_client_request(&p->client, POST, 100000);
	talk(p);
	assert_told(p, "");
	assert_heard(p, "reset 1 2\n");
	p->model.refuses = false;
	p->client.left = 0;
	(void)ask(p, GET, 0);
	assert_told(p, "3 request " GOT "3 end\n");
}

/* -- requests with content ----------------------------------------------------------------------------------------- */

static void test_content(void **state)
{
	struct pair *p = *state;

	(void)ask(p, POST, 5);
	assert_told(p, "1 request " POSTED "1 content qqqqq\n1 end\n");
	p->client.holds = true;
	(void)ask(p, POST "content-length: 3\n", 3);
	assert_told(p, "3 request POST / HTTP/1.1\r\nHost: a.example\r\ncontent-length: 3\r\n\r\n\n");
	p->client.holds = false;
	nghttp2_session_resume_data(p->client.ng, 3);
	talk(p);
	assert_told(p, "3 content qqq\n3 end\n");
}

static void test_content_of_another_length(void **state)
{
	struct pair *p = *state;

	(void)h2_client_request(&p->client, POST "content-length: 4\n", 5);
	talk(p);
	assert_told(
		p, "1 request POST / HTTP/1.1\r\nHost: a.example\r\ncontent-length: 4\r\n\r\n\n1 closed by an error\n");
	assert_heard(p, "reset 1 1\n");
	(void)h2_client_request(&p->client, POST "content-length: 6\n", 5);
	talk(p);
	assert_told(p, "3 request POST / HTTP/1.1\r\nHost: a.example\r\ncontent-length: 6\r\n\r\n\n3 content qqqqq\n"
		       "3 closed by an error\n");
	(void)h2_client_request(&p->client, GET "content-length: 6\n", 0);
	talk(p);
	assert_told(p, "");
	assert_heard(p, "reset 3 1\nreset 5 1\n");
}

/* As much comes as the windows have; then as much as was consumed. */
static void test_windows(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, POST, 400000);

	assert_int_equal(s->told, limits.window);
	h2_model_consume(&p->model, s, 1000); /* not worth a frame */
	talk(p);
	assert_int_equal(s->told, limits.window);
	h2_model_consume(&p->model, s, 40000);
	talk(p);
	assert_int_equal(s->told, limits.window + 41000);
	while (s->consumed < s->told) {
		h2_model_consume(&p->model, s, SIZE_MAX);
		talk(p);
	}
	assert_int_equal(s->told, 400000);
	assert_true(s->ended);
}

/* Streams share the connection's window; what a stream that is gone had kept comes back. */
static void test_window_of_connection(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *a = ask(p, POST, 65535), *b, *c;

	b = ask(p, POST, 65535);
	c = ask(p, POST, 65535);
	assert_int_equal(a->told + b->told + c->told, limits.connection_window);
	h2_model_reset(&p->model, a, H2_CANCEL);
	h2_model_reset(&p->model, b, H2_CANCEL);
	talk(p);
	assert_true(a->closed && b->closed && !c->closed);
	h2_model_consume(&p->model, a, SIZE_MAX);
	h2_model_consume(&p->model, b, SIZE_MAX);
	talk(p);
	assert_int_equal(c->told, 65535);
}

static void test_trailers_of_request(void **state)
{
	struct pair *p = *state;
	nghttp2_nv list = {(uint8_t *)(uintptr_t) "x-sum", (uint8_t *)(uintptr_t) "1", 5, 1, 0};

	p->client.holds = true;
	(void)ask(p, POST, 5);
	assert_int_equal(nghttp2_submit_trailer(p->client.ng, 1, &list, 1), 0);
	talk(p);
	assert_told(p, "1 request " POSTED "1 trailer x-sum\n1 end\n");
}

static void test_trailers_have_limits(void **state)
{
	struct pair *p = *state;
	nghttp2_nv list[200];
	size_t told = 0;

	for (size_t i = 0; i < CG_COUNT(list); i++)
		list[i] = (nghttp2_nv){(uint8_t *)(uintptr_t) "x", (uint8_t *)(uintptr_t) "1", 1, 1, 0};
	p->client.holds = true;
	(void)ask(p, POST, 5);
	forget(p);
	assert_int_equal(nghttp2_submit_trailer(p->client.ng, 1, list, CG_COUNT(list)), 0);
	talk(p);
	for (struct slice rest = buffer_slice(&p->model.events), line; slice_cut(rest, '\n', &line, &rest);)
		told += slice_eq(line, SLICE("1 trailer x"));
	assert_int_equal(told, heads.fields);
}

static void test_tunnel(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, CHAT, 4);

	assert_told(p, "1 tunnel GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
		       "Sec-WebSocket-Key: Y3J1bWJnYXRlIG92ZXIgaA==\r\n\r\n\n1 content qqqq\n1 end\n");
	answer(p, s, 101, "Upgrade: websocket\nConnection: upgrade\nSec-WebSocket-Accept: x\n", false);
	h2_model_say(&p->model, s, 2, true);
	talk(p);
	assert_heard(p, "1 :status: 200\n1 content bb\n1 end\n");
}

/* -- flow control of what is sent ---------------------------------------------------------------------------------- */

static void test_visitor_that_does_not_read(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *a, *b;

	p->client.keeps = true;
	a = ask(p, GET, 0);
	answer(p, a, 200, "", false);
	h2_model_say(&p->model, a, 70000, true);
	talk(p);
	assert_int_equal(a->waiting, 70000 - 65535);
	assert_false(a->said);
	/* The connection's window is used up, too, but heads are not in it. */
	b = ask(p, GET, 0);
	answer(p, b, 204, "", true);
	talk(p);
	assert_true(b->said);
	assert_int_equal(nghttp2_session_consume(p->client.ng, 1, 65535), 0);
	talk(p);
	assert_true(a->said && a->closed);
	assert_int_equal(a->waiting, 0);
}

static void test_no_room(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	answer(p, s, 200, "", false);
	h2_model_say(&p->model, s, 5000, true);
	p->model.room = 0;
	assert_true(h2_model_send(&p->model));
	assert_int_equal(p->model.out.n, 0);
	p->model.room = 1000;
	talk(p); /* takes what was written, and so makes room again */
	assert_true(s->said);
	assert_false(s->waiting);
}

static void test_writing_fails(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	answer(p, s, 200, "", false);
	talk(p);
	h2_model_say(&p->model, s, 10, true);
	p->model.fails = true;
	assert_false(h2_model_send(&p->model));
	p->model.fails = false;
	assert_false(h2_send(p->model.session)); /* for good */
	assert_int_equal(p->model.out.n, 0);
}

/* -- ends ---------------------------------------------------------------------------------------------------------- */

static void test_visitor_resets(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	answer(p, s, 200, "", false);
	talk(p);
	forget(p);
	assert_int_equal(nghttp2_submit_rst_stream(p->client.ng, 0, 1, NGHTTP2_CANCEL), 0);
	talk(p);
	assert_told(p, "1 closed by an error\n");
	assert_int_equal(s->code, NGHTTP2_CANCEL);
	assert_int_equal(p->model.abused[H2_ABUSE_RESETS], 0);
}

static void test_owner_resets(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	answer(p, s, 200, "", false);
	h2_model_say(&p->model, s, 5, false);
	talk(p);
	forget(p);
	h2_model_reset(&p->model, s, H2_INTERNAL_ERROR);
	talk(p);
	assert_told(p, "1 closed by an error\n");
	assert_heard(p, "reset 1 2\n");
}

/* RFC 9113 8.1: the response is complete, the rest of the request is of no use. */
static void test_request_that_nobody_reads(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s;

	p->client.holds = true;
	s = ask(p, POST, 5);
	answer(p, s, 413, "", true);
	talk(p);
	assert_told(p, "1 request " POSTED "1 said\n");
	h2_model_reset(&p->model, s, H2_NO_ERROR);
	talk(p);
	assert_told(p, "1 closed\n");
	assert_heard(p, "1 :status: 413\n1 end\nreset 1 0\n");
}

/* Those on their way are answered, those behind the last number are not. */
static void test_notice_and_go_away(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *a = ask(p, GET, 0), *b;

	h2_notice(p->model.session);
	assert_true(h2_model_send(&p->model));
	(void)h2_client_request(&p->client, GET, 0); /* on its way */
	talk(p);
	b = h2_model_stream(&p->model, 3);
	assert_non_null(b);
	assert_heard(p, "goaway 2147483647 0\n");
	h2_go_away(p->model.session);
	talk(p);
	assert_heard(p, "goaway 3 0\n");
	answer(p, a, 200, "", true);
	talk(p);
	assert_false(h2_is_over(p->model.session));
	answer(p, b, 200, "", true);
	talk(p);
	assert_heard(p, "1 :status: 200\n1 end\n3 :status: 200\n3 end\n");
	assert_true(h2_is_over(p->model.session));
}

static void test_terminate(void **state)
{
	struct pair *p = *state;

	(void)ask(p, GET, 0);
	forget(p);
	h2_terminate(p->model.session, H2_ENHANCE_YOUR_CALM);
	assert_false(h2_is_over(p->model.session));
	assert_true(h2_model_send(&p->model));
	assert_true(h2_is_over(p->model.session));
	talk(p);
	assert_heard(p, "goaway 1 11\n");
}

static void test_visitor_goes(void **state)
{
	struct pair *p = *state;
	struct h2_model_stream *s = ask(p, GET, 0);

	assert_int_equal(nghttp2_submit_goaway(p->client.ng, 0, 0, NGHTTP2_NO_ERROR, NULL, 0), 0);
	talk(p);
	assert_false(h2_is_over(p->model.session));
	answer(p, s, 200, "", true);
	talk(p);
	assert_true(s->closed && s->code == 0);
}

static void test_no_preface(void **state)
{
	struct pair *p = *state;

	assert_false(h2_model_receive(&p->model, SLICE("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")));
	assert_told(p, "");
	assert_true(h2_model_send(&p->model));
	assert_true(h2_is_over(p->model.session));
}

/* Nothing is kept for heads while there is none; the next one is read as any. */
static void test_rest(void **state)
{
	struct pair *p = *state;

	answer(p, ask(p, GET, 0), 200, "", true);
	talk(p);
	forget(p);
	h2_rest(p->model.session);
	(void)ask(p, GET "cookie: a=1\n", 0);
	assert_told(p, "3 request GET / HTTP/1.1\r\nHost: a.example\r\nCookie: a=1\r\n\r\n\n3 end\n");
}

#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_settings),
		T(test_request_and_response),
		T(test_head_alone),
		T(test_end_without_content),
		T(test_interim_responses),
		T(test_unwritable_response),
		T(test_trailers),
		T(test_streams_are_apart),
		T(test_refused_head),
		T(test_owner_without_memory),
		T(test_content),
		T(test_content_of_another_length),
		T(test_windows),
		T(test_window_of_connection),
		T(test_trailers_of_request),
		T(test_trailers_have_limits),
		T(test_tunnel),
		T(test_visitor_that_does_not_read),
		T(test_no_room),
		T(test_writing_fails),
		T(test_visitor_resets),
		T(test_owner_resets),
		T(test_request_that_nobody_reads),
		T(test_notice_and_go_away),
		T(test_terminate),
		T(test_visitor_goes),
		T(test_no_preface),
		T(test_rest),
	};

	return cmocka_run_group_tests_name("h2_session", tests, NULL, NULL);
}
