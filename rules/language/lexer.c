#include "rules/language/lexer.h"

#include "rules/base/utf8.h"

/* Longer lines are cut in messages: the caret stays right and the terminal stays usable. */
#define SHOWN_LINE_MAX 400

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

struct position source_position(const struct source *src, const char *p, unsigned line, unsigned column, size_t width)
{
	struct position at = {.file = src->path, .line = line, .column = column, .width = (unsigned)width};
	const char *begin = p, *end = p, *text_end = src->text.p + src->text.n;

	if (column > SHOWN_LINE_MAX)
		return at;
	begin -= column - 1;
	while (end < text_end && *end != '\n' && end - begin < SHOWN_LINE_MAX)
		end++;
	if (end > begin && end[-1] == '\r')
		end--;
	at.source = slice_of(begin, (size_t)(end - begin));
	return at;
}

static struct position position_of(const struct lexer *lx, size_t offset, size_t width)
{
	return source_position(lx->src, lx->src->text.p + offset, lx->line, (unsigned)(offset - lx->line_start + 1),
			       width);
}

static void complain(struct lexer *lx, size_t offset, size_t width, const char *message, const char *hint)
{
	struct position at = position_of(lx, offset, width);

	diagnostics_add(lx->d, SEVERITY_ERROR, &at, hint, "%s", message);
}

void lexer_init(struct lexer *lx, const struct source *src, struct arena *arena, struct diagnostics *d)
{
	*lx = (struct lexer){.src = src, .arena = arena, .d = d, .line = 1};
	if (slice_starts_with(src->text, SLICE(BYTE_ORDER_MARK))) /* some editors write one */
		lx->at = lx->line_start = 3;
}

/* The octet at `at`, or 0 at the end; a NUL in the text counts as an ordinary octet elsewhere. */
static char peek(const struct lexer *lx, size_t at)
{
	return at < lx->src->text.n ? lx->src->text.p[at] : '\0';
}

/* Octets of the line end at `at`: 0 if there is none, 2 for CRLF. */
static size_t line_end_at(const struct lexer *lx, size_t at)
{
	if (peek(lx, at) == '\n')
		return 1;
	return peek(lx, at) == '\r' && peek(lx, at + 1) == '\n' ? 2 : 0;
}

/* A backslash as the last octet of a line. */
static bool continues(const struct lexer *lx, size_t at)
{
	return peek(lx, at) == '\\' && line_end_at(lx, at + 1);
}

static bool ends_word(const struct lexer *lx, size_t at)
{
	char c = peek(lx, at);

	return at >= lx->src->text.n || c == ' ' || c == '\t' || line_end_at(lx, at) || continues(lx, at);
}

static bool ends_line(const struct lexer *lx, size_t at)
{
	return at >= lx->src->text.n || line_end_at(lx, at);
}

static struct slice text_between(const struct lexer *lx, size_t from, size_t to)
{
	return slice_of(lx->src->text.p + from, to - from);
}

static void new_line(struct lexer *lx, size_t at)
{
	lx->at = lx->line_start = at;
	lx->line++;
}

static void skip_blanks(struct lexer *lx)
{
	for (;;) {
		char c = peek(lx, lx->at);

		if (c == ' ' || c == '\t')
			lx->at++;
		else if (continues(lx, lx->at))
			new_line(lx, lx->at + 1 + line_end_at(lx, lx->at + 1));
		else
			return;
	}
}

/* Behind the closing quote of the string that opens at `at`; *closed false if the line ends before. */
static size_t string_end(const struct lexer *lx, size_t at, bool *closed)
{
	*closed = false;
	for (at++; !ends_line(lx, at); at++) {
		char c = peek(lx, at);

		if (c == '\\' && !ends_line(lx, at + 1)) {
			at++;
		} else if (c == '"') {
			*closed = true;
			return at + 1;
		}
	}
	return at;
}

/* The octet that the escape at `at` (behind the backslash) stands for; *n: how many octets it has. -1 if invalid. */
static int unescape(struct slice s, size_t at, size_t *n)
{
	int high, low;

	*n = 1;
	switch (s.p[at]) {
	case '"':
	case '\\':
		return (unsigned char)s.p[at];
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		high = at + 2 < s.n ? ascii_hex_value(s.p[at + 1]) : -1;
		low = high >= 0 ? ascii_hex_value(s.p[at + 2]) : -1;
		*n = 3;
		return low >= 0 ? high * 16 + low : -1;
	default:
		return -1;
	}
}

