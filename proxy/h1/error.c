#include "proxy/h1/h1.h"

static const struct {
	unsigned status;
	const char *text;
} errors[H1_ERRORS] = {
	[H1_OK] = {200, "no error"},
#define CG_H1_ERROR(id, status, text) [H1_E_##id] = {status, text},
#include "proxy/h1/error_table.h"
#undef CG_H1_ERROR
};

const char *h1_error_text(enum h1_error e)
{
	return errors[e].text;
}

unsigned h1_error_status(enum h1_error e)
{
	return errors[e].status;
}
