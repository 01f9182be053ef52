/* SPDX-License-Identifier: MIT */
/* What the kernel tells of an open file of ours: /proc/self/fdinfo. */
#ifndef IGT_NOVA_FDINFO_H
#define IGT_NOVA_FDINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct igt_nova_fdinfo - one read of it
 * @text: all of it
 */
struct igt_nova_fdinfo {
	char text[8192];
};

/* 0 or -errno; does not assert. */
int igt_nova_fdinfo_read(int fd, struct igt_nova_fdinfo *info);
/* How many lines have this key. */
unsigned int igt_nova_fdinfo_count(const struct igt_nova_fdinfo *info, const char *key);
/* The value of a key, which must be there once; units are multiplied with. */
uint64_t igt_nova_fdinfo_get(const struct igt_nova_fdinfo *info, const char *key);
/* The text of a key, which must be there once, into @value. */
void igt_nova_fdinfo_string(const struct igt_nova_fdinfo *info, const char *key, char value[256]);
/* Reads, and gets the value of a key. */
uint64_t igt_nova_fdinfo_value(int fd, const char *key);

#endif /* IGT_NOVA_FDINFO_H */
