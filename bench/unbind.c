// SPDX-License-Identifier: MIT
/*
 * Unbind: how long it takes to take the driver off its device while others use it, and to come back.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "groups.h"
#include "peers.h"

#define MIB		(1024ull * 1024)
#define GIB		(1024 * MIB)
#define PAGE		4096ull
#define BASE		(16 * GIB)
#define CLIENTS_MAX	64u
#define READY_MS	120000

/* What a client does while its device goes. */
enum activity {
	JOBS,		/* submits a job and waits for it, without pause */
	IOCTLS,		/* asks, maps a buffer, touches and unmaps it, without pause */
	MAPPINGS,	/* has so many mappings, and sleeps */
	MAPPED,		/* has so many bytes bound and mapped by the CPU, and sleeps */
};

struct scene {
	enum bench_driver driver;
	enum activity activity;
	uint32_t clients;
	uint64_t amount;
	struct bench_bus bus;
};

/* --- in a client ------------------------------------------------------------ */

static void tell(int socket)
{
	if (send(socket, "", 1, MSG_NOSIGNAL) != 1)
		_exit(EXIT_FAILURE);
}

/* Everything is made. Not before all others are so far, or the first ones would keep the last ones waiting. */
static void get_set(int socket)
{
	char byte;

	tell(socket);
	if (recv(socket, &byte, 1, 0) != 1)
		_exit(EXIT_FAILURE);
}

/* Until the other side is closed. */
static void sleep_on(int socket)
{
	char byte;

	get_set(socket);
	tell(socket);
	if (recv(socket, &byte, 1, 0) > 0)
		_exit(EXIT_FAILURE);
}

static int do_jobs(int socket)
{
	struct bench_client client;
	struct nova_push_range range;
	struct nova_push *push;
	int ret = bench_client_init(&client);

	if (!ret)
		ret = nova_push_create(client.words, BENCH_COMMANDS_SIZE, &push);
	if (ret)
		return ret;
	nova_push_sem_release(push, client.results_va, 1, 0);
	range = (struct nova_push_range) { .va = client.commands_va, .length = nova_push_size(push) };
	nova_push_destroy(push);
	get_set(socket);
	for (unsigned int i = 0; !ret; i++) {
		ret = bench_client_exec(&client, &range, 1, true);
		if (!ret)
			ret = bench_client_wait(&client);
		if (!i)
			tell(socket);
	}
	bench_client_fini(&client);
	return ret;
}

/*
 * One buffer for all the time: virtio-gpu loses those that are being freed when it goes, and the kernel says so
 * with a warning.
 */
static int do_ioctls(const struct scene *scene, int socket)
{
	const uint64_t size = 16 * PAGE;
	int fd = bench_open(scene->driver), ret;
	uint32_t handle;
	void *map;

	ret = fd < 0 ? fd : bench_create(scene->driver, fd, size, &handle);
	if (!ret)
		get_set(socket);
	for (unsigned int i = 0; !ret; i++) {
		ret = bench_getparam(scene->driver, fd);
		if (!ret)
			ret = bench_map(scene->driver, fd, handle, size, &map);
		if (ret)
			break;
		*(volatile char *)map = 1;
		munmap(map, size);
		if (!i)
			tell(socket);
	}
	return ret;
}

static int do_mappings(const struct scene *scene, int socket)
{
	struct nova_vm_op ops[256] = { 0 };
	struct bench_client client;
	uint64_t at = 0;
	int ret = bench_client_init(&client);

	while (!ret && at < scene->amount) {
		uint32_t n = 0;

		for (; n < 256 && at < scene->amount; n++, at++)
			ops[n] = (struct nova_vm_op) { .op = NOVA_VM_OP_MAP, .bo = client.results,
						       .va = BASE + 2 * PAGE * at, .size = PAGE };
		ret = nova_vm_bind(client.vm, ops, n);
	}
	if (ret)
		return ret;
	sleep_on(socket);
	bench_client_fini(&client);
	return -ENODEV;
}

static int do_mapped(const struct scene *scene, int socket)
{
	struct bench_client client;
	struct nova_bo *bo;
	uint64_t va;
	void *map;
	int ret = bench_client_init(&client);

	for (uint64_t at = 0; !ret && at < scene->amount; at += 64 * MIB) {
		ret = bench_client_buffer(&client, 64 * MIB, NOVA_PLACEMENT_SYSTEM, &bo, &map, &va);
		for (uint64_t i = 0; !ret && i < 64 * MIB; i += PAGE)
			((volatile char *)map)[i] = 1;
	}
	if (ret)
		return ret;
	sleep_on(socket);
	return -ENODEV;
}

