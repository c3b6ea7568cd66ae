/* crumbgate explain: which rule decides about cookies, parameters and paths, and what would change it. */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "proxy/command/command.h"
#include "proxy/command/explain_sources.h"
#include "proxy/command/visit.h"
#include "rules/base/json.h"
#include "rules/harness/check.h"

#define MEMORY_MAX (16 * 1024 * 1024)

struct explain {
	struct visit visit;
	bool json, colour;
	bool sources;	    /* of consent are told */
	const char *beacon; /* NULL: the exchange is explained */
	struct outcome outcome;
	struct buffer out;
};

static const char usage[] =
	"usage: crumbgate explain -r FILE|-c FILE [OPTION]... [BEACON]\n\n"
	"Tells what the rules decide about an exchange, which rule does, and what would change it.\n"
	"BEACON is an address that a page loads, like https://www.google-analytics.com/analytics.js: then what "
	"becomes\n"
	"of it is told instead.\n\n"
	"  -r, --rules FILE          a rules file\n"
	"  -c, --config FILE         a crumbgate.conf: the rules of the site that serves the URL\n"
	"  -u, --url URL             what the visitor asks for (https://www.example.com/, or the first site)\n"
	"      --consent PURPOSES    what the visitor granted: names with blanks or commas between, all, none,\n"
	"                            or undecided (the default)\n"
	"      --cookie COOKIES      what the visitor carries, like \"a=1; b=2\"\n"
	"      --cookies COOKIES     the same, and tells what each source of consent in them says of each purpose:\n"
	"                            opt-outs, signals, crumbgate's own cookie, other consent managers\n"
	"      --header \"NAME: VALUE\"  another field of the request; may be repeated\n"
	"      --set-cookie COOKIE   what the origin sets, like \"_ga=1; Path=/\"; may be repeated\n"
	"      --region CC           where the visitor is, like US or US-CA\n"
	"      --json                as JSON\n\n"
	"Exit status: 0 explained, 2 usage, or the rules are wrong.\n";

static bool take_header(struct explain *e, const char *text)
{
	struct slice name, value;

	if (!slice_cut(slice_str(text), ':', &name, &value) || !is_token(name))
		return visit_complain(&e->visit, text, "write a field as \"Name: value\"");
	return fields_add(&e->visit.test.request.fields, name, slice_trim(value));
}

/* -- what would change it ------------------------------------------------------------------------------------------ */

static struct slice joined(struct explain *e, purposes set)
{
	struct slice names = purposes_text(e->visit.rules, set, &e->visit.arena), one, text = {0};

	while (names.n) {
		bool more = slice_cut(names, ' ', &one, &names);

		text = arena_printf(&e->visit.arena, "%.*s%s%.*s", SLICE_ARG(text),
				    !text.n ? ""
				    : more  ? ", "
					    : " and ",
				    SLICE_ARG(one));
	}
	return text;
}

static bool several(purposes set)
{
	set &= ~PURPOSE_NECESSARY;
	return (set & (set - 1)) != 0;
}

static bool is_kept(const struct verdict *v)
{
	return v->kind == VERDICT_KEEP || v->kind == VERDICT_REWRITE || v->kind == VERDICT_SEAL ||
	       v->kind == VERDICT_OPEN;
}

/* What must be for the thing to pass that does not; or what lets it pass. */
static struct slice change_of(struct explain *e, const struct verdict *v)
{
	const struct consent *c = &e->outcome.consent;
	purposes needed = v->mask & ~PURPOSE_NECESSARY, missing = needed & ~c->granted;
	const char *opt_out = missing & c->denied_by_opt_out ? " and no opt-out cookie is sent" : "";
	const char *passes = v->kind == VERDICT_EXPIRE ? "stays" : "passes";
	const char *signal = missing & c->denied_by_signal ? " and the browser sends no signal against it" : "";

	struct slice names = joined(e, missing ? missing : needed);

