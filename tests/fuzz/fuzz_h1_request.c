/*
 * Request heads: the scan ends at the same place at any split; a naive parser agrees on what is taken and how it is
 * framed; what was taken and written again parses to the same message.
 * The first octet of the input chooses: 1 secure, 2 small limits.
 */
#include "tests/support/h1_naive.h"
#include "tests/support/h1_round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct h1_limits small = {.line = 40, .field = 30, .head = 200, .fields = 6};

static size_t scan(struct slice in, const struct h1_limits *limits)
{
	struct h1_scan whole = {0}, pieces = {0};
	enum h1_scan_result a, b = H1_SCAN_MORE;
	size_t length = 0, length_b = 0;

	a = h1_scan(&whole, limits, true, in, &length);
	for (size_t n = 0; n <= in.n && b == H1_SCAN_MORE; n++)
		b = h1_scan(&pieces, limits, true, slice_head(in, n), &length_b);
	CG_CHECK(a == b && whole.error == pieces.error && length == length_b);
	CG_CHECK(length == naive_head_length(in, limits, true));
	return length;
}

static void parse(struct slice in, const struct h1_limits *limits, bool secure)
{
	static struct naive_head naive;
	struct h1_framing framing;
	struct request req;
	struct arena arena;
	enum h1_error error;

	arena_init(&arena, 0, 1 << 20);
	error = h1_parse_request(in, limits, secure, &arena, &req, &framing);
	CG_CHECK(naive_head_length(in, limits, true) != in.n || !error == naive_request(in, secure, &naive));
	if (!error) {
		CG_CHECK(framing.kind == naive.kind && framing.has_length == naive.has_length &&
			 framing.length == naive.length && framing.keep_alive == naive.keep_alive &&
			 req.fields.n == naive.forwarded && slice_eq(req.method, naive.first));
		h1_round_trip(&req, &framing);
	}
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct h1_limits *limits = &H1_LIMITS_DEFAULT;
	struct slice in;
	size_t length;

	if (size == 0 || size > 4096)
		return 0;
	in = slice_of((const char *)data + 1, size - 1);
	if (data[0] & 2)
		limits = &small;
	length = scan(in, limits);
	parse(in, limits, data[0] & 1);
	if (length && length < in.n)
		parse(slice_head(in, length), limits, data[0] & 1);
	return 0;
}
