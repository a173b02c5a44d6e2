// Memory of the device double: whose every address is, and who may touch it now.
//
// Device memory is its own mapping each: slack | the allocation | padding | a page nobody may touch, where
//   slack and padding are filled with a known byte, and looked at after every kernel and when it is freed;
//   in guarded mode all of it is closed to reading and writing but while an operation of a stream runs.
// Pinned memory comes from malloc, so that the address sanitizer sees its ends.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "kernels/cuda/calls.hpp"

namespace pliant::test {

/// guarded: host code that touches device memory crashes. open: it may, as MPI that knows CUDA does.
enum class Access { guarded, open };

struct Allocation {
  std::byte* base = nullptr;
  std::size_t bytes = 0;
  cuda::MemoryKind kind = cuda::MemoryKind::host;
  int device = -1;
  std::byte* mapping = nullptr;  ///< where slack begins; null: from malloc
  std::size_t mapped = 0;        ///< bytes from mapping that can be opened: all but the last page
  int users = 0;                 ///< that have it open
};

class DoubleMemory {
 public:
  DoubleMemory() = default;
  DoubleMemory(const DoubleMemory&) = delete;
  DoubleMemory& operator=(const DoubleMemory&) = delete;
  ~DoubleMemory() { clear(); }

  /// Filled with 0xff: a NaN as float or double, -1 as integer. bytes > 0.
  void* allocate(cuda::MemoryKind kind, int device, std::size_t bytes);
  /// False: `memory` begins no allocation whose kind is host's (pinned) or device's (device, managed).
  bool release(void* memory, bool pinned);
  void clear();

  /// The allocation that `address` lies in, wherever; null: the host's own.
  Allocation* find(const void* address);
  /// Is [address, address + bytes) memory of the host, or inside one allocation?
  bool whole(const void* address, std::size_t bytes);

  void set_access(Access access);
  /// Memory of one allocation, or of all of one device, is open until closed as often. Null is allowed.
  void open(Allocation* allocation);
  void close(Allocation* allocation);
  void open_device(int device);
  void close_device(int device);

  /// What was written outside of allocations; empty: nothing.
  std::string damage();

  std::size_t held(cuda::MemoryKind kind, int device) const;  ///< bytes
  std::size_t count() const { return allocations_.size(); }
  /// All that is allocated, as text.
  std::string list() const;

 private:
  using Table = std::map<std::byte*, Allocation>;  ///< by base
  void dispose(const Allocation& allocation);
  void protect(const Allocation& allocation);

  Table allocations_;
  Access access_ = Access::guarded;
};

/// Opens what `address` lies in, if it is device memory, for its own lifetime.
class OpenedMemory {
 public:
  OpenedMemory(DoubleMemory& memory, const void* address)
      : memory_(memory), allocation_(memory.find(address)) {
    memory_.open(allocation_);
  }
  ~OpenedMemory() { memory_.close(allocation_); }
  OpenedMemory(const OpenedMemory&) = delete;
  OpenedMemory& operator=(const OpenedMemory&) = delete;

 private:
  DoubleMemory& memory_;
  Allocation* allocation_;
};

const char* memory_name(cuda::MemoryKind kind);

}  // namespace pliant::test
