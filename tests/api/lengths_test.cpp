// Ranks that disagree on the count, without PLIANT_CHECK: they get an error, and buffers do not overflow.
#include "tests/api/api_support.hpp"

namespace {

using namespace pliant_test;

/// An exact algorithm, and the counts of ranks 0 and 1 [elements].
struct Case {
  const char* algorithm;
  std::size_t counts[2];
};

class Lengths : public testing::TestWithParam<Case> {};

// The network is measured before both counts or neither. If ranks differed in this too, they would hang.
TEST_P(Lengths, ThatDifferAreErrorsOnBothAndStayInTheirBuffers) {
  const FreshComm comm;
  ASSERT_EQ(comm.ranks(), 2);
  ASSERT_EQ(set(comm, {{"pliant_algorithm", GetParam().algorithm}}), MPI_SUCCESS);
  const std::size_t count = GetParam().counts[comm.rank()];
  std::vector<float> values(count + 20'000, -1.0F);
  const auto end = values.begin() + static_cast<std::ptrdiff_t>(count);
  const auto reduce = [&](std::size_t elements) {
    std::fill(values.begin(), end, 2.0F);
    return Pliant_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(elements), MPI_FLOAT, MPI_SUM,
                            comm);
  };
  const int code = reduce(count);
  EXPECT_NE(code, MPI_SUCCESS);
  // One rank has received the wrong message and names its sender. The other did so too, or was told.
  const int other = 1 - comm.rank();
  const std::string text = message(code);
  const bool found = text.find("rank " + std::to_string(other) + " sent") != std::string::npos ||
                     text.find("rank " + std::to_string(other) + " of this host does not reduce " +
                               std::to_string(count * sizeof(float)) + " bytes") != std::string::npos;
  const bool told = text.find("rank " + std::to_string(other) + " has given up") != std::string::npos;
  EXPECT_TRUE(found || told) << text;
  EXPECT_EQ(code, found ? MPI_ERR_ARG : MPI_ERR_OTHER);
  int finders = found ? 1 : 0;
  MPI_Allreduce(MPI_IN_PLACE, &finders, 1, MPI_INT, MPI_SUM, comm);
  EXPECT_GE(finders, 1);
  EXPECT_EQ(std::count(end, values.end(), -1.0F), 20'000);
  ASSERT_EQ(Pliant_Comm_repair(comm), MPI_SUCCESS);
  ASSERT_EQ(reduce(3), MPI_SUCCESS);
  EXPECT_EQ(std::count(values.begin(), values.begin() + 3, 4.0F), 3);
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* algorithm : {"ring", "recursive_doubling", "rabenseifner", "tree", "double_tree"}) {
    all.push_back({algorithm, {8000, 6000}});          // one message each
    all.push_back({algorithm, {1'000'000, 999'000}});  // many segments
    all.push_back({algorithm, {200'000, 300'000}});
  }
  for (const Case& one : {Case{"shared_memory", {4, 5}}, Case{"shared_memory", {1000, 900}},
                          Case{"shared_memory", {8000, 6000}}, Case{"shared_memory", {1'000'000, 999'000}},
                          Case{"shared_memory", {200'000, 300'000}}})
    all.push_back(one);
  return all;
}

TEST(LengthsOfShortCalls, ThatDifferAreErrorsOnBoth) {
  const FreshComm comm;
  ASSERT_EQ(set(comm, {{"pliant_algorithm", "shared_memory"}}), MPI_SUCCESS);
  std::vector<float> values(100, 1.0F);
  const auto reduce = [&](int count) {
    return Pliant_Allreduce(MPI_IN_PLACE, values.data(), count, MPI_FLOAT, MPI_SUM, comm);
  };
  // Each kind of call has been made before, so this one is a plain function without decision or agreement.
  for (int i = 0; i < 10; ++i)
    for (const int count : {10, 20, 30}) ASSERT_EQ(reduce(count), MPI_SUCCESS);
  EXPECT_NE(reduce(comm.rank() == 0 ? 10 : 30), MPI_SUCCESS);
  EXPECT_EQ(reduce(20), MPI_ERR_OTHER) << "broken";
  ASSERT_EQ(Pliant_Comm_repair(comm), MPI_SUCCESS);
  std::fill(values.begin(), values.end(), 1.0F);
  ASSERT_EQ(reduce(20), MPI_SUCCESS);
  EXPECT_EQ(std::count(values.begin(), values.end(), 2.0F), 20);
}

INSTANTIATE_TEST_SUITE_P(OfUnlikeCalls, Lengths, testing::ValuesIn(cases()), [](const auto& each) {
  return std::string(each.param.algorithm) + "_" + std::to_string(each.param.counts[0]);
});

}  // namespace
