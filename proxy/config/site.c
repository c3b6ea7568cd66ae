#include "proxy/config/internal.h"

#include "rules/http/host.h"
#include "rules/http/url.h"

/* -- names -------------------------------------------------------------------------------------------------------- */

static struct slice lower_case(struct loading *l, struct slice s)
{
	char *p = arena_alloc(&l->config->arena, s.n);

	if (!p)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(s.p[i]);
	return slice_of(p, s.n);
}

static const char *name_hint(struct slice name)
{
	if (slice_find(name, SLICE("://")) < name.n)
		return "write the host alone, without http:// or https://";
	if (slice_find_char(name, '/') < name.n)
		return "write the host alone, without a path";
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] >= 0x80)
			return "write the name as DNS knows it: labels that begin with xn--";
	if (slice_starts_with(name, SLICE("*.")) && slice_find_char(slice_from(name, 2), '*') == name.n - 2)
		return "at least two labels must follow the '*': *.example.com";
	if (slice_find_char(name, '*') < name.n)
		return "a '*' stands for the whole first label: *.example.com; or alone, for every name";
	return "write a host name such as www.example.com";
}

static bool valid_name(struct loading *l, struct slice name, struct slice *host, uint16_t *port)
{
	bool wildcard = slice_starts_with(name, SLICE("*."));

	*port = 0;
	*host = name;
	if (slice_eq(name, SLICE("*")))
		return true;
	if (!authority_parse(wildcard ? slice_from(name, 2) : name, &l->config->arena, host, port))
		return false;
	if (wildcard && (host_is_address(*host) || slice_find_char(*host, '.') == host->n))
		return false; /* "*.com" would be every domain there is */
	*host = lower_case(l, wildcard ? slice_head(name, 2 + host->n) : *host);
	return true;
}

static void check_new(struct loading *l, const struct statement *s, const struct word *w, struct slice name,
		      const struct config_site *site)
{
	for (size_t i = 0; i < site->n_names; i++)
		if (slice_eq(site->names[i], name)) {
			config_error(l, s, w, "write it once", "the name is repeated");
			return;
		}
	for (size_t i = 0; i < l->config->n_sites; i++)
		for (size_t j = 0; j < l->config->sites[i].n_names; j++)
			if (slice_eq(l->config->sites[i].names[j], name)) {
				config_error(l, s, w, "a name belongs to one site only",
					     "\"%.*s\" is already a name of the site in line %u", SLICE_ARG(name),
					     l->config->sites[i].line);
				return;
			}
}

static void add_name(struct loading *l, struct config_site *site, struct slice name)
{
	struct slice *added = config_push(l, (void **)&site->names, &site->n_names, sizeof *added);

	if (added)
		*added = name;
}

static void read_names(struct loading *l, const struct statement *s, struct config_site *site)
{
	for (size_t i = 1; i < s->n_words; i++) {
		const struct word *w = &s->words[i];
		struct slice host;
		uint16_t port;

		if (!config_plain(l, s, w))
			continue;
		if (!valid_name(l, w->text, &host, &port)) {
			config_error(l, s, w, name_hint(w->text), "\"%.*s\" is not a host name", SLICE_ARG(w->text));
			continue;
		}
		if (port)
			config_error(l, s, w, "leave out the port: a site answers on every listener",
				     "a site's name has no port");
		check_new(l, s, w, host, site);
		add_name(l, site, host);
	}
	if (!site->n_names)
		add_name(l, site, SLICE("invalid")); /* so that a check can go on: every site has a name */
}

/* -- the statements of a site ---------------------------------------------------------------------------------------
 */

void read_site_certificate(struct loading *l, const struct statement *s, void *target)
{
	struct config_site *site = target;
	struct config_certificate *added;

	if (!config_plain(l, s, &s->words[1]))
		return;
	if (s->n_words > 2 && (!word_is(&s->words[2], "key") || s->n_words == 3)) {
		config_error(l, s, &s->words[2], "write: certificate FILE key FILE, with one chain per statement",
			     "\"key FILE\" is expected here");
		return;
	}
	if (s->n_words == 4 && !config_plain(l, s, &s->words[3]))
		return;
	added = config_push(l, (void **)&site->certificates, &site->n_certificates, sizeof *added);
	if (!added)
		return;
	added->line = s->words[0].line;
	added->chain_file = config_path(l, s, &s->words[1]);
	if (s->n_words == 4)
		added->key_file = config_path(l, s, &s->words[3]);
}

