/*
 * The canonical layout. Works in runs: neighbouring one-line statements without a block, a comment line or a blank line
 * between them. Within a run the second words, the words that say what a rule means ("is", ...) and the comments at the
 * line ends stand in columns. A cell that is wider than its column's limit does not widen the column.
 */
#include "rules/language/statement.h"

#define INDENT	    4
#define FIRST_MAX   16
#define MARKER_MAX  60
#define COMMENT_MAX 90

struct columns {
	size_t first;	/* widest first word */
	size_t marker;	/* widest text in front of a marker */
	size_t comment; /* widest text in front of a comment */
};

static const char *const markers[] = {"is", "denies", "grants", "ignored"};

/* Characters, not octets. */
static size_t width_of(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

/* Index of the word that says what the rule means, or of a title; n_words if there is none behind the second word. */
static size_t marker_of(const struct statement *s)
{
	if (s->n_words == 3 && s->words[2].kind == WORD_STRING)
		return 2;
	for (size_t i = 2; i < s->n_words; i++)
		for (size_t m = 0; m < CG_COUNT(markers); m++)
			if (word_is(&s->words[i], markers[m]))
				return i;
	return s->n_words;
}

static bool stands_alone(const struct statement *s)
{
	const struct word *last = &s->words[s->n_words - 1];

	return s->has_block || last->kind == WORD_HEREDOC || last->line != s->words[0].line;
}

/* Behind the last statement of the run that begins with s. */
static const struct statement *run_end(const struct statement *s)
{
	if (stands_alone(s))
		return s->next;
	do
		s = s->next;
	while (s && s->n_comments_before == 0 && !stands_alone(s));
	return s;
}

/* Where a cell of `width` puts what follows it. */
static size_t column(size_t width, size_t column_width)
{
	return width > column_width ? width : column_width;
}

static size_t widen(size_t column_width, size_t width, size_t limit)
{
	return width > column_width && width <= limit ? width : column_width;
}

/* Width of the words before `end`, as laid out in the columns. */
static size_t width_before(const struct statement *s, size_t end, const struct columns *c)
{
	size_t marker = marker_of(s), width = 0;

	for (size_t i = 0; i < end; i++) {
		if (i == 1)
			width = column(width, c->first);
		else if (i == marker)
			width = column(width, c->marker);
		width += (i > 0) + width_of(s->words[i].raw);
	}
	return width;
}

static struct columns measure(const struct statement *from, const struct statement *end)
{
	struct columns c = {0};

	for (const struct statement *s = from; s != end; s = s->next)
		if (s->n_words > 1)
			c.first = widen(c.first, width_of(s->words[0].raw), FIRST_MAX);
	for (const struct statement *s = from; s != end; s = s->next)
		if (marker_of(s) < s->n_words)
			c.marker = widen(c.marker, width_before(s, marker_of(s), &c), MARKER_MAX);
	for (const struct statement *s = from; s != end; s = s->next)
		if (s->comment.n)
			c.comment = widen(c.comment, width_before(s, s->n_words, &c), COMMENT_MAX);
	return c;
}

static void pad(struct buffer *out, size_t n)
{
	while (n--)
		buffer_add_char(out, ' ');
}

static void line_end_comment(struct buffer *out, size_t before, struct slice comment)
{
	if (comment.n) {
		pad(out, before);
		buffer_add(out, comment);
	}
	buffer_add_char(out, '\n');
}

static void put_line(struct buffer *out, const struct statement *s, size_t indent, const struct columns *c)
{
	size_t marker = marker_of(s), width = 0;

	pad(out, indent);
	for (size_t i = 0; i < s->n_words; i++) {
		size_t to = i == 1 ? c->first : i == marker ? c->marker : 0;

		pad(out, column(width, to) - width + (i > 0));
		width = column(width, to) + (i > 0) + width_of(s->words[i].raw);
		buffer_add(out, s->words[i].raw);
	}
	line_end_comment(out, column(width, c->comment) - width + 2, s->comment);
}

/* A statement that stands alone up to its block: a line that was continued stays so. */
static void put_alone(struct buffer *out, const struct statement *s, size_t indent)
{
	const struct word *last = &s->words[s->n_words - 1];

	pad(out, indent);
	for (size_t i = 0; i < s->n_words; i++) {
		if (i && s->words[i].line != s->words[i - 1].line) {
			buffer_add_str(out, " \\\n");
			pad(out, indent + INDENT);
		} else if (i) {
			buffer_add_char(out, ' ');
		}
		buffer_add(out, s->words[i].raw);
	}
	if (s->has_block)
		buffer_add_str(out, " {");
	line_end_comment(out, 2, s->comment);
	if (last->kind == WORD_HEREDOC) {
		buffer_add(out, last->text);
		buffer_add(out, slice_from(last->raw, 2));
		buffer_add_char(out, '\n');
	}
}

/* Blank lines at the edges of a block or file go away. */
static void put_comments(struct buffer *out, const struct slice *v, size_t n, size_t indent, bool first, bool last)
{
	if (first && n && v[0].n == 0) {
		v++;
		n--;
	}
	if (last && n && v[n - 1].n == 0)
		n--;
	for (size_t i = 0; i < n; i++) {
		if (v[i].n) {
			pad(out, indent);
			buffer_add(out, v[i]);
		}
		buffer_add_char(out, '\n');
	}
}

static void put_list(struct buffer *out, const struct statement *first, size_t indent);

static void put_block(struct buffer *out, const struct statement *s, size_t indent)
{
	put_list(out, s->children, indent + INDENT);
	put_comments(out, s->block_end_comments, s->n_block_end_comments, indent + INDENT, !s->children, true);
	pad(out, indent);
	buffer_add_char(out, '}');
	line_end_comment(out, 2, s->block_comment);
}

static void put_list(struct buffer *out, const struct statement *first, size_t indent)
{
	for (const struct statement *s = first; s;) {
		const struct statement *end = run_end(s);
		struct columns c = measure(s, end);

		for (; s != end; s = s->next) {
			put_comments(out, s->comments_before, s->n_comments_before, indent, s == first, false);
			if (!stands_alone(s)) {
				put_line(out, s, indent, &c);
				continue;
			}
			put_alone(out, s, indent);
			if (s->has_block)
				put_block(out, s, indent);
		}
	}
}

bool source_format(const struct source *src, struct buffer *out)
{
	put_list(out, src->first, 0);
	put_comments(out, src->end_comments, src->n_end_comments, 0, !src->first, true);
	return !out->failed;
}
