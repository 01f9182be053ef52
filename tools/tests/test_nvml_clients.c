// SPDX-License-Identifier: MIT
/* NVML's reader of /proc and its arithmetic, with a directory that looks like /proc. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "nvml_clients.h"
#include "nvml_usage.h"

#define SECOND	1000000000ull
#define GPU_A	"0000:01:00.0"
#define GPU_B	"0000:02:00.0"
#define RENDER	"/dev/dri/renderD128"

/* --- one fdinfo --- */

#define GENERAL	"pos:\t0\nflags:\t02100002\nmnt_id:\t17\nino:\t91\n"
#define CLIENT	"drm-driver:\tnova-drm\ndrm-client-id:\t7\ndrm-pdev:\t" GPU_A "\n"

static void test_parse(void **state)
{
	static const char text[] = GENERAL CLIENT
		"drm-engine-copy0:\t184236711 ns\n"
		"drm-engine-copy1:\t0 ns\n"
		"drm-engine-graphics0:\t12 ns\n"
		"drm-total-vram:\t8 MiB\n"
		"drm-resident-vram:\t4 MiB\n"
		"drm-resident-system:\t64 KiB\n";
	struct nvml_client client;

	(void)state;
	assert_int_equal(nvml_clients_parse(text, &client), 0);
	assert_string_equal(client.pdev, GPU_A);
	assert_int_equal(client.id, 7);
	assert_int_equal(client.vram, 4 << 20);
	assert_int_equal(client.engine_count, 3);
	assert_string_equal(client.engines[0].name, "copy0");
	assert_int_equal(client.engines[0].ns, 184236711);
	assert_string_equal(client.engines[2].name, "graphics0");
	assert_int_equal(client.engines[2].ns, 12);
	/* The last line need not be whole. */
	assert_int_equal(nvml_clients_parse(CLIENT "drm-resident-vram: 12", &client), 0);
	assert_int_equal(client.vram, 12);
}

static void test_parse_no_client(void **state)
{
	static const char *const others[] = {
		"", "\n", GENERAL, "drm-driver:\tnova-drm\n",
		"drm-driver:\tamdgpu\ndrm-client-id:\t7\ndrm-pdev:\t" GPU_A "\n",
		"drm-driver:\tnova-drm2\ndrm-client-id:\t7\ndrm-pdev:\t" GPU_A "\n",
		"drm-driver:\tnova-drm\ndrm-pdev:\t" GPU_A "\n",
		"drm-driver:\tnova-drm\ndrm-client-id:\t7\n",
		"drm-driver:\tnova-drm\ndrm-client-id:\t7\ndrm-pdev:\t\n",
		"drm-driver:\tnova-drm\ndrm-client-id:\t\ndrm-pdev:\t" GPU_A "\n",
		"drm-driver:\tnova-drm\ndrm-client-id:\t-1\ndrm-pdev:\t" GPU_A "\n",
		"drm-driver:\tnova-drm\ndrm-client-id:\t7 8\ndrm-pdev:\t" GPU_A "\n",
		"drm-driver:\tnova-drm\ndrm-client-id:\t7\ndrm-pdev:\tan address that is too long\n",
	};
	struct nvml_client client;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(nvml_clients_parse(others[i], &client), -ENOENT);
}

