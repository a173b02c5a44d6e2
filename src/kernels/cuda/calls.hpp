// The calls of CUDA that Pliant makes, as a table: what is above this folder sees no header of CUDA, and a
// test puts a host that carries them out in the driver's place.
//
// Each call means what CUDA's call of that name means, and returns its code: 0 is success. Handles are CUDA's
// own.
#pragma once

#include <cstddef>

#include "kernels/cuda/kernel_list.hpp"

namespace pliant::cuda {

using Stream = void*;         ///< cudaStream_t; null: the legacy default stream
using Event = void*;          ///< cudaEvent_t, without timing
using DeviceContext = void*;  ///< CUcontext, a device's primary one
using MemoryPool = void*;     ///< cudaMemPool_t

enum class MemoryKind { host, pinned, device, managed };

/// Where a pointer leads.
struct PointerFacts {
  MemoryKind kind = MemoryKind::host;
  int device = -1;  ///< which owns it; -1 where it is the host's, and unknown to CUDA
};

/// Every call but those named "no context" works on the thread's current device, and makes a context there
/// where there is none: hundreds of MiB of the device's memory. enter() comes before them.
///
/// None leaves an error behind that the program's own cudaGetLastError() would return.
struct Calls {
  int runtime_version;  ///< of the library: 1000 major + 10 minor
  int out_of_memory;    ///< codes that are told apart
  int not_ready;
  int not_supported;

  int (*driver_version)(int* version);    ///< no context
  int (*get_device_count)(int* devices);  ///< no context
  int (*set_device)(int device);

  /// A device's primary context, made where it is not there.
  int (*retain_context)(DeviceContext* context, int device);
  int (*release_context)(int device);
  /// It is the thread's current one until leave(), which brings back what was, and makes no context. In
  /// between, the thread disturbs no capture of the program's into a graph. `before`: what leave() needs.
  int (*enter)(DeviceContext context, int* before);
  int (*leave)(int before);

  // These four may wait for all that runs on the device: for another rank, where NCCL does.
  int (*malloc)(void** memory, std::size_t bytes);
  int (*free)(void* memory);
  int (*malloc_host)(void** memory, std::size_t bytes);  ///< pinned
  int (*free_host)(void* memory);
  // These wait for nothing. The memory is there when its stream has come to the call.
  int (*pool_create)(MemoryPool* pool, int device);  ///< not_supported: the device has none
  int (*pool_destroy)(MemoryPool pool);
  int (*malloc_from_pool)(void** memory, std::size_t bytes, MemoryPool pool, Stream stream);
  int (*free_async)(void* memory, Stream stream);

  int (*stream_create)(Stream* stream);  ///< which does not wait for the default stream
  int (*stream_destroy)(Stream stream);
  int (*stream_synchronize)(Stream stream);
  int (*stream_is_capturing)(Stream stream, bool* capturing);
  /// Does the code of a call on a stream say that the stream is wrong, and nothing of the device?
  bool (*is_wrong_stream)(int code);
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

/// Where `pointer` leads, as the driver says that the program has loaded: the host's memory, where it has
/// loaded none or has not initialised it. No context. Returns the driver's code.
int find_memory(PointerFacts* facts, const void* pointer);
/// Has find_memory() found a driver that is in use? Until it has, there is no memory of a device.
bool driver_is_used();

}  // namespace pliant::cuda
