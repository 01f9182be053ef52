/* SPDX-License-Identifier: MIT */
/* Control socket: commands, and the socket's life. */
#define _GNU_SOURCE
#include "emu_test.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../emu_ctl.h"
#include "../emu_socket.h"
#include "doubles.h"
#include "regs/nv_pmc.h"

static struct json_object *run(struct emu *emu, const char *line)
{
	char *reply = emu_ctl_command(emu, line);
	struct json_object *root;

	assert_non_null(reply);
	/* One line, and only one. */
	assert_ptr_equal(strchr(reply, '\n'), reply + strlen(reply) - 1);
	root = json_tokener_parse(reply);
	assert_non_null(root);
	free(reply);
	return root;
}

static void assert_ok(struct emu *emu, const char *line)
{
	struct json_object *root = run(emu, line), *ok;

	assert_true(json_object_object_get_ex(root, "ok", &ok));
	assert_true(json_object_get_boolean(ok));
	json_object_put(root);
}

static void assert_error(struct emu *emu, const char *line, const char *text)
{
	struct json_object *root = run(emu, line), *error;

	assert_true(json_object_object_get_ex(root, "error", &error));
	assert_non_null(strstr(json_object_get_string(error), text));
	json_object_put(root);
}

static int64_t number(struct json_object *root, const char *outer, const char *inner)
{
	struct json_object *object, *value;

	assert_true(json_object_object_get_ex(root, outer, &object));
	assert_true(json_object_object_get_ex(object, inner, &value));
	assert_true(json_object_is_type(value, json_type_int));
	return json_object_get_int64(value);
}

static void test_stats(void **state)
{
	static const char * const counters[] = {
		"reg_reads", "reg_writes", "doorbells", "interrupts", "methods", "ce_bytes",
		"fw_commands", "fw_events", "faults", "tlb_invalidates", "dma_maps", "dma_unmaps", "resets",
		"sleeps",
	};
	static const char * const violations[] = {
		"total", "register_after_shutdown", "dma_unmapped", "dma_no_bus_master",
		"dead_doorbell", "firmware_malformed", "register_access",
	};
	struct json_object *root, *value;
	struct emu *emu = *state;
	size_t i;

	emu_test_read(emu, NV_PMC_BOOT_0);
	emu_test_read(emu, 0x700000);
	assert_int_equal(emu_mem_map(emu, 0x1000, 0x3000, -1, 0, true, true), 0);
	root = run(emu, "stats");
	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		assert_int_equal(number(root, "counters", counters[i]),
				 strcmp(counters[i], "reg_reads") ? 0 : 2);
	for (i = 0; i < sizeof(violations) / sizeof(violations[0]); i++)
		assert_int_equal(number(root, "violations", violations[i]),
				 !strcmp(violations[i], "total") ||
				 !strcmp(violations[i], "register_access"));
	assert_int_equal(number(root, "dma", "ranges"), 1);
	assert_int_equal(number(root, "dma", "bytes"), 0x3000);
	assert_true(json_object_object_get_ex(root, "recent", &value));
	assert_int_equal(json_object_array_length(value), 1);
	assert_non_null(strstr(json_object_get_string(json_object_array_get_idx(value, 0)),
			       "0x700000"));
	assert_true(json_object_object_get_ex(root, "shut_down", &value));
	assert_false(json_object_get_boolean(value));
	json_object_put(root);

	emu_bar_set_shut_down(emu, true);
	root = run(emu, "stats");
	assert_true(json_object_object_get_ex(root, "shut_down", &value));
	assert_true(json_object_get_boolean(value));
	json_object_put(root);
}

/* A value above 2^63 is still a number. */
static void test_stats_large(void **state)
{
	struct emu *emu = *state;
	char *reply;

	assert_int_equal(emu_mem_map(emu, 0, 0xfffffffffffff000, -1, 0, true, true), 0);
	reply = emu_ctl_command(emu, "stats");
	assert_non_null(strstr(reply, "\"bytes\":18446744073709547520"));
	free(reply);
}

