/*
 * What the files of the rewriter share.
 *
 * rewriter.c        birth, input, tokens in order, output
 * rewriter_tag.c    a start tag: what selectors and URLs say, and what becomes of it
 * rewriter_carrier.c  the values of attributes that carry URLs and scripts
 * rewriter_inline.c  what stands in data: and javascript: URLs
 * rewriter_held.c   scripts, styles and noscript, whose content decides about them
 * rewriter_policy.c   Content-Security-Policy in the page
 * rewriter_outcome.c  what becomes of a tag that is denied
 * rewriter_place.c  where a head and a body begin and end, and what is injected there
 * rewriter_xml.c    what is XML alone: instructions, doctypes
 * rewriter_ahead.c  what browsers that read ahead see otherwise
 * rewriter_drop.c   elements that are left out
 * rewriter_edit.c   edits of a tag
 */
#ifndef CG_RULES_DECIDE_REWRITER_INTERNAL_H
#define CG_RULES_DECIDE_REWRITER_INTERNAL_H

#include "rules/decide/internal.h"
#include "rules/decide/page_plan.h"

#define REWRITER_PIECE	65536 /* octets read at once, however long the input */
#define EDITS_MAX	64
#define FOLLOWED_MAX	16
#define NESTING_MAX	3	    /* documents in srcdoc in documents in srcdoc ... */
#define REWRITER_MEMORY (64u << 20) /* of the arena, for one tag or held element */
#define NAME_SHOWN_MAX	120	    /* octets of an element's markup that stand for it in reports */

/* ---- rewriter_edit.c ---- */

/* removed octets at `at` of a tag become inserted. */
struct edit {
	uint32_t at;
	uint32_t removed;
	struct slice inserted; /* static, or in the rewriter's arena */
};

/* Of one tag, in order of `at`, and of adding at the same place; they do not overlap. */
struct edits {
	struct edit v[EDITS_MAX];
	size_t n;
	bool full; /* one was lost: the tag must not pass */
};

void edit_add(struct edits *e, size_t at, size_t removed, struct slice inserted);
/* Puts the raw octets of a tag with the edits; in reports they stand at `offset` of the page and are due to v. */
bool edits_put(struct rewriter *r, const struct edits *e, struct slice raw, uint64_t offset, const struct verdict *v);
/* The value as an attribute in double quotes can hold it; in the arena. */
struct slice edit_escape(struct rewriter *r, struct slice value);

/* ---- State. ---- */

/* HOLD_TEXT: what is markup in svg and math, and text to browsers that read ahead: see rewriter_ahead.c. */
enum hold { HOLD_NONE, HOLD_SCRIPT, HOLD_STYLE, HOLD_NOSCRIPT, HOLD_TEXT };

/* What makes an element inert beside the renaming of what it carries. */
struct inert_at {
	uint32_t name_end; /* just behind the tag's name */
	uint32_t types[4]; /* where attributes named type begin; of scripts and styles */
	size_t n_types;
	bool typed; /* it is one whose type decides whether it runs */
};

/* What selectors say of an element. */
struct selected {
	size_t hits[SELECTOR_HITS_MAX];
	size_t n_hits;
	struct beacon_judgement said; /* by those that ask for no content; said.match.rule NULL: nothing */
};

/* What the text of a script is; of JSON and imports browsers make requests that the guard does not see. */
enum script_text { SCRIPT_CLASSIC, SCRIPT_MODULE, SCRIPT_JSON };

/* An element whose content decides about it; its octets so far are in rewriter.octets. */
struct held {
	enum hold what;
	uint64_t name; /* of the end tag that ends it */
	uint64_t offset;
	size_t tag;	       /* octets of its start tag */
	bool decode;	       /* character references count in its text */
	enum script_text text; /* of a script */
	unsigned foreign;      /* depth in svg and math, with it */
	unsigned around;       /* without it */
	unsigned nested;       /* open ones of its name in it */
	bool overflown;	       /* its start is out already, or was dropped: see rewriter_held.c */
	struct edits edits;
	struct inert_at inert;
	purposes denied; /* of what is inert in its tag already */
	struct selected selected;
	struct slice name_shown;
};

