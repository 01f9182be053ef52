/* SPDX-License-Identifier: MIT */
/* Guest memory mapped for DMA, and video memory. */
#define _GNU_SOURCE
#include "emu_test.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#define PAGE	4096u
#define RAM	(64 * PAGE)

static int ram_create(void)
{
	int fd = memfd_create("test-ram", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, RAM), 0);
	return fd;
}

static void assert_dma(struct emu *emu, uint64_t ranges, uint64_t bytes)
{
	uint64_t got_ranges, got_bytes;

	emu_mem_stats(emu, &got_ranges, &got_bytes);
	assert_int_equal(got_ranges, ranges);
	assert_int_equal(got_bytes, bytes);
}

static void test_map_and_copy(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create();
	char back[16];

	assert_int_equal(emu_mem_map(emu, 0x10000, 2 * PAGE, fd, 8 * PAGE, true, true), 0);
	/* The next range continues the address but not the file. */
	assert_int_equal(emu_mem_map(emu, 0x12000, PAGE, fd, 0, true, true), 0);
	assert_dma(emu, 2, 3 * PAGE);
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, 0x11ff8, "0123456789abcdef", 16), 0);
	assert_int_equal(pread(fd, back, 8, 10 * PAGE - 8), 8);
	assert_memory_equal(back, "01234567", 8);
	assert_int_equal(pread(fd, back, 8, 0), 8);
	assert_memory_equal(back, "89abcdef", 8);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x11ff8, back, 16), 0);
	assert_memory_equal(back, "0123456789abcdef", 16);
	assert_int_equal(emu_test_violations(emu), 0);
	close(fd);
}

static void test_bad_maps(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create(), pipes[2];

	assert_int_equal(emu_mem_map(emu, 0, 0, fd, 0, true, true), -EINVAL);
	assert_int_equal(emu_mem_map(emu, 0x10, PAGE, fd, 0, true, true), -EINVAL);
	assert_int_equal(emu_mem_map(emu, 0, PAGE + 1, fd, 0, true, true), -EINVAL);
	assert_int_equal(emu_mem_map(emu, 0, PAGE, fd, 8, true, true), -EINVAL);
	assert_int_equal(emu_mem_map(emu, -(uint64_t)PAGE, 2 * PAGE, fd, 0, true, true), -EINVAL);
	assert_int_equal(emu_mem_map(emu, 0, PAGE, fd, RAM, true, true), -EINVAL);
	assert_int_equal(emu_mem_map(emu, 0, 2 * PAGE, fd, -(uint64_t)PAGE, true, true), -EINVAL);
	assert_int_equal(emu_mem_map(emu, 0, PAGE, 1000000, 0, true, true), -EBADF);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(emu_mem_map(emu, 0, PAGE, pipes[0], 0, true, true), -EINVAL);
	assert_dma(emu, 0, 0);
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
}

static void test_last_page_of_address_space(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create();
	size_t span = 2 * PAGE;

	assert_int_equal(emu_mem_map(emu, -(uint64_t)PAGE, PAGE, fd, 0, true, true), 0);
	emu_mem_lock(emu);
	assert_non_null(emu_mem_span(emu, EMU_SYSTEM, -(uint64_t)PAGE, &span, true));
	assert_int_equal(span, PAGE);
	emu_mem_unlock(emu);
	assert_int_equal(emu_mem_unmap(emu, -(uint64_t)PAGE, PAGE), 0);
	assert_dma(emu, 0, 0);
	close(fd);
}

static void test_overlap_refused(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create();

	assert_int_equal(emu_mem_map(emu, 0x10000, 4 * PAGE, fd, 0, true, true), 0);
	assert_int_equal(emu_mem_map(emu, 0x10000, 4 * PAGE, fd, 0, true, true), -EEXIST);
	assert_int_equal(emu_mem_map(emu, 0x13000, 4 * PAGE, fd, 0, true, true), -EEXIST);
	assert_int_equal(emu_mem_map(emu, 0xf000, 2 * PAGE, fd, 0, true, true), -EEXIST);
	assert_int_equal(emu_mem_map(emu, 0x11000, PAGE, -1, 0, true, true), -EEXIST);
	assert_int_equal(emu_mem_map(emu, 0xf000, PAGE, fd, 0, true, true), 0);
	assert_int_equal(emu_mem_map(emu, 0x14000, PAGE, fd, 0, true, true), 0);
	assert_dma(emu, 3, 6 * PAGE);
	close(fd);
}

