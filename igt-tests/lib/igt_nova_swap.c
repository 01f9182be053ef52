/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glob.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/swap.h>

#include <linux/loop.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_meta.h"
#include "igt_nova_swap.h"
#include "igt_nova_sysfs.h"

#define PAGE		4096u
/* Of a kernel with CONFIG_SHRINKER_DEBUG: memory controller, node, pages. */
#define SHRINKERS	"/sys/kernel/debug/shrinker/drm-nova_gem:*/scan"
#define SCAN		"0 0 1000000"

/* The first page of swap space, as mkswap writes it. */
struct header {
	char bootbits[1024];
	uint32_t version;
	uint32_t last_page;
	uint32_t bad_pages;
	char rest[PAGE - 1024 - 3 * 4 - 10];
	char magic[10];
};

static char node[32];

static int make_file(uint64_t size)
{
	struct header header = { .version = 1, .last_page = size / PAGE - 1 };
	int file = memfd_create("nova-swap", MFD_CLOEXEC);

	igt_assert_eq(sizeof(header), PAGE);
	memcpy(header.magic, "SWAPSPACE2", sizeof(header.magic));
	igt_assert_f(file >= 0 && ftruncate(file, size) == 0, "a file for swap: %m\n");
	igt_assert_eq(pwrite(file, &header, sizeof(header), 0), (ssize_t)sizeof(header));
	return file;
}

void igt_nova_swap_on(uint64_t size)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control, loop, number, file;

	igt_nova_module_load("loop");
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	number = control >= 0 ? ioctl(control, LOOP_CTL_GET_FREE) : -1;
	igt_require_f(number >= 0, "no loop device to swap to: %m\n");
	close(control);
	snprintf(node, sizeof(node), "/dev/loop%d", number);
	loop = open(node, O_RDWR | O_CLOEXEC);
	igt_assert_f(loop >= 0, "%s: %m\n", node);
	file = make_file(size);
	config.fd = file;
	igt_assert_f(ioctl(loop, LOOP_CONFIGURE, &config) == 0, "%s: %m\n", node);
	close(file);
	if (swapon(node, 0)) {
		int error = errno;

		node[0] = '\0';
		close(loop);
		igt_require_f(false, "no swapping here: %s\n", strerror(error));
	}
	/* From now on the swap holds it. */
	close(loop);
}

void igt_nova_swap_off(void)
{
	if (!node[0])
		return;
	igt_assert_f(swapoff(node) == 0, "%s: %m\n", node);
	node[0] = '\0';
}

/* The kernel's other caches are not what tests are about, and take long to fill again. */
void igt_nova_swap_reclaim(void)
{
	glob_t scans;

	if (glob(SHRINKERS, 0, NULL, &scans)) {
		igt_nova_reclaim();
		return;
	}
	for (size_t i = 0; i < scans.gl_pathc; i++) {
		/* One may just be going, with its device. */
		int fd = open(scans.gl_pathv[i], O_WRONLY | O_CLOEXEC);
		ssize_t ret = fd >= 0 ? write(fd, SCAN, strlen(SCAN)) : 0;

		igt_assert_f(fd < 0 || ret > 0 || errno == EIO, "%s: %m\n",
			     scans.gl_pathv[i]);
		close(fd);
	}
	globfree(&scans);
}

void igt_nova_swap_out(int fd, uint32_t handle)
{
	uint64_t end = igt_nova_now_ns() + IGT_NOVA_PATIENCE_S * 1000000000ull;
	struct drm_nova_gem_info info;

	igt_nova_gem_info(fd, handle, &info, 0);
	while (info.resident) {
		igt_assert_f(igt_nova_now_ns() < end, "it stays in memory\n");
		igt_nova_swap_reclaim();
		igt_nova_gem_info(fd, handle, &info, 0);
	}
}
