/* SPDX-License-Identifier: MIT */
/*
 * What this machine's memcpy() does, in this process and in memory of the kind that video memory and
 * the guest's memory are made of: shared, and backed by a file in memory. The copy engine is measured against it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "emu_yardstick.h"

#define LEAST	(16u << 20)	/* small copies are repeated until they are so much */

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Mapped, and every page there. */
static uint8_t *shared_memory(size_t size)
{
	void *memory = MAP_FAILED;
	int fd = memfd_create("nova-emu-yardstick", MFD_CLOEXEC);

	if (fd >= 0 && !ftruncate(fd, (off_t)size))
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (fd >= 0)
		close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

int emu_yardstick_memcpy(size_t size, struct emu_yardstick *result)
{
	unsigned int count, i;
	uint64_t start;
	uint8_t *memory;

	if (!size || size > EMU_YARDSTICK_MAX)
		return -EINVAL;
	memory = shared_memory(2 * size);
	if (!memory)
		return -ENOMEM;
	count = size < LEAST ? LEAST / (unsigned int)size : 1;
	/* What the engine copies has been written before, too. */
	memset(memory, 1, 2 * size);
	start = now_ns();
	for (i = 0; i < count; i++) {
		memcpy(memory + size, memory, size);
		/* Or the compiler would copy once. */
		__asm__ volatile("" : : "r"(memory) : "memory");
	}
	result->ns = now_ns() - start;
	result->bytes = (uint64_t)size * count;
	munmap(memory, 2 * size);
	return 0;
}
