/*
 * A resumable HTML tokenizer that never re-serialises: bytes in at any split, tokens out whose raw bytes, put one after
 * the other, are the input (WHATWG HTML 13.2.5, as far as it decides where tags, attributes, text and comments begin
 * and end; and as much of tree construction, 13.2.6, as changes that).
 *
 *   html_tokenizer_init(&t, &options);
 *   for each piece of input: html_tokenizer_feed(&t, piece); while (html_tokenizer_next(&t, &token)) use(&token);
 *   html_tokenizer_finish(&t); while (html_tokenizer_next(&t, &token)) use(&token);
 *   html_tokenizer_free(&t);
 *
 * What nobody asked for comes as HTML_RUN, as long as the input's piece allows: its markup is followed, but attributes
 * of its tags are only skipped. Text, comments, doctype, CDATA and oversized tags come in pieces, cut where the input
 * was cut or elsewhere; a wanted tag comes whole. But for where pieces are cut, the tokens do not depend on how the
 * input was split.
 *
 * Bytes are taken as they are: any encoding in which the bytes of ASCII mean ASCII wherever they occur (UTF-8,
 * windows-125x, Shift_JIS, GBK, Big5, EUC) does; UTF-16 and ISO-2022-JP do not.
 *
 * Memory: the structure itself (about 8 KB) plus at most max_tag octets, and those only for a wanted tag longer than
 * 128 octets that was cut by the end of a piece. Time is linear in the input, whatever it holds.
 *
 * What is simulated of tree construction, since it changes tokens: the text that follows title, textarea, style, xmp,
 * iframe, noembed, noframes, noscript, script, plaintext, also inside select, as browsers have it since the select
 * content model was relaxed; a frameset that replaces the body, where all but noframes loses that effect; svg and
 * math with their integration points, the start tags that leave them, and CDATA sections, which exist only there.
 * Elements are remembered only inside svg and math, HTML_DEPTH deep; deeper ones are counted, not compared.
 * Where the simulation is coarser than a browser: an end tag inside svg or math that closes an element around them
 * (<div><svg></div>) leaves them if more such elements began than ended, without knowing which of them were closed
 * without an end tag, and only if HTML has an element of that name; a frameset inside a template counts as none, and so
 * does one after a template; misnested formatting inside integration points is closed in order; an oversized font or
 * annotation-xml counts as one without attributes.
 */
#ifndef CG_RULES_HTML_TOKENIZER_H
#define CG_RULES_HTML_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"
#include "rules/html/names.h"

enum html_token_type {
	HTML_RUN,	/* bytes that nobody asked for, of any kind */
	HTML_TEXT,	/* a piece of text, character references as they stand */
	HTML_START_TAG, /* from '<' to '>' */
	HTML_END_TAG,
	HTML_COMMENT,	/* a piece of a comment with its delimiters, also of a bogus one (<?x>, <!x>, </3>) or of an
			   instruction of XML (<?x?>) */
	HTML_DOCTYPE,	/* a piece of a doctype */
	HTML_CDATA,	/* a piece of a CDATA section with its delimiters; only in svg, math and XML */
	HTML_IGNORED,	/* makes nothing in a browser: "</>", and what the end of input cut inside a tag */
	HTML_OVERSIZED, /* a piece of a wanted tag that is longer than max_tag or has more than max_attributes */
};

/* Kinds of text, by what ends it. */
enum html_text {
	HTML_DATA,	/* ordinary content: any tag */
	HTML_RCDATA,	/* title, textarea: only their end tag; character references count */
	HTML_RAWTEXT,	/* style, xmp, iframe, noembed, noframes, noscript: only their end tag */
	HTML_SCRIPT,	/* script: its end tag outside <!-- <script> ... */
	HTML_PLAINTEXT, /* plaintext: nothing */
};

enum html_namespace { HTML_NS_HTML, HTML_NS_SVG, HTML_NS_MATH };

/* What beside tags is wanted: text of a kind is HTML_WANT_TEXT(kind). */
#define HTML_WANT_TEXT(kind) (1u << (kind))
#define HTML_WANT_COMMENT    (1u << 8)
#define HTML_WANT_DOCTYPE    (1u << 9)
#define HTML_WANT_CDATA	     (1u << 10)
#define HTML_WANT_IGNORED    (1u << 11)
#define HTML_WANT_ALL	     0xfffu

