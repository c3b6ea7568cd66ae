#include "proxy/command/explain_sources.h"

#include "rules/base/json.h"
#include "rules/consent/imports.h"
#include "rules/harness/check.h"

/* One who has a say, strongest first. */
struct voice {
	const char *source;	  /* "opt-out", "signal", "cookie", "manager", "consent cookie", "undecided" */
	struct slice name;	  /* of a manager or consent cookie; else empty */
	const char *title;	  /* for people */
	purposes granted, denied; /* as said; what is in neither is unknown */
	bool acted;		  /* explicit; else a default */
	bool counts;		  /* what it grants does */
	const struct rule *rule;
	const struct import *import;
};

#define VOICES_MAX (CONSENT_SOURCES_MAX + 4)

struct account {
	struct visit *v;
	struct buffer *out;
	bool colour;
	struct consent consent;
	struct imports imports;
	struct voice voices[VOICES_MAX];
	size_t n;
};

static purposes optional(const struct account *a)
{
	return ruleset_all_purposes(a->v->rules) & ~PURPOSE_NECESSARY;
}

static void add(struct account *a, struct voice voice)
{
	a->voices[a->n++] = voice;
}

/* What the policy says in the visitor's region. */
static struct consent undecided(const struct account *a, struct consent_query q)
{
	struct fields none;

	fields_init(&none, &a->v->arena);
	return consent_resolve(&q, &none);
}

static void hear_foreign(struct account *a)
{
	imports_read(a->v->rules, a->v->x.scratch, &a->v->x.request.fields, &a->v->arena, &a->imports);
	for (size_t i = 0; i < a->imports.n; i++) {
		const struct import *m = &a->imports.v[i];

		if (m->present)
			add(a, (struct voice){.source = m->title ? "manager" : "consent cookie",
					      .name = m->name,
					      .title = m->title,
					      .granted = m->granted,
					      .denied = m->denied,
					      .acted = m->acted,
					      .counts = m->acted && a->consent.token != CONSENT_TOKEN_GOOD,
					      .rule = m->rule,
					      .import = m});
	}
}

static void hear(struct account *a)
{
	const struct visit *v = a->v;
	struct consent_query q = {.rules = v->rules,
				  .mac = v->x.mac,
				  .site = v->x.site,
				  .region = v->test.given.region,
				  .secure = v->x.request.secure,
				  .now = v->x.now,
				  .scratch = v->x.scratch};
	struct consent c = a->consent = consent_resolve(&q, &v->x.request.fields), none = undecided(a, q);

	if (c.denied_by_opt_out)
		add(a, (struct voice){.source = "opt-out",
				      .title = "opt-out cookie",
				      .denied = c.denied_by_opt_out,
				      .acted = true,
				      .rule = c.opt_out_rule});
	if (c.denied_by_signal)
		add(a, (struct voice){.source = "signal",
				      .title = "browser's signal",
				      .denied = c.denied_by_signal,
				      .acted = true,
				      .rule = c.signal_rule});
	if (c.token == CONSENT_TOKEN_GOOD)
		add(a, (struct voice){.source = "cookie",
				      .title = "crumbgate's cookie",
				      .granted = c.chosen & optional(a),
				      .denied = optional(a) & ~c.chosen,
				      .acted = true,
				      .counts = true});
	hear_foreign(a);
	add(a, (struct voice){.source = "undecided",
			      .title = "undecided visitors",
			      .granted = none.granted & optional(a),
			      .denied = optional(a) & ~none.granted,
			      .counts = true,
			      .rule = none.undecided_rule});
}

/* ---- Who wins. ---- */

static bool is_foreign(const struct voice *v)
{
	return v->import != NULL;
}

/* Of one purpose, by the order of strength; of those of others first who denies. */
static const struct voice *winner(const struct account *a, purposes bit)
{
	bool granted = (a->consent.granted & bit) != 0;
	bool later = a->consent.source == CONSENT_SIGNED && (a->consent.denied_by_foreign & bit);

	for (size_t i = 0; i < a->n; i++) {
		const struct voice *v = &a->voices[i];

		if (is_foreign(v) && a->consent.token == CONSENT_TOKEN_GOOD && !(v->acted && later))
			continue;
		if (v->source[0] == 'c' && !is_foreign(v) && later)
			continue;
		if (granted ? (v->counts && (v->granted & bit)) : (v->denied & bit) != 0)
			return v;
	}
	return NULL; /* memory ran out while it was read */
}

