// Planned changes of links: from a file, from the papers, or by a rule.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "apps/netlab/settings.hpp"

namespace pliant::netlab {

struct Change {
  double time_s = 0;  ///< since the schedule began
  std::vector<int> hosts;
  std::vector<Assignment> assignments;
};

/// Changes in the order of their times. They are made on demand, because some schedules never end.
class Schedule {
 public:
  using Next = std::function<std::optional<Change>()>;

  Schedule() = default;
  explicit Schedule(Next next) : make_(std::move(next)), front_(make_()) {}

  /// The next change; nothing after the last.
  const std::optional<Change>& front() const { return front_; }
  void pop() { front_ = make_(); }

 private:
  Next make_;
  std::optional<Change> front_;
};

struct ScheduleOptions {
  std::string name;        ///< a built-in schedule or a file's path; empty = no changes
  double step_s = 1;       ///< length of one epoch of c1 and c2, and of one step of sine, step and walk
  double rate_scale = 1;   ///< c1 and c2: times the papers' rates
  double delay_scale = 1;  ///< c1 and c2: times the papers' delays
  double low = 0.2;        ///< sine, step, walk: lowest rate as a fraction of `link`'s
  std::uint64_t seed = 1;  ///< walk
  LinkSettings link;       ///< initial settings of the links
  int hosts = 2;
};

struct BuiltInSchedule {
  std::string_view name;
  std::string_view summary;
  Schedule::Next (*make)(const ScheduleOptions&);
};

std::span<const BuiltInSchedule> built_in_schedules();

/// Reads lines `TIME TARGET key=value...`. Comments begin with #, and times must not decrease. Throws
/// Error(argument) with the line's number.
std::vector<Change> read_schedule(std::istream& file, const std::string& name, int hosts);

/// Throws Error(argument) if a step is shorter than 1 ms.
void check_step(double seconds);

/// Returns the schedule named by options.name. Throws Error.
Schedule make_schedule(const ScheduleOptions& options);

}  // namespace pliant::netlab
