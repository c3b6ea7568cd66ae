/* Any lines as values of Accept-Encoding and Content-Encoding: what is chosen is allowed, what is stacked is known. */
#include <stdlib.h>

#include "proxy/coding/coding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_accept(const struct fields *f)
{
	struct coding_accept accept;
	enum coding chosen;
	bool any = false;

	coding_accept_parse(f, &accept);
	for (unsigned c = 0; c < CODINGS; c++)
		CG_CHECK(accept.weight[c] <= 2000);
	for (size_t i = 0; i < CODING_OFFERS_N; i++)
		any |= coding_accept_allows(&accept, CODING_OFFERS[i]);
	any |= coding_accept_allows(&accept, CODING_IDENTITY);
	CG_CHECK(coding_accept_choose(&accept, CODING_OFFERS, CODING_OFFERS_N, &chosen) == any);
	CG_CHECK(any ? coding_accept_allows(&accept, chosen) : chosen == CODING_IDENTITY);
	CG_CHECK(chosen != CODING_DEFLATE);
	for (unsigned c = 0; any && c < CODINGS; c++)
		CG_CHECK(c == CODING_DEFLATE || accept.weight[c] <= accept.weight[chosen]);
}

static void check_stack(const struct fields *f)
{
	enum coding_stack_result r;
	struct coding_stack stack;
	struct slice culprit;

	r = coding_stack_parse(f, &stack, &culprit);
	CG_CHECK(stack.n <= CODING_STACK_MAX);
	CG_CHECK((r == CODING_STACK_OK) == (culprit.n == 0));
	for (size_t i = 0; i < stack.n; i++)
		CG_CHECK(stack.v[i] > CODING_IDENTITY && stack.v[i] < CODINGS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size), line;
	struct fields accept, content;
	struct arena arena;

	arena_init(&arena, 4096, 1 << 20);
	fields_init(&accept, &arena);
	fields_init(&content, &arena);
	while (rest.n && accept.n < 100) {
		slice_cut(rest, '\n', &line, &rest);
		if (!fields_add(&accept, SLICE("Accept-Encoding"), line) ||
		    !fields_add(&content, SLICE("Content-Encoding"), line))
			break;
	}
	check_accept(&accept);
	check_stack(&content);
	arena_free(&arena);
	return 0;
}
