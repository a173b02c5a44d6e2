#include "device_double.hpp"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "call_names.hpp"
#include "core/monotonic.hpp"

namespace pliant::test {

using cuda::MemoryKind;

namespace {

/// Much longer than any operation here: a program that waits longer would have hung on a GPU.
constexpr double kLongestWait_s = 60;
/// Calls that make no context on the current device, and work on a broken device.
const std::set<std::string_view> kWithoutContext = {"get_device_count", "retain_context", "release_context",
                                                    "enter", "leave"};

}  // namespace

DeviceDouble& device_double() {
  static DeviceDouble only;
  return only;
}

DeviceDouble::DeviceDouble() : failures_({kCallNames.begin(), kCallNames.end()}) {
  reset();
}

void DeviceDouble::reset(const DeviceOptions& options) {
  const std::lock_guard lock(mutex_);
  streams_.drop_all();
  handles_.clear();
  default_streams_.clear();
  events_.clear();
  streams_ = {};
  memory_.clear();
  failures_.clear();
  current_.clear();
  of_threads_.clear();
  contexts_.clear();
  retained_.clear();
  pools_.clear();
  leaving_.clear();
  capture_ = {};
  observer_ = nullptr;
  launches_.clear();
  failing_operations_.clear();
  sticky_ = 0;
  operations_ = 0;
  counters_ = {};
  options_ = options;
  streams_.set_schedule(options.schedule);
  memory_.set_access(options.access);
  for (int device = 0; device < options.devices; ++device)
    default_streams_.push_back(streams_.create(device));
}

void DeviceDouble::set_schedule(Schedule schedule) {
  const std::lock_guard lock(mutex_);
  options_.schedule = schedule;
  streams_.set_schedule(schedule);
}

void DeviceDouble::set_access(Access access) {
  const std::lock_guard lock(mutex_);
  options_.access = access;
  memory_.set_access(access);
}

void DeviceDouble::fail(std::string_view call, int nth, int code, int times) {
  const std::lock_guard lock(mutex_);
  failures_.fail(call, nth, code, times);
}

void DeviceDouble::fail_operation(int nth, int code) {
  const std::lock_guard lock(mutex_);
  failing_operations_[operations_ + nth] = code;
}

int DeviceDouble::begin(std::string_view call) {
  const int planned = failures_.begin(call);
  if (call == "driver_version") return planned;
  if (!options_.driver) return kInsufficientDriver;
  if (options_.devices == 0) return kNoDevice;
  if (!kWithoutContext.contains(call)) contexts_.insert(current_device());
  if (sticky_ != 0) return kWithoutContext.contains(call) ? 0 : sticky_;
  if (is_sticky(planned)) break_device(planned);
  if (planned == 0 && capture_.is_disturbed_by(call)) return kCaptureUnsupported;
  return planned;
}

void DeviceDouble::break_device(int code) {
  sticky_ = code;
  streams_.drop_all();
  for (void* memory : leaving_) memory_.release(memory, /*pinned=*/false);
  leaving_.clear();
}

int DeviceDouble::current_device() {
  const std::lock_guard lock(mutex_);
  const std::vector<int>& devices = current_[std::this_thread::get_id()];
  return devices.empty() ? 0 : devices.back();
}

int DeviceDouble::set_current_device(int device) {
  if (device < 0 || device >= options_.devices) return kInvalidDevice;
  current_[std::this_thread::get_id()] = {device};
  contexts_.insert(device);
  return 0;
}

// A context's handle is its device's number + 1.
int DeviceDouble::retain_context(cuda::DeviceContext* context, int device) {
  if (device < 0 || device >= options_.devices) return kInvalidDevice;
  contexts_.insert(device);
  ++retained_[device];
  *context = reinterpret_cast<cuda::DeviceContext>(static_cast<std::uintptr_t>(device) + 1);
  return 0;
}

int DeviceDouble::release_context(int device) {
  if (retained_[device] == 0) return kInvalidValue;
  --retained_[device];
  return 0;
}

int DeviceDouble::enter(cuda::DeviceContext context, int* before) {
  const int device = static_cast<int>(reinterpret_cast<std::uintptr_t>(context)) - 1;
  if (!contexts_.contains(device)) return kInvalidValue;
  std::vector<int>& devices = current_[std::this_thread::get_id()];
  if (devices.empty()) devices.push_back(0);
  devices.push_back(device);
  *before = static_cast<int>(capture_.exchange(CaptureMode::relaxed));
  return 0;
}

int DeviceDouble::leave(int before) {
  std::vector<int>& devices = current_[std::this_thread::get_id()];
  if (devices.size() < 2) return kInvalidValue;
  devices.pop_back();
  capture_.exchange(static_cast<CaptureMode>(before));
  return 0;
}

std::int64_t DeviceDouble::launches(cuda::Kernel kernel) const {
  const auto found = launches_.find(kernel);
  return found == launches_.end() ? 0 : found->second;
}

std::string DeviceDouble::leaks() {
  const std::lock_guard lock(mutex_);
  std::string text = memory_.damage() + memory_.list();
  if (!handles_.empty()) text += std::to_string(handles_.size()) + " streams; ";
  if (!events_.empty()) text += std::to_string(events_.size()) + " events; ";
  if (!pools_.empty()) text += std::to_string(pools_.size()) + " pools; ";
  for (const auto& [device, times] : retained_)
    if (times != 0) text += "the context of device " + std::to_string(device) + "; ";
  return text;
}

// ---- Streams and events. -------------------------------------------------------------------------------

std::shared_ptr<DoubleStream> DeviceDouble::stream(cuda::Stream handle) {
  const auto device = static_cast<std::size_t>(current_device());
  if (reinterpret_cast<std::uintptr_t>(handle) <= 1) return default_streams_[device];  // cudaStreamLegacy
  if (reinterpret_cast<std::uintptr_t>(handle) == 2) {                                 // cudaStreamPerThread
    auto& streams = of_threads_[std::this_thread::get_id()];
    streams.resize(static_cast<std::size_t>(options_.devices));
    if (streams[device] == nullptr) streams[device] = streams_.create(static_cast<int>(device));
    return streams[device];
  }
  const auto found = handles_.find(handle);
  return found == handles_.end() ? nullptr : found->second;
}

std::shared_ptr<DoubleEvent> DeviceDouble::event(cuda::Event handle) {
  const auto found = events_.find(handle);
  return found == events_.end() ? nullptr : found->second;
}

cuda::Stream DeviceDouble::create_stream() {
  const auto made = streams_.create(current_device());
  handles_[made.get()] = made;
  return made.get();
}

void DeviceDouble::destroy_stream(cuda::Stream handle) {
  handles_[handle]->destroyed = true;  // what is queued is still done
  handles_.erase(handle);
  streams_.drop_finished();
}

cuda::Event DeviceDouble::create_event() {
  const auto made = std::make_shared<DoubleEvent>(current_device());
  events_[made.get()] = made;
  return made.get();
}

void DeviceDouble::destroy_event(cuda::Event handle) {
  events_.erase(handle);
}

void DeviceDouble::enqueue(const std::shared_ptr<DoubleStream>& stream, std::string name,
                           std::function<void()> work, std::function<bool()> ready) {
  if (capture_.holds(*stream)) return capture_.note();
  const auto attempt = [this, work = std::move(work), ready = std::move(ready)] {
    if (ready && !ready()) return Step::waits;
    const auto failing = failing_operations_.find(++operations_);
    if (failing != failing_operations_.end())
      break_device(failing->second);
    else
      work();
    return Step::done;
  };
  streams_.enqueue(*stream, {std::move(name), attempt});
}

int DeviceDouble::wait_for(const std::shared_ptr<DoubleStream>& stream) {
  double since_s = monotonic_s();
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (sticky_ != 0 || stream->queue.empty()) return sticky_;
      if (streams_.work(*stream)) since_s = monotonic_s();
    }
    if (monotonic_s() - since_s > kLongestWait_s) {
      std::fprintf(stderr, "device double: a wait that does not end. Queued: %s\n", queued().c_str());
      std::abort();
    }
    sched_yield();
  }
}

