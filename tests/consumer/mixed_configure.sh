#!/usr/bin/env bash
# CMake must refuse a mixture of MPIs, with a line that names both.
# Usage: mixed_configure.sh SOURCE-FOLDER WORK-FOLDER OWN-C OWN-CXX OWN-MPIEXEC OTHER-C OTHER-CXX OTHER-MPIEXEC
set -euo pipefail
source=$1 work=$2 own_c=$3 own_cxx=$4 own_mpiexec=$5 other_c=$6 other_cxx=$7 other_mpiexec=$8

# configure C CXX MPIEXEC
configure() {
  rm -rf "$work"
  cmake -S "$source" -B "$work" -DMPI_C_COMPILER="$1" -DMPI_CXX_COMPILER="$2" -DMPIEXEC_EXECUTABLE="$3" \
    -DPLIANT_BUILD_TESTS=OFF -DPLIANT_BUILD_APPS=OFF -DPLIANT_WITH_CUDA=OFF -DPLIANT_WITH_HDF5=OFF \
    -DPLIANT_WITH_HWLOC=OFF -DPLIANT_WITH_SIMD=OFF >"$work.log" 2>&1
}

# expect_refusal PATTERN C CXX MPIEXEC
expect_refusal() {
  local pattern=$1
  shift
  if configure "$@"; then
    echo "$*: was configured" >&2
    exit 1
  fi
  if ! tr -s ' \n' ' ' <"$work.log" | grep -Eq "$pattern"; then
    echo "$*: no line like '$pattern'" >&2
    cat "$work.log" >&2
    exit 1
  fi
  echo "$*: refused"
}

readonly compilers='Pliant: MPI for C is .* for C\+\+ it is ' launcher='Pliant: the MPI is .* mpiexec'
expect_refusal "$compilers" "$own_c" "$other_cxx" "$own_mpiexec"
expect_refusal "$compilers" "$other_c" "$own_cxx" "$other_mpiexec"
expect_refusal "$launcher" "$own_c" "$own_cxx" "$other_mpiexec"
expect_refusal "$launcher" "$other_c" "$other_cxx" "$own_mpiexec"
configure "$own_c" "$own_cxx" "$own_mpiexec"
configure "$other_c" "$other_cxx" "$other_mpiexec"
[[ -x $work/mpirun ]]
