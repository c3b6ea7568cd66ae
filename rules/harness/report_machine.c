/* Results as JSON and as JUnit's XML. */
#include "rules/base/json.h"
#include "rules/base/utf8.h"
#include "rules/harness/report.h"

static const char *const status_words[] = {"passed", "failed", "skipped", "broken"};

static void member(struct buffer *out, const char *name, struct slice value)
{
	buffer_printf(out, "%s:", name);
	if (value.p)
		json_add_string(out, value);
	else
		buffer_add_str(out, "null");
}

static void json_failure(struct buffer *out, const struct failure *f)
{
	const char *comma = "";

	member(out, "{\"expectation\"", f->expectation->text);
	buffer_printf(out, ",\"line\":%u,\"differences\":[", f->expectation->at.line);
	for (const struct diff_row *row = f->rows; row; row = row->next) {
		if (row->same)
			continue;
		buffer_add_str(out, comma);
		member(out, "{\"expected\"", row->expected);
		member(out, ",\"actual\"", row->actual);
		member(out, ",\"why\"", row->why);
		buffer_add_char(out, '}');
		comma = ",";
	}
	buffer_add_str(out, "]}");
}

void report_json_case(struct buffer *out, const struct case_result *r)
{
	member(out, "{\"file\"", r->test->at.file);
	buffer_printf(out, ",\"line\":%u", r->test->at.line);
	member(out, ",\"name\"", r->test->name);
	buffer_printf(out, ",\"status\":\"%s\"", status_words[r->status]);
	if (r->why.n)
		member(out, ",\"why\"", r->why);
	buffer_add_str(out, ",\"failures\":[");
	for (const struct failure *f = r->failures; f; f = f->next) {
		json_failure(out, f);
		if (f->next)
			buffer_add_char(out, ',');
	}
	buffer_add_str(out, "]}");
}

void report_json_counts(struct buffer *out, const struct harness_counts *n)
{
	buffer_printf(out, "\"passed\":%zu,\"failed\":%zu,\"skipped\":%zu,\"broken\":%zu", n->passed, n->failed,
		      n->skipped, n->broken);
}

void report_json_rule(struct buffer *out, bool first, const struct rule *rule)
{
	buffer_add_str(out, first ? "" : ",");
	member(out, "\n{\"file\"", rule->file);
	buffer_printf(out, ",\"line\":%u", rule->line);
	member(out, ",\"rule\"", rule->text);
	buffer_add_char(out, '}');
}

void report_json_coverage(struct buffer *out, const struct coverage *c)
{
	buffer_printf(out, "],\"rules\":{\"exercised\":%zu,\"all\":%zu}", c->exercised, c->all);
}

/* -- JUnit --------------------------------------------------------------------------------------------------------- */

/* Length of the character at s if XML allows it: no control characters, no U+FFFE and U+FFFF; or 0. */
static size_t xml_char(struct slice s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = utf8_length(s);

	if (n == 1 && c < 0x20 && c != '\n' && c != '\t')
		return 0;
	return n == 3 && c == 0xEF && (unsigned char)s.p[1] == 0xBF && (unsigned char)s.p[2] >= 0xBE ? 0 : n;
}

static void add_xml(struct buffer *out, struct slice s)
{
	while (s.n) {
		size_t n = xml_char(s);

		if (s.p[0] == '<')
			buffer_add_str(out, "&lt;");
		else if (s.p[0] == '>')
			buffer_add_str(out, "&gt;");
		else if (s.p[0] == '&')
			buffer_add_str(out, "&amp;");
		else if (s.p[0] == '"')
			buffer_add_str(out, "&quot;");
		else if (n)
			buffer_add(out, slice_head(s, n));
		else
			buffer_add_str(out, "&#xFFFD;");
		s = slice_from(s, n ? n : 1);
	}
}

static void attribute(struct buffer *out, const char *name, struct slice value)
{
	buffer_printf(out, " %s=\"", name);
	add_xml(out, value);
	buffer_add_char(out, '"');
}

static void xml_row(struct buffer *out, const char *label, struct slice text)
{
	buffer_add_str(out, label);
	add_xml(out, text.p ? text : SLICE("(nothing)"));
	buffer_add_char(out, '\n');
}

static void junit_failure(struct buffer *out, const struct failure *f)
{
	buffer_add_str(out, "    <failure");
	attribute(out, "message", f->expectation->text);
	buffer_printf(out, ">line %u\n", f->expectation->at.line);
	for (const struct diff_row *row = f->rows; row; row = row->next) {
		if (row->same)
			continue;
		xml_row(out, "expected: ", row->expected);
		xml_row(out, "actual:   ", row->actual);
		if (row->why.n)
			xml_row(out, "          ", row->why);
	}
	buffer_add_str(out, "</failure>\n");
}

void report_junit_case(struct buffer *out, const struct case_result *r)
{
	buffer_add_str(out, "  <testcase");
	attribute(out, "name", r->test->name);
	attribute(out, "classname", r->test->at.file);
	attribute(out, "file", r->test->at.file);
	buffer_printf(out, " line=\"%u\"", r->test->at.line);
	if (r->status == CASE_PASSED) {
		buffer_add_str(out, "/>\n");
		return;
	}
	buffer_add_str(out, ">\n");
	if (r->status != CASE_FAILED) {
		buffer_add_str(out, r->status == CASE_SKIPPED ? "    <skipped" : "    <error");
		attribute(out, "message", r->why);
		buffer_add_str(out, "/>\n");
	}
	for (const struct failure *f = r->failures; f; f = f->next)
		junit_failure(out, f);
	buffer_add_str(out, "  </testcase>\n");
}

void report_junit_suite(struct buffer *out, struct slice name, const struct harness_counts *n, struct slice cases)
{
	buffer_add_str(out, "<testsuite");
	attribute(out, "name", name);
	buffer_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n",
		      n->passed + n->failed + n->skipped + n->broken, n->failed, n->broken, n->skipped);
	buffer_add(out, cases);
	buffer_add_str(out, "</testsuite>\n");
}
