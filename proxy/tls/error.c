#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/tls/internal.h"

#define TEXT_MAX 512

static const char no_memory[] = "memory ran out";

static void free_text(void *parent, void *text, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
	(void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
	if (text != no_memory)
		free(text);
}

/* Connections hold no text until they fail, so the slot costs an idle one nothing. */
static int text_index(void)
{
	static int idx = -1;

	if (idx < 0)
		idx = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_text);
	return idx;
}

static char *text_of(const SSL *ssl)
{
	return text_index() < 0 ? NULL : SSL_get_ex_data(ssl, text_index());
}

bool tls_has_failed(const SSL *ssl)
{
	return text_of(ssl) != NULL;
}

const char *tls_error(const SSL *ssl)
{
	const char *text = text_of(ssl);

	return text ? text : "no error";
}

void tls_note(SSL *ssl, const char *fmt, ...)
{
	char line[TEXT_MAX], *text;
	va_list ap;

	ERR_clear_error();
	if (tls_has_failed(ssl) || text_index() < 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	text = strdup(line);
	if (!SSL_set_ex_data(ssl, text_index(), text ? text : (char *)(uintptr_t)no_memory))
		free(text);
	ERR_clear_error();
}

/* Alerts that the peer sent are queued as errors with this offset; their texts read like errors of ours. */
static bool is_alert(unsigned long e)
{
	return ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) > SSL_AD_REASON_OFFSET;
}

static const char *reason(unsigned long e)
{
	const char *text = ERR_reason_error_string(e);

	return text ? text : "unknown error";
}

void tls_note_queue(SSL *ssl, int saved_errno)
{
	const char *data = NULL;
	int flags = 0;
	unsigned long e = ERR_peek_error_all(NULL, NULL, NULL, &data, &flags);
	char line[TEXT_MAX];

	if (!e)
		snprintf(line, sizeof line, "%s",
			 saved_errno ? strerror(saved_errno) : "the peer broke the connection");
	else if (ERR_SYSTEM_ERROR(e))
		snprintf(line, sizeof line, "%s", strerror(ERR_GET_REASON(e)));
	else if (is_alert(e))
		snprintf(line, sizeof line, "the peer refused: %s",
			 SSL_alert_desc_string_long(ERR_GET_REASON(e) - SSL_AD_REASON_OFFSET));
	else if ((flags & ERR_TXT_STRING) && data && *data)
		snprintf(line, sizeof line, "%s: %s", reason(e), data);
	else
		snprintf(line, sizeof line, "%s", reason(e));
	tls_note(ssl, "%s", line);
}

const char *tls_queue_text(void)
{
	static char line[TEXT_MAX];
	const char *data = NULL;
	int flags = 0;
	unsigned long e = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);

	snprintf(line, sizeof line, "%s%s%s", e ? reason(e) : "unknown error",
		 (flags & ERR_TXT_STRING) && data && *data ? ": " : "", (flags & ERR_TXT_STRING) && data ? data : "");
	ERR_clear_error();
	return line;
}

bool tls_met_http(const SSL *ssl)
{
	return strcmp(tls_error(ssl), reason(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_HTTP_REQUEST))) == 0;
}
