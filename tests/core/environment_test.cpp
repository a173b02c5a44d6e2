// Reading the environment, and writing to the user.
#include "core/environment.hpp"

#include <gtest/gtest.h>

#include "core/log.hpp"
#include "tests/support/environment.hpp"

namespace pliant {
namespace {

TEST(Environment, TellsUnsetFromEmpty) {
  const test::CleanEnvironment environment;
  EXPECT_FALSE(environment_value("PLIANT_NAME").has_value());
  environment.set("PLIANT_NAME", "");
  EXPECT_EQ(environment_value("PLIANT_NAME"), "");
}

TEST(Environment, ListsNamesSortedByPrefix) {
  const test::CleanEnvironment environment;
  EXPECT_TRUE(environment_names("PLIANT_").empty());
  environment.set("PLIANT_Z", "1");
  environment.set("PLIANT_A", "x=y");
  EXPECT_EQ(environment_names("PLIANT_"), (std::vector<std::string>{"PLIANT_A", "PLIANT_Z"}));
}

std::string logged(LogLevel level, void (Logger::*write)(std::string_view) const) {
  testing::internal::CaptureStderr();
  (Logger(level, 3).*write)("text");
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesWholeLinesFromItsLevelOn) {
  EXPECT_EQ(logged(LogLevel::warn, &Logger::warn), "pliant rank 3: warning: text\n");
  EXPECT_EQ(logged(LogLevel::warn, &Logger::info), "");
  EXPECT_EQ(logged(LogLevel::info, &Logger::info), "pliant rank 3: text\n");
  EXPECT_EQ(logged(LogLevel::info, &Logger::trace), "");
  EXPECT_EQ(logged(LogLevel::trace, &Logger::trace), "pliant rank 3: text\n");
}

}  // namespace
}  // namespace pliant
