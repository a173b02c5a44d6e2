// The log of changes: it reads back as written, and prints readably.
#include "apps/netlab/journal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/netlab/support.hpp"

namespace pliant::netlab {
namespace {

constexpr TimeNs kUptime = 8'123'456'789'012;  // 2.3 hours

std::vector<JournalEntry> round_trip(const std::vector<JournalEntry>& entries) {
  std::stringstream file;
  for (const JournalEntry& entry : entries) file << json_of(entry).dump() << "\n";
  return read_journal(file, "lab.log");
}

TEST(Journal, WhatIsWrittenIsReadAgain) {
  const std::vector<JournalEntry> entries = {
      {kUptime, std::nullopt, 0, {1e9, 2e9, 100e-6, 0, 0}, Cause::start},
      {kUptime + 1, kUptime - 12'345, 63, {0, 1.0 / 3 * 1e9, 0.0123456789, 1e-9, 1 << 20}, Cause::schedule},
      {kUptime + 999'999'999, std::nullopt, 7, {100e9, 1e3, 10, 10, 1'000'000'000'000}, Cause::command}};
  const std::vector<JournalEntry> found = round_trip(entries);
  ASSERT_EQ(found.size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(found[i].time_ns, entries[i].time_ns) << i;
    EXPECT_EQ(found[i].scheduled_ns, entries[i].scheduled_ns) << i;
    EXPECT_EQ(found[i].host, entries[i].host) << i;
    EXPECT_EQ(found[i].settings, entries[i].settings) << i;
    EXPECT_EQ(found[i].cause, entries[i].cause) << i;
  }
}

TEST(Journal, KeysAreThoseOfItsDescription) {
  const auto json = json_of({1'500'000'000, std::nullopt, 2, {5e6, 6e6, 0.25, 0.125, 65536}, Cause::command});
  EXPECT_EQ(json.dump(),
            R"({"time":1.5,"scheduled":null,"host":2,"up":5000000.0,"down":6000000.0,"delay":0.25,)"
            R"("jitter":0.125,"queue":65536,"cause":"set"})");
  EXPECT_EQ(cause_text(Cause::start), "start");
  EXPECT_EQ(cause_text(Cause::schedule), "schedule");
  EXPECT_EQ(cause_text(Cause::command), "set");
}

TEST(Journal, AnEmptyFileHasNoEntries) {
  std::istringstream file;
  EXPECT_TRUE(read_journal(file, "lab.log").empty());
  EXPECT_EQ(text_of({}), "");
}

TEST(Journal, ABrokenLineIsRefusedWithItsNumber) {
  const std::string good = json_of({0, std::nullopt, 0, {}, Cause::start}).dump() + "\n";
  const std::vector<std::string> broken = {
      "",
      "nonsense",
      "{}",
      "[]",
      "null",
      "7",
      R"({"time": 1})",
      good.substr(0, good.size() / 2),
      R"({"time":"1","scheduled":null,"host":0,"up":1,"down":1,"delay":0,"jitter":0,"queue":0,"cause":"set"})",
      R"({"time":1,"scheduled":null,"host":null,"up":1,"down":1,"delay":0,"jitter":0,"queue":0,"cause":"set"})",
      R"({"time":1,"scheduled":null,"host":0,"up":1,"down":1,"delay":0,"jitter":0,"queue":0,"cause":7})",
      R"({"time":1,"scheduled":null,"host":0,"up":1,"down":1,"delay":0,"jitter":0,"queue":0,"cause":"nonsense"})"};
  for (const std::string& bad : broken) {
    std::istringstream file(good + good + bad + "\n" + good);
    const std::string said = refusal([&] { read_journal(file, "lab.log"); }, ErrorClass::io);
    EXPECT_NE(said.find("lab.log:3: "), std::string::npos) << "'" << bad << "': " << said;
  }
}

TEST(Journal, HostsThatChangeAlikeAtOnceShareALine) {
  std::vector<JournalEntry> entries;
  for (int host = 0; host < 4; ++host)
    entries.push_back({kUptime + host * 50 * kUs, std::nullopt, host, {1e8, 1e8, 0.001, 0, 0}, Cause::start});
  entries.push_back({kUptime + kSecond, std::nullopt, 2, {0, 5e6, 0.001, 0.0001, 65536}, Cause::command});
  EXPECT_EQ(
      text_of(entries),
      "    0.000000 s  start  host0 to host3: up 100 Mbit/s, down 100 Mbit/s, delay 1 ms\n"
      "    1.000000 s  set  host2: up 0 kbit/s, down 5 Mbit/s, delay 1 ms, jitter 100 us, queue 64 KB\n");
}

TEST(Journal, AScheduledChangeSaysHowLateItWas) {
  const LinkSettings link = {1e8, 1e8, 0.001, 0, 0};
  const std::vector<JournalEntry> entries = {
      {kUptime, std::nullopt, 0, link, Cause::start},
      {kUptime + 2 * kSecond + 40 * kUs, kUptime + 2 * kSecond, 0, link, Cause::schedule},
      {kUptime + 2 * kSecond + 90 * kUs, kUptime + 2 * kSecond, 1, link, Cause::schedule}};
  const std::string text = text_of(entries);
  EXPECT_NE(text.find("2.000040 s  schedule  host0 to host1: "), std::string::npos) << text;
  EXPECT_NE(text.find("(late by 90 us)"), std::string::npos) << text;  // the last of them
}

/// Each of these differs from the first entry in one respect, so each gets a line of its own.
TEST(Journal, HostsThatDifferHaveLinesOfTheirOwn) {
  const LinkSettings link = {1e8, 1e8, 0.001, 0, 0};
  const JournalEntry first = {kUptime, std::nullopt, 0, link, Cause::start};
  const std::vector<JournalEntry> others = {{kUptime, std::nullopt, 2, link, Cause::start},
                                            {kUptime, std::nullopt, 1, {1e8, 1e8, 0.002, 0, 0}, Cause::start},
                                            {kUptime, std::nullopt, 1, link, Cause::command},
                                            {kUptime, kUptime, 1, link, Cause::start},
                                            {kUptime + kSecond, std::nullopt, 1, link, Cause::start}};
  for (const JournalEntry& other : others) {
    const std::string text = text_of({first, other});
    EXPECT_EQ(std::ranges::count(text, '\n'), 2) << text;
  }
  const std::string text = text_of({first, {kUptime, std::nullopt, 1, link, Cause::start}});
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
}

}  // namespace
}  // namespace pliant::netlab