#define DROPPED_DEPTH 64

/* An element that is left out with all that is in it: see rewriter_drop.c. */
struct dropped {
	bool active;
	uint64_t name;
	char text[32]; /* its name as written; none if it is longer */
	size_t text_n;
	struct {
		uint64_t name;
		bool keeps; /* what is around it is not ended by a start tag in it */
	} open[DROPPED_DEPTH];
	size_t n, kept;	  /* open ones that began inside; those that keep */
	size_t beyond;	  /* deeper ones */
	unsigned foreign; /* depth in svg and math, with it */
	unsigned around;  /* without it */
};

/* An element behind whose end something is injected. */
struct followed {
	uint64_t name;
	unsigned depth;
	const struct page_inject *inject;
};

enum place {
	PLACE_START,	  /* nothing but white space and comments came */
	PLACE_HTML,	  /* a doctype or <html>: it is a document */
	PLACE_IN_HEAD,	  /* the head began; title and meta may still stand in front of what is injected at its start */
	PLACE_HEAD,	  /* what belongs to the head's start was injected */
	PLACE_AFTER_HEAD, /* likewise its end */
	PLACE_BODY,	  /* likewise the body's start */
	PLACE_END,	  /* nothing more is injected at places */
};

struct rewriter {
	struct rewriter_options o;
	const struct ruleset *rs;
	const struct page *page;
	struct page_plan *own_plan;
	const struct page_plan *plan;
	struct deciding x;
	struct decide_env quiet_env; /* of a rewriter that only looks */
	struct decision quiet_decision;
	struct arena arena;   /* of one tag, or of a held element; reset between them */
	struct arena lasting; /* of the page */
	struct buffer scratch;
	const struct html_names *names;	  /* looked for, but while something is left out */
	struct selector_matcher *matcher; /* NULL: there are no selectors */
	struct web_url base;
	struct filter_page filter_page;
	enum page_encoding encoding;
	bool based;	      /* a base element was seen: the first counts */
	bool unbased;	      /* but its address is none */
	bool observe;	      /* output is the input */
	bool judges;	      /* some beacon is denied */
	bool strips;	      /* parameters are stripped from links */
	bool through;	      /* everything passes: it is no page, or one that the rules let pass unread */
	bool amp;	      /* in amp-analytics, whose JSON says where to report */
	bool oversized;	      /* an oversized tag is being left out */
	bool sniffing;	      /* whether it is a page is not known yet */
	unsigned sniffed;     /* octets of a byte order mark */
	unsigned octets_seen; /* of the stream, up to 3, for the byte order mark */
	unsigned char first[3];
	struct slice piece;   /* of input, while it is read */
	struct slice waiting; /* of it, to be handed on with what follows */
	bool mark_waits;      /* mark[0] came alone and may be half of a byte order mark */
	char mark[2];
	enum rewriter_result result;
	const char *why;
	struct buffer octets; /* of what is held, or gathered */
	bool gathering;	      /* an instruction of XML, or a CDATA section, until it is whole */
	uint64_t gathered_at; /* where it began, or where what is left of it does */
	bool unwrapping;      /* the section's beginning is out, as text */
	size_t n_followed;
	enum place place;
	uint64_t text_of; /* in XML: the name of an open title, script or style, whose text is none of the body */
	const struct catalogue *language; /* of the html element; NULL: it says none, or one that is not built in */
	bool bare;			  /* AMP: the banner stays out */
	unsigned templates;		  /* open ones: what is in them is no part of the document */
	/* For what is inside attributes and noscript. */
	struct rewriter *outer;
	struct rewriter *noscript, *srcdoc; /* made when first needed */
	struct buffer inner_out;
	unsigned nesting;
	uint64_t offset_base;
	struct beacon_judgement first_denied; /* of what was denied; its slices in `lasting` */
	bool any_denied;
	/* Not cleared at birth: large, and most of it never used. */
	struct held held;
	struct dropped dropped;
	struct followed followed[FOLLOWED_MAX];
	struct html_tokenizer tokenizer;
};

