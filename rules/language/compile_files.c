/*
 * From files to one list of statements. A file included a second time adds nothing: first match wins, so a second copy
 * of its rules could never decide anything. So files may include what they build on, without regard for each other.
 */
#include "rules/data/shipped.h"
#include "rules/language/ruleset_internal.h"

static void read_statements(struct builder *b, struct file *file);

void identity_add(struct ruleset *rs, struct slice text)
{
	rs->identity = rs->identity * UINT64_C(0x9E3779B97F4A7C15) ^ slice_hash(text);
}

static struct file *add_file(struct builder *b, struct slice path, struct slice text)
{
	struct file *f = arena_calloc(&b->tree, 1, sizeof *f);

	if (!f)
		return NULL;
	f->path = arena_copy(&b->rs->arena, path);
	identity_add(b->rs, text);
	f->source = source_parse(f->path, text, &b->tree, b->d);
	if (!f->source || arena_failed(&b->rs->arena))
		return NULL;
	*b->last_file = f;
	b->last_file = &f->next;
	b->n_files++;
	return f;
}

static void add_item(struct builder *b, const struct statement *s, struct file *file)
{
	struct item *item = arena_calloc(&b->tree, 1, sizeof *item);

	if (!item)
		return;
	item->s = s;
	item->file = file;
	*b->last_item = item;
	b->last_item = &item->next;
}

static const struct file *find_file(const struct builder *b, struct slice path, bool shipped)
{
	for (const struct file *f = b->files; f; f = f->next) {
		if (f->shipped == shipped && slice_eq(f->path, path))
			return f;
	}
	return NULL;
}

/* True if `file` is being read now: it is `from` or includes it by some way. */
static bool is_open(const struct file *file, const struct file *from)
{
	while (from && from != file)
		from = from->parent;
	return from != NULL;
}

static bool may_include(struct builder *b, const struct statement *s, const struct word *w, const struct file *from,
			const struct file *seen)
{
	if (seen && is_open(seen, from))
		build_error(b, s, w, "remove one of the includes", "\"%.*s\" includes itself%s", SLICE_ARG(w->text),
			    seen == from ? "" : " by way of the files it includes");
	else if (from->depth + 1 >= INCLUDE_DEPTH_MAX)
		build_error(b, s, w, NULL, "includes are nested more than %d deep", INCLUDE_DEPTH_MAX);
	else if (b->n_files >= FILES_MAX)
		build_error(b, s, w, NULL, "more than %d files are included", FILES_MAX);
	else
		return true;
	return false;
}

static bool names_shipped(struct slice path)
{
	return slice_starts_with(path, SLICE("vendors/")) || slice_eq(path, SLICE("base.rules"));
}

static const char *hint_for_missing(struct builder *b, struct slice written, const struct file *from)
{
	const char **names = arena_calloc(&b->tree, shipped_count() + 1, sizeof *names);
	const char *near = NULL;

	if (names && names_shipped(written)) {
		for (size_t i = 0; i < shipped_count(); i++)
			names[i] = shipped_at(i)->name;
		near = suggest(written, names, shipped_count());
	}
	if (near)
		return build_hint(b, "did you mean \"%s\", which crumbgate ships", near);
	if (written.n && written.p[0] == '/')
		return NULL;
	return build_hint(b, "a relative path is relative to the folder of %.*s", SLICE_ARG(from->path));
}

/* Where an include leads: its path, whether it is shipped, and its text. False after an error. */
static bool locate(struct builder *b, const struct statement *s, const struct word *w, const struct file *from,
		   struct slice *path, bool *shipped, struct slice *text)
{
	enum load_result r = LOAD_MISSING;

	*path = loader_resolve(&b->tree, from->path, w->text);
	*shipped = false;
	if (!from->shipped)
		r = b->loader->load(b->loader->arg, *path, text);
	if (r == LOAD_MISSING && (from->shipped || names_shipped(w->text))) {
		if (!from->shipped)
			*path = w->text;
		*shipped = shipped_find(*path, text);
		r = *shipped ? LOAD_OK : LOAD_MISSING;
	}
	if (r == LOAD_OK)
		return true;
	build_error(b, s, w, r == LOAD_MISSING ? hint_for_missing(b, w->text, from) : NULL, "\"%.*s\" %s",
		    SLICE_ARG(*path), load_result_text(r));
	return false;
}

static void include_word(struct builder *b, const struct statement *s, const struct word *w, struct file *from)
{
	const struct file *seen;
	struct slice path, text;
	struct file *file;
	bool shipped;

	if (w->kind != WORD_BARE && w->kind != WORD_STRING) {
		build_error(b, s, w, "write the path in quotes", "this is no path of a file");
		return;
	}
	if (!locate(b, s, w, from, &path, &shipped, &text))
		return;
	seen = find_file(b, path, shipped);
	if ((seen && !is_open(seen, from)) || !may_include(b, s, w, from, seen))
		return;
	file = add_file(b, path, text);
	if (!file)
		return;
	file->shipped = shipped;
	file->parent = from;
	file->included = s;
	file->included_word = w;
	file->depth = from->depth + 1;
	read_statements(b, file);
}

static void include(struct builder *b, const struct statement *s, struct file *file)
{
	if (s->n_words < 2)
		build_missing(b, s, "write, e.g.: include vendors/google.rules", "the path of the file is missing");
	if (s->has_block)
		build_error(b, s, &s->words[0], NULL, "\"include\" has no block");
	for (size_t i = 1; i < s->n_words; i++)
		include_word(b, s, &s->words[i], file);
}

static void read_statements(struct builder *b, struct file *file)
{
	for (const struct statement *s = file->source->first; s; s = s->next) {
		if (word_is(&s->words[0], "include"))
			include(b, s, file);
		else
			add_item(b, s, file);
	}
}

void compile_files(struct builder *b, struct slice path)
{
	enum load_result r;
	struct slice text;
	struct file *file;

	r = b->loader->load(b->loader->arg, path, &text);
	if (r != LOAD_OK) {
		struct position at = {.file = path};

		diagnostics_add(b->d, SEVERITY_ERROR, &at, NULL, "the file %s", load_result_text(r));
		return;
	}
	file = add_file(b, path, text);
	if (file)
		read_statements(b, file);
}
