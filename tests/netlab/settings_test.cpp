// Keys of a link, their bounds, and their target hosts.
#include "apps/netlab/settings.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/netlab/support.hpp"

namespace pliant::netlab {
namespace {

LinkSettings after(std::initializer_list<std::string_view> texts, LinkSettings settings = {}) {
  std::vector<Assignment> assignments;
  for (const std::string_view text : texts) assignments.push_back(parse_assignment(text));
  assign(assignments, settings);
  return settings;
}

TEST(Settings, EachKeyChangesWhatItSaysAndNothingElse) {
  const LinkSettings before = {1e9, 2e9, 0.001, 0.0001, 1 << 20};
  EXPECT_EQ(after({"rate=50mbit"}, before), (LinkSettings{50e6, 50e6, 0.001, 0.0001, 1 << 20}));
  EXPECT_EQ(after({"up=50mbit"}, before), (LinkSettings{50e6, 2e9, 0.001, 0.0001, 1 << 20}));
  EXPECT_EQ(after({"down=50mbit"}, before), (LinkSettings{1e9, 50e6, 0.001, 0.0001, 1 << 20}));
  EXPECT_EQ(after({"delay=5ms"}, before), (LinkSettings{1e9, 2e9, 0.005, 0.0001, 1 << 20}));
  EXPECT_EQ(after({"jitter=0"}, before), (LinkSettings{1e9, 2e9, 0.001, 0, 1 << 20}));
  EXPECT_EQ(after({"queue=64KB"}, before), (LinkSettings{1e9, 2e9, 0.001, 0.0001, 65536}));
  EXPECT_EQ(after({"rate=0"}, before), (LinkSettings{0, 0, 0.001, 0.0001, 1 << 20}));
}

TEST(Settings, TheLaterAssignmentWins) {
  EXPECT_EQ(after({"rate=10mbit", "up=1mbit"}), (LinkSettings{1e6, 10e6, 100e-6, 0, 0}));
  EXPECT_EQ(after({"up=1mbit", "rate=10mbit"}), (LinkSettings{10e6, 10e6, 100e-6, 0, 0}));
}

TEST(Settings, EveryKeyHasAMeaningAndIsTested) {
  std::string names;
  for (const SettingKey& key : setting_keys()) {
    names.append(key.name).append(" ");
    EXPECT_FALSE(key.meaning.empty());
  }
  EXPECT_EQ(names, "rate up down delay jitter queue ");
}

TEST(Settings, BoundsThemselvesAreAllowed) {
  for (const std::string key : {"rate", "up", "down"})
    for (const std::string value : {"0", "0mbit", "1kbit", "1000bit", "100gbit"})
      EXPECT_NO_THROW(parse_assignment(key + "=" + value)) << key << value;
  for (const std::string key : {"delay", "jitter"})
    for (const std::string value : {"0", "1ns", "10s"})
      EXPECT_NO_THROW(parse_assignment(key + "=" + value)) << key << value;
  for (const std::string value : {"0", "64KB", "65536B", "1GB"})
    EXPECT_NO_THROW(parse_assignment("queue=" + value)) << value;
}

TEST(Settings, WhatIsOutOfBoundsIsRefusedByName) {
  struct Case {
    std::string key;
    std::string value;
  };
  std::vector<Case> cases = {{"queue", "65535B"}, {"queue", "1B"}, {"queue", "2000GB"}, {"queue", "64"},
                             {"queue", "-64KB"},  {"queue", ""},   {"queue", "nan"}};
  for (const char* const key : {"rate", "up", "down"})
    for (const char* const value :
         {"999bit", "1bit", "101gbit", "100", "-5mbit", "nan", "inf", "", "fast", "5ms"})
      cases.push_back({key, value});
  for (const char* const key : {"delay", "jitter"})
    for (const char* const value : {"10.001s", "1e9s", "5", "-5ms", "nan", "inf", "", "long", "5mbit"})
      cases.push_back({key, value});
  for (const auto& [key, value] : cases) {
    const std::string text = refusal([&] { parse_assignment(key + "=" + value); });
    EXPECT_NE(text.find(key + " = " + value), std::string::npos) << key << "=" << value << ": " << text;
  }
}

TEST(Settings, UnknownKeysAndMissingValuesAreRefused) {
  for (const std::string text : {"rat=5mbit", "Rate=5mbit", "=5mbit", " rate=5mbit"}) {
    const std::string said = refusal([&] { parse_assignment(text); });
    EXPECT_NE(said.find("key = " + text.substr(0, text.find('='))), std::string::npos) << said;
    EXPECT_NE(said.find("rate, up, down, delay, jitter, queue"), std::string::npos) << said;
  }
  for (const std::string text : {"rate", "", "5mbit"})
    EXPECT_NE(refusal([&] { parse_assignment(text); }).find(" = " + text), std::string::npos) << text;
}

TEST(Settings, TheDefaultQueueHoldsFourRoundTripsAndAMegabyteAtLeast) {
  EXPECT_EQ(default_queue_bytes(0, 0), 1 << 20);
  EXPECT_EQ(default_queue_bytes(1e6, 0.001), 1 << 20);
  EXPECT_EQ(default_queue_bytes(1e9, 0.05), 50'000'000);  // 1e9 / 8 * 0.1 * 4
}

TEST(Target, AllIsEveryHost) {
  std::vector<int> expected(64);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(parse_target("all", 64), expected);
  EXPECT_EQ(parse_target("all", 1), std::vector<int>{0});
}

TEST(Target, HostsListsAndRangesAreSortedWithoutDuplicates) {
  EXPECT_EQ(parse_target("host3", 4), std::vector<int>{3});
  EXPECT_EQ(parse_target("3", 4), std::vector<int>{3});
  EXPECT_EQ(parse_target("host0,host2", 4), (std::vector<int>{0, 2}));
  EXPECT_EQ(parse_target("host2,host0", 4), (std::vector<int>{0, 2}));
  EXPECT_EQ(parse_target("host4-host7", 8), (std::vector<int>{4, 5, 6, 7}));
  EXPECT_EQ(parse_target("host5-host5", 8), std::vector<int>{5});
  EXPECT_EQ(parse_target("host1-3,host2,host2-host4,0", 8), (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Target, WhatIsNoHostIsRefusedByName) {
  for (const std::string text : {"host4",
                                 "4",
                                 "host-1",
                                 "-1",
                                 "host",
                                 "",
                                 "host1,",
                                 ",host1",
                                 "host1,,host2",
                                 "host2-host1",
                                 "host0-host4",
                                 "host1-",
                                 "-host1",
                                 "host1-host2-host3",
                                 "hosts",
                                 "ALL",
                                 "all,host1",
                                 "host1 ",
                                 "host1x",
                                 "node1",
                                 "host99999999999999999999"}) {
    const std::string said = refusal([&] { parse_target(text, 4); });
    EXPECT_NE(said.find("target = " + text), std::string::npos) << "'" << text << "': " << said;
    EXPECT_NE(said.find("host3"), std::string::npos) << said;
  }
}

TEST(Target, NamesAreNumbered) {
  EXPECT_EQ(host_name(0), "host0");
  EXPECT_EQ(host_name(63), "host63");
}

}  // namespace
}  // namespace pliant::netlab
