#include "proxy/config/report.h"

/* Line number `line` of the text, counted from 1, without its end. */
static struct slice line_of(struct slice text, unsigned line)
{
	struct slice found = {0};

	for (unsigned i = 0; i < line; i++) {
		if (!text.n)
			return text;
		(void)slice_cut(text, '\n', &found, &text);
	}
	return found.n && found.p[found.n - 1] == '\r' ? slice_head(found, found.n - 1) : found;
}

static void add_source(struct position *at, struct slice text)
{
	size_t indent = 0;

	at->source = line_of(text, at->line);
	while (indent < at->source.n && (at->source.p[indent] == ' ' || at->source.p[indent] == '\t'))
		indent++;
	if (at->column <= indent)
		at->column = (unsigned)indent + 1;
}

/* Index of the first diagnostic of the same file: the order of the files. */
static size_t file_rank(const struct diagnostic *v, size_t n, struct slice file)
{
	size_t i = 0;

	while (i < n && !slice_eq(v[i].at.file, file))
		i++;
	return i;
}

static bool precedes(const struct diagnostic *a, const struct diagnostic *b)
{
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line;
	return a->at.column < b->at.column;
}

void report_order(struct diagnostics *d, struct slice path, struct slice text)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].at.line && !d->v[i].at.source.n && slice_eq(d->v[i].at.file, path))
			add_source(&d->v[i].at, text);
	/* Stable insertion: there are at most DIAGNOSTICS_MAX. What is sorted already keeps the order of the files. */
	for (size_t i = 1; i < d->n; i++) {
		struct diagnostic x = d->v[i];
		size_t rank = file_rank(d->v, i, x.at.file), at = i;

		while (at && rank < i &&
		       (file_rank(d->v, i, d->v[at - 1].at.file) > rank ||
			(slice_eq(d->v[at - 1].at.file, x.at.file) && precedes(&x, &d->v[at - 1])))) {
			d->v[at] = d->v[at - 1];
			at--;
		}
		d->v[at] = x;
	}
}
