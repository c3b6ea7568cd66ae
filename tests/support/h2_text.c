#include "tests/support/h2_text.h"

bool h2_text_next(struct slice *text, struct slice *name, struct slice *value)
{
	struct slice line;
	size_t n;

	if (!slice_cut(*text, '\n', &line, text))
		return false;
	n = slice_find(line, SLICE(": "));
	*name = slice_head(line, n);
	*value = slice_from(line, n + 2);
	return true;
}

static uint8_t *octets(struct slice s)
{
	return (uint8_t *)(uintptr_t)s.p;
}

size_t h2_text_list(struct slice text, nghttp2_nv *out, size_t most)
{
	struct slice name, value;
	size_t n = 0;

	while (n < most && h2_text_next(&text, &name, &value))
		out[n++] = (nghttp2_nv){octets(name), octets(value), name.n, value.n, NGHTTP2_NV_FLAG_NONE};
	return n;
}

bool h2_text_of(struct buffer *out, const nghttp2_nv *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buffer_add(out, slice_of((const char *)list[i].name, list[i].namelen));
		buffer_add(out, SLICE(": "));
		buffer_add(out, slice_of((const char *)list[i].value, list[i].valuelen));
		buffer_add_char(out, '\n');
	}
	return !out->failed;
}

void h2_frame_head(char out[9], size_t n, unsigned type, unsigned flags, int32_t id)
{
	const uint32_t stream = (uint32_t)id;
	const char head[9] = {(char)(n >> 16),	    (char)(n >> 8),	 (char)n,
			      (char)type,	    (char)flags,	 (char)(stream >> 24),
			      (char)(stream >> 16), (char)(stream >> 8), (char)stream};

	memcpy(out, head, sizeof head);
}

bool h2_frame_add(struct buffer *out, unsigned type, unsigned flags, int32_t id, struct slice payload)
{
	char head[9];

	h2_frame_head(head, payload.n, type, flags, id);
	return buffer_add(out, slice_of(head, sizeof head)) && buffer_add(out, payload);
}
