#include "rules/language/statement.h"

#include "rules/language/lexer.h"

struct slices {
	struct slice *v;
	size_t n;
	size_t cap;
};

struct level {
	struct statement *owner; /* whose block this is; NULL for the file */
	struct statement **tail; /* where the next statement is linked */
	struct statement *last;
};

struct parser {
	struct lexer lexer;
	struct source *src;
	struct arena *arena;
	struct diagnostics *d;
	struct level levels[BLOCK_DEPTH_MAX + 1];
	size_t depth;
	size_t too_deep;      /* blocks that are open beyond the deepest level: their statements join that level */
	struct slices trivia; /* comments and blank lines since the last statement */
	struct word *words;   /* of the line being read; reused for each line */
	struct slice comment; /* likewise */
	size_t n_words;
	size_t words_cap;
};

/* Room for one more element in a vector that lives in the arena; NULL if it refused. */
static void *grow(struct arena *arena, void *v, size_t n, size_t *cap, size_t size)
{
	size_t wanted = *cap ? *cap * 2 : 8;
	void *bigger;

	if (n < *cap)
		return v;
	bigger = arena_calloc(arena, wanted, size);
	if (!bigger)
		return NULL;
	if (n)
		memcpy(bigger, v, n * size);
	*cap = wanted;
	return bigger;
}

static void add_trivia(struct parser *p, struct slice comment)
{
	struct slices *t = &p->trivia;
	struct slice *v;

	if (comment.n == 0 && t->n && t->v[t->n - 1].n == 0)
		return; /* one blank line says as much as several */
	v = grow(p->arena, t->v, t->n, &t->cap, sizeof *v);
	if (!v)
		return;
	t->v = v;
	t->v[t->n++] = comment;
}

static struct slice *take_trivia(struct parser *p, size_t *n)
{
	struct slice *v = p->trivia.v;

	*n = p->trivia.n;
	p->trivia = (struct slices){0};
	return *n ? v : NULL;
}

static bool is_brace(const struct word *w, char brace)
{
	return w->kind == WORD_BARE && w->raw.n == 1 && w->raw.p[0] == brace;
}

static void complain(struct parser *p, const struct word *w, const char *message, const char *hint)
{
	struct position at = word_position(p->src, w);

	diagnostics_add(p->d, SEVERITY_ERROR, &at, hint, "%s", message);
}

static void open_block(struct parser *p, struct statement *s, const struct word *brace)
{
	if (p->depth == BLOCK_DEPTH_MAX) {
		if (!p->too_deep++)
			complain(p, brace, "blocks are nested too deeply", "at most 16 levels are allowed");
		return;
	}
	s->has_block = true;
	p->depth++;
	p->levels[p->depth] = (struct level){.owner = s, .tail = &s->children};
}

static void close_block(struct parser *p, const struct word *brace)
{
	struct statement *owner = p->levels[p->depth].owner;

	if (p->too_deep) {
		p->too_deep--;
	} else if (!owner) {
		complain(p, brace, "no block is open here",
			 "remove this line, or open a block with \"{\" at a line's end");
	} else {
		owner->block_end_comments = take_trivia(p, &owner->n_block_end_comments);
		owner->block_comment = p->comment;
		p->depth--;
	}
}

/* The first n words of the line, as the next statement of the innermost block. NULL if the arena refused. */
static struct statement *append_statement(struct parser *p, size_t n)
{
	struct level *level = &p->levels[p->depth];
	struct statement *s = arena_calloc(p->arena, 1, sizeof *s);
	struct word *words = arena_calloc(p->arena, n, sizeof *words);

	if (!s || !words)
		return NULL;
	memcpy(words, p->words, n * sizeof *words);
	s->words = words;
	s->n_words = n;
	s->source = p->src;
	s->comment = p->comment;
	s->comments_before = take_trivia(p, &s->n_comments_before);
	*level->tail = s;
	level->tail = &s->next;
	level->last = s;
	return s;
}

/* A line that begins with '{': most likely meant as the block of the statement above. */
static void lone_open(struct parser *p)
{
	struct statement *last = p->levels[p->depth].last;

	complain(p, &p->words[0], "a block needs a statement in front of it, on the same line",
		 "write \"{\" at the end of the line above");
	if (last && !last->has_block)
		open_block(p, last, &p->words[0]);
	else
		p->too_deep++;
}

/* Offset of the first brace among the words, or n_words. */
static size_t find_brace(const struct parser *p)
{
	size_t i = 0;

	while (i < p->n_words && !is_brace(&p->words[i], '{') && !is_brace(&p->words[i], '}'))
		i++;
	return i;
}

static void check_heredocs(struct parser *p)
{
	for (size_t i = 0; i + 1 < p->n_words; i++)
		if (p->words[i].kind == WORD_HEREDOC)
			complain(p, &p->words[i], "a here-document must be the last word of its line",
				 "move it to the end of the statement, or quote the word");
}

