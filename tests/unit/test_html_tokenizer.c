#include "rules/html/tokenizer.h"

#include "tests/support/alloc_fault.h"
#include "tests/support/html_events.h"
#include "tests/support/slice_assert.h"

struct row {
	const char *input; /* may hold \x escapes but no NUL; see nul_in_name for that */
	const char *expected;
};

static struct html_names all, carriers;

static struct html_events scripting(const struct html_names *names, unsigned wanted)
{
	return (struct html_events){.options = {.names = names, .wanted = wanted, .scripting = true}};
}

/* Whole, split at every octet, and octet by octet. */
static void assert_events(struct html_events e, struct slice input, const char *expected)
{
	struct buffer out;

	buffer_init(&out, 1 << 22);
	for (size_t cut = 0; cut <= input.n; cut++) {
		e.cut = cut < input.n ? cut : 0;
		e.step = cut == input.n;
		buffer_clear(&out);
		assert_true(html_events(&e, input, &out));
		if (!slice_eq(buffer_slice(&out), slice_str(expected)))
			print_error("input %.*s cut at %zu\n", SLICE_ARG(slice_head(input, 300)), cut);
		assert_slice(buffer_slice(&out), expected);
	}
	buffer_free(&out);
}

static void assert_rows(struct html_events e, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_events(e, slice_str(rows[i].input), rows[i].expected);
}

/* What other rewriters miss, or see where a browser does not. */
static void tricky_inputs(void **state)
{
	static const struct row rows[] = {
		{"<img src=\"//www.google&#45;analytics.com/\">",
		 "start img [src=d\"//www.google&#45;analytics.com/\"]\n"},
		{"<IMG SRC = \"//GOOGLE\">", "start IMG [SRC=d\"//GOOGLE\"]\n"},
		{"<img src='//goo\tgle'>", "start img [src=s\"//goo\\x09gle\"]\n"},
		{"<image src=x>", "start image [src=u\"x\"]\n"},
		{"<svg><script href=x /><image xlink:href=y></svg>",
		 "start svg ns=svg\nstart script [href=u\"x\"] / ns=svg\nstart image [xlink:href=u\"y\"] ns=svg\nend "
		 "svg\n"},
		{"<iframe srcdoc=\"<img src=&quot;x&quot;>\"><img></iframe>",
		 "start iframe [srcdoc=d\"<img src=&quot;x&quot;>\"] then=rawtext\ntext rawtext \"<img>\"\nend "
		 "iframe\n"},
		{"<select><script src=x></script><img><xmp><i></xmp></select>",
		 "start select\nstart script [src=u\"x\"] then=script\nend script\nstart img\nstart xmp then=rawtext\n"
		 "text rawtext \"<i>\"\nend xmp\nend select\n"},
		{"<script><!-- <script></script><img> --></script><img>",
		 "start script then=script\ntext script \"<!-- <script></script><img> -->\"\nend script\nstart img\n"},
		{"<!--><img>", "comment \"<!-->\"\nstart img\n"},
		{"<!-- x --!><img>", "comment \"<!-- x --!>\"\nstart img\n"},
		{"<svg><![CDATA[<img>]]></svg>", "start svg ns=svg\ncdata \"<![CDATA[<img>]]>\"\nend svg\n"},
		{"<div><![CDATA[<img src=x>]]></div>",
		 "start div\ncomment \"<![CDATA[<img src=x>\"\ntext data \"]]>\"\nend div\n"},
		{"<img src=a src=b>", "start img [src=u\"a\"] [src=u\"b\"]\n"},
		{"<img/src=a>", "start img [src=u\"a\"]\n"},
		{"<img alt=\"a>b\" src=c>", "start img [alt=d\"a>b\"] [src=u\"c\"]\n"},
		{"<svg><style><img></style></svg>",
		 "start svg ns=svg\nstart style ns=svg\nstart img\nend style\nend svg\n"},
		{"<template><img></template>", "start template\nstart img\nend template\n"},
		{"<script src=x>var a = '<img>",
		 "start script [src=u\"x\"] then=script\ntext script \"var a = '<img>\"\n"},
	};

	(void)state;
	assert_rows(scripting(&all, HTML_WANT_ALL), rows, CG_COUNT(rows));
	assert_events(scripting(&all, HTML_WANT_ALL), SLICE("<scr\0ipt src=x>a<b"),
		      "start scr\\x00ipt [src=u\"x\"]\ntext data \"a\"\nignored \"<b\"\n");
}

