// One device as used by one communicator: streams, memory that only grows, and the first failure.
//
// After a failure the device gets no more work, and every function returns at once. The operation continues
// with the other ranks to its end, where they exchange their failures. So check ok() before reading results.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cuda/calls.hpp"

namespace pliant::cuda {

/// Number of pending device operations of this process that may wait for another rank, of all communicators.
/// These are NCCL's. While there are any, no CUDA call is made that could wait for them.
using WaitingWork = std::atomic<int>;

/// Blocks of memory, each in use or free. None is returned to CUDA before the end.
class BlockList {
 public:
  /// Returns the shortest free block of at least `bytes` and at most twice as many; null if there is none.
  void* take(std::int64_t bytes);
  /// Adds a new block, in use.
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
  /// Does not throw; check ok(). `waiting_work` belongs to the process, and must outlive this.
  Device(const Calls& calls, int number, WaitingWork& waiting_work);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  const Calls& calls() const { return calls_; }
  int number() const { return number_; }
  DeviceContext context() const { return context_; }
  WaitingWork& waiting_work() { return waiting_work_; }
  bool ok() const { return code_ == 0; }
  /// The first failure, as message text; empty if there was none.
  std::string failure() const;
  /// Records a failure if `code` is one. `call`: CUDA's name of the failed call, with static lifetime.
  bool did(int code, const char* call);
  /// Records a failure that another library found.
  void fail(std::string text);

  Stream work() const { return work_; }        ///< kernels, and copies that they wait for
  Stream to_host() const { return to_host_; }  ///< copies that run concurrently
  Stream to_device() const { return to_device_; }
  /// Work that may wait for other ranks. The host never waits for this stream, and no other work follows on
  /// it.
  Stream among_ranks() const { return among_ranks_; }

  /// Orders the program's work on `user` before later work on the other three streams. Returns why this is
  /// impossible, for example "is captured into a graph", and does nothing then; empty otherwise. Call it in
  /// the program's thread, since cudaStreamPerThread depends on the thread.
  std::string begin_after(Stream user);
  /// Orders all present work on `first` before later work on `then`.
  void order(Stream first, Stream then);
  /// Blocks until all work on the stream has finished. Returns ok().
  bool wait(Stream stream);
  void copy(void* to, const void* from, std::int64_t bytes, Stream stream);
  void clear(void* memory, std::int64_t bytes, Stream stream);
  /// Allocates device memory. Returns null if there is none left, which is no failure. Waits for no running
  /// work.
  void* allocate(std::int64_t bytes);
  /// Frees memory that present work on the three streams may still use.
  void release(void* memory);
  /// Allocates pinned host memory. Returns null if no more can be pinned, and while there is waiting work.
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
  Stream memory_ = nullptr;  ///< used only for allocations
  Event ordered_ = nullptr;
  DeviceContext context_ = nullptr;
  MemoryPool pool_ = nullptr;  ///< null: the device has no pools
  BlockList without_pool_;     ///< device memory, if there is no pool
  BlockList pinned_;
};

/// Makes the device current for this thread during its lifetime, then restores the previous state without
/// creating a context. Members of Device do this themselves; kernels and NCCL calls need it.
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

/// A point in the work of a stream.
class DeviceEvent {
 public:
  explicit DeviceEvent(Device& device);
  DeviceEvent(const DeviceEvent&) = delete;
  DeviceEvent& operator=(const DeviceEvent&) = delete;
  ~DeviceEvent();

  /// Marks the point behind all present work on `stream`.
  void mark(Stream stream);
  /// Whether the point is past; also true if the device has failed.
  bool past();
  Event event() const { return event_; }

 private:
  Device& device_;
  Event event_ = nullptr;
  bool marked_ = false;
};

/// Device memory. Growing discards the contents.
class DeviceScratch {
 public:
  explicit DeviceScratch(Device& device) : device_(&device) {}
  DeviceScratch(DeviceScratch&& other) noexcept;
  DeviceScratch& operator=(DeviceScratch&& other) noexcept;
  ~DeviceScratch();

  /// Returns null if the device has no more memory.
  void* of(std::int64_t bytes);
  void* get() const { return memory_; }
  std::int64_t bytes() const { return bytes_; }
  void release();

 private:
  Device* device_;
  void* memory_ = nullptr;
  std::int64_t bytes_ = 0;
};

/// Host memory for copies that run concurrently with other work. If no more can be pinned, it is ordinary
/// memory, and pinned() is false. Growing discards the contents.
class HostScratch {
 public:
  explicit HostScratch(Device& device) : device_(&device) {}
  HostScratch(const HostScratch&) = delete;
  HostScratch& operator=(const HostScratch&) = delete;
  ~HostScratch();

  /// Throws std::bad_alloc.
  void* of(std::int64_t bytes);
  bool pinned() const { return pinned_; }
  /// Frees ordinary memory if pinned memory may be available by now. Call between operations: the contents
  /// are discarded.
  void pin_again();

 private:
  void release();

  Device* device_;
  void* memory_ = nullptr;
  std::int64_t bytes_ = 0;
  bool pinned_ = true;
};

}  // namespace pliant::cuda