static const char *because(const struct account *a, const struct voice *v, bool granted)
{
	if (is_foreign(v) && granted)
		return "the visitor acted, and no other source denies it";
	if (is_foreign(v) && a->consent.source == CONSENT_SIGNED)
		return "the visitor refused there after crumbgate's cookie was made";
	if (is_foreign(v))
		return v->acted ? "a stored no counts, and denied beats granted"
				: "a stored no counts, though it is a default";
	if (v->source[0] == 'u')
		return "no source that counts says anything of it";
	return v->source[0] == 'c' ? "it comes before what others stored" : "it comes before all others";
}

static const char *state_text(const struct voice *v, purposes bit)
{
	return v->denied & bit ? "denied" : v->granted & bit ? "granted" : "unknown";
}

/* ---- For people. ---- */

static struct slice label(struct account *a, const struct voice *v)
{
	if (!v->name.n)
		return slice_str(v->title);
	if (!v->title)
		return arena_printf(&a->v->arena, "cookie %.*s", SLICE_ARG(v->name));
	return arena_printf(&a->v->arena, "%s (%.*s)", v->title, SLICE_ARG(v->name));
}

static void cell(struct account *a, const char *text, size_t width, const char *paint)
{
	buffer_printf(a->out, "%s%s%s%*s", a->colour ? paint : "", text, a->colour && paint[0] ? "\033[0m" : "",
		      (int)(width > strlen(text) ? width - strlen(text) : 0), "");
}

static size_t width_of(const struct account *a, size_t bit)
{
	size_t n = ruleset_purpose(a->v->rules, bit)->name.n;

	return (n < 7 ? 7 : n) + 2;
}

static const char *paint_of(const char *state)
{
	return state[0] == 'g' ? "\033[32m" : state[0] == 'd' ? "\033[33m" : "";
}

static size_t label_width(struct account *a)
{
	size_t width = 8;

	for (size_t i = 0; i < a->n; i++) {
		size_t n = label(a, &a->voices[i]).n + 2;

		width = n > width ? n : width;
	}
	return width;
}

static const char *manner(const struct voice *v)
{
	if (v->import && v->import->unreadable == v->import->cookies && v->import->title)
		return "unreadable";
	if (v->import && !(v->granted | v->denied))
		return "";
	return v->acted ? "explicit" : "default";
}

static void row(struct account *a, const struct voice *v, size_t width)
{
	struct slice name = label(a, v);

	buffer_printf(a->out, "%.*s%*s", SLICE_ARG(name), (int)(width - name.n), "");
	for (size_t bit = 1; bit < ruleset_purpose_count(a->v->rules); bit++) {
		const char *state = state_text(v, PURPOSE_NECESSARY << bit);

		cell(a, state, width_of(a, bit), paint_of(state));
	}
	buffer_printf(a->out, "%s\n", manner(v));
}

static void table(struct account *a)
{
	const struct ruleset *rs = a->v->rules;
	size_t width = label_width(a);

	buffer_printf(a->out, "%-*s", (int)width, "source");
	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++)
		buffer_printf(a->out, "%-*.*s", (int)width_of(a, bit), SLICE_ARG(ruleset_purpose(rs, bit)->name));
	buffer_add_char(a->out, '\n');
	for (size_t i = 0; i < a->n; i++)
		row(a, &a->voices[i], width);
	buffer_printf(a->out, "%-*s", (int)width, "result");
	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++) {
		const char *state = a->consent.granted >> bit & 1 ? "granted" : "denied";

		cell(a, state, width_of(a, bit), paint_of(state));
	}
	buffer_printf(a->out, "%s\n\n", a->consent.decided ? "decided" : "undecided");
}

