/* SPDX-License-Identifier: MIT */
/* nova-emu: one emulated GPU, served over vfio-user. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "emu.h"
#include "emu_chaos.h"
#include "emu_ctl.h"
#include "emu_mem.h"
#include "emu_socket.h"
#include "regs/nv_pmc.h"
#include "vfio_user_socket.h"

#ifndef NOVA_VERSION
#define NOVA_VERSION	"unknown"
#endif

#define MAIN_VRAM_DEFAULT	(256ull << 20)
#define MAIN_VRAM_MIN		(16ull << 20)
#define MAIN_VRAM_MAX		(4ull << 30)

#define MAIN_EXIT_USAGE		2

struct options {
	const char *socket;
	const char *control;
	uint64_t vram_size;
	int log_level;
	bool chaos;
	uint32_t chaos_seed;
};

static void print_help(void)
{
	printf("usage: nova-emu --socket PATH [--vram SIZE] [--control PATH] [--chaos SEED]\n"
	       "                [--log LEVEL]\n"
	       "\n"
	       "Emulates one GPU (PCI %04x:%04x) and serves it over vfio-user, to one client\n"
	       "after the other, until SIGTERM or SIGINT.\n"
	       "\n"
	       "  --socket PATH   vfio-user socket to listen on\n"
	       "  --vram SIZE     video memory, a power of two from 16M to 4G (default 256M);\n"
	       "                  suffixes K, M, G\n"
	       "  --control PATH  control socket: statistics and misbehaviour, one command per line\n"
	       "  --chaos SEED    lie to the driver, as the seed decides\n"
	       "  --log LEVEL     error, warn (default), info or debug; the log goes to stderr\n"
	       "  --help          this text\n"
	       "  --version       the version\n", NOVA_PCI_VENDOR_ID, NOVA_PCI_DEVICE_ID);
}

static void __attribute__((format(printf, 1, 2))) complain(const char *fmt, ...)
{
	va_list args;

	fputs("nova-emu: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

static bool parse_size(const char *text, uint64_t *size)
{
	unsigned int shift = 0;
	uint64_t value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (*end == 'K' || *end == 'k')
		shift = 10;
	else if (*end == 'M' || *end == 'm')
		shift = 20;
	else if (*end == 'G' || *end == 'g')
		shift = 30;
	if (errno || end[shift ? 1 : 0] || value > MAIN_VRAM_MAX >> shift)
		return false;
	*size = value << shift;
	return *size >= MAIN_VRAM_MIN && !(*size & (*size - 1));
}

static bool parse_level(const char *text, int *level)
{
	static const char * const names[] = { "error", "warn", "info", "debug" };
	int i;

	for (i = 0; i <= EMU_LOG_DEBUG; i++) {
		if (!strcmp(text, names[i])) {
			*level = i;
			return true;
		}
	}
	return false;
}

static bool parse_seed(const char *text, uint32_t *seed)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 0);
	*seed = (uint32_t)value;
	return !errno && !*end && value <= UINT32_MAX;
}

enum {
	OPTION_SOCKET = 256, OPTION_VRAM, OPTION_CONTROL, OPTION_CHAOS, OPTION_LOG, OPTION_HELP,
	OPTION_VERSION,
};

/* True: go on. False: end with *status. */
static bool parse_option(int option, struct options *options, int *status)
{
	*status = MAIN_EXIT_USAGE;
	switch (option) {
	case OPTION_SOCKET:
		options->socket = optarg;
		return true;
	case OPTION_CONTROL:
		options->control = optarg;
		return true;
	case OPTION_VRAM:
		if (parse_size(optarg, &options->vram_size))
			return true;
		complain("--vram %s: not a power of two from 16M to 4G", optarg);
		return false;
	case OPTION_CHAOS:
		options->chaos = parse_seed(optarg, &options->chaos_seed);
		if (options->chaos)
			return true;
		complain("--chaos %s: not a seed from 0 to 4294967295", optarg);
		return false;
	case OPTION_LOG:
		if (parse_level(optarg, &options->log_level))
			return true;
		complain("--log %s: not one of error, warn, info, debug", optarg);
		return false;
	case OPTION_HELP:
		print_help();
		*status = EXIT_SUCCESS;
		return false;
	case OPTION_VERSION:
		printf("nova-emu %s\n", NOVA_VERSION);
		*status = EXIT_SUCCESS;
		return false;
	default:
		fputs("Try 'nova-emu --help'.\n", stderr);
		return false;
	}
}

