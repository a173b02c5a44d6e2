// The calls of CUDA that Pliant makes, as a table: what is above this folder sees no header of CUDA, and a
// test puts a host that carries them out in the driver's place.
//
// Each call means what CUDA's call of that name means, and returns its code: 0 is success. Handles are CUDA's
// own.
#pragma once

#include <cstddef>

#include "kernels/cuda/kernel_list.hpp"

namespace pliant::cuda {

using Stream = void*;  ///< cudaStream_t; null: the legacy default stream
using Event = void*;   ///< cudaEvent_t, without timing

enum class MemoryKind { host, pinned, device, managed };

/// What cudaPointerGetAttributes says.
struct PointerFacts {
  MemoryKind kind = MemoryKind::host;
  int device = -1;  ///< which owns it; -1 where it is the host's, and unknown to CUDA
};

struct Calls {
  int runtime_version;  ///< of the library: 1000 major + 10 minor
  int out_of_memory;    ///< codes that are told apart
  int not_ready;

  int (*driver_version)(int* version);
  int (*get_device_count)(int* devices);
  int (*get_device)(int* device);
  int (*set_device)(int device);
  int (*pointer_get_attributes)(PointerFacts* facts, const void* pointer);

  int (*malloc)(void** memory, std::size_t bytes);
  int (*free)(void* memory);
  int (*malloc_host)(void** memory, std::size_t bytes);  ///< pinned
  int (*free_host)(void* memory);

  int (*stream_create)(Stream* stream);  ///< which does not wait for the default stream
  int (*stream_destroy)(Stream stream);
  int (*stream_synchronize)(Stream stream);
  int (*stream_wait_event)(Stream stream, Event event);
  int (*event_create)(Event* event);
  int (*event_destroy)(Event event);
  int (*event_record)(Event event, Stream stream);
  int (*event_query)(Event event);  ///< not_ready while it is still to come

  int (*memcpy_async)(void* to, const void* from, std::size_t bytes, Stream stream);  ///< any two memories
  int (*memset_async)(void* memory, int byte, std::size_t bytes, Stream stream);
  /// `arguments`: the kernel's only parameter, its structure of kernel_list.hpp, copied before this returns.
  int (*launch_kernel)(Kernel kernel, unsigned blocks, const void* arguments, Stream stream);
  /// Blocks of a kernel that the current device can hold at once.
  int (*resident_blocks)(Kernel kernel, unsigned* blocks);
  const char* (*get_error_string)(int code);
};

/// Null where the library was built without CUDA.
const Calls* calls();

/// Where calls() is null: does the driver that the program has loaded call it a device's memory? False
/// otherwise.
bool is_foreign_device_memory(const void* pointer);

}  // namespace pliant::cuda
