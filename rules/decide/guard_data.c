#include "rules/base/utf8.h"
#include "rules/consent/names.h"
#include "rules/decide/guard_internal.h"
/* The parser of filter lines, so that a pattern means here what it means there. */
#include "rules/filter/internal.h"
#include "rules/language/ruleset_accept.h"

/* Longer names and patterns are left out; others fit into the buffers here, so that these fail for memory alone. */
#define ENTRY_TEXT_MAX FILTER_LINE_MAX
#define ENTRY_MAX      (1u << 20)

/* One of the two lists while it is written. */
struct list {
	const struct ruleset *rs;
	struct buffer *out;
	struct buffer entry; /* the one in work */
	size_t start;	     /* offset of the list in out */
	purposes mask;	     /* of the last entry; 0: there is none yet */
	bool full;
	size_t left_out;
};

/* ---- Strings. ---- */

static uint32_t code_point(struct slice s, size_t n)
{
	uint32_t c = (unsigned char)s.p[0];

	if (n > 1)
		c &= 0x7Fu >> n;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3Fu);
	return c;
}

static bool add_unicode(uint32_t c, struct buffer *out)
{
	if (c < 0x10000)
		return buffer_printf(out, "\\u%04X", (unsigned)c);
	c -= 0x10000;
	return buffer_printf(out, "\\u%04X\\u%04X", (unsigned)(0xD800 | c >> 10), (unsigned)(0xDC00 | (c & 0x3FF)));
}

bool guard_string_write(struct slice s, struct buffer *out)
{
	buffer_add_char(out, '"');
	while (s.n) {
		size_t n = utf8_length(s);
		unsigned char c = (unsigned char)s.p[0];

		if (n > 1) {
			add_unicode(code_point(s, n), out);
		} else if (c < ' ' || c == '<' || c == '>' || c >= 0x7F) {
			buffer_printf(out, "\\x%02X", c);
		} else {
			if (c == '"' || c == '\\')
				buffer_add_char(out, '\\');
			buffer_add_char(out, (char)c);
		}
		s = slice_from(s, n ? n : 1);
	}
	return buffer_add_char(out, '"');
}

/* ---- Entries. ---- */

static void begin(struct list *list)
{
	list->start = list->out->n;
	list->mask = 0;
	list->full = false;
	buffer_add_char(list->out, '[');
}

static void end(struct list *list)
{
	buffer_add_char(list->out, ']');
}

/* Puts list->entry behind the others. The first that finds no room ends the list, since the order decides. */
static void append(struct list *list, purposes mask)
{
	struct buffer *out = list->out;

	out->failed = out->failed || list->entry.failed;
	if (list->full || out->n - list->start + list->entry.n > GUARD_DATA_MAX) {
		list->full = true;
		list->left_out++;
		return;
	}
	if (list->mask)
		buffer_add_char(out, ',');
	if (list->mask != mask)
		buffer_printf(out, "%lu,", (unsigned long)mask);
	list->mask = mask;
	buffer_add(out, buffer_slice(&list->entry));
}

/* ["REGEX","FLAGS" without the closing bracket; false, and counted, if there is no such expression. */
static bool write_regex(struct list *list, struct slice text, struct slice flags)
{
	char js_flags[4];
	struct buffer source;
	bool ok;

	buffer_init(&source, 4 * text.n + 16);
	ok = guard_regex_write(text, flags, &source, js_flags);
	list->out->failed = list->out->failed || source.failed;
	if (ok) {
		buffer_add_char(&list->entry, '[');
		guard_string_write(buffer_slice(&source), &list->entry);
		buffer_printf(&list->entry, ",\"%s\"", js_flags);
	}
	buffer_free(&source);
	list->left_out += !ok;
	return ok;
}

/* ---- Cookies. ---- */

static void add_cookie(struct list *list, struct slice name, purposes mask)
{
	buffer_clear(&list->entry);
	guard_string_write(name, &list->entry);
	append(list, mask);
}

