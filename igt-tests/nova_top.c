/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_job.h"
#include "igt_nova_pm.h"
#include "igt_nova_room.h"
#include "igt_nova_unplug.h"

IGT_TEST_DESCRIPTION("Upstream's monitoring tools, unmodified, show our clients.");

#define MIB		(1024ull * 1024)
#define VRAM		DRM_NOVA_PLACEMENT_VRAM
#define GPUTOP		"/usr/bin/gputop"
#define NVTOP		"/usr/bin/nvtop"
#define CLIENTS		2
#define TEXT_MAX	(256u * 1024)

/* The clients that the tools are to show, 0 is none. */
static pid_t clients[CLIENTS];
static char text[TEXT_MAX];

/* What a client does until it is killed; it says so when it has begun. */
static void busy_client(unsigned int index, int begun)
{
	struct igt_nova_client client;
	struct igt_nova_bo bo;
	uint32_t queue;

	igt_nova_client_init(&client, igt_nova_dev_open(igt_nova_unplug_dev()));
	igt_nova_client_bo(&client, &bo, (index + 1) * 4 * MIB, VRAM);
	queue = igt_nova_client_queue(&client, index % igt_nova_engine_count(client.fd));
	igt_nova_client_work(&client, &bo, queue);
	igt_assert_eq(write(begun, "", 1), 1);
	for (;;)
		igt_nova_client_work(&client, &bo, queue);
}

static void start_clients(void)
{
	int begun[2];
	char byte;

	igt_assert_eq(pipe(begun), 0);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		igt_assert_lte(0, clients[i]);
		if (clients[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			busy_client(i, begun[1]);
		}
	}
	close(begun[1]);
	for (unsigned int i = 0; i < CLIENTS; i++)
		igt_assert_eq(read(begun[0], &byte, 1), 1);
	close(begun[0]);
}

static void stop_clients(void)
{
	for (unsigned int i = 0; i < CLIENTS; i++) {
		if (clients[i] <= 0)
			continue;
		kill(clients[i], SIGKILL);
		waitpid(clients[i], NULL, 0);
		clients[i] = 0;
	}
}

/* What a command prints, all of it, into @text. */
static void run_tool(const char *command)
{
	FILE *pipe = popen(command, "re");
	size_t length = 0, piece;

	igt_assert(pipe);
	while ((piece = fread(text + length, 1, sizeof(text) - 1 - length, pipe)) > 0)
		length += piece;
	text[length] = '\0';
	igt_assert_f(pclose(pipe) == 0, "%s:\n%s\n", command, text);
}

/* It lists both of two clients by their processes, with their engines. */
static void test_gputop(int fd)
{
	uint32_t engines;
	char expected[32];

	igt_require_f(access(GPUTOP, X_OK) == 0, "no gputop\n");
	fd = igt_nova_dev_open(igt_nova_unplug_dev());
	engines = igt_nova_engine_count(fd);
	close(fd);
	start_clients();
	run_tool(GPUTOP " -d 1 -n 3 2>&1");
	igt_info("%s\n", text);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		snprintf(expected, sizeof(expected), "%d ", clients[i]);
		igt_assert_f(strstr(text, expected), "process %d is not in it\n", clients[i]);
	}
	for (unsigned int i = 0; i < CLIENTS && i < engines; i++) {
		snprintf(expected, sizeof(expected), "copy%u", i);
		igt_assert_f(strstr(text, expected), "engine %s is not in it\n", expected);
	}
	stop_clients();
}

/* Skips without it. NVML on our driver is in the build directory, or where it is installed: @dir. */
static void require_nvtop(char dir[PATH_MAX])
{
	char self[PATH_MAX / 2], library[PATH_MAX + 32];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	igt_require_f(access(NVTOP, X_OK) == 0, "no nvtop\n");
	igt_assert(length > 0);
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(dir, PATH_MAX, "%s/../tools/nvml", self);
	snprintf(library, sizeof(library), "%s/libnvidia-ml.so.1", dir);
	if (access(library, R_OK))
		snprintf(dir, PATH_MAX, "%s", NVML_DIR);
	snprintf(library, sizeof(library), "%s/libnvidia-ml.so.1", dir);
	igt_require_f(access(library, R_OK) == 0, "no %s\n", library);
}

/* The largest of the numbers behind a key. */
static unsigned int largest(const char *key)
{
	unsigned int most = 0, value;

	for (const char *at = strstr(text, key); at; at = strstr(at + 1, key))
		if (sscanf(at + strlen(key), "%u", &value) == 1 && value > most)
			most = value;
	return most;
}

/* One look at the devices, which have our name. */
static void take_snapshot(const char *dir)
{
	char command[PATH_MAX + 64];

	snprintf(command, sizeof(command), "LD_LIBRARY_PATH=%s %s -s 2>&1", dir, NVTOP);
	run_tool(command);
	igt_assert_f(strstr(text, "\"device_name\": \"Nova GPU, chip"), "%s\n", text);
}

/* A job is charged when it ends, and nobody says when that is: so until a look has seen one end. */
static void check_snapshot(const char *dir)
{
	do {
		take_snapshot(dir);
	} while (!largest("\"gpu_util\": \""));
	igt_info("%s\n", text);
}