static void test_recent_is_a_ring(void **state)
{
	struct json_object *root, *recent;
	struct emu *emu = *state;
	char text[32];
	int i;

	for (i = 0; i < 40; i++)
		emu_violation(emu, EMU_VIOLATION_DEAD_DOORBELL, "number %d", i);
	root = run(emu, "stats");
	assert_int_equal(number(root, "violations", "dead_doorbell"), 40);
	assert_true(json_object_object_get_ex(root, "recent", &recent));
	assert_int_equal(json_object_array_length(recent), 16);
	for (i = 0; i < 16; i++) {
		snprintf(text, sizeof(text), "number %d", 24 + i);
		assert_string_equal(json_object_get_string(
			json_object_array_get_idx(recent, (size_t)i)), text);
	}
	json_object_put(root);
	assert_ok(emu, "clear");
	root = run(emu, "stats");
	assert_int_equal(number(root, "violations", "total"), 0);
	assert_true(json_object_object_get_ex(root, "recent", &recent));
	assert_int_equal(json_object_array_length(recent), 0);
	json_object_put(root);
}

static void test_misbehaviour(void **state)
{
	struct emu *emu = *state;
	struct json_object *root, *stuck;

	memset(&doubles, 0, sizeof(doubles));
	assert_ok(emu, "hang 1");
	assert_true(doubles.hung);
	assert_int_equal(doubles.hung_engine, 1);
	root = run(emu, "stats");
	assert_true(json_object_object_get_ex(root, "stuck_engines", &stuck));
	assert_int_equal(json_object_get_int(stuck), 1);
	json_object_put(root);
	assert_ok(emu, "  stall-firmware\t250\r");
	assert_int_equal(doubles.stall_ms, 250);
	assert_ok(emu, "crash-firmware");
	assert_true(doubles.crashed);
	assert_ok(emu, "fail-halts 3");
	assert_int_equal(doubles.halts_failed, 3);
	assert_ok(emu, "drop-interrupts");
	assert_ok(emu, "surprise-remove");
	assert_true(emu_bar_is_removed(emu));
	assert_ok(emu, "heal");
	assert_false(emu_bar_is_removed(emu));
	assert_false(doubles.hung);
	assert_false(doubles.crashed);
	assert_int_equal(doubles.stall_ms, 0);
	assert_int_equal(doubles.halts_failed, 0);
}

/* Only a firmware that was made to fail excuses a driver that cannot stop it. */
static void test_fw_failed(void **state)
{
	struct emu *emu = *state;

	assert_ok(emu, "stall-firmware 0");
	assert_false(atomic_load(&emu->fw_failed));
	assert_error(emu, "stall-firmware 3600001", "hour");
	assert_false(atomic_load(&emu->fw_failed));
	assert_ok(emu, "stall-firmware 1");
	assert_true(atomic_load(&emu->fw_failed));
	/* The driver may have given up already. */
	assert_ok(emu, "stall-firmware 0");
	assert_ok(emu, "heal");
	assert_true(atomic_load(&emu->fw_failed));
	emu_lock(emu);
	emu_reset(emu);
	emu_unlock(emu);
	assert_false(atomic_load(&emu->fw_failed));
	assert_ok(emu, "crash-firmware");
	assert_true(atomic_load(&emu->fw_failed));
}

/* A little is copied many times, and much once. */
static void test_memcpy(void **state)
{
	static const struct {
		const char *line;
		int64_t bytes;
	} sizes[] = { { "memcpy 4096", 16 << 20 }, { "memcpy 1", 16 << 20 }, { "memcpy 20000000", 20000000 } };
	struct json_object *root, *bytes, *ns;
	struct emu *emu = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		root = run(emu, sizes[i].line);
		assert_true(json_object_object_get_ex(root, "bytes", &bytes));
		assert_true(json_object_object_get_ex(root, "ns", &ns));
		assert_int_equal(json_object_get_int64(bytes), sizes[i].bytes);
		assert_true(json_object_get_int64(ns) > 0);
		json_object_put(root);
	}
}

static bool is_asleep(struct emu *emu)
{
	struct json_object *root = run(emu, "stats"), *value;
	bool asleep;

	assert_true(json_object_object_get_ex(root, "asleep", &value));
	asleep = json_object_get_boolean(value);
	json_object_put(root);
	return asleep;
}

