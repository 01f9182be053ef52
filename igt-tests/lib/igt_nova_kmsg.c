/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "igt.h"
#include "igt_nova_kmsg.h"

#define RECORD_MAX	8192

/* What the notes of a test begin with, which count for nothing. */
#define NOTE		"igt: "

void igt_nova_kmsg_open(struct igt_nova_kmsg *kmsg)
{
	*kmsg = (struct igt_nova_kmsg) { .fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC) };
	igt_assert_f(kmsg->fd >= 0, "/dev/kmsg: %m\n");
	igt_nova_kmsg_restart(kmsg);
}

void igt_nova_kmsg_close(struct igt_nova_kmsg *kmsg)
{
	close(kmsg->fd);
	kmsg->fd = -1;
}

void igt_nova_kmsg_restart(struct igt_nova_kmsg *kmsg)
{
	igt_assert_f(lseek(kmsg->fd, 0, SEEK_END) == 0, "/dev/kmsg: %m\n");
	*kmsg = (struct igt_nova_kmsg) { .fd = kmsg->fd };
}

static bool is_splat(const char *text)
{
	static const char *const marks[] = {
		"WARNING:", "BUG:", "Oops:", "KASAN:", "UBSAN:", "ODEBUG:",
		"general protection fault", "Unable to handle", "unable to handle",
		"refcount_t:", "list_add", "list_del", "possible recursive locking",
		"possible circular locking", "inconsistent lock state", "suspicious RCU usage",
		"sleeping function called", "scheduling while atomic", "blocked for more than",
		"detected stall", "soft lockup", "hard LOCKUP", "nobody cared", "survived remove",
		"DMA-API:", "Call Trace:",
	};

	/* Most are the kernel's own: whoever has the whole report tells. */
	if (strstr(text, "BUG: KCSAN: "))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (strstr(text, marks[i]))
			return true;
	return false;
}

static void take(struct igt_nova_kmsg *kmsg, const char *text)
{
	if (strncmp(text, NOTE, strlen(NOTE)) == 0)
		return;
	if (strstr(text, "nova"))
		kmsg->ours++;
	if (strstr(text, "device is dead:"))
		kmsg->dead++;
	if (strstr(text, "device is lost:"))
		kmsg->lost++;
	if (!kmsg->splat[0] && is_splat(text))
		snprintf(kmsg->splat, sizeof(kmsg->splat), "%.*s", (int)strcspn(text, "\n"), text);
}

/* A record: "priority,number,time,flags;text", a newline, and more that is not for us. */
void igt_nova_kmsg_read(struct igt_nova_kmsg *kmsg)
{
	char record[RECORD_MAX], *text;
	ssize_t size;

	for (;;) {
		size = read(kmsg->fd, record, sizeof(record) - 1);
		if (size < 0 && errno == EAGAIN)
			return;
		if (size < 0 && errno == EPIPE) {
			kmsg->overrun = true;
			continue;
		}
		igt_assert_f(size > 0, "/dev/kmsg: %m\n");
		record[size] = '\0';
		record[strcspn(record, "\n")] = '\0';
		text = strchr(record, ';');
		if (text)
			take(kmsg, text + 1);
	}
}

void igt_nova_kmsg_note(const char *format, ...)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char text[256];
	va_list args;
	int length;

	if (fd < 0)
		return;
	va_start(args, format);
	length = snprintf(text, sizeof(text), "<6>" NOTE);
	length += vsnprintf(text + length, sizeof(text) - length, format, args);
	va_end(args);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	/* A log that cannot be written to is no reason to fail. */
	if (write(fd, text, length) != length)
		igt_debug("/dev/kmsg: %m\n");
	close(fd);
}
