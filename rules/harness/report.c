#include "rules/harness/report.h"

#define INDENT	  "        "
#define SIDE_MAX  48 /* columns of the left side; a longer one is shown above the other */
#define VALUE_MAX 2000

static const char *const status_words[] = {"ok", "failed", "skipped", "broken"};
static const char *const status_colours[] = {"\033[32m", "\033[1;31m", "\033[33m", "\033[1;31m"};

/* How wide an octet is shown: those that continue a UTF-8 sequence take no column. */
static size_t columns_of(unsigned char c)
{
	if (c == '\n')
		return 2;
	if (c < 0x20 || c == 0x7F)
		return 4;
	return (c & 0xC0) != 0x80 ? 1 : 0;
}

/* Bodies and values are shown on one line, without driving the terminal. Returns the columns it took. */
static size_t add_visible(struct buffer *out, struct slice s)
{
	size_t n = s.n < VALUE_MAX ? s.n : VALUE_MAX, width = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\n')
			buffer_add_str(out, "\\n");
		else if (c < 0x20 || c == 0x7F)
			buffer_printf(out, "\\x%02X", c);
		else
			buffer_add_char(out, s.p[i]);
		width += columns_of(c);
	}
	if (n < s.n)
		buffer_printf(out, "... (%zu octets)", s.n);
	return width;
}

/* Columns that add_visible() takes. */
static size_t visible_width(struct slice s)
{
	size_t width = 0;

	for (size_t i = 0; i < s.n && width <= SIDE_MAX * 2; i++)
		width += columns_of((unsigned char)s.p[i]);
	return width;
}

static void add_spaces(struct buffer *out, size_t n)
{
	while (n--)
		buffer_add_char(out, ' ');
}

static const char *side_text(enum expect_side side)
{
	switch (side) {
	case EXPECT_ORIGIN:
		return "origin-sees";
	case EXPECT_HINTS:
		return "hints";
	case EXPECT_VISITOR:
		return "visitor-sees";
	case EXPECT_VERDICT:
		return "verdict";
	case EXPECT_CONSENT:
		return "consent";
	}
	return "?";
}

static void add_place(struct buffer *out, const struct position *at)
{
	buffer_add(out, at->file);
	buffer_printf(out, ":%u", at->line);
}

/* -- side by side -------------------------------------------------------------------------------------------------- */

/* Width of the left column; 0 if a text is too long for two columns. */
static size_t left_width(const struct diff_row *rows)
{
	size_t width = sizeof "expected" - 1;

	for (; rows; rows = rows->next) {
		size_t w = visible_width(rows->expected);

		if (w > SIDE_MAX || visible_width(rows->actual) > SIDE_MAX * 2)
			return 0;
		width = w > width ? w : width;
	}
	return width;
}

static void columns(struct buffer *out, bool colour, const struct diff_row *rows, size_t width)
{
	buffer_printf(out, INDENT "    %-*s | actual\n", (int)width, "expected");
	for (; rows; rows = rows->next) {
		buffer_printf(out, INDENT "  %s%s ", colour && !rows->same ? "\033[31m" : "", rows->same ? " " : ">");
		add_spaces(out, width - add_visible(out, rows->expected));
		buffer_add_str(out, " | ");
		add_visible(out, rows->actual);
		buffer_add_str(out, colour && !rows->same ? "\033[0m\n" : "\n");
		if (rows->why.n) {
			add_spaces(out, sizeof INDENT - 1 + 4 + width);
			buffer_add_str(out, " |   ");
			add_visible(out, rows->why);
			buffer_add_char(out, '\n');
		}
	}
}

static void labelled(struct buffer *out, const char *label, struct slice text)
{
	if (!text.n)
		return;
	buffer_add_str(out, label);
	add_visible(out, text);
	buffer_add_char(out, '\n');
}

static void stacked(struct buffer *out, const struct diff_row *rows)
{
	for (; rows; rows = rows->next) {
		if (rows->same)
			continue;
		labelled(out, INDENT "    expected  ", rows->expected.p ? rows->expected : SLICE("(nothing)"));
		labelled(out, INDENT "    actual    ", rows->actual.p ? rows->actual : SLICE("(nothing)"));
		labelled(out, INDENT "              ", rows->why);
	}
}

static void add_failure(struct buffer *out, bool colour, const struct failure *f)
{
	const struct expectation *e = f->expectation;
	size_t width = left_width(f->rows);

	buffer_add_str(out, INDENT);
	add_place(out, &e->at);
	buffer_printf(out, ": expect %s", e->what == EXPECT_NOT_CALLED ? "origin not-called" : side_text(e->side));
	if (e->negative || e->what == EXPECT_ALWAYS) {
		buffer_add_str(out, ": ");
		add_visible(out, e->text);
	}
	buffer_add_char(out, '\n');
	if (width)
		columns(out, colour, f->rows, width);
	else
		stacked(out, f->rows);
}