/* inner: what stands between the quotes, at offset `from` of the text. */
static struct slice unescape_string(struct lexer *lx, struct slice inner, size_t from)
{
	char *out;
	size_t n = 0;

	if (slice_find_char(inner, '\\') == inner.n)
		return inner;
	out = arena_alloc(lx->arena, inner.n);
	if (!out)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < inner.n; i++) {
		size_t width;
		int c;

		if (inner.p[i] != '\\' || i + 1 == inner.n) {
			out[n++] = inner.p[i];
			continue;
		}
		c = unescape(inner, i + 1, &width);
		if (c > 0) {
			out[n++] = (char)c;
			i += width;
		} else {
			complain(lx, from + i, 2, c ? "unknown escape in a string" : "a NUL octet in a string",
				 "write \\\" \\\\ \\n \\t or \\xHH with two hexadecimal digits, not 00");
		}
	}
	return slice_of(out, n);
}

static void lex_string(struct lexer *lx, struct word *w)
{
	size_t from = lx->at, end;
	bool closed;

	end = string_end(lx, from, &closed);
	if (!closed)
		complain(lx, from, end - from, "the string is not closed", "write \" at its end, on the same line");
	w->kind = WORD_STRING;
	w->text = unescape_string(lx, text_between(lx, from + 1, closed ? end - 1 : end), from + 1);
	if (closed && !ends_word(lx, end)) {
		complain(lx, end, 1, "a blank is missing behind the string",
			 "write a blank here, or \\\" for a quote inside the string");
		while (!ends_word(lx, end))
			end++;
	}
	lx->at = end;
}

static bool is_flag(char c)
{
	return c == 'i' || c == 'm' || c == 's' || c == 'x';
}

/* A regular expression is /.../flags without blanks, up to the end of the word; anything else is a path. */
static bool lex_regex(struct lexer *lx, struct word *w)
{
	size_t close = lx->at + 1, end;

	while (!ends_word(lx, close) && peek(lx, close) != '/')
		close += peek(lx, close) == '\\' && !ends_word(lx, close + 1) ? 2 : 1;
	if (ends_word(lx, close) || close == lx->at + 1)
		return false;
	end = close + 1;
	while (is_flag(peek(lx, end)))
		end++;
	if (!ends_word(lx, end))
		return false;
	w->kind = WORD_REGEX;
	w->text = text_between(lx, lx->at + 1, close);
	w->flags = text_between(lx, close + 1, end);
	lx->at = end;
	return true;
}

static bool is_tag_char(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '-';
}

static bool lex_heredoc_mark(struct lexer *lx, struct word *w)
{
	size_t end = lx->at + 2;

	if (peek(lx, lx->at) != '<' || peek(lx, lx->at + 1) != '<' || !ascii_is_alpha(peek(lx, end)))
		return false;
	while (is_tag_char(peek(lx, end)))
		end++;
	if (!ends_word(lx, end))
		return false;
	w->kind = WORD_HEREDOC;
	lx->at = end;
	return true;
}

/* A quote behind '[' or '=' keeps its blanks: img[alt="a b"], name="a b". */
static void lex_bare(struct lexer *lx, struct word *w)
{
	size_t from = lx->at, end = from;

	while (!ends_word(lx, end)) {
		char before = end > from ? peek(lx, end - 1) : '\0';
		bool closed = true;

		if (peek(lx, end) == '"' && (before == '[' || before == '=')) {
			size_t quote = end;

			end = string_end(lx, quote, &closed);
			if (!closed)
				complain(lx, quote, end - quote, "the quoted part of this word is not closed",
					 "write \" at its end, on the same line");
		} else {
			end++;
		}
	}
	w->kind = WORD_BARE;
	w->text = text_between(lx, from, end);
	lx->at = end;
	if (peek(lx, end - 1) == '\\')
		complain(lx, end - 1, 1, "a word may not end with a backslash",
			 "to continue the statement let the backslash be the line's last octet; else quote the word: "
			 "\"...\\\\\"");
}

