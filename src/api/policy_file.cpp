#include "api/policy_file.hpp"

#include <algorithm>
#include <limits>

#include "api/state_file.hpp"

namespace pliant {
namespace {

std::int64_t whole(const Hdf5File& file, const std::string& group, const char* name) {
  return file.read_attribute<std::int64_t>(group, name);
}

/// Of those that are counted in int: what does not fit is refused by who restores it.
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

/// Exact where the name is of none.
Family family(const Hdf5File& file, const std::string& group, const char* name) {
  const auto text = file.read_attribute<std::string>(group, name);
  const auto found = std::find(kFamilyNames.begin(), kFamilyNames.end(), text);
  return found == kFamilyNames.end() ? Family::exact : static_cast<Family>(found - kFamilyNames.begin());
}

std::string name_of(Family family) {
  return std::string(kFamilyNames[static_cast<std::size_t>(family)]);
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

void write_quality(Hdf5File& file, const std::string& group, const QualityMemory& memory) {
  const QualityMemory::State state = memory.state();
  if (state == QualityMemory::State{}) return;
  file.make_group(group);
  file.write_attribute(group, "saved_s", state.saved_s);
  file.write_attribute(group, "last_family", name_of(state.last_family));
  file.write_attribute(group, "last_kept", state.last_kept);
  file.write_attribute(group, "steady", state.steady);
  file.write_attribute(group, "apart", state.apart);
  file.write_attribute(group, "events", state.events);
  file.write_attribute(group, "tried", name_of(state.tried));
  file.write_attribute(group, "trial_left", std::int64_t{state.trial_left});
  file.write_attribute(group, "until_trial", std::int64_t{state.until_trial});
  file.write_attribute(group, "staleness", state.staleness);
  for (std::size_t i = 0; i < state.learned.size(); ++i) {
    if (state.learned[i].weight == 0) continue;
    const std::string own = group + "/" + std::string(kFamilyNames[i]);
    file.make_group(own);
    file.write_attribute(own, "ratio", state.learned[i].ratio);
    file.write_attribute(own, "weight", state.learned[i].weight);
  }
}

void read_quality(const Hdf5File& file, const std::string& group, QualityMemory& memory) {
  if (!file.exists(group)) return;
  QualityMemory::State state{.saved_s = number(file, group, "saved_s"),
                             .last_family = family(file, group, "last_family"),
                             .last_kept = whole(file, group, "last_kept"),
                             .steady = whole(file, group, "steady"),
                             .apart = whole(file, group, "apart"),
                             .events = whole(file, group, "events"),
                             .tried = family(file, group, "tried"),
                             .trial_left = small(file, group, "trial_left"),
                             .until_trial = small(file, group, "until_trial"),
                             .staleness = number(file, group, "staleness")};
  for (std::size_t i = 0; i < state.learned.size(); ++i) {
    const std::string own = group + "/" + std::string(kFamilyNames[i]);
    if (file.exists(own)) state.learned[i] = {number(file, own, "ratio"), number(file, own, "weight")};
  }
  if (!memory.restore(state))
    throw damaged(group + " holds what nobody has learned of quality",
                  "ratios and weights are > 0 and bounded, counters are >= 0");
}

}  // namespace pliant
