/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/netlink.h>
#include <linux/pci_regs.h>

#include "igt.h"
#include "igt_nova.h"
#include "igt_nova_sysfs.h"

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define PCI_VENDOR	0x1234u
#define PCI_DEVICE	0x6e76u
#define PCI_DRIVERS	"/sys/bus/pci/drivers"
#define AUX_DRIVERS	"/sys/bus/auxiliary/drivers"

static unsigned int read_hex(const char *directory, const char *file)
{
	unsigned int value = 0;
	char path[PATH_MAX];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	stream = fopen(path, "re");
	if (!stream)
		return 0;
	if (fscanf(stream, "%x", &value) != 1)
		value = 0;
	fclose(stream);
	return value;
}

static int order_open(struct igt_nova_order *order, const char *path, const char *text)
{
	order->fd = -1;
	if (snprintf(order->text, sizeof(order->text), "%s", text) >= (int)sizeof(order->text))
		return -ENAMETOOLONG;
	order->fd = open(path, O_WRONLY | O_CLOEXEC);
	return order->fd < 0 ? -errno : 0;
}

int igt_nova_order_give(const struct igt_nova_order *order)
{
	return write(order->fd, order->text, strlen(order->text)) < 0 ? -errno : 0;
}

void igt_nova_order_close(struct igt_nova_order *order)
{
	if (order->fd >= 0)
		close(order->fd);
	order->fd = -1;
}

/* Gives the order, if it could be opened, and closes it. */
static int order_done(struct igt_nova_order *order, int ret)
{
	if (ret == 0)
		ret = igt_nova_order_give(order);
	igt_nova_order_close(order);
	return ret;
}

static int write_sysfs(const char *path, const char *text)
{
	struct igt_nova_order order;

	return order_done(&order, order_open(&order, path, text));
}

bool igt_nova_dev_is_present(const struct igt_nova_dev *dev)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", dev->address);
	return access(path, F_OK) == 0;
}

bool igt_nova_dev_is_master(const struct igt_nova_dev *dev)
{
	uint16_t command = 0;
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", dev->address);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	igt_assert_f(fd >= 0 && pread(fd, &command, 2, PCI_COMMAND) == 2, "%s: %m\n", path);
	close(fd);
	return command & PCI_COMMAND_MASTER;
}

uint64_t igt_nova_dev_bar(const struct igt_nova_dev *dev, unsigned int bar)
{
	uint64_t start = 0;
	char path[PATH_MAX];
	FILE *stream;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource", dev->address);
	stream = fopen(path, "re");
	igt_assert(stream);
	for (unsigned int i = 0; i <= bar; i++)
		igt_assert_eq(fscanf(stream, "%" SCNx64 " %*x %*x", &start), 1);
	fclose(stream);
	return start;
}

bool igt_nova_dev_is_bound(const struct igt_nova_dev *dev)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", dev->address);
	return access(path, F_OK) == 0;
}

bool igt_nova_dev_find(struct igt_nova_dev *dev, unsigned int index)
{
	bool found = false;
	glob_t devices;

	/* glob() sorts, and addresses sort as names. */
	if (glob(PCI_DEVICES "/*", 0, NULL, &devices))
		return false;
	*dev = (struct igt_nova_dev) { 0 };
	for (size_t i = 0; i < devices.gl_pathc && !found; i++) {
		const char *path = devices.gl_pathv[i];

		if (read_hex(path, "vendor") != PCI_VENDOR ||
		    read_hex(path, "device") != PCI_DEVICE || dev->index++ != index)
			continue;
		found = true;
		dev->index = index;
		snprintf(dev->address, sizeof(dev->address), "%.31s", strrchr(path, '/') + 1);
	}
	globfree(&devices);
	return found;
}

bool igt_nova_dev_minor(const struct igt_nova_dev *dev, char name[32])
{
	static const char *const depth[] = { "", "/*" };
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(depth) && !found; i++) {
		char pattern[PATH_MAX];
		glob_t minors;

		snprintf(pattern, sizeof(pattern), PCI_DEVICES "/%s%s/drm/renderD*",
			 dev->address, depth[i]);
		if (glob(pattern, 0, NULL, &minors))
			continue;
		snprintf(name, 32, "%.31s", strrchr(minors.gl_pathv[0], '/') + 1);
		globfree(&minors);
		found = true;
	}
	return found;
}

