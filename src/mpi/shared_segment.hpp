// Memory shared by the ranks of one host. It is a POSIX shared memory object, which each rank can release
// locally. An MPI window would have to be freed by all its ranks together.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mpi/communicator.hpp"
#include "mpi/host_layout.hpp"

namespace pliant {

class SharedSegment {
 public:
  /// Collective over `comm`. Each host of `layout` gets its own segment of zeros. Every rank reserves the
  /// pages of its own part here. If the system refuses one rank, no rank gets a segment.
  /// @param bytes  of each rank; rounded up to whole pages
  SharedSegment(const Communicator& comm, const HostLayout& layout, std::size_t bytes);
  SharedSegment(const SharedSegment&) = delete;
  SharedSegment& operator=(const SharedSegment&) = delete;
  /// Local.
  ~SharedSegment();

  bool refused() const { return parts_.empty(); }
  /// [ranks of the host, in the layout's order] Address of each rank's part in this process.
  std::span<std::byte* const> parts() const { return parts_; }

 private:
  void* address_ = nullptr;
  std::size_t bytes_ = 0;  ///< bytes of all parts
  std::vector<std::byte*> parts_;
};

}  // namespace pliant
