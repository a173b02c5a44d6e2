// The CUDA calls that Pliant makes, as a table. Code outside this folder needs no CUDA header. Tests replace
// the driver by a host implementation.
//
// Each call has the meaning of the CUDA call of that name, and returns its code: 0 is success. Handles are
// CUDA's own.
#pragma once

#include <cstddef>

#include "kernels/cuda/kernel_list.hpp"

namespace pliant::cuda {

using Stream = void*;         ///< cudaStream_t; null: the legacy default stream
using Event = void*;          ///< cudaEvent_t, without timing
using DeviceContext = void*;  ///< CUcontext, the primary one of a device
using MemoryPool = void*;     ///< cudaMemPool_t

enum class MemoryKind { host, pinned, device, managed };

/// The memory that a pointer belongs to.
struct PointerFacts {
  MemoryKind kind = MemoryKind::host;
  int device = -1;  ///< the owning device; -1 for host memory unknown to CUDA
};

/// Every call except those marked "no context" works on the thread's current device. It creates a context
/// there if there is none, which takes hundreds of MiB of device memory. So call enter() first.
///
/// No call leaves an error for the program's own cudaGetLastError().
struct Calls {
  int runtime_version;  ///< of the library: 1000 * major + 10 * minor
  int out_of_memory;    ///< error codes that callers distinguish
  int not_ready;
  int not_supported;

  int (*driver_version)(int* version);    ///< no context
  int (*get_device_count)(int* devices);  ///< no context
  int (*set_device)(int device);

  /// Retains a device's primary context; creates it if necessary.
  int (*retain_context)(DeviceContext* context, int device);
  int (*release_context)(int device);
  /// Makes the context current for this thread until leave(), which restores the previous one without
  /// creating a context. In between, the thread does not disturb the program's stream captures. `before`:
  /// saved state for leave().
  int (*enter)(DeviceContext context, int* before);
  int (*leave)(int before);

  // The next four may wait for all work on the device: with NCCL, for another rank.
  int (*malloc)(void** memory, std::size_t bytes);
  int (*free)(void* memory);
  int (*malloc_host)(void** memory, std::size_t bytes);  ///< pinned
  int (*free_host)(void* memory);
  // The next ones wait for nothing. The memory is valid once its stream reaches the call.
  int (*pool_create)(MemoryPool* pool, int device);  ///< not_supported: the device has no pools
  int (*pool_destroy)(MemoryPool pool);
  int (*malloc_from_pool)(void** memory, std::size_t bytes, MemoryPool pool, Stream stream);
  int (*free_async)(void* memory, Stream stream);

  int (*stream_create)(Stream* stream);  ///< does not wait for the default stream
  int (*stream_destroy)(Stream stream);
  int (*stream_synchronize)(Stream stream);
  int (*stream_is_capturing)(Stream stream, bool* capturing);
  /// Whether the code of a call on a stream means an invalid stream, not a failed device.
  bool (*is_wrong_stream)(int code);
  int (*stream_wait_event)(Stream stream, Event event);
  int (*event_create)(Event* event);
  int (*event_destroy)(Event event);
  int (*event_record)(Event event, Stream stream);
  int (*event_query)(Event event);  ///< not_ready until the event has happened

  int (*memcpy_async)(void* to, const void* from, std::size_t bytes, Stream stream);  ///< any two memories
  int (*memset_async)(void* memory, int byte, std::size_t bytes, Stream stream);
  /// `arguments` is the kernel's only parameter, its struct in kernel_list.hpp. It is copied before the call
  /// returns.
  int (*launch_kernel)(Kernel kernel, unsigned blocks, const void* arguments, Stream stream);
  /// Number of a kernel's blocks that the current device can hold at once.
  int (*resident_blocks)(Kernel kernel, unsigned* blocks);
  const char* (*get_error_string)(int code);
};

/// Null if the library was built without CUDA.
const Calls* calls();

/// Finds the memory that `pointer` belongs to, by asking the driver that the program has loaded. Reports host
/// memory if no driver is loaded or initialised. No context. Returns the driver's code.
int find_memory(PointerFacts* facts, const void* pointer);
/// Whether find_memory() has found a driver in use. Until then there is no device memory.
bool driver_is_used();

}  // namespace pliant::cuda
