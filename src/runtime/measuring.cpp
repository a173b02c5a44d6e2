// A context measures its network, after checking that the ranks have started the same requests.
#include <array>

#include "compress/speed.hpp"
#include "core/error.hpp"
#include "mpi/agree.hpp"
#include "netprobe/netprobe.hpp"
#include "runtime/calibration.hpp"
#include "runtime/context.hpp"

namespace pliant {
namespace {

/// Share of pliant_probe_max_ms for measuring links; the rest is for calibration.
constexpr double kNetworkShare = 0.7;

}  // namespace

void Context::note_start(std::int64_t request) {
  constexpr std::uint64_t kExact = (std::uint64_t{1} << 52) - 1;  // so that a double holds it
  starts_ = (starts_ + (static_cast<std::uint64_t>(request) + 1) * 0x9E3779B97F4A7C15U) & kExact;
}

void Context::require_same_starts(const char* what) {
  std::array<double, 1> root = {comm().rank() == 0 ? static_cast<double>(starts_) : 0};
  agree_max(comm(), root);
  const int other = first_rank_where(comm(), static_cast<double>(starts_) != root[0]);
  if (other < 0) return;
  throw Error(
      ErrorClass::request,
      std::string(what) + " where rank " + std::to_string(other) + " has started other requests than rank 0",
      "every rank decides for one operation by the same numbers", "Start them on all ranks before");
}

const std::vector<Pliant_Link>& Context::measure() {
  const double begin_s = MPI_Wtime();
  agree_on_requests();
  const double most_s = settings().probe_max_s;
  const NetworkMeasurement network = measure_network(comm(), hosts().layout(), kNetworkShare * most_s);
  if (!network.agreed)
    warn_once(
        "the links could not be measured: times of long messages were no longer than those of short ones "
        "(a bound of a fit is no measurement). Predictions go on by the links known before; a longer "
        "pliant_probe_max_ms measures more");
  CostModel slowest{network.agreed.value_or(model_.link), measure_compute(kernels_, MPI_Wtime, team_)};
  const auto numbers = numbers_of(slowest);
  std::array<double, numbers.size()> values{};
  for (std::size_t i = 0; i < numbers.size(); ++i) values[i] = *numbers[i].value;
  agree_max(comm(), values);
  for (std::size_t i = 0; i < numbers.size(); ++i) *numbers[i].value = values[i];
  calibrate(slowest, *this, (1 - kNetworkShare) * most_s);
  set_model(slowest);
  measured_links_.clear();
  for (const LinkEstimate& link : network.links)
    measured_links_.push_back({link.rank, link.peer, link.same_host ? 1 : 0, link.alpha_s, link.alpha_low_s,
                               link.alpha_high_s, link.beta_s_per_byte, link.beta_low_s_per_byte,
                               link.beta_high_s_per_byte, link.samples});
  if (comm().rank() == 0)
    process_.logger().info("communicator " + std::to_string(id_) + ": alpha " +
                           std::to_string(model_.link.alpha_s * 1e6) + " us, beta " +
                           std::to_string(model_.link.beta_s_per_byte * 1e9) + " ns/byte, selection " +
                           std::to_string(model_.compute.select_s_per_element * 1e9) + " ns/element");
  if (end_s > 0) end_s += MPI_Wtime() - begin_s;  // measuring is not the program's computing
  return measured_links_;
}

}  // namespace pliant
