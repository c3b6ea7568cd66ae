/* crumbgate rewrite: what a visitor gets of a page. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/command/command.h"
#include "proxy/command/rewrite_report.h"
#include "proxy/command/visit.h"
#include "rules/harness/page.h"

#define PIECE	   65536
#define REPORT_MAX (64 * 1024 * 1024) /* of a page whose changes are told: it is kept in memory */

struct rewrite {
	struct visit visit;
	const char *path; /* "-": standard input */
	const char *type; /* of the response; NULL: by the file's name */
	bool diff, json;

	struct decide_env env;
	struct decision decision;
	struct request request;
	struct response response;
	struct fixed_random random;
	struct rewriter *rewriter; /* NULL: the page passes as it is */
	struct changes changes;
	struct buffer page; /* as it came, with --diff and --json */
	bool output_failed;
};

static const char usage[] =
	"usage: crumbgate rewrite -r FILE|-c FILE [OPTION]... FILE|-\n\n"
	"Writes what a visitor gets of a page: third parties' beacons that are denied held back, what the rules\n"
	"inject put in. Nothing is fetched.\n\n"
	"  -r, --rules FILE          a rules file\n"
	"  -c, --config FILE         a crumbgate.conf: the rules of the site that serves the URL\n"
	"  -u, --url URL             where the page is (https://www.example.com/, or the first site)\n"
	"      --consent PURPOSES    what the visitor granted: names with blanks or commas between, all, none,\n"
	"                            or undecided (the default)\n"
	"      --region CC           where the visitor is, like US or US-CA\n"
	"      --type TYPE           the Content-Type that the page comes with (text/html)\n"
	"      --diff                not the page, but each change of it, with the rule that decided\n"
	"      --json                the changes, one JSON object a line\n\n"
	"Exit status: 0 done, 1 the page is withheld, 2 usage, or the rules are wrong.\n";

/* -- the exchange -------------------------------------------------------------------------------------------------- */

static bool no_memory(const struct rewrite *r)
{
	return visit_complain(&r->visit, "rewriting", "memory ran out");
}

static struct slice type_of(const struct rewrite *r)
{
	struct slice path = slice_str(r->path);

	if (r->type)
		return slice_str(r->type);
	if (slice_ends_with(path, SLICE(".xhtml")) || slice_ends_with(path, SLICE(".xht")))
		return SLICE("application/xhtml+xml");
	return SLICE("text/html");
}

/* The page as the answer to the visit, decided about. */
static bool decide(struct rewrite *r)
{
	struct visit *v = &r->visit;

	r->env = (struct decide_env){.rules = v->rules,
				     .mac = v->x.mac,
				     .seal = v->x.seal,
				     .site = v->site,
				     .scratch = v->x.scratch,
				     .guard = v->x.guard,
				     .sha256 = v->x.sha256,
				     .random = fixed_random,
				     .random_arg = &r->random};
	r->request = v->x.request;
	r->response = (struct response){.status = 200};
	fields_init(&r->response.fields, &v->arena);
	if (!fields_add_id(&r->response.fields, FIELD_CONTENT_TYPE, type_of(r)) ||
	    decide_request(&r->env, &r->request, v->test.given.region, v->x.now, &v->arena, &r->decision) !=
		    DECIDE_OK ||
	    decide_response(&r->env, &r->response, false, &v->arena, &r->decision) != DECIDE_OK)
		return no_memory(r);
	return true;
}

/* -- the page ------------------------------------------------------------------------------------------------------ */

static bool put(void *arg, struct slice octets)
{
	struct rewrite *r = arg;

	if (r->diff || r->json)
		return true;
	r->output_failed = fwrite(octets.p, 1, octets.n, stdout) != octets.n;
	return !r->output_failed;
}

static enum rewriter_result push(struct rewrite *r, struct slice piece)
{
	if ((r->diff || r->json) && !buffer_add(&r->page, piece))
		return REWRITER_NO_MEMORY;
	if (r->rewriter)
		return rewriter_push(r->rewriter, piece);
	return put(r, piece) ? REWRITER_OK : REWRITER_STOPPED;
}

/* EXIT_GOOD if the page went on. */
static int tell_result(struct rewrite *r, enum rewriter_result result)
{
	const char *why;

	if (result == REWRITER_OK)
		return EXIT_GOOD;
	if (result == REWRITER_UNREADABLE || result == REWRITER_OVERSIZED) {
		why = rewriter_why(r->rewriter);
		visit_complain(&r->visit, "the page is withheld", why ? why : "it cannot be read");
		return EXIT_FINDINGS;
	}
	if (r->output_failed)
		visit_complain(&r->visit, "standard output", strerror(errno));
	else if (r->page.n + PIECE > REPORT_MAX)
		visit_complain(&r->visit, r->path, "larger than 64 MB, which is too much for --diff and --json");
	else
		no_memory(r);
	return EXIT_USAGE;
}

static int read_page(struct rewrite *r, FILE *in)
{
	enum rewriter_result result = REWRITER_OK;
	static char piece[PIECE];
	size_t n;

	while (result == REWRITER_OK && (n = fread(piece, 1, sizeof piece, in)) > 0)
		result = push(r, slice_of(piece, n));
	if (ferror(in)) {
		visit_complain(&r->visit, r->path, strerror(errno));
		return EXIT_USAGE;
	}
	if (result == REWRITER_OK && r->rewriter)
		result = rewriter_finish(r->rewriter);
	return tell_result(r, result);
}

