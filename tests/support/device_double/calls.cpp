// cuda::calls(), as the double carries them out: what CUDA checks when it is called, checked in its order.
#include <algorithm>
#include <cstring>

#include "device_double.hpp"

namespace pliant::test {
namespace {

using cuda::Event;
using cuda::MemoryKind;
using cuda::Stream;

/// `work` under the lock, unless the call is one that fails.
template <class Work>
int call(std::string_view name, Work&& work) {
  DeviceDouble& device = device_double();
  const std::lock_guard lock(device.mutex());
  const int code = device.begin(name);
  return code != 0 ? code : work(device);
}

/// Gives a handle or memory back. In a broken device that fails, and yet nothing is left to be given back.
template <class Work>
int give_back(std::string_view name, Work&& work) {
  DeviceDouble& device = device_double();
  const std::lock_guard lock(device.mutex());
  const int code = device.begin(name);
  if (code != 0 && device.sticky() == 0) return code;
  const int done = work(device);
  return code != 0 ? code : done;
}

int driver_version(int* version) {
  return call("driver_version", [&](DeviceDouble& device) {
    *version = device.options().driver ? 13000 : 0;
    return 0;
  });
}

int get_device_count(int* devices) {
  *devices = 0;
  return call("get_device_count", [&](DeviceDouble& device) {
    *devices = device.options().devices;
    return 0;
  });
}

int get_device(int* current) {
  return call("get_device", [&](DeviceDouble& device) {
    *current = device.current_device();
    return 0;
  });
}

int set_device(int chosen) {
  return call("set_device", [&](DeviceDouble& device) { return device.set_current_device(chosen); });
}

int pointer_get_attributes(cuda::PointerFacts* facts, const void* pointer) {
  return call("pointer_get_attributes", [&](DeviceDouble& device) {
    const Allocation* found = device.memory().find(pointer);
    *facts = found == nullptr ? cuda::PointerFacts{} : cuda::PointerFacts{found->kind, found->device};
    return 0;
  });
}

int malloc(void** memory, std::size_t bytes) {
  return call("malloc",
              [&](DeviceDouble& device) { return device.allocate(memory, MemoryKind::device, bytes); });
}

int free(void* memory) {
  return give_back("free", [&](DeviceDouble& device) { return device.release(memory, /*pinned=*/false); });
}

int malloc_host(void** memory, std::size_t bytes) {
  return call("malloc_host",
              [&](DeviceDouble& device) { return device.allocate(memory, MemoryKind::pinned, bytes); });
}

int free_host(void* memory) {
  return give_back("free_host",
                   [&](DeviceDouble& device) { return device.release(memory, /*pinned=*/true); });
}

int stream_create(Stream* stream) {
  return call("stream_create", [&](DeviceDouble& device) {
    *stream = device.create_stream();
    return 0;
  });
}

int stream_destroy(Stream stream) {
  return give_back("stream_destroy", [&](DeviceDouble& device) {
    const auto found = device.stream(stream);
    if (found == nullptr || found.get() != stream) return kInvalidHandle;
    device.destroy_stream(stream);
    return 0;
  });
}

int stream_synchronize(Stream stream) {
  std::shared_ptr<DoubleStream> found;
  const int code = call("stream_synchronize", [&](DeviceDouble& device) {
    found = device.stream(stream);
    return found == nullptr ? kInvalidHandle : 0;
  });
  return code != 0 ? code : device_double().wait_for(found);
}

int stream_wait_event(Stream stream, Event event) {
  return call("stream_wait_event", [&](DeviceDouble& device) {
    const auto found = device.stream(stream);
    const auto awaited = device.event(event);
    if (found == nullptr || awaited == nullptr) return kInvalidHandle;
    if (awaited->latest != nullptr) device.streams().wait(*found, awaited->latest);
    return device.sticky();
  });
}

int event_create(Event* event) {
  return call("event_create", [&](DeviceDouble& device) {
    *event = device.create_event();
    return 0;
  });
}

int event_destroy(Event event) {
  return give_back("event_destroy", [&](DeviceDouble& device) {
    if (device.event(event) == nullptr) return kInvalidHandle;
    device.destroy_event(event);
    return 0;
  });
}

int event_record(Event event, Stream stream) {
  return call("event_record", [&](DeviceDouble& device) {
    const auto found = device.stream(stream);
    const auto recorded = device.event(event);
    if (found == nullptr || recorded == nullptr || found->device != recorded->device) return kInvalidHandle;
    recorded->latest = device.streams().record(found);
    return device.sticky();
  });
}

int event_query(Event event) {
  return call("event_query", [&](DeviceDouble& device) {
    const auto asked = device.event(event);
    if (asked == nullptr) return kInvalidHandle;
    const auto latest = asked->latest;
    if (latest == nullptr || latest->done) return 0;
    device.streams().look(*latest->stream);
    if (device.sticky() != 0) return device.sticky();
    return latest->done ? 0 : kNotReady;
  });
}

bool on_device(const Allocation* allocation) {
  return allocation != nullptr && allocation->kind != MemoryKind::pinned;
}

void count_copy(DeviceDouble& device, const Allocation* to, const Allocation* from, std::size_t bytes) {
  DeviceCounters& count = device.count();
  std::int64_t& sum = on_device(to)
                          ? on_device(from) ? count.device_to_device_bytes : count.host_to_device_bytes
                      : on_device(from) ? count.device_to_host_bytes
                                        : count.host_to_host_bytes;
  sum += static_cast<std::int64_t>(bytes);
  if ((to == nullptr && on_device(from)) || (from == nullptr && on_device(to))) ++count.pageable_copies;
}

int memcpy_async(void* to, const void* from, std::size_t bytes, Stream stream) {
  std::shared_ptr<DoubleStream> found;
  bool waits = false;
  const int code = call("memcpy_async", [&](DeviceDouble& device) {
    found = device.stream(stream);
    if (found == nullptr) return kInvalidHandle;
    if (!device.memory().whole(to, bytes) || !device.memory().whole(from, bytes)) return kInvalidValue;
    device.enqueue(found, "memcpy", [&device, to, from, bytes] {
      const OpenedMemory target(device.memory(), to);
      const OpenedMemory source(device.memory(), from);
      if (bytes > 0) std::memmove(to, from, bytes);
      count_copy(device, device.memory().find(to), device.memory().find(from), bytes);
    });
    // CUDA's rule: into pageable memory, and within the host, it returns when the copy is done.
    const Allocation* target = device.memory().find(to);
    waits = target == nullptr || !(on_device(target) || on_device(device.memory().find(from)));
    if (waits) ++device.count().hidden_waits;
    return device.sticky();
  });
  return code == 0 && waits ? device_double().wait_for(found) : code;
}

int memset_async(void* memory, int byte, std::size_t bytes, Stream stream) {
  return call("memset_async", [&](DeviceDouble& device) {
    const auto found = device.stream(stream);
    if (found == nullptr) return kInvalidHandle;
    if (device.memory().find(memory) == nullptr || !device.memory().whole(memory, bytes))
      return kInvalidValue;
    device.enqueue(found, "memset", [&device, memory, byte, bytes] {
      const OpenedMemory target(device.memory(), memory);
      std::memset(memory, byte, bytes);
    });
    return device.sticky();
  });
}

int launch_kernel(cuda::Kernel kernel, unsigned blocks, const void* arguments, Stream stream) {
  return call("launch_kernel",
              [&](DeviceDouble& device) { return device.launch(kernel, blocks, arguments, stream); });
}

int resident_blocks(cuda::Kernel, unsigned* blocks) {
  return call("resident_blocks", [&](DeviceDouble& device) {
    *blocks = device.options().resident_blocks;
    return 0;
  });
}

constexpr cuda::Calls kCalls{
    .runtime_version = 13000,
    .out_of_memory = kOutOfMemory,
    .not_ready = kNotReady,
    .driver_version = driver_version,
    .get_device_count = get_device_count,
    .get_device = get_device,
    .set_device = set_device,
    .pointer_get_attributes = pointer_get_attributes,
    .malloc = malloc,
    .free = free,
    .malloc_host = malloc_host,
    .free_host = free_host,
    .stream_create = stream_create,
    .stream_destroy = stream_destroy,
    .stream_synchronize = stream_synchronize,
    .stream_wait_event = stream_wait_event,
    .event_create = event_create,
    .event_destroy = event_destroy,
    .event_record = event_record,
    .event_query = event_query,
    .memcpy_async = memcpy_async,
    .memset_async = memset_async,
    .launch_kernel = launch_kernel,
    .resident_blocks = resident_blocks,
    .get_error_string = cuda_error_text,
};

}  // namespace
}  // namespace pliant::test

namespace pliant::cuda {

const Calls* calls() {
  return &test::kCalls;
}

bool is_foreign_device_memory(const void*) {
  return false;
}

}  // namespace pliant::cuda
