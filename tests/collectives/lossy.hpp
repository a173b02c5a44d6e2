// One step of a lossy algorithm, with all results that the tests check.
#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "collectives/sparse/sparse.hpp"
#include "tests/collectives/conformance.hpp"
#include "tests/support/bits.hpp"
#include "tests/support/topk_oracle.hpp"

namespace pliant::test {

struct LossyStep {
  /// [count] this rank's error-fed gradient. Two levels: the host's sum on its leader, 0 on the other ranks.
  std::vector<float> input;
  std::vector<float> residual;      ///< [count] the part that was not sent
  std::vector<float> result;        ///< [count]
  std::vector<std::uint32_t> sent;  ///< places where the residual became zero and the input was not
  SparseOutcome outcome;
  Traffic sent_by_all;
};

class LossyConformance : public Conformance {
 protected:
  bool starts_with(std::string_view prefix) const { return algorithm().name.starts_with(prefix); }

  /// Whether every rank sends its own top-k.
  bool sends_its_own() const { return algorithm().name == "allgather_topk" || starts_with("sparse_"); }

  /// Runs a step on `input`. `gradient` is added to it in the step, unless it is null.
  LossyStep run(const std::vector<float>& input, std::int64_t kept, std::int64_t step,
                const std::vector<float>* gradient = nullptr) {
    LossyStep report{.input = input,
                     .residual = input,
                     .result = std::vector<float>(input.size(), std::numeric_limits<float>::quiet_NaN()),
                     .sent = {},
                     .outcome = {},
                     .sent_by_all = {}};
    for (std::size_t i = 0; gradient != nullptr && i < input.size(); ++i)
      report.residual[i] -= (*gradient)[i];
    AllreduceCall call{.comm = comm_,
                       .workspace = workspace_,
                       .kernels = kernels_,
                       .shape = shape_of(input.size(), kept),
                       .hosts = channels(),
                       .data = reinterpret_cast<std::byte*>(report.result.data()),
                       .residual = report.residual.data(),
                       .gradient = gradient != nullptr ? gradient->data() : nullptr,
                       .step = step,
                       .own = {},
                       .outcome = {}};
    if (selects_before_) select_own(call, Picks::leave);
    const Traffic own = run_counted(algorithm(), call);
    report.sent_by_all = {sum_over_ranks(own.messages), sum_over_ranks(own.bytes)};
    report.outcome = call.outcome;
    report.input = sum_on_leader(input);
    for (std::size_t i = 0; i < input.size(); ++i)
      if (bits(report.residual[i]) == 0 && bits(report.input[i]) != 0)
        report.sent.push_back(static_cast<std::uint32_t>(i));
    return report;
  }

  /// Every rank's vector, of equal counts, on rank 0; empty vectors on the others.
  std::vector<std::vector<float>> gather(const std::vector<float>& values) const {
    const auto ranks = static_cast<std::size_t>(rank_ == 0 ? ranks_ : 0);
    std::vector<float> all(ranks * values.size());
    const auto count = static_cast<int>(values.size());
    MPI_Gather(values.data(), count, MPI_FLOAT, all.data(), count, MPI_FLOAT, 0, comm_.handle());
    std::vector<std::vector<float>> of_ranks;
    for (auto from = all.begin(); from != all.end(); from += count) of_ranks.emplace_back(from, from + count);
    return of_ranks;
  }

  /// The sum over the ranks of a host, on its leader; empty on the others.
  std::vector<float> sum_on_leader(std::vector<float> values) const {
    if (hosts_ == nullptr) return values;
    const Communicator host = Communicator::split(comm_, hosts_->host());
    MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_FLOAT, MPI_SUM,
                  host.handle());
    return hosts_->leads() ? values : std::vector<float>(values.size());
  }

  /// The sending rank: the host's leader with two levels, this rank otherwise.
  int sender() const { return hosts_ != nullptr ? hosts_->layout().leader(hosts_->host()) : rank_; }

  std::vector<double> sum_over_all(const std::vector<float>& values) const {
    std::vector<double> sums(values.begin(), values.end());
    MPI_Allreduce(MPI_IN_PLACE, sums.data(), static_cast<int>(sums.size()), MPI_DOUBLE, MPI_SUM,
                  comm_.handle());
    return sums;
  }

  void expect_nothing_is_lost(const LossyStep& step) const {
    const std::vector<double> before = sum_over_all(step.input);
    std::vector<double> after = sum_over_all(step.residual);
    for (std::size_t i = 0; i < after.size(); ++i) after[i] += step.result[i];
    EXPECT_TRUE(before == after);
  }

