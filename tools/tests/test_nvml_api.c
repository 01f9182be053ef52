// SPDX-License-Identifier: MIT
/* NVML's functions, on a libnova and a /proc of our own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "nova_device.h"
#include "nvml.h"

#define MIB	(1024ull * 1024)

/* --- libnova --- */

static struct {
	uint32_t count;		/* of devices */
	int list_error;
	int open_error;
	int info_error;
	uint64_t generation;
	uint64_t total;
	uint64_t used;
	int opened;		/* and not closed */
} fake;

int nova_device_list(struct nova_device_entry *entries, uint32_t *count)
{
	for (uint32_t i = 0; i < fake.count && i < *count; i++) {
		entries[i] = (struct nova_device_entry){ .pci_bus = 0x1a + i };
		sprintf(entries[i].path, "%u", 0x1a + i);
	}
	*count = fake.count;
	return fake.list_error;
}

int nova_device_open_path(const char *path, struct nova_device **dev)
{
	if (fake.open_error)
		return fake.open_error;
	fake.opened++;
	*dev = (struct nova_device *)strtoul(path, NULL, 10);
	return 0;
}

void nova_device_close(struct nova_device *dev)
{
	assert_non_null(dev);
	fake.opened--;
}

int nova_device_query_info(struct nova_device *dev, struct nova_device_info *info)
{
	*info = (struct nova_device_info){
		.chip_id = 0x16e,
		.generation = fake.generation,
		.pci_bus = (uint32_t)(uintptr_t)dev,
	};
	return fake.info_error;
}

int nova_device_query_memory(struct nova_device *dev, struct nova_memory_region *regions,
			     uint32_t *count)
{
	(void)dev;
	regions[0] = (struct nova_memory_region){ NOVA_PLACEMENT_SYSTEM, 7 * MIB, 7 };
	regions[1] = (struct nova_memory_region){ NOVA_PLACEMENT_VRAM, fake.total, fake.used };
	*count = 2;
	return 0;
}

/* --- /proc, in the working directory, which is removed at the end --- */

static char directory[] = "/tmp/nova-nvml-XXXXXX";

static void write_client(const char *pid, const char *bus, unsigned long long ns,
			 const char *engine)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "proc/%s/fdinfo/3", pid);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "drm-driver:\tnova-drm\ndrm-client-id:\t%s\ndrm-pdev:\t0000:%s:00.0\n"
		"drm-resident-vram:\t2 MiB\ndrm-engine-%s:\t%llu ns\n", pid, bus, engine, ns);
	fclose(file);
}

static void add_process(const char *pid)
{
	char path[128];

	snprintf(path, sizeof(path), "proc/%s", pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "proc/%s/fdinfo", pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "proc/%s/fd", pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "proc/%s/fd/3", pid);
	assert_int_equal(symlink("/dev/dri/renderD128", path), 0);
}

/* Two processes of the first device, one of the second. */
static int make_proc(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	assert_int_equal(mkdir("proc", 0700), 0);
	add_process("10");
	add_process("11");
	add_process("12");
	return 0;
}

