// MPI hints (info keys) that the program set on a communicator.
#pragma once

#include <mpi.h>

#include <array>
#include <string_view>

#include "mpi/check.hpp"

namespace pliant {

/// The hints of one of the program's communicators, as far as MPI keeps them.
class HintsOf {
 public:
  explicit HintsOf(MPI_Comm comm) {
    check_users("MPI_Comm_get_info", [&] { return MPI_Comm_get_info(comm, &info_); });
  }
  HintsOf(const HintsOf&) = delete;
  HintsOf& operator=(const HintsOf&) = delete;
  ~HintsOf() { MPI_Info_free(&info_); }

  MPI_Info info() const { return info_; }
  /// Does one of them begin with `pliant_`?
  bool has_ours() const {
    int keys = 0;
    MPI_Info_get_nkeys(info_, &keys);
    for (int i = 0; i < keys; ++i) {
      std::array<char, MPI_MAX_INFO_KEY + 1> key{};
      MPI_Info_get_nthkey(info_, i, key.data());
      if (std::string_view(key.data()).starts_with("pliant_")) return true;
    }
    return false;
  }

 private:
  MPI_Info info_ = MPI_INFO_NULL;
};

}  // namespace pliant
