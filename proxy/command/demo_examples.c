#include "proxy/command/demo_examples.h"

#include <stdio.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "proxy/config/disk_loader.h"
#include "proxy/tls/tls.h"
#include "rules/consent/consent.h"
#include "rules/consent/sealed.h"

#define DAY 86400

/* What a browser that was here before carries, beside a session. */
#define SESSION "nwv_session"
#define COOKIES "lang=de; _ga=GA1.1.7.8; _fbp=fb.1.7.8"

struct examples {
	const struct demo_setup *setup;
	const struct config_site *site;
	struct consent_query query;
	const struct seal_ops *seal;
	struct arena arena;
	struct slice good;
	struct slice expired;
	struct slice forged;
	struct slice session; /* sealed */
};

static purposes by_name(const struct ruleset *rules, struct slice name)
{
	int bit = ruleset_purpose_find(rules, name);

	return bit > 0 ? (purposes)1 << bit : 0;
}

static struct slice token(struct examples *e, int64_t at)
{
	struct consent_query q = e->query;
	unsigned char id[16];

	q.now = at;
	tls_random(NULL, id, sizeof id);
	return consent_token_make(
		&q, PURPOSE_NECESSARY | by_name(q.rules, SLICE("preferences")) | by_name(q.rules, SLICE("analytics")),
		id, &e->arena);
}

/* One octet of the keyed hash is another. */
static struct slice forge(struct examples *e, struct slice good)
{
	char *p = arena_cstr(&e->arena, good);

	if (!p || good.n < 4)
		return slice_of(NULL, 0);
	p[good.n - 4] = p[good.n - 4] == 'A' ? 'B' : 'A';
	return slice_of(p, good.n);
}

static void make_tokens(struct examples *e)
{
	int64_t now = e->query.now;

	e->good = token(e, now);
	e->expired = token(e, now - ruleset_policy(e->site->rules)->remember - DAY);
	e->forged = forge(e, e->good);
	e->session = sealed_make(
		&(struct sealing){.ops = e->seal, .site = e->query.site, .name = SLICE(SESSION), .now = now},
		SLICE("s1"), 0, &e->arena);
}

/* -- printing ------------------------------------------------------------------------------------------------------ */

/* A line to paste, with what to see. cookies and options may be empty. */
static void line(const struct examples *e, const char *title, const char *see, const char *cookie, struct slice value,
		 const char *options)
{
	printf("  # %s:\n  # %s\n", title, see);
	printf("  curl -si --cacert '%s/ca.pem' %s-b '" SESSION "=%.*s; " COOKIES "%s%.*s' \\\n"
	       "    'https://localhost:%u/cookies.txt?plan=desk&gclid=CLICK'\n\n",
	       e->setup->folder, options, SLICE_ARG(e->session), cookie, SLICE_ARG(value), (unsigned)e->setup->port);
}

static void print_places(const struct demo_setup *s)
{
	printf("\n  The example site    https://localhost:%u/   (http://localhost:%u/ leads there)\n"
	       "  Its certificate     is of a development authority: trust %s/ca.pem, or go on past the warning\n"
	       "  The rules           %s/demo.rules   change them, then: kill -HUP %d\n"
	       "  The configuration   %s/crumbgate.conf\n"
	       "  The access log      %s/access.log\n\n",
	       (unsigned)s->port, (unsigned)s->http_port, s->folder, s->folder, (int)getpid(), s->folder, s->folder);
}

static void print_lines(const struct examples *e)
{
	static const struct slice none;
	const char *cookie = "; " CONSENT_COOKIE "=";

	puts("  Lines to paste in another terminal. Each sends cookies that a browser may still have; the answer "
	     "shows\n"
	     "  which ones are deleted or set (Set-Cookie), and its text which ones the origin received.\n");
	line(e, "No consent",
	     "only nwv_session reaches the origin, opened, as it is sealed on the device; lang, _ga and _fbp are "
	     "deleted; gclid is gone",
	     "", none, "");
	line(e, "Agreed to preferences and analytics, signed by crumbgate",
	     "lang and _ga pass both ways, the cookie vid is made; _fbp and gclid stay out", cookie, e->good, "");
	line(e, "The same with the opt-out cookie", "analytics is denied again: _ga is deleted, lang passes",
	     "; optout=1"
	     "; " CONSENT_COOKIE "=",
	     e->good, "");
	line(e, "The same consent, expired", "as without consent", cookie, e->expired, "");
	line(e, "Forged", "as without consent", cookie, e->forged, "");
	line(e, "Agreed, with Do Not Track", "nothing changes by DNT: these rules ignore it", cookie, e->good,
	     "-H 'DNT: 1' ");
}

static void print_browser(const struct examples *e)
{
	printf("  In a browser: open the site, answer the banner, and look at https://localhost:%u/debug/cookies and\n"
	       "  /debug/beacons before and after. \"Privacy settings\" on every page changes the answer.\n\n"
	       "  Ctrl-C ends the demo.\n\n",
	       (unsigned)e->setup->port);
}

void demo_print_examples(const struct demo_setup *s, const struct config *config)
{
	struct examples e = {.setup = s, .site = &config->sites[0]};
	struct disk_loader *disk = disk_loader_new();
	struct tls_consent_keys *keys = NULL;
	struct diagnostics d;

	diagnostics_init(&d);
	arena_init(&e.arena, 0, 64 * 1024);
	print_places(s);
	if (disk)
		keys = tls_consent_keys_load(&disk->loader, config->consent_key_file, NULL, &d);
	if (keys) {
		e.query = (struct consent_query){.rules = e.site->rules,
						 .mac = tls_consent_mac(keys),
						 .site = e.site->names[0],
						 .secure = true,
						 .now = (int64_t)time(NULL)};
		e.seal = tls_seal_ops(keys);
		make_tokens(&e);
		print_lines(&e);
		print_browser(&e);
	}
	fflush(stdout);
	tls_consent_keys_free(keys);
	arena_free(&e.arena);
	diagnostics_free(&d);
	disk_loader_free(disk);
}
