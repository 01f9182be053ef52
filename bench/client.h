/* SPDX-License-Identifier: MIT */
/* A client of libnova: a device, an address space, a queue, memory for commands and for results. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <nova.h>

#define BENCH_COMMANDS_SIZE	0x40000u
#define BENCH_RESULTS_SIZE	0x1000u
#define BENCH_WAIT_NS		60000000000ull

/**
 * struct bench_client - one client
 * @dev: the device
 * @vm: address space
 * @queue: on the first copy engine
 * @done: timeline that jobs signal
 * @point: the last point that was given to a job
 * @commands: buffer that commands are written to, @words its map, @commands_va its address
 * @results: buffer that the GPU writes to, @values its map, @results_va its address
 */
struct bench_client {
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_sync *done;
	uint64_t point;
	struct nova_bo *commands;
	uint32_t *words;
	uint64_t commands_va;
	struct nova_bo *results;
	volatile uint64_t *values;
	uint64_t results_va;
};

/* 0 or a negative errno; bench_client_fini() in either case. */
int bench_client_init(struct bench_client *client);
void bench_client_fini(struct bench_client *client);

/* A buffer of @size that is bound; @map may be NULL. Private to the address space, as one that is not shared should be. */
int bench_client_buffer(struct bench_client *client, uint64_t size, uint32_t placement,
			struct nova_bo **bo, void **map, uint64_t *va);

/*
 * @count jobs of @range each (NULL: empty ones) in one call. The last one signals the next point if @signal.
 * At most 64.
 */
int bench_client_exec(struct bench_client *client, const struct nova_push_range *range,
		      uint32_t count, bool signal);
/* Waits for the last point, and tells how its job ended. */
int bench_client_wait(struct bench_client *client);

#endif /* BENCH_CLIENT_H */
