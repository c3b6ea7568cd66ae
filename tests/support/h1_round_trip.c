#include "tests/support/h1_round_trip.h"
#include "tests/support/h1_naive.h"
#include "tests/support/h1_text.h"

void h1_round_trip(struct request *req, struct h1_framing *framing)
{
	const struct h1_limits wide = {.line = 1 << 18, .field = 1 << 18, .head = 1 << 18, .fields = 300};
	struct h1_framing again_framing;
	struct request again;
	struct buffer head, a, b;
	struct arena arena;

	buffer_init(&head, 1 << 18);
	buffer_init(&a, 1 << 18);
	buffer_init(&b, 1 << 18);
	arena_init(&arena, 0, 1 << 20);
	CG_CHECK(h1_write_request(&head, req, framing));
	CG_CHECK(naive_head_length(buffer_slice(&head), &wide, true) == head.n);
	CG_CHECK(!h1_parse_request(buffer_slice(&head), &wide, req->secure, &arena, &again, &again_framing));
	if (!framing->keep_alive) /* "Connection: close" is written, and nominates a field of that name */
		fields_remove_name(&req->fields, SLICE("close"));
	req->minor = 1;		      /* always written */
	framing->te_trailers = false; /* never written */
	CG_CHECK(h1_text_request(&a, req, framing) && h1_text_request(&b, &again, &again_framing));
	CG_CHECK(slice_eq(buffer_slice(&a), buffer_slice(&b)));
	arena_free(&arena);
	buffer_free(&head);
	buffer_free(&a);
	buffer_free(&b);
}