/* The braces of a line that is not well formed: says so, and opens and closes what was probably meant. */
static void misplaced_brace(struct parser *p, struct statement *s, size_t at)
{
	const struct word *brace = &p->words[at], *last = &p->words[p->n_words - 1];

	if (is_brace(brace, '{')) {
		complain(p, brace, "\"{\" must be the last word of its line",
			 "write each statement of the block on a line of its own, and \"}\" alone on the last one");
		s->has_block = true; /* what stands in the line is not understood; later layers need not complain too */
		if (!is_brace(last, '}'))
			open_block(p, s, brace);
	} else {
		complain(p, brace, "\"}\" must stand alone on its line", "move it to a line of its own");
		close_block(p, brace);
	}
}

static void parse_statement(struct parser *p)
{
	size_t brace = find_brace(p);
	struct statement *s = append_statement(p, brace);

	if (!s)
		return;
	check_heredocs(p);
	if (p->words[p->n_words - 1].kind == WORD_HEREDOC) {
		lexer_heredoc(&p->lexer, &p->words[p->n_words - 1]);
		if (brace == p->n_words)
			s->words[brace - 1] = p->words[brace - 1];
	}
	if (brace == p->n_words)
		return;
	if (brace + 1 == p->n_words && is_brace(&p->words[brace], '{'))
		open_block(p, s, &p->words[brace]);
	else
		misplaced_brace(p, s, brace);
}

static void parse_close(struct parser *p)
{
	if (p->n_words > 1)
		complain(p, &p->words[1], "\"}\" must stand alone on its line", "move this word to a line of its own");
	close_block(p, &p->words[0]);
}

/* Reads one logical line; false at the end of the text. */
static bool read_line(struct parser *p)
{
	enum token token;
	bool any = false;

	p->n_words = 0;
	p->comment = slice_of(NULL, 0);
	for (;;) {
		struct word w, *v;

		token = lexer_next(&p->lexer, &w, &p->comment);
		if (token == TOKEN_LINE_END)
			return true;
		if (token == TOKEN_END)
			return any;
		any = true;
		if (token == TOKEN_COMMENT)
			continue;
		v = grow(p->arena, p->words, p->n_words, &p->words_cap, sizeof *v);
		if (!v)
			return false;
		p->words = v;
		p->words[p->n_words++] = w;
	}
}

static void parse_line(struct parser *p)
{
	if (p->n_words == 0)
		add_trivia(p, p->comment);
	else if (is_brace(&p->words[0], '}'))
		parse_close(p);
	else if (is_brace(&p->words[0], '{'))
		lone_open(p);
	else
		parse_statement(p);
}

/*
 * What stands no deeper than the statement whose block was left open is not of that block: each would be complained of,
 * and not be checked for what it is.
 */
static void end_by_indent(struct statement *owner)
{
	unsigned column = owner->words[0].column;
	struct statement **link = &owner->children;

	if (!*link || (*link)->words[0].column <= column)
		return;
	while (*link && (*link)->words[0].column > column)
		link = &(*link)->next;
	owner->next = *link; /* nothing can follow a block that is open at the end */
	*link = NULL;
}

static void check_closed(struct parser *p)
{
	for (; p->depth; p->depth--) {
		struct statement *owner = p->levels[p->depth].owner;
		struct position at = statement_position(owner);

		diagnostics_add(p->d, SEVERITY_ERROR, &at, "end it with a line that holds \"}\" alone",
				"the block of this statement is never closed");
		end_by_indent(owner);
	}
}

static bool check_size(const struct source *src, struct diagnostics *d)
{
	struct position at = {.file = src->path};

	if (src->text.n <= SOURCE_MAX)
		return true;
	diagnostics_add(d, SEVERITY_ERROR, &at, "split it, and include the parts", "the file is larger than 4 MB");
	return false;
}

struct source *source_parse(struct slice path, struct slice text, struct arena *arena, struct diagnostics *d)
{
	struct parser *p = arena_calloc(arena, 1, sizeof *p);
	struct source *src = arena_calloc(arena, 1, sizeof *src);

	if (!p || !src)
		return NULL;
	*src = (struct source){.path = path, .text = text};
	if (!check_size(src, d))
		return src;
	p->src = src;
	p->arena = arena;
	p->d = d;
	p->levels[0].tail = &src->first;
	lexer_check_octets(src, d);
	lexer_init(&p->lexer, src, arena, d);
	while (read_line(p))
		parse_line(p);
	src->end_comments = take_trivia(p, &src->n_end_comments);
	check_closed(p);
	return arena_failed(arena) ? NULL : src;
}

struct position word_position(const struct source *src, const struct word *w)
{
	return source_position(src, w->raw.p, w->line, w->column, w->raw.n);
}

struct position statement_position(const struct statement *s)
{
	return word_position(s->source, &s->words[0]);
}

struct position statement_end_position(const struct statement *s)
{
	const struct word *w = &s->words[s->n_words - 1];

	return source_position(s->source, w->raw.p + w->raw.n, w->line, w->column + (unsigned)w->raw.n, 1);
}

bool word_is(const struct word *w, const char *text)
{
	return w->kind == WORD_BARE && slice_eq(w->raw, slice_str(text));
}
