// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "demo_uevent.h"

#define PCI	"0000:01:00.0"
#define PATH	"/devices/pci0000:00/0000:00:02.0/0000:01:00.0/nova_core.nova-drm.0/drm/renderD128"

/* The string's own end serves as the last NUL. */
#define EVENT(action, path, subsystem, name)						\
	action "@" path "\0ACTION=" action "\0DEVPATH=" path "\0SUBSYSTEM=" subsystem	\
	"\0MAJOR=226\0MINOR=128\0DEVNAME=" name "\0SEQNUM=1234"

#define MATCH(event, action, pci)	\
	demo_uevent_match(event, sizeof(event), action, pci, node, sizeof(node))

static void test_match(void **state)
{
	static const char add[] = EVENT("add", PATH, "drm", "dri/renderD128");
	char node[64] = "";

	(void)state;
	assert_true(MATCH(add, "add", PCI));
	assert_string_equal(node, "/dev/dri/renderD128");
	assert_false(MATCH(add, "remove", PCI));
	assert_false(MATCH(add, "add", "0000:02:00.0"));
	assert_false(MATCH(add, "add", "0000:01:00.1"));
}

static void test_others(void **state)
{
	static const char card[] = EVENT("add", PATH, "drm", "dri/card0");
	static const char other[] = EVENT("add", PATH, "misc", "dri/renderD128");
	static const char nameless[] = "add@x\0ACTION=add\0DEVPATH=/x/" PCI "/drm\0SUBSYSTEM=drm";
	static const char udev[] = "libudev\0\xfe\xed\xca\xfe";
	char node[64] = "untouched";

	(void)state;
	assert_false(MATCH(card, "add", PCI));
	assert_false(MATCH(other, "add", PCI));
	assert_false(MATCH(nameless, "add", PCI));
	assert_false(MATCH(udev, "add", PCI));
	assert_string_equal(node, "untouched");
}

/* Cut off anywhere, a message matches only when all it needs is there. */
static void test_truncated(void **state)
{
	static const char add[] = EVENT("add", PATH, "drm", "dri/renderD128");
	size_t whole = sizeof(add) - sizeof("SEQNUM=1234");
	char copy[sizeof(add)], node[64];

	(void)state;
	for (size_t length = 0; length <= sizeof(add); length++) {
		memcpy(copy, add, length);
		assert_int_equal(demo_uevent_match(copy, length, "add", PCI, node, sizeof(node)),
				 length >= whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests_name("uevent", tests, NULL, NULL);
}
