// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "demo_stats.h"

#define ANSWER_MAX	65536
#define ANSWER_MS	10000	/* an emulator that is silent for so long is not there */

static bool get_number(struct json_object *object, const char *name, uint64_t *value)
{
	struct json_object *member;

	if (!json_object_object_get_ex(object, name, &member) ||
	    !json_object_is_type(member, json_type_int))
		return false;
	*value = json_object_get_uint64(member);
	return true;
}

static bool take(struct json_object *answer, struct demo_stats *stats)
{
	struct json_object *violations, *dma, *recent;
	size_t count;

	if (!json_object_object_get_ex(answer, "violations", &violations) ||
	    !json_object_object_get_ex(answer, "dma", &dma) ||
	    !get_number(violations, "total", &stats->violations) ||
	    !get_number(dma, "ranges", &stats->dma_ranges) ||
	    !get_number(dma, "bytes", &stats->dma_bytes))
		return false;
	stats->recent[0] = '\0';
	if (json_object_object_get_ex(answer, "recent", &recent) &&
	    json_object_is_type(recent, json_type_array)) {
		count = json_object_array_length(recent);
		if (count)
			snprintf(stats->recent, sizeof(stats->recent), "%s",
				 json_object_get_string(json_object_array_get_idx(recent, count - 1)));
	}
	return true;
}

int demo_stats_parse(const char *line, struct demo_stats *stats)
{
	struct json_object *answer = json_tokener_parse(line);
	bool good = answer && take(answer, stats);

	json_object_put(answer);
	return good ? 0 : -EBADMSG;
}

static int read_line(int fd, char *line, size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t length = 0;
	ssize_t got;
	int ret;

	while (length + 1 < size) {
		ret = poll(&pfd, 1, ANSWER_MS);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			return ret ? -errno : -ETIME;
		got = read(fd, line + length, size - 1 - length);
		if (got <= 0)
			return got ? -errno : -EPIPE;
		length += (size_t)got;
		line[length] = '\0';
		if (line[length - 1] == '\n')
			return 0;
	}
	return -EMSGSIZE;
}

int demo_stats_ask(int fd, struct demo_stats *stats)
{
	static const char command[] = "stats\n";
	static char line[ANSWER_MAX];
	ssize_t put = write(fd, command, strlen(command));
	int ret;

	if (put != (ssize_t)strlen(command))
		return put < 0 ? -errno : -EIO;
	ret = read_line(fd, line, sizeof(line));
	return ret ? ret : demo_stats_parse(line, stats);
}

int demo_stats_read(const char *path, struct demo_stats *stats)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = demo_stats_ask(fd, stats);
	close(fd);
	return ret;
}
