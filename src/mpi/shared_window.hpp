// Memory that the ranks of one host share.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <span>
#include <vector>

namespace pliant {

/// An MPI-3 shared window.
class SharedWindow {
 public:
  /// Collective over `comm`, whose ranks must be able to share memory: `bytes` for each rank, at a page of
  /// its own. No parts where the system refuses, which may be so on some ranks only.
  SharedWindow(MPI_Comm comm, std::size_t bytes);
  SharedWindow(const SharedWindow&) = delete;
  SharedWindow& operator=(const SharedWindow&) = delete;
  /// Collective.
  ~SharedWindow();

  /// [ranks], of this rank's addresses.
  std::span<std::byte* const> parts() const { return parts_; }
  /// It is never freed: for a window that not all ranks have got, so that nobody could free it with this one.
  void abandon() { window_ = MPI_WIN_NULL; }

 private:
  MPI_Win window_ = MPI_WIN_NULL;
  std::vector<std::byte*> parts_;
};

}  // namespace pliant
