# How all targets of the project are built: language level, warnings, sanitizers. Also defines layers and libraries.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O3 -g -DNDEBUG")

# Warnings and sanitizers for all our targets.
add_library(pliant_build_flags INTERFACE)
target_compile_options(pliant_build_flags INTERFACE -Wall -Wextra -Wconversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 wrongly warns of an overlap in "text" + std::string (GCC bug 105651).
  target_compile_options(pliant_build_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
  # Without optimisation, g++ does not pair a coroutine's operator new, a template, with its operator delete.
  target_compile_options(pliant_build_flags INTERFACE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CONFIG:Debug>>:-Wno-mismatched-new-delete>)
endif()
if(PLIANT_SANITIZE)
  set(PLIANT_SANITIZERS address,undefined)
  if(PLIANT_SANITIZE STREQUAL "thread")
    set(PLIANT_SANITIZERS thread)
  endif()
  target_compile_options(pliant_build_flags INTERFACE -fsanitize=${PLIANT_SANITIZERS} -fno-sanitize-recover=all)
  target_link_options(pliant_build_flags INTERFACE -fsanitize=${PLIANT_SANITIZERS})
endif()

set(PLIANT_LAYERS "" CACHE INTERNAL "Layers in order of their making")

# pliant_layer(NAME sources...): an object library pliant_NAME, part of libpliant.
function(pliant_layer name)
  add_library(pliant_${name} OBJECT ${ARGN})
  target_include_directories(pliant_${name} PUBLIC
    ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_compile_options(pliant_${name} PRIVATE -fno-semantic-interposition)
  target_link_libraries(pliant_${name} PUBLIC MPI::MPI_CXX PRIVATE pliant_build_flags)
  set(PLIANT_LAYERS ${PLIANT_LAYERS} pliant_${name} CACHE INTERNAL "")
endfunction()

# pliant_cuda_layer(NAME sources...): sources for nvcc, part of libpliant. Multiplications are not fused implicitly.
function(pliant_cuda_layer name)
  add_library(pliant_${name} OBJECT ${ARGN})
  target_include_directories(pliant_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/src/kernels/cuda/nvcc)
  target_compile_options(pliant_${name} PRIVATE -fmad=false --Werror=all-warnings)
  set(PLIANT_LAYERS ${PLIANT_LAYERS} pliant_${name} CACHE INTERNAL "")
endfunction()

# Makes libpliant.so and libpliant.a from all layers, and installs them.
function(pliant_libraries)
  foreach(kind SHARED STATIC)
    string(TOLOWER ${kind} suffix)
    set(target pliant_${suffix})
    add_library(${target} ${kind})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME pliant LINKER_LANGUAGE CXX)
    target_include_directories(${target} PUBLIC
      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PUBLIC MPI::MPI_C PRIVATE $<BUILD_INTERFACE:pliant_build_flags> Threads::Threads)
    foreach(layer IN LISTS PLIANT_LAYERS)
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:${layer}>)
    endforeach()
    target_link_libraries(${target} PRIVATE ${PLIANT_HDF5_TARGET} ${PLIANT_HWLOC_TARGET} ${PLIANT_CUDA_TARGET})
    add_library(pliant::${suffix} ALIAS ${target})
  endforeach()
  set_target_properties(pliant_shared PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} EXPORT_NAME pliant)
  set_target_properties(pliant_static PROPERTIES EXPORT_NAME pliant_static)
  target_link_options(pliant_shared PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/pliant.map)
  set_property(TARGET pliant_shared APPEND PROPERTY LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/pliant.map)
  add_library(pliant::pliant ALIAS pliant_shared)
endfunction()
