// Sums within a host: in the order of its ranks, and in the number of steps that the cost assumes.
#include "collectives/hierarchical/in_host.hpp"

#include "collectives/hierarchical/slices.hpp"
#include "collectives/segments.hpp"
#include "tests/collectives/conformance.hpp"
#include "tests/support/bits.hpp"
#include "tests/support/float_inputs.hpp"

namespace pliant {
namespace {

class InHost : public test::Conformance {
 protected:
  std::vector<float> input(std::int64_t count, const test::FloatInput& kind, int rank) const {
    std::mt19937 random(static_cast<std::uint32_t>(rank) + 7);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = kind.at(i, random);
    return values;
  }

  std::vector<float> sum(std::vector<float> values, HostChannels* channels) {
    AllreduceCall call{.comm = comm_,
                       .workspace = workspace_,
                       .kernels = test::kernels_under_test(),
                       .shape = laid_out({{}, {.count = static_cast<std::int64_t>(values.size())}}),
                       .hosts = channels,
                       .data = reinterpret_cast<std::byte*>(values.data()),
                       .own = {},
                       .outcome = {}};
    pliant::run(shared_memory_allreduce, call);
    return values;
  }

  /// The sum in the order of the host's ranks.
  std::vector<float> expected(std::int64_t count, const test::FloatInput& kind) const {
    std::vector<float> sum;
    for (const int rank : hosts_->layout().members(0)) {
      const std::vector<float> values = input(count, kind, rank);
      if (sum.empty()) {
        sum = values;
      } else {
        scalar_kernels.reduction(ElementType::float32, ReduceOp::sum)(sum.data(), values.data(), count);
      }
    }
    return sum;
  }

  template <class Body>
  void on_one_host(Body&& body) {
    if (ranks_ == 1) GTEST_SKIP() << "nobody to add to";
    for (const test::NamedLayout& layout : test::host_layouts(ranks_)) {
      hosts_ = std::make_unique<HostGroup>(comm_, layout.marks, layout.localities);
      if (hosts_->layout().hosts() > 1) continue;
      SCOPED_TRACE(layout.name);
      body();
    }
    hosts_.reset();
  }
};

TEST_F(InHost, AddsInTheOrderOfRanks) {
  on_one_host([&] {
    const auto of_request = hosts_->take_channels();
    for (const test::FloatInput& kind : test::kFloatInputs) {
      // A vectorised loop and its remainder may return different ones of two NaN.
      if (kind.name == "non-finite") continue;
      for (const std::int64_t count : {1000, 20'011, 200'003}) {
        SCOPED_TRACE(std::string(kind.name) + ", count " + std::to_string(count));
        const std::vector<float> own = input(count, kind, rank_);
        const std::vector<float> right = expected(count, kind);
        for (HostChannels* channels : {hosts_->channels_for(HostChannels::kSlotBytes), of_request.get()})
          EXPECT_EQ(test::first_difference(sum(own, channels), right), -1);
      }
    }
  });
}

TEST_F(InHost, RanksMeetInAsManySteps) {
  constexpr std::int64_t kCount = 200'003;
  on_one_host([&] {
    const std::vector<float> own(kCount, 1.0F);
    const auto of_request = hosts_->take_channels();
    for (HostChannels* channels : {hosts_->channels_for(HostChannels::kSlotBytes), of_request.get()}) {
      const std::int64_t before = channels->gathering().step();
      sum(own, channels);
      const std::int64_t segments =
          segments_of(kCount * static_cast<std::int64_t>(sizeof(float)), channels->slot_bytes());
      EXPECT_EQ(channels->gathering().step() - before, slice_steps(segments));
    }
  });
}

}  // namespace
}  // namespace pliant
