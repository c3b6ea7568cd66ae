#include "rules/html/srcset.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static struct slice trimmed(struct slice s)
{
	while (s.n && is_blank(s.p[0]))
		s = slice_from(s, 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Up to the comma that ends the candidate, which is none within parentheses. Takes the comma off too. */
static struct slice take_descriptors(struct slice *rest)
{
	struct slice descriptors;
	bool inside = false;
	size_t n = 0;

	for (; n < rest->n && (inside || rest->p[n] != ','); n++) {
		if (rest->p[n] == '(')
			inside = true;
		else if (rest->p[n] == ')')
			inside = false;
	}
	descriptors = trimmed(slice_head(*rest, n));
	*rest = slice_from(*rest, n + 1);
	return descriptors;
}

bool srcset_next(struct slice *rest, struct srcset_candidate *candidate)
{
	size_t n = 0;
	bool ended;

	while (rest->n && (is_blank(rest->p[0]) || rest->p[0] == ','))
		*rest = slice_from(*rest, 1);
	if (rest->n == 0)
		return false;
	while (n < rest->n && !is_blank(rest->p[n]))
		n++;
	candidate->url = slice_head(*rest, n);
	*rest = slice_from(*rest, n);
	ended = candidate->url.p[n - 1] == ',';
	while (candidate->url.p[candidate->url.n - 1] == ',')
		candidate->url.n--;
	candidate->descriptors = ended ? slice_head(*rest, 0) : take_descriptors(rest);
	return true;
}
