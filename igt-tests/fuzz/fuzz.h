/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer that knows the structures of the UAPI. Most of what it does is right, with a field
 * exchanged here and there: that gets past the first check.
 *
 * Each operation draws from a generator of its own, made of seed, thread and its number: what one
 * does never changes what the next one draws. Nothing below asserts: these are threads.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "igt_nova_sysfs.h"

/* --- numbers --- */

uint64_t fuzz_next(uint64_t *random);
uint32_t fuzz_below(uint64_t *random, uint32_t end);
/* True once in @n times; never for 0. */
bool fuzz_chance(uint64_t *random, uint32_t n);

/* --- what the kernel is given: tables of typed fields --- */

/* Names of objects that belong to a file. */
enum fuzz_kind { FUZZ_GEM, FUZZ_VM, FUZZ_QUEUE, FUZZ_SYNCOBJ, FUZZ_KINDS };

/* Open files that are not the device's. */
enum fuzz_fd { FUZZ_DMABUF, FUZZ_SYNC_FILE, FUZZ_SYNCOBJ_FILE, FUZZ_FDS };

/* What a field means. Those up to FUZZ_IN are read by the kernel and never written. */
enum fuzz_type {
	FUZZ_HANDLE,		/* names an object of kind @arg */
	FUZZ_HANDLE_OR_0,
	FUZZ_TAKE,		/* the same, which is gone after a success */
	FUZZ_FLAGS,		/* of the mask @arg */
	FUZZ_ENUM,		/* below @arg */
	FUZZ_ZERO,		/* has to be 0 */
	FUZZ_IGNORED,
	FUZZ_SIZE,		/* of a buffer */
	FUZZ_RANGE,		/* bytes of a GPU mapping */
	FUZZ_OFFSET,		/* in a buffer */
	FUZZ_VA,		/* GPU address */
	FUZZ_PUSH,		/* GPU address of a push */
	FUZZ_LENGTH,		/* bytes of a push */
	FUZZ_POINT,		/* of a timeline */
	FUZZ_ARRAY,		/* struct drm_nova_array of @element, mostly up to @arg of them */
	FUZZ_SET,		/* by the prepare function */
	FUZZ_IN = FUZZ_SET,
	FUZZ_NEW,		/* out: names a new object of kind @arg */
	FUZZ_NEW_FD,		/* out: a file of enum fuzz_fd @arg, close-on-exec or not */
	FUZZ_OUT,		/* out: written on success */
	FUZZ_OUT_ZERO,		/* out: 0 on success */
	FUZZ_RING,		/* in: entries or 0; out: what it is */
	FUZZ_INOUT,		/* set by the prepare function, and written on success */
};

struct fuzz_op;

/**
 * struct fuzz_field - a field of a structure
 * @name: its name
 * @offset: where
 * @size: in bytes
 * @type: what it means
 * @arg: more of that
 * @element: of an array
 */
struct fuzz_field {
	const char *name;
	uint16_t offset;
	uint16_t size;
	enum fuzz_type type;
	uint64_t arg;
	const struct fuzz_struct *element;
};

/**
 * struct fuzz_struct - a structure
 * @size: in bytes
 * @count: fields
 * @fields: the fields, without holes
 * @repair: makes fields agree with each other, most of the time; may be NULL
 */
struct fuzz_struct {
	uint32_t size;
	uint32_t count;
	const struct fuzz_field *fields;
	void (*repair)(struct fuzz_op *op, void *data);
};

