#include <stdlib.h>

#include "rules/consent/foreign/internal.h"

/*
 * What categories are called, and services that are well known. Small letters and digits alone: "Google-Analytics" and
 * "google_analytics" are one word. Tag managers are not among them, as they may load anything. In order.
 */
static const struct word_kind {
	const char *word;
	enum foreign_kind kind;
} words[] = {
	{"adform", FOREIGN_ADVERTISING},
	{"adobeanalytics", FOREIGN_ANALYTICS},
	{"adroll", FOREIGN_ADVERTISING},
	{"ads", FOREIGN_ADVERTISING},
	{"adsense", FOREIGN_ADVERTISING},
	{"advertisement", FOREIGN_ADVERTISING},
	{"advertising", FOREIGN_ADVERTISING},
	{"affilae", FOREIGN_ADVERTISING},
	{"amplitude", FOREIGN_ANALYTICS},
	{"analytic", FOREIGN_ANALYTICS},
	{"analytics", FOREIGN_ANALYTICS},
	{"analyticscookies", FOREIGN_ANALYTICS},
	{"atinternet", FOREIGN_ANALYTICS},
	{"audience", FOREIGN_ANALYTICS},
	{"audiencemeasurement", FOREIGN_ANALYTICS},
	{"awin", FOREIGN_ADVERTISING},
	{"bing", FOREIGN_ADVERTISING},
	{"bingads", FOREIGN_ADVERTISING},
	{"clarity", FOREIGN_ANALYTICS},
	{"contentsquare", FOREIGN_ANALYTICS},
	{"criteo", FOREIGN_ADVERTISING},
	{"dailymotion", FOREIGN_PREFERENCES},
	{"doubleclick", FOREIGN_ADVERTISING},
	{"externalmedia", FOREIGN_PREFERENCES},
	{"facebookads", FOREIGN_ADVERTISING},
	{"facebookpixel", FOREIGN_ADVERTISING},
	{"functional", FOREIGN_PREFERENCES},
	{"functionality", FOREIGN_PREFERENCES},
	{"gajs", FOREIGN_ANALYTICS},
	{"gcmadpersonalization", FOREIGN_ADVERTISING},
	{"gcmadstorage", FOREIGN_ADVERTISING},
	{"gcmaduserdata", FOREIGN_ADVERTISING},
	{"gcmanalyticsstorage", FOREIGN_ANALYTICS},
	{"gcmfunctionality", FOREIGN_PREFERENCES},
	{"gcmfunctionalitystorage", FOREIGN_PREFERENCES},
	{"gcmpersonalization", FOREIGN_PREFERENCES},
	{"googleads", FOREIGN_ADVERTISING},
	{"googleadsense", FOREIGN_ADVERTISING},
	{"googleadwords", FOREIGN_ADVERTISING},
	{"googleadwordsconversion", FOREIGN_ADVERTISING},
	{"googleadwordsremarketing", FOREIGN_ADVERTISING},
	{"googleanalytics", FOREIGN_ANALYTICS},
	{"googleanalytics4", FOREIGN_ANALYTICS},
	{"googlemaps", FOREIGN_PREFERENCES},
	{"gtag", FOREIGN_ANALYTICS},
	{"hotjar", FOREIGN_ANALYTICS},
	{"linkedinads", FOREIGN_ADVERTISING},
	{"linkedininsight", FOREIGN_ADVERTISING},
	{"linkedininsighttag", FOREIGN_ADVERTISING},
	{"marketing", FOREIGN_ADVERTISING},
	{"marketingcookies", FOREIGN_ADVERTISING},
	{"matomo", FOREIGN_ANALYTICS},
	{"measurement", FOREIGN_ANALYTICS},
	{"media", FOREIGN_PREFERENCES},
	{"metapixel", FOREIGN_ADVERTISING},
	{"microsoftads", FOREIGN_ADVERTISING},
	{"microsoftclarity", FOREIGN_ANALYTICS},
	{"mixpanel", FOREIGN_ANALYTICS},
	{"mouseflow", FOREIGN_ANALYTICS},
	{"multiplegtag", FOREIGN_ANALYTICS},
	{"openstreetmap", FOREIGN_PREFERENCES},
	{"outbrain", FOREIGN_ADVERTISING},
	{"performance", FOREIGN_ANALYTICS},
	{"personalisation", FOREIGN_PREFERENCES},
	{"personalization", FOREIGN_PREFERENCES},
	{"pinteresttag", FOREIGN_ADVERTISING},
	{"piwik", FOREIGN_ANALYTICS},
	{"plausible", FOREIGN_ANALYTICS},
	{"preference", FOREIGN_PREFERENCES},
	{"preferences", FOREIGN_PREFERENCES},
	{"remarketing", FOREIGN_ADVERTISING},
	{"retargeting", FOREIGN_ADVERTISING},
	{"snapchatpixel", FOREIGN_ADVERTISING},
	{"statistic", FOREIGN_ANALYTICS},
	{"statistical", FOREIGN_ANALYTICS},
	{"statistics", FOREIGN_ANALYTICS},
	{"support", FOREIGN_PREFERENCES},
	{"taboola", FOREIGN_ADVERTISING},
	{"targeting", FOREIGN_ADVERTISING},
	{"tiktokpixel", FOREIGN_ADVERTISING},
	{"tracking", FOREIGN_ADVERTISING},
	{"twitterads", FOREIGN_ADVERTISING},
	{"vimeo", FOREIGN_PREFERENCES},
	{"yandexmetrica", FOREIGN_ANALYTICS},
	{"youtube", FOREIGN_PREFERENCES},
};

#define WORD_MAX 40

/* The length, or 0 if it is longer than any word here. */
static size_t reduce(struct slice s, char out[WORD_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]))
			continue;
		if (n == WORD_MAX)
			return 0;
		out[n++] = ascii_lower(s.p[i]);
	}
	return n;
}

static int compare(const void *key, const void *element)
{
	const struct slice *text = key;
	struct slice word = slice_str(((const struct word_kind *)element)->word);
	size_t n = text->n < word.n ? text->n : word.n;
	int order = memcmp(text->p, word.p, n);

	return order ? order : (text->n > word.n) - (text->n < word.n);
}

int foreign_word_kind(struct slice category)
{
	char text[WORD_MAX];
	struct slice key = slice_of(text, reduce(category, text));
	const struct word_kind *found = bsearch(&key, words, CG_COUNT(words), sizeof *words, compare);

	return found ? (int)found->kind : -1;
}
