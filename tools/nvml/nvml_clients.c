// SPDX-License-Identifier: MIT
/* Clients of the driver, from /proc/PID/fdinfo. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nvml_clients.h"

#define DRIVER		"nova-drm"
#define ENGINE_KEY	"drm-engine-"
#define CAPACITY_KEY	"drm-engine-capacity-"
#define DRI_NODES	"/dev/dri/"
#define TEXT_MAX	8192u

/* --- one fdinfo --- */

/* Behind @prefix, or NULL. */
static const char *behind(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) ? NULL : text + length;
}

/* @text is a number and one of @units, of which each is 1024 times the one before. */
static bool parse_number(const char *text, const char *const *units, uint64_t *number)
{
	unsigned long long value, factor = 1;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno)
		return false;
	while (*end == ' ')
		end++;
	for (; *units; units++, factor *= 1024) {
		if (strcmp(end, *units))
			continue;
		if (value > UINT64_MAX / factor)
			return false;
		*number = value * factor;
		return true;
	}
	return false;
}

static bool parse_bytes(const char *text, uint64_t *bytes)
{
	static const char *const units[] = { "", "KiB", "MiB", "GiB", NULL };

	return parse_number(text, units, bytes);
}

static bool parse_engine(const char *name, const char *value, struct nvml_client *client)
{
	static const char *const units[] = { "ns", NULL };
	struct nvml_engine_time *engine = &client->engines[client->engine_count];

	if (!*name || strlen(name) >= sizeof(engine->name) ||
	    client->engine_count == NVML_CLIENT_ENGINES ||
	    !parse_number(value, units, &engine->ns))
		return false;
	strcpy(engine->name, name);
	client->engine_count++;
	return true;
}

/* What is needed of a client. */
#define HAS_DRIVER	1u
#define HAS_PDEV	2u
#define HAS_ID		4u
#define HAS_ALL		7u

static unsigned int parse_line(const char *key, const char *value, struct nvml_client *client)
{
	static const char *const no_unit[] = { "", NULL };
	const char *name;

	if (!strcmp(key, "drm-driver"))
		return strcmp(value, DRIVER) ? 0 : HAS_DRIVER;
	if (!strcmp(key, "drm-client-id"))
		return parse_number(value, no_unit, &client->id) ? HAS_ID : 0;
	if (!strcmp(key, "drm-pdev")) {
		if (!*value || strlen(value) >= sizeof(client->pdev))
			return 0;
		strcpy(client->pdev, value);
		return HAS_PDEV;
	}
	if (!strcmp(key, "drm-resident-vram")) {
		parse_bytes(value, &client->vram);
		return 0;
	}
	name = behind(key, CAPACITY_KEY) ? NULL : behind(key, ENGINE_KEY);
	if (name)
		parse_engine(name, value, client);
	return 0;
}

int nvml_clients_parse(const char *text, struct nvml_client *client)
{
	unsigned int has = 0;
	char line[128], *value;
	size_t length;

	*client = (struct nvml_client){ 0 };
	for (; *text; text += length + (text[length] == '\n')) {
		length = strcspn(text, "\n");
		if (length >= sizeof(line))
			continue;
		memcpy(line, text, length);
		line[length] = '\0';
		value = strchr(line, ':');
		if (!value)
			continue;
		*value++ = '\0';
		value += strspn(value, " \t");
		has |= parse_line(line, value, client);
	}
	return has == HAS_ALL ? 0 : -ENOENT;
}

/* --- all of them --- */

/* Reads a file to its end, or as far as there is room. */
static bool read_text(int dir, const char *name, char text[TEXT_MAX])
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t piece;

	if (fd < 0)
		return false;
	do {
		piece = read(fd, text + length, TEXT_MAX - 1 - length);
		if (piece > 0)
			length += (size_t)piece;
	} while (piece > 0 && length < TEXT_MAX - 1);
	close(fd);
	text[length] = '\0';
	return piece >= 0;
}

