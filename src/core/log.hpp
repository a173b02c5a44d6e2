// Messages to the user, on stderr.
#pragma once

#include <string_view>

namespace pliant {

enum class LogLevel { warn, info, trace };

/// Passed by value: each user holds a copy. Writes whole lines, so that lines of different ranks do not mix.
class Logger {
 public:
  Logger() = default;
  Logger(LogLevel level, int rank) : level_(level), rank_(rank) {}

  LogLevel level() const { return level_; }
  void warn(std::string_view text) const { write("warning: ", text); }
  void info(std::string_view text) const {
    if (level_ >= LogLevel::info) write("", text);
  }
  void trace(std::string_view text) const {
    if (level_ >= LogLevel::trace) write("", text);
  }

 private:
  void write(std::string_view kind, std::string_view text) const;

  LogLevel level_ = LogLevel::warn;
  int rank_ = 0;
};

}  // namespace pliant
