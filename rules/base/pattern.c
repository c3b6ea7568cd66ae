#include "rules/base/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>
#include <stdlib.h>

/*
 * Bounds of one match. By measurement the worst patterns known, e.g. (a+)+$, give up within 0.2 ms compiled and within
 * 1 ms interpreted, whatever the length of the subject; honest ones over names and paths need a few dozen steps.
 * JIT code runs on the 32 KiB of machine stack that PCRE2 takes by default: no stack object, hence a hard bound.
 */
#define MATCH_LIMIT	   10000
#define DEPTH_LIMIT	   1000
#define HEAP_LIMIT_KIB	   256
#define PATTERN_LENGTH_MAX 8192

struct pattern {
	pcre2_code *code;
};

struct pattern_scratch {
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

/* PCRE2 gets its memory here rather than from libc directly, so that tests can make each allocation fail. */
static void *take(size_t n, void *arg)
{
	(void)arg;
	return malloc(n);
}

static void give(void *p, void *arg)
{
	(void)arg;
	free(p);
}

static bool set_error(struct pattern_error *error, size_t offset, const char *message)
{
	error->offset = offset;
	(void)snprintf(error->message, sizeof error->message, "%s", message);
	return false;
}

static void set_pcre2_error(struct pattern_error *error, int status, size_t offset)
{
	PCRE2_UCHAR text[sizeof error->message];

	if (pcre2_get_error_message(status, text, sizeof text) < 0)
		text[sizeof text - 1] = '\0'; /* too long: cut */
	(void)set_error(error, offset, (const char *)text);
}

static bool flags_to_options(struct slice flags, uint32_t *options, struct pattern_error *error)
{
	for (size_t i = 0; i < flags.n; i++) {
		switch (flags.p[i]) {
		case 'i':
			*options |= PCRE2_CASELESS;
			break;
		case 'm':
			*options |= PCRE2_MULTILINE;
			break;
		case 's':
			*options |= PCRE2_DOTALL;
			break;
		case 'x':
			*options |= PCRE2_EXTENDED;
			break;
		default:
			return set_error(error, 0, "unknown flag behind the pattern");
		}
	}
	return true;
}

static pcre2_code *compile(struct slice text, uint32_t options, struct pattern_error *error)
{
	pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
	pcre2_compile_context *context = memory ? pcre2_compile_context_create(memory) : NULL;
	pcre2_code *code = NULL;
	int status = PCRE2_ERROR_NOMEMORY;
	PCRE2_SIZE offset = 0;

	if (context)
		code = pcre2_compile((PCRE2_SPTR)text.p, text.n, options, &status, &offset, context);
	if (!code)
		set_pcre2_error(error, status, offset < text.n ? offset : text.n);
	pcre2_compile_context_free(context);
	pcre2_general_context_free(memory);
	return code;
}

struct pattern *pattern_compile(struct slice text, struct slice flags, struct pattern_error *error)
{
	/* "$" means the very end: a decoded name may end in a line feed, and must not match for that. */
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
	struct pattern *p;

	*error = (struct pattern_error){0};
	if (!flags_to_options(flags, &options, error))
		return NULL;
	if (text.n == 0 || text.n > PATTERN_LENGTH_MAX) {
		(void)set_error(error, 0, text.n ? "the pattern is too long" : "the pattern is empty");
		return NULL;
	}
	p = malloc(sizeof *p);
	if (!p) {
		set_pcre2_error(error, PCRE2_ERROR_NOMEMORY, 0);
		return NULL;
	}
	p->code = compile(text, options, error);
	if (!p->code) {
		free(p);
		return NULL;
	}
	(void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* without it, it is interpreted, under the same limits */
	return p;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	free(p);
}

struct pattern_scratch *pattern_scratch_new(void)
{
	pcre2_general_context *memory = pcre2_general_context_create(take, give, NULL);
	struct pattern_scratch *s = memory ? malloc(sizeof *s) : NULL;

	if (s) {
		s->data = pcre2_match_data_create(1, memory);
		s->limits = pcre2_match_context_create(memory);
	}
	pcre2_general_context_free(memory);
	if (s && !(s->data && s->limits)) {
		pattern_scratch_free(s);
		return NULL;
	}
	if (s) {
		pcre2_set_match_limit(s->limits, MATCH_LIMIT);
		pcre2_set_depth_limit(s->limits, DEPTH_LIMIT);
		pcre2_set_heap_limit(s->limits, HEAP_LIMIT_KIB);
	}
	return s;
}

void pattern_scratch_free(struct pattern_scratch *s)
{
	if (!s)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->limits);
	free(s);
}

enum pattern_result pattern_match(const struct pattern *p, struct pattern_scratch *scratch, struct slice subject)
{
	PCRE2_SPTR start = (PCRE2_SPTR)(subject.n ? subject.p : "");
	int status = pcre2_match(p->code, start, subject.n, 0, 0, scratch->data, scratch->limits);

	if (status >= 0) /* 0: the match fits, its captures do not; nobody asks for them */
		return PATTERN_MATCH;
	return status == PCRE2_ERROR_NOMATCH ? PATTERN_NO_MATCH : PATTERN_LIMIT;
}