void report_text_case(struct buffer *out, bool colour, const struct case_result *r)
{
	const char *paint = colour ? status_colours[r->status] : "", *plain = colour ? "\033[0m" : "";

	buffer_printf(out, "%s%-7s%s ", paint, status_words[r->status], plain);
	add_visible(out, r->test->name);
	if (r->status != CASE_PASSED) {
		buffer_add_str(out, "  (");
		add_place(out, &r->test->at);
		buffer_add_char(out, ')');
	}
	buffer_add_char(out, '\n');
	labelled(out, INDENT, r->why);
	for (const struct failure *f = r->failures; f; f = f->next)
		add_failure(out, colour, f);
}

static void summary_part(struct buffer *out, bool colour, size_t n, enum case_status status)
{
	if (n)
		buffer_printf(out, ", %s%zu %s%s", colour ? status_colours[status] : "", n, status_words[status],
			      colour ? "\033[0m" : "");
}

void report_text_summary(struct buffer *out, bool colour, const struct harness_counts *n)
{
	size_t all = n->passed + n->failed + n->skipped + n->broken;

	buffer_printf(out, "%zu case%s: %zu ok", all, all == 1 ? "" : "s", n->passed);
	summary_part(out, colour, n->failed, CASE_FAILED);
	summary_part(out, colour, n->skipped, CASE_SKIPPED);
	summary_part(out, colour, n->broken, CASE_BROKEN);
	buffer_add_char(out, '\n');
}

/* -- coverage ------------------------------------------------------------------------------------------------------ */

/* Rules are often aligned in columns; out of their file they need not be. */
static void add_squeezed(struct buffer *out, struct slice s)
{
	struct slice word;

	while (s.n) {
		(void)slice_cut(s, ' ', &word, &s);
		if (!word.n)
			continue;
		add_visible(out, word);
		if (s.n)
			buffer_add_char(out, ' ');
	}
}

void report_uncovered(struct buffer *out, bool tap, bool colour, bool first, const struct rule *rule)
{
	if (first)
		buffer_add_str(out, tap ? "# no case exercised:\n" : "\nno case exercised:\n");
	buffer_printf(out, "%s%s%.*s:%u%s: ", tap ? "#   " : "  ", colour ? "\033[33m" : "", SLICE_ARG(rule->file),
		      rule->line, colour ? "\033[0m" : "");
	add_squeezed(out, rule->text);
	buffer_add_char(out, '\n');
}

void report_coverage(struct buffer *out, bool tap, const struct coverage *c)
{
	buffer_printf(out, "%scoverage: %zu of %zu rule%s\n", tap ? "# " : "", c->exercised, c->all,
		      c->all == 1 ? "" : "s");
}

/* -- TAP ----------------------------------------------------------------------------------------------------------- */

void report_tap_head(struct buffer *out, size_t cases)
{
	buffer_printf(out, "1..%zu\n", cases);
}

/* A '#' in a name would begin a directive. */
static void tap_name(struct buffer *out, struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '#' || name.p[i] == '\\')
			buffer_printf(out, "\\%c", name.p[i]);
		else
			add_visible(out, slice_of(name.p + i, 1));
}

static void tap_row(struct buffer *out, const char *label, struct slice text)
{
	buffer_add_str(out, label);
	if (text.p)
		add_visible(out, text);
	else
		buffer_add_str(out, "(nothing)");
	buffer_add_char(out, '\n');
}

static void tap_failure(struct buffer *out, const struct failure *f)
{
	buffer_add_str(out, "# ");
	add_place(out, &f->expectation->at);
	tap_row(out, ": ", f->expectation->text);
	for (const struct diff_row *row = f->rows; row; row = row->next) {
		if (row->same)
			continue;
		tap_row(out, "#   expected: ", row->expected);
		tap_row(out, "#   actual:   ", row->actual);
		if (row->why.n)
			tap_row(out, "#   ", row->why);
	}
}

void report_tap_case(struct buffer *out, size_t number, const struct case_result *r)
{
	bool ok = r->status == CASE_PASSED || r->status == CASE_SKIPPED;

	buffer_printf(out, "%s %zu - ", ok ? "ok" : "not ok", number);
	tap_name(out, r->test->name);
	if (r->status == CASE_SKIPPED)
		tap_row(out, " # SKIP ", r->why);
	else
		buffer_add_char(out, '\n');
	if (r->status == CASE_BROKEN)
		tap_row(out, "# ", r->why);
	for (const struct failure *f = r->failures; f; f = f->next)
		tap_failure(out, f);
}
