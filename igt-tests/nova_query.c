/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <time.h>

#include "igt.h"
#include "igt_nova.h"

#include "regs/nv_ce.h"
#include "regs/nv_host.h"
#include "regs/nv_twod.h"

IGT_TEST_DESCRIPTION("What the device says of itself: DEV_QUERY, GETPARAM, GET_TIME.");

#define POISON	0xa5
#define MIB	(1024ull * 1024)

static bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

static const struct {
	uint32_t type;
	uint32_t size;
} queries[] = {
	{ DRM_NOVA_QUERY_DEVICE, sizeof(struct drm_nova_query_device) },
	{ DRM_NOVA_QUERY_MEMORY, sizeof(struct drm_nova_query_memory) },
	{ DRM_NOVA_QUERY_ENGINES, sizeof(struct drm_nova_query_engines) },
	{ DRM_NOVA_QUERY_LIMITS, sizeof(struct drm_nova_query_limits) },
	{ DRM_NOVA_QUERY_PRIORITIES, sizeof(struct drm_nova_query_priorities) },
};

static void check_sizes(int fd, uint32_t type, uint32_t kernel_size)
{
	static const uint32_t sizes[] = { 0, 1, 8, 12, 4096 };
	struct drm_nova_dev_query query = { .type = type };
	uint8_t whole[4096], buffer[4096 + 8];

	igt_nova_expect(fd, DRM_IOCTL_NOVA_DEV_QUERY, &query, 0);
	/* A newer kernel may know more. */
	igt_assert_lte(kernel_size, query.size);
	kernel_size = query.size;
	igt_assert_lt(kernel_size, 4096);
	igt_nova_query(fd, type, whole, kernel_size);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint32_t copied = sizes[i] < kernel_size ? sizes[i] : kernel_size;

		memset(buffer, POISON, sizeof(buffer));
		query.size = sizes[i];
		query.pointer = (uintptr_t)buffer;
		igt_nova_expect(fd, DRM_IOCTL_NOVA_DEV_QUERY, &query, 0);
		igt_assert_eq_u32(query.size, kernel_size);
		/* What the memory query says may change while others allocate. */
		if (type != DRM_NOVA_QUERY_MEMORY)
			igt_assert(memcmp(buffer, whole, copied) == 0);
		for (uint32_t at = copied; at < sizeof(buffer); at++)
			igt_assert_eq(buffer[at], at < sizes[i] ? 0 : POISON);
	}
}

static void test_sizes(int fd)
{
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
		check_sizes(fd, queries[i].type, queries[i].size);
}

static void test_device(int fd)
{
	struct drm_nova_query_device device;
	char path[80];

	igt_nova_query(fd, DRM_NOVA_QUERY_DEVICE, &device, sizeof(device));
	igt_info("chip %#x revision %#x, bound %" PRIu64 " times\n", device.chip_id,
		 device.revision, (uint64_t)device.generation);
	igt_assert(device.chip_id);
	igt_assert_lte(device.revision, 0xff);
	igt_assert_lte_u64(1, device.generation);
	igt_assert_eq_u64(device.features,
			  DRM_NOVA_FEATURE_ASYNC_BIND | DRM_NOVA_FEATURE_SPARSE |
			  DRM_NOVA_FEATURE_USERPTR |
			  DRM_NOVA_FEATURE_USERMODE_QUEUE | DRM_NOVA_FEATURE_USER_FENCE |
			  DRM_NOVA_FEATURE_RECOVERY | DRM_NOVA_FEATURE_MADVISE |
			  DRM_NOVA_FEATURE_IMPLICIT_SYNC);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%u/driver",
		 device.pci_domain, device.pci_bus, device.pci_device, device.pci_function);
	igt_assert_f(access(path, F_OK) == 0, "%s: %m\n", path);
}

