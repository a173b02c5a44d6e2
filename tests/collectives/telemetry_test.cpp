// Every algorithm that carries telemetry leaves every rank's record on every rank, and sends nothing else more than
// without it.
#include <cstring>

#include "collectives/topology/binomial.hpp"
#include "tests/collectives/lossy.hpp"

namespace pliant {
namespace {

/// A rank's record: of a length and with bytes of its own.
std::vector<std::byte> record_of(int rank, int step) {
  std::vector<std::byte> record(static_cast<std::size_t>(8 + rank * 16));
  for (std::size_t i = 0; i < record.size(); ++i)
    record[i] = static_cast<std::byte>(37 * rank + 11 * step + static_cast<int>(i));
  return record;
}

class Carrying : public test::LossyConformance {
 protected:
  /// Returns what this rank has sent. `telemetry`: with it, or without.
  Traffic reduce(std::int64_t count, int step, Telemetry* telemetry) {
    std::vector<float> data(static_cast<std::size_t>(count));
    std::vector<float> residual(data.size());
    for (std::size_t i = 0; i < data.size(); ++i)
      data[i] = residual[i] = static_cast<float>((static_cast<int>(i) * 31 + rank_ * 7) % 101);
    AllreduceCall call{.comm = comm_,
                       .workspace = workspace_,
                       .kernels = test::kernels_under_test(),
                       .shape = shape_of(data.size(), std::max<std::int64_t>(ranks_, count / 20)),
                       .data = reinterpret_cast<std::byte*>(data.data()),
                       .telemetry = telemetry,
                       .residual = algorithm().exact ? nullptr : residual.data(),
                       .step = step,
                       .own = {},
                       .outcome = {}};
    return run_counted(algorithm(), call);
  }

  std::int64_t record_bytes() const {
    std::int64_t bytes = 0;
    for (int rank = 0; rank < ranks_; ++rank)
      bytes += static_cast<std::int64_t>(record_of(rank, 0).size()) + 8;
    return bytes;
  }
};

TEST_P(Carrying, AllRanksHoldAllRecords) {
  Telemetry telemetry;
  telemetry.prepare(comm_);
  int step = 0;
  for (const std::int64_t segment : {std::int64_t{4096}, Communicator::kPieceBytes})
    for (const Route route : {Route::doubling, Route::neighbours})
      for (const std::int64_t count : {std::int64_t{20} * ranks_, std::int64_t{40'003}}) {
        segment_bytes_ = segment;
        route_ = route;
        telemetry.begin(comm_, record_of(rank_, step));
        ASSERT_EQ(telemetry.complete(), ranks_ == 1);
        reduce(count, step, &telemetry);
        ASSERT_TRUE(telemetry.complete()) << "count " << count << ", segments of " << segment;
        for (int rank = 0; rank < ranks_; ++rank) {
          const std::vector<std::byte> expected = record_of(rank, step);
          const auto found = telemetry.of(rank);
          ASSERT_EQ(std::vector<std::byte>(found.begin(), found.end()), expected) << "of rank " << rank;
        }
        ++step;
      }
}

// The records add messages in front of others, at most one a step, and no byte twice to the same rank.
TEST_P(Carrying, CostsFewMessages) {
  Telemetry telemetry;
  telemetry.prepare(comm_);
  constexpr std::int64_t kCount = 40'003;
  const Traffic without = reduce(kCount, 0, nullptr);
  telemetry.begin(comm_, record_of(rank_, 0));
  const Traffic with = reduce(kCount, 0, &telemetry);
  const std::int64_t messages = with.messages - without.messages;
  const int rounds = binomial::rounds(ranks_);
  EXPECT_GE(messages, ranks_ == 1 ? 0 : 1);
  EXPECT_LE(messages, std::max(ranks_ - 1, 2 * rounds + 1));
  if (algorithm().most_bytes == nullptr) {
    const std::int64_t receivers =
        algorithm().name == "ring" ? 1 : std::min<std::int64_t>(messages, ranks_ - 1);
    EXPECT_LE(with.bytes - without.bytes, receivers * record_bytes());
  }
}

// What does not carry a rank's record any more leaves the next call's untouched.
TEST_P(Carrying, BeginsAnewWithEachCall) {
  Telemetry telemetry;
  telemetry.prepare(comm_);
  for (int step = 0; step < 20; ++step) {
    telemetry.begin(comm_, record_of(rank_, step));
    reduce(4000, step, &telemetry);
    for (int rank = 0; rank < ranks_; ++rank) {
      const std::vector<std::byte> expected = record_of(rank, step);
      const auto found = telemetry.of(rank);
      ASSERT_EQ(std::vector<std::byte>(found.begin(), found.end()), expected)
          << "rank " << rank << ", step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, Carrying,
                         testing::ValuesIn(test::algorithms_where([](const AllreduceAlgorithm& each) {
                           return each.carries;
                         })),
                         test::name_of_algorithm);

}  // namespace
}  // namespace pliant
