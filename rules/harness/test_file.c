/* The statements of a test file, case by case. */
#include "rules/harness/test_file.h"

#include "rules/harness/parse.h"
#include "rules/harness/seal.h"
#include "rules/http/host.h"
#include "rules/http/url.h"
#include "rules/language/loader.h"
#include "rules/language/statement.h"

/* A table multiplies lines; this bounds the product. */
#define WORK_MAX 2000000

static void parse_rules(struct parser *p, struct slice rest)
{
	struct slice path = slice_trim(rest);

	if (path.n == 0) {
		parse_error(p, slice_of(NULL, 0), "write: rules FILE, relative to this file",
			    "the rules file is missing");
		return;
	}
	if (p->given_rules) {
		parse_error(p, slice_of(NULL, 0), "one rules file may include others", "rules are named twice");
		return;
	}
	if (path.p[0] == '"' && !next_string(p, &rest, &path))
		return;
	p->given_rules = true;
	p->test->rules = loader_resolve(p->arena, p->file->path, path);
	p->test->own_rules = p->file->n_cases > 0;
}

static bool in_case(struct parser *p, const char *what)
{
	if (p->file->n_cases)
		return true;
	parse_error(p, slice_of(NULL, 0), "begin a case with: test \"what it shows\"", "%s before the first test",
		    what);
	p->block = BLOCK_IGNORE;
	return false;
}

/* True the first time in a case. */
static bool first_time(struct parser *p, bool *seen, const char *what, const char *hint)
{
	bool first = !*seen;

	if (!first)
		parse_error(p, slice_of(NULL, 0), hint, "a second %s in one case", what);
	*seen = true;
	return first;
}

static void parse_visitor(struct parser *p, struct slice rest)
{
	p->block = BLOCK_NONE;
	if (!in_case(p, "visitor") ||
	    !first_time(p, &p->has_visitor, "visitor", "write all cookies in one line, with \"; \" between them"))
		return;
	p->test->visitor = slice_trim(rest);
	if (p->test->visitor.n == 0)
		parse_error(p, slice_of(NULL, 0), "write cookies, like: visitor optout=1; sid=2, or leave the line out",
			    "the visitor carries nothing");
	check_visitor_cookies(p);
}

static void parse_url(struct parser *p, struct slice text)
{
	struct request *r = &p->test->request;
	struct url url;
	uint16_t port;

	if (!url_parse(text, &url)) {
		parse_error(p, text, "write the whole address, like: request GET https://www.example.com/page?x=1",
			    "this is not the address of a web page");
		return;
	}
	r->secure = url.secure;
	r->target = url_target(&url, p->arena);
	r->authority = url.authority;
	if (!authority_parse(url.authority, p->arena, &r->host, &port) && !arena_failed(p->arena))
		parse_error(p, text, NULL, "the host is invalid");
	r->port = url.has_port ? url.port : 0;
	p->test->url = text;
}

static void parse_request(struct parser *p, struct slice rest)
{
	struct request *r = &p->test->request;
	struct slice url = {0};

	p->block = BLOCK_REQUEST;
	if (!in_case(p, "request"))
		return;
	if (!first_time(p, &p->has_request, "request", "one exchange a case: begin another test")) {
		p->block = BLOCK_IGNORE;
		return;
	}
	if (!next_word(&rest, &r->method) || !next_word(&rest, &url)) {
		parse_error(p, slice_of(NULL, 0), "write: request GET https://www.example.com/",
			    "the request needs a method and an address");
		return;
	}
	if (!is_token(r->method))
		parse_error(p, r->method, "write GET, POST ...", "this is not a method");
	parse_url(p, url);
	(void)expect_end(p, rest);
}

static void parse_hints(struct parser *p, struct slice rest)
{
	p->block = BLOCK_IGNORE;
	if (!first_time(p, &p->test->has_hints, "origin 103", "write all of its fields below the first one"))
		return;
	p->block = BLOCK_ORIGIN_HINTS;
	p->test->hints.reason = slice_trim(rest);
}

static void parse_origin(struct parser *p, struct slice rest)
{
	struct slice word = {0};
	uint64_t status = 0;

	p->block = BLOCK_ORIGIN;
	if (!in_case(p, "origin"))
		return;
	if (slice_eq(peek_word(rest), SLICE("103"))) {
		(void)next_word(&rest, &word);
		parse_hints(p, rest);
		return;
	}
	if (!first_time(p, &p->has_origin, "origin", "one exchange a case: begin another test")) {
		p->block = BLOCK_IGNORE;
		return;
	}
	if (!next_word(&rest, &word) || word.n != 3 || !slice_to_u64(word, 599, &status) || status < 200) {
		parse_error(p, word.n ? word : slice_of(NULL, 0),
			    slice_eq(word, SLICE("not-called")) ? "write: expect origin not-called"
								: "write the status, like: origin 200",
			    "the origin's status is missing or is none (103, or 200 to 599)");
		return;
	}
	p->test->origin.status = (unsigned)status;
	p->test->origin.reason = slice_trim(rest);
}

