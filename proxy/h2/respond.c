#include "proxy/h2/internal.h"
#include "rules/base/octets.h"

static uint8_t *as_octets(struct slice s)
{
	return (uint8_t *)(uintptr_t)s.p;
}

static nghttp2_nv field(struct slice name, struct slice value)
{
	return (nghttp2_nv){.name = as_octets(name), .namelen = name.n, .value = as_octets(value), .valuelen = value.n};
}

/* RFC 9113 8.2.1; *room is advanced, and whole blocks are written into it. */
static struct slice lower(char **room, struct slice name)
{
	char *p = *room;

	for (size_t i = 0; i < name.n; i += OCTETS) {
		octets v = octets_load_short(name.p + i, name.n - i);

		v |= (octets)(v - 'A' < 26) & 0x20;
		memcpy(p + i, &v, sizeof v);
	}
	*room += name.n;
	return slice_of(p, name.n);
}

static struct slice number(char **room, uint64_t n)
{
	char *at = *room;

	*room += 20;
	return slice_of_u64(at, n);
}

/* Octets for all names in lower case, for two numbers, and to fill the last block. */
static char *make_room(const struct fields *fields, struct arena *arena)
{
	size_t n = 40 + OCTETS;

	for (size_t i = 0; i < fields->n; i++)
		n += fields->v[i].name.n;
	return arena_alloc(arena, n);
}

static bool is_for_connection(const struct field *f)
{
	return (field_flags(f->id) & FIELD_FLAG_CODEC) != 0;
}

/* RFC 8441 5: of no use in HTTP/2, as is the key. */
static bool answers_key(const struct field *f)
{
	return slice_ieq(f->name, SLICE("Sec-WebSocket-Accept"));
}

static bool tells_length(const struct response *response, const struct h1_framing *framing)
{
	if (response->status < 200 || response->status == 204)
		return false;
	return framing->kind == H1_BODY_LENGTH || (framing->kind == H1_BODY_NONE && framing->has_length);
}

nghttp2_nv *h2_response_fields(const struct response *response, const struct h1_framing *framing, struct arena *arena,
			       size_t *n)
{
	const struct fields *fields = &response->fields;
	nghttp2_nv *list = arena_calloc(arena, fields->n + 2, sizeof *list), *w = list;
	char *room = make_room(fields, arena);

	if (!list || !room)
		return NULL;
	*w++ = field(SLICE(":status"), number(&room, response->status == 101 ? 200 : response->status));
	for (size_t i = 0; i < fields->n; i++) {
		const struct field *f = &fields->v[i];

		if (is_for_connection(f) || (response->status == 101 && answers_key(f)))
			continue;
		if (!h1_is_writable(f))
			return NULL;
		*w++ = field(lower(&room, f->name), f->value);
	}
	if (tells_length(response, framing))
		*w++ = field(SLICE("content-length"), number(&room, framing->length));
	*n = (size_t)(w - list);
	return list;
}

/* -- trailers ------------------------------------------------------------------------------------------------------ */

bool h2_trailers_text(struct buffer *out, const struct fields *trailers)
{
	for (size_t i = 0; i < trailers->n; i++) {
		const struct field *f = &trailers->v[i];

		if (!h1_is_trailer(f->name) || !h1_is_writable(f))
			continue;
		for (size_t k = 0; k < f->name.n; k++)
			buffer_add_char(out, ascii_lower(f->name.p[k]));
		buffer_add_char(out, ':');
		buffer_add(out, f->value);
		buffer_add_char(out, '\n');
	}
	return !out->failed;
}

size_t h2_trailers_list(struct slice text, nghttp2_nv *out, size_t most)
{
	struct slice line, name, value;
	size_t n = 0;

	while (n < most && slice_cut(text, '\n', &line, &text))
		if (slice_cut(line, ':', &name, &value))
			out[n++] = field(name, value);
	return n;
}
