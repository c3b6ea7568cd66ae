#include "rules/html/refresh.h"

static struct slice skip_blanks(struct slice s)
{
	while (s.n && (unsigned char)s.p[0] <= ' ')
		s = slice_from(s, 1);
	return s;
}

/* Takes the time off, and what separates it from the URL. False if there is no time, or nothing separates them. */
static bool take_time(struct slice *s)
{
	struct slice rest = skip_blanks(*s), behind;

	if (rest.n == 0 || (!ascii_is_digit(rest.p[0]) && rest.p[0] != '.'))
		return false;
	while (rest.n && (ascii_is_digit(rest.p[0]) || rest.p[0] == '.'))
		rest = slice_from(rest, 1);
	behind = skip_blanks(rest);
	if (behind.n && (behind.p[0] == ';' || behind.p[0] == ','))
		*s = skip_blanks(slice_from(behind, 1));
	else
		*s = behind;
	return behind.n == 0 || s->n < rest.n;
}

/* Without "url =" in front; unchanged if it is not all there. */
static struct slice without_key(struct slice s)
{
	struct slice rest;

	if (!slice_istarts_with(s, SLICE("url")))
		return s;
	rest = skip_blanks(slice_from(s, 3));
	return rest.n && rest.p[0] == '=' ? skip_blanks(slice_from(rest, 1)) : s;
}

bool refresh_url(struct slice content, struct slice *url)
{
	if (!take_time(&content))
		return false;
	*url = without_key(content);
	if (url->n && (url->p[0] == '"' || url->p[0] == '\'')) {
		char quote = url->p[0];

		*url = slice_from(*url, 1);
		*url = slice_head(*url, slice_find_char(*url, quote));
	}
	return url->n > 0;
}