bool igt_nova_dev_node(const struct igt_nova_dev *dev, char node[64])
{
	char name[32];

	if (!igt_nova_dev_minor(dev, name))
		return false;
	snprintf(node, 64, "/dev/dri/%s", name);
	return access(node, F_OK) == 0;
}

int igt_nova_dev_open(const struct igt_nova_dev *dev)
{
	int events = igt_nova_uevent_open();
	char node[64];
	int fd;

	while (!igt_nova_dev_node(dev, node))
		igt_assert_f(igt_nova_uevent_wait(events, "add", "dri/renderD"),
			     "no render node of %s\n", dev->address);
	close(events);
	fd = igt_nova_open_node(node);
	igt_assert_f(fd >= 0, "%s: %s\n", node, strerror(-fd));
	return fd;
}

/* Path of a file of the PCI driver; not through the device's link, which is there while it is bound. */
static bool driver_path(char path[PATH_MAX], const char *file)
{
	glob_t drivers;

	if (glob(PCI_DRIVERS "/nova[-_]core", 0, NULL, &drivers))
		return false;
	snprintf(path, PATH_MAX, "%.256s/%s", drivers.gl_pathv[0], file);
	globfree(&drivers);
	return true;
}

bool igt_nova_drivers_present(void)
{
	char path[PATH_MAX];
	glob_t found;

	if (!driver_path(path, "bind") || glob(AUX_DRIVERS "/nova_drm.*", 0, NULL, &found))
		return false;
	globfree(&found);
	return true;
}

static int order_driver(struct igt_nova_order *order, const struct igt_nova_dev *dev,
			const char *file)
{
	char path[PATH_MAX];

	return driver_path(path, file) ? order_open(order, path, dev->address) : -ENOENT;
}

static int order_device(struct igt_nova_order *order, const struct igt_nova_dev *dev,
			const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", dev->address, file);
	return order_open(order, path, "1");
}

static int order_aux(struct igt_nova_order *order, const struct igt_nova_dev *dev,
		     const char *file)
{
	char pattern[PATH_MAX], path[PATH_MAX];
	int ret = -ENODEV;
	glob_t found;

	snprintf(pattern, sizeof(pattern), PCI_DEVICES "/%s/nova_core.nova-drm.*", dev->address);
	if (glob(pattern, 0, NULL, &found))
		return -ENODEV;
	snprintf(pattern, sizeof(pattern), "%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	/* The auxiliary bus puts the module's name before the driver's. */
	if (glob(AUX_DRIVERS "/nova_drm.*", 0, NULL, &found))
		return -ENODEV;
	if (snprintf(path, sizeof(path), "%s/%s", found.gl_pathv[0], file) < (int)sizeof(path))
		ret = order_open(order, path, pattern);
	globfree(&found);
	return ret;
}

int igt_nova_order_open(struct igt_nova_order *order, const struct igt_nova_dev *dev,
			enum igt_nova_action action)
{
	*order = (struct igt_nova_order) { .fd = -1 };
	switch (action) {
	case IGT_NOVA_UNBIND:
		return order_driver(order, dev, "unbind");
	case IGT_NOVA_BIND:
		return order_driver(order, dev, "bind");
	case IGT_NOVA_REMOVE:
		return order_device(order, dev, "remove");
	case IGT_NOVA_RESET:
		return order_device(order, dev, "reset");
	case IGT_NOVA_AUX_UNBIND:
		return order_aux(order, dev, "unbind");
	case IGT_NOVA_AUX_BIND:
		return order_aux(order, dev, "bind");
	}
	return -EINVAL;
}

static int act(const struct igt_nova_dev *dev, enum igt_nova_action action)
{
	struct igt_nova_order order;

	return order_done(&order, igt_nova_order_open(&order, dev, action));
}

int igt_nova_dev_unbind(const struct igt_nova_dev *dev)
{
	return act(dev, IGT_NOVA_UNBIND);
}

int igt_nova_dev_bind(const struct igt_nova_dev *dev)
{
	return act(dev, IGT_NOVA_BIND);
}

int igt_nova_dev_remove(const struct igt_nova_dev *dev)
{
	return act(dev, IGT_NOVA_REMOVE);
}

int igt_nova_dev_reset(const struct igt_nova_dev *dev)
{
	return act(dev, IGT_NOVA_RESET);
}

int igt_nova_aux_unbind(const struct igt_nova_dev *dev)
{
	return act(dev, IGT_NOVA_AUX_UNBIND);
}

int igt_nova_aux_bind(const struct igt_nova_dev *dev)
{
	return act(dev, IGT_NOVA_AUX_BIND);
}

int igt_nova_pci_rescan(void)
{
	return write_sysfs("/sys/bus/pci/rescan", "1");
}

int igt_nova_uevent_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	const int room = 1 << 20;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	igt_assert_f(fd >= 0, "uevent socket: %m\n");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	igt_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void copy_value(char *to, size_t size, const char *line, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(line, key, length) == 0)
		snprintf(to, size, "%s", line + length);
}