/* Fields that frame a message are the codec's business, the host that of the address. */
static bool field_allowed(struct parser *p, struct slice name)
{
	enum field_id id = field_id_of(name);

	if (id == FIELD_HOST)
		parse_error(p, name, "leave it out", "the host is that of the request's address");
	else if (id == FIELD_CONTENT_LENGTH || id == FIELD_TRANSFER_ENCODING)
		parse_error(p, name, "leave it out", "framing is made by whoever sends the message");
	else
		return true;
	return false;
}

static void message_field(struct parser *p, struct fields *fields)
{
	struct slice line = slice_trim(p->line->text), name, value;

	if (!slice_cut(line, ':', &name, &value) || !is_token(name)) {
		parse_error(p, line,
			    "write \"Name: value\", or <<TAG for the body; other statements begin in the first column",
			    "this is not a field");
		return;
	}
	if (field_allowed(p, name))
		(void)fields_add(fields, name, slice_trim(value));
}

static void message_line(struct parser *p, struct fields *fields, struct slice *body)
{
	if (!p->line->has_body) {
		message_field(p, fields);
		return;
	}
	if (body->p)
		parse_error(p, slice_of(NULL, 0), "keep one of them", "a second body of one message");
	*body = p->line->body.p ? p->line->body : SLICE("");
}

static void block_line(struct parser *p)
{
	switch (p->block) {
	case BLOCK_REQUEST:
		message_line(p, &p->test->request.fields, &p->test->request_body);
		break;
	case BLOCK_ORIGIN_HINTS:
		if (p->line->has_body)
			parse_error(p, slice_of(NULL, 0), "the body belongs to: origin 200", "hints have no body");
		else
			message_field(p, &p->test->hints.fields);
		break;
	case BLOCK_ORIGIN:
		message_line(p, &p->test->origin.fields, &p->test->origin_body);
		break;
	case BLOCK_EXPECT_ORIGIN:
	case BLOCK_EXPECT_VISITOR:
	case BLOCK_EXPECT_HINTS:
	case BLOCK_EXPECT_VERDICT:
	case BLOCK_EXPECT_CONSENT:
		parse_expectation(p);
		break;
	case BLOCK_NONE:
		parse_error(p, slice_of(NULL, 0), "statements begin in the first column",
			    "this indented line belongs to nothing");
		break;
	case BLOCK_IGNORE:
		break;
	}
}

static void given_statement(struct parser *p, struct slice rest)
{
	p->block = BLOCK_NONE;
	parse_given(p, rest);
}

static void rules_statement(struct parser *p, struct slice rest)
{
	p->block = BLOCK_NONE;
	parse_rules(p, rest);
}

static void expect_statement(struct parser *p, struct slice rest)
{
	if (in_case(p, "expect"))
		parse_expect(p, rest);
}

static const char *const words[] = {"given", "rules", "visitor", "request", "origin", "expect", "test", "table"};
static void (*const handlers[])(struct parser *, struct slice) = {given_statement, rules_statement, parse_visitor,
								  parse_request,   parse_origin,    expect_statement};

static void statement(struct parser *p)
{
	struct slice rest = p->line->text, word = {0};
	const char *near;

	(void)next_word(&rest, &word);
	for (size_t i = 0; i < CG_COUNT(handlers); i++)
		if (slice_eq(word, slice_str(words[i]))) {
			handlers[i](p, rest);
			return;
		}
	p->block = BLOCK_IGNORE;
	near = suggest(word, words, CG_COUNT(words));
	parse_error(p, word, "statements are: rules, given, test, visitor, request, origin, expect, table",
		    near ? "unknown statement \"%.*s\"; did you mean \"%s\"?" : "unknown statement \"%.*s\"%s",
		    SLICE_ARG(word), near ? near : "");
}

/* -- cases --------------------------------------------------------------------------------------------------------- */

static bool begins_with_word(const struct test_line *line, struct slice word)
{
	return !line->indented && slice_eq(peek_word(line->text), word);
}

static void check_case(struct parser *p, const struct test_line *head)
{
	p->line = head;
	if (!p->has_request)
		parse_error(p, slice_of(NULL, 0), "write: request GET https://www.example.com/",
			    "the test has no request");
	if (!p->test->first)
		parse_error(p, slice_of(NULL, 0),
			    "add \"expect origin-sees\" or \"expect visitor-sees\" with what must be",
			    "the test expects nothing");
}

