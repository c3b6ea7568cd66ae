#include "rules/decide/guard_internal.h"

/*
 * PCRE2 and JavaScript agree on most of what rules hold. What one of them reads differently without complaint is
 * translated here, or refused; what JavaScript does not take at all may stay, as the script copes with that.
 */
struct translation {
	struct slice text;
	struct buffer *out;
	bool in_class;
	bool ignore_case, multiline, dot_all, extended; /* the flags i m s x */
	bool ok;
};

static void put(struct translation *t, const char *s)
{
	t->ok = buffer_add_str(t->out, s) && t->ok;
}

static void put_char(struct translation *t, char c)
{
	t->ok = buffer_add_char(t->out, c) && t->ok;
}

static char at(const struct translation *t, size_t i)
{
	return i < t->text.n ? t->text.p[i] : '\0';
}

/* PCRE2 is asked for octets, JavaScript for characters: they are the same in ASCII. */
static bool is_common(char c)
{
	return c != '\0' && (unsigned char)c < 0x80;
}

/* The escape whose letter is at the front. */
static void take_escape(struct translation *t)
{
	char c = at(t, 0);

	if (c == 'h') {
		put(t, t->in_class ? "\\t " : "[\\t ]");
	} else if ((c == 'A' || c == 'Z' || c == 'z') && !t->in_class && !t->multiline) {
		put(t, c == 'A' ? "^" : "$");
	} else if ((is_common(c) && !ascii_is_alpha(c)) ||
		   (c && memchr("dDwWsSbBtnrf", c, 12) && !(t->in_class && c == 'B')) ||
		   (c == 'x' && ascii_hex_value(at(t, 1)) >= 0 && ascii_hex_value(at(t, 2)) >= 0)) {
		put_char(t, '\\');
		put_char(t, c);
	} else {
		t->ok = false;
	}
	t->text = slice_from(t->text, 1);
}

/* Behind '(': groups that both know, by what follows "?". "(*VERB)" only PCRE2 knows. */
static bool group_is_common(const struct translation *t)
{
	if (at(t, 0) == '*')
		return false;
	if (at(t, 0) != '?')
		return true;
	return memchr(":=!", at(t, 1), 3) || (at(t, 1) == '<' && at(t, 2) != '\0');
}

static void open_class(struct translation *t)
{
	t->in_class = true;
	if (at(t, 0) == '^') {
		put_char(t, '^');
		t->text = slice_from(t->text, 1);
	}
	if (at(t, 0) == ']') {
		put(t, "\\]");
		t->text = slice_from(t->text, 1);
	}
}

/* A plain octet within a class, where "[:", "[." and "[=" are PCRE2's own. */
static void take_in_class(struct translation *t, char c)
{
	if (c == '[' && memchr(":.=", at(t, 0), 3))
		t->ok = false;
	if (c == ']')
		t->in_class = false;
	put_char(t, c);
}

static void skip_comment(struct translation *t)
{
	size_t n = slice_find_char(t->text, '\n');

	t->text = slice_from(t->text, n < t->text.n ? n + 1 : n);
}

static void take(struct translation *t)
{
	char c = at(t, 0);

	t->text = slice_from(t->text, 1);
	if (!is_common(c)) {
		t->ok = false;
	} else if (c == '\\') {
		take_escape(t);
	} else if (t->in_class) {
		take_in_class(t, c);
	} else if (t->extended && memchr(" \t\n\r\f\v", c, 6)) {
		return;
	} else if (t->extended && c == '#') {
		skip_comment(t);
	} else {
		t->ok = t->ok && (c != '(' || group_is_common(t));
		put_char(t, c);
		if (c == '[')
			open_class(t);
	}
}

static bool set_flag(struct translation *t, char flag)
{
	bool *const flags[] = {&t->ignore_case, &t->multiline, &t->dot_all, &t->extended};
	size_t i = slice_find_char(SLICE("imsx"), flag);

	if (i < CG_COUNT(flags))
		*flags[i] = true;
	return i < CG_COUNT(flags);
}

/* "(?i)" and the like at the very front are flags. */
static void take_front_flags(struct translation *t)
{
	struct translation with = *t;

	if (!slice_starts_with(t->text, SLICE("(?")))
		return;
	with.text = slice_from(t->text, 2);
	while (set_flag(&with, at(&with, 0)))
		with.text = slice_from(with.text, 1);
	if (at(&with, 0) != ')')
		return;
	*t = with;
	t->text = slice_from(t->text, 1);
}

bool guard_regex_write(struct slice text, struct slice flags, struct buffer *out, char js_flags[4])
{
	struct translation t = {.text = text, .out = out, .ok = true};
	size_t before = out->n;

	for (size_t i = 0; i < flags.n; i++)
		t.ok = set_flag(&t, flags.p[i]) && t.ok;
	take_front_flags(&t);
	while (t.ok && t.text.n)
		take(&t);
	if (!t.ok) {
		out->n = before;
		return false;
	}
	if (t.ignore_case)
		*js_flags++ = 'i';
	if (t.multiline)
		*js_flags++ = 'm';
	if (t.dot_all)
		*js_flags++ = 's';
	*js_flags = '\0';
	return true;
}
