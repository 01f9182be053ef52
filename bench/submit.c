// SPDX-License-Identifier: MIT
/*
 * Submission: CPU time of EXEC and of a user-mode queue, latency, and jobs per second.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "groups.h"
#include "peers.h"

#define BATCH		64u	/* jobs between two waits, none of which is measured */
#define CAPS		2000u
#define RATE_JOBS	256u	/* per client and round */
#define CLIENTS_MAX	8u

struct submit {
	struct bench_client client;
	struct nova_userq *userq;
	struct nova_push_range job;	/* writes a semaphore */
	struct nova_push_range last;	/* the same, with a value that grows and an interrupt */
	uint64_t value;
};

/* --- commands --------------------------------------------------------------- */

static int write_job(struct submit *submit)
{
	struct nova_push *push;
	int ret = nova_push_create(submit->client.words, 0x1000, &push);

	if (ret)
		return ret;
	nova_push_sem_release(push, submit->client.results_va + 16, 1, NOVA_SEM_64BIT);
	ret = nova_push_status(push);
	submit->job = (struct nova_push_range) { .va = submit->client.commands_va,
						 .length = nova_push_size(push) };
	nova_push_destroy(push);
	return ret;
}

static int write_last(struct submit *submit)
{
	struct nova_push *push;
	int ret = nova_push_create(submit->client.words + 0x1000 / 4, 0x1000, &push);

	if (ret)
		return ret;
	nova_push_sem_release(push, submit->client.results_va, ++submit->value, NOVA_SEM_64BIT);
	nova_push_interrupt(push);
	ret = nova_push_status(push);
	submit->last = (struct nova_push_range) { .va = submit->client.commands_va + 0x1000,
						  .length = nova_push_size(push) };
	nova_push_destroy(push);
	return ret;
}

static int wait_value(struct submit *submit)
{
	struct nova_fence_wait wait = {
		.va = submit->client.results_va,
		.value = submit->value,
		.deadline_ns = nova_sync_deadline(BENCH_WAIT_NS),
		.userq = submit->userq,
		.op = NOVA_FENCE_GE,
	};

	return nova_vm_wait_fence(submit->client.vm, &wait);
}

/* Everything that was submitted to the user-mode queue has run. */
static int drain(struct submit *submit)
{
	int ret = write_last(submit);

	if (!ret)
		ret = nova_userq_submit(submit->userq, &submit->last, 1);
	return ret ? ret : wait_value(submit);
}

/* --- CPU time --------------------------------------------------------------- */

/*
 * The kernel charges an interrupt to whoever it interrupts. The GPU's come while this thread submits, and
 * each costs more than an EXEC here: the thread runs where they do not.
 */
static void avoid_interrupts(void)
{
	FILE *interrupts = fopen("/proc/interrupts", "re");
	char line[1024], path[64];
	unsigned int irq = 0, cpu;
	FILE *file = NULL;
	cpu_set_t set;

	while (interrupts && fgets(line, sizeof(line), interrupts)) {
		if (!strstr(line, "nova") || sscanf(line, " %u:", &irq) != 1)
			continue;
		snprintf(path, sizeof(path), "/proc/irq/%u/effective_affinity_list", irq);
		file = fopen(path, "re");
		break;
	}
	if (interrupts)
		fclose(interrupts);
	if (!file)
		return;
	CPU_ZERO(&set);
	if (fscanf(file, "%u", &cpu) == 1 && cpu < CPU_SETSIZE) {
		for (long i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++) {
			if ((unsigned int)i != cpu)
				CPU_SET((size_t)i, &set);
		}
		/* With one processor there is no other: the empty set is refused. */
		sched_setaffinity(0, sizeof(set), &set);
	}
	fclose(file);
}

/* Anywhere again. */
static void meet_interrupts(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	sched_setaffinity(0, sizeof(set), &set);
}

