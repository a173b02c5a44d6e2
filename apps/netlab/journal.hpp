// What the links were set to, and when: the truth beside which a measurement is drawn.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/netlab/settings.hpp"

namespace pliant::netlab {

enum class Cause { start, schedule, command };

/// One host's link from `time_ns` on.
struct JournalEntry {
  TimeNs time_ns = 0;                  ///< when it was in force (CLOCK_MONOTONIC)
  std::optional<TimeNs> scheduled_ns;  ///< when it should have been; for Cause::schedule
  int host = 0;
  LinkSettings settings;
  Cause cause = Cause::start;
};

std::string_view cause_text(Cause cause);

/// One line of JSON: {"time", "scheduled", "host", "up", "down", "delay", "jitter", "queue", "cause"}; times
/// in seconds of CLOCK_MONOTONIC, rates in bit/s, queue in bytes (0: the default).
nlohmann::ordered_json json_of(const JournalEntry& entry);
/// Lines written so. Throws Error(io) with the number of the line that is none.
std::vector<JournalEntry> read_journal(std::istream& file, const std::string& name);

/// For people: one line an entry, times relative to the first; hosts that change alike at once share a line.
std::string text_of(const std::vector<JournalEntry>& entries);

}  // namespace pliant::netlab
