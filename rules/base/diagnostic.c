#include "rules/base/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>

#include "rules/base/json.h"

#define DIAGNOSTICS_ARENA (1024 * 1024)

void diagnostics_init(struct diagnostics *d)
{
	*d = (struct diagnostics){0};
	arena_init(&d->arena, 0, DIAGNOSTICS_ARENA);
}

void diagnostics_free(struct diagnostics *d)
{
	arena_free(&d->arena);
	d->v = NULL;
	d->n = d->cap = 0;
}

static struct diagnostic *push(struct diagnostics *d)
{
	if (d->n == d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 8;
		struct diagnostic *v = arena_calloc(&d->arena, cap, sizeof *v);

		if (!v)
			return NULL;
		if (d->n)
			memcpy(v, d->v, d->n * sizeof *v);
		d->v = v;
		d->cap = cap;
	}
	return &d->v[d->n++];
}

CG_PRINTF(2, 0) static struct slice vprint(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	p = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
	if (!p)
		return slice_of(NULL, 0);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	return slice_of(p, (size_t)n);
}

void diagnostics_add(struct diagnostics *d, enum severity severity, const struct position *at, const char *hint,
		     const char *fmt, ...)
{
	struct diagnostic *x;
	va_list ap;

	if (severity == SEVERITY_ERROR)
		d->errors++;
	else
		d->warnings++;
	if (d->n >= DIAGNOSTICS_MAX)
		return;
	x = push(d);
	if (x) {
		*x = (struct diagnostic){.severity = severity, .at = *at};
		x->at.file = arena_copy(&d->arena, at->file);
		x->at.source = arena_copy(&d->arena, at->source);
		x->hint = arena_copy(&d->arena, slice_str(hint));
		va_start(ap, fmt);
		x->message = vprint(&d->arena, fmt, ap);
		va_end(ap);
	}
	d->failed |= arena_failed(&d->arena);
}

static const char *severity_name(enum severity s)
{
	return s == SEVERITY_ERROR ? "error" : "warning";
}

/* Traffic and file content must not drive the terminal. */
static void add_printable(struct buffer *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		buffer_add_char(out, (c < 0x20 && c != '\t') || c == 0x7F ? '?' : s.p[i]);
	}
}

static void add_caret(const struct position *at, struct buffer *out)
{
	size_t before = at->column ? at->column - 1 : 0, left;

	if (before > at->source.n)
		before = at->source.n;
	for (size_t i = 0; i < before; i++)
		buffer_add_char(out, at->source.p[i] == '\t' ? '\t' : ' ');
	buffer_add_char(out, '^');
	left = at->source.n - before;
	for (size_t i = 1; i < at->width && i < left; i++)
		buffer_add_char(out, '~');
}

static void add_source(const struct position *at, bool colour, struct buffer *out)
{
	buffer_printf(out, "%6u | ", at->line);
	add_printable(out, at->source);
	buffer_add_str(out, colour ? "\n       | \033[32m" : "\n       | ");
	add_caret(at, out);
	buffer_add_str(out, colour ? "\033[0m\n" : "\n");
}

bool diagnostic_render(const struct diagnostic *d, bool colour, struct buffer *out)
{
	const char *paint = d->severity == SEVERITY_ERROR ? "\033[1;31m" : "\033[1;33m";

	add_printable(out, d->at.file);
	if (d->at.line)
		buffer_printf(out, ":%u:%u", d->at.line, d->at.column);
	buffer_printf(out, ": %s%s:%s ", colour ? paint : "", severity_name(d->severity), colour ? "\033[0m" : "");
	add_printable(out, d->message);
	buffer_add_char(out, '\n');
	if (d->at.line && d->at.source.n)
		add_source(&d->at, colour, out);
	if (d->hint.n) {
		buffer_add_str(out, "       ");
		add_printable(out, d->hint);
		buffer_add_char(out, '\n');
	}
	return !out->failed;
}

bool diagnostics_render(const struct diagnostics *d, bool colour, struct buffer *out)
{
	size_t total = d->errors + d->warnings;

	for (size_t i = 0; i < d->n; i++)
		diagnostic_render(&d->v[i], colour, out);
	if (total > d->n)
		buffer_printf(out, "... and %zu more\n", total - d->n);
	if (d->failed)
		buffer_add_str(out, "... memory ran out: the list is incomplete\n");
	return !out->failed;
}

bool diagnostic_render_json(const struct diagnostic *d, struct buffer *out)
{
	buffer_add_str(out, "{\"file\":");
	json_add_string(out, d->at.file);
	buffer_printf(out, ",\"line\":%u,\"column\":%u,\"severity\":\"%s\",\"message\":", d->at.line, d->at.column,
		      severity_name(d->severity));
	json_add_string(out, d->message);
	buffer_add_str(out, ",\"hint\":");
	json_add_string(out, d->hint);
	return buffer_add_char(out, '}');
}
