/*
 * A value of srcset, also read as one of refresh: URLs must lie in the value, one behind the other, and a value put
 * together of what was found must read the same.
 */
#include <stdint.h>

#include "rules/base/buffer.h"
#include "rules/html/refresh.h"
#include "rules/html/srcset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct slice part, struct slice s)
{
	return part.p >= s.p && part.p + part.n <= s.p + s.n;
}

static void check_refresh(struct slice value)
{
	struct slice url;

	if (!refresh_url(value, &url))
		return;
	CG_CHECK(url.n && is_within(url, value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice value = slice_of((const char *)data, size), rest = value, again;
	struct srcset_candidate a, b;
	struct buffer whole;

	check_refresh(value);
	buffer_init(&whole, 2 * size + 16);
	while (srcset_next(&rest, &a)) {
		CG_CHECK(a.url.n && is_within(a.url, value) && is_within(a.descriptors, value));
		CG_CHECK(a.url.p[0] != ',' && a.url.p[a.url.n - 1] != ',');
		CG_CHECK(is_within(rest, value) && rest.p >= a.url.p + a.url.n && rest.p >= a.descriptors.p);
		value = slice_from(value, (size_t)(rest.p - value.p));
		buffer_add(&whole, a.url);
		buffer_add_char(&whole, ' ');
		buffer_add(&whole, a.descriptors);
		buffer_add_char(&whole, ',');
	}
	CG_CHECK(rest.n == 0 && !whole.failed);
	rest = slice_of((const char *)data, size);
	again = buffer_slice(&whole);
	while (srcset_next(&rest, &a))
		CG_CHECK(srcset_next(&again, &b) && slice_eq(a.url, b.url));
	buffer_free(&whole);
	return 0;
}
