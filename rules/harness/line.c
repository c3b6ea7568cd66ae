#include "rules/harness/line.h"

#include "rules/harness/test_file.h"

struct reader {
	struct slice path;
	struct slice rest;
	unsigned number;
	struct arena *arena;
	struct diagnostics *d;
};

struct position line_position(struct slice path, const struct test_line *line, struct slice where)
{
	size_t lead = 0;

	if (!where.p) {
		while (lead < line->text.n && (line->text.p[lead] == ' ' || line->text.p[lead] == '\t'))
			lead++;
		where = slice_trim(line->text);
	} else {
		lead = (size_t)(where.p - line->text.p);
	}
	return (struct position){.file = path,
				 .source = line->text,
				 .line = line->number,
				 .column = (unsigned)lead + 1,
				 .width = (unsigned)where.n};
}

/* The next line with its end, *whole, and without, *text; false at the end of the file. */
static bool next_line(struct reader *r, struct slice *whole, struct slice *text)
{
	size_t end = slice_find_char(r->rest, '\n');

	if (r->rest.n == 0)
		return false;
	*whole = slice_head(r->rest, end + 1);
	*text = slice_head(r->rest, end);
	if (text->n && text->p[text->n - 1] == '\r')
		text->n--;
	r->rest = slice_from(r->rest, whole->n);
	r->number++;
	return true;
}

static bool is_tag(struct slice s)
{
	if (s.n < 3 || !slice_starts_with(s, SLICE("<<")))
		return false;
	for (size_t i = 2; i < s.n; i++)
		if (!ascii_is_alpha(s.p[i]) && s.p[i] != '_' && !(i > 2 && ascii_is_digit(s.p[i])))
			return false;
	return true;
}

/*
 * The tag of a here-document that the line opens; empty if none. Only a line that is nothing else, or that speaks of a
 * body, opens one: a field's value may well end in "<<X".
 */
static struct slice opened_tag(struct slice text)
{
	struct slice line = slice_trim(text), last = line;

	for (size_t i = line.n; i > 0; i--)
		if (line.p[i - 1] == ' ' || line.p[i - 1] == '\t') {
			last = slice_from(line, i);
			break;
		}
	if (!is_tag(last))
		return slice_of(NULL, 0);
	if (last.n != line.n && !slice_starts_with(line, SLICE("body ")) && !slice_starts_with(line, SLICE("no body ")))
		return slice_of(NULL, 0);
	return slice_from(last, 2);
}

static void read_body(struct reader *r, struct test_line *line, struct slice tag)
{
	struct slice start = r->rest, whole, text;
	struct position at;
	size_t n = 0;

	line->has_body = true;
	while (next_line(r, &whole, &text)) {
		if (slice_eq(slice_trim(text), tag)) {
			line->body = slice_head(start, n);
			return;
		}
		n += whole.n;
	}
	at = line_position(r->path, line, slice_of(tag.p - 2, tag.n + 2));
	diagnostics_add(r->d, SEVERITY_ERROR, &at, "write the tag alone on a line behind the text",
			"the here-document is not closed: no line is \"%.*s\"", SLICE_ARG(tag));
}

static bool is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || (unsigned char)c == 0x7F;
}

static void check_octets(struct reader *r, const struct test_line *line)
{
	struct position at;

	for (size_t i = 0; i < line->text.n; i++) {
		if (!is_control(line->text.p[i]))
			continue;
		at = line_position(r->path, line, slice_of(line->text.p + i, 1));
		diagnostics_add(r->d, SEVERITY_ERROR, &at, "remove it",
				"a control octet (%02X hexadecimal) in the line",
				(unsigned)(unsigned char)line->text.p[i]);
		return;
	}
}

struct test_line *test_lines(struct slice path, struct slice text, struct arena *arena, struct diagnostics *d)
{
	struct reader r = {.path = path, .rest = text, .arena = arena, .d = d};
	struct test_line *first = NULL, **end = &first, *line;
	struct slice whole, bare, trimmed, tag;

	if (slice_starts_with(r.rest, SLICE("\xEF\xBB\xBF"))) /* a byte order mark, as editors on Windows write it */
		r.rest = slice_from(r.rest, 3);
	while (next_line(&r, &whole, &bare)) {
		trimmed = slice_trim(bare);
		if (trimmed.n == 0 || trimmed.p[0] == '#')
			continue;
		line = arena_calloc(arena, 1, sizeof *line);
		if (!line)
			return NULL;
		line->text = bare;
		line->number = r.number;
		line->indented = bare.p[0] == ' ' || bare.p[0] == '\t';
		check_octets(&r, line);
		tag = opened_tag(bare);
		if (tag.n)
			read_body(&r, line, tag);
		*end = line;
		end = &line->next;
	}
	return first;
}

/* -- tables -------------------------------------------------------------------------------------------------------- */

/* Offset of the next '|' that no backslash precedes, or s.n. */
static size_t find_bar(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == '|')
			i++;
		else if (s.p[i] == '|')
			return i;
	}
	return s.n;
}

static struct slice unescape_bars(struct slice s, struct arena *arena)
{
	char *out;
	size_t n = 0;

	if (slice_find(s, SLICE("\\|")) == s.n)
		return s;
	out = arena_alloc(arena, s.n);
	if (!out)
		return s;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == '|')
			i++;
		out[n++] = s.p[i];
	}
	return slice_of(out, n);
}

/* Without the bars at the very ends, for those who draw tables with them. */
static struct slice without_outer_bars(struct slice row)
{
	row = slice_from(slice_trim(row), 1);
	if (row.n && row.p[row.n - 1] == '|' && !(row.n > 1 && row.p[row.n - 2] == '\\'))
		row.n--;
	return row;
}