/* What a sleep can do to a device, once; and not if it was healed before. */
static void test_misbehaviour_asleep(void **state)
{
	const unsigned int power = 0x44;	/* PMCSR */
	struct emu *emu = *state;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		emu->vram[0x1000] = 7;
		assert_false(is_asleep(emu));
		if (i != 1)
			assert_ok(emu, "forget-asleep");
		if (i == 2)
			assert_ok(emu, "heal");
		emu_test_config_write(emu, power, 3, 2);
		assert_true(is_asleep(emu));
		emu_test_config_write(emu, power, 0, 2);
		assert_int_equal(emu->vram[0x1000], i ? 7 : 0);
	}
	assert_ok(emu, "remove-asleep");
	assert_false(emu_bar_is_removed(emu));
	emu_test_config_write(emu, power, 3, 2);
	assert_true(emu_bar_is_removed(emu));
	/* It is back, and whoever put it to sleep may wake it. */
	assert_ok(emu, "heal");
	assert_false(emu_bar_is_removed(emu));
	assert_true(is_asleep(emu));
	emu_test_config_write(emu, power, 0, 2);
	assert_false(is_asleep(emu));
	emu_test_config_write(emu, power, 3, 2);
	assert_false(emu_bar_is_removed(emu));
}

static void test_bad_commands(void **state)
{
	struct emu *emu = *state;
	char longest[EMU_CTL_LINE + 8];

	memset(&doubles, 0, sizeof(doubles));
	assert_error(emu, "", "empty");
	assert_error(emu, " \t", "empty");
	assert_error(emu, "explode", "unknown command");
	assert_error(emu, "Stats", "unknown command");
	assert_error(emu, "hang", "one number");
	assert_error(emu, "hang x", "one number");
	assert_error(emu, "hang -1", "one number");
	assert_error(emu, "hang 1x", "one number");
	assert_error(emu, "hang 99999999999999999999999", "one number");
	assert_error(emu, "hang 4294967296", "one number");
	assert_error(emu, "hang 3", "no such engine");
	assert_error(emu, "hang 0 0", "too many");
	assert_error(emu, "stats now", "no argument");
	assert_error(emu, "stall-firmware 3600001", "hour");
	assert_error(emu, "fail-halts", "one number");
	assert_error(emu, "memcpy 0", "64 MiB");
	assert_error(emu, "memcpy 67108865", "64 MiB");
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_error(emu, longest, "too long");
	assert_false(doubles.hung);
	assert_int_equal(doubles.stall_ms, 0);
}

/* --- over the socket --- */

struct server {
	char directory[32];
	char path[64];
	struct emu_socket sock;
	struct emu_ctl *ctl;
};

static void server_start(struct server *server, struct emu *emu)
{
	strcpy(server->directory, "/tmp/nova-ctl-XXXXXX");
	assert_non_null(mkdtemp(server->directory));
	snprintf(server->path, sizeof(server->path), "%s/ctl", server->directory);
	assert_int_equal(emu_socket_listen(&server->sock, server->path), 0);
	server->ctl = emu_ctl_create(emu, server->sock.fd);
	assert_non_null(server->ctl);
}

static void server_stop(struct server *server)
{
	emu_ctl_destroy(server->ctl);
	emu_socket_close(&server->sock);
	/* The name is gone with the server, so the directory is empty. */
	assert_int_equal(rmdir(server->directory), 0);
}