int DeviceDouble::wait_for_all() {
  const auto streams = streams_.all();
  for (const auto& stream : streams) {
    if (!stream->queue.empty()) ++counters_.hidden_waits;
    if (const int code = wait_for(stream); code != 0) return code;
  }
  return 0;
}

// ---- Memory. -------------------------------------------------------------------------------------------

int DeviceDouble::allocate(void** memory, MemoryKind kind, std::size_t bytes, bool wait) {
  const bool pinned = kind == MemoryKind::pinned;
  const std::size_t held = pinned ? held_bytes(kind) : memory_.held(kind, current_device());
  const std::size_t limit = pinned ? options_.pinned_bytes : options_.memory_bytes;
  *memory = nullptr;
  if (bytes == 0) return 0;
  if (held > limit || bytes > limit - held || (!pinned && bytes > options_.largest_bytes))
    return kOutOfMemory;
  // NCCL's kernels run until all ranks have joined, and a plain allocation may wait for them.
  if (streams_.any_waits_for_others() && wait) wait_for_all();
  *memory = memory_.allocate(kind, current_device(), bytes);
  std::size_t& peak = pinned ? counters_.peak_pinned_bytes : counters_.peak_device_bytes;
  peak = std::max(peak, held_bytes(kind));
  return 0;
}

