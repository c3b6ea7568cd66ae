/* crumbgate explain: which rule decides about cookies, parameters and paths, and what would change it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/command/command.h"
#include "proxy/command/site.h"
#include "rules/base/json.h"
#include "rules/harness/check.h"
#include "rules/harness/exchange.h"
#include "rules/http/host.h"
#include "rules/http/url.h"

#define MEMORY_MAX (16 * 1024 * 1024)

struct explain {
	const char *config_path, *rules_path, *url, *consent;
	bool json, colour;

	struct disk_loader *disk;
	struct diagnostics d;
	struct arena arena;
	struct config *config;
	struct tls_consent_keys *keys;
	struct ruleset *own; /* of -r */
	const struct ruleset *rules;
	struct slice site;
	struct test_case test; /* the exchange to explain, as the harness plays it */
	struct prepared x;
	struct outcome outcome;
	struct buffer out;
};

static const char usage[] =
	"usage: crumbgate explain -r FILE|-c FILE [OPTION]...\n\n"
	"Tells what the rules decide about an exchange, which rule does, and what would change it.\n\n"
	"  -r, --rules FILE          a rules file\n"
	"  -c, --config FILE         a crumbgate.conf: the rules of the site that serves the URL\n"
	"  -u, --url URL             what the visitor asks for (https://www.example.com/, or the first site)\n"
	"      --consent PURPOSES    what the visitor granted: names with blanks or commas between, all, none,\n"
	"                            or undecided (the default)\n"
	"      --cookie COOKIES      what the visitor carries, like \"a=1; b=2\"\n"
	"      --header \"NAME: VALUE\"  another field of the request; may be repeated\n"
	"      --set-cookie COOKIE   what the origin sets, like \"_ga=1; Path=/\"; may be repeated\n"
	"      --region CC           where the visitor is, like US or US-CA\n"
	"      --json                as JSON\n\n"
	"Exit status: 0 explained, 2 usage, or the rules are wrong.\n";

static bool complain(const char *what, const char *why)
{
	fprintf(stderr, "crumbgate explain: %s: %s\n", what, why);
	return false;
}

/* -- what was asked ------------------------------------------------------------------------------------------------ */

static bool take_header(struct explain *e, const char *text)
{
	struct slice name, value;

	if (!slice_cut(slice_str(text), ':', &name, &value) || !is_token(name))
		return complain(text, "write a field as \"Name: value\"");
	return fields_add(&e->test.request.fields, name, slice_trim(value));
}

static const char *default_url(struct explain *e)
{
	struct slice name = e->config ? e->config->sites[0].names[0] : SLICE("www.example.com");

	if (slice_find_char(name, '*') < name.n)
		name = SLICE("localhost");
	return arena_cstr(&e->arena, arena_printf(&e->arena, "https://%.*s/", SLICE_ARG(name)));
}

static bool take_url(struct explain *e)
{
	struct request *r = &e->test.request;
	const char *text = e->url ? e->url : default_url(e);
	struct url url;
	uint16_t port;

	if (!text || !url_parse(slice_str(text), &url) || !authority_parse(url.authority, &e->arena, &r->host, &port))
		return complain(text ? text : "URL", "write the whole address, like https://www.example.com/page?x=1");
	e->test.url = slice_str(text);
	r->method = SLICE("GET");
	r->secure = url.secure;
	r->target = url_target(&url, &e->arena);
	r->authority = url.authority;
	r->port = url.has_port ? url.port : 0;
	return true;
}

static bool take_consent(struct explain *e)
{
	struct given *g = &e->test.given;

	if (!e->consent || strcmp(e->consent, "undecided") == 0)
		return true;
	g->consent = GIVEN_VALID;
	return site_purposes(e->rules, e->consent, "crumbgate explain", &g->granted.mask);
}

static bool load_config(struct explain *e)
{
	bool named;

	e->config = site_config_load(&e->disk->loader, e->config_path, &e->d);
	if (!e->config)
		return false;
	e->keys = site_keys_load(&e->disk->loader, e->config, &e->d, &named);
	return e->keys || !named;
}

