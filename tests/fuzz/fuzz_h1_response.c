/*
 * Response heads, as fuzz_h1_request.c does for requests.
 * The first octet of the input chooses: 1 the request was HEAD, 2 small limits, 4 an upgrade was asked for.
 */
#include "tests/support/h1_naive.h"
#include "tests/support/h1_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct h1_limits small = {.line = 40, .field = 30, .head = 200, .fields = 6};

static size_t scan(struct slice in, const struct h1_limits *limits)
{
	struct h1_scan whole = {0}, pieces = {0};
	enum h1_scan_result a, b = H1_SCAN_MORE;
	size_t length = 0, length_b = 0;

	a = h1_scan(&whole, limits, false, in, &length);
	for (size_t n = 0; n <= in.n && b == H1_SCAN_MORE; n++)
		b = h1_scan(&pieces, limits, false, slice_head(in, n), &length_b);
	CG_CHECK(a == b && whole.error == pieces.error && length == length_b);
	CG_CHECK(length == naive_head_length(in, limits, false));
	return length;
}

static void write_and_read_again(const struct response *resp, struct h1_framing *framing, struct slice method)
{
	const struct h1_limits wide = {.line = 1 << 18, .field = 1 << 18, .head = 1 << 18, .fields = 300};
	struct h1_framing again_framing;
	struct response again;
	struct buffer head, a, b;
	struct arena arena;

	buffer_init(&head, 1 << 18);
	buffer_init(&a, 1 << 18);
	buffer_init(&b, 1 << 18);
	arena_init(&arena, 0, 1 << 20);
	CG_CHECK(h1_write_response(&head, resp, framing, 1));
	CG_CHECK(naive_head_length(buffer_slice(&head), &wide, false) == head.n);
	CG_CHECK(!h1_parse_response(buffer_slice(&head), &wide, method, true, &arena, &again, &again_framing));
	if (resp->status < 200)
		framing->keep_alive = true; /* the connection's end is told by the final response */
	CG_CHECK(h1_text_response(&a, resp, framing) && h1_text_response(&b, &again, &again_framing));
	CG_CHECK(slice_eq(buffer_slice(&a), buffer_slice(&b)));
	arena_free(&arena);
	buffer_free(&head);
	buffer_free(&a);
	buffer_free(&b);
}

static void parse(struct slice in, const struct h1_limits *limits, struct slice method, bool upgrade)
{
	static struct naive_head naive;
	struct h1_framing framing;
	struct response resp;
	struct arena arena;
	enum h1_error error;

	arena_init(&arena, 0, 1 << 20);
	error = h1_parse_response(in, limits, method, upgrade, &arena, &resp, &framing);
	CG_CHECK(naive_head_length(in, limits, false) != in.n || !error == naive_response(in, method, upgrade, &naive));
	if (!error) {
		CG_CHECK(framing.kind == naive.kind && framing.has_length == naive.has_length &&
			 framing.length == naive.length && framing.keep_alive == naive.keep_alive &&
			 resp.fields.n == naive.forwarded && slice_eq(resp.reason, naive.third));
		write_and_read_again(&resp, &framing, method);
	}
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct h1_limits *limits = &H1_LIMITS_DEFAULT;
	struct slice in, method;
	size_t length;

	if (size == 0 || size > 4096)
		return 0;
	in = slice_of((const char *)data + 1, size - 1);
	method = data[0] & 1 ? SLICE("HEAD") : SLICE("GET");
	if (data[0] & 2)
		limits = &small;
	length = scan(in, limits);
	parse(in, limits, method, data[0] & 4);
	if (length && length < in.n)
		parse(slice_head(in, length), limits, method, data[0] & 4);
	return 0;
}