static void test_unmap(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create(), i;

	for (i = 0; i < 8; i++)
		assert_int_equal(emu_mem_map(emu, 0x10000 + i * 2 * PAGE, 2 * PAGE, fd,
					     (7 - i) * 2 * PAGE, true, true), 0);
	/* A cut on either side changes nothing. */
	assert_int_equal(emu_mem_unmap(emu, 0x11000, 3 * PAGE), -EINVAL);
	assert_int_equal(emu_mem_unmap(emu, 0x10000, 3 * PAGE), -EINVAL);
	assert_int_equal(emu_mem_unmap(emu, 0x10001, PAGE), -EINVAL);
	assert_dma(emu, 8, 16 * PAGE);
	assert_int_equal(emu_mem_unmap(emu, 0x10000, 2 * PAGE), 0);
	assert_dma(emu, 7, 14 * PAGE);
	assert_int_equal(emu_mem_unmap(emu, 0x10000, 6 * PAGE), 0);
	assert_dma(emu, 5, 10 * PAGE);
	/* Nothing there is not an error: a vIOMMU flushes whole address spaces. */
	assert_int_equal(emu_mem_unmap(emu, 0x10000, 6 * PAGE), 0);
	assert_int_equal(emu_mem_unmap(emu, 0, 1ull << 63), 0);
	assert_dma(emu, 0, 0);
	close(fd);
}

/* How often a file is mapped into this process. */
static int count_mappings(int fd)
{
	char line[512], text[64];
	struct stat st;
	FILE *maps = fopen("/proc/self/maps", "r");
	int count = 0;

	assert_non_null(maps);
	assert_int_equal(fstat(fd, &st), 0);
	snprintf(text, sizeof(text), " %lu ", (unsigned long)st.st_ino);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "memfd:test-ram") && strstr(line, text);
	fclose(maps);
	return count;
}

static void test_one_mapping_per_file(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create(), again = dup(fd), i;

	for (i = 0; i < 16; i++)
		assert_int_equal(emu_mem_map(emu, 0x100000 + i * 4 * PAGE, PAGE,
					     i % 2 ? fd : again, i * PAGE, true, true), 0);
	assert_int_equal(count_mappings(fd), 1);
	emu_mem_unmap_all(emu);
	assert_int_equal(count_mappings(fd), 0);
	close(fd);
	close(again);
}

static void test_file_grows(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create();
	char back[4];

	assert_int_equal(emu_mem_map(emu, 0, PAGE, fd, 0, true, true), 0);
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, 0, "old", 4), 0);
	assert_int_equal(emu_mem_map(emu, PAGE, PAGE, fd, RAM, true, true), -EINVAL);
	assert_int_equal(ftruncate(fd, 2 * RAM), 0);
	assert_int_equal(emu_mem_map(emu, PAGE, PAGE, fd, RAM, true, true), 0);
	assert_int_equal(count_mappings(fd), 1);
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, PAGE, "new", 4), 0);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0, back, 4), 0);
	assert_string_equal(back, "old");
	assert_int_equal(pread(fd, back, 4, RAM), 4);
	assert_string_equal(back, "new");
	close(fd);
}