static void noscript_both_ways(void **state)
{
	struct slice page = SLICE("<noscript><img src=x><!--</noscript>--></noscript>");
	struct html_events e = scripting(&all, HTML_WANT_ALL);

	(void)state;
	assert_events(e, page,
		      "start noscript then=rawtext\ntext rawtext \"<img src=x><!--\"\nend noscript\n"
		      "text data \"-->\"\nend noscript\n");
	e.options.scripting = false;
	assert_events(e, page,
		      "start noscript\nstart img [src=u\"x\"]\ncomment \"<!--</noscript>-->\"\nend noscript\n");
}

static void markup(void **state)
{
	static const struct row rows[] = {
		{"", ""},
		{"a<b", "text data \"a\"\nignored \"<b\"\n"},
		{"a < b <3 << <", "text data \"a < b <3 << <\"\n"},
		{"a</", "text data \"a</\"\n"},
		{"</>a</3 x><?php ?><!x><!",
		 "ignored \"</>\"\ntext data \"a\"\ncomment \"</3 x>\"\ncomment \"<?php ?>\"\n"
		 "comment \"<!x>\"\ncomment \"<!\"\n"},
		{"<!-->x<!--->x<!---->x", "comment \"<!-->\"\ntext data \"x\"\ncomment \"<!--->\"\ntext data \"x\"\n"
					  "comment \"<!---->\"\ntext data \"x\"\n"},
		{"<!--!>--><!--a--!-->", "comment \"<!--!>-->\"\ncomment \"<!--a--!-->\"\n"},
		{"<!--a--!b--!>", "comment \"<!--a--!b--!>\"\n"},
		{"<!-- <!--><i>", "comment \"<!-- <!-->\"\nstart i\n"},
		{"<!-x><!->", "comment \"<!-x>\"\ncomment \"<!->\"\n"},
		{"<!dOctype html \">\"><i>", "doctype \"<!dOctype html \\x22>\"\ntext data \"\\x22>\"\nstart i\n"},
		{"<!doctyp>", "comment \"<!doctyp>\"\n"},
		{"<a =b>", "start a [\\x3db]\n"},
		{"<a b= c>", "start a [b=u\"c\"]\n"},
		{"<a b=>c", "start a [b=u\"\"]\ntext data \"c\"\n"},
		{"<a b=''c=\"\"d>", "start a [b=s\"\"] [c=d\"\"] [d]\n"},
		{"<a b=c/>", "start a [b=u\"c/\"]\n"},
		{"<a b />", "start a [b] /\n"},
		{"<a / b//c>", "start a [b] [c]\n"},
		{"<a b=`c\"d'e=f<g>", "start a [b=u\"`c\\x22d'e=f<g\"]\n"},
		{"<a \"b='>'\">", "start a [\\x22b=s\">\"] [\\x22]\n"},
		{"<a\fb\r\nc\n=\td>", "start a [b] [c=u\"d\"]\n"},
		{"</a b='>'/>", "end a [b=s\">\"] /\n"},
		{"<a<b>", "start a\\x3cb\n"},
		{"<plaintext><img></plaintext>",
		 "start plaintext then=plaintext\ntext plaintext \"<img></plaintext>\"\n"},
	};

	(void)state;
	assert_rows(scripting(&all, HTML_WANT_ALL), rows, CG_COUNT(rows));
}