static int get_cap(struct bench_arm *arm, double *values)
{
	struct submit *submit = arm->data;
	int fd = nova_device_fd(submit->client.dev);
	double start = bench_cpu();

	for (unsigned int i = 0; i < CAPS; i++) {
		int ret = bench_get_cap(fd);

		if (ret)
			return ret;
	}
	values[0] = (bench_cpu() - start) / CAPS;
	return 0;
}

/* What the others used until the jobs were done is the jobs', too: a worker hands them to the GPU. */
static void finish_cpu(double own, double others, uint32_t jobs, double *values)
{
	values[0] = own / jobs;
	values[1] = (own + bench_cpu_others() - others) / jobs;
}

/* arm->number: jobs in a call; negative for jobs with commands. */
static int exec_cpu(struct bench_arm *arm, double *values)
{
	struct submit *submit = arm->data;
	int64_t number = (int64_t)arm->number;
	uint32_t count = (uint32_t)(number < 0 ? -number : number);
	const struct nova_push_range *range = number < 0 ? &submit->job : NULL;
	double others = bench_cpu_others(), start = bench_cpu(), own;
	int ret = 0;

	for (uint32_t i = 0; i < BATCH && !ret; i += count)
		ret = bench_client_exec(&submit->client, range, count, false);
	own = bench_cpu() - start;
	if (!ret)
		ret = bench_client_exec(&submit->client, NULL, 1, true);
	if (!ret)
		ret = bench_client_wait(&submit->client);
	finish_cpu(own, others, BATCH, values);
	return ret;
}

/* A call of arm->number empty jobs right behind another, which has woken the worker and this thread's processor. */
static int exec_behind_cpu(struct bench_arm *arm, double *values)
{
	struct submit *submit = arm->data;
	uint32_t count = (uint32_t)arm->number;
	int ret = bench_client_exec(&submit->client, NULL, count, false);
	double start = bench_cpu();

	if (!ret)
		ret = bench_client_exec(&submit->client, NULL, count, false);
	values[0] = (bench_cpu() - start) / count;
	if (!ret)
		ret = bench_client_exec(&submit->client, NULL, 1, true);
	return ret ? ret : bench_client_wait(&submit->client);
}

/* arm->number: ranges in a call; each is a job. */
static int userq_cpu(struct bench_arm *arm, double *values)
{
	struct submit *submit = arm->data;
	struct nova_push_range ranges[BATCH];
	double others, start, own;
	int ret = 0;

	for (uint32_t i = 0; i < BATCH; i++)
		ranges[i] = submit->job;
	others = bench_cpu_others();
	start = bench_cpu();
	for (uint32_t i = 0; i < BATCH && !ret; i += arm->number)
		ret = nova_userq_submit(submit->userq, ranges, (uint32_t)arm->number);
	own = bench_cpu() - start;
	if (!ret)
		ret = drain(submit);
	finish_cpu(own, others, BATCH, values);
	return ret;
}

/* --- latency ---------------------------------------------------------------- */

static int exec_latency(struct bench_arm *arm, double *values)
{
	struct submit *submit = arm->data;
	double start = bench_now();
	int ret = bench_client_exec(&submit->client, NULL, 1, true);

	if (!ret)
		ret = nova_sync_wait(submit->client.done, submit->client.point,
				     nova_sync_deadline(BENCH_WAIT_NS), 0);
	values[0] = bench_now() - start;
	return ret;
}

static int userq_latency(struct bench_arm *arm, double *values)
{
	struct submit *submit = arm->data;
	int ret = write_last(submit);
	double start = bench_now();

	if (!ret)
		ret = nova_userq_submit(submit->userq, &submit->last, 1);
	if (!ret)
		ret = wait_value(submit);
	values[0] = bench_now() - start;
	return ret;
}

/* The same, by a client that looks at the memory itself. */
static int userq_poll_latency(struct bench_arm *arm, double *values)
{
	struct submit *submit = arm->data;
	int ret = write_last(submit);
	double start = bench_now();

	if (!ret)
		ret = nova_userq_submit(submit->userq, &submit->last, 1);
	while (!ret && submit->client.values[0] < submit->value) {
		if (bench_now() - start > BENCH_WAIT_NS)
			return -ETIME;
	}
	values[0] = bench_now() - start;
	return ret;
}

