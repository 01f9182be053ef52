/* SPDX-License-Identifier: MIT */
/* A run: threads that do operations, somebody who watches them, and the report. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "igt_nova.h"
#include "igt_nova_kmsg.h"

#include "fuzz.h"

/* One operation in so many draws broken fields, and then one field in so many is. */
static const unsigned int broken_rates[] = { 0, 0, 0, 0, 0, 0, 20, 8, 4 };

/* One operation takes less, also on a machine with too much to do. */
#define PATIENCE_NS	(2 * IGT_NOVA_PATIENCE_S * 1000000000ull)

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static struct {
	const struct igt_nova_dev *dev;
	const struct fuzz_options *options;
	struct fuzz_thread threads[FUZZ_THREADS_MAX];
	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t changed;
	unsigned int started;
	unsigned int running;
	char failure[512];
	atomic_bool stop;
} run = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

const struct fuzz_options *fuzz_run_options(void)
{
	return run.options;
}

const struct igt_nova_dev *fuzz_run_dev(void)
{
	return run.dev;
}

void fuzz_note(struct fuzz_op *op, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(op->record->text, sizeof(op->record->text), format, args);
	va_end(args);
}

/* --- the report --- */

static void print_struct(const struct fuzz_struct *what, const void *data)
{
	for (uint32_t i = 0; i < what->count; i++) {
		const struct fuzz_field *field = &what->fields[i];
		const uint32_t *array = (const void *)((const char *)data + field->offset);

		if (field->type == FUZZ_ARRAY)
			fprintf(stderr, " %s=%u*%u@%#" PRIx64, field->name, array[1], array[0],
				(uint64_t)array[3] << 32 | array[2]);
		else
			fprintf(stderr, " %s=%#" PRIx64, field->name, fuzz_get(data, field));
	}
}

static void print_record(unsigned int thread, const struct fuzz_record *record)
{
	if (!record->name)
		return;
	fprintf(stderr, "  thread %u #%" PRIu64 " file %u %s", thread, record->number, record->slot,
		record->name);
	if (record->args)
		print_struct(record->args, record->data);
	if (record->text[0])
		fprintf(stderr, " (%s)", record->text);
	if (record->result == INT32_MIN)
		fprintf(stderr, " ...\n");
	else
		fprintf(stderr, " = %d%s%s\n", record->result, record->result ? " " : "",
			record->result ? strerror(-record->result) : "");
}

/* While threads run it may be torn: better than nothing. */
static void report(void)
{
	const struct fuzz_options *options = run.options;

	fprintf(stderr, "the last operations:\n");
	for (unsigned int i = 0; i < options->threads; i++) {
		const struct fuzz_thread *thread = &run.threads[i];
		uint64_t done = thread->progress;

		for (uint64_t j = done; j < done + FUZZ_RECORDS; j++)
			print_record(i, &thread->records[j % FUZZ_RECORDS]);
	}
	fprintf(stderr, "replay it with: nova_fuzz --seed %" PRIu64
		" --ops %u --threads %u --files %u%s\n", options->seed, options->ops,
		options->threads, options->files, options->unbind ? " --unbind" : "");
	fflush(stderr);
}

static void fail(const struct fuzz_op *op, const char *what)
{
	pthread_mutex_lock(&run.lock);
	if (!run.failure[0])
		snprintf(run.failure, sizeof(run.failure),
			 "thread %u, operation %" PRIu64 ", %s = %d: %s%s%s", op->thread->index,
			 op->record->number, op->record->name, op->record->result, what,
			 op->record->text[0] ? ": " : "", op->record->text);
	run.stop = true;
	pthread_mutex_unlock(&run.lock);
}

/* --- one operation --- */

size_t fuzz_tally_count(void)
{
	return fuzz_ioctl_count + fuzz_core_ioctl_count + fuzz_call_count;
}

static const struct fuzz_ioctl *ioctl_of(size_t index)
{
	if (index < fuzz_ioctl_count)
		return &fuzz_ioctls[index];
	index -= fuzz_ioctl_count;
	return index < fuzz_core_ioctl_count ? &fuzz_core_ioctls[index] : NULL;
}

static const struct fuzz_call *call_of(size_t index)
{
	return &fuzz_calls[index - fuzz_ioctl_count - fuzz_core_ioctl_count];
}

const char *fuzz_tally_name(size_t index)
{
	return ioctl_of(index) ? ioctl_of(index)->name : call_of(index)->name;
}

static unsigned int weight(size_t index)
{
	if (ioctl_of(index))
		return ioctl_of(index)->weight;
	if (call_of(index)->needs_unbind && !run.options->unbind)
		return 0;
	return call_of(index)->weight;
}

static size_t choose(struct fuzz_op *op)
{
	bool poor = fuzz_chance(&op->random, 3) && fuzz_pool_empty(&op->file->pools[FUZZ_QUEUE]);
	unsigned int sum = 0, at;
	size_t index = 0;

	for (size_t i = 0; i < fuzz_tally_count(); i++)
		sum += weight(i);
	at = fuzz_below(&op->random, sum);
	while (at >= weight(index))
		at -= weight(index++);
	/* Without a queue little can be done with a file. */
	return poor ? fuzz_tally_count() - 1 : index;
}

static void begin(struct fuzz_op *op, struct fuzz_thread *thread, uint64_t number)
{
	*op = (struct fuzz_op) {
		.random = run.options->seed << 40 ^ (uint64_t)thread->index << 32 ^ number,
		.thread = thread,
		.arena_at = thread->memory.arena + FUZZ_ARENA,
		.record = &thread->records[number % FUZZ_RECORDS],
	};
	fuzz_next(&op->random);
	op->slot = fuzz_below(&op->random, run.options->files);
	op->file = fuzz_file_get(op->slot);
	op->other = fuzz_file_get(op->slot + 1);
	op->broken = broken_rates[fuzz_below(&op->random, COUNT(broken_rates))];
}