/* Cookies whose purposes do not depend on the order of statements stand in front. */
static bool is_settled(const struct ruleset *rs, struct slice name)
{
	size_t n;
	const struct opt_out_rule *o = ruleset_opt_outs(rs, &n);
	const struct inject_cookie_rule *inject;

	for (size_t i = 0; i < n; i++)
		if (slice_eq(o[i].name, name))
			return true;
	inject = ruleset_inject_cookies(rs, &n);
	for (size_t i = 0; i < n; i++)
		if (slice_eq(inject[i].name, name))
			return true;
	return false;
}

static void visit_cookie(void *arg, struct slice text, bool regex, struct slice flags, purposes mask)
{
	struct list *list = arg;

	if (text.n > ENTRY_TEXT_MAX) {
		list->left_out++;
		return;
	}
	if (!regex) {
		if (!is_settled(list->rs, text))
			add_cookie(list, text, mask);
		return;
	}
	buffer_clear(&list->entry);
	if (!write_regex(list, text, flags))
		return;
	buffer_add_char(&list->entry, ']');
	append(list, mask);
}

/* crumbgate's own, opt-outs, injected ones. */
static void add_settled(struct list *list, struct pattern_scratch *scratch)
{
	size_t n;
	const struct opt_out_rule *o = ruleset_opt_outs(list->rs, &n);
	const struct inject_cookie_rule *inject;

	add_cookie(list, SLICE(CONSENT_COOKIE), PURPOSE_NECESSARY);
	add_cookie(list, SLICE(CONSENT_COOKIE_PLAIN), PURPOSE_NECESSARY);
	for (size_t i = 0; i < n; i++)
		add_cookie(list, o[i].name, PURPOSE_NECESSARY);
	inject = ruleset_inject_cookies(list->rs, &n);
	for (size_t i = 0; i < n; i++) {
		bool limit;
		const struct cookie_rule *rule = ruleset_cookie(list->rs, scratch, inject[i].name, &limit);

		add_cookie(list, inject[i].name, rule ? rule->mask : ruleset_all_purposes(list->rs));
	}
}

/* ---- Cookies that carry consent. ---- */

/* A name that a cookie statement spells out stands in front of those that would cover it. */
static void visit_spelled(void *arg, struct slice text, bool regex, struct slice flags, purposes mask)
{
	struct list *list = arg;

	(void)flags;
	if (regex || slice_find_char(text, '*') < text.n || is_settled(list->rs, text))
		return;
	if (ruleset_is_consent_carrier(list->rs, text))
		add_cookie(list, text, mask);
}

static void visit_carrier(void *arg, struct slice name)
{
	add_cookie(arg, name, PURPOSE_NECESSARY);
}

static void add_carriers(struct list *list)
{
	ruleset_each_cookie_name(list->rs, visit_spelled, list);
	ruleset_each_consent_carrier(list->rs, visit_carrier, list);
}

/* ---- URLs. ---- */

static bool is_usable(const struct filter_line *line)
{
	return (line->kind == LINE_RULE || line->kind == LINE_HOSTS) && line->domains.n == 0 &&
	       (line->types & FILTER_ANY) && !(line->flags & (RULE_EXCEPTION | RULE_BAD));
}