/* --- jobs per second -------------------------------------------------------- */

struct rate_client {
	struct submit submit;
	pthread_t thread;
	pthread_barrier_t *start;
	bool userq;
	int ret;
};

/* Half a batch ahead of the GPU, so that the queue is neither full nor empty. */
static int rate_exec(struct submit *submit)
{
	int ret = 0;

	for (uint32_t i = 0; i < RATE_JOBS && !ret; i += 16) {
		ret = bench_client_exec(&submit->client, &submit->job, 16, true);
		if (!ret && submit->client.point > 2)
			ret = nova_sync_wait(submit->client.done, submit->client.point - 2,
					     nova_sync_deadline(BENCH_WAIT_NS), 0);
	}
	return ret ? ret : bench_client_wait(&submit->client);
}

static int rate_userq(struct submit *submit)
{
	struct nova_push_range ranges[16];
	int ret = 0;

	for (uint32_t i = 0; i < 16; i++)
		ranges[i] = submit->job;
	for (uint32_t i = 0; i < RATE_JOBS && !ret; i += 16) {
		ret = nova_userq_submit(submit->userq, ranges, 16);
		if (ret == -ENOSPC)
			ret = drain(submit);
	}
	return ret ? ret : drain(submit);
}

static void *rate_thread(void *data)
{
	struct rate_client *client = data;

	pthread_barrier_wait(client->start);
	client->ret = client->userq ? rate_userq(&client->submit) : rate_exec(&client->submit);
	return NULL;
}

struct rate {
	struct rate_client clients[CLIENTS_MAX];
	bool userq;
};

/* arm->number clients at once. */
static int rate(struct bench_arm *arm, double *values)
{
	struct rate *rate = arm->data;
	uint32_t count = (uint32_t)arm->number, started;
	pthread_barrier_t start;
	double begin;
	int ret = 0;

	pthread_barrier_init(&start, NULL, count + 1);
	for (started = 0; started < count; started++) {
		struct rate_client *client = &rate->clients[started];

		client->start = &start;
		client->userq = rate->userq;
		/* Those that were started wait at the barrier for good: without threads this program ends. */
		if (pthread_create(&client->thread, NULL, rate_thread, client))
			return -EAGAIN;
	}
	pthread_barrier_wait(&start);
	begin = bench_now();
	for (uint32_t i = 0; i < count; i++) {
		pthread_join(rate->clients[i].thread, NULL);
		ret = ret ? ret : rate->clients[i].ret;
	}
	values[0] = count * RATE_JOBS / ((bench_now() - begin) / 1e9);
	pthread_barrier_destroy(&start);
	return ret;
}

/* --- the plan --------------------------------------------------------------- */

static int submit_init(struct submit *submit)
{
	struct nova_queue_desc desc = { .priority = NOVA_PRIORITY_NORMAL };
	int ret = bench_client_init(&submit->client);

	if (!ret)
		ret = nova_device_find_engine(submit->client.dev, NOVA_ENGINE_COPY, 0, &desc.engine);
	if (!ret)
		ret = nova_userq_create(submit->client.vm, &desc, &submit->userq);
	return ret ? ret : write_job(submit);
}

static void submit_fini(struct submit *submit)
{
	nova_userq_destroy(submit->userq);
	bench_client_fini(&submit->client);
}

struct submit_plan {
	const char *name;
	const char *title;
	int (*run)(struct bench_arm *arm, double *values);
	int64_t number;
	bool all;	/* CPU time of all tasks as the second series */
};

