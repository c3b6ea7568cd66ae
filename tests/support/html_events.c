#include "tests/support/html_events.h"

#include <stdlib.h>

#include "rules/html/entity.h"

struct writer {
	struct html_events *e;
	struct buffer *out;
	struct buffer joined; /* pieces of the thing that is being written */
	struct buffer scratch;
	int type; /* of it; -1: nothing */
	enum html_text text;
	struct slice rest; /* of the input that the tokens must give */
	uint64_t offset;
	bool good;
};

static void escaped(struct buffer *out, struct slice s, bool name)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool syntax = name ? !(ascii_is_alpha((char)c) || ascii_is_digit((char)c) || c == '-' || c == ':')
				   : c == '"' || c == '\\';

		if (c < 0x20 || c > 0x7e || syntax)
			buffer_printf(out, "\\x%02x", c);
		else
			buffer_add_char(out, (char)c);
	}
}

static void flush(struct writer *w)
{
	static const char *const names[] = {"run", "text ", "", "", "comment", "doctype", "cdata", "ignored", ""};
	static const char *const texts[] = {"data", "rcdata", "rawtext", "script", "plaintext"};
	struct slice s = buffer_slice(&w->joined);

	if (w->type < 0)
		return;
	if (w->type == HTML_TEXT && w->e->decode && w->text <= HTML_RCDATA)
		w->good &= html_decode_text(s, &w->scratch, &s);
	buffer_printf(w->out, "%s%s%s\"", names[w->type], w->type == HTML_TEXT ? texts[w->text] : "",
		      w->type == HTML_OVERSIZED ? "" : " ");
	escaped(w->out, s, false);
	buffer_add_str(w->out, "\"\n");
	w->type = -1;
	buffer_clear(&w->joined);
}

static void attributes(struct writer *w, const struct html_token *t)
{
	for (size_t i = 0; i < t->attribute_count; i++) {
		const struct html_attribute *a = &t->attributes[i];
		struct slice value = html_attribute_value(t, a);

		CG_CHECK((size_t)a->name + a->name_length <= t->raw.n &&
			 (size_t)a->value + a->value_length <= t->raw.n);
		if (w->e->decode)
			w->good &= html_decode_attribute(value, &w->scratch, &value);
		buffer_add_char(w->out, '[');
		escaped(w->out, html_attribute_name(t, a), true);
		if (a->quote != HTML_NO_VALUE) {
			buffer_printf(w->out, "=%c\"", "-usd"[a->quote]);
			escaped(w->out, value, false);
			buffer_add_char(w->out, '"');
		}
		buffer_add_str(w->out, "] ");
	}
}

static void tag(struct writer *w, const struct html_token *t)
{
	static const char *const texts[] = {"", " then=rcdata", " then=rawtext", " then=script", " then=plaintext"};
	static const char *const spaces[] = {"", " ns=svg", " ns=math"};

	w->good &= html_name(t->name_raw) == t->name;
	buffer_add_str(w->out, t->type == HTML_OVERSIZED ? "oversized " : t->end_tag ? "end " : "start ");
	escaped(w->out, t->name_raw, true);
	buffer_add_char(w->out, ' ');
	attributes(w, t);
	w->out->n -= t->type != HTML_OVERSIZED;
	if (t->type == HTML_OVERSIZED)
		return;
	buffer_add_str(w->out, t->self_closing ? " /" : "");
	if (t->type == HTML_START_TAG)
		buffer_printf(w->out, "%s%s", spaces[t->ns], texts[t->text]);
	buffer_add_char(w->out, '\n');
}

static void write_token(struct writer *w, const struct html_token *t)
{
	bool whole = t->type == HTML_START_TAG || t->type == HTML_END_TAG;

	w->good &= t->raw.n > 0 && t->offset == w->offset && slice_starts_with(w->rest, t->raw);
	w->rest = slice_from(w->rest, t->raw.n);
	w->offset += t->raw.n;
	if (whole && t->raw.n > w->e->piece_max)
		w->e->piece_max = t->raw.n;
	if (w->type != (int)t->type || (t->type == HTML_TEXT && t->text != w->text) ||
	    (t->type != HTML_RUN && t->type != HTML_TEXT && t->first))
		flush(w);
	else
		w->good &= t->type == HTML_RUN || t->type == HTML_TEXT || !t->first;
	if (whole || (t->type == HTML_OVERSIZED && t->first))
		tag(w, t);
	if (whole)
		return;
	w->type = (int)t->type;
	w->text = t->text;
	w->good &= buffer_add(&w->joined, t->raw);
	if (t->last)
		flush(w);
}

static void feed(struct html_tokenizer *t, struct slice s, struct writer *w)
{
	char *copy = malloc(s.n ? s.n : 1);
	struct html_token token;

	CG_CHECK(copy != NULL);
	if (s.n)
		memcpy(copy, s.p, s.n);
	html_tokenizer_feed(t, slice_of(copy, s.n));
	while (html_tokenizer_next(t, &token))
		write_token(w, &token);
	free(copy);
}

bool html_events(struct html_events *e, struct slice input, struct buffer *out)
{
	struct html_tokenizer *t = malloc(sizeof *t);
	struct writer w = {.e = e, .out = out, .type = -1, .rest = input, .good = true};
	struct html_token token;
	size_t n = e->cut;

	CG_CHECK(t != NULL);
	buffer_init(&w.joined, input.n + 1);
	buffer_init(&w.scratch, 4 * input.n + 16);
	html_tokenizer_init(t, &e->options);
	if (e->in_cdata)
		html_tokenizer_start_in_cdata(t);
	else
		html_tokenizer_start_in(t, e->text, e->name);
	for (struct slice rest = input; rest.n; rest = slice_from(rest, n)) {
		if (rest.n != input.n || n == 0)
			n = e->step ? e->step : rest.n;
		feed(t, slice_head(rest, n), &w);
	}
	html_tokenizer_finish(t);
	while (html_tokenizer_next(t, &token))
		write_token(&w, &token);
	flush(&w);
	w.good &= w.rest.n == 0 && !html_tokenizer_next(t, &token);
	html_tokenizer_free(t);
	free(t);
	buffer_free(&w.joined);
	buffer_free(&w.scratch);
	return w.good;
}
