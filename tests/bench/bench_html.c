/* The HTML tokenizer in pieces of 16 KB, for what a rewriter wants of a page; the result is tokens. */
#include "rules/html/tokenizer.h"
#include "tests/bench/bench.h"

static struct html_names carriers, every, nothing;

struct pass {
	struct html_tokenizer t;
	struct slice page;
};

static size_t read_tokens(struct html_tokenizer *t, size_t *octets)
{
	struct html_token token;
	size_t n = 0;

	for (; html_tokenizer_next(t, &token); n++)
		*octets += token.raw.n;
	return n;
}

static size_t tokenize(void *arg)
{
	struct pass *p = arg;
	size_t n = 0, octets = 0;

	html_tokenizer_reset(&p->t);
	for (struct slice rest = p->page; rest.n; rest = slice_from(rest, BENCH_PIECE)) {
		html_tokenizer_feed(&p->t, slice_head(rest, BENCH_PIECE));
		n += read_tokens(&p->t, &octets);
	}
	html_tokenizer_finish(&p->t);
	n += read_tokens(&p->t, &octets);
	CG_CHECK(octets == p->page.n);
	return n;
}

static void add(const char *what, const char *for_whom, const struct html_names *names, unsigned wanted,
		struct slice page)
{
	struct html_options options = {.names = names, .wanted = wanted, .scripting = true};
	struct pass *p = bench_keep(&(struct pass){.page = page}, sizeof *p);

	html_tokenizer_init(&p->t, &options);
	bench_add(tokenize, p, page.n, "%s: %s", what, for_whom);
}

static void add_all(const char *what, struct slice page)
{
	add(what, "nothing", &nothing, 0, page);
	add(what, "carriers", &carriers, 0, page);
	add(what, "carriers, script text", &carriers, HTML_WANT_TEXT(HTML_SCRIPT), page);
	add(what, "everything", &every, HTML_WANT_ALL, page);
}

static void make_names(void)
{
	static const char *const tags[] = {"script", "img",  "iframe", "link",	 "image", "source",
					   "video",  "form", "embed",  "object", "meta",  "base"};

	html_names_init(&nothing);
	html_names_init(&carriers);
	html_names_init(&every);
	html_names_want_all(&every, HTML_WANT_START | HTML_WANT_END);
	for (size_t i = 0; i < CG_COUNT(tags); i++)
		CG_CHECK(html_names_add(&carriers, slice_str(tags[i]), HTML_WANT_START));
	CG_CHECK(html_names_add(&carriers, SLICE("script"), HTML_WANT_END));
}

static void add_slow(void)
{
	add_all("2 million <div>", bench_repeated("", "<div>", 10000000));
	add_all("20 MB of <", bench_repeated("", "<", BENCH_LARGE));
	add_all("20 MB attribute", bench_repeated("<img alt=\"", "data:image/png;base64,AAAA", BENCH_LARGE));
	add_all("20 MB of attributes", bench_repeated("<img ", "a=b ", BENCH_LARGE));
	add_all("20 MB name", bench_repeated("<", "i", BENCH_LARGE));
	add_all("20 MB of dashes", bench_repeated("<!--", "- ", BENCH_LARGE));
	add_all("20 MB of </s in script", bench_repeated("<script>", "</s", BENCH_LARGE));
	add_all("20 MB of <svg>", bench_repeated("", "<svg>", BENCH_LARGE));
}

int main(int argc, char **argv)
{
	struct bench_options o = bench_begin(argc, argv);

	make_names();
	for (size_t i = 0; i < o.n_files; i++)
		add_all(o.files[i].name, o.files[i].octets);
	if (!o.n_files)
		add_all("page", bench_page());
	if (o.slow)
		add_slow();
	return bench_end();
}