static bool load(struct explain *e)
{
	if (e->config_path && !load_config(e))
		return false;
	if (!take_url(e))
		return false;
	e->site = e->test.request.host;
	if (e->rules_path) {
		e->own = ruleset_load(&e->disk->loader, slice_str(e->rules_path), &e->d);
		e->rules = e->own;
		return e->own != NULL;
	}
	e->rules = site_rules_of(e->config, e->test.request.host, &e->site);
	return e->rules || complain(e->config_path, "no site serves the host of the URL");
}

/* -- what would change it ------------------------------------------------------------------------------------------ */

static struct slice joined(struct explain *e, purposes set)
{
	struct slice names = purposes_text(e->rules, set, &e->arena), one, text = {0};

	while (names.n) {
		bool more = slice_cut(names, ' ', &one, &names);

		text = arena_printf(&e->arena, "%.*s%s%.*s", SLICE_ARG(text),
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

/* What must be for the thing to pass that does not; or what lets it pass. */
static struct slice change_of(struct explain *e, const struct verdict *v)
{
	const struct consent *c = &e->outcome.consent;
	purposes needed = v->mask & ~PURPOSE_NECESSARY, missing = needed & ~c->granted;
	const char *opt_out = missing & c->denied_by_opt_out ? " and no opt-out cookie is sent" : "";
	const char *passes = v->kind == VERDICT_EXPIRE ? "stays" : "passes";
	const char *signal = missing & c->denied_by_signal ? " and the browser sends no signal against it" : "";

	struct slice names = joined(e, missing ? missing : needed);

	if (!needed)
		return v->kind == VERDICT_KEEP || v->kind == VERDICT_REWRITE ? SLICE("passes always: necessary")
									     : slice_of(NULL, 0);
	if (missing)
		return arena_printf(&e->arena, "%s if %.*s %s granted%s%s", passes, SLICE_ARG(names),
				    several(missing) ? "are" : "is", opt_out, signal);
	if (v->kind != VERDICT_KEEP && v->kind != VERDICT_REWRITE && v->kind != VERDICT_INJECT)
		return slice_of(NULL, 0);
	return arena_printf(&e->arena, "would not pass if %.*s %s denied", SLICE_ARG(names),
			    several(needed) ? "(one of them) were" : "were");
}

/* -- for people ---------------------------------------------------------------------------------------------------- */

static void place(struct explain *e, const struct rule *rule, const char *what)
{
	struct slice text;

	if (!rule || !rule->line)
		return;
	text = rule_text(rule, &e->arena);
	buffer_printf(&e->out, "    %s by %.*s:%u: %.*s\n", what, SLICE_ARG(rule->file), rule->line, SLICE_ARG(text));
}

static void text_consent(struct explain *e)
{
	const struct consent *c = &e->outcome.consent;
	struct slice granted = purposes_text(e->rules, c->granted, &e->arena);
	struct slice opt_out = joined(e, c->denied_by_opt_out), signal = joined(e, c->denied_by_signal);

	buffer_printf(&e->out, "%.*s %.*s\n", SLICE_ARG(e->test.request.method), SLICE_ARG(e->test.url));
	buffer_printf(&e->out, "consent: %s, granted: %.*s\n", c->decided ? "decided" : "undecided",
		      SLICE_ARG(granted));
	buffer_printf(&e->out, "    consent cookie: %s\n", consent_token_state_text(c->token));
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
	bool passes = v->kind == VERDICT_KEEP || v->kind == VERDICT_REWRITE || v->kind == VERDICT_INJECT;
	const char *paint = !e->colour ? "" : passes ? "\033[32m" : "\033[33m";
	struct slice change = change_of(e, v), why = verdict_why(v, &e->arena);

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
	if (ruleset_mode(e->rules) == MODE_OBSERVE)
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
	for (size_t bit = 1; bit < ruleset_purpose_count(e->rules); bit++) {
		if (!(set & (purposes)1 << bit))
			continue;
		buffer_add_str(&e->out, comma);
		(void)json_add_string(&e->out, ruleset_purpose(e->rules, bit)->name);
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
	member(e, ",\"change\"", change_of(e, v));
	buffer_add_char(&e->out, '}');
}

static void json(struct explain *e)
{
	const struct consent *c = &e->outcome.consent;

	member(e, "{\"url\"", e->test.url);
	buffer_printf(&e->out, ",\"mode\":\"%s\"", ruleset_mode(e->rules) == MODE_OBSERVE ? "observe" : "enforce");
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

/* -- the run ------------------------------------------------------------------------------------------------------- */

static bool play(struct explain *e)
{
	bool ok;

	e->x = (struct prepared){.test = &e->test,
				 .rules = e->rules,
				 .mac = e->keys ? tls_consent_mac(e->keys) : &harness_mac,
				 .scratch = pattern_scratch_new(),
				 .site = e->site,
				 .now = (int64_t)time(NULL)};
	ok = e->x.scratch && exchange_prepare(&e->x, &e->arena) && exchange_play(&e->x, &e->arena, &e->outcome);
	if (ok)
		e->json ? json(e) : text(e);
	pattern_scratch_free(e->x.scratch);
	return (ok && !e->out.failed && !arena_failed(&e->arena)) || complain("explaining", "memory ran out");
}

static int run(struct explain *e)
{
	bool ok;

	e->colour = !e->json && wants_colour(STDOUT_FILENO);
	ok = load(e) && take_consent(e) && play(e);
	print_diagnostics(&e->d);
	(void)fwrite(e->out.p, 1, ok ? e->out.n : 0, stdout);
	return ok ? EXIT_GOOD : EXIT_USAGE;
}

enum { OPT_CONSENT = 256, OPT_COOKIE, OPT_HEADER, OPT_SET_COOKIE, OPT_REGION, OPT_JSON };

static const struct option options[] = {
	{"rules", required_argument, NULL, 'r'},
	{"config", required_argument, NULL, 'c'},
	{"url", required_argument, NULL, 'u'},
	{"consent", required_argument, NULL, OPT_CONSENT},
	{"cookie", required_argument, NULL, OPT_COOKIE},
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
		e->rules_path = optarg;
		return true;
	case 'c':
		e->config_path = optarg;
		return true;
	case 'u':
		e->url = optarg;
		return true;
	case OPT_CONSENT:
		e->consent = optarg;
		return true;
	case OPT_COOKIE:
		e->test.visitor = slice_trim(slice_str(optarg));
		return true;
	case OPT_HEADER:
		return take_header(e, optarg);
	case OPT_SET_COOKIE:
		return fields_add_id(&e->test.origin.fields, FIELD_SET_COOKIE, slice_trim(slice_str(optarg)));
	case OPT_REGION:
		e->test.given.region = slice_str(optarg);
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
	if (optind < argc) {
		complain(argv[optind], "write an address behind --url, cookies behind --cookie");
		return EXIT_USAGE;
	}
	if (!e->rules_path && !e->config_path) {
		complain("no rules", "name a rules file with -r, or a configuration with -c");
		return EXIT_USAGE;
	}
	return run(e);
}

int command_explain(int argc, char **argv)
{
	struct explain e = {.test = {.origin = {.status = 200}}};
	int status;

	e.disk = disk_loader_new();
	diagnostics_init(&e.d);
	arena_init(&e.arena, 0, MEMORY_MAX);
	buffer_init(&e.out, MEMORY_MAX);
	fields_init(&e.test.request.fields, &e.arena);
	fields_init(&e.test.origin.fields, &e.arena);
	status = e.disk ? parse_and_run(&e, argc, argv) : EXIT_USAGE;
	ruleset_free(e.own);
	tls_consent_keys_free(e.keys);
	config_free(e.config);
	buffer_free(&e.out);
	arena_free(&e.arena);
	diagnostics_free(&e.d);
	disk_loader_free(e.disk);
	return status;
}