  AllreduceShape shape_of(std::size_t count, std::int64_t kept) const {
    return laid_out({{},
                     {.count = static_cast<std::int64_t>(count)},
                     {.kept = kept, .index_codec = index_codec_, .value_codec = value_codec_},
                     {.segment_bytes = segment_bytes_, .route = route_}});
  }

  Traffic predicted_for_all(const AllreduceShape& shape) const {
    Traffic all;
    for (int rank = 0; rank < ranks_; ++rank) all = all + algorithm().sent(shape, rank);
    return all;
  }

  /// Traffic of all ranks must equal the algorithm's prediction, or respect its bound if it depends on the
  /// data.
  void expect_predicted_traffic(const LossyStep& step, const AllreduceShape& shape) const {
    const Traffic predicted = predicted_for_all(shape);
    EXPECT_EQ(step.sent_by_all.messages, predicted.messages);
    if (algorithm().most_bytes == nullptr) {
      EXPECT_EQ(step.sent_by_all.bytes, predicted.bytes);
      return;
    }
    std::int64_t most = 0;
    for (int rank = 0; rank < ranks_; ++rank) most += algorithm().most_bytes(shape, rank);
    EXPECT_LE(predicted.bytes, most);
    EXPECT_LE(step.sent_by_all.bytes, most);
  }

  /// The leader that star_* and var_* must choose, by an independent implementation of the rule; -1 if none.
  int expected_leader(const std::vector<float>& input, std::int64_t kept, std::int64_t step) const {
    if (starts_with("two_level_star_") && hosts_ != nullptr)
      return hosts_->layout().leader(static_cast<int>(step % hosts_->layout().hosts()));
    if (starts_with("star_") || starts_with("two_level_star_")) return static_cast<int>(step % ranks_);
    if (!starts_with("var_")) return -1;
    double score = 0;
    for (const std::uint32_t index : topk_oracle(input, kept))
      score += static_cast<double>(input[index]) * static_cast<double>(input[index]);
    if (std::isnan(score)) score = std::numeric_limits<double>::infinity();
    std::vector<double> scores(static_cast<std::size_t>(ranks_));
    MPI_Allgather(&score, 1, MPI_DOUBLE, scores.data(), 1, MPI_DOUBLE, comm_.handle());
    return static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  }

  /// The places that oktopk must choose, by an independent implementation: the `kept` largest of the sum of
  /// all ranks' top-k, the lowest first if equal.
  std::vector<std::uint32_t> expected_choice(const std::vector<float>& input, std::int64_t kept) const {
    std::vector<float> own(input.size());
    std::vector<float> selects(input.size());
    for (const std::uint32_t index : topk_oracle(input, kept)) {
      own[index] = input[index];
      selects[index] = 1;
    }
    const std::vector<double> sums = sum_over_all(own);
    const std::vector<double> senders = sum_over_all(selects);
    std::vector<std::uint32_t> places;
    std::vector<float> values;
    for (std::uint32_t i = 0; i < input.size(); ++i) {
      if (senders[i] == 0) continue;
      places.push_back(i);
      values.push_back(static_cast<float>(sums[i]));
    }
    std::vector<std::uint32_t> chosen = topk_oracle(values, kept);
    for (std::uint32_t& index : chosen) index = places[index];
    return chosen;
  }

  /// The places that are among the rank's own top-k.
  static std::vector<std::uint32_t> own_among(const std::vector<std::uint32_t>& places,
                                              const std::vector<float>& input, std::int64_t kept) {
    const std::vector<std::uint32_t> own = topk_oracle(input, kept);
    std::vector<std::uint32_t> both;
    std::set_intersection(places.begin(), places.end(), own.begin(), own.end(), std::back_inserter(both));
    return both;
  }

  /// Whether the algorithm chooses among sums, so that ranks send some elements in vain.
  bool chooses_sums() const { return algorithm().name == "oktopk"; }

  const Kernels& kernels_ = kernels_under_test();
  const IndexCodec* index_codec_ = &raw_indices;
  const ValueCodec* value_codec_ = &float32_values;
  bool selects_before_ = false;  ///< the top-k is selected before the call, as for pliant_min_gain
  std::int64_t segment_bytes_ = Communicator::kPieceBytes;
  Route route_ = Route::doubling;
};

}  // namespace pliant::test