static void lex_comment(struct lexer *lx, struct slice *comment)
{
	size_t from = lx->at;

	while (!ends_line(lx, lx->at))
		lx->at++;
	*comment = slice_trim(text_between(lx, from, lx->at));
}

static enum token lex_word(struct lexer *lx, struct word *w)
{
	size_t from = lx->at;
	char c = peek(lx, from);

	*w = (struct word){.line = lx->line, .column = (unsigned)(from - lx->line_start + 1)};
	if (c == '"')
		lex_string(lx, w);
	else if (!(c == '/' && lex_regex(lx, w)) && !lex_heredoc_mark(lx, w))
		lex_bare(lx, w);
	w->raw = text_between(lx, from, lx->at);
	return TOKEN_WORD;
}

enum token lexer_next(struct lexer *lx, struct word *w, struct slice *comment)
{
	size_t n;

	skip_blanks(lx);
	n = line_end_at(lx, lx->at);
	if (n) {
		new_line(lx, lx->at + n);
		return TOKEN_LINE_END;
	}
	if (lx->at >= lx->src->text.n) {
		/* A last line without an end is ended once: line_start tells whether that was done. */
		if (lx->at == lx->line_start)
			return TOKEN_END;
		lx->line_start = lx->at;
		return TOKEN_LINE_END;
	}
	if (peek(lx, lx->at) == '#') {
		lex_comment(lx, comment);
		return TOKEN_COMMENT;
	}
	return lex_word(lx, w);
}

/* A copy without the CR of each CRLF: the same text whatever editor wrote the file. */
static struct slice without_cr(struct lexer *lx, struct slice s)
{
	char *out;
	size_t n = 0;

	if (slice_find_char(s, '\r') == s.n)
		return s;
	out = arena_alloc(lx->arena, s.n);
	if (!out)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\r' || i + 1 == s.n || s.p[i + 1] != '\n')
			out[n++] = s.p[i];
	return slice_of(out, n);
}

void lexer_heredoc(struct lexer *lx, struct word *w)
{
	struct slice tag = slice_from(w->raw, 2);
	struct position at;
	size_t from = lx->at;

	while (lx->at < lx->src->text.n) {
		size_t start = lx->at, end = start;
		bool found;

		while (!ends_line(lx, end))
			end++;
		found = slice_eq(text_between(lx, start, end), tag);
		new_line(lx, end + line_end_at(lx, end));
		if (found) {
			w->text = without_cr(lx, text_between(lx, from, start));
			return;
		}
	}
	w->text = without_cr(lx, text_between(lx, from, lx->at));
	at = source_position(lx->src, w->raw.p, w->line, w->column, w->raw.n);
	diagnostics_add(lx->d, SEVERITY_ERROR, &at, "end it with a line that holds this word alone, without blanks",
			"no line \"%.*s\" ends this here-document", SLICE_ARG(tag));
}

/* Width of the octet or sequence at the front; *message is set if it may not stand in a file. */
static size_t check_octet(struct slice s, const char **message)
{
	size_t n = utf8_length(s);
	unsigned char c = (unsigned char)s.p[0];

	*message = NULL;
	if (n == 0)
		*message = "the line is not valid UTF-8";
	else if (slice_starts_with(s, SLICE(BYTE_ORDER_MARK)))
		*message = "a byte order mark inside the file";
	else if (n == 1 && c == '\r' && s.n > 1 && s.p[1] == '\n')
		return 1;
	else if (n == 1 && ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7F))
		*message = "a control character in the file";
	return n ? n : 1;
}

void lexer_check_octets(const struct source *src, struct diagnostics *d)
{
	struct lexer lx;
	bool reported = false;

	lexer_init(&lx, src, NULL, d);
	while (lx.at < src->text.n) {
		const char *message;
		size_t n = check_octet(slice_from(src->text, lx.at), &message);

		if (message && !reported) {
			complain(&lx, lx.at, 1, message,
				 "save the file as UTF-8; other octets are written \"\\xHH\" in a string");
			reported = true;
		}
		if (src->text.p[lx.at] == '\n') {
			new_line(&lx, lx.at + 1);
			reported = false;
		} else {
			lx.at += n;
		}
	}
}