	if (!needed && v->subject == SUBJECT_BEACON && !v->rule)
		return SLICE("passes with any consent");
	if (!needed)
		return is_kept(v) ? SLICE("passes always: necessary") : slice_of(NULL, 0);
	if (missing)
		return arena_printf(&e->visit.arena, "%s if %.*s %s granted%s%s", passes, SLICE_ARG(names),
				    several(missing) ? "are" : "is", opt_out, signal);
	if (!is_kept(v) && v->kind != VERDICT_INJECT)
		return slice_of(NULL, 0);
	return arena_printf(&e->visit.arena, "would not pass if %.*s %s denied", SLICE_ARG(names),
			    several(needed) ? "(one of them) were" : "were");
}

/* -- for people ---------------------------------------------------------------------------------------------------- */

static void place(struct explain *e, const struct rule *rule, const char *what)
{
	struct slice text;

	if (!rule || !rule->line)
		return;
	text = rule_text(rule, &e->visit.arena);
	buffer_printf(&e->out, "    %s by %.*s:%u: %.*s\n", what, SLICE_ARG(rule->file), rule->line, SLICE_ARG(text));
}

static void text_consent(struct explain *e)
{
	const struct consent *c = &e->outcome.consent;
	struct slice granted = purposes_text(e->visit.rules, c->granted, &e->visit.arena);
	struct slice opt_out = joined(e, c->denied_by_opt_out), signal = joined(e, c->denied_by_signal);

	buffer_printf(&e->out, "%.*s %.*s\n", SLICE_ARG(e->visit.test.request.method), SLICE_ARG(e->visit.test.url));
	buffer_printf(&e->out, "consent: %s, granted: %.*s\n", c->decided ? "decided" : "undecided",
		      SLICE_ARG(granted));
	buffer_printf(&e->out, "    consent cookie: %s\n", consent_token_state_text(c->token));
	if (c->source == CONSENT_FOREIGN)
		buffer_add_str(&e->out, "    other consent managers: see --cookies\n");
	if (!c->decided)
		place(e, c->undecided_rule, "undecided visitors: decided");
	if (c->denied_by_opt_out) {
		buffer_printf(&e->out, "    the opt-out cookie denies %.*s\n", SLICE_ARG(opt_out));
		place(e, c->opt_out_rule, "denied");
	}
	if (c->denied_by_signal) {
		buffer_printf(&e->out, "    a signal denies %.*s\n", SLICE_ARG(signal));
		place(e, c->signal_rule, "denied");
	}
}

static void text_verdict(struct explain *e, const struct verdict *v)
{
	bool passes = is_kept(v) || v->kind == VERDICT_INJECT;
	const char *paint = !e->colour ? "" : passes ? "\033[32m" : "\033[33m";
	struct slice change = change_of(e, v), why = verdict_why(v, &e->visit.arena);

	buffer_printf(&e->out, "\n%s %s%.*s%s\n    %.*s\n", verdict_subject_text(v->subject), paint, SLICE_ARG(v->name),
		      e->colour ? "\033[0m" : "", SLICE_ARG(why));
	if (change.n)
		buffer_printf(&e->out, "    %.*s\n", SLICE_ARG(change));
}

static void text(struct explain *e)
{
	text_consent(e);
	for (const struct seen_verdict *s = e->outcome.verdicts; s; s = s->next)
		text_verdict(e, &s->v);
	if (!e->outcome.verdicts)
		buffer_add_str(&e->out, "\nno rule has anything to decide here\n");
	if (ruleset_mode(e->visit.rules) == MODE_OBSERVE)
		buffer_add_str(&e->out, "\nmode observe: nothing of this is done\n");
}

/* -- for machines -------------------------------------------------------------------------------------------------- */

static void member(struct explain *e, const char *name, struct slice value)
{
	buffer_printf(&e->out, "%s:", name);
	(void)json_add_string(&e->out, value);
}

static void json_purposes(struct explain *e, const char *name, purposes set)
{
	const char *comma = "";

	buffer_printf(&e->out, "%s:[", name);
	for (size_t bit = 1; bit < ruleset_purpose_count(e->visit.rules); bit++) {
		if (!(set & (purposes)1 << bit))
			continue;
		buffer_add_str(&e->out, comma);
		(void)json_add_string(&e->out, ruleset_purpose(e->visit.rules, bit)->name);
		comma = ",";
	}
	buffer_add_char(&e->out, ']');
}

