// SPDX-License-Identifier: MIT
/*
 * nova-demo: clients draw a contact sheet with the GPU; the driver is unbound
 * under them; they tell what they saw; the driver is bound again and they draw again.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "demo_bus.h"
#include "demo_client.h"
#include "demo_stats.h"
#include "demo_table.h"
#include "demo_uevent.h"

#define EXIT_USAGE	2
#define NODE_NS		60000000000ull	/* for a bound device to show up */
#define REMOVE_NS	1000000000ull	/* the event is sent before the unbind returns */

/**
 * struct demo - one run
 * @settings: of the clients
 * @device: path of the node, empty to look for one
 * @ctl: the emulator's control port, or NULL
 * @clients: number of clients
 * @unbind_after_ms: less than 0: no unbind
 * @client: the clients
 * @reports: what they saw of the unbind
 * @reported: @reports is there already
 * @again: what became of drawing again
 * @bus: the device on the PCI bus
 * @failures: things that were not as they should be
 */
struct demo {
	struct demo_settings settings;
	char device[64];
	const char *ctl;
	uint32_t clients;
	long unbind_after_ms;
	struct demo_client client[DEMO_CLIENTS_MAX];
	struct demo_answer reports[DEMO_CLIENTS_MAX];
	bool reported[DEMO_CLIENTS_MAX];
	struct demo_answer again[DEMO_CLIENTS_MAX];
	struct demo_bus bus;
	uint32_t failures;
};

