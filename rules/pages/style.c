/* Style sheets. They hold no '<' and no '&', so they are the same text in HTML and in XML. */
#include <inttypes.h>

#include "rules/pages/internal.h"

/* Black or white, whichever is told better from it; one of them always has a contrast of 4.5. */
static const char *readable_on(uint32_t colour)
{
	/* The luminance at which both contrasts are equal is 0.179; weights and gamma of sRGB, roughly, in integers. */
	uint32_t r = colour >> 16 & 255, g = colour >> 8 & 255, b = colour & 255;
	uint32_t light = 2126 * r * r / 255 + 7152 * g * g / 255 + 722 * b * b / 255;

	return light > 480000 ? "#000" : "#fff";
}

static void variables(struct text *out, const struct banner_rule *b, int dark)
{
	static const struct banner_rule none = {.colours = {[BANNER_ACCENT] = {0x0B57D0, 0xA8C7FA},
							    [BANNER_BACKGROUND] = {0xFFFFFF, 0x1F1F1F},
							    [BANNER_FOREGROUND] = {0x1F1F1F, 0xE3E3E3}}};

	if (!b->banner.rule.line)
		b = &none;
	text_add(out, arena_printf(out->arena,
				   "{--a:#%06" PRIx32 ";--o:%s;--b:#%06" PRIx32 ";--f:#%06" PRIx32 ";color-scheme:%s}",
				   b->colours[BANNER_ACCENT][dark], readable_on(b->colours[BANNER_ACCENT][dark]),
				   b->colours[BANNER_BACKGROUND][dark], b->colours[BANNER_FOREGROUND][dark],
				   dark ? "dark" : "light"));
}

static void themes(struct text *out, const struct banner_rule *b, struct slice selector)
{
	text_add(out, selector);
	variables(out, b, 0);
	text_add(out, SLICE("@media(prefers-color-scheme:dark){"));
	text_add(out, selector);
	variables(out, b, 1);
	text_add(out, SLICE("}"));
}

static void page_style(struct text *out, const struct banner_rule *b)
{
	themes(out, b, SLICE(":root"));
	text_add(out, SLICE("body{margin:0;background:var(--b);color:var(--f);font:1rem/1.5 system-ui,sans-serif}"
			    "main{max-width:44rem;margin:0 auto;padding:1.5rem 1rem 3rem;overflow-wrap:anywhere}"
			    "h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 1rem}h2{font-size:1.2rem;margin:2rem "
			    "0 .5rem}"
			    "a{color:inherit}:focus-visible{outline:3px solid var(--f);outline-offset:2px}"
			    "fieldset{border:0;margin:0;padding:0}legend{font-size:1.2rem;font-weight:600;padding:0}"
			    ".p{border:1px solid;border-radius:.375rem;padding:.75rem 1rem;margin:.75rem 0}"
			    ".p label{display:flex;gap:.75rem;align-items:center;min-height:2rem;font-weight:600}"
			    "input{width:1.25rem;height:1.25rem;flex:none;accent-color:var(--a)}"
			    ".p p{margin:.25rem 0 0}code{font-size:.9em}"
			    ".n{border-inline-start:.375rem solid var(--a);padding:.25rem 1rem;margin:1rem 0}"
			    ".b{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0}"
			    "button{flex:1 1 11rem;min-height:2.75rem;padding:.5rem 1.25rem;border:2px solid var(--a);"
			    "border-radius:.375rem;background:var(--a);color:var(--o);font:inherit;font-weight:600;"
			    "cursor:pointer}img{max-height:3rem}"
			    "dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}dd{margin:0}"));
}

/*
 * What the site says of elements in general does not reach into it: everything is reverted first. It covers the page's
 * end without moving it; what is focused there is scrolled clear of it (WCAG 2.2 2.4.11).
 */
static void banner_style(struct text *out, const struct banner_rule *b)
{
	text_add(out,
		 SLICE("#cg-banner,#cg-banner *{all:revert;box-sizing:border-box}#cg-banner [hidden]{display:none}"));
	themes(out, b, SLICE("#cg-banner"));
	text_add(out, b->top ? SLICE("#cg-banner{position:fixed;inset:0 0 auto 0;border-bottom:1px solid;")
			     : SLICE("#cg-banner{position:fixed;inset:auto 0 0 0;border-top:1px solid;"));
	text_add(out,
		 SLICE("z-index:2147483647;max-height:66vh;overflow:auto;padding:.75rem 1rem;background:var(--b);"
		       "color:var(--f);font:1rem/1.45 system-ui,sans-serif;text-align:start;overflow-wrap:anywhere}"
		       "#cg-banner form{max-width:60rem;margin:0 auto}"
		       "#cg-banner h2{font-size:1.15rem;margin:0 0 .25rem}#cg-banner p{margin:0 0 .5rem}"
		       "#cg-banner a{color:inherit}#cg-banner img{max-height:2rem}"
		       "#cg-banner .b{display:flex;flex-wrap:wrap;gap:.5rem .75rem}"
		       "#cg-banner details .b{margin:.25rem 0 .5rem}"
		       "#cg-banner button{flex:1 1 7.5rem;max-width:20rem;min-height:2.5rem;padding:.375rem .5rem;"
		       "border:2px solid var(--a);border-radius:.375rem;background:var(--a);color:var(--o);"
		       "font:inherit;font-weight:600;cursor:pointer}"
		       "#cg-banner summary{padding:.5rem 0;min-height:1.5rem;cursor:pointer}"
		       "#cg-banner label{display:flex;gap:.5rem;align-items:center;min-height:2rem}"
		       "#cg-banner input{width:1.25rem;height:1.25rem;flex:none;accent-color:var(--a)}"
		       "#cg-banner :focus-visible{outline:3px solid var(--f);outline-offset:-3px}"
		       "#cg-banner button:focus-visible{outline-color:var(--o)}"
		       "#cg-banner.done{position:static;max-height:none;border:0;text-align:center}"
		       "@media print{#cg-banner{display:none}}"));
	text_add(out, b->top ? SLICE("html:has(#cg-banner:not(.done)){scroll-padding-top:66vh}")
			     : SLICE("html:has(#cg-banner:not(.done)){scroll-padding-bottom:66vh;"
				     "padding-bottom:min(50vh,20rem)}"));
}

struct slice style_text(const struct own_view *v, enum style_of of)
{
	const struct banner_rule *b = ruleset_banner(v->query->rules);
	struct text out = {.arena = v->arena};

	if (of == STYLE_PAGE)
		page_style(&out, b);
	else if (of == STYLE_BANNER)
		banner_style(&out, b);
	else
		text_add(&out, SLICE("#cg-settings{margin:1rem;max-width:none;text-align:center}"
				     "#cg-settings a{display:inline-block;min-height:1.5rem}"));
	return text_slice(&out);
}
