#include "runtime/state/policy_file.hpp"

#include <algorithm>
#include <limits>

#include "runtime/state/state_file.hpp"

namespace pliant {
namespace {

std::int64_t whole(const Hdf5File& file, const std::string& group, const char* name) {
  return file.read_attribute<std::int64_t>(group, name);
}

/// Reads a counter of type int, clamped to [-1, INT_MAX]. restore() refuses values out of range.
int small(const Hdf5File& file, const std::string& group, const char* name) {
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp<std::int64_t>(whole(file, group, name), -1, kMost));
}

double number(const Hdf5File& file, const std::string& group, const char* name) {
  return file.read_attribute<double>(group, name);
}

PolicyMemory::State::Gains gains(const Hdf5File& file, const std::string& path) {
  PolicyMemory::State::Gains gains{};
  const std::vector<double> read = file.read<double>(path);
  if (read.size() != gains.size())
    throw damaged(path + " has " + std::to_string(read.size()) + " gains",
                  "must be " + std::to_string(gains.size()));
  std::copy(read.begin(), read.end(), gains.begin());
  return gains;
}

}  // namespace

void write_policy(Hdf5File& file, const std::string& group, const PolicyMemory& memory) {
  const PolicyMemory::State state = memory.state();
  if (state == PolicyMemory::State{}) return;
  file.make_group(group);
  file.write_attribute(group, "margin_mean", state.margin.mean);
  file.write_attribute(group, "margin_variance", state.margin.variance);
  file.write_attribute(group, "margin_seen", std::int64_t{state.margin.seen});
  file.write_attribute(group, "fresh", std::int64_t{state.fresh ? 1 : 0});
  file.write_attribute(group, "since_count", state.since_count);
  file.write_attribute(group, "achieved", state.achieved);
  file.write_attribute(group, "achieved_at_first", state.achieved_at_first);
  if (state.counted) file.write(group + "/own_gains", std::span<const double>(state.own));
  if (state.has_agreed) file.write(group + "/agreed_gains", std::span<const double>(state.agreed));
}

void read_policy(const Hdf5File& file, const std::string& group, std::int64_t count, PolicyMemory& memory) {
  if (!file.exists(group)) return;
  PolicyMemory::State state;
  state.margin = {.mean = number(file, group, "margin_mean"),
                  .variance = number(file, group, "margin_variance"),
                  .seen = small(file, group, "margin_seen")};
  state.fresh = whole(file, group, "fresh") != 0;
  state.since_count = whole(file, group, "since_count");
  state.achieved = number(file, group, "achieved");
  state.achieved_at_first = number(file, group, "achieved_at_first");
  state.counted = file.exists(group + "/own_gains");
  if (state.counted) state.own = gains(file, group + "/own_gains");
  state.has_agreed = file.exists(group + "/agreed_gains");
  if (state.has_agreed) state.agreed = gains(file, group + "/agreed_gains");
  if (!memory.restore(state, count))
    throw damaged(group + " holds what no policy has learned", "gains lie in [0, 1], counters are >= 0");
}

}  // namespace pliant