/* Nothing more can be done: with this result. False, so that it can be returned. */
bool rewriter_fail(struct rewriter *r, enum rewriter_result result, const char *why);
/* Takes a token that was not for what was held. */
bool rewriter_again(struct rewriter *r, const struct html_token *token);
/* Hands octets on. False if rewriting has ended. */
bool rewriter_put(struct rewriter *r, struct slice octets);
void rewriter_report(struct rewriter *r, uint64_t offset, struct slice removed, struct slice inserted,
		     const struct verdict *v);
/* Counts and tells what was decided; returns it as it lives until the arena is reset, or NULL without memory. */
const struct verdict *rewriter_verdict(struct rewriter *r, enum verdict_kind kind, struct slice name,
				       const struct beacon_judgement *j, uint64_t offset);
/* An end tag, which stays in the page or not: what is to follow its element does. */
bool rewriter_end_tag(struct rewriter *r, const struct html_token *token, bool stays);
/* The value of an attribute as a browser reads it; in the arena or in the token. */
struct slice rewriter_decode(struct rewriter *r, struct slice raw);
/*
 * A rewriter for what is inside this one, as new: of noscript (scripting false), whose output goes to inner_out, or of
 * srcdoc, which only looks. NULL, with the failure noted, if memory ran out.
 */
struct rewriter *rewriter_inner(struct rewriter *r, bool scripting);
/* True if what would follow is read as ordinary content, and nothing is held or left out. */
bool rewriter_rests(const struct rewriter *r);

/* ---- rewriter_carrier.c ---- */

/* The stronger of what is said of an element and of something in it: the one that stands first in the rules. */
const struct beacon_judgement *judgement_first(const struct beacon_judgement *element,
					       const struct beacon_judgement *thing);
/*
 * What is said of the value of an attribute: of the denied things in it the first in the rules, else of the others.
 * element: what is said of its element.
 */
struct beacon_judgement judge_value(struct rewriter *r, struct carrier c, struct slice value,
				    const struct beacon_judgement *element);
/*
 * Likewise of the text of a script; selected: the element's, whose selectors may ask for content; NULL for an event
 * handler.
 */
struct beacon_judgement judge_script(struct rewriter *r, struct slice text, const struct selected *selected,
				     const struct beacon_judgement *element);
/* Likewise, and of the addresses that are told by their place in it. */
struct beacon_judgement judge_element(struct rewriter *r, struct slice text, enum script_text kind,
				      const struct selected *selected, const struct beacon_judgement *element);
/* Edits of CSS text that take the denied URLs out, into a copy in the arena; the same slice if there are none. */
struct slice neutral_style(struct rewriter *r, struct slice css, const struct beacon_judgement *element,
			   struct beacon_judgement *denied);

/* ---- rewriter_inline.c ---- */

enum inline_kind { INLINE_NONE, INLINE_DOCUMENT, INLINE_XML, INLINE_STYLE, INLINE_SCRIPT };

/*
 * What a URL, requested for these types, holds itself and a browser would show or run: *content, decoded, in the arena.
 * What is in images of data: URLs requests nothing.
 */
enum inline_kind inline_content(struct rewriter *r, struct slice url, unsigned types, struct slice *content);

/* ---- rewriter_outcome.c ---- */

