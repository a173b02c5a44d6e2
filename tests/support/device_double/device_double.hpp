// A simulated CUDA device: the calls of kernels/cuda/calls.hpp, executed on the host.
//
// It computes: copies copy, kernels run on the SIMT executor, streams keep order. It is as unhelpful as CUDA
// allows. Memory is uninitialised, operations run when the schedule decides, and host code that dereferences
// a device pointer crashes. A program linked with pliant_device_double gets it from cuda::calls(). Tests
// configure and query it by device_double(), and fixture.hpp sets up and checks each test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "capture.hpp"
#include "failures.hpp"
#include "kernels/cuda/calls.hpp"
#include "memory.hpp"
#include "streams.hpp"

namespace pliant::test {

inline constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

struct DeviceOptions {
  int devices = 1;     ///< 0: calls that need a device return cudaErrorNoDevice
  bool driver = true;  ///< false: no driver, version 0
  Access access = Access::guarded;
  Schedule schedule = lazy();
  unsigned resident_blocks = 4;
  /// A copy to the device waits until this many more copies have come from it, or until that many have come
  /// in total. So tests can see how many blocks a pipeline has in flight. 0: the schedule decides.
  std::int64_t copies_ahead = 0, copies_in_all = 0;
  bool pools = true;                       ///< false: pool_create reports that the device has none
  std::size_t memory_bytes = kUnlimited;   ///< total of each device
  std::size_t largest_bytes = kUnlimited;  ///< largest single allocation
  std::size_t pinned_bytes = kUnlimited;   ///< total of malloc_host
};

/// Counters of executed operations. A copy's bytes count when it runs.
struct DeviceCounters {
  std::int64_t host_to_device_bytes = 0, device_to_host_bytes = 0;
  std::int64_t device_to_device_bytes = 0, host_to_host_bytes = 0;
  std::int64_t copies_to_host = 0, copies_to_device = 0;  ///< between host and device
  std::int64_t pageable_copies = 0;                       ///< between a device and memory that is not pinned
  std::int64_t hidden_waits = 0;  ///< calls that waited for a stream, although their name does not say so
  std::int64_t launches = 0;
  std::size_t peak_device_bytes = 0, peak_pinned_bytes = 0;
};

class DeviceDouble {
 public:
  DeviceDouble();

  // ---- Setting up. -------------------------------------------------------------------------------------
  /// Forgets everything, including queued operations.
  void reset(const DeviceOptions& options = {});
  DeviceOptions& options() { return options_; }  ///< sizes and counts; schedule and access are set by:
  void set_schedule(Schedule schedule);
  void set_access(Access access);
  /// See Failures::fail(). A code that is sticky in CUDA is so here.
  void fail(std::string_view call, int nth, int code, int times = 1);
  /// The `nth` copy, memset or kernel that runs from now on breaks the device: it does nothing, and every
  /// call after it returns `code`.
  void fail_operation(int nth, int code = kIllegalAddress);

  /// Called with each kernel and its arguments before it runs; until reset().
  using Observer = std::function<void(cuda::Kernel kernel, const void* arguments)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  // ---- What a user of CUDA has at hand, and Pliant does not call. ----------------------------------------
  void* malloc_managed(std::size_t bytes);
  void* malloc_on(int device, std::size_t bytes);  ///< whichever device is current
  /// Puts host data into a device's memory, or gets it out, now: no stream is waited for.
  void write(void* to, const void* from, std::size_t bytes);
  void read(void* to, const void* from, std::size_t bytes);
  /// Captures `stream` into a graph, in global mode, from now on. end_capture(): can a graph be made of it?
  void begin_capture(cuda::Stream handle);
  bool end_capture();
  template <class T>
  T* upload(const std::vector<T>& values) {
    auto* memory = static_cast<T*>(malloc_on(current_device(), values.size() * sizeof(T)));
    write(memory, values.data(), values.size() * sizeof(T));
    return memory;
  }
  template <class T>
  std::vector<T> download(const T* from, std::size_t count) {
    std::vector<T> values(count);
    read(values.data(), from, count * sizeof(T));
    return values;
  }

