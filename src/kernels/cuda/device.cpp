#include "kernels/cuda/device.hpp"

#include <new>
#include <utility>

namespace pliant::cuda {
namespace {

constexpr std::align_val_t kHostAlignment{64};

}  // namespace

void* BlockList::take(std::int64_t bytes) {
  Block* best = nullptr;
  for (Block& block : blocks_)
    if (block.is_free && block.bytes >= bytes && block.bytes <= 2 * bytes &&
        (best == nullptr || block.bytes < best->bytes))
      best = &block;
  if (best == nullptr) return nullptr;
  best->is_free = false;
  return best->memory;
}

void BlockList::give_back(void* memory) {
  for (Block& block : blocks_)
    if (block.memory == memory) block.is_free = true;
}

Device::Device(const Calls& calls, int number, WaitingWork& waiting_work)
    : calls_(calls), number_(number), waiting_work_(waiting_work) {
  if (!did(calls_.retain_context(&context_, number), "cuDevicePrimaryCtxRetain")) return;
  const OnDevice here(*this);
  for (Stream* stream : {&work_, &to_host_, &to_device_, &among_ranks_, &memory_})
    if (ok()) did(calls_.stream_create(stream), "cudaStreamCreate");
  if (ok()) did(calls_.event_create(&ordered_), "cudaEventCreate");
  make_pool();
}

void Device::make_pool() {
  if (!ok()) return;
  const int code = calls_.pool_create(&pool_, number_);
  if (code != calls_.not_supported) did(code, "cudaMemPoolCreate");
}

Device::~Device() {
  if (context_ == nullptr) return;
  {
    // Ignore codes here: the errors of a broken device give no new information.
    const OnDevice here(*this);
    for (Stream stream : {work_, to_host_, to_device_, memory_})
      if (stream != nullptr) calls_.stream_synchronize(stream);  // so memory released on it is free by now
    for (const BlockList::Block& block : pinned_.all()) calls_.free_host(block.memory);
    for (const BlockList::Block& block : without_pool_.all()) calls_.free(block.memory);
    if (pool_ != nullptr) calls_.pool_destroy(pool_);
    for (Stream stream : {work_, to_host_, to_device_, among_ranks_, memory_})
      if (stream != nullptr) calls_.stream_destroy(stream);
    if (ordered_ != nullptr) calls_.event_destroy(ordered_);
  }
  calls_.release_context(number_);
}

std::string Device::failure() const {
  return text_;
}

bool Device::did(int code, const char* call) {
  if (code == 0) return true;
  if (ok()) {
    code_ = code;
    text_ =
        std::string(call) + " on device " + std::to_string(number_) + ": " + calls_.get_error_string(code);
  }
  return false;
}

void Device::fail(std::string text) {
  if (!ok()) return;
  code_ = -1;
  text_ = std::move(text);
}

std::string Device::begin_after(Stream user) {
  if (!ok()) return "";
  const OnDevice here(*this);
  bool capturing = false;
  int code = calls_.stream_is_capturing(user, &capturing);
  if (capturing) return "is captured into a graph";
  if (code == 0) code = calls_.event_record(ordered_, user);
  if (calls_.is_wrong_stream(code)) return "is no stream of device " + std::to_string(number_);
  if (!did(code, "cudaEventRecord")) return "";
  for (Stream stream : {work_, to_host_, to_device_})
    did(calls_.stream_wait_event(stream, ordered_), "cudaStreamWaitEvent");
  return "";
}

void Device::order(Stream first, Stream then) {
  const OnDevice here(*this);
  if (ok() && did(calls_.event_record(ordered_, first), "cudaEventRecord"))
    did(calls_.stream_wait_event(then, ordered_), "cudaStreamWaitEvent");
}

bool Device::wait(Stream stream) {
  const OnDevice here(*this);
  return ok() && did(calls_.stream_synchronize(stream), "cudaStreamSynchronize");
}

void Device::copy(void* to, const void* from, std::int64_t bytes, Stream stream) {
  const OnDevice here(*this);
  if (ok() && bytes > 0)
    did(calls_.memcpy_async(to, from, static_cast<std::size_t>(bytes), stream), "cudaMemcpyAsync");
}

void Device::clear(void* memory, std::int64_t bytes, Stream stream) {
  const OnDevice here(*this);
  if (ok() && bytes > 0)
    did(calls_.memset_async(memory, 0, static_cast<std::size_t>(bytes), stream), "cudaMemsetAsync");
}

void* Device::allocate(std::int64_t bytes) {
  if (!ok()) return nullptr;
  if (pool_ == nullptr) {
    if (void* const kept = without_pool_.take(bytes)) return kept;
    if (waiting_work_ > 0) return nullptr;
  }
  const OnDevice here(*this);
  void* memory = nullptr;
  const auto size = static_cast<std::size_t>(bytes);
  const int code = pool_ != nullptr ? calls_.malloc_from_pool(&memory, size, pool_, memory_)
                                    : calls_.malloc(&memory, size);
  if (code == calls_.out_of_memory) return nullptr;
  if (!did(code, pool_ != nullptr ? "cudaMallocFromPoolAsync" : "cudaMalloc")) return nullptr;
  if (pool_ == nullptr) without_pool_.add(memory, bytes);
  if (pool_ != nullptr) wait(memory_);  // then any stream may use it
  return memory;
}

void Device::release(void* memory) {
  if (memory == nullptr) return;
  const OnDevice here(*this);
  order(to_host_, work_);
  order(to_device_, work_);
  if (pool_ == nullptr) return without_pool_.give_back(memory);
  did(calls_.free_async(memory, work_), "cudaFreeAsync");
}

void* Device::pin(std::int64_t bytes) {
  if (void* const kept = pinned_.take(bytes)) return kept;
  if (!may_pin()) return nullptr;
  const OnDevice here(*this);
  void* memory = nullptr;
  if (calls_.malloc_host(&memory, static_cast<std::size_t>(bytes)) != 0) return nullptr;
  pinned_.add(memory, bytes);
  return memory;
}

OnDevice::OnDevice(Device& device) : device_(device) {
  if (device.context() == nullptr) return;
  const int code = device.calls().enter(device.context(), &before_);
  entered_ = code == 0;
  device.did(code, "cuCtxPushCurrent");
}

OnDevice::~OnDevice() {
  if (entered_) device_.did(device_.calls().leave(before_), "cuCtxPopCurrent");
}

DeviceEvent::DeviceEvent(Device& device) : device_(device) {
  const OnDevice here(device);
  if (device.ok()) device.did(device.calls().event_create(&event_), "cudaEventCreate");
}

DeviceEvent::~DeviceEvent() {
  const OnDevice here(device_);
  if (event_ != nullptr) device_.calls().event_destroy(event_);
}

void DeviceEvent::mark(Stream stream) {
  const OnDevice here(device_);
  marked_ = device_.ok() && device_.did(device_.calls().event_record(event_, stream), "cudaEventRecord");
}

bool DeviceEvent::past() {
  if (!marked_ || !device_.ok()) return true;
  const OnDevice here(device_);
  const int code = device_.calls().event_query(event_);
  if (code == device_.calls().not_ready) return false;
  device_.did(code, "cudaEventQuery");
  marked_ = false;
  return true;
}

DeviceScratch::DeviceScratch(DeviceScratch&& other) noexcept
    : device_(other.device_),
      memory_(std::exchange(other.memory_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

DeviceScratch& DeviceScratch::operator=(DeviceScratch&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(memory_, other.memory_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DeviceScratch::~DeviceScratch() {
  release();
}

void DeviceScratch::release() {
  device_->release(std::exchange(memory_, nullptr));
  bytes_ = 0;
}

void* DeviceScratch::of(std::int64_t bytes) {
  if (bytes <= bytes_) return memory_;
  release();
  memory_ = device_->allocate(bytes);
  if (memory_ != nullptr) bytes_ = bytes;
  return memory_;
}

HostScratch::~HostScratch() {
  release();
}

void HostScratch::release() {
  if (memory_ == nullptr) return;
  if (pinned_) {
    device_->unpin(memory_);
  } else {
    ::operator delete(memory_, kHostAlignment);
  }
  memory_ = nullptr;
  bytes_ = 0;
}

void* HostScratch::of(std::int64_t bytes) {
  if (bytes <= bytes_) return memory_;
  release();
  memory_ = device_->pin(bytes);
  pinned_ = memory_ != nullptr;
  if (!pinned_) memory_ = ::operator new(static_cast<std::size_t>(bytes), kHostAlignment);
  bytes_ = bytes;
  return memory_;
}

void HostScratch::pin_again() {
  if (!pinned_ && device_->may_pin()) release();
}

}  // namespace pliant::cuda