static int through_rewriter(struct rewrite *r, FILE *in)
{
	struct rewriter_options options = {.env = &r->env,
					   .decision = &r->decision,
					   .sink = put,
					   .sink_arg = r,
					   .edits = r->diff || r->json ? changes_take : NULL,
					   .edits_arg = &r->changes};

	if (r->decision.page.work == PAGE_WITHHOLD) {
		visit_complain(&r->visit, "the page is withheld",
			       r->decision.page.why ? r->decision.page.why : "it cannot be read");
		return EXIT_FINDINGS;
	}
	if (r->decision.page.work != PAGE_REWRITE)
		return read_page(r, in);
	r->rewriter = rewriter_new(&options);
	return r->rewriter ? read_page(r, in) : (no_memory(r), EXIT_USAGE);
}

/* -- the run ------------------------------------------------------------------------------------------------------- */

static int report(struct rewrite *r)
{
	const struct changes_page page = {.name = strcmp(r->path, "-") == 0 ? "standard input" : r->path,
					  .text = buffer_slice(&r->page),
					  .rules = r->visit.rules,
					  .granted = r->decision.consent.granted};
	struct buffer out;
	bool ok;

	buffer_init(&out, (size_t)4 * REPORT_MAX);
	if (r->json)
		changes_json(&r->changes, &page, &out);
	else
		changes_text(&r->changes, &page, wants_colour(STDOUT_FILENO), &out);
	ok = !out.failed && !arena_failed(&r->changes.arena);
	if (ok && out.n)
		(void)fwrite(out.p, 1, out.n, stdout);
	if (!ok)
		no_memory(r);
	buffer_free(&out);
	return ok ? EXIT_GOOD : EXIT_USAGE;
}

static int with_file(struct rewrite *r)
{
	bool standard = strcmp(r->path, "-") == 0;
	FILE *in = standard ? stdin : fopen(r->path, "rbe");
	int status;

	if (!in) {
		visit_complain(&r->visit, r->path, strerror(errno));
		return EXIT_USAGE;
	}
	status = through_rewriter(r, in);
	if (!standard)
		(void)fclose(in);
	if (status == EXIT_GOOD && (r->diff || r->json))
		status = report(r);
	if (status == EXIT_GOOD && fflush(stdout) != 0) {
		visit_complain(&r->visit, "standard output", strerror(errno));
		status = EXIT_USAGE;
	}
	if (status == EXIT_GOOD && r->decision.observe)
		visit_complain(&r->visit, "mode observe", "the rules change nothing yet");
	return status;
}

static int run(struct rewrite *r)
{
	bool ok = visit_load(&r->visit) && decide(r);

	print_diagnostics(&r->visit.d);
	return ok ? with_file(r) : EXIT_USAGE;
}

enum { OPT_CONSENT = 256, OPT_REGION, OPT_TYPE, OPT_DIFF, OPT_JSON };

static const struct option options[] = {
	{"rules", required_argument, NULL, 'r'},
	{"config", required_argument, NULL, 'c'},
	{"url", required_argument, NULL, 'u'},
	{"consent", required_argument, NULL, OPT_CONSENT},
	{"region", required_argument, NULL, OPT_REGION},
	{"type", required_argument, NULL, OPT_TYPE},
	{"diff", no_argument, NULL, OPT_DIFF},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool take_option(struct rewrite *r, int option)
{
	switch (option) {
	case 'r':
		r->visit.rules_path = optarg;
		return true;
	case 'c':
		r->visit.config_path = optarg;
		return true;
	case 'u':
		r->visit.url = optarg;
		return true;
	case OPT_CONSENT:
		r->visit.consent = optarg;
		return true;
	case OPT_REGION:
		r->visit.test.given.region = slice_str(optarg);
		return true;
	case OPT_TYPE:
		r->type = optarg;
		return true;
	case OPT_DIFF:
		r->diff = true;
		return true;
	case OPT_JSON:
		r->json = true;
		return true;
	default:
		return false;
	}
}

static int parse_and_run(struct rewrite *r, int argc, char **argv)
{
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "r:c:u:h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_GOOD;
		}
		if (!take_option(r, option)) {
			fputs("write \"crumbgate rewrite --help\" for what can be written\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc) {
		visit_complain(&r->visit, optind < argc ? argv[optind + 1] : "no page",
			       "name one file, or - for standard input");
		return EXIT_USAGE;
	}
	if (r->diff && r->json) {
		visit_complain(&r->visit, "--diff and --json", "name one of them");
		return EXIT_USAGE;
	}
	r->path = argv[optind];
	return run(r);
}

int command_rewrite(int argc, char **argv)
{
	struct rewrite r = {0};
	int status;

	buffer_init(&r.page, REPORT_MAX);
	changes_init(&r.changes);
	status = visit_init(&r.visit, "crumbgate rewrite") ? parse_and_run(&r, argc, argv) : EXIT_USAGE;
	rewriter_free(r.rewriter);
	buffer_free(&r.page);
	changes_free(&r.changes);
	visit_free(&r.visit);
	return status;
}
