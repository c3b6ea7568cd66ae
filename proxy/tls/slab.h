/*
 * Memory for OpenSSL in a process of one thread: slabs of 64 KB, each divided into objects of one size. A handshake
 * makes some 700 small allocations, nearly all of them gone at its end, and a few of 16 KB and more. Here each is a few
 * instructions; what stays as long as its connection lies close together, without a word in front of each object; and
 * slabs that became empty go back to the system, where a heap would be left full of holes after many connections were
 * busy at once. Secrets are wiped by OpenSSL before it gives them back.
 */
#ifndef CG_PROXY_TLS_SLAB_H
#define CG_PROXY_TLS_SLAB_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/attributes.h"

/*
 * From now on OpenSSL takes its memory here; call it before anything of OpenSSL. False if it was too late, or if a
 * sanitizer is to see each allocation: OpenSSL then goes on with malloc, and that is no failure.
 */
bool tls_use_slabs(void);

/* At least n octets, aligned for any type. NULL for 0, or if there is no memory. */
CG_WARN_UNUSED void *slab_alloc(size_t n);
/* As realloc(). */
CG_WARN_UNUSED void *slab_realloc(void *p, size_t n);
void slab_free(void *p); /* NULL is fine */

/* Octets of slabs with objects in use, and of empty ones that are kept for the next. */
struct slab_state {
	size_t used;
	size_t kept;
};
struct slab_state slab_state(void);

#endif