static void raw_text(void **state)
{
	static const struct row rows[] = {
		{"<title><b></titlex></ti</title ><b>",
		 "start title then=rcdata\ntext rcdata \"<b></titlex></ti\"\nend title\nstart b\n"},
		{"<style></STYLE/><b>", "start style then=rawtext\nend STYLE /\nstart b\n"},
		{"<textarea></textarea", "start textarea then=rcdata\ntext rcdata \"</textarea\"\n"},
		{"<xmp></xmp a", "start xmp then=rawtext\nignored \"</xmp a\"\n"},
		{"<script/></script>", "start script / then=script\nend script\n"},
		{"<script><!--></script><b>", "start script then=script\ntext script \"<!-->\"\nend script\nstart b\n"},
		{"<script><!--<scriptx></script><b>",
		 "start script then=script\ntext script \"<!--<scriptx>\"\nend script\nstart b\n"},
		{"<script><!--<script ></script></script><b>",
		 "start script then=script\ntext script \"<!--<script ></script>\"\nend script\nstart b\n"},
		{"<script><!--<script>--></script><b>",
		 "start script then=script\ntext script \"<!--<script>-->\"\nend script\nstart b\n"},
		{"<script><!--<script>-- ></script></script></scrip></script><b>",
		 "start script then=script\ntext script \"<!--<script>-- ></script>\"\nend script\nend scrip\nend "
		 "script\nstart b\n"},
		{"<script><!-<script></script><b>",
		 "start script then=script\ntext script \"<!-<script>\"\nend script\nstart b\n"},
		{"<noembed><b></noembed><noframes><b></noframes>",
		 "start noembed then=rawtext\ntext rawtext \"<b>\"\nend noembed\nstart noframes then=rawtext\n"
		 "text rawtext \"<b>\"\nend noframes\n"},
	};

	(void)state;
	assert_rows(scripting(&all, HTML_WANT_ALL), rows, CG_COUNT(rows));
}

/* Only the part from <i> on is looked at: is what follows raw text of style, or CDATA? */
static void foreign_content(void **state)
{
	static const struct {
		const char *before;
		bool foreign;
	} rows[] = {
		{"", false},
		{"<svg>", true},
		{"<SVG>", true},
		{"<svg/>", false},
		{"<math>", true},
		{"<svg></svg>", false},
		{"<svg><svg></svg>", true},
		{"<svg><g></svg>", false},
		{"<svg><g></x></g>", true},
		{"<svg><p>", false},
		{"<svg></p>", false},
		{"<svg><font>", true},
		{"<svg><font color=a>", false},
		{"<svg><font x FACE>", false},
		{"<div><svg><g></div>", false},
		{"<svg><g></div>", true},
		{"<div></div><svg><g></div>", true},
		{"<div><div></div><svg><g></div>", false},
		{"<div><svg><g></x>", true},
		{"<body><svg></body>", true},
		{"<svg><title><b>", false},
		{"<svg><title></title>", true},
		{"<svg><title><b></b></title>", true},
		{"<svg><title><b></title>", false},
		{"<svg><title></svg>", false},
		{"<svg><title><title>x</title></title>", true},
		{"<svg><foreignObject><div></div></foreignObject>", true},
		{"<svg><foreignObject><p>a<p>b<div></div></foreignObject>", true},
		{"<svg><foreignObject><span></foreignObject>", false},
		{"<svg><foreignObject><p>a<p>b</p></foreignObject>", true},
		{"<svg><foreignObject><br><ul><li>a<li>b</ul></foreignObject>", true},
		{"<svg><foreignObject><svg><desc><b></b></desc></svg></foreignObject>", true},
		{"<svg><foreignObject><div><svg><g></div></foreignObject>", true},
		{"<math><desc><b>", false},
		{"<math><mi><b>", false},
		{"<math><mi><b></b></mi>", true},
		{"<math><mi><mglyph>", true},
		{"<math><mi><malignmark/></mi>", true},
		{"<math><annotation-xml>", true},
		{"<math><annotation-xml><svg>", true},
		{"<math><annotation-xml><svg></svg></annotation-xml></math>", false},
		{"<math><annotation-xml encoding=text/html><div>", false},
		{"<math><annotation-xml encoding='text&#x2f;HTML'><div></div></annotation-xml>", true},
		{"<math><annotation-xml encoding=application/xhtml+xml><div>", false},
	};
	struct html_events e = scripting(&all, HTML_WANT_CDATA);

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		static char input[256];
		const char *expected = rows[i].foreign ? "cdata \"<![CDATA[-->]]>\"\n" : "run \"<![CDATA[-->]]>\"\n";
		struct buffer out;
		struct slice end;

		snprintf(input, sizeof input, "%s<![CDATA[-->]]>", rows[i].before);
		for (e.step = 0; e.step < 4; e.step++) {
			buffer_init(&out, 1 << 16);
			assert_true(html_events(&e, slice_str(input), &out));
			end = buffer_slice(&out);
			end = slice_from(end, end.n - strlen(expected));
			if (!slice_eq(end, slice_str(expected)))
				print_error("%s\n", input);
			assert_slice(end, expected);
			buffer_free(&out);
		}
	}
}

