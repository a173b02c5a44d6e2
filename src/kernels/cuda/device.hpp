// One device as one communicator uses it: streams, memory that only grows, and the first thing that went
// wrong.
//
// After a failure nothing more is asked of the device, and everything here returns at once: the operation
// goes on with the other ranks to its end, where they tell one another. Who reads results asks ok() first.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cuda/calls.hpp"

namespace pliant::cuda {

/// How many operations of this process are under way on devices that may wait for another rank: NCCL's, of
/// all communicators. While there are any, no call of CUDA is made that may wait for them.
using WaitingWork = std::atomic<int>;

/// Blocks of memory, each in use or free. CUDA gets none back before the end.
class BlockList {
 public:
  /// The shortest free one of at least so many bytes and not more than twice as many; null: there is none.
  void* take(std::int64_t bytes);
  /// A new one, in use.
  void add(void* memory, std::int64_t bytes) { blocks_.push_back({memory, bytes, false}); }
  void give_back(void* memory);

  struct Block {
    void* memory;
    std::int64_t bytes;
    bool is_free;
  };
  const std::vector<Block>& all() const { return blocks_; }

 private:
  std::vector<Block> blocks_;
};

class Device {
 public:
  /// Throws nothing: ask ok(). `waiting_work`: the process's, and outlives it.
  Device(const Calls& calls, int number, WaitingWork& waiting_work);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  const Calls& calls() const { return calls_; }
  int number() const { return number_; }
  DeviceContext context() const { return context_; }
  WaitingWork& waiting_work() { return waiting_work_; }
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
  /// What may wait for other ranks: nobody waits for it on the host, and nothing is put behind it.
  Stream among_ranks() const { return among_ranks_; }

  /// What the program has put on `user` so far comes before what is put on any of the three. Returns why that
  /// cannot be, and has done nothing then: "is captured into a graph"; empty otherwise. To be called in the
  /// program's thread, which cudaStreamPerThread goes by.
  std::string begin_after(Stream user);
  /// What was put on `first` so far comes before what is put on `then`.
  void order(Stream first, Stream then);
  /// Blocks until a stream has done all. Returns ok().
  bool wait(Stream stream);
  void copy(void* to, const void* from, std::int64_t bytes, Stream stream);
  void clear(void* memory, std::int64_t bytes, Stream stream);
  /// The device's own memory. Null where it has no more, which is no failure. Waits for nothing that runs.
  void* allocate(std::int64_t bytes);
  /// What is on the three streams so far may still use it.
  void release(void* memory);
  /// Pinned memory of the host. Null where no more can be pinned, or not as long as there is waiting work.
  void* pin(std::int64_t bytes);
  void unpin(void* memory) { pinned_.give_back(memory); }
  bool may_pin() const { return ok() && waiting_work_ == 0; }

 private:
  void make_pool();

  const Calls& calls_;
  int number_;
  WaitingWork& waiting_work_;
  int code_ = 0;
  std::string text_;
  Stream work_ = nullptr;
  Stream to_host_ = nullptr;
  Stream to_device_ = nullptr;
  Stream among_ranks_ = nullptr;
  Stream memory_ = nullptr;  ///< allocations alone
  Event ordered_ = nullptr;
  DeviceContext context_ = nullptr;
  MemoryPool pool_ = nullptr;  ///< null: the device knows none
  BlockList without_pool_;     ///< its memory, where there is no pool
  BlockList pinned_;
};

/// The thread's current device is this one meanwhile; then what it was, without a context that was not there.
/// Members of Device see to it themselves; kernels and NCCL's calls need it.
class OnDevice {
 public:
  explicit OnDevice(Device& device);
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  ~OnDevice();

 private:
  Device& device_;
  bool entered_ = false;
  int before_ = 0;
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

/// Memory of the host that copies run from and to beside other work. Where no more can be pinned, it is
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
  /// Ordinary memory goes if there may be pinned memory by now. Between operations: it forgets what it held.
  void pin_again();

 private:
  void release();

  Device* device_;
  void* memory_ = nullptr;
  std::int64_t bytes_ = 0;
  bool pinned_ = true;
};

}  // namespace pliant::cuda
