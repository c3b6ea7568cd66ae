#include "rules/http/link.h"

/* The length of the string in quotes that s begins with; 0 if it has no end. */
static size_t string_length(struct slice s)
{
	size_t i = 1;

	while (i < s.n && s.p[i] != '"')
		i += s.p[i] == '\\' ? 2 : 1;
	return i < s.n ? i + 1 : 0;
}

/*
 * Offset of the first `end` outside of strings, and of angle brackets if they part, or s.n. What lacks its own end is
 * none to some browsers, and to others all that follows is in it: then nothing is overlooked.
 */
static size_t part_length(struct slice s, char end, bool angles)
{
	bool quotes = true;
	size_t i = 0, n;

	while (i < s.n && s.p[i] != end) {
		n = 0;
		if (quotes && s.p[i] == '"') {
			n = string_length(slice_from(s, i));
			quotes = n > 0;
		} else if (angles && s.p[i] == '<') {
			n = slice_find_char(slice_from(s, i), '>') + 1;
			angles = i + n <= s.n;
		}
		i += n && i + n <= s.n ? n : 1;
	}
	return i;
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
	v->unclear = part_length(rest, '<', false) < rest.n || part_length(rest, '>', false) < rest.n;
	while (rest.n) {
		size_t n = part_length(rest, ';', false);

		read_parameter(v, slice_head(rest, n));
		rest = slice_from(rest, n + 1);
	}
}

bool link_next(struct slice *rest, struct link_value *out)
{
	while (rest->n) {
		size_t n = part_length(*rest, ',', true);

		*out = (struct link_value){.raw = slice_trim(slice_head(*rest, n))};
		*rest = slice_from(*rest, n + 1);
		if (!out->raw.n)
			continue;
		read_value(out);
		return true;
	}
	return false;
}
