// The log of all link settings and their times: the truth to compare measurements with.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/netlab/settings.hpp"

namespace pliant::netlab {

enum class Cause { start, schedule, command };

/// The settings of one host's link from `time_ns` on.
struct JournalEntry {
  TimeNs time_ns = 0;                  ///< when they took effect (CLOCK_MONOTONIC)
  std::optional<TimeNs> scheduled_ns;  ///< when they were due; for Cause::schedule
  int host = 0;
  LinkSettings settings;
  Cause cause = Cause::start;
};

std::string_view cause_text(Cause cause);

/// Returns one line of JSON: {"time", "scheduled", "host", "up", "down", "delay", "jitter", "queue",
/// "cause"}. Times are seconds of CLOCK_MONOTONIC, rates bit/s, and queues bytes (0: the default).
nlohmann::ordered_json json_of(const JournalEntry& entry);
/// Reads such lines. Throws Error(io) with the number of a line that is not one.
std::vector<JournalEntry> read_journal(std::istream& file, const std::string& name);

/// Text for people: one line an entry, times relative to the first. Hosts with equal changes at one time
/// share a line.
std::string text_of(const std::vector<JournalEntry>& entries);

}  // namespace pliant::netlab