/* What is shown, without how it gets to its place: escape sequences and blanks become one blank. */
static void strip(const char *raw, char *shown)
{
	bool blank = false;

	while (*raw) {
		size_t skip = strspn(raw, " \r\n\t\b");

		if (*raw == '\033' && raw[1] == '[')
			skip = 2 + strspn(raw + 2, "0123456789:;<=>?!");
		else if (*raw == '\033')	/* ESC ( B is the longest of the others */
			skip = strspn(raw + 1, "()") + 1;
		if (*raw == '\033' && raw[skip])
			skip++;
		if (skip && !blank)
			*shown++ = ' ';
		blank = skip;
		if (!skip)
			*shown++ = *raw++;
		raw += skip;
	}
	*shown = '\0';
}

static bool shows_clients(const char *shown)
{
	char expected[32];

	for (unsigned int i = 0; i < CLIENTS; i++) {
		snprintf(expected, sizeof(expected), " %d root ", clients[i]);
		if (!strstr(shown, expected))
			return false;
	}
	return true;
}

static pid_t start_nvtop(const char *dir, int *terminal)
{
	struct winsize size = { .ws_row = 40, .ws_col = 120 };
	pid_t pid = forkpty(terminal, NULL, NULL, &size);

	igt_assert_lte(0, pid);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("LD_LIBRARY_PATH", dir, 1);
	setenv("TERM", "xterm", 1);
	setenv("HOME", "/nonexistent", 1);
	execl(NVTOP, NVTOP, "-p", "-C", NULL);
	_exit(127);
}

/* Reads what it shows from now on until that is as it should be. */
static void wait_shown(int terminal, bool (*is_shown)(const char *shown))
{
	static char shown[TEXT_MAX];
	size_t length = 0;
	ssize_t piece;

	do {
		piece = read(terminal, text + length, sizeof(text) - 1 - length);
		igt_assert_f(piece > 0, "nvtop has ended, having shown:\n%s\n", shown);
		length += piece;
		text[length] = '\0';
		strip(text, shown);
	} while (!is_shown(shown));
	igt_info("%s\n", shown);
}

static void stop_nvtop(pid_t pid, int terminal)
{
	int status;

	igt_assert_eq(write(terminal, "q", 1), 1);
	while (read(terminal, text, sizeof(text)) > 0)	/* EIO when it has closed the other end */
		continue;
	igt_assert_eq(waitpid(pid, &status, 0), pid);
	igt_assert_eq(status, 0);
	close(terminal);
}

/*
 * By NVML, as it knows NVIDIA's GPUs. The list on its screen has both clients from the start, so
 * their lines are written as a whole.
 */
static void test_nvtop(int fd)
{
	char dir[PATH_MAX];
	int terminal;
	pid_t pid;

	(void)fd;
	require_nvtop(dir);
	start_clients();
	check_snapshot(dir);
	pid = start_nvtop(dir, &terminal);
	wait_shown(terminal, shows_clients);
	stop_nvtop(pid, terminal);
	stop_clients();
}

/* With a file, buffers and queues open, all of which it shows. */
static void test_nvtop_asleep(int fd)
{
	struct igt_nova_room room;
	char dir[PATH_MAX];
	uint64_t before;

	(void)fd;
	require_nvtop(dir);
	igt_nova_room_begin();
	igt_nova_room_open(&room);
	before = igt_nova_room_wait_asleep();
	take_snapshot(dir);
	igt_assert_lt(0, largest("\"mem_util\": \""));
	igt_assert(igt_nova_dev_is_asleep(igt_nova_unplug_dev()));
	igt_assert_eq_u64(igt_nova_room_sleeps(), before);
	igt_nova_room_close(&room);
	igt_nova_unplug_check_harmless();
}

/* Where there was a number, which it wrote before. */
static bool shows_loss(const char *shown)
{
	return strstr(shown, "N/A");
}

/* It says that it cannot tell any more, goes on, and does not keep the device from going. */
static void test_nvtop_unplug(int fd)
{
	char dir[PATH_MAX];
	int terminal;
	pid_t pid;

	(void)fd;
	require_nvtop(dir);
	start_clients();
	pid = start_nvtop(dir, &terminal);
	wait_shown(terminal, shows_clients);
	stop_clients();
	igt_nova_unplug(igt_nova_path("unbind"));
	wait_shown(terminal, shows_loss);
	igt_nova_unplug_check_quiet();
	igt_nova_replug();
	stop_nvtop(pid, terminal);
}

static const struct igt_nova_test tests[] = {
	{ "gputop", "It shows processes and engines.", test_gputop },
	{ "nvtop", "It shows the device and processes.", test_nvtop },
	{ "nvtop-asleep", "It does not wake the device.", test_nvtop_asleep },
	{ "nvtop-unplug", "It outlives the device.", test_nvtop_unplug },
};

int igt_main()
{
	igt_fixture() {
		igt_nova_unplug_init();
		igt_nova_unplug_clean_with(stop_clients);
	}
	igt_nova_unplug_run_tests(tests, ARRAY_SIZE(tests));
	igt_fixture()
		igt_nova_unplug_fini();
}
