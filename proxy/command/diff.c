#include "proxy/command/diff.h"

#include <stdint.h>
#include <stdlib.h>

#define CONTEXT	  3
#define TABLE_MAX (16u * 1024 * 1024) /* cells; above it all lines between the first and last change are replaced */

struct lines {
	struct slice *v;
	size_t n;
};

struct diff {
	struct lines a, b;
	size_t same_begin, same_end; /* equal lines at both ends */
	uint32_t *table; /* (n + 1) x (m + 1): length of the longest common subsequence of the tails; NULL: too large */
	size_t n, m;	 /* lines between the equal ends */
	/* The script: ' ', '-' or '+' a line. */
	char *script;
	size_t steps;
};

static bool split(struct slice text, struct lines *out)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	out->v = calloc(n, sizeof *out->v);
	if (!out->v)
		return false;
	while (text.n)
		(void)slice_cut(text, '\n', &out->v[out->n++], &text);
	return true;
}

static void trim_ends(struct diff *d)
{
	size_t least = d->a.n < d->b.n ? d->a.n : d->b.n;

	while (d->same_begin < least && slice_eq(d->a.v[d->same_begin], d->b.v[d->same_begin]))
		d->same_begin++;
	while (d->same_end < least - d->same_begin &&
	       slice_eq(d->a.v[d->a.n - 1 - d->same_end], d->b.v[d->b.n - 1 - d->same_end]))
		d->same_end++;
	d->n = d->a.n - d->same_begin - d->same_end;
	d->m = d->b.n - d->same_begin - d->same_end;
}

static uint32_t *cell(const struct diff *d, size_t i, size_t j)
{
	return &d->table[i * (d->m + 1) + j];
}

static bool equal_at(const struct diff *d, size_t i, size_t j)
{
	return slice_eq(d->a.v[d->same_begin + i], d->b.v[d->same_begin + j]);
}

static bool fill_table(struct diff *d)
{
	if ((d->n + 1) > TABLE_MAX / (d->m + 1))
		return true;
	d->table = calloc((d->n + 1) * (d->m + 1), sizeof *d->table);
	if (!d->table)
		return false;
	for (size_t i = d->n; i-- > 0;)
		for (size_t j = d->m; j-- > 0;) {
			uint32_t down = *cell(d, i + 1, j), right = *cell(d, i, j + 1);

			*cell(d, i, j) = equal_at(d, i, j) ? *cell(d, i + 1, j + 1) + 1 : down > right ? down : right;
		}
	return true;
}

static bool write_script(struct diff *d)
{
	size_t i = 0, j = 0;

	d->script = malloc(d->a.n + d->b.n + 1);
	if (!d->script)
		return false;
	while (d->steps < d->same_begin)
		d->script[d->steps++] = ' ';
	while (i < d->n || j < d->m) {
		if (d->table && i < d->n && j < d->m && equal_at(d, i, j)) {
			d->script[d->steps++] = ' ';
			i++;
			j++;
		} else if (i < d->n && (!d->table || j == d->m || *cell(d, i + 1, j) >= *cell(d, i, j + 1))) {
			d->script[d->steps++] = '-';
			i++;
		} else {
			d->script[d->steps++] = '+';
			j++;
		}
	}
	for (size_t k = 0; k < d->same_end; k++)
		d->script[d->steps++] = ' ';
	return true;
}

/* Behind the hunk that begins at `from`: its changes lie at most two contexts apart. */
static size_t hunk_end(const struct diff *d, size_t from)
{
	size_t same = 0, end = from;

	for (size_t i = from; i < d->steps && same <= 2 * CONTEXT; i++) {
		same = d->script[i] == ' ' ? same + 1 : 0;
		if (!same)
			end = i + 1;
	}
	end += CONTEXT;
	return end < d->steps ? end : d->steps;
}

static void put_line(struct buffer *out, char kind, struct slice line, bool colour)
{
	bool paint = colour && kind != ' ';

	buffer_add_str(out, paint ? (kind == '-' ? "\033[31m" : "\033[32m") : "");
	buffer_add_char(out, kind);
	buffer_add(out, line);
	buffer_add_str(out, paint ? "\033[0m\n" : "\n");
}

static void put_hunk(const struct diff *d, size_t from, size_t to, size_t a, size_t b, bool colour, struct buffer *out)
{
	size_t in_a = 0, in_b = 0;

	for (size_t i = from; i < to; i++) {
		in_a += d->script[i] != '+';
		in_b += d->script[i] != '-';
	}
	buffer_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", a + (in_a > 0), in_a, b + (in_b > 0), in_b);
	for (size_t i = from; i < to; i++) {
		char kind = d->script[i];

		put_line(out, kind, kind == '+' ? d->b.v[b] : d->a.v[a], colour);
		a += kind != '+';
		b += kind != '-';
	}
}

static void put_hunks(const struct diff *d, bool colour, struct buffer *out)
{
	size_t a = 0, b = 0;

	for (size_t i = 0; i < d->steps;) {
		size_t change = i, from, to;

		while (change < d->steps && d->script[change] == ' ')
			change++;
		if (change == d->steps)
			return;
		from = change - i > CONTEXT ? change - CONTEXT : i;
		a += from - i;
		b += from - i;
		to = hunk_end(d, change);
		put_hunk(d, from, to, a, b, colour, out);
		for (i = from; i < to; i++) {
			a += d->script[i] != '+';
			b += d->script[i] != '-';
		}
	}
}

bool diff_unified(struct slice name, struct slice before, struct slice after, bool colour, struct buffer *out)
{
	struct diff d = {0};
	bool good;

	if (slice_eq(before, after))
		return true;
	good = split(before, &d.a) && split(after, &d.b);
	if (good) {
		trim_ends(&d);
		good = fill_table(&d) && write_script(&d);
	}
	if (good) {
		buffer_printf(out, "--- %.*s\n+++ %.*s (formatted)\n", SLICE_ARG(name), SLICE_ARG(name));
		put_hunks(&d, colour, out);
	}
	free(d.script);
	free(d.table);
	free(d.a.v);
	free(d.b.v);
	return good && !out->failed;
}