/* A link is read sooner than an fdinfo made, and most descriptors are of no DRM node. */
static bool is_dri_node(int fds, const char *name)
{
	char target[sizeof(DRI_NODES)] = "";

	return readlinkat(fds, name, target, sizeof(target) - 1) > 0 && behind(target, DRI_NODES);
}

static int add(struct nvml_reading *reading, size_t *room, const struct nvml_client *client)
{
	struct nvml_client *clients = reading->clients;

	if (reading->count == *room) {
		*room = *room ? 2 * *room : 16;
		clients = reallocarray(clients, *room, sizeof(*clients));
		if (!clients)
			return -ENOMEM;
		reading->clients = clients;
	}
	clients[reading->count++] = *client;
	return 0;
}

static int read_files(DIR *fds, int fdinfos, unsigned int pid, struct nvml_reading *reading,
		      size_t *room)
{
	struct nvml_client client;
	struct dirent *entry;
	char text[TEXT_MAX];
	int ret = 0;

	while (!ret && (entry = readdir(fds))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !is_dri_node(dirfd(fds), entry->d_name) ||
		    !read_text(fdinfos, entry->d_name, text) || nvml_clients_parse(text, &client))
			continue;
		client.pid = pid;
		ret = add(reading, room, &client);
	}
	return ret;
}

static int open_part(int proc, const char *process, const char *part)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", process, part);
	return openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int read_process(int proc, const char *name, struct nvml_reading *reading, size_t *room)
{
	int fds = open_part(proc, name, "fd"), fdinfos = open_part(proc, name, "fdinfo"), ret = 0;
	DIR *dir = fds < 0 ? NULL : fdopendir(fds);

	if (dir && fdinfos >= 0)
		ret = read_files(dir, fdinfos, (unsigned int)strtoul(name, NULL, 10), reading,
				 room);
	if (dir)
		closedir(dir);
	else if (fds >= 0)
		close(fds);
	if (fdinfos >= 0)
		close(fdinfos);
	return ret;
}

static int by_number(const void *first, const void *second)
{
	const struct nvml_client *a = first, *b = second;
	int order = strcmp(a->pdev, b->pdev);

	return order ? order : (a->id > b->id) - (a->id < b->id);
}

static int by_number_and_process(const void *first, const void *second)
{
	const struct nvml_client *a = first, *b = second;
	int order = by_number(a, b);

	return order ? order : (a->pid > b->pid) - (a->pid < b->pid);
}

/* Descriptors that are copies, of one process or several, are one client. */
static void sort_out(struct nvml_reading *reading)
{
	struct nvml_client *clients = reading->clients;
	size_t kept = 0;

	if (!reading->count)
		return;
	qsort(clients, reading->count, sizeof(*clients), by_number_and_process);
	for (size_t i = 1; i < reading->count; i++)
		if (by_number(&clients[kept], &clients[i]))
			clients[++kept] = clients[i];
	reading->count = kept + 1;
}

int nvml_clients_read(const char *proc, uint64_t time_ns, struct nvml_reading *reading)
{
	DIR *dir = opendir(proc);
	struct dirent *entry;
	size_t room = 0;
	int ret = 0;

	*reading = (struct nvml_reading){ .time_ns = time_ns };
	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			ret = read_process(dirfd(dir), entry->d_name, reading, &room);
	closedir(dir);
	if (ret)
		nvml_clients_free(reading);
	else
		sort_out(reading);
	return ret;
}

void nvml_clients_free(struct nvml_reading *reading)
{
	free(reading->clients);
	*reading = (struct nvml_reading){ 0 };
}

const struct nvml_client *nvml_clients_find(const struct nvml_reading *reading,
					    const struct nvml_client *client)
{
	if (!reading->count)
		return NULL;
	return bsearch(client, reading->clients, reading->count, sizeof(*client), by_number);
}
