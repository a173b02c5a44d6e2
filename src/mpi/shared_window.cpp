#include "mpi/shared_window.hpp"

#include <cstdint>

#include "mpi/check.hpp"

namespace pliant {
namespace {

/// Open MPI's addresses lie anywhere; windows are mapped at pages, so all ranks round up by the same bytes.
constexpr std::size_t kPageBytes = 4096;

std::byte* at_next_page(void* address) {
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  return static_cast<std::byte*>(address) + (kPageBytes - value % kPageBytes) % kPageBytes;
}

}  // namespace

SharedWindow::SharedWindow(MPI_Comm comm, std::size_t bytes) {
  MPI_Info apart = MPI_INFO_NULL;
  check(MPI_Info_create(&apart), "MPI_Info_create");
  MPI_Info_set(apart, "alloc_shared_noncontig", "true");
  void* own = nullptr;
  const int code = MPI_Win_allocate_shared(static_cast<MPI_Aint>(bytes + kPageBytes), 1, apart, comm,
                                           static_cast<void*>(&own), &window_);
  MPI_Info_free(&apart);
  if (code != MPI_SUCCESS) return;
  int ranks = 0;
  check(MPI_Comm_size(comm, &ranks), "MPI_Comm_size");
  for (int rank = 0; rank < ranks; ++rank) {
    MPI_Aint size = 0;
    int unit = 0;
    void* part = nullptr;
    check(MPI_Win_shared_query(window_, rank, &size, &unit, static_cast<void*>(&part)),
          "MPI_Win_shared_query");
    parts_.push_back(at_next_page(part));
  }
}

SharedWindow::~SharedWindow() {
  if (window_ != MPI_WIN_NULL) MPI_Win_free(&window_);
}

}  // namespace pliant
