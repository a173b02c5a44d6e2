// Shared by the tests of the public interface.
#pragma once

#include <gtest/gtest.h>
#include <mpi.h>
#include <pliant/pliant.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace pliant_test {

inline int rank_of(MPI_Comm comm) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank;
}

inline int ranks_of(MPI_Comm comm) {
  int ranks = 0;
  MPI_Comm_size(comm, &ranks);
  return ranks;
}

/// A communicator for one test. It returns errors and starts without settings.
class FreshComm {
 public:
  FreshComm() {
    MPI_Comm_dup(MPI_COMM_WORLD, &comm_);
    MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
  }
  FreshComm(const FreshComm&) = delete;
  FreshComm& operator=(const FreshComm&) = delete;
  ~FreshComm() { MPI_Comm_free(&comm_); }
  operator MPI_Comm() const { return comm_; }
  int rank() const { return rank_of(comm_); }
  int ranks() const { return ranks_of(comm_); }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline int set(MPI_Comm comm, const Pairs& pairs) {
  MPI_Info info = MPI_INFO_NULL;
  MPI_Info_create(&info);
  for (const auto& [key, value] : pairs) MPI_Info_set(info, key.c_str(), value.c_str());
  const int code = Pliant_Comm_set_info(comm, info);
  MPI_Info_free(&info);
  return code;
}

inline std::string value_in_force(MPI_Comm comm, const std::string& key) {
  MPI_Info info = MPI_INFO_NULL;
  EXPECT_EQ(Pliant_Comm_get_info(comm, &info), MPI_SUCCESS);
  char value[256] = "";
  int found = 0;
  MPI_Info_get(info, key.c_str(), 255, value, &found);
  MPI_Info_free(&info);
  return found != 0 ? value : "(none)";
}

inline std::string message(int code) {
  char text[PLIANT_MAX_ERROR_STRING] = "";
  int length = 0;
  EXPECT_EQ(Pliant_Error_string(code, text, &length), MPI_SUCCESS);
  EXPECT_EQ(static_cast<std::size_t>(length), std::strlen(text));
  return text;
}

inline Pliant_Report report_of(MPI_Comm comm) {
  Pliant_Report report{};
  report.size = sizeof report;
  EXPECT_EQ(Pliant_Comm_get_report(comm, &report), MPI_SUCCESS);
  return report;
}

inline Pliant_Report report_of(Pliant_Request request) {
  Pliant_Report report{};
  report.size = sizeof report;
  EXPECT_EQ(Pliant_Request_get_report(request, &report), MPI_SUCCESS);
  return report;
}

/// Integer-valued floats that differ on every rank; their sums over a few ranks and steps are exact.
inline std::vector<float> gradient(int rank, int step, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t mixed = (i * 2654435761U + static_cast<std::size_t>(rank) * 40503U +
                               static_cast<std::size_t>(step) * 69069U) %
                              4093;
    values[i] = static_cast<float>(mixed) - 2046.0F;
  }
  return values;
}

/// Writes such a gradient into memory that a request uses.
inline void fill_gradient(std::vector<float>& values, int rank, int step) {
  const std::vector<float> fresh = gradient(rank, step, values.size());
  std::copy(fresh.begin(), fresh.end(), values.begin());
}

/// The exact sum, computed by MPI.
inline std::vector<float> exact_sum(const std::vector<float>& mine, MPI_Comm comm) {
  std::vector<float> sum(mine.size());
  MPI_Allreduce(mine.data(), sum.data(), static_cast<int>(mine.size()), MPI_FLOAT, MPI_SUM, comm);
  return sum;
}

/// Whether all ranks hold rank 0's bytes.
inline bool same_bits(const std::vector<float>& values, MPI_Comm comm) {
  std::vector<float> root = values;
  MPI_Bcast(root.data(), static_cast<int>(root.size()), MPI_FLOAT, 0, comm);
  int same = std::memcmp(root.data(), values.data(), values.size() * sizeof(float)) == 0 ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, comm);
  return same == 1;
}

/// The plan of a call of `count` floats, cheapest first.
inline std::vector<Pliant_Report> plan_of(MPI_Comm comm, MPI_Count count) {
  int n = 0;
  EXPECT_EQ(Pliant_Comm_plan(comm, count, MPI_FLOAT, MPI_SUM, 0, nullptr, &n), MPI_SUCCESS);
  std::vector<Pliant_Report> reports(static_cast<std::size_t>(n));
  for (Pliant_Report& report : reports) report.size = sizeof report;
  EXPECT_EQ(Pliant_Comm_plan(comm, count, MPI_FLOAT, MPI_SUM, n, reports.data(), &n), MPI_SUCCESS);
  return reports;
}

/// Names of the lossy algorithms that can reduce host memory.
inline std::vector<std::string> lossy_algorithms() {
  std::vector<std::string> names;
  int algorithms = 0;
  Pliant_Algorithm_get_num(&algorithms);
  for (int i = 0; i < algorithms; ++i) {
    Pliant_Entry entry{};
    Pliant_Algorithm_get_info(i, &entry);
    if (entry.exact == 0 && (entry.memory & PLIANT_HOST_MEMORY) != 0) names.emplace_back(entry.name);
  }
  return names;
}

/// A user's operation on one int, at the place that the datatype says.
inline void add_ints(void* in, void* inout, int* count, MPI_Datatype* type) {
  MPI_Aint lower_bound = 0;
  MPI_Aint extent = 0;
  MPI_Type_get_true_extent(*type, &lower_bound, &extent);
  // Computes with addresses: with MPI_BOTTOM the buffer is no object, so pointer arithmetic would be
  // undefined.
  const auto element = [&](void* buffer) {
    return reinterpret_cast<int*>(reinterpret_cast<std::uintptr_t>(buffer) +
                                  static_cast<std::uintptr_t>(lower_bound));
  };
  for (int i = 0; i < *count && extent > 0; ++i) *element(inout) += *element(in);
}

}  // namespace pliant_test