static void framesets(void **state)
{
	static const struct row rows[] = {
		{"<title>t</title> <frameset><script><frame></frameset><noframes><b></noframes>",
		 "start title then=rcdata\ntext rcdata \"t\"\nend title\ntext data \" \"\nstart frameset\nstart "
		 "script\n"
		 "start frame\nend frameset\nstart noframes then=rawtext\ntext rawtext \"<b>\"\nend noframes\n"},
		{"x<frameset><style><b></style>",
		 "text data \"x\"\nstart frameset\nstart style then=rawtext\ntext rawtext \"<b>\"\nend style\n"},
		{"<body><frameset><svg><![CDATA[>]]>",
		 "start body\nstart frameset\nstart svg ns=svg\ncdata \"<![CDATA[>]]>\"\n"},
		{"<frameset><svg><![CDATA[>", "start frameset\nstart svg\ncomment \"<![CDATA[>\"\n"},
	};

	(void)state;
	assert_rows(scripting(&all, HTML_WANT_ALL), rows, CG_COUNT(rows));
	assert_events(scripting(&all, 0), SLICE("x<frameset><script><b>"),
		      "run \"x\"\nstart frameset\nstart script then=script\nrun \"<b>\"\n");
	assert_events(scripting(&carriers, HTML_WANT_TEXT(HTML_SCRIPT)), SLICE(" < <frameset><script>a</script>"),
		      "run \" < <frameset>\"\nstart script then=script\ntext script \"a\"\nrun \"</script>\"\n");
}

static void only_what_is_wanted(void **state)
{
	static const struct row rows[] = {
		{"<!--c--><div title=\">\"><img src=x></div><imgx><script>a</script>b",
		 "run \"<!--c--><div title=\\x22>\\x22>\"\nstart img [src=u\"x\"]\nrun \"</div><imgx>\"\n"
		 "start script then=script\nrun \"a</script>b\"\n"},
		{"<amp-pixel src=x></amp-pixel><foreignobject><amp-pixell>",
		 "start amp-pixel [src=u\"x\"]\nend amp-pixel\nrun \"<foreignobject><amp-pixell>\"\n"},
		{"<svg><font color=red><style><img>", "run \"<svg><font color=red><style><img>\"\n"},
		{"</img><img", "run \"</img><img\"\n"},
	};

	(void)state;
	assert_rows(scripting(&carriers, 0), rows, CG_COUNT(rows));
}

static void xml(void **state)
{
	static const struct row rows[] = {
		{"<?x > ?\x3f><a/>", "comment \"<?x > ?\x3f>\"\nstart a /\n"},
		{"<?>?><?x", "comment \"<?>?>\"\ncomment \"<?x\"\n"},
		{"<![CDATA[ > <a> ]]><!--> -->", "cdata \"<![CDATA[ > <a> ]]>\"\ncomment \"<!--> -->\"\n"},
		{"<script><a/></script><svg><p/></svg>",
		 "start script\nstart a /\nend script\nstart svg\nstart p /\nend svg\n"},
	};
	struct html_events e = scripting(&all, HTML_WANT_ALL);

	(void)state;
	e.options.xml = true;
	assert_rows(e, rows, CG_COUNT(rows));
}

/* Attributes of SVG that are properties count there alone, and if they may hold an url(). */
static void properties(void **state)
{
	static const struct row rows[] = {
		{"<p mask=url(a)><svg id=a( fill='#fff'><g fill=none clip-path=\"url(#a)\"><g CURSOR='&lpar;'><i "
		 "mask=a()>",
		 "run \"<p mask=url(a)><svg id=a( fill='#fff'>\"\n"
		 "start g [fill=u\"none\"] [clip-path=d\"url(#a)\"] ns=svg\nstart g [CURSOR=s\"&lpar;\"] ns=svg\n"
		 "start i [mask=u\"a()\"]\n"},
		{"<svg mask='a('>", "start svg [mask=s\"a(\"] ns=svg\n"},
	};
	struct html_names looking;
	struct html_events e = scripting(&looking, 0);
	struct buffer page, out;

	(void)state;
	html_names_init(&looking);
	html_names_want_carriers(&looking);
	assert_rows(e, rows, CG_COUNT(rows));
	e.options.xml = true;
	buffer_init(&page, 4096);
	buffer_init(&out, 4096);
	buffer_printf(&page, "<p a=\"b\"/><rect mask=\"url(a)\"/>%064d", 0);
	assert_true(html_events(&e, buffer_slice(&page), &out));
	assert_true(slice_find(buffer_slice(&out), SLICE("start rect [mask")) < out.n);
	assert_events(e, buffer_slice(&page), (buffer_add_char(&out, '\0'), out.p));
	buffer_free(&page);
	buffer_free(&out);
}