/* What makes no sense, or is not known, changes nothing of what is around it. */
static void test_parse_malformed(void **state)
{
	static const char *const lines[] = {
		"no colon", ":", ": 5", "drm-", "drm-engine-:\t5 ns", "drm-engine-copy0:",
		"drm-engine-copy0:\t", "drm-engine-copy0:\t5", "drm-engine-copy0:\t5 ms",
		"drm-engine-copy0:\t-5 ns", "drm-engine-copy0:\tfive ns",
		"drm-engine-copy0:\t99999999999999999999999 ns", "drm-engine-copy0:\t5 ns and more",
		"drm-engine-a-name-that-is-too-long:\t5 ns", "drm-engine-capacity-copy0:\t2",
		"drm-engine-capacity-copy0:\t2 ns", "drm-cycles-copy0:\t9",
		"drm-total-cycles-copy0:\t9", "drm-resident-vram:\t5 TB",
		"drm-resident-vram:\t-1", "drm-resident-vram:\t99999999999999999 GiB",
		"drm-resident-vram2:\t5 KiB",
	};
	struct nvml_client client;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), CLIENT "drm-resident-vram:\t3 KiB\n%s\n"
			 "drm-engine-copy1:\t6 ns\n", lines[i]);
		assert_int_equal(nvml_clients_parse(text, &client), 0);
		assert_int_equal(client.vram, 3 << 10);
		assert_int_equal(client.engine_count, 1);
		assert_string_equal(client.engines[0].name, "copy1");
		assert_int_equal(client.engines[0].ns, 6);
	}
	/* Nor does a line of any length. */
	memset(text, 'x', sizeof(text));
	strcpy(text + sizeof(text) - sizeof("\n" CLIENT), "\n" CLIENT);
	assert_int_equal(nvml_clients_parse(text, &client), 0);
}

static void test_parse_many_engines(void **state)
{
	struct nvml_client client;
	char text[2048] = CLIENT;

	(void)state;
	for (unsigned int i = 0; i < NVML_CLIENT_ENGINES + 5; i++)
		sprintf(text + strlen(text), "drm-engine-copy%u:\t%u ns\n", i, i);
	assert_int_equal(nvml_clients_parse(text, &client), 0);
	assert_int_equal(client.engine_count, NVML_CLIENT_ENGINES);
	assert_int_equal(client.engines[NVML_CLIENT_ENGINES - 1].ns, NVML_CLIENT_ENGINES - 1);
}

/* --- /proc --- */

static char proc[] = "/tmp/nova-nvml-XXXXXX";

static int make_proc(void **state)
{
	(void)state;
	strcpy(proc + sizeof(proc) - 7, "XXXXXX");
	return mkdtemp(proc) ? 0 : -1;
}

static int delete(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_proc(void **state)
{
	(void)state;
	return nftw(proc, delete, 8, FTW_DEPTH | FTW_PHYS);
}

/* PID/fd/FD is a link to @node and PID/fdinfo/FD has @text, if it is not NULL. */
static void add_file(const char *pid, const char *fd, const char *node, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", proc, pid);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/fd", proc, pid);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/fd/%s", proc, pid, fd);
	assert_int_equal(symlink(node, path), 0);
	snprintf(path, sizeof(path), "%s/%s/fdinfo", proc, pid);
	mkdir(path, 0700);
	if (!text)
		return;
	snprintf(path, sizeof(path), "%s/%s/fdinfo/%s", proc, pid, fd);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static void add_client(const char *pid, const char *fd, const char *pdev, unsigned int id,
		       unsigned int kib)
{
	char text[512];

	snprintf(text, sizeof(text), GENERAL "drm-driver:\tnova-drm\ndrm-client-id:\t%u\n"
		 "drm-pdev:\t%s\ndrm-resident-vram:\t%u KiB\n", id, pdev, kib);
	add_file(pid, fd, RENDER, text);
}

static void expect_client(const struct nvml_client *client, const char *pdev, uint64_t id,
			  unsigned int pid, uint64_t kib)
{
	assert_string_equal(client->pdev, pdev);
	assert_int_equal(client->id, id);
	assert_int_equal(client->pid, pid);
	assert_int_equal(client->vram, kib << 10);
}

/* Devices may have clients of one number; copies of a descriptor are one client. */
static void test_read(void **state)
{
	struct nvml_reading reading;

	(void)state;
	add_client("41", "3", GPU_B, 7, 1);
	add_client("41", "4", GPU_A, 9, 2);
	add_client("100", "5", GPU_A, 7, 3);
	add_client("100", "6", GPU_A, 7, 3);
	add_client("99", "5", GPU_A, 7, 3);
	add_client("100", "7", GPU_A, 8, 4);
	assert_int_equal(nvml_clients_read(proc, 5, &reading), 0);
	assert_int_equal(reading.time_ns, 5);
	assert_int_equal(reading.count, 4);
	expect_client(&reading.clients[0], GPU_A, 7, 99, 3);
	expect_client(&reading.clients[1], GPU_A, 8, 100, 4);
	expect_client(&reading.clients[2], GPU_A, 9, 41, 2);
	expect_client(&reading.clients[3], GPU_B, 7, 41, 1);
	for (size_t i = 0; i < reading.count; i++)
		assert_ptr_equal(nvml_clients_find(&reading, &reading.clients[i]),
				 &reading.clients[i]);
	nvml_clients_free(&reading);
	assert_int_equal(reading.count, 0);
}

/* More than the first room there is. */
static void test_read_many(void **state)
{
	struct nvml_reading reading;
	char fd[16];

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(fd, sizeof(fd), "%u", i);
		add_client("12", fd, GPU_A, i / 2, i / 2);
	}
	assert_int_equal(nvml_clients_read(proc, 1, &reading), 0);
	assert_int_equal(reading.count, 50);
	for (unsigned int i = 0; i < 50; i++)
		expect_client(&reading.clients[i], GPU_A, i, 12, i);
	nvml_clients_free(&reading);
}

