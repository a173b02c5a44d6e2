// One device as one communicator uses it: streams, memory that only grows, and the first thing that went
// wrong.
//
// After a failure nothing more is asked of the device, and everything here returns at once: the operation
// goes on with the other ranks to its end, where they tell one another. Who reads results asks ok() first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "kernels/cuda/calls.hpp"

namespace pliant::cuda {

class Device {
 public:
  /// Throws nothing: ask ok().
  Device(const Calls& calls, int number);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  const Calls& calls() const { return calls_; }
  int number() const { return number_; }
  bool ok() const { return code_ == 0; }
  /// What went wrong first, as a message says it; empty where nothing did.
  std::string failure() const;
  /// Notes the failure if `code` is one. `call`: CUDA's name of what returned it; lives for good.
  bool did(int code, const char* call);
  /// The same for what another library found.
  void fail(std::string text);

  Stream work() const { return work_; }        ///< kernels, and copies they wait for
  Stream to_host() const { return to_host_; }  ///< copies that run beside one another
  Stream to_device() const { return to_device_; }

  /// What the program has put on `user` so far comes before what is put on any of the three.
  void begin_after(Stream user);
  /// What was put on `first` so far comes before what is put on `then`.
  void order(Stream first, Stream then);
  /// Blocks until a stream has done all. Returns ok().
  bool wait(Stream stream);
  void copy(void* to, const void* from, std::int64_t bytes, Stream stream);
  void clear(void* memory, std::int64_t bytes, Stream stream);
  /// Null where the device has no more, which is no failure.
  void* allocate(std::int64_t bytes);
  void release(void* memory);

 private:
  const Calls& calls_;
  int number_;
  int code_ = 0;
  std::string text_;
  Stream work_ = nullptr;
  Stream to_host_ = nullptr;
  Stream to_device_ = nullptr;
  Event ordered_ = nullptr;
};

/// The thread's current device is this one meanwhile.
class OnDevice {
 public:
  explicit OnDevice(Device& device);
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  ~OnDevice();

 private:
  Device& device_;
  int before_;
};

/// A moment on a stream.
class Moment {
 public:
  explicit Moment(Device& device);
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;
  ~Moment();

  /// When `stream` has done what was put on it so far.
  void mark(Stream stream);
  /// Is it past? True, too, when the device has failed.
  bool past();
  Event event() const { return event_; }

 private:
  Device& device_;
  Event event_ = nullptr;
  bool marked_ = false;
};

/// Memory of a device. Growing forgets what it held.
class DeviceRoom {
 public:
  explicit DeviceRoom(Device& device) : device_(&device) {}
  DeviceRoom(DeviceRoom&& other) noexcept;
  DeviceRoom& operator=(DeviceRoom&& other) noexcept;
  ~DeviceRoom();

  /// Null where the device has no more.
  void* of(std::int64_t bytes);
  void* get() const { return memory_; }
  std::int64_t bytes() const { return bytes_; }
  void release();

 private:
  Device* device_;
  void* memory_ = nullptr;
  std::int64_t bytes_ = 0;
};

/// Memory of the host that copies run from and to beside other work. Where the system pins no more, it is
/// ordinary memory, and pinned() false. Growing forgets what it held.
class HostRoom {
 public:
  explicit HostRoom(Device& device) : device_(&device) {}
  HostRoom(const HostRoom&) = delete;
  HostRoom& operator=(const HostRoom&) = delete;
  ~HostRoom();

  /// Throws std::bad_alloc.
  void* of(std::int64_t bytes);
  bool pinned() const { return pinned_; }

 private:
  void release();

  Device* device_;
  void* memory_ = nullptr;
  std::int64_t bytes_ = 0;
  bool pinned_ = true;
};

}  // namespace pliant::cuda
