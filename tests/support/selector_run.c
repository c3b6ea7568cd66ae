#include "tests/support/selector_run.h"

#include <stdlib.h>

static void print_hits(const struct selector_run *r, const struct html_token *token, const size_t *hits, size_t n,
		       struct buffer *out)
{
	const struct html_attribute *label = r->unlabelled ? NULL : html_attribute_find(token, SLICE("n"));
	struct slice name = label ? html_attribute_value(token, label) : token->name_raw;

	CG_CHECK(n <= SELECTOR_HITS_MAX);
	if (n == 0)
		return;
	buffer_printf(out, "%.*s", SLICE_ARG(name));
	for (size_t i = 0; i < n; i++) {
		CG_CHECK(i == 0 || hits[i - 1] < hits[i]);
		buffer_printf(out, " %zu", hits[i]);
	}
	buffer_add_char(out, '\n');
}

static void show(const struct selector_run *r, struct selector_matcher *m, const struct html_token *token,
		 struct buffer *scratch, struct buffer *out)
{
	size_t hits[SELECTOR_HITS_MAX];

	if (token->type == HTML_END_TAG)
		selector_matcher_end(m, token);
	if (token->type == HTML_START_TAG || (token->type == HTML_OVERSIZED && token->first && !token->end_tag))
		print_hits(r, token, hits, selector_matcher_start(m, token, scratch, hits), out);
}

/* Each piece is read from memory of its own. */
static bool feed(const struct selector_run *r, struct html_tokenizer *t, struct selector_matcher *m, struct slice piece,
		 struct buffer *scratch, struct buffer *out)
{
	char *copy = malloc(piece.n ? piece.n : 1);
	struct html_token token;

	if (!copy)
		return false;
	memcpy(copy, piece.n ? piece.p : "", piece.n);
	html_tokenizer_feed(t, slice_of(copy, piece.n));
	while (html_tokenizer_next(t, &token))
		show(r, m, &token, scratch, out);
	free(copy);
	return true;
}

bool selector_run(const struct selector_run *r, struct slice page, struct buffer *out)
{
	struct selector_matcher *m = selector_matcher_new(r->set);
	struct html_options options = {.max_tag = r->max_tag};
	struct html_tokenizer t;
	struct html_names names;
	struct html_token token;
	struct buffer scratch;
	bool read = true;

	if (!m)
		return false;
	html_names_init(&names);
	CG_CHECK(selectors_want(r->set, &names));
	if (r->every)
		html_names_want_all(&names, HTML_WANT_START | HTML_WANT_END);
	options.names = &names;
	html_tokenizer_init(&t, &options);
	buffer_init(&scratch, r->scratch ? r->scratch : 65536);
	if (r->cut)
		read = feed(r, &t, m, slice_head(page, r->cut), &scratch, out);
	for (struct slice rest = slice_from(page, r->cut); read && rest.n;) {
		size_t step = r->step ? r->step : rest.n;

		read = feed(r, &t, m, slice_head(rest, step), &scratch, out);
		rest = slice_from(rest, step);
	}
	html_tokenizer_finish(&t);
	while (html_tokenizer_next(&t, &token))
		show(r, m, &token, &scratch, out);
	html_tokenizer_free(&t);
	buffer_free(&scratch);
	selector_matcher_free(m);
	return read && !out->failed;
}