static void text_why(struct account *a, size_t bit)
{
	purposes mask = PURPOSE_NECESSARY << bit;
	bool granted = (a->consent.granted & mask) != 0;
	const struct voice *v = winner(a, mask);
	struct slice name = !v ? SLICE("nobody") : v->source[0] == 'u' ? SLICE("default") : label(a, v);

	buffer_printf(a->out, "%.*s is %s by %.*s: %s\n", SLICE_ARG(ruleset_purpose(a->v->rules, bit)->name),
		      granted ? "granted" : "denied", SLICE_ARG(name),
		      v ? because(a, v, granted) : "memory ran out while it was read");
	if (v && v->rule && v->rule->line)
		buffer_printf(a->out, "    %.*s:%u: %.*s\n", SLICE_ARG(v->rule->file), v->rule->line,
			      SLICE_ARG(v->rule->text));
}

/* Categories come from traffic and may go to a terminal. */
static void add_visible(struct buffer *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		buffer_add_char(out, (unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7F ? '?' : s.p[i]);
}

#define SAID_MAX 40 /* categories that are shown to people */

static void text_said(struct account *a, const struct import *m)
{
	const char *between = ": ";

	if (!m->title)
		return;
	buffer_printf(a->out, "%.*s", SLICE_ARG(m->name));
	for (size_t i = 0; i < m->n_said && i < SAID_MAX; i++) {
		buffer_add_str(a->out, between);
		add_visible(a->out, m->said[i].category);
		buffer_add_str(a->out, m->said[i].state == FOREIGN_GRANTED ? " granted" : " denied");
		between = ", ";
	}
	if (m->all != FOREIGN_UNKNOWN)
		buffer_printf(a->out, "%severything %s", between, m->all == FOREIGN_GRANTED ? "granted" : "denied");
	else if (m->n_said == 0)
		buffer_printf(a->out, "%snothing said", between);
	if (m->n_said > SAID_MAX)
		buffer_printf(a->out, " and %zu more", m->n_said - SAID_MAX);
	if (m->rest_denied)
		buffer_add_str(a->out, "; what is not mentioned is denied");
	if (m->lost)
		buffer_add_str(a->out, "; there was more than is read, so all is denied");
	if (m->unreadable)
		buffer_printf(a->out, "; %u of %u cookies cannot be read", m->unreadable, m->cookies);
	if (m->accept && m->accept->manager->opaque)
		buffer_printf(a->out, "; %s", m->accept->manager->opaque);
	buffer_add_char(a->out, '\n');
}

/* Not sent, and not named before: several statements may be about one cookie. */
static bool is_absent(const struct account *a, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (slice_eq(a->imports.v[i].name, a->imports.v[at].name))
			return false;
	return !a->imports.v[at].present;
}

static void text_absent(struct account *a)
{
	const char *before = "not sent:";

	for (size_t i = 0; i < a->imports.n; i++) {
		if (!is_absent(a, i))
			continue;
		buffer_printf(a->out, "%s %.*s", before, SLICE_ARG(a->imports.v[i].name));
		before = "";
	}
	if (!before[0])
		buffer_add_char(a->out, '\n');
}

static void text(struct account *a)
{
	bool any = false;

	table(a);
	for (size_t bit = 1; bit < ruleset_purpose_count(a->v->rules); bit++)
		text_why(a, bit);
	if (a->consent.token != CONSENT_TOKEN_ABSENT && a->consent.token != CONSENT_TOKEN_GOOD)
		buffer_printf(a->out, "crumbgate's cookie does not count: it is %s\n",
			      consent_token_state_text(a->consent.token));
	for (size_t i = 0; i < a->imports.n; i++)
		any = any || (a->imports.v[i].present && a->imports.v[i].title);
	buffer_add_str(a->out, any ? "\nwhat was stored:\n" : "\n");
	for (size_t i = 0; i < a->imports.n; i++)
		if (a->imports.v[i].present)
			text_said(a, &a->imports.v[i]);
	text_absent(a);
}

/* ---- For machines. ---- */

static void member(struct account *a, const char *name, struct slice value)
{
	buffer_printf(a->out, "%s:", name);
	(void)json_add_string(a->out, value);
}

static void json_rule(struct account *a, const struct rule *rule)
{
	if (!rule || !rule->line) {
		buffer_add_str(a->out, ",\"rule\":null");
		return;
	}
	member(a, ",\"rule\":{\"file\"", rule->file);
	buffer_printf(a->out, ",\"line\":%u", rule->line);
	member(a, ",\"text\"", rule->text);
	buffer_add_char(a->out, '}');
}

static void json_states(struct account *a, const struct voice *v)
{
	for (size_t bit = 1; bit < ruleset_purpose_count(a->v->rules); bit++) {
		buffer_add_str(a->out, bit == 1 ? "" : ",");
		(void)json_add_string(a->out, ruleset_purpose(a->v->rules, bit)->name);
		buffer_printf(a->out, ":\"%s\"", state_text(v, PURPOSE_NECESSARY << bit));
	}
}

static void json_said(struct account *a, const struct import *m)
{
	buffer_printf(a->out, ",\"cookies\":%u,\"unreadable\":%u,\"lost\":%s,\"said\":[", m->cookies, m->unreadable,
		      m->lost ? "true" : "false");
	for (size_t i = 0; i < m->n_said; i++) {
		member(a, i ? ",{\"category\"" : "{\"category\"", m->said[i].category);
		buffer_printf(a->out, ",\"state\":\"%s\"}", m->said[i].state == FOREIGN_GRANTED ? "granted" : "denied");
	}
	buffer_add_char(a->out, ']');
}

static void json_voice(struct account *a, const struct voice *v)
{
	buffer_printf(a->out, "{\"source\":\"%s\"", v->source);
	if (v->name.n)
		member(a, ",\"name\"", v->name);
	buffer_printf(a->out, ",\"explicit\":%s,\"purposes\":{", v->acted ? "true" : "false");
	json_states(a, v);
	buffer_add_char(a->out, '}');
	if (v->import)
		json_said(a, v->import);
	json_rule(a, v->rule);
	buffer_add_char(a->out, '}');
}

static void json_result(struct account *a, size_t bit)
{
	purposes mask = PURPOSE_NECESSARY << bit;
	bool granted = (a->consent.granted & mask) != 0;
	const struct voice *v = winner(a, mask);

	buffer_add_str(a->out, bit == 1 ? "" : ",");
	(void)json_add_string(a->out, ruleset_purpose(a->v->rules, bit)->name);
	buffer_printf(a->out, ":{\"state\":\"%s\",\"by\":", granted ? "granted" : "denied");
	(void)json_add_string(a->out, !v ? slice_of(NULL, 0) : v->name.n ? v->name : slice_str(v->source));
	member(a, ",\"why\"", slice_str(v ? because(a, v, granted) : "memory ran out while it was read"));
	json_rule(a, v ? v->rule : NULL);
	buffer_add_char(a->out, '}');
}

static void json(struct account *a)
{
	const char *comma = "";

	buffer_printf(a->out, "{\"decided\":%s", a->consent.decided ? "true" : "false");
	member(a, ",\"cookie\"", slice_str(consent_token_state_text(a->consent.token)));
	buffer_add_str(a->out, ",\"sources\":[");
	for (size_t i = 0; i < a->n; i++) {
		buffer_add_str(a->out, i ? ",\n" : "\n");
		json_voice(a, &a->voices[i]);
	}
	buffer_add_str(a->out, "],\"not_sent\":[");
	for (size_t i = 0; i < a->imports.n; i++) {
		if (!is_absent(a, i))
			continue;
		buffer_add_str(a->out, comma);
		(void)json_add_string(a->out, a->imports.v[i].name);
		comma = ",";
	}
	buffer_add_str(a->out, "],\n\"result\":{");
	for (size_t bit = 1; bit < ruleset_purpose_count(a->v->rules); bit++)
		json_result(a, bit);
	buffer_add_str(a->out, "}}\n");
}

bool explain_sources(struct visit *v, bool as_json, bool colour, struct buffer *out)
{
	struct account *a = arena_calloc(&v->arena, 1, sizeof *a);

	if (!a)
		return false;
	a->v = v;
	a->out = out;
	a->colour = colour;
	hear(a);
	as_json ? json(a) : text(a);
	return !out->failed && !arena_failed(&v->arena);
}
