/*
 * Text that only one end tag ends: RCDATA, raw text and script data with its escaped and double escaped states (WHATWG
 * HTML 13.2.5.2 to 13.2.5.4, 13.2.5.9 to 13.2.5.31). In a script, octets are held back only from a "</" that may begin
 * its end tag; all else is text whatever follows.
 */
#include "rules/html/internal.h"

/* A '<' at t->p: from here on the octets may be an end tag. */
static void maybe_end(struct html_tokenizer *t, enum html_state back, enum html_state less)
{
	t->lt = t->p++;
	t->keeping = true;
	t->back = (uint8_t)back;
	t->state = (uint8_t)less;
}

static bool end_open(struct html_tokenizer *t, struct html_token *token)
{
	if (!ascii_is_alpha(*t->p))
		return html_abandon(t, token, t->back);
	t->tag = (struct html_tag){.end = true};
	t->state = STATE_RAW_END_NAME;
	return false;
}

static bool end_name(struct html_tokenizer *t, struct html_token *token)
{
	struct html_tag *g = &t->tag;

	for (; t->p < t->end; t->p++) {
		if (!ascii_is_alpha(*t->p) || g->name_length == t->raw_length)
			break;
		name_add(&g->name, &g->packed, *t->p);
		g->name_length++;
	}
	if (t->p == t->end)
		return false;
	if (g->name != t->raw_name || !(is_space(*t->p) || *t->p == '/' || *t->p == '>'))
		return html_abandon(t, token, t->back);
	return html_name_read(t, token);
}

bool html_raw(struct html_tokenizer *t, struct html_token *token)
{
	switch (t->state) {
	case STATE_RAW:
		t->p = find_char(t->p, t->end, '<');
		if (t->p < t->end)
			maybe_end(t, STATE_RAW, STATE_RAW_LESS);
		return false;
	case STATE_RAW_LESS:
		if (*t->p != '/')
			return html_abandon(t, token, STATE_RAW);
		t->p++;
		t->state = STATE_RAW_END_OPEN;
		return false;
	case STATE_RAW_END_OPEN:
		return end_open(t, token);
	default: /* STATE_RAW_END_NAME */
		return end_name(t, token);
	}
}

/* Behind a '<' in plain or in escaped script data. */
static bool script_less(struct html_tokenizer *t, struct html_token *token)
{
	if (*t->p == '/') {
		t->p++;
		t->state = STATE_RAW_END_OPEN;
		return false;
	}
	if (t->state == STATE_SCRIPT_LESS && *t->p == '!')
		return html_abandon(t, token, STATE_SCRIPT_BANG);
	if (t->state == STATE_ESCAPED_LESS && ascii_is_alpha(*t->p)) {
		t->matched = 0;
		return html_abandon(t, token, STATE_ESCAPED_NAME);
	}
	return html_abandon(t, token, t->back);
}

/* Is the name behind '<' in escaped, behind '</' in double escaped script data, "script"? */
static void script_name(struct html_tokenizer *t, enum html_state same, enum html_state other)
{
	static const struct slice script = SLICE_INIT("script");
	char c = *t->p;

	if (ascii_is_alpha(c)) {
		t->p++;
		if (t->matched < script.n && ascii_lower(c) == script.p[t->matched])
			t->matched++;
		else
			t->matched = 255;
		return;
	}
	t->state = (uint8_t)same;
	if (!is_space(c) && c != '/' && c != '>')
		return;
	t->p++;
	if (t->matched == script.n)
		t->state = (uint8_t)other;
}

/* In escaped or double escaped script data, behind no, one or more dashes. */
static void script_dashes(struct html_tokenizer *t, enum html_state none)
{
	char c = *t->p;

	if (c == '<' && none == STATE_ESCAPED) {
		maybe_end(t, STATE_ESCAPED, STATE_ESCAPED_LESS);
		return;
	}
	t->p++;
	if (c == '<')
		t->state = STATE_DOUBLE_LESS;
	else if (c == '-')
		t->state = (uint8_t)(t->state == none ? none + 1 : none + 2);
	else if (c == '>' && t->state == none + 2)
		t->state = STATE_SCRIPT;
	else
		t->state = (uint8_t)none;
}

bool html_script(struct html_tokenizer *t, struct html_token *token)
{
	switch (t->state) {
	case STATE_SCRIPT:
		t->p = find_char(t->p, t->end, '<');
		if (t->p < t->end)
			maybe_end(t, STATE_SCRIPT, STATE_SCRIPT_LESS);
		return false;
	case STATE_SCRIPT_LESS:
	case STATE_ESCAPED_LESS:
		return script_less(t, token);
	case STATE_SCRIPT_BANG: /* at '!' */
		t->p++;
		t->state = STATE_SCRIPT_BANG_DASH;
		t->matched = 0;
		return false;
	case STATE_SCRIPT_BANG_DASH:
		t->state = STATE_SCRIPT;
		if (*t->p != '-')
			return false;
		t->p++;
		t->state = t->matched++ ? STATE_ESCAPED_DASHES : STATE_SCRIPT_BANG_DASH;
		return false;
	case STATE_ESCAPED_NAME:
		script_name(t, STATE_ESCAPED, STATE_DOUBLE);
		return false;
	case STATE_DOUBLE_NAME:
		script_name(t, STATE_DOUBLE, STATE_ESCAPED);
		return false;
	case STATE_DOUBLE_LESS:
		t->state = STATE_DOUBLE;
		if (*t->p == '/') {
			t->p++;
			t->matched = 0;
			t->state = STATE_DOUBLE_NAME;
		}
		return false;
	case STATE_ESCAPED:
	case STATE_ESCAPED_DASH:
	case STATE_ESCAPED_DASHES:
		script_dashes(t, STATE_ESCAPED);
		return false;
	default:
		script_dashes(t, STATE_DOUBLE);
		return false;
	}
}
