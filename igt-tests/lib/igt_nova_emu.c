/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>

#include <json.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_emu.h"

#define COMMAND_MAX	128
#define ANSWER_MAX	65536
#define EMUS_MAX	4

struct igt_nova_emu {
	int fd;
	unsigned int index;
	char answer[ANSWER_MAX];
};

/* For the exit handler: a test that failed must not leave a device misbehaving. */
static struct igt_nova_emu *open_emus[EMUS_MAX];

bool igt_nova_emu_connected(const struct igt_nova_emu *emu)
{
	struct pollfd poll_fd = { .fd = emu->fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) >= 0 && !(poll_fd.revents & POLLHUP);
}

void igt_nova_emu_heal(struct igt_nova_emu *emu)
{
	struct pollfd poll_fd = { .fd = emu->fd, .events = POLLIN };

	if (igt_nova_emu_connected(emu) && write(emu->fd, "heal\n", 5) == 5 &&
	    poll(&poll_fd, 1, 1000) == 1 &&
	    read(emu->fd, emu->answer, sizeof(emu->answer)) < 0)
		igt_debug("the emulator's control port: %m\n");
}

static void heal_at_exit(int signal)
{
	(void)signal;
	for (size_t i = 0; i < EMUS_MAX; i++)
		if (open_emus[i])
			igt_nova_emu_heal(open_emus[i]);
}

/* An earlier process may have been killed between its command and the answer. */
static void discard_old_answers(struct igt_nova_emu *emu)
{
	struct pollfd poll_fd = { .fd = emu->fd, .events = POLLIN };

	while (poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN))
		if (read(emu->fd, emu->answer, sizeof(emu->answer)) <= 0)
			break;
}

struct igt_nova_emu *igt_nova_emu_open(unsigned int index)
{
	struct igt_nova_emu *emu;
	char path[64];
	int fd;

	igt_assert(index < EMUS_MAX);
	snprintf(path, sizeof(path), "/dev/virtio-ports/nova-ctl.%u", index);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		igt_assert_f(errno == ENOENT, "%s: %m\n", path);
		return NULL;
	}
	emu = calloc(1, sizeof(*emu));
	igt_assert(emu);
	emu->fd = fd;
	emu->index = index;
	open_emus[index] = emu;
	igt_install_exit_handler(heal_at_exit);
	discard_old_answers(emu);
	return emu;
}

void igt_nova_emu_close(struct igt_nova_emu *emu)
{
	if (emu) {
		open_emus[emu->index] = NULL;
		close(emu->fd);
	}
	free(emu);
}

static void read_line(struct igt_nova_emu *emu)
{
	struct pollfd poll_fd = { .fd = emu->fd, .events = POLLIN };
	size_t used = 0;

	do {
		ssize_t got;

		igt_assert_f(poll(&poll_fd, 1, IGT_NOVA_PATIENCE_S * 1000) == 1,
			     "no answer from the emulator\n");
		got = read(emu->fd, emu->answer + used, sizeof(emu->answer) - 1 - used);
		igt_assert_f(got > 0, "the emulator's control port is closed\n");
		used += got;
		igt_assert(used < sizeof(emu->answer) - 1);
	} while (emu->answer[used - 1] != '\n');
	emu->answer[used] = '\0';
}

static struct json_object *transact(struct igt_nova_emu *emu, const char *command)
{
	struct json_object *answer, *error;
	size_t length = strlen(command);

	igt_assert_eq(write(emu->fd, command, length), length);
	read_line(emu);
	answer = json_tokener_parse(emu->answer);
	igt_assert_f(answer && json_object_is_type(answer, json_type_object),
		     "not JSON: %s", emu->answer);
	igt_assert_f(!json_object_object_get_ex(answer, "error", &error),
		     "the emulator refuses %.*s: %s\n", (int)length - 1, command,
		     json_object_get_string(error));
	return answer;
}

void igt_nova_emu_command(struct igt_nova_emu *emu, const char *format, ...)
{
	char command[COMMAND_MAX];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(command, sizeof(command) - 1, format, args);
	va_end(args);
	igt_assert(length > 0 && length < (int)sizeof(command) - 1);
	command[length] = '\n';
	command[length + 1] = '\0';
	json_object_put(transact(emu, command));
}

/* The member at a path of names, which must be there: a missing counter is no zero. */
static struct json_object *member(struct json_object *object, const char *group, const char *name)
{
	struct json_object *value = object;

	if (group)
		igt_assert_f(json_object_object_get_ex(object, group, &value),
			     "stats without \"%s\"\n", group);
	igt_assert_f(json_object_object_get_ex(value, name, &value),
		     "stats without \"%s\"\n", name);
	return value;
}

static uint64_t number(struct json_object *object, const char *group, const char *name)
{
	struct json_object *value = member(object, group, name);

	igt_assert_f(json_object_is_type(value, json_type_int), "\"%s\" is no number\n", name);
	return json_object_get_uint64(value);
}

static uint64_t sum(struct json_object *counters)
{
	uint64_t total = 0;

	json_object_object_foreach(counters, name, value) {
		(void)name;
		total += json_object_get_uint64(value);
	}
	return total;
}

void igt_nova_emu_stats(struct igt_nova_emu *emu, struct igt_nova_emu_stats *stats)
{
	struct json_object *answer = transact(emu, "stats\n");

	stats->register_accesses = number(answer, "counters", "reg_reads") +
				   number(answer, "counters", "reg_writes");
	stats->interrupts = number(answer, "counters", "interrupts");
	stats->ce_bytes = number(answer, "counters", "ce_bytes");
	stats->resets = number(answer, "counters", "resets");
	stats->dma_ranges = number(answer, "dma", "ranges");
	stats->violations = number(answer, "violations", "total");
	stats->stuck_engines = json_object_get_int(member(answer, NULL, "stuck_engines"));
	stats->shut_down = json_object_get_boolean(member(answer, NULL, "shut_down"));
	stats->sleeps = number(answer, "counters", "sleeps");
	stats->asleep = json_object_get_boolean(member(answer, NULL, "asleep"));
	stats->lies = sum(member(answer, "chaos", "lies"));
	stats->dma_blocked = number(answer, "chaos", "dma_blocked");
	stats->excused = number(answer, "chaos", "excused");
	json_object_put(answer);
}

void igt_nova_emu_print_recent(struct igt_nova_emu *emu)
{
	struct json_object *answer = transact(emu, "stats\n");
	struct json_object *recent = member(answer, NULL, "recent");

	igt_info("violations: %s\n",
		 json_object_to_json_string(member(answer, NULL, "violations")));
	igt_info("chaos: %s\n", json_object_to_json_string(member(answer, NULL, "chaos")));
	for (size_t i = 0; i < json_object_array_length(recent); i++)
		igt_info("  %s\n", json_object_get_string(json_object_array_get_idx(recent, i)));
	json_object_put(answer);
}

void igt_nova_emu_wait_stuck(struct igt_nova_emu *emu)
{
	struct igt_nova_emu_stats stats;

	do {
		igt_nova_emu_stats(emu, &stats);
	} while (!stats.stuck_engines);
}