static void end(struct fuzz_op *op)
{
	while (op->fd_count)
		close(op->fds[--op->fd_count]);
	/* A device that came back has a new node. */
	if (op->record->result == -ENODEV)
		fuzz_file_reopen(op->slot, op->file);
	fuzz_file_put(op->file);
	fuzz_file_put(op->other);
}

static void operate(struct fuzz_thread *thread, uint64_t number)
{
	struct fuzz_op op;
	const char *failure;
	size_t index;

	begin(&op, thread, number);
	index = choose(&op);
	op.record->args = NULL;
	op.record->text[0] = '\0';
	op.record->number = number;
	op.record->slot = op.slot;
	op.record->result = INT32_MIN;
	op.record->name = fuzz_tally_name(index);
	if (run.options->trace)
		igt_nova_kmsg_note("fuzz: thread %u #%" PRIu64 " %s\n", thread->index, number,
				   op.record->name);
	failure = ioctl_of(index) ? fuzz_ioctl_run(&op, ioctl_of(index)) : call_of(index)->run(&op);
	if (failure)
		fail(&op, failure);
	if (op.record->result)
		thread->tallies[index].refused++;
	else
		thread->tallies[index].done++;
	end(&op);
}

/* --- threads --- */

static void on_disturbed(int signal)
{
	(void)signal;
}

void fuzz_run_disturb(unsigned int thread)
{
	/* Joined only after all have ended. */
	pthread_kill(run.threads[thread].pthread, SIGUSR1);
}

static void *work(void *data)
{
	struct fuzz_thread *thread = data;
	sigset_t disturbances;

	/* All are known to each other from here on. */
	pthread_mutex_lock(&run.lock);
	while (run.started < run.options->threads)
		pthread_cond_wait(&run.changed, &run.lock);
	pthread_mutex_unlock(&run.lock);
	sigemptyset(&disturbances);
	sigaddset(&disturbances, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &disturbances, NULL);
	while (thread->progress < run.options->ops && !run.stop) {
		operate(thread, thread->progress);
		thread->progress++;
	}
	pthread_mutex_lock(&run.lock);
	run.running--;
	pthread_cond_broadcast(&run.changed);
	pthread_mutex_unlock(&run.lock);
	return NULL;
}

static void sysrq(char key)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &key, 1) != 1)
		fprintf(stderr, "sysrq %c: %s\n", key, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Who waits for it hangs, too: the process ends. */
static void __attribute__((noreturn)) hung(unsigned int thread)
{
	fprintf(stderr, "seed %" PRIu64 ": thread %u hangs; stacks are in the kernel's log\n",
		run.options->seed, thread);
	report();
	igt_nova_kmsg_note("fuzz: seed %" PRIu64 ": thread %u hangs\n", run.options->seed, thread);
	sysrq('w');
	sysrq('t');
	_exit(98);
}

static void watch(void)
{
	uint64_t seen[FUZZ_THREADS_MAX] = { 0 }, since[FUZZ_THREADS_MAX];

	for (unsigned int i = 0; i < run.options->threads; i++)
		since[i] = igt_nova_now_ns();
	pthread_mutex_lock(&run.lock);
	while (run.running) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&run.changed, &run.lock, &until);
		for (unsigned int i = 0; i < run.options->threads; i++) {
			uint64_t progress = run.threads[i].progress, now = igt_nova_now_ns();

			if (progress != seen[i] || progress >= run.options->ops)
				since[i] = now;
			seen[i] = progress;
			if (now - since[i] > PATIENCE_NS)
				hung(i);
		}
	}
	pthread_mutex_unlock(&run.lock);
}

static void start(unsigned int index)
{
	struct fuzz_thread *thread = &run.threads[index];

	thread->index = index;
	thread->tallies = calloc(fuzz_tally_count(), sizeof(*thread->tallies));
	if (!thread->tallies || !fuzz_memory_init(&thread->memory))
		abort();
	igt_nova_thread_start(&thread->pthread, work, thread);
	pthread_mutex_lock(&run.lock);
	run.started++;
	run.running++;
	pthread_cond_broadcast(&run.changed);
	pthread_mutex_unlock(&run.lock);
}

static void finish(struct fuzz_thread *thread, struct fuzz_result *result)
{
	pthread_join(thread->pthread, NULL);
	result->ops += thread->progress;
	for (size_t i = 0; i < fuzz_tally_count(); i++) {
		result->tallies[i].done += thread->tallies[i].done;
		result->tallies[i].refused += thread->tallies[i].refused;
	}
	free(thread->tallies);
	fuzz_memory_fini(&thread->memory);
}

void fuzz_run(const struct igt_nova_dev *dev, const struct fuzz_options *options,
	      struct fuzz_result *result)
{
	struct sigaction action = { .sa_handler = on_disturbed };

	/* Without SA_RESTART: what is interrupted says so. */
	sigaction(SIGUSR1, &action, NULL);
	memset(run.threads, 0, sizeof(run.threads));
	run.dev = dev;
	run.options = options;
	run.started = 0;
	run.running = 0;
	run.stop = false;
	run.failure[0] = '\0';
	if (!fuzz_files_open(dev, options->files)) {
		snprintf(result->failure, sizeof(result->failure), "the device cannot be opened");
		fuzz_files_close();
		return;
	}
	for (unsigned int i = 0; i < options->threads; i++)
		start(i);
	watch();
	if (run.failure[0])
		report();
	for (unsigned int i = 0; i < options->threads; i++)
		finish(&run.threads[i], result);
	fuzz_files_close();
	snprintf(result->failure, sizeof(result->failure), "%s", run.failure);
}
