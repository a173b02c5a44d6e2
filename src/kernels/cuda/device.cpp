#include "kernels/cuda/device.hpp"

#include <new>
#include <utility>

namespace pliant::cuda {
namespace {

constexpr std::align_val_t kHostAlignment{64};

}  // namespace

Device::Device(const Calls& calls, int number) : calls_(calls), number_(number) {
  const OnDevice here(*this);
  for (Stream* stream : {&work_, &to_host_, &to_device_})
    if (ok()) did(calls_.stream_create(stream), "cudaStreamCreate");
  if (ok()) did(calls_.event_create(&ordered_), "cudaEventCreate");
}

Device::~Device() {
  // What a broken device returns here tells nothing new.
  for (Stream stream : {work_, to_host_, to_device_})
    if (stream != nullptr) calls_.stream_destroy(stream);
  if (ordered_ != nullptr) calls_.event_destroy(ordered_);
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

void Device::begin_after(Stream user) {
  if (!ok() || !did(calls_.event_record(ordered_, user), "cudaEventRecord")) return;
  for (Stream stream : {work_, to_host_, to_device_})
    did(calls_.stream_wait_event(stream, ordered_), "cudaStreamWaitEvent");
}

void Device::order(Stream first, Stream then) {
  if (ok() && did(calls_.event_record(ordered_, first), "cudaEventRecord"))
    did(calls_.stream_wait_event(then, ordered_), "cudaStreamWaitEvent");
}

bool Device::wait(Stream stream) {
  return ok() && did(calls_.stream_synchronize(stream), "cudaStreamSynchronize");
}

void Device::copy(void* to, const void* from, std::int64_t bytes, Stream stream) {
  if (ok() && bytes > 0)
    did(calls_.memcpy_async(to, from, static_cast<std::size_t>(bytes), stream), "cudaMemcpyAsync");
}

void Device::clear(void* memory, std::int64_t bytes, Stream stream) {
  if (ok() && bytes > 0)
    did(calls_.memset_async(memory, 0, static_cast<std::size_t>(bytes), stream), "cudaMemsetAsync");
}

void* Device::allocate(std::int64_t bytes) {
  if (!ok()) return nullptr;
  const OnDevice here(*this);
  void* memory = nullptr;
  const int code = calls_.malloc(&memory, static_cast<std::size_t>(bytes));
  if (code == calls_.out_of_memory) return nullptr;
  return did(code, "cudaMalloc") ? memory : nullptr;
}

void Device::release(void* memory) {
  if (memory == nullptr) return;
  const OnDevice here(*this);
  did(calls_.free(memory), "cudaFree");
}

OnDevice::OnDevice(Device& device) : device_(device), before_(device.number()) {
  if (!device.ok() || !device.did(device.calls().get_device(&before_), "cudaGetDevice")) return;
  if (before_ != device.number()) device.did(device.calls().set_device(device.number()), "cudaSetDevice");
}

OnDevice::~OnDevice() {
  if (before_ != device_.number()) device_.did(device_.calls().set_device(before_), "cudaSetDevice");
}

Moment::Moment(Device& device) : device_(device) {
  const OnDevice here(device);
  if (device.ok()) device.did(device.calls().event_create(&event_), "cudaEventCreate");
}

Moment::~Moment() {
  if (event_ != nullptr) device_.calls().event_destroy(event_);
}

void Moment::mark(Stream stream) {
  marked_ = device_.ok() && device_.did(device_.calls().event_record(event_, stream), "cudaEventRecord");
}

bool Moment::past() {
  if (!marked_ || !device_.ok()) return true;
  const int code = device_.calls().event_query(event_);
  if (code == device_.calls().not_ready) return false;
  device_.did(code, "cudaEventQuery");
  marked_ = false;
  return true;
}

DeviceRoom::DeviceRoom(DeviceRoom&& other) noexcept
    : device_(other.device_),
      memory_(std::exchange(other.memory_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

DeviceRoom& DeviceRoom::operator=(DeviceRoom&& other) noexcept {
  std::swap(device_, other.device_);
  std::swap(memory_, other.memory_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DeviceRoom::~DeviceRoom() {
  release();
}

void DeviceRoom::release() {
  device_->release(std::exchange(memory_, nullptr));
  bytes_ = 0;
}

void* DeviceRoom::of(std::int64_t bytes) {
  if (bytes <= bytes_) return memory_;
  release();
  memory_ = device_->allocate(bytes);
  if (memory_ != nullptr) bytes_ = bytes;
  return memory_;
}

HostRoom::~HostRoom() {
  release();
}

void HostRoom::release() {
  if (memory_ == nullptr) return;
  if (pinned_) {
    device_->did(device_->calls().free_host(memory_), "cudaFreeHost");
  } else {
    ::operator delete(memory_, kHostAlignment);
  }
  memory_ = nullptr;
  bytes_ = 0;
}

void* HostRoom::of(std::int64_t bytes) {
  if (bytes <= bytes_) return memory_;
  release();
  pinned_ = device_->ok() && device_->calls().malloc_host(&memory_, static_cast<std::size_t>(bytes)) == 0;
  if (!pinned_) memory_ = ::operator new(static_cast<std::size_t>(bytes), kHostAlignment);
  bytes_ = bytes;
  return memory_;
}

}  // namespace pliant::cuda
