/* Words that are a selector, and the sets of selectors and literals. */
#include "rules/language/ruleset_internal.h"

void selector_scan(struct selector_scan *scan, struct slice raw)
{
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];

		if (scan->escaped) {
			scan->escaped = false;
		} else if (c == '\\') {
			scan->escaped = true;
		} else if (scan->quote) {
			if (c == scan->quote)
				scan->quote = '\0';
		} else if (c == '"' || c == '\'') {
			scan->quote = c;
		} else if (c == '[' || c == '(') {
			scan->depth++;
		} else if ((c == ']' || c == ')') && scan->depth) {
			scan->depth--;
		}
	}
}

/* ---- From words to a text, and back. ---- */

/* Blanks stay as they were written; where a line was continued there is one. */
static struct slice gap_between(const struct word *a, const struct word *b)
{
	const char *end = a->raw.p + a->raw.n;

	return a->line == b->line ? slice_of(end, (size_t)(b->raw.p - end)) : SLICE(" ");
}

static struct slice join(struct builder *b, const struct word *words, size_t n)
{
	struct slice *parts = arena_calloc(&b->tree, n * 2, sizeof *parts);
	size_t n_parts = 0;

	if (n == 1)
		return words[0].kind == WORD_STRING ? words[0].text : words[0].raw;
	for (size_t i = 0; parts && i < n; i++) {
		if (i)
			parts[n_parts++] = gap_between(&words[i - 1], &words[i]);
		parts[n_parts++] = words[i].raw;
	}
	return parts ? arena_concat(&b->tree, parts, n_parts) : slice_of(NULL, 0);
}

/* The place of an offset into the joined text. */
static struct position place_of(const struct statement *s, const struct word *words, size_t n, size_t offset)
{
	struct position at;
	size_t i = 0, column;

	while (i + 1 < n) {
		size_t width = words[i].raw.n + gap_between(&words[i], &words[i + 1]).n;

		if (offset < width)
			break;
		offset -= width;
		i++;
	}
	column = n == 1 && words[0].kind == WORD_STRING ? offset + 1 : offset;
	at = word_position(s->source, &words[i]);
	at.column += (unsigned)(column < words[i].raw.n ? column : words[i].raw.n);
	at.width = 1;
	return at;
}

/* ---- What was meant as an address. ---- */

static bool is_name_octet(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_';
}

static bool is_one_of(struct slice s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_ieq(s, slice_str(words[i])))
			return true;
	}
	return false;
}

/* Ends of file names and of hosts; country codes have two letters. */
static bool is_file_end(struct slice s)
{
	static const char *const ends[] = {"js",   "mjs",  "php",  "gif",  "png", "jpg",  "jpeg",
					   "svg",  "webp", "avif", "css",  "htm", "html", "asp",
					   "aspx", "jsp",  "cgi",  "json", "xml", "ico",  "mp4"};

	return is_one_of(s, ends, CG_COUNT(ends));
}

static bool is_host_end(struct slice s)
{
	static const char *const ends[] = {"com",  "net",  "org",    "info", "biz", "dev",  "app", "cloud",
					   "tech", "site", "online", "shop", "xyz", "mobi", "name"};

	return (s.n == 2 && ascii_is_alpha(s.p[0]) && ascii_is_alpha(s.p[1])) || is_one_of(s, ends, CG_COUNT(ends));
}

enum address { ADDRESS_NONE, ADDRESS_HOST, ADDRESS_FILE };

/* "example.com", "analytics.js", "t.co:443", "t.co$script", "pixel.php?id=1", "*.gif" */
static enum address address_of(struct slice word)
{
	struct slice host = slice_head(word, slice_find_char(word, '?')), last;
	size_t dot;

	host = slice_head(host, slice_find_char(host, '$'));
	host = slice_head(host, slice_find_char(host, ':'));
	dot = host.n;
	while (dot && host.p[dot - 1] != '.')
		dot--;
	for (size_t i = 0; i + 1 < dot; i++) {
		if (!is_name_octet(host.p[i]) && host.p[i] != '.' && host.p[i] != '*')
			return ADDRESS_NONE;
	}
	last = slice_from(host, dot);
	if (dot < 2 || last.n == 0)
		return ADDRESS_NONE;
	if (is_file_end(last))
		return ADDRESS_FILE;
	return is_host_end(last) && host.p[0] != '*' ? ADDRESS_HOST : ADDRESS_NONE;
}

static void complain_address(struct builder *b, const struct statement *s, const struct word *w, struct slice text,
			     bool host)
{
	struct slice options = slice_from(text, slice_find_char(text, '$'));
	struct slice front = slice_head(text, text.n - options.n);

	build_error(b, s, w,
		    build_hint(b, "write it as a URL pattern: %s%.*s%s%.*s", host ? "||" : "/", SLICE_ARG(front),
			       host ? "^" : "", SLICE_ARG(options)),
		    "\"%.*s\" is a selector, and looks like a %s", SLICE_ARG(text), host ? "host" : "file");
}

