/*
 * Random numbers: ChaCha20 (RFC 8439) with a key that is replaced after each request, so that earlier output cannot be computed from
 * a later state. Seeded at boot and stirred by the timing of each request and by random_add. Any context.
 */
#ifndef KERNEL_SCHED_RANDOM_H
#define KERNEL_SCHED_RANDOM_H

#include "kernel/lib/types.h"

void get_random_bytes(void *buf, size_t n);
/* Mix something that an outsider cannot know into the key: times of interrupts, what a program writes to /dev/random. */
void random_add(const void *data, size_t n);

#endif