static const struct submit_plan cpu_plans[] = {
	{ "get-cap", "GET_CAP, CPU time", get_cap, 0, false },
	{ "exec-1", "EXEC of one empty job, CPU time", exec_cpu, 1, true },
	{ "exec-64", "EXEC of 64 empty jobs, CPU time per job", exec_cpu, 64, true },
	{ "exec-64-behind", "EXEC of 64 empty jobs right behind another, CPU time per job", exec_behind_cpu, 64, false },
	{ "exec-push", "EXEC of one job with commands, CPU time", exec_cpu, -1, true },
	{ "exec-push-64", "EXEC of 64 jobs with commands, CPU time per job", exec_cpu, -64, true },
	{ "userq-1", "user-mode queue, one job a doorbell, CPU time", userq_cpu, 1, true },
	{ "userq-64", "user-mode queue, 64 jobs a doorbell, CPU time per job", userq_cpu, 64, true },
};

static const struct submit_plan latency_plans[] = {
	{ "latency-exec", "EXEC of an empty job until its fence has woken the client", exec_latency, 0, false },
	{ "latency-userq", "user-mode job until WAIT_USER_FENCE returns", userq_latency, 0, false },
	{ "latency-userq-poll", "user-mode job until the client sees the memory change", userq_poll_latency, 0, false },
};

static void take_turns(struct bench *bench, const struct submit_plan *plans, size_t count, void *data,
		       unsigned int rounds)
{
	struct bench_arm arms[8] = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct bench_series *series = &arms[i].series;

		arms[i].run = plans[i].run;
		arms[i].data = data;
		arms[i].number = (uint64_t)plans[i].number;
		snprintf(series->id, sizeof(series->id), "submit/%s/nova", plans[i].name);
		snprintf(series->title, sizeof(series->title), "%s", plans[i].title);
		strcpy(series->unit, "ns");
		if (!plans[i].all)
			continue;
		arms[i].also = *series;
		snprintf(arms[i].also.id, sizeof(series->id), "submit/%s-all/nova", plans[i].name);
		snprintf(arms[i].also.title, sizeof(series->title), "%s of all tasks", plans[i].title);
	}
	bench_take_turns(bench, arms, count, rounds, 25);
}

static void rates(struct bench *bench)
{
	static const uint32_t counts[] = { 1, 2, 8 };
	static struct rate rates[2];
	struct bench_arm arms[6] = { 0 };
	size_t count = 0;
	int ret = 0;

	for (int userq = 0; userq < 2; userq++) {
		rates[userq].userq = userq;
		for (uint32_t i = 0; i < CLIENTS_MAX && !ret; i++)
			ret = submit_init(&rates[userq].clients[i].submit);
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			struct bench_series *series = &arms[count].series;

			snprintf(series->id, sizeof(series->id), "submit/%s-%u/nova", userq ? "rate-userq" : "rate",
				 counts[i]);
			snprintf(series->title, sizeof(series->title), "pipelined jobs, %u clients, %s", counts[i],
				 userq ? "user-mode queues" : "EXEC");
			strcpy(series->unit, "jobs/s");
			strcpy(series->plot, "jobs per second by clients");
			strcpy(series->line, userq ? "user-mode queues" : "EXEC");
			series->x = counts[i];
			arms[count].run = rate;
			arms[count].data = &rates[userq];
			arms[count++].number = counts[i];
		}
	}
	if (ret)
		bench_skip(bench, "submit/rate", "the clients cannot be made", ret);
	else
		bench_take_turns(bench, arms, count, 12, 25);
	for (int userq = 0; userq < 2; userq++) {
		for (uint32_t i = 0; i < CLIENTS_MAX; i++)
			submit_fini(&rates[userq].clients[i].submit);
	}
}

void bench_submit(struct bench *bench)
{
	struct submit submit = { 0 };
	int ret = submit_init(&submit);

	if (ret) {
		bench_skip(bench, "submit", "no client", ret);
	} else {
		avoid_interrupts();
		take_turns(bench, cpu_plans, sizeof(cpu_plans) / sizeof(cpu_plans[0]), &submit, 30);
		meet_interrupts();
		take_turns(bench, latency_plans, sizeof(latency_plans) / sizeof(latency_plans[0]), &submit, 200);
	}
	submit_fini(&submit);
	if (!ret)
		rates(bench);
}