/*
 * Tags as most are written, and others, among so much else that they are passed over as a whole; behind each stands
 * <img>, in the tag or not. Octet by octet they are read by the states.
 */
static void passed_over_like_read(void **state)
{
	static const struct {
		const char *tag;
		bool inside;
	} rows[] = {
		{"<p>", false},
		{"</p>", false},
		{"</p a=\"", true},
		{"<H1 CLASS=\"a\">", false},
		{"<textare a=\"", true},
		{"<blockquote cite=\"", true},
		{"<p a=\"b\" c='d' e=f g>", false},
		{"<p a=\">\" b='>'>", false},
		{"<p a=b\">", false},
		{"<p a=b'>", false},
		{"<p a'=\">\">", false},
		{"<p a=\"", true},
		{"<p a='", true},
		{"<p a=\"'\">", false},
		{"<p a='\"'>", false},
		{"<p a=\"b\"c=\"", true},
		{"<p a=\"b\"=\"c\">", false},
		{"<p =\">", false},
		{"<p a =\"", true},
		{"<p a  = \"", true},
		{"<p a= \"", true},
		{"<p a=>", false},
		{"<p a=\t'", true},
		{"<p a= \">", true},
		{"<p a =\">", true},
		{"<p a\n=\n'>", true},
		{"<p a=b\"c d=\">", true},
		{"<p a=\"b\"c=\">", true},
		{"<p/=\">", false},
		{"<p<script>", false},
		{"<p a=b=\">", false},
		{"<p a=/>", false},
		{"<p/a=\"", true},
		{"<p//a/b=\"", true},
		{"<p a/=\">", false},
		{"<p\n\ta=\"b\"\r\fc=\"", true},
		{"<p\va=\">", false},
		{"<p a\v=\"", true},
		{"<p a=b\v\">", false},
		{"<p a\x01=\"", true},
		{"<p a-name-of-more-than-sixteen-octets=\"", true},
		{"<p a-name-of-just-16=\"b\">", false},
		{"<p a-name-of-more-than-sixteen-octets>", false},
		{"<p a=a-value-of-more-than-sixteen-octets-without-quotes\">", false},
		{"<p a=\"a value of more than thirty-two octets, in quotes\">", false},
		{"<p a", true},
		{"<p a=", true},
		{"<3 a=\"", false},
		{"<p\xc3\xa9 a=\"", true},
		{"<my-own a=\"", true},
		{"<p a=\"<b title='<'>\">", false},
	};
	struct html_names looking;
	struct buffer page, out;

	(void)state;
	html_names_init(&looking);
	assert_true(html_names_add(&looking, SLICE("img"), HTML_WANT_START));
	html_names_want_carriers(&looking);
	buffer_init(&page, 4096);
	buffer_init(&out, 1 << 16);
	for (size_t i = 0; i < 2 * CG_COUNT(rows); i++) {
		struct html_events e = scripting(i % 2 ? &looking : &carriers, 0);

		buffer_clear(&page);
		buffer_clear(&out);
		buffer_printf(&page, "<body>text<i>%s<img id=q>%064d\"'></i>%064d", rows[i / 2].tag, 0, 0);
		assert_true(html_events(&e, buffer_slice(&page), &out));
		if ((slice_find(buffer_slice(&out), SLICE("start img")) == out.n) != rows[i / 2].inside)
			fail_msg("%s: %.*s", rows[i / 2].tag, SLICE_ARG(buffer_slice(&out)));
		assert_events(e, buffer_slice(&page), (buffer_add_char(&out, '\0'), out.p));
	}
	buffer_free(&page);
	buffer_free(&out);
}

