/* What a TCP peer has acknowledged. */
#ifndef CG_PROXY_IO_ACKED_H
#define CG_PROXY_IO_ACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets since the connection was made; false if the socket is of another kind. */
bool acked(int fd, uint64_t *octets);
/* Octets that wait for that, sent or not; 0 if the socket is of another kind. */
size_t not_acked(int fd);

#endif
