#include "rules/http/link.h"

/* Offset of the first `end` outside angle brackets and quotes, or s.n. */
static size_t part_length(struct slice s, char end)
{
	bool quoted = false, angle = false;
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"' && !angle)
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (c == '<' || c == '>')
			angle = c == '<';
		else if (c == end && !angle)
			break;
	}
	return i < s.n ? i : s.n;
}

static struct slice unquote(struct slice s)
{
	s = slice_trim(s);
	if (s.n && s.p[0] == '"') {
		s = slice_from(s, 1);
		if (s.n && s.p[s.n - 1] == '"')
			s.n--;
	}
	return slice_trim(s);
}

static void read_parameter(struct link_value *v, struct slice parameter)
{
	struct slice name, value;
	struct slice *to;

	if (!slice_cut(parameter, '=', &name, &value))
		return;
	name = slice_trim(name);
	if (slice_ieq(name, SLICE("rel")))
		to = &v->rel;
	else if (slice_ieq(name, SLICE("as")))
		to = &v->as;
	else if (slice_ieq(name, SLICE("imagesrcset")))
		to = &v->imagesrcset;
	else
		return;
	if (!to->p)
		*to = unquote(value);
}

static void read_value(struct link_value *v)
{
	size_t end = slice_find_char(v->raw, '>');
	struct slice rest;

	if (v->raw.p[0] != '<' || end == v->raw.n)
		return;
	v->valid = true;
	v->target = slice_trim(slice_from(slice_head(v->raw, end), 1));
	rest = slice_from(v->raw, end + 1);
	while (rest.n) {
		size_t n = part_length(rest, ';');

		read_parameter(v, slice_head(rest, n));
		rest = slice_from(rest, n + 1);
	}
}

bool link_next(struct slice *rest, struct link_value *out)
{
	while (rest->n) {
		size_t n = part_length(*rest, ',');

		*out = (struct link_value){.raw = slice_trim(slice_head(*rest, n))};
		*rest = slice_from(*rest, n + 1);
		if (!out->raw.n)
			continue;
		read_value(out);
		return true;
	}
	return false;
}
