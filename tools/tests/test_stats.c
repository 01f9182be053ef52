// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "demo_stats.h"

static const char answer[] =
	"{\"counters\":{\"reg_reads\":12},\"dma\":{\"ranges\":3,\"bytes\":12884901888},"
	"\"violations\":{\"total\":2,\"dma_unmapped\":2},"
	"\"recent\":[\"first\",\"read of 0x1000 is not mapped\"],\"shut_down\":true}\n";

static void test_parse(void **state)
{
	struct demo_stats stats;

	(void)state;
	assert_int_equal(demo_stats_parse(answer, &stats), 0);
	assert_int_equal(stats.violations, 2);
	assert_int_equal(stats.dma_ranges, 3);
	assert_int_equal(stats.dma_bytes, 12884901888);
	assert_string_equal(stats.recent, "read of 0x1000 is not mapped");
	assert_int_equal(demo_stats_parse("{\"violations\":{\"total\":0},\"recent\":[],"
					  "\"dma\":{\"ranges\":0,\"bytes\":0}}", &stats), 0);
	assert_int_equal(stats.violations, 0);
	assert_string_equal(stats.recent, "");
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
		"", "nonsense", "{}", "[]", "{\"error\":\"unknown command\"}",
		"{\"violations\":{\"total\":\"0\"},\"dma\":{\"ranges\":0,\"bytes\":0}}",
		"{\"violations\":{\"total\":0},\"dma\":{\"ranges\":0}}",
		"{\"violations\":{\"total\":0}}",
		"{\"violations\":0,\"dma\":{\"ranges\":0,\"bytes\":0}}",
	};
	struct demo_stats stats;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(demo_stats_parse(bad[i], &stats), -EBADMSG);
	assert_int_equal(demo_stats_read("/tmp/nova-no-such-port", &stats), -ENOENT);
}

/* The answer comes in two pieces, as it may from a port. */
static void test_ask(void **state)
{
	struct demo_stats stats;
	char command[16] = "";
	int sockets[2];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	pid = fork();
	if (!pid) {
		if (read(sockets[1], command, sizeof(command) - 1) < 0 || strcmp(command, "stats\n"))
			_exit(1);
		if (write(sockets[1], answer, 10) != 10)
			_exit(1);
		_exit(write(sockets[1], answer + 10, strlen(answer + 10)) < 0);
	}
	close(sockets[1]);
	assert_int_equal(demo_stats_ask(sockets[0], &stats), 0);
	assert_int_equal(stats.violations, 2);
	waitpid(pid, NULL, 0);
	close(sockets[0]);
}

static void test_ask_nobody(void **state)
{
	struct demo_stats stats;
	int sockets[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	assert_int_equal(shutdown(sockets[1], SHUT_WR), 0);
	assert_int_equal(demo_stats_ask(sockets[0], &stats), -EPIPE);
	close(sockets[1]);
	close(sockets[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_ask_nobody),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
