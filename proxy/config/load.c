#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/config/internal.h"

#define CONFIG_MEMORY (256 * 1024 * 1024)
#define MESSAGE_MAX   400

/* -- helpers for all statements -------------------------------------------------------------------------------------
 */

void config_say(struct loading *l, enum severity severity, struct position at, const char *hint, const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	diagnostics_add(l->d, severity, &at, hint, "%s", message);
}

void config_error(struct loading *l, const struct statement *s, const struct word *w, const char *hint, const char *fmt,
		  ...)
{
	char message[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	config_say(l, SEVERITY_ERROR, word_position(s->source, w), hint, "%s", message);
}

const char *config_text(struct loading *l, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	const char *copy;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	copy = arena_cstr(&l->config->arena, slice_str(text));
	return copy ? copy : "";
}

const char *config_hint(struct loading *l, struct slice word, const char *const *candidates, size_t n,
			const char *otherwise)
{
	const char *near = suggest(word, candidates, n);

	return near ? config_text(l, "did you mean \"%s\"?", near) : otherwise;
}

void *config_push(struct loading *l, void **array, size_t *n, size_t size)
{
	size_t used = *n;

	if ((used & (used - 1)) == 0) { /* full at each power of two */
		char *bigger = arena_calloc(&l->config->arena, used ? used * 2 : 1, size);

		if (!bigger)
			return NULL;
		if (used)
			memcpy(bigger, *array, used * size);
		*array = bigger;
	}
	(*n)++;
	return (char *)*array + used * size;
}

struct slice config_path(struct loading *l, const struct statement *s, const struct word *w)
{
	return loader_resolve(&l->config->arena, s->source->path, w->text);
}

bool config_plain(struct loading *l, const struct statement *s, const struct word *w)
{
	/* A path such as /srv/x/ looks like a regular expression; the text that was written counts. */
	if ((w->kind == WORD_BARE || w->kind == WORD_STRING) && w->text.n)
		return true;
	config_error(l, s, w, w->kind == WORD_REGEX ? "put it in quotes if it is meant as it stands" : NULL,
		     "%s cannot be used here",
		     w->kind == WORD_REGEX ? "a regular expression"
		     : w->text.n	   ? "a here-document"
					   : "an empty word");
	return false;
}

/* -- the statements of a block ---------------------------------------------------------------------------------------
 */

#define CG_STATEMENT_top(id, name, times, has_block, min, max, syntax) \
	{name, times, has_block, min, max, syntax, read_top_##id},
#define CG_STATEMENT_site(...)
#define CG_STATEMENT_tls(...)
#define CG_STATEMENT(block, id, name, times, has_block, min, max, syntax, meaning) \
	CG_STATEMENT_##block(id, name, times, has_block, min, max, syntax)
static const struct config_statement top_statements[] = {
#include "proxy/config/statement_table.h"
};
#undef CG_STATEMENT_top
#undef CG_STATEMENT_site
#define CG_STATEMENT_top(...)
#define CG_STATEMENT_site(id, name, times, has_block, min, max, syntax) \
	{name, times, has_block, min, max, syntax, read_site_##id},
static const struct config_statement site_statements[] = {
#include "proxy/config/statement_table.h"
};
#undef CG_STATEMENT_site
#undef CG_STATEMENT_tls
#define CG_STATEMENT_site(...)
#define CG_STATEMENT_tls(id, name, times, has_block, min, max, syntax) \
	{name, times, has_block, min, max, syntax, read_tls_##id},
static const struct config_statement tls_statements[] = {
#include "proxy/config/statement_table.h"
};
#undef CG_STATEMENT

const struct config_block config_block_top = {"the file", top_statements, CG_COUNT(top_statements)};
const struct config_block config_block_site = {"site", site_statements, CG_COUNT(site_statements)};
const struct config_block config_block_tls = {"tls", tls_statements, CG_COUNT(tls_statements)};

/* Statements of blocks, for those who wrote them elsewhere. */
static const struct {
	const char *word, *block;
} homes[] = {
#define CG_STATEMENT(block, id, name, ...) {name, #block},
#define CG_TIMEOUT(member, name, ...)	   {name, "timeouts"},
#define CG_LIMIT(member, name, ...)	   {name, "limits"},
#include "proxy/config/statement_table.h"
#undef CG_STATEMENT
#undef CG_TIMEOUT
#undef CG_LIMIT
};

_Static_assert(CG_COUNT(top_statements) <= CONFIG_BLOCK_MAX, "CONFIG_BLOCK_MAX");

static size_t find_statement(const struct config_block *block, struct slice name)
{
	size_t i = 0;

	while (i < block->n && !slice_eq(name, slice_str(block->statements[i].name)))
		i++;
	return i;
}

/* What other programs call it. */
static const struct {
	const char *word, *ours;
} synonyms[] = {
	{"server", "site"},
	{"server_name", "site"},
	{"vhost", "site"},
	{"virtualhost", "site"},
	{"bind", "listen"},
	{"port", "listen"},
	{"frontend", "listen"},
	{"backend", "upstream"},
	{"origin", "upstream"},
	{"websocket", "upgrade"},
	{"websockets", "upgrade"},
	{"proxy_pass", "upstream"},
	{"proxy", "upstream"},
	{"ssl_certificate", "certificate"},
	{"cert", "certificate"},
	{"crt", "certificate"},
	{"key", "certificate"},
	{"ssl", "tls"},
	{"protocols", "versions"},
	{"ssl_protocols", "tls"},
	{"log", "access-log"},
	{"access_log", "access-log"},
	{"worker_processes", "workers"},
	{"nbproc", "workers"},
	{"timeout", "timeouts"},
	{"limit", "limits"},
	{"proxy_set_header", "host"},
	{"set_real_ip_from", "trusted-proxy"},
};

static const char *const rule_words[] = {"include", "policy", "purpose", "opt-out", "signal", "accept", "cookie",
					 "beacon",  "path",   "param",	 "inject",  "mode",   "list"};

static const char *unknown_hint(struct loading *l, const struct config_block *block, struct slice word)
{
	const char *names[CONFIG_BLOCK_MAX], *near;

	if (find_statement(&config_block_top, word) < config_block_top.n)
		return config_text(l, "\"%.*s\" stands outside of every block", SLICE_ARG(word));
	for (size_t i = 0; i < CG_COUNT(homes); i++)
		if (slice_eq(word, slice_str(homes[i].word)))
			return config_text(l, "\"%.*s\" belongs in the block of \"%s\"", SLICE_ARG(word),
					   homes[i].block);
	for (size_t i = 0; i < CG_COUNT(synonyms); i++)
		if (slice_ieq(word, slice_str(synonyms[i].word)))
			return config_text(l, "here it is called \"%s\"", synonyms[i].ours);
	for (size_t i = 0; i < CG_COUNT(rule_words); i++)
		if (slice_eq(word, slice_str(rule_words[i])))
			return "this belongs in a file of rules, which a site names with: rules FILE";
	for (size_t i = 0; i < block->n; i++)
		names[i] = block->statements[i].name;
	near = suggest(word, names, block->n);
	return near ? config_text(l, "did you mean \"%s\"?", near)
		    : "\"crumbgate check --statements\" lists what can be written";
}

static bool check_shape(struct loading *l, const struct statement *s, const struct config_statement *c)
{
	const char *hint = config_text(l, "write: %s", c->syntax);

	if (s->n_words - 1 < c->min) {
		config_say(l, SEVERITY_ERROR, statement_end_position(s), hint, "\"%s\" needs more words", c->name);
		return false;
	}
	if (s->n_words - 1 > c->max) {
		config_error(l, s, &s->words[c->max + 1], hint, "too many words for \"%s\"", c->name);
		return false;
	}
	if (c->has_block && !s->has_block) {
		config_say(l, SEVERITY_ERROR, statement_end_position(s), hint, "\"%s\" needs a block", c->name);
		return false;
	}
	if (!c->has_block && s->has_block) {
		config_error(l, s, &s->words[0], hint, "\"%s\" takes no block", c->name);
		return false;
	}
	return true;
}

static void read_statement(struct loading *l, const struct statement *s, const struct config_block *block,
			   unsigned *seen, void *target)
{
	size_t i = find_statement(block, s->words[0].raw);
	const struct config_statement *c = &block->statements[i];

	if (i == block->n) {
		config_error(l, s, &s->words[0], unknown_hint(l, block, s->words[0].raw),
			     "unknown statement \"%.*s\" in %s", SLICE_ARG(s->words[0].raw), block->name);
		return;
	}
	if (c->times == ONCE && seen[i]) {
		config_error(l, s, &s->words[0], "keep one of them", "\"%s\" was already said in line %u", c->name,
			     seen[i]);
		return;
	}
	seen[i] = s->words[0].line;
	if (check_shape(l, s, c))
		c->read(l, s, target);
}

void config_read_block(struct loading *l, const struct statement *first, const struct config_block *block, void *target)
{
	unsigned seen[CONFIG_BLOCK_MAX] = {0};

	for (const struct statement *s = first; s; s = s->next)
		read_statement(l, s, block, seen, target);
}

/* -- the whole file ---------------------------------------------------------------------------------------------------
 */

static void set_defaults(struct config *c)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	c->workers = cpus > 0 && cpus <= 256 ? (unsigned)cpus : cpus > 256 ? 256 : 1;
	c->access_log = SLICE("off");
	c->tickets = 1;
	c->tls12 = true;
	c->h2 = true;
	c->timeouts = (struct config_timeouts){
#define CG_TIMEOUT(member, name, ms, meaning) .member = (ms),
#include "proxy/config/statement_table.h"
#undef CG_TIMEOUT
	};
	c->limits = (struct config_limits){
#define CG_LIMIT(member, name, kind, value, least, most, meaning) .member = (value),
#include "proxy/config/statement_table.h"
#undef CG_LIMIT
	};
}

static struct source *read_source(struct loading *l)
{
	struct arena *arena = &l->config->arena;
	struct position at = {.file = l->config->path};
	enum load_result r;
	struct slice text;

	r = l->loader->load(l->loader->arg, l->config->path, &text);
	if (r != LOAD_OK) {
		config_say(l, SEVERITY_ERROR, at, r == LOAD_MISSING ? "name another with: -c FILE" : NULL,
			   "the file %s", load_result_text(r));
		return NULL;
	}
	return source_parse(l->config->path, arena_copy(arena, text), arena, l->d);
}

static void out_of_memory(struct loading *l)
{
	struct position at = {.file = l->config->path};

	config_say(l, SEVERITY_ERROR, at, NULL, "memory ran out while the configuration was read");
}

struct config *config_read(const struct loader *loader, const struct config_resolver *resolver, struct slice path,
			   struct diagnostics *d)
{
	struct config *c = calloc(1, sizeof *c);
	struct loading l = {.config = c, .loader = loader, .resolver = resolver, .d = d};
	struct source *src;

	if (!c) {
		d->failed = true;
		return NULL;
	}
	arena_init(&c->arena, 0, CONFIG_MEMORY);
	c->path = arena_copy(&c->arena, path);
	set_defaults(c);
	src = read_source(&l);
	if (src) {
		config_read_block(&l, src->first, &config_block_top, c);
		config_index_names(&l);
		config_check_whole(&l);
		config_load_rules(&l);
	}
	if (arena_failed(&c->arena))
		out_of_memory(&l);
	if (src && !arena_failed(&c->arena))
		return c;
	config_free(c);
	return NULL;
}

struct config *config_load(const struct loader *loader, const struct config_resolver *resolver, struct slice path,
			   struct diagnostics *d)
{
	size_t errors = d->errors;
	struct config *c = config_read(loader, resolver, path, d);

	if (c && d->errors == errors && !d->failed)
		return c;
	config_free(c);
	return NULL;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_sites; i++) {
		size_t first = 0; /* sites with the same rules file share its ruleset */

		while (c->sites[first].rules != c->sites[i].rules)
			first++;
		if (first == i)
			ruleset_free(c->sites[i].rules);
	}
	arena_free(&c->arena);
	free(c);
}
