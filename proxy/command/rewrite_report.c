#include "proxy/command/rewrite_report.h"

#include "rules/base/json.h"
#include "rules/harness/check.h"

#define CHANGES_MEMORY ((size_t)256 * 1024 * 1024)
/* Characters shown of a stretch of text; of a longer one its beginning and its end. */
#define SHOWN_MAX  160
#define SHOWN_HEAD 110
#define SHOWN_TAIL 40
/* Octets behind the last change of a tag, up to which its end is looked for. */
#define TAG_REST 2000

void changes_init(struct changes *c)
{
	*c = (struct changes){0};
	arena_init(&c->arena, 65536, CHANGES_MEMORY);
}

void changes_free(struct changes *c)
{
	arena_free(&c->arena);
}

/* -- collecting ---------------------------------------------------------------------------------------------------- */

/* Edits come nearly in order: what is inserted in front may be decided later. */
static void put_in_order(struct changes *c, struct change *new)
{
	struct change **p = &c->first;

	if (c->last && c->last->edit.offset <= new->edit.offset)
		p = &c->last->next;
	while (*p && (*p)->edit.offset <= new->edit.offset)
		p = &(*p)->next;
	new->next = *p;
	*p = new;
	if (!new->next)
		c->last = new;
}

/* Whose it is: of its own verdict, or, as an end tag that goes with its element, of another's. */
static void find_verdict(struct changes *c, struct change *new, const struct verdict *v)
{
	if (v) {
		c->latest = *v;
		c->latest.name = arena_copy(&c->arena, v->name);
		c->latest.pattern = arena_copy(&c->arena, v->pattern);
		if (c->waiting)
			c->waiting->why = c->latest;
		c->waiting = NULL;
	} else if (slice_find(new->edit.inserted, SLICE("data-cg-guard=")) < new->edit.inserted.n) {
		new->guard = true;
		return;
	} else if (!new->edit.removed.n) {
		c->waiting = new;
	}
	new->why = c->latest;
}

void changes_take(void *arg, const struct page_edit *edit)
{
	struct changes *c = arg;
	struct change *new = arena_calloc(&c->arena, 1, sizeof *new);

	if (!new)
		return;
	new->edit = (struct page_edit){.offset = edit->offset,
				       .removed = arena_copy(&c->arena, edit->removed),
				       .inserted = arena_copy(&c->arena, edit->inserted)};
	find_verdict(c, new, edit->verdict);
	put_in_order(c, new);
}

static bool same_verdict(const struct change *a, const struct change *b)
{
	return a->guard == b->guard && a->why.kind == b->why.kind && a->why.subject == b->why.subject &&
	       a->why.rule == b->why.rule && a->why.offset == b->why.offset && slice_eq(a->why.name, b->why.name);
}

/* The change behind the last that belongs to this one. */
static const struct change *group_end(const struct change *c)
{
	const struct change *end = c->next;

	while (end && same_verdict(c, end))
		end = end->next;
	return end;
}

/* -- places -------------------------------------------------------------------------------------------------------- */

/* Walks forward through the page; columns count characters of UTF-8, as editors do. */
struct cursor {
	struct slice text;
	size_t at;
	unsigned line, column;
};

static void cursor_go(struct cursor *k, uint64_t offset)
{
	if (offset < k->at)
		*k = (struct cursor){.text = k->text, .line = 1, .column = 1};
	for (; k->at < offset && k->at < k->text.n; k->at++) {
		unsigned char c = (unsigned char)k->text.p[k->at];

		if (c == '\n') {
			k->line++;
			k->column = 1;
		} else if ((c & 0xC0) != 0x80) {
			k->column++;
		}
	}
}

/* Where the tag or whatever it is begins that a group of changes is about. */
static size_t group_begin(const struct change *c, struct slice text)
{
	uint64_t at = c->edit.offset;

	if (!c->guard && c->why.subject == SUBJECT_BEACON && c->why.offset < at)
		at = c->why.offset;
	return at < text.n ? (size_t)at : text.n;
}

/* The end of the tag in which `at` is, if that is in sight; else `at`. */
static size_t tag_end(struct slice text, size_t begin, size_t at)
{
	struct slice rest = slice_head(slice_from(text, at), TAG_REST);
	size_t n = slice_find_char(rest, '>');

	if (at == begin || text.p[begin] != '<' || text.p[at - 1] == '>' || n == rest.n)
		return at;
	return slice_find_char(slice_head(rest, n), '<') < n ? at : at + n + 1;
}

/* -- for people ---------------------------------------------------------------------------------------------------- */

/* Octets of the first n characters. */
static size_t characters(struct slice s, size_t n)
{
	size_t i = 0;

	while (i < s.n && (n > 0 || ((unsigned char)s.p[i] & 0xC0) == 0x80)) {
		n -= ((unsigned char)s.p[i] & 0xC0) != 0x80;
		i++;
	}
	return i;
}

/* On one line, and without driving the terminal. */
static void add_visible(struct buffer *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\n')
			buffer_add_str(out, "\\n");
		else if (c < 0x20 || c == 0x7F)
			buffer_printf(out, "\\x%02X", c);
		else
			buffer_add_char(out, s.p[i]);
	}
}

static void add_short(struct buffer *out, struct slice s)
{
	size_t head, tail;

	if (s.n <= SHOWN_MAX) {
		add_visible(out, s);
		return;
	}
	head = characters(s, SHOWN_HEAD);
	tail = s.n - SHOWN_TAIL;
	while (tail < s.n && ((unsigned char)s.p[tail] & 0xC0) == 0x80)
		tail++;
	if (head >= tail) {
		add_visible(out, s);
		return;
	}
	add_visible(out, slice_head(s, head));
	buffer_add_str(out, "\xE2\x80\xA6");
	add_visible(out, slice_from(s, tail));
}