static int act(const struct scene *scene, int socket)
{
	switch (scene->activity) {
	case JOBS:
		return do_jobs(socket);
	case IOCTLS:
		return do_ioctls(scene, socket);
	case MAPPINGS:
		return do_mappings(scene, socket);
	default:
		return do_mapped(scene, socket);
	}
}

/* --- around them ------------------------------------------------------------ */

struct crowd {
	pid_t pids[CLIENTS_MAX];
	int sockets[CLIENTS_MAX];
	uint32_t count;
};

static int crowd_add(struct crowd *crowd, const struct scene *scene)
{
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		int ret;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The others' ends were inherited, and would keep them from seeing theirs closed. */
		for (uint32_t i = 0; i < crowd->count; i++)
			close(crowd->sockets[i]);
		close(sockets[0]);
		ret = act(scene, sockets[1]);
		if (ret != -ENODEV && ret != -ECANCELED)
			fprintf(stderr, "nova-bench: a client of %s ended with: %s\n",
				bench_driver_names[scene->driver], strerror(-ret));
		_exit(ret == -ENODEV || ret == -ECANCELED ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	close(sockets[1]);
	if (pid < 0) {
		close(sockets[0]);
		return -errno;
	}
	crowd->pids[crowd->count] = pid;
	crowd->sockets[crowd->count++] = sockets[0];
	return 0;
}

/* A byte of each. */
static int crowd_hear(struct crowd *crowd)
{
	char byte;

	for (uint32_t i = 0; i < crowd->count; i++) {
		struct pollfd pfd = { .fd = crowd->sockets[i], .events = POLLIN };

		if (poll(&pfd, 1, READY_MS) != 1)
			return -ETIME;
		if (recv(crowd->sockets[i], &byte, 1, 0) != 1)
			return -ECHILD;	/* it has said why */
	}
	return 0;
}

/* When it returns, each client is at its activity. */
static int crowd_start(struct crowd *crowd, const struct scene *scene)
{
	int ret = 0;

	crowd->count = 0;
	while (crowd->count < scene->clients && !ret)
		ret = crowd_add(crowd, scene);
	if (!ret)
		ret = crowd_hear(crowd);
	for (uint32_t i = 0; i < crowd->count && !ret; i++)
		ret = send(crowd->sockets[i], "", 1, MSG_NOSIGNAL) == 1 ? 0 : -ECHILD;
	return ret ? ret : crowd_hear(crowd);
}

static int crowd_end(struct crowd *crowd, bool kill_them)
{
	int ret = 0;

	for (uint32_t i = 0; i < crowd->count; i++)
		close(crowd->sockets[i]);
	for (uint32_t i = 0; i < crowd->count; i++) {
		int status = 0;

		if (kill_them)
			kill(crowd->pids[i], SIGKILL);
		waitpid(crowd->pids[i], &status, 0);
		if (status && !kill_them)
			ret = -ECHILD;
	}
	crowd->count = 0;
	return ret;
}

/* The first job on a device that has come back. */
static int first_job(void)
{
	struct bench_client client;
	int ret = bench_client_init(&client);

	if (!ret)
		ret = bench_client_exec(&client, NULL, 1, true);
	if (!ret)
		ret = bench_client_wait(&client);
	bench_client_fini(&client);
	return ret;
}

/* The time to unbind, and as a second value the time to bind, of nova with the first job. */
static int unbind(struct bench_arm *arm, double *values)
{
	const struct scene *scene = arm->data;
	struct crowd crowd;
	int ret = crowd_start(&crowd, scene), ended;
	double start = bench_now();

	if (!ret)
		ret = bench_bus_unbind(&scene->bus);
	values[0] = bench_now() - start;
	ended = crowd_end(&crowd, ret != 0);
	if (ret)
		return ret;
	start = bench_now();
	ret = bench_bus_bind(&scene->bus);
	if (!ret && scene->driver == BENCH_NOVA)
		ret = first_job();
	values[1] = bench_now() - start;
	return ret ? ret : ended;
}

/* --- the plan --------------------------------------------------------------- */

struct unbind_plan {
	const char *name;
	const char *title;
	enum bench_driver driver;
	enum activity activity;
	uint32_t clients;
	uint64_t amount;
	const char *line;
};

#define CLIENTS_PLOT	"unbind by clients"

static const struct unbind_plan client_plans[] = {
	{ "clients-0", "nobody there", BENCH_NOVA, JOBS, 0, 0, "nova, jobs" },
	{ "clients-1", "1 client with jobs", BENCH_NOVA, JOBS, 1, 0, "nova, jobs" },
	{ "clients-8", "8 clients with jobs", BENCH_NOVA, JOBS, 8, 0, "nova, jobs" },
	{ "ioctls-1", "1 client without a queue", BENCH_NOVA, IOCTLS, 1, 0, "nova, no queues" },
	{ "ioctls-8", "8 clients without queues", BENCH_NOVA, IOCTLS, 8, 0, "nova, no queues" },
	{ "clients-0", "nobody there", BENCH_VIRTIO_GPU, IOCTLS, 0, 0, "virtio-gpu" },
	{ "clients-1", "1 client", BENCH_VIRTIO_GPU, IOCTLS, 1, 0, "virtio-gpu" },
	{ "clients-8", "8 clients", BENCH_VIRTIO_GPU, IOCTLS, 8, 0, "virtio-gpu" },
};

static const struct unbind_plan crowd_plans[] = {
	{ "clients-64", "64 clients with jobs", BENCH_NOVA, JOBS, 64, 0, "nova, jobs" },
	{ "ioctls-64", "64 clients without queues", BENCH_NOVA, IOCTLS, 64, 0, "nova, no queues" },
	{ "clients-64", "64 clients", BENCH_VIRTIO_GPU, IOCTLS, 64, 0, "virtio-gpu" },
};

static const struct unbind_plan amount_plans[] = {
	{ "mappings-0", "a sleeping client", BENCH_NOVA, MAPPINGS, 1, 0, "" },
	{ "mappings-1000", "1,000 mappings", BENCH_NOVA, MAPPINGS, 1, 1000, "" },
	{ "mappings-100000", "100,000 mappings", BENCH_NOVA, MAPPINGS, 1, 100000, "" },
	{ "mapped-1g", "1 GiB of buffers, bound and mapped by the CPU", BENCH_NOVA, MAPPED, 1, GIB, "" },
};

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define ARMS_MAX	8

static void fill_arm(struct bench_arm *arm, const struct unbind_plan *plan, struct scene *scene)
{
	struct bench_series *series = &arm->series;
	const char *who = bench_driver_names[plan->driver];

	*scene = (struct scene) { plan->driver, plan->activity, plan->clients, plan->amount, scene->bus };
	*arm = (struct bench_arm) { .data = scene, .run = scene->bus.device[0] ? unbind : NULL };
	snprintf(series->id, sizeof(series->id), "unbind/%s/%s", plan->name, who);
	snprintf(series->title, sizeof(series->title), "unbind of %s, %s", who, plan->title);
	strcpy(series->unit, "ns");
	if (plan->line[0]) {
		strcpy(series->plot, CLIENTS_PLOT);
		snprintf(series->line, sizeof(series->line), "%s", plan->line);
		series->x = plan->clients;
	}
	if (strcmp(plan->name, "clients-0"))
		return;
	strcpy(arm->also.unit, "ns");
	snprintf(arm->also.id, sizeof(series->id), "unbind/rebind/%s", who);
	snprintf(arm->also.title, sizeof(series->title), "bind of %s%s", who,
		 plan->driver == BENCH_NOVA ? " and the first job" : "");
}

static void take_turns(struct bench *bench, const struct bench_bus *buses, const struct unbind_plan *plans,
		       size_t count, unsigned int rounds, double seconds)
{
	struct bench_arm arms[ARMS_MAX];
	struct scene scenes[ARMS_MAX];

	for (size_t i = 0; i < count; i++) {
		scenes[i].bus = buses[plans[i].driver];
		fill_arm(&arms[i], &plans[i], &scenes[i]);
	}
	bench_take_turns(bench, arms, count, rounds, seconds);
}

void bench_unbind(struct bench *bench)
{
	struct bench_bus buses[BENCH_DRIVERS];

	for (int i = 0; i < BENCH_DRIVERS; i++) {
		int ret = bench_bus_find(i, &buses[i]);

		if (ret && i != BENCH_VGEM)
			bench_skip(bench, "unbind", bench_driver_names[i], i == BENCH_NOVA ? ret : 0);
	}
	take_turns(bench, buses, client_plans, COUNT(client_plans), 15, 60);
	take_turns(bench, buses, crowd_plans, COUNT(crowd_plans), 5, 60);
	take_turns(bench, buses, amount_plans, COUNT(amount_plans), 7, 60);
}