/* A start tag at hand. */
struct tag {
	const struct html_token *token;
	enum element element;
	unsigned flags;
	struct selected selected;
	struct edits edits;
	struct inert_at inert;
	purposes denied;		  /* of all that became inert */
	struct beacon_judgement why;	  /* of the first that did */
	const struct beacon_rule *leaves; /* a rule that wants the element removed or replaced */
	bool renamed;
};

/* Its markup, cut, where it has no URL to be told by. */
struct slice tag_shown(const struct html_token *token);
bool tag_has_content(const struct tag *t);
/* Notes what it takes to make it inert. */
void inert_find(struct tag *t);
/* Puts what a denied tag becomes. */
bool tag_denied(struct rewriter *r, struct tag *t);

/* ---- rewriter_tag.c ---- */

bool rewriter_start_tag(struct rewriter *r, const struct html_token *token);
/* The first piece of an oversized one: what can be said by its whole attributes. */
bool rewriter_oversized(struct rewriter *r, const struct html_token *token);
/* What is due to a script or style that is denied: its type goes. */
void inert_type(struct edits *e, const struct inert_at *at);
/* Tells which purposes it waits for. */
void inert_mark(struct rewriter *r, struct edits *e, const struct inert_at *at, purposes mask);

/* ---- rewriter_ahead.c ---- */

/* A start tag that makes only who reads ahead take what follows for text: title, style, ... in svg, math, framesets. */
bool ahead_is_text(const struct rewriter *r, const struct html_token *token);
/* <title/> of svg is one that ends at once to all browsers. What is said of that; NULL: nothing. */
const struct verdict *ahead_edit_tag(struct rewriter *r, struct tag *t);
/* Of something that is told to end where the parser sees it end. */
const struct verdict *ahead_verdict(struct rewriter *r, struct slice name, uint64_t offset);
/* Does a carrier in the base's tag matter to who reads ahead, or who reads late? */
bool ahead_sees_base(const struct rewriter *r, const struct html_token *token);
/* A CDATA section, or a piece of one. */
bool ahead_cdata(struct rewriter *r, const struct html_token *token);
/* The input is over while one is gathered. */
bool ahead_cdata_end(struct rewriter *r);

/* ---- rewriter_drop.c ---- */

/* The element of that start tag, which has content, is left out. */
void rewriter_drop(struct rewriter *r, const struct html_token *token);
/* A token while one is. True: it belongs to it; false: it ended before the token. */
bool drop_token(struct rewriter *r, const struct html_token *token);

/* ---- rewriter_policy.c ---- */

/* The content of <meta http-equiv=content-security-policy> as it is to be; the very same slice if nothing changes. */
struct slice rewriter_policy(struct rewriter *r, struct slice content);

/* ---- rewriter_xml.c ---- */

/* A piece of a comment or instruction. */
bool instruction_token(struct rewriter *r, const struct html_token *token);
/* The input is over inside one. */
bool instruction_end(struct rewriter *r);
/* A piece of a doctype. */
bool rewriter_doctype(struct rewriter *r, const struct html_token *token);

/* ---- rewriter_held.c ---- */

/* The start tag at hand begins an element whose content decides; h: all but `what`, `tag` and `offset` is filled in. */
bool held_begin(struct rewriter *r, enum hold what, const struct html_token *token);
/* Any token inside it; the end tag too. */
bool held_token(struct rewriter *r, const struct html_token *token);
/* The input is over inside it. */
bool held_end(struct rewriter *r);

/* ---- rewriter_place.c ---- */

/* Before a token is handled. */
bool place_before(struct rewriter *r, const struct html_token *token);
/* After its octets were put. */
bool place_after(struct rewriter *r, const struct html_token *token);
/* A run of octets; puts them. */
bool place_run(struct rewriter *r, const struct html_token *token);
bool place_finish(struct rewriter *r);
/* Injects what belongs to that place. */
bool place_inject(struct rewriter *r, enum inject_place place, uint64_t offset);
bool inject_one(struct rewriter *r, const struct page_inject *inject, uint64_t offset);

#endif
