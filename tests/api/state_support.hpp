// Shared by the tests of state files.
#pragma once

#include <cstdio>
#include <string>

#include "tests/api/api_support.hpp"

namespace pliant_test {

/// A file for this run; rank 0 removes it at the end.
class StateFile {
 public:
  explicit StateFile(const std::string& name) : path_(testing::TempDir() + "pliant_" + name + ".h5") {
    int ranks = ranks_of(MPI_COMM_WORLD);
    path_.insert(path_.size() - 3, "_" + std::to_string(ranks));
  }
  ~StateFile() {
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank_of(MPI_COMM_WORLD) == 0) std::remove(path_.c_str());
  }
  const char* path() const { return path_.c_str(); }

 private:
  std::string path_;
};

}  // namespace pliant_test
