// Records the calls of a table, and plans which of them fail.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pliant::test {

/// CUDA's codes that the double itself returns.
inline constexpr int kInvalidValue = 1, kOutOfMemory = 2, kInvalidConfiguration = 9, kInsufficientDriver = 35,
                     kNoDevice = 100, kInvalidDevice = 101, kInvalidHandle = 400, kNotReady = 600,
                     kIllegalAddress = 700, kLaunchFailure = 719, kNotSupported = 801,
                     kCaptureUnsupported = 900, kCapturedEvent = 907;

class Failures {
 public:
  /// `names`: all calls of the table.
  explicit Failures(std::vector<std::string_view> names) : names_(std::move(names)) {}

  /// The `nth` call of this name from now on (1: the next) and the `times` - 1 calls after it return `code`
  /// and do nothing. An unknown name ends the program.
  void fail(std::string_view call, int nth, int code, int times = 1);
  /// Counts the call. Returns its planned error, or 0.
  int begin(std::string_view call);
  std::int64_t calls(std::string_view call) const;
  void clear();

 private:
  struct Planned {
    std::int64_t first = 0, last = 0;  ///< among the calls of this name, counted from 1
    int code = 0;
  };
  void check(std::string_view call) const;

  std::vector<std::string_view> names_;
  std::map<std::string_view, std::int64_t> made_;
  std::map<std::string_view, std::vector<Planned>> planned_;
};

/// Whether CUDA returns this error from every later call too.
bool is_sticky(int code);
const char* cuda_error_text(int code);

}  // namespace pliant::test