__attribute__((format(printf, 2, 3)))
static void failure(struct demo *demo, const char *format, ...)
{
	va_list args;

	demo->failures++;
	fputs("nova-demo: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void client_failure(struct demo *demo, uint32_t i, const struct demo_answer *answer)
{
	failure(demo, "client %u: %s: %s", i, answer->step,
		answer->detail[0] ? answer->detail : strerror(-answer->ret));
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* --- the device --------------------------------------------------------------- */

static int find_device(struct demo *demo)
{
	struct nova_device_entry entry;
	uint32_t count = 1;
	int ret;

	if (demo->device[0])
		return 0;
	ret = nova_device_list(&entry, &count);
	if (!ret && !count) {
		failure(demo, "no nova device; are the modules loaded?");
		return -ENOENT;
	}
	if (ret)
		failure(demo, "looking for devices: %s", strerror(-ret));
	else
		memcpy(demo->device, entry.path, sizeof(entry.path));
	return ret;
}

static int describe_device(struct demo *demo)
{
	struct nova_device_info info;
	struct nova_device *dev;
	int ret = nova_device_open_path(demo->device, &dev);

	if (!ret) {
		ret = nova_device_query_info(dev, &info);
		nova_device_close(dev);
	}
	if (!ret)
		ret = demo_bus_find(&demo->bus, "/sys", &info);
	if (ret) {
		failure(demo, "%s: %s", demo->device,
			ret == -EOPNOTSUPP ? "not a nova device" : strerror(-ret));
		return ret;
	}
	printf("device   %s, PCI %s, chip %#x, bound %" PRIu64 " time%s\n", demo->device,
	       demo->bus.address, info.chip_id, info.generation, info.generation == 1 ? "" : "s");
	return 0;
}

/* --- drawing -------------------------------------------------------------------- */

/* All clients draw at the same time; the first one saves. Returns 0 when all did it right. */
static int render_all(struct demo *demo, struct demo_answer *answers)
{
	double start = now_ms();
	int ret = 0;

	for (uint32_t i = 0; i < demo->clients; i++)
		demo_client_send(&demo->client[i], DEMO_COMMAND_RENDER, demo->device,
				 !i && demo->settings.out);
	for (uint32_t i = 0; i < demo->clients; i++) {
		if (demo_client_receive(&demo->client[i], &answers[i])) {
			client_failure(demo, i, &answers[i]);
			ret = answers[i].ret;
		}
	}
	if (ret)
		return ret;
	printf("picture  %ux%u, %u operations, drawn by %u client%s in %.0f ms, %s\n",
	       answers[0].render.width, answers[0].render.height, answers[0].render.operations,
	       demo->clients, demo->clients == 1 ? "" : "s", now_ms() - start,
	       demo->settings.verify ? "every pixel as the CPU's reference" : "not compared");
	return 0;
}

/* --- the unbind ------------------------------------------------------------------- */

/* A client that ends while it should be busy has failed; nothing to do but to wait for it or the time. */
static bool wait_busy(struct demo *demo)
{
	struct pollfd pfds[DEMO_CLIENTS_MAX];
	double end = now_ms() + demo->unbind_after_ms;
	int ret;

	for (uint32_t i = 0; i < demo->clients; i++)
		pfds[i] = (struct pollfd) { .fd = demo->client[i].socket, .events = POLLIN };
	do {
		double left = end - now_ms();

		ret = poll(pfds, demo->clients, left > 0 ? (int)left + 1 : 0);
	} while (ret < 0 && errno == EINTR);
	if (ret)
		failure(demo, "a client stopped before the unbind");
	return !ret;
}

/* Gives each client a job that is certain to be in flight when the driver goes. */
static bool park_all(struct demo *demo)
{
	struct demo_answer *answer;
	bool good = true;

	for (uint32_t i = 0; i < demo->clients; i++)
		demo_client_send(&demo->client[i], DEMO_COMMAND_PARK, NULL, false);
	for (uint32_t i = 0; i < demo->clients; i++) {
		answer = &demo->reports[i];
		if (!demo_client_receive(&demo->client[i], answer) &&
		    answer->type == DEMO_COMMAND_PARK)
			continue;
		/* It died, cannot park, or has stopped being busy before: then this is its report. */
		demo->reported[i] = answer->type != DEMO_COMMAND_PARK;
		client_failure(demo, i, answer);
		good = false;
	}
	return good;
}

static int unbind(struct demo *demo, int uevents, double *ms)
{
	double start = now_ms();
	char node[64];
	int ret = demo_bus_unbind(&demo->bus);

	*ms = now_ms() - start;
	if (ret) {
		failure(demo, "unbinding %s: %s", demo->bus.address, strerror(-ret));
		return ret;
	}
	ret = demo_uevent_wait(uevents, "remove", demo->bus.address, nova_sync_deadline(REMOVE_NS),
			       node, sizeof(node));
	if (ret)
		failure(demo, "no remove event for the render node: %s", strerror(-ret));
	return 0;
}

static int rebind(struct demo *demo, int uevents, double *ms)
{
	double start = now_ms();
	int ret = demo_bus_bind(&demo->bus);

	if (ret) {
		failure(demo, "binding %s: %s", demo->bus.address, strerror(-ret));
		return ret;
	}
	ret = demo_uevent_wait(uevents, "add", demo->bus.address, nova_sync_deadline(NODE_NS),
			       demo->device, sizeof(demo->device));
	*ms = now_ms() - start;
	if (ret)
		failure(demo, "no new render node: %s", strerror(-ret));
	return ret;
}

static void check_emulator(struct demo *demo)
{
	struct demo_stats stats;
	int ret;

	if (!demo->ctl)
		return;
	ret = demo_stats_read(demo->ctl, &stats);
	if (ret) {
		failure(demo, "%s: %s", demo->ctl, strerror(-ret));
		return;
	}
	printf("emulator %" PRIu64 " violations, %" PRIu64 " DMA ranges (%" PRIu64
	       " bytes) mapped after the unbind%s\n", stats.violations, stats.dma_ranges,
	       stats.dma_bytes, demo->bus.strict_dma ? "" : " (no strict IOMMU: all memory is)");
	if (stats.violations)
		failure(demo, "the driver did what it must not: %s", stats.recent);
	if (demo->bus.strict_dma && stats.dma_ranges)
		failure(demo, "DMA mappings are left after the unbind");
}

/* --- the result --------------------------------------------------------------------- */

static const char *status_name(int status)
{
	return status == DEMO_STATUS_NONE ? "unknown" : status == 1 ? "done" : strerrorname_np(-status);
}

static void check_report(struct demo *demo, uint32_t i)
{
	const struct demo_answer *answer = &demo->reports[i];
	const struct demo_report *report = &answer->report;

	if (answer->ret == -ECHILD || answer->ret == -ETIME) {
		client_failure(demo, i, answer);
		return;
	}
	if (report->error != -ENODEV)
		failure(demo, "client %u: %s failed with %s, should be ENODEV", i, report->call,
			report->error ? strerrorname_np(-report->error) : "nothing");
	if (report->parked_status != -ENODEV)
		failure(demo, "client %u: the job in flight ended with %s, should be ENODEV", i,
			status_name(report->parked_status));
	if (!report->jobs)
		failure(demo, "client %u: no job ended before the unbind", i);
	if (report->system_map || report->video_map)
		failure(demo, "client %u: a map is no longer accessible", i);
	if (report->closed)
		failure(demo, "client %u: closing: %s", i, strerror(-report->closed));
}

static void print_table(struct demo *demo)
{
	static const char *const headings[] = {
		">client", ">jobs done", "last job", "job in flight", "failed call", "errno",
		"system map", "video map", "close", "after rebind",
	};
	static struct demo_table table;

	demo_table_init(&table, headings, sizeof(headings) / sizeof(headings[0]));
	for (uint32_t i = 0; i < demo->clients; i++) {
		const struct demo_report *report = &demo->reports[i].report;
		const struct demo_answer *again = &demo->again[i];

		demo_table_add_row(&table);
		demo_table_add(&table, "%u", i);
		demo_table_add(&table, "%" PRIu64, report->jobs);
		demo_table_add(&table, "%s", status_name(report->last_status));
		demo_table_add(&table, "%s", status_name(report->parked_status));
		demo_table_add(&table, "%s", report->call);
		demo_table_add(&table, "%s", report->error ? strerrorname_np(-report->error) : "");
		demo_table_add(&table, "%s", report->system_map ? "SIGBUS" : "ok");
		demo_table_add(&table, "%s", report->video_map ? "SIGBUS" : "ok");
		demo_table_add(&table, "%s", report->closed ? "failed" : "ok");
		demo_table_add(&table, "%s", again->ret ? again->step : again->render.time_ns ?
			       "same picture" : "");
	}
	printf("\n");
	demo_table_print(&table, stdout);
	printf("\n");
}

static void collect_reports(struct demo *demo)
{
	for (uint32_t i = 0; i < demo->clients; i++) {
		if (!demo->reported[i])
			demo_client_receive(&demo->client[i], &demo->reports[i]);
	}
}

/* Clients are busy; take the device away from them and give it back. */
static void unbind_under_clients(struct demo *demo, int uevents)
{
	double unbind_ms = 0, rebind_ms = 0;
	bool unbound = wait_busy(demo) && park_all(demo) && !unbind(demo, uevents, &unbind_ms);

	for (uint32_t i = 0; !unbound && i < demo->clients; i++)
		demo_client_send(&demo->client[i], DEMO_COMMAND_STOP, NULL, false);
	collect_reports(demo);
	if (!unbound) {
		for (uint32_t i = 0; i < demo->clients; i++) {
			if (demo->reports[i].ret && !demo->reported[i])
				client_failure(demo, i, &demo->reports[i]);
		}
		return;
	}
	printf("unbind   %.1f ms, under %u busy client%s\n", unbind_ms, demo->clients,
	       demo->clients == 1 ? "" : "s");
	for (uint32_t i = 0; i < demo->clients; i++)
		check_report(demo, i);
	check_emulator(demo);
	if (!rebind(demo, uevents, &rebind_ms)) {
		printf("rebind   %.1f ms, %s\n", rebind_ms, demo->device);
		render_all(demo, demo->again);
	}
	print_table(demo);
}

static int run_clients(struct demo *demo)
{
	int uevents = demo_uevent_open();

	if (uevents < 0) {
		failure(demo, "device events: %s", strerror(-uevents));
		return uevents;
	}
	if (find_device(demo) || describe_device(demo) || render_all(demo, demo->reports)) {
		close(uevents);
		return -1;
	}
	if (demo->unbind_after_ms >= 0) {
		for (uint32_t i = 0; i < demo->clients; i++)
			demo_client_send(&demo->client[i], DEMO_COMMAND_RUN, NULL, false);
		unbind_under_clients(demo, uevents);
	}
	close(uevents);
	return 0;
}

/* --- options -------------------------------------------------------------------------- */

static void usage(FILE *file)
{
	fputs("usage: nova-demo [OPTION...]\n"
	      "Draws a contact sheet with the GPU and compares it with the CPU's.\n\n"
	      "  --in FILE            PNG to work on (default: a picture made by the program)\n"
	      "  --out FILE           save the sheet as PNG\n"
	      "  --device NODE        render node (default: the first nova device)\n"
	      "  --no-verify          do not compare\n"
	      "  --clients N          client processes, 1 to 64 (default 1)\n"
	      "  --unbind-after MS    keep the clients busy, unbind the driver after MS\n"
	      "                       milliseconds, bind it again and draw again (needs root)\n"
	      "  --ctl PORT           ask the emulator for violations after the unbind\n"
	      "  --help               this text\n", file);
}

static bool parse_number(const char *text, long min, long max, long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	return end != text && !*end && !errno && *value >= min && *value <= max;
}

/* Returns -1 to go on, or the exit code. */
static int parse_options(struct demo *demo, int argc, char **argv, const char **in)
{
	static const struct option options[] = {
		{ "in", required_argument, NULL, 'i' },
		{ "out", required_argument, NULL, 'o' },
		{ "device", required_argument, NULL, 'd' },
		{ "verify", no_argument, NULL, 'v' },
		{ "no-verify", no_argument, NULL, 'V' },
		{ "clients", required_argument, NULL, 'c' },
		{ "unbind-after", required_argument, NULL, 'u' },
		{ "ctl", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	long number = 1;
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'i':
			*in = optarg;
			break;
		case 'o':
			demo->settings.out = optarg;
			break;
		case 'd':
			good = strlen(optarg) < sizeof(demo->device);
			snprintf(demo->device, sizeof(demo->device), "%s", optarg);
			break;
		case 'v':
		case 'V':
			demo->settings.verify = option == 'v';
			break;
		case 'c':
			good = parse_number(optarg, 1, DEMO_CLIENTS_MAX, &number);
			demo->clients = (uint32_t)number;
			break;
		case 'u':
			good = parse_number(optarg, 0, 3600000, &demo->unbind_after_ms);
			break;
		case 't':
			demo->ctl = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			good = false;
		}
	}
	if (good && optind == argc)
		return -1;
	usage(stderr);
	return EXIT_USAGE;
}

static int get_picture(struct demo_image *picture, const char *in)
{
	char error[256] = "out of memory";
	int ret = in ? demo_image_load(picture, in, error, sizeof(error)) :
		       demo_picture_sample(picture);

	if (ret)
		fprintf(stderr, "nova-demo: %s\n", error);
	return ret;
}

int main(int argc, char **argv)
{
	static struct demo demo = {
		.settings = { .verify = true }, .clients = 1, .unbind_after_ms = -1,
	};
	struct demo_image picture;
	const char *in = NULL;
	uint32_t started = 0;
	int ret = parse_options(&demo, argc, argv, &in);

	if (ret >= 0)
		return ret;
	if (get_picture(&picture, in))
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	demo.settings.picture = &picture;
	for (ret = 0; !ret && started < demo.clients; started += !ret)
		ret = demo_client_start(&demo.client[started], &demo.settings);
	if (ret)
		failure(&demo, "starting clients: %s", strerror(-ret));
	else
		run_clients(&demo);
	for (uint32_t i = 0; i < started; i++) {
		if (demo_client_stop(&demo.client[i]) && !demo.failures)
			failure(&demo, "client %u did not end well", i);
	}
	demo_image_fini(&picture);
	if (demo.settings.out && !demo.failures)
		printf("saved    %s\n", demo.settings.out);
	return demo.failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
