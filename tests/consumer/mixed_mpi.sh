#!/usr/bin/env bash
# A program built with another MPI's compiler must not run with this build's library. It must not link with either
# library, and must not load the shared one. If it opens the library itself, it must end with a one-line error.
# Usage: mixed_mpi.sh LIBDIR INCLUDEDIR OTHER-C-COMPILER OTHER-CXX-COMPILER WORK-FOLDER
set -euo pipefail
libdir=$1 include=$2 other_cc=$3 other_cxx=$4 work=$5
mkdir -p "$work/stand_in"

cat >"$work/call.c" <<'END'
#include <pliant/pliant.h>
int main(void) {
  int n = 0;
  return Pliant_Setting_get_num(&n);
}
END
cp "$work/call.c" "$work/call.cpp"
echo '#include <pliant/pliant.h>' >"$work/no_call.c"
cat >"$work/open.c" <<'END'
#define PLIANT_DLOPEN
#include <dlfcn.h>
#include <pliant/pliant.h>
#include <stdio.h>
int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  if (dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) == NULL) fprintf(stderr, "%s\n", dlerror());
  puts("went on");
  MPI_Finalize();
  return 0;
}
END

fail() {
  echo "$1" >&2
  cat "$work/said" >&2
  exit 1
}

# expect_refusal WHAT PATTERN COMMAND...: the command must fail without a signal, with a line that matches PATTERN.
expect_refusal() {
  local what=$1 pattern=$2 status=0
  shift 2
  "$@" >"$work/said" 2>&1 || status=$?
  ((status != 0 && status < 128)) || fail "$what: status $status"
  grep -Eq "$pattern" "$work/said" || fail "$what: no line like '$pattern'"
  echo "$what: refused"
}

readonly symbol='undefined (reference|symbol).*Pliant_Built_for_'
shared=("-L$libdir" -lpliant "-Wl,-rpath,$libdir" "-Wl,--as-needed")
expect_refusal "C, shared" "$symbol" "$other_cc" "-I$include" "$work/call.c" "${shared[@]}" -o "$work/program"
expect_refusal "C++, shared" "$symbol" "$other_cxx" "-I$include" "$work/call.cpp" "${shared[@]}" -o "$work/program"
expect_refusal "C, optimised at link time" "$symbol" \
  "$other_cc" -O2 -flto "-I$include" "$work/call.c" "$work/no_call.c" "${shared[@]}" -o "$work/program"
if command -v pkg-config >/dev/null; then
  read -ra static <<<"$(PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --static --libs pliant)"
  expect_refusal "C, static" "$symbol" \
    "$other_cc" "-I$include" "$work/call.c" "$libdir/libpliant.a" "${static[@]}" -o "$work/program"
fi

# Linked with its own family's library, it finds this build's library at start.
cat >"$work/stand_in.c" <<'END'
#include <pliant/pliant.h>
const int PLIANT_BUILT_FOR_MPI = 1;
int Pliant_Setting_get_num(int* n) { return *n = 0; }
END
soname=$(readelf -d "$libdir/libpliant.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
"$other_cc" "-I$include" -shared -fPIC "-Wl,-soname,$soname" "$work/stand_in.c" -o "$work/stand_in/libpliant.so"
"$other_cc" "-I$include" "$work/call.c" "-L$work/stand_in" -lpliant "-Wl,-rpath,$libdir" -o "$work/program"
expect_refusal "at its start" "$symbol" "$work/program"

"$other_cc" "-I$include" "$work/open.c" -ldl -o "$work/open"
expect_refusal "by dlopen" '^pliant: the library was built for .*, the program runs with ' \
  "$work/open" "$libdir/libpliant.so"
! grep -q "went on" "$work/said" || fail "by dlopen: the program went on"
(($(grep -c . "$work/said") == 1)) || fail "by dlopen: more than one line"