/* Cells go into the name as they are, quotes and backslashes included; names of a table's cases must differ. */
static void case_name(struct parser *p, const struct test_table *t, const struct test_row *row)
{
	struct slice rest = slice_from(p->line->text, 4), name = {0};

	if (!next_string(p, &rest, &name))
		return;
	(void)expect_end(p, rest);
	if (name.n == 0)
		parse_error(p, slice_of(NULL, 0), "say what it shows", "the test has no name");
	p->test->name = row ? table_fill(t, row, name, p->arena) : name;
	if (row && p->test->name.p == name.p)
		p->test->name = arena_printf(p->arena, "%.*s [%.*s]", SLICE_ARG(name), SLICE_ARG(row->text));
}

/* Starts a case with the file's defaults. */
static bool begin_case(struct parser *p, const struct test_case *defaults)
{
	struct test_case *c = arena_calloc(p->arena, 1, sizeof *c);

	if (!c)
		return false;
	*c = *defaults;
	c->next = NULL;
	c->at = parse_position(p, slice_of(NULL, 0));
	c->origin.status = 200;
	c->hints.status = 103;
	fields_init(&c->request.fields, p->arena);
	fields_init(&c->hints.fields, p->arena);
	fields_init(&c->origin.fields, p->arena);
	p->test = c;
	p->end = &c->first;
	p->block = BLOCK_NONE;
	p->has_request = p->has_origin = p->has_visitor = false;
	p->given_consent = p->given_region = p->given_time = p->given_site = p->given_rules = false;
	return true;
}

/* The line with the row's cells; allocated only if it differs. */
static const struct test_line *filled(struct parser *p, const struct test_line *line, const struct test_table *t,
				      const struct test_row *row)
{
	struct slice text, body;
	struct test_line *copy;

	if (!t)
		return line;
	text = table_fill(t, row, line->text, p->arena);
	body = table_fill(t, row, line->body, p->arena);
	if (text.p == line->text.p && body.p == line->body.p)
		return line;
	copy = arena_alloc(p->arena, sizeof *copy);
	if (!copy)
		return line;
	*copy = *line;
	copy->text = text;
	copy->body = body;
	copy->varied = true;
	return copy;
}

/* Parses the lines from head, the `test` line, up to end, once; row NULL: without a table. */
static bool one_case(struct parser *p, const struct test_case *defaults, const struct test_line *head,
		     const struct test_line *end, const struct test_table *table, const struct test_row *row)
{
	const struct test_line *line;
	bool in_table = false;

	p->line = head;
	if (!begin_case(p, defaults))
		return false;
	p->file->n_cases++;
	case_name(p, table, row);
	for (line = head->next; line != end && !arena_failed(p->arena); line = line->next) {
		p->work++;
		if (!line->indented)
			in_table = begins_with_word(line, SLICE("table"));
		if (in_table)
			continue;
		p->line = filled(p, line, table, row);
		if (line->indented)
			block_line(p);
		else
			statement(p);
	}
	check_case(p, head);
	return !arena_failed(p->arena);
}

/* The table of a case, if it has one: *broken after an error in it. */
static const struct test_table *find_table(struct parser *p, const struct test_line *head, const struct test_line *end,
					   bool *broken)
{
	const struct test_table *t = NULL;
	struct slice rest, word;

	*broken = false;
	for (const struct test_line *line = head; line != end; line = line->next) {
		if (!begins_with_word(line, SLICE("table")))
			continue;
		p->line = line;
		rest = line->text;
		(void)next_word(&rest, &word);
		if (!expect_end(p, rest)) {
			*broken = true;
			continue;
		}
		if (t) {
			parse_error(p, slice_of(NULL, 0), "one table a case: begin another test", "a second table");
			*broken = true;
			continue;
		}
		t = table_read(p->file->path, line, line->next, p->arena, p->d);
		*broken |= !t;
	}
	return t;
}

static void warn_unused(struct parser *p, const struct test_table *t, const struct test_line *head)
{
	struct position at = line_position(p->file->path, head, slice_of(NULL, 0));

	for (size_t i = 0; i < t->n_columns; i++)
		if (!t->used[i])
			diagnostics_add(p->d, SEVERITY_WARNING, &at, NULL,
					"no line of the test uses the table's column {%.*s}", SLICE_ARG(t->columns[i]));
}