/* Others' files, processes that go between two steps, and what is no process. */
static void test_read_around(void **state)
{
	static const char client[] = GENERAL CLIENT;
	struct nvml_reading reading;
	char path[64];

	(void)state;
	add_file("self", "3", RENDER, client);
	add_file("1", "x", RENDER, client);
	add_file("2", "3", "/dev/null", client);
	add_file("3", "3", RENDER, GENERAL);
	add_file("4", "3", RENDER, NULL);	/* closed after its directory was read */
	add_file("5", "3", RENDER, client);
	snprintf(path, sizeof(path), "%s/5/fdinfo/3", proc);
	remove(path);
	snprintf(path, sizeof(path), "%s/5/fdinfo", proc);
	assert_int_equal(rmdir(path), 0);	/* gone after its descriptors were opened */
	snprintf(path, sizeof(path), "%s/6", proc);
	assert_int_equal(mkdir(path, 0700), 0);	/* nothing of it can be opened */
	snprintf(path, sizeof(path), "%s/7", proc);
	assert_int_equal(symlink("/nowhere", path), 0);
	assert_int_equal(nvml_clients_read(proc, 1, &reading), 0);
	assert_int_equal(reading.count, 0);
	assert_null(nvml_clients_find(&reading, &(struct nvml_client){ .id = 7 }));
	nvml_clients_free(&reading);
	add_file("8", "3", RENDER " (deleted)", client);
	assert_int_equal(nvml_clients_read(proc, 1, &reading), 0);
	assert_int_equal(reading.count, 1);
	assert_int_equal(reading.clients[0].pid, 8);
	nvml_clients_free(&reading);
	assert_int_equal(nvml_clients_read("/nowhere", 1, &reading), -ENOENT);
}

/* --- shares --- */

static struct nvml_client client_of(const char *pdev, unsigned int pid, uint64_t id,
				    uint64_t copy0, uint64_t graphics0)
{
	struct nvml_client client = {
		.id = id,
		.pid = pid,
		.vram = 1000 * id,
		.engines = { { "copy0", copy0 }, { "graphics0", graphics0 } },
		.engine_count = 2,
	};

	strcpy(client.pdev, pdev);
	return client;
}

static void test_device(void **state)
{
	struct nvml_client old[] = {
		client_of(GPU_A, 10, 1, 0, 0),
		client_of(GPU_A, 11, 2, 5 * SECOND, 0),
		client_of(GPU_B, 10, 1, 0, 0),
	};
	struct nvml_client new[] = {
		client_of(GPU_A, 10, 1, SECOND / 2, SECOND / 10),
		client_of(GPU_A, 11, 2, 5 * SECOND + SECOND / 4, 3 * SECOND / 10),
		client_of(GPU_B, 10, 1, 0, 2 * SECOND / 10),
	};
	struct nvml_reading before = { SECOND, old, 3 }, now = { 3 * SECOND, new, 3 };

	(void)state;
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 37);	/* of copy0, by two */
	assert_int_equal(nvml_usage_device(&before, &now, GPU_B), 10);
	assert_int_equal(nvml_usage_device(&before, &now, "0000:03:00.0"), 0);
	/* More than has passed, and more than there are numbers for. */
	new[0].engines[0].ns = 40 * SECOND;
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 100);
	new[0].engines[0].ns = UINT64_MAX;
	new[1].engines[0].ns = UINT64_MAX;
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 100);
}

