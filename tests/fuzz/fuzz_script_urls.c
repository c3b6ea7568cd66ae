/*
 * Script text: candidates must lie in it one behind the other, look as promised, and be found again where other text
 * stands behind them.
 */
#include <stdint.h>

#include "rules/html/script_urls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct slice text, size_t begin, const struct script_url *found, const struct buffer *scratch)
{
	static const char ends[] = "\"'`<> \t\r\n\f";
	size_t slashes;

	CG_CHECK(found->raw.p >= text.p + begin && found->raw.p + found->raw.n <= text.p + text.n);
	CG_CHECK(!scratch->failed && found->url.n <= found->raw.n && found->url.n > 2);
	CG_CHECK((found->url.p == found->raw.p) == (slice_find_char(found->raw, '\\') == found->raw.n));
	slashes = slice_find(found->url, SLICE("//"));
	CG_CHECK(slashes <= strlen("https:") && (!slashes || found->url.p[slashes - 1] == ':'));
	for (size_t i = 0; i < found->url.n; i++)
		CG_CHECK(!memchr(ends, found->url.p[i], sizeof ends) && found->url.p[i] != '\\');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size), rest = text;
	struct script_url found;
	struct buffer scratch, again;
	size_t begin = 0;

	buffer_init(&scratch, size + 1);
	buffer_init(&again, size + 1);
	while (script_urls_next(&rest, &scratch, &found)) {
		struct slice front = slice_of(text.p + begin, (size_t)(found.raw.p - text.p) - begin + found.raw.n);
		struct script_url same;

		check(text, begin, &found, &scratch);
		CG_CHECK(script_urls_next(&front, &again, &same) && slice_eq(same.url, found.url));
		begin = (size_t)(found.raw.p - text.p) + found.raw.n;
		CG_CHECK(rest.p == text.p + begin || rest.n == 0);
	}
	CG_CHECK(rest.n == 0);
	for (rest = text; script_imports_next(&rest, &found.raw);)
		CG_CHECK(found.raw.p + found.raw.n == rest.p && rest.p + rest.n == text.p + text.n);
	buffer_free(&scratch);
	buffer_free(&again);
	return 0;
}
