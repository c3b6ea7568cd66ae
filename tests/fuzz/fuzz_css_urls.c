/*
 * CSS text: URLs must lie in it one behind the other, as many as behind a comment that makes the reader look closely;
 * with each replaced as the header says, the same number must be found, all of them the replacement.
 */
#include <stdint.h>

#include "rules/html/css_urls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct css_url *found)
{
	char last = found->raw.p[found->raw.n - 1];
	bool escaped = slice_find_char(found->raw, '\\') < found->raw.n || memchr(found->raw.p, 0, found->raw.n);

	CG_CHECK(escaped ||
		 (found->url.p > found->raw.p && found->url.p + found->url.n <= found->raw.p + found->raw.n));
	if (found->raw.p[0] == '"' || found->raw.p[0] == '\'')
		CG_CHECK(found->raw.n < 2 || last == found->raw.p[0] || found->url.n <= 3 * found->raw.n);
	else
		CG_CHECK(slice_find_char(found->raw, '(') < found->raw.n);
}

/* Returns how many URLs there are; the text with others in their place goes to out. */
static size_t replace(struct slice text, struct buffer *out, struct buffer *scratch)
{
	struct css_urls it;
	struct css_url found;
	size_t n = 0;

	css_urls_init(&it, text);
	for (; css_urls_next(&it, scratch, &found); n++) {
		bool string = found.raw.p[0] == '"' || found.raw.p[0] == '\'';

		check(&found);
		CG_CHECK(!scratch->failed);
		CG_CHECK(found.raw.p >= text.p && found.raw.n <= text.n - (size_t)(found.raw.p - text.p));
		buffer_add(out, slice_of(text.p, (size_t)(found.raw.p - text.p)));
		buffer_add_str(out, string ? "\"data:,\"" : "url(\"data:,\")");
		text = slice_from(text, (size_t)(found.raw.p - text.p) + found.raw.n);
	}
	buffer_add(out, text);
	CG_CHECK(!out->failed);
	return n;
}

static size_t count(struct slice text, struct buffer *scratch)
{
	struct css_urls it;
	struct css_url found;
	size_t n = 0;

	css_urls_init(&it, text);
	while (css_urls_next(&it, scratch, &found))
		n++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct buffer out, scratch;
	struct css_urls it;
	struct css_url found;
	size_t n;

	buffer_init(&out, 10 * size + 16);
	buffer_init(&scratch, 3 * size + 16);
	buffer_add_str(&out, "/*\\*/");
	buffer_add(&out, text);
	n = count(buffer_slice(&out), &scratch);
	buffer_clear(&out);
	CG_CHECK(replace(text, &out, &scratch) == n);
	css_urls_init(&it, buffer_slice(&out));
	for (; css_urls_next(&it, &scratch, &found); n--)
		CG_CHECK(n > 0 && slice_eq(found.url, SLICE("data:,")));
	CG_CHECK(n == 0);
	buffer_free(&out);
	buffer_free(&scratch);
	return 0;
}
