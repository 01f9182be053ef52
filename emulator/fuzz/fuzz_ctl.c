/* SPDX-License-Identifier: MIT */
/*
 * Control socket: lines through its thread, in pieces of any size, with and without an end.
 * Each line gets one line of JSON back.
 */
#define _GNU_SOURCE
#include "fuzz_gpu.h"

#include <errno.h>
#include <json-c/json.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../emu_ctl.h"

static const char * const words[] = {
	"stats", "clear", "hang ", "stall-firmware ", "crash-firmware", "drop-interrupts",
	"surprise-remove", "heal", "0", "1", "2", "3600001", "0x10", "99999999999999999999", " ",
	"\t", "\r", "-1", "hang 0\n", "stall-firmware 5\n", "heal\n", "stats\n",
};

static struct emu_ctl *ctl;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_len = sizeof(address);

/* A listener of its own in the abstract name space; the kernel chooses the name. */
static void serve(struct gpu *gpu)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	fuzz_require(fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) &&
		     !listen(fd, 4) &&
		     !getsockname(fd, (struct sockaddr *)&address, &address_len),
		     "listener: %s", strerror(errno));
	ctl = emu_ctl_create(gpu->emu, fd);
	fuzz_require(ctl, "emu_ctl_create: %s", strerror(errno));
}

static size_t take_text(struct fuzz_input *in, char *text, size_t room)
{
	const char *word;
	size_t len = 0, n;

	while (fuzz_more(in)) {
		uint8_t what = fuzz_u8(in);

		if (what & 0x80) {
			word = words[what % FUZZ_COUNT(words)];
			n = strlen(word);
			if (n > room - len)
				break;
			memcpy(text + len, word, n);
		} else if (what == 1) {
			n = 200;	/* so that lines get too long */
			if (n > room - len)
				break;
			memset(text + len, 'x', n);
		} else {
			if (len == room)
				break;
			text[len] = (char)what;
			n = 1;
		}
		len += n;
	}
	return len;
}

/* Everything that comes back until the server hangs up. */
static size_t receive_all(int fd, char *reply, size_t room)
{
	size_t len = 0;
	ssize_t got;

	while (len < room && (got = recv(fd, reply + len, room - len, 0)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		len += (size_t)got;
	}
	return len;
}

static uint32_t count_lines(const char *text, size_t len)
{
	uint32_t lines = 0;
	size_t i;

	for (i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

static void check_replies(char *reply, size_t len, uint32_t lines)
{
	struct json_object *root;
	char *line = reply, *end;

	fuzz_require(count_lines(reply, len) == lines, "%u lines for %u commands",
		     count_lines(reply, len), lines);
	while (lines--) {
		end = memchr(line, '\n', len - (size_t)(line - reply));
		*end = '\0';
		root = json_tokener_parse(line);
		fuzz_require(root, "no JSON: %s", line);
		json_object_put(root);
		line = end + 1;
	}
}

/* At most 64 commands: all replies fit into the socket while nobody reads them. */
static size_t cut(const char *text, size_t len)
{
	uint32_t lines = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		lines += text[i] == '\n';
		if (lines == 64)
			return i + 1;
	}
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[1 << 15], reply[1 << 18];
	struct fuzz_input in = { data, size };
	size_t piece = 1 + fuzz_u16(&in), len, at, n, got;
	struct gpu *gpu = fuzz_gpu();
	int fd;

	if (!ctl) {
		serve(gpu);
		gpu = fuzz_gpu();
	}
	len = take_text(&in, text, sizeof(text));
	len = cut(text, len);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fuzz_require(fd >= 0 && !connect(fd, (struct sockaddr *)&address, address_len),
		     "connect: %s", strerror(errno));
	for (at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		fuzz_require(send(fd, text + at, n, MSG_NOSIGNAL) == (ssize_t)n, "send: %s",
			     strerror(errno));
	}
	shutdown(fd, SHUT_WR);
	got = receive_all(fd, reply, sizeof(reply));
	close(fd);
	check_replies(reply, got, count_lines(text, len));
	fuzz_gpu_done(gpu);
	return 0;
}
