// Which calls of a table were made, and which of them are to fail.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pliant::test {

/// Codes of CUDA, those that the double returns by itself.
inline constexpr int kInvalidValue = 1, kOutOfMemory = 2, kInvalidConfiguration = 9, kInsufficientDriver = 35,
                     kNoDevice = 100, kInvalidDevice = 101, kInvalidHandle = 400, kNotReady = 600,
                     kIllegalAddress = 700, kLaunchFailure = 719, kNotSupported = 801,
                     kCaptureUnsupported = 900, kCapturedEvent = 907;

class Failures {
 public:
  /// `names`: of the calls there are.
  explicit Failures(std::vector<std::string_view> names) : names_(std::move(names)) {}

  /// The `nth` call of this name from now on (1: the next), and `times` - 1 after it, return `code` and do
  /// nothing. A name that is none ends the program.
  void fail(std::string_view call, int nth, int code, int times = 1);
  /// Counts the call; the code that it is to fail with, or 0.
  int begin(std::string_view call);
  std::int64_t calls(std::string_view call) const;
  void clear();

 private:
  struct Planned {
    std::int64_t first = 0, last = 0;  ///< of the calls of its name, counted from 1
    int code = 0;
  };
  void check(std::string_view call) const;

  std::vector<std::string_view> names_;
  std::map<std::string_view, std::int64_t> made_;
  std::map<std::string_view, std::vector<Planned>> planned_;
};

/// After which CUDA returns nothing else any more.
bool is_sticky(int code);
const char* cuda_error_text(int code);

}  // namespace pliant::test
