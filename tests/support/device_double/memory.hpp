// Memory of the device double: the owner of every address, and who may access it now.
//
// Each device allocation is a mapping of its own: slack | the allocation | padding | an inaccessible page.
// Slack and padding hold a known byte, which is checked after every kernel and on release.
// In guarded mode the host can access none of it, except while an operation of a stream runs.
// Pinned memory comes from malloc, so that the address sanitizer checks its bounds.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "kernels/cuda/calls.hpp"

namespace pliant::test {

/// guarded: host code that accesses device memory crashes. open: it may, like a CUDA-aware MPI.
enum class Access { guarded, open };

struct Allocation {
  std::byte* base = nullptr;
  std::size_t bytes = 0;
  cuda::MemoryKind kind = cuda::MemoryKind::host;
  int device = -1;
  std::byte* mapping = nullptr;  ///< begin of the slack; null: memory from malloc
  std::size_t mapped = 0;        ///< bytes that can be opened: all but the last page
  int users = 0;                 ///< number of users that have it open
};

class DoubleMemory {
 public:
  DoubleMemory() = default;
  DoubleMemory(const DoubleMemory&) = delete;
  DoubleMemory& operator=(const DoubleMemory&) = delete;
  ~DoubleMemory() { clear(); }

  /// Allocates memory filled with 0xff: NaN as float or double, -1 as integer. bytes > 0.
  void* allocate(cuda::MemoryKind kind, int device, std::size_t bytes);
  /// Returns false unless `memory` begins an allocation of the host's kind (pinned) or the device's (device,
  /// managed).
  bool release(void* memory, bool pinned);
  void clear();

  /// The allocation that contains `address`; null for ordinary host memory.
  Allocation* find(const void* address);
  /// Whether [address, address + bytes) is host memory, or within one allocation.
  bool whole(const void* address, std::size_t bytes);

  void set_access(Access access);
  /// Opens one allocation, or all of a device, until closed as often. Null is allowed.
  void open(Allocation* allocation);
  void close(Allocation* allocation);
  void open_device(int device);
  void close_device(int device);

  /// Describes writes outside of allocations; empty if there were none.
  std::string damage();

  std::size_t held(cuda::MemoryKind kind, int device) const;  ///< bytes
  std::size_t count() const { return allocations_.size(); }
  /// Lists all allocations as text.
  std::string list() const;

 private:
  using Table = std::map<std::byte*, Allocation>;  ///< by base address
  void dispose(const Allocation& allocation);
  void protect(const Allocation& allocation);

  Table allocations_;
  Access access_ = Access::guarded;
};

/// Opens the device memory that contains `address`, if any, for its own lifetime.
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
