/* Comments, bogus comments, instructions, doctypes and CDATA sections (WHATWG HTML 13.2.5.41 to 13.2.5.71). */
#include "rules/html/internal.h"

static const struct slice doctype = SLICE_INIT("doctype"), cdata = SLICE_INIT("[cdata[");

/* Behind "<!": t->matched octets of "--", "doctype" or "[CDATA[" were read. */
static bool declaration(struct html_tokenizer *t, struct html_token *token)
{
	char c = *t->p;

	if (t->matched == 0) {
		t->back = c == '-' ? '-' : c == '[' ? '[' : 'd';
		if (c == '[' && !html_in_foreign(t) && !t->options.xml)
			t->back = 0;
	}
	if (t->back == '-' && c == '-') {
		t->p++;
		if (++t->matched < 2)
			return false;
		t->state = t->options.xml ? STATE_COMMENT : STATE_COMMENT_START;
		return html_become(t, token, HTML_COMMENT);
	}
	if (t->back == 'd' && ascii_lower(c) == doctype.p[t->matched]) {
		t->p++;
		if (++t->matched < doctype.n)
			return false;
		t->state = STATE_DOCTYPE;
		return html_become(t, token, HTML_DOCTYPE);
	}
	if (t->back == '[' && c == (t->matched && t->matched < 6 ? cdata.p[t->matched] - 0x20 : '[')) {
		t->p++;
		if (++t->matched < cdata.n)
			return false;
		t->state = STATE_CDATA;
		return html_become(t, token, HTML_CDATA);
	}
	t->state = STATE_BOGUS;
	return html_become(t, token, HTML_COMMENT);
}

static bool ends_at_greater(struct html_tokenizer *t, struct html_token *token)
{
	t->p = find_char(t->p, t->end, '>');
	if (t->p == t->end)
		return false;
	t->p++;
	return html_close(t, token);
}

/* A processing instruction of XML: up to "?>" (XML 2.6). */
static bool instruction(struct html_tokenizer *t, struct html_token *token)
{
	char c;

	if (t->state == STATE_INSTRUCTION) {
		t->p = find_char(t->p, t->end, '?');
		if (t->p < t->end) {
			t->p++;
			t->state = STATE_INSTRUCTION_END;
		}
		return false;
	}
	c = *t->p++;
	if (c == '>')
		return html_close(t, token);
	if (c != '?')
		t->state = STATE_INSTRUCTION;
	return false;
}

static bool comment(struct html_tokenizer *t, struct html_token *token)
{
	char c;

	if (t->state == STATE_COMMENT) {
		t->p = find_char(t->p, t->end, '-');
		if (t->p == t->end)
			return false;
	}
	c = *t->p++;
	switch (t->state) {
	case STATE_COMMENT_START:
	case STATE_COMMENT_START_DASH:
		if (c == '>')
			return html_close(t, token);
		if (c == '-')
			t->state = t->state == STATE_COMMENT_START ? STATE_COMMENT_START_DASH : STATE_COMMENT_END;
		else
			t->state = STATE_COMMENT;
		return false;
	case STATE_COMMENT:
		t->state = STATE_COMMENT_DASH;
		return false;
	case STATE_COMMENT_DASH:
		t->state = c == '-' ? STATE_COMMENT_END : STATE_COMMENT;
		return false;
	case STATE_COMMENT_END:
		if (c == '>')
			return html_close(t, token);
		t->state = c == '!' ? STATE_COMMENT_BANG : c == '-' ? STATE_COMMENT_END : STATE_COMMENT;
		return false;
	default: /* STATE_COMMENT_BANG */
		if (c == '>')
			return html_close(t, token);
		t->state = c == '-' ? STATE_COMMENT_DASH : STATE_COMMENT;
		return false;
	}
}

static bool cdata_section(struct html_tokenizer *t, struct html_token *token)
{
	char c;

	if (t->state == STATE_CDATA) {
		t->p = find_char(t->p, t->end, ']');
		if (t->p < t->end) {
			t->p++;
			t->state = STATE_CDATA_BRACKET;
		}
		return false;
	}
	c = *t->p++;
	if (c == ']')
		t->state = STATE_CDATA_END;
	else if (c == '>' && t->state == STATE_CDATA_END)
		return html_close(t, token);
	else
		t->state = STATE_CDATA;
	return false;
}

bool html_markup(struct html_tokenizer *t, struct html_token *token)
{
	switch (t->state) {
	case STATE_DECLARATION:
		return declaration(t, token);
	case STATE_BOGUS:
	case STATE_DOCTYPE:
		return ends_at_greater(t, token);
	case STATE_INSTRUCTION:
	case STATE_INSTRUCTION_END:
		return instruction(t, token);
	case STATE_CDATA:
	case STATE_CDATA_BRACKET:
	case STATE_CDATA_END:
		return cdata_section(t, token);
	default:
		return comment(t, token);
	}
}
