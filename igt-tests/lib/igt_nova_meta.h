/* SPDX-License-Identifier: MIT */
/* Labels and advice on buffers, and what makes the kernel short of memory. */
#ifndef IGT_NOVA_META_H
#define IGT_NOVA_META_H

#include <stddef.h>
#include <stdint.h>

/* Expects an errno, or 0. */
void igt_nova_gem_label(int fd, uint32_t handle, const char *text, size_t length, int error);
/* Did the buffer keep its content? 1, 0, or -errno; does not assert. */
int igt_nova_try_madvise(int fd, uint32_t handle, uint64_t advice);
/* The same, which must succeed. */
int igt_nova_madvise(int fd, uint32_t handle, uint64_t advice);
/* Has every shrinker of the kernel free what it can. */
void igt_nova_reclaim(void);

#endif /* IGT_NOVA_META_H */