static void json_rule(struct explain *e, const struct rule *rule)
{
	if (!rule || !rule->line) {
		buffer_add_str(&e->out, ",\"rule\":null");
		return;
	}
	member(e, ",\"rule\":{\"file\"", rule->file);
	buffer_printf(&e->out, ",\"line\":%u", rule->line);
	member(e, ",\"text\"", rule->text);
	buffer_add_char(&e->out, '}');
}

static void json_verdict(struct explain *e, const struct verdict *v)
{
	member(e, "{\"verdict\"", slice_str(verdict_kind_text(v->kind)));
	member(e, ",\"subject\"", slice_str(verdict_subject_text(v->subject)));
	member(e, ",\"name\"", v->name);
	json_purposes(e, ",\"purposes\"", v->mask);
	json_rule(e, v->rule);
	if (v->reason)
		member(e, ",\"reason\"", slice_str(v->reason));
	if (v->list_line)
		buffer_printf(&e->out, ",\"list_line\":%u", v->list_line);
	if (v->pattern.n)
		member(e, ",\"pattern\"", v->pattern);
	member(e, ",\"change\"", change_of(e, v));
	buffer_add_char(&e->out, '}');
}

static void json(struct explain *e)
{
	const struct consent *c = &e->outcome.consent;

	member(e, "{\"url\"", e->visit.test.url);
	buffer_printf(&e->out, ",\"mode\":\"%s\"",
		      ruleset_mode(e->visit.rules) == MODE_OBSERVE ? "observe" : "enforce");
	buffer_printf(&e->out, ",\"consent\":{\"decided\":%s", c->decided ? "true" : "false");
	json_purposes(e, ",\"granted\"", c->granted);
	member(e, ",\"cookie\"", slice_str(consent_token_state_text(c->token)));
	json_purposes(e, ",\"denied_by_opt_out\"", c->denied_by_opt_out);
	json_purposes(e, ",\"denied_by_signal\"", c->denied_by_signal);
	buffer_add_str(&e->out, "},\"verdicts\":[");
	for (const struct seen_verdict *s = e->outcome.verdicts; s; s = s->next) {
		buffer_add_str(&e->out, s == e->outcome.verdicts ? "\n" : ",\n");
		json_verdict(e, &s->v);
	}
	buffer_add_str(&e->out, "]}\n");
}

/* -- beacons ------------------------------------------------------------------------------------------------------- */

/* What becomes of an element that requests it, as far as the address tells. */
static enum verdict_kind kind_of(const struct beacon_rule *rule)
{
	switch (rule->action) {
	case BEACON_REMOVED:
		return VERDICT_DROP;
	case BEACON_REPLACED:
		return VERDICT_REPLACE;
	case BEACON_DEFAULT:
	case BEACON_INERT:
		break;
	}
	return VERDICT_INERT;
}

static struct verdict verdict_on(const struct explain *e, struct slice url, const struct beacon_match *m)
{
	struct verdict v = {.subject = SUBJECT_BEACON,
			    .name = url,
			    .mask = PURPOSE_NECESSARY,
			    .pattern = m->pattern,
			    .list_line = m->list_line};

	if (m->limit) {
		v.kind = VERDICT_INERT;
		v.mask = ruleset_all_purposes(e->visit.rules);
		v.reason = "a pattern hit its limits before a rule was found";
	} else if (m->rule) {
		v.rule = &m->rule->rule;
		v.mask = m->rule->mask;
		v.kind = v.mask & ~e->outcome.consent.granted ? kind_of(m->rule) : VERDICT_KEEP;
	} else {
		v.reason = "no rule names it";
	}
	return v;
}

/* The one verdict to be told is that on the beacon, on the page of the visit. */
static bool judge_beacon(struct explain *e)
{
	struct visit *v = &e->visit;
	struct seen_verdict *seen = arena_calloc(&v->arena, 1, sizeof *seen);
	struct web_url page, url;
	struct filter_request r;
	struct filter_page site;
	struct beacon_match m;

	if (!seen || !web_url_parse(v->test.url, NULL, &v->arena, &page) ||
	    !web_url_parse(slice_str(e->beacon), &page, &v->arena, &url))
		return visit_complain(v, "explaining", "memory ran out");
	if (url.kind != WEB_URL_NETWORK || page.kind != WEB_URL_NETWORK)
		return visit_complain(v, e->beacon,
				      "write an address that a page loads, like https://tracker.example/x.js");
	filter_page_init(&site, page.host);
	if (!filter_request_init(&r, &url, FILTER_ANY, &site, &v->arena))
		return visit_complain(v, "explaining", "memory ran out");
	m = ruleset_beacon_url(v->rules, v->x.scratch, &r);
	seen->v = verdict_on(e, url.text, &m);
	e->outcome.verdicts = seen;
	return true;
}