#define HTML_TAG_DEFAULT    65536
#define HTML_TAG_MIN	    128
#define HTML_TAG_MAX	    (16u << 20)
#define HTML_ATTRIBUTES_MAX 256
#define HTML_DEPTH	    96
#define HTML_COUNTED	    80 /* names counted in `open`, and one */

struct html_options {
	const struct html_names *names; /* must outlive the tokenizer */
	unsigned wanted;		/* HTML_WANT_... bits */
	bool scripting;			/* noscript holds raw text, as where scripts run; else markup */
	bool withhold_oversized;	/* given back in `withhold` of oversized tokens: the policy of whoever asks */
	size_t max_tag;			/* octets of a wanted tag; 0: HTML_TAG_DEFAULT; kept within MIN and MAX */
	unsigned max_attributes;	/* 0 or above HTML_ATTRIBUTES_MAX: that */
	bool isolated;			/* tags change nothing: what tree construction would do is left out */
	bool ahead;			/* svg and math are names like others, as to Chromium's preload scanner */
	bool xml; /* as isolated; and comments, instructions and CDATA sections are those of XML */
};

enum html_quote { HTML_NO_VALUE, HTML_UNQUOTED, HTML_SINGLE_QUOTED, HTML_DOUBLE_QUOTED };

/* Offsets within the raw bytes of the tag. The value is without its quotes; both are as they stand in the source. */
struct html_attribute {
	uint32_t name, name_length;
	uint32_t value, value_length; /* with HTML_NO_VALUE: behind the name, 0 */
	uint8_t quote;		      /* enum html_quote */
};

/*
 * Valid until the next call of html_tokenizer_next(), feed(), finish(), reset() or free(): raw points into the piece
 * that was fed or into the tokenizer.
 */
struct html_token {
	enum html_token_type type;
	struct slice raw;
	uint64_t offset; /* of raw in the stream */
	/* HTML_TEXT: the kind. HTML_START_TAG: the kind of text that follows it. */
	enum html_text text;
	bool first,
		last; /* comment, doctype, CDATA, oversized: the first, the last piece; input may end before the last */

	/* Start tag, end tag, oversized: */
	uint64_t name;		/* html_name() of it; 0 if a limit was passed within the name */
	struct slice name_raw;	/* as it stands; empty for the later pieces of an oversized tag */
	bool end_tag;		/* also of an oversized tag */
	bool self_closing;	/* "/>"; means something only outside HTML_NS_HTML */
	bool withhold;		/* oversized: options.withhold_oversized */
	enum html_namespace ns; /* start tag: of the element */
	bool left_foreign;	/* start tag: it ends svg or math, in which it stands */
	/*
	 * Start and end tag, and the first piece of an oversized tag, where they are those that were whole when a limit
	 * was passed. Duplicates are in; in a browser the first counts.
	 */
	const struct html_attribute *attributes;
	size_t attribute_count;
};

/* The parts below belong to the tokenizer. */

struct html_element {
	uint64_t name;
	uint32_t bits;
};

/* Open elements inside svg and math; empty outside. */
struct html_foreign {
	struct html_element open[HTML_DEPTH];
	unsigned n;
	unsigned beyond; /* elements deeper than HTML_DEPTH */
};

/* The tag being read. */
struct html_tag {
	uint64_t name;
	uint32_t name_length;
	uint32_t bits; /* of the set of names */
	uint8_t state;
	uint8_t counted; /* likewise */
	uint8_t packed;	 /* characters packed into name so far; 255: hashed */
	bool end, wanted, self_closing, full;
	bool left;	     /* a start tag that leaves svg and math */
	bool ignored;	     /* a start tag that makes no element */
	bool was_open;	     /* of an end tag: see html_tokenizer_was_open() */
	bool looks, carries; /* whether an attribute carries something is asked, and is so */
	bool in_attribute;
	uint32_t attributes; /* stored */
	uint32_t passed;     /* not stored, while it is only passed over */
};

