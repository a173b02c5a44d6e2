// A short call may run an algorithm at once or as a suspended function. Each rank may take either way in the
// same call.
#include <array>

#include "tests/collectives/conformance.hpp"

namespace pliant {
namespace {

class Short : public test::Conformance {
 protected:
  void at_once(const std::vector<double>& mine, std::vector<double>& sum) {
    sum.assign(mine.size(), -1);
    algorithm().run_short({.hosts = channels(),
                           .reduce = scalar_kernels.reduction(ElementType::float64, ReduceOp::sum),
                           .send = reinterpret_cast<const std::byte*>(mine.data()),
                           .recv = reinterpret_cast<std::byte*>(sum.data()),
                           .count = static_cast<std::int64_t>(mine.size()),
                           .bytes = mine.size() * sizeof(double),
                           .idle = [](void* times) { ++*static_cast<int*>(times); },
                           .of = &idle_});
  }
  void suspended(const std::vector<double>& mine, std::vector<double>& sum) {
    sum = mine;
    AllreduceCall call{
        .comm = comm_,
        .workspace = workspace_,
        .kernels = test::kernels_under_test(),
        .shape =
            laid_out({{}, {.count = static_cast<std::int64_t>(mine.size()), .type = ElementType::float64}}),
        .hosts = channels(),
        .data = reinterpret_cast<std::byte*>(sum.data()),
        .own = {},
        .outcome = {}};
    run(algorithm(), call);
  }

  /// Called when idle. The first time, sends the message that other ranks wait for.
  static void tell_others(void* of) {
    auto& self = *static_cast<Short*>(of);
    if (self.idle_++ > 0) return;
    for (int rank = 1; rank < self.ranks_; ++rank)
      MPI_Send(nullptr, 0, MPI_BYTE, rank, 0, self.comm_.handle());
  }

  int idle_ = 0;
};

TEST_P(Short, MeetsTheLongOne) {
  on_every_layout([&] {
    for (int step = 0; step < 64; ++step) {
      const std::size_t count =
          std::array<std::size_t, 4>{1, 15, 16, 2048}[static_cast<std::size_t>(step % 4)];
      ASSERT_LE(static_cast<std::int64_t>(count * sizeof(double)), algorithm().short_bytes);
      const std::vector<double> mine(count, rank_ + step);
      std::vector<double> sum;
      const bool now = (step >> rank_ % 3) % 2 == 0;
      if (now) {
        at_once(mine, sum);
      } else {
        suspended(mine, sum);
      }
      const double expected = ranks_ * step + ranks_ * (ranks_ - 1) / 2;
      ASSERT_EQ(sum, std::vector<double>(count, expected)) << "step " << step;
    }
  });
}

TEST_P(Short, SeesToOtherThingsWhileItWaits) {
  if (ranks_ == 1) GTEST_SKIP() << "nobody to wait for";
  on_every_layout([&] {
    idle_ = 0;
    std::vector<double> sum;
    const std::vector<double> mine(1, 1.0);
    if (rank_ != 0) {
      MPI_Recv(nullptr, 0, MPI_BYTE, 0, 0, comm_.handle(), MPI_STATUS_IGNORE);
      at_once(mine, sum);
    } else {
      sum.assign(1, 0);
      algorithm().run_short({channels(), scalar_kernels.reduction(ElementType::float64, ReduceOp::sum),
                             reinterpret_cast<const std::byte*>(mine.data()),
                             reinterpret_cast<std::byte*>(sum.data()), 1, sizeof(double), tell_others, this});
    }
    EXPECT_EQ(sum, std::vector<double>(1, ranks_));
  });
}

INSTANTIATE_TEST_SUITE_P(Registry, Short, testing::ValuesIn(test::algorithms_where([](const auto& algorithm) {
                           return algorithm.run_short != nullptr;
                         })),
                         test::name_of_algorithm);

}  // namespace
}  // namespace pliant
