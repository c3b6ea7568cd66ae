/* upstream URL... [ca FILE] [insecure] */
#include "proxy/config/internal.h"

#include "rules/http/host.h"

#define HINT_URL "write http://127.0.0.1:8080 or https://origin.example.com"

struct options {
	struct slice ca_file;
	const struct word *ca;
	const struct word *insecure;
};

static const char *url_hint(struct loading *l, struct slice text)
{
	static const char *const schemes[] = {"http", "https"};
	struct slice scheme, rest;
	const char *near;

	if (slice_find(text, SLICE("://")) == text.n)
		return config_text(l, "write http://%.*s", SLICE_ARG(slice_head(text, 200)));
	(void)slice_cut(text, ':', &scheme, &rest);
	near = suggest(scheme, schemes, CG_COUNT(schemes));
	if (near)
		return config_text(l, "did you mean \"%s:%.*s\"?", near, SLICE_ARG(slice_head(rest, 200)));
	return HINT_URL;
}

/* Splits "http(s)://authority[/]"; what is wrong is said. */
static bool split_url(struct loading *l, const struct statement *s, const struct word *w, bool *tls,
		      struct slice *authority)
{
	struct slice text = w->text, path;

	if (slice_istarts_with(text, SLICE("https://"))) {
		*tls = true;
	} else if (slice_istarts_with(text, SLICE("http://"))) {
		*tls = false;
	} else {
		config_error(l, s, w, url_hint(l, text), "\"%.*s\" is not the URL of an origin", SLICE_ARG(text));
		return false;
	}
	text = slice_from(text, *tls ? 8 : 7);
	(void)slice_cut(text, '/', authority, &path);
	if (path.n || slice_find_char(*authority, '?') < authority->n ||
	    slice_find_char(*authority, '#') < authority->n) {
		config_error(
			l, s, w,
			config_text(l, "write http%s://%.*s", *tls ? "s" : "", SLICE_ARG(slice_head(*authority, 200))),
			"the URL of an origin has no path or query: what visitors ask for is passed on as it is");
		return false;
	}
	return true;
}

static bool has_zero_port(struct slice authority)
{
	return slice_ends_with(authority, SLICE(":0"));
}

static bool read_url(struct loading *l, const struct statement *s, const struct word *w, struct config_origin *o,
		     uint16_t *port)
{
	struct arena *arena = &l->config->arena;

	if (!config_plain(l, s, w) || !split_url(l, s, w, &o->tls, &o->authority))
		return false;
	if (slice_find_char(o->authority, '@') < o->authority.n) {
		config_error(l, s, w, "leave out what stands before the '@'",
			     "the URL of an origin has no user or password");
		return false;
	}
	if (has_zero_port(o->authority)) {
		config_error(l, s, w, HINT_URL, "port 0 cannot be connected to");
		return false;
	}
	if (!authority_parse(o->authority, arena, &o->host, port)) {
		config_error(l, s, w, HINT_URL, "\"%.*s\" is not a host with a port", SLICE_ARG(o->authority));
		return false;
	}
	if (!*port)
		*port = o->tls ? 443 : 80;
	return true;
}

static bool resolve(struct loading *l, const struct statement *s, const struct word *w, struct config_origin *o,
		    uint16_t port)
{
	char *name = arena_cstr(&l->config->arena, o->host);
	const char *why = "memory ran out";

	if (name &&
	    l->resolver->resolve(l->resolver->arg, name, port, &l->config->arena, &o->addresses, &o->n_addresses, &why))
		return true;
	config_error(l, s, w, "check the name, or write an address", "the host \"%.*s\" cannot be resolved: %s",
		     SLICE_ARG(o->host), why);
	return false;
}

/* Where the options begin: the first word that is "ca" or "insecure". */
static size_t options_begin(const struct statement *s)
{
	size_t i = 1;

	while (i < s->n_words && !word_is(&s->words[i], "ca") && !word_is(&s->words[i], "insecure"))
		i++;
	return i;
}

static bool read_options(struct loading *l, const struct statement *s, size_t from, struct options *o)
{
	for (size_t i = from; i < s->n_words; i++) {
		const struct word *w = &s->words[i];

		if (word_is(w, "insecure")) {
			o->insecure = w;
		} else if (!word_is(w, "ca")) {
			config_error(l, s, w, "URLs come first, then: ca FILE, or: insecure", "unexpected \"%.*s\"",
				     SLICE_ARG(w->raw));
			return false;
		} else if (i + 1 == s->n_words) {
			config_say(l, SEVERITY_ERROR, statement_end_position(s), "write: ca FILE",
				   "\"ca\" needs the name of a file");
			return false;
		} else if (config_plain(l, s, &s->words[i + 1])) {
			o->ca = w;
			o->ca_file = config_path(l, s, &s->words[++i]);
		}
	}
	if (o->ca && o->insecure)
		config_error(l, s, o->insecure, "leave out \"insecure\": it would make the CA meaningless",
			     "\"ca\" and \"insecure\" exclude each other");
	return true;
}

static void check_options(struct loading *l, const struct statement *s, const struct word *url,
			  const struct config_origin *o, const struct options *options)
{
	const struct word *w = options->ca ? options->ca : options->insecure;

	if (w && !o->tls)
		config_error(l, s, w, "write https:// for this origin, or leave it out",
			     "\"%.*s\" is for https origins", SLICE_ARG(w->raw));
	else if (options->insecure && !options->ca)
		config_say(l, SEVERITY_WARNING, word_position(s->source, options->insecure),
			   "name the origin's CA instead: ca FILE",
			   "whoever stands between can read and change everything: the certificate of %.*s is not "
			   "verified",
			   SLICE_ARG(url->raw));
}

static void check_repeated(struct loading *l, const struct statement *s, const struct word *w,
			   const struct config_site *site, const struct config_origin *o)
{
	for (size_t i = 0; i < site->n_origins; i++)
		if (slice_ieq(site->origins[i].authority, o->authority) && site->origins[i].tls == o->tls)
			config_say(l, SEVERITY_WARNING, word_position(s->source, w), "write it once",
				   "this origin is named twice");
}

void read_site_upstream(struct loading *l, const struct statement *s, void *target)
{
	struct config_site *site = target;
	struct options options = {0};
	size_t end = options_begin(s);

	if (end == 1)
		config_error(l, s, &s->words[1], HINT_URL, "the URL of an origin is missing");
	if (!read_options(l, s, end, &options))
		return;
	for (size_t i = 1; i < end; i++) {
		struct config_origin o = {.verify = !options.insecure,
					  .ca_file = options.ca_file,
					  .word = &s->words[i]},
				     *added;
		uint16_t port;

		if (!read_url(l, s, &s->words[i], &o, &port))
			continue;
		check_options(l, s, &s->words[i], &o, &options);
		check_repeated(l, s, &s->words[i], site, &o);
		if (!resolve(l, s, &s->words[i], &o, port))
			continue;
		added = config_push(l, (void **)&site->origins, &site->n_origins, sizeof o);
		if (added)
			*added = o;
	}
}