static void test_device_no_share(void **state)
{
	struct nvml_client old = client_of(GPU_A, 10, 1, 9 * SECOND, SECOND);
	struct nvml_client new = client_of(GPU_A, 10, 1, 8 * SECOND, SECOND + SECOND / 2);
	struct nvml_reading none = { 0 }, before = { SECOND, &old, 1 };
	struct nvml_reading now = { 2 * SECOND, &new, 1 };

	(void)state;
	/* One reading tells nothing, whatever it says, nor do two of one time. */
	assert_int_equal(nvml_usage_device(&none, &now, GPU_A), 0);
	now.time_ns = before.time_ns;
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 0);
	now.time_ns = before.time_ns - 1;
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 0);
	/* A time that goes back is as none, and takes nothing from the others. */
	now.time_ns = 2 * SECOND;
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 50);
	new.engines[1].ns = 0;
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 0);
}

/* Who comes has all its time since, who goes has none; engines go by their names. */
static void test_device_come_and_go(void **state)
{
	struct nvml_client old = client_of(GPU_A, 10, 1, SECOND, SECOND);
	struct nvml_client new = client_of(GPU_A, 11, 2, SECOND / 4, 0);
	struct nvml_reading before = { SECOND, &old, 1 }, now = { 2 * SECOND, &new, 1 };

	(void)state;
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 25);
	now.count = 0;
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 0);
	now.count = 1;
	new.id = old.id;
	new.engines[0] = (struct nvml_engine_time){ "graphics0", SECOND };
	new.engines[1] = (struct nvml_engine_time){ "copy0", SECOND + SECOND / 8 };
	assert_int_equal(nvml_usage_device(&before, &now, GPU_A), 12);
}

static void test_processes(void **state)
{
	struct nvml_client old[] = {
		client_of(GPU_A, 20, 1, 0, 0),
		client_of(GPU_A, 10, 2, 0, 7),
		client_of(GPU_A, 20, 3, 0, 0),
		client_of(GPU_B, 30, 1, 0, 0),
	};
	struct nvml_client new[] = {
		client_of(GPU_A, 20, 1, SECOND / 4, 0),
		client_of(GPU_A, 10, 2, 0, 7),
		client_of(GPU_A, 20, 3, SECOND / 2, 0),
		client_of(GPU_B, 30, 1, 0, SECOND / 5),
	};
	struct nvml_reading before = { SECOND, old, 4 }, now = { 2 * SECOND, new, 4 };
	struct nvml_process *list;
	size_t count;

	(void)state;
	assert_int_equal(nvml_usage_processes(&before, &now, GPU_A, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(list[0].pid, 10);
	assert_int_equal(list[0].busy, 0);
	assert_int_equal(list[0].vram, 2000);
	assert_true(list[0].graphics);
	assert_int_equal(list[1].pid, 20);
	assert_int_equal(list[1].busy, 75);
	assert_int_equal(list[1].vram, 4000);
	assert_false(list[1].graphics);
	free(list);
	assert_int_equal(nvml_usage_processes(&before, &now, GPU_B, &list, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].pid, 30);
	assert_int_equal(list[0].busy, 20);
	free(list);
	now.count = 0;
	assert_int_equal(nvml_usage_processes(&before, &now, GPU_A, &list, &count), 0);
	assert_int_equal(count, 0);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_no_client),
		cmocka_unit_test(test_parse_malformed),
		cmocka_unit_test(test_parse_many_engines),
		cmocka_unit_test_setup_teardown(test_read, make_proc, remove_proc),
		cmocka_unit_test_setup_teardown(test_read_many, make_proc, remove_proc),
		cmocka_unit_test_setup_teardown(test_read_around, make_proc, remove_proc),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_device_no_share),
		cmocka_unit_test(test_device_come_and_go),
		cmocka_unit_test(test_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
