/* What a TCP peer has acknowledged. */
#ifndef CG_PROXY_IO_ACKED_H
#define CG_PROXY_IO_ACKED_H

#include <stdbool.h>
#include <stdint.h>

/* Octets since the connection was made; false if the socket is of another kind. */
bool acked(int fd, uint64_t *octets);

#endif
