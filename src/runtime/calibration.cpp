#include "runtime/calibration.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "collectives/dense/dense.hpp"
#include "mpi/agree.hpp"

namespace pliant {
namespace {

constexpr int kRuns = 3;  ///< per algorithm and length; the first opens connections and is not counted
constexpr double kMostFactor = 8;  ///< a larger factor means that the machine was busy
constexpr double kTick_s = 1e-9;

/// The times of kRuns runs on the slowest rank.
struct Times {
  double least_s;  ///< shortest run, the first excluded
  double all_s;
};

Times time_runs(const AllreduceAlgorithm& algorithm, AllreduceCall& call, Context& context,
                PendingOperation& pending) {
  std::array<double, 2> times_s = {1 / kTick_s, 0};
  for (int number = 0; number < kRuns; ++number) {
    const double begin_s = MPI_Wtime();
    context.prepare(pending);
    context.begin(pending, algorithm.run(call));
    context.finish(pending);
    Context::rethrow(pending);
    const double time_s = std::max(kTick_s, MPI_Wtime() - begin_s);
    if (number > 0) times_s[0] = std::min(times_s[0], time_s);
    times_s[1] += time_s;
  }
  agree_max(call.comm, times_s);
  return {times_s[0], times_s[1]};
}

}  // namespace

// A length for which no time is left takes the factor of the previous length.
void calibrate(CostModel& model, Context& context, double max_s) {
  Communicator& comm = context.comm();
  if (comm.ranks() == 1) return;
  // MPI's blocking and non-blocking collectives do not match one another, so all ranks use the same kind.
  const bool may_block = first_rank_where(comm, context.others_pending()) < 0;
  PendingOperation pending;
  std::vector<float> values(static_cast<std::size_t>(Calibration::kBytes.back()) / sizeof(float));
  const std::array<std::pair<const AllreduceAlgorithm*, Calibration*>, 2> calibrated = {
      {{&mpi_allreduce, &model.mpi}, {&rabenseifner_allreduce, &model.rabenseifner}}};
  for (const auto& [algorithm, calibration] : calibrated) {
    double left_s = max_s / static_cast<double>(calibrated.size());
    double factor = 1;
    for (std::size_t i = 0; i < Calibration::kBytes.size(); ++i) {
      const AllreduceShape shape{
          {.ranks = comm.ranks()},
          {.count = Calibration::kBytes[i] / static_cast<std::int64_t>(sizeof(float))}};
      const double formula_s = algorithm->cost_s(shape, model);
      if (left_s >= kRuns * formula_s * factor) {
        AllreduceCall call{.comm = comm,
                           .workspace = pending.workspace,
                           .kernels = context.kernels(),
                           .shape = tuned_for(*algorithm, shape, model),
                           .may_block = may_block,
                           .data = reinterpret_cast<std::byte*>(values.data()),
                           .own = {},
                           .outcome = {}};
        const Times times = time_runs(*algorithm, call, context, pending);
        left_s -= times.all_s;
        factor = std::clamp(times.least_s / formula_s, 1 / kMostFactor, kMostFactor);
      }
      calibration->factor[i] = factor;
    }
  }
}

}  // namespace pliant
