/*
 * What the rewriter leaves alone, for test_identity.py: identity FILE... Each file is a page; for each a line is
 * printed, "FILE: N changes in M octets", or what is wrong:
 *
 * - rules that name nothing in it, and any rules in observe mode, hand it on octet for octet; the former but for what
 *   the rewriter changes whatever the rules are, with a reason: a noscript that ends elsewhere where scripts do not
 * run, and what browsers that read ahead see otherwise in svg;
 * - under all shipped rules the octets outside of the edits told are those of the input, and in their order;
 * - both however the input is cut;
 * - what came out, put in again, is not changed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/page_run.h"

#define PAGE_MAX  (4u << 20)
#define EDITS_MAX 4096

#define PURPOSES "purpose preferences\npurpose analytics\npurpose advertising\n"

static const char foreign_rules[] =
	PURPOSES "beacon ||tracker.invalid^ /nothing-like-it.js^ is analytics\n"
		 "beacon a-b-c[d-e=\"f\"], iframe[src*=\"tracker.invalid\"] is analytics removed\n"
		 "beacon script containing \"nothingLikeIt(\" is analytics\n"
		 "inject html at body-end status 599 is necessary <<HTML\n<p>\nHTML\n";
/* Selectors first: the second time a pixel has no address any more. */
static const char all_rules[] = PURPOSES "beacon img[width=\"1\"][height=\"1\"] is advertising removed\n"
					 "beacon iframe[src*=\"youtube\"] is preferences replaced by placeholder\n"
					 "beacon aside.ad-slot is advertising\n"
					 "include vendors/all.rules\n";
static const char observing_rules[] = PURPOSES "include vendors/all.rules\nmode observe\n"
					       "beacon img[width=\"1\"][height=\"1\"] is advertising removed\n";

static struct page_run foreign, all, observing;

/* What comes of a page: the output, and from the edits what it should be. */
struct outcome {
	struct slice input;
	struct buffer out, expected;
	uint64_t at; /* of the input, behind the last edit */
	size_t edits;
	bool due_to_rules; /* not all edits are of what cannot be told for sure, whatever the rules are */
	const char *wrong;
};

static bool take(void *arg, struct slice octets)
{
	struct outcome *o = arg;

	return buffer_add(&o->out, octets);
}

static void take_edit(void *arg, const struct page_edit *e)
{
	struct outcome *o = arg;
	size_t offset = (size_t)e->offset;

	o->edits++;
	if (!e->verdict || e->verdict->rule || !e->verdict->reason)
		o->due_to_rules = true;
	if (e->offset < o->at || e->offset > o->input.n || e->removed.n > o->input.n - offset)
		o->wrong = "an edit lies outside of the page or over another";
	else if (!slice_eq(e->removed, slice_head(slice_from(o->input, offset), e->removed.n)))
		o->wrong = "an edit removes what is not there";
	if (o->wrong)
		return;
	buffer_add(&o->expected, slice_head(slice_from(o->input, (size_t)o->at), offset - (size_t)o->at));
	buffer_add(&o->expected, e->inserted);
	o->at = e->offset + e->removed.n;
}

static void outcome_free(struct outcome *o)
{
	buffer_free(&o->out);
	buffer_free(&o->expected);
}

static void rewrite(struct page_run *p, struct slice input, struct page_feed feed, bool edits, struct outcome *o)
{
	*o = (struct outcome){.input = input};
	buffer_init(&o->out, PAGE_MAX);
	buffer_init(&o->expected, PAGE_MAX);
	if (page_run(p, input, feed, take, o, edits ? take_edit : NULL, o) != REWRITER_OK)
		o->wrong = "it was not read to its end";
	if (edits && !o->wrong) {
		buffer_add(&o->expected, slice_from(input, (size_t)o->at));
		if (!slice_eq(buffer_slice(&o->out), buffer_slice(&o->expected)))
			o->wrong = "the output is not the input with its edits";
	}
}

static const char *unchanged(struct page_run *p, struct slice input, struct page_feed feed, const char *wrong)
{
	struct outcome o;

	rewrite(p, input, feed, true, &o);
	if (o.wrong || !o.due_to_rules)
		wrong = o.wrong;
	outcome_free(&o);
	return wrong;
}

static const char *identical(struct page_run *p, struct slice input, const char *wrong)
{
	struct outcome o;

	rewrite(p, input, (struct page_feed){0}, false, &o);
	if (o.wrong)
		wrong = o.wrong;
	else if (slice_eq(buffer_slice(&o.out), input))
		wrong = NULL;
	outcome_free(&o);
	return wrong;
}

static const char *same_as(struct slice expected, struct slice input, struct page_feed feed)
{
	struct outcome o;
	const char *wrong;

	rewrite(&all, input, feed, true, &o);
	wrong = o.wrong;
	if (!wrong && !slice_eq(buffer_slice(&o.out), expected))
		wrong = "the output depends on how the input is cut";
	outcome_free(&o);
	return wrong;
}

static const char *each_feed(struct slice input, struct slice expected, struct page_feed *feed)
{
	static const size_t pieces[] = {0, 16384, 4096, 1021, 61, 7, 3, 2, 1};
	size_t step = input.n < 600 ? 1 : input.n / 300;
	const char *wrong = NULL;

	for (size_t i = 0; i < CG_COUNT(pieces) && !wrong; i++) {
		*feed = (struct page_feed){0, pieces[i]};
		wrong = unchanged(&foreign, input, *feed, "rules that name nothing in it change it");
		if (!wrong)
			wrong = same_as(expected, input, *feed);
	}
	for (size_t cut = 1; cut < input.n && !wrong; cut += step) {
		*feed = (struct page_feed){cut, 0};
		wrong = same_as(expected, input, *feed);
	}
	return wrong;
}

static bool check(const char *name, struct slice input)
{
	struct page_feed feed = {0};
	struct outcome o;
	const char *wrong;

	rewrite(&all, input, feed, true, &o);
	wrong = o.wrong;
	if (!wrong)
		wrong = identical(&observing, input, "observe mode changes it");
	if (!wrong)
		wrong = unchanged(&all, buffer_slice(&o.out), feed, "what came out is changed when put in again");
	if (!wrong)
		wrong = each_feed(input, buffer_slice(&o.out), &feed);
	if (wrong)
		printf("%s: %s (cut at %zu, pieces of %zu)\n", name, wrong, feed.cut, feed.piece);
	else
		printf("%s: %zu changes in %zu octets\n", name, o.edits, input.n);
	fflush(stdout);
	outcome_free(&o);
	return !wrong;
}

int main(int argc, char **argv)
{
	static char text[PAGE_MAX];
	bool good = true;

	if (!page_run_open(&foreign, foreign_rules) || !page_run_open(&all, all_rules) ||
	    !page_run_open(&observing, observing_rules))
		return 2;
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		if (!f) {
			perror(argv[i]);
			return 2;
		}
		good = check(argv[i], slice_of(text, fread(text, 1, sizeof text, f))) && good;
		fclose(f);
	}
	page_run_close(&foreign);
	page_run_close(&all);
	page_run_close(&observing);
	return good ? 0 : 1;
}
