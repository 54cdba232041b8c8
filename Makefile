# Everything here works on a fresh Debian 12 machine with git, make and a network.

export PATH := $(PATH):$(HOME)/.cargo/bin
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: help demo test build venv lint fuzz bench package clean

help:
	@echo 'make demo    build, and serve everything on loopback with sample data'
	@echo 'make test    every test and check'
	@echo 'make build   the programs, in $(TARGET)/debug'
	@echo 'make venv    pkilint for the tests, in $(TARGET)/venv'
	@echo 'make lint    format, clippy, licences, unused dependencies'
	@echo 'make fuzz    random octets for whatever reads them; FUZZ_SECONDS=10 each'
	@echo 'make bench   figures of this machine beside its bare limits; ARGS=PART: of application, server, gateway, mails or reminders only'
	@echo 'make package the installers of a service, from BRAND=brand.json into OUT=target/packages'
	@echo 'make clean   forget everything built'

demo: build
	exec $(TARGET)/debug/tegata demo

build:
	@tools/prepare build
	cargo build --locked --bins --package tegata-server --package tegata-app

venv:
	@tools/prepare venv

test:
	@tools/prepare test
	@tools/check

lint:
	@tools/prepare test
	@tools/check format clippy deny advisories unused

fuzz:
	@tools/prepare test
	@tools/check fuzz

bench:
	@tools/prepare bench
	cargo build --locked --release --bins --package tegata-server --package xtask
	$(TARGET)/release/xtask bench $(ARGS)

package:
	@test -n '$(BRAND)' || { echo 'make package BRAND=brand.json; for the file: tegata service brand --help' >&2; exit 2; }
	@tools/prepare package
	cargo run --locked --package xtask -- package --brand '$(BRAND)' --out '$(or $(OUT),$(TARGET)/packages)' $(ARGS)

clean:
	cargo clean