/* Whoever owns the file cuts it short: the device loses the file, and nothing else. */
static void test_file_cut_short(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create(), other = ram_create();
	char bytes[4] = "abc", back[4];

	assert_int_equal(emu_mem_catch_sigbus(), 0);
	assert_int_equal(emu_mem_map(emu, 0x10000, 4 * PAGE, fd, 0, true, true), 0);
	assert_int_equal(emu_mem_map(emu, 0x20000, PAGE, other, 0, true, true), 0);
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, 0x12000, bytes, 4), 0);
	assert_int_equal(ftruncate(fd, PAGE), 0);
	/* The access that meets the end reads zeroes; from then on there is no memory. */
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x12000, back, 4), 0);
	assert_memory_equal(back, "\0\0\0", 4);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x12000, back, 4), -EFAULT);
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, 0x10000, bytes, 4), -EFAULT);
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, 0x20000, bytes, 4), 0);
	assert_int_equal(emu_test_violations(emu), 0);
	assert_dma(emu, 2, 5 * PAGE);
	/* Mapped again it is looked at again. */
	assert_int_equal(ftruncate(fd, RAM), 0);
	assert_int_equal(emu_mem_map(emu, 0x30000, PAGE, fd, 2 * PAGE, true, true), 0);
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, 0x12000, bytes, 4), 0);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x30000, back, 4), 0);
	assert_memory_equal(back, bytes, 4);
	close(other);
	close(fd);
}

static void test_read_only_file(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create(), ro;
	char path[64], back[4];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(ro >= 0);
	assert_int_equal(emu_mem_map(emu, 0, PAGE, ro, 0, true, true), -EACCES);
	assert_int_equal(emu_mem_map(emu, 0, PAGE, ro, 0, true, false), 0);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0, back, 4), 0);
	/* The same file, now with a descriptor that may write. */
	assert_int_equal(emu_mem_map(emu, PAGE, PAGE, fd, PAGE, true, true), 0);
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, PAGE, "yes", 4), 0);
	assert_int_equal(emu_test_violations(emu), 0);
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, 0, "no!", 4), -EFAULT);
	assert_int_equal(emu_stats_violations(emu->stats, EMU_VIOLATION_DMA_UNMAPPED), 1);
	close(ro);
	close(fd);
}

static void test_violations(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create();
	char data[16] = "left alone";

	assert_int_equal(emu_mem_map(emu, 0x10000, PAGE, fd, 0, true, true), 0);
	assert_int_equal(emu_mem_map(emu, 0x20000, PAGE, -1, 0, true, true), 0);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x8000, data, 16), -EFAULT);
	assert_string_equal(data, "left alone");
	/* The part before the hole is moved. */
	assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, 0x10ff8, data, 16), -EFAULT);
	assert_int_equal(emu_stats_violations(emu->stats, EMU_VIOLATION_DMA_UNMAPPED), 2);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x10ff8, data, 8), 0);
	assert_memory_equal(data, "left alo", 8);
	/* A range without a file cannot be reached, but the driver did nothing wrong. */
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x20000, data, 16), -EFAULT);
	assert_int_equal(emu_test_violations(emu), 2);

	emu_test_config_write(emu, 0x04, 0x2, 2);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x10000, data, 16), -EFAULT);
	assert_int_equal(emu_stats_violations(emu->stats, EMU_VIOLATION_DMA_NO_BUS_MASTER), 1);
	/* Gone is gone: no DMA, and nobody to blame. */
	emu_test_config_write(emu, 0x04, 0x6, 2);
	emu_bar_surprise_remove(emu);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x10000, data, 16), -EFAULT);
	assert_int_equal(emu_test_violations(emu), 3);
	close(fd);
}

static void test_video(void **state)
{
	struct emu *emu = *state;
	size_t span = 64;
	char back[8];

	emu_test_config_write(emu, 0x04, 0, 2);	/* needs no bus mastering */
	assert_int_equal(emu_mem_write(emu, EMU_VIDEO, 0x1234, "picture", 8), 0);
	assert_int_equal(pread(emu->vram_fd, back, 8, 0x1234), 8);
	assert_string_equal(back, "picture");
	emu_mem_lock(emu);
	assert_ptr_equal(emu_mem_span(emu, EMU_VIDEO, EMU_TEST_VRAM - 16, &span, true),
			 emu->vram + EMU_TEST_VRAM - 16);
	assert_int_equal(span, 16);
	assert_null(emu_mem_span(emu, EMU_VIDEO, EMU_TEST_VRAM, &span, false));
	assert_null(emu_mem_span(emu, EMU_VIDEO, UINT64_MAX, &span, false));
	emu_mem_unlock(emu);
	assert_int_equal(emu_mem_write(emu, EMU_VIDEO, EMU_TEST_VRAM - 4, "12345678", 8), -EFAULT);
	assert_int_equal(emu_test_violations(emu), 0);
}