/* Attributes that may carry something are seen in whatever place. */
static void carriers_are_not_passed_over(void **state)
{
	static const char *const tags[] = {
		"<p src=a>",
		"<p a b srcset=a>",
		"<p a=\"b\" ONclick='c'>",
		"<p a=b style=c>",
		"<p/ping=a>",
		"<p  background=a>",
		"<p a=\"b\"srcdoc=c>",
		"<p a-name-of-just-16 src=a>",
		"<p a='b'/onx>",
		"<p a = b attributionsrc>",
		"<P A=B STYLE=C>",
		"<p a/src=b>",
		"<p a=\"b\"/src=b>",
		"<p a=b/c src=d>",
	};
	struct html_names looking;
	struct buffer page, out;

	(void)state;
	html_names_init(&looking);
	html_names_want_carriers(&looking);
	buffer_init(&page, 4096);
	buffer_init(&out, 1 << 16);
	for (size_t i = 0; i < CG_COUNT(tags); i++) {
		struct html_events e = scripting(&looking, 0);

		buffer_clear(&page);
		buffer_clear(&out);
		buffer_printf(&page, "<body>text<i title=\"a\">%s%0128d", tags[i], 0);
		assert_true(html_events(&e, buffer_slice(&page), &out));
		if (slice_find(buffer_slice(&out), SLICE("start p")) == out.n &&
		    slice_find(buffer_slice(&out), SLICE("start P")) == out.n)
			fail_msg("%s: %.*s", tags[i], SLICE_ARG(buffer_slice(&out)));
		assert_events(e, buffer_slice(&page), (buffer_add_char(&out, '\0'), out.p));
	}
	buffer_free(&page);
	buffer_free(&out);
}

static void tag_of(struct buffer *b, const char *name, size_t octets)
{
	buffer_clear(b);
	buffer_printf(b, "a<%s alt=\"", name);
	while (b->n < 1 + octets - 2)
		buffer_add_char(b, 'x');
	buffer_add_str(b, "\">b");
}

static void limit_of_octets(void **state)
{
	struct html_events e = scripting(&carriers, 0);
	struct buffer b, out;

	(void)state;
	buffer_init(&b, 4096);
	buffer_init(&out, 1 << 16);
	for (size_t n = 200 - 1; n <= 200 + 1; n++) {
		e.options.max_tag = 200;
		tag_of(&b, "img src=y", n);
		buffer_clear(&out);
		assert_true(html_events(&e, buffer_slice(&b), &out));
		assert_slice(slice_head(buffer_slice(&out), 25),
			     n <= 200 ? "run \"a\"\nstart img [src=u\"" : "run \"a\"\noversized img [sr");
		if (n <= 200)
			assert_int_equal(e.piece_max, n);
		else
			assert_true(slice_find(buffer_slice(&out), SLICE("[src=u\"y\"] [alt=d\"xxx")) < out.n);
		assert_events(e, buffer_slice(&b), (buffer_add_char(&out, '\0'), out.p));
		/* Nobody wants it, so it may be as long as it likes. */
		tag_of(&b, "div src=y", n);
		buffer_clear(&out);
		assert_true(html_events(&e, buffer_slice(&b), &out));
		assert_slice(slice_head(buffer_slice(&out), 6), "run \"a");
		assert_int_equal(slice_find_char(buffer_slice(&out), '\n'), out.n - 1);
	}
	buffer_free(&b);
	buffer_free(&out);
}

static void limit_of_attributes(void **state)
{
	struct html_events e = scripting(&carriers, 0);

	(void)state;
	e.options.max_attributes = 2;
	assert_events(e, SLICE("<img a>"), "start img [a]\n");
	assert_events(e, SLICE("<img a b>"), "start img [a] [b]\n");
	assert_events(e, SLICE("<img a b c=d>x"), "oversized img [a] [b] \"<img a b c=d>\"\nrun \"x\"\n");
	assert_events(e, SLICE("<script a b c=d>x</script><img>"),
		      "oversized script [a] [b] \"<script a b c=d>\"\nrun \"x</script>\"\nstart img\n");
	assert_events(e, SLICE("<div a b c=d>x"), "run \"<div a b c=d>x\"\n");
}

