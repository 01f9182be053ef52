/* SPDX-License-Identifier: MIT */
/* Somewhere to swap to, so that the kernel has a reason to take memory that is in use. */
#ifndef IGT_NOVA_SWAP_H
#define IGT_NOVA_SWAP_H

#include <stdint.h>

/* Swap space in memory, behind a loop device; skips where there can be none. One at a time. */
void igt_nova_swap_on(uint64_t size);
/* Whatever is in there comes back; nothing happens if there is none. */
void igt_nova_swap_off(void);

/* Has the driver free what it can, on all its devices. */
void igt_nova_swap_reclaim(void);
/* Has it free a buffer, idle or soon to be. A device that sleeps has to be woken for that. */
void igt_nova_swap_out(int fd, uint32_t handle);

#endif /* IGT_NOVA_SWAP_H */