int DeviceDouble::release(void* memory, bool pinned) {
  if (memory == nullptr) return 0;
  const int waited = wait_for_all();
  end_on_damage();
  if (!memory_.release(memory, pinned)) return kInvalidValue;
  return waited;
}

void DeviceDouble::end_on_damage() {
  const std::string damage = memory_.damage();
  if (damage.empty()) return;
  std::fprintf(stderr, "device double: %s\n", damage.c_str());
  std::abort();
}

int DeviceDouble::create_pool(cuda::MemoryPool* pool, int device) {
  if (!options_.pools) return kNotSupported;
  if (device < 0 || device >= options_.devices) return kInvalidDevice;
  *pool = reinterpret_cast<cuda::MemoryPool>(++pools_made_);
  pools_[*pool] = {};
  return 0;
}

int DeviceDouble::destroy_pool(cuda::MemoryPool pool) {
  const auto found = pools_.find(pool);
  if (found == pools_.end() || !found->second.empty()) return kInvalidValue;
  pools_.erase(found);
  return 0;
}

int DeviceDouble::allocate_from(cuda::MemoryPool pool, void** memory, std::size_t bytes) {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return kInvalidValue;
  const int code = allocate(memory, MemoryKind::device, bytes, /*wait=*/false);
  if (code == 0) found->second.insert(*memory);
  return code;
}

/// Releases stream-ordered memory when `stream` reaches this point; at once if the device is broken.
int DeviceDouble::release_on(void* memory, const std::shared_ptr<DoubleStream>& stream) {
  const auto owner = std::find_if(pools_.begin(), pools_.end(),
                                  [&](const auto& pool) { return pool.second.contains(memory); });
  if (owner == pools_.end()) return kInvalidValue;
  owner->second.erase(memory);
  leaving_.insert(memory);
  const auto leave = [this, memory] {
    end_on_damage();
    memory_.release(memory, /*pinned=*/false);
    leaving_.erase(memory);
    return Step::done;
  };
  if (sticky_ != 0)
    leave();
  else
    streams_.enqueue(*stream, {"free", leave});
  return sticky_;
}

std::size_t DeviceDouble::held_bytes(MemoryKind kind) const {
  std::size_t bytes = 0;
  for (int device = 0; device < options_.devices; ++device) bytes += memory_.held(kind, device);
  return bytes;
}

void* DeviceDouble::malloc_managed(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  return memory_.allocate(MemoryKind::managed, current_device(), bytes);
}

void* DeviceDouble::malloc_on(int device, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  contexts_.insert(device);
  return memory_.allocate(MemoryKind::device, device, bytes);
}

void DeviceDouble::begin_capture(cuda::Stream handle) {
  const std::lock_guard lock(mutex_);
  capture_.begin(*stream(handle));
}

bool DeviceDouble::end_capture() {
  const std::lock_guard lock(mutex_);
  return capture_.end();
}

void DeviceDouble::write(void* to, const void* from, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const OpenedMemory opened(memory_, to);
  if (bytes > 0) std::memcpy(to, from, bytes);
}

void DeviceDouble::read(void* to, const void* from, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const OpenedMemory opened(memory_, from);
  if (bytes > 0) std::memcpy(to, from, bytes);
}

}  // namespace pliant::test
