// cuda::calls() of the double. Arguments are checked as by CUDA, in CUDA's order.
#include <algorithm>
#include <cstring>

#include "device_double.hpp"

namespace pliant::test {
namespace {

using cuda::Event;
using cuda::MemoryKind;
using cuda::Stream;

/// Runs `work` under the lock, unless the call is planned to fail.
template <class Work>
int call(std::string_view name, Work&& work) {
  DeviceDouble& device = device_double();
  const std::lock_guard lock(device.mutex());
  const int code = device.begin(name);
  return code != 0 ? code : work(device);
}

/// Releases a handle or memory. On a broken device this fails, but the object is released all the same.
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

int set_device(int chosen) {
  return call("set_device", [&](DeviceDouble& device) { return device.set_current_device(chosen); });
}

int retain_context(cuda::DeviceContext* context, int number) {
  return call("retain_context", [&](DeviceDouble& device) { return device.retain_context(context, number); });
}

int release_context(int number) {
  return call("release_context", [&](DeviceDouble& device) { return device.release_context(number); });
}

int enter(cuda::DeviceContext context, int* before) {
  return call("enter", [&](DeviceDouble& device) { return device.enter(context, before); });
}

int leave(int before) {
  return call("leave", [&](DeviceDouble& device) { return device.leave(before); });
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

int pool_create(cuda::MemoryPool* pool, int number) {
  return call("pool_create", [&](DeviceDouble& device) { return device.create_pool(pool, number); });
}

int pool_destroy(cuda::MemoryPool pool) {
  return give_back("pool_destroy", [&](DeviceDouble& device) { return device.destroy_pool(pool); });
}

int malloc_from_pool(void** memory, std::size_t bytes, cuda::MemoryPool pool, Stream stream) {
  return call("malloc_from_pool", [&](DeviceDouble& device) {
    return device.stream(stream) == nullptr ? kInvalidHandle : device.allocate_from(pool, memory, bytes);
  });
}

int free_async(void* memory, Stream stream) {
  return give_back("free_async", [&](DeviceDouble& device) {
    const auto found = device.stream(stream);
    return found == nullptr ? kInvalidHandle : device.release_on(memory, found);
  });
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

int stream_is_capturing(Stream stream, bool* capturing) {
  *capturing = false;
  return call("stream_is_capturing", [&](DeviceDouble& device) {
    const auto found = device.stream(stream);
    if (found == nullptr) return kInvalidHandle;
    const bool legacy = reinterpret_cast<std::uintptr_t>(stream) <= 1;
    *capturing = device.capture().holds(*found) || (legacy && device.capture().active());
    return 0;
  });
}

int stream_wait_event(Stream stream, Event event) {
  return call("stream_wait_event", [&](DeviceDouble& device) {
    const auto found = device.stream(stream);
    const auto awaited = device.event(event);
    if (found == nullptr || awaited == nullptr) return kInvalidHandle;
    if (awaited->captured) device.capture().join(*found);
    if (device.capture().holds(*found))
      device.capture().note();
    else if (awaited->latest != nullptr)
      device.streams().wait(*found, awaited->latest);
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
    recorded->captured = device.capture().holds(*found);
    if (recorded->captured)
      device.capture().note();
    else
      recorded->latest = device.streams().record(found);
    return device.sticky();
  });
}

int event_query(Event event) {
  return call("event_query", [&](DeviceDouble& device) {
    const auto asked = device.event(event);
    if (asked == nullptr) return kInvalidHandle;
    if (asked->captured) return device.capture().invalidate(), kCapturedEvent;
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
  if (on_device(to) && !on_device(from)) ++count.copies_to_device;
  if (!on_device(to) && on_device(from)) ++count.copies_to_host;
  if ((to == nullptr && on_device(from)) || (from == nullptr && on_device(to))) ++count.pageable_copies;
}

/// Whether DeviceOptions::copies_ahead allows this copy.
bool may_be_copied(DeviceDouble& device, const void* to, const void* from) {
  if (device.options().copies_ahead == 0) return true;
  if (!on_device(device.memory().find(to)) || on_device(device.memory().find(from))) return true;
  const std::int64_t wanted = device.counters().copies_to_device + 1 + device.options().copies_ahead;
  return device.counters().copies_to_host >= std::min(wanted, device.options().copies_in_all);
}

int memcpy_async(void* to, const void* from, std::size_t bytes, Stream stream) {
  std::shared_ptr<DoubleStream> found;
  bool waits = false;
  const int code = call("memcpy_async", [&](DeviceDouble& device) {
    found = device.stream(stream);
    if (found == nullptr) return kInvalidHandle;
    if (!device.memory().whole(to, bytes) || !device.memory().whole(from, bytes)) return kInvalidValue;
    const auto copied = [&device, to, from, bytes] {
      const OpenedMemory target(device.memory(), to);
      const OpenedMemory source(device.memory(), from);
      if (bytes > 0) std::memmove(to, from, bytes);
      count_copy(device, device.memory().find(to), device.memory().find(from), bytes);
    };
    device.enqueue(found, "memcpy", copied, [&device, to, from] { return may_be_copied(device, to, from); });
    // CUDA's rule: a copy into pageable memory, or within the host, returns when it is done.
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
    .not_supported = kNotSupported,
    .driver_version = driver_version,
    .get_device_count = get_device_count,
    .set_device = set_device,
    .retain_context = retain_context,
    .release_context = release_context,
    .enter = enter,
    .leave = leave,
    .malloc = malloc,
    .free = free,
    .malloc_host = malloc_host,
    .free_host = free_host,
    .pool_create = pool_create,
    .pool_destroy = pool_destroy,
    .malloc_from_pool = malloc_from_pool,
    .free_async = free_async,
    .stream_create = stream_create,
    .stream_destroy = stream_destroy,
    .stream_synchronize = stream_synchronize,
    .stream_is_capturing = stream_is_capturing,
    .is_wrong_stream = [](int code) { return code == kInvalidHandle || code == kInvalidValue; },
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

int find_memory(PointerFacts* facts, const void* pointer) {
  test::DeviceDouble& device = test::device_double();
  const std::lock_guard lock(device.mutex());
  const test::Allocation* found = device.memory().find(pointer);
  *facts = found == nullptr ? PointerFacts{} : PointerFacts{found->kind, found->device};
  return 0;
}

bool driver_is_used() {
  return !test::device_double().contexts().empty();
}

}  // namespace pliant::cuda