/* -- the run ------------------------------------------------------------------------------------------------------- */

static bool play(struct explain *e)
{
	struct visit *v = &e->visit;
	bool ok;

	if (e->sources)
		return explain_sources(v, e->json, e->colour, &e->out) ||
		       visit_complain(v, "explaining", "memory ran out");
	ok = exchange_play(&v->x, &v->arena, &e->outcome);

	if (ok && e->beacon && !judge_beacon(e))
		return false;
	if (ok)
		e->json ? json(e) : text(e);
	return (ok && !e->out.failed && !arena_failed(&v->arena)) || visit_complain(v, "explaining", "memory ran out");
}

static int run(struct explain *e)
{
	bool ok;

	e->colour = !e->json && wants_colour(STDOUT_FILENO);
	ok = visit_load(&e->visit) && play(e);
	print_diagnostics(&e->visit.d);
	if (ok)
		(void)fwrite(e->out.p, 1, e->out.n, stdout);
	return ok ? EXIT_GOOD : EXIT_USAGE;
}

enum { OPT_CONSENT = 256, OPT_COOKIE, OPT_COOKIES, OPT_HEADER, OPT_SET_COOKIE, OPT_REGION, OPT_JSON };

static const struct option options[] = {
	{"rules", required_argument, NULL, 'r'},
	{"config", required_argument, NULL, 'c'},
	{"url", required_argument, NULL, 'u'},
	{"consent", required_argument, NULL, OPT_CONSENT},
	{"cookie", required_argument, NULL, OPT_COOKIE},
	{"cookies", required_argument, NULL, OPT_COOKIES},
	{"header", required_argument, NULL, OPT_HEADER},
	{"region", required_argument, NULL, OPT_REGION},
	{"set-cookie", required_argument, NULL, OPT_SET_COOKIE},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool take_option(struct explain *e, int option)
{
	switch (option) {
	case 'r':
		e->visit.rules_path = optarg;
		return true;
	case 'c':
		e->visit.config_path = optarg;
		return true;
	case 'u':
		e->visit.url = optarg;
		return true;
	case OPT_CONSENT:
		e->visit.consent = optarg;
		return true;
	case OPT_COOKIES:
		e->sources = true;
		e->visit.test.visitor = slice_trim(slice_str(optarg));
		return true;
	case OPT_COOKIE:
		e->visit.test.visitor = slice_trim(slice_str(optarg));
		return true;
	case OPT_HEADER:
		return take_header(e, optarg);
	case OPT_SET_COOKIE:
		return fields_add_id(&e->visit.test.origin.fields, FIELD_SET_COOKIE, slice_trim(slice_str(optarg)));
	case OPT_REGION:
		e->visit.test.given.region = slice_str(optarg);
		return true;
	case OPT_JSON:
		e->json = true;
		return true;
	default:
		return false;
	}
}

static int parse_and_run(struct explain *e, int argc, char **argv)
{
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "r:c:u:h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_GOOD;
		}
		if (!take_option(e, option)) {
			fputs("write \"crumbgate explain --help\" for what can be written\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (e->sources && optind < argc) {
		visit_complain(&e->visit, argv[optind], "a beacon is told of with --cookie");
		return EXIT_USAGE;
	}
	if (optind + 1 < argc) {
		visit_complain(&e->visit, argv[optind + 1], "name one beacon, cookies behind --cookie");
		return EXIT_USAGE;
	}
	e->beacon = optind < argc ? argv[optind] : NULL;
	return run(e);
}

int command_explain(int argc, char **argv)
{
	struct explain e = {0};
	int status;

	buffer_init(&e.out, MEMORY_MAX);
	status = visit_init(&e.visit, "crumbgate explain") ? parse_and_run(&e, argc, argv) : EXIT_USAGE;
	buffer_free(&e.out);
	visit_free(&e.visit);
	return status;
}
