#!/bin/sh
# Builds build/reference/forward. 128-bit vectors, as WebAssembly has them; CFLAGS adds to the rest.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build/reference
# shellcheck disable=SC2086
exec ${CC:-cc} -std=gnu11 -O3 -march=x86-64-v2 -Wall -Wextra -Werror ${CFLAGS:-} \
  -o "${OUT:-build/reference/forward}" bench/reference/*.c
