#include "proxy/h1/internal.h"

/* RFC 9112 2.2 asks to ignore at least one empty line before a request line; old clients send one after a POST. */
#define EMPTY_LINES_MAX 4

static enum h1_scan_result refuse(struct h1_scan *s, enum h1_error error)
{
	s->error = error;
	return H1_SCAN_ERROR;
}

static enum h1_error check_length(const struct h1_scan *s, const struct h1_limits *limits, struct slice line)
{
	if (!h1_line_too_long(line, s->lines ? limits->field : limits->line))
		return H1_OK;
	return s->lines ? H1_E_FIELD_TOO_LONG : H1_E_LINE_TOO_LONG;
}

/*
 * The first octet of the start line tells a peer that speaks something else (TLS to a plain port, a desynchronised
 * connection) at once, without waiting for a line end that may never come.
 */
static bool starts_well(const struct h1_scan *s, bool request, struct slice in)
{
	char c;

	if (s->lines)
		return true;
	c = in.p[s->line];
	return c == '\r' || c == '\n' || (request ? h1_is(H1_TCHAR, c) : c == 'H');
}

/* A complete line, without its LF. H1_SCAN_END if it ends the head, H1_SCAN_MORE to go on. */
static enum h1_scan_result end_line(struct h1_scan *s, const struct h1_limits *limits, bool request, struct slice line)
{
	enum h1_error error = check_length(s, limits, line);

	if (error)
		return refuse(s, error);
	if (line.n == 0 || line.p[line.n - 1] != '\r')
		return refuse(s, H1_E_BARE_LF);
	if (line.n == 1 && s->lines)
		return H1_SCAN_END;
	if (line.n == 1) {
		if (!request || s->start == 2 * EMPTY_LINES_MAX)
			return refuse(s, H1_E_EMPTY_LINES);
		s->start += 2;
		return H1_SCAN_MORE;
	}
	if (s->lines > limits->fields)
		return refuse(s, H1_E_TOO_MANY_FIELDS);
	s->lines++;
	return H1_SCAN_MORE;
}

enum h1_scan_result h1_scan(struct h1_scan *s, const struct h1_limits *limits, bool request, struct slice in,
			    size_t *length)
{
	struct slice seen = slice_head(in, limits->head);
	enum h1_error error;

	if (s->error)
		return H1_SCAN_ERROR;
	while (s->pos < seen.n) {
		const char *lf;
		struct slice line;
		enum h1_scan_result result;

		if (!starts_well(s, request, seen))
			return refuse(s, request ? H1_E_METHOD : H1_E_VERSION);
		lf = memchr(seen.p + s->pos, '\n', seen.n - s->pos);
		if (!lf) {
			s->pos = seen.n;
			break;
		}
		line = slice_of(seen.p + s->line, (size_t)(lf - seen.p) - s->line);
		s->pos = (size_t)(lf - seen.p) + 1;
		result = end_line(s, limits, request, line);
		s->line = s->pos;
		if (result == H1_SCAN_END)
			*length = s->pos;
		if (result != H1_SCAN_MORE)
			return result;
	}
	error = check_length(s, limits, slice_from(seen, s->line));
	if (!error && in.n >= limits->head)
		error = H1_E_HEAD_TOO_LONG;
	return error ? refuse(s, error) : H1_SCAN_MORE;
}
