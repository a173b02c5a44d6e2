// Fills the table of calls.hpp with functions of the CUDA runtime. Contexts come from the driver, since only
// the driver can restore a thread's context without creating one.
#include <cuda.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <array>

#include "kernels/cuda/calls.hpp"
#include "kernels/cuda/launch.hpp"

namespace pliant::cuda {
namespace {

/// Clears a returned error, so that the program's own cudaGetLastError() does not see it. CUDA also stores
/// "not ready" as an error.
int told(cudaError_t code) {
  if (code != cudaSuccess) cudaGetLastError();
  return code;
}

/// Functions of the driver, whose codes equal the runtime's. Null if it cannot be loaded.
struct Driver {
  decltype(&cuDeviceGet) device_get = nullptr;
  decltype(&cuDevicePrimaryCtxRetain) retain = nullptr;
  decltype(&cuDevicePrimaryCtxRelease) release = nullptr;
  decltype(&cuCtxPushCurrent) push = nullptr;
  decltype(&cuCtxPopCurrent) pop = nullptr;

  bool complete() const {
    return device_get != nullptr && retain != nullptr && release != nullptr && push != nullptr &&
           pop != nullptr;
  }
};

template <class Function>
void look_up(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
}

const Driver& driver() {
  static const Driver found = [] {
    Driver driver;
    void* const library = dlopen("libcuda.so.1", RTLD_NOW);
    if (library == nullptr) return driver;
    // These are the names that cuda.h maps the functions to.
    look_up(library, "cuDeviceGet", driver.device_get);
    look_up(library, "cuDevicePrimaryCtxRetain", driver.retain);
    look_up(library, "cuDevicePrimaryCtxRelease_v2", driver.release);
    look_up(library, "cuCtxPushCurrent_v2", driver.push);
    look_up(library, "cuCtxPopCurrent_v2", driver.pop);
    return driver;
  }();
  return found;
}

cudaStream_t stream_of(Stream stream) {
  return static_cast<cudaStream_t>(stream);
}

cudaEvent_t event_of(Event event) {
  return static_cast<cudaEvent_t>(event);
}

int retain_context(DeviceContext* context, int device) {
  if (!driver().complete()) return cudaErrorInsufficientDriver;
  CUdevice handle = 0;
  CUcontext made = nullptr;
  int code = driver().device_get(&handle, device);
  if (code == CUDA_SUCCESS) code = driver().retain(&made, handle);
  *context = made;
  return code;
}

int release_context(int device) {
  CUdevice handle = 0;
  const int code = driver().device_get(&handle, device);
  return code == CUDA_SUCCESS ? driver().release(handle) : code;
}

int enter(DeviceContext context, int* before) {
  if (const int code = driver().push(static_cast<CUcontext>(context)); code != CUDA_SUCCESS) return code;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  const int code = told(cudaThreadExchangeStreamCaptureMode(&mode));
  *before = mode;
  if (code != cudaSuccess) {
    CUcontext popped = nullptr;
    driver().pop(&popped);
  }
  return code;
}

int leave(int before) {
  auto mode = static_cast<cudaStreamCaptureMode>(before);
  const int code = told(cudaThreadExchangeStreamCaptureMode(&mode));
  CUcontext popped = nullptr;
  const int popping = driver().pop(&popped);
  return code != cudaSuccess ? code : popping;
}

/// Creates a pool of Pliant's own. It keeps freed memory, and never makes a stream wait for another in order
/// to reuse memory.
int pool_create(MemoryPool* pool, int device) {
  int supported = 0;
  if (const int code = told(cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device));
      code != 0)
    return code;
  if (supported == 0) return cudaErrorNotSupported;
  cudaMemPoolProps properties{};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  cudaMemPool_t made = nullptr;
  int code = told(cudaMemPoolCreate(&made, &properties));
  cuuint64_t kept = ~cuuint64_t{0};
  if (code == 0) code = told(cudaMemPoolSetAttribute(made, cudaMemPoolAttrReleaseThreshold, &kept));
  int waits = 0;
  if (code == 0)
    code = told(cudaMemPoolSetAttribute(made, cudaMemPoolReuseAllowInternalDependencies, &waits));
  if (code != 0 && made != nullptr) told(cudaMemPoolDestroy(made));
  if (code == 0) *pool = made;
  return code;
}

int stream_is_capturing(Stream stream, bool* capturing) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  const cudaError_t code = cudaStreamIsCapturing(stream_of(stream), &status);
  // The default stream is unusable while a stream that waits for it is captured.
  *capturing = code == cudaErrorStreamCaptureImplicit || status != cudaStreamCaptureStatusNone;
  const int kept = told(code);
  return code == cudaErrorStreamCaptureImplicit ? 0 : kept;
}

bool is_wrong_stream(int code) {
  return code == cudaErrorInvalidResourceHandle || code == cudaErrorInvalidValue;
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
    .not_supported = cudaErrorNotSupported,
    .driver_version = [](int* version) { return told(cudaDriverGetVersion(version)); },
    .get_device_count = [](int* devices) { return told(cudaGetDeviceCount(devices)); },
    .set_device = [](int device) { return told(cudaSetDevice(device)); },
    .retain_context = retain_context,
    .release_context = release_context,
    .enter = enter,
    .leave = leave,
    .malloc = [](void** memory, std::size_t bytes) { return told(cudaMalloc(memory, bytes)); },
    .free = [](void* memory) { return told(cudaFree(memory)); },
    .malloc_host = [](void** memory, std::size_t bytes) { return told(cudaMallocHost(memory, bytes)); },
    .free_host = [](void* memory) { return told(cudaFreeHost(memory)); },
    .pool_create = pool_create,
    .pool_destroy =
        [](MemoryPool pool) { return told(cudaMemPoolDestroy(static_cast<cudaMemPool_t>(pool))); },
    .malloc_from_pool =
        [](void** memory, std::size_t bytes, MemoryPool pool, Stream stream) {
          return told(
              cudaMallocFromPoolAsync(memory, bytes, static_cast<cudaMemPool_t>(pool), stream_of(stream)));
        },
    .free_async = [](void* memory, Stream stream) { return told(cudaFreeAsync(memory, stream_of(stream))); },
    .stream_create = stream_create,
    .stream_destroy = [](Stream stream) { return told(cudaStreamDestroy(stream_of(stream))); },
    .stream_synchronize = [](Stream stream) { return told(cudaStreamSynchronize(stream_of(stream))); },
    .stream_is_capturing = stream_is_capturing,
    .is_wrong_stream = is_wrong_stream,
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

}  // namespace pliant::cuda
