/* For fuzz targets: what was parsed is written for the origin, and read again. */
#ifndef CG_TESTS_SUPPORT_H1_ROUND_TRIP_H
#define CG_TESTS_SUPPORT_H1_ROUND_TRIP_H

#include "proxy/h1/h1.h"

/* Stops the program unless it is one head and says the same. What is never written is cleared in both arguments. */
void h1_round_trip(struct request *req, struct h1_framing *framing);

#endif