/* Splits a row into at most TABLE_COLS_MAX cells; returns how many there are, which may be more. */
static size_t split_row(struct slice row, struct slice cells[TABLE_COLS_MAX], struct arena *arena)
{
	size_t n = 0, bar;

	for (;;) {
		bar = find_bar(row);
		if (n < TABLE_COLS_MAX)
			cells[n] = unescape_bars(slice_trim(slice_head(row, bar)), arena);
		n++;
		if (bar == row.n)
			return n;
		row = slice_from(row, bar + 1);
	}
}

static bool is_column_name(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '{' || s.p[i] == '}' || s.p[i] == '"')
			return false;
	return s.n > 0;
}

static bool check_columns(struct slice path, const struct test_line *line, const struct slice *columns, size_t n,
			  struct diagnostics *d)
{
	struct position at = line_position(path, line, slice_of(NULL, 0));

	if (n > TABLE_COLS_MAX) {
		diagnostics_add(d, SEVERITY_ERROR, &at, NULL, "a table has at most %d columns", TABLE_COLS_MAX);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_column_name(columns[i])) {
			diagnostics_add(d, SEVERITY_ERROR, &at,
					"the first row of a table names its columns, like: cookie | value | passes",
					"column %zu has no name that {name} could refer to", i + 1);
			return false;
		}
		for (size_t k = 0; k < i; k++)
			if (slice_eq(columns[i], columns[k])) {
				diagnostics_add(d, SEVERITY_ERROR, &at, "give each column a name of its own",
						"two columns are named \"%.*s\"", SLICE_ARG(columns[i]));
				return false;
			}
	}
	return true;
}

static struct slice *copy_cells(const struct slice *cells, size_t n, struct arena *arena)
{
	struct slice *copy = arena_alloc(arena, n * sizeof *copy);

	if (copy)
		memcpy(copy, cells, n * sizeof *copy);
	return copy;
}

static bool read_rows(struct slice path, struct test_table *t, const struct test_line *line, bool bars,
		      struct arena *arena, struct diagnostics *d)
{
	struct slice cells[TABLE_COLS_MAX];
	struct test_row **end = &t->rows, *row;
	struct position at;
	bool ok = true;

	for (; line && line->indented; line = line->next) {
		struct slice text = bars ? without_outer_bars(line->text) : slice_trim(line->text);
		size_t n = split_row(text, cells, arena);

		if (n != t->n_columns) {
			at = line_position(path, line, slice_of(NULL, 0));
			diagnostics_add(d, SEVERITY_ERROR, &at, "write \\| for a bar that is part of a cell",
					"the row has %zu cell%s, the table %zu column%s", n, n == 1 ? "" : "s",
					t->n_columns, t->n_columns == 1 ? "" : "s");
			ok = false;
			continue;
		}
		row = arena_calloc(arena, 1, sizeof *row);
		if (!row || !(row->cells = copy_cells(cells, n, arena)))
			return false;
		row->text = slice_trim(text);
		*end = row;
		end = &row->next;
	}
	return ok;
}

struct test_table *table_read(struct slice path, const struct test_line *head, const struct test_line *first,
			      struct arena *arena, struct diagnostics *d)
{
	struct position at = line_position(path, head, slice_of(NULL, 0));
	struct slice cells[TABLE_COLS_MAX], names;
	struct test_table *t;
	bool bars;

	if (!first || !first->indented || !first->next || !first->next->indented) {
		diagnostics_add(
			d, SEVERITY_ERROR, &at,
			"indent a row with the names of the columns and one row for each case, cells apart by |",
			"the table has no rows");
		return NULL;
	}
	t = arena_calloc(arena, 1, sizeof *t);
	if (!t)
		return NULL;
	names = slice_trim(first->text);
	bars = names.p[0] == '|';
	t->n_columns = split_row(bars ? without_outer_bars(names) : names, cells, arena);
	if (!check_columns(path, first, cells, t->n_columns, d))
		return NULL;
	t->columns = copy_cells(cells, t->n_columns, arena);
	t->used = arena_calloc(arena, t->n_columns, sizeof *t->used);
	if (!t->columns || !t->used || !read_rows(path, t, first->next, bars, arena, d))
		return NULL;
	return t;
}

/* The column that s, which begins with '{', names; or -1. */
static int column_at(const struct test_table *t, struct slice s)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		struct slice name = t->columns[i];

		if (s.n >= name.n + 2 && s.p[name.n + 1] == '}' && slice_eq(slice_of(s.p + 1, name.n), name))
			return (int)i;
	}
	return -1;
}

/* Writes text with the cells filled in to out, or only counts if out is NULL. */
static size_t fill(const struct test_table *t, const struct test_row *row, struct slice text, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		int column = text.p[i] == '{' ? column_at(t, slice_from(text, i)) : -1;
		struct slice piece = column < 0 ? slice_of(text.p + i, 1) : row->cells[column];

		if (out && piece.n)
			memcpy(out + n, piece.p, piece.n);
		n += piece.n;
		if (column >= 0) {
			t->used[column] = true;
			i += t->columns[column].n + 1;
		}
	}
	return n;
}

struct slice table_fill(const struct test_table *t, const struct test_row *row, struct slice text, struct arena *arena)
{
	bool names_one = false;
	size_t n;
	char *out;

	for (size_t i = 0; i < text.n && !names_one; i++)
		names_one = text.p[i] == '{' && column_at(t, slice_from(text, i)) >= 0;
	if (!names_one)
		return text;
	n = fill(t, row, text, NULL);
	out = arena_alloc(arena, n + 1);
	if (!out)
		return text;
	return slice_of(out, fill(t, row, text, out));
}