static FILE *client_open(struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *file;

	assert_true(fd >= 0);
	strcpy(address.sun_path, server->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	file = fdopen(fd, "r+");
	assert_non_null(file);
	setvbuf(file, NULL, _IONBF, 0);
	return file;
}

static void assert_answer(FILE *client, const char *text)
{
	char line[8192];

	assert_non_null(fgets(line, sizeof(line), client));
	assert_non_null(strstr(line, text));
	assert_non_null(strchr(line, '\n'));
}

static void test_socket_clients(void **state)
{
	struct emu *emu = *state;
	FILE *first, *second;
	struct server server;

	server_start(&server, emu);
	first = client_open(&server);
	second = client_open(&server);
	fputs("sta", first);
	fputs("clear\n", second);
	assert_answer(second, "\"ok\":true");
	fputs("ts\n", first);
	assert_answer(first, "\"violations\":{\"total\":0");
	/* Several lines in one packet, the last one unfinished. */
	fputs("clear\nhang 7\n\nsta", first);
	assert_answer(first, "\"ok\":true");
	assert_answer(first, "no such engine");
	assert_answer(first, "empty command");
	fclose(first);
	first = client_open(&server);
	fputs("stats\n", first);
	assert_answer(first, "\"dma\":{\"ranges\":0,\"bytes\":0}");
	fclose(first);
	/* Still open when the server ends. */
	server_stop(&server);
	assert_int_equal(fgetc(second), EOF);
	fclose(second);
}

static void test_socket_overlong(void **state)
{
	struct emu *emu = *state;
	struct server server;
	FILE *client;
	int i;

	server_start(&server, emu);
	client = client_open(&server);
	for (i = 0; i < 5000; i++)
		fputc('x', client);
	fputs("\nclear\n", client);
	assert_answer(client, "line too long");
	assert_answer(client, "\"ok\":true");
	/* Exactly what fits, and one more. */
	for (i = 0; i < EMU_CTL_LINE - 1; i++)
		fputc('y', client);
	fputc('\n', client);
	assert_answer(client, "unknown command");
	for (i = 0; i < EMU_CTL_LINE; i++)
		fputc('z', client);
	fputc('\n', client);
	assert_answer(client, "line too long");
	assert_int_equal(fwrite("clear\0x\n", 1, 8, client), 8);
	assert_answer(client, "NUL");
	fputs("clear\n", client);
	assert_answer(client, "\"ok\":true");
	fclose(client);
	server_stop(&server);
}

/* A client that sends much and reads late gets every answer. */
static void test_socket_slow_reader(void **state)
{
	enum { COMMANDS = 5000 };
	struct emu *emu = *state;
	struct pollfd pollfd = { 0 };
	unsigned int sent = 0, lines = 0;
	struct server server;
	char data[4096];
	FILE *client;
	ssize_t got, i;

	server_start(&server, emu);
	client = client_open(&server);
	pollfd.fd = fileno(client);
	/* Writes until neither side can go on, then reads; and so on. */
	while (lines < COMMANDS) {
		while (sent < COMMANDS && send(pollfd.fd, "stats\n", 6, MSG_DONTWAIT) == 6)
			sent++;
		pollfd.events = POLLIN | (sent < COMMANDS ? POLLOUT : 0);
		assert_true(poll(&pollfd, 1, -1) > 0);
		if (!(pollfd.revents & POLLIN))
			continue;
		got = recv(pollfd.fd, data, sizeof(data), 0);
		assert_true(got > 0);
		for (i = 0; i < got; i++)
			lines += data[i] == '\n';
	}
	fclose(client);
	server_stop(&server);
}

static void test_socket_too_many(void **state)
{
	struct emu *emu = *state;
	struct server server;
	FILE *clients[17];
	int i;

	server_start(&server, emu);
	for (i = 0; i < 16; i++) {
		clients[i] = client_open(&server);
		fputs("clear\n", clients[i]);
		assert_answer(clients[i], "ok");
	}
	clients[16] = client_open(&server);
	assert_answer(clients[16], "too many clients");
	assert_int_equal(fgetc(clients[16]), EOF);
	for (i = 0; i < 17; i++)
		fclose(clients[i]);
	server_stop(&server);
}

static void test_socket_names(void **state)
{
	struct emu_socket again = EMU_SOCKET_NONE;
	char other[80], tall[200];
	struct emu *emu = *state;
	struct server server;
	struct stat st;
	FILE *file;

	server_start(&server, emu);
	assert_int_equal(emu_socket_listen(&again, server.path), -EADDRINUSE);
	snprintf(other, sizeof(other), "%s/file", server.directory);
	file = fopen(other, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(emu_socket_listen(&again, other), -EEXIST);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(emu_socket_listen(&again, "/nonexistent/socket"), -ENOENT);
	assert_int_equal(emu_socket_listen(&again, ""), -EINVAL);
	memset(tall, 'a', sizeof(tall) - 1);
	tall[sizeof(tall) - 1] = '\0';
	assert_int_equal(emu_socket_listen(&again, tall), -ENAMETOOLONG);
	emu_socket_close(&again);

	/* A dead server's name is taken over; the old server does not remove the new name. */
	assert_int_equal(emu_socket_listen(&again, other), 0);
	close(again.fd);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(emu_socket_listen(&again, other), 0);
	assert_int_equal(unlink(other), 0);
	file = fopen(other, "w");
	assert_non_null(file);
	fclose(file);
	emu_socket_close(&again);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(unlink(other), 0);
	server_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		emu_unit_test(test_stats),
		emu_unit_test(test_stats_large),
		emu_unit_test(test_recent_is_a_ring),
		emu_unit_test(test_misbehaviour),
		emu_unit_test(test_fw_failed),
		emu_unit_test(test_misbehaviour_asleep),
		emu_unit_test(test_memcpy),
		emu_unit_test(test_bad_commands),
		emu_unit_test(test_socket_clients),
		emu_unit_test(test_socket_overlong),
		emu_unit_test(test_socket_slow_reader),
		emu_unit_test(test_socket_too_many),
		emu_unit_test(test_socket_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