static struct test_case **cases(struct parser *p, const struct test_case *defaults, const struct test_line *head,
				const struct test_line *end, struct test_case **tail)
{
	const struct test_table *table;
	const struct test_row *row;
	bool broken;

	p->repeat = false;
	table = find_table(p, head, end, &broken);
	table = broken ? NULL : table;
	row = table ? table->rows : NULL;
	do {
		if (p->work > WORK_MAX) {
			p->line = head;
			p->repeat = false;
			parse_error(p, slice_of(NULL, 0), "split the file", "too many cases");
			return tail;
		}
		if (!one_case(p, defaults, head, end, table, row))
			return tail;
		*tail = p->test;
		tail = &p->test->next;
		p->repeat = true;
		row = row ? row->next : NULL;
	} while (row);
	if (table)
		warn_unused(p, table, head);
	return tail;
}

static const struct test_line *case_end(const struct test_line *head)
{
	const struct test_line *line = head->next;

	while (line && !begins_with_word(line, SLICE("test")))
		line = line->next;
	return line;
}

/* What stands before the first case. */
static const struct test_line *preamble(struct parser *p, const struct test_line *line)
{
	for (; line && !begins_with_word(line, SLICE("test")); line = line->next) {
		p->line = line;
		if (begins_with_word(line, SLICE("table")))
			parse_error(p, slice_of(NULL, 0), "begin a case with: test \"what it shows\"",
				    "table before the first test");
		else if (line->indented)
			block_line(p);
		else
			statement(p);
	}
	return line;
}

static void out_of_memory(const struct test_file *f, struct diagnostics *d)
{
	struct position at = {.file = f->path};

	diagnostics_add(d, SEVERITY_ERROR, &at, "split the file",
			"the cases of the file need more memory than there is");
}

static void parse_all(struct test_file *f, struct slice text, struct diagnostics *d)
{
	struct test_case defaults = {0}, **tail = &f->first;
	struct parser p = {.file = f, .arena = &f->arena, .d = d, .test = &defaults};
	const struct test_line *line;
	struct position at = {.file = f->path};

	line = test_lines(f->path, text, p.arena, d);
	line = preamble(&p, line);
	if (!line && !arena_failed(p.arena) && diagnostics_ok(d))
		diagnostics_add(d, SEVERITY_ERROR, &at, "begin a case with: test \"what it shows\"",
				"the file holds no test");
	while (line && !arena_failed(p.arena)) {
		const struct test_line *end = case_end(line);

		tail = cases(&p, &defaults, line, end, tail);
		line = end;
	}
	if (arena_failed(p.arena))
		out_of_memory(f, d);
}

bool test_file_parse(struct slice path, struct slice text, struct test_file *out, struct diagnostics *d)
{
	struct position at = {.file = path};
	size_t errors = d->errors;

	*out = (struct test_file){0};
	arena_init(&out->arena, 65536, TEST_FILE_MEM);
	if (text.n > TEST_FILE_MAX) {
		diagnostics_add(d, SEVERITY_ERROR, &at, "split it", "the file is larger than %d MB",
				TEST_FILE_MAX / 1024 / 1024);
		return false;
	}
	out->path = arena_copy(&out->arena, path);
	text = arena_copy(&out->arena, text);
	if (arena_failed(&out->arena))
		out_of_memory(out, d);
	else
		parse_all(out, text, d);
	return d->errors == errors && !d->failed;
}

void test_file_free(struct test_file *f)
{
	for (struct expectation *e = f->patterns; e; e = e->next_pattern) {
		pattern_free(e->pattern);
		e->pattern = NULL;
	}
	f->patterns = NULL;
	f->first = NULL;
	f->n_cases = 0;
	arena_free(&f->arena);
}

/* -- purposes ------------------------------------------------------------------------------------------------------ */

static bool bind_list(struct purpose_list *list, const struct ruleset *rs, struct diagnostics *d)
{
	bool ok = true;

	list->mask = list->all ? ruleset_all_purposes(rs) | PURPOSE_NECESSARY : PURPOSE_NECESSARY;
	for (struct named *x = list->first; x; x = x->next) {
		int bit = ruleset_purpose_find(rs, x->name);

		if (bit >= 0) {
			list->mask |= (purposes)1 << bit;
			continue;
		}
		diagnostics_add(d, SEVERITY_ERROR, &x->at,
				"the purposes are those that the rules declare with: purpose NAME",
				"unknown purpose \"%.*s\"", SLICE_ARG(x->name));
		ok = false;
	}
	return ok;
}

bool test_case_bind(struct test_case *c, const struct ruleset *rs, struct diagnostics *d)
{
	bool ok = bind_list(&c->given.granted, rs, d);

	for (struct expectation *e = c->first; e; e = e->next) {
		ok &= bind_list(&e->purposes, rs, d);
		ok &= bind_list(&e->verdict.of, rs, d);
	}
	return ok;
}