static bool parse_options(int argc, char **argv, struct options *options, int *status)
{
	static const struct option names[] = {
		{ "socket", required_argument, NULL, OPTION_SOCKET },
		{ "vram", required_argument, NULL, OPTION_VRAM },
		{ "control", required_argument, NULL, OPTION_CONTROL },
		{ "chaos", required_argument, NULL, OPTION_CHAOS },
		{ "log", required_argument, NULL, OPTION_LOG },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (!parse_option(option, options, status))
			return false;
	}
	*status = MAIN_EXIT_USAGE;
	if (optind < argc) {
		complain("unexpected argument '%s'", argv[optind]);
		return false;
	}
	if (!options->socket) {
		complain("--socket PATH is missing");
		return false;
	}
	if (options->control && !strcmp(options->control, options->socket)) {
		complain("--control and --socket are the same path");
		return false;
	}
	return true;
}

static bool listen_at(struct emu_socket *sock, const char *option, const char *path)
{
	int ret = emu_socket_listen(sock, path);

	if (!ret)
		return true;
	if (ret == -EADDRINUSE)
		complain("%s %s: another process is serving this socket", option, path);
	else if (ret == -EEXIST)
		complain("%s %s: the file exists and is no socket", option, path);
	else
		complain("%s %s: %s", option, path, strerror(-ret));
	return false;
}

/* A descriptor that becomes readable when the process is asked to end; -1 with errno set. */
static int catch_signals(void)
{
	sigset_t signals;

	signal(SIGPIPE, SIG_IGN);
	if (emu_mem_catch_sigbus())
		return -1;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	/* Before the first thread, so that all inherit it. */
	if (pthread_sigmask(SIG_BLOCK, &signals, NULL))
		return -1;
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(const struct options *options, int stop)
{
	struct emu_socket sock = EMU_SOCKET_NONE, control = EMU_SOCKET_NONE;
	struct emu_ctl *ctl = NULL;
	int status = EXIT_FAILURE;
	struct emu *emu;
	int ret;

	emu = emu_create(options->vram_size, options->log_level);
	if (!emu) {
		complain("cannot create the device: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (options->chaos) {
		emu_lock(emu);
		emu_chaos_start(emu, options->chaos_seed, 0, EMU_CHAOS_ALL);
		emu_unlock(emu);
	}
	if (options->control) {
		if (!listen_at(&control, "--control", options->control))
			goto destroy;
		ctl = emu_ctl_create(emu, control.fd);
		if (!ctl) {
			complain("cannot serve the control socket: %s", strerror(errno));
			goto destroy;
		}
	}
	if (!listen_at(&sock, "--socket", options->socket))
		goto destroy;
	ret = vfio_user_serve(emu, sock.fd, stop);
	if (ret)
		complain("cannot go on: %s", strerror(-ret));
	else
		status = EXIT_SUCCESS;
destroy:
	emu_ctl_destroy(ctl);
	emu_socket_close(&sock);
	emu_socket_close(&control);
	emu_destroy(emu);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {
		.vram_size = MAIN_VRAM_DEFAULT,
		.log_level = EMU_LOG_WARN,
	};
	int status, stop;

	if (!parse_options(argc, argv, &options, &status))
		return status;
	stop = catch_signals();
	if (stop < 0) {
		complain("cannot catch signals: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	status = run(&options, stop);
	close(stop);
	return status;
}
