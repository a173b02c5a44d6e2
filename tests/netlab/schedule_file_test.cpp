// Schedules in files: reading them, and the messages for unreadable ones.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "apps/netlab/schedule.hpp"
#include "tests/netlab/support.hpp"

namespace pliant::netlab {
namespace {

std::vector<Change> read(const std::string& text, int hosts = 4) {
  std::istringstream file(text);
  return read_schedule(file, "plan", hosts);
}

std::string said(const std::string& text) {
  return refusal([&] { read(text); });
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ScheduleFile, LinesAreTimeTargetAndSettings) {
  const std::vector<Change> changes = read(
      "# a comment\n"
      "\n"
      "0 all rate=100mbit delay=5ms\n"
      "   \t \n"
      "  500ms\thost1,host3  up=1mbit   # and another\n"
      "1.5 host0-host2 down=2mbit jitter=1ms queue=64KB\n"
      "2s host0 rate=0#cut");
  ASSERT_EQ(changes.size(), 4U);
  constexpr double kTimes[] = {0, 0.5, 1.5, 2};
  const std::vector<int> kHosts[] = {{0, 1, 2, 3}, {1, 3}, {0, 1, 2}, {0}};
  const LinkSettings kSettings[] = {{100e6, 100e6, 0.005, 0, 0},
                                    {1e6, 100e6, 0.005, 0, 0},
                                    {1e6, 2e6, 0.005, 0.001, 65536},
                                    {0, 0, 0.005, 0.001, 65536}};
  LinkSettings settings;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_DOUBLE_EQ(changes[i].time_s, kTimes[i]);
    EXPECT_EQ(changes[i].hosts, kHosts[i]);
    assign(changes[i].assignments, settings);
    EXPECT_EQ(settings, kSettings[i]) << i;
  }
}

TEST(ScheduleFile, NothingButCommentsIsNoChange) {
  EXPECT_TRUE(read("").empty());
  EXPECT_TRUE(read("# nothing\n\n   # here\n").empty());
}

TEST(ScheduleFile, TimesMayBeEqualAndKeepTheirOrder) {
  const std::vector<Change> changes =
      read("1 host0 rate=1mbit\n1 host1 rate=2mbit\n1000ms host2 rate=3mbit\n");
  ASSERT_EQ(changes.size(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(changes[static_cast<std::size_t>(i)].hosts, std::vector<int>{i});
}

TEST(ScheduleFile, GoingBackIsRefusedWithTheLine) {
  const std::string text = said("1 all rate=1mbit\n# between\n\n0.999 all rate=2mbit\n3 all rate=0\n");
  EXPECT_TRUE(contains(text, "plan:4: ")) << text;
  EXPECT_TRUE(contains(text, "time = 0.999")) << text;
}

TEST(ScheduleFile, WhatCannotBeReadIsRefusedWithLineAndValue) {
  struct Case {
    const char* line;
    const char* part;
  };
  constexpr Case kCases[] = {{"1 all speed=1mbit", "key = speed"},
                             {"1 all rate=1mbit delay=5", "delay = 5"},
                             {"1 all rate=10", "rate = 10"},
                             {"1 all rate", "rate"},
                             {"1 host4 rate=1mbit", "target = host4"},
                             {"1 server rate=1mbit", "target = server"},
                             {"1 all", "line = 1 all"},
                             {"1", "line = 1"},
                             {"all rate=1mbit", "all"},
                             {"soon all rate=1mbit", "time = soon"},
                             {"-1 all rate=1mbit", "time = -1"},
                             {"nan all rate=1mbit", "time = nan"},
                             {"inf all rate=1mbit", "time = inf"},
                             {"1min all rate=1mbit", "time = 1min"}};
  for (const Case& bad : kCases) {
    const std::string text = said("0 all rate=1mbit\n\n" + std::string(bad.line) + "\n9 all rate=1mbit\n");
    EXPECT_TRUE(contains(text, "plan:3: ")) << bad.line << ": " << text;
    EXPECT_TRUE(contains(text, bad.part)) << bad.line << ": " << text;
  }
}

/// A file for one test.
class ScheduleOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "pliant_plan_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  ScheduleOptions options(const std::string& text) {
    std::ofstream(folder_ / "plan") << text;
    ScheduleOptions options;
    options.name = folder_ / "plan";
    options.hosts = 2;
    return options;
  }

  std::filesystem::path folder_;
};

TEST_F(ScheduleOnDisk, IsFollowedAsItStands) {
  ScheduleOptions plain = options("0.5 host1 rate=5mbit\n2 all delay=1ms\n");
  plain.step_s = 7;  // of the built-in ones
  plain.rate_scale = 0.1;
  Schedule schedule = make_schedule(plain);
  ASSERT_TRUE(schedule.front());
  EXPECT_DOUBLE_EQ(schedule.front()->time_s, 0.5);
  EXPECT_EQ(schedule.front()->hosts, std::vector<int>{1});
  EXPECT_DOUBLE_EQ(schedule.front()->assignments.front().value, 5e6);
  schedule.pop();
  ASSERT_TRUE(schedule.front());
  EXPECT_DOUBLE_EQ(schedule.front()->time_s, 2);
  EXPECT_EQ(schedule.front()->hosts, (std::vector<int>{0, 1}));
  schedule.pop();
  EXPECT_FALSE(schedule.front());
}

TEST_F(ScheduleOnDisk, IsRefusedByItsPathAndLine) {
  const ScheduleOptions bad = options("0.5 host1 rate=5mbit\n2 host2 delay=1ms\n");
  const std::string text = refusal([&] { make_schedule(bad); });
  EXPECT_TRUE(contains(text, bad.name + ":2: ")) << text;
}

TEST_F(ScheduleOnDisk, ANameThatIsNoFileListsTheBuiltInOnes) {
  ScheduleOptions missing;
  missing.name = folder_ / "c3";
  const std::string text = refusal([&] { make_schedule(missing); }, ErrorClass::io);
  EXPECT_TRUE(contains(text, "schedule = " + missing.name)) << text;
  EXPECT_TRUE(contains(text, "c1, c2, sine, step, walk")) << text;
}

}  // namespace
}  // namespace pliant::netlab
