#!/usr/bin/env bash
# Builds a C program with the flags of pliant.pc, with the shared and with the static library, and runs both.
# Usage: pkg_config.sh LIBDIR C-COMPILER SOURCE WORK-FOLDER RUN-COMMAND...
set -euo pipefail
libdir=$1 compiler=$2 source=$3 work=$4
shift 4
export PKG_CONFIG_PATH=$libdir/pkgconfig
mkdir -p "$work"
strict=(-std=c99 -Wall -Wextra -pedantic -Werror "-Wl,--as-needed")

read -ra flags <<<"$(pkg-config --cflags --libs pliant)"
"$compiler" "${strict[@]}" "$source" "${flags[@]}" "-Wl,-rpath,$libdir" -o "$work/shared"
"$@" "$work/shared"

# The archive comes first and has every symbol, so neither -lpliant nor the shared library is needed.
read -ra flags <<<"$(pkg-config --static --cflags --libs pliant)"
"$compiler" "${strict[@]}" "$source" "$libdir/libpliant.a" "${flags[@]}" -o "$work/static"
if readelf -d "$work/static" | grep libpliant; then
  echo "the static program needs the shared library" >&2
  exit 1
fi
"$@" "$work/static"
