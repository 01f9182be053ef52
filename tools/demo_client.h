/* SPDX-License-Identifier: MIT */
/* Client processes, each with its own open device, led by the demo through a socket. */
#ifndef DEMO_CLIENT_H
#define DEMO_CLIENT_H

#include <sys/types.h>

#include "demo_loop.h"

#define DEMO_CLIENTS_MAX	64u
#define DEMO_ANSWER_NS		120000000000ull	/* a client that is silent for so long hangs */

/**
 * struct demo_client - a client process, as the demo sees it
 * @pid: the process, 0 when it has ended
 * @socket: to it
 */
struct demo_client {
	pid_t pid;
	int socket;
};

/**
 * struct demo_settings - what all clients are told when they start
 * @picture: the picture to work on
 * @out: where to save the sheet, or NULL
 * @verify: compare with the CPU's reference
 */
struct demo_settings {
	const struct demo_image *picture;
	const char *out;
	bool verify;
};

enum demo_command_type {
	DEMO_COMMAND_RENDER,	/* open the device if it is not, draw; answered */
	DEMO_COMMAND_RUN,	/* keep it busy; answered when that ends */
	DEMO_COMMAND_PARK,	/* while busy: park a job; answered at once */
	DEMO_COMMAND_STOP,	/* end being busy */
	DEMO_COMMAND_EXIT,	/* end */
};

/**
 * struct demo_answer - what a client answers
 * @type: what it answers
 * @ret: 0 or a negative errno
 * @step: the call that failed
 * @detail: more about it, or empty
 * @render: of DEMO_COMMAND_RENDER
 * @report: of DEMO_COMMAND_RUN
 */
struct demo_answer {
	enum demo_command_type type;
	int ret;
	char step[32];
	char detail[160];
	struct demo_render render;
	struct demo_report report;
};

/* Before the demo itself opens a device: its objects are not for children. */
int demo_client_start(struct demo_client *client, const struct demo_settings *settings);

/* @path: the device to draw on; @save: write the sheet to settings->out. */
int demo_client_send(struct demo_client *client, enum demo_command_type type, const char *path,
		     bool save);

/* -ECHILD when the process died (answer->detail says how), -ETIME when it is silent. */
int demo_client_receive(struct demo_client *client, struct demo_answer *answer);

/* Lets it end, or ends it; 0, -ECHILD when it did not end well, -ETIME when it cannot be ended. */
int demo_client_stop(struct demo_client *client);

#endif /* DEMO_CLIENT_H */