#define FUZZ_FIELD(type_, field, means, ...)						\
	{ .name = #field, .offset = offsetof(type_, field),				\
	  .size = sizeof(((type_ *)0)->field), .type = FUZZ_##means, __VA_ARGS__ }
#define FUZZ_STRUCT(type, table, repair)						\
	{ sizeof(type), sizeof(table) / sizeof((table)[0]), table, repair }

#define FUZZ_ERRORS_MAX	12

/**
 * struct fuzz_ioctl - an ioctl
 * @name: for the log
 * @request: its number
 * @weight: how often, among the others
 * @args: its argument
 * @errors: what the header says it may return, besides EFAULT for a bad pointer, ENODEV when
 *          the device goes, and EINTR after a signal. Not EACCES, ETIMEDOUT and EIO: it is root
 *          who asks, and no firmware dies; nor EOPNOTSUPP for what this device has
 * @prepare: what the fields do not tell; may be NULL
 * @check: the same after a success: NULL, or what is wrong; may be NULL
 */
struct fuzz_ioctl {
	const char *name;
	unsigned long request;
	unsigned int weight;
	const struct fuzz_struct *args;
	uint8_t errors[FUZZ_ERRORS_MAX];
	void (*prepare)(struct fuzz_op *op, void *args);
	const char *(*check)(struct fuzz_op *op, const void *args);
};

extern const struct fuzz_ioctl fuzz_ioctls[];		/* the driver's */
extern const size_t fuzz_ioctl_count;
extern const struct fuzz_ioctl fuzz_core_ioctls[];	/* of the DRM core */
extern const size_t fuzz_core_ioctl_count;

/**
 * struct fuzz_call - something else that is done
 * @name: for the log
 * @weight: how often
 * @run: does it: NULL, or what is wrong
 * @needs_unbind: only where the device may go
 */
struct fuzz_call {
	const char *name;
	unsigned int weight;
	const char *(*run)(struct fuzz_op *op);
	bool needs_unbind;
};

extern const struct fuzz_call fuzz_calls[];
extern const size_t fuzz_call_count;

/* --- what there is: files, their objects, other files --- */

#define FUZZ_POOL	24
#define FUZZ_STALE	8
#define FUZZ_USERQS	8

/**
 * struct fuzz_pool - ids of one kind
 * @live: ids, 0 for none
 * @stale: the last ones that were taken
 * @next_stale: where the next goes
 */
struct fuzz_pool {
	atomic_uint live[FUZZ_POOL];
	atomic_uint stale[FUZZ_STALE];
	atomic_uint next_stale;
};

/**
 * struct fuzz_userq - what QUEUE_CREATE told of a user-mode queue, which may be no more
 * @offset: of its mapping
 * @size: of that, in bytes, or 0 for none
 * @ring_va: its ring for the GPU
 * @ring_size: entries
 * @token: rings its doorbell
 */
struct fuzz_userq {
	uint64_t offset;
	uint64_t size;
	uint64_t ring_va;
	uint32_t ring_size;
	uint32_t token;
};

/**
 * struct fuzz_file - an open file of the device; the last user closes it
 * @fd: the file
 * @users: threads inside, and the slot
 * @pools: its objects
 * @userqs: some of its user-mode queues
 */
struct fuzz_file {
	int fd;
	unsigned int users;
	struct fuzz_pool pools[FUZZ_KINDS];
	struct fuzz_userq userqs[FUZZ_USERQS];
};

#define FUZZ_FILES	2

/* Each returns with a reference. */
struct fuzz_file *fuzz_file_get(unsigned int slot);
void fuzz_file_put(struct fuzz_file *file);
/*
 * A new file takes the place of this one, if it still has it and the node can be opened. False
 * if that cannot be opened.
 */
bool fuzz_file_reopen(unsigned int slot, const struct fuzz_file *old);

uint32_t fuzz_pool_pick(struct fuzz_pool *pool, uint64_t *random);
uint32_t fuzz_pool_stale(struct fuzz_pool *pool, uint64_t *random);
/* Returns the id that it displaced, or 0. */
uint32_t fuzz_pool_add(struct fuzz_pool *pool, uint64_t *random, uint32_t id);
bool fuzz_pool_empty(struct fuzz_pool *pool);
void fuzz_pool_take(struct fuzz_pool *pool, uint32_t id);

struct fuzz_userq fuzz_userq_pick(struct fuzz_file *file, uint64_t *random);
void fuzz_userq_add(struct fuzz_file *file, uint64_t *random, const struct fuzz_userq *userq);

/* Takes @fd over. */
void fuzz_fd_add(enum fuzz_fd kind, uint64_t *random, int fd);
/* A duplicate of one of them for the caller to close, or -1. */
int fuzz_fd_get(enum fuzz_fd kind, uint64_t *random);

bool fuzz_files_open(const struct igt_nova_dev *dev, unsigned int files);
void fuzz_files_close(void);

/* --- memory that the kernel is given --- */

#define FUZZ_PAGE	4096u
#define FUZZ_ARENA	(64 * FUZZ_PAGE)
#define FUZZ_USER	(32 * FUZZ_PAGE)
#define FUZZ_MAPS	6
#define FUZZ_USERQ_MAPS	3

/**
 * struct fuzz_map - a CPU mapping of a buffer
 * @at: where, or NULL
 * @size: bytes
 * @prot: PROT_*
 */
struct fuzz_map {
	void *at;
	size_t size;
	int prot;
};

/**
 * struct fuzz_userq_map - a CPU mapping of a user-mode queue, or of a part of it
 * @userq: the queue
 * @at: where, or NULL
 * @first: which of the queue's pages is mapped there
 * @pages: so many are
 * @prot: PROT_*
 * @put: index behind the last entry that was written here
 */
struct fuzz_userq_map {
	struct fuzz_userq userq;
	char *at;
	uint32_t first;
	uint32_t pages;
	int prot;
	uint32_t put;
};

/**
 * struct fuzz_memory - of one thread; an inaccessible page follows each part
 * @args: the argument, a page
 * @arena: arrays; filled from its end down
 * @shadow: what was in the arena before the call
 * @answer: buffer for answers, a page
 * @readonly: a page
 * @user: what is bound as memory of the process, FUZZ_USER bytes; may not be accessible
 * @maps: mappings of buffers, which nobody else touches
 * @userqs: mappings of user-mode queues, others of which other threads may have
 */
struct fuzz_memory {
	char *args;
	char *arena;
	char *shadow;
	char *answer;
	char *readonly;
	char *user;
	struct fuzz_map maps[FUZZ_MAPS];
	struct fuzz_userq_map userqs[FUZZ_USERQ_MAPS];
};

bool fuzz_memory_init(struct fuzz_memory *memory);
void fuzz_memory_fini(struct fuzz_memory *memory);

/* --- one operation --- */

#define FUZZ_ARGS	128	/* no argument is longer */
#define FUZZ_TEXT	160

/**
 * struct fuzz_record - what was done, for the report
 * @number: of the operation
 * @name: of the ioctl or call, NULL while nothing was
 * @args: what an ioctl's argument is made of, or NULL
 * @data: the argument
 * @text: what else there is to say
 * @result: 0, -errno, or INT32_MIN while it is not done
 * @slot: the file
 */
struct fuzz_record {
	uint64_t number;
	const char *name;
	const struct fuzz_struct *args;
	uint64_t data[FUZZ_ARGS / 8];
	char text[FUZZ_TEXT];
	int result;
	unsigned int slot;
};

/**
 * struct fuzz_op - one operation
 * @random: its generator
 * @thread: who
 * @slot: the file's
 * @file: the file
 * @other: another one, or the same
 * @broken: one field in so many is; 0: none
 * @bad_pointer: memory was given that cannot be read or written
 * @answer_size: bytes of memory->answer that the kernel was told of
 * @arena_at: the arena is in use from here
 * @fds: to be closed afterwards
 * @fd_count: of them
 * @record: what is being done
 */
struct fuzz_op {
	uint64_t random;
	struct fuzz_thread *thread;
	unsigned int slot;
	struct fuzz_file *file;
	struct fuzz_file *other;
	unsigned int broken;
	bool bad_pointer;
	uint32_t answer_size;
	char *arena_at;
	int fds[4];
	unsigned int fd_count;
	struct fuzz_record *record;
};

/* Pushes are bound here, as segments of equal size. */
#define FUZZ_PUSH_VA		(16ull << 20)
#define FUZZ_PUSH_SEGMENTS	64u
#define FUZZ_PUSH_BYTES		256u

#define FUZZ_PATTERN	0xa7b6c5d4a7b6c5d4ull

bool fuzz_broken(struct fuzz_op *op);
/* A value for a field that names an object. */
uint32_t fuzz_handle(struct fuzz_op *op, enum fuzz_kind kind);
/* A file that is not the device's, valid during the operation; seldom something else. */
int fuzz_fd(struct fuzz_op *op, enum fuzz_fd kind);
/* Memory for an array, or what pretends to be. The rest of the arena stays in use until the end. */
void *fuzz_alloc(struct fuzz_op *op, size_t size);
uint64_t fuzz_pointer(struct fuzz_op *op, void *memory, size_t size);
uint64_t fuzz_va(struct fuzz_op *op);
uint64_t fuzz_point(struct fuzz_op *op);
void fuzz_fill(struct fuzz_op *op, const struct fuzz_struct *what, void *data);
void fuzz_note(struct fuzz_op *op, const char *format, ...) __attribute__((format(printf, 2, 3)));

uint64_t fuzz_get(const void *data, const struct fuzz_field *field);
void fuzz_put(void *data, const struct fuzz_field *field, uint64_t value);

/* 0 or -errno, without a second try. */
int fuzz_raw_ioctl(int fd, unsigned long request, void *args);
/* NULL, or what is wrong. */
const char *fuzz_ioctl_run(struct fuzz_op *op, const struct fuzz_ioctl *ioctl);
/* Is it one of these, 0-terminated, or one that is always possible? */
bool fuzz_result_ok(struct fuzz_op *op, int result, const uint8_t *errors);
/* The same for what is no ioctl of a table, as its result: NULL, or what is wrong. */
const char *fuzz_judge(struct fuzz_op *op, int result, const uint8_t *errors);
/* Ends an object that nobody knows any more. */
void fuzz_destroy(struct fuzz_file *file, enum fuzz_kind kind, uint32_t id);

/* --- user-mode queues --- */

/* In place of one of the thread's mappings: NULL, or what is wrong. */
const char *fuzz_userq_map(struct fuzz_op *op, const struct fuzz_userq *userq);
void fuzz_userqs_fini(struct fuzz_memory *memory);

/* ENOENT, which is no failure, when there is none to do it with. */
const char *fuzz_call_userq_map(struct fuzz_op *op);
const char *fuzz_call_userq_submit(struct fuzz_op *op);
const char *fuzz_call_userq_touch(struct fuzz_op *op);
const char *fuzz_call_userq_unmap(struct fuzz_op *op);

/* --- a run --- */

/**
 * struct fuzz_options - what to do
 * @seed: decides all the rest
 * @ops: operations of each thread
 * @threads: how many
 * @files: of the device, 1 or 2
 * @unbind: the device goes and comes back meanwhile
 * @trace: say each operation before it is done
 */
struct fuzz_options {
	uint64_t seed;
	unsigned int ops;
	unsigned int threads;
	unsigned int files;
	bool unbind;
	bool trace;
};

#define FUZZ_THREADS_MAX	16
#define FUZZ_RECORDS		24

/**
 * struct fuzz_tally - results of one ioctl
 * @done: successes
 * @refused: errors
 */
struct fuzz_tally {
	uint64_t done;
	uint64_t refused;
};

struct fuzz_thread {
	pthread_t pthread;
	unsigned int index;
	struct fuzz_memory memory;
	struct fuzz_record records[FUZZ_RECORDS];
	struct fuzz_tally *tallies;	/* of the driver's ioctls, then the core's, then calls */
	atomic_ullong progress;		/* operations begun */
};

/* Of the run that is under way. */
const struct fuzz_options *fuzz_run_options(void);
const struct igt_nova_dev *fuzz_run_dev(void);
/* A signal to a thread that may be inside a call. */
void fuzz_run_disturb(unsigned int thread);

/**
 * struct fuzz_result - how a run went
 * @failure: empty, or what was wrong
 * @ops: done
 * @tallies: as in struct fuzz_thread, summed up; room for fuzz_tally_count()
 */
struct fuzz_result {
	char failure[512];
	uint64_t ops;
	struct fuzz_tally *tallies;
};

size_t fuzz_tally_count(void);
const char *fuzz_tally_name(size_t index);
/* Returns when all threads have ended and all files are closed. */
void fuzz_run(const struct igt_nova_dev *dev, const struct fuzz_options *options,
	      struct fuzz_result *result);

#endif /* FUZZ_H */