static void oversized_tokens_tell_the_policy(void **state)
{
	struct html_options options = {.names = &carriers, .max_attributes = 1, .withhold_oversized = true};
	struct html_tokenizer t;
	struct html_token token;

	(void)state;
	html_tokenizer_init(&t, &options);
	html_tokenizer_feed(&t, SLICE("<img a b"));
	assert_true(html_tokenizer_next(&t, &token));
	assert_int_equal(token.type, HTML_OVERSIZED);
	assert_slice(token.raw, "<img a ");
	assert_slice(token.name_raw, "img");
	assert_true(token.first && !token.last && token.withhold);
	assert_true(html_tokenizer_next(&t, &token));
	assert_slice(token.raw, "b");
	assert_int_equal(token.name, html_name(SLICE("IMG")));
	assert_true(!token.first && !token.last && token.withhold);
	assert_int_equal(token.attribute_count, 0);
	assert_false(html_tokenizer_next(&t, &token));
	html_tokenizer_feed(&t, SLICE(" >"));
	assert_true(html_tokenizer_next(&t, &token));
	assert_true(token.last && token.withhold);
	html_tokenizer_free(&t);
}

static void depth_is_bounded(void **state)
{
	struct html_events e = scripting(&all, HTML_WANT_CDATA);

	(void)state;
	for (unsigned depth = HTML_DEPTH - 1; depth <= HTML_DEPTH + 1; depth++) {
		for (unsigned closed = depth - 1; closed <= depth; closed++) {
			struct buffer b, out;
			size_t n;

			buffer_init(&b, 4096);
			buffer_init(&out, 1 << 16);
			for (unsigned i = 0; i < depth; i++)
				buffer_add_str(&b, "<svg>");
			for (unsigned i = 0; i < closed; i++)
				buffer_add_str(&b, "</svg>");
			buffer_add_str(&b, "<![CDATA[>]]>");
			assert_true(html_events(&e, buffer_slice(&b), &out));
			n = slice_find(buffer_slice(&out), SLICE("cdata"));
			assert_true(closed == depth ? n == out.n : n < out.n);
			buffer_free(&b);
			buffer_free(&out);
		}
	}
}

static void sets_of_names(void **state)
{
	struct html_names names;
	char name[HTML_NAME_MAX + 2];

	(void)state;
	html_names_init(&names);
	memset(name, 'a', sizeof name);
	assert_true(html_names_add(&names, slice_of(name, HTML_NAME_MAX), HTML_WANT_START));
	assert_false(html_names_add(&names, slice_of(name, HTML_NAME_MAX + 1), HTML_WANT_START));
	assert_false(html_names_add(&names, SLICE(""), HTML_WANT_START));
	assert_false(html_names_add(&names, SLICE("1a"), HTML_WANT_START));
	for (unsigned i = 1; i < HTML_NAMES_MAX; i++) {
		snprintf(name, sizeof name, "x-%u", i);
		assert_true(html_names_add(&names, slice_str(name), HTML_WANT_START));
	}
	assert_false(html_names_add(&names, SLICE("img"), HTML_WANT_START));
	assert_events(scripting(&names, 0), SLICE("<x-199><x-200><img><aa>"),
		      "start x-199\nrun \"<x-200><img><aa>\"\n");
	assert_int_equal(html_name(SLICE("ScRiPt")), html_name(SLICE("script")));
	assert_int_equal(html_name(SLICE("amp-ANALYTICS")), html_name(SLICE("amp-analytics")));
	assert_true(html_name(SLICE("abcdefghijkl")) != html_name(SLICE("abcdefghijklm")));
	assert_true(html_name(SLICE("h1")) != html_name(SLICE("h")));
	assert_int_equal(html_name(SLICE("")), 0);
}

static void attributes_found(void **state)
{
	struct html_options options = {.names = &all};
	struct html_tokenizer t;
	struct html_token token;
	const struct html_attribute *a;

	(void)state;
	html_tokenizer_init(&t, &options);
	html_tokenizer_feed(&t, SLICE("<img x SRC='a' src=b>"));
	assert_true(html_tokenizer_next(&t, &token));
	a = html_attribute_find(&token, SLICE("src"));
	assert_non_null(a);
	assert_slice(html_attribute_name(&token, a), "SRC");
	assert_slice(html_attribute_value(&token, a), "a");
	assert_int_equal(a->quote, HTML_SINGLE_QUOTED);
	a = html_attribute_find(&token, SLICE("X"));
	assert_int_equal(a->quote, HTML_NO_VALUE);
	assert_int_equal(html_attribute_value(&token, a).n, 0);
	assert_null(html_attribute_find(&token, SLICE("sr")));
	html_tokenizer_free(&t);
}

