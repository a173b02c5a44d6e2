// Memory that the ranks of one host share: a POSIX shared memory object, so that giving it up is local. An
// MPI window would have to be freed by all its ranks together.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mpi/communicator.hpp"
#include "mpi/host_layout.hpp"

namespace pliant {

class SharedSegment {
 public:
  /// Collective over `comm`: each host of `layout` gets a segment of its own, of zeros. Every page is
  /// reserved here, by the rank whose part it is. Where the system refuses one rank, no rank gets any.
  /// @param bytes  of each rank; rounded up to whole pages
  SharedSegment(const Communicator& comm, const HostLayout& layout, std::size_t bytes);
  SharedSegment(const SharedSegment&) = delete;
  SharedSegment& operator=(const SharedSegment&) = delete;
  /// Local.
  ~SharedSegment();

  bool refused() const { return parts_.empty(); }
  /// [ranks of the host, in the layout's order] where each rank's part lies in this rank's memory.
  std::span<std::byte* const> parts() const { return parts_; }

 private:
  void* address_ = nullptr;
  std::size_t bytes_ = 0;  ///< of all parts
  std::vector<std::byte*> parts_;
};

}  // namespace pliant