static int remove_proc(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static int reset(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.count = 2;
	fake.generation = 1;
	fake.total = 64 * MIB;
	fake.used = 6 * MIB;
	write_client("10", "1a", 5, "copy0");
	write_client("11", "1a", 5, "graphics0");
	write_client("12", "1b", 5, "copy0");
	return 0;
}

static nvmlDevice_t start(unsigned int index)
{
	nvmlDevice_t device;

	assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
	assert_int_equal(nvmlDeviceGetHandleByIndex_v2(index, &device), NVML_SUCCESS);
	return device;
}

static void stop(void)
{
	assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
	assert_int_equal(nvmlShutdown(), NVML_ERROR_UNINITIALIZED);
	assert_int_equal(fake.opened, 0);
}

/* --- tests --- */

static void test_init(void **state)
{
	nvmlDevice_t device;
	unsigned int count;

	(void)state;
	assert_int_equal(nvmlShutdown(), NVML_ERROR_UNINITIALIZED);
	assert_int_equal(nvmlDeviceGetCount(&count), NVML_ERROR_UNINITIALIZED);
	fake.list_error = -EACCES;
	assert_int_equal(nvmlInit(), NVML_ERROR_NO_PERMISSION);
	fake.list_error = 0;
	fake.count = 0;
	assert_int_equal(nvmlInit(), NVML_ERROR_DRIVER_NOT_LOADED);
	fake.count = 2;
	assert_int_equal(nvmlInit(), NVML_SUCCESS);
	assert_int_equal(nvmlInit_v2(), NVML_SUCCESS);
	assert_int_equal(nvmlShutdown(), NVML_SUCCESS);
	assert_int_equal(nvmlDeviceGetCount(&count), NVML_SUCCESS);
	assert_int_equal(count, 2);
	assert_int_equal(nvmlDeviceGetCount(NULL), NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetHandleByIndex(2, &device), NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetHandleByIndex(0, NULL), NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetHandleByIndex(1, &device), NVML_SUCCESS);
	assert_int_equal(nvmlDeviceGetIndex(device, &count), NVML_SUCCESS);
	assert_int_equal(count, 1);
	stop();
	assert_int_equal(nvmlDeviceGetIndex(device, &count), NVML_ERROR_UNINITIALIZED);
}

static void test_identity(void **state)
{
	nvmlDevice_t device = start(0);
	nvmlPciInfo_v1_t v1;
	nvmlPciInfo_v2_t v2;
	nvmlPciInfo_v3_t v3;
	char name[32];

	(void)state;
	assert_int_equal(nvmlDeviceGetName(device, name, sizeof(name)), NVML_SUCCESS);
	assert_string_equal(name, "Nova GPU, chip 0x16e");
	assert_int_equal(nvmlDeviceGetName(device, name, 20), NVML_ERROR_INSUFFICIENT_SIZE);
	assert_int_equal(nvmlDeviceGetName(device, name, 21), NVML_SUCCESS);
	assert_int_equal(nvmlDeviceGetName(device, NULL, 21), NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetName(NULL, name, 21), NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetPciInfo(device, &v1), NVML_SUCCESS);
	assert_int_equal(nvmlDeviceGetPciInfo_v2(device, &v2), NVML_SUCCESS);
	assert_int_equal(nvmlDeviceGetPciInfo_v3(device, &v3), NVML_SUCCESS);
	assert_int_equal(nvmlDeviceGetPciInfo(device, NULL), NVML_ERROR_INVALID_ARGUMENT);
	assert_string_equal(v1.bus_id, "0000:1A:00.0");
	assert_string_equal(v2.bus_id, "0000:1A:00.0");
	assert_string_equal(v3.bus_id_legacy, "0000:1A:00.0");
	assert_string_equal(v3.bus_id, "00000000:1A:00.0");
	assert_int_equal(v1.bus + v2.bus + v3.bus, 3 * 0x1a);
	/* As tools have them. */
	assert_int_equal(sizeof(v1), 32);
	assert_int_equal(sizeof(v2), 52);
	assert_int_equal(sizeof(v3), 68);
	assert_int_equal(sizeof(nvmlProcessInfo_v1_t), 16);
	assert_int_equal(sizeof(nvmlProcessInfo_v2_t), 24);
	assert_int_equal(sizeof(nvmlProcessUtilizationSample_t), 32);
	assert_int_equal(NVML_MEMORY_V2, 0x02000028);
	stop();
}

static void test_unsupported(void **state)
{
	nvmlDevice_t device = start(0);
	unsigned int value;

	(void)state;
	assert_int_equal(nvmlDeviceGetTemperature(device, 0, &value), NVML_ERROR_NOT_SUPPORTED);
	assert_int_equal(nvmlDeviceGetMigMode(device, &value, &value), NVML_ERROR_NOT_SUPPORTED);
	assert_int_equal(nvmlDeviceGetFanSpeed(device, NULL), NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetEncoderUtilization(device, &value, NULL),
			 NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetPowerUsage((nvmlDevice_t)&value, &value),
			 NVML_ERROR_INVALID_ARGUMENT);
	stop();
	assert_int_equal(nvmlDeviceGetPowerUsage(device, &value), NVML_ERROR_UNINITIALIZED);
}

static void test_memory(void **state)
{
	nvmlDevice_t device = start(0);
	nvmlMemory_v2_t v2 = { .version = 2 };
	nvmlMemory_v1_t v1;

	(void)state;
	assert_int_equal(nvmlDeviceGetMemoryInfo(device, NULL), NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetMemoryInfo(device, &v1), NVML_SUCCESS);
	assert_int_equal(v1.total, 64 * MIB);
	assert_int_equal(v1.used, 6 * MIB);
	assert_int_equal(v1.free, 58 * MIB);
	assert_int_equal(nvmlDeviceGetMemoryInfo_v2(device, NULL), NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetMemoryInfo_v2(device, &v2),
			 NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
	v2.version = NVML_MEMORY_V2;
	assert_int_equal(nvmlDeviceGetMemoryInfo_v2(device, &v2), NVML_SUCCESS);
	assert_int_equal(v2.free, 58 * MIB);
	assert_int_equal(v2.reserved, 0);
	stop();
}

static void test_processes(void **state)
{
	nvmlDevice_t device = start(0);
	nvmlProcessInfo_v1_t v1[2];
	nvmlProcessInfo_v2_t v2[2];
	unsigned int count = 0;

	(void)state;
	assert_int_equal(nvmlDeviceGetComputeRunningProcesses(device, &count, NULL),
			 NVML_ERROR_INSUFFICIENT_SIZE);
	assert_int_equal(count, 1);
	assert_int_equal(nvmlDeviceGetComputeRunningProcesses(device, &count, NULL),
			 NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetComputeRunningProcesses(device, NULL, v1),
			 NVML_ERROR_INVALID_ARGUMENT);
	count = 2;
	assert_int_equal(nvmlDeviceGetComputeRunningProcesses(device, &count, v1), NVML_SUCCESS);
	assert_int_equal(count, 1);
	assert_int_equal(v1[0].pid, 10);
	assert_int_equal(v1[0].used_gpu_memory, 2 * MIB);
	assert_int_equal(nvmlDeviceGetGraphicsRunningProcesses_v3(device, &count, v2),
			 NVML_SUCCESS);
	assert_int_equal(count, 1);
	assert_int_equal(v2[0].pid, 11);
	assert_int_equal(v2[0].used_gpu_memory, 2 * MIB);
	assert_int_equal(v2[0].gpu_instance_id, NVML_NO_INSTANCE);
	assert_int_equal(nvmlDeviceGetMPSComputeRunningProcesses_v3(device, &count, v2),
			 NVML_SUCCESS);
	assert_int_equal(count, 0);
	stop();
}

/* Two clients may share a buffer, but no process has more than there is. */
static void test_processes_limit(void **state)
{
	nvmlProcessInfo_v1_t info;
	unsigned int count = 1;

	(void)state;
	fake.total = MIB;
	assert_int_equal(nvmlDeviceGetComputeRunningProcesses(start(0), &count, &info),
			 NVML_SUCCESS);
	assert_int_equal(count, 1);
	assert_int_equal(info.used_gpu_memory, MIB);
	stop();
}

static void test_utilization(void **state)
{
	nvmlDevice_t device = start(0), other;
	nvmlProcessUtilizationSample_t samples[2];
	nvmlUtilization_t rates;
	unsigned int count = 0;

	(void)state;
	/* Years of work: as much as there is time, whenever the next sample is. */
	write_client("10", "1a", UINT64_MAX / 2, "copy0");
	assert_int_equal(nvmlDeviceGetUtilizationRates(device, NULL), NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetUtilizationRates(device, &rates), NVML_SUCCESS);
	assert_int_equal(rates.gpu, 100);
	assert_int_equal(rates.memory, 0);
	assert_int_equal(nvmlDeviceGetHandleByIndex(1, &other), NVML_SUCCESS);
	assert_int_equal(nvmlDeviceGetUtilizationRates(other, &rates), NVML_SUCCESS);
	assert_int_equal(rates.gpu, 0);
	assert_int_equal(nvmlDeviceGetProcessUtilization(device, NULL, NULL, 0),
			 NVML_ERROR_INVALID_ARGUMENT);
	assert_int_equal(nvmlDeviceGetProcessUtilization(device, NULL, &count, 0),
			 NVML_ERROR_INSUFFICIENT_SIZE);
	assert_int_equal(count, 2);
	assert_int_equal(nvmlDeviceGetProcessUtilization(device, samples, &count, 0), NVML_SUCCESS);
	assert_int_equal(samples[0].pid, 10);
	assert_int_equal(samples[1].pid, 11);
	assert_int_equal(samples[1].sm_util, 0);
	assert_true(samples[0].time_stamp > 0);
	assert_int_equal(nvmlDeviceGetProcessUtilization(device, samples, &count, UINT64_MAX),
			 NVML_ERROR_NOT_FOUND);
	stop();
}

/* The first rate is waited for, so the device is looked at again. */
static nvmlReturn_t next_sample(nvmlDevice_t device)
{
	nvmlUtilization_t rates;

	return nvmlDeviceGetUtilizationRates(device, &rates);
}

static void test_lost(void **state)
{
	static const int errors[] = { -ENODEV, -ENOENT, -EOPNOTSUPP };
	nvmlMemory_v1_t memory;
	unsigned int count = 0;
	nvmlDevice_t device;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		device = start(0);
		fake.open_error = errors[i];
		assert_int_equal(next_sample(device), NVML_ERROR_GPU_IS_LOST);
		/* For good, though another one is at its place. */
		fake.open_error = 0;
		assert_int_equal(next_sample(device), NVML_ERROR_GPU_IS_LOST);
		assert_int_equal(nvmlDeviceGetMemoryInfo(device, &memory), NVML_ERROR_GPU_IS_LOST);
		assert_int_equal(nvmlDeviceGetComputeRunningProcesses(device, &count, NULL),
				 NVML_ERROR_GPU_IS_LOST);
		assert_int_equal(nvmlDeviceGetProcessUtilization(device, NULL, &count, 0),
				 NVML_ERROR_GPU_IS_LOST);
		stop();
	}
	device = start(0);
	fake.generation++;
	assert_int_equal(next_sample(device), NVML_ERROR_GPU_IS_LOST);
	stop();
	/* One that goes while it is looked at. */
	device = start(0);
	fake.info_error = -ENODEV;
	assert_int_equal(next_sample(device), NVML_ERROR_GPU_IS_LOST);
	stop();
	fake.info_error = 0;
	assert_int_equal(next_sample(start(0)), NVML_SUCCESS);
	stop();
}

static void test_error_string(void **state)
{
	(void)state;
	assert_string_equal(nvmlErrorString(NVML_ERROR_GPU_IS_LOST), "the device has gone");
	assert_string_equal(nvmlErrorString((nvmlReturn_t)777), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_init, reset),
		cmocka_unit_test_setup(test_identity, reset),
		cmocka_unit_test_setup(test_unsupported, reset),
		cmocka_unit_test_setup(test_memory, reset),
		cmocka_unit_test_setup(test_processes, reset),
		cmocka_unit_test_setup(test_processes_limit, reset),
		cmocka_unit_test_setup(test_utilization, reset),
		cmocka_unit_test_setup(test_lost, reset),
		cmocka_unit_test(test_error_string),
	};

	return cmocka_run_group_tests(tests, make_proc, remove_proc);
}
