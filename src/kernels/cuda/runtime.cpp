// The table of calls.hpp, from the CUDA runtime.
#include <cuda_runtime_api.h>

#include <array>

#include "kernels/cuda/calls.hpp"
#include "kernels/cuda/launch.hpp"

namespace pliant::cuda {
namespace {

/// An error that is returned is not left behind for the program's own cudaGetLastError().
int told(cudaError_t code) {
  if (code != cudaSuccess && code != cudaErrorNotReady) cudaGetLastError();
  return code;
}

cudaStream_t stream_of(Stream stream) {
  return static_cast<cudaStream_t>(stream);
}

cudaEvent_t event_of(Event event) {
  return static_cast<cudaEvent_t>(event);
}

MemoryKind kind_of(cudaMemoryType type) {
  switch (type) {
    case cudaMemoryTypeDevice:
      return MemoryKind::device;
    case cudaMemoryTypeManaged:
      return MemoryKind::managed;
    case cudaMemoryTypeHost:
      return MemoryKind::pinned;
    case cudaMemoryTypeUnregistered:
      break;
  }
  return MemoryKind::host;
}

int pointer_get_attributes(PointerFacts* facts, const void* pointer) {
  cudaPointerAttributes attributes{};
  const int code = told(cudaPointerGetAttributes(&attributes, pointer));
  if (code == cudaSuccess) *facts = {kind_of(attributes.type), attributes.device};
  return code;
}

int stream_create(Stream* stream) {
  cudaStream_t made = nullptr;
  const int code = told(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
  *stream = made;
  return code;
}

int event_create(Event* event) {
  cudaEvent_t made = nullptr;
  const int code = told(cudaEventCreateWithFlags(&made, cudaEventDisableTiming));
  *event = made;
  return code;
}

int launch_kernel(Kernel kernel, unsigned blocks, const void* arguments, Stream stream) {
  std::array<void*, 1> parameters = {const_cast<void*>(arguments)};
  return told(cudaLaunchKernel(device_function(kernel), dim3(blocks), dim3(kBlockThreads), parameters.data(),
                               0, stream_of(stream)));
}

int resident_blocks(Kernel kernel, unsigned* blocks) {
  int device = 0;
  int multiprocessors = 0;
  int blocks_each = 0;
  int code = told(cudaGetDevice(&device));
  if (code == cudaSuccess)
    code = told(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device));
  if (code == cudaSuccess)
    code = told(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks_each, device_function(kernel),
                                                              static_cast<int>(kBlockThreads), 0));
  if (code == cudaSuccess) *blocks = static_cast<unsigned>(multiprocessors * blocks_each);
  return code;
}

constexpr Calls kCalls{
    .runtime_version = CUDART_VERSION,
    .out_of_memory = cudaErrorMemoryAllocation,
    .not_ready = cudaErrorNotReady,
    .driver_version = [](int* version) { return told(cudaDriverGetVersion(version)); },
    .get_device_count = [](int* devices) { return told(cudaGetDeviceCount(devices)); },
    .get_device = [](int* device) { return told(cudaGetDevice(device)); },
    .set_device = [](int device) { return told(cudaSetDevice(device)); },
    .pointer_get_attributes = pointer_get_attributes,
    .malloc = [](void** memory, std::size_t bytes) { return told(cudaMalloc(memory, bytes)); },
    .free = [](void* memory) { return told(cudaFree(memory)); },
    .malloc_host = [](void** memory, std::size_t bytes) { return told(cudaMallocHost(memory, bytes)); },
    .free_host = [](void* memory) { return told(cudaFreeHost(memory)); },
    .stream_create = stream_create,
    .stream_destroy = [](Stream stream) { return told(cudaStreamDestroy(stream_of(stream))); },
    .stream_synchronize = [](Stream stream) { return told(cudaStreamSynchronize(stream_of(stream))); },
    .stream_wait_event =
        [](Stream stream, Event event) {
          return told(cudaStreamWaitEvent(stream_of(stream), event_of(event), 0));
        },
    .event_create = event_create,
    .event_destroy = [](Event event) { return told(cudaEventDestroy(event_of(event))); },
    .event_record = [](Event event,
                       Stream stream) { return told(cudaEventRecord(event_of(event), stream_of(stream))); },
    .event_query = [](Event event) { return told(cudaEventQuery(event_of(event))); },
    .memcpy_async =
        [](void* to, const void* from, std::size_t bytes, Stream stream) {
          return told(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_of(stream)));
        },
    .memset_async =
        [](void* memory, int byte, std::size_t bytes, Stream stream) {
          return told(cudaMemsetAsync(memory, byte, bytes, stream_of(stream)));
        },
    .launch_kernel = launch_kernel,
    .resident_blocks = resident_blocks,
    .get_error_string = [](int code) { return cudaGetErrorString(static_cast<cudaError_t>(code)); },
};

}  // namespace

const Calls* calls() {
  return &kCalls;
}

bool is_foreign_device_memory(const void*) {
  return false;
}

}  // namespace pliant::cuda
