#include "apps/netlab/trace_group.hpp"

#include <cstdint>
#include <limits>
#include <span>

#include "core/error.hpp"
#include "trace/hdf5_file.hpp"

namespace pliant::netlab {
namespace {

constexpr const char* kGroup = "/network";
constexpr const char* kZero = "clock_monotonic_at_zero";

/// A number of each entry, stored as a dataset of the group.
struct Column {
  const char* name;
  const char* unit;
  const char* meaning;
  double (*value)(const JournalEntry&, double zero_s);
};

constexpr Column kColumns[] = {
    {"time", "s", "when the settings came into force, on the clock of /calls/time",
     [](const JournalEntry& entry, double zero_s) { return to_s(entry.time_ns) - zero_s; }},
    {"scheduled", "s", "when the schedule wanted them; NaN if none did",
     [](const JournalEntry& entry, double zero_s) {
       return entry.scheduled_ns ? to_s(*entry.scheduled_ns) - zero_s
                                 : std::numeric_limits<double>::quiet_NaN();
     }},
    {"up", "bit/s", "what the host may send; 0 when cut",
     [](const JournalEntry& entry, double) { return entry.settings.up_bits_per_s; }},
    {"down", "bit/s", "what the host may receive; 0 when cut",
     [](const JournalEntry& entry, double) { return entry.settings.down_bits_per_s; }},
    {"delay", "s", "one way, between this host and one with the same delay",
     [](const JournalEntry& entry, double) { return entry.settings.delay_s; }},
    {"jitter", "s", "by how much frames' delays vary, evenly, to either side",
     [](const JournalEntry& entry, double) { return entry.settings.jitter_s; }},
};

template <class T>
void write(Hdf5File& file, const std::string& name, const char* unit, const char* meaning,
           const std::vector<T>& values) {
  const std::string path = std::string(kGroup) + "/" + name;
  file.write(path, std::span<const T>(values));
  file.write_attribute(path, "unit", unit);
  file.write_attribute(path, "meaning", meaning);
}

}  // namespace

void write_network_group(const std::vector<JournalEntry>& entries, const std::string& trace) {
  Hdf5File file = Hdf5File::open_to_change(trace);
  if (!file.exists("/calls/time"))
    throw Error(ErrorClass::io, quoted("trace", trace) + " has no /calls",
                "the log goes into a trace that PLIANT_TRACE has written", "Pass such a file");
  const auto zero_s = file.read_attribute<double>("/", kZero);
  if (file.exists(kGroup)) file.remove(kGroup);
  file.make_group(kGroup);
  for (const Column& column : kColumns) {
    std::vector<double> values;
    for (const JournalEntry& entry : entries) values.push_back(column.value(entry, zero_s));
    write(file, column.name, column.unit, column.meaning, values);
  }
  std::vector<std::int64_t> hosts;
  for (const JournalEntry& entry : entries) hosts.push_back(entry.host);
  write(file, "host", "1", "number of the host", hosts);
  file.close();
}

}  // namespace pliant::netlab