/* A message is "action@path", then KEY=value strings, each with its NUL. */
static void parse_uevent(const char *message, size_t size, struct igt_nova_uevent *event)
{
	*event = (struct igt_nova_uevent) { 0 };
	for (size_t at = 0; at < size; at += strlen(message + at) + 1) {
		copy_value(event->action, sizeof(event->action), message + at, "ACTION=");
		copy_value(event->subsystem, sizeof(event->subsystem), message + at,
			   "SUBSYSTEM=");
		copy_value(event->devname, sizeof(event->devname), message + at, "DEVNAME=");
		copy_value(event->wedged, sizeof(event->wedged), message + at, "WEDGED=");
	}
}

bool igt_nova_uevent_next(int fd, struct igt_nova_uevent *event, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char message[8192];
	ssize_t size;

	if (poll(&poll_fd, 1, timeout_ms) != 1)
		return false;
	size = recv(fd, message, sizeof(message) - 1, 0);
	if (size <= 0)
		return false;
	message[size] = '\0';
	parse_uevent(message, size, event);
	return true;
}

bool igt_nova_uevent_wait(int fd, const char *action, const char *devname)
{
	struct igt_nova_uevent event;

	while (igt_nova_uevent_next(fd, &event, IGT_NOVA_PATIENCE_S * 1000))
		if (strcmp(event.action, action) == 0 && strcmp(event.subsystem, "drm") == 0 &&
		    strncmp(event.devname, devname, strlen(devname)) == 0)
			return true;
	return false;
}

static void param_path(char path[PATH_MAX], const char *module, const char *name)
{
	snprintf(path, PATH_MAX, "/sys/module/%s/parameters/%s", module, name);
}

unsigned int igt_nova_module_param(const char *module, const char *name)
{
	char path[PATH_MAX];
	unsigned int value;
	FILE *stream;

	param_path(path, module, name);
	stream = fopen(path, "re");
	igt_assert_f(stream && fscanf(stream, "%u", &value) == 1, "cannot read %s\n", path);
	fclose(stream);
	return value;
}

int igt_nova_module_set_param(const char *module, const char *name, unsigned int value)
{
	char path[PATH_MAX], text[16];

	param_path(path, module, name);
	snprintf(text, sizeof(text), "%u", value);
	return write_sysfs(path, text);
}

int igt_nova_module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

int igt_nova_module_unload_idle(const char *name)
{
	uint64_t deadline = igt_nova_now_ns() + IGT_NOVA_PATIENCE_S * 1000000000ull;
	const struct timespec pause = { .tv_nsec = 2000000 };
	int ret;

	for (;;) {
		ret = igt_nova_module_unload(name);
		if (ret != -EAGAIN || igt_nova_now_ns() > deadline)
			return ret;
		nanosleep(&pause, NULL);
	}
}

int igt_nova_module_load(const char *name)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execlp("modprobe", "modprobe", name, NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ENOENT;
}