static uint64_t vram_used(int fd)
{
	struct drm_nova_query_memory memory;

	igt_nova_query(fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	for (uint32_t i = 0; i < memory.count; i++)
		if (memory.regions[i].placement == DRM_NOVA_PLACEMENT_VRAM)
			return memory.regions[i].used;
	igt_assert_f(false, "no region of video memory\n");
	return 0;
}

static void test_memory(int fd)
{
	struct drm_nova_query_memory memory;
	uint32_t seen = 0;

	igt_nova_query(fd, DRM_NOVA_QUERY_MEMORY, &memory, sizeof(memory));
	igt_assert_eq(memory.count, 2);
	igt_assert_eq(memory.reserved, 0);
	for (uint32_t i = 0; i < memory.count; i++) {
		const struct drm_nova_memory_region *region = &memory.regions[i];

		igt_assert(is_power_of_two(region->placement) && !(seen & region->placement));
		seen |= region->placement;
		igt_assert_eq(region->reserved, 0);
		igt_assert(region->total);
		igt_assert_lte_u64(region->used, region->total);
	}
	igt_assert_eq_u32(seen, DRM_NOVA_PLACEMENT_VRAM | DRM_NOVA_PLACEMENT_SYSTEM);
	for (uint32_t i = memory.count; i < ARRAY_SIZE(memory.regions); i++)
		igt_assert_eq_u64(memory.regions[i].total, 0);
}

static void test_memory_used(int fd)
{
	uint64_t before = vram_used(fd);
	struct igt_nova_bo bo;

	igt_nova_bo_create(fd, &bo, 4 * MIB, DRM_NOVA_PLACEMENT_VRAM);
	igt_nova_bo_fill(&bo, 1);
	igt_assert_lte_u64(before + bo.size, vram_used(fd));
	igt_nova_bo_destroy(fd, &bo);
}

static void test_engines(int fd)
{
	struct drm_nova_query_engines engines;

	igt_nova_query(fd, DRM_NOVA_QUERY_ENGINES, &engines, sizeof(engines));
	igt_assert_lte(1, engines.count);
	igt_assert_lte(engines.count, ARRAY_SIZE(engines.engines));
	igt_assert_eq(engines.reserved, 0);
	for (uint32_t i = 0; i < engines.count; i++) {
		const struct drm_nova_engine *engine = &engines.engines[i];

		igt_assert_eq(engine->index, i);
		igt_assert_eq_u32(engine->host_class, NV_HOST_CLASS);
		if (engine->type == DRM_NOVA_ENGINE_GRAPHICS) {
			igt_assert_eq_u32(engine->class_id, NV_TWOD_CLASS);
			igt_assert_eq_u32(engine->subchannel, NV_SUBCHANNEL_2D);
		}
		if (engine->type != DRM_NOVA_ENGINE_COPY)
			continue;
		igt_assert_eq_u32(engine->class_id, NV_CE_CLASS);
		igt_assert_eq_u32(engine->subchannel, NV_SUBCHANNEL_CE);
	}
}

static void test_limits(int fd)
{
	struct drm_nova_query_limits limits;

	igt_nova_limits(fd, &limits);
	igt_assert_lte(40, limits.va_bits);
	igt_assert_lte(limits.va_bits, 49);
	igt_assert_eq(limits.page_size, IGT_NOVA_PAGE);
	igt_assert(limits.gem_size_max && limits.gem_size_max % IGT_NOVA_PAGE == 0);
	igt_assert_lte_u64(limits.va_push_end, 1ull << NV_HOST_VA_BITS);
	igt_assert(limits.push_bytes_max && limits.push_bytes_max % 4 == 0);
	igt_assert_lte(limits.push_bytes_max, NV_GP_ENTRY_MAX_DWORDS * 4);
	igt_assert(limits.bind_ops_max && limits.exec_jobs_max && limits.exec_pushes_max);
	igt_assert(limits.syncs_max && limits.vms_max && limits.queues_max);
	igt_assert(is_power_of_two(limits.ring_size_min) && is_power_of_two(limits.ring_size_max));
	igt_assert_lte(limits.ring_size_min, limits.ring_size_max);
	igt_assert(limits.job_timeout_ms);
	igt_assert_lte(limits.exec_jobs_max, limits.queue_jobs_max);
	igt_assert_lte_u64(limits.gem_size_max, limits.file_gem_bytes_max);
	igt_assert(limits.page_tables_max);
}

static uint64_t pci_bar_length(int fd, unsigned int bar)
{
	struct drm_nova_query_device device;
	uint64_t start = 0, end = 0;
	char path[80];
	FILE *file;

	igt_nova_query(fd, DRM_NOVA_QUERY_DEVICE, &device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%u/resource",
		 device.pci_domain, device.pci_bus, device.pci_device, device.pci_function);
	file = fopen(path, "re");
	igt_assert_f(file, "%s: %m\n", path);
	for (unsigned int i = 0; i <= bar; i++)
		igt_assert_eq(fscanf(file, "%" SCNx64 " %" SCNx64 " %*x", &start, &end), 2);
	fclose(file);
	return end - start + 1;
}

static void test_getparam(int fd)
{
	struct drm_nova_getparam getparam = { .param = NOVA_GETPARAM_VRAM_BAR_SIZE };
	uint64_t length = pci_bar_length(fd, 1);

	igt_nova_expect(fd, DRM_IOCTL_NOVA_GETPARAM, &getparam, 0);
	igt_assert_eq_u64(getparam.value, length);
	getparam = (struct drm_nova_getparam) {
		.param = 0xdead00000000ull | NOVA_GETPARAM_VRAM_BAR_SIZE,
	};
	igt_nova_expect(fd, DRM_IOCTL_NOVA_GETPARAM, &getparam, 0);
	igt_assert_eq_u64(getparam.value, length);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	igt_assert_eq(clock_gettime(clock, &now), 0);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void test_time_bracketed(int fd)
{
	static const clockid_t clocks[] = {
		CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME, CLOCK_BOOTTIME,
	};

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		struct drm_nova_get_time time = { .clock_id = clocks[i] };
		uint64_t raw_before = clock_ns(CLOCK_MONOTONIC_RAW);
		uint64_t before = clock_ns(clocks[i]);

		igt_nova_expect(fd, DRM_IOCTL_NOVA_GET_TIME, &time, 0);
		igt_assert_lte_u64(before, time.cpu_ns);
		igt_assert_lte_u64(time.cpu_ns, clock_ns(clocks[i]));
		/* The error bound is a length of time: by the clock that is never set. */
		igt_assert(time.duration_ns);
		igt_assert_lte_u64(time.duration_ns, clock_ns(CLOCK_MONOTONIC_RAW) - raw_before);
		igt_assert(time.gpu_ns);
		igt_assert_eq_u64(time.reserved, 0);
	}
}

static void test_time_monotonic(int fd)
{
	struct drm_nova_get_time time = { .clock_id = CLOCK_MONOTONIC };
	uint64_t first = 0, last = 0;

	for (unsigned int i = 0; i < 500; i++) {
		igt_nova_expect(fd, DRM_IOCTL_NOVA_GET_TIME, &time, 0);
		igt_assert_lte_u64(last, time.gpu_ns);
		igt_assert_eq_u64(time.gpu_ns % 32, 0);
		last = time.gpu_ns;
		first = first ? first : last;
	}
	igt_assert_lt_u64(first, last);
}

static const struct igt_nova_test tests[] = {
	{ "device", "Identity matches the PCI device behind the node.", test_device },
	{ "memory", "Memory regions are well formed.", test_memory },
	{ "memory-used", "An allocation shows in the use of video memory.", test_memory_used },
	{ "engines", "Engines are numbered and of the published classes.", test_engines },
	{ "limits", "Limits are present and consistent.", test_limits },
	{ "sizes", "Shorter and longer buffers are filled, cut and zeroed as documented.",
	  test_sizes },
	{ "getparam", "The BAR size is the PCI resource's, high bits are ignored.",
	  test_getparam },
	{ "time-bracketed", "The CPU times of a GPU time lie around it, for each clock.",
	  test_time_bracketed },
	{ "time-monotonic", "GPU time moves forward in steps of 32 ns.", test_time_monotonic },
};

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = igt_nova_open();
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
	igt_fixture()
		close(fd);
}