void read_site_rules(struct loading *l, const struct statement *s, void *target)
{
	struct config_site *site = target;

	if (!config_plain(l, s, &s->words[1]))
		return;
	site->rules_file = config_path(l, s, &s->words[1]);
	site->rules_word = &s->words[1];
}

void read_site_host(struct loading *l, const struct statement *s, void *target)
{
	static const char *const hosts[] = {"preserve", "origin"};
	struct config_site *site = target;
	const struct word *w = &s->words[1];

	if (word_is(w, "preserve") || word_is(w, "origin"))
		site->preserve_host = word_is(w, "preserve");
	else
		config_error(l, s, w,
			     config_hint(l, w->text, hosts, CG_COUNT(hosts), "write: host preserve, or: host origin"),
			     "\"%.*s\" is not a way to choose the Host", SLICE_ARG(w->text));
}

void read_site_compress(struct loading *l, const struct statement *s, void *target)
{
	static const char *const words[] = {"pages", "off"};
	struct config_site *site = target;
	const struct word *w = &s->words[1];

	if (word_is(w, "pages") || word_is(w, "off"))
		site->compress = word_is(w, "pages");
	else
		config_error(l, s, w,
			     config_hint(l, w->text, words, CG_COUNT(words), "write: compress pages, or: compress off"),
			     "\"%.*s\" is nothing that can be compressed", SLICE_ARG(w->text));
}

/* -- upgrade ------------------------------------------------------------------------------------------------------- */

static void add_websocket_path(struct loading *l, const struct statement *s, const struct word *w,
			       struct config_site *site)
{
	struct slice path, *added;

	if (!config_plain(l, s, w))
		return;
	if (w->text.p[0] != '/' || slice_find_char(w->text, '?') < w->text.n ||
	    slice_find_char(w->text, '#') < w->text.n) {
		config_error(l, s, w, "write a path alone, such as /chat: it covers what is below it as well",
			     "\"%.*s\" is not a path", SLICE_ARG(w->text));
		return;
	}
	if (!path_normalise(w->text, &l->config->arena, &path))
		return;
	added = config_push(l, (void **)&site->websocket_paths, &site->n_websocket_paths, sizeof *added);
	if (added)
		*added = path;
}

void read_site_upgrade(struct loading *l, const struct statement *s, void *target)
{
	static const char *const words[] = {"websocket", "off"};
	struct config_site *site = target;
	const struct word *w = &s->words[1];

	site->websocket = word_is(w, "websocket");
	if (!site->websocket && !word_is(w, "off")) {
		config_error(
			l, s, w,
			config_hint(l, w->text, words, CG_COUNT(words), "write: upgrade websocket, or: upgrade off"),
			"\"%.*s\" is nothing that a connection can be upgraded to", SLICE_ARG(w->text));
		return;
	}
	if (!site->websocket && s->n_words > 2)
		config_error(l, s, &s->words[2], "write: upgrade off, or: upgrade websocket PATH...",
			     "nothing may follow \"off\"");
	for (size_t i = 2; site->websocket && i < s->n_words; i++)
		add_websocket_path(l, s, &s->words[i], site);
}

/* -- a site ---------------------------------------------------------------------------------------------------------
 */

static void check_complete(struct loading *l, const struct statement *s, const struct config_site *site,
			   size_t errors_before)
{
	if (l->d->errors != errors_before)
		return; /* what seems to be missing may be what was not understood */
	if (!site->n_origins)
		config_say(l, SEVERITY_ERROR, statement_position(s),
			   "write in its block: upstream http://127.0.0.1:8080", "the site has no upstream");
	if (!site->rules_file.n)
		config_say(l, SEVERITY_ERROR, statement_position(s), "write in its block: rules FILE",
			   "the site has no rules");
}

void read_top_site(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;
	struct config_site site = {.preserve_host = true,
				   .websocket = true,
				   .line = s->words[0].line,
				   .file = s->source->path,
				   .statement = s};
	struct config_site *added;
	size_t errors = l->d->errors;

	read_names(l, s, &site);
	config_read_block(l, s->children, &config_block_site, &site);
	check_complete(l, s, &site, errors);
	site.incomplete = l->d->errors != errors;
	added = config_push(l, (void **)&c->sites, &c->n_sites, sizeof site);
	if (added)
		*added = site;
}
