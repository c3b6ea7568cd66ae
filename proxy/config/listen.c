#include "proxy/config/internal.h"

#define HINT_ADDRESS "write *:443, 127.0.0.1:8080 or [::1]:8080"

static const char *const ways[] = {"tls", "redirect"};

static bool read_address(struct loading *l, const struct statement *s, struct config_address *out)
{
	const struct word *w = &s->words[1];
	uint64_t port;

	if (!config_plain(l, s, w))
		return false;
	if (!config_address_parse(&l->config->arena, w->text, out)) {
		bool is_port = slice_to_u64(w->text, UINT16_MAX, &port);

		config_error(l, s, w,
			     is_port ? config_text(l, "write *:%u for every address", (unsigned)port) : HINT_ADDRESS,
			     "\"%.*s\" is not an address with a port", SLICE_ARG(w->text));
		return false;
	}
	if (config_address_port(out) == 0) {
		config_error(l, s, w, HINT_ADDRESS, "port 0 cannot be listened on");
		return false;
	}
	return true;
}

static void check_unique(struct loading *l, const struct statement *s, const struct config_address *address)
{
	for (size_t i = 0; i < l->config->n_listens; i++) {
		const struct config_listen *other = &l->config->listens[i];

		if (config_address_eq(&other->address, address))
			config_error(l, s, &s->words[1], "remove one of them", "%.*s is already listened on by line %u",
				     SLICE_ARG(address->text), other->line);
	}
}

/* listen ADDRESS:PORT [tls | redirect https] */
static bool read_way(struct loading *l, const struct statement *s, struct config_listen *listen)
{
	const struct word *w = &s->words[2], *last = &s->words[s->n_words - 1];

	if (s->n_words == 2)
		return true;
	listen->tls = word_is(w, "tls");
	listen->redirect = word_is(w, "redirect");
	if (!listen->tls && !listen->redirect) {
		config_error(l, s, w,
			     config_hint(l, w->text, ways, CG_COUNT(ways), "write tls, redirect https, or nothing"),
			     "\"%.*s\" is not something a listener can do", SLICE_ARG(w->text));
		return false;
	}
	if (listen->tls && s->n_words > 3) {
		config_error(l, s, last, "write: listen ADDRESS:PORT tls", "nothing may follow \"tls\"");
		return false;
	}
	if (listen->redirect && !word_is(last, "https")) {
		config_say(l, SEVERITY_ERROR,
			   s->n_words == 3 ? statement_end_position(s) : word_position(s->source, last),
			   "write: listen ADDRESS:PORT redirect https", "\"redirect\" must be followed by \"https\"");
		return false;
	}
	return true;
}

void read_top_listen(struct loading *l, const struct statement *s, void *target)
{
	struct config *c = target;
	struct config_listen listen = {.line = s->words[0].line}, *added;

	if (!read_address(l, s, &listen.address) || !read_way(l, s, &listen))
		return;
	check_unique(l, s, &listen.address);
	if (config_address_port(&listen.address) == 443 && !listen.tls)
		config_say(l, SEVERITY_WARNING, statement_end_position(s), "write: listen ADDRESS:443 tls",
			   "port 443 without tls");
	added = config_push(l, (void **)&c->listens, &c->n_listens, sizeof listen);
	if (added)
		*added = listen;
}
