// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo_client.h"

#define EXIT_MS	30000	/* for closing a device and ending */

struct command {
	enum demo_command_type type;
	bool save;
	char path[64];
};

/* --- in the client ---------------------------------------------------------- */

static int save_sheet(const struct demo_gpu *gpu, const char *path, struct demo_answer *answer)
{
	struct demo_image sheet;
	int ret = demo_gpu_sheet(gpu, &sheet);

	if (ret)
		return ret;
	ret = demo_image_save(&sheet, path, answer->detail, sizeof(answer->detail));
	demo_image_fini(&sheet);
	return ret;
}

static void render(struct demo_gpu *gpu, const struct demo_settings *settings,
		   const struct command *command, struct demo_answer *answer)
{
	const struct demo_difference *difference = &answer->render.difference;
	int ret = gpu->dev ? 0 : demo_gpu_open(gpu, command->path, settings->picture);

	if (!ret)
		ret = demo_gpu_render(gpu, settings->verify, &answer->render);
	if (ret)
		snprintf(answer->step, sizeof(answer->step), "%s", gpu->step);
	if (difference->count)
		snprintf(answer->detail, sizeof(answer->detail),
			 "%llu pixels differ, the first at %u,%u is %08x, should be %08x",
			 (unsigned long long)difference->count, difference->x, difference->y,
			 difference->is, difference->should);
	if (!ret && command->save) {
		ret = save_sheet(gpu, settings->out, answer);
		if (ret)
			snprintf(answer->step, sizeof(answer->step), "saving");
	}
	answer->ret = ret;
}

static enum demo_order next_order(void *data)
{
	struct command command;
	ssize_t got = recv(*(int *)data, &command, sizeof(command), MSG_DONTWAIT);

	if (got < 0)
		return DEMO_ORDER_NONE;
	return got == sizeof(command) && command.type == DEMO_COMMAND_PARK ? DEMO_ORDER_PARK :
									    DEMO_ORDER_STOP;
}

static void send_answer(int socket, const struct demo_answer *answer)
{
	if (send(socket, answer, sizeof(*answer), MSG_NOSIGNAL) != sizeof(*answer))
		_exit(EXIT_FAILURE);	/* nobody is there any more */
}

static void tell_parked(void *data, int ret)
{
	struct demo_answer answer = { .type = DEMO_COMMAND_PARK, .ret = ret, .step = "park" };

	send_answer(*(int *)data, &answer);
}

static void serve(int socket, const struct demo_settings *settings)
{
	struct demo_orders orders = { .next = next_order, .parked = tell_parked, .data = &socket };
	struct demo_gpu gpu = { .fd = -1 };
	struct command command;
	struct demo_answer answer;

	while (recv(socket, &command, sizeof(command), 0) == sizeof(command)) {
		answer = (struct demo_answer) { .type = command.type };
		switch (command.type) {
		case DEMO_COMMAND_RENDER:
			render(&gpu, settings, &command, &answer);
			send_answer(socket, &answer);
			break;
		case DEMO_COMMAND_RUN:
			demo_loop_run(&gpu, &orders, &answer.report);
			answer.ret = answer.report.error;
			snprintf(answer.step, sizeof(answer.step), "%s", answer.report.call);
			send_answer(socket, &answer);
			break;
		case DEMO_COMMAND_PARK:	/* came too late: no longer busy, and the report is on its way */
		case DEMO_COMMAND_STOP:
			break;
		case DEMO_COMMAND_EXIT:
			_exit(demo_gpu_close(&gpu) ? EXIT_FAILURE : EXIT_SUCCESS);
		}
	}
	_exit(EXIT_FAILURE);
}

/* --- in the demo ------------------------------------------------------------ */

int demo_client_start(struct demo_client *client, const struct demo_settings *settings)
{
	int sockets[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(sockets[0]);
		serve(sockets[1], settings);
	}
	close(sockets[1]);
	if (pid < 0) {
		close(sockets[0]);
		return -errno;
	}
	*client = (struct demo_client) { .pid = pid, .socket = sockets[0] };
	return 0;
}

int demo_client_send(struct demo_client *client, enum demo_command_type type, const char *path,
		     bool save)
{
	struct command command = { .type = type, .save = save };

	if (path)
		snprintf(command.path, sizeof(command.path), "%s", path);
	return send(client->socket, &command, sizeof(command), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Takes leave of a process whose end of the socket is closed. */
static int describe_death(struct demo_client *client, struct demo_answer *answer)
{
	int status = 0;

	if (waitpid(client->pid, &status, 0) == client->pid)
		client->pid = 0;
	snprintf(answer->step, sizeof(answer->step), "client");
	if (WIFSIGNALED(status))
		snprintf(answer->detail, sizeof(answer->detail), "killed by SIG%s",
			 sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(answer->detail, sizeof(answer->detail), "ended with exit code %d",
			 WEXITSTATUS(status));
	return -ECHILD;
}

int demo_client_receive(struct demo_client *client, struct demo_answer *answer)
{
	struct pollfd pfd = { .fd = client->socket, .events = POLLIN };
	ssize_t got;
	int ret;

	*answer = (struct demo_answer) { 0 };
	do {
		ret = poll(&pfd, 1, (int)(DEMO_ANSWER_NS / 1000000));
	} while (ret < 0 && errno == EINTR);
	if (!ret) {
		snprintf(answer->step, sizeof(answer->step), "client");
		snprintf(answer->detail, sizeof(answer->detail), "no answer");
		return answer->ret = -ETIME;
	}
	got = recv(client->socket, answer, sizeof(*answer), 0);
	if (got == sizeof(*answer))
		return answer->ret;
	return answer->ret = describe_death(client, answer);
}

static bool has_ended(pid_t pid, int timeout_ms)
{
	struct pollfd pfd = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	int ret = pfd.fd < 0 ? -1 : poll(&pfd, 1, timeout_ms);

	if (pfd.fd >= 0)
		close(pfd.fd);
	return ret == 1;
}

int demo_client_stop(struct demo_client *client)
{
	int status = 0;

	if (!client->pid)
		return -ECHILD;
	demo_client_send(client, DEMO_COMMAND_EXIT, NULL, false);
	close(client->socket);	/* one that does not read the command sees the end */
	if (!has_ended(client->pid, EXIT_MS)) {
		kill(client->pid, SIGKILL);
		if (!has_ended(client->pid, EXIT_MS))
			return -ETIME;	/* stuck in the kernel: do not get stuck with it */
	}
	waitpid(client->pid, &status, 0);
	client->pid = 0;
	return status ? -ECHILD : 0;
}