  // ---- What it saw. ------------------------------------------------------------------------------------
  const DeviceCounters& counters() const { return counters_; }
  std::int64_t calls(std::string_view call) const { return failures_.calls(call); }
  std::int64_t launches(cuda::Kernel kernel) const;
  std::size_t held_bytes(cuda::MemoryKind kind) const;  ///< on all devices
  /// Memory, streams, events not given back, and writes outside of memory, as text; empty: none.
  std::string leaks();
  std::string queued() const { return streams_.list(); }
  const std::set<int>& contexts() const { return contexts_; }  ///< devices that have one
  const Capture& capture() const { return capture_; }
  int sticky() const { return sticky_; }

  // ---- For the tables of calls. ------------------------------------------------------------------------
  std::recursive_mutex& mutex() { return mutex_; }
  int begin(std::string_view call);  ///< counts it; what it is to fail with, or 0
  int current_device();
  int set_current_device(int device);
  int retain_context(cuda::DeviceContext* context, int device);
  int release_context(int device);
  int enter(cuda::DeviceContext context, int* before);
  int leave(int before);
  Capture& capture() { return capture_; }
  const Observer& observer() const { return observer_; }
  void break_device(int code);
  /// Null: no such stream. 0 and 1 are the current device's default stream, 2 that of the calling thread.
  std::shared_ptr<DoubleStream> stream(cuda::Stream handle);
  std::shared_ptr<DoubleEvent> event(cuda::Event handle);
  DoubleStreams& streams() { return streams_; }
  DoubleMemory& memory() { return memory_; }
  DeviceCounters& count() { return counters_; }
  /// Queues what touches memory of a device; `work` runs unless the operation is one that is to fail.
  /// `ready`: not before it says so.
  void enqueue(const std::shared_ptr<DoubleStream>& stream, std::string name, std::function<void()> work,
               std::function<bool()> ready = nullptr);
  int allocate(void** memory, cuda::MemoryKind kind, std::size_t bytes, bool wait = true);
  int release(void* memory, bool pinned);
  int create_pool(cuda::MemoryPool* pool, int device);
  int destroy_pool(cuda::MemoryPool pool);
  int allocate_from(cuda::MemoryPool pool, void** memory, std::size_t bytes);
  int release_on(void* memory, const std::shared_ptr<DoubleStream>& stream);
  cuda::Stream create_stream();
  void destroy_stream(cuda::Stream handle);
  cuda::Event create_event();
  void destroy_event(cuda::Event handle);
  /// Blocks until the stream is empty or the device broken; what the device says then.
  int wait_for(const std::shared_ptr<DoubleStream>& stream);
  int launch(cuda::Kernel kernel, unsigned blocks, const void* arguments, cuda::Stream stream);
  int argument_fault(const std::vector<std::byte>& arguments, int device);

 private:
  int wait_for_all();
  void end_on_damage();

  std::recursive_mutex mutex_;
  DeviceOptions options_;
  DeviceCounters counters_;
  Failures failures_;
  DoubleMemory memory_;
  DoubleStreams streams_;
  std::map<cuda::Stream, std::shared_ptr<DoubleStream>> handles_;
  std::vector<std::shared_ptr<DoubleStream>> default_streams_;  ///< by device
  std::map<cuda::Event, std::shared_ptr<DoubleEvent>> events_;
  std::map<std::thread::id, std::vector<std::shared_ptr<DoubleStream>>>
      of_threads_;                                       ///< cudaStreamPerThread, by device
  std::map<std::thread::id, std::vector<int>> current_;  ///< the device chosen, those entered
  std::set<int> contexts_;
  std::uintptr_t pools_made_ = 0;
  std::map<int, int> retained_;                        ///< contexts by device
  std::map<cuda::MemoryPool, std::set<void*>> pools_;  ///< and what is out of them
  std::set<void*> leaving_;                            ///< given back on streams that have not come there yet
  Capture capture_;
  Observer observer_;
  std::map<cuda::Kernel, std::int64_t> launches_;
  int sticky_ = 0;
  std::int64_t operations_ = 0;                     ///< that have run
  std::map<std::int64_t, int> failing_operations_;  ///< number -> code
};

/// The only one of this process.
DeviceDouble& device_double();

}  // namespace pliant::test