/* The pattern with its anchors as one string, in lower case unless letter case matters. */
static void write_pattern(struct list *list, const struct filter_line *line)
{
	struct slice p = line->pattern;
	struct buffer text;

	buffer_init(&text, p.n + 8);
	buffer_add_str(&text, line->flags & RULE_HOST ? "||" : line->flags & RULE_START ? "|" : "");
	/* A '|' that is no anchor must not look like one. */
	if (p.n && p.p[0] == '|' && !(line->flags & (RULE_HOST | RULE_START)))
		buffer_add_char(&text, '*');
	for (size_t i = 0; i < p.n; i++)
		buffer_add_char(&text, line->flags & RULE_MATCH_CASE ? p.p[i] : ascii_lower(p.p[i]));
	if (line->kind == LINE_HOSTS)
		buffer_add_char(&text, '^');
	if (line->flags & RULE_END)
		buffer_add_char(&text, '|');
	else if (p.n && p.p[p.n - 1] == '|')
		buffer_add_char(&text, '*');
	list->out->failed = list->out->failed || text.failed;
	guard_string_write(buffer_slice(&text), &list->entry);
	buffer_free(&text);
}

static unsigned options_of(const struct filter_line *line)
{
	return (line->flags & RULE_THIRD_PARTY ? 1u : 0) | (line->flags & RULE_FIRST_PARTY ? 2u : 0) |
	       (line->flags & RULE_MATCH_CASE ? 4u : 0);
}

static void add_pattern(struct list *list, const struct filter_line *line, purposes mask)
{
	unsigned types = line->types == FILTER_ANY ? 0 : line->types & FILTER_ANY, options = options_of(line);
	bool plain = types == 0 && options == 0;

	if (!plain)
		buffer_add_char(&list->entry, '[');
	write_pattern(list, line);
	if (!plain)
		buffer_printf(&list->entry, ",0,%u,%u]", types, options);
	append(list, mask);
}

static void add_regex(struct list *list, const struct filter_line *line, struct slice flags, purposes mask)
{
	unsigned types = line->types == FILTER_ANY ? 0 : line->types & FILTER_ANY, options = options_of(line);

	if (!write_regex(list, line->pattern, flags))
		return;
	if (types == 0 && options == 0)
		buffer_add_char(&list->entry, ']');
	else
		buffer_printf(&list->entry, ",%u,%u]", types, options);
	append(list, mask);
}

static void visit_url(void *arg, struct slice text, bool regex, struct slice flags, purposes mask)
{
	struct list *list = arg;
	struct filter_line line = {.kind = LINE_RULE, .pattern = text, .types = FILTER_ANY, .flags = RULE_REGEX};

	buffer_clear(&list->entry);
	if (!regex) {
		filter_line_parse(text, &line);
		flags = line.flags & RULE_MATCH_CASE ? slice_of(NULL, 0) : SLICE("i");
	}
	if (text.n > ENTRY_TEXT_MAX || !is_usable(&line))
		list->left_out++;
	else if (line.flags & RULE_REGEX)
		add_regex(list, &line, flags, mask);
	else
		add_pattern(list, &line, mask);
}

/* ---- All of it. ---- */

static void write_purposes(const struct ruleset *rs, struct buffer *out)
{
	for (size_t i = 0; i < ruleset_purpose_count(rs); i++) {
		buffer_add_char(out, i ? ',' : '[');
		guard_string_write(ruleset_purpose(rs, i)->name, out);
	}
	buffer_add_char(out, ']');
}

bool guard_data_write(const struct ruleset *rs, struct buffer *out, size_t *left_out)
{
	struct list list = {.rs = rs, .out = out};
	struct pattern_scratch *scratch = pattern_scratch_new();

	if (!scratch)
		return false;
	buffer_init(&list.entry, ENTRY_MAX);
	write_purposes(rs, out);
	buffer_add_char(out, ',');
	begin(&list);
	add_settled(&list, scratch);
	add_carriers(&list);
	ruleset_each_cookie_name(rs, visit_cookie, &list);
	end(&list);
	buffer_add_char(out, ',');
	begin(&list);
	ruleset_each_beacon_pattern(rs, visit_url, &list);
	end(&list);
	buffer_printf(out, ",%lu", (unsigned long)ruleset_unnamed_cookie(rs)->mask);
	pattern_scratch_free(scratch);
	buffer_free(&list.entry);
	*left_out = list.left_out;
	return !out->failed;
}
