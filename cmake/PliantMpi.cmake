# One consistent MPI: mpi.h and library for C and C++, and the launcher. Reports which one, and refuses a mixture.
# Writes `mpirun` into the build folder, the one command that starts programs on this machine, for tests and scripts.

# pliant_mpi_header(LANGUAGE OUT): "Open MPI 4.1.4", "MPICH 4.0.2", "MPI ABI 1.0", or "" for others. This is the mpi.h
# that MPI::MPI_<LANGUAGE> compiles and links with. Fails if this mpi.h and its library belong to two families.
function(pliant_mpi_header language out)
  set(suffix c)
  if(language STREQUAL "CXX")
    set(suffix cpp)
  endif()
  set(work ${PROJECT_BINARY_DIR}/CMakeFiles/pliant_mpi_${suffix})
  file(WRITE ${work}/header.${suffix} [[
#include <mpi.h>
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#if defined(OPEN_MPI)
static const char name[] = "pliant_mpi[Open MPI " TEXT(OMPI_MAJOR_VERSION) "." TEXT(OMPI_MINOR_VERSION) "." TEXT(OMPI_RELEASE_VERSION) "]";
#elif defined(MPI_ABI_VERSION)
static const char name[] = "pliant_mpi[MPI ABI " TEXT(MPI_ABI_VERSION) "." TEXT(MPI_ABI_SUBVERSION) "]";
#elif defined(MPICH_VERSION)
static const char name[] = "pliant_mpi[MPICH " MPICH_VERSION "]";
#else
static const char name[] = "pliant_mpi[]";
#endif
/* Of no other family's library: the function behind MPI_COMM_DUP_FN, the object behind MPI_COMM_WORLD. */
int main(int argc, char** argv) {
  int flag = 0;
  MPI_Comm_copy_attr_function* copy = MPI_COMM_DUP_FN;
  MPI_Comm world = MPI_COMM_WORLD;
  return argc > 99 ? MPI_Comm_test_inter(world, &flag) + name[argc % 8] + (copy == 0) + (argv == 0) : 0;
}
]])
  try_compile(linked ${work} SOURCES ${work}/header.${suffix} LINK_LIBRARIES MPI::MPI_${language}
    COPY_FILE ${work}/program OUTPUT_VARIABLE output)
  if(NOT linked)
    message(FATAL_ERROR "Pliant: a program with ${MPI_${language}_COMPILER}'s mpi.h (${MPI_${language}_INCLUDE_DIRS}) does not "
      "link with ${MPI_${language}_LIBRARIES} (both must be one MPI's). Set MPI_${language}_COMPILER to the compiler "
      "wrapper of one MPI, in a new build folder. The linker said:\n${output}")
  endif()
  file(STRINGS ${work}/program name REGEX "pliant_mpi\\[[^]]*\\]")
  string(REGEX MATCH "pliant_mpi\\[([^]]*)\\]" name "${name}")
  set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

# pliant_mpi_family(OUT TEXT): "Open MPI", "MPICH" or "", from a library's name or a launcher's version text.
function(pliant_mpi_family out text)
  set(family "")
  if(text MATCHES "Open MPI|OpenRTE|Open-MPI|PRRTE")
    set(family "Open MPI")
  elseif(text MATCHES "MPICH|HYDRA|Intel\\(R\\) MPI|MVAPICH")
    set(family MPICH)
  endif()
  set(${out} "${family}" PARENT_SCOPE)
endfunction()

pliant_mpi_header(C PLIANT_MPI)
pliant_mpi_header(CXX PLIANT_MPI_OF_CXX)
if(NOT PLIANT_MPI STREQUAL PLIANT_MPI_OF_CXX)
  message(FATAL_ERROR "Pliant: MPI for C is ${PLIANT_MPI} (${MPI_C_INCLUDE_DIRS}), for C++ it is ${PLIANT_MPI_OF_CXX} "
    "(${MPI_CXX_INCLUDE_DIRS}) (both must be one MPI's). Set MPI_C_COMPILER and MPI_CXX_COMPILER to the compiler wrappers "
    "of one MPI, in a new build folder")
endif()
pliant_mpi_family(PLIANT_MPI_FAMILY "${PLIANT_MPI}")

