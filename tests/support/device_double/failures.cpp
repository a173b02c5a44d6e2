#include "failures.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace pliant::test {

void Failures::check(std::string_view call) const {
  if (std::find(names_.begin(), names_.end(), call) != names_.end()) return;
  std::fprintf(stderr, "device double: there is no call '%.*s'\n", static_cast<int>(call.size()),
               call.data());
  std::abort();
}

void Failures::fail(std::string_view call, int nth, int code, int times) {
  check(call);
  const std::int64_t first = calls(call) + nth;
  const auto name = *std::find(names_.begin(), names_.end(), call);
  planned_[name].push_back({first, first + times - 1, code});
}

int Failures::begin(std::string_view call) {
  check(call);
  const std::int64_t number = ++made_[call];
  for (const Planned& planned : planned_[call])
    if (number >= planned.first && number <= planned.last) return planned.code;
  return 0;
}

std::int64_t Failures::calls(std::string_view call) const {
  check(call);
  const auto found = made_.find(call);
  return found == made_.end() ? 0 : found->second;
}

void Failures::clear() {
  made_.clear();
  planned_.clear();
}

bool is_sticky(int code) {
  // ECC error, illegal address, launch timeout, and the faults from 714 to 719.
  return code == 214 || code == kIllegalAddress || code == 702 || (code >= 714 && code <= 719);
}

const char* cuda_error_text(int code) {
  switch (code) {
    case 0:
      return "no error";
    case kInvalidValue:
      return "invalid argument";
    case kOutOfMemory:
      return "out of memory";
    case kInvalidConfiguration:
      return "invalid configuration argument";
    case kInsufficientDriver:
      return "CUDA driver version is insufficient for CUDA runtime version";
    case kNoDevice:
      return "no CUDA-capable device is detected";
    case kInvalidDevice:
      return "invalid device ordinal";
    case kInvalidHandle:
      return "invalid resource handle";
    case kNotReady:
      return "device not ready";
    case kIllegalAddress:
      return "an illegal memory access was encountered";
    case kLaunchFailure:
      return "unspecified launch failure";
    case kNotSupported:
      return "operation not supported";
    case kCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case kCapturedEvent:
      return "operation not permitted on an event last recorded in a capturing stream";
    default:
      return "unrecognized error code";
  }
}

}  // namespace pliant::test