/* The word begins a compound of the selector. False if it is rather an address; everything odd is reported. */
static bool check_type(struct builder *b, const struct statement *s, const struct word *w)
{
	struct slice text = w->raw, type;
	enum address address;
	const char *near;
	size_t n = 0;

	while (n < text.n && is_name_octet(text.p[n]))
		n++;
	type = slice_head(text, n);
	if (element_known(type) || (n == 0 && text.p[0] != '*'))
		return true;
	while (text.n && text.p[text.n - 1] == ',')
		text.n--;
	address = address_of(text);
	near = slice_find_char(type, '-') == type.n ? element_suggest(type) : NULL;
	if (address != ADDRESS_NONE)
		complain_address(b, s, w, text, address == ADDRESS_HOST);
	else if (near)
		build_warning(b, s, w, build_hint(b, "did you mean \"%s\"?", near), "HTML has no element \"%.*s\"",
			      SLICE_ARG(type));
	return address == ADDRESS_NONE;
}

/* Blanks in single quotes would not survive the formatter, which knows double quotes alone. */
static bool check_words(struct builder *b, const struct statement *s, const struct word *words, size_t n)
{
	struct selector_scan scan = {0};
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		if (scan.depth == 0)
			ok &= words[i].kind == WORD_STRING || check_type(b, s, &words[i]);
		selector_scan(&scan, words[i].raw);
		if (scan.quote == '\'' && i + 1 < n) {
			build_error(b, s, &words[i], "use double quotes: [name=\"a b\"]",
				    "a blank in a part of this selector that stands in single quotes");
			return false;
		}
		scan.quote = '\0';
	}
	return ok;
}

/* ---- The sets. ---- */

static void complain(struct builder *b, const struct statement *s, const struct word *words, size_t n,
		     const struct selector_error *error)
{
	struct position at = place_of(s, words, n, error->offset);
	const char *hint = "a URL pattern begins with ||, | or /, or holds / or ^";

	diagnostics_add(b->d, SEVERITY_ERROR, &at, error->hint[0] ? error->hint : hint, "%s", error->message);
}

static bool have_set(struct builder *b)
{
	struct beacons *beacons = &b->rs->beacons;

	if (!beacons->selectors)
		beacons->selectors = selectors_new(&b->rs->arena);
	return beacons->selectors != NULL;
}

/* The id of a selector that another statement has written; SIZE_MAX if none has. */
static size_t find_same(const struct beacons *beacons, struct slice text)
{
	size_t n = selectors_count(beacons->selectors);

	for (size_t id = 0; id < n; id++) {
		if (slice_eq(beacons->by_selector[id]->text, text))
			return id;
	}
	return SIZE_MAX;
}

static void link_statement(struct beacons *beacons, struct beacon_selector *s)
{
	struct beacon_selector *last = beacons->by_selector[s->id];

	if (!last) {
		beacons->by_selector[s->id] = s;
		return;
	}
	while (last->next)
		last = (struct beacon_selector *)(uintptr_t)last->next;
	last->next = s;
}

/* The id of the joined words, new or shared; SIZE_MAX after an error. */
static size_t selector_id(struct builder *b, const struct statement *s, const struct word *words, size_t n,
			  struct slice text)
{
	struct beacons *beacons = &b->rs->beacons;
	size_t id = find_same(beacons, text);
	struct selector_error error = {0};

	if (id != SIZE_MAX)
		return id;
	id = selectors_count(beacons->selectors);
	if (selectors_add(beacons->selectors, text, &error))
		return id;
	if (error.message[0])
		complain(b, s, words, n, &error);
	else
		build_no_memory(b);
	return SIZE_MAX;
}

struct beacon_selector *selector_read(struct builder *b, const struct item *item, size_t from, size_t to,
				      const struct beacon_rule *rule)
{
	const struct word *words = &item->s->words[from];
	struct beacons *beacons = &b->rs->beacons;
	struct beacon_selector *selector;
	struct slice text;
	size_t id;

	if (!have_set(b) || !check_words(b, item->s, words, to - from))
		return NULL;
	text = join(b, words, to - from);
	if (arena_failed(&b->tree))
		return NULL;
	id = selector_id(b, item->s, words, to - from, text);
	if (id == SIZE_MAX)
		return NULL;
	selector = &beacons->statements[beacons->n_statements++];
	*selector = (struct beacon_selector){.id = id, .rule = rule, .text = arena_copy(&b->rs->arena, text)};
	link_statement(beacons, selector);
	return selector;
}

void literal_add(struct builder *b, const struct statement *s, const struct word *w, struct slice text,
		 const struct beacon_literal *what)
{
	struct beacons *beacons = &b->rs->beacons;
	size_t id;

	if (!beacons->literals)
		beacons->literals = literals_new(&b->rs->arena);
	if (!beacons->literals)
		return;
	id = literals_count(beacons->literals);
	if (id == LITERALS_MAX)
		build_error(b, s, w, NULL, "more than %d hosts and texts to look for in scripts", LITERALS_MAX);
	else if (!literals_add(beacons->literals, text, what->host ? LITERAL_HOST : LITERAL_TEXT))
		build_no_memory(b);
	else
		beacons->by_literal[id] = (struct beacon_literal){
			.rule = what->rule,
			.host = what->host,
			.selector = what->selector,
			.text = arena_copy(&b->rs->arena, text),
		};
}
