#include "rules/decide/decide.h"

static const struct {
	const char *kind; /* as test files and reports say it */
	const char *done;
} kinds[VERDICT_KINDS] = {
	[VERDICT_KEEP] = {"keep", "kept"},	   [VERDICT_DROP] = {"drop", "dropped"},
	[VERDICT_EXPIRE] = {"expire", "expired"},  [VERDICT_REWRITE] = {"rewrite", "rewritten"},
	[VERDICT_INJECT] = {"inject", "injected"}, [VERDICT_BLOCK] = {"block", "blocked"},
	[VERDICT_SEAL] = {"seal", "sealed"},	   [VERDICT_OPEN] = {"open", "opened"},
	[VERDICT_INERT] = {"inert", "made inert"}, [VERDICT_REPLACE] = {"replace", "replaced"},
};

static const char *const subjects[SUBJECT_KINDS] = {
	[SUBJECT_REQUEST_COOKIE] = "cookie to the origin",
	[SUBJECT_RESPONSE_COOKIE] = "cookie to the visitor",
	[SUBJECT_PARAM] = "parameter",
	[SUBJECT_PATH] = "path",
	[SUBJECT_BEACON] = "beacon",
	[SUBJECT_HEADER] = "beacon in a header field",
	[SUBJECT_HTML] = "HTML",
	[SUBJECT_PAGE] = "page",
};

const char *verdict_kind_text(enum verdict_kind k)
{
	return (unsigned)k < VERDICT_KINDS ? kinds[k].kind : "?";
}

const char *verdict_subject_text(enum verdict_subject s)
{
	return (unsigned)s < SUBJECT_KINDS ? subjects[s] : "?";
}

/* Names come from traffic and may go to a terminal. */
static void add_visible(struct buffer *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		buffer_add_char(out, c < 0x20 || c >= 0x7F ? '?' : s.p[i]);
	}
}

/* "analytics", "analytics and advertising"; returns how many. */
static size_t add_purposes(struct buffer *out, const struct ruleset *rs, purposes set)
{
	size_t n = 0;

	for (size_t bit = 0; bit < ruleset_purpose_count(rs); bit++) {
		if (!(set >> bit & 1))
			continue;
		if (n++)
			buffer_add_str(out, set >> bit >> 1 ? ", " : " and ");
		buffer_add(out, ruleset_purpose(rs, bit)->name);
	}
	return n;
}

static void add_why(struct buffer *out, const struct ruleset *rs, const struct verdict *v, purposes granted)
{
	purposes missing = v->mask & ~granted;

	if (v->reason) {
		buffer_printf(out, ", as %s", v->reason);
	} else if (missing) {
		buffer_add_str(out, ", as ");
		buffer_add_str(out, add_purposes(out, rs, missing) > 1 ? " are not granted" : " is not granted");
	} else {
		buffer_add_str(out, ", being ");
		add_purposes(out, rs, v->mask);
	}
}

bool verdict_explain(const struct ruleset *rs, const struct verdict *v, purposes granted, struct buffer *out)
{
	buffer_printf(out, "%s ", verdict_subject_text(v->subject));
	add_visible(out, v->name);
	buffer_printf(out, "%s: %s", v->name.n ? "" : "without a name", kinds[v->kind].done);
	add_why(out, rs, v, granted);
	if (v->rule && v->rule->line)
		buffer_printf(out, "; decided by %.*s:%u: %.*s", SLICE_ARG(v->rule->file), v->rule->line,
			      SLICE_ARG(v->rule->text));
	else if (v->rule)
		buffer_add_str(out, "; no rule names it");
	return !out->failed;
}
