// SPDX-License-Identifier: MIT
/* What nobody can tell of the device: there are no sensors, video engines and PCIe counters. */
#include <stddef.h>

#include "nvml_state.h"

static nvmlReturn_t unsupported(nvmlDevice_t device, const unsigned int *answer)
{
	struct nvml_state *state;
	nvmlReturn_t ret = nvml_state_enter_device(device, &state);

	if (!ret)
		ret = answer ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_INVALID_ARGUMENT;
	nvml_state_exit();
	return ret;
}

nvmlReturn_t nvmlDeviceGetMaxPcieLinkGeneration(nvmlDevice_t device, unsigned int *generation)
{
	return unsupported(device, generation);
}

nvmlReturn_t nvmlDeviceGetMaxPcieLinkWidth(nvmlDevice_t device, unsigned int *width)
{
	return unsupported(device, width);
}

nvmlReturn_t nvmlDeviceGetCurrPcieLinkGeneration(nvmlDevice_t device, unsigned int *generation)
{
	return unsupported(device, generation);
}

nvmlReturn_t nvmlDeviceGetCurrPcieLinkWidth(nvmlDevice_t device, unsigned int *width)
{
	return unsupported(device, width);
}

nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device, int counter, unsigned int *kbytes)
{
	(void)counter;
	return unsupported(device, kbytes);
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned int *celsius)
{
	(void)sensor;
	return unsupported(device, celsius);
}

nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, int type,
					       unsigned int *celsius)
{
	(void)type;
	return unsupported(device, celsius);
}

nvmlReturn_t nvmlDeviceGetFanSpeed(nvmlDevice_t device, unsigned int *percent)
{
	return unsupported(device, percent);
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int *mwatt)
{
	return unsupported(device, mwatt);
}

nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned int *mwatt)
{
	return unsupported(device, mwatt);
}

nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, int type, unsigned int *mhz)
{
	(void)type;
	return unsupported(device, mhz);
}

nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, int type, unsigned int *mhz)
{
	(void)type;
	return unsupported(device, mhz);
}

nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t device, unsigned int *percent,
					     unsigned int *period_us)
{
	return unsupported(device, percent && period_us ? percent : NULL);
}

nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t device, unsigned int *percent,
					     unsigned int *period_us)
{
	return unsupported(device, percent && period_us ? percent : NULL);
}

/* Not "off": GPUs that cannot be divided do not have the mode. */
nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current,
				  unsigned int *pending)
{
	return unsupported(device, current && pending ? current : NULL);
}