# The launcher's version text. Launchers of other families (Slurm's srun) start programs of any MPI.
set(PLIANT_LAUNCHER_VERSION "")
if(MPIEXEC_EXECUTABLE)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
      ${MPIEXEC_EXECUTABLE} --version
    OUTPUT_VARIABLE PLIANT_LAUNCHER_VERSION ERROR_VARIABLE PLIANT_LAUNCHER_VERSION TIMEOUT 60)
endif()
pliant_mpi_family(PLIANT_LAUNCHER_FAMILY "${PLIANT_LAUNCHER_VERSION}")
string(REGEX MATCH "[0-9]+\\.[0-9]+[0-9.]*" PLIANT_LAUNCHER_NUMBER "${PLIANT_LAUNCHER_VERSION}")
set(mixed OFF)
if(PLIANT_LAUNCHER_FAMILY AND PLIANT_MPI_FAMILY AND NOT PLIANT_LAUNCHER_FAMILY STREQUAL PLIANT_MPI_FAMILY)
  set(mixed ON)
elseif(PLIANT_LAUNCHER_FAMILY STREQUAL "Open MPI" AND PLIANT_MPI_FAMILY STREQUAL "Open MPI")
  # The launchers of Open MPI 4 and 5 differ.
  string(REGEX MATCH "[0-9]+" major "${PLIANT_MPI}")
  if(NOT PLIANT_LAUNCHER_NUMBER MATCHES "^${major}\\.")
    set(mixed ON)
  endif()
endif()
if(mixed)
  message(FATAL_ERROR "Pliant: the MPI is ${PLIANT_MPI}, ${MPIEXEC_EXECUTABLE} is ${PLIANT_LAUNCHER_FAMILY}'s, "
    "${PLIANT_LAUNCHER_NUMBER} (under another MPI's launcher each rank is alone). Set MPIEXEC_EXECUTABLE to the mpiexec "
    "of ${PLIANT_MPI}, in a new build folder")
endif()
message(STATUS "Pliant: MPI is ${PLIANT_MPI}; launcher ${MPIEXEC_EXECUTABLE} ${PLIANT_LAUNCHER_NUMBER}")

# ---- Flags and variables to run anywhere: as root in a container, with more ranks than cores. ----
set(PLIANT_LAUNCHER_FLAGS "")
set(PLIANT_LAUNCHER_ENVIRONMENT "")
if(PLIANT_MPI_FAMILY STREQUAL "Open MPI")
  set(PLIANT_LAUNCHER_FLAGS --oversubscribe --bind-to none)
  set(PLIANT_LAUNCHER_ENVIRONMENT
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
    # Many containers forbid reading another process's memory. The first name is Open MPI 4's, the second one 5's.
    OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_smsc=^cma,xpmem,knem)
endif()
# The flags above as environment variables, for programs that are started by others.
set(PLIANT_LAUNCHER_FLAGS_IN_ENVIRONMENT
  OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
  PRTE_MCA_rmaps_default_mapping_policy=slot:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none)

# build/.../mpirun: the launcher with these flags. Variables that are already set win.
set(PLIANT_MPIRUN ${PROJECT_BINARY_DIR}/mpirun)
if(NOT MPIEXEC_EXECUTABLE)
  message(STATUS "Pliant: no mpiexec: tests and scripts that need one will fail (package openmpi-bin or mpich)")
endif()
set(lines "")
foreach(variable IN LISTS PLIANT_LAUNCHER_ENVIRONMENT)
  string(REGEX REPLACE "^([^=]+)=(.*)$" "export \\1=\"\${\\1-\\2}\"\n" line "${variable}")
  string(APPEND lines "${line}")
endforeach()
list(JOIN PLIANT_LAUNCHER_FLAGS " " flags)
file(CONFIGURE OUTPUT ${PLIANT_MPIRUN} @ONLY CONTENT [[#!/usr/bin/env bash
# The launcher of this build's MPI, @PLIANT_MPI@, as CMake found it. mpirun -np RANKS PROGRAM...
@lines@exec '@MPIEXEC_EXECUTABLE@' @flags@ "$@"
]])
file(CHMOD ${PLIANT_MPIRUN} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