/* A driver may cut off a firmware that was made to fail under it; otherwise it may not. */
static void test_failed_firmware_is_cut_off(void **state)
{
	struct emu *emu = *state;
	char back[4];

	emu_test_config_write(emu, 0x04, 0, 2);
	atomic_store(&emu->fw_failed, true);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x1000, back, sizeof(back)), -EFAULT);
	assert_int_equal(emu_test_violations(emu), 0);
	atomic_store(&emu->fw_failed, false);
	assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x1000, back, sizeof(back)), -EFAULT);
	assert_int_equal(emu_test_violations(emu), 1);
}

/* Found again after an unmap and a map elsewhere: the per-thread cache must not answer. */
static void test_cache_goes_stale(void **state)
{
	struct emu *emu = *state;
	int fd = ram_create();
	char back[4];
	int i;

	for (i = 0; i < 16; i++) {
		assert_int_equal(pwrite(fd, &i, sizeof(i), i * (off_t)PAGE), sizeof(i));
		assert_int_equal(emu_mem_map(emu, 0x10000, PAGE, fd, i * PAGE, true, false), 0);
		assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x10000, back, 4), 0);
		assert_memory_equal(back, &i, 4);
		assert_int_equal(emu_mem_unmap(emu, 0x10000, PAGE), 0);
		assert_int_equal(emu_mem_read(emu, EMU_SYSTEM, 0x10000, back, 4), -EFAULT);
	}
	close(fd);
}

struct unmapper {
	struct emu *emu;
	_Atomic bool begun, done;
};

static void *unmap_main(void *data)
{
	struct unmapper *unmapper = data;

	atomic_store(&unmapper->begun, true);
	emu_mem_unmap_all(unmapper->emu);
	atomic_store(&unmapper->done, true);
	return NULL;
}

static void test_unmap_waits_for_spans(void **state)
{
	struct emu *emu = *state;
	struct unmapper unmapper = { .emu = emu };
	int fd = ram_create(), i;
	size_t span = PAGE;
	pthread_t thread;
	char *at;

	assert_int_equal(emu_mem_map(emu, 0x10000, PAGE, fd, 0, true, true), 0);
	emu_mem_lock(emu);
	at = emu_mem_span(emu, EMU_SYSTEM, 0x10000, &span, true);
	assert_non_null(at);
	assert_int_equal(pthread_create(&thread, NULL, unmap_main, &unmapper), 0);
	while (!atomic_load(&unmapper.begun))
		sched_yield();
	/* Nested use while a writer waits must not deadlock, and the span stays good. */
	for (i = 0; i < 10000; i++) {
		assert_int_equal(emu_mem_write(emu, EMU_SYSTEM, 0x10000, &i, sizeof(i)), 0);
		assert_memory_equal(at, &i, sizeof(i));
		assert_false(atomic_load(&unmapper.done));
	}
	emu_mem_unlock(emu);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_dma(emu, 0, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		emu_unit_test(test_map_and_copy),
		emu_unit_test(test_bad_maps),
		emu_unit_test(test_last_page_of_address_space),
		emu_unit_test(test_overlap_refused),
		emu_unit_test(test_unmap),
		emu_unit_test(test_one_mapping_per_file),
		emu_unit_test(test_file_grows),
		emu_unit_test(test_file_cut_short),
		emu_unit_test(test_read_only_file),
		emu_unit_test(test_violations),
		emu_unit_test(test_failed_firmware_is_cut_off),
		emu_unit_test(test_video),
		emu_unit_test(test_cache_goes_stale),
		emu_unit_test(test_unmap_waits_for_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
