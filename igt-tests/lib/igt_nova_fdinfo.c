/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "igt.h"
#include "igt_nova_fdinfo.h"

int igt_nova_fdinfo_read(int fd, struct igt_nova_fdinfo *info)
{
	char path[64];
	ssize_t length;
	int file;

	memset(info, 0, sizeof(*info));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	length = read(file, info->text, sizeof(info->text) - 1);
	close(file);
	return length < 0 ? -errno : 0;
}

/* Behind the colon of the @n-th line with this key, or NULL. */
static const char *find(const struct igt_nova_fdinfo *info, const char *key, unsigned int n)
{
	size_t length = strlen(key);
	const char *line = info->text;

	while (line && *line) {
		if (strncmp(line, key, length) == 0 && line[length] == ':' && !n--)
			return line + length + 1;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return NULL;
}

unsigned int igt_nova_fdinfo_count(const struct igt_nova_fdinfo *info, const char *key)
{
	unsigned int count = 0;

	while (find(info, key, count))
		count++;
	return count;
}

void igt_nova_fdinfo_string(const struct igt_nova_fdinfo *info, const char *key, char value[256])
{
	igt_assert_f(igt_nova_fdinfo_count(info, key) == 1, "%s is there %u times in:\n%s\n", key,
		     igt_nova_fdinfo_count(info, key), info->text);
	igt_assert_eq(sscanf(find(info, key, 0), "%*[\t]%255[^\n]", value), 1);
}

uint64_t igt_nova_fdinfo_get(const struct igt_nova_fdinfo *info, const char *key)
{
	char text[256], unit[16] = "";
	uint64_t value;

	igt_nova_fdinfo_string(info, key, text);
	igt_assert_f(sscanf(text, "%" SCNu64 " %15s", &value, unit) >= 1, "%s: %s\n", key, text);
	if (strcmp(unit, "KiB") == 0)
		value <<= 10;
	else if (strcmp(unit, "MiB") == 0)
		value <<= 20;
	else
		igt_assert_f(!*unit || strcmp(unit, "ns") == 0, "%s: %s\n", key, text);
	return value;
}

uint64_t igt_nova_fdinfo_value(int fd, const char *key)
{
	struct igt_nova_fdinfo info;

	igt_assert_eq(igt_nova_fdinfo_read(fd, &info), 0);
	return igt_nova_fdinfo_get(&info, key);
}
