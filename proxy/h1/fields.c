#include "proxy/h1/internal.h"

enum h1_error h1_no_crlf(struct slice rest)
{
	if (rest.n == 0)
		return H1_E_INCOMPLETE;
	if (rest.p[0] == '\r')
		return H1_E_BARE_CR;
	return rest.p[0] == '\n' ? H1_E_BARE_LF : H1_E_CONTROL;
}

/* What is wrong where a field name should have ended with ':'. */
static enum h1_error name_error(struct slice at, size_t name_length)
{
	if (at.n == 0)
		return H1_E_INCOMPLETE;
	if (at.p[0] == ' ' || at.p[0] == '\t')
		return name_length ? H1_E_BLANK_BEFORE_COLON : H1_E_OBS_FOLD;
	if (at.p[0] == '\r' && at.n > 1 && at.p[1] == '\n')
		return H1_E_NO_COLON;
	return h1_is(H1_VALUE, at.p[0]) ? H1_E_FIELD_NAME : h1_no_crlf(at);
}

static bool ends_name(struct slice in, size_t n)
{
	return n > 0 && n < in.n && in.p[n] == ':';
}

enum h1_error h1_take_field(struct slice *rest, const struct h1_limits *limits, struct field *f, bool *odd)
{
	const struct slice in = *rest;
	size_t name = h1_plain_span(in), value;
	struct slice at;

	if (!ends_name(in, name)) {
		*odd = true;
		name = h1_token_span(in);
		if (!ends_name(in, name))
			return name_error(slice_from(in, name), name);
	}
	at = slice_of(in.p + name + 1, in.n - name - 1);
	value = h1_value_span(at);
	if (name + 1 + value > limits->field)
		return H1_E_FIELD_TOO_LONG;
	f->name = slice_head(in, name);
	f->value = slice_trim(slice_of(at.p, value));
	f->id = field_id_of(f->name);
	*rest = slice_of(at.p + value, at.n - value);
	return h1_take_crlf(rest);
}

bool h1_field_is_end_to_end(enum field_id id, struct slice name)
{
	if (id != FIELD_OTHER)
		return !(field_flags(id) & FIELD_FLAG_HOP);
	return slice_istarts_with(name, SLICE("Sec-")) || slice_istarts_with(name, SLICE("X-Forwarded-")) ||
	       slice_istarts_with(name, SLICE("Crumbgate-")) || slice_ieq(name, SLICE("Origin"));
}

static bool is_plain(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!h1_is(H1_PLAIN, name.p[i]))
			return false;
	return true;
}

bool h1_field_is_lookalike(struct slice name)
{
	char plain[64]; /* longer than any name in question; of the rest only the start counts */
	size_t n = name.n < sizeof plain ? name.n : sizeof plain;

	if (is_plain(name))
		return false;
	for (size_t i = 0; i < n; i++)
		plain[i] = h1_is(H1_PLAIN, name.p[i]) ? name.p[i] : '-';
	return field_id_of(slice_of(plain, n)) != FIELD_OTHER ||
	       h1_field_is_end_to_end(FIELD_OTHER, slice_of(plain, n));
}
