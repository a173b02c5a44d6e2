// Checks an Error: its text, and whether that follows the project's grammar.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <regex>
#include <string>

#include "core/error.hpp"

namespace pliant::test {

/// Returns the text of the Error that `work` throws. Its class must be `expected`, and its form `problem
/// (rule). action`.
inline std::string error_text(ErrorClass expected, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_EQ(static_cast<int>(error.error_class()), static_cast<int>(expected)) << text;
    EXPECT_TRUE(std::regex_match(text, std::regex(R"([\s\S]+ \([\s\S]+\)\. [\s\S]+)"))) << text;
    return text;
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

}  // namespace pliant::test
