# SPDX-License-Identifier: MIT
#
# The front door. `make` alone lists what there is.

LAB := lab/lab
OUT := out

# For `make chaos` and `make fuzz-uapi`: how many seeds, and the first of them.
SEEDS ?= 1000
FIRST ?= 1
# For `make soak`.
CYCLES ?= 1000
# For `make bench`: earlier results to compare with.
BASE ?=
# For `make bench`: not empty, and its result becomes the baseline.
SAVE ?=
# For `make fuzz`: how long each target.
SECONDS ?= 60

# For `make modules` and below: the kernel to build for, and where to install.
KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
DESTDIR ?=

KREL = $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)
MODULES = $(CURDIR)/$(OUT)/modules/$(KREL)
KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR) MO=$(MODULES)/kbuild

.DEFAULT_GOAL := help
.PHONY: help demo check check-unit check-igt check-lab check-debug check-race check-static check-fuzz \
	bench chaos soak fuzz fuzz-uapi modules modules_install modules-install \
	install shell clean kdir

help:
	@echo 'In the lab (a VM with emulated GPUs; needs root, sets itself up):'
	@echo '  make demo             render through the driver, unbind it under load, rebind, render again'
	@echo '  make check            every test of the stock kernel: unit, the lab, IGT in the VM'
	@echo '  make check-unit       the unit tests alone'
	@echo '  make check-igt        the IGT tests alone'
	@echo '  make check-lab        the tests of the lab itself'
	@echo '  make check-debug      the tests in a KASAN, lockdep and kmemleak kernel, which is built first'
	@echo '  make check-race       the tests in a KCSAN kernel, which is built first'
	@echo '  make check-static     sparse, checkpatch, kernel-doc, and clang: who may touch the hardware'
	@echo '  make check-fuzz       the fuzzers of the emulator and libnova, for some seconds each'
	@echo '  make bench            what the driver costs, beside vgem, virtio-gpu and memcpy (BASE=FILE compares, SAVE=yes keeps)'
	@echo '  make chaos            the driver against a device that lies (SEEDS=$(SEEDS) FIRST=$(FIRST))'
	@echo '  make soak             the device goes under load and comes back (CYCLES=$(CYCLES))'
	@echo '  make fuzz             the fuzzers (SECONDS=$(SECONDS) each), from where they stopped the last time'
	@echo '  make fuzz-uapi        random operations on the render node (SEEDS=$(SEEDS) FIRST=$(FIRST))'
	@echo '  make shell            a shell in the VM, with the driver loaded'
	@echo '  make clean            remove what was built (lab/lab clean --all: the root as well)'
	@echo 'On a machine of your own:'
	@echo '  make modules          both modules, for KDIR=$(KDIR)'
	@echo '  make modules-install  install them (INSTALL_MOD_PATH=)'
	@echo '  make install          libnova and the tools (PREFIX=$(PREFIX) DESTDIR=)'
	@echo 'lab/lab --help runs single commands and tests in the VM.'

demo:
	@lab/demo

check:
	@lab/check all

check-unit:
	@lab/check unit

check-igt:
	@lab/check igt

check-lab:
	@lab/check lab

check-debug:
	@lab/check debug

check-race:
	@lab/check race

check-static:
	@lab/check static

check-fuzz:
	@lab/check fuzz

bench:
	@BASE='$(BASE)' SAVE='$(SAVE)' lab/bench

chaos:
	@$(LAB) build
	@lab/chaos $(SEEDS) $(FIRST)

soak:
	@$(LAB) build
	@lab/soak $(CYCLES)

fuzz:
	@lab/fuzz $(SECONDS)

fuzz-uapi:
	@$(LAB) build
	@lab/fuzz-uapi $(SEEDS) $(FIRST)

shell:
	@$(LAB) build
	@$(LAB) shell

clean:
	@$(LAB) clean

kdir:
	@test -n '$(KREL)' || { echo 'make: no kernel headers at $(KDIR): install them or pass KDIR=' >&2; exit 1; }

modules: kdir
	@mkdir -p $(MODULES)/kbuild
	+$(KBUILD) modules
	@lab/publish-modules $(MODULES)

modules-install modules_install: kdir
	+$(KBUILD) modules_install

install:
	meson setup $(if $(wildcard $(OUT)/install/build.ninja),--reconfigure) --prefix $(PREFIX) -Dtests=disabled $(OUT)/install
	DESTDIR=$(DESTDIR) meson install -C $(OUT)/install