static void reset_begins_anew(void **state)
{
	struct html_options options = {.names = &all, .wanted = HTML_WANT_ALL};
	struct html_tokenizer t;
	struct html_token token;

	(void)state;
	html_tokenizer_init(&t, &options);
	html_tokenizer_feed(&t, SLICE("<svg><title><script>a</scr"));
	while (html_tokenizer_next(&t, &token))
		assert_true(token.raw.n > 0);
	html_tokenizer_reset(&t);
	html_tokenizer_feed(&t, SLICE(""));
	assert_false(html_tokenizer_next(&t, &token));
	html_tokenizer_feed(&t, SLICE("ipt>"));
	assert_true(html_tokenizer_next(&t, &token));
	assert_int_equal(token.type, HTML_TEXT);
	assert_int_equal(token.text, HTML_DATA);
	assert_int_equal(token.offset, 0);
	html_tokenizer_finish(&t);
	assert_false(html_tokenizer_next(&t, &token));
	html_tokenizer_free(&t);
}

/* Without memory a long tag that was cut is oversized; no octet is lost. */
static void every_allocation_may_fail(void **state)
{
	static char page[4000];
	struct html_options options = {.names = &all, .wanted = HTML_WANT_ALL};
	struct html_tokenizer t;

	(void)state;
	memset(page, 'x', sizeof page);
	memcpy(page, "<img src=y alt='", 16);
	page[sizeof page - 2] = '\'';
	page[sizeof page - 1] = '>';
	for (size_t piece = 1; piece < sizeof page; piece += 130) {
		for (size_t n = 1; alloc_fault_begin(n); n++) {
			struct html_token token;
			struct slice rest = slice_of(page, sizeof page), given = rest;
			bool oversized = false;

			html_tokenizer_init(&t, &options);
			for (; rest.n; rest = slice_from(rest, piece)) {
				html_tokenizer_feed(&t, slice_head(rest, piece));
				while (html_tokenizer_next(&t, &token)) {
					assert_true(slice_starts_with(given, token.raw));
					given = slice_from(given, token.raw.n);
					oversized |= token.type == HTML_OVERSIZED;
					if (token.type == HTML_OVERSIZED && token.first)
						assert_non_null(html_attribute_find(&token, SLICE("src")));
				}
			}
			assert_int_equal(given.n, 0);
			assert_int_equal(alloc_fault_end(), oversized);
			if (oversized)
				assert_true(token.last);
			html_tokenizer_free(&t);
		}
	}
	alloc_fault_end();
}

static int set_up(void **state)
{
	(void)state;
	html_names_init(&all);
	html_names_want_all(&all, HTML_WANT_START | HTML_WANT_END);
	html_names_init(&carriers);
	return !html_names_add(&carriers, SLICE("img"), HTML_WANT_START) ||
	       !html_names_add(&carriers, SLICE("script"), HTML_WANT_START) ||
	       !html_names_add(&carriers, SLICE("amp-pixel"), HTML_WANT_START | HTML_WANT_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tricky_inputs),
		cmocka_unit_test(noscript_both_ways),
		cmocka_unit_test(markup),
		cmocka_unit_test(raw_text),
		cmocka_unit_test(foreign_content),
		cmocka_unit_test(framesets),
		cmocka_unit_test(only_what_is_wanted),
		cmocka_unit_test(xml),
		cmocka_unit_test(properties),
		cmocka_unit_test(passed_over_like_read),
		cmocka_unit_test(carriers_are_not_passed_over),
		cmocka_unit_test(limit_of_octets),
		cmocka_unit_test(limit_of_attributes),
		cmocka_unit_test(oversized_tokens_tell_the_policy),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(sets_of_names),
		cmocka_unit_test(attributes_found),
		cmocka_unit_test(reset_begins_anew),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
