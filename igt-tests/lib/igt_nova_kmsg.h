/* SPDX-License-Identifier: MIT */
/* The kernel's log, read as it grows: how much the driver says, and whether something broke. */
#ifndef IGT_NOVA_KMSG_H
#define IGT_NOVA_KMSG_H

#include <stdbool.h>

/**
 * struct igt_nova_kmsg - the log from one moment on
 * @fd: /dev/kmsg
 * @ours: messages of the driver
 * @dead: how often it gave the device up
 * @lost: how often it found the device gone
 * @overrun: there were more messages than the log holds
 * @splat: the first line of a report of the kernel's own, or empty
 */
struct igt_nova_kmsg {
	int fd;
	unsigned int ours;
	unsigned int dead;
	unsigned int lost;
	bool overrun;
	char splat[256];
};

void igt_nova_kmsg_open(struct igt_nova_kmsg *kmsg);
void igt_nova_kmsg_close(struct igt_nova_kmsg *kmsg);
/* Counts from zero again, what was not read yet left out. */
void igt_nova_kmsg_restart(struct igt_nova_kmsg *kmsg);
/* Reads what has come. */
void igt_nova_kmsg_read(struct igt_nova_kmsg *kmsg);
/* Leaves a line in the log. */
void igt_nova_kmsg_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* IGT_NOVA_KMSG_H */