struct html_tokenizer {
	struct html_options options;
	const char *p, *end; /* the input not yet read */
	const char *mark;    /* its first octet not yet given out */
	const char *lt;	     /* its first octet that belongs to what is kept; meaningful while keeping */
	uint64_t offset;     /* of mark, or of what is held */
	uint64_t raw_name;   /* whose end tag ends raw text */
	uint32_t raw_length;
	uint8_t state, back, matched; /* back: the state of text to return to; matched: of a keyword */
	uint8_t text;		      /* enum html_text where text is */
	uint8_t pending;	      /* enum html_token_type of mark..p */
	uint8_t frameset;
	bool fresh;   /* nothing of the pending construct was given yet */
	bool keeping; /* octets from lt on are undecided, or of a wanted tag */
	bool release; /* what is held was given and goes with the next call */
	bool finished;
	struct html_tag tag;
	struct html_foreign foreign;
	uint64_t templates;	     /* what the open ones hold, the innermost in the lowest bits; 32 of them */
	uint32_t open[HTML_COUNTED]; /* start tags less end tags, outside svg and math, of some names */
	char *held;		     /* kept octets of earlier pieces: small or malloc'ed */
	size_t held_n, held_cap;
	char small[HTML_TAG_MIN];
	struct html_attribute attributes[HTML_ATTRIBUTES_MAX];
};

/* Copies the options; allocates nothing. */
CG_NONNULL void html_tokenizer_init(struct html_tokenizer *t, const struct html_options *options);
CG_NONNULL void html_tokenizer_free(struct html_tokenizer *t);
/* Back to the start of another stream with the same options; keeps memory. */
CG_NONNULL void html_tokenizer_reset(struct html_tokenizer *t);
/* Before the first octet: the stream begins within text of that kind, which the end tag of that name ends. */
CG_NONNULL void html_tokenizer_start_in(struct html_tokenizer *t, enum html_text text, struct slice name);
/* Likewise within a CDATA section. */
CG_NONNULL void html_tokenizer_start_in_cdata(struct html_tokenizer *t);

/* From the next tag on, other names are wanted; between two calls of next(). names must outlive the tokenizer. */
CG_NONNULL void html_tokenizer_look_for(struct html_tokenizer *t, const struct html_names *names);
/*
 * Of an end tag just given: true if more elements of its name were begun than ended before it. Known of the elements of
 * HTML that svg may stand in, outside svg and math; false of others.
 */
CG_NONNULL bool html_tokenizer_was_open(const struct html_tokenizer *t, const struct html_token *end_tag);

/* How many elements are open inside svg and math, these included; after the token just given. 0: outside. */
CG_NONNULL unsigned html_tokenizer_foreign_depth(const struct html_tokenizer *t);
/* For who takes elements out of the page: those deeper than that are open no more; between two calls of next(). */
CG_NONNULL void html_tokenizer_foreign_return(struct html_tokenizer *t, unsigned depth);

/* The next piece; it must stay until next() returned false, and next() must have done so for the piece before. */
CG_NONNULL void html_tokenizer_feed(struct html_tokenizer *t, struct slice piece);
/* There is no more input. */
CG_NONNULL void html_tokenizer_finish(struct html_tokenizer *t);
/*
 * Once next() returned false: true if what follows is read as ordinary content outside svg and math, whatever it is;
 * false within a tag, a comment, or text that only an end tag ends.
 */
CG_NONNULL bool html_tokenizer_rests(const struct html_tokenizer *t);
/* False: all that can be said about the input so far was said. */
CG_NONNULL CG_WARN_UNUSED bool html_tokenizer_next(struct html_tokenizer *t, struct html_token *token);

static inline struct slice html_attribute_name(const struct html_token *token, const struct html_attribute *a)
{
	return slice_of(token->raw.p + a->name, a->name_length);
}

static inline struct slice html_attribute_value(const struct html_token *token, const struct html_attribute *a)
{
	return slice_of(token->raw.p + a->value, a->value_length);
}

/* The attribute a browser would take: the first of that name, ASCII case ignored; NULL if there is none. */
const struct html_attribute *html_attribute_find(const struct html_token *token, struct slice name);

#endif
