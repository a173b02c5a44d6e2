# `cmake --install`: both libraries, the headers, a CMake package (pliant::pliant, pliant::pliant_static) and pliant.pc.
# Include it after pliant_libraries() and before the programs, whose installed copies find the library beside them.
include(CMakePackageConfigHelpers)

set(PLIANT_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/pliant)
set(PLIANT_PKGCONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(PLIANT_TARGETS pliant_shared pliant_static)
if(PLIANT_HDF5_TARGET)
  # Users of the static library find HDF5 on their own machine, with the package's pliantConfig.cmake.
  set_target_properties(${PLIANT_HDF5_TARGET} PROPERTIES
    EXPORT_NAME hdf5
    INTERFACE_INCLUDE_DIRECTORIES "$<BUILD_INTERFACE:${HDF5_C_INCLUDE_DIRS}>"
    INTERFACE_LINK_LIBRARIES "$<BUILD_INTERFACE:${HDF5_C_LIBRARIES}>;$<INSTALL_INTERFACE:hdf5::hdf5>")
  list(APPEND PLIANT_TARGETS ${PLIANT_HDF5_TARGET})
endif()
if(PLIANT_HWLOC_TARGET)
  # hwloc is found in this way too.
  set_target_properties(${PLIANT_HWLOC_TARGET} PROPERTIES
    EXPORT_NAME hwloc
    INTERFACE_INCLUDE_DIRECTORIES "$<BUILD_INTERFACE:${PLIANT_HWLOC_INCLUDE_DIRS}>"
    INTERFACE_LINK_LIBRARIES "$<BUILD_INTERFACE:${PLIANT_HWLOC_LINK_LIBRARIES}>;$<INSTALL_INTERFACE:PkgConfig::PLIANT_HWLOC>")
  list(APPEND PLIANT_TARGETS ${PLIANT_HWLOC_TARGET})
endif()
if(PLIANT_CUDA_TARGET)
  # CUDA is found in this way too.
  set(PLIANT_CUDA_INSTALLED CUDA::cudart_static)
  if(PLIANT_NCCL_LIBRARY)
    list(APPEND PLIANT_CUDA_INSTALLED nccl)
  endif()
  set_target_properties(${PLIANT_CUDA_TARGET} PROPERTIES
    EXPORT_NAME cuda
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "$<BUILD_INTERFACE:${CUDAToolkit_INCLUDE_DIRS}>"
    INTERFACE_INCLUDE_DIRECTORIES "$<BUILD_INTERFACE:${CUDAToolkit_INCLUDE_DIRS}>"
    INTERFACE_LINK_LIBRARIES "$<BUILD_INTERFACE:${PLIANT_CUDA_LIBRARIES}>;$<INSTALL_INTERFACE:${PLIANT_CUDA_INSTALLED}>")
  list(APPEND PLIANT_TARGETS ${PLIANT_CUDA_TARGET})
endif()
install(TARGETS ${PLIANT_TARGETS} EXPORT pliantTargets)
install(EXPORT pliantTargets NAMESPACE pliant:: DESTINATION ${PLIANT_PACKAGE_DIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/pliant DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# Job scripts, which use this installation's programs. `cmake --install BUILD --component slurm` installs only them.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/slurm/ DESTINATION ${CMAKE_INSTALL_DATADIR}/pliant/slurm COMPONENT slurm)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/pliantConfig.cmake.in
  ${PROJECT_BINARY_DIR}/pliantConfig.cmake INSTALL_DESTINATION ${PLIANT_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pliantConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pliantConfig.cmake ${PROJECT_BINARY_DIR}/pliantConfigVersion.cmake
  DESTINATION ${PLIANT_PACKAGE_DIR})

# pliant_linker_flags(OUT libraries...): converts files to paths and names to -lNAME.
function(pliant_linker_flags out)
  set(flags "")
  foreach(library IN LISTS ARGN)
    if(IS_ABSOLUTE "${library}" OR library MATCHES "^-")
      string(APPEND flags " ${library}")
    else()
      string(APPEND flags " -l${library}")
    endif()
  endforeach()
  set(${out} "${flags}" PARENT_SCOPE)
endfunction()

set(PLIANT_PC_HDF5_LIBRARIES "")
if(PLIANT_HDF5_TARGET)
  set(PLIANT_PC_HDF5_LIBRARIES ${HDF5_C_LIBRARIES})
endif()
set(PLIANT_PC_CUDA_LIBRARIES "")
if(PLIANT_CUDA_TARGET)
  set(PLIANT_PC_CUDA_LIBRARIES ${CUDA_cudart_static_LIBRARY} rt dl ${PLIANT_NCCL_LIBRARY} "-Wl,-rpath,${CUDAToolkit_LIBRARY_DIR}")
endif()
# The C++ runtime, for users who link the static library with a C compiler.
set(PLIANT_PC_CXX_LIBRARIES ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_ITEM PLIANT_PC_CXX_LIBRARIES ${CMAKE_C_IMPLICIT_LINK_LIBRARIES})
pliant_linker_flags(PLIANT_PC_LIBS ${MPI_C_LIBRARIES})
pliant_linker_flags(PLIANT_PC_LIBS_PRIVATE -pthread ${PLIANT_PC_HDF5_LIBRARIES} ${PLIANT_HWLOC_LINK_LIBRARIES} ${PLIANT_PC_CUDA_LIBRARIES} ${PLIANT_PC_CXX_LIBRARIES})
set(PLIANT_PC_CFLAGS "")
foreach(folder IN LISTS MPI_C_INCLUDE_DIRS)
  string(APPEND PLIANT_PC_CFLAGS " -I${folder}")
endforeach()
file(RELATIVE_PATH PLIANT_PC_PREFIX
  ${CMAKE_INSTALL_PREFIX}/${PLIANT_PKGCONFIG_DIR} ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/pliant.pc.in ${PROJECT_BINARY_DIR}/pliant.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pliant.pc DESTINATION ${PLIANT_PKGCONFIG_DIR})

file(RELATIVE_PATH PLIANT_LIBRARIES_FROM_PROGRAMS
  ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set(CMAKE_INSTALL_RPATH $ORIGIN/${PLIANT_LIBRARIES_FROM_PROGRAMS})