/* Text with marks around what changed; changes that touch each other share them. */
struct marked {
	struct buffer *out;
	bool colour;
	enum mark { MARK_NONE, MARK_REMOVED, MARK_INSERTED } now;
};

static void mark(struct marked *m, enum mark as)
{
	static const char *const begin[] = {"", "[-", "{+"}, *const end[] = {"", "-]", "+}"};
	static const char *const paint[] = {"", "\033[31m", "\033[32m"};

	if (as == m->now)
		return;
	buffer_add_str(m->out, !m->colour ? end[m->now] : m->now ? "\033[0m" : "");
	buffer_add_str(m->out, m->colour ? paint[as] : begin[as]);
	m->now = as;
}

static void add_marked(struct marked *m, struct slice s, enum mark as)
{
	if (!s.n)
		return;
	mark(m, as);
	add_short(m->out, s);
}

/* The stretch of the page with its changes marked. */
static void add_group(const struct change *c, const struct change *end, struct slice text, bool colour,
		      struct buffer *out)
{
	struct marked m = {.out = out, .colour = colour};
	size_t begin = group_begin(c, text), at = begin;

	buffer_add_str(out, "    ");
	for (; c != end; c = c->next) {
		if (c->edit.offset > at && c->edit.offset <= text.n) {
			add_marked(&m, slice_of(text.p + at, (size_t)c->edit.offset - at), MARK_NONE);
			at = (size_t)c->edit.offset;
		}
		add_marked(&m, c->edit.removed, MARK_REMOVED);
		add_marked(&m, c->edit.inserted, MARK_INSERTED);
		at += c->edit.removed.n < text.n - at ? c->edit.removed.n : text.n - at;
	}
	mark(&m, MARK_NONE);
	add_short(out, slice_of(text.p + at, tag_end(text, begin, at) - at));
	buffer_add_char(out, '\n');
}

static void add_why(struct changes *c, const struct change *k, struct buffer *out)
{
	struct slice why;

	if (k->guard) {
		buffer_add_str(out, "the guard\n    stops what scripts do while something is denied\n");
		return;
	}
	why = verdict_why(&k->why, &c->arena);
	buffer_printf(out, "%s ", verdict_subject_text(k->why.subject));
	add_short(out, k->why.name);
	buffer_printf(out, "\n    %.*s\n", SLICE_ARG(why));
}

void changes_text(struct changes *c, const struct changes_page *page, bool colour, struct buffer *out)
{
	struct cursor k = {.text = page->text, .line = 1, .column = 1};
	struct slice granted = purposes_text(page->rules, page->granted, &c->arena);
	size_t n = 0;

	for (const struct change *g = c->first, *end; g; g = end, n++) {
		end = group_end(g);
		cursor_go(&k, group_begin(g, page->text));
		buffer_printf(out, "%s:%u:%u: ", page->name, k.line, k.column);
		add_why(c, g, out);
		add_group(g, end, page->text, colour, out);
		buffer_add_char(out, '\n');
	}
	if (n)
		buffer_printf(out, "%zu change%s", n, n == 1 ? "" : "s");
	else
		buffer_add_str(out, "nothing changes");
	buffer_printf(out, "; granted: %.*s\n", SLICE_ARG(granted));
}

/* -- for machines -------------------------------------------------------------------------------------------------- */

static void member(struct buffer *out, const char *name, struct slice value)
{
	buffer_printf(out, ",\"%s\":", name);
	(void)json_add_string(out, value);
}

static void json_why(const struct ruleset *rules, const struct change *k, struct buffer *out)
{
	const char *comma = "";

	if (k->guard) {
		buffer_add_str(
			out, ",\"kind\":\"inject\",\"subject\":\"guard\",\"name\":null,\"purposes\":[],\"rule\":null");
		return;
	}
	member(out, "kind", slice_str(verdict_kind_text(k->why.kind)));
	member(out, "subject", slice_str(verdict_subject_text(k->why.subject)));
	member(out, "name", k->why.name);
	buffer_add_str(out, ",\"purposes\":[");
	for (size_t bit = 1; bit < ruleset_purpose_count(rules); bit++) {
		if (!(k->why.mask & (purposes)1 << bit))
			continue;
		buffer_add_str(out, comma);
		(void)json_add_string(out, ruleset_purpose(rules, bit)->name);
		comma = ",";
	}
	buffer_add_str(out, "],\"rule\":");
	if (!k->why.rule || !k->why.rule->line) {
		buffer_add_str(out, "null");
		return;
	}
	buffer_add_str(out, "{\"file\":");
	(void)json_add_string(out, k->why.rule->file);
	buffer_printf(out, ",\"line\":%u", k->why.rule->line);
	member(out, "text", k->why.rule->text);
	if (k->why.list_line)
		buffer_printf(out, ",\"list_line\":%u", k->why.list_line);
	if (k->why.pattern.n)
		member(out, "pattern", k->why.pattern);
	buffer_add_char(out, '}');
}

void changes_json(struct changes *c, const struct changes_page *page, struct buffer *out)
{
	struct cursor k = {.text = page->text, .line = 1, .column = 1};

	for (const struct change *g = c->first; g; g = g->next) {
		cursor_go(&k, g->edit.offset);
		buffer_printf(out, "{\"offset\":%llu,\"line\":%u,\"column\":%u", (unsigned long long)g->edit.offset,
			      k.line, k.column);
		member(out, "removed", g->edit.removed);
		member(out, "inserted", g->edit.inserted);
		json_why(page->rules, g, out);
		buffer_add_str(out, "}\n");
	}
}
